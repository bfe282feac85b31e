// What a provider of payments or of appointments has to say, whichever it is: one plain struct. One file a provider
// reads its JSON.
#pragma once

#include "core/currency.hpp"
#include "core/json.hpp"
#include "core/source_options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::core {

// Which booking or hold is meant, in the sender's words; all may be empty, or nonsense.
struct Subject {
    std::string_view booking_token;
    std::string_view booking_id;
    std::string_view reservation_id;

    bool is_named() const { return !booking_token.empty() || !booking_id.empty() || !reservation_id.empty(); }
};

enum class RefundStage : std::uint8_t { pending, done, failed };

struct RefundNews {
    std::string_view ref; // what the provider calls the refund
    RefundStage stage;
    std::optional<Money> amount; // nothing only where it is the whole payment
};

struct PaymentNews {
    std::string_view ref;                // what the provider calls the payment; may be empty for a refund
    std::optional<Money> captured;       // has arrived
    std::optional<Money> refunded_total; // of all refunds until then
    std::optional<RefundNews> refund;
    bool failed = false; // or given up
    bool disputed = false;
    std::string problem; // an amount or currency that is none, so that the rest is not told
};

enum class CalendarStatus : std::uint8_t { requested, accepted, rejected, cancelled };

struct CalendarNews {
    CalendarStatus status;
    std::string_view uid;
    std::string_view old_uid; // of the appointment that it replaces; may be empty
    std::string_view id;
    std::string_view start; // RFC 3339
    std::string_view end;
    std::string_view meeting_url;    // may be empty
    bool wants_another_time = false; // cancelled in order to be made anew
    std::string_view call_key = {};  // of our call that made it, which nobody else knows; may be empty
};

struct ProviderEvent {
    std::string external_id; // empty: it has none
    std::string_view type;
    std::string occurred_at; // RFC 3339; empty: not told
    std::optional<bool> livemode;
    std::string_view account;
    Subject subject;
    std::optional<PaymentNews> payment;
    std::optional<CalendarNews> calendar;
    std::string ignored; // why there is no news in it
};

// For all payloads but booking_event. Throws Refusal malformed_event, with the JSON path of what is wrong, for what is
// no event of its kind at all.
ProviderEvent read_provider_event(const JsonNode& document, const SourceOptions& options);

ProviderEvent read_stripe_event(const JsonNode& document);
ProviderEvent read_airwallex_event(const JsonNode& document, const SourceOptions& options);
ProviderEvent read_calcom_event(const JsonNode& document);
ProviderEvent read_payment_event(const JsonNode& document, const SourceOptions& options);

// Why an event is not for this source although it is signed by it: another mode or account. Empty if it is.
std::string mismatch_of(const ProviderEvent& event, const SourceOptions& options);

std::string_view calendar_status_name(CalendarStatus status);
std::string_view refund_stage_name(RefundStage stage);

} // namespace pgbk::core
