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
        "           'scheduledEnd', t.scheduled_end, 'meetingUrl', b.meeting_url, 'calBookingId', b.cal_booking_id,"
        "           'paymentUrl', CASE b.status WHEN 'pending' THEN c.url END,"
        "           'paymentPending', CASE WHEN b.status = 'pending' AND c.is_awaited THEN true END,"
        "           'expiresAt', t.expires_at, 'createdAt', t.created_at, 'sessionsIncluded', b.sessions_included,"
        "           'sessionsScheduled',"
        "           (SELECT count(*) FROM booking.bookings AS x"
        "             WHERE x.organization_id = $1 AND x.package_booking_id = b.id AND " PGBK_USED_SQL ")"
        "           + (SELECT count(*) FROM booking.bookings AS x"
        "               WHERE x.organization_id = $1 AND x.id = b.id AND " PGBK_USED_SQL ")))"
        "  FROM booking.bookings AS b"
        " CROSS JOIN LATERAL (SELECT " PGBK_INSTANT_SQL(
            "b.scheduled_start") " AS scheduled_start,"
                                 "                            " PGBK_INSTANT_SQL(
                                     "b.scheduled_end") " AS scheduled_end,"
                                                        "                            " PGBK_INSTANT_SQL(
                                                            "b.expires_at") " AS expires_at,"
                                                                            "                           "
                                                                            " " PGBK_INSTANT_SQL(
                                                                                "b.created_at") " AS created_at) AS t"
                                                                                                "  LEFT JOIN LATERAL "
                                                                                                "(" PGBK_PAYMENT_PAGE_SQL(
                                                                                                    "booking_id",
                                                                                                    "b.id") ") AS c ON "
                                                                                                            "true"
                                                                                                            " WHERE "
                                                                                                            "b."
                                                                                                            "organizati"
                                                                                                            "on_id = "
                                                                                                            "$1 AND "
                                                                                                            "b.token_"
                                                                                                            "hash = "
                                                                                                            "$2");
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
