#include "core/cancellation.hpp"

#include "core/refusal.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace pgbk::core {

namespace {

constexpr CancellationFacts timely{false, false, 10'000, 50, 1, 0};

CancellationFacts with_staff(CancellationFacts facts) {
    facts.is_staff = true;
    return facts;
}

RefusalKind refusal_of(const CancellationWish& wish, const CancellationFacts& facts) {
    try {
        (void)refund_of(wish, facts);
    } catch (const Refusal& refusal) {
        return refusal.kind();
    }
    ADD_FAILURE() << "was not refused";
    return RefusalKind::retry;
}

RefusalKind reading(std::optional<std::string_view> refund, std::optional<std::int64_t> amount,
                    std::optional<std::string_view> reason = std::nullopt) {
    try {
        (void)read_cancellation(refund, amount, false, reason);
    } catch (const Refusal& refusal) {
        return refusal.kind();
    }
    return RefusalKind::retry;
}

constexpr CancellationWish by_terms{RefundWish::by_terms, 0, false};

} // namespace

TEST(Cancellation, TermsLeaveOutWhatIsOwedOrKept) {
    CancellationFacts facts = timely;
    facts.owed = 2'000;
    facts.kept = 1'000;
    EXPECT_EQ(refund_of(by_terms, facts), 2'000 + 3'500);
    facts.percent = 0;
    EXPECT_EQ(refund_of(by_terms, facts), 2'000);
    facts.is_past_cutoff = true;
    EXPECT_EQ(refund_of({RefundWish::by_terms, 0, true}, with_staff(facts)), 2'000);
    EXPECT_EQ(refund_of({RefundWish::full, 0, true}, with_staff(facts)), 10'000);
    EXPECT_EQ(refund_of({RefundWish::none, 0, true}, with_staff(facts)), 0);
}

TEST(Cancellation, TermsGiveAPercentageRoundedDown) {
    struct Example {
        std::int64_t there;
        std::int32_t percent;
        std::int64_t expected;
    };
    constexpr Example examples[] = {{10'000, 50, 5'000}, {10'000, 100, 10'000}, {10'000, 0, 0}, {999, 50, 499},
                                    {1, 99, 0},          {0, 100, 0},           {199, 1, 1}};
    for (const auto& [there, percent, expected] : examples) {
        CancellationFacts facts = timely;
        facts.there = there;
        facts.percent = percent;
        EXPECT_EQ(refund_of(by_terms, facts), expected) << there << " " << percent;
    }
}

TEST(Cancellation, TermsCountUnusedSessions) {
    CancellationFacts facts = timely;
    facts.sessions = 3;
    facts.sessions_used = 1;
    EXPECT_EQ(refund_of(by_terms, facts), 3'333);
    facts.sessions_used = 3;
    EXPECT_EQ(refund_of(by_terms, facts), 0);
    facts.sessions_used = 9;
    EXPECT_EQ(refund_of(by_terms, facts), 0);
}

TEST(Cancellation, TheLargestAmountDoesNotOverflow) {
    CancellationFacts facts = timely;
    facts.there = std::numeric_limits<std::int64_t>::max();
    facts.percent = 100;
    EXPECT_EQ(refund_of(by_terms, facts), facts.there);
    facts.sessions = 1'000'000;
    EXPECT_EQ(refund_of(by_terms, facts), facts.there);
}

TEST(Cancellation, CustomersOnlyHaveTheTerms) {
    for (const CancellationWish wish :
         {CancellationWish{RefundWish::full, 0, false}, CancellationWish{RefundWish::none, 0, false},
          CancellationWish{RefundWish::partial, 1, false}, CancellationWish{RefundWish::by_terms, 0, true}}) {
        EXPECT_EQ(refusal_of(wish, timely), RefusalKind::staff_only);
    }
}

TEST(Cancellation, PastTheCutoffOnlyWhoSaysSo) {
    CancellationFacts late = timely;
    late.is_past_cutoff = true;
    EXPECT_EQ(refusal_of(by_terms, late), RefusalKind::past_cutoff);
    late = with_staff(late);
    EXPECT_EQ(refusal_of(by_terms, late), RefusalKind::past_cutoff);
    EXPECT_EQ(refund_of({RefundWish::by_terms, 0, true}, late), 0);
    EXPECT_EQ(refund_of({RefundWish::full, 0, true}, late), 10'000);
    EXPECT_EQ(refund_of({RefundWish::partial, 700, true}, late), 700);
}

TEST(Cancellation, StaffRefundNoMoreThanThereIs) {
    const CancellationFacts facts = with_staff(timely);
    EXPECT_EQ(refund_of({RefundWish::partial, 10'000, false}, facts), 10'000);
    EXPECT_EQ(refusal_of({RefundWish::partial, 10'001, false}, facts), RefusalKind::refund_above_captured);
    EXPECT_EQ(refund_of({RefundWish::none, 0, false}, facts), 0);
}

TEST(Cancellation, IsReadStrictly) {
    EXPECT_EQ(read_cancellation({}, {}, false, {}).refund, RefundWish::by_terms);
    EXPECT_EQ(read_cancellation("policy", {}, true, "x").ignores_cutoff, true);
    EXPECT_EQ(read_cancellation("full", {}, false, {}).refund, RefundWish::full);
    EXPECT_EQ(read_cancellation("none", {}, false, {}).refund, RefundWish::none);
    EXPECT_EQ(read_cancellation("partial", 5, false, {}).amount, 5);
    EXPECT_EQ(reading("FULL", {}), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading("", {}), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading("partial", {}), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading("partial", 0), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading("partial", -1), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading("full", 1), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading({}, 1), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading({}, {}, std::string(500, 'r')), RefusalKind::retry) << "not refused";
    EXPECT_EQ(reading({}, {}, std::string(501, 'r')), RefusalKind::invalid_cancellation);
    EXPECT_EQ(reading({}, {}, "bell \a"), RefusalKind::invalid_cancellation);
}

} // namespace pgbk::core
