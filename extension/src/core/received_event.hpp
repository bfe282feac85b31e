// An event that comes from outside: as other applications write it, or as a database webhook of Supabase carries it.
#pragma once

#include "core/identifier.hpp"
#include "core/json.hpp"

#include <string>
#include <string_view>

namespace pgbk::core {

struct ReceivedEvent {
    std::string external_id; // by which it is known when it comes again; empty: it has none
    std::string_view kind;   // one of ours
    Uuid booking{};
    std::string_view occurred_at; // RFC 3339; empty: now
    std::string_view description; // may be empty
    std::string_view old_status;  // may be empty
    std::string_view new_status;  // may be empty
};

// {"id", "event_type", "booking_id", ...}, or {"type", "table", "record"} of the tables booking_events and bookings.
// Throws Refusal invalid_received_event with the JSON path of what is wrong.
ReceivedEvent read_received_event(const JsonNode& document);

} // namespace pgbk::core
