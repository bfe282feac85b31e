// The kinds of events, who may see them, and the words by which others ask for them: one table each. The trigger that
// writes events, the views, the filters of webhooks and the documentation speak of these kinds and no others.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace pgbk::core {

// The widest circle that may see events of a kind. What of an event is shown is for the view of each circle to say.
enum class Audience : std::uint8_t {
    everybody, // "public"
    owner,     // people of the organization, and the customer concerned
    full,      // trusted servers
};

struct EventKind {
    std::string_view kind; // entity.verb
    Audience audience;
    std::string_view description; // one line; " {}" is the name of what it is about, where that is known
};

// All kinds; those of one entity stand together.
std::span<const EventKind> event_kinds();

// nullptr if there is no such kind.
const EventKind* find_event_kind(std::string_view kind);

// What stands before the dot.
std::string_view entity_of(std::string_view kind);

std::string_view audience_name(Audience audience);

// The description of one event. A kind that is not ours describes itself.
std::string describe_event(std::string_view kind, std::optional<std::string_view> subject);

// Other words for ours, as older applications use them: library is venue, booking:checkin is booking.checked_in.
struct WordAlias {
    std::string_view alias;
    std::string_view word;
};
std::span<const WordAlias> word_aliases();

// Our word for an entity or a verb; the word itself if it has no other.
std::string_view canonical_word(std::string_view word);

// A filter of events in our words: a kind, "entity.*" or "*". Accepts aliases and "a:b" for "a.b"; throws Refusal
// invalid_event_filter for what selects no kind.
std::string canonical_filter(std::string_view filter);

// filter: canonical.
bool filter_selects(std::string_view filter, std::string_view kind);

} // namespace pgbk::core
