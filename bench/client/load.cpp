// Load generator: many connections run one statement as fast as they can, errors included, and the answers are counted
// by SQLSTATE. (pgbench ends a client at the first refusal.)
//
//   load --clients N --seconds S [--list FILE] [--transactions N] [--until SQLSTATE] [--warmup STATEMENT]
//   [--listen CHANNEL] STATEMENT
//
// The connection comes from the environment (PGHOST, PGDATABASE, ...). STATEMENT is prepared once a connection; $1 is a
// bigint that no other execution gets, $2 a line of the FILE, drawn at random. With --transactions a client ends after
// so many; with --until when an answer has that state. The statement, or that of --warmup, is run ten times on each
// connection before the clock starts. With --listen one more connection LISTENs, and reads at once what it is told.
// Prints one line of JSON:
//   {"seconds": 5.0, "transactions": 1000, "per_second": 200.0, "states": {"00000": 990, "BK201": 10},
//    "p50_ms": 1.2, "p99_ms": 3.4, "notifications": 0}
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <future>
#include <latch>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    int clients = 1;
    double seconds = 5;
    std::int64_t transactions = 0; // a client; 0: until the time is over
    std::vector<std::string> list;
    std::string until;
    std::string warmup;
    std::string listen;
    std::string statement;
};

struct Outcome {
    std::map<std::string, std::int64_t> states;
    std::vector<float> milliseconds;
    Clock::time_point last{};
};

struct FreeConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct FreeResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
struct FreeNotification {
    void operator()(PGnotify* notification) const { PQfreemem(notification); }
};
using Connection = std::unique_ptr<PGconn, FreeConnection>;
using Result = std::unique_ptr<PGresult, FreeResult>;

std::atomic<std::int64_t> next_number{1};
constexpr Oid bigint = 20; // the type of $1, whether the statement uses it or not; that of $2 it says itself

Connection connect_and_prepare(const std::string& statement) {
    Connection connection(PQconnectdb("application_name=load"));
    if (PQstatus(connection.get()) != CONNECTION_OK) {
        throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    const Result prepared(PQprepare(connection.get(), "s", statement.c_str(), 1, &bigint));
    if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
        throw std::runtime_error(PQerrorMessage(connection.get()));
    }
    return connection;
}

std::string state_of(const PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        return "00000";
    }
    const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state == nullptr ? "lost" : state;
}

const char* drawn(const std::vector<std::string>& list, std::mt19937& random) {
    return list.empty() ? nullptr : list[random() % list.size()].c_str();
}

int parameters_of(const std::string& statement) {
    return statement.find("$2") == std::string::npos ? 1 : 2;
}

void warm_up(PGconn* connection, const std::string& statement, const Options& options) {
    constexpr int times = 10; // a cached plan becomes generic after five
    std::mt19937 random(std::random_device{}());
    const Result prepared(PQprepare(connection, "w", statement.c_str(), 1, &bigint));
    for (int i = 0; i < times; ++i) {
        const std::string number = std::to_string(next_number.fetch_add(1));
        const char* const values[] = {number.c_str(), drawn(options.list, random)};
        const Result result(PQexecPrepared(connection, "w", parameters_of(statement), values, nullptr, nullptr, 0));
        if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && state_of(result.get()).substr(0, 2) != "BK") {
            throw std::runtime_error(PQerrorMessage(connection));
        }
    }
}

// A statement of its own may work on several sessions, in which the connections would meet: one after another.
void warm_up_all(const std::vector<Connection>& connections, const Options& options) {
    std::vector<std::future<void>> warming;
    for (const Connection& connection : connections) {
        if (options.warmup.empty()) {
            warming.push_back(std::async(std::launch::async, warm_up, connection.get(), std::cref(options.statement),
                                         std::cref(options)));
        } else {
            warm_up(connection.get(), options.warmup, options);
        }
    }
    for (std::future<void>& one : warming) {
        one.get();
    }
}

Outcome run_client(PGconn* connection, const Options& options, Clock::time_point end) {
    Outcome outcome;
    std::mt19937 random(std::random_device{}());
    const int parameters = parameters_of(options.statement);
    for (std::int64_t done = 0; options.transactions == 0 || done < options.transactions; ++done) {
        const auto start = Clock::now();
        if (start >= end) {
            break;
        }
        const std::string number = std::to_string(next_number.fetch_add(1));
        const char* const values[] = {number.c_str(), drawn(options.list, random)};
        const Result result(PQexecPrepared(connection, "s", parameters, values, nullptr, nullptr, 0));
        outcome.last = Clock::now();
        outcome.milliseconds.push_back(std::chrono::duration<float, std::milli>(outcome.last - start).count());
        const std::string state = state_of(result.get());
        ++outcome.states[state];
        if (state == "lost" || state == options.until) {
            break;
        }
    }
    return outcome;
}

// Somebody who is told, as a relay is: as long as it is kept.
class Listener {
public:
    explicit Listener(const std::string& channel) : end_(eventfd(0, 0)), connection_(PQconnectdb("")) {
        const Result result(PQexec(connection_.get(), ("LISTEN " + channel).c_str()));
        if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
            throw std::runtime_error(PQerrorMessage(connection_.get()));
        }
        reading_ = std::jthread([this] { read(); });
    }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    ~Listener() {
        stop();
        close(end_);
    }

    // Returns how often it was told.
    std::int64_t stop() {
        if (reading_.joinable()) {
            eventfd_write(end_, 1);
            reading_.join();
        }
        return told_;
    }

private:
    void read() {
        pollfd waiting[] = {{PQsocket(connection_.get()), POLLIN, 0}, {end_, POLLIN, 0}};
        while (poll(waiting, 2, -1) > 0 && waiting[1].revents == 0 && PQconsumeInput(connection_.get()) == 1) {
            while (std::unique_ptr<PGnotify, FreeNotification>(PQnotifies(connection_.get()))) {
                ++told_;
            }
        }
    }

    int end_;
    Connection connection_;
    std::int64_t told_ = 0;
    std::jthread reading_;
};

double percentile(std::vector<float>& sorted, double share) {
    return sorted.empty() ? 0 : sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void print(const std::vector<Outcome>& outcomes, Clock::time_point start, std::int64_t notifications) {
    std::map<std::string, std::int64_t> states;
    std::vector<float> milliseconds;
    Clock::time_point last = start;
    for (const Outcome& outcome : outcomes) {
        for (const auto& [state, count] : outcome.states) {
            states[state] += count;
        }
        milliseconds.insert(milliseconds.end(), outcome.milliseconds.begin(), outcome.milliseconds.end());
        last = std::max(last, outcome.last);
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    const double seconds = std::chrono::duration<double>(last - start).count();
    std::printf("{\"seconds\": %.4f, \"transactions\": %zu, \"per_second\": %.1f, \"states\": {", seconds,
                milliseconds.size(), seconds > 0 ? static_cast<double>(milliseconds.size()) / seconds : 0);
    const char* separator = "";
    for (const auto& [state, count] : states) {
        std::printf("%s\"%s\": %lld", separator, state.c_str(), static_cast<long long>(count));
        separator = ", ";
    }
    std::printf("}, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"notifications\": %lld}\n", percentile(milliseconds, 0.5),
                percentile(milliseconds, 0.99), static_cast<long long>(notifications));
}

std::vector<std::string> lines_of(const char* path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    if (lines.empty()) {
        throw std::runtime_error(std::string(path) + " has no lines");
    }
    return lines;
}

Options parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word.substr(0, 2) != "--") {
            options.statement = word;
            continue;
        }
        if (i + 1 == argc) {
            throw std::runtime_error(std::string(word) + " needs a value");
        }
        const char* const value = argv[++i];
        if (word == "--clients") {
            options.clients = std::atoi(value);
        } else if (word == "--seconds") {
            options.seconds = std::atof(value);
        } else if (word == "--list") {
            options.list = lines_of(value);
        } else if (word == "--transactions") {
            options.transactions = std::atoll(value);
        } else if (word == "--warmup") {
            options.warmup = value;
        } else if (word == "--until") {
            options.until = value;
        } else if (word == "--listen") {
            options.listen = value;
        } else {
            throw std::runtime_error("unknown option " + std::string(word));
        }
    }
    if (options.statement.empty() || options.clients < 1 || options.seconds <= 0) {
        throw std::runtime_error("usage: load --clients N --seconds S [--list FILE] [--transactions N]"
                                 " [--until SQLSTATE] [--warmup STATEMENT] [--listen CHANNEL] STATEMENT");
    }
    return options;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const Options options = parse(argc, argv);
        std::vector<Connection> connections;
        for (int i = 0; i < options.clients; ++i) {
            connections.push_back(connect_and_prepare(options.statement));
        }
        warm_up_all(connections, options);
        const auto listener = options.listen.empty() ? nullptr : std::make_unique<Listener>(options.listen);
        std::vector<Outcome> outcomes(connections.size());
        std::vector<std::jthread> threads;
        std::latch ready(options.clients + 1);
        Clock::time_point end; // written before the latch opens
        for (std::size_t i = 0; i < connections.size(); ++i) {
            threads.emplace_back([&, i] {
                ready.arrive_and_wait();
                outcomes[i] = run_client(connections[i].get(), options, end);
            });
        }
        const auto start = Clock::now();
        end = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.seconds));
        ready.arrive_and_wait();
        threads.clear(); // joins
        print(outcomes, start, listener ? listener->stop() : 0);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "load: %s\n", error.what());
        return 1;
    }
}
