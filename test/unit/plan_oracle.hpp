// What any plan must be, found the slow and obvious way, without the code of the core. Shared with the fuzz targets.
#pragma once

#include "core/session_plan.hpp"
#include "unit/times.hpp"

#include <algorithm>
#include <compare>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace pgbk::test {

struct Slot {
    sys_seconds start;
    local_days day; // the operating day
    sys_seconds end;

    auto operator<=>(const Slot&) const = default;
};

inline std::string text(const Slot& slot) {
    return text(slot.start) + " to " + text(slot.end) + " of " + text(slot.day);
}

// Asks every span which instant it would call by this civil time.
inline std::optional<sys_seconds> first_instant(std::span<const core::OffsetSpan> rules, local_seconds civil_time) {
    std::optional<sys_seconds> first;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const sys_seconds instant(civil_time.time_since_epoch() - rules[i].offset);
        const bool holds =
            (i == 0 || instant >= rules[i].from) && (i + 1 == rules.size() || instant < rules[i + 1].from);
        if (holds && (!first.has_value() || instant < *first)) {
            first = instant;
        }
    }
    return first;
}

inline std::vector<core::Hours> open_hours(const core::Schedule& schedule,
                                           std::span<const core::ScheduleException> exceptions, local_days day) {
    std::vector<core::ScheduleException> own;
    std::vector<core::ScheduleException> venue;
    for (const auto& exception : exceptions) {
        if (day >= exception.first && day <= exception.last) {
            (exception.of_activity ? own : venue).push_back(exception);
        }
    }
    const auto& valid = own.empty() ? venue : own;
    std::vector<core::Hours> windows;
    if (valid.empty()) {
        const auto since_thursday = day.time_since_epoch().count() % 7 + 7; // 1970 began on a Thursday, number 4
        if (const auto& regular = schedule.hours.at(static_cast<std::size_t>((since_thursday + 4) % 7))) {
            windows.push_back(*regular);
        }
    } else if (std::none_of(valid.begin(), valid.end(), [](const auto& e) { return e.closed; })) {
        for (const auto& exception : valid) {
            windows.push_back(exception.hours);
        }
    }
    return windows;
}

// Every slot of the civil grid that exists, sorted, whether past or taken or not.
inline std::vector<Slot> every_slot(const core::Schedule& schedule, std::span<const core::ScheduleException> exceptions,
                                    std::span<const core::OffsetSpan> rules, const core::PlanRequest& request) {
    // The interval of real time, or down to three quarters of it: until the clock shows the end, if it was put forward.
    const auto end_of = [&](sys_seconds start, local_seconds civil_end) {
        const sys_seconds full = start + schedule.slot_interval;
        const auto shown = first_instant(rules, civil_end);
        const bool shorter = shown.has_value() && *shown < full && (*shown - start) * 4 >= (full - start) * 3;
        return shorter ? *shown : full;
    };
    std::vector<Slot> slots;
    for (local_days day = request.first_date; day < request.first_date + request.days; day += std::chrono::days(1)) {
        for (const auto& window : open_hours(schedule, exceptions, day)) {
            const auto count = std::max(minutes(0), window.end - window.start) / schedule.slot_interval;
            for (int i = 0; i < count; ++i) {
                const auto begin = day + window.start + i * schedule.slot_interval;
                if (const auto start = first_instant(rules, begin)) {
                    slots.push_back({*start, day, end_of(*start, begin + schedule.slot_interval)});
                }
            }
        }
    }
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    return slots;
}

// The first rule that the plan breaks, or nothing.
inline std::string plan_fault(const core::Schedule& schedule, std::span<const core::ScheduleException> exceptions,
                              std::span<const core::OffsetSpan> rules, const core::PlanRequest& request,
                              std::span<const core::PlannedSession> plan) {
    const auto slots = every_slot(schedule, exceptions, rules, request);
    const auto is_taken = [&](const Slot& slot) {
        return std::any_of(request.existing.begin(), request.existing.end(), [&](const core::Interval& taken) {
            return taken.start < slot.end && slot.start < taken.end;
        });
    };
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const Slot session{plan[i].start, plan[i].local_date, plan[i].end};
        if (session.end <= session.start) {
            return text(session) + " ends before it begins";
        }
        if (session.start < request.not_before) {
            return text(session) + " is in the past";
        }
        if (i > 0 && session.start < plan[i - 1].end) {
            return text(session) + " begins before the one before it ends";
        }
        if (is_taken(session)) {
            return text(session) + " overlaps an existing session";
        }
        if (!std::binary_search(slots.begin(), slots.end(), session)) {
            return text(session) + " is not on the grid, or lasts too long or too short";
        }
    }
    auto after = plan.begin(); // the first session that comes after the slot
    for (const auto& slot : slots) {
        while (after != plan.end() && std::pair(after->start, after->local_date) <= std::pair(slot.start, slot.day)) {
            ++after;
        }
        const bool covered = after != plan.begin() && slot.start < std::prev(after)->end; // by itself or an earlier one
        if (!covered && slot.start >= request.not_before && !is_taken(slot)) {
            return text(slot) + " is missing without a reason";
        }
    }
    return {};
}

} // namespace pgbk::test
