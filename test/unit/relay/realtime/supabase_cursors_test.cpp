#include "realtime/supabase/cursors.hpp"
#include "realtime/supabase/presence.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;
using std::chrono::seconds;

const Cursors::Time start{seconds(1'000)};

TEST(Cursors, AreKeptForAWhile) {
    Cursors cursors(seconds(60));
    cursors.remember("ada", 7, start);
    EXPECT_EQ(cursors.find("ada", start + seconds(60)), 7);
    EXPECT_EQ(cursors.find("bob", start), std::nullopt);
    EXPECT_EQ(cursors.find("ada", start + seconds(61)), std::nullopt);
    EXPECT_EQ(cursors.size(), 0U);
}

TEST(Cursors, OfSeveralConnectionsTheLeastCounts) {
    Cursors cursors(seconds(60));
    cursors.remember("ada", 20, start);
    cursors.remember("ada", 10, start + seconds(1));
    cursors.remember("ada", 30, start + seconds(30));
    EXPECT_EQ(cursors.find("ada", start + seconds(40)), 10);
    EXPECT_EQ(cursors.find("ada", start + seconds(40)), 10) << "another of them may still come";
    EXPECT_EQ(cursors.find("ada", start + seconds(70)), 30) << "each is kept for its own while";
}

TEST(Cursors, AreBounded) {
    Cursors cursors(seconds(60), 100);
    cursors.remember("ada", 5, start);
    for (int i = 0; i < 1'000; ++i) {
        cursors.remember("ada", 100 + i, start);
    }
    EXPECT_EQ(cursors.size(), 8U);
    EXPECT_EQ(cursors.find("ada", start), 5) << "the least is not forgotten for the sake of later ones";
    for (int i = 0; i < 1'000; ++i) {
        cursors.remember("visitor " + std::to_string(i), i, start);
    }
    EXPECT_EQ(cursors.size(), 100U);
    EXPECT_EQ(cursors.find("ada", start), std::nullopt);
    EXPECT_EQ(cursors.find("visitor 999", start), 999);
}

TEST(Presence, TellsWhatHasChanged) {
    Presence presence;
    const int ada = 0;
    const int bob = 0;
    const auto joined = presence.track(&ada, "a", {{"at", "court"}});
    ASSERT_TRUE(joined);
    EXPECT_EQ(json::serialize(*joined), R"({"joins":{"a":{"metas":[{"at":"court","phx_ref":"1"}]}},"leaves":{}})");
    (void)presence.track(&bob, "a", {{"at", "bar"}});
    EXPECT_EQ(json::serialize(presence.state()),
              R"({"a":{"metas":[{"at":"court","phx_ref":"1"},{"at":"bar","phx_ref":"2"}]}})");
    const auto moved = presence.track(&ada, "a", {{"at", "pool"}});
    ASSERT_TRUE(moved);
    EXPECT_EQ(json::serialize(*moved), R"({"joins":{"a":{"metas":[{"at":"pool","phx_ref":"3","phx_ref_prev":"1"}]}},)"
                                       R"("leaves":{"a":{"metas":[{"at":"court","phx_ref":"1"}]}}})");
    const auto left = presence.untrack(&bob);
    ASSERT_TRUE(left);
    EXPECT_EQ(json::serialize(*left), R"({"joins":{},"leaves":{"a":{"metas":[{"at":"bar","phx_ref":"2"}]}}})");
    EXPECT_FALSE(presence.untrack(&bob));
    EXPECT_TRUE(presence.untrack(&ada));
    EXPECT_TRUE(presence.empty());
}

TEST(Presence, IsBounded) {
    Presence presence;
    std::vector<char> members(Presence::most_members + 1);
    for (std::size_t i = 0; i < Presence::most_members; ++i) {
        ASSERT_TRUE(presence.track(&members[i], "k", {}));
    }
    EXPECT_FALSE(presence.track(&members.back(), "k", {}));
    EXPECT_TRUE(presence.track(members.data(), "k", {})) << "who is there may move";
}

} // namespace

} // namespace pgbk::relay::supabase
