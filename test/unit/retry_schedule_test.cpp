#include "core/retry_schedule.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pgbk::core {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double middle = 0.5;

TEST(RetrySchedule, HasElevenStepsBetweenTwelveAttempts) {
    const std::vector<seconds> steps{5s, 30s, 2min, 10min, 30min, 2h, 5h, 10h, 14h, 20h, 24h};
    seconds total{0};
    for (int attempt = 1; attempt < most_attempts; ++attempt) {
        const auto delay = retry_delay(attempt, middle);
        ASSERT_TRUE(delay.has_value()) << attempt;
        EXPECT_EQ(*delay, steps.at(static_cast<std::size_t>(attempt - 1))) << attempt;
        total += steps.at(static_cast<std::size_t>(attempt - 1));
    }
    EXPECT_EQ(total, 75h + 42min + 35s);
}

TEST(RetrySchedule, EndsAfterTheTwelfthAttempt) {
    EXPECT_TRUE(retry_delay(11, middle).has_value());
    EXPECT_FALSE(retry_delay(12, middle).has_value());
    EXPECT_FALSE(retry_delay(13, middle).has_value());
    EXPECT_FALSE(refused_delay(12, middle).has_value());
}

TEST(RetrySchedule, SpreadsByAFifthBothWays) {
    EXPECT_EQ(retry_delay(1, 0.0), 4000ms);
    EXPECT_EQ(retry_delay(1, 1.0), 6000ms);
    EXPECT_EQ(retry_delay(11, 0.0), milliseconds(19h + 12min));
    EXPECT_EQ(retry_delay(11, 1.0), milliseconds(28h + 48min));
    for (int attempt = 1; attempt < most_attempts; ++attempt) {
        for (double random = 0; random < 1; random += 0.01) {
            const double share = static_cast<double>(retry_delay(attempt, random)->count()) /
                                 static_cast<double>(retry_delay(attempt, middle)->count());
            EXPECT_GE(share, 0.7999) << attempt << " " << random;
            EXPECT_LE(share, 1.2001) << attempt << " " << random;
        }
    }
}

TEST(RetrySchedule, ForgivesValuesOutOfRange) {
    EXPECT_EQ(retry_delay(0, middle), 5000ms);
    EXPECT_EQ(retry_delay(-5, middle), 5000ms);
    EXPECT_EQ(retry_delay(1, -1.0), 4000ms);
    EXPECT_EQ(retry_delay(1, 2.0), 6000ms);
}

TEST(RefusedDelay, IsHalfAnHourAtLeast) {
    for (int attempt = 1; attempt <= 5; ++attempt) {
        EXPECT_EQ(refused_delay(attempt, middle), milliseconds(30min)) << attempt;
    }
    EXPECT_EQ(refused_delay(6, middle), milliseconds(2h));
    EXPECT_EQ(refused_delay(11, middle), milliseconds(24h));
}

TEST(ThrottleDelay, DoublesToTenMinutes) {
    const std::vector<seconds> expected{10s, 20s, 40s, 80s, 160s, 320s, 600s, 600s, 600s};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(throttle_delay(static_cast<int>(i + 1), std::nullopt), expected[i]) << i;
    }
    EXPECT_EQ(throttle_delay(1000000, std::nullopt), 600s);
    EXPECT_EQ(throttle_delay(0, std::nullopt), 10s);
    EXPECT_EQ(throttle_delay(-1, std::nullopt), 10s);
}

TEST(ThrottleDelay, IsWhatWasAskedForIfThatIsMoreUpToSixHours) {
    EXPECT_EQ(throttle_delay(1, 0s), 10s);
    EXPECT_EQ(throttle_delay(1, 9s), 10s);
    EXPECT_EQ(throttle_delay(1, 11s), 11s);
    EXPECT_EQ(throttle_delay(3, 11s), 40s);
    EXPECT_EQ(throttle_delay(1, 6h), 6h);
    EXPECT_EQ(throttle_delay(1, 6h + 1s), 6h);
    EXPECT_EQ(throttle_delay(9, seconds(2147483647)), 6h);
}

} // namespace

} // namespace pgbk::core
