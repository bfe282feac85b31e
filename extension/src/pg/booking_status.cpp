// booking_status: how a booking stands, for whoever has its token.
#include "core/booking_request.hpp"
#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/booking_answer.hpp"
#include "pg/digest.hpp"

namespace pgbk {

namespace {

Datum booking_status_body(Call& call) {
    static constinit Statement statement(
        "SELECT jsonb_strip_nulls(jsonb_build_object("
        "           'id', b.id, 'status', b.status, 'paymentStatus', b.payment_status, 'packageId', b.package_id,"
        "           'amountCents', b.amount_cents, 'currency', b.currency, 'customerName', b.customer_name,"
        "           'customerEmail', b.customer_email, 'scheduledStart', t.scheduled_start,"
        "           'scheduledEnd', t.scheduled_end, 'requestedStart', t.wanted_start, 'requestedEnd', t.wanted_end,"
        "           'needsReschedule', CASE WHEN s.needs_reschedule THEN true END,"
        "           'meetingUrl', b.meeting_url, 'calBookingId', b.cal_booking_id,"
        "           'paymentUrl', CASE b.status WHEN 'pending' THEN c.url END,"
        "           'paymentPending', CASE WHEN b.status = 'pending' AND c.is_awaited THEN true END,"
        "           'expiresAt', t.expires_at, 'createdAt', t.created_at, 'sessionsIncluded', b.sessions_included,"
        "           'sessionsScheduled', s.used))"
        "  FROM booking.bookings AS b"
        " CROSS JOIN LATERAL (SELECT to_char(b.scheduled_start" PGBK_AS_INSTANT_SQL " AS scheduled_start,"
        "                            to_char(b.scheduled_end" PGBK_AS_INSTANT_SQL " AS scheduled_end,"
        "                            to_char(b.wanted_start" PGBK_AS_INSTANT_SQL " AS wanted_start,"
        "                            to_char(b.wanted_end" PGBK_AS_INSTANT_SQL " AS wanted_end,"
        "                            to_char(b.expires_at" PGBK_AS_INSTANT_SQL " AS expires_at,"
        "                            to_char(b.created_at" PGBK_AS_INSTANT_SQL " AS created_at) AS t"
        " CROSS JOIN LATERAL ("
        "       SELECT count(*) FILTER (WHERE " PGBK_USED_SQL ") AS used,"
        "              bool_or(x.needs_reschedule AND x.status <> 'cancelled') AS needs_reschedule"
        "         FROM (SELECT o.status, o.wanted_start, o.needs_reschedule FROM booking.bookings AS o"
        "                WHERE o.organization_id = $1 AND o.id = b.id"
        "               UNION ALL"
        "               SELECT f.status, f.wanted_start, f.needs_reschedule FROM booking.bookings AS f"
        "                WHERE f.organization_id = $1 AND f.package_booking_id = b.id) AS x) AS s"
        "  LEFT JOIN LATERAL (" PGBK_PAYMENT_PAGE_SQL("booking_id",
                                                      "b.id") ") AS c ON true"
                                                              " WHERE b.organization_id = $1 AND b.token_hash = $2");
    const core::BookingToken token = core::read_booking_token(text_argument(call, 0, "token"), "token");
    const Digest hash = sha256_of(as_bytes(token.token));
    const Rows rows = statement.read({token.organization, Value::bytea(as_bytes(hash))});
    if (rows.empty()) {
        throw core::Refusal(core::RefusalKind::booking_not_found, "no booking has this token");
    }
    return copied_result(call, rows, 0, 1);
}

} // namespace

PGBK_READER(booking_status, booking_status_body);

} // namespace pgbk
