#include "pg/calendar_plan.hpp"

#include "core/calendar_step.hpp"
#include "pg/booking_answer.hpp"
#include "pg/provider_calls.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::CalendarStep;

struct Standing {
    std::string_view provider;
    core::CalendarState state;
    std::optional<TimestampTz> wanted_start;
    std::optional<TimestampTz> appointment_end;
    bool is_accepted;
};

// Of the appointments that stand, the one that counts comes first. Nothing for a booking whose calendar is not ours to
// ask.
std::optional<Standing> standing_of(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement(
        "SELECT p.calendar_provider, b.status = 'cancelled', b.wanted_start, l.ends_at,"
        "       COALESCE(l.starts_at = b.wanted_start, false), l.uid IS NOT NULL, COALESCE(l.is_accepted, false)"
        "  FROM booking.bookings AS b"
        "  JOIN booking.packages AS p ON p.organization_id = $1 AND p.id = b.package_id"
        "                            AND p.calendar_provider IS NOT NULL"
        "  LEFT JOIN LATERAL (" PGBK_STANDING_SQL ") AS l ON true"
        " WHERE b.organization_id = $1 AND b.id = $2");
    const Rows rows = statement.write({organization, booking});
    if (rows.empty()) {
        return std::nullopt;
    }
    const bool has_wish = !rows.is_null(0, 3);
    return Standing{rows.bytes(0, 1),
                    {rows.boolean(0, 2), has_wish, rows.boolean(0, 6), rows.boolean(0, 5)},
                    has_wish ? std::optional(rows.timestamp(0, 3)) : std::nullopt,
                    rows.is_null(0, 4) ? std::nullopt : std::optional(rows.timestamp(0, 4)),
                    rows.boolean(0, 7)};
}

// Without personal data, which is joined when the call is made.
Datum request_of(std::int32_t organization, const core::Uuid& booking, std::string_view action) {
    static constinit Statement statement(
        "SELECT jsonb_strip_nulls(CASE $3"
        "           WHEN 'create_booking' THEN jsonb_build_object("
        "               'package_id', b.package_id, 'event_type', p.calendar_event_type, 'start', t.starts_at,"
        "               'end', t.ends_at, 'timezone', b.timezone, 'language', left(b.metadata ->> 'language', 10),"
        "               'metadata', jsonb_build_object('booking_id', b.id, 'booking_number', b.booking_number))"
        "           WHEN 'reschedule_booking' THEN jsonb_build_object("
        "               'uid', l.uid, 'start', t.starts_at, 'end', t.ends_at, 'timezone', b.timezone)"
        "           ELSE jsonb_build_object("
        "               'uid', l.uid, 'reason', format('Booking %s was cancelled.', b.booking_number)) END)"
        "  FROM booking.bookings AS b"
        "  JOIN booking.packages AS p ON p.organization_id = $1 AND p.id = b.package_id"
        " CROSS JOIN LATERAL (SELECT to_char(b.wanted_start" PGBK_AS_INSTANT_SQL " AS starts_at,"
        "                            to_char(b.wanted_end" PGBK_AS_INSTANT_SQL " AS ends_at) AS t"
        "  LEFT JOIN LATERAL (" PGBK_STANDING_SQL ") AS l ON true"
        " WHERE b.organization_id = $1 AND b.id = $2");
    return statement.write({organization, booking, action}).datum(0, 1);
}

// Those that nobody has begun, and that ask for something else. One that a relay is just taking stays.
void give_up_calls(std::int32_t organization, const core::Uuid& booking, std::optional<Datum> wanted) {
    static constinit Statement statement(
        "UPDATE booking.provider_calls AS c"
        "   SET status = 'abandoned', finished_at = $4, reason = 'something else is wanted'"
        " WHERE c.organization_id = $1 AND c.id IN ("
        "       SELECT x.id FROM booking.provider_calls AS x"
        "        WHERE x.organization_id = $1 AND x.booking_id = $2 AND x.status = 'pending' AND NOT x.uncertain"
        "          AND x.action IN ('create_booking', 'reschedule_booking', 'cancel_booking')"
        "          AND x.request IS DISTINCT FROM $3"
        "          FOR NO KEY UPDATE SKIP LOCKED)");
    statement.write({organization, booking, wanted.has_value() ? Value::jsonb(*wanted) : Value::null(JSONBOID),
                     Value::timestamp(settings::now())});
}

bool has_call(std::int32_t organization, const core::Uuid& booking, const std::optional<core::Uuid>& finished) {
    static constinit Statement statement(
        "SELECT 1 FROM booking.provider_calls AS c"
        " WHERE c.organization_id = $1 AND c.booking_id = $2 AND c.status IN ('pending', 'running')"
        "   AND c.action IN ('create_booking', 'reschedule_booking', 'cancel_booking')"
        "   AND c.id IS DISTINCT FROM $3 LIMIT 1");
    return !statement.write({organization, booking, finished.has_value() ? Value(*finished) : Value::null(UUIDOID)})
                .empty();
}

void end_wish(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET wanted_start = NULL, wanted_end = NULL, needs_reschedule = false, calendar_refusal = NULL,"
        "       version = b.version + 1, updated_at = $3"
        " WHERE b.organization_id = $1 AND b.id = $2 AND b.wanted_start IS NOT NULL");
    statement.write({organization, booking, Value::timestamp(settings::now())});
}

} // namespace

void plan_calendar(std::int32_t organization, const core::Uuid& booking, const std::optional<core::Uuid>& finished) {
    const auto standing = standing_of(organization, booking);
    if (!standing.has_value()) {
        return;
    }
    const CalendarStep step = core::next_step(standing->state);
    const bool asks = step != CalendarStep::nothing;
    const std::string_view action = core::action_of(step);
    const auto request = asks ? std::optional(request_of(organization, booking, action)) : std::nullopt;
    give_up_calls(organization, booking, request);
    if (has_call(organization, booking, finished)) {
        return;
    }
    if (!asks) {
        if (!standing->state.is_cancelled && standing->is_accepted) {
            end_wish(organization, booking);
        }
        return;
    }
    // In vain once it has begun, or, to call it off, once it is over.
    const TimestampTz clock = settings::now();
    const TimestampTz until = step == CalendarStep::cancel ? standing->appointment_end.value_or(clock + USECS_PER_DAY)
                                                           : *standing->wanted_start;
    if (step == CalendarStep::cancel && until <= clock) {
        return;
    }
    ProviderCallIntent intent{};
    intent.organization = organization;
    intent.provider = standing->provider;
    intent.action = action;
    intent.booking = booking;
    intent.request = *request;
    intent.expires_at = std::max(until, clock + USECS_PER_MINUTE);
    (void)queue_provider_call(intent);
}

// Who has the token may choose for a week at least, whatever time was left.
void drop_wish(std::int32_t organization, const core::Uuid& booking, std::string_view start, std::string_view reason) {
    static constinit Statement statement(
        "WITH dropped AS ("
        "    UPDATE booking.bookings AS b"
        "       SET wanted_start = NULL, wanted_end = NULL, needs_reschedule = true, calendar_refusal = left($4, 500),"
        "           version = b.version + 1, updated_at = $5"
        "     WHERE b.organization_id = $1 AND b.id = $2 AND b.wanted_start = $3::timestamptz"
        "       AND b.status <> 'cancelled'"
        "    RETURNING COALESCE(b.package_booking_id, b.id) AS bought)"
        " SELECT d.bought FROM dropped AS d");
    static constinit Statement prolong("UPDATE booking.bookings AS b SET expires_at = $3, updated_at = $4"
                                       " WHERE b.organization_id = $1 AND b.id = $2 AND b.expires_at < $3");
    const TimestampTz clock = settings::now();
    const Rows rows = statement.write({organization, booking, start, reason, Value::timestamp(clock)});
    if (!rows.empty()) {
        prolong.write(
            {organization, rows.uuid(0, 1), Value::timestamp(clock + 7 * USECS_PER_DAY), Value::timestamp(clock)});
    }
}

} // namespace pgbk
