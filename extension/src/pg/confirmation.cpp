#include "pg/confirmation.hpp"

#include "core/personal_data.hpp"
#include "pg/capacity.hpp"
#include "pg/identity.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

// The hold has run out and its seats were given back: take them again, or say that the money must go back.
void retake(const Reservation& reservation, TimestampTz clock) {
    if (capacity::take_or_sold_out({reservation.organization, reservation.session, reservation.party_size}, clock)) {
        return;
    }
    throw Refusal(RefusalKind::late_confirmation_refused,
                  "the hold " + uuid_text(reservation.id) + " ran out at " + timestamp_text(reservation.expires_at) +
                      " and its session has no room for a party of " + std::to_string(reservation.party_size),
                  "The reservation stays expired; no booking was made.",
                  "If the customer has paid, a refund is due; offer another session.");
}

void check_may_be_confirmed(const Reservation& reservation) {
    if (reservation.status == "cancelled") {
        throw Refusal(RefusalKind::reservation_cancelled, "reservation " + uuid_text(reservation.id) + " was cancelled",
                      {}, "If the customer has paid, a refund is due; a new hold needs reserve_slot.");
    }
    if (core::is_erased_address(reservation.customer_email)) {
        throw Refusal(RefusalKind::reservation_cancelled,
                      "reservation " + uuid_text(reservation.id) + " is nobody's any more", "Its address was erased.",
                      "If the customer has paid, a refund is due; a new hold needs reserve_slot.");
    }
}

ConfirmedBooking make_booking(const Reservation& reservation, const Price& price, const Contact& contact,
                              TimestampTz clock) {
    static constinit Statement statement(
        "INSERT INTO booking.bookings (organization_id, id, booking_number, reservation_id, session_id, customer_id,"
        "       customer_name, customer_phone, customer_email, party_size, status, payment_status, amount_cents,"
        "       currency, scheduled_start, scheduled_end, cancel_cutoff_seconds, cancel_refund_percent,"
        "       seat_price_minor, created_at, updated_at, unit_items)"
        " SELECT $1, $2, $3, $4, s.id, $6, $7, $8, $9, $10, 'confirmed', $11, $12, $13, s.start_time, s.end_time,"
        "        a.cancel_cutoff_seconds, a.cancel_refund_percent,"
        "        CASE WHEN a.price_basis = 'seat' AND $15 IS NULL THEN $12 / $10 END, $14, $14, $15"
        "   FROM booking.sessions AS s"
        "   JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        "  WHERE s.organization_id = $1 AND s.id = $5"
        " RETURNING id, booking_number, status, payment_status");
    const std::string number = unused_booking_number(reservation.organization);
    const std::string_view payment_status = price.amount == 0 ? "not_required" : "paid";
    const Rows rows = statement.write(
        {reservation.organization, new_id(reservation.organization), std::string_view(number), reservation.id,
         reservation.session, customer_of(reservation.organization, reservation.customer_email, contact),
         text_or_null(contact.name), text_or_null(contact.phone), reservation.customer_email, reservation.party_size,
         payment_status, Value::int8(price.amount), price.currency, Value::timestamp(clock),
         reservation.unit_items.has_value() ? Value::jsonb(*reservation.unit_items) : Value::null(JSONBOID)});
    if (reservation.unit_items.has_value()) {
        write_tickets(reservation.organization, rows.uuid(0, 1), unit_lines_in(reservation.unit_items));
    }
    return ConfirmedBooking{rows.uuid(0, 1), rows.bytes(0, 2), rows.bytes(0, 3), rows.bytes(0, 4)};
}

} // namespace

std::optional<ConfirmedBooking> booking_of(const Reservation& reservation) {
    static constinit Statement statement("SELECT b.id, b.booking_number, b.status, b.payment_status"
                                         "  FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1 AND b.reservation_id = $2");
    const Rows rows = statement.write({reservation.organization, reservation.id});
    if (rows.empty()) {
        return std::nullopt;
    }
    return ConfirmedBooking{rows.uuid(0, 1), rows.bytes(0, 2), rows.bytes(0, 3), rows.bytes(0, 4)};
}

Price price_of(const Reservation& reservation) {
    static constinit Statement statement("SELECT COALESCE(" PGBK_UNITS_PRICE_SQL("$5") ", " PGBK_DEFAULT_UNIT_PRICE_SQL(
        "$4") " * $3,"
              "           CASE WHEN h.activity_id IS NULL"
              "                THEN a.price_minor * CASE a.price_basis WHEN 'seat' THEN $3 ELSE 1 END"
              "                ELSE h.price_minor * CASE h.price_basis WHEN 'seat' THEN $3 ELSE 1 END END),"
              "       COALESCE(h.currency, a.currency), s.status"
              "  FROM booking.sessions AS s"
              "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
              "  LEFT JOIN LATERAL (SELECT x.* FROM booking.activity_prices AS x"
              "                      WHERE x.organization_id = $1 AND x.activity_id = a.id AND x.valid_until > $4"
              "                      ORDER BY x.valid_until LIMIT 1) AS h ON true"
              " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write(
        {reservation.organization, reservation.session, reservation.party_size,
         Value::timestamp(reservation.created_at),
         reservation.unit_items.has_value() ? Value::jsonb(*reservation.unit_items) : Value::null(JSONBOID)});
    if (rows.empty()) {
        refuse_unknown_session(reservation.session);
    }
    if (rows.bytes(0, 3) == "cancelled") {
        throw Refusal(RefusalKind::session_cancelled,
                      "session " + uuid_text(reservation.session) + " was cancelled while the hold was pending", {},
                      "If the customer has paid, a refund is due.");
    }
    return Price{rows.int8(0, 1), rows.bytes(0, 2)};
}

ConfirmedBooking confirm_hold(const Reservation& reservation, const Contact& contact, bool may_confirm_paid) {
    if (reservation.status == "confirmed") {
        if (const auto booking = booking_of(reservation); booking.has_value()) {
            return *booking;
        }
    }
    check_may_be_confirmed(reservation);
    const TimestampTz clock = settings::now();
    const Price price = price_of(reservation);
    if (price.amount > 0 && !may_confirm_paid) {
        throw Refusal(RefusalKind::payment_required,
                      "reservation " + uuid_text(reservation.id) + " costs " + std::to_string(price.amount) +
                          " minor units of " + std::string(price.currency),
                      {}, "It is confirmed by the server once the payment has arrived.");
    }
    if (reservation.status == "expired") {
        retake(reservation, clock);
    }
    settle(reservation, "confirmed", clock);
    if (reservation.status == "pending") {
        capacity::count_as_paid(
            {reservation.organization, reservation.session, reservation.party_size, reservation.counted_unpaid});
    }
    return make_booking(reservation, price, contact, clock);
}

} // namespace pgbk
