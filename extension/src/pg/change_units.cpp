// change_units and cancel_units: a booking that is made of units gets others, or some of its tickets are cancelled.
#include "core/cancellation.hpp"
#include "pg/array.hpp"
#include "pg/booking_changes.hpp"
#include "pg/party_change.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

#include <numeric>

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;
using core::UnitLine;

void check_has_units(const LiveBooking& booking) {
    if (!booking.unit_items.has_value()) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "booking " + uuid_text(booking.id) + " is of seats and not of units", {},
                      "Say how many seats there are to be: booking.change_party_size().");
    }
}

// What is new costs what it costs now, which has to be money of the same kind.
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

std::int32_t quantity_in(const std::vector<UnitLine>& lines, std::string_view unit) {
    const auto found =
        std::find_if(lines.begin(), lines.end(), [&](const UnitLine& line) { return line.unit == unit; });
    return found == lines.end() ? 0 : found->quantity;
}

// So many tickets of the unit go, those with the highest numbers first.
void remove_tickets(const LiveBooking& booking, std::string_view unit, std::int32_t count) {
    static constinit Statement statement(
        "DELETE FROM booking.booking_units AS u WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit IN ("
        "    SELECT x.unit FROM booking.booking_units AS x"
        "     WHERE x.organization_id = $1 AND x.booking_id = $2 AND x.unit_code = $3 AND x.status = 'booked'"
        "     ORDER BY x.unit DESC LIMIT $4)");
    statement.write({booking.organization, booking.id, unit, count});
}

// What the customer's tickets are to be, from what they are.
void change_tickets(const LiveBooking& booking, const std::vector<UnitLine>& had, const std::vector<UnitLine>& wanted) {
    for (const UnitLine& line : had) {
        const std::int32_t less = line.quantity - quantity_in(wanted, line.unit);
        if (less > 0) {
            remove_tickets(booking, line.unit, less);
        }
    }
    std::vector<UnitLine> more;
    for (const UnitLine& line : wanted) {
        const std::int32_t added = line.quantity - quantity_in(had, line.unit);
        if (added > 0) {
            more.push_back({line.unit, added, line.price, line.seats});
        }
    }
    if (!more.empty()) {
        write_tickets(booking.organization, booking.id, more);
    }
}

// The price of tickets that are left, and what is kept for those that were cancelled.
std::int64_t price_of_tickets(const LiveBooking& booking) {
    static constinit Statement statement("SELECT sum(COALESCE(u.kept_minor, u.price_minor))::bigint"
                                         "  FROM booking.booking_units AS u"
                                         " WHERE u.organization_id = $1 AND u.booking_id = $2");
    return statement.write({booking.organization, booking.id}).int8(0, 1);
}

// Once the tickets are what they are to be.
void write_composition(const LiveBooking& booking, const core::UnitOrder& order, const BookingMoney& money,
                       TimestampTz clock) {
    static constinit Statement statement("UPDATE booking.slot_reservations AS r SET unit_items = $3::jsonb"
                                         " WHERE r.organization_id = $1 AND r.id = $2");
    change_seats(booking, order.seats, clock);
    const std::string units = core::unit_lines_text(order.lines);
    statement.write({booking.organization, booking.reservation->id, std::string_view(units)});
    write_party(booking, {order.seats, price_of_tickets(booking), std::string_view(units)}, money, clock);
}

bool is_same(const std::vector<UnitLine>& had, const std::vector<core::UnitItem>& items) {
    return had.size() == items.size() && std::all_of(items.begin(), items.end(), [&](const core::UnitItem& item) {
               return quantity_in(had, item.unit) == item.quantity;
           });
}

// The units of the tickets with these numbers that are still booked; throws where there are no such tickets, or
// somebody has used one.
std::vector<std::int32_t> tickets_to_cancel(const LiveBooking& booking, const std::vector<std::int32_t>& units) {
    static constinit Statement statement("SELECT u.unit, u.status FROM booking.booking_units AS u"
                                         " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit = ANY ($3)"
                                         " ORDER BY u.unit");
    const Rows rows = statement.write({booking.organization, booking.id, int4_array(units)});
    std::vector<std::int32_t> found;
    std::vector<std::int32_t> booked;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        found.push_back(rows.int4(row, 1));
        if (rows.bytes(row, 2) == "booked") {
            booked.push_back(rows.int4(row, 1));
        }
    }
    for (const std::int32_t unit : units) {
        if (!std::binary_search(found.begin(), found.end(), unit)) {
            throw Refusal(RefusalKind::invalid_unit,
                          "booking " + uuid_text(booking.id) + " has no unit " + std::to_string(unit), {}, {}, "units");
        }
    }
    return booked;
}

struct Tickets {
    std::vector<std::int32_t> numbers;
    std::vector<std::string> units;
    std::vector<std::int64_t> prices;
};

Tickets tickets_of(const LiveBooking& booking, const std::vector<std::int32_t>& numbers) {
    static constinit Statement statement("SELECT u.unit, u.unit_code, u.price_minor FROM booking.booking_units AS u"
                                         " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit = ANY ($3)"
                                         " ORDER BY u.unit");
    const Rows rows = statement.write({booking.organization, booking.id, int4_array(numbers)});
    Tickets tickets;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        tickets.numbers.push_back(rows.int4(row, 1));
        tickets.units.emplace_back(rows.bytes(row, 2));
        tickets.prices.push_back(rows.int8(row, 3));
    }
    return tickets;
}

void write_cancelled(const LiveBooking& booking, const Tickets& tickets, std::int64_t kept, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.booking_units AS u SET status = 'cancelled', cancelled_at = $4, kept_minor = $5,"
        "       ticket_hash = NULL, ticket_salt = NULL"
        " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit = $3");
    const std::vector<std::int64_t> parts = core::split_amount(kept, tickets.prices);
    for (std::size_t i = 0; i < tickets.numbers.size(); ++i) {
        statement.write({booking.organization, booking.id, tickets.numbers.at(i), Value::timestamp(clock),
                         Value::int8(parts.at(i))});
    }
}

void cancel_tickets(const LiveBooking& booking, const std::vector<std::int32_t>& numbers,
                    const core::CancellationWish& wish) {
    const TimestampTz clock = settings::now();
    const Tickets tickets = tickets_of(booking, numbers);
    const auto had = unit_lines_in(booking.unit_items);
    const auto left = core::without_units(had, tickets.units);
    if (left.empty()) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "these are all units of booking " + uuid_text(booking.id) + " that are left", {},
                      "Cancel the booking: booking.cancel_booking().");
    }
    const core::UnitOrder order =
        core::order_units(left, unit_rules_of(booking.organization, booking.reservation->session), had);
    const std::int64_t price = std::accumulate(tickets.prices.begin(), tickets.prices.end(), std::int64_t{0});
    const std::int64_t refund =
        core::refund_of(wish, {booking.is_staff, is_past_cutoff(booking, clock), price, booking.refund_percent, 1, 0});
    const BookingMoney money = money_of(booking);
    write_cancelled(booking, tickets, price - refund, clock);
    write_composition(booking, order, money, clock);
}

Datum change_units_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    (void)jsonb_argument(call, 1, "unit_items");
    const auto items = unit_items_argument(call, 1);
    return booking_result(call, change_units(call, {id, optional_int8(call, 2), optional_text(call, 3)}, items));
}

Datum cancel_units_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    const std::vector<std::int32_t> units = int4s_argument(call, 1, "units");
    if (units.empty()) {
        throw Refusal(RefusalKind::invalid_unit, "units must name at least one unit of the booking", {}, {}, "units");
    }
    const core::CancellationWish wish = core::read_cancellation(optional_text(call, 2), optional_int8(call, 3),
                                                                boolean_argument(call, 4, "override"), std::nullopt);
    const BookingCaller caller{id, optional_int8(call, 5), optional_text(call, 6)};
    const VisitorScope scope(call, caller.token.has_value());
    const LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    check_is_to_come(booking, "changed");
    check_has_units(booking);
    const auto numbers = tickets_to_cancel(booking, units);
    if (!numbers.empty()) {
        check_version(booking, caller.expected_version);
        cancel_tickets(booking, numbers, wish);
    }
    return booking_result(call, booking);
}

} // namespace

void change_composition(const LiveBooking& booking, const std::vector<core::UnitItem>& items) {
    const TimestampTz clock = settings::now();
    check_cutoff(booking, clock);
    const auto had = unit_lines_in(booking.unit_items);
    const auto order = core::order_units(items, unit_rules_of(booking.organization, booking.reservation->session), had);
    check_party_may_be(booking, order.seats);
    if (std::any_of(order.lines.begin(), order.lines.end(),
                    [&](const UnitLine& line) { return quantity_in(had, line.unit) == 0; })) {
        check_currency(booking);
    }
    const BookingMoney money = money_of(booking);
    change_tickets(booking, had, order.lines);
    write_composition(booking, order, money, clock);
}

LiveBooking change_units(const Call& call, const BookingCaller& caller, const std::vector<core::UnitItem>& items) {
    const VisitorScope scope(call, caller.token.has_value());
    LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    check_is_to_come(booking, "changed");
    check_has_units(booking);
    if (!is_same(unit_lines_in(booking.unit_items), items)) {
        check_version(booking, caller.expected_version);
        change_composition(booking, items);
    }
    return booking;
}

PGBK_WRITER(change_units, change_units_body);
PGBK_WRITER(cancel_units, cancel_units_body);

} // namespace pgbk
