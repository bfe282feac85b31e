#include "core/notify_pace.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgbk::core {

namespace {

// The pauses of somebody who is told of so many commits a millisecond all the time.
std::vector<std::int64_t> pauses(std::int64_t least, double commits, int count) {
    std::vector<std::int64_t> all;
    std::int64_t pause = 0;
    for (int i = 0; i < count; ++i) {
        pause =
            next_notify_pause(pause, least, static_cast<std::uint64_t>(commits * static_cast<double>(pause)), pause);
        all.push_back(pause);
    }
    return all;
}

TEST(NotifyPace, IsShortWhileFewAreWritten) {
    EXPECT_EQ(pauses(2, 1.5, 5), (std::vector<std::int64_t>{2, 2, 2, 2, 2}));
}

TEST(NotifyPace, GrowsWhereThereAreMany) {
    EXPECT_EQ(pauses(2, 2, 6), (std::vector<std::int64_t>{2, 4, 8, 16, 16, 16}));
    EXPECT_EQ(pauses(1, 10, 6), (std::vector<std::int64_t>{1, 2, 4, 8, 16, 16}));
    EXPECT_EQ(pauses(5, 10, 4), (std::vector<std::int64_t>{5, 10, 16, 16}));
}

TEST(NotifyPace, IsShortAgainAtOnce) {
    EXPECT_EQ(next_notify_pause(16, 2, 31, 16), 2);
    EXPECT_EQ(next_notify_pause(16, 2, 32, 16), 16);
    EXPECT_EQ(next_notify_pause(16, 2, 1000, 60'000), 2) << "after a rest";
}

TEST(NotifyPace, IsNeverLessThanAskedFor) {
    EXPECT_EQ(pauses(1000, 10, 3), (std::vector<std::int64_t>{1000, 1000, 1000}));
    EXPECT_EQ(next_notify_pause(16, 100, 5000, 20), 100) << "the setting has changed";
    EXPECT_EQ(next_notify_pause(500, 2, 5000, 500), longest_notify_pause);
}

TEST(NotifyPace, IsNoneIfNoneIsAskedFor) {
    EXPECT_EQ(pauses(0, 10, 3), (std::vector<std::int64_t>{0, 0, 0}));
    EXPECT_EQ(next_notify_pause(16, 0, 5000, 16), 0);
}

TEST(NotifyPace, LessThanAMillisecondIsOne) {
    EXPECT_EQ(next_notify_pause(0, 2, 1, 0), 2);
    EXPECT_EQ(next_notify_pause(2, 2, 2, 0), 4);
}

} // namespace

} // namespace pgbk::core
