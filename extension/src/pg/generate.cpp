// generate_activity_sessions: schedule and exceptions to rows, once, whoever asks and however often.
#include "core/schedule.hpp"
#include "core/session_plan.hpp"
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"
#include "pg/digest.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/settings.hpp"
#include "pg/time_zone.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;
using std::chrono::days;
using std::chrono::local_days;

struct Dates {
    local_days first;
    local_days last; // inclusive
};

struct Activity {
    std::int32_t organization;
    core::Uuid id;
    std::int32_t capacity;
    std::int32_t lanes;
    std::string_view timezone;
    std::string_view fingerprint;
    core::Schedule schedule;
    std::vector<core::ScheduleException> exceptions;
    std::optional<Dates> generated; // if schedule, zone and exceptions are still those of the watermark
};

Dates requested_dates(const Call& call) {
    const DateADT first = date_argument(call, 1, "start_date");
    const std::int32_t count = int4_argument(call, 2, "days_ahead");
    core::check_days_ahead(count);
    const local_days start = to_local_days(DATE_NOT_FINITE(first) ? 0 : first);
    const local_days earliest{std::chrono::year(1970) / 1 / 2};
    const local_days latest{std::chrono::year(2200) / 1 / 1};
    if (DATE_NOT_FINITE(first) || start < earliest || start + days(count) > latest) {
        throw Refusal(RefusalKind::invalid_generation_range,
                      "start_date " + date_text(first) + " with days_ahead " + std::to_string(count) +
                          " is out of range",
                      "Dates from 1970-01-02 to 2199-12-31 can be generated.");
    }
    return {start, start + days(count) - days(1)};
}

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

Activity read_activity(std::int32_t organization, const core::Uuid& id) {
    // The fingerprint depends on no setting of the session: dates and times go in as numbers.
    static constinit Statement statement(
        "SELECT a.schedule, v.timezone, a.capacity, v.id, f.fingerprint,"
        "       w.fingerprint = f.fingerprint, w.first_date, w.last_date, a.lanes"
        "  FROM booking.activities AS a"
        "  JOIN booking.venues AS v ON v.organization_id = $1 AND v.id = a.venue_id"
        " CROSS JOIN LATERAL (SELECT sha256(convert_to(concat_ws('|', a.schedule, v.timezone,"
        "       (SELECT string_agg(concat_ws(',', x.id, x.first_date - date '2000-01-01',"
        "                                    x.last_date - date '2000-01-01', x.closed,"
        "                                    date_part('epoch', x.start_time), date_part('epoch', x.end_time)),"
        "                          ';' ORDER BY x.id)"
        "          FROM booking.schedule_exceptions AS x"
        "         WHERE x.organization_id = $1 AND (x.activity_id = $2 OR x.venue_id = v.id))), 'UTF8'))"
        "       AS fingerprint) AS f"
        "  LEFT JOIN booking.generation_watermarks AS w ON w.organization_id = $1 AND w.activity_id = $2"
        " WHERE a.organization_id = $1 AND a.id = $2");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        throw Refusal(RefusalKind::activity_not_found, "no activity has the id " + uuid_text(id));
    }
    const auto lanes = rows.is_null(0, 9) ? std::nullopt : std::optional(rows.int4(0, 9));
    Activity activity{organization,
                      id,
                      rows.int4(0, 3),
                      capacity::default_lanes(lanes, rows.int4(0, 3)),
                      rows.bytes(0, 2),
                      rows.bytes(0, 5),
                      {},
                      {},
                      std::nullopt};
    activity.schedule = schedule_of(rows.datum(0, 1));
    activity.exceptions = exceptions_of(organization, id, rows.uuid(0, 4));
    if (!rows.is_null(0, 6) && rows.boolean(0, 6)) {
        activity.generated = Dates{to_local_days(rows.date(0, 7)), to_local_days(rows.date(0, 8))};
    }
    return activity;
}

// The dates of the watermark, if it still holds and the wanted dates overlap it or lie next to it.
std::optional<Dates> adjoining(const Activity& activity, const Dates& wanted) {
    const auto& done = activity.generated;
    if (!done.has_value() || wanted.last < done->first - days(1) || wanted.first > done->last + days(1)) {
        return std::nullopt;
    }
    return done;
}

// What of the wanted dates is not generated yet: nothing, a part before, a part after, or all.
std::vector<Dates> missing_dates(const Activity& activity, const Dates& wanted) {
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

std::chrono::sys_seconds utc_midnight(local_days date) {
    return std::chrono::sys_seconds(date.time_since_epoch());
}

// No zone is further than a day from UTC, a window runs a day past midnight at most, and a session lasts a day at most.
constexpr days margin{4};

std::vector<core::Interval> existing_sessions(const Activity& activity, const Dates& dates) {
    static constinit Statement statement(
        "SELECT s.start_time, s.end_time FROM booking.sessions AS s"
        " WHERE s.organization_id = $1 AND s.activity_id = $2 AND s.start_time >= $3 AND s.start_time < $4"
        " ORDER BY s.start_time");
    const Rows rows = statement.write({activity.organization, activity.id,
                                       Value::timestamp(to_timestamp(utc_midnight(dates.first - margin))),
                                       Value::timestamp(to_timestamp(utc_midnight(dates.last + margin)))});
    std::vector<core::Interval> intervals;
    intervals.reserve(rows.count());
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        intervals.push_back({to_sys_seconds(rows.timestamp(row, 1)), to_sys_seconds(rows.timestamp(row, 2))});
    }
    return intervals;
}

std::vector<core::PlannedSession> plan(const Activity& activity, const Dates& dates, TimestampTz clock) {
    const core::Zone zone(offset_spans(find_time_zone(activity.timezone), utc_midnight(dates.first - margin),
                                       utc_midnight(dates.last + margin)));
    const auto existing = existing_sessions(activity, dates);
    const core::PlanRequest request{dates.first, dates.last - dates.first + days(1), to_sys_seconds(clock), existing};
    return core::plan_sessions(activity.schedule, activity.exceptions, zone, request);
}

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

void insert_batch(const Activity& activity, std::span<const core::PlannedSession> sessions) {
    // The seats of a striped session lie in its lanes, evenly.
    static constinit Statement statement(
        "INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,"
        "       capacity_total, remaining, timezone, lane_count)"
        " SELECT $1, p.id, $2, p.start_time, p.end_time, p.local_date, $7, CASE $9 WHEN 0 THEN $7 ELSE 0 END, $8, $9"
        "   FROM unnest($3, $4, $5, $6) AS p (id, start_time, end_time, local_date)");
    static constinit Statement lanes("INSERT INTO booking.session_lanes (organization_id, session_id, lane, remaining)"
                                     " SELECT $1, p.id, n, $3 / $4 + CASE WHEN n < $3 % $4 THEN 1 ELSE 0 END"
                                     "   FROM unnest($2) AS p (id) CROSS JOIN generate_series(0, $4 - 1) AS n");
    std::vector<core::Uuid> ids;
    ids.reserve(sessions.size());
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        ids.push_back(new_id(activity.organization));
    }
    const core::Uuid* const first_id = ids.data();
    const Arrays arrays = server([&] { return arrays_of(first_id, sessions); });
    statement.write({activity.organization, activity.id, Value::array(UUIDARRAYOID, arrays.ids),
                     Value::array(TIMESTAMPTZARRAYOID, arrays.starts), Value::array(TIMESTAMPTZARRAYOID, arrays.ends),
                     Value::array(DATEARRAYOID, arrays.dates), activity.capacity, activity.timezone, activity.lanes});
    if (activity.lanes > 0) {
        lanes.write({activity.organization, Value::array(UUIDARRAYOID, arrays.ids), activity.capacity, activity.lanes});
    }
}

void set_watermark(const Activity& activity, const Dates& wanted) {
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

std::int32_t generate(std::int32_t organization, const core::Uuid& id, const Dates& wanted) {
    if (wanted.last < wanted.first) {
        return 0;
    }
    lock_until_transaction_ends(LockOf::generation, as_bytes(id));
    const Activity activity = read_activity(organization, id);
    const std::vector<Dates> missing = missing_dates(activity, wanted);
    if (missing.empty()) {
        return 0;
    }
    constexpr std::size_t batch = 20000;
    std::size_t created = 0;
    const TimestampTz clock = settings::now();
    for (const Dates& dates : missing) {
        const auto sessions = plan(activity, dates, clock);
        for (std::size_t i = 0; i < sessions.size(); i += batch) {
            insert_batch(activity, std::span(sessions).subspan(i, std::min(batch, sessions.size() - i)));
        }
        created += sessions.size();
    }
    set_watermark(activity, wanted);
    return static_cast<std::int32_t>(created);
}

Datum generate_activity_sessions_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "activity_id");
    const Dates dates = requested_dates(call);
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_member(call, organization, "generate sessions");
    return Int32GetDatum(generate(organization, id, dates));
}

Datum generate_all_sessions_body(Call& call) {
    const std::int32_t days_ahead = int4_argument(call, 0, "days_ahead");
    core::check_days_ahead(days_ahead);
    require_trusted(call, "generate the sessions of all organizations",
                    "Call generate_activity_sessions() for the activities of your own organization.");
    static constinit Statement statement(
        "SELECT a.organization_id, a.id, timezone(v.timezone, $1)::date"
        "  FROM booking.activities AS a"
        "  JOIN booking.organizations AS o ON o.organization_id = a.organization_id"
        "  JOIN booking.venues AS v ON v.organization_id = a.organization_id AND v.id = a.venue_id"
        " WHERE o.status = 'active' AND a.status = 'active'"
        " ORDER BY a.organization_id, a.id");
    const Rows rows = statement.write({Value::timestamp(settings::now())});
    std::int32_t created = 0;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const local_days today = to_local_days(rows.date(row, 3));
        created += generate(rows.int4(row, 1), rows.uuid(row, 2), {today, today + days(days_ahead) - days(1)});
    }
    return Int32GetDatum(created);
}

} // namespace

PGBK_WRITER(generate_activity_sessions, generate_activity_sessions_body);
PGBK_WRITER(generate_all_sessions, generate_all_sessions_body);

} // namespace pgbk
