// A session of Engine.IO v4, which outlives its requests: messages in both directions over one WebSocket, or over
// requests that wait for an answer until there is one, or first the one and then the other. Knows no network and no
// clock of its own. Pure.
#pragma once

#include "http/message.hpp"
#include "net/wire.hpp"
#include "realtime/socketio/engine_packet.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay::socketio {

using Clock = std::chrono::steady_clock;

// A packet as text. Many clients may be sent it: it is made once, and so is its frame.
struct Outgoing {
    explicit Outgoing(std::string packet) : text(std::move(packet)) {}

    std::string text;
    mutable Frame frame; // of a WebSocket; made when the first of them needs it
};
using SharedOutgoing = std::shared_ptr<const Outgoing>;

// The WebSocket that carries a session. After close() it tells the session nothing more.
class EngineSocket {
public:
    virtual ~EngineSocket() = default;

    virtual void send(const SharedOutgoing& packet) = 0;
    virtual std::size_t waiting() const = 0; // bytes that the client has not taken yet
    virtual void close() = 0;
};

// Whoever speaks over a session.
class EngineUser {
public:
    virtual ~EngineUser() = default;

    virtual void text(std::string_view message) = 0;
    virtual void binary() = 0;
    virtual void closed() = 0; // once; the last call
};

struct EngineSettings {
    std::chrono::milliseconds ping_interval{25'000};
    std::chrono::milliseconds ping_timeout{20'000};
    std::chrono::milliseconds upgrade_timeout{10'000};
    std::size_t max_payload = 65'536;    // of what a client sends
    std::size_t queue_limit = 1'048'576; // of what it does not take
};

class EngineSession {
public:
    EngineSession(std::string id, const EngineSettings& settings, EngineUser& user, Clock::time_point now);

    const std::string& id() const { return id_; }
    bool is_open() const { return open_; }
    bool is_polling() const { return socket_ == nullptr; }

    // How it begins: the answer to the request that opened it, or over its socket.
    Response opening() const;
    void open_on(std::shared_ptr<EngineSocket> socket);

    // Polling. The answer to a GET may come later.
    void get(const Respond& respond);
    void abandoned(); // the GET that waits: nobody is there any more to be answered
    Response post(std::string_view body, Clock::time_point now);

    // A socket that may take the session over. false: there is one already, and this one is to be closed.
    bool probe(std::shared_ptr<EngineSocket> socket, Clock::time_point now);

    // What comes from a socket that was given.
    void received_text(const EngineSocket& socket, std::string_view text, Clock::time_point now);
    void received_binary(const EngineSocket& socket);
    void lost(const EngineSocket& socket);

    void send(const SharedOutgoing& packet); // a message, ready made
    std::size_t waiting() const;             // bytes that the client has not taken yet
    void tick(Clock::time_point now);        // often enough
    void close();

private:
    std::string open_packet(bool may_upgrade) const;
    void receive(const EnginePacket& packet, Clock::time_point now);
    void receive_probe(std::string_view text);
    void upgrade();
    void put(const SharedOutgoing& packet);
    void answer_poll(std::string body);
    void flush();
    void drop_probe();
    void end(std::string_view last_answer);

    std::string id_;
    const EngineSettings& settings_;
    EngineUser& user_;
    bool open_ = true;
    std::shared_ptr<EngineSocket> socket_; // none: polling
    Respond poll_;                         // the GET that waits
    std::vector<SharedOutgoing> buffer_;   // for the next
    std::size_t buffered_ = 0;             // bytes
    std::shared_ptr<EngineSocket> probe_;
    bool probed_ = false; // it has been answered: polling is to come to rest
    Clock::time_point probe_end_;
    Clock::time_point next_ping_;
    std::optional<Clock::time_point> pong_end_; // one is awaited
};

} // namespace pgbk::relay::socketio
