// booking_schedule: whoever has the token of a paid booking chooses the time of a session, or of the next one where the
// package has several.
//
// Lock order: the booking that was bought, by which calls with one token queue; then the session, as everywhere.
#include "core/booking_request.hpp"
#include "core/refusal.hpp"
#include "pg/actor.hpp"
#include "pg/arguments.hpp"
#include "pg/booking_answer.hpp"
#include "pg/buyer.hpp"
#include "pg/calendar_plan.hpp"
#include "pg/capacity.hpp"
#include "pg/digest.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/sale_window.hpp"
#include "pg/settings.hpp"
#include "pg/time_zone.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;
using core::ScheduleRequest;

struct Bought {
    std::int32_t organization;
    core::Uuid id;
    std::string_view status;
    std::string_view payment_status;
    TimestampTz expires_at;
    std::int32_t sessions_included;
    std::int32_t party_size;
    std::string_view email;
    std::string_view package;
    bool has_wish; // its own session was asked for at the calendar
};

// What was asked for, in the server's terms.
struct Wish {
    const ScheduleRequest& request;
    TimestampTz start;
    TimestampTz end;
};

Bought lock_bought(const ScheduleRequest& request) {
    static constinit Statement statement(
        "SELECT b.id, b.status, b.payment_status, b.expires_at, b.sessions_included, b.party_size, b.customer_email,"
        "       b.package_id, b.wanted_start IS NOT NULL"
        "  FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.token_hash = $2 FOR NO KEY UPDATE");
    const Digest hash = sha256_of(as_bytes(request.token.token));
    const Rows rows = statement.write({request.token.organization, Value::bytea(as_bytes(hash))});
    if (rows.empty()) {
        throw Refusal(RefusalKind::booking_not_found, "no booking has this token");
    }
    return Bought{request.token.organization, rows.uuid(0, 1),   rows.bytes(0, 2), rows.bytes(0, 3),
                  rows.timestamp(0, 4),       rows.int4(0, 5),   rows.int4(0, 6),  rows.bytes(0, 7),
                  rows.bytes(0, 8),           rows.boolean(0, 9)};
}

// The session of the package that is at this time already, if any: the same call again. A calendar that is asked for a
// time says itself how long it takes.
std::optional<core::Uuid> already_scheduled(const Bought& bought, const Wish& wish) {
    static constinit Statement statement(
        "SELECT x.id FROM booking.bookings AS x"
        " WHERE x.organization_id = $1 AND (x.id = $2 OR x.package_booking_id = $2)"
        "   AND (x.scheduled_start = $3 AND (x.scheduled_end = $4 OR x.cal_uid IS NOT NULL)"
        "        AND x.wanted_start IS NULL"
        "        OR x.wanted_start = $3)"
        "   AND " PGBK_USED_SQL "   AND x.session_id IS NOT DISTINCT FROM COALESCE($5, x.session_id)");
    const auto& session = wish.request.session;
    const Rows rows =
        statement.write({bought.organization, bought.id, Value::timestamp(wish.start), Value::timestamp(wish.end),
                         session.has_value() ? Value(*session) : Value::null(UUIDOID)});
    return rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1));
}

void check_is_paid(const Bought& bought, TimestampTz clock) {
    if (bought.payment_status != "pending" && bought.payment_status != "failed") {
        return;
    }
    if (bought.expires_at <= clock) {
        throw Refusal(RefusalKind::booking_expired, "the booking was not paid by " + timestamp_text(bought.expires_at),
                      {}, "Book the package again; a payment that still arrives counts for this booking.");
    }
    throw Refusal(RefusalKind::payment_required, "the booking is not paid yet", {},
                  "Wait until booking_status says that it is.");
}

// A further session whose time the calendar has refused lately.
bool was_refused(const Bought& bought, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT 1 FROM booking.bookings AS x"
        " WHERE x.organization_id = $1 AND x.package_booking_id = $2 AND x.needs_reschedule AND x.status = 'paid'"
        "   AND x.updated_at > $3 - " PGBK_TO_CHOOSE_AGAIN_SQL " LIMIT 1");
    return !statement.write({bought.organization, bought.id, Value::timestamp(clock)}).empty();
}

void check_may_be_scheduled(const Bought& bought, const Wish& wish, TimestampTz clock) {
    if (bought.expires_at <= clock && !was_refused(bought, clock)) {
        throw Refusal(RefusalKind::booking_expired,
                      "the sessions of this booking had to be scheduled by " + timestamp_text(bought.expires_at));
    }
    if (wish.start <= clock) {
        throw Refusal(RefusalKind::session_started, "startTime is in the past: " + timestamp_text(wish.start), {},
                      "Choose a time to come.", "startTime");
    }
    static constinit Statement statement("SELECT count(*)::integer FROM booking.bookings AS x"
                                         " WHERE x.organization_id = $1 AND (x.id = $2 OR x.package_booking_id = $2)"
                                         "   AND " PGBK_USED_SQL);
    const std::int32_t used = statement.write({bought.organization, bought.id}).int4(0, 1);
    if (used >= bought.sessions_included) {
        throw Refusal(RefusalKind::sessions_used, bought.sessions_included == 1
                                                      ? std::string("the booking is scheduled already")
                                                      : "all " + std::to_string(bought.sessions_included) +
                                                            " sessions of the booking are scheduled already");
    }
}

[[noreturn]] void refuse_slot(const Wish& wish) {
    throw Refusal(RefusalKind::slot_not_found,
                  "the package has no session from " + timestamp_text(wish.start) + " to " + timestamp_text(wish.end),
                  {}, "Offer the start_time and end_time of next_available_sessions().", "startTime");
}

void check_is_open(const core::Uuid& session, std::string_view status) {
    if (status == "cancelled") {
        throw Refusal(RefusalKind::session_cancelled, "session " + uuid_text(session) + " was cancelled");
    }
    if (status == "closed") {
        throw Refusal(RefusalKind::session_closed, "session " + uuid_text(session) + " is closed for booking");
    }
}

struct Place {
    std::optional<core::Uuid> session;
    std::optional<core::Uuid> reservation;
    bool is_at_calendar = false; // which we ask for it
};

// The session at this time of the activity that the package is for; none for a package of appointments elsewhere.
Place find_place(const Bought& bought, const Wish& wish) {
    static constinit Statement statement(
        "SELECT p.activity_id IS NULL, s.id, s.status, p.calendar_provider IS NOT NULL"
        "  FROM booking.packages AS p"
        "  LEFT JOIN booking.sessions AS s ON s.organization_id = $1 AND s.activity_id = p.activity_id"
        "                                 AND s.start_time = $3 AND s.end_time = $4"
        " WHERE p.organization_id = $1 AND p.id = $2");
    const Rows rows = statement.write(
        {bought.organization, bought.package, Value::timestamp(wish.start), Value::timestamp(wish.end)});
    const auto& wanted = wish.request.session;
    if (!rows.empty() && rows.boolean(0, 1) && !wanted.has_value()) {
        return {std::nullopt, std::nullopt, rows.boolean(0, 4)};
    }
    if (rows.empty() || rows.is_null(0, 2) || (wanted.has_value() && *wanted != rows.uuid(0, 2))) {
        refuse_slot(wish);
    }
    check_is_open(rows.uuid(0, 2), rows.bytes(0, 3));
    return {rows.uuid(0, 2), std::nullopt};
}

// Takes the seats, and writes the reservation that accounts for them. Nobody has its hold token.
core::Uuid reserve(const Bought& bought, const core::Uuid& session, TimestampTz clock) {
    if (!capacity::take_or_sold_out({bought.organization, session, bought.party_size}, clock)) {
        throw Refusal(RefusalKind::sold_out,
                      "session " + uuid_text(session) + " has not enough seats left for a party of " +
                          std::to_string(bought.party_size),
                      {}, "Choose another session: booking.next_available_sessions() lists those with enough seats.");
    }
    static constinit Statement statement(
        "INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status,"
        "       created_at, expires_at, settled_at, token_hash, unit_items)"
        " SELECT $1, $2, $3, $4, $5, 'confirmed', $6, $6, $6, $7, b.unit_items"
        "   FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $8 RETURNING id");
    const auto unknown = random_bytes();
    return statement
        .write({bought.organization, new_id(bought.organization), session, bought.party_size, bought.email,
                Value::timestamp(clock), Value::bytea(as_bytes(unknown)), bought.id})
        .uuid(0, 1);
}

Value uuid_or_null(const std::optional<core::Uuid>& id) {
    return id.has_value() ? Value(*id) : Value::null(UUIDOID);
}

#define PGBK_PACKAGE_PAGE_SQL                                                                                          \
    "(SELECT p.meeting_url FROM booking.packages AS p WHERE p.organization_id = $1 AND p.id = b.package_id)"

// The first session is the booking itself.
void schedule_first(const Bought& bought, const Wish& wish, const Place& place, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET status = 'scheduled', session_id = $3, reservation_id = $4, scheduled_start = $5, scheduled_end = $6,"
        "       timezone = $7, additional_notes = $8, meeting_url = COALESCE(b.meeting_url, " PGBK_PACKAGE_PAGE_SQL "),"
        "       version = b.version + 1, updated_at = $9"
        " WHERE b.organization_id = $1 AND b.id = $2");
    statement.write({bought.organization, bought.id, uuid_or_null(place.session), uuid_or_null(place.reservation),
                     Value::timestamp(wish.start), Value::timestamp(wish.end), text_or_null(wish.request.time_zone),
                     text_or_null(wish.request.additional_notes), Value::timestamp(clock)});
}

// Further ones are bookings of their own, paid for by the first.
core::Uuid schedule_further(const Bought& bought, const Wish& wish, const Place& place, TimestampTz clock) {
    static constinit Statement statement(
        "INSERT INTO booking.bookings (organization_id, id, booking_number, package_booking_id, reservation_id,"
        "       session_id, customer_id, package_id, customer_name, customer_email, customer_phone, party_size, status,"
        "       payment_status, currency, scheduled_start, scheduled_end, timezone, additional_notes, meeting_url,"
        "       cancel_cutoff_seconds, cancel_refund_percent, created_at, updated_at, wanted_start, wanted_end, "
        "metadata)"
        " SELECT $1, $10, $11, b.id, $4, $3, b.customer_id, b.package_id, b.customer_name, b.customer_email,"
        "        b.customer_phone, b.party_size, CASE WHEN $12 THEN 'paid' ELSE 'scheduled' END, 'not_required',"
        "        b.currency, CASE WHEN NOT $12 THEN $5 END, CASE WHEN NOT $12 THEN $6 END, $7, $8,"
        "        " PGBK_PACKAGE_PAGE_SQL ", b.cancel_cutoff_seconds, b.cancel_refund_percent, $9, $9,"
        "        CASE WHEN $12 THEN $5 END, CASE WHEN $12 THEN $6 END,"
        "        CASE WHEN $12 THEN b.metadata ELSE '{}' END"
        "   FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $2 RETURNING id");
    const std::string number = unused_booking_number(bought.organization);
    return statement
        .write({bought.organization, bought.id, uuid_or_null(place.session), uuid_or_null(place.reservation),
                Value::timestamp(wish.start), Value::timestamp(wish.end), text_or_null(wish.request.time_zone),
                text_or_null(wish.request.additional_notes), Value::timestamp(clock), new_id(bought.organization),
                std::string_view(number), place.is_at_calendar})
        .uuid(0, 1);
}

// It stays paid until the calendar has agreed.
void ask_for(const Bought& bought, const core::Uuid& booking, const Wish& wish, TimestampTz clock) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET wanted_start = $3, wanted_end = $4, timezone = $5, additional_notes = $6, needs_reschedule = false,"
        "       calendar_refusal = NULL, meeting_url = COALESCE(b.meeting_url, " PGBK_PACKAGE_PAGE_SQL "),"
        "       version = b.version + 1, updated_at = $7"
        " WHERE b.organization_id = $1 AND b.id = $2");
    statement.write({bought.organization, booking, Value::timestamp(wish.start), Value::timestamp(wish.end),
                     text_or_null(wish.request.time_zone), text_or_null(wish.request.additional_notes),
                     Value::timestamp(clock)});
}

// A further session whose time the calendar has refused, or called off.
std::optional<core::Uuid> without_time(const Bought& bought) {
    static constinit Statement statement(
        "SELECT x.id FROM booking.bookings AS x"
        " WHERE x.organization_id = $1 AND x.package_booking_id = $2 AND x.status = 'paid'"
        "   AND x.wanted_start IS NULL AND x.scheduled_start IS NULL"
        " ORDER BY x.id LIMIT 1 FOR NO KEY UPDATE");
    const Rows rows = statement.write({bought.organization, bought.id});
    return rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1));
}

core::Uuid ask_calendar(const Bought& bought, const Wish& wish, const Place& place, TimestampTz clock) {
    const bool is_first = bought.status == "paid" && !bought.has_wish;
    const auto known = is_first ? std::optional(bought.id) : without_time(bought);
    const core::Uuid booking = known.has_value() ? *known : schedule_further(bought, wish, place, clock);
    if (known.has_value()) {
        ask_for(bought, booking, wish, clock);
    }
    plan_calendar(bought.organization, booking);
    return booking;
}

core::Uuid schedule(const Bought& bought, const Wish& wish) {
    // A refund of everything leaves a session that has begun as it is, but nothing more can be chosen for it.
    if (bought.status == "cancelled" || bought.payment_status == "refunded") {
        throw Refusal(RefusalKind::booking_cancelled, "the booking was cancelled");
    }
    const TimestampTz clock = settings::now();
    check_is_paid(bought, clock);
    if (const auto earlier = already_scheduled(bought, wish); earlier.has_value()) {
        return *earlier;
    }
    check_may_be_scheduled(bought, wish, clock);
    Place place = find_place(bought, wish);
    if (place.is_at_calendar) {
        return ask_calendar(bought, wish, place, clock);
    }
    if (place.session.has_value()) {
        check_sale_window(bought.organization, *place.session, clock);
        place.reservation = reserve(bought, *place.session, clock);
    }
    if (bought.status == "paid") {
        schedule_first(bought, wish, place, clock);
        return bought.id;
    }
    return schedule_further(bought, wish, place, clock);
}

Rows answer(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement(
        "SELECT jsonb_strip_nulls(jsonb_build_object("
        "           'success', true, 'bookingId', CASE WHEN w.is_ours THEN b.id END,"
        "           'status', CASE WHEN w.is_ours THEN b.status END,"
        "           'calendarStatus', CASE WHEN w.is_ours THEN w.calendar_status END,"
        "           'calBookingId', CASE WHEN b.cal_booking_id ~ '^[0-9]{1,15}$'"
        "                                THEN to_jsonb(b.cal_booking_id::bigint) ELSE to_jsonb(b.cal_booking_id) END,"
        "           'calUid', b.cal_uid, 'meetingUrl', b.meeting_url,"
        "           'scheduledStart', to_char(COALESCE(b.wanted_start, b.scheduled_start)" PGBK_AS_INSTANT_SQL ","
        "           'scheduledEnd', to_char(COALESCE(b.wanted_end, b.scheduled_end)" PGBK_AS_INSTANT_SQL "))"
        "  FROM booking.bookings AS b"
        " CROSS JOIN LATERAL ("
        "       SELECT CASE WHEN b.wanted_start IS NOT NULL AND b.calendar_status IS DISTINCT FROM 'requested'"
        "                   THEN 'asked' ELSE b.calendar_status END AS calendar_status,"
        "              EXISTS (SELECT 1 FROM booking.packages AS p"
        "                       WHERE p.organization_id = $1 AND p.id = b.package_id"
        "                         AND p.calendar_provider IS NOT NULL) AS is_ours) AS w"
        " WHERE b.organization_id = $1 AND b.id = $2");
    return statement.write({organization, booking});
}

Datum booking_schedule_body(Call& call) {
    const Datum document = jsonb_argument(call, 0, "request");
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(document)); });
    const ScheduleRequest request = core::read_schedule_request(*tree);
    if (request.time_zone.has_value()) {
        (void)find_time_zone(*request.time_zone);
    }
    const ActorScope scope(ActorKind::visitor, "token");
    const Bought bought = lock_bought(request);
    if (request.booking.has_value() && *request.booking != bought.id) {
        throw Refusal(RefusalKind::wrong_booking_token,
                      "the booking token does not belong to booking " + uuid_text(*request.booking), {},
                      "Pass the bookingToken and the bookingId that booking_create returned together.", "bookingToken");
    }
    const Wish wish{request, to_server_time(request.start), to_server_time(request.end)};
    return copied_result(call, answer(bought.organization, schedule(bought, wish)), 0, 1);
}

} // namespace

PGBK_WRITER(booking_schedule, booking_schedule_body);

} // namespace pgbk
