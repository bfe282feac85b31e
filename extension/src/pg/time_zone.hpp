// The server's time zone data for the core, and the server's times in the core's types.
#pragma once

#include "core/zone.hpp"
#include "pg/guard.hpp"

namespace pgbk {

// The zone of an IANA name. Throws Refusal invalid_time_zone for a name that is not one or not known to the server.
pg_tz* find_time_zone(std::string_view name);

// The offsets that hold from one instant to another, in the current memory context.
std::span<const core::OffsetSpan> offset_spans(pg_tz* zone, std::chrono::sys_seconds from, std::chrono::sys_seconds to);

constexpr std::int64_t epoch_difference_seconds = 946684800; // 1970-01-01 to 2000-01-01

// From microseconds since 1970.
inline TimestampTz to_server_time(std::int64_t microseconds) {
    return microseconds - epoch_difference_seconds * USECS_PER_SEC;
}
constexpr std::int32_t epoch_difference_days = 10957;

inline std::chrono::sys_seconds to_sys_seconds(TimestampTz at) {
    // Rounded down: a fraction of a second does not matter to sessions.
    const TimestampTz seconds = at >= 0 ? at / USECS_PER_SEC : -((-at + USECS_PER_SEC - 1) / USECS_PER_SEC);
    return std::chrono::sys_seconds(std::chrono::seconds(seconds + epoch_difference_seconds));
}

inline TimestampTz to_timestamp(std::chrono::sys_seconds at) {
    return (at.time_since_epoch().count() - epoch_difference_seconds) * USECS_PER_SEC;
}

inline std::chrono::local_days to_local_days(DateADT date) {
    return std::chrono::local_days(std::chrono::days(date + epoch_difference_days));
}

inline DateADT to_date(std::chrono::local_days date) {
    return static_cast<DateADT>(date.time_since_epoch().count() - epoch_difference_days);
}

} // namespace pgbk
