#include "config/config.hpp"
#include "db/dsn.hpp"
#include "main/daemon.hpp"
#include "main/log.hpp"
#include "main/one_shot.hpp"
#include "main/parts.hpp"

#include <CLI/CLI.hpp>
#include <curl/curl.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace {

using namespace pgbk::relay;

std::optional<std::string> environment(const std::string& name) {
    const char* const value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): before any thread
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void print_config(const LoadedConfig& loaded, const Dsn& dsn) {
    for (const auto& line : describe_config(loaded)) {
        std::cout << line << '\n';
    }
    std::cout << "# servers, in the order in which they are tried:";
    for (const auto& server : dsn.servers) {
        std::cout << ' ' << server.text();
    }
    std::cout << "\nthe configuration is in order\n";
}

int run(int argc, char** argv) {
    CLI::App app("booking-relay: delivers the events of pg_booking to webhooks");
    std::string file;
    std::string endpoint;
    bool check_only = false;
    bool check_connection = false;
    app.add_option("--config", file, "TOML file; the environment wins over it")->option_text("FILE");
    app.set_version_flag("--version", "booking-relay " + relay_version());
    auto* const check = app.add_flag("--check-config", check_only, "print what is in force, and end");
    auto* const connect = app.add_flag("--check-database", check_connection, "connect, print what is found, and end");
    auto* const test =
        app.add_option("--test-webhook", endpoint, "send a test event to this endpoint, and end")->option_text("NAME");
    check->excludes(connect)->excludes(test);
    connect->excludes(test);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_ok : exit_usage;
    }
    try {
        const LoadedConfig loaded = load_config(file, environment);
        const Dsn dsn = read_dsn(loaded.config.database_url);
        if (check_only) {
            print_config(loaded, dsn);
            return exit_ok;
        }
        if (check_connection) {
            return check_database(loaded.config);
        }
        if (test->count() > 0) {
            if (loaded.config.organization <= 0) {
                throw ConfigError("--test-webhook needs BOOKING_ORGANIZATION, to which the endpoint belongs");
            }
            return test_webhook(loaded.config, endpoint);
        }
        start_log(loaded.config.log_level);
        return run_daemon(loaded.config);
    } catch (const ConfigError& error) {
        std::cerr << "booking-relay: " << error.what() << '\n';
    } catch (const DsnError& error) {
        std::cerr << "booking-relay: " << error.what() << '\n';
    }
    return exit_usage;
}

} // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c): a peer that went away is an error of its connection
    curl_global_init(CURL_GLOBAL_DEFAULT);
    try {
        const int code = run(argc, argv);
        curl_global_cleanup();
        return code;
    } catch (const std::exception& error) {
        std::cerr << "booking-relay: " << error.what() << '\n';
        return exit_failed;
    }
}
