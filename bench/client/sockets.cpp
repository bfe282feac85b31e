// Load client of the fan-out: many Socket.IO connections in one thread, so that the server is what is measured.
//
//   sockets PORT CONNECTIONS EVENT
//
// Connects over WebSocket, joins role "student" as a student portal does, and writes "ready". Then, for each line on
// stdin, waits until every connection has received one more EVENT and writes a line of JSON with the milliseconds since
// that line was read:
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
constexpr std::string_view handshake =
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
    "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n";

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

// A masked text frame; the mask is zero, which is one as good as another.
std::string masked_frame(std::string_view text) {
    std::string frame{static_cast<char>(0x81), static_cast<char>(0x80 | text.size())};
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

// The payload of the first whole frame, which is then taken out; false if there is none. Server frames are not masked.
bool next_frame(std::string& buffer, std::string& payload) {
    if (buffer.size() < 2) {
        return false;
    }
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
    Crowd(std::uint16_t port, std::size_t size, const std::string& event)
        : wanted_("42[\"" + event + "\""), connections_(size), epoll_(::epoll_create1(0)) {
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
        send(connection, handshake);
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
            if (!connection.buffer.starts_with("HTTP/1.1 101")) {
                throw std::runtime_error("no upgrade: " + connection.buffer.substr(0, connection.buffer.find('\r')));
            }
            connection.buffer.erase(0, end + 4);
            connection.upgraded = true;
        }
        while (next_frame(connection.buffer, payload_)) {
            understand(connection);
        }
    }

    void understand(Connection& connection) {
        if (payload_.starts_with("0")) {
            send(connection, masked_frame("40"));
        } else if (payload_ == "2") {
            send(connection, masked_frame("3"));
        } else if (payload_.starts_with("40") && !connection.joined) {
            send(connection, masked_frame("420[\"join:role\",\"student\"]"));
        } else if (payload_.starts_with("430") && !connection.joined) {
            connection.joined = true;
            ++joined_;
        } else if (payload_.starts_with(wanted_) && ++connection.received == round_) {
            arrivals_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - started_).count());
        }
    }

    std::string wanted_;
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

void run(std::uint16_t port, std::size_t size, const std::string& event) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    Crowd crowd(port, size, event);
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
        std::fputs("usage: sockets PORT CONNECTIONS EVENT\n", stderr);
        return 2;
    }
    try {
        run(static_cast<std::uint16_t>(std::atoi(arguments[1])), static_cast<std::size_t>(std::atol(arguments[2])),
            arguments[3]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "sockets: %s\n", error.what());
        return 1;
    }
    return 0;
}
