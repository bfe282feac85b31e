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
    std::vector<core::Money> amounts; // every one that was named as having arrived
    std::vector<core::Money> totals;  // every sum of refunds that was named
    std::int64_t captured;
    std::string currency; // empty while it is not known
    std::int64_t reported_refunded;
    bool has_failed;
    bool accepted;
    bool is_first;        // for its booking
    bool subjects_differ; // its events name different bookings
    std::string decision; // of somebody; empty: none
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

void write_facts(const Payment& payment, const std::optional<core::Uuid>& source); // of a new one
void write_state(const Payment& payment, const core::PaymentState& state);

std::optional<Payment> find_payment(std::int32_t organization, const core::Uuid& id);

// Those of a hold that has no booking of theirs yet, in the order in which they are to be locked; without the lock.
std::vector<Payment> unclaimed_payments(std::int32_t organization, const core::Uuid& reservation);
void lock_payments(const std::vector<Payment>& payments);

// Whether any was accepted for the booking, which must be locked.
bool has_accepted_payment(std::int32_t organization, const core::Uuid& booking);

// What has arrived, in which currency, and what of it was reported to have gone back: from what was named.
void derive_amounts(Payment& payment);

// To the minor unit, or it is a conflict. Any amount that was ever named will do, so that it is all the same in which
// order they were; what is more than the price goes back.
bool is_price(Payment& payment, std::int64_t price, std::string_view currency);

// It pays its booking, which must be locked.
void accept(Payment& payment, std::string_view currency);

// Why news of a refund cannot be what is known by its name; empty if they can, or if it is not known.
std::string contradiction_of(const Payment& payment, const core::RefundNews& news);

// Of refunds and sums of them that are in another currency than the payment, one; empty if there is none.
std::string foreign_refund_of(const Payment& payment);

// True if it failed, and had not before. amount is what is meant if the news does not say it.
bool put_refund(const Payment& payment, const core::RefundNews& news, const core::Money& amount);

// Refunds of the whole payment that nobody has named an amount for are of what has arrived.
void resize_whole_refunds(const Payment& payment);

// What we owe of the payment and have not asked the provider for, zero for nothing. True if it was not due before.
bool set_due(const Payment& payment, std::int64_t minor, std::string_view reason);

// An event about a payment: payment.conflict, payment.unmatched, payment.disputed, refund.due, refund.failed.
void report_payment(std::string_view kind, const Payment& payment, std::string_view reason);

} // namespace pgbk
