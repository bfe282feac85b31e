#include "realtime/websocket_peer.hpp"

#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::chrono::seconds close_limit{5};
constexpr std::uint16_t unsupported = 1003;

} // namespace

std::shared_ptr<WebSocketPeer> WebSocketPeer::accept(boost::asio::io_context& loop, const Limits& limits,
                                                     const Request& request, SharedWire wire, Handlers handlers) {
    wire->write(std::make_shared<const std::string>(websocket::handshake_answer(request)));
    const auto peer = std::make_shared<WebSocketPeer>(loop, limits, std::move(wire), std::move(handlers));
    peer->start();
    return peer;
}

WebSocketPeer::WebSocketPeer(boost::asio::io_context& loop, const Limits& limits, SharedWire wire, Handlers handlers)
    : limits_(limits),
      wire_(std::move(wire)),
      handlers_(std::move(handlers)),
      decoder_(limits.frame_limit),
      timer_(loop) {}

// The wire keeps us until it is closed.
void WebSocketPeer::start() {
    const auto self = shared_from_this();
    wire_->start([self](std::string_view bytes) { self->received(bytes); }, [self] { self->ended(); });
    watch();
}

void WebSocketPeer::send(Frame frame) {
    if (state_ != State::open) {
        return;
    }
    wire_->write(std::move(frame));
    if (wire_->waiting() > limits_.queue_limit) {
        drop();
    }
}

void WebSocketPeer::received(std::string_view bytes) {
    heard_ = true;
    while (state_ != State::closed) {
        auto message = decoder_.next(bytes);
        if (!message) {
            break;
        }
        take(std::move(*message));
    }
    if (const auto& failure = decoder_.failure(); failure.code != 0) {
        close(failure.code, failure.reason);
        wire_->finish(); // its close frame could not be told from what else it sends
    }
}

void WebSocketPeer::take(websocket::Message message) {
    using websocket::Opcode;
    if (message.opcode == Opcode::close) {
        answer_close(message);
    } else if (state_ != State::open || message.opcode == Opcode::pong) {
        return;
    } else if (message.opcode == Opcode::ping) {
        send(std::make_shared<const std::string>(websocket::frame(Opcode::pong, message.payload)));
    } else if (message.opcode == Opcode::text) {
        handlers_.text(std::move(message.payload));
    } else if (handlers_.binary) {
        handlers_.binary(std::move(message.payload));
    } else {
        close(unsupported, "only text is understood here");
    }
}

void WebSocketPeer::answer_close(const websocket::Message& message) {
    if (std::exchange(state_, State::closed) == State::open) {
        wire_->write(websocket::close_frame(message.close_code(), ""));
    }
    wire_->finish();
}

void WebSocketPeer::close(std::uint16_t code, std::string_view reason) {
    if (state_ != State::open) {
        return;
    }
    state_ = State::closing;
    wire_->write(websocket::close_frame(code, reason));
    timer_.expires_after(close_limit);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self) {
            self->drop();
        }
    });
}

void WebSocketPeer::drop() {
    state_ = State::closed;
    wire_->close();
}

void WebSocketPeer::ended() {
    state_ = State::closed;
    timer_.cancel();
    const auto handlers = std::exchange(handlers_, {}); // which may be all that keeps their owner
    if (handlers.closed) {
        handlers.closed();
    }
}

// Whoever has said nothing for a while is pinged, and is gone if nothing comes of it.
void WebSocketPeer::watch() {
    timer_.expires_after(limits_.heartbeat);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self || self->state_ != State::open) {
            return;
        }
        if (std::exchange(self->heard_, false)) {
            self->pinged_ = false;
        } else if (std::exchange(self->pinged_, true)) {
            self->drop();
            return;
        } else {
            self->send(std::make_shared<const std::string>(websocket::frame(websocket::Opcode::ping, "")));
        }
        self->watch();
    });
}

} // namespace pgbk::relay
