#include "http/server.hpp"

#include "http/session.hpp"
#include "main/log.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <stdexcept>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::chrono::milliseconds pause_without_descriptors{100};

} // namespace

void Server::State::open(const tcp::endpoint& endpoint, bool dual_stack) {
    auto acceptor = std::make_unique<tcp::acceptor>(loop);
    acceptor->open(endpoint.protocol());
    acceptor->set_option(tcp::acceptor::reuse_address(true));
    if (endpoint.protocol() == tcp::v6()) {
        acceptor->set_option(asio::ip::v6_only(!dual_stack));
    }
    acceptor->bind(endpoint);
    acceptor->listen();
    acceptors.push_back(std::move(acceptor));
}

void Server::State::accept(tcp::acceptor& acceptor) {
    acceptor.async_accept([self = shared_from_this(), &acceptor](error_code error, tcp::socket socket) {
        if (self->stopping) {
            return;
        }
        if (!error) {
            self->welcome(std::move(socket));
            self->accept(acceptor);
            return;
        }
        // Out of descriptors, most likely: at once it would only fail again.
        log(LogLevel::warn, "connection not accepted", {{"error", error.message()}});
        const auto timer = std::make_shared<asio::steady_timer>(self->loop, pause_without_descriptors);
        timer->async_wait([self, &acceptor, timer](error_code) {
            if (!self->stopping) {
                self->make_room();
                self->accept(acceptor);
            }
        });
    });
}

// When it is full, whoever has waited longest without having sent a whole request goes: slow ones never shut others
// out.
void Server::State::make_room() {
    if (reading.empty()) {
        return;
    }
    if (const auto longest = reading.front().lock()) {
        longest->close(); // and leaves the list
        metrics.add("booking_relay_http_evictions_total");
    }
}

void Server::State::welcome(tcp::socket socket) {
    if (connections >= settings.max_connections) {
        if (reading.empty()) {
            return; // all are being answered: this one is closed
        }
        make_room();
    }
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::shared_ptr<Visitor> visitor;
    if (settings.certificate_file.empty()) {
        visitor = std::make_shared<Session<tcp::socket>>(shared_from_this(), std::move(socket));
    } else {
        visitor = std::make_shared<Session<asio::ssl::stream<tcp::socket>>>(shared_from_this(), std::move(socket), tls);
    }
    visitor->start();
}

Server::Server(asio::io_context& loop, const Router& router, Metrics& metrics, Settings settings)
    : state_(std::make_shared<State>(loop, router, metrics, std::move(settings))) {}

Server::~Server() {
    stop();
    dismiss();
}

std::uint16_t Server::listen() {
    State& state = *state_;
    const Settings& settings = state.settings;
    try {
        if (!settings.certificate_file.empty()) {
            state.tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                                  asio::ssl::context::no_tlsv1_1);
            SSL_CTX_set_mode(state.tls.native_handle(), SSL_MODE_RELEASE_BUFFERS); // of connections that wait
            state.tls.use_certificate_chain_file(settings.certificate_file);
            state.tls.use_private_key_file(settings.key_file, asio::ssl::context::pem);
        }
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error("http.certificate_file or http.key_file cannot be used: " + error.code().message());
    }
    try {
        if (settings.address == "*") {
            try {
                state.open({tcp::v6(), settings.port}, true);
            } catch (const boost::system::system_error& error) {
                // A machine without IPv6; a port that is taken is taken for both.
                if (error.code() == boost::system::errc::address_in_use ||
                    error.code() == boost::system::errc::permission_denied) {
                    throw;
                }
                state.open({tcp::v4(), settings.port}, false);
            }
        } else {
            state.open({asio::ip::make_address(settings.address), settings.port}, false);
        }
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error("cannot listen on " + settings.address + " port " + std::to_string(settings.port) +
                                 ": " + error.code().message());
    }
    for (const auto& acceptor : state.acceptors) {
        state.accept(*acceptor);
    }
    return state.acceptors.front()->local_endpoint().port();
}

void Server::stop() {
    state_->stopping = true;
    error_code ignored;
    for (const auto& acceptor : state_->acceptors) {
        acceptor->close(ignored);
    }
    for (const auto& weak : std::list(state_->reading)) {
        if (const auto visitor = weak.lock()) {
            visitor->close();
        }
    }
}

void Server::dismiss() {
    for (const auto& weak : std::list(state_->departed)) {
        if (const auto connection = weak.lock()) {
            connection->dismiss();
        }
    }
}

} // namespace pgbk::relay
