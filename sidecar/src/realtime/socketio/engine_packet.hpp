// Packets of Engine.IO v4, the layer below Socket.IO: one in each message of a WebSocket, several in the body of a
// request. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay::socketio {

enum class EngineType : std::uint8_t { open, close, ping, pong, message, upgrade, noop };

struct EnginePacket {
    EngineType type = EngineType::noop;
    std::string data;    // text, or the bytes of a binary message
    bool binary = false; // of messages only

    friend bool operator==(const EnginePacket&, const EnginePacket&) = default;
};

inline constexpr char packet_separator = '\x1e';
// In one body: each costs more than its bytes.
inline constexpr std::size_t most_packets = 256;

// A text message of a WebSocket; a binary one is the data of a binary message as it stands. Nothing if it is none.
std::optional<EnginePacket> decode_engine_packet(std::string_view text);

// The body of a request: text, where binary messages are in base64. Nothing if any of its packets is none.
std::optional<std::vector<EnginePacket>> decode_payload(std::string_view body);

// As text.
std::string encode(const EnginePacket& packet);

} // namespace pgbk::relay::socketio
