// booking_status: how a booking stands, for whoever has its token.
#include "core/booking_request.hpp"
#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/booking_answer.hpp"
#include "pg/digest.hpp"

namespace pgbk {

namespace {

Datum booking_status_body(Call& call) {
    static constinit Statement
        statement(
            "SELECT jsonb_strip_nulls(jsonb_build_object("
            "           'id', b.id, 'status', b.status, 'paymentStatus', b.payment_status, 'packageId', b.package_id,"
            "           'amountCents', b.amount_cents, 'currency', b.currency, 'customerName', b.customer_name,"
            "           'customerEmail', b.customer_email,"
            "           'scheduledStart', " PGBK_INSTANT_SQL(
                "b.scheduled_start") ","
                                     "           'scheduledEnd', " PGBK_INSTANT_SQL(
                                         "b.scheduled_end") ","
                                                            "           'requestedStart', " PGBK_INSTANT_SQL(
                                                                "b.wanted_start") ","
                                                                                  "           "
                                                                                  "'requestedEnd', " PGBK_INSTANT_SQL(
                                                                                      "b.wanted_end") ","
                                                                                                      "           "
                                                                                                      "'needsReschedule"
                                                                                                      "', CASE WHEN "
                                                                                                      "b.needs_"
                                                                                                      "reschedule OR "
                                                                                                      "s.needs_"
                                                                                                      "reschedule THEN "
                                                                                                      "true END,"
                                                                                                      "           "
                                                                                                      "'meetingUrl', "
                                                                                                      "b.meeting_url, "
                                                                                                      "'calBookingId', "
                                                                                                      "b.cal_booking_"
                                                                                                      "id,"
                                                                                                      "           "
                                                                                                      "'expiresAt',"
                                                                                                      " " PGBK_INSTANT_SQL(
                                                                                                          "b.expires_"
                                                                                                          "at") ","
                                                                                                                "      "
                                                                                                                "     "
                                                                                                                "'creat"
                                                                                                                "edAt',"
                                                                                                                " " PGBK_INSTANT_SQL(
                                                                                                                    "b."
                                                                                                                    "cr"
                                                                                                                    "ea"
                                                                                                                    "te"
                                                                                                                    "d_"
                                                                                                                    "a"
                                                                                                                    "t") ","
                                                                                                                         "           'sessionsIncluded', b.sessions_included, 'sessionsScheduled', s.used))"
                                                                                                                         "  FROM booking.bookings AS b"
                                                                                                                         " CROSS JOIN LATERAL ("
                                                                                                                         "       SELECT count(*) FILTER (WHERE " PGBK_USED_SQL
                                                                                                                         ") AS used,"
                                                                                                                         "              COALESCE(bool_or(x.needs_reschedule AND x.status <> 'cancelled'), false) AS needs_reschedule"
                                                                                                                         "         FROM (SELECT x.* FROM booking.bookings AS x WHERE x.organization_id = $1 AND x.id = b.id"
                                                                                                                         "               UNION ALL"
                                                                                                                         "               SELECT x.* FROM booking.bookings AS x"
                                                                                                                         "                WHERE x.organization_id = $1 AND x.package_booking_id = b.id) AS x) AS s"
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
