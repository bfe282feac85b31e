// Dates that a visitor asks for: YYYY-MM-DD, both included.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace pgbk::core {

struct DateRange {
    std::chrono::sys_days first;
    std::chrono::sys_days last;
};

inline constexpr std::chrono::days longest_range{42}; // a month with the weeks it begins and ends in
inline constexpr std::chrono::days usual_range{7};

// Nothing for what is no date from 1970 to 2199, which is when sessions can be.
std::optional<std::chrono::sys_days> parse_date(std::string_view text);

// Without a first date it is today; without a last one the range is a week. Throws Refusal invalid_booking_request that
// names "from" or "to".
DateRange read_date_range(std::optional<std::string_view> from, std::optional<std::string_view> to,
                          std::chrono::sys_days today);

} // namespace pgbk::core
