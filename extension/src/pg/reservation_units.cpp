// update_reservation_units: a hold gets other units, as long as it is one.
#include "core/validation.hpp"
#include "pg/capacity.hpp"
#include "pg/confirmation.hpp"
#include "pg/payment_calls.hpp"
#include "pg/reservation.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

struct Limits {
    std::int32_t least;
    std::int32_t most;
    std::int32_t capacity;
    std::optional<std::int32_t> unpaid_percent;
};

Limits limits_of(const Reservation& reservation) {
    static constinit Statement statement(
        "SELECT a.party_size_min, COALESCE(a.party_size_max, s.capacity_total), s.capacity_total,"
        "       a.unpaid_percent_max"
        "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({reservation.organization, reservation.session});
    if (rows.empty()) {
        refuse_unknown_session(reservation.session);
    }
    return {rows.int4(0, 1), rows.int4(0, 2), rows.int4(0, 3),
            rows.is_null(0, 4) ? std::nullopt : std::optional(rows.int4(0, 4))};
}

// Seats that count as unpaid are only taken within the share that the activity allows, if it still has one; a single
// party may be larger, as in reserve_slot.
bool take(const Reservation& reservation, std::int32_t more, const Limits& limits, TimestampTz clock) {
    constexpr std::int64_t whole = 100;
    const capacity::Seats seats{reservation.organization, reservation.session, more, reservation.counted_unpaid};
    if (!reservation.counted_unpaid) {
        return capacity::take_or_sold_out(seats, clock);
    }
    const std::int64_t share = std::int64_t{limits.capacity} * limits.unpaid_percent.value_or(whole) / whole;
    const auto most = std::max(static_cast<std::int32_t>(share), reservation.party_size + more);
    return capacity::take(seats, clock, capacity::Expired::leave, most) ||
           capacity::take(seats, clock, capacity::Expired::reclaim, most);
}

void change_seats(const Reservation& reservation, std::int32_t seats, TimestampTz clock) {
    const std::int32_t more = seats - reservation.party_size;
    const Limits limits = limits_of(reservation);
    core::check_party_fits(seats, limits.least, std::max(limits.most, reservation.party_size));
    if (more > 0 && !take(reservation, more, limits, clock)) {
        throw Refusal(RefusalKind::sold_out,
                      "session " + uuid_text(reservation.session) +
                          " has not enough seats left: " + std::to_string(more) + " more are wanted",
                      "Or it is no longer on sale. The hold stays as it is.");
    }
    if (more < 0) {
        capacity::give({reservation.organization, reservation.session, -more, reservation.counted_unpaid});
    }
}

Rows state_of(const Reservation& reservation) {
    static constinit Statement statement("SELECT r.party_size, " PGBK_UNITS_PRICE_SQL(
        "r.unit_items") ", COALESCE(h.currency, a.currency), r.expires_at"
                        "  FROM booking.slot_reservations AS r"
                        "  JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = r.session_id"
                        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
                        "  LEFT JOIN LATERAL (SELECT x.currency FROM booking.activity_prices AS x"
                        "                      WHERE x.organization_id = $1 AND x.activity_id = a.id AND x.valid_until "
                        "> r.created_at"
                        "                      ORDER BY x.valid_until LIMIT 1) AS h ON true"
                        " WHERE r.organization_id = $1 AND r.id = $2");
    return statement.write({reservation.organization, reservation.id});
}

// What is added costs what it costs now, which has to be money of the same kind.
void check_currency(const Reservation& reservation, const std::vector<core::UnitLine>& had,
                    const std::vector<core::UnitLine>& wanted) {
    static constinit Statement statement("SELECT a.currency FROM booking.sessions AS s"
                                         "  JOIN booking.activities AS a ON a.organization_id = $1"
                                         "                              AND a.id = s.activity_id"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    const bool has_more = std::any_of(wanted.begin(), wanted.end(), [&](const core::UnitLine& line) {
        return core::quantity_in(wanted, line.unit) > core::quantity_in(had, line.unit);
    });
    const Rows rows = statement.write({reservation.organization, reservation.session});
    const std::string_view currency = price_of(reservation).currency;
    if (has_more && rows.bytes(0, 1) != currency) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      "reservation " + uuid_text(reservation.id) + " is in " + std::string(currency) +
                          ", and what the activity sells now costs " + std::string(rows.bytes(0, 1)),
                      {}, "Hold what is to be added by itself.");
    }
}

Datum update_reservation_units_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "reservation_id");
    (void)jsonb_argument(call, 1, "unit_items");
    const auto items = unit_items_argument(call, 1);
    const Reservation reservation =
        lock_reservation(call, id, optional_text(call, 2), "change a reservation without its hold token");
    const TimestampTz clock = settings::now();
    check_is_live(reservation, clock);
    const auto had = unit_lines_in(reservation.unit_items);
    const auto order = core::order_units(items, unit_rules_of(reservation.organization, reservation.session), had);
    if (order.lines != had) {
        static constinit Statement statement(
            "UPDATE booking.slot_reservations AS r SET party_size = $3, unit_items = $4::jsonb"
            " WHERE r.organization_id = $1 AND r.id = $2 AND r.status = 'pending'");
        check_currency(reservation, had, order.lines);
        const Price before = price_of(reservation);
        change_seats(reservation, order.seats, clock);
        const std::string units = core::unit_lines_text(order.lines);
        statement.write({reservation.organization, reservation.id, order.seats, std::string_view(units)});
        if (before.amount != order.price) {
            renew_hold_payment(reservation.organization, reservation.id);
        }
    }
    const Rows rows = state_of(reservation);
    return record_result(call, {rows.int4(0, 1), Value::int8(rows.int8(0, 2)), rows.bytes(0, 3),
                                Value::timestamp(rows.timestamp(0, 4))});
}

} // namespace

PGBK_WRITER(update_reservation_units, update_reservation_units_body);

} // namespace pgbk
