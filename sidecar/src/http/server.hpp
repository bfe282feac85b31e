// The HTTP server: limits, timeouts and framing; what is answered is the routes' business.
#pragma once

#include "http/message.hpp"
#include "metrics/metrics.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace pgbk::relay {

class Server {
public:
    struct Settings {
        std::string address; // "*": all of IPv4 and IPv6
        std::uint16_t port = 0;
        std::string certificate_file; // empty: no TLS
        std::string key_file;
        std::size_t max_connections = 0;
        std::chrono::milliseconds read_limit{};
        std::size_t body_limit = 0; // of routes that have none of their own
        std::vector<Network> trusted_proxies;
    };

    Server(boost::asio::io_context& loop, const Router& router, Metrics& metrics, Settings settings);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t listen(); // the port, chosen by the system if 0 was asked for; throws std::runtime_error
    void stop();            // accepts nothing more, and closes connections that are not being answered
    void dismiss();         // closes those that routes have taken over, when nobody has anything to write any more

    struct State;

private:
    std::shared_ptr<State> state_;
};

} // namespace pgbk::relay
