// reservation_status: how a hold stands and what it costs, for whoever has its token.
#include "core/token.hpp"
#include "pg/booking_answer.hpp"
#include "pg/reservation.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

namespace pgbk {

namespace {

Datum reservation_status_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "reservation_id");
    const std::string_view token = text_argument(call, 1, "hold_token");
    // A hold that has run out is expired, whether the job has been there or not; one that is a booking costs what was
    // agreed.
    static constinit Statement statement(
        // clang-format off
        "SELECT r.token_hash, jsonb_strip_nulls(jsonb_build_object("
        "           'reservation_id', r.id, 'session_id', r.session_id, 'party_size', r.party_size,"
        "           'unit_items', COALESCE(b.unit_items, r.unit_items),"
        "           'status', CASE WHEN r.status = 'pending' AND r.expires_at <= $3 THEN 'expired' ELSE r.status END,"
        "           'expires_at', r.expires_at_text, 'price_minor', c.price_minor,"
        "           'currency', COALESCE(b.currency, h.currency, a.currency),"
        "           'requires_payment', b.id IS NULL AND c.price_minor > 0,"
        "           'payment_url', CASE WHEN b.id IS NULL AND c.price_minor > 0 THEN"
        "               COALESCE(CASE r.status WHEN 'pending' THEN p.url END,"
        "                        replace(a.payment_url, '{reservationId}', r.id::text)) END,"
        "           'payment_pending', CASE WHEN r.status = 'pending' AND p.is_awaited THEN true END,"
        "           'payment_failed', CASE WHEN r.status = 'pending' AND p.has_failed THEN true END,"
        "           'booking_id', b.id, 'booking_number', b.booking_number, 'booking_status', b.status,"
        "           'payment_status', b.payment_status))"
        "  FROM (SELECT x.*, " PGBK_INSTANT_SQL("x.expires_at") " AS expires_at_text"
        "          FROM booking.slot_reservations AS x WHERE x.organization_id = $1 AND x.id = $2) AS r"
        "  LEFT JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = r.session_id"
        "  LEFT JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        "  LEFT JOIN booking.bookings AS b ON b.organization_id = $1 AND b.reservation_id = r.id"
        "  LEFT JOIN LATERAL (" PGBK_PAYMENT_PAGE_SQL("reservation_id", "r.id") ") AS p ON true"
        "  LEFT JOIN LATERAL (SELECT x.* FROM booking.activity_prices AS x" // what it cost when it was held
        "                      WHERE x.organization_id = $1 AND x.activity_id = a.id AND x.valid_until > r.created_at"
        "                      ORDER BY x.valid_until LIMIT 1) AS h ON true"
        " CROSS JOIN LATERAL (SELECT COALESCE(b.amount_cents, " PGBK_UNITS_PRICE_SQL("r.unit_items") ","
        "                        " PGBK_DEFAULT_UNIT_PRICE_SQL("r.created_at") " * r.party_size,"
        "                        CASE WHEN h.activity_id IS NULL"
        "                             THEN a.price_minor * CASE a.price_basis WHEN 'seat' THEN r.party_size ELSE 1 END"
        "                             ELSE h.price_minor * CASE h.price_basis WHEN 'seat' THEN r.party_size ELSE 1 END"
        "                             END)"
        "                        AS price_minor) AS c");
    // clang-format on
    const Rows rows = statement.read({core::organization_of(id).value_or(0), id, Value::timestamp(settings::now())});
    if (rows.empty()) {
        refuse_unknown_reservation(id);
    }
    check_hold_token(token, rows.bytes(0, 1), id);
    return copied_result(call, rows, 0, 2);
}

} // namespace

PGBK_READER(reservation_status, reservation_status_body);

} // namespace pgbk
