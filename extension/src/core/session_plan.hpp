// Which sessions an activity should have: schedule and exceptions of a range of dates, in the venue's zone.
#pragma once

#include "core/schedule.hpp"
#include "core/zone.hpp"

#include <chrono>
#include <span>
#include <vector>

namespace pgbk::core {

// Dates on which the schedule does not hold: closed, or other hours. Where an exception of the activity covers a date,
// those of the venue do not count; closed wins over hours; several hours on one date are several windows.
// Plain data: it is filled in server frames.
struct ScheduleException {
    std::chrono::local_days first;
    std::chrono::local_days last; // inclusive
    bool of_activity{};
    bool closed{};
    Hours hours; // if not closed
};

// A range of time that is taken already.
struct Interval {
    std::chrono::sys_seconds start;
    std::chrono::sys_seconds end;
};

struct PlannedSession {
    std::chrono::sys_seconds start;
    std::chrono::sys_seconds end;
    std::chrono::local_days local_date; // the operating day, also for slots past midnight
};

struct PlanRequest {
    std::chrono::local_days first_date;
    std::chrono::days days;
    std::chrono::sys_seconds not_before; // sessions that start earlier are not made
    std::span<const Interval> existing;  // the activity's sessions, ascending by start
};

// Sessions to add, ascending by start, none of which overlaps an existing one or another: one activity is one thing,
// and a court that is sold twice for half an hour after a clock change is a double booking. Existing sessions win, then
// the earlier start. Slots begin on the civil grid; those in a gap of the clock are left out, those in an overlap are
// taken once, at the first occurrence. A session lasts slot_interval of real time. Where the clock is put forward
// meanwhile, it ends with its slot of the grid, if that leaves it three quarters of its length: a day of 24 hours that
// has only 23 is sold, and so is the day after it.
std::vector<PlannedSession> plan_sessions(const Schedule& schedule, std::span<const ScheduleException> exceptions,
                                          const Zone& zone, const PlanRequest& request);

} // namespace pgbk::core
