// What the providers of payments share: the order as the database words it, answers that mean the same everywhere, and
// facts in its words. Pure.
#pragma once

#include "core/currency.hpp"
#include "providers/provider.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::relay {

struct PaymentOrder {
    core::Money money; // of nothing, in no currency, if the request names none
    std::string title;
    std::string reference; // for people: the number of the booking
    std::string customer_email;
    std::string booking_id;
    std::string reservation_id;
    std::string stripe_price_id;
    std::int64_t quantity = 1;
    std::optional<std::int64_t> valid_until; // for so long the seats, or the offer, are there
    std::int64_t created_at = 0;             // of the call
    std::string success_url;                 // empty: nobody has said where buyers come back to
    std::string cancel_url;
};

PaymentOrder payment_order(const ProviderCall& call, const ProviderAccount& account);

// One call at work: what all of its steps want to know.
struct PaymentWork {
    const ProviderCall& call;
    const ProviderAccount& account;
    PaymentOrder order;
};

ProviderRequest bearer_request(std::string step, std::string method, std::string path, std::string_view token);

// The id of the call that has made, or is to make, the page: written into its metadata, by which it is found again.
std::string_view payment_call_of(const ProviderCall& call);
inline constexpr std::string_view call_in_metadata = "payment_call";

// What a provider wrote, as a reason: short, storable, and without the account's keys and the buyer's address.
std::string reason_text(std::string_view words, const ProviderCall& call, const ProviderAccount& account);

// No answer, a redirect, a key that is not valid, too many requests, an error of the server, a body that was cut: what
// each provider means alike. Nothing if the status has its own meaning for it.
std::optional<ProviderStep> common_end(const ProviderAnswer& answer);

enum class PageStatus : std::uint8_t { open, under_way, paid, expired, failed };

struct PageState {
    PageStatus status{};
    std::string provider_ref;
    std::string payment_ref;          // what events call the payment
    std::optional<core::Money> money; // that has arrived; nothing: it cannot be read
};

// The end of look_up_payment and of expire_payment, by what is known of the page.
ProviderStep looked_up(const PageState& state);
ProviderStep expired(const PageState& state);

} // namespace pgbk::relay
