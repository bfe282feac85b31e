#include "core/provider_event.hpp"

#include "core/provider_json.hpp"
#include "core/refusal.hpp"

namespace pgbk::core {

ProviderEvent read_provider_event(const JsonNode& document, const SourceOptions& options) {
    if (document.kind != JsonKind::object) {
        refuse_event("$", "is not an object");
    }
    switch (options.payload) {
    case Payload::stripe:
        return read_stripe_event(document);
    case Payload::airwallex:
        return read_airwallex_event(document, options);
    case Payload::calcom:
        return read_calcom_event(document);
    case Payload::payment:
    case Payload::booking_event:
        break;
    }
    return read_payment_event(document, options);
}

std::string mismatch_of(const ProviderEvent& event, const SourceOptions& options) {
    if (options.livemode.has_value() && event.livemode != options.livemode) {
        return std::string("the source is for ") + (*options.livemode ? "live" : "test") + " mode, the event is not";
    }
    if (options.account.has_value() && event.account != *options.account) {
        return "the source is for account " + quoted(*options.account) + ", the event is of " + quoted(event.account);
    }
    return {};
}

std::string_view calendar_status_name(CalendarStatus status) {
    switch (status) {
    case CalendarStatus::requested:
        return "requested";
    case CalendarStatus::accepted:
        return "accepted";
    case CalendarStatus::rejected:
        return "rejected";
    case CalendarStatus::cancelled:
        return "cancelled";
    }
    return "accepted";
}

std::string_view refund_stage_name(RefundStage stage) {
    switch (stage) {
    case RefundStage::pending:
        return "pending";
    case RefundStage::done:
        return "done";
    case RefundStage::failed:
        return "failed";
    }
    return "pending";
}

} // namespace pgbk::core
