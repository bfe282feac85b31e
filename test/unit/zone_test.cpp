#include "core/zone.hpp"

#include "unit/times.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgbk::core {

namespace {

using test::civil;
using test::utc;

// Instants print as text, a civil time that does not exist as "gap".
std::string instant(std::span<const OffsetSpan> rules, std::chrono::local_seconds at) {
    const auto found = Zone(rules).instant_of(at);
    return found.has_value() ? test::text(*found) : "gap";
}

TEST(Zone, WithoutChangesIsAConstantOffset) {
    EXPECT_EQ(instant(test::utc_rules, civil(2024, 2, 29, 12)), "2024-02-29T12:00Z");
    EXPECT_EQ(instant(test::tokyo, civil(2024, 2, 29, 8, 59)), "2024-02-28T23:59Z");
    EXPECT_EQ(instant(test::tokyo, civil(2199, 12, 31, 9)), "2199-12-31T00:00Z");
}

TEST(Zone, BerlinSkipsAnHourInSpring) {
    EXPECT_EQ(instant(test::berlin, civil(2024, 3, 31, 1, 59)), "2024-03-31T00:59Z");
    EXPECT_EQ(instant(test::berlin, civil(2024, 3, 31, 2)), "gap");
    EXPECT_EQ(instant(test::berlin, civil(2024, 3, 31, 2, 59)), "gap");
    EXPECT_EQ(instant(test::berlin, civil(2024, 3, 31, 3)), "2024-03-31T01:00Z");
}

TEST(Zone, BerlinTakesTheFirstOfTwoHoursInAutumn) {
    EXPECT_EQ(instant(test::berlin, civil(2024, 10, 27, 1, 59)), "2024-10-26T23:59Z");
    EXPECT_EQ(instant(test::berlin, civil(2024, 10, 27, 2)), "2024-10-27T00:00Z");
    EXPECT_EQ(instant(test::berlin, civil(2024, 10, 27, 2, 59)), "2024-10-27T00:59Z");
    EXPECT_EQ(instant(test::berlin, civil(2024, 10, 27, 3)), "2024-10-27T02:00Z");
}

TEST(Zone, BerlinBetweenTheChangesIsTwoHoursAhead) {
    EXPECT_EQ(instant(test::berlin, civil(2024, 7, 1, 0)), "2024-06-30T22:00Z");
    EXPECT_EQ(instant(test::berlin, civil(2024, 12, 1, 0)), "2024-11-30T23:00Z");
    EXPECT_EQ(instant(test::berlin, civil(2025, 7, 1, 0)), "2025-06-30T22:00Z");
}

TEST(Zone, VancouverSkipsAnHourInSpring) {
    EXPECT_EQ(instant(test::vancouver, civil(2024, 3, 10, 1, 59)), "2024-03-10T09:59Z");
    EXPECT_EQ(instant(test::vancouver, civil(2024, 3, 10, 2)), "gap");
    EXPECT_EQ(instant(test::vancouver, civil(2024, 3, 10, 2, 59)), "gap");
    EXPECT_EQ(instant(test::vancouver, civil(2024, 3, 10, 3)), "2024-03-10T10:00Z");
}

TEST(Zone, VancouverTakesTheFirstOfTwoHoursInAutumn) {
    EXPECT_EQ(instant(test::vancouver, civil(2024, 11, 3, 0, 59)), "2024-11-03T07:59Z");
    EXPECT_EQ(instant(test::vancouver, civil(2024, 11, 3, 1)), "2024-11-03T08:00Z");
    EXPECT_EQ(instant(test::vancouver, civil(2024, 11, 3, 1, 59)), "2024-11-03T08:59Z");
    EXPECT_EQ(instant(test::vancouver, civil(2024, 11, 3, 2)), "2024-11-03T10:00Z");
}

TEST(Zone, LordHoweShiftsByHalfAnHour) {
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 4, 7, 1, 29)), "2024-04-06T14:29Z");
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 4, 7, 1, 30)), "2024-04-06T14:30Z");
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 4, 7, 1, 59)), "2024-04-06T14:59Z");
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 4, 7, 2)), "2024-04-06T15:30Z");
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 10, 6, 1, 59)), "2024-10-05T15:29Z");
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 10, 6, 2)), "gap");
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 10, 6, 2, 29)), "gap");
    EXPECT_EQ(instant(test::lord_howe, civil(2024, 10, 6, 2, 30)), "2024-10-05T15:30Z");
}

TEST(Zone, ApiaSkipsTheThirtiethOfDecember2011) {
    EXPECT_EQ(instant(test::apia, civil(2011, 12, 29, 23, 59)), "2011-12-30T09:59Z");
    for (int hour = 0; hour < 24; ++hour) {
        EXPECT_EQ(instant(test::apia, civil(2011, 12, 30, hour)), "gap") << hour;
    }
    EXPECT_EQ(instant(test::apia, civil(2011, 12, 30, 23, 59)), "gap");
    EXPECT_EQ(instant(test::apia, civil(2011, 12, 31, 0)), "2011-12-30T10:00Z");
}

TEST(Zone, ADayThatHappensTwiceIsTakenTheFirstTime) {
    // Kwajalein's way in 1969, the other way round: the whole day again.
    const std::vector<OffsetSpan> rules{{test::long_ago, test::hours(12)}, {utc(2024, 6, 1, 12), test::hours(-12)}};
    EXPECT_EQ(instant(rules, civil(2024, 6, 1, 0)), "2024-05-31T12:00Z");
    EXPECT_EQ(instant(rules, civil(2024, 6, 1, 23, 59)), "2024-06-01T11:59Z");
    EXPECT_EQ(instant(rules, civil(2024, 6, 2, 0)), "2024-06-02T12:00Z");
}

TEST(Zone, TheFirstSpanAlsoHoldsBeforeItBegins) {
    const std::vector<OffsetSpan> rules{{utc(2024, 1, 1, 0), test::hours(3)}};
    EXPECT_EQ(instant(rules, civil(2024, 1, 1, 2)), "2023-12-31T23:00Z");
    EXPECT_EQ(instant(rules, civil(1970, 1, 2, 0)), "1970-01-01T21:00Z");
    EXPECT_EQ(instant(test::berlin, civil(1969, 12, 31, 0)), "1969-12-30T23:00Z");
}

TEST(Zone, TheLastSpanHoldsForEver) {
    EXPECT_EQ(instant(test::vancouver, civil(2199, 7, 1, 0)), "2199-07-01T08:00Z");
}

TEST(Zone, SpansWithoutAChangeOfOffsetChangeNothing) {
    const std::vector<OffsetSpan> rules{
        {test::long_ago, test::hours(1)}, {utc(2024, 3, 31, 1), test::hours(1)}, {utc(2024, 3, 31, 2), test::hours(1)}};
    for (int minute = 0; minute < 300; ++minute) {
        const auto at = civil(2024, 3, 31, 0, minute);
        EXPECT_EQ(Zone(rules).instant_of(at), std::chrono::sys_seconds(at.time_since_epoch()) - test::hours(1));
    }
}

TEST(Zone, ChangesThatFollowEachOtherWithinHoursAreAllSeen) {
    const std::vector<OffsetSpan> rules{{test::long_ago, test::hours(0)},
                                        {utc(2024, 5, 1, 1), test::hours(2)},
                                        {utc(2024, 5, 1, 3), test::hours(-1)},
                                        {utc(2024, 5, 1, 9), test::hours(0)}};
    EXPECT_EQ(instant(rules, civil(2024, 5, 1, 0, 59)), "2024-05-01T00:59Z");
    EXPECT_EQ(instant(rules, civil(2024, 5, 1, 1)), "gap");
    EXPECT_EQ(instant(rules, civil(2024, 5, 1, 2)), "2024-05-01T03:00Z") << "its first reading is in the third span";
    EXPECT_EQ(instant(rules, civil(2024, 5, 1, 3)), "2024-05-01T01:00Z") << "its first reading is in the second span";
    EXPECT_EQ(instant(rules, civil(2024, 5, 1, 5)), "2024-05-01T06:00Z");
    EXPECT_EQ(instant(rules, civil(2024, 5, 1, 8)), "gap");
    EXPECT_EQ(instant(rules, civil(2024, 5, 1, 9)), "2024-05-01T09:00Z");
}

TEST(Zone, SecondsOfLocalMeanTimeAreKept) {
    const std::vector<OffsetSpan> rules{{test::long_ago, std::chrono::seconds(3208)}}; // Berlin before 1893
    EXPECT_EQ(Zone(rules).instant_of(civil(1980, 1, 1, 1)), utc(1980, 1, 1, 0, 6, 32));
}

} // namespace

} // namespace pgbk::core
