#include "pg/generation.hpp"

#include "core/schedule.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/array.hpp"
#include "pg/blocked_periods.hpp"
#include "pg/capacity.hpp"
#include "pg/digest.hpp"
#include "pg/event_statements.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/notify.hpp"
#include "pg/plain_rows.hpp"
#include "pg/session_parts.hpp"
#include "pg/settings.hpp"
#include "pg/time_zone.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;
using std::chrono::days;
using std::chrono::local_days;

std::vector<core::ScheduleException> exceptions_of(std::int32_t organization, const core::Uuid& activity,
                                                   const core::Uuid& venue) {
    static constinit Statement statement(
        "SELECT x.first_date, x.last_date, x.activity_id IS NOT NULL, x.closed,"
        "       (date_part('epoch', x.start_time) / 60)::integer, (date_part('epoch', x.end_time) / 60)::integer"
        "  FROM booking.schedule_exceptions AS x"
        " WHERE x.organization_id = $1 AND (x.activity_id = $2 OR x.venue_id = $3)"
        " ORDER BY x.first_date, x.id");
    const Rows rows = statement.write({organization, activity, venue});
    std::vector<core::ScheduleException> exceptions;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        core::ScheduleException exception{to_local_days(rows.date(row, 1)),
                                          to_local_days(rows.date(row, 2)),
                                          rows.boolean(row, 3),
                                          rows.boolean(row, 4),
                                          {}};
        if (!exception.closed) {
            exception.hours =
                core::hours_between(std::chrono::minutes(rows.int4(row, 5)), std::chrono::minutes(rows.int4(row, 6)));
        }
        exceptions.push_back(exception);
    }
    return exceptions;
}

core::Schedule schedule_of(Datum document) {
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(document)); });
    return core::parse_schedule(*tree);
}

} // namespace

void lock_generation(const core::Uuid& activity) {
    lock_until_transaction_ends(LockOf::generation, as_bytes(activity));
}

ScheduledActivity find_activity(std::int32_t organization, const core::Uuid& id) {
    // The fingerprint depends on no setting of the session: dates and times go in as numbers.
    static constinit Statement statement(
        "SELECT a.schedule, v.timezone, a.capacity, v.id, f.fingerprint,"
        "       w.fingerprint = f.fingerprint, w.first_date, w.last_date, a.lanes,"
        "       EXISTS (SELECT 1 FROM booking.activity_resources AS u"
        "                WHERE u.organization_id = $1 AND u.activity_id = $2)"
        "  FROM booking.activities AS a"
        "  JOIN booking.venues AS v ON v.organization_id = $1 AND v.id = a.venue_id"
        " CROSS JOIN LATERAL (SELECT sha256(convert_to(concat_ws('|', a.schedule, v.timezone,"
        "       (SELECT string_agg(concat_ws(',', x.id, x.first_date - date '2000-01-01',"
        "                                    x.last_date - date '2000-01-01', x.closed,"
        "                                    date_part('epoch', x.start_time), date_part('epoch', x.end_time)),"
        "                          ';' ORDER BY x.id)"
        "          FROM booking.schedule_exceptions AS x"
        "         WHERE x.organization_id = $1 AND (x.activity_id = $2 OR x.venue_id = v.id)),"
        "       (SELECT string_agg(p.id::text, ';' ORDER BY p.id) FROM booking.blocked_periods AS p"
        "         WHERE p.organization_id = $1 AND " PGBK_BLOCKS_SQL(
            "$2",
            "v.id") ")), 'UTF8'))"
                    "       AS fingerprint) AS f"
                    "  LEFT JOIN booking.generation_watermarks AS w ON w.organization_id = $1 AND w.activity_id = $2"
                    " WHERE a.organization_id = $1 AND a.id = $2");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        throw Refusal(RefusalKind::activity_not_found, "no activity has the id " + uuid_text(id));
    }
    const auto lanes = rows.is_null(0, 9) ? std::nullopt : std::optional(rows.int4(0, 9));
    ScheduledActivity activity{};
    activity.organization = organization;
    activity.id = id;
    activity.venue = rows.uuid(0, 4);
    activity.capacity = rows.int4(0, 3);
    activity.lanes = capacity::default_lanes(lanes, rows.int4(0, 3));
    activity.uses_resources = rows.boolean(0, 10);
    activity.timezone = rows.bytes(0, 2);
    activity.fingerprint = rows.bytes(0, 5);
    activity.schedule_document = rows.datum(0, 1);
    if (!rows.is_null(0, 7)) {
        activity.marked = Dates{to_local_days(rows.date(0, 7)), to_local_days(rows.date(0, 8))};
    }
    if (!rows.is_null(0, 6) && rows.boolean(0, 6)) {
        activity.generated = activity.marked;
    }
    return activity;
}

void read_schedule(ScheduledActivity& activity) {
    activity.schedule = schedule_of(activity.schedule_document);
    activity.exceptions = exceptions_of(activity.organization, activity.id, activity.venue);
}

ScheduledActivity read_activity(std::int32_t organization, const core::Uuid& id) {
    ScheduledActivity activity = find_activity(organization, id);
    read_schedule(activity);
    return activity;
}

namespace {

// The dates of the watermark, if it still holds and the wanted dates overlap it or lie next to it.
std::optional<Dates> adjoining(const ScheduledActivity& activity, const Dates& wanted) {
    const auto& done = activity.generated;
    if (!done.has_value() || wanted.last < done->first - days(1) || wanted.first > done->last + days(1)) {
        return std::nullopt;
    }
    return done;
}

} // namespace

std::vector<Dates> missing_dates(const ScheduledActivity& activity, const Dates& wanted) {
    const auto done = adjoining(activity, wanted);
    if (!done.has_value()) {
        return {wanted};
    }
    std::vector<Dates> missing;
    if (wanted.first < done->first) {
        missing.push_back({wanted.first, done->first - days(1)});
    }
    if (wanted.last > done->last) {
        missing.push_back({done->last + days(1), wanted.last});
    }
    return missing;
}

namespace {

std::chrono::sys_seconds utc_midnight(local_days date) {
    return std::chrono::sys_seconds(date.time_since_epoch());
}

// No zone is further than a day from UTC, a window runs a day past midnight at most, and a session lasts a day at most.
constexpr days margin{4};

} // namespace

std::vector<core::Interval> taken_times(const ScheduledActivity& activity, const Dates& dates, Datum but_for) {
    static constinit Statement statement(
        "SELECT s.start_time, s.end_time FROM booking.sessions AS s"
        " WHERE s.organization_id = $1 AND s.activity_id = $2 AND s.start_time >= $3 AND s.start_time < $4"
        "   AND s.id <> ALL ($6)"
        " UNION ALL "
        "SELECT p.starts_at, p.ends_at FROM booking.blocked_periods AS p"
        " WHERE p.organization_id = $1 AND p.ends_at > $3 AND p.starts_at < $4 AND " PGBK_BLOCKS_SQL(
            "$2", "$5") " ORDER BY 1");
    const Rows rows = statement.write({activity.organization, activity.id,
                                       Value::timestamp(to_timestamp(utc_midnight(dates.first - margin))),
                                       Value::timestamp(to_timestamp(utc_midnight(dates.last + margin))),
                                       activity.venue, Value::array(UUIDARRAYOID, but_for)});
    std::vector<core::Interval> intervals;
    intervals.reserve(rows.count());
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        intervals.push_back({to_sys_seconds(rows.timestamp(row, 1)), to_sys_seconds(rows.timestamp(row, 2))});
    }
    return intervals;
}

std::vector<core::PlannedSession> plan_dates(const ScheduledActivity& activity, const Dates& dates,
                                             std::chrono::sys_seconds not_before,
                                             std::span<const core::Interval> existing) {
    const core::Zone zone(offset_spans(find_time_zone(activity.timezone), utc_midnight(dates.first - margin),
                                       utc_midnight(dates.last + margin)));
    const core::PlanRequest request{dates.first, dates.last - dates.first + days(1), not_before, existing};
    return core::plan_sessions(activity.schedule, activity.exceptions, zone, request);
}

namespace {

// The rows of one INSERT, column by column, as arrays in the current memory context. Plain data.
struct Arrays {
    Datum ids;
    Datum starts;
    Datum ends;
    Datum dates;
};

// Server frame.
Arrays arrays_of(const core::Uuid* ids, std::span<const core::PlannedSession> sessions) {
    const int count = static_cast<int>(sessions.size());
    auto* const values = static_cast<Datum*>(palloc(sizeof(Datum) * sessions.size()));
    const auto array = [&](Oid type, int length, bool by_value, char alignment, auto value) {
        for (std::size_t i = 0; i < sessions.size(); ++i) {
            values[i] = value(i);
        }
        return PointerGetDatum(construct_array(values, count, type, length, by_value, alignment));
    };
    return Arrays{
        array(UUIDOID, UUID_LEN, false, TYPALIGN_CHAR, [&](std::size_t i) { return PointerGetDatum(ids[i].data()); }),
        array(TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
              [&](std::size_t i) { return TimestampTzGetDatum(to_timestamp(sessions[i].start)); }),
        array(TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
              [&](std::size_t i) { return TimestampTzGetDatum(to_timestamp(sessions[i].end)); }),
        array(DATEOID, sizeof(DateADT), true, TYPALIGN_INT,
              [&](std::size_t i) { return DateADTGetDatum(to_date(sessions[i].local_date)); })};
}

// With the seats of a striped session in its lanes, evenly.
void insert_by_statement(const ScheduledActivity& activity, const Arrays& arrays) {
    static constinit Statement statement(
        "INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,"
        "       capacity_total, remaining, timezone, lane_count, uses_resources)"
        " SELECT $1, p.id, $2, p.start_time, p.end_time, p.local_date, $7, CASE $9 WHEN 0 THEN $7 ELSE 0 END, $8, $9,"
        "        $10"
        "   FROM unnest($3, $4, $5, $6) AS p (id, start_time, end_time, local_date)");
    statement.write({activity.organization, activity.id, Value::array(UUIDARRAYOID, arrays.ids),
                     Value::array(TIMESTAMPTZARRAYOID, arrays.starts), Value::array(TIMESTAMPTZARRAYOID, arrays.ends),
                     Value::array(DATEARRAYOID, arrays.dates), activity.capacity, activity.timezone, activity.lanes,
                     activity.uses_resources});
}

// What the foreign key would do for each session.
void keep_activity(const ScheduledActivity& activity) {
    static constinit Statement statement("SELECT 1 FROM booking.activities AS a"
                                         " WHERE a.organization_id = $1 AND a.id = $2 FOR KEY SHARE");
    if (statement.write({activity.organization, activity.id}).empty()) {
        throw Refusal(RefusalKind::activity_not_found, "no activity has the id " + uuid_text(activity.id));
    }
}

// Returns how many were written, from the first on.
std::size_t insert_plainly(const ScheduledActivity& activity, const std::vector<core::Uuid>& ids,
                           std::span<const core::PlannedSession> sessions) {
    static constinit PlainRows plain("sessions", "record_events", "activities", PlainColumn{"organization_id", INT4OID},
                                     PlainColumn{"id", UUIDOID}, PlainColumn{"activity_id", UUIDOID},
                                     PlainColumn{"start_time", TIMESTAMPTZOID}, PlainColumn{"end_time", TIMESTAMPTZOID},
                                     PlainColumn{"local_date", DATEOID}, PlainColumn{"capacity_total", INT4OID},
                                     PlainColumn{"remaining", INT4OID}, PlainColumn{"timezone", TEXTOID},
                                     PlainColumn{"lane_count", INT2OID}, PlainColumn{"uses_resources", BOOLOID});
    const Value seats = activity.capacity;
    const Value seats_here = activity.lanes == 0 ? activity.capacity : 0;
    const Value lanes = Value::int2(static_cast<std::int16_t>(activity.lanes));
    std::vector<Value> values;
    values.reserve(sessions.size() * 11);
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        const core::PlannedSession& session = sessions[i];
        values.insert(values.end(),
                      {activity.organization, ids[i], activity.id, Value::timestamp(to_timestamp(session.start)),
                       Value::timestamp(to_timestamp(session.end)), Value::date(to_date(session.local_date)), seats,
                       seats_here, std::string_view(activity.timezone), lanes, activity.uses_resources});
    }
    keep_activity(activity);
    return plain.write(values);
}

void insert_lanes_by_statement(const ScheduledActivity& activity, const std::vector<core::Uuid>& sessions) {
    static constinit Statement lanes("INSERT INTO booking.session_lanes (organization_id, session_id, lane, remaining,"
                                     "       set_aside)"
                                     " SELECT $1, p.id, n, CASE WHEN $5 THEN 0 ELSE x.seats END,"
                                     "        CASE WHEN $5 THEN x.seats END"
                                     "   FROM unnest($2) AS p (id) CROSS JOIN generate_series(0, $4 - 1) AS n"
                                     "  CROSS JOIN LATERAL (SELECT $3 / $4 + CASE WHEN n < $3 % $4 THEN 1 ELSE 0 END)"
                                     "     AS x (seats)");
    lanes.write(
        {activity.organization, uuid_array(sessions), activity.capacity, activity.lanes, activity.uses_resources});
}

// The lanes of these sessions, which this transaction has made, and so nobody else deletes.
void insert_lanes(const ScheduledActivity& activity, std::span<const core::Uuid> sessions) {
    static constinit PlainRows plain("session_lanes", nullptr, "sessions", PlainColumn{"organization_id", INT4OID},
                                     PlainColumn{"session_id", UUIDOID}, PlainColumn{"lane", INT2OID},
                                     PlainColumn{"remaining", INT4OID}, PlainColumn{"set_aside", INT4OID});
    std::vector<Value> values;
    values.reserve(sessions.size() * static_cast<std::size_t>(activity.lanes) * 5);
    for (const core::Uuid& session : sessions) {
        for (std::int32_t lane = 0; lane < activity.lanes; ++lane) {
            const Value seats = capacity::part_of(activity.capacity, activity.lanes, lane);
            values.insert(values.end(), {activity.organization, session, Value::int2(static_cast<std::int16_t>(lane)),
                                         activity.uses_resources ? Value(0) : seats,
                                         activity.uses_resources ? seats : Value::null(INT4OID)});
        }
    }
    const std::size_t written = plain.write(values);
    if (written < sessions.size() * static_cast<std::size_t>(activity.lanes)) {
        // All or none: the table has no partitions, or it is none that rows are written to without a statement.
        insert_lanes_by_statement(activity, {sessions.begin(), sessions.end()});
    }
}

void insert_batch(const ScheduledActivity& activity, std::span<const core::PlannedSession> sessions) {
    std::vector<core::Uuid> ids;
    ids.reserve(sessions.size());
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        ids.push_back(new_id(activity.organization));
    }
    const std::size_t written = insert_plainly(activity, ids, sessions);
    const core::Uuid* const first_id = ids.data();
    if (written > 0) {
        const Arrays arrays = server([&] { return arrays_of(first_id, sessions.first(written)); });
        notify_of_events(sessions_generated_statement().write({Value::timestamp(settings::now()), activity.organization,
                                                               activity.id, Value::array(UUIDARRAYOID, arrays.ids),
                                                               Value::array(TIMESTAMPTZARRAYOID, arrays.starts)}));
    }
    if (written < sessions.size()) {
        insert_by_statement(activity, server([&] { return arrays_of(first_id + written, sessions.subspan(written)); }));
    }
    constexpr std::size_t at_once = 500;
    for (std::size_t i = 0; activity.lanes > 0 && i < written; i += at_once) {
        insert_lanes(activity, std::span(ids).subspan(i, std::min(at_once, written - i)));
    }
    if (activity.lanes > 0 && written < ids.size()) {
        // A trigger or rule of the owner may have left some of the sessions out, which the foreign key tells.
        insert_lanes_by_statement(activity, {ids.begin() + static_cast<std::ptrdiff_t>(written), ids.end()});
    }
}

} // namespace

void insert_sessions(const ScheduledActivity& activity, std::span<const core::PlannedSession> sessions) {
    constexpr std::size_t batch = 20000;
    for (std::size_t i = 0; i < sessions.size(); i += batch) {
        insert_batch(activity, sessions.subspan(i, std::min(batch, sessions.size() - i)));
    }
}

void set_watermark(const ScheduledActivity& activity, const Dates& wanted) {
    const Dates done = adjoining(activity, wanted).value_or(wanted);
    static constinit Statement statement(
        "INSERT INTO booking.generation_watermarks AS w (organization_id, activity_id, fingerprint, first_date,"
        "       last_date) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (organization_id, activity_id) DO UPDATE"
        "    SET fingerprint = EXCLUDED.fingerprint, first_date = EXCLUDED.first_date, last_date = EXCLUDED.last_date");
    statement.write({activity.organization, activity.id, Value::bytea(activity.fingerprint),
                     Value::date(to_date(std::min(done.first, wanted.first))),
                     Value::date(to_date(std::max(done.last, wanted.last)))});
}

} // namespace pgbk
