#include "realtime/socketio/engine_packet.hpp"

#include "outbound/signature.hpp"
#include "text/stored_text.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay::socketio {

std::optional<EnginePacket> decode_engine_packet(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') {
        return std::nullopt;
    }
    return EnginePacket{static_cast<EngineType>(text.front() - '0'), std::string(text.substr(1))};
}

std::optional<std::vector<EnginePacket>> decode_payload(std::string_view body) {
    // What is no text would be passed on to others, as in a namespace that is quoted back.
    if (!is_storable(body)) {
        return std::nullopt;
    }
    std::vector<EnginePacket> packets;
    for (bool more = true; more;) {
        const auto end = std::min(body.find(packet_separator), body.size());
        std::optional<EnginePacket> packet;
        if (body.starts_with('b')) {
            if (auto bytes = decode_base64(body.substr(1, end - 1))) {
                packet = EnginePacket{EngineType::message, std::move(*bytes), true};
            }
        } else {
            packet = decode_engine_packet(body.substr(0, end));
        }
        if (!packet || packets.size() == most_packets) {
            return std::nullopt;
        }
        packets.push_back(std::move(*packet));
        more = end < body.size();
        body.remove_prefix(std::min(end + 1, body.size()));
    }
    return packets;
}

std::string encode(const EnginePacket& packet) {
    if (packet.binary) {
        return "b" + base64(packet.data);
    }
    return static_cast<char>('0' + static_cast<int>(packet.type)) + packet.data;
}

} // namespace pgbk::relay::socketio
