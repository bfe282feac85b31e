// Packets of Socket.IO v5: <type>[<attachments>-][<namespace>,][<id>][JSON]. Pure.
#pragma once

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::relay::socketio {

enum class PacketType : std::uint8_t { connect, disconnect, event, ack, connect_error, binary_event, binary_ack };

inline constexpr std::string_view main_namespace = "/";
inline constexpr std::size_t most_attachments = 10; // as the official client's parser has it

struct Packet {
    PacketType type = PacketType::event;
    std::size_t attachments = 0;      // binary messages that follow; of binary_event and binary_ack
    std::string name{main_namespace}; // of the namespace
    std::optional<std::uint64_t> id;  // which the sender wants to be acknowledged, or is acknowledged
    std::optional<boost::json::value> data;

    friend bool operator==(const Packet&, const Packet&) = default;
};

// What a client sent. Nothing if it is no packet that it may send: the data of a CONNECT is an object or missing, that
// of an event an array that begins with its name, that of an acknowledgement an array.
std::optional<Packet> decode_packet(std::string_view text);

std::string encode(const Packet& packet);

// Puts packets and the attachments behind them together. Nobody here reads the bytes, so they are counted and dropped.
class Decoder {
public:
    struct Result {
        bool malformed = false;       // the connection is of no more use
        std::optional<Packet> packet; // whole
    };

    Result text(std::string_view text);
    Result binary();

private:
    std::optional<Packet> waiting_; // for `left_` attachments
    std::size_t left_ = 0;
};

} // namespace pgbk::relay::socketio
