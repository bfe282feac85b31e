// The messages of Phoenix channels as Supabase's clients write them: vsn 1.0.0 (objects) and 2.0.0 (arrays, and binary
// frames for broadcasts). Pure.
#pragma once

#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::relay::supabase {

enum class Version : std::uint8_t {
    objects, // 1.0.0: what clients up to 2.108 speak, and those who do not say
    arrays,  // 2.0.0
};

// Nothing for a version that there is not.
std::optional<Version> version_of(const std::optional<std::string>& vsn);

// What a message is about. References are the client's: they are given back as they came.
struct Heading {
    std::optional<std::string> join_ref; // of the join that the channel stands on
    std::optional<std::string> ref;      // of this message
    std::string topic;
    std::string event;
};

struct Message {
    Heading heading;
    boost::json::value payload;
};

// Nothing for what is no message, and why.
std::optional<Message> parse_message(Version version, std::string_view text, std::string& problem);

// payload: JSON.
std::string message_text(Version version, const Heading& heading, std::string_view payload);

std::string json_text(std::string_view text); // in its quotes

// A broadcast in a binary frame.
struct Broadcast {
    Heading heading;     // its event is always "broadcast"
    std::string event;   // the application's
    bool is_json = true; // or else bytes
    std::string payload;
};

std::optional<Broadcast> parse_broadcast(std::string_view bytes, std::string& problem);

// For the clients that receive it.
std::string broadcast_bytes(std::string_view topic, const Broadcast& broadcast);

inline constexpr std::size_t longest_short_text = 255; // topics, references and names: their length is one byte

} // namespace pgbk::relay::supabase
