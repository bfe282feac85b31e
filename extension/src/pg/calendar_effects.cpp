#include "pg/calendar_effects.hpp"

#include "core/transitions.hpp"
#include "pg/calendar_plan.hpp"
#include "pg/payment_effects.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::CalendarStatus;

constexpr std::int32_t most_appointments = 100;

// The booking for which one of our calls has asked, known before its answer is.
std::optional<core::Uuid> find_by_call(std::int32_t organization, std::string_view key) {
    static constinit Statement statement("SELECT c.booking_id FROM booking.provider_calls AS c"
                                         " WHERE c.organization_id = $1 AND c.idempotency_key = $2"
                                         "   AND c.action = 'create_booking' AND c.booking_id IS NOT NULL");
    if (key.empty()) {
        return std::nullopt;
    }
    const Rows rows = statement.write({organization, key});
    return rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1));
}

// By the token that the event names or the call that made it, else by the appointment itself or the one that it
// replaces.
std::optional<core::Uuid> find_booking(std::int32_t organization, const core::ProviderEvent& event) {
    static constinit Statement statement("SELECT b.id FROM booking.bookings AS b"
                                         " WHERE b.organization_id = $1"
                                         "   AND (b.cal_uid IN ($2, $3) OR b.appointments ?| ARRAY[$2, $3])"
                                         " ORDER BY b.created_at DESC, b.id DESC LIMIT 1");
    if (const Target target = find_target(organization, event.subject); target.booking.has_value()) {
        return target.booking;
    }
    const core::CalendarNews& news = *event.calendar;
    if (const auto booking = find_by_call(organization, news.call_key); booking.has_value()) {
        return booking;
    }
    const std::string_view old_uid = news.old_uid.empty() ? news.uid : news.old_uid;
    const Rows rows = statement.write({organization, news.uid, old_uid});
    return rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1));
}

// Whether its package has sessions of our own, whose seats no calendar knows.
bool has_own_sessions(const BookingAccount& account) {
    static constinit Statement statement(
        "SELECT 1 FROM booking.bookings AS b"
        "  JOIN booking.packages AS p ON p.organization_id = $1 AND p.id = b.package_id AND p.activity_id IS NOT NULL"
        " WHERE b.organization_id = $1 AND b.id = $2");
    return account.session.has_value() || !statement.write({account.organization, account.id}).empty();
}

// All appointments of a booking, this event included, and the one that counts.
struct Appointments {
    Datum all;
    std::int32_t count;
    bool is_latest; // no later event of the same appointment was here before
    bool is_replaced;
    std::string uid;
    std::string status;
    bool wants_another_time;
};

// Of each appointment its latest event is kept, where two have the same time the graver; and which one it replaces.
// Among those that are neither called off nor replaced the first one counts; without any, the last that was called off.
// So what counts follows from all events together, in whatever order they came.
Appointments merge(const BookingAccount& account, const core::CalendarNews& news, TimestampTz at) {
    static constinit Statement statement(
        "WITH known AS MATERIALIZED ("
        "    SELECT " PGBK_APPOINTMENTS_SQL " AS k"
        "      FROM booking.bookings AS b WHERE b.organization_id = $1 AND b.id = $2),"
        " latest AS MATERIALIZED ("
        "    SELECT k.k, NOT COALESCE(((k.k -> $3 ->> 'at')::timestamptz,"
        "               array_position(ARRAY['requested', 'accepted', 'rejected', 'cancelled'], k.k -> $3 ->> "
        "'status'))"
        "             > ($4, array_position(ARRAY['requested', 'accepted', 'rejected', 'cancelled'], $5)), false) AS "
        "is_latest"
        "      FROM known AS k),"
        " merged AS MATERIALIZED ("
        "    SELECT l.is_latest, l.k || jsonb_build_object($3,"
        "               CASE WHEN l.is_latest THEN jsonb_strip_nulls(jsonb_build_object('at', $4, 'status', $5, "
        "'start', $6,"
        "                             'end', $7, 'url', NULLIF($8, ''), 'id', NULLIF($9, ''), 'again', $10))"
        "                    ELSE l.k -> $3 END"
        "               || jsonb_strip_nulls(jsonb_build_object("
        "                      'old', COALESCE(NULLIF($11, ''), l.k -> $3 ->> 'old')))) AS m"
        "      FROM latest AS l),"
        " made AS MATERIALIZED ("
        "    SELECT e.key, e.value, EXISTS (SELECT 1 FROM jsonb_each(x.m) AS o"
        "                                    WHERE o.value ->> 'old' = e.key AND o.key <> e.key) AS is_replaced"
        "      FROM merged AS x CROSS JOIN jsonb_each(x.m) AS e)"
        " SELECT x.m, (SELECT count(*)::integer FROM made), x.is_latest,"
        "        (SELECT a.is_replaced FROM made AS a WHERE a.key = $3), c.key, c.value ->> 'status',"
        "        COALESCE((c.value ->> 'again')::boolean, false)"
        "   FROM merged AS x"
        "   LEFT JOIN LATERAL ("
        "        SELECT a.key, a.value FROM made AS a"
        "         CROSS JOIN LATERAL (SELECT (a.value ->> 'at')::timestamptz AS at,"
        "                                    a.value ->> 'status' AS status) AS v"
        "         ORDER BY a.is_replaced, array_position(ARRAY['accepted', 'requested'], v.status),"
        "                  CASE WHEN v.status IN ('accepted', 'requested') THEN v.at END, v.at DESC,"
        "                  v.status = 'cancelled' DESC, a.key LIMIT 1) AS c ON true");
    const Rows rows = statement.write({account.organization, account.id, news.uid, Value::timestamp(at),
                                       core::calendar_status_name(news.status), news.start, news.end, news.meeting_url,
                                       news.id, news.wants_another_time, news.old_uid});
    return {rows.datum(0, 1),
            rows.int4(0, 2),
            rows.boolean(0, 3),
            rows.boolean(0, 4),
            std::string(rows.bytes(0, 5)),
            std::string(rows.bytes(0, 6)),
            rows.boolean(0, 7)};
}

// The appointment is off, and another may be made: what was bought is not. Of a package one appointment is called off,
// not the others.
bool is_given_back(const BookingAccount& account, const Appointments& made) {
    return made.status == "rejected" ||
           (made.status == "cancelled" && (made.wants_another_time || account.has_several_sessions));
}

// What the calendar has called off it may put on again, as long as no money is on its way back.
bool may_be_made_anew(const BookingAccount& account) {
    return account.calendar_status == "cancelled" &&
           (account.refund_status == "none" || account.refund_status == "due") &&
           account.payment_status != "refunded" && account.payment_status != "partially_refunded";
}

// Where the booking stands then. One that waits for its money stays where it is; so does one that is over.
std::string_view status_after(const BookingAccount& account, const Appointments& made) {
    std::string_view status = account.status;
    if (status == "cancelled") {
        const bool is_paid = account.payment_status != "pending" && account.payment_status != "failed";
        status = is_paid ? "paid" : "pending";
    }
    const auto change = [&](std::string_view from, std::string_view to) { return status == from ? to : status; };
    if (made.status == "accepted") {
        return change("paid", "scheduled");
    }
    if (made.status == "requested" || is_given_back(account, made)) {
        return change("scheduled", "paid");
    }
    return core::may_become(core::StatusColumn::booking_status, status, "cancelled") ? "cancelled" : status;
}

// News that only says again what is known leaves no trace but when it was said: by this the next is judged.
void write_appointment(const BookingAccount& account, const Appointments& made, std::string_view status,
                       bool has_time) {
    static constinit Statement statement(
        "UPDATE booking.bookings AS b"
        "   SET status = $3, appointments = $4, cal_uid = $5, calendar_status = $6, calendar_at = e.at,"
        "       cal_booking_id = e.id, scheduled_start = e.starts_at, scheduled_end = e.ends_at, meeting_url = e.url,"
        "       needs_reschedule = e.needs_reschedule, calendar_refusal = e.refusal,"
        "       wanted_start = CASE WHEN NOT e.is_answer THEN b.wanted_start END,"
        "       wanted_end = CASE WHEN NOT e.is_answer THEN b.wanted_end END,"
        "       version = b.version + e.is_news::integer,"
        "       updated_at = CASE WHEN e.is_news THEN $8 ELSE b.updated_at END"
        "  FROM (SELECT n.*, (o.status, o.cal_uid, o.calendar_status, o.cal_booking_id, o.scheduled_start,"
        "                     o.scheduled_end, o.meeting_url, o.needs_reschedule, o.calendar_refusal)"
        "                    IS DISTINCT FROM"
        "                    ($3, $5, $6, n.id, n.starts_at, n.ends_at, n.url, n.needs_reschedule, n.refusal)"
        "                    OR n.is_answer AS is_news"
        "          FROM booking.bookings AS o"
        "         CROSS JOIN LATERAL (SELECT $4 -> $5 AS a) AS x"
        "         CROSS JOIN LATERAL ("
        "               SELECT (x.a ->> 'at')::timestamptz AS at, COALESCE(x.a ->> 'id', o.cal_booking_id) AS id,"
        "                      CASE WHEN $7 THEN (x.a ->> 'start')::timestamptz END AS starts_at,"
        "                      CASE WHEN $7 THEN (x.a ->> 'end')::timestamptz END AS ends_at,"
        "                      CASE WHEN $7 THEN COALESCE(x.a ->> 'url', o.meeting_url) END AS url,"
        "                      CASE WHEN $6 = 'accepted' THEN false"
        "                           WHEN NOT $7 THEN o.needs_reschedule OR o.scheduled_start IS NOT NULL"
        "                           ELSE o.needs_reschedule END AS needs_reschedule,"
        "                      CASE WHEN $6 = 'accepted' THEN NULL"
        "                           WHEN NOT $7 AND o.scheduled_start IS NOT NULL"
        "                           THEN CASE $6 WHEN 'rejected' THEN 'rejected' ELSE 'called_off' END"
        "                           ELSE o.calendar_refusal END AS refusal,"
        "                      COALESCE($6 <> 'requested' AND (x.a ->> 'start')::timestamptz = o.wanted_start, false)"
        "                          AS is_answer) AS n"
        "         WHERE o.organization_id = $1 AND o.id = $2) AS e"
        " WHERE b.organization_id = $1 AND b.id = $2");
    statement.write({account.organization, account.id, status, Value::jsonb(made.all), std::string_view(made.uid),
                     std::string_view(made.status), has_time, Value::timestamp(settings::now())});
}

// A booking that was cancelled here stays so, whatever its calendar says; what stands there is known, and called off.
void note_appointments(const BookingAccount& account, const Appointments& made) {
    static constinit Statement statement("UPDATE booking.bookings AS b SET appointments = $3"
                                         " WHERE b.organization_id = $1 AND b.id = $2");
    statement.write({account.organization, account.id, Value::jsonb(made.all)});
}

// What became of an event, beside what became of the booking.
void judge(Effect& effect, const BookingAccount& account, const core::CalendarNews& news, const Appointments& made) {
    const bool is_off = news.status == CalendarStatus::cancelled || news.status == CalendarStatus::rejected;
    if (!made.is_latest) {
        effect.status = "stale";
        effect.reason = "a later event of the appointment was here before";
    } else if (made.uid == news.uid || account.cal_uid == news.uid) {
        return;
    } else if (is_off || made.is_replaced) {
        effect.status = "stale";
        effect.reason = "the booking has another appointment since";
    } else {
        effect.status = "conflict";
        effect.reason = "the booking has another appointment";
    }
}

} // namespace

std::optional<TimestampTz> read_timestamp(std::string_view text) {
    const std::string copy(text);
    const char* const bytes = copy.c_str();
    try {
        return server([&] {
            return DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in, CStringGetDatum(bytes),
                                                           ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
        });
    } catch (const ServerError& error) {
        server([&] { FreeErrorData(error.data); });
        return std::nullopt;
    }
}

Effect apply_calendar(const Sender& sender, const core::ProviderEvent& event, TimestampTz received_at) {
    const core::CalendarNews& news = *event.calendar;
    const auto at = read_timestamp(event.occurred_at);
    if (!at.has_value() || !read_timestamp(news.start).has_value() || !read_timestamp(news.end).has_value()) {
        return {"ignored", "it has a time that there is not"};
    }
    const std::int64_t tolerance = sender.options.tolerance_seconds * USECS_PER_SEC;
    if (*at < received_at - tolerance || *at > received_at + tolerance) {
        return {"stale", "it is not of the time in which it is believed"};
    }
    const auto booking = find_booking(sender.organization, event);
    auto account = booking.has_value() ? lock_account(sender.organization, *booking) : std::nullopt;
    if (!account.has_value()) {
        return failed_effect("no booking has this appointment");
    }
    return apply_appointment(*account, news, *at);
}

Effect apply_appointment(BookingAccount& account, const core::CalendarNews& news, TimestampTz at) {
    Effect effect{"applied", {}, std::nullopt, account.id};
    if (has_own_sessions(account)) {
        effect.status = "ignored";
        effect.reason = "the booking has a session of our own, or is to have one";
        return effect;
    }
    const Appointments made = merge(account, news, at);
    if (made.count > most_appointments) {
        effect.status = "conflict";
        effect.reason = "the booking has had too many appointments";
        return effect;
    }
    if (account.status == "cancelled" && !may_be_made_anew(account)) {
        note_appointments(account, made);
        plan_calendar(account.organization, account.id);
        effect.status = "stale";
        effect.reason = "the booking was cancelled";
        return effect;
    }
    judge(effect, account, news, made);
    const std::string status(status_after(account, made));
    const bool is_off = is_given_back(account, made);
    write_appointment(account, made, status, !is_off);
    account.status = status;
    account.calendar_status = made.status;
    account.has_time = !is_off;
    settle_account(account); // money of a cancelled booking is due
    return effect;
}

} // namespace pgbk
