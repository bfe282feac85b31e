// What buyers send: the requests of booking_create, booking_schedule, booking_cancel, booking_reschedule and
// booking_change. Each member is checked, and what
// is wrong is named as the field of the refusal. Members that we do not know are ignored, as web forms send some; so
// are optional ones that are null or empty. Text is kept as it was given: making it harmless is for whoever shows it.
//
// Nothing here is looked up: whether there is such a package, session or booking is for the server layer to say.
#pragma once

#include "core/booking_token.hpp"
#include "core/identifier.hpp"
#include "core/json.hpp"
#include "core/unit_items.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::core {

struct BookingRequest {
    std::string_view package_id;
    std::string_view customer_name;  // 2 to 100 characters
    std::string_view customer_email; // at most 255 bytes
    std::optional<std::string_view> customer_phone;
    std::optional<std::string_view> notes; // at most 1000 characters
    const JsonNode* metadata;              // an object, or nullptr
    std::vector<UnitItem> units;           // none: what the package is for
    std::optional<std::string_view> idempotency_key;
};

struct ScheduleRequest {
    BookingToken token{};
    std::int64_t start = 0; // microseconds since 1970
    std::int64_t end = 0;
    std::optional<std::string_view> time_zone;        // the shape of an IANA name
    std::optional<std::string_view> additional_notes; // at most 500 characters
    std::optional<Uuid> session;
    std::optional<Uuid> booking;
};

// Of a booking that was made: by its own token, which names it, or, with its id, by that of its package or hold.
struct ChangeRequest {
    std::string_view token;
    std::optional<BookingToken> booking_token; // if the token is one
    std::optional<Uuid> booking;               // never empty without a booking_token
    std::optional<std::int64_t> expected_version;
    std::optional<std::string_view> reason; // to cancel: at most 500 characters
    std::optional<Uuid> session;            // to reschedule: this, or the next two
    std::int64_t start = 0;                 // microseconds since 1970
    std::int64_t end = 0;
    std::int32_t party_size = 0; // to change: one of these two
    std::vector<UnitItem> units;
};

BookingRequest read_booking_request(const JsonNode& document);
ScheduleRequest read_schedule_request(const JsonNode& document);
ChangeRequest read_cancel_request(const JsonNode& document);
ChangeRequest read_reschedule_request(const JsonNode& document);
ChangeRequest read_party_request(const JsonNode& document);

// field: what the caller calls it.
BookingToken read_booking_token(std::string_view text, std::string_view field);

// Throws Refusal invalid_booking_request: "FIELD PROBLEM".
[[noreturn]] void refuse_field(std::string_view field, const std::string& problem, std::string hint = {});

} // namespace pgbk::core
