// Load client of the fan-out: many connections in one thread, so that the server is what is measured.
//
//   sockets PORT CONNECTIONS socketio|supabase|sse
//
// Connects, asks for changes of venues (with Socket.IO as a student portal does, which joins role "student"), and
// writes "ready". Then, for each line on stdin, waits until every connection has received one more of them and writes a
// line of JSON with the milliseconds since that line was read:
//   {"received": 5000, "first_ms": 1.1, "p50_ms": 20.1, "p99_ms": 31.0, "last_ms": 32.5}
// Fewer than all after ten seconds: what has come is reported. Ends with its stdin.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{10};

// How a protocol is spoken. A message is a frame of a WebSocket, or what stands before an empty line.
struct Protocol {
    std::string_view path;
    bool is_websocket;
    std::string_view hello;        // sent when there is a connection
    std::string_view greeting;     // a message that begins so is answered with `join`
    std::string_view join;         // empty: the path says it all
    std::string_view joined;       // a message that contains this says that all is well
    std::string_view event;        // a message that contains this is what is waited for
    std::string_view ping, answer; // to stay connected
};

constexpr Protocol socketio{"/socket.io/?EIO=4&transport=websocket",
                            true,
                            "40",
                            "40",
                            R"(420["join:role","student"])",
                            "430[",
                            R"(42["library:updated")",
                            "2",
                            "3"};
constexpr Protocol supabase{"/realtime/v1/websocket?vsn=1.0.0",
                            true,
                            R"({"topic":"realtime:all","event":"phx_join","ref":"1","payload":{"config":)"
                            R"({"postgres_changes":[{"event":"*","schema":"booking","table":"venues"}]}}})",
                            "",
                            "",
                            "Subscribed to PostgreSQL",
                            R"("event":"postgres_changes")",
                            "",
                            ""};
constexpr Protocol sse{"/events?topics=public", false, "", "", "", "id: ", "event: venue.updated", "", ""};

const Protocol& protocol_of(std::string_view name) {
    if (name != "socketio" && name != "supabase" && name != "sse") {
        throw std::runtime_error("no such protocol");
    }
    return name == "socketio" ? socketio : name == "supabase" ? supabase : sse;
}

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::string request_of(const Protocol& protocol) {
    return "GET " + std::string(protocol.path) + " HTTP/1.1\r\nHost: localhost\r\n" +
           (protocol.is_websocket ? "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
                                  : "Accept: text/event-stream\r\n\r\n");
}

// A masked frame; the mask is zero, which is one as good as another.
std::string masked_frame(std::string_view text, char opcode = 1) {
    std::string frame{static_cast<char>(0x80 | opcode)};
    if (text.size() < 126) {
        frame += static_cast<char>(0x80 | text.size());
    } else {
        frame += {static_cast<char>(0x80 | 126), static_cast<char>(text.size() >> 8U), static_cast<char>(text.size())};
    }
    frame.append(4, '\0');
    return frame.append(text);
}

struct Connection {
    int socket = -1;
    std::string buffer;
    bool upgraded = false;
    bool joined = false;
    std::uint64_t received = 0;
};

// What stands before the first empty line, which is then taken out; false if there is none.
bool next_block(std::string& buffer, std::string& block) {
    const auto end = buffer.find("\n\n");
    if (end != std::string::npos) {
        block.assign(buffer, 0, end);
        buffer.erase(0, end + 2);
    }
    return end != std::string::npos;
}

// The payload of the first whole frame, which is then taken out; false if there is none. Server frames are not masked.
bool next_frame(std::string& buffer, std::string& payload, char& opcode) {
    if (buffer.size() < 2) {
        return false;
    }
    opcode = static_cast<char>(buffer[0] & 0x0F);
    std::size_t length = static_cast<unsigned char>(buffer[1]) & 0x7F;
    std::size_t head = 2;
    if (length >= 126) {
        const std::size_t bytes = length == 126 ? 2 : 8;
        if (buffer.size() < head + bytes) {
            return false;
        }
        length = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            length = length << 8 | static_cast<unsigned char>(buffer[head + i]);
        }
        head += bytes;
    }
    if (buffer.size() < head + length) {
        return false;
    }
    payload.assign(buffer, head, length);
    buffer.erase(0, head + length);
    return true;
}

class Crowd {
public:
    Crowd(std::uint16_t port, std::size_t size, const Protocol& protocol)
        : protocol_(protocol), connections_(size), epoll_(::epoll_create1(0)) {
        for (std::size_t i = 0; i < size; ++i) {
            open(i, port);
            if (i % 100 == 99) { // no more than the server's backlog takes
                run_until([&] { return joined_ > i; });
            }
        }
        run_until([&] { return joined_ == size; });
    }

    // Milliseconds at which each connection got its next event.
    std::vector<double> next_event() {
        arrivals_.clear();
        started_ = Clock::now();
        ++round_;
        run_until([this] { return arrivals_.size() == connections_.size(); });
        return std::move(arrivals_);
    }

    std::size_t joined() const { return joined_; }

private:
    void open(std::size_t index, std::uint16_t port) {
        Connection& connection = connections_[index];
        connection.socket = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connection.socket < 0 ||
            ::connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
            fail("connect");
        }
        send(connection, request_of(protocol_));
        epoll_event interest{};
        interest.events = EPOLLIN;
        interest.data.u64 = index;
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &interest) != 0) {
            fail("epoll_ctl");
        }
    }

    static void send(const Connection& connection, std::string_view bytes) {
        if (::send(connection.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
            fail("send");
        }
    }

    template <class Done> void run_until(Done done) {
        const auto deadline = Clock::now() + patience;
        std::array<epoll_event, 512> ready{};
        while (!done() && Clock::now() < deadline) {
            const int count = ::epoll_wait(epoll_, ready.data(), ready.size(), 100);
            for (int i = 0; i < count; ++i) {
                read(connections_[ready[static_cast<std::size_t>(i)].data.u64]);
            }
        }
    }

    void read(Connection& connection) {
        std::array<char, 16'384> bytes{};
        const ssize_t count = ::recv(connection.socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            throw std::runtime_error("the server has closed a connection");
        }
        connection.buffer.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
        if (!connection.upgraded) {
            const auto end = connection.buffer.find("\r\n\r\n");
            if (end == std::string::npos) {
                return;
            }
            if (!connection.buffer.starts_with(protocol_.is_websocket ? "HTTP/1.1 101" : "HTTP/1.1 200")) {
                throw std::runtime_error("refused: " + connection.buffer.substr(0, connection.buffer.find('\r')));
            }
            connection.buffer.erase(0, end + 4);
            connection.upgraded = true;
            say(connection, protocol_.hello);
        }
        constexpr char ping = 9;
        char opcode = 1;
        while (protocol_.is_websocket ? next_frame(connection.buffer, payload_, opcode)
                                      : next_block(connection.buffer, payload_)) {
            if (opcode == ping) {
                send(connection, masked_frame(payload_, ping + 1));
            } else {
                understand(connection);
            }
        }
    }

    static void say(const Connection& connection, std::string_view text) {
        if (!text.empty()) {
            send(connection, masked_frame(text));
        }
    }

    void understand(Connection& connection) {
        if (payload_ == protocol_.ping) {
            say(connection, protocol_.answer);
        } else if (!connection.joined && payload_.find(protocol_.joined) != std::string::npos) {
            connection.joined = true;
            ++joined_;
        } else if (!connection.joined && payload_.starts_with(protocol_.greeting)) {
            say(connection, protocol_.join);
        } else if (payload_.find(protocol_.event) != std::string::npos && ++connection.received == round_) {
            arrivals_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - started_).count());
        }
    }

    const Protocol& protocol_;
    std::vector<Connection> connections_;
    int epoll_;
    std::size_t joined_ = 0;
    std::uint64_t round_ = 0;
    Clock::time_point started_;
    std::vector<double> arrivals_;
    std::string payload_;
};

double quantile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) {
        return 0;
    }
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(static_cast<double>(sorted.size()) * share))];
}

void run(std::uint16_t port, std::size_t size, const Protocol& protocol) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    Crowd crowd(port, size, protocol);
    if (crowd.joined() != size) {
        throw std::runtime_error("only " + std::to_string(crowd.joined()) + " connections were admitted");
    }
    std::puts("ready");
    std::fflush(stdout);
    std::array<char, 64> line{};
    while (std::fgets(line.data(), line.size(), stdin) != nullptr) {
        auto arrivals = crowd.next_event();
        std::sort(arrivals.begin(), arrivals.end());
        std::printf(R"({"received": %zu, "first_ms": %.2f, "p50_ms": %.2f, "p99_ms": %.2f, "last_ms": %.2f})"
                    "\n",
                    arrivals.size(), quantile(arrivals, 0), quantile(arrivals, 0.5), quantile(arrivals, 0.99),
                    quantile(arrivals, 1));
        std::fflush(stdout);
    }
}

} // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        std::fputs("usage: sockets PORT CONNECTIONS socketio|supabase|sse\n", stderr);
        return 2;
    }
    try {
        run(static_cast<std::uint16_t>(std::atoi(arguments[1])), static_cast<std::size_t>(std::atol(arguments[2])),
            protocol_of(arguments[3]));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sockets: %s\n", error.what());
        return 1;
    }
    return 0;
}
