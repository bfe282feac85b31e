#include "core/calendar_step.hpp"

#include "unit/json_text.hpp"

#include <gtest/gtest.h>

namespace pgbk::core {
namespace {

TEST(CalendarStep, MakesOfWhatStandsWhatIsWanted) {
    using S = CalendarStep;
    // is_cancelled, has_wish, has_appointment, is_at_wanted_start
    EXPECT_EQ(next_step({false, false, false, false}), S::nothing);
    EXPECT_EQ(next_step({false, false, true, false}), S::nothing) << "what others made stays";
    EXPECT_EQ(next_step({false, true, false, false}), S::create);
    EXPECT_EQ(next_step({false, true, true, false}), S::reschedule);
    EXPECT_EQ(next_step({false, true, true, true}), S::nothing) << "it is so already";
    EXPECT_EQ(next_step({true, true, true, false}), S::cancel) << "a wish does not outlive the booking";
    EXPECT_EQ(next_step({true, false, true, false}), S::cancel);
    EXPECT_EQ(next_step({true, true, false, false}), S::nothing);
}

TEST(CalendarStep, HasTheNameOfItsAction) {
    EXPECT_EQ(action_of(CalendarStep::create), "create_booking");
    EXPECT_EQ(action_of(CalendarStep::reschedule), "reschedule_booking");
    EXPECT_EQ(action_of(CalendarStep::cancel), "cancel_booking");
    EXPECT_EQ(action_of(CalendarStep::nothing), "");
}

TEST(CalendarFacts, AreReadAndWhatIsIncompleteIsLeftOut) {
    const test::JsonText text(R"({"status": "accepted", "appointments": [
        {"uid": "u1", "status": "cancelled", "start": "2027-03-10T10:00:00Z", "end": "2027-03-10T11:00:00Z", "at": "2027-03-01T11:00:00Z"},
        {"uid": "u2", "id": "17", "status": "accepted", "start": "s", "end": "e", "at": "a", "old_uid": "u1", "meeting_url": "https://x"},
        {"uid": "u3", "status": "new", "start": "s", "end": "e", "at": "a"},
        {"status": "accepted", "start": "s", "end": "e", "at": "a"},
        {"uid": "u4", "status": "accepted", "start": "s", "end": "e"}, 7, null]})");
    const auto facts = read_calendar_facts(text.root());
    ASSERT_EQ(facts.size(), 2);
    EXPECT_EQ(facts[0].news.status, CalendarStatus::cancelled);
    EXPECT_EQ(facts[1].news.uid, "u2");
    EXPECT_EQ(facts[1].news.old_uid, "u1");
    EXPECT_EQ(facts[1].news.id, "17");
    EXPECT_EQ(facts[1].news.meeting_url, "https://x");
    EXPECT_EQ(facts[1].at, "a");
    EXPECT_TRUE(read_calendar_facts(test::JsonText("{}").root()).empty());
    EXPECT_TRUE(read_calendar_facts(test::JsonText(R"({"appointments": {}})").root()).empty());
    EXPECT_TRUE(read_calendar_facts(test::JsonText("7").root()).empty());
}

} // namespace
} // namespace pgbk::core
