#include "core/payment_state.hpp"

#include "core/transitions.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <tuple>

namespace pgbk::core {

namespace {

// Amounts are of at least zero; a sum that no amount of money can be stays the largest.
std::int64_t plus(std::int64_t a, std::int64_t b) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    return a > most - b ? most : a + b;
}

// What of the provider's sum has come back. Refunds that were done are in it; of those that only failed, as many as can
// have been: one that is larger than what is left of the sum never was in it.
std::int64_t returned(const PaymentFacts& facts) {
    std::int64_t back = 0;
    std::vector<std::int64_t> never_done;
    for (const RefundFacts& refund : facts.refunds) {
        if (refund.stage == RefundStage::failed && refund.was_done) {
            back = plus(back, refund.minor);
        } else if (refund.stage == RefundStage::failed) {
            never_done.push_back(refund.minor);
        }
    }
    std::sort(never_done.begin(), never_done.end(), std::greater<>());
    for (const std::int64_t minor : never_done) {
        back = plus(back, minor) <= facts.reported_refunded ? plus(back, minor) : back;
    }
    return back;
}

// All accepted payments of a booking together.
struct Sum {
    std::int64_t captured = 0;
    std::int64_t refunded = 0;
    std::int64_t pending = 0;
    std::int64_t failed = 0;
    bool refund_in_full = false; // of the one that came first
    bool has_failure = false;    // of a payment that was not accepted
};

Sum sum_of(std::span<const PaymentFacts> payments) {
    Sum sum;
    for (const PaymentFacts& facts : payments) {
        if (!facts.accepted) {
            sum.has_failure = sum.has_failure || facts.has_failed;
            continue;
        }
        const PaymentState state = state_of(facts);
        sum.captured = plus(sum.captured, facts.captured);
        sum.refunded = plus(sum.refunded, state.refunded);
        sum.pending = plus(sum.pending, state.pending);
        sum.failed = plus(sum.failed, state.failed);
        sum.refund_in_full = sum.refund_in_full || (facts.is_first && state.refund_in_full);
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

std::vector<Money> read_amounts(std::string_view text) {
    std::vector<Money> amounts;
    while (!text.empty()) {
        const std::string_view one = text.substr(0, text.find(','));
        const auto space = std::min(one.find(' '), one.size());
        std::int64_t minor = 0;
        (void)std::from_chars(one.data(), one.data() + space, minor);
        amounts.push_back({minor, std::string(one.substr(std::min(space + 1, one.size())))});
        text.remove_prefix(std::min(one.size() + 1, text.size()));
    }
    return amounts;
}

std::string amounts_text(std::span<const Money> amounts) {
    std::string text;
    for (const Money& amount : amounts) {
        text += (text.empty() ? "" : ",") + std::to_string(amount.minor) + " " + amount.currency;
    }
    return text;
}

bool add_amount(std::vector<Money>& amounts, const Money& amount) {
    if (std::find(amounts.begin(), amounts.end(), amount) != amounts.end()) {
        return false;
    }
    amounts.push_back(amount);
    return true;
}

Money largest_amount(std::span<const Money> amounts, std::string_view currency) {
    Money largest{0, std::string(currency)};
    for (const Money& amount : amounts) {
        const bool counts = currency.empty() || amount.currency == currency;
        if (counts && std::tie(amount.minor, amount.currency) > std::tie(largest.minor, largest.currency)) {
            largest = amount;
        }
    }
    return largest;
}

PaymentState state_of(const PaymentFacts& facts) {
    PaymentState state{};
    std::int64_t done = 0;
    std::int64_t ever_done = 0;
    std::int64_t largest = facts.reported_refunded;
    for (const RefundFacts& refund : facts.refunds) {
        done = plus(done, refund.stage == RefundStage::done ? refund.minor : 0);
        ever_done = plus(ever_done, refund.was_done ? refund.minor : 0);
        state.pending = plus(state.pending, refund.stage == RefundStage::pending ? refund.minor : 0);
        state.failed = plus(state.failed, refund.stage == RefundStage::failed ? refund.minor : 0);
        largest = std::max(largest, refund.is_whole ? facts.captured : refund.minor);
    }
    state.refunded = std::min(std::max(facts.reported_refunded - returned(facts), done), facts.captured);
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
    BookingState state{booking.status, booking.payment_status, booking.refund_status, 0, sum.refund_in_full};
    if (sum.captured == 0) {
        if (sum.has_failure && booking.payment_status == "pending") {
            state.payment_status = "failed";
        }
        return state;
    }
    if (sum.refund_in_full && !booking.has_begun &&
        may_become(StatusColumn::booking_status, booking.status, "cancelled")) {
        state.status = "cancelled";
    } else if (booking.status == "pending") {
        state.status = "paid";
    }
    const bool is_cancelled = state.status == "cancelled";
    const std::int64_t surplus = sum.captured - sum.refunded - (is_cancelled ? booking.kept : booking.price);
    state.payment_status = payment_status_of(sum, is_cancelled ? 0 : booking.price);
    state.refund_status = refund_status_of(sum, surplus);
    state.due = surplus > sum.pending ? surplus - sum.pending : 0;
    return state;
}

} // namespace pgbk::core
