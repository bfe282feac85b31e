// Dates, instants and the rules of some real zones, by hand: no test depends on the machine's date or zone data.
#pragma once

#include "core/zone.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <string>

namespace pgbk::test {

using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_seconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr std::chrono::year_month_day ymd(int year, unsigned month, unsigned day) {
    return std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
}

constexpr local_days date(int year, unsigned month, unsigned day) {
    return local_days(ymd(year, month, day));
}

constexpr local_seconds civil(int year, unsigned month, unsigned day, int hour, int minute = 0) {
    return date(year, month, day) + hours(hour) + minutes(minute);
}

constexpr sys_seconds utc(int year, unsigned month, unsigned day, int hour, int minute = 0, int second = 0) {
    return sys_days(ymd(year, month, day)) + hours(hour) + minutes(minute) + seconds(second);
}

inline std::string text(local_days day) {
    const std::chrono::year_month_day parts(day);
    std::array<char, 32> out{};
    (void)std::snprintf(out.data(), out.size(), "%04d-%02u-%02u", static_cast<int>(parts.year()),
                        static_cast<unsigned>(parts.month()), static_cast<unsigned>(parts.day()));
    return out.data();
}

inline std::string text(sys_seconds instant) {
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::hh_mm_ss time(instant - day);
    std::array<char, 32> out{};
    (void)std::snprintf(out.data(), out.size(), "T%02d:%02dZ", static_cast<int>(time.hours().count()),
                        static_cast<int>(time.minutes().count()));
    return text(local_days(day.time_since_epoch())) + out.data();
}

// The zones. The first span of each begins far enough back to hold for whatever a test asks before the first change.
constexpr sys_seconds long_ago = utc(1970, 1, 1, 0);

constexpr std::array utc_rules{core::OffsetSpan{long_ago, hours(0)}};
constexpr std::array tokyo{core::OffsetSpan{long_ago, hours(9)}};
constexpr std::array berlin{core::OffsetSpan{long_ago, hours(1)}, core::OffsetSpan{utc(2024, 3, 31, 1), hours(2)},
                            core::OffsetSpan{utc(2024, 10, 27, 1), hours(1)},
                            core::OffsetSpan{utc(2025, 3, 30, 1), hours(2)}};
constexpr std::array vancouver{core::OffsetSpan{long_ago, hours(-8)}, core::OffsetSpan{utc(2024, 3, 10, 10), hours(-7)},
                               core::OffsetSpan{utc(2024, 11, 3, 9), hours(-8)}};
// Half an hour, and summer is around the turn of the year.
constexpr std::array lord_howe{core::OffsetSpan{long_ago, hours(11)},
                               core::OffsetSpan{utc(2024, 4, 6, 15), minutes(630)},
                               core::OffsetSpan{utc(2024, 10, 5, 15, 30), hours(11)}};
// Changed sides of the date line: 30 December 2011 did not happen.
constexpr std::array apia{core::OffsetSpan{long_ago, hours(-11)}, core::OffsetSpan{utc(2011, 9, 24, 14), hours(-10)},
                          core::OffsetSpan{utc(2011, 12, 30, 10), hours(14)},
                          core::OffsetSpan{utc(2012, 3, 31, 14), hours(13)}};

} // namespace pgbk::test
