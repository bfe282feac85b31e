// block_period and unblock_period: sessions of a time are closed, and none are made in it.
//
// Lock order: the subject; the generation of all activities concerned, by id, so that no session is made meanwhile;
// then sessions by id.
#include "pg/blocked_periods.hpp"

#include "core/session_change.hpp"
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"
#include "pg/generation.hpp"
#include "pg/identity.hpp"
#include "pg/session_status.hpp"
#include "pg/settings.hpp"
#include "pg/time_zone.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

enum class Subject : std::uint8_t { venue, activity, resource };

// What has this id: a period is of one of them.
Subject find_subject(std::int32_t organization, const core::Uuid& id) {
    static constinit Statement statement(
        "SELECT EXISTS (SELECT 1 FROM booking.venues AS v WHERE v.organization_id = $1 AND v.id = $2),"
        "       EXISTS (SELECT 1 FROM booking.activities AS a WHERE a.organization_id = $1 AND a.id = $2),"
        "       EXISTS (SELECT 1 FROM booking.resources AS q WHERE q.organization_id = $1 AND q.id = $2)");
    const Rows rows = statement.write({organization, id});
    for (const Subject subject : {Subject::venue, Subject::activity, Subject::resource}) {
        if (rows.boolean(0, static_cast<int>(subject) + 1)) {
            return subject;
        }
    }
    throw Refusal(RefusalKind::invalid_period, "no venue, activity or resource has the id " + uuid_text(id), {}, {},
                  "subject_id");
}

struct Period {
    std::int32_t organization;
    core::Uuid id;
    std::string_view reason;
};

void check_times(TimestampTz from, TimestampTz to) {
    const TimestampTz earliest = to_timestamp(std::chrono::sys_days(std::chrono::year(1970) / 1 / 2));
    const TimestampTz latest = to_timestamp(std::chrono::sys_days(std::chrono::year(2200) / 1 / 1));
    if (from < earliest || to > latest || from >= to) {
        throw Refusal(RefusalKind::invalid_period,
                      "a period must end after it starts, between 1970-01-02 and 2200-01-01", {}, {}, "ends_at");
    }
}

#define PGBK_BLOCKS_ACTIVITY_SQL PGBK_BLOCKS_SQL("a.id", "a.venue_id")
#define PGBK_RUN_OUT_SQL PGBK_EXPIRED_SEATS_SQL("$1", "$2", "$3")

void lock_activities(const Period& period) {
    static constinit Statement statement(
        "SELECT a.id FROM booking.blocked_periods AS p"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND " PGBK_BLOCKS_ACTIVITY_SQL
        " WHERE p.organization_id = $1 AND p.id = $2 ORDER BY a.id");
    const Rows rows = statement.write({period.organization, period.id});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        lock_generation(rows.uuid(row, 1));
    }
}

// A session with the seats that are booked, or in holds that are live: as it is once it is locked.
void report(ResultSet* result, const Period& period, const core::Uuid& session, TimestampTz clock,
            std::string_view outcome) {
    static constinit Statement statement("SELECT s.activity_id, s.start_time, s.end_time, (s.capacity_total - f.seats "
                                         "+ s.oversold_by - e.seats)::integer"
                                         "  FROM booking.sessions AS s"
                                         " CROSS JOIN LATERAL (SELECT " PGBK_REMAINING_SQL " AS seats) AS f"
                                         " CROSS JOIN LATERAL (SELECT " PGBK_RUN_OUT_SQL " AS seats) AS e"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    if (result == nullptr) {
        return;
    }
    const Rows rows = statement.write({period.organization, session, Value::timestamp(clock)});
    result->add({period.id, session, rows.uuid(0, 1), Value::timestamp(rows.timestamp(0, 2)),
                 Value::timestamp(rows.timestamp(0, 3)), rows.int4(0, 4), outcome});
}

// Those to come of the period, of one activity or of all, but for those that do not take place anyway.
Rows sessions_in(const Period& period, const std::optional<core::Uuid>& activity, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT s.id FROM booking.blocked_periods AS p"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND " PGBK_BLOCKS_ACTIVITY_SQL
        "  JOIN booking.sessions AS s ON s.organization_id = $1 AND s.activity_id = a.id"
        " WHERE p.organization_id = $1 AND p.id = $2 AND a.id = COALESCE($4, a.id) AND s.status <> 'cancelled'"
        "   AND s.start_time < p.ends_at AND s.end_time > p.starts_at AND s.end_time > $3"
        " ORDER BY s.id");
    return statement.write({period.organization, period.id, Value::timestamp(clock),
                            activity.has_value() ? Value(*activity) : Value::null(UUIDOID)});
}

void close_all(const Period& period, const std::optional<core::Uuid>& activity, TimestampTz clock, ResultSet* result) {
    static constinit Statement note("INSERT INTO booking.blocked_sessions (organization_id, session_id, period_id)"
                                    " VALUES ($1, $2, $3) ON CONFLICT (organization_id, session_id)"
                                    " DO UPDATE SET period_id = EXCLUDED.period_id");
    const Rows rows = sessions_in(period, activity, clock);
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const core::Uuid session = rows.uuid(row, 1);
        const bool closed = lock_session_state(period.organization, session).status == "open" &&
                            set_session_status(period.organization, session, "closed", period.reason);
        if (closed) {
            note.write({period.organization, session, period.id});
        }
        report(result, period, session, clock, closed ? "closed" : "was_closed");
    }
}

// Another period that blocks the session, if there is one.
std::optional<core::Uuid> another_period(const Period& period, const core::Uuid& session) {
    static constinit Statement statement(
        "SELECT p.id FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        "  JOIN booking.blocked_periods AS p ON p.organization_id = $1 AND p.id <> $3 AND " PGBK_BLOCKS_ACTIVITY_SQL
        "   AND p.starts_at < s.end_time AND p.ends_at > s.start_time"
        " WHERE s.organization_id = $1 AND s.id = $2 ORDER BY p.id LIMIT 1");
    const Rows rows = statement.write({period.organization, session, period.id});
    return rows.empty() ? std::nullopt : std::optional(rows.uuid(0, 1));
}

// Passes it on to another period, or opens it.
std::string_view open_unless_blocked(const Period& period, const core::Uuid& session) {
    static constinit Statement pass_on("UPDATE booking.blocked_sessions AS b SET period_id = $3"
                                       " WHERE b.organization_id = $1 AND b.session_id = $2");
    if (const auto other = another_period(period, session); other.has_value()) {
        pass_on.write({period.organization, session, *other});
        return "still_blocked";
    }
    set_session_status(period.organization, session, "open", "");
    return "opened";
}

void open_all(const Period& period, const std::optional<core::Uuid>& activity, TimestampTz clock, ResultSet* result) {
    static constinit Statement statement(
        "SELECT s.id FROM booking.blocked_sessions AS b"
        "  JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = b.session_id"
        " WHERE b.organization_id = $1 AND b.period_id = $2 AND s.activity_id = COALESCE($3, s.activity_id)"
        " ORDER BY s.id");
    const Rows rows = statement.write(
        {period.organization, period.id, activity.has_value() ? Value(*activity) : Value::null(UUIDOID)});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const core::Uuid session = rows.uuid(row, 1);
        if (lock_session_state(period.organization, session).status == "closed") {
            report(result, period, session, clock, open_unless_blocked(period, session));
        }
    }
}

// The period as it is there already, or a new one.
core::Uuid find_or_make(std::int32_t organization, const core::Uuid& subject, TimestampTz from, TimestampTz to,
                        std::string_view reason, TimestampTz clock) {
    static constinit Statement find("SELECT p.id FROM booking.blocked_periods AS p"
                                    " WHERE p.organization_id = $1 AND $2 IN (p.venue_id, p.activity_id, p.resource_id)"
                                    "   AND p.starts_at = $3 AND p.ends_at = $4 ORDER BY p.id LIMIT 1");
    static constinit Statement make(
        "INSERT INTO booking.blocked_periods (organization_id, id, venue_id, activity_id, resource_id, starts_at,"
        "       ends_at, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    const Subject kind = find_subject(organization, subject);
    lock_generation(subject); // so that the same call at the same time makes one
    if (const Rows rows = find.write({organization, subject, Value::timestamp(from), Value::timestamp(to)});
        !rows.empty()) {
        return rows.uuid(0, 1);
    }
    const core::Uuid id = new_id(organization);
    const auto id_of = [&](Subject wanted) { return kind == wanted ? Value(subject) : Value::null(UUIDOID); };
    make.write({organization, id, id_of(Subject::venue), id_of(Subject::activity), id_of(Subject::resource),
                Value::timestamp(from), Value::timestamp(to), reason, Value::timestamp(clock)});
    return id;
}

Datum block_period_body(Call& call) {
    const core::Uuid subject = uuid_argument(call, 0, "subject_id");
    const TimestampTz from = timestamp_argument(call, 1, "starts_at");
    const TimestampTz to = timestamp_argument(call, 2, "ends_at");
    const std::string_view reason = optional_text(call, 3).value_or("");
    const std::int32_t organization = core::organization_of(subject).value_or(0);
    require_member(call, organization, "block a period");
    check_times(from, to);
    core::check_closing_reason(reason);
    const TimestampTz clock = settings::now();
    const Period period{organization, find_or_make(organization, subject, from, to, reason, clock), reason};
    lock_activities(period);
    ResultSet result(call);
    close_all(period, std::nullopt, clock, &result);
    return null_result(call);
}

Datum unblock_period_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "period_id");
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_member(call, organization, "unblock a period");
    const Period period{organization, id, ""};
    lock_activities(period);
    static constinit Statement lock("SELECT 1 FROM booking.blocked_periods AS p"
                                    " WHERE p.organization_id = $1 AND p.id = $2 FOR UPDATE");
    if (lock.write({organization, id}).empty()) {
        throw Refusal(RefusalKind::period_not_found, "no blocked period has the id " + uuid_text(id));
    }
    ResultSet result(call);
    open_all(period, std::nullopt, settings::now(), &result);
    static constinit Statement remove("DELETE FROM booking.blocked_periods AS p"
                                      " WHERE p.organization_id = $1 AND p.id = $2");
    remove.write({organization, id});
    return null_result(call);
}

} // namespace

void block_by_resource(std::int32_t organization, const core::Uuid& activity, const core::Uuid& resource,
                       TimestampTz clock) {
    static constinit Statement statement("SELECT p.id, p.reason FROM booking.blocked_periods AS p"
                                         " WHERE p.organization_id = $1 AND p.resource_id = $2 AND p.ends_at > $3"
                                         " ORDER BY p.id");
    const Rows rows = statement.write({organization, resource, Value::timestamp(clock)});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        close_all({organization, rows.uuid(row, 1), rows.bytes(row, 2)}, activity, clock, nullptr);
    }
}

void unblock_by_resource(std::int32_t organization, const core::Uuid& activity, const core::Uuid& resource) {
    static constinit Statement statement("SELECT p.id FROM booking.blocked_periods AS p"
                                         " WHERE p.organization_id = $1 AND p.resource_id = $2 ORDER BY p.id");
    const TimestampTz clock = settings::now();
    const Rows rows = statement.write({organization, resource});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        open_all({organization, rows.uuid(row, 1), ""}, activity, clock, nullptr);
    }
}

PGBK_WRITER(block_period, block_period_body);
PGBK_WRITER(unblock_period, unblock_period_body);

} // namespace pgbk
