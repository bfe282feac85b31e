// Where webhooks come from: the schemes by which they are signed, and what the owner of a source may say about it.
#pragma once

#include "core/json.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbk::core {

// stripe, airwallex, calcom, standard, hmac. Throws Refusal invalid_webhook_source.
void check_source_scheme(std::string_view scheme);

// A secret of the scheme. Those of stripe and airwallex come from them; of the others one may be made here. A message
// never shows it. Throws Refusal invalid_webhook_secret.
void check_source_secret(std::string_view scheme, std::string_view secret);
bool makes_own_secret(std::string_view scheme);

// What the body of a request is.
enum class Payload : std::uint8_t { stripe, airwallex, calcom, payment, booking_event };

struct SourceOptions {
    Payload payload{};
    bool legacy_event_names = false; // airwallex: payment.succeeded and the like mean payments of customers
    bool refund_on_received = false; // a refund that was received counts as done
    bool reports_unmatched = true;   // money that names no booking is reported; else it is somebody else's
    std::optional<bool> livemode;    // stripe: no other is accepted
    std::optional<std::string_view> account;
    std::optional<std::string_view> id_header; // lower case
    std::int32_t tolerance_seconds = 0;
};

// Options that are not null, with defaults for the rest; for a scheme that check_source_scheme() lets pass. Throws
// Refusal invalid_webhook_options.
SourceOptions read_source_options(std::string_view scheme, const JsonNode& document);

} // namespace pgbk::core
