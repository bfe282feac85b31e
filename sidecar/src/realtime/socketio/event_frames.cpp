#include "realtime/socketio/event_frames.hpp"

#include "realtime/socketio/packet.hpp"
#include "realtime/socketio/payloads.hpp"

#include <boost/json/array.hpp>

#include <string>
#include <utility>

namespace pgbk::relay::socketio {

namespace {

namespace json = boost::json;

SharedOutgoing packet_of(json::array arguments) {
    Packet packet;
    packet.data = std::move(arguments);
    return std::make_shared<const Outgoing>(encode(EnginePacket{EngineType::message, encode(packet)}));
}

SharedOutgoing made(const Event& event, View view, std::int64_t cursor) {
    auto emission = emission_of(event, view);
    if (!emission) {
        return nullptr;
    }
    json::array arguments{json::value(emission->name), json::value(std::move(emission->payload))};
    if (event.seq > 0) { // state has no place in history: the cursor stays where it is
        arguments.emplace_back(std::to_string(cursor));
    }
    return packet_of(std::move(arguments));
}

} // namespace

SharedOutgoing EventFrames::of(const SharedEvent& event, View view) {
    if (event_ != event) {
        event_ = event;
        made_ = {};
    }
    auto& kept = made_.at(static_cast<std::size_t>(view));
    if (!kept) {
        kept = made(*event, view, event->seq);
    }
    return *kept;
}

SharedOutgoing EventFrames::of(const SharedEvent& event, View view, std::int64_t cursor) {
    return made(*event, view, cursor);
}

SharedOutgoing EventFrames::cursor(std::int64_t position) {
    if (!cursor_ || position_ != position) {
        position_ = position;
        cursor_ = packet_of({"_cursor", std::to_string(position)});
    }
    return cursor_;
}

} // namespace pgbk::relay::socketio
