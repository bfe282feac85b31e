#include "core/payment_state.hpp"

#include "core/transitions.hpp"

#include <algorithm>

namespace pgbk::core {

namespace {

// All accepted payments of a booking together.
struct Sum {
    std::int64_t captured = 0;
    std::int64_t refunded = 0;
    std::int64_t pending = 0;
    std::int64_t failed = 0;
    bool refund_in_full = true;
    bool has_failure = false; // of a payment that was not accepted
};

Sum sum_of(std::span<const PaymentFacts> payments) {
    Sum sum;
    for (const PaymentFacts& facts : payments) {
        if (!facts.accepted) {
            sum.has_failure = sum.has_failure || facts.has_failed;
            continue;
        }
        const PaymentState state = state_of(facts);
        sum.captured += facts.captured;
        sum.refunded += state.refunded;
        sum.pending += state.pending;
        sum.failed += state.failed;
        sum.refund_in_full = sum.refund_in_full && state.refund_in_full;
    }
    return sum;
}

std::string_view payment_status_of(const Sum& sum, std::int64_t required) {
    if (sum.refunded >= sum.captured) {
        return "refunded";
    }
    const bool covers_price = required > 0 && sum.captured - sum.refunded >= required;
    return sum.refunded == 0 || covers_price ? "paid" : "partially_refunded";
}

std::string_view refund_status_of(const Sum& sum, std::int64_t surplus) {
    if (sum.pending > 0) {
        return "pending";
    }
    if (sum.failed > sum.refunded || (surplus > 0 && sum.failed > 0)) {
        return "failed";
    }
    if (surplus > 0) {
        return "due";
    }
    return sum.refunded > 0 ? "done" : "none";
}

} // namespace

RefundStage later_stage(RefundStage a, RefundStage b) {
    return std::max(a, b);
}

PaymentState state_of(const PaymentFacts& facts) {
    PaymentState state{};
    std::int64_t done = 0;
    std::int64_t ever_done = 0;
    std::int64_t largest = facts.reported_refunded;
    for (const RefundFacts& refund : facts.refunds) {
        done += refund.stage == RefundStage::done ? refund.minor : 0;
        ever_done += refund.was_done ? refund.minor : 0;
        state.pending += refund.stage == RefundStage::pending ? refund.minor : 0;
        state.failed += refund.stage == RefundStage::failed ? refund.minor : 0;
        largest = std::max(largest, refund.minor);
    }
    // The provider's sum has the refunds in it that failed since.
    state.refunded = std::min(std::max(facts.reported_refunded - state.failed, done), facts.captured);
    // Whether seats go must not depend on which was heard first: that a refund was done, or that it came back.
    state.refund_in_full = facts.captured > 0 && std::max(largest, ever_done) >= facts.captured;
    // Some of what is under way may be in the provider's sum already.
    state.pending = std::min(state.pending, facts.captured - state.refunded);
    if (facts.captured == 0) {
        state.status = facts.has_failed ? "failed" : "pending";
    } else if (state.refunded >= facts.captured) {
        state.status = "refunded";
    } else {
        state.status = state.refunded > 0 ? "partially_refunded" : "paid";
    }
    if (facts.in_conflict) {
        state.status = "conflict";
    }
    return state;
}

BookingState state_of(const BookingFacts& booking, std::span<const PaymentFacts> payments) {
    const Sum sum = sum_of(payments);
    BookingState state{booking.status, booking.payment_status, booking.refund_status, 0};
    if (sum.captured == 0) {
        if (sum.has_failure && booking.payment_status == "pending") {
            state.payment_status = "failed";
        }
        return state;
    }
    if (sum.refund_in_full && may_become(StatusColumn::booking_status, booking.status, "cancelled")) {
        state.status = "cancelled";
    } else if (booking.status == "pending") {
        state.status = "paid";
    }
    const bool is_cancelled = state.status == "cancelled";
    const std::int64_t surplus = sum.captured - sum.refunded - (is_cancelled ? booking.kept : booking.price);
    state.payment_status = payment_status_of(sum, is_cancelled ? 0 : booking.price);
    state.refund_status = refund_status_of(sum, surplus);
    state.due = std::max<std::int64_t>(surplus - sum.pending, 0);
    return state;
}

} // namespace pgbk::core
