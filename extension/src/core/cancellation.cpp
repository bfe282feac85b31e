#include "core/cancellation.hpp"

#include "core/refusal.hpp"
#include "core/validation.hpp"

#include <algorithm>

namespace pgbk::core {

namespace {

RefundWish refund_named(std::optional<std::string_view> word) {
    if (!word.has_value() || *word == "policy") {
        return RefundWish::by_terms;
    }
    if (*word == "full") {
        return RefundWish::full;
    }
    if (*word == "partial") {
        return RefundWish::partial;
    }
    if (*word == "none") {
        return RefundWish::none;
    }
    throw Refusal(RefusalKind::invalid_cancellation,
                  "refund must be policy, full, partial or none, got " + quoted(*word), {}, {}, "refund");
}

void check_reason(std::string_view reason) {
    constexpr std::size_t longest = 500;
    if (characters(reason) > longest || has_control_character(reason, Lines::many)) {
        throw Refusal(RefusalKind::invalid_cancellation,
                      "reason must have at most 500 characters and no control characters", {}, {}, "reason");
    }
}

std::int64_t by_terms(const CancellationFacts& facts) {
    if (facts.is_past_cutoff) {
        return facts.owed;
    }
    const std::int64_t base = std::max<std::int64_t>(facts.there - facts.owed - facts.kept, 0);
    constexpr std::int64_t whole = 100;
    const std::int64_t sessions = std::max(facts.sessions, 1);
    const std::int64_t unused = std::clamp<std::int64_t>(sessions - facts.sessions_used, 0, sessions);
    // In two parts each, so that the largest amounts do not overflow.
    const std::int64_t divisor = whole * sessions;
    const std::int64_t factor = facts.percent * unused;
    return facts.owed + base / divisor * factor + base % divisor * factor / divisor;
}

} // namespace

CancellationWish read_cancellation(std::optional<std::string_view> refund, std::optional<std::int64_t> amount,
                                   bool ignores_cutoff, std::optional<std::string_view> reason) {
    const RefundWish wish = refund_named(refund);
    if (amount.has_value() != (wish == RefundWish::partial)) {
        throw Refusal(RefusalKind::invalid_cancellation, "amount_minor belongs to a partial refund, and to no other",
                      {}, {}, "amount_minor");
    }
    if (amount.has_value() && *amount <= 0) {
        throw Refusal(RefusalKind::invalid_cancellation,
                      "amount_minor must be positive, got " + std::to_string(*amount), {}, {}, "amount_minor");
    }
    if (reason.has_value()) {
        check_reason(*reason);
    }
    return {wish, amount.value_or(0), ignores_cutoff};
}

std::int64_t refund_of(const CancellationWish& wish, const CancellationFacts& facts) {
    if (!facts.is_staff && (wish.refund != RefundWish::by_terms || wish.ignores_cutoff)) {
        throw Refusal(RefusalKind::staff_only, "only staff decide on a refund or ignore the cutoff", {},
                      "Leave refund, amount_minor and override out: the terms of the booking hold.");
    }
    if (facts.is_past_cutoff && !wish.ignores_cutoff) {
        throw Refusal(RefusalKind::past_cutoff, "it is too late to cancel the booking", {},
                      facts.is_staff ? "Pass override => true, and what is to be refunded."
                                     : "Ask the organization to cancel it.");
    }
    switch (wish.refund) {
    case RefundWish::by_terms:
        return by_terms(facts);
    case RefundWish::full:
        return facts.there;
    case RefundWish::partial:
        break;
    case RefundWish::none:
        return 0;
    }
    if (wish.amount > facts.there) {
        throw Refusal(RefusalKind::refund_above_captured,
                      "a refund of " + std::to_string(wish.amount) + " is more than the " +
                          std::to_string(facts.there) + " minor units that are there",
                      "What has gone back, or is on its way, does not count.", {}, "amount_minor");
    }
    return wish.amount;
}

} // namespace pgbk::core
