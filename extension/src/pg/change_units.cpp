// change_units and cancel_units: a booking that is made of units gets others, or some of its tickets are cancelled.
#include "pg/array.hpp"
#include "pg/booking_changes.hpp"
#include "pg/party_change.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

#include <algorithm>
#include <map>
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

struct Tickets {
    std::vector<std::int32_t> numbers;
    std::vector<UnitLine> lines; // of one each
    std::vector<std::int64_t> prices;

    void add(std::int32_t number, const UnitLine& line) {
        numbers.push_back(number);
        lines.push_back(line);
        prices.push_back(line.price);
    }
    std::int64_t price() const { return std::accumulate(prices.begin(), prices.end(), std::int64_t{0}); }
};

// Those that are still booked, in the order in which they were bought.
Tickets tickets_of(const LiveBooking& booking) {
    static constinit Statement statement(
        "SELECT u.unit, u.unit_code, u.price_minor, u.pax_count FROM booking.booking_units AS u"
        " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.status = 'booked' ORDER BY u.unit");
    const Rows rows = statement.write({booking.organization, booking.id});
    Tickets tickets;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        tickets.add(rows.int4(row, 1), {std::string(rows.bytes(row, 2)), 1, rows.int8(row, 3), rows.int4(row, 4)});
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

// Of those for which nothing is kept there is nothing to tell.
void remove_tickets(const LiveBooking& booking, const Tickets& tickets, std::int64_t kept, TimestampTz clock) {
    static constinit Statement statement("DELETE FROM booking.booking_units AS u"
                                         " WHERE u.organization_id = $1 AND u.booking_id = $2 AND u.unit = ANY ($3)");
    if (kept > 0) {
        write_cancelled(booking, tickets, kept, clock);
    } else if (!tickets.numbers.empty()) {
        statement.write({booking.organization, booking.id, int4_array(tickets.numbers)});
    }
}

// Of each unit those that are too many, the last ones.
Tickets tickets_to_remove(const Tickets& tickets, const std::vector<UnitLine>& wanted) {
    std::map<std::string_view, std::int32_t> less;
    const auto items = core::items_of(tickets.lines);
    for (const core::UnitItem& item : items) {
        less[item.unit] = item.quantity - core::quantity_in(wanted, item.unit);
    }
    Tickets removed;
    for (std::size_t i = tickets.numbers.size(); i-- > 0;) {
        const UnitLine& ticket = tickets.lines.at(i);
        if (less.at(ticket.unit)-- > 0) {
            removed.add(tickets.numbers.at(i), ticket);
        }
    }
    return removed;
}

// What there is more of; it is in the last line of its unit, which has its price.
std::vector<UnitLine> lines_to_add(const Tickets& tickets, const std::vector<UnitLine>& wanted) {
    std::vector<UnitLine> more;
    for (const core::UnitItem& item : core::items_of(wanted)) {
        const std::int32_t added = item.quantity - core::quantity_in(tickets.lines, item.unit);
        if (added > 0) {
            const auto last = std::find_if(wanted.rbegin(), wanted.rend(),
                                           [&](const UnitLine& line) { return line.unit == item.unit; });
            more.push_back({last->unit, added, last->price, last->seats});
        }
    }
    return more;
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
    return core::items_of(had).size() == items.size() &&
           std::all_of(items.begin(), items.end(),
                       [&](const core::UnitItem& item) { return core::quantity_in(had, item.unit) == item.quantity; });
}

// The tickets with these numbers that are still booked, by number; throws where there are no such tickets, or
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

void cancel_tickets(const LiveBooking& booking, const std::vector<std::int32_t>& numbers,
                    const core::CancellationWish& wish) {
    const TimestampTz clock = settings::now();
    Tickets gone;
    Tickets left;
    const Tickets all = tickets_of(booking);
    for (std::size_t i = 0; i < all.numbers.size(); ++i) {
        const std::int32_t number = all.numbers.at(i);
        const bool goes = std::binary_search(numbers.begin(), numbers.end(), number);
        (goes ? gone : left).add(number, all.lines.at(i));
    }
    if (left.numbers.empty()) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "these are all units of booking " + uuid_text(booking.id) + " that are left", {},
                      "Cancel the booking: booking.cancel_booking().");
    }
    const auto rules = unit_rules_of(booking.organization, booking.reservation->session);
    const auto items = core::items_of(left.lines);
    (void)core::order_units(items, rules, all.lines);
    const BookingMoney money = money_of(booking.organization, booking.id);
    core::CancellationFacts facts{};
    facts.is_staff = booking.is_staff;
    facts.is_past_cutoff = is_past_cutoff(booking, clock);
    facts.there = std::max<std::int64_t>(gone.price() - money.owing, 0); // the rest was never paid
    facts.percent = booking.refund_percent;
    write_cancelled(booking, gone, facts.there - core::refund_of(wish, facts), clock);
    write_composition(booking, core::order_units(items, rules, left.lines), money, clock);
}

Datum change_units_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "booking_id");
    (void)jsonb_argument(call, 1, "unit_items");
    const auto items = unit_items_argument(call, 1);
    const core::CancellationWish wish =
        core::read_cancellation(optional_text(call, 4), optional_int8(call, 5), false, std::nullopt);
    return booking_result(call, change_units(call, {id, optional_int8(call, 2), optional_text(call, 3)}, items, wish));
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

void change_composition(const LiveBooking& booking, const std::vector<core::UnitItem>& items,
                        const core::CancellationWish& wish) {
    const TimestampTz clock = settings::now();
    check_cutoff(booking, clock);
    const Tickets had = tickets_of(booking);
    const auto rules = unit_rules_of(booking.organization, booking.reservation->session);
    const auto order = core::order_units(items, rules, had.lines);
    check_party_may_be(booking, order.seats);
    const Tickets removed = tickets_to_remove(had, order.lines);
    const auto added = lines_to_add(had, order.lines);
    if (!added.empty()) {
        check_currency(booking);
    }
    const BookingMoney money = money_of(booking.organization, booking.id);
    const std::int64_t cheaper = std::max<std::int64_t>(removed.price() - core::order_of(added).price, 0);
    remove_tickets(booking, removed, kept_of_change(booking, money, wish, cheaper, clock), clock);
    if (!added.empty()) {
        write_tickets(booking.organization, booking.id, added);
    }
    write_composition(booking, order, money, clock);
}

LiveBooking change_units(const Call& call, const BookingCaller& caller, const std::vector<core::UnitItem>& items,
                         const core::CancellationWish& wish) {
    const VisitorScope scope(call, caller.token.has_value());
    LiveBooking booking = lock_live_booking(call, caller.booking, caller.token);
    check_is_to_come(booking, "changed");
    check_has_units(booking);
    if (!is_same(unit_lines_in(booking.unit_items), items)) {
        check_version(booking, caller.expected_version);
        change_composition(booking, items, wish);
    }
    return booking;
}

PGBK_WRITER(change_units, change_units_body);
PGBK_WRITER(cancel_units, cancel_units_body);

} // namespace pgbk
