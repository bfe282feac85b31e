#include "pg/live_booking.hpp"

#include "core/booking_token.hpp"
#include "core/token.hpp"
#include "pg/access.hpp"
#include "pg/booking_account.hpp"
#include "pg/booking_answer.hpp"
#include "pg/digest.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

[[noreturn]] void refuse_unknown(const core::Uuid& id) {
    throw Refusal(RefusalKind::booking_not_found, "no booking has the id " + uuid_text(id));
}

// Who may act for it, as last committed: reservation, hash of its own token, of its package's, of its hold's, and the
// customer's user.
Rows keys_of(std::int32_t organization, const core::Uuid& id) {
    static constinit Statement statement(
        "SELECT b.reservation_id, b.token_hash, p.token_hash, r.token_hash, c.user_id"
        "  FROM booking.bookings AS b"
        "  LEFT JOIN booking.bookings AS p ON p.organization_id = $1 AND p.id = b.package_booking_id"
        "  LEFT JOIN booking.slot_reservations AS r ON r.organization_id = $1 AND r.id = b.reservation_id"
        "  LEFT JOIN booking.customers AS c ON c.organization_id = $1 AND c.id = b.customer_id"
        " WHERE b.organization_id = $1 AND b.id = $2");
    return statement.write({organization, id});
}

// Of a booking, which names its organization, or of a hold.
std::optional<core::Token> token_in(std::string_view text, std::int32_t organization) {
    if (const auto token = core::parse_booking_token(text); token.has_value()) {
        return token->organization == organization ? std::optional(token->token) : std::nullopt;
    }
    return core::parse_token(text);
}

void check_token(const Rows& keys, std::string_view text, std::int32_t organization, const core::Uuid& id) {
    const auto token = token_in(text, organization);
    const Digest hash = token.has_value() ? sha256_of(as_bytes(*token)) : Digest{};
    bool fits = false;
    for (const int column : {2, 3, 4}) {
        fits = core::equal_in_constant_time(as_bytes(hash), keys.bytes(0, column)) || fits;
    }
    if (!token.has_value() || !fits) {
        throw Refusal(RefusalKind::wrong_booking_token, "the booking token does not belong to booking " + uuid_text(id),
                      {}, "Pass the bookingToken of booking_create, or the hold_token of reserve_slot.",
                      "booking_token");
    }
}

// True for staff, false for the customer; keys may be empty.
bool check_rights(const Call& call, const Rows& keys, std::int32_t organization, const core::Uuid& id) {
    const Standing standing = standing_in(call, organization);
    if (standing == Standing::trusted || standing == Standing::member) {
        return true;
    }
    const auto customer = claimed_customer(call);
    if (customer.has_value() && !keys.empty() && !keys.is_null(0, 5) && keys.bytes(0, 5) == *customer) {
        return false;
    }
    if (standing == Standing::none && !customer.has_value()) {
        throw Refusal(RefusalKind::no_right_to_booking,
                      "permission denied to act on a booking without its booking token", {},
                      "Pass booking_token, or call as a member of booking_member with your user id as claim \"sub\" "
                      "in request.jwt.claims.");
    }
    refuse_unknown(id);
}

LiveBooking locked_booking(std::int32_t organization, const core::Uuid& id) {
    static constinit Statement statement(
        "SELECT b.status, b.payment_status, b.refund_status, b.version, b.party_size, b.amount_cents,"
        "       b.seat_price_minor, b.cancel_cutoff_seconds, b.cancel_refund_percent, b.scheduled_start,"
        "       b.sessions_included, b.package_id IS NOT NULL, b.reservation_id, b.unit_items,"
        "       CASE WHEN b.unit_items IS NULL THEN b.party_size ELSE"
        "           (SELECT COALESCE(max(u.unit), 0) FROM booking.booking_units AS u"
        "             WHERE u.organization_id = $1 AND u.booking_id = $2) END,"
        "       b.added_seats, b.given_up_minor"
        "  FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $2 FOR NO KEY UPDATE");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        refuse_unknown(id);
    }
    LiveBooking booking{};
    booking.organization = organization;
    booking.id = id;
    booking.status = rows.bytes(0, 1);
    booking.payment_status = rows.bytes(0, 2);
    booking.refund_status = rows.bytes(0, 3);
    booking.version = rows.int8(0, 4);
    booking.party_size = rows.int4(0, 5);
    booking.price = rows.int8(0, 6);
    booking.seat_price = rows.is_null(0, 7) ? std::nullopt : std::optional(rows.int8(0, 7));
    booking.cutoff_seconds = rows.int4(0, 8);
    booking.refund_percent = rows.int4(0, 9);
    booking.start = rows.is_null(0, 10) ? std::nullopt : std::optional(rows.timestamp(0, 10));
    booking.sessions_included = rows.int4(0, 11);
    booking.is_of_package = rows.boolean(0, 12);
    booking.unit_items = rows.is_null(0, 14) ? std::nullopt : std::optional(rows.datum(0, 14));
    booking.unit_count = rows.int4(0, 15);
    booking.added_seats = rows.is_null(0, 16) ? std::nullopt : std::optional(rows.datum(0, 16));
    booking.given_up = rows.int8(0, 17);
    if (!rows.is_null(0, 13)) {
        booking.reservation = lock_hold(organization, rows.uuid(0, 13)); // already ours, see below
    }
    return booking;
}

} // namespace

VisitorScope::VisitorScope(const Call& call, bool has_token) {
    if (has_token && !is_trusted(call)) {
        scope_.emplace(ActorKind::visitor, "token");
    }
}

LiveBooking lock_live_booking(const Call& call, const core::Uuid& id, std::optional<std::string_view> token) {
    const auto organization = core::organization_of(id);
    const Rows keys = organization.has_value() ? keys_of(*organization, id) : Rows{};
    bool is_staff = is_trusted(call);
    if (!token.has_value()) {
        is_staff = check_rights(call, keys, organization.value_or(0), id);
    }
    if (keys.empty()) {
        refuse_unknown(id);
    }
    if (token.has_value()) {
        check_token(keys, *token, *organization, id);
    }
    (void)lock_account(*organization, id);
    LiveBooking booking = locked_booking(*organization, id);
    booking.is_staff = is_staff;
    if (booking.reservation.has_value() && (keys.is_null(0, 1) || keys.uuid(0, 1) != booking.reservation->id)) {
        // It was scheduled while we waited, and its reservation was not locked first.
        throw Refusal(RefusalKind::retry, "booking " + uuid_text(id) + " has just changed", {},
                      "Roll back and try again.");
    }
    return booking;
}

void check_version(const LiveBooking& booking, std::optional<std::int64_t> expected) {
    if (expected.has_value() && *expected != booking.version) {
        throw Refusal(RefusalKind::stale_version,
                      "booking " + uuid_text(booking.id) + " has version " + std::to_string(booking.version) +
                          ", not " + std::to_string(*expected),
                      {}, "Read it again and decide anew.", "expected_version");
    }
}

void check_is_to_come(const LiveBooking& booking, const char* what) {
    const std::string which = "booking " + uuid_text(booking.id);
    if (booking.status == "cancelled") {
        throw Refusal(RefusalKind::booking_cancelled, which + " was cancelled");
    }
    if (booking.status != "confirmed" && booking.status != "scheduled") {
        throw Refusal(RefusalKind::wrong_booking_state,
                      which + " is " + std::string(booking.status) + " and cannot be " + what);
    }
    static constinit Statement marked("SELECT 1 FROM booking.booking_units AS u"
                                      " WHERE u.organization_id = $1 AND u.booking_id = $2"
                                      "   AND u.status NOT IN ('booked', 'cancelled')");
    if (!marked.write({booking.organization, booking.id}).empty()) {
        throw Refusal(RefusalKind::wrong_booking_state,
                      which + " has units that are noted as absent, and cannot be " + what, {}, "Undo that first.");
    }
    if (!booking.reservation.has_value()) {
        throw Refusal(RefusalKind::wrong_booking_state, which + " has no session of ours and cannot be " + what, {},
                      "Its calendar keeps the appointment.");
    }
}

bool is_past_cutoff(const LiveBooking& booking, TimestampTz clock) {
    return booking.start.has_value() && clock > *booking.start - booking.cutoff_seconds * USECS_PER_SEC;
}

void check_cutoff(const LiveBooking& booking, TimestampTz clock) {
    if (!booking.is_staff && is_past_cutoff(booking, clock)) {
        throw Refusal(RefusalKind::past_cutoff,
                      "it was possible to change the booking until " +
                          timestamp_text(*booking.start - booking.cutoff_seconds * USECS_PER_SEC),
                      {}, "Ask the organization to change it.");
    }
}

// Of booking b, as m. Without payments, what an earlier change made due has gone back once somebody has said so.
#define PGBK_MONEY_SQL                                                                                                 \
    " CROSS JOIN LATERAL ("                                                                                            \
    "     SELECT count(*) > 0 AS is_known, COALESCE(sum(p.amount_minor), 0)::bigint AS captured,"                      \
    "            COALESCE(sum(p.amount_minor - p.refunded_minor"                                                       \
    "                         - LEAST(COALESCE(f.pending, 0), p.amount_minor - p.refunded_minor)), 0)::bigint"         \
    "                AS there,"                                                                                        \
    "            COALESCE(sum(f.due), 0)::bigint AS due"                                                               \
    "       FROM booking.payments AS p"                                                                                \
    "      CROSS JOIN LATERAL ("                                                                                       \
    "            SELECT sum(x.amount_minor) FILTER (WHERE x.status = 'pending') AS pending,"                           \
    "                   sum(x.amount_minor) FILTER (WHERE x.status = 'due') AS due"                                    \
    "              FROM booking.refunds AS x WHERE x.organization_id = $1 AND x.payment_id = p.id) AS f"               \
    "      WHERE p.organization_id = $1 AND p.booking_id = b.id AND p.accepted) AS l"                                  \
    " CROSS JOIN LATERAL ("                                                                                            \
    "     SELECT l.is_known, l.due,"                                                                                   \
    "            CASE WHEN l.is_known THEN l.captured"                                                                 \
    "                 WHEN b.payment_status IN ('paid', 'partially_refunded', 'refunded')"                             \
    "                 THEN w.paid ELSE 0 END AS paid,"                                                                 \
    "            CASE WHEN l.is_known THEN l.there"                                                                    \
    "                 WHEN b.payment_status IN ('paid', 'partially_refunded') THEN w.paid ELSE 0 END AS there,"        \
    "            CASE WHEN l.is_known THEN LEAST(b.returned_minor, l.captured - l.there) ELSE 0 END AS returned"       \
    "       FROM (SELECT LEAST(COALESCE(b.paid_minor, b.amount_cents),"                                                \
    "                          CASE b.refund_status WHEN 'done' THEN b.amount_cents END) AS paid) AS w) AS m"

// Of booking b and its money m: what is to be refunded, and what is still to be paid.
#define PGBK_REFUND_DUE_SQL                                                                                            \
    "CASE WHEN b.refund_status <> 'due' THEN 0 WHEN m.is_known THEN m.due"                                             \
    "     ELSE GREATEST(m.there - CASE b.status WHEN 'cancelled' THEN b.kept_minor ELSE b.amount_cents END, 0) END"
#define PGBK_OWING_SQL "GREATEST(b.amount_cents - m.paid + m.returned, 0)"
#define PGBK_AMOUNT_DUE_SQL "CASE WHEN b.status = 'cancelled' THEN 0 ELSE " PGBK_OWING_SQL " END"

BookingMoney money_of(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement("SELECT m.is_known, m.paid, m.there, " PGBK_OWING_SQL
                                         "  FROM booking.bookings AS b" PGBK_MONEY_SQL
                                         " WHERE b.organization_id = $1 AND b.id = $2");
    const Rows rows = statement.write({organization, booking});
    return {rows.boolean(0, 1), rows.int8(0, 2), rows.int8(0, 3), rows.int8(0, 4)};
}

Datum booking_result(const Call& call, const LiveBooking& booking) {
    static constinit Statement statement(
        "SELECT b.booking_number, b.status, b.session_id, b.scheduled_start, b.party_size, b.amount_cents, b.currency,"
        "       b.payment_status, b.refund_status, b.version,"
        "       " PGBK_REFUND_DUE_SQL ", " PGBK_AMOUNT_DUE_SQL "  FROM booking.bookings AS b" PGBK_MONEY_SQL
        " WHERE b.organization_id = $1 AND b.id = $2");
    const Rows rows = statement.write({booking.organization, booking.id});
    return record_result(
        call, {booking.id, rows.bytes(0, 1), rows.bytes(0, 2),
               rows.is_null(0, 3) ? Value::null(UUIDOID) : Value(rows.uuid(0, 3)),
               rows.is_null(0, 4) ? Value::null(TIMESTAMPTZOID) : Value::timestamp(rows.timestamp(0, 4)),
               rows.int4(0, 5), Value::int8(rows.int8(0, 6)), rows.bytes(0, 7), rows.bytes(0, 8), rows.bytes(0, 9),
               Value::int8(rows.int8(0, 11)), Value::int8(rows.int8(0, 12)), Value::int8(rows.int8(0, 10))});
}

Datum booking_document(const Call& call, const LiveBooking& booking) {
    static constinit Statement statement(
        "SELECT jsonb_strip_nulls(jsonb_build_object("
        "           'success', true, 'bookingId', b.id, 'bookingNumber', b.booking_number, 'status', b.status,"
        "           'sessionId', b.session_id, 'scheduledStart', to_char(b.scheduled_start" PGBK_AS_INSTANT_SQL ","
        "           'scheduledEnd', to_char(b.scheduled_end" PGBK_AS_INSTANT_SQL ","
        "           'requestedStart', to_char(b.wanted_start" PGBK_AS_INSTANT_SQL ","
        "           'requestedEnd', to_char(b.wanted_end" PGBK_AS_INSTANT_SQL ","
        "           'needsReschedule', CASE WHEN b.needs_reschedule THEN true END, 'partySize', b.party_size,"
        "           'amountCents', b.amount_cents, 'currency', b.currency, 'paymentStatus', b.payment_status,"
        "           'refundStatus', b.refund_status, 'refundDueCents', " PGBK_REFUND_DUE_SQL ","
        "           'amountDueCents', " PGBK_AMOUNT_DUE_SQL ", 'version', b.version))"
        "  FROM booking.bookings AS b" PGBK_MONEY_SQL " WHERE b.organization_id = $1 AND b.id = $2");
    return copied_result(call, statement.write({booking.organization, booking.id}), 0, 1);
}

} // namespace pgbk
