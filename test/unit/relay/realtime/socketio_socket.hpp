// A WebSocket that remembers, for the tests of Socket.IO.
#pragma once

#include "realtime/socketio/engine_session.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace pgbk::relay::test {

class RecordingSocket : public socketio::EngineSocket {
public:
    void send(const socketio::SharedOutgoing& packet) override { sent.push_back(packet->text); }
    std::size_t waiting() const override { return unread; }
    void close() override { is_closed = true; }

    std::vector<std::string> sent;
    std::size_t unread = 0;
    bool is_closed = false;
};

} // namespace pgbk::relay::test
