#include "realtime/live.hpp"

#include "fake_feed.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace pgbk::relay {

namespace {

using namespace test; // NOLINT(google-build-using-namespace)
using std::chrono::milliseconds;
using Seqs = std::vector<std::int64_t>;

class Listener : public Subscriber {
public:
    explicit Listener(Identity identity = {}) : identity_(std::move(identity)) {}

    const Identity& identity() const override { return identity_; }
    void deliver(const SharedEvent& event, View view) override {
        if (poisoned) {
            throw std::runtime_error("cannot be written");
        }
        if (event->seq > 0) {
            told.push_back(event->seq);
        } else {
            seats.push_back(event->body(View::everybody)->at("seats_available").to_number<int>());
        }
        views.push_back(view);
    }
    bool congested() const override { return full; }

    Seqs told;
    std::vector<int> seats;
    std::vector<View> views;
    bool poisoned = false;
    bool full = false;

private:
    Identity identity_;
};

class LiveTest : public ::testing::Test {
protected:
    static Live::Settings settings() {
        Live::Settings settings;
        settings.ring = 8;
        return settings;
    }

    void start() {
        live.reachable(feed.kept);
        timers.settle();
    }

    void happen(const std::vector<std::string>& rooms, int organization = 1) {
        feed.add(rooms, organization);
        live.wake();
        timers.settle();
    }

    std::shared_ptr<Listener> listener(const std::vector<std::string>& rooms,
                                       std::optional<std::int64_t> after = std::nullopt) {
        auto one = std::make_shared<Listener>();
        join(one, rooms, after);
        return one;
    }

    void join(const std::shared_ptr<Listener>& one, const std::vector<std::string>& rooms,
              std::optional<std::int64_t> after = std::nullopt) {
        result.reset();
        live.join(one, rooms, after, [this](Resumption resumption) { result = resumption; });
    }

    // The database away and back, as the connection tells it.
    void lose() {
        feed.lost = true;
        live.unreachable();
        timers.settle();
    }
    void find_again() {
        feed.lost = false;
        start();
    }

    Metrics metrics;
    FakeTimers timers;
    FakeFeed feed{timers};
    Identities identities{feed, metrics, {}};
    std::vector<std::string> complaints;
    Live live{feed,       timers,
              metrics,    identities,
              settings(), [this](const std::string& what, const FeedError&) { complaints.push_back(what); }};
    std::optional<Resumption> result;
};

const std::string session = "00000000-0000-8000-8000-00000000000a";
const std::string other_session = "00000000-0000-8000-8000-00000000000b";
const std::string activity_room = "activity:00000000-0000-8000-8000-00000000000c";

TEST_F(LiveTest, HasNoPositionBeforeTheDatabaseIsReached) {
    EXPECT_EQ(live.position(), std::nullopt);
    listener({"public"});
    EXPECT_EQ(result, Resumption::failed);
    feed.add({"public"});
    start();
    EXPECT_EQ(live.position(), 1);
}

TEST_F(LiveTest, TellsEachRoomInOrder) {
    start();
    const auto all = listener({"public"});
    const auto some = listener({"venue:a"});
    EXPECT_EQ(result, Resumption::complete);
    happen({"public", "venue:a"});
    happen({"public"});
    happen({"venue:a"});
    EXPECT_EQ(all->told, (Seqs{1, 2}));
    EXPECT_EQ(some->told, (Seqs{1, 3}));
}

TEST_F(LiveTest, TellsOnceHoweverManyRooms) {
    start();
    const auto one = listener({"public", "venue:a", "session:b"});
    join(one, {"public", "activity:c"});
    happen({"public", "venue:a", "session:b", "activity:c"});
    EXPECT_EQ(one->told, Seqs{1});
}

TEST_F(LiveTest, ShowsWhatIsTheirs) {
    start();
    Identity staff;
    staff.organizations[7] = "staff";
    const auto member = std::make_shared<Listener>(staff);
    join(member, {"public"});
    const auto visitor = listener({"public"});
    happen({"public"}, 7);
    happen({"public"}, 8);
    EXPECT_EQ(member->views, (std::vector{View::member, View::everybody}));
    EXPECT_EQ(visitor->views, (std::vector{View::everybody, View::everybody}));
}

TEST_F(LiveTest, LeavingEndsIt) {
    start();
    const auto one = listener({"public", "venue:a"});
    live.leave(*one, "public");
    happen({"public"});
    happen({"venue:a"});
    live.leave_all(*one);
    happen({"venue:a"});
    EXPECT_EQ(one->told, Seqs{2});
}

TEST_F(LiveTest, WhoeverIsGoneIsForgotten) {
    start();
    for (int i = 0; i < 100; ++i) {
        listener({"public"});
    }
    const auto one = listener({"public"});
    happen({"public"});
    EXPECT_EQ(one->told, Seqs{1});
}

TEST_F(LiveTest, OnePoisonousClientHarmsNobodyElse) {
    start();
    const auto first = listener({"public"});
    const auto bad = listener({"public"});
    const auto last = listener({"public"});
    bad->poisoned = true;
    happen({"public"});
    bad->poisoned = false;
    happen({"public"});
    EXPECT_EQ(first->told, (Seqs{1, 2}));
    EXPECT_EQ(last->told, (Seqs{1, 2}));
    EXPECT_TRUE(bad->told.empty()) << "it would have a gap";
}

TEST_F(LiveTest, ResumesFromMemory) {
    start();
    for (int i = 0; i < 4; ++i) {
        happen({"public"});
        happen({"venue:a"});
    }
    const auto one = listener({"public"}, 3);
    EXPECT_EQ(result, Resumption::complete) << "at once";
    EXPECT_EQ(one->told, (Seqs{5, 7}));
    EXPECT_EQ(feed.pages, 0);
    happen({"public"});
    EXPECT_EQ(one->told, (Seqs{5, 7, 9}));
}

TEST_F(LiveTest, WhatMayNameTheErasedIsNotToldFromMemory) {
    start();
    for (int i = 0; i < 4; ++i) {
        happen({"public"});
    }
    feed.add({"organization:1"});
    auto erasure = std::make_shared<Event>(*feed.events.back());
    erasure->kind = "customer.erased";
    feed.events.back() = erasure;
    happen({"public"});
    const auto since = listener({"public"}, 4);
    EXPECT_EQ(since->told, (Seqs{6}));
    EXPECT_EQ(feed.pages, 0) << "what came with it and after it is in memory";
    const auto before = listener({"public"}, 2);
    timers.settle();
    EXPECT_EQ(before->told, (Seqs{3, 4, 6}));
    EXPECT_EQ(feed.pages, 1) << "the table says what they are now";
}

TEST_F(LiveTest, ResumesFromTheTableAndHoldsBackWhatHappensMeanwhile) {
    start();
    for (int i = 0; i < 1'200; ++i) { // three pages
        feed.add({i % 2 == 0 ? "public" : "venue:a"});
    }
    live.wake();
    timers.settle();
    feed.busy = true;
    const auto one = listener({"public"}, 0);
    EXPECT_EQ(result, std::nullopt);
    for (int i = 0; i < 20; ++i) {
        happen({"public"});
    }
    EXPECT_TRUE(one->told.empty());
    feed.busy = false;
    timers.advance(milliseconds(100));
    EXPECT_EQ(result, Resumption::complete);
    happen({"public"});
    Seqs expected;
    for (std::int64_t seq = 1; seq <= 1'221; ++seq) {
        if (seq > 1'200 || seq % 2 == 1) {
            expected.push_back(seq);
        }
    }
    EXPECT_EQ(one->told, expected);
}

TEST_F(LiveTest, WhatWasInThePageAlreadyIsNotToldAgain) {
    start();
    for (int i = 0; i < 20; ++i) {
        happen({"public"});
    }
    feed.add({"public"}); // the hub has not read it yet
    const auto one = listener({"public"}, 0);
    timers.settle();
    EXPECT_EQ(one->told.size(), 21U) << "the table has it";
    live.wake();
    timers.settle();
    EXPECT_EQ(one->told.size(), 21U);
}

TEST_F(LiveTest, RoomsThatWereJoinedBeforeGoOnInOrderWhileOneCatchesUp) {
    start();
    for (int i = 0; i < 20; ++i) {
        feed.add({"venue:a"});
    }
    live.wake();
    timers.settle();
    const auto one = listener({"public"});
    happen({"public", "venue:a"}); // 21
    feed.busy = true;
    join(one, {"venue:a"}, 18);
    feed.busy = false;
    EXPECT_EQ(result, Resumption::complete) << "the ring has these";
    EXPECT_EQ(one->told, (Seqs{21, 19, 20})) << "21 was told before";
    feed.busy = true;
    join(one, {"activity:x"}, 2);
    happen({"public"}); // 22
    EXPECT_EQ(one->told, (Seqs{21, 19, 20}));
    feed.busy = false;
    timers.advance(milliseconds(100));
    EXPECT_EQ(one->told, (Seqs{21, 19, 20, 22}));
    happen({"public", "venue:a"});
    EXPECT_EQ(one->told, (Seqs{21, 19, 20, 22, 23}));
}

TEST_F(LiveTest, SaysWhenACursorIsTooOld) {
    for (int i = 0; i < 50; ++i) {
        feed.add({"public"});
    }
    feed.forget_before(31);
    start();
    const auto one = listener({"public"}, 29);
    timers.settle();
    EXPECT_EQ(result, Resumption::too_old);
    EXPECT_TRUE(one->told.empty());
    happen({"public"});
    EXPECT_EQ(one->told, Seqs{51}) << "it has joined";
    const auto other = listener({"public"}, 30);
    timers.settle();
    EXPECT_EQ(result, Resumption::complete) << "just kept";
    EXPECT_EQ(other->told.size(), 21U);
}

TEST_F(LiveTest, CursorsOfTheFutureWaitOrAreTooOld) {
    start();
    happen({"public"});
    feed.add({"public"}); // seen by another relay already, and not by us
    const auto one = listener({"public"}, 2);
    timers.settle();
    EXPECT_EQ(result, std::nullopt);
    happen({"public"});
    EXPECT_EQ(result, Resumption::complete);
    EXPECT_EQ(one->told, Seqs{3}) << "which came with 2, in one page";
    happen({"public"});
    EXPECT_EQ(one->told, (Seqs{3, 4}));
    const auto other = listener({"public"}, 1'000);
    timers.settle();
    EXPECT_EQ(result, Resumption::too_old) << "of another history";
}

TEST_F(LiveTest, GoesOnFromItsPositionAfterTheDatabaseWasAway) {
    start();
    const auto one = listener({"public"});
    happen({"public"});
    lose();
    for (int i = 0; i < 2'000; ++i) {
        feed.add({"public"});
    }
    live.wake();
    timers.advance(milliseconds(5'000));
    EXPECT_EQ(one->told, Seqs{1});
    EXPECT_EQ(live.position(), 1);
    const auto from_memory = listener({"public"}, 0);
    EXPECT_EQ(result, Resumption::complete) << "memory serves without the database";
    find_again();
    EXPECT_EQ(one->told.size(), 2'001U);
    EXPECT_TRUE(std::is_sorted(one->told.begin(), one->told.end()));
    EXPECT_EQ(from_memory->told, one->told);
    EXPECT_TRUE(complaints.empty());
}

TEST_F(LiveTest, ResumingFailsWhenTheTableCannotBeReadAndNothingOfTheOthersIsMissed) {
    start();
    for (int i = 0; i < 20; ++i) {
        happen({"public"});
    }
    const auto one = listener({"venue:a"});
    feed.busy = true;
    join(one, {"public"}, 1);
    happen({"venue:a", "public"});
    feed.lost = true;
    feed.busy = false;
    timers.advance(milliseconds(20));
    EXPECT_EQ(result, Resumption::failed);
    EXPECT_EQ(one->told, Seqs{21}) << "of the room that it was in";
    feed.lost = false;
    happen({"public"});
    EXPECT_EQ(one->told, Seqs{21}) << "nothing was joined";
}

TEST_F(LiveTest, PollsInCaseNobodyNotifies) {
    start();
    const auto one = listener({"public"});
    feed.add({"public"});
    timers.advance(milliseconds(999));
    EXPECT_TRUE(one->told.empty());
    timers.advance(milliseconds(2));
    EXPECT_EQ(one->told, Seqs{1});
}

TEST_F(LiveTest, ADatabaseWithLessThanWasToldBeginsAnew) {
    start();
    for (int i = 0; i < 5; ++i) {
        happen({"public"});
    }
    const auto one = listener({"public"}, 0);
    lose();
    feed.events.clear();
    feed.kept = {1, 0};
    feed.add({"public"});
    find_again();
    EXPECT_EQ(complaints.size(), 1U);
    happen({"public"});
    EXPECT_EQ(one->told, (Seqs{1, 2, 3, 4, 5, 2}));
}

TEST_F(LiveTest, ACongestedReaderIsWaitedForWhileItCatchesUp) {
    start();
    for (int i = 0; i < 5; ++i) {
        happen({"public"});
    }
    const auto one = std::make_shared<Listener>();
    one->full = true;
    join(one, {"public"}, 0);
    timers.advance(milliseconds(200));
    EXPECT_EQ(result, std::nullopt);
    EXPECT_TRUE(one->told.empty());
    one->full = false;
    timers.advance(milliseconds(50));
    EXPECT_EQ(result, Resumption::complete);
    EXPECT_EQ(one->told, (Seqs{1, 2, 3, 4, 5}));
}

TEST_F(LiveTest, LeavingInTheMiddleOfCatchingUp) {
    start();
    for (int i = 0; i < 20; ++i) {
        happen({i % 2 == 0 ? "public" : "venue:a"});
    }
    feed.busy = true;
    const auto one = listener({"public", "venue:a"}, 0);
    const auto two = listener({"public"}, 0);
    const auto three = listener({"public"}, 0);
    EXPECT_EQ(feed.pages, 1) << "they share it";
    live.leave(*one, "venue:a");
    live.leave_all(*two);
    feed.busy = false;
    timers.advance(milliseconds(100));
    EXPECT_EQ(one->told, (Seqs{1, 3, 5, 7, 9, 11, 13, 15, 17, 19}));
    EXPECT_TRUE(two->told.empty());
    EXPECT_EQ(three->told, one->told);
}

TEST_F(LiveTest, JoinsOfOneComeOneAfterTheOther) {
    start();
    for (int i = 0; i < 20; ++i) {
        happen({"public"});
    }
    feed.busy = true;
    const auto one = listener({"public"}, 2);
    join(one, {"venue:a"});
    EXPECT_EQ(result, std::nullopt);
    feed.busy = false;
    timers.advance(milliseconds(100));
    EXPECT_EQ(result, Resumption::complete);
    happen({"venue:a"});
    EXPECT_EQ(one->told.size(), 19U);
}

TEST_F(LiveTest, SeatsAreToldWhenJoiningAndWhenTheyChange) {
    feed.left[session] = 5;
    start();
    const auto one = listener({"session:" + session});
    timers.settle();
    EXPECT_EQ(one->seats, std::vector{5});
    for (int i = 0; i < 50; ++i) {
        --feed.left[session];
        happen({"session:" + session});
        feed.left[session] = 4;
    }
    timers.advance(milliseconds(2'000));
    EXPECT_EQ(one->seats, (std::vector{5, 4}));
    EXPECT_LE(feed.seat_questions, 3) << "once an interval";
    happen({"session:" + session});
    timers.advance(milliseconds(2'000));
    EXPECT_EQ(one->seats, (std::vector{5, 4})) << "nothing has changed";
}

TEST_F(LiveTest, SeatsOfWhatNobodyLooksAtAreNotAskedFor) {
    feed.left[session] = 5;
    start();
    const auto one = listener({"session:" + other_session, "public", "organization:1"});
    timers.settle();
    const int before = feed.seat_questions;
    happen({"session:" + session, "public", "organization:1"});
    timers.advance(milliseconds(1'000));
    EXPECT_EQ(feed.seat_questions, before);
    EXPECT_TRUE(one->seats.empty());
}

TEST_F(LiveTest, SeatsOfAnActivityAreThoseOfItsSessions) {
    feed.of_room[activity_room] = {session, other_session};
    feed.left = {{session, 5}, {other_session, 7}};
    start();
    const auto one = listener({activity_room});
    timers.advance(milliseconds(600));
    std::sort(one->seats.begin(), one->seats.end());
    EXPECT_EQ(one->seats, (std::vector{5, 7}));
    feed.left[session] = 0;
    happen({activity_room, "session:" + session});
    timers.advance(milliseconds(600));
    EXPECT_EQ(one->seats, (std::vector{5, 7, 0}));
    const auto two = listener({"session:" + session});
    EXPECT_EQ(two->seats, std::vector{0}) << "from memory";
}

TEST_F(LiveTest, SeatsChangeByThemselvesWhenAHoldRunsOut) {
    feed.left[session] = 5;
    feed.until[session] = 3;
    start();
    const auto one = listener({"session:" + session});
    timers.settle();
    feed.left[session] = 6;
    feed.until[session] = 0;
    timers.advance(milliseconds(2'900));
    EXPECT_EQ(one->seats, std::vector{5});
    timers.advance(milliseconds(700));
    EXPECT_EQ(one->seats, (std::vector{5, 6}));
}

TEST_F(LiveTest, SeatsAreLookedAtEveryNowAndThenWhereHoldsLeaveNoEvents) {
    feed.left[session] = 5;
    start();
    const auto one = listener({"session:" + session});
    timers.settle();
    feed.left[session] = 3;
    timers.advance(milliseconds(11'000));
    EXPECT_EQ(one->seats, (std::vector{5, 3}));
    live.leave_all(*one);
    timers.advance(milliseconds(11'000));
    const int before = feed.seat_questions;
    timers.advance(milliseconds(60'000));
    EXPECT_EQ(feed.seat_questions, before) << "nobody looks any more";
}

TEST_F(LiveTest, SeatsAreAskedForAnewWhenTheActivityChanges) {
    feed.of_room[activity_room] = {session};
    feed.left[session] = 5;
    start();
    const auto one = listener({activity_room});
    timers.advance(milliseconds(600));
    feed.left[session] = 2;
    happen({activity_room, "public"});
    timers.advance(milliseconds(600));
    EXPECT_EQ(one->seats, (std::vector{5, 2}));
    live.leave_all(*one);
    feed.left.erase(session); // it is not public any more
    happen({activity_room, "public"});
    const auto two = listener({"session:" + session});
    timers.advance(milliseconds(600));
    EXPECT_TRUE(two->seats.empty()) << "memory does not know better";
}

TEST_F(LiveTest, SeatsAreToldAfterTheDatabaseWasAway) {
    feed.left[session] = 5;
    start();
    lose();
    const auto one = listener({"session:" + session});
    timers.advance(milliseconds(3'000));
    EXPECT_TRUE(one->seats.empty());
    find_again();
    timers.advance(milliseconds(600));
    EXPECT_EQ(one->seats, std::vector{5});
}

// The hub's own connection stays, and never says that it is back.
TEST_F(LiveTest, SeatsAreToldAfterTheOtherConnectionsWereAway) {
    feed.left[session] = feed.left[other_session] = 5;
    feed.of_room[activity_room] = {other_session};
    start();
    feed.lost = true;
    const auto one = listener({"session:" + session});
    const auto all = listener({activity_room});
    timers.advance(milliseconds(3'000));
    EXPECT_TRUE(one->seats.empty());
    feed.lost = false;
    timers.advance(milliseconds(1'500));
    EXPECT_EQ(one->seats, std::vector{5});
    EXPECT_EQ(all->seats, std::vector{5});
}

TEST_F(LiveTest, SessionsOfManyRoomsAreAskedForAFewAtATime) {
    start();
    std::vector<std::string> rooms;
    for (int i = 100; i < 400; ++i) {
        rooms.push_back("venue:00000000-0000-8000-8000-000000000" + std::to_string(i));
    }
    feed.left[session] = 5;
    feed.of_room[rooms.back()] = {session};
    const auto one = listener(rooms);
    timers.settle();
    EXPECT_EQ(one->seats, std::vector{5});
    EXPECT_LE(feed.most_listings, 2);
}

TEST_F(LiveTest, SessionsOfRoomsThatWereLeftAreNotAskedFor) {
    start();
    const auto one = listener({});
    for (int i = 100; i < 400; ++i) {
        const std::string room = "venue:00000000-0000-8000-8000-000000000" + std::to_string(i);
        join(one, {room});
        live.leave(*one, room);
    }
    timers.settle();
    EXPECT_LE(feed.all_listings, 2);
}

TEST_F(LiveTest, RoomsOfNonsenseAreAskedNobody) {
    feed.left[session] = 5;
    start();
    const auto bad = listener({"session:'); --", "session:", "activity:x", "venue:"});
    const auto good = listener({"session:" + session});
    timers.settle();
    EXPECT_EQ(good->seats, std::vector{5});
    EXPECT_EQ(feed.seat_questions, 1);
}

} // namespace

} // namespace pgbk::relay
