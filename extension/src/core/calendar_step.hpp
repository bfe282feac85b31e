// What a calendar elsewhere has to be asked for, so that what it has becomes what is wanted here.
#pragma once

#include "core/json.hpp"
#include "core/provider_event.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace pgbk::core {

enum class CalendarStep : std::uint8_t { nothing, create, reschedule, cancel };

struct CalendarState {
    bool is_cancelled;       // the booking
    bool has_wish;           // a time is wanted that the calendar has not agreed to
    bool has_appointment;    // one stands there
    bool is_at_wanted_start; // and is when it is wanted
};

CalendarStep next_step(const CalendarState& state);

// As provider_calls names it; not for nothing.
std::string_view action_of(CalendarStep step);

// What a relay reports of an appointment, and since when it is so.
struct CalendarFact {
    CalendarNews news;
    std::string_view at; // RFC 3339
};

// Each before the one that replaces it. What has not all that is needed is left out.
std::vector<CalendarFact> read_calendar_facts(const JsonNode& outcome);

} // namespace pgbk::core
