#include "core/session_plan.hpp"

#include <algorithm>

namespace pgbk::core {

namespace {

using std::chrono::local_days;
using std::chrono::minutes;

std::vector<Hours> windows_on(local_days date, const Schedule& schedule,
                              std::span<const ScheduleException> exceptions) {
    const auto covers = [&](const ScheduleException& e) { return e.first <= date && date <= e.last; };
    bool of_activity = false;
    bool of_venue = false;
    for (const auto& exception : exceptions) {
        if (covers(exception)) {
            (exception.of_activity ? of_activity : of_venue) = true;
        }
    }
    std::vector<Hours> windows;
    if (!of_activity && !of_venue) {
        const auto& hours = schedule.hours.at(std::chrono::weekday(date).c_encoding());
        if (hours.has_value()) {
            windows.push_back(*hours);
        }
        return windows;
    }
    for (const auto& exception : exceptions) {
        if (!covers(exception) || exception.of_activity != of_activity) {
            continue;
        }
        if (exception.closed) {
            return {};
        }
        windows.push_back(exception.hours);
    }
    return windows;
}

void add_slots(std::vector<PlannedSession>& slots, local_days date, const Hours& hours, minutes interval,
               const Zone& zone) {
    for (minutes start = hours.start; start + interval <= hours.end; start += interval) {
        const std::chrono::local_seconds civil = std::chrono::local_seconds(date) + start;
        const auto instant = zone.instant_of(civil);
        if (!instant.has_value()) {
            continue;
        }
        std::chrono::sys_seconds end = *instant + interval;
        const std::chrono::sys_seconds enough = *instant + std::chrono::seconds(interval) * 3 / 4;
        if (const auto next = zone.instant_of(civil + interval); next.has_value() && *next >= enough && *next < end) {
            end = *next; // the clock was put forward in between
        }
        slots.push_back({*instant, end, date});
    }
}

// slots and existing ascending by start.
std::vector<PlannedSession> without_overlaps(const std::vector<PlannedSession>& slots, const PlanRequest& request) {
    std::vector<PlannedSession> kept;
    kept.reserve(slots.size());
    auto next = request.existing.begin();
    auto taken_until = std::chrono::sys_seconds::min(); // the latest end of anything that starts before the slot
    for (const auto& slot : slots) {
        for (; next != request.existing.end() && next->start <= slot.start; ++next) {
            taken_until = std::max(taken_until, next->end);
        }
        const bool runs_into_next = next != request.existing.end() && next->start < slot.end;
        if (slot.start < taken_until || runs_into_next || slot.start < request.not_before) {
            continue;
        }
        kept.push_back(slot);
        taken_until = slot.end;
    }
    return kept;
}

} // namespace

std::vector<PlannedSession> plan_sessions(const Schedule& schedule, std::span<const ScheduleException> exceptions,
                                          const Zone& zone, const PlanRequest& request) {
    std::vector<PlannedSession> slots;
    for (std::chrono::days day{0}; day < request.days; ++day) {
        const local_days date = request.first_date + day;
        for (const Hours& hours : windows_on(date, schedule, exceptions)) {
            add_slots(slots, date, hours, schedule.slot_interval, zone);
        }
    }
    // Windows past midnight and clock changes may put slots out of order; equal starts keep the earlier operating day.
    std::stable_sort(slots.begin(), slots.end(),
                     [](const PlannedSession& a, const PlannedSession& b) { return a.start < b.start; });
    return without_overlaps(slots, request);
}

} // namespace pgbk::core
