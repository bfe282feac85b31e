#include "core/session_plan.hpp"

#include "unit/plan_oracle.hpp"
#include "unit/times.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace pgbk::core {

namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::minutes;
using std::chrono::sys_seconds;
using test::date;
using test::utc;

using Texts = std::vector<std::string>;

constexpr Hours hours_of(int start, int end) {
    return {minutes(start * 60), minutes(end * 60)};
}

Schedule daily(int interval, Hours hours) {
    Schedule schedule;
    schedule.slot_interval = minutes(interval);
    schedule.hours.fill(hours);
    return schedule;
}

ScheduleException closed(local_days first, local_days last, bool of_activity) {
    return {first, last, of_activity, true, {}};
}

ScheduleException open(local_days first, local_days last, bool of_activity, Hours hours) {
    return {first, last, of_activity, false, hours};
}

// One call of plan_sessions, with everything a test does not care about left empty.
struct Plan {
    Schedule schedule;
    local_days first{};
    int count = 1;
    std::span<const OffsetSpan> rules = test::utc_rules;
    std::vector<ScheduleException> exceptions{};
    std::vector<Interval> existing{};
    sys_seconds not_before = test::long_ago;

    PlanRequest request() const { return {first, days(count), not_before, existing}; }

    std::vector<PlannedSession> sessions() const { return plan_sessions(schedule, exceptions, Zone(rules), request()); }

    std::string fault() const { return test::plan_fault(schedule, exceptions, rules, request(), sessions()); }

    Texts starts() const {
        Texts out;
        for (const auto& session : sessions()) {
            out.push_back(test::text(session.start));
        }
        return out;
    }
};

constexpr local_days monday = date(2024, 6, 3);

TEST(PlanSessions, FillsTheHoursOfADay) {
    const auto sessions = Plan{.schedule = daily(60, hours_of(9, 11)), .first = monday}.sessions();
    ASSERT_EQ(sessions.size(), 2U);
    EXPECT_EQ(sessions[0].start, utc(2024, 6, 3, 9));
    EXPECT_EQ(sessions[0].end, utc(2024, 6, 3, 10));
    EXPECT_EQ(sessions[0].local_date, monday);
    EXPECT_EQ(sessions[1].start, utc(2024, 6, 3, 10));
    EXPECT_EQ(sessions[1].end, utc(2024, 6, 3, 11));
}

TEST(PlanSessions, CoversTheDatesAskedForAndNoOthers) {
    const Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday, .count = 3};
    EXPECT_EQ(plan.starts(), (Texts{"2024-06-03T09:00Z", "2024-06-04T09:00Z", "2024-06-05T09:00Z"}));
    EXPECT_EQ((Plan{.schedule = daily(60, hours_of(9, 10)), .first = monday, .count = 0}.starts()), Texts{});
}

TEST(PlanSessions, KeepsToTheWeekday) {
    Schedule schedule;
    schedule.slot_interval = minutes(60);
    schedule.hours[2] = hours_of(9, 10); // Tuesday
    const Plan plan{.schedule = schedule, .first = monday, .count = 14};
    EXPECT_EQ(plan.starts(), (Texts{"2024-06-04T09:00Z", "2024-06-11T09:00Z"}));
}

TEST(PlanSessions, MakesNoSlotThatWouldEndAfterTheHours) {
    const Plan just_fits{.schedule = daily(45, {minutes(540), minutes(540 + 135)}), .first = monday};
    EXPECT_EQ(just_fits.starts(), (Texts{"2024-06-03T09:00Z", "2024-06-03T09:45Z", "2024-06-03T10:30Z"}));
    const Plan a_minute_short{.schedule = daily(45, {minutes(540), minutes(540 + 134)}), .first = monday};
    EXPECT_EQ(a_minute_short.starts(), (Texts{"2024-06-03T09:00Z", "2024-06-03T09:45Z"}));
}

TEST(PlanSessions, BeginsTheGridAnewEachDayThoughTheIntervalDoesNotDivideIt) {
    const Plan plan{.schedule = daily(7 * 60, hours_of(0, 24)), .first = monday, .count = 2};
    EXPECT_EQ(plan.starts(), (Texts{"2024-06-03T00:00Z", "2024-06-03T07:00Z", "2024-06-03T14:00Z", "2024-06-04T00:00Z",
                                    "2024-06-04T07:00Z", "2024-06-04T14:00Z"}));
}

TEST(PlanSessions, CountsASlotPastMidnightToTheDayItsHoursBegan) {
    const auto sessions = Plan{.schedule = daily(60, hours_of(23, 25)), .first = monday}.sessions();
    ASSERT_EQ(sessions.size(), 2U);
    EXPECT_EQ(sessions[1].start, utc(2024, 6, 4, 0));
    EXPECT_EQ(sessions[1].local_date, monday);
}

TEST(PlanSessions, GivesTheEarlierStartTheRoomWhereHoursPastMidnightMeetTheNextDay) {
    // Tuesday's 01:00 and 02:30 meet Monday's 00:00 and 01:30, which last 90 minutes.
    Schedule schedule;
    schedule.slot_interval = minutes(90);
    schedule.hours[1] = Hours{minutes(22 * 60 + 30), minutes(27 * 60)};
    schedule.hours[2] = Hours{minutes(60), minutes(6 * 60)};
    const auto sessions = Plan{.schedule = schedule, .first = monday, .count = 2}.sessions();
    std::vector<std::pair<std::string, local_days>> out;
    for (const auto& session : sessions) {
        out.emplace_back(test::text(session.start), session.local_date);
    }
    const local_days tuesday = monday + days(1);
    EXPECT_EQ(out, (std::vector<std::pair<std::string, local_days>>{{"2024-06-03T22:30Z", monday},
                                                                    {"2024-06-04T00:00Z", monday},
                                                                    {"2024-06-04T01:30Z", monday},
                                                                    {"2024-06-04T04:00Z", tuesday}}));
}

TEST(PlanSessions, GivesEqualStartsToTheEarlierOperatingDay) {
    const auto sessions =
        Plan{.schedule = daily(60, hours_of(0, 25)), .first = monday, .count = 2, .rules = test::tokyo}.sessions();
    const auto midnight = std::find_if(sessions.begin(), sessions.end(),
                                       [](const PlannedSession& s) { return s.start == utc(2024, 6, 3, 15); });
    ASSERT_NE(midnight, sessions.end());
    EXPECT_EQ(midnight->local_date, monday);
    EXPECT_EQ(sessions.size(), 49U);
}

TEST(PlanSessions, LeavesOutTheSlotsInAGap) {
    const Plan plan{
        .schedule = daily(30, {minutes(60), minutes(240)}), .first = date(2024, 3, 31), .rules = test::berlin};
    EXPECT_EQ(plan.starts(), (Texts{"2024-03-31T00:00Z", "2024-03-31T00:30Z", "2024-03-31T01:00Z",
                                    "2024-03-31T01:30Z"})); // 01:00, 01:30, 03:00, 03:30
}

TEST(PlanSessions, TakesTheSlotsInAnOverlapOnce) {
    const Plan plan{
        .schedule = daily(30, {minutes(90), minutes(210)}), .first = date(2024, 10, 27), .rules = test::berlin};
    EXPECT_EQ(plan.starts(), (Texts{"2024-10-26T23:30Z", "2024-10-27T00:00Z", "2024-10-27T00:30Z",
                                    "2024-10-27T02:00Z"})); // 01:30, 02:00, 02:30, 03:00
}

TEST(PlanSessions, EndsASessionEarlyWhereTheClockIsPutForwardToTheNext) {
    // 00:00 and 04:00: the first has three hours of its four, which is just enough.
    const Plan plan{.schedule = daily(240, hours_of(0, 8)), .first = date(2024, 3, 31), .rules = test::berlin};
    EXPECT_EQ(plan.starts(), (Texts{"2024-03-30T23:00Z", "2024-03-31T02:00Z"}));
    EXPECT_EQ(test::text(plan.sessions()[0].end), "2024-03-31T02:00Z");
    EXPECT_EQ(test::text(plan.sessions()[1].end), "2024-03-31T06:00Z");
}

TEST(PlanSessions, LeavesTheNextOneOutWhereTheClockWouldTakeTooMuch) {
    // 01:00, 03:00 and 05:00: the first would have one hour of its two, so it has both, and 03:00 is not made.
    const Plan plan{.schedule = daily(120, hours_of(1, 7)), .first = date(2024, 3, 31), .rules = test::berlin};
    EXPECT_EQ(plan.starts(), (Texts{"2024-03-31T00:00Z", "2024-03-31T03:00Z"}));
    EXPECT_EQ(test::text(plan.sessions()[0].end), "2024-03-31T02:00Z");
}

TEST(PlanSessions, EndsTheLastSessionByTheClosingTimeThoughTheClockIsPutForward) {
    const Plan plan{.schedule = daily(240, hours_of(0, 4)), .first = date(2024, 3, 31), .rules = test::berlin};
    ASSERT_EQ(plan.starts(), Texts{"2024-03-30T23:00Z"});
    EXPECT_EQ(test::text(plan.sessions()[0].end), "2024-03-31T02:00Z");
}

TEST(PlanSessions, SellsTheDayOf23HoursAndTheOneAfterIt) {
    const Plan plan{
        .schedule = daily(1440, hours_of(0, 24)), .first = date(2024, 3, 31), .count = 2, .rules = test::berlin};
    EXPECT_EQ(plan.starts(), (Texts{"2024-03-30T23:00Z", "2024-03-31T22:00Z"}));
    EXPECT_EQ(test::text(plan.sessions()[0].end), "2024-03-31T22:00Z");
}

TEST(PlanSessions, LastsNoLongerWhereTheClockIsPutBack) {
    const Plan plan{.schedule = daily(1440, hours_of(0, 24)), .first = date(2024, 10, 27), .rules = test::berlin};
    ASSERT_EQ(plan.starts(), Texts{"2024-10-26T22:00Z"});
    EXPECT_EQ(test::text(plan.sessions()[0].end), "2024-10-27T22:00Z") << "24 hours of the day's 25";
}

TEST(PlanSessions, EndsNoSessionBeforeItBegins) {
    // Put forward at 01:00 and further back at 05:00: 02:00 is first shown after 03:00 is.
    const std::vector<OffsetSpan> rules{
        {test::long_ago, test::hours(0)}, {utc(2024, 5, 1, 1), test::hours(2)}, {utc(2024, 5, 1, 3), test::hours(-1)}};
    const Plan plan{.schedule = daily(60, hours_of(2, 3)), .first = date(2024, 5, 1), .rules = rules};
    ASSERT_EQ(plan.starts(), Texts{"2024-05-01T03:00Z"});
    EXPECT_EQ(test::text(plan.sessions()[0].end), "2024-05-01T04:00Z");
}

TEST(PlanSessions, ShiftsByHalfAnHourOnLordHowe) {
    const Plan autumn{
        .schedule = daily(60, {minutes(30), minutes(270)}), .first = date(2024, 4, 7), .rules = test::lord_howe};
    EXPECT_EQ(autumn.starts(), (Texts{"2024-04-06T13:30Z", "2024-04-06T14:30Z", "2024-04-06T16:00Z",
                                      "2024-04-06T17:00Z"})); // 00:30, 01:30 (first), 02:30, 03:30
    const Plan spring{.schedule = daily(60, hours_of(1, 5)), .first = date(2024, 10, 6), .rules = test::lord_howe};
    EXPECT_EQ(spring.starts(), (Texts{"2024-10-05T14:30Z", "2024-10-05T16:00Z",
                                      "2024-10-05T17:00Z"})); // 01:00, 03:00, 04:00: there was no 02:00
}

TEST(PlanSessions, HasNoneOnADayThatDidNotHappen) {
    const Plan plan{
        .schedule = daily(720, hours_of(0, 24)), .first = date(2011, 12, 29), .count = 3, .rules = test::apia};
    EXPECT_EQ(plan.starts(),
              (Texts{"2011-12-29T10:00Z", "2011-12-29T22:00Z", "2011-12-30T10:00Z", "2011-12-30T22:00Z"}));
}

TEST(PlanSessions, MakesNoSessionThatHasStarted) {
    Plan plan{.schedule = daily(60, hours_of(9, 12)), .first = monday};
    plan.not_before = utc(2024, 6, 3, 10);
    EXPECT_EQ(plan.starts(), (Texts{"2024-06-03T10:00Z", "2024-06-03T11:00Z"})) << "at its start it is made";
    plan.not_before += std::chrono::seconds(1);
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T11:00Z"});
}

TEST(PlanSessions, LeavesRoomForAnExistingSession) {
    Plan plan{.schedule = daily(60, hours_of(9, 12)), .first = monday};
    plan.existing = {{utc(2024, 6, 3, 10), utc(2024, 6, 3, 11)}};
    EXPECT_EQ(plan.starts(), (Texts{"2024-06-03T09:00Z", "2024-06-03T11:00Z"})) << "touching is not overlapping";
    plan.existing = {{utc(2024, 6, 3, 9, 59), utc(2024, 6, 3, 11)}};
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T11:00Z"});
    plan.existing = {{utc(2024, 6, 3, 10), utc(2024, 6, 3, 11, 1)}};
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T09:00Z"});
    plan.existing = {{utc(2024, 6, 3, 10, 20), utc(2024, 6, 3, 10, 30)}};
    EXPECT_EQ(plan.starts(), (Texts{"2024-06-03T09:00Z", "2024-06-03T11:00Z"})) << "shorter, inside a slot";
    plan.existing = {{utc(2024, 6, 2, 0), utc(2024, 6, 5, 0)}};
    EXPECT_EQ(plan.starts(), Texts{}) << "longer than the day";
}

TEST(PlanSessions, RemembersALongSessionBehindShorterOnes) {
    Plan plan{.schedule = daily(60, hours_of(9, 12)), .first = monday};
    plan.existing = {{utc(2024, 6, 3, 8), utc(2024, 6, 3, 11)}, {utc(2024, 6, 3, 8, 30), utc(2024, 6, 3, 9)}};
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T11:00Z"});
}

TEST(PlanSessions, PlansNothingTheSecondTime) {
    Plan plan{.schedule = daily(45, hours_of(20, 27)), .first = date(2024, 3, 29), .count = 4, .rules = test::berlin};
    for (const auto& session : plan.sessions()) {
        plan.existing.push_back({session.start, session.end});
    }
    EXPECT_FALSE(plan.existing.empty());
    EXPECT_EQ(plan.starts(), Texts{});
}

TEST(Exceptions, CloseTheirDatesBothEndsIncluded) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday, .count = 4};
    plan.exceptions = {closed(monday + days(1), monday + days(2), false)};
    EXPECT_EQ(plan.starts(), (Texts{"2024-06-03T09:00Z", "2024-06-06T09:00Z"}));
}

TEST(Exceptions, ReplaceTheHours) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday};
    plan.exceptions = {open(monday, monday, false, hours_of(14, 15))};
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T14:00Z"});
}

TEST(Exceptions, OpenADayThatIsClosedByTheSchedule) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday};
    plan.schedule.hours.fill(std::nullopt);
    plan.exceptions = {open(monday, monday, true, hours_of(14, 15))};
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T14:00Z"});
}

TEST(Exceptions, OfTheActivityWinOverThoseOfTheVenue) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday};
    plan.exceptions = {closed(monday, monday, false), open(monday, monday, true, hours_of(14, 15))};
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T14:00Z"});
    plan.exceptions = {open(monday, monday, false, hours_of(14, 15)), closed(monday, monday, true)};
    EXPECT_EQ(plan.starts(), Texts{});
}

TEST(Exceptions, OfTheActivityLeaveTheVenuesOnOtherDates) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday, .count = 2};
    plan.exceptions = {closed(monday, monday + days(1), false), open(monday, monday, true, hours_of(14, 15))};
    EXPECT_EQ(plan.starts(), Texts{"2024-06-03T14:00Z"});
}

TEST(Exceptions, ClosedWinsOverHoursInAnyOrder) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday};
    plan.exceptions = {closed(monday, monday, true), open(monday, monday, true, hours_of(14, 15))};
    EXPECT_EQ(plan.starts(), Texts{});
    std::swap(plan.exceptions[0], plan.exceptions[1]);
    EXPECT_EQ(plan.starts(), Texts{});
}

TEST(Exceptions, SeveralHoursAreSeveralWindowsWithoutOverlap) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday};
    plan.exceptions = {open(monday, monday, true, hours_of(14, 16)), open(monday, monday, true, hours_of(8, 9)),
                       open(monday, monday, true, {minutes(14 * 60 + 30), minutes(17 * 60 + 30)})};
    EXPECT_EQ(plan.starts(),
              (Texts{"2024-06-03T08:00Z", "2024-06-03T14:00Z", "2024-06-03T15:00Z", "2024-06-03T16:30Z"}));
}

TEST(Exceptions, WithHoursTooShortForASlotHaveNone) {
    Plan plan{.schedule = daily(60, hours_of(9, 10)), .first = monday};
    plan.exceptions = {open(monday, monday, true, {minutes(600), minutes(659)})};
    EXPECT_EQ(plan.starts(), Texts{});
}

// Plans of every kind, checked against the oracle.
class RandomPlan {
public:
    explicit RandomPlan(unsigned seed) : random_(seed) {}

    Plan make() {
        Plan plan{.schedule = {}, .count = below(12), .rules = rules()};
        // Near a change of the clock, if the zone has one.
        const auto change = plan.rules[static_cast<std::size_t>(below(static_cast<int>(plan.rules.size())))].from;
        const sys_seconds anchor = change == test::long_ago ? utc(2024, 2, 28, 0) : change;
        plan.first = local_days(std::chrono::floor<days>(anchor).time_since_epoch()) - days(below(8));
        plan.schedule.slot_interval = interval();
        for (auto& hours : plan.schedule.hours) {
            if (below(5) > 0) {
                hours = window();
            }
        }
        for (int i = below(5); i > 0; --i) {
            const local_days from = plan.first + days(below(12) - 1);
            const bool is_closed = below(3) == 0;
            plan.exceptions.push_back(
                {from, from + days(below(3)), below(2) == 0, is_closed, is_closed ? Hours{} : window()});
        }
        if (below(2) == 0) {
            plan.not_before = instant_in(plan);
        }
        add_existing(plan);
        return plan;
    }

private:
    int below(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }

    std::span<const OffsetSpan> rules() {
        switch (below(7)) {
        case 0:
            return test::utc_rules;
        case 1:
            return test::tokyo;
        case 2:
            return test::berlin;
        case 3:
            return test::vancouver;
        case 4:
            return test::lord_howe;
        case 5:
            return test::apia;
        default:
            break;
        }
        // A zone that changes its mind every few hours or days.
        invented_.clear();
        sys_seconds from = utc(2024, 2, 20, 0);
        for (int i = 1 + below(6); i > 0; --i) {
            invented_.push_back({from, std::chrono::seconds((below(2 * 26 * 60) - 26 * 60) * 60)});
            from += minutes(1 + below(below(2) == 0 ? 600 : 10'000));
        }
        return invented_;
    }

    minutes interval() {
        constexpr std::array usual{15, 20, 30, 45, 60, 90, 120, 1440};
        return minutes(below(4) > 0 ? usual.at(static_cast<std::size_t>(below(static_cast<int>(usual.size()))))
                                    : 1 + below(1440));
    }

    Hours window() { return hours_between(minutes(below(1440)), minutes(below(1441))); }

    sys_seconds instant_in(const Plan& plan) {
        return sys_seconds(plan.first.time_since_epoch()) + minutes(below((plan.count + 3) * 1440) - 1440);
    }

    void add_existing(Plan& plan) {
        if (below(2) == 0) { // some of what an earlier run made
            for (const auto& session : plan.sessions()) {
                if (below(3) > 0) {
                    plan.existing.push_back({session.start, session.end});
                }
            }
        }
        for (int i = below(2) * below(12); i > 0; --i) { // anything, overlaps included
            const sys_seconds start = instant_in(plan);
            plan.existing.push_back({start, start + minutes(1 + below(below(4) == 0 ? 3000 : 180))});
        }
        std::sort(plan.existing.begin(), plan.existing.end(),
                  [](const Interval& a, const Interval& b) { return a.start < b.start; });
    }

    std::mt19937 random_;
    std::vector<OffsetSpan> invented_;
};

constexpr unsigned plans = 4000;

TEST(RandomPlans, KeepEveryRuleAndLeaveNothingOut) {
    for (unsigned seed = 0; seed < plans; ++seed) {
        RandomPlan source(seed);
        ASSERT_EQ(source.make().fault(), "") << "seed " << seed;
    }
}

TEST(RandomPlans, AreEmptyTheSecondTime) {
    for (unsigned seed = 0; seed < plans; ++seed) {
        RandomPlan source(seed);
        Plan plan = source.make();
        for (const auto& session : plan.sessions()) {
            plan.existing.push_back({session.start, session.end});
        }
        std::sort(plan.existing.begin(), plan.existing.end(),
                  [](const Interval& a, const Interval& b) { return a.start < b.start; });
        ASSERT_EQ(plan.starts(), Texts{}) << "seed " << seed;
    }
}

TEST(RandomPlans, AreOfEveryKind) {
    unsigned with_sessions = 0;
    unsigned with_exceptions = 0;
    unsigned with_existing = 0;
    unsigned with_slots_left_out = 0;
    for (unsigned seed = 0; seed < plans; ++seed) {
        RandomPlan source(seed);
        const Plan plan = source.make();
        const auto sessions = plan.sessions();
        with_sessions += sessions.empty() ? 0 : 1;
        with_exceptions += plan.exceptions.empty() ? 0 : 1;
        with_existing += plan.existing.empty() ? 0 : 1;
        with_slots_left_out +=
            test::every_slot(plan.schedule, plan.exceptions, plan.rules, plan.request()).size() > sessions.size() ? 1
                                                                                                                  : 0;
    }
    for (const unsigned count : {with_sessions, with_exceptions, with_existing, with_slots_left_out}) {
        EXPECT_GT(count, plans / 3);
    }
}

} // namespace

} // namespace pgbk::core
