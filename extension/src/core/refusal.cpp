#include "core/refusal.hpp"

#include <utility>

namespace pgbk::core {

namespace {

using K = RefusalKind;

// 0xx the call is malformed, 1xx the thing is not there, 2xx its state forbids it, 3xx the caller may not,
// 4xx try again, 6xx webhooks, 7xx what sources send us, 9xx the installation.
constexpr std::array codes{
    RefusalCode{K::null_argument, "null_argument", "BK001", "a required argument is NULL"},
    RefusalCode{K::invalid_party_size, "invalid_party_size", "BK002",
                "the party size is not positive, or outside what the activity or session takes"},
    RefusalCode{K::invalid_email, "invalid_email", "BK003", "the e-mail address is not one"},
    RefusalCode{K::invalid_hold_length, "invalid_hold_length", "BK004",
                "the hold or its extension is not positive or longer than the activity allows"},
    RefusalCode{K::invalid_idempotency_key, "invalid_idempotency_key", "BK005",
                "the idempotency key is not 16 to 255 printable ASCII characters"},
    RefusalCode{K::invalid_schedule, "invalid_schedule", "BK006",
                "the schedule breaks a rule; the message names the JSON path"},
    RefusalCode{K::invalid_generation_range, "invalid_generation_range", "BK007",
                "start_date or days_ahead is out of range"},
    RefusalCode{K::invalid_time_zone, "invalid_time_zone", "BK008", "the time zone has no IANA name known here"},
    RefusalCode{K::invalid_limit, "invalid_limit", "BK009", "the limit of rows is out of range"},
    RefusalCode{K::invalid_customer, "invalid_customer", "BK010", "the customer's name or phone is too long or empty"},
    RefusalCode{K::invalid_organization, "invalid_organization", "BK011",
                "the organization number is not positive, so no identifier can carry it"},
    RefusalCode{K::invalid_lanes, "invalid_lanes", "BK012", "the number of lanes is out of range"},
    RefusalCode{K::invalid_retention, "invalid_retention", "BK013",
                "the number of days to keep, or to prepare for, is out of range, or what is to be kept is not known"},
    RefusalCode{K::invalid_event_filter, "invalid_event_filter", "BK014", "the filter selects no kind of event"},
    RefusalCode{K::invalid_booking_request, "invalid_booking_request", "BK015",
                "a member of the request is missing or has a value that it may not have; the error names it"},
    RefusalCode{K::invalid_package, "invalid_package", "BK016",
                "the price, currency or number of sessions of a package is out of range"},
    RefusalCode{K::invalid_cancellation, "invalid_cancellation", "BK017",
                "the reason, refund or amount of a cancellation is not one"},
    RefusalCode{K::invalid_unit, "invalid_unit", "BK018", "the booking has no such unit"},
    RefusalCode{K::invalid_scan, "invalid_scan", "BK019", "the scan nonce is not 1 to 255 printable ASCII characters"},
    RefusalCode{K::invalid_session_change, "invalid_session_change", "BK020",
                "the capacity of a session is out of range, or the reason for closing it is not one"},
    RefusalCode{K::invalid_decision, "invalid_decision", "BK021",
                "the decision about a payment is neither accept nor refund"},
    RefusalCode{K::invalid_resource_use, "invalid_resource_use", "BK040",
                "the resource and the activity do not go together, or a buffer is out of range"},
    RefusalCode{K::invalid_period, "invalid_period", "BK041",
                "a period to block has no end after its start, no single subject, or a reason that is none"},
    RefusalCode{K::session_not_found, "session_not_found", "BK101", "no session has this id"},
    RefusalCode{K::reservation_not_found, "reservation_not_found", "BK102", "no reservation has this id"},
    RefusalCode{K::activity_not_found, "activity_not_found", "BK103", "no activity has this id"},
    RefusalCode{K::booking_not_found, "booking_not_found", "BK104", "no booking has this token or id"},
    RefusalCode{K::slot_not_found, "slot_not_found", "BK105",
                "the package's activity has no session at this time, or not this one"},
    RefusalCode{K::payment_not_found, "payment_not_found", "BK106", "no payment has this id"},
    RefusalCode{K::venue_not_found, "venue_not_found", "BK107", "no venue has this embed_key, or this id"},
    RefusalCode{K::waitlist_entry_not_found, "waitlist_entry_not_found", "BK115",
                "no entry of a waiting list has this id"},
    RefusalCode{K::customer_not_found, "customer_not_found", "BK116", "no customer has this id"},
    RefusalCode{K::resource_not_found, "resource_not_found", "BK140", "no resource has this id"},
    RefusalCode{K::period_not_found, "period_not_found", "BK141", "no blocked period has this id"},
    RefusalCode{K::sold_out, "sold_out", "BK201", "not enough seats are left"},
    RefusalCode{K::session_started, "session_started", "BK202", "the session has started or is over"},
    RefusalCode{K::session_closed, "session_closed", "BK203", "the session is closed for booking"},
    RefusalCode{K::session_cancelled, "session_cancelled", "BK204", "the session was cancelled"},
    RefusalCode{K::hold_expired, "hold_expired", "BK205", "the hold has run out"},
    RefusalCode{K::reservation_cancelled, "reservation_cancelled", "BK206", "the reservation was cancelled"},
    RefusalCode{K::reservation_confirmed, "reservation_confirmed", "BK207",
                "the reservation is a booking already and no longer a hold"},
    RefusalCode{K::idempotency_key_reused, "idempotency_key_reused", "BK208",
                "the idempotency key belongs to another request"},
    RefusalCode{K::extension_limit, "extension_limit", "BK209", "the hold cannot be extended any further"},
    RefusalCode{
        K::payment_required, "payment_required", "BK210",
        "a payment is due first: a hold with a price is confirmed by a trusted caller, a package scheduled once paid"},
    RefusalCode{K::late_confirmation_refused, "late_confirmation_refused", "BK211",
                "the hold had run out and its seats are gone; a payment for it is due for refund"},
    RefusalCode{K::illegal_transition, "illegal_transition", "BK212",
                "the status may not change from the old value to the new one"},
    RefusalCode{K::hold_limit, "hold_limit", "BK213", "the e-mail address has as many live holds as it may have"},
    RefusalCode{K::unpaid_limit, "unpaid_limit", "BK214",
                "as many seats of the session are held and not confirmed as the activity allows at once"},
    RefusalCode{K::booking_expired, "booking_expired", "BK215",
                "the booking was not paid in time, or its time to be scheduled is over"},
    RefusalCode{K::sessions_used, "sessions_used", "BK216", "all sessions of the package are scheduled already"},
    RefusalCode{K::booking_cancelled, "booking_cancelled", "BK217", "the booking was cancelled"},
    RefusalCode{K::record_of_changes, "record_of_changes", "BK218",
                "the record of who changed what is written by triggers and never changed"},
    RefusalCode{K::booking_limit, "booking_limit", "BK219",
                "the e-mail address has as many bookings of the package as it may have"},
    RefusalCode{K::past_cutoff, "past_cutoff", "BK220",
                "it is too late for the customer to cancel or change the booking; staff may"},
    RefusalCode{K::wrong_booking_state, "wrong_booking_state", "BK221",
                "what was asked for is not possible with a booking in its state"},
    RefusalCode{K::stale_version, "stale_version", "BK222", "the booking or session has changed since it was read"},
    RefusalCode{K::refund_above_captured, "refund_above_captured", "BK223",
                "more is to be refunded than has arrived and is still there"},
    RefusalCode{K::sessions_still_booked, "sessions_still_booked", "BK224",
                "further sessions of the package are still booked; they are cancelled first"},
    RefusalCode{K::not_this_activity, "not_this_activity", "BK225",
                "a booking can only be moved to another session of its activity"},
    RefusalCode{K::already_scanned, "already_scanned", "BK226",
                "the unit was checked in, or out, by another scan before"},
    RefusalCode{K::not_to_decide, "not_to_decide", "BK227",
                "the payment was decided about already, or cannot be decided about like this"},
    RefusalCode{K::others_are_waiting, "others_are_waiting", "BK240",
                "others wait for seats of the session and are offered them first"},
    RefusalCode{K::seats_available, "seats_available", "BK241",
                "seats of the session are on sale, so there is nothing to wait for"},
    RefusalCode{K::waitlist_off, "waitlist_off", "BK242", "nobody may wait for sessions of the activity"},
    RefusalCode{K::waitlist_limit, "waitlist_limit", "BK243",
                "the e-mail address waits for as many sessions as it may, or for this one with another party"},
    RefusalCode{K::still_a_customer, "still_a_customer", "BK250",
                "the customer cannot be erased while bookings are to come or money is under way"},
    RefusalCode{K::invalid_unit_items, "invalid_unit_items", "BK260",
                "unit_items is no list of units and quantities; the message names the place"},
    RefusalCode{K::unknown_unit, "unknown_unit", "BK261", "the activity has no such unit, or no longer sells it"},
    RefusalCode{K::unit_quantity, "unit_quantity", "BK262", "fewer or more of a unit than the activity takes at once"},
    RefusalCode{K::unit_not_accompanied, "unit_not_accompanied", "BK263",
                "the unit is only booked together with another, which is missing"},
    RefusalCode{
        K::no_default_unit, "no_default_unit", "BK264",
        "the activity is sold by units, none of which is for one seat, so that a number of seats says too little"},
    RefusalCode{K::ticket_not_found, "ticket_not_found", "BK265", "no ticket has this code"},
    RefusalCode{K::resource_taken, "resource_taken", "BK270",
                "another session has a resource that this one needs; the message says which, and until when"},
    RefusalCode{K::too_late_to_book, "too_late_to_book", "BK271",
                "it is less than the activity's minimum notice until the session starts; staff may"},
    RefusalCode{K::too_early_to_book, "too_early_to_book", "BK272",
                "the session is not on sale yet: it starts after the activity's maximum advance; staff may"},
    RefusalCode{K::wrong_hold_token, "wrong_hold_token", "BK301", "the hold token does not belong to the reservation"},
    RefusalCode{K::wrong_booking_token, "wrong_booking_token", "BK302",
                "the booking token does not belong to the booking"},
    RefusalCode{K::wrong_waitlist_token, "wrong_waitlist_token", "BK303",
                "the waitlist token does not belong to the entry"},
    RefusalCode{K::no_right_to_booking, "no_right_to_booking", "BK310",
                "the caller has neither a token of the booking nor an organization to act for"},
    RefusalCode{K::staff_only, "staff_only", "BK311", "only staff of the organization and trusted callers may do this"},
    RefusalCode{K::retry, "retry", "BK401", "another transaction is in the way; the same call may succeed now"},
    RefusalCode{K::invalid_webhook_url, "invalid_webhook_url", "BK601",
                "the URL of a webhook is malformed, or not one that the caller may send to"},
    RefusalCode{K::invalid_webhook_secret, "invalid_webhook_secret", "BK602",
                "the scheme of a secret is unknown, or the secret is too short, too long or malformed"},
    RefusalCode{K::invalid_webhook_options, "invalid_webhook_options", "BK603",
                "an option of a webhook is unknown or has a value that it may not have; the message names it"},
    RefusalCode{K::invalid_webhook_name, "invalid_webhook_name", "BK604", "the name of a webhook is too long or empty"},
    RefusalCode{K::webhook_name_taken, "webhook_name_taken", "BK605",
                "another webhook of the organization has this name"},
    RefusalCode{K::endpoint_not_found, "endpoint_not_found", "BK606", "no webhook endpoint has this id or name"},
    RefusalCode{K::delivery_not_found, "delivery_not_found", "BK607",
                "no delivery has this id, or none is kept any more"},
    RefusalCode{K::event_not_found, "event_not_found", "BK608", "no event has this id, or none is kept any more"},
    RefusalCode{K::organization_not_found, "organization_not_found", "BK609", "no organization has this number"},
    RefusalCode{K::endpoint_disabled, "endpoint_disabled", "BK610",
                "the webhook endpoint is disabled, so nothing is sent to it"},
    RefusalCode{K::invalid_replay, "invalid_replay", "BK611",
                "what is to be sent again is not named by a table, range of time or rate that can be"},
    RefusalCode{K::invalid_received_event, "invalid_received_event", "BK612",
                "an event from outside lacks something or has a value that it may not have; the message names it"},
    RefusalCode{K::invalid_relay_call, "invalid_relay_call", "BK613",
                "what a relay asks for or reports is malformed; the message names it"},
    RefusalCode{K::invalid_claims, "invalid_claims", "BK614",
                "a claim of a token has a value that it may not have; the message names it"},
    RefusalCode{K::invalid_webhook_source, "invalid_webhook_source", "BK701",
                "the scheme of a source is unknown, or its secret has to come from the provider"},
    RefusalCode{K::source_not_found, "source_not_found", "BK702",
                "no source of webhooks has this id, or it is disabled"},
    RefusalCode{K::malformed_event, "malformed_event", "BK703",
                "what a source has sent is no event of its kind; the message names what is wrong"},
    RefusalCode{K::provider_call_not_found, "provider_call_not_found", "BK704", "no call of a provider has this id"},
    RefusalCode{K::not_installed, "not_installed", "BK901", "the tables are not there; booking.install() makes them"},
    RefusalCode{K::mixed_owners, "mixed_owners", "BK902",
                "the schema or some of its tables belong to another role than the rest"},
    RefusalCode{K::version_mismatch, "version_mismatch", "BK903",
                "the library and the extension's SQL objects are of different versions"},
    RefusalCode{K::unsafe_owner, "unsafe_owner", "BK904", "a superuser may not own the tables"},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (static_cast<std::size_t>(codes.at(i).kind) != i) {
            return false;
        }
    }
    return true;
}
static_assert(in_order(), "refusal_code() indexes the table by kind");

} // namespace

std::span<const RefusalCode> refusal_codes() {
    return codes;
}

const RefusalCode& refusal_code(RefusalKind kind) {
    return codes.at(static_cast<std::size_t>(kind));
}

Refusal::Refusal(RefusalKind kind, std::string message, std::string detail, std::string hint, std::string field)
    : kind_(kind),
      message_(std::move(message)),
      detail_(std::move(detail)),
      hint_(std::move(hint)),
      field_(std::move(field)) {}

std::string quoted(std::string_view value) {
    constexpr std::size_t longest = 80;
    const bool cut = value.size() > longest;
    if (cut) {
        std::size_t end = longest;
        // Step back over continuation bytes, so that the cut falls between two characters.
        while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) {
            --end;
        }
        value = value.substr(0, end);
    }
    std::string out = "\"";
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20U || byte == 0x7FU ? '?' : c;
    }
    out += cut ? "...\"" : "\"";
    return out;
}

} // namespace pgbk::core
