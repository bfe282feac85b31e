#include "realtime/past.hpp"

#include "fake_feed.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

const system_clock::time_point start{seconds(1'800'000'000)};

// One event a second, the first at `start`.
class PastTest : public ::testing::Test {
protected:
    void have(std::int64_t events) {
        for (std::int64_t seq = 1; seq <= events; ++seq) {
            feed.add({});
            auto event = std::make_shared<Event>(*feed.events.back());
            event->occurred_at = event_time(start + seconds(seq - 1));
            feed.events.back() = event;
        }
    }
    void remember_since(std::int64_t position) {
        ring.restart(position);
        for (const auto& event : feed.events) {
            if (event->seq > position) {
                ring.add(event);
            }
        }
    }
    std::string position_at(seconds since_start) {
        std::string answer = "none yet";
        past.position_at(start + since_start, [&](std::optional<std::int64_t> position) {
            answer = position ? std::to_string(*position) : "unknown";
        });
        timers.settle();
        timers.advance(seconds(2)); // nothing is known any more
        return answer;
    }

    test::FakeTimers timers;
    test::FakeFeed feed{timers};
    Ring ring{1'000, 10'000'000};
    Past past{ring, feed, timers};
};

TEST(EventTime, IsThatOfEvents) {
    EXPECT_EQ(event_time(system_clock::time_point(std::chrono::milliseconds(1'800'000'000'007))),
              "2027-01-15T08:00:00.007Z");
    EXPECT_EQ(event_time(system_clock::time_point(std::chrono::milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST_F(PastTest, IsInMemory) {
    have(100);
    remember_since(0);
    EXPECT_EQ(position_at(seconds(-10)), "0");
    EXPECT_EQ(position_at(seconds(0)), "0");
    EXPECT_EQ(position_at(seconds(50)), "50");
    EXPECT_EQ(position_at(seconds(99)), "99");
    EXPECT_EQ(position_at(seconds(500)), "100");
    EXPECT_EQ(feed.pages, 0);
}

TEST_F(PastTest, IsInTheTableBeyond) {
    have(100);
    remember_since(90);
    EXPECT_EQ(position_at(seconds(50)), "50");
    EXPECT_EQ(position_at(seconds(0)), "0");
    EXPECT_EQ(position_at(seconds(89)), "89");
    EXPECT_LT(feed.pages, 40);
    feed.pages = 0;
    EXPECT_EQ(position_at(seconds(90)), "90");
    EXPECT_EQ(position_at(seconds(95)), "95");
    EXPECT_LT(feed.pages, 10);
}

TEST_F(PastTest, IsNotBeforeWhatIsKept) {
    have(100);
    feed.forget_before(40);
    remember_since(90);
    EXPECT_EQ(position_at(seconds(10)), "39");
    EXPECT_EQ(position_at(seconds(60)), "60");
}

TEST_F(PastTest, WithoutEventsIsThePresent) {
    EXPECT_EQ(position_at(seconds(0)), "0");
}

TEST_F(PastTest, IsUnknownWithoutADatabase) {
    have(100);
    remember_since(90);
    feed.lost = true;
    EXPECT_EQ(position_at(seconds(10)), "unknown");
    feed.lost = false;
    EXPECT_EQ(position_at(seconds(10)), "10");
}

TEST_F(PastTest, IsAskedOnceForMany) {
    have(100);
    remember_since(90);
    int answers = 0;
    for (int i = 0; i < 100; ++i) {
        past.position_at(start, [&](std::optional<std::int64_t>) { ++answers; });
    }
    timers.settle();
    past.position_at(start, [&](std::optional<std::int64_t>) { ++answers; });
    EXPECT_EQ(answers, 101);
    EXPECT_LT(feed.pages, 10);
}

} // namespace

} // namespace pgbk::relay
