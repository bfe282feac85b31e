// apply_schedule_change and set_venue_timezone: sessions that were made by another schedule, or in another zone.
//
// What is sold stays as it was promised. Of the rest, what the schedule does not have any more goes, and what it has
// now comes; a second run finds nothing to do.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/array.hpp"
#include "pg/capacity.hpp"
#include "pg/generation.hpp"
#include "pg/settings.hpp"
#include "pg/time_zone.hpp"
#include "pg/waitlist.hpp"

#include <set>

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;
using std::chrono::days;
using std::chrono::local_days;

struct Session {
    core::Uuid id;
    TimestampTz start;
    TimestampTz end;
    std::int32_t taken; // seats that are booked, or in holds that are live
    bool is_off_schedule;
    local_days utc_date;
};

// $1 organization, $2 activity, $3 clock.
#define PGBK_TAKEN_SQL                                                                                                 \
    "(s.capacity_total - " PGBK_REMAINING_SQL                                                                          \
    " + s.oversold_by - " PGBK_EXPIRED_SEATS_SQL("$1", "s.id", "$3") ")::integer"

// In the order of their ids.
std::vector<Session> sessions_to_come(const ScheduledActivity& activity, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT s.id, s.start_time, s.end_time, " PGBK_TAKEN_SQL ", s.off_schedule,"
        "       timezone('UTC', s.start_time)::date"
        "  FROM booking.sessions AS s"
        " WHERE s.organization_id = $1 AND s.activity_id = $2 AND s.start_time > $3 ORDER BY s.id");
    const Rows rows = statement.write({activity.organization, activity.id, Value::timestamp(clock)});
    std::vector<Session> sessions;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        sessions.push_back({rows.uuid(row, 1), rows.timestamp(row, 2), rows.timestamp(row, 3), rows.int4(row, 4),
                            rows.boolean(row, 5), to_local_days(rows.date(row, 6))});
    }
    return sessions;
}

// Which of the sessions the schedule has, at these very times; whatever else stands in their way.
class Fitting {
public:
    Fitting(const ScheduledActivity& activity, const std::vector<Session>& sessions) {
        if (sessions.empty()) {
            return;
        }
        const auto [first, last] = std::minmax_element(
            sessions.begin(), sessions.end(), [](const Session& a, const Session& b) { return a.start < b.start; });
        constexpr days around{3}; // an operating day in the venue's zone, and its slots past midnight
        const Dates dates{first->utc_date - around, last->utc_date + around};
        for (const auto& slot : plan_dates(activity, dates, std::chrono::sys_seconds::min(), {})) {
            slots_.emplace(to_timestamp(slot.start), to_timestamp(slot.end));
        }
    }

    bool operator()(const Session& session) const { return slots_.contains({session.start, session.end}); }

private:
    std::set<std::pair<TimestampTz, TimestampTz>> slots_;
};

// What is to happen, or has happened, with each session that is concerned.
struct Outcome {
    std::string_view word;
    std::optional<core::Uuid> session;
    TimestampTz start;
    TimestampTz end;
    std::int32_t taken;
};

struct Change {
    std::vector<Outcome> outcomes;
    std::vector<core::Uuid> removed;
    std::vector<core::Uuid> left_behind; // and sold
    std::vector<core::Uuid> fit_again;
};

Change decide(const ScheduledActivity& activity, const std::vector<Session>& sessions) {
    const Fitting fits(activity, sessions);
    Change change;
    for (const Session& session : sessions) {
        if (fits(session)) {
            if (session.is_off_schedule) {
                change.fit_again.push_back(session.id);
            }
            continue;
        }
        const bool is_sold = session.taken > 0;
        (is_sold ? change.left_behind : change.removed).push_back(session.id);
        change.outcomes.push_back(
            {is_sold ? "kept" : "removed", session.id, session.start, session.end, session.taken});
    }
    return change;
}

// Locks what is to be removed, and gives back what has run out: whoever was faster keeps his seats, and then another
// decision is due.
bool lock_unsold(const ScheduledActivity& activity, const Change& change, TimestampTz clock) {
    static constinit Statement statement("SELECT s.capacity_total = " PGBK_REMAINING_SQL
                                         " - s.oversold_by FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    bool all_unsold = true;
    for (const core::Uuid& session : change.removed) {
        (void)capacity::reclaim_and_serve(activity.organization, session, clock);
        all_unsold = all_unsold && statement.write({activity.organization, session}).boolean(0, 1);
    }
    return all_unsold;
}

void carry_out(const ScheduledActivity& activity, const Change& change) {
    static constinit Statement remove("DELETE FROM booking.sessions AS s WHERE s.organization_id = $1"
                                      "   AND s.id = ANY ($2)");
    static constinit Statement flag("UPDATE booking.sessions AS s SET off_schedule = $3"
                                    " WHERE s.organization_id = $1 AND s.id IN ("
                                    "       SELECT x.id FROM booking.sessions AS x WHERE x.organization_id = $1"
                                    "          AND x.id = ANY ($2) AND x.off_schedule <> $3"
                                    "        ORDER BY x.id FOR NO KEY UPDATE)");
    if (!change.removed.empty()) {
        remove.write({activity.organization, uuid_array(change.removed)});
    }
    if (!change.left_behind.empty()) {
        flag.write({activity.organization, uuid_array(change.left_behind), true});
    }
    if (!change.fit_again.empty()) {
        flag.write({activity.organization, uuid_array(change.fit_again), false});
    }
}

// For the dates that were generated before: what the schedule has now and is not there.
void add_sessions(const ScheduledActivity& activity, Change& change, bool dry_run, TimestampTz clock) {
    static constinit Statement today("SELECT timezone($1, $2)::date");
    if (!activity.marked.has_value()) {
        return;
    }
    const local_days from = to_local_days(today.write({activity.timezone, Value::timestamp(clock)}).date(0, 1));
    const Dates dates{std::max(from, activity.marked->first), activity.marked->last};
    if (dates.last < dates.first) {
        return;
    }
    const auto taken = taken_times(activity, dates, uuid_array(change.removed).datum());
    const auto sessions = plan_dates(activity, dates, to_sys_seconds(clock), taken);
    for (const auto& session : sessions) {
        change.outcomes.push_back({"added", std::nullopt, to_timestamp(session.start), to_timestamp(session.end), 0});
    }
    if (!dry_run) {
        insert_sessions(activity, sessions);
        set_watermark(activity, dates);
    }
}

Change apply(const ScheduledActivity& activity, bool dry_run, TimestampTz clock) {
    constexpr int rounds = 8;
    for (int i = 0; i < rounds; ++i) {
        Change change = decide(activity, sessions_to_come(activity, clock));
        if (!dry_run && !lock_unsold(activity, change, clock)) {
            continue; // what is sold now is seen by the next look
        }
        if (!dry_run) {
            carry_out(activity, change);
        }
        add_sessions(activity, change, dry_run, clock);
        return change;
    }
    throw Refusal(RefusalKind::retry, "sessions of activity " + uuid_text(activity.id) + " are just being booked", {},
                  "Try again.");
}

Datum apply_schedule_change_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "activity_id");
    const bool dry_run = boolean_argument(call, 1, "dry_run");
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_member(call, organization, "apply a change of schedule");
    lock_generation(id);
    Change change = apply(read_activity(organization, id), dry_run, settings::now());
    std::stable_sort(change.outcomes.begin(), change.outcomes.end(),
                     [](const Outcome& a, const Outcome& b) { return a.start < b.start; });
    ResultSet result(call);
    for (const Outcome& outcome : change.outcomes) {
        result.add({outcome.word, outcome.session.has_value() ? Value(*outcome.session) : Value::null(UUIDOID),
                    Value::timestamp(outcome.start), Value::timestamp(outcome.end), outcome.taken});
    }
    return null_result(call);
}

std::string_view lock_venue(std::int32_t organization, const core::Uuid& venue) {
    static constinit Statement statement("SELECT v.timezone FROM booking.venues AS v"
                                         " WHERE v.organization_id = $1 AND v.id = $2 FOR NO KEY UPDATE");
    const Rows rows = statement.write({organization, venue});
    if (rows.empty()) {
        throw Refusal(RefusalKind::venue_not_found, "no venue has the id " + uuid_text(venue));
    }
    return rows.bytes(0, 1);
}

void set_zone(std::int32_t organization, const core::Uuid& venue, std::string_view zone) {
    static constinit Statement statement("UPDATE booking.venues AS v SET timezone = $3"
                                         " WHERE v.organization_id = $1 AND v.id = $2");
    statement.write({organization, venue, zone});
}

// What of the activity's sessions its schedule does not have in this zone.
void report_misfits(ResultSet& result, ScheduledActivity activity, std::string_view zone, TimestampTz clock) {
    static constinit Statement local("SELECT timezone($1, $2)");
    activity.timezone = zone;
    const std::vector<Session> sessions = sessions_to_come(activity, clock);
    const Fitting fits(activity, sessions);
    for (const Session& session : sessions) {
        if (!fits(session)) {
            const Rows rows = local.write({zone, Value::timestamp(session.start)});
            result.add({activity.id, session.id, Value::timestamp(session.start), Value::timestamp(session.end),
                        Value::civil_time(rows.timestamp(0, 1)), session.taken});
        }
    }
}

Datum set_venue_timezone_body(Call& call) {
    const core::Uuid venue = uuid_argument(call, 0, "venue_id");
    const std::string_view zone = text_argument(call, 1, "timezone");
    const bool dry_run = boolean_argument(call, 2, "dry_run");
    const std::int32_t organization = core::organization_of(venue).value_or(0);
    require_owner(call, organization, "change a venue's time zone");
    (void)find_time_zone(zone);
    static constinit Statement activities("SELECT a.id FROM booking.activities AS a"
                                          " WHERE a.organization_id = $1 AND a.venue_id = $2 ORDER BY a.id");
    const Rows rows = activities.write({organization, venue});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        lock_generation(rows.uuid(row, 1));
    }
    const bool is_new = lock_venue(organization, venue) != zone;
    if (is_new && !dry_run) {
        set_zone(organization, venue, zone);
    }
    const TimestampTz clock = settings::now();
    ResultSet result(call);
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        report_misfits(result, read_activity(organization, rows.uuid(row, 1)), zone, clock);
    }
    return null_result(call);
}

} // namespace

PGBK_WRITER(apply_schedule_change, apply_schedule_change_body);
PGBK_WRITER(set_venue_timezone, set_venue_timezone_body);

} // namespace pgbk
