// What happens to a hold besides confirmation: extended, cancelled, released.
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/capacity.hpp"
#include "pg/reservation.hpp"
#include "pg/settings.hpp"
#include "pg/waitlist.hpp"

namespace pgbk {

using core::Refusal;
using core::RefusalKind;

void check_is_live(const Reservation& reservation, TimestampTz clock) {
    const std::string which = "reservation " + uuid_text(reservation.id);
    if (reservation.status == "confirmed") {
        throw Refusal(RefusalKind::reservation_confirmed, which + " is a booking already and does not expire");
    }
    if (reservation.status == "cancelled") {
        throw Refusal(RefusalKind::reservation_cancelled, which + " was cancelled", {}, "Reserve the slot again.");
    }
    if (reservation.status == "expired" || reservation.expires_at <= clock) {
        throw Refusal(RefusalKind::hold_expired,
                      "the hold " + uuid_text(reservation.id) + " ran out at " + timestamp_text(reservation.expires_at),
                      {}, "Reserve the slot again.");
    }
}

namespace {

TimestampTz extend(const Reservation& reservation, std::optional<std::int32_t> seconds, TimestampTz clock) {
    static constinit Statement limits(
        "SELECT a.hold_seconds, a.hold_seconds_max, a.hold_extensions_max, s.status"
        "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = limits.write({reservation.organization, reservation.session});
    if (rows.empty()) {
        refuse_unknown_session(reservation.session);
    }
    if (rows.bytes(0, 4) == "cancelled") {
        throw Refusal(RefusalKind::session_cancelled,
                      "session " + uuid_text(reservation.session) + " was cancelled while the hold was pending");
    }
    if (reservation.waitlist_entry.has_value()) {
        throw Refusal(RefusalKind::extension_limit,
                      "the hold " + uuid_text(reservation.id) +
                          " was offered from the waiting list and is not extended",
                      "Others may be waiting for its seats.", "Confirm or cancel it.");
    }
    const std::int32_t longest = rows.int4(0, 2);
    const std::int32_t most = rows.int4(0, 3);
    const std::int32_t length = seconds.value_or(rows.int4(0, 1));
    core::check_hold_length(std::chrono::seconds(length), std::chrono::seconds(longest));
    if (reservation.extended_count >= most) {
        throw Refusal(RefusalKind::extension_limit,
                      "the hold " + uuid_text(reservation.id) + " was extended " + std::to_string(most) +
                          " times already",
                      "This activity allows no more.", "Confirm or cancel it.");
    }
    const TimestampTz until = clock + length * USECS_PER_SEC;
    if (until > reservation.created_at + longest * USECS_PER_SEC) {
        throw Refusal(RefusalKind::extension_limit,
                      "the hold " + uuid_text(reservation.id) + " would last longer than allowed",
                      "A hold of this activity ends " + std::to_string(longest) + " seconds after it was made.",
                      "Ask for fewer seconds.");
    }
    static constinit Statement update(
        "UPDATE booking.slot_reservations AS r"
        "   SET expires_at = GREATEST(r.expires_at, $3), extended_count = r.extended_count + 1"
        " WHERE r.organization_id = $1 AND r.id = $2 AND r.status = 'pending' RETURNING r.expires_at");
    return update.write({reservation.organization, reservation.id, Value::timestamp(until)}).timestamp(0, 1);
}

// True if this call gave the seats back; false if they were given back before.
bool cancel(const Reservation& reservation, TimestampTz clock) {
    if (reservation.status == "confirmed") {
        throw Refusal(RefusalKind::reservation_confirmed,
                      "reservation " + uuid_text(reservation.id) + " is a booking already", {},
                      "Cancel the booking instead.");
    }
    if (reservation.status != "pending") {
        return false;
    }
    settle(reservation, "cancelled", clock);
    capacity::give({reservation.organization, reservation.session, reservation.party_size, reservation.counted_unpaid});
    return true;
}

std::int64_t release_all(std::int32_t organization, TimestampTz clock) {
    constexpr std::int32_t batch = 5000;
    std::int64_t total = 0;
    std::optional<capacity::HoldPlace> from = capacity::HoldPlace{core::Uuid{}, DT_NOBEGIN};
    while (from.has_value()) {
        const capacity::Released released = capacity::release(organization, clock, batch, *from);
        total += released.count;
        // A batch that rivals have settled meanwhile is not the last one.
        from = released.count > 0 || released.last != from ? released.last : std::nullopt;
    }
    return total + capacity::serve_all_waitlists(organization, clock);
}

Datum extend_reservation_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "reservation_id");
    const Reservation reservation =
        lock_reservation(call, id, optional_text(call, 1), "extend a reservation without its hold token");
    const TimestampTz clock = settings::now();
    check_is_live(reservation, clock);
    return TimestampTzGetDatum(extend(reservation, optional_int4(call, 2), clock));
}

Datum cancel_reservation_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "reservation_id");
    const Reservation reservation =
        lock_reservation(call, id, optional_text(call, 1), "cancel a reservation without its hold token");
    return BoolGetDatum(cancel(reservation, settings::now()));
}

Datum release_expired_reservations_body(Call& call) {
    constexpr const char* instead = "pg_cron calls booking.release_job(); other callers need booking_service.";
    require_trusted(call, "release expired reservations", instead);
    const TimestampTz clock = settings::now();
    if (const auto organization = optional_int4(call, 0); organization.has_value()) {
        return Int32GetDatum(static_cast<std::int32_t>(release_all(*organization, clock)));
    }
    static constinit Statement organizations("SELECT o.organization_id FROM booking.organizations AS o ORDER BY 1");
    const Rows rows = organizations.write({});
    std::int64_t total = 0;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        total += release_all(rows.int4(row, 1), clock);
    }
    return Int32GetDatum(static_cast<std::int32_t>(total));
}

} // namespace

PGBK_WRITER(extend_reservation, extend_reservation_body);
PGBK_WRITER(cancel_reservation, cancel_reservation_body);
PGBK_WRITER(release_expired_reservations, release_expired_reservations_body);

} // namespace pgbk
