// What the connections of the server share. Included by server.cpp alone, through session.hpp, since it brings the
// network library along.
#pragma once

#include "http/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <list>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace pgbk::relay {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

inline constexpr std::chrono::seconds linger_limit{2};

inline tcp::socket& socket_of(tcp::socket& stream) {
    return stream;
}

inline tcp::socket& socket_of(asio::ssl::stream<tcp::socket>& stream) {
    return stream.next_layer();
}

// Tells the peer that nothing more comes; then `done`, which keeps the stream until then.
template <class Stream, class Done> void end_writing(Stream& stream, Done done) {
    const auto shut = [&stream, done = std::move(done)] {
        error_code ignored;
        socket_of(stream).shutdown(tcp::socket::shutdown_send, ignored);
        done();
    };
    if constexpr (std::is_same_v<Stream, tcp::socket>) {
        shut();
    } else {
        stream.async_shutdown([shut](error_code) { shut(); });
    }
}

// A connection, seen from the outside.
class Visitor {
public:
    virtual ~Visitor() = default;
    virtual void start() = 0;
    virtual void close() = 0;
};

// One that a route has taken over.
class Departed {
public:
    virtual ~Departed() = default;
    virtual void dismiss() = 0; // closes it, and lets go of whoever uses it
    virtual void written_this_turn() = 0;
};

struct Server::State : std::enable_shared_from_this<Server::State> {
    State(asio::io_context& io, const Router& routes, Metrics& numbers, Settings given)
        : loop(io), router(routes), metrics(numbers), settings(std::move(given)), tls(asio::ssl::context::tls_server) {}

    asio::io_context& loop;
    const Router& router;
    Metrics& metrics;
    Settings settings;
    asio::ssl::context tls;
    std::vector<std::unique_ptr<tcp::acceptor>> acceptors;
    std::list<std::weak_ptr<Visitor>> reading; // in the order in which they began to wait for a request
    std::list<std::weak_ptr<Departed>> departed;
    std::size_t connections = 0;
    bool stopping = false;

    // For all who have left HTTP, one after another: thousands of them wait for bytes, and few get any at a time.
    std::array<char, 16UL * 1024> incoming{};
    std::vector<asio::const_buffer> outgoing;
    using Writers = std::vector<std::shared_ptr<Departed>>;
    std::weak_ptr<Writers> writers; // whom something has been written for in this turn

    void open(const tcp::endpoint& endpoint, bool dual_stack);
    void accept(tcp::acceptor& acceptor);
    void welcome(tcp::socket socket);
    void make_room();

    // When this turn is over: one handler for all of them, as for an event that thousands are told of.
    void after_this_turn(std::shared_ptr<Departed> writer) {
        auto all = writers.lock();
        if (!all) {
            all = std::make_shared<Writers>();
            writers = all;
            asio::post(loop, [self = shared_from_this(), all] {
                self->writers.reset();
                for (const auto& each : *all) {
                    each->written_this_turn();
                }
            });
        }
        all->push_back(std::move(writer));
    }

    // Connections that outlive the server, in handlers that are never called any more, have nothing to count with.
    void count() {
        if (!stopping) {
            metrics.set("booking_relay_http_connections", static_cast<double>(connections));
        }
    }
};

} // namespace pgbk::relay
