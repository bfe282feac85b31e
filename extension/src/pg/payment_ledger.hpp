// The ledgers: payments and refunds as rows. What they mean for a booking is booking_account's.
#pragma once

#include "core/payment_state.hpp"
#include "pg/effect.hpp"

namespace pgbk {

struct Payment {
    std::int32_t organization;
    core::Uuid id;
    std::string provider;
    std::string ref;
    std::optional<core::Uuid> booking;
    std::optional<core::Uuid> reservation;
    std::int64_t captured;
    std::string currency; // empty while it is not known
    std::int64_t reported_refunded;
    bool has_failed;
    bool accepted;
    std::string conflict; // empty: none
    bool is_known;        // has a row
};

// Waits until nobody else is at this payment, and keeps others off until the transaction ends; then the payment as it
// is, or one that is not known yet. Every change of a payment or its refunds begins here, before anything else is
// locked.
Payment lock_payment(const Sender& sender, std::string_view ref);

// What the provider of the sender calls the one payment for the booking, of which it speaks without saying which; empty
// if there is none.
std::string payment_ref_of(const Sender& sender, const core::Uuid& booking);

std::vector<Payment> payments_of(std::int32_t organization, const core::Uuid& booking);

core::PaymentFacts facts_of(const Payment& payment); // with its refunds

void write_facts(const Payment& payment, const Sender& sender);
void write_state(const Payment& payment, const core::PaymentState& state);

// True if it failed, and had not before.
bool put_refund(const Payment& payment, const core::RefundNews& news, const core::Money& amount);

// What we owe of the payment and have not asked the provider for, zero for nothing. True if it was not due before.
bool set_due(const Payment& payment, std::int64_t minor, std::string_view reason);

// An event about a payment: payment.conflict, payment.unmatched, payment.disputed, refund.due, refund.failed.
void report_payment(std::string_view kind, const Payment& payment, std::string_view reason);

} // namespace pgbk
