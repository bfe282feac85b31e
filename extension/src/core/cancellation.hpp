// What a customer gets back who cancels, and what staff may decide instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbk::core {

enum class RefundWish : std::uint8_t { by_terms, full, partial, none };

struct CancellationWish {
    RefundWish refund;
    std::int64_t amount; // minor units, of a partial refund
    bool ignores_cutoff;
};

// Throws Refusal invalid_cancellation: refund is policy, full, partial or none; an amount is positive and belongs to
// partial; a reason has at most 500 characters, none of them a control character.
CancellationWish read_cancellation(std::optional<std::string_view> refund, std::optional<std::int64_t> amount,
                                   bool ignores_cutoff, std::optional<std::string_view> reason);

struct CancellationFacts {
    bool is_staff = false;
    bool is_past_cutoff = false;
    std::int64_t there = 0;         // minor units that have arrived and are neither gone back nor on their way
    std::int32_t percent = 0;       // by the terms
    std::int32_t sessions = 1;      // that were bought
    std::int32_t sessions_used = 0; // fewer than were bought, or all
    std::int64_t owed = 0;          // of what is there: due to the customer already, whatever the terms say
    std::int64_t kept = 0;          // and for units that were cancelled before, by the terms then
};

// Minor units. By the terms, the percentage of what is there for the sessions that were not used, rounded down, and
// nothing past the cutoff. Throws Refusal staff_only where a customer asks for more than the terms, past_cutoff,
// refund_above_captured.
std::int64_t refund_of(const CancellationWish& wish, const CancellationFacts& facts);

} // namespace pgbk::core
