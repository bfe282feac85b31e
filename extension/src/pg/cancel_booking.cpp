// cancel_booking: the seats go back, and of the money what the terms of the purchase say, or staff decide. Idempotent.
#include "core/cancellation.hpp"
#include "pg/booking_account.hpp"
#include "pg/booking_changes.hpp"
#include "pg/capacity.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

void check_may_be_cancelled(const LiveBooking& booking) {
    for (const std::string_view status : {"pending", "paid", "scheduled", "confirmed"}) {
        if (booking.status == status) {
            return;
        }
    }
    throw Refusal(RefusalKind::wrong_booking_state,
                  "booking " + uuid_text(booking.id) + " is " + std::string(booking.status) +
                      " and cannot be cancelled",
                  {}, "Staff may undo the check-in or the no-show first.");
}

// Sessions of a package besides the first, which is the booking itself. Whoever schedules one locks the booking first.
std::int32_t sessions_used(const LiveBooking& booking) {
    static constinit Statement statement(
        "SELECT count(*) FILTER (WHERE x.status IN ('scheduled', 'confirmed', 'checked_in')"
        "                           OR x.status = 'paid' AND x.wanted_start IS NOT NULL)::integer,"
        "       count(*) FILTER (WHERE x.status IN ('checked_out', 'no_show'))::integer"
        "  FROM booking.bookings AS x WHERE x.organization_id = $1 AND x.package_booking_id = $2");
    const Rows rows = statement.write({booking.organization, booking.id});
    if (rows.int4(0, 1) > 0) {
        throw Refusal(RefusalKind::sessions_still_booked,
                      "booking " + uuid_text(booking.id) + " has bought " + std::to_string(rows.int4(0, 1)) +
                          " further sessions that are still booked",
                      {}, "Cancel them first, each by its own id.");
    }
    return rows.int4(0, 2);
}

// What was paid elsewhere is what is there now: a refund that was done before is not due again.
void write_cancelled(const LiveBooking& booking, const BookingMoney& money, std::int64_t refund,
                     std::optional<std::string_view> reason, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET status = 'cancelled', kept_minor = $3, cancelled_at = $4, cancel_reason = $5,"
        "       refund_status = $6, paid_minor = COALESCE($7, b.paid_minor), version = b.version + 1, updated_at = $4"
        " WHERE b.organization_id = $1 AND b.id = $2");
    std::string_view refund_status = booking.refund_status; // where there is a ledger, it says what is due
    if (!money.is_known && refund > 0) {
        refund_status = "due";
    } else if (!money.is_known && refund_status == "due") {
        refund_status = "none"; // what an earlier change made due is kept, too
    }
    statement.write({booking.organization, booking.id, Value::int8(money.there - refund), Value::timestamp(clock),
                     text_or_null(reason), refund_status,
                     !money.is_known && money.paid > 0 ? Value::int8(money.paid) : Value::null(INT8OID)});
}

// Of the money: what is kept for units that were cancelled before, and for seats that were given up.
std::int64_t kept_before(const LiveBooking& booking) {
    static constinit Statement statement("SELECT COALESCE(sum(u.kept_minor), 0)::bigint FROM booking.booking_units AS u"
                                         " WHERE u.organization_id = $1 AND u.booking_id = $2");
    return booking.unit_items.has_value() ? statement.write({booking.organization, booking.id}).int8(0, 1)
                                          : booking.given_up;
}

void cancel(const LiveBooking& booking, const core::CancellationWish& wish, std::optional<std::string_view> reason) {
    const TimestampTz clock = settings::now();
    const BookingMoney money = money_of(booking.organization, booking.id);
    const std::int64_t owed = std::max<std::int64_t>(money.there - booking.price, 0);
    const std::int64_t refund =
        core::refund_of(wish, {booking.is_staff, is_past_cutoff(booking, clock), money.there, booking.refund_percent,
                               booking.sessions_included, sessions_used(booking), owed, kept_before(booking)});
    const auto& reservation = booking.reservation;
    const bool has_seats = reservation.has_value() && reservation->status == "confirmed";
    if (has_seats) {
        settle(*reservation, "cancelled", clock);
    }
    write_cancelled(booking, money, refund, reason, clock);
    if (has_seats) {
        capacity::give({booking.organization, reservation->session, reservation->party_size});
    }
    if (auto account = lock_account(booking.organization, booking.id); account.has_value()) {
        settle_account(*account);
    }
}

Datum cancel_booking_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const auto reason = optional_text(call, 1);
    const bool override_cutoff = boolean_argument(call, 4, "override");
    const core::CancellationWish wish =
        core::read_cancellation(optional_text(call, 2), optional_int8(call, 3), override_cutoff, reason);
    const BookingCaller caller{id, optional_int8(call, 5), optional_text(call, 6)};
    return booking_result(call, cancel_booking(call, caller, wish, reason));
}

} // namespace

LiveBooking cancel_booking(const Call& call, const BookingCaller& caller, const core::CancellationWish& wish,
                           std::optional<std::string_view> reason) {
    const VisitorScope scope(call, caller.token.has_value());
    LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    if (booking.status != "cancelled") {
        check_version(booking, caller.expected_version);
        check_may_be_cancelled(booking);
        cancel(booking, wish, reason);
    }
    return booking;
}

PGBK_WRITER(cancel_booking, cancel_booking_body);

} // namespace pgbk
