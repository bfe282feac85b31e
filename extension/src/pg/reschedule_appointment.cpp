// reschedule_appointment: another time for a booking whose appointment we make at a calendar elsewhere. The calendar is
// asked, and the time is another one as soon as it agrees.
#include "pg/booking_changes.hpp"
#include "pg/calendar_plan.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

struct Times {
    std::optional<TimestampTz> wanted;
    std::optional<TimestampTz> scheduled;
};

// Throws where its calendar is not one that we ask.
Times times_of(const LiveBooking& booking) {
    static constinit Statement statement(
        "SELECT b.wanted_start, b.scheduled_start FROM booking.bookings AS b"
        "  JOIN booking.packages AS p ON p.organization_id = $1 AND p.id = b.package_id"
        "                            AND p.calendar_provider IS NOT NULL"
        " WHERE b.organization_id = $1 AND b.id = $2 AND b.session_id IS NULL");
    const Rows rows = statement.write({booking.organization, booking.id});
    if (rows.empty()) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "booking " + uuid_text(booking.id) + " has no appointment that we make, and cannot be moved", {},
                      "A booking with a session is moved to another session by reschedule_booking.");
    }
    const auto time = [&](int column) {
        return rows.is_null(0, column) ? std::nullopt : std::optional(rows.timestamp(0, column));
    };
    return {time(1), time(2)};
}

void check_has_time(const LiveBooking& booking, const Times& times) {
    const std::string which = "booking " + uuid_text(booking.id);
    if (booking.status == "cancelled") {
        throw Refusal(RefusalKind::booking_cancelled, which + " was cancelled");
    }
    const bool has_time = times.wanted.has_value() || times.scheduled.has_value();
    if ((booking.status != "scheduled" && booking.status != "paid") || !has_time) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      which + " is " + std::string(booking.status) + " and cannot be moved", {},
                      has_time ? "" : "Its time is chosen by booking_schedule.");
    }
}

void check_start(TimestampTz start, TimestampTz end, TimestampTz clock) {
    if (TIMESTAMP_NOT_FINITE(start) || TIMESTAMP_NOT_FINITE(end) || end <= start || end - start > USECS_PER_DAY) {
        throw Refusal(RefusalKind::invalid_booking_request, "new_end must be after new_start, by a day at most", {}, {},
                      "new_end");
    }
    if (start <= clock) {
        throw Refusal(RefusalKind::session_started, "the new start is in the past: " + timestamp_text(start), {},
                      "Choose a time to come.", "startTime");
    }
}

void write_wish(const LiveBooking& booking, TimestampTz start, TimestampTz end, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET wanted_start = $3, wanted_end = $4, needs_reschedule = false, calendar_refusal = NULL,"
        "       version = b.version + 1, updated_at = $5"
        " WHERE b.organization_id = $1 AND b.id = $2");
    statement.write(
        {booking.organization, booking.id, Value::timestamp(start), Value::timestamp(end), Value::timestamp(clock)});
}

Datum reschedule_appointment_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const TimestampTz start = timestamp_argument(call, 1, "new_start");
    const TimestampTz end = timestamp_argument(call, 2, "new_end");
    const BookingCaller caller{id, optional_int8(call, 3), optional_text(call, 4)};
    return booking_result(call, reschedule_appointment(call, caller, start, end));
}

} // namespace

LiveBooking reschedule_appointment(const Call& call, const BookingCaller& caller, TimestampTz start, TimestampTz end) {
    const VisitorScope scope(call, caller.token.has_value());
    LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    const Times times = times_of(booking);
    check_has_time(booking, times);
    const TimestampTz clock = settings::now();
    check_start(start, end, clock);
    if (times.wanted.has_value() ? *times.wanted == start : *times.scheduled == start) {
        return booking;
    }
    check_version(booking, caller.expected_version);
    check_cutoff(booking, clock);
    write_wish(booking, start, end, clock);
    plan_calendar(booking.organization, booking.id);
    return booking;
}

PGBK_WRITER(reschedule_appointment, reschedule_appointment_body);

} // namespace pgbk
