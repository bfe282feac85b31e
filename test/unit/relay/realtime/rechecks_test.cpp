#include "realtime/rechecks.hpp"

#include "fake_feed.hpp"
#include "fake_hub.hpp"

#include <gtest/gtest.h>

#include <set>

namespace pgbk::relay {

namespace {

using namespace std::chrono_literals;

class Somebody : public Subscriber {
public:
    const Identity& identity() const override { return identity_; }
    void deliver(const SharedEvent&, View) override {}

    Identity identity_;
};

// Counts the questions.
class CountingHub : public test::FakeHub {
public:
    void admit(const std::string& token, std::function<void(Admission)> done) override {
        ++asked;
        FakeHub::admit(token, std::move(done));
    }
    std::size_t asked = 0;
};

class RechecksOf : public ::testing::Test {
protected:
    RechecksOf() {
        hub_.tokens["ada"] = Identity{"ada", "", false, {{1, "staff"}}, {}};
        hub_.booking_tokens["slip"] = Identity{"", "b1", false, {}, {}};
        ada_->identity_ = hub_.tokens["ada"];
        rechecks_.start();
    }

    Rechecks::Watch watch(Rechecks::Shown shown) {
        return rechecks_.watch(ada_, std::move(shown),
                               [this](const Hub::Admission& admission) { told_.push_back(admission); });
    }

    CountingHub hub_;
    test::FakeTimers timers_;
    Rechecks rechecks_{hub_, timers_, 60s};
    std::shared_ptr<Somebody> ada_ = std::make_shared<Somebody>();
    std::vector<Hub::Admission> told_;
};

TEST_F(RechecksOf, SomebodyWhoHasChangedAreTold) {
    const auto watch = this->watch({"ada", ""});
    timers_.advance(300s);
    EXPECT_GE(hub_.asked, 4U);
    EXPECT_TRUE(told_.empty()) << "nothing has changed";
    hub_.tokens["ada"].organizations[1] = "owner";
    timers_.advance(61s);
    ASSERT_FALSE(told_.empty());
    EXPECT_EQ(told_.front().identity, hub_.tokens["ada"]);
}

TEST_F(RechecksOf, SomebodyWhoIsNobodyNowSayWhy) {
    const auto watch = this->watch({"ada", ""});
    hub_.tokens.clear();
    timers_.advance(61s);
    ASSERT_FALSE(told_.empty());
    EXPECT_EQ(told_.front().reason, "the token is not valid");
}

TEST_F(RechecksOf, ADatabaseThatIsAwayChangeNothingAndComeAgain) {
    const auto watch = this->watch({"ada", ""});
    hub_.tokens.clear();
    hub_.reachable = false;
    timers_.advance(300s);
    EXPECT_TRUE(told_.empty());
    hub_.reachable = true;
    timers_.advance(61s);
    EXPECT_FALSE(told_.empty());
}

TEST_F(RechecksOf, BookingsAreMadeWithTheirTokens) {
    const auto watch = this->watch({"ada", "slip"});
    timers_.advance(61s);
    ASSERT_FALSE(told_.empty());
    EXPECT_EQ(told_.front().identity->user, "ada");
    EXPECT_EQ(told_.front().identity->booking, "b1");
    ada_->identity_.booking = "b1";
    told_.clear();
    timers_.advance(61s);
    EXPECT_TRUE(told_.empty());
    hub_.booking_tokens.clear();
    timers_.advance(61s);
    ASSERT_FALSE(told_.empty());
    EXPECT_EQ(told_.front().reason, "there is no booking with this token");
}

TEST_F(RechecksOf, VisitorsAreNotMade) {
    EXPECT_EQ(watch({}), nullptr);
    EXPECT_EQ(rechecks_.watched(), 0U);
}

TEST_F(RechecksOf, WhoeverIsGoneAreNotMade) {
    auto watch = this->watch({"ada", ""});
    EXPECT_EQ(rechecks_.watched(), 1U);
    hub_.tokens.clear();
    hub_.slow = true;
    timers_.advance(61s);
    watch.reset();
    EXPECT_EQ(rechecks_.watched(), 0U);
    hub_.answer();
    EXPECT_TRUE(told_.empty()) << "the answer comes too late";
    const auto asked = hub_.asked;
    timers_.advance(61s);
    EXPECT_EQ(hub_.asked, asked);
}

// A stream ends when it is told, and with it its watch.
TEST_F(RechecksOf, SomebodyMayEndWithTheAnswer) {
    Rechecks::Watch watch;
    int told = 0;
    watch = rechecks_.watch(ada_, {"ada", ""}, [&](const Hub::Admission&) {
        watch.reset();
        ++told;
    });
    hub_.tokens.clear();
    timers_.advance(300s);
    EXPECT_EQ(told, 1);
}

TEST_F(RechecksOf, ManyAreSpread) {
    std::vector<Rechecks::Watch> watches;
    for (int i = 0; i < 1'000; ++i) {
        watches.push_back(watch({"ada", ""}));
    }
    timers_.advance(29s);
    EXPECT_EQ(hub_.asked, 0U);
    std::size_t most = 0;
    for (int second = 29; second < 61; ++second) {
        const auto before = hub_.asked;
        timers_.advance(1s);
        most = std::max(most, hub_.asked - before);
    }
    EXPECT_GE(hub_.asked, 1'000U);
    EXPECT_LT(most, 200U) << "a second";
}

} // namespace

} // namespace pgbk::relay
