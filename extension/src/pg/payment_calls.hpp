// Payments by a provider that we ask for them: which are asked for, and what follows from what has come of it.
#pragma once

#include "pg/effect.hpp"
#include "pg/provider_calls.hpp"
#include "pg/reservation.hpp"

namespace pgbk {

// What is paid for, of one organization: one of both.
struct PaymentSubject {
    std::int32_t organization;
    std::optional<core::Uuid> booking;
    std::optional<core::Uuid> reservation;
};

// Asks the provider of the package for a payment, if it has one. return_token: for the link by which the buyer comes
// back; without it the link leads to the page only.
void queue_booking_payment(std::int32_t organization, const core::Uuid& booking,
                           std::optional<std::string_view> return_token);

// The same for a hold, which must be locked; at most once. False if its activity has no provider.
bool queue_hold_payment(const Reservation& reservation);

// Somebody asks for the page of the booking again: where asking the provider has failed for good, it is asked once
// more.
void retry_booking_payment(std::int32_t organization, const core::Uuid& booking, std::string_view return_token);

// The hold, which is locked, costs something else now: who has asked for a page to pay it on gets another.
void renew_hold_payment(std::int32_t organization, const core::Uuid& id);

// Whether money is still awaited for it.
bool is_payable(const PaymentSubject& subject);

// Nothing is to be paid any more: what was not asked for yet is abandoned, and what is open at the provider is expired.
void end_payments(const PaymentSubject& subject);

// The session that a call has made is closed at the provider, as soon as a relay comes to it.
void queue_expiry(std::int32_t organization, const core::Uuid& payment_call);

// The provider is asked how it stands.
void queue_payment_look_up(std::int32_t organization, const core::Uuid& payment_call);

// Money that a look-up has found, applied as a webhook would be. Before anything is locked. Empty where there is none
// in the facts; else what has become of it.
std::optional<Effect> apply_found_payment(std::string_view provider, const PaymentSubject& subject,
                                          const core::JsonNode& facts);

} // namespace pgbk
