// The weekly schedule of an activity, as its JSON says it:
//
//   {"operatingDays": ["Monday", ...], "startTime": "09:00", "endTime": "22:00", "slotInterval": 60,
//    "customHours": {"Saturday": {"enabled": true, "startTime": "10:00", "endTime": "23:00"}}}
//
// Hours are civil time at the venue. An endTime at or before the startTime is on the next day; "24:00" is allowed as
// endTime. A customHours entry replaces the hours of its day if operatingDays lists the day and enabled is not false.
#pragma once

#include "core/json.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace pgbk::core {

// Minutes since the midnight that begins the operating day; end > start, end may pass 1440.
struct Hours {
    std::chrono::minutes start{};
    std::chrono::minutes end{};
};

struct Schedule {
    std::chrono::minutes slot_interval{};
    std::array<std::optional<Hours>, 7> hours; // by weekday, Sunday is 0
};

// Throws Refusal invalid_schedule; its message names the JSON path of what is wrong. Strict: an unknown member is
// refused, since a mistyped "slotinterval" would otherwise be ignored until customers notice.
Schedule parse_schedule(const JsonNode& document);

// start and end as minutes of the day (0 to 1440) to Hours, moving an end at or before the start to the next day.
Hours hours_between(std::chrono::minutes start, std::chrono::minutes end);

} // namespace pgbk::core
