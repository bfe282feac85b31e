// reschedule_booking and change_party_size: a booking that is still to come gets another session, or other seats of its
// own, and stays the same booking.
#include "core/validation.hpp"
#include "pg/booking_account.hpp"
#include "pg/booking_changes.hpp"
#include "pg/capacity.hpp"
#include "pg/party_change.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

struct Place {
    core::Uuid session;
    core::Uuid activity;
    std::string_view status;
    TimestampTz start;
    TimestampTz end;
};

// The rows of both sessions, locked by id: two bookings that change places do so one after the other, and nobody who
// works on either session in the order of ids waits for us while we wait for him.
std::vector<Place> lock_places(const LiveBooking& booking, const core::Uuid& other) {
    static constinit Statement statement("SELECT s.id, s.activity_id, s.status, s.start_time, s.end_time"
                                         "  FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id IN ($2, $3)"
                                         " ORDER BY s.id FOR NO KEY UPDATE");
    const Rows rows = statement.write({booking.organization, booking.reservation->session, other});
    std::vector<Place> places;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        places.push_back(
            {rows.uuid(row, 1), rows.uuid(row, 2), rows.bytes(row, 3), rows.timestamp(row, 4), rows.timestamp(row, 5)});
    }
    return places;
}

const Place& place_of(const std::vector<Place>& places, const core::Uuid& session) {
    const auto found =
        std::find_if(places.begin(), places.end(), [&](const Place& place) { return place.session == session; });
    if (found == places.end()) {
        refuse_unknown_session(session);
    }
    return *found;
}

void check_is_on_sale(const Place& place, TimestampTz clock) {
    const std::string which = "session " + uuid_text(place.session);
    if (place.status == "cancelled") {
        throw Refusal(RefusalKind::session_cancelled, which + " was cancelled");
    }
    if (place.status == "closed") {
        throw Refusal(RefusalKind::session_closed, which + " is closed for booking");
    }
    if (place.start <= clock) {
        throw Refusal(RefusalKind::session_started, which + " started at " + timestamp_text(place.start));
    }
}

void take_or_refuse(const LiveBooking& booking, const core::Uuid& session, std::int32_t seats, TimestampTz clock) {
    if (!capacity::take_or_sold_out({booking.organization, session, seats}, clock)) {
        throw Refusal(RefusalKind::sold_out,
                      "session " + uuid_text(session) + " has not enough seats left: " + std::to_string(seats) +
                          " are wanted",
                      {}, "booking.next_available_sessions() lists sessions with enough seats.");
    }
}

void move_seats(const LiveBooking& booking, const core::Uuid& to, TimestampTz clock) {
    const core::Uuid from = booking.reservation->session;
    const capacity::Seats old_seats{booking.organization, from, booking.party_size};
    // In the order of sessions. Seats that were given back before there was no room are so no longer after the refusal.
    if (from < to) {
        capacity::give(old_seats);
        take_or_refuse(booking, to, booking.party_size, clock);
    } else {
        take_or_refuse(booking, to, booking.party_size, clock);
        capacity::give(old_seats);
    }
    static constinit Statement statement("UPDATE booking.slot_reservations AS r SET session_id = $3"
                                         " WHERE r.organization_id = $1 AND r.id = $2");
    statement.write({booking.organization, booking.reservation->id, to});
}

// What the party consists of must still be allowed; it keeps its price.
void check_units(const LiveBooking& booking, const core::Uuid& to) {
    if (booking.unit_items.has_value()) {
        const auto had = unit_lines_in(booking.unit_items);
        (void)core::order_units(core::without_units(had, {}), unit_rules_of(booking.organization, to), had);
    }
}

void reschedule(const LiveBooking& booking, const core::Uuid& to) {
    const TimestampTz clock = settings::now();
    check_cutoff(booking, clock);
    if (core::organization_of(to) != booking.organization) {
        refuse_unknown_session(to);
    }
    const std::vector<Place> places = lock_places(booking, to);
    const Place& place = place_of(places, to);
    if (place.activity != place_of(places, booking.reservation->session).activity) {
        throw Refusal(RefusalKind::not_this_activity,
                      "session " + uuid_text(to) + " is not of the activity that was booked", {},
                      "Cancel the booking, and book the other activity at its price.");
    }
    check_is_on_sale(place, clock);
    check_units(booking, to);
    move_seats(booking, to, clock);
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET session_id = $3, scheduled_start = $4, scheduled_end = $5, version = b.version + 1, updated_at = $6"
        " WHERE b.organization_id = $1 AND b.id = $2");
    statement.write({booking.organization, booking.id, to, Value::timestamp(place.start), Value::timestamp(place.end),
                     Value::timestamp(clock)});
}

Datum reschedule_booking_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const core::Uuid to = uuid_argument(call, 1, "new_session_id");
    return booking_result(call, reschedule_booking(call, {id, optional_int8(call, 2), optional_text(call, 3)}, to));
}

} // namespace

void check_party_may_be(const LiveBooking& booking, std::int32_t party_size) {
    if (booking.is_of_package) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "booking " + uuid_text(booking.id) + " is of a package, which says for how many it is");
    }
    static constinit Statement statement(
        "SELECT a.party_size_min, COALESCE(a.party_size_max, s.capacity_total)"
        "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const core::Uuid session = booking.reservation->session;
    const Rows rows = statement.write({booking.organization, session});
    if (rows.empty()) {
        refuse_unknown_session(session);
    }
    // Where the capacity was cut meanwhile, a party that is larger may still become smaller.
    core::check_party_fits(party_size, rows.int4(0, 1), std::max(rows.int4(0, 2), booking.party_size));
}

void change_seats(const LiveBooking& booking, std::int32_t party_size, TimestampTz clock) {
    const core::Uuid session = booking.reservation->session;
    const std::int32_t more = party_size - booking.party_size;
    if (more == 0) {
        return;
    }
    if (more > 0) {
        check_is_on_sale(place_of(lock_places(booking, session), session), clock);
        take_or_refuse(booking, session, more, clock);
    } else {
        capacity::give({booking.organization, session, -more});
    }
    static constinit Statement statement("UPDATE booking.slot_reservations AS r SET party_size = $3"
                                         " WHERE r.organization_id = $1 AND r.id = $2");
    statement.write({booking.organization, booking.reservation->id, party_size});
}

// Where there are payments they say what is due; else what the booking was said to be paid with is kept in it.
void write_party(const LiveBooking& booking, const Party& party, const BookingMoney& money, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET party_size = $3, amount_cents = $4, paid_minor = $5, refund_status = $6, version = b.version + 1,"
        "       updated_at = $7, unit_items = $8::jsonb"
        " WHERE b.organization_id = $1 AND b.id = $2");
    const bool is_paid_elsewhere = !money.is_known && money.paid > 0;
    std::string_view refund_status = booking.refund_status;
    if (is_paid_elsewhere && money.there > party.price) {
        refund_status = "due";
    } else if (is_paid_elsewhere && refund_status == "due") {
        refund_status = "none";
    }
    statement.write({booking.organization, booking.id, party.seats, Value::int8(party.price),
                     is_paid_elsewhere ? Value::int8(money.paid) : Value::null(INT8OID), refund_status,
                     Value::timestamp(clock), text_or_null(party.units)});
    if (money.is_known) {
        auto account = lock_account(booking.organization, booking.id);
        settle_account(*account);
    }
}

namespace {

// Where the party is of seats.
void change_number(const LiveBooking& booking, std::int32_t party_size) {
    const TimestampTz clock = settings::now();
    check_cutoff(booking, clock);
    check_party_may_be(booking, party_size);
    const BookingMoney money = money_of(booking);
    change_seats(booking, party_size, clock);
    static constinit Statement units("DELETE FROM booking.booking_units AS u" // none of them is more than booked
                                     " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit > $3");
    units.write({booking.organization, booking.id, party_size});
    const std::int64_t price = booking.seat_price.has_value() ? *booking.seat_price * party_size : booking.price;
    write_party(booking, {party_size, price, std::nullopt}, money, clock);
}

// Where it is of units, a number says enough if all are of one unit that is for one seat.
void change_only_unit(const LiveBooking& booking, std::int32_t party_size) {
    const auto had = unit_lines_in(booking.unit_items);
    if (had.size() != 1 || had.front().seats != 1) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "booking " + uuid_text(booking.id) + " is of several units, for which a number says too little",
                      {}, "Say which there are to be: booking.change_units().");
    }
    change_composition(booking, {{had.front().unit, party_size}});
}

Datum change_party_size_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const std::int32_t party_size = int4_argument(call, 1, "party_size");
    core::check_party_size(party_size);
    return booking_result(call,
                          change_party_size(call, {id, optional_int8(call, 2), optional_text(call, 3)}, party_size));
}

} // namespace

LiveBooking reschedule_booking(const Call& call, const BookingCaller& caller, const core::Uuid& to) {
    const VisitorScope scope(call, caller.token.has_value());
    LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    check_is_to_come(booking, "moved");
    if (booking.reservation->session != to) {
        check_version(booking, caller.expected_version);
        reschedule(booking, to);
    }
    return booking;
}

LiveBooking change_party_size(const Call& call, const BookingCaller& caller, std::int32_t party_size) {
    const VisitorScope scope(call, caller.token.has_value());
    LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    check_is_to_come(booking, "changed");
    if (booking.party_size != party_size) {
        check_version(booking, caller.expected_version);
        (booking.unit_items.has_value() ? change_only_unit : change_number)(booking, party_size);
    }
    return booking;
}

PGBK_WRITER(reschedule_booking, reschedule_booking_body);
PGBK_WRITER(change_party_size, change_party_size_body);

} // namespace pgbk
