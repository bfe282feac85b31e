// From what is known of a payment, in whatever order it was heard, to where it and its booking stand.
//
// Facts only ever grow: more has arrived, more has gone back, it was accepted, a refund was asked for. So the same
// events end in the same state, whatever their order and however often they come; what cannot be undone (a booking is
// paid, its seats are given back) depends only on facts that stay.
#pragma once

#include "core/provider_event.hpp"

#include <span>
#include <vector>

namespace pgbk::core {

struct RefundFacts {
    std::int64_t minor = 0;
    RefundStage stage = RefundStage::pending;
    bool was_done = false; // at some time; the money may have come back since
    bool is_whole = false; // somebody has said that it is all of the payment
};

// Amounts that were named, each once: the order in which they were heard is not kept. As text: "5000 EUR,6000 EUR".
std::vector<Money> read_amounts(std::string_view text);
std::string amounts_text(std::span<const Money> amounts);

// False if it was there before.
bool add_amount(std::vector<Money>& amounts, const Money& amount);

// The largest; of a currency if one is named. Nothing has arrived where there is none.
Money largest_amount(std::span<const Money> amounts, std::string_view currency = {});

// done outranks pending, and failed both: a bank may send back what was done.
RefundStage later_stage(RefundStage a, RefundStage b);

struct PaymentFacts {
    std::int64_t captured;          // minor units
    std::int64_t reported_refunded; // the provider's own sum, the largest so far
    bool has_failed;
    bool accepted;    // was the price of its booking, or was taken for it
    bool is_first;    // of those that were accepted
    bool in_conflict; // has arrived, and is not
    std::vector<RefundFacts> refunds;
};

struct PaymentState {
    std::string_view status;
    std::int64_t refunded; // never more than captured
    std::int64_t pending;  // refunds under way
    std::int64_t failed;   // refunds that failed
    bool refund_in_full;   // all of it has gone back, or was asked to; stays true
};

PaymentState state_of(const PaymentFacts& facts);

struct BookingFacts {
    std::string_view status;
    std::string_view payment_status;
    std::string_view refund_status;
    std::int64_t price;
    std::int64_t kept = 0;  // once it is cancelled
    bool has_begun = false; // its own session, so that there is nothing to cancel
};

struct BookingState {
    std::string_view status; // before the calendar has its say
    std::string_view payment_status;
    std::string_view refund_status;
    std::int64_t due;            // has to go back and is not on its way
    bool refund_in_full = false; // of the payment that it lives on
};

// Over all payments of the booking. Those that were not accepted count only as failures.
BookingState state_of(const BookingFacts& booking, std::span<const PaymentFacts> payments);

} // namespace pgbk::core
