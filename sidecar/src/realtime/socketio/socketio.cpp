#include "realtime/socketio.hpp"

#include "http/cors.hpp"
#include "realtime/socketio/clients.hpp"
#include "realtime/socketio/engine_request.hpp"
#include "realtime/websocket_peer.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/rand.h>

#include <stdexcept>
#include <utility>

namespace pgbk::relay {

namespace socketio {

namespace {

constexpr std::string_view path = "/socket.io/";
constexpr std::chrono::milliseconds tick_interval{500};

std::string random_bytes() {
    std::string bytes(16, '\0');
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("there are no random numbers");
    }
    return bytes;
}

class PeerSocket final : public EngineSocket {
public:
    void carry(std::shared_ptr<WebSocketPeer> peer) { peer_ = std::move(peer); }

    void send(const SharedOutgoing& packet) override {
        if (!packet->frame) {
            packet->frame = websocket::text_frame(packet->text);
        }
        peer_->send(packet->frame);
    }
    std::size_t waiting() const override { return peer_->waiting(); }
    void close() override { peer_->close(websocket::normal, ""); }

private:
    std::shared_ptr<WebSocketPeer> peer_;
};

} // namespace

// The routes, and what their clients share. The routes keep it.
class Service : public std::enable_shared_from_this<Service> {
public:
    Service(Hub& hub, Common& common)
        : common_(common),
          around_{hub,
                  common.subscriptions,
                  common.rechecks,
                  settings_of(common.limits),
                  Clock::now,
                  std::chrono::system_clock::now,
                  random_bytes,
                  [this](std::function<void()> done) { later(std::move(done)); },
                  nullptr},
          clients_(around_),
          timer_(common.loop) {}

    void add_to(Router& router) {
        const auto self = shared_from_this();
        const auto admit = [self](const Request& request) { return self->admit(request); };
        const auto mark = [self](const Request& request, Response& response) {
            self->add_headers(request.header("origin"), response);
        };
        Route get{"GET", std::string(path), admit, nullptr};
        get.mark = mark;
        get.take = [self](const Request& request, SharedWire wire) { self->take(request, std::move(wire)); };
        router.add(std::move(get));
        router.add({"POST", std::string(path), admit,
                    [self](const Request& request, const Respond& respond) { respond(self->post(request)); },
                    common_.limits.frame_limit, mark});
        router.add({"OPTIONS", std::string(path), nullptr,
                    [self](const Request& request, const Respond& respond) { respond(self->preflight(request)); }});
        tick_later();
    }

private:
    static EngineSettings settings_of(const Limits& limits) {
        EngineSettings settings;
        settings.ping_interval = limits.heartbeat;
        settings.max_payload = limits.frame_limit;
        settings.queue_limit = limits.queue_limit;
        return settings;
    }

    void later(std::function<void()> done) {
        boost::asio::post(common_.loop, [weak = weak_from_this(), done = std::move(done)] {
            if (const auto self = weak.lock()) { // otherwise there is nothing left to be done with
                done();
            }
        });
    }

    void tick_later() {
        timer_.expires_after(tick_interval);
        timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
            const auto self = weak.lock();
            if (!error && self) {
                self->clients_.tick();
                self->tick_later();
            }
        });
    }

    std::optional<Response> admit(const Request& request) {
        auto refused = reason_to_refuse(request);
        if (refused) {
            add_headers(request.header("origin"), *refused);
        }
        return refused;
    }

    // Whoever names a session was let in when it began, and nobody else knows its name.
    std::optional<Response> reason_to_refuse(const Request& request) {
        if (auto refused = clients_.refuse(request)) {
            return refused;
        }
        const auto asked = read_engine_request(request).request;
        if (auto refused = asked.session.empty() ? common_.admissions.refuse(request) : std::nullopt) {
            return refused->status == 403 ? refusal(EngineError::forbidden) : std::move(refused);
        }
        return asked.websocket ? websocket::handshake_problem(request) : std::nullopt;
    }

    // A page whose code sets withCredentials may read the answer only if it is named, and told so.
    void add_headers(const std::string& origin, Response& response) const {
        const bool allowed = common_.admissions.allows_origin(origin);
        add_cors_headers(response, origin, allowed);
        if (allowed) {
            response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
        }
    }

    Response preflight(const Request& request) const {
        const bool allowed = common_.admissions.allows_origin(request.header("origin"));
        Response response = preflight_response(request, "GET, POST", allowed);
        if (allowed) {
            response.headers.emplace_back("Access-Control-Allow-Credentials", "true");
        }
        return response;
    }

    Response post(const Request& request) {
        const auto client = clients_.find(request);
        Response response = client ? client->session().post(request.body, Clock::now())
                                   : refusal(EngineError::unknown_session); // it ended while the body came
        add_headers(request.header("origin"), response);
        return response;
    }

    std::shared_ptr<Client> open(const Request& request) {
        auto client = clients_.open(request);
        client->keep(common_.admissions.enter(request, [weak = std::weak_ptr(client)] {
            if (const auto still = weak.lock()) {
                still->session().close();
            }
        }));
        return client;
    }

    // Requests that wait for an answer do so apart from the server's connections, which are few.
    void take(const Request& request, SharedWire wire) {
        const auto asked = read_engine_request(request).request;
        const bool is_new = asked.session.empty();
        const auto client = is_new ? open(request) : clients_.find(request);
        if (asked.websocket) {
            carry(request, std::move(wire), client, is_new);
        } else {
            poll(request, std::move(wire), client, is_new);
        }
    }

    void carry(const Request& request, SharedWire wire, const std::shared_ptr<Client>& client, bool is_new) {
        const auto socket = std::make_shared<PeerSocket>();
        const auto peer =
            WebSocketPeer::accept(common_.loop, common_.limits, request, std::move(wire),
                                  {[client, socket](const std::string& text) {
                                       client->session().received_text(*socket, text, Clock::now());
                                   },
                                   [client, socket](const std::string&) { client->session().received_binary(*socket); },
                                   [client, socket] { client->session().lost(*socket); }});
        socket->carry(peer);
        if (is_new) {
            client->session().open_on(socket);
        } else if (!client->session().probe(socket, Clock::now())) {
            socket->close();
        }
    }

    void poll(const Request& request, SharedWire wire, const std::shared_ptr<Client>& client, bool is_new) {
        const auto answered = std::make_shared<bool>(false);
        wire->start([](std::string_view) {}, // a client waits for the answer
                    [client, answered] {
                        if (!*answered) {
                            client->session().abandoned();
                        }
                    });
        const Respond respond = [self = shared_from_this(), origin = request.header("origin"), wire,
                                 answered](Response response) {
            *answered = true;
            self->add_headers(origin, response);
            wire->write(std::make_shared<const std::string>(last_words(response, false)));
            wire->finish();
        };
        if (is_new) {
            respond(client->session().opening());
        } else {
            client->session().get(respond);
        }
    }

    Common& common_;
    Surroundings around_;
    Clients clients_;
    boost::asio::steady_timer timer_;
};

} // namespace socketio

void add_socketio(Router& router, Hub& hub, Common& common) {
    std::make_shared<socketio::Service>(hub, common)->add_to(router);
}

} // namespace pgbk::relay
