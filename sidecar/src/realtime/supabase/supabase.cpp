#include "realtime/supabase.hpp"

#include "realtime/supabase/connection.hpp"
#include "realtime/websocket_peer.hpp"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <utility>

namespace pgbk::relay {

namespace {

using supabase::Connection;
using supabase::Shared;
using supabase::Version;

// Longer than it takes to find out that a connection is dead, with the heartbeats before and the pauses until a client
// is back: what is told again to whoever returns.
constexpr std::chrono::seconds rejoin_window{180};
constexpr std::chrono::seconds cursors_kept_for{3'600};
constexpr std::size_t longest_client_id = 255;

class Client : public supabase::Outlet, public std::enable_shared_from_this<Client> {
public:
    Client(Common& common, Shared& shared, Connection::Hello hello)
        : common_(common), timer_(common.loop), connection_(std::in_place, shared, *this, std::move(hello)) {}

    // The peer keeps us until it is closed.
    void start(const Request& request, SharedWire wire) {
        place_ = common_.admissions.enter(request, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->close(websocket::going_away, "the relay stops");
            }
        });
        const auto self = shared_from_this();
        peer_ = WebSocketPeer::accept(common_.loop, common_.limits, request, std::move(wire),
                                      {[self](const std::string& text) { self->connection_->take_text(text); },
                                       [self](const std::string& bytes) { self->connection_->take_bytes(bytes); },
                                       [self] { self->ended(); }});
    }

    void send(const Frame& frame) override { peer_->send(frame); }
    std::size_t waiting() const override { return peer_->waiting(); }
    void close(std::uint16_t code, std::string_view reason) override { peer_->close(code, reason); }

    void wake_at(std::chrono::system_clock::time_point when) override {
        timer_.expires_after(when - std::chrono::system_clock::now());
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            const auto self = weak.lock();
            if (!error && self && self->connection_) {
                self->connection_->wake();
            }
        });
    }

private:
    void ended() {
        timer_.cancel();
        connection_.reset();
        peer_.reset();
        place_.reset();
    }

    Common& common_;
    boost::asio::steady_timer timer_;
    std::shared_ptr<void> place_;
    std::shared_ptr<WebSocketPeer> peer_;
    std::optional<Connection> connection_; // before the peer: its channels still say goodbye
};

std::optional<Response> refusal(const Request& request, Common& common) {
    if (auto refused = common.admissions.refuse(request)) {
        return refused;
    }
    if (auto problem = websocket::handshake_problem(request)) {
        return problem;
    }
    if (request.query.count("vsn") > 1 || !supabase::version_of(request.query_value("vsn"))) {
        return error_response(400, "vsn is 1.0.0 or 2.0.0");
    }
    return std::nullopt;
}

Connection::Hello hello_of(const Request& request) {
    Connection::Hello hello;
    hello.version = *supabase::version_of(request.query_value("vsn"));
    hello.apikey = request.query_value("apikey").value_or(request.header("apikey"));
    hello.client_id = request.query_value("client_id").value_or("").substr(0, longest_client_id);
    return hello;
}

} // namespace

void add_supabase(Router& router, Hub& hub, Common& common) {
    const auto shared =
        std::make_shared<Shared>(Shared{hub, common.subscriptions, common.rechecks, common.limits.queue_limit,
                                        rejoin_window, supabase::Cursors(cursors_kept_for)});
    for (const char* path : {"/realtime/v1/websocket", "/socket/websocket"}) {
        Route route{"GET", path, [&common](const Request& request) { return refusal(request, common); }, nullptr};
        route.take = [&common, shared](const Request& request, SharedWire wire) {
            std::make_shared<Client>(common, *shared, hello_of(request))->start(request, std::move(wire));
        };
        router.add(std::move(route));
    }
}

} // namespace pgbk::relay
