#include "realtime/audience.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace pgbk::relay {

namespace {

class Silent : public Subscriber {
public:
    const Identity& identity() const override { return identity_; }
    void deliver(const SharedEvent&, View) override {}

private:
    Identity identity_;
};

// Many comings and goings, beside the plainest way to keep the same.
TEST(Audience, IsAsASetOfPairs) {
    Audience audience;
    std::vector<std::shared_ptr<Silent>> people;
    std::vector<std::set<std::string>> expected(20);
    for (int i = 0; i < 20; ++i) {
        people.push_back(std::make_shared<Silent>());
    }
    std::mt19937 random(7);
    const auto below = [&](unsigned n) { return random() % n; };
    for (int step = 0; step < 5'000; ++step) {
        const auto who = below(20);
        const std::string room = "venue:" + std::to_string(below(6));
        switch (below(8)) {
        case 0:
            audience.drop(people[who].get());
            expected[who].clear();
            break;
        case 1:
        case 2:
        case 3:
            if (auto* member = audience.find(*people[who])) {
                audience.unseat(*member, room);
                expected[who].erase(room);
            }
            break;
        default:
            audience.seat(audience.enter(people[who]), room);
            expected[who].insert(room);
        }
        const std::vector<std::string> asked{room, "venue:0", "venue:0", "venue:none"};
        std::set<const Subscriber*> found;
        for (const auto* member : audience.in(asked)) {
            EXPECT_TRUE(found.insert(member->key).second) << "found twice";
        }
        for (std::size_t i = 0; i < people.size(); ++i) {
            ASSERT_EQ(found.contains(people[i].get()), expected[i].contains(room) || expected[i].contains("venue:0"));
        }
        std::set<std::string> rooms;
        for (const auto& one : expected) {
            rooms.insert(one.begin(), one.end());
        }
        ASSERT_EQ(audience.rooms(), rooms.size()) << "no empty room is kept";
    }
}

TEST(Audience, WhoeverStandsWhereAnotherStoodIsSomebodyElse) {
    Audience audience;
    auto first = std::make_shared<Silent>();
    audience.seat(audience.enter(first), "public");
    const auto number = audience.find(*first)->number;
    Silent* const place = first.get();
    first.reset();
    const std::shared_ptr<Silent> second(place, [](Silent*) {}); // the same address; it is only compared
    auto& member = audience.enter(second);
    EXPECT_NE(member.number, number);
    EXPECT_TRUE(member.seats.empty());
    EXPECT_FALSE(audience.anybody_in("public"));
}

} // namespace

} // namespace pgbk::relay
