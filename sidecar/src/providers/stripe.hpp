// Stripe Checkout: a page where one booking or hold is paid. Pure.
//
// A page is made under the idempotency key of the call, so that a repeated request gets the same page. Stripe forgets
// keys after a day, and remembers an error of its own under one; in these cases, and where a request under the key was
// another one, the page is looked for by the call's id in its metadata.
#pragma once

#include "providers/payment.hpp"

namespace pgbk::relay {

// The version of the API that is spoken, whatever the account's own is.
inline constexpr std::string_view stripe_version = "2026-07-29.dahlia";

// When the page is to expire, the same for each attempt. Stripe takes half an hour to a day from when it is made.
std::int64_t stripe_expiry(const PaymentOrder& order);

class Stripe : public Provider {
public:
    std::string_view name() const override { return "stripe"; }
    ProviderRate rate() const override { return {20, 20}; } // of a live account 100 a second; a sandbox has 25
    ProviderStep begin(const ProviderCall& call, const ProviderAccount& account) const override;
    ProviderStep proceed(const ProviderCall& call, const ProviderAccount& account, const ProviderRequest& asked,
                         const ProviderAnswer& answer) const override;
};

} // namespace pgbk::relay
