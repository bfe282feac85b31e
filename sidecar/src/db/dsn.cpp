#include "db/dsn.hpp"

#include <libpq-fe.h>

#include <cstdlib>
#include <memory>

namespace pgbk::relay {

namespace {

struct FreeConnInfo {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using ConnInfo = std::unique_ptr<PQconninfoOption, FreeConnInfo>;

void merge(ConnectionOptions& into, const PQconninfoOption* options) {
    for (const auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
        if (option->val != nullptr && *option->val != '\0') {
            into[option->keyword] = option->val;
        }
    }
}

// libpq quotes the piece of the string that it stumbled over, which may be a piece of the password.
std::string without_quotes(const std::string& message) {
    std::string out;
    bool quoted = false;
    for (const char c : message) {
        if (c == '"') {
            out += quoted ? "...\"" : "\"";
            quoted = !quoted;
        } else if (!quoted && c != '\n') {
            out += c;
        }
    }
    return out;
}

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> out;
    std::size_t start = 0;
    for (;;) {
        const auto comma = list.find(',', start);
        out.push_back(list.substr(start, comma - start));
        if (comma == std::string::npos) {
            return out;
        }
        start = comma + 1;
    }
}

std::string taken(ConnectionOptions& options, const std::string& keyword) {
    auto node = options.extract(keyword);
    return node.empty() ? std::string() : node.mapped();
}

} // namespace

std::string DatabaseServer::text() const {
    std::string out = host.empty() ? address : host;
    if (!host.empty() && !address.empty() && address != host) {
        out += " (" + address + ")";
    }
    return (out.empty() ? "the default socket" : out) + (port.empty() ? "" : ":" + port);
}

Dsn read_dsn(const std::string& url) {
    Dsn dsn;
    char* message = nullptr;
    const ConnInfo given(PQconninfoParse(url.c_str(), &message));
    if (!given) {
        const std::string reason = message == nullptr ? "out of memory" : without_quotes(message);
        PQfreemem(message);
        throw DsnError("database.url is no connection string of PostgreSQL: " + reason);
    }
    const ConnectionOptions own{{"target_session_attrs", "read-write"},
                                {"keepalives_idle", "10"},
                                {"keepalives_interval", "5"},
                                {"keepalives_count", "3"},
                                {"tcp_user_timeout", "20000"}};
    ConnectionOptions wanted;
    merge(wanted, given.get());
    if (!wanted.contains("service")) { // otherwise libpq has to look the service up before it falls back on anything
        const ConnInfo defaults(PQconndefaults());
        merge(dsn.options, defaults.get());
        if (std::getenv("PGTARGETSESSIONATTRS") == nullptr) {
            dsn.options.erase("target_session_attrs"); // "any" is what libpq would do, not what somebody wants
        }
    }
    for (const auto& [keyword, value] : wanted) {
        dsn.options[keyword] = value;
    }
    dsn.options.insert(own.begin(), own.end());
    dsn.options["application_name"] = "booking-relay";
    dsn.options["client_encoding"] = "UTF8";

    const std::string host = taken(dsn.options, "host");
    const std::string address = taken(dsn.options, "hostaddr");
    const std::string port = taken(dsn.options, "port");
    const auto hosts = split(host);
    const auto addresses = split(address);
    const auto ports = split(port);
    const auto count = std::max(host.empty() ? 0 : hosts.size(), address.empty() ? 0 : addresses.size());
    if ((!host.empty() && !address.empty() && hosts.size() != addresses.size()) ||
        (ports.size() > 1 && ports.size() != std::max<std::size_t>(count, 1))) {
        throw DsnError("database.url lists different numbers of hosts, addresses and ports");
    }
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
        dsn.servers.push_back({host.empty() ? "" : hosts.at(i), address.empty() ? "" : addresses.at(i),
                               ports.size() > 1 ? ports.at(i) : port});
    }
    return dsn;
}

ConnectionOptions options_for(const Dsn& dsn, const DatabaseServer& server) {
    ConnectionOptions options = dsn.options;
    for (const auto& [keyword, value] :
         {std::pair("host", server.host), std::pair("hostaddr", server.address), std::pair("port", server.port)}) {
        if (!value.empty()) {
            options[keyword] = value;
        }
    }
    return options;
}

} // namespace pgbk::relay
