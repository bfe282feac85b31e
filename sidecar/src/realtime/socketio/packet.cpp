#include "realtime/socketio/packet.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace pgbk::relay::socketio {

namespace {

namespace json = boost::json;

constexpr std::size_t most_levels = 32;
constexpr std::size_t longest_number = 15; // exact in every client's arithmetic
constexpr std::size_t longest_namespace = 128;

// Takes the digits at the front, if there are any. false: there are too many.
bool take_number(std::string_view& text, std::optional<std::uint64_t>& number) {
    const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) {
        return true;
    }
    if (digits > longest_number) {
        return false;
    }
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + digits, value);
    number = value;
    text.remove_prefix(digits);
    return true;
}

bool take_attachments(std::string_view& text, std::size_t& attachments) {
    std::optional<std::uint64_t> number;
    if (!take_number(text, number) || !number || !text.starts_with('-') || *number == 0 || *number > most_attachments) {
        return false;
    }
    attachments = static_cast<std::size_t>(*number);
    text.remove_prefix(1);
    return true;
}

bool take_namespace(std::string_view& text, std::string& name) {
    if (text.starts_with('/')) {
        const auto end = std::min(text.find(','), text.size());
        name = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return name.size() <= longest_namespace;
}

bool take_json(std::string_view text, std::optional<json::value>& data) {
    if (text.empty()) {
        return true;
    }
    json::parse_options options; // no comments, no trailing commas, no invalid UTF-8
    options.max_depth = most_levels;
    json::error_code error;
    data = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
    return !error;
}

bool is_allowed(const Packet& packet) {
    const json::array* const list = packet.data ? packet.data->if_array() : nullptr;
    switch (packet.type) {
    case PacketType::connect:
        return !packet.data || packet.data->is_object();
    case PacketType::disconnect:
        return !packet.data;
    case PacketType::event:
    case PacketType::binary_event:
        return list != nullptr && !list->empty() && list->front().is_string();
    case PacketType::ack:
    case PacketType::binary_ack:
        return list != nullptr && packet.id.has_value();
    case PacketType::connect_error:
        return false; // is for servers to send
    }
    return false;
}

bool is_binary(PacketType type) {
    return type == PacketType::binary_event || type == PacketType::binary_ack;
}

} // namespace

std::optional<Packet> decode_packet(std::string_view text) {
    if (text.empty() || text.front() < '0' || text.front() > '6') {
        return std::nullopt;
    }
    Packet packet;
    packet.type = static_cast<PacketType>(text.front() - '0');
    text.remove_prefix(1);
    if ((is_binary(packet.type) && !take_attachments(text, packet.attachments)) || !take_namespace(text, packet.name) ||
        !take_number(text, packet.id) || !take_json(text, packet.data) || !is_allowed(packet)) {
        return std::nullopt;
    }
    return packet;
}

std::string encode(const Packet& packet) {
    std::string out(1, static_cast<char>('0' + static_cast<int>(packet.type)));
    if (is_binary(packet.type)) {
        out += std::to_string(packet.attachments) + "-";
    }
    if (packet.name != main_namespace) {
        out += packet.name + ",";
    }
    if (packet.id) {
        out += std::to_string(*packet.id);
    }
    if (packet.data) {
        out += json::serialize(*packet.data);
    }
    return out;
}

Decoder::Result Decoder::text(std::string_view text) {
    auto packet = waiting_ ? std::nullopt : decode_packet(text); // attachments follow their packet without a break
    if (!packet) {
        return {true, std::nullopt};
    }
    if (packet->attachments > 0) {
        left_ = packet->attachments;
        waiting_ = std::move(packet);
        return {};
    }
    return {false, std::move(packet)};
}

Decoder::Result Decoder::binary() {
    if (!waiting_) {
        return {true, std::nullopt};
    }
    return --left_ == 0 ? Result{false, std::exchange(waiting_, std::nullopt)} : Result{};
}

} // namespace pgbk::relay::socketio
