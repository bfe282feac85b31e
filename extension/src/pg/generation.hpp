// From an activity's schedule to its sessions: what generate_activity_sessions and whoever changes schedules share. All
// of it is for callers that have locked the activity's generation.
#pragma once

#include "core/session_plan.hpp"
#include "pg/statement.hpp"

#include <vector>

namespace pgbk {

struct Dates {
    std::chrono::local_days first;
    std::chrono::local_days last; // inclusive
};

struct ScheduledActivity {
    std::int32_t organization;
    core::Uuid id;
    core::Uuid venue;
    std::int32_t capacity;
    std::int32_t lanes;
    bool uses_resources;
    std::string_view timezone;
    std::string_view fingerprint;
    Datum schedule_document;
    core::Schedule schedule;
    std::vector<core::ScheduleException> exceptions;
    std::optional<Dates> marked;    // dates of the watermark, if there is one
    std::optional<Dates> generated; // the same if schedule, zone, exceptions and what is blocked are still those
};

// Until the transaction ends, nobody else changes which sessions the activity has. Several are locked in the order of
// their ids.
void lock_generation(const core::Uuid& activity);

// Throws Refusal activity_not_found. In two steps, since most of the time all is generated: without schedule and
// exceptions, and these.
ScheduledActivity find_activity(std::int32_t organization, const core::Uuid& id);
void read_schedule(ScheduledActivity& activity);

// Both.
ScheduledActivity read_activity(std::int32_t organization, const core::Uuid& id);

// What stands in the way of new sessions around these dates: sessions, but for those with the ids given, and periods
// that are blocked. Ascending by start.
std::vector<core::Interval> taken_times(const ScheduledActivity& activity, const Dates& dates, Datum but_for);

// The sessions that the dates should have besides what is there, from this time on.
std::vector<core::PlannedSession> plan_dates(const ScheduledActivity& activity, const Dates& dates,
                                             std::chrono::sys_seconds not_before,
                                             std::span<const core::Interval> existing);

void insert_sessions(const ScheduledActivity& activity, std::span<const core::PlannedSession> sessions);

// These dates, and those of the watermark that adjoin them, are generated.
void set_watermark(const ScheduledActivity& activity, const Dates& wanted);

// What of the wanted dates is not generated yet: nothing, a part before, a part after, or all.
std::vector<Dates> missing_dates(const ScheduledActivity& activity, const Dates& wanted);

} // namespace pgbk
