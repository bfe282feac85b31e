#include "core/payment_state.hpp"

#include "core/transitions.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pgbk::core {

namespace {

constexpr std::int64_t price = 1000;

// The first of its booking.
PaymentFacts paid(std::vector<RefundFacts> refunds = {}, std::int64_t reported = 0) {
    return {price, reported, false, true, true, false, std::move(refunds)};
}

PaymentFacts paid_again(std::vector<RefundFacts> refunds = {}, std::int64_t reported = 0) {
    PaymentFacts facts = paid(std::move(refunds), reported);
    facts.is_first = false;
    return facts;
}

RefundFacts refund(std::int64_t minor, RefundStage stage, bool was_done = false) {
    return {minor, stage, was_done || stage == RefundStage::done};
}

BookingState booking(std::string_view status, std::string_view payment, std::vector<PaymentFacts> payments,
                     std::string_view refund_status = "none") {
    return state_of(BookingFacts{status, payment, refund_status, price}, payments);
}

TEST(RefundStages, FailureIsTheLastWord) {
    EXPECT_EQ(later_stage(RefundStage::pending, RefundStage::done), RefundStage::done);
    EXPECT_EQ(later_stage(RefundStage::done, RefundStage::pending), RefundStage::done);
    EXPECT_EQ(later_stage(RefundStage::done, RefundStage::failed), RefundStage::failed);
    EXPECT_EQ(later_stage(RefundStage::failed, RefundStage::pending), RefundStage::failed);
}

TEST(PaymentStates, FollowFromWhatIsKnown) {
    EXPECT_EQ(state_of(PaymentFacts{}).status, "pending");
    PaymentFacts facts{};
    facts.has_failed = true;
    EXPECT_EQ(state_of(facts).status, "failed");
    facts.captured = price;
    EXPECT_EQ(state_of(facts).status, "paid") << "paid never goes back to failed";
    facts.in_conflict = true;
    EXPECT_EQ(state_of(facts).status, "conflict");
}

TEST(PaymentStates, RefundsAreTheLargerOfTheirSumAndTheProvidersSum) {
    EXPECT_EQ(state_of(paid({refund(300, RefundStage::done)})).status, "partially_refunded");
    EXPECT_EQ(state_of(paid({refund(300, RefundStage::done), refund(700, RefundStage::done)})).status, "refunded");
    EXPECT_EQ(state_of(paid({}, 300)).refunded, 300);
    EXPECT_EQ(state_of(paid({refund(300, RefundStage::done)}, 300)).refunded, 300) << "the same money twice";
    EXPECT_EQ(state_of(paid({refund(300, RefundStage::done)}, price)).status, "refunded");
    EXPECT_EQ(state_of(paid({refund(300, RefundStage::pending)})).status, "paid");
    EXPECT_EQ(state_of(paid({refund(300, RefundStage::failed)}, 300)).refunded, 0) << "it came back";
    EXPECT_EQ(state_of(paid({refund(600, RefundStage::failed), refund(600, RefundStage::done)}, 600)).refunded, 600);
}

TEST(PaymentStates, NeverSayThatMoreWentBackThanCame) {
    EXPECT_EQ(state_of(paid({refund(5000, RefundStage::done)}, 7000)).refunded, price);
    PaymentFacts facts{};
    facts.reported_refunded = price;
    EXPECT_EQ(state_of(facts).refunded, 0) << "it has not come yet";
    EXPECT_EQ(state_of(facts).status, "pending");
}

TEST(PaymentStates, ARefundInFullStaysOne) {
    EXPECT_FALSE(state_of(paid({refund(999, RefundStage::done)})).refund_in_full);
    EXPECT_TRUE(state_of(paid({refund(price, RefundStage::pending)})).refund_in_full);
    EXPECT_TRUE(state_of(paid({refund(price, RefundStage::failed)})).refund_in_full);
    EXPECT_TRUE(state_of(paid({}, price)).refund_in_full);
    EXPECT_TRUE(
        state_of(paid({refund(400, RefundStage::done), refund(600, RefundStage::failed, true)})).refund_in_full);
    EXPECT_FALSE(state_of(paid({refund(400, RefundStage::done), refund(600, RefundStage::failed)})).refund_in_full)
        << "it never was done";
    EXPECT_FALSE(state_of(PaymentFacts{}).refund_in_full);
}

TEST(BookingStates, ArePaidByMoney) {
    const BookingState state = booking("pending", "pending", {paid()});
    EXPECT_EQ(state.status, "paid");
    EXPECT_EQ(state.payment_status, "paid");
    EXPECT_EQ(state.refund_status, "none");
    EXPECT_EQ(state.due, 0);
    EXPECT_EQ(booking("confirmed", "paid", {paid()}).status, "confirmed");
}

TEST(BookingStates, FailOnlyWhileNothingHasArrived) {
    PaymentFacts failed{};
    failed.has_failed = true;
    EXPECT_EQ(booking("pending", "pending", {failed}).payment_status, "failed");
    EXPECT_EQ(booking("pending", "pending", {failed}).status, "pending");
    EXPECT_EQ(booking("pending", "pending", {failed, paid()}).payment_status, "paid");
    EXPECT_EQ(booking("confirmed", "paid", {failed}).payment_status, "paid") << "paid by other means";
    EXPECT_EQ(booking("confirmed", "not_required", {failed}).payment_status, "not_required");
}

TEST(BookingStates, AreNotPaidByMoneyThatIsNotThePrice) {
    PaymentFacts conflict{999, 0, false, false, false, true, {}};
    const BookingState state = booking("pending", "pending", {conflict});
    EXPECT_EQ(state.status, "pending");
    EXPECT_EQ(state.payment_status, "pending");
    conflict.has_failed = true;
    EXPECT_EQ(booking("pending", "pending", {conflict}).payment_status, "failed") << "whichever was heard first";
}

TEST(BookingStates, AreCancelledByARefundInFull) {
    const BookingState state = booking("scheduled", "paid", {paid({refund(price, RefundStage::done)})});
    EXPECT_EQ(state.status, "cancelled");
    EXPECT_EQ(state.payment_status, "refunded");
    EXPECT_EQ(state.refund_status, "done");
    const BookingState never = booking("pending", "pending", {paid({}, price)});
    EXPECT_EQ(never.status, "cancelled") << "the refund was known before the payment";
    EXPECT_EQ(never.payment_status, "refunded");
}

TEST(BookingStates, GiveTheirSeatsBackWhenTheRefundIsAskedFor) {
    const BookingState state = booking("confirmed", "paid", {paid({refund(price, RefundStage::pending)})});
    EXPECT_EQ(state.status, "cancelled");
    EXPECT_EQ(state.payment_status, "paid");
    EXPECT_EQ(state.refund_status, "pending");
    EXPECT_EQ(state.due, 0) << "it is on its way";
    const BookingState failed = booking("cancelled", "paid", {paid({refund(price, RefundStage::failed)})}, "pending");
    EXPECT_EQ(failed.refund_status, "failed");
    EXPECT_EQ(failed.due, price);
}

TEST(BookingStates, OfThoseWhoWereThereStay) {
    for (const std::string_view status : {"checked_in", "checked_out", "no_show"}) {
        const BookingState state = booking(status, "paid", {paid({}, price)});
        EXPECT_EQ(state.status, status);
        EXPECT_EQ(state.payment_status, "refunded");
        EXPECT_EQ(state.due, 0);
    }
}

TEST(BookingStates, PartialRefundsLeaveThemAsTheyAre) {
    const BookingState state = booking("confirmed", "paid", {paid({}, 400)});
    EXPECT_EQ(state.status, "confirmed");
    EXPECT_EQ(state.payment_status, "partially_refunded");
    EXPECT_EQ(state.refund_status, "done");
}

TEST(BookingStates, MoneyThatIsNotNeededIsDue) {
    EXPECT_EQ(booking("paid", "paid", {paid(), paid_again()}).due, price) << "paid twice";
    EXPECT_EQ(booking("paid", "paid", {paid(), paid_again()}).refund_status, "due");
    EXPECT_EQ(booking("paid", "paid", {paid(), paid_again({}, price)}).due, 0);
    EXPECT_EQ(booking("paid", "paid", {paid(), paid_again({}, price)}).status, "paid") << "one of two went back";
    EXPECT_EQ(booking("paid", "paid", {paid(), paid_again({}, price)}).payment_status, "paid");
    EXPECT_EQ(booking("cancelled", "pending", {paid()}).due, price) << "paid after it was cancelled";
    EXPECT_EQ(booking("cancelled", "paid", {paid()}).refund_status, "due");
    EXPECT_EQ(booking("cancelled", "paid", {paid({}, 400)}).due, 600);
}

TEST(BookingStates, LiveOnThePaymentThatCameFirst) {
    for (const std::string_view before : {"paid", "cancelled"}) { // whether the second payment came before the refund
        const BookingState state = booking(before, "paid", {paid({}, price), paid_again()});
        EXPECT_EQ(state.status, "cancelled");
        EXPECT_EQ(state.payment_status, "partially_refunded");
        EXPECT_EQ(state.refund_status, "due");
        EXPECT_EQ(state.due, price);
    }
    EXPECT_EQ(booking("paid", "paid", {paid({}, price), paid_again({}, price)}).payment_status, "refunded");
}

TEST(BookingStates, OfSessionsThatHaveBegunStay) {
    const std::vector<PaymentFacts> payments{paid({}, price)};
    const BookingState state = state_of(BookingFacts{"confirmed", "paid", "none", price, 0, true}, payments);
    EXPECT_EQ(state.status, "confirmed");
    EXPECT_EQ(state.payment_status, "refunded");
    EXPECT_EQ(state.due, 0);
    EXPECT_TRUE(state.refund_in_full);
}

TEST(PaymentStates, ARefundThatIsLargerThanTheSumNeverWasInIt) {
    EXPECT_EQ(state_of(paid({refund(600, RefundStage::failed)}, 400)).refunded, 400);
    EXPECT_EQ(state_of(paid({refund(600, RefundStage::failed, true)}, 400)).refunded, 0) << "it was done";
    EXPECT_EQ(state_of(paid({refund(600, RefundStage::failed), refund(300, RefundStage::failed)}, 400)).refunded, 100);
    EXPECT_EQ(state_of(paid({refund(300, RefundStage::failed), refund(600, RefundStage::failed)}, 400)).refunded, 100)
        << "in whatever order";
}

TEST(PaymentStates, ARefundOfEverythingIsInFullWhateverItsAmount) {
    RefundFacts whole = refund(100, RefundStage::done);
    EXPECT_FALSE(state_of(paid({whole})).refund_in_full);
    whole.is_whole = true;
    EXPECT_TRUE(state_of(paid({whole})).refund_in_full);
    EXPECT_EQ(state_of(paid({whole})).refunded, 100);
}

// Under UBSAN: no sum of amounts wraps.
TEST(PaymentStates, SumsThatNoMoneyCanBeStayTheLargest) {
    constexpr std::int64_t most = 1'000'000'000'000'000;
    for (const auto stage : {RefundStage::pending, RefundStage::done, RefundStage::failed}) {
        const PaymentFacts facts = paid(std::vector<RefundFacts>(10'000, refund(most, stage, true)), most);
        EXPECT_LE(state_of(facts).refunded, price);
        EXPECT_GE(state_of(facts).refunded, 0);
        EXPECT_TRUE(state_of(facts).refund_in_full);
        const BookingState state = booking("paid", "paid", std::vector<PaymentFacts>(20, facts));
        EXPECT_GE(state.due, 0);
        EXPECT_LE(state.due, 20 * price);
    }
    PaymentFacts rich = paid({refund(most, RefundStage::pending), refund(most, RefundStage::pending)});
    rich.captured = most;
    EXPECT_GE(booking("paid", "paid", std::vector<PaymentFacts>(10'000, rich)).due, 0);
}

TEST(Amounts, AreKeptOnceEachAndTheLargestCounts) {
    std::vector<Money> amounts;
    EXPECT_EQ(amounts_text(amounts), "");
    EXPECT_EQ(largest_amount(amounts).minor, 0);
    EXPECT_TRUE(add_amount(amounts, {5000, "EUR"}));
    EXPECT_FALSE(add_amount(amounts, {5000, "EUR"}));
    EXPECT_TRUE(add_amount(amounts, {6000, "USD"}));
    EXPECT_EQ(amounts_text(amounts), "5000 EUR,6000 USD");
    EXPECT_EQ(read_amounts(amounts_text(amounts)), amounts);
    EXPECT_EQ(read_amounts(""), std::vector<Money>{});
    EXPECT_EQ(largest_amount(amounts), (Money{6000, "USD"}));
    EXPECT_EQ(largest_amount(amounts, "EUR"), (Money{5000, "EUR"}));
    EXPECT_EQ(largest_amount(amounts, "JPY"), (Money{0, "JPY"}));
}

// What the derivation may say next must be what the table of transitions allows.
TEST(BookingStates, ChangeOnlyAsTheTableOfTransitionsAllows) {
    std::vector<std::vector<PaymentFacts>> histories{{}};
    for (const auto stage : {RefundStage::pending, RefundStage::done, RefundStage::failed}) {
        for (const std::int64_t minor : {400L, 600L, 1000L}) {
            for (const std::int64_t reported : {0L, 400L, 1000L}) {
                histories.push_back({paid({refund(minor, stage, true)}, reported)});
                histories.push_back({paid({refund(minor, stage)}, reported), paid_again()});
            }
        }
    }
    PaymentFacts failed{};
    failed.has_failed = true;
    histories.push_back({failed});
    for (const auto& before : histories) {
        for (const auto& after : histories) {
            const BookingState first = booking("pending", "pending", before);
            const BookingState second =
                state_of(BookingFacts{first.status, first.payment_status, first.refund_status, price}, after);
            const bool grows = std::all_of(before.begin(), before.end(), [&](const PaymentFacts& facts) {
                return !after.empty() && (facts.captured == 0 || after.size() >= before.size());
            });
            if (!grows) {
                continue; // facts do not vanish
            }
            EXPECT_TRUE(may_become(StatusColumn::booking_status, first.status, second.status))
                << first.status << " -> " << second.status;
            EXPECT_TRUE(may_become(StatusColumn::payment_status, first.payment_status, second.payment_status))
                << first.payment_status << " -> " << second.payment_status;
            if (second.refund_status != "none") {
                EXPECT_TRUE(may_become(StatusColumn::refund_status, first.refund_status, second.refund_status))
                    << first.refund_status << " -> " << second.refund_status;
            }
        }
    }
}

} // namespace

} // namespace pgbk::core
