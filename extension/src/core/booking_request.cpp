#include "core/booking_request.hpp"

#include "core/refusal.hpp"
#include "core/timestamp_text.hpp"
#include "core/uuid_text.hpp"
#include "core/validation.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>
#include <vector>

namespace pgbk::core {

namespace {

// The member, or nullptr if it is not there, or null.
const JsonNode* given(const JsonNode& document, std::string_view field) {
    const JsonNode* const node = member(document, field);
    return node == nullptr || node->kind == JsonKind::null ? nullptr : node;
}

std::string_view string_of(const JsonNode& node) {
    if (node.kind != JsonKind::string) {
        refuse_field(node.key, "must be a string");
    }
    return node.text;
}

std::string_view required(const JsonNode& document, std::string_view field) {
    const JsonNode* const node = given(document, field);
    if (node == nullptr) {
        refuse_field(field, "is missing");
    }
    return string_of(*node);
}

std::optional<std::string_view> optional(const JsonNode& document, std::string_view field) {
    const JsonNode* const node = given(document, field);
    if (node == nullptr || string_of(*node).empty()) {
        return std::nullopt;
    }
    return node->text;
}

void check_text(std::string_view field, std::string_view text, std::size_t least, std::size_t most, Lines lines) {
    const std::size_t length = characters(text);
    if (length < least || length > most) {
        refuse_field(field, "must have " + (least == 0 ? "at most " : std::to_string(least) + " to ") +
                                std::to_string(most) + " characters, got " + std::to_string(length));
    }
    if (has_control_character(text, lines)) {
        refuse_field(field, "must not contain control characters");
    }
}

std::optional<std::string_view> lines_of(const JsonNode& document, std::string_view field, std::size_t most) {
    const auto text = optional(document, field);
    if (text.has_value()) {
        check_text(field, *text, 0, most, Lines::many);
    }
    return text;
}

std::string_view name_of(const JsonNode& document) {
    constexpr std::string_view field = "customerName";
    const std::string_view name = required(document, field);
    check_text(field, name, 2, 100, Lines::one);
    if (std::all_of(name.begin(), name.end(), [](char c) { return c == ' '; })) {
        refuse_field(field, "must not be blank");
    }
    return name;
}

std::string_view email_of(const JsonNode& document) {
    constexpr std::string_view field = "customerEmail";
    constexpr std::size_t longest = 255;
    const std::string_view email = required(document, field);
    if (email.size() > longest) {
        refuse_field(field, "must have at most 255 bytes, got " + std::to_string(email.size()));
    }
    if (!is_email(email, longest)) {
        // Neither this nor a telephone number is shown: messages are logged.
        refuse_field(field, "must be an e-mail address", "Expected local@domain.tld, without spaces or quotes.");
    }
    return email;
}

std::optional<std::string_view> phone_of(const JsonNode& document) {
    constexpr std::string_view field = "customerPhone";
    const auto phone = optional(document, field);
    if (phone.has_value() && !is_phone(*phone)) {
        refuse_field(field, "must be a telephone number",
                     "Expected at least three digits, spaces and + - ( ) . / x, 40 characters in all.");
    }
    return phone;
}

// Bytes of names and values, and one for each node; no more levels than are allowed.
bool is_small(const JsonNode& document) {
    constexpr std::size_t largest = 16384;
    constexpr int deepest = 16;
    std::size_t size = 0;
    std::vector<std::pair<const JsonNode*, int>> open{{&document, 1}};
    while (!open.empty()) {
        const auto [node, depth] = open.back();
        open.pop_back();
        size += node->key.size() + node->text.size() + 1;
        if (size > largest || depth > deepest) {
            return false;
        }
        for (const JsonNode* child = node->first; child != nullptr; child = child->next) {
            open.emplace_back(child, depth + 1);
        }
    }
    return true;
}

const JsonNode* metadata_of(const JsonNode& document) {
    const JsonNode* const metadata = given(document, "metadata");
    if (metadata == nullptr) {
        return nullptr;
    }
    if (metadata->kind != JsonKind::object) {
        refuse_field(metadata->key, "must be an object");
    }
    if (!is_small(*metadata)) {
        refuse_field(metadata->key, "must have at most 16384 bytes and 16 levels");
    }
    return metadata;
}

std::optional<std::string_view> key_of(const JsonNode& document) {
    constexpr std::string_view field = "idempotencyKey";
    const auto key = optional(document, field);
    if (key.has_value()) {
        try {
            check_idempotency_key(*key);
        } catch (const Refusal& refusal) {
            throw Refusal(refusal.kind(), refusal.message(), refusal.detail(), refusal.hint(), std::string(field));
        }
    }
    return key;
}

std::int64_t instant_of(const JsonNode& document, std::string_view field) {
    const std::string_view text = required(document, field);
    const auto instant = parse_instant(text);
    if (!instant.has_value()) {
        refuse_field(field, "must be a date and time with its offset, got " + quoted(text),
                     "As in 2026-11-21T10:00:00Z or 2026-11-21T11:00:00+01:00.");
    }
    return *instant;
}

void check_length(std::int64_t start, std::int64_t end) {
    constexpr std::int64_t day = 24LL * 60 * 60 * 1000000;
    if (end <= start) {
        refuse_field("endTime", "must be after startTime");
    }
    if (end - start > day) {
        refuse_field("endTime", "must be at most 24 hours after startTime");
    }
}

std::optional<std::string_view> time_zone_of(const JsonNode& document) {
    constexpr std::string_view field = "timezone";
    const auto zone = optional(document, field);
    if (zone.has_value() && !looks_like_time_zone_name(*zone)) {
        refuse_field(field, "must be the IANA name of a time zone, got " + quoted(*zone), "As in Europe/Berlin.");
    }
    return zone;
}

std::optional<Uuid> id_of(const JsonNode& document, std::string_view field) {
    const auto text = optional(document, field);
    if (!text.has_value()) {
        return std::nullopt;
    }
    const auto id = parse_uuid(*text);
    if (!id.has_value()) {
        refuse_field(field, "must be a uuid"); // not shown: it may be the token, in the wrong place
    }
    return id;
}

// A whole number; nothing where there is none.
std::optional<std::int64_t> number_of(const JsonNode& document, std::string_view field, std::int64_t most) {
    const JsonNode* const node = given(document, field);
    if (node == nullptr) {
        return std::nullopt;
    }
    std::int64_t number = 0;
    const char* const end = node->text.data() + node->text.size();
    const auto read = std::from_chars(node->text.data(), end, number);
    if (node->kind != JsonKind::number || read.ec != std::errc() || read.ptr != end || number < 1 || number > most) {
        refuse_field(field, "must be a whole number from 1 to " + std::to_string(most));
    }
    return number;
}

void check_object(const JsonNode& document) {
    if (document.kind != JsonKind::object) {
        refuse_field("request", "must be a JSON object");
    }
}

} // namespace

void refuse_field(std::string_view field, const std::string& problem, std::string hint) {
    throw Refusal(RefusalKind::invalid_booking_request, std::string(field) + " " + problem, {}, std::move(hint),
                  std::string(field));
}

BookingToken read_booking_token(std::string_view text, std::string_view field) {
    const auto token = parse_booking_token(text);
    if (!token.has_value()) {
        refuse_field(field, "is not a booking token", // never shown: it may be one with a typing error
                     "Pass the bookingToken that booking_create returned, as it was.");
    }
    return *token;
}

BookingRequest read_booking_request(const JsonNode& document) {
    check_object(document);
    BookingRequest request{};
    request.package_id = required(document, "packageId");
    request.customer_name = name_of(document);
    request.customer_email = email_of(document);
    request.customer_phone = phone_of(document);
    request.notes = lines_of(document, "notes", 1000);
    request.metadata = metadata_of(document);
    request.idempotency_key = key_of(document);
    if (const JsonNode* const units = given(document, "units"); units != nullptr) {
        request.units = read_unit_items(*units);
    }
    return request;
}

ScheduleRequest read_schedule_request(const JsonNode& document) {
    check_object(document);
    ScheduleRequest request{};
    request.token = read_booking_token(required(document, "bookingToken"), "bookingToken");
    request.start = instant_of(document, "startTime");
    request.end = instant_of(document, "endTime");
    check_length(request.start, request.end);
    request.time_zone = time_zone_of(document);
    request.additional_notes = lines_of(document, "additionalNotes", 500);
    request.session = id_of(document, "sessionId");
    request.booking = id_of(document, "bookingId");
    return request;
}

namespace {

ChangeRequest read_change_request(const JsonNode& document) {
    check_object(document);
    ChangeRequest request{};
    request.token = required(document, "bookingToken");
    request.booking_token = parse_booking_token(request.token);
    request.booking = id_of(document, "bookingId");
    if (!request.booking_token.has_value() && !parse_token(request.token).has_value()) {
        refuse_field(
            "bookingToken", "is not a booking token",
            "Pass the bookingToken that booking_create returned, or the hold_token of reserve_slot, as it was.");
    }
    if (!request.booking_token.has_value() && !request.booking.has_value()) {
        refuse_field("bookingId", "is missing", "A hold_token does not say which booking was made of the hold.");
    }
    request.expected_version = number_of(document, "expectedVersion", std::numeric_limits<std::int64_t>::max());
    return request;
}

} // namespace

ChangeRequest read_cancel_request(const JsonNode& document) {
    ChangeRequest request = read_change_request(document);
    request.reason = lines_of(document, "reason", 500);
    return request;
}

ChangeRequest read_reschedule_request(const JsonNode& document) {
    ChangeRequest request = read_change_request(document);
    request.session = id_of(document, "sessionId");
    if (request.session.has_value()) {
        return request;
    }
    const JsonNode* const start = member(document, "startTime");
    if (start == nullptr || start->kind == JsonKind::null) {
        refuse_field("sessionId", "is missing", "Of an appointment at a calendar, pass startTime and endTime.");
    }
    request.start = instant_of(document, "startTime");
    request.end = instant_of(document, "endTime");
    check_length(request.start, request.end);
    return request;
}

ChangeRequest read_party_request(const JsonNode& document) {
    ChangeRequest request = read_change_request(document);
    const auto party_size = number_of(document, "partySize", std::numeric_limits<std::int32_t>::max());
    const JsonNode* const units = given(document, "unitItems");
    if (!party_size.has_value() && units == nullptr) {
        refuse_field("partySize", "is missing", "Or unitItems, where the booking is of units.");
    }
    if (party_size.has_value() && units != nullptr) {
        refuse_field("partySize", "must be left out where there are unitItems");
    }
    request.party_size = static_cast<std::int32_t>(party_size.value_or(0));
    if (units != nullptr) {
        request.units = read_unit_items(*units);
    }
    return request;
}

} // namespace pgbk::core
