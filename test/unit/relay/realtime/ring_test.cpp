#include "realtime/ring.hpp"

#include "fake_feed.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

using test::event_of;

TEST(Ring, KeepsTheLatest) {
    Ring ring(3, 1'000'000);
    ring.restart(10);
    EXPECT_TRUE(ring.covers(10));
    EXPECT_FALSE(ring.covers(9));
    for (std::int64_t seq = 11; seq <= 15; ++seq) {
        ring.add(event_of(seq, {"public"}));
    }
    EXPECT_EQ(ring.size(), 3U);
    EXPECT_FALSE(ring.covers(11));
    EXPECT_TRUE(ring.covers(12)) << "13 is the first that is here";
    EXPECT_EQ(ring.at(ring.find(13)).event->seq, 14);
    EXPECT_EQ(ring.find(15), ring.size());
    EXPECT_EQ(ring.find(0), 0U);
}

TEST(Ring, IsBoundedByItsWeight) {
    Ring ring(1'000, 20'000);
    ring.restart(0);
    for (std::int64_t seq = 1; seq <= 100; ++seq) {
        auto event = std::make_shared<Event>(*event_of(seq, {"public"}));
        (*event->bodies[0])["notes"] = std::string(5'000, 'x');
        ring.add(event);
        EXPECT_LE(ring.weight(), 20'000U);
    }
    EXPECT_EQ(ring.size(), 3U);
    EXPECT_TRUE(ring.covers(97));
    ring.restart(200);
    EXPECT_EQ(ring.size() + ring.weight(), 0U);
}

TEST(Ring, EntriesKnowWhomTheyConcern) {
    Ring ring(3, 1'000'000);
    ring.add(event_of(1, {"public", "venue:a"}));
    EXPECT_TRUE(ring.at(0).concerns({hash_of_room("venue:a")}));
    EXPECT_FALSE(ring.at(0).concerns({hash_of_room("venue:b")}));
    EXPECT_FALSE(ring.at(0).concerns({}));
}

} // namespace

} // namespace pgbk::relay
