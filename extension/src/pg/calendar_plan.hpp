// What the calendar of a booking is asked for: one call of a booking at a time, each found by comparing what is wanted
// with what stands there. So what happens while a call is under way (a cancellation, another wish) waits for its
// answer.
#pragma once

#include "core/identifier.hpp"

#include <optional>
#include <string_view>

namespace pgbk {

// The booking must be locked. Calls that were not begun and are not wanted any more are given up. finished: a call that
// is just being finished, and does not count.
void plan_calendar(std::int32_t organization, const core::Uuid& booking,
                   const std::optional<core::Uuid>& finished = std::nullopt);

// The calendar refused what was wanted from this start on, or has made it needless: another time has to be chosen.
// Nothing where something else is wanted by now. start: RFC 3339.
void drop_wish(std::int32_t organization, const core::Uuid& booking, std::string_view start, std::string_view reason);

// All appointments of booking b, by their uid.
#define PGBK_APPOINTMENTS_SQL                                                                                          \
    "COALESCE(b.appointments,"                                                                                         \
    "         CASE WHEN b.cal_uid IS NULL THEN '{}'"                                                                   \
    "              ELSE jsonb_build_object(b.cal_uid, jsonb_strip_nulls(jsonb_build_object("                           \
    "                       'at', COALESCE(b.calendar_at, '-infinity'),"                                               \
    "                       'status', COALESCE(b.calendar_status, 'accepted'), 'start', b.scheduled_start,"            \
    "                       'end', b.scheduled_end, 'url', b.meeting_url, 'id', b.cal_booking_id))) END)"

// The appointment of booking b that stands: neither called off nor replaced. Of several the one that counts.
#define PGBK_STANDING_SQL                                                                                              \
    "SELECT e.key AS uid, e.value ->> 'status' = 'accepted' AS is_accepted,"                                           \
    "       (e.value ->> 'start')::timestamptz AS starts_at, (e.value ->> 'end')::timestamptz AS ends_at"              \
    "  FROM (SELECT " PGBK_APPOINTMENTS_SQL " AS k OFFSET 0) AS x CROSS JOIN jsonb_each(x.k) AS e"                     \
    " WHERE e.value ->> 'status' IN ('accepted', 'requested')"                                                         \
    "   AND NOT EXISTS (SELECT 1 FROM jsonb_each(x.k) AS o"                                                            \
    "                    WHERE o.value ->> 'old' = e.key AND o.key <> e.key)"                                          \
    " ORDER BY e.key IS NOT DISTINCT FROM b.cal_uid DESC, e.key LIMIT 1"

} // namespace pgbk
