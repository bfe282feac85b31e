// reschedule_booking and change_party_size: a booking that is still to come gets another session, or other seats of its
// own, and stays the same booking.
#include "core/validation.hpp"
#include "pg/booking_account.hpp"
#include "pg/booking_changes.hpp"
#include "pg/capacity.hpp"
#include "pg/party_change.hpp"
#include "pg/sale_window.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

#include <algorithm>

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
    bool uses_resources;
};

// The rows of both sessions, locked by id: two bookings that change places do so one after the other, and nobody who
// works on either session in the order of ids waits for us while we wait for him.
std::vector<Place> lock_places(const LiveBooking& booking, const core::Uuid& other) {
    static constinit Statement statement("SELECT s.id, s.activity_id, s.status, s.start_time, s.end_time,"
                                         "       s.uses_resources"
                                         "  FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id IN ($2, $3)"
                                         " ORDER BY s.id FOR NO KEY UPDATE");
    const Rows rows = statement.write({booking.organization, booking.reservation->session, other});
    std::vector<Place> places;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        places.push_back({rows.uuid(row, 1), rows.uuid(row, 2), rows.bytes(row, 3), rows.timestamp(row, 4),
                          rows.timestamp(row, 5), rows.boolean(row, 6)});
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

// Where resources are used the old session gives them first, since the new one may need them, or its buffers do.
void move_seats(const LiveBooking& booking, const core::Uuid& to, bool uses_resources, TimestampTz clock) {
    const core::Uuid from = booking.reservation->session;
    const capacity::Seats old_seats{booking.organization, from, booking.party_size};
    // In the order of sessions. Seats that were given back before there was no room are so no longer after the refusal.
    if (from < to || uses_resources) {
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
        (void)core::order_units(core::items_of(had), unit_rules_of(booking.organization, to), had);
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
    if (!booking.is_staff) {
        check_sale_window(booking.organization, to, clock);
    }
    move_seats(booking, to, place.uses_resources, clock);
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

std::int64_t kept_of_change(const LiveBooking& booking, const BookingMoney& money, const core::CancellationWish& wish,
                            std::int64_t cheaper, TimestampTz clock) {
    core::CancellationWish allowed = wish;
    allowed.ignores_cutoff = booking.is_staff; // customers are told before that it is too late
    core::CancellationFacts facts{};
    facts.is_staff = booking.is_staff;
    facts.is_past_cutoff = is_past_cutoff(booking, clock);
    facts.there = cheaper - std::min(cheaper, money.owing); // the rest was never paid
    facts.percent = booking.refund_percent;
    return facts.there - core::refund_of(allowed, facts);
}

void check_currency(const LiveBooking& booking) {
    static constinit Statement statement(
        "SELECT b.currency, a.currency FROM booking.bookings AS b"
        "  JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = b.session_id"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE b.organization_id = $1 AND b.id = $2 AND a.currency <> b.currency");
    const Rows rows = statement.write({booking.organization, booking.id});
    if (!rows.empty()) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "booking " + uuid_text(booking.id) + " is in " + std::string(rows.bytes(0, 1)) +
                          ", and what the activity sells now costs " + std::string(rows.bytes(0, 2)),
                      {}, "Book what is to be added by itself.");
    }
}

// Where there are payments they say what is due; else what the booking was said to be paid with is kept in it. What has
// gone back because the price did not need it is to be paid again if that rises.
void write_party(const LiveBooking& booking, const Party& party, const BookingMoney& money, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET party_size = $3, amount_cents = $4, paid_minor = $5, refund_status = $6, version = b.version + 1,"
        "       updated_at = $7, unit_items = $8::jsonb, added_seats = $9::jsonb, given_up_minor = $10,"
        "       returned_minor = GREATEST(b.returned_minor, LEAST($11, GREATEST($12 - b.amount_cents, 0))),"
        "       payment_status = CASE WHEN b.payment_status = 'not_required' AND $4 > 0 THEN 'pending'"
        "                             WHEN b.payment_status = 'pending' AND $4 = 0 THEN 'not_required'"
        "                             ELSE b.payment_status END"
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
                     Value::timestamp(clock), text_or_null(party.units), text_or_null(party.added_seats),
                     Value::int8(party.given_up), Value::int8(money.is_known ? money.paid - money.there : 0),
                     Value::int8(money.paid)});
    if (money.is_known) {
        auto account = lock_account(booking.organization, booking.id);
        settle_account(*account);
    }
}

namespace {

constexpr const char* a_seat = "seat";

// What a seat costs now; nothing where the activity is not sold by the seat any more, so that one more costs what the
// others did.
std::optional<std::int64_t> seat_price_now(const LiveBooking& booking) {
    static constinit Statement statement("SELECT CASE WHEN a.has_units THEN " PGBK_DEFAULT_UNIT_PRICE_SQL(
        "$3") " WHEN a.price_basis = 'seat' THEN a.price_minor END"
              "  FROM booking.sessions AS s"
              "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
              " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows =
        statement.write({booking.organization, booking.reservation->session, Value::timestamp(settings::now())});
    return rows.is_null(0, 1) ? std::nullopt : std::optional(rows.int8(0, 1));
}

// The seats that there are, by their prices; those that were added last are the last.
std::vector<core::UnitLine> seats_of(const LiveBooking& booking) {
    std::vector<core::UnitLine> lines = unit_lines_in(booking.added_seats);
    const std::int32_t first = booking.party_size - core::quantity_in(lines, a_seat);
    lines.insert(lines.begin(), {a_seat, first, *booking.seat_price, 1});
    return lines;
}

std::vector<core::UnitLine> changed_seats(const LiveBooking& booking, const std::vector<core::UnitLine>& had,
                                          std::int32_t party_size) {
    std::int64_t price = *booking.seat_price;
    if (party_size > booking.party_size) {
        if (const auto now = seat_price_now(booking); now.has_value()) {
            check_currency(booking);
            price = *now;
        }
    }
    return core::lines_for(party_size, had, {a_seat, 0, price, 1});
}

void write_seats(const LiveBooking& booking, std::int32_t party_size, const core::CancellationWish& wish,
                 TimestampTz clock) {
    const BookingMoney money = money_of(booking.organization, booking.id);
    if (!booking.seat_price.has_value()) { // the price is for all, however many
        (void)kept_of_change(booking, money, wish, 0, clock);
        write_party(booking, {party_size, booking.price, {}, {}, 0}, money, clock);
        return;
    }
    const auto had = seats_of(booking);
    auto seats = changed_seats(booking, had, party_size);
    const std::int64_t before = core::order_of(had).price;
    const std::int64_t price = core::order_of(seats).price;
    const std::int64_t kept = kept_of_change(booking, money, wish, std::max<std::int64_t>(before - price, 0), clock);
    seats.erase(seats.begin());
    const std::string added = core::unit_lines_text(seats);
    write_party(booking,
                {party_size, price + booking.given_up + kept, std::nullopt,
                 seats.empty() ? std::nullopt : std::optional<std::string_view>(added), booking.given_up + kept},
                money, clock);
}

// Where the party is of seats.
void change_number(const LiveBooking& booking, std::int32_t party_size, const core::CancellationWish& wish) {
    const TimestampTz clock = settings::now();
    check_cutoff(booking, clock);
    check_party_may_be(booking, party_size);
    change_seats(booking, party_size, clock);
    static constinit Statement units("DELETE FROM booking.booking_units AS u" // none of them is more than booked
                                     " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit > $3");
    units.write({booking.organization, booking.id, party_size});
    write_seats(booking, party_size, wish, clock);
}

// Where it is of units, a number says enough if all are of one unit that is for one seat.
void change_only_unit(const LiveBooking& booking, std::int32_t party_size, const core::CancellationWish& wish) {
    const auto had = unit_lines_in(booking.unit_items);
    if (core::items_of(had).size() != 1 ||
        std::any_of(had.begin(), had.end(), [](const core::UnitLine& line) { return line.seats != 1; })) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "booking " + uuid_text(booking.id) + " is of several units, for which a number says too little",
                      {}, "Say which there are to be: booking.change_units().");
    }
    change_composition(booking, {{had.front().unit, party_size}}, wish);
}

Datum change_party_size_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const std::int32_t party_size = int4_argument(call, 1, "party_size");
    core::check_party_size(party_size);
    const BookingCaller caller{id, optional_int8(call, 2), optional_text(call, 3)};
    const core::CancellationWish wish =
        core::read_cancellation(optional_text(call, 4), optional_int8(call, 5), false, std::nullopt);
    return booking_result(call, change_party_size(call, caller, party_size, wish));
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

LiveBooking change_party_size(const Call& call, const BookingCaller& caller, std::int32_t party_size,
                              const core::CancellationWish& wish) {
    const VisitorScope scope(call, caller.token.has_value());
    LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    check_is_to_come(booking, "changed");
    if (booking.party_size != party_size) {
        check_version(booking, caller.expected_version);
        (booking.unit_items.has_value() ? change_only_unit : change_number)(booking, party_size, wish);
    }
    return booking;
}

PGBK_WRITER(reschedule_booking, reschedule_booking_body);
PGBK_WRITER(change_party_size, change_party_size_body);

} // namespace pgbk
