#include "realtime/socketio/catch_up.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay::socketio {

namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point start{};

TEST(CatchingUp, LastsUntilNoJoinHasFollowedForASecond) {
    CatchUp catch_up;
    catch_up.begin(7, start);
    EXPECT_FALSE(catch_up.tick(start + 5s)) << "nothing has been joined";
    catch_up.joined(start + 6s);
    catch_up.joined(start + 6500ms);
    EXPECT_FALSE(catch_up.tick(start + 7s));
    EXPECT_EQ(catch_up.cursor(), 7);
    EXPECT_TRUE(catch_up.tick(start + 7500ms));
    EXPECT_FALSE(catch_up.tick(start + 8s)) << "that is said once";
    EXPECT_EQ(catch_up.cursor(), std::nullopt);
    EXPECT_EQ(catch_up.since(), 7) << "for one that joins a little later";
}

TEST(CatchingUp, EndsWhetherAnythingIsJoinedOrNot) {
    CatchUp catch_up;
    catch_up.begin(7, start);
    EXPECT_FALSE(catch_up.tick(start + 29s));
    EXPECT_TRUE(catch_up.tick(start + 30s));
    EXPECT_EQ(catch_up.cursor(), std::nullopt);
    EXPECT_EQ(catch_up.since(), std::nullopt);
}

TEST(CatchingUp, TellsEverythingOnce) {
    CatchUp catch_up;
    EXPECT_TRUE(catch_up.is_news(8));
    EXPECT_TRUE(catch_up.is_news(8)) << "the hub tells a client that has not been away once by itself";
    catch_up.begin(7, start);
    EXPECT_TRUE(catch_up.is_news(8));
    EXPECT_FALSE(catch_up.is_news(8));
    EXPECT_TRUE(catch_up.is_news(9));
}

} // namespace

} // namespace pgbk::relay::socketio
