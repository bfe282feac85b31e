#include "realtime/supabase/phoenix.hpp"

#include "text/stored_text.hpp"

#include <boost/json.hpp>

#include <array>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

constexpr char push_of_a_broadcast = 3;
constexpr char delivery_of_a_broadcast = 4;

// A reference: a short text, or none. False for anything else.
bool read_reference(const json::value* value, std::optional<std::string>& reference) {
    if (value == nullptr || value->is_null()) {
        return true;
    }
    if (!value->is_string() || value->get_string().size() > longest_short_text) {
        return false;
    }
    reference = value->get_string();
    return true;
}

bool read_name(const json::value* value, std::string& name) {
    if (value == nullptr || !value->is_string() || value->get_string().empty() ||
        value->get_string().size() > longest_short_text) {
        return false;
    }
    name = value->get_string();
    return true;
}

// The five parts, wherever the version has them.
struct Parts {
    json::value* join_ref;
    json::value* ref;
    json::value* topic;
    json::value* event;
    json::value* payload;
};

std::optional<Parts> parts_of(Version version, json::value& whole) {
    if (version == Version::arrays) {
        auto* const array = whole.if_array();
        constexpr std::size_t parts = 5;
        if (array == nullptr || array->size() != parts) {
            return std::nullopt;
        }
        json::value* const first = array->data();
        return Parts{first, first + 1, first + 2, first + 3, first + 4};
    }
    auto* const object = whole.if_object();
    if (object == nullptr) {
        return std::nullopt;
    }
    return Parts{object->if_contains("join_ref"), object->if_contains("ref"), object->if_contains("topic"),
                 object->if_contains("event"), object->if_contains("payload")};
}

std::string json_text_of(const std::optional<std::string>& reference) {
    return reference ? json_text(*reference) : "null";
}

} // namespace

std::optional<Version> version_of(const std::optional<std::string>& vsn) {
    if (!vsn || *vsn == "1.0.0") {
        return Version::objects;
    }
    return *vsn == "2.0.0" ? std::optional(Version::arrays) : std::nullopt;
}

std::optional<Message> parse_message(Version version, std::string_view text, std::string& problem) {
    boost::system::error_code error;
    json::value whole = json::parse(json::string_view(text.data(), text.size()), error);
    if (error) {
        problem = "a message is JSON";
        return std::nullopt;
    }
    const auto parts = parts_of(version, whole);
    if (!parts) {
        problem = version == Version::arrays ? "a message is [join_ref, ref, topic, event, payload]"
                                             : "a message is an object with topic, event, payload and ref";
        return std::nullopt;
    }
    Message message;
    if (!read_reference(parts->join_ref, message.heading.join_ref) ||
        !read_reference(parts->ref, message.heading.ref) || !read_name(parts->topic, message.heading.topic) ||
        !read_name(parts->event, message.heading.event)) {
        problem = "topic and event are texts of at most 255 bytes, join_ref and ref are such texts or null";
        return std::nullopt;
    }
    if (parts->payload != nullptr) {
        message.payload = std::move(*parts->payload);
    }
    return message;
}

std::string json_text(std::string_view text) {
    return json::serialize(json::value(json::string_view(text.data(), text.size())));
}

std::string message_text(Version version, const Heading& heading, std::string_view payload) {
    const std::string topic = json_text(heading.topic);
    const std::string event = json_text(heading.event);
    const std::string join_ref = json_text_of(heading.join_ref);
    const std::string ref = json_text_of(heading.ref);
    std::string out;
    constexpr std::size_t syntax = 64;
    out.reserve(payload.size() + topic.size() + event.size() + join_ref.size() + ref.size() + syntax);
    if (version == Version::arrays) {
        out.append("[").append(join_ref).append(",").append(ref).append(",").append(topic).append(",").append(event);
        return out.append(",").append(payload).append("]");
    }
    out.append(R"({"topic":)").append(topic).append(R"(,"event":)").append(event).append(R"(,"payload":)");
    out.append(payload).append(R"(,"ref":)").append(ref).append(R"(,"join_ref":)").append(join_ref);
    return out.append("}");
}

// kind, lengths of join_ref, ref, topic, event and metadata, encoding; then these texts, then the payload.
std::optional<Broadcast> parse_broadcast(std::string_view bytes, std::string& problem) {
    constexpr std::size_t head = 7;
    constexpr std::size_t texts = 5;
    problem = "a binary message is a broadcast: 3, five lengths, the encoding, five texts, the payload";
    if (bytes.size() < head || bytes.front() != push_of_a_broadcast ||
        static_cast<unsigned char>(bytes[head - 1]) > 1) {
        return std::nullopt;
    }
    std::array<std::string_view, texts> text;
    std::size_t at = head;
    for (std::size_t i = 0; i < texts; ++i) {
        const std::size_t length = static_cast<unsigned char>(bytes[1 + i]);
        if (bytes.size() - at < length || !is_storable(bytes.substr(at, length))) {
            return std::nullopt;
        }
        text.at(i) = bytes.substr(at, length);
        at += length;
    }
    const auto reference = [](std::string_view given) {
        return given.empty() ? std::nullopt : std::optional(std::string(given));
    };
    if (text[2].empty()) {
        return std::nullopt;
    }
    // What the client says in the metadata is for the other server's table of messages.
    return Broadcast{{reference(text[0]), reference(text[1]), std::string(text[2]), "broadcast"},
                     std::string(text[3]),
                     bytes[head - 1] == 1,
                     std::string(bytes.substr(at))};
}

std::string broadcast_bytes(std::string_view topic, const Broadcast& broadcast) {
    std::string out;
    out += delivery_of_a_broadcast;
    out += static_cast<char>(topic.size());
    out += static_cast<char>(broadcast.event.size());
    out += '\0'; // no metadata
    out += static_cast<char>(broadcast.is_json ? 1 : 0);
    return out.append(topic).append(broadcast.event).append(broadcast.payload);
}

} // namespace pgbk::relay::supabase
