// A refusal: the answer "no" to a caller, with everything needed to act on it.
//
// Every refusal has an SQLSTATE of its own in class BK; the table below is the only place that knows them, and
// docs/errors.md is checked against it. Rules of the core throw a Refusal; the server layer turns it into ereport,
// or, for the try_ functions, into a row.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>

namespace pgbk::core {

enum class RefusalKind : std::uint8_t {
    null_argument,
    invalid_party_size,
    invalid_email,
    invalid_hold_length,
    invalid_idempotency_key,
    invalid_schedule,
    invalid_generation_range,
    invalid_time_zone,
    invalid_limit,
    invalid_customer,
    invalid_organization,
    invalid_lanes,
    invalid_retention,
    invalid_event_filter,
    invalid_booking_request,
    invalid_package,
    invalid_cancellation,
    invalid_unit,
    invalid_scan,
    invalid_session_change,
    invalid_decision,
    invalid_resource_use,
    invalid_period,
    session_not_found,
    reservation_not_found,
    activity_not_found,
    booking_not_found,
    slot_not_found,
    payment_not_found,
    venue_not_found,
    waitlist_entry_not_found,
    customer_not_found,
    resource_not_found,
    period_not_found,
    sold_out,
    session_started,
    session_closed,
    session_cancelled,
    hold_expired,
    reservation_cancelled,
    reservation_confirmed,
    idempotency_key_reused,
    extension_limit,
    payment_required,
    late_confirmation_refused,
    illegal_transition,
    hold_limit,
    unpaid_limit,
    booking_expired,
    sessions_used,
    booking_cancelled,
    record_of_changes,
    booking_limit,
    past_cutoff,
    wrong_booking_state,
    stale_version,
    refund_above_captured,
    sessions_still_booked,
    not_this_activity,
    already_scanned,
    not_to_decide,
    others_are_waiting,
    seats_available,
    waitlist_off,
    waitlist_limit,
    still_a_customer,
    invalid_unit_items,
    unknown_unit,
    unit_quantity,
    unit_not_accompanied,
    no_default_unit,
    ticket_not_found,
    resource_taken,
    too_late_to_book,
    too_early_to_book,
    wrong_hold_token,
    wrong_booking_token,
    wrong_waitlist_token,
    no_right_to_booking,
    staff_only,
    retry,
    invalid_webhook_url,
    invalid_webhook_secret,
    invalid_webhook_options,
    invalid_webhook_name,
    webhook_name_taken,
    endpoint_not_found,
    delivery_not_found,
    event_not_found,
    organization_not_found,
    endpoint_disabled,
    invalid_replay,
    invalid_received_event,
    invalid_relay_call,
    invalid_claims,
    invalid_webhook_source,
    source_not_found,
    malformed_event,
    provider_call_not_found,
    not_installed,
    mixed_owners,
    version_mismatch,
    unsafe_owner,
};

struct RefusalCode {
    RefusalKind kind;
    std::string_view name;     // outcome word of the try_ functions, stable
    std::string_view sqlstate; // five characters
    std::string_view meaning;  // one line for the documentation
};

// All codes, in order of RefusalKind.
std::span<const RefusalCode> refusal_codes();
const RefusalCode& refusal_code(RefusalKind kind);

class Refusal : public std::exception {
public:
    // field: the argument or member of a request that is wrong, for callers that show it beside their own form.
    Refusal(RefusalKind kind, std::string message, std::string detail = {}, std::string hint = {},
            std::string field = {});

    RefusalKind kind() const { return kind_; }
    const RefusalCode& code() const { return refusal_code(kind_); }
    const std::string& message() const { return message_; }
    const std::string& detail() const { return detail_; }
    const std::string& hint() const { return hint_; }
    const std::string& field() const { return field_; } // empty if none is to blame
    const char* what() const noexcept override { return message_.c_str(); }

private:
    RefusalKind kind_;
    std::string message_;
    std::string detail_;
    std::string hint_;
    std::string field_;
};

// A caller's value as it may stand in a message: quoted, at most 80 bytes, cut between UTF-8 characters, control
// characters replaced, so that a hostile value can neither flood nor forge a log line.
std::string quoted(std::string_view value);

} // namespace pgbk::core
