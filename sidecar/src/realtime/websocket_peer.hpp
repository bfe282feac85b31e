// One who speaks WebSocket with us, over a wire.
#pragma once

#include "http/message.hpp"
#include "net/wire.hpp"
#include "realtime/limits.hpp"
#include "realtime/websocket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace pgbk::relay {

class WebSocketPeer : public std::enable_shared_from_this<WebSocketPeer> {
public:
    struct Handlers {
        std::function<void(std::string text)> text;
        std::function<void(std::string bytes)> binary; // none: closed with 1003
        std::function<void()> closed;                  // once; nothing more is called, and all of these are let go
    };

    // Accepts the request, which websocket::handshake_problem has nothing against.
    static std::shared_ptr<WebSocketPeer> accept(boost::asio::io_context& loop, const Limits& limits,
                                                 const Request& request, SharedWire wire, Handlers handlers);

    WebSocketPeer(boost::asio::io_context& loop, const Limits& limits, SharedWire wire, Handlers handlers);
    WebSocketPeer(const WebSocketPeer&) = delete;
    WebSocketPeer& operator=(const WebSocketPeer&) = delete;

    // A frame that is ready to go: text_frame, binary_frame. Whoever lets more wait than limits.queue_limit is closed.
    void send(Frame frame);
    std::size_t waiting() const { return wire_->waiting(); }

    // What is waiting is written, then the peer has a few seconds to agree. No more messages are taken in.
    void close(std::uint16_t code, std::string_view reason);
    void drop(); // at once

    bool is_open() const { return state_ == State::open; }

private:
    enum class State : std::uint8_t { open, closing, closed };

    void start();
    void received(std::string_view bytes);
    void take(websocket::Message message);
    void answer_close(const websocket::Message& message);
    void ended();
    void watch();

    Limits limits_;
    SharedWire wire_;
    Handlers handlers_;
    websocket::Decoder decoder_;
    boost::asio::steady_timer timer_;
    State state_ = State::open;
    bool heard_ = true;   // since the last look
    bool pinged_ = false; // and it has not been heard of since
};

} // namespace pgbk::relay
