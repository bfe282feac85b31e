#include "realtime/topics.hpp"

#include "core/event_kinds.hpp"
#include "core/uuid_text.hpp"
#include "text/ascii.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace pgbk::relay {

namespace {

constexpr std::size_t longest_user = 255;

// The word of the hub's rooms; empty if there is none.
std::string_view room_word(std::string_view word) {
    const auto canonical = core::canonical_word(word);
    if (canonical == "sessions") {
        return "session";
    }
    if (word == "user") {
        return "customer";
    }
    constexpr std::array words{"venue", "activity", "session", "booking", "organization", "customer"};
    const auto* const found = std::find(words.begin(), words.end(), canonical);
    return found == words.end() ? std::string_view() : std::string_view(*found);
}

bool is_organization(std::string_view id) {
    int number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    return error == std::errc() && end == id.data() + id.size() && number > 0 && id.front() != '0';
}

// The id as the hub's rooms have it; empty if it is none.
std::string room_id(std::string_view word, std::string_view id) {
    if (word == "organization") {
        return is_organization(id) ? std::string(id) : "";
    }
    if (word == "customer") {
        return id.size() <= longest_user ? std::string(id) : "";
    }
    return core::parse_uuid(id) ? lower_case(id) : "";
}

// Empty if there is no such room.
std::string room_of(std::string_view topic) {
    if (topic == "public") {
        return "public";
    }
    const auto colon = topic.find(':');
    const auto word = room_word(topic.substr(0, colon));
    if (colon == std::string_view::npos || word.empty()) {
        return {};
    }
    const auto id = room_id(word, topic.substr(colon + 1));
    return id.empty() ? std::string() : std::string(word) + ":" + id;
}

} // namespace

Topics parse_topics(std::string_view text) {
    Topics topics;
    for (const auto part : comma_separated(text)) {
        auto room = room_of(part);
        if (room.empty()) {
            topics.problem = "no topic: \"" + std::string(part.substr(0, 80)) +
                             "\"; topics are public, venue:ID, activity:ID, session:ID, booking:ID, "
                             "organization:NUMBER and customer:USER";
            break;
        }
        if (std::find(topics.rooms.begin(), topics.rooms.end(), room) == topics.rooms.end()) {
            topics.rooms.push_back(std::move(room));
        }
    }
    return topics;
}

} // namespace pgbk::relay
