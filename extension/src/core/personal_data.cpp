#include "core/personal_data.hpp"

#include <array>

namespace pgbk::core {

namespace {

using T = Treatment;

constexpr std::string_view business = "about the business, not its customers";
constexpr std::string_view staff = "says who of the staff it was";
constexpr std::string_view ours = "words of ours";
constexpr std::string_view configuration = "set by the organization";
constexpr std::string_view of_a_provider = "by which the provider knows it; the ledgers and repeated webhooks need it";
constexpr std::string_view random_token = "of random bytes; whoever has the token finds nothing personal any more";
constexpr std::string_view idempotency = "the key may have been made of an address, and a hash of one is guessed";
constexpr std::string_view typed = "typed by people";
constexpr std::string_view of_others = "may mention anybody";

constexpr std::array columns{
    PersonalColumn{"activities", "currency", T::kept, business},
    PersonalColumn{"activities", "name", T::kept, business},
    PersonalColumn{"activities", "payment_provider", T::kept, business},
    PersonalColumn{"activities", "payment_url", T::kept, business},
    PersonalColumn{"activities", "price_basis", T::kept, business},
    PersonalColumn{"activities", "schedule", T::kept, business},
    PersonalColumn{"activities", "status", T::kept, business},
    PersonalColumn{"activities", "stripe_price_id", T::kept, business},
    PersonalColumn{"activities", "waitlist_policy", T::kept, business},
    PersonalColumn{"activity_prices", "currency", T::kept, business},
    PersonalColumn{"activity_prices", "price_basis", T::kept, business},
    PersonalColumn{"activity_units", "accompanied_by", T::kept, business},
    PersonalColumn{"activity_units", "code", T::kept, business},
    PersonalColumn{"activity_units", "title", T::kept, business},
    PersonalColumn{"blocked_periods", "reason", T::searched, of_others},
    PersonalColumn{"booking_changes", "actor", T::replaced, "where it is the customer"},
    PersonalColumn{"booking_changes", "actor_kind", T::kept, ours},
    PersonalColumn{"booking_changes", "actor_role", T::kept, "a role of the database"},
    PersonalColumn{"booking_changes", "changes", T::kept, "values that are not personal, and names of columns"},
    PersonalColumn{"booking_events", "facts", T::searched,
                   "without personal data, but for what came from outside or was typed"},
    PersonalColumn{"booking_events", "kind", T::kept, ours},
    PersonalColumn{"booking_units", "in_nonce", T::removed, "made by whoever scans"},
    PersonalColumn{"booking_units", "out_nonce", T::removed, "made by whoever scans"},
    PersonalColumn{"booking_units", "status", T::kept, ours},
    PersonalColumn{"booking_units", "ticket_hash", T::kept, random_token},
    PersonalColumn{"booking_units", "ticket_salt", T::kept, "random; says nothing without the token of the booking"},
    PersonalColumn{"booking_units", "unit_code", T::kept, "what was sold"},
    PersonalColumn{"bookings", "added_seats", T::kept, "what was sold"},
    PersonalColumn{"bookings", "additional_notes", T::removed, typed},
    PersonalColumn{"bookings", "appointments", T::removed, "leads to the person at the calendar provider"},
    PersonalColumn{"bookings", "booking_number", T::kept, "random; receipts name it"},
    PersonalColumn{"bookings", "cal_booking_id", T::removed, "leads to the person at the calendar provider"},
    PersonalColumn{"bookings", "cal_uid", T::removed, "leads to the person at the calendar provider"},
    PersonalColumn{"bookings", "calendar_refusal", T::removed, "words of the calendar"},
    PersonalColumn{"bookings", "calendar_status", T::kept, ours},
    PersonalColumn{"bookings", "cancel_reason", T::removed, typed},
    PersonalColumn{"bookings", "currency", T::kept, "money stays"},
    PersonalColumn{"bookings", "customer_email", T::replaced, "the customer"},
    PersonalColumn{"bookings", "customer_name", T::removed, "the customer"},
    PersonalColumn{"bookings", "customer_phone", T::removed, "the customer"},
    PersonalColumn{"bookings", "idempotency_hash", T::removed, idempotency},
    PersonalColumn{"bookings", "meeting_url", T::removed, "may be a room of their own"},
    PersonalColumn{"bookings", "metadata", T::removed, "whatever the application has put there"},
    PersonalColumn{"bookings", "notes", T::removed, typed},
    PersonalColumn{"bookings", "package_id", T::kept, business},
    PersonalColumn{"bookings", "payment_status", T::kept, "money stays"},
    PersonalColumn{"bookings", "refund_status", T::kept, "money stays"},
    PersonalColumn{"bookings", "request_hash", T::removed, "of a request with the address in it, which is guessed"},
    PersonalColumn{"bookings", "status", T::kept, ours},
    PersonalColumn{"bookings", "timezone", T::removed, "where the buyer was"},
    PersonalColumn{"bookings", "token_hash", T::kept, random_token},
    PersonalColumn{"bookings", "token_salt", T::removed, idempotency},
    PersonalColumn{"bookings", "unit_items", T::kept, "what was sold"},
    PersonalColumn{"customers", "email", T::replaced, "the customer"},
    PersonalColumn{"customers", "name", T::removed, "the customer"},
    PersonalColumn{"customers", "phone", T::removed, "the customer"},
    PersonalColumn{"customers", "user_id", T::removed, "the customer's account"},
    PersonalColumn{"event_sequencer", "running", T::kept, ours},
    PersonalColumn{"event_sequencer", "snapshot", T::kept, ours},
    PersonalColumn{"generation_watermarks", "fingerprint", T::kept, "of a schedule"},
    PersonalColumn{"job_runs", "error_message", T::searched, of_others},
    PersonalColumn{"job_runs", "error_sqlstate", T::kept, ours},
    PersonalColumn{"job_runs", "job", T::kept, ours},
    PersonalColumn{"organization_members", "role", T::kept, ours},
    PersonalColumn{"organization_members", "user_id", T::kept, "of staff; a member who leaves is deleted"},
    PersonalColumn{"organizations", "name", T::kept, business},
    PersonalColumn{"organizations", "payment_provider", T::kept, business},
    PersonalColumn{"organizations", "status", T::kept, business},
    PersonalColumn{"packages", "calendar_event_type", T::kept, business},
    PersonalColumn{"packages", "calendar_provider", T::kept, business},
    PersonalColumn{"packages", "currency", T::kept, business},
    PersonalColumn{"packages", "description", T::kept, business},
    PersonalColumn{"packages", "id", T::kept, business},
    PersonalColumn{"packages", "meeting_url", T::kept, business},
    PersonalColumn{"packages", "name", T::kept, business},
    PersonalColumn{"packages", "payment_provider", T::kept, business},
    PersonalColumn{"packages", "payment_url", T::kept, business},
    PersonalColumn{"packages", "price_basis", T::kept, business},
    PersonalColumn{"packages", "stripe_price_id", T::kept, business},
    PersonalColumn{"payment_events", "body", T::removed, "what the provider has sent, names and addresses with it"},
    PersonalColumn{"payment_events", "body_hash", T::kept, "of bytes with random ids in them; knows what comes again"},
    PersonalColumn{"payment_events", "event_type", T::kept, "words of the provider"},
    PersonalColumn{"payment_events", "external_id", T::kept, of_a_provider},
    PersonalColumn{"payment_events", "headers", T::removed, "came with the body"},
    PersonalColumn{"payment_events", "other_body_hash", T::kept, "of bytes with random ids in them"},
    PersonalColumn{"payment_events", "reason", T::searched, of_others},
    PersonalColumn{"payment_events", "status", T::kept, ours},
    PersonalColumn{"payments", "amounts", T::kept, "money stays"},
    PersonalColumn{"payments", "conflict", T::searched, of_others},
    PersonalColumn{"payments", "currency", T::kept, "money stays"},
    PersonalColumn{"payments", "decided_by", T::kept, staff},
    PersonalColumn{"payments", "decision", T::kept, ours},
    PersonalColumn{"payments", "provider", T::kept, of_a_provider},
    PersonalColumn{"payments", "provider_ref", T::kept, of_a_provider},
    PersonalColumn{"payments", "refund_totals", T::kept, "money stays"},
    PersonalColumn{"payments", "status", T::kept, "money stays"},
    PersonalColumn{"provider_calls", "action", T::kept, ours},
    PersonalColumn{"provider_calls", "idempotency_key", T::kept, "random; the provider knows the call by it"},
    PersonalColumn{"provider_calls", "outcome", T::removed,
                   "but for amounts, states and by which the provider knows the payment"},
    PersonalColumn{"provider_calls", "provider", T::kept, of_a_provider},
    PersonalColumn{"provider_calls", "reason", T::removed, "words of the provider"},
    PersonalColumn{"provider_calls", "request", T::removed,
                   "but for amounts, times and by which the provider knows the payment"},
    PersonalColumn{"provider_calls", "return_token", T::removed, "opens the booking"},
    PersonalColumn{"provider_calls", "status", T::kept, ours},
    PersonalColumn{"received_events", "external_id", T::kept, "what the sender calls the event"},
    PersonalColumn{"refunds", "currency", T::kept, "money stays"},
    PersonalColumn{"refunds", "provider", T::kept, of_a_provider},
    PersonalColumn{"refunds", "provider_ref", T::kept, of_a_provider},
    PersonalColumn{"refunds", "reason", T::searched, of_others},
    PersonalColumn{"refunds", "status", T::kept, "money stays"},
    PersonalColumn{"relay_instances", "host", T::kept, "a machine of ours"},
    PersonalColumn{"relay_instances", "version", T::kept, ours},
    PersonalColumn{"resources", "name", T::kept, business},
    PersonalColumn{"schedule_exceptions", "reason", T::searched, of_others},
    PersonalColumn{"schema_migrations", "name", T::kept, ours},
    PersonalColumn{"sessions", "closed_reason", T::searched, of_others},
    PersonalColumn{"sessions", "status", T::kept, ours},
    PersonalColumn{"sessions", "timezone", T::kept, "of the venue"},
    PersonalColumn{"slot_reservations", "customer_email", T::replaced, "the visitor"},
    PersonalColumn{"slot_reservations", "idempotency_hash", T::removed, idempotency},
    PersonalColumn{"slot_reservations", "request_hash", T::removed,
                   "of a request with the address in it, which is guessed"},
    PersonalColumn{"slot_reservations", "status", T::kept, ours},
    PersonalColumn{"slot_reservations", "token_hash", T::kept, random_token},
    PersonalColumn{"slot_reservations", "token_salt", T::removed, idempotency},
    PersonalColumn{"slot_reservations", "unit_items", T::kept, "what was held"},
    PersonalColumn{"venues", "allowed_origins", T::kept, configuration},
    PersonalColumn{"venues", "embed_key", T::kept, configuration},
    PersonalColumn{"venues", "name", T::kept, business},
    PersonalColumn{"venues", "timezone", T::kept, business},
    PersonalColumn{"waitlist_entries", "customer_email", T::replaced, "the visitor"},
    PersonalColumn{"waitlist_entries", "customer_name", T::removed, "the visitor"},
    PersonalColumn{"waitlist_entries", "idempotency_hash", T::removed, idempotency},
    PersonalColumn{"waitlist_entries", "request_hash", T::removed,
                   "of a request with the address in it, which is guessed"},
    PersonalColumn{"waitlist_entries", "status", T::kept, ours},
    PersonalColumn{"waitlist_entries", "token_hash", T::kept, random_token},
    PersonalColumn{"waitlist_entries", "token_salt", T::removed, idempotency},
    PersonalColumn{"webhook_attempts", "error", T::searched, of_others},
    PersonalColumn{"webhook_attempts", "error_class", T::kept, ours},
    PersonalColumn{"webhook_attempts", "event_type", T::kept, ours},
    PersonalColumn{"webhook_attempts", "outcome", T::kept, ours},
    PersonalColumn{"webhook_attempts", "remote_address", T::kept, "of the endpoint"},
    PersonalColumn{"webhook_attempts", "response_body", T::removed,
                   "the endpoint may repeat what it was sent; searched where the event was another's"},
    PersonalColumn{"webhook_attempts", "response_headers", T::removed,
                   "as response_body; searched where the event was another's"},
    PersonalColumn{"webhook_deliveries", "event_type", T::kept, ours},
    PersonalColumn{"webhook_deliveries", "reason", T::searched, of_others},
    PersonalColumn{"webhook_deliveries", "status", T::kept, ours},
    PersonalColumn{"webhook_endpoint_states", "circuit", T::kept, ours},
    PersonalColumn{"webhook_endpoints", "allowed_networks", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "disabled_reason", T::searched, of_others},
    PersonalColumn{"webhook_endpoints", "events", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "headers", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "hmac_encoding", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "hmac_header", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "hmac_prefix", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "name", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "preset", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "status", T::kept, configuration},
    PersonalColumn{"webhook_endpoints", "url", T::kept, configuration},
    PersonalColumn{"webhook_secrets", "scheme", T::kept, configuration},
    PersonalColumn{"webhook_secrets", "secret", T::kept, configuration},
    PersonalColumn{"webhook_source_secrets", "secret", T::kept, configuration},
    PersonalColumn{"webhook_sources", "disabled_reason", T::searched, of_others},
    PersonalColumn{"webhook_sources", "name", T::kept, configuration},
    PersonalColumn{"webhook_sources", "options", T::kept, configuration},
    PersonalColumn{"webhook_sources", "scheme", T::kept, configuration},
    PersonalColumn{"webhook_sources", "status", T::kept, configuration},
};

constexpr bool in_order() {
    for (std::size_t i = 1; i < columns.size(); ++i) {
        const auto& before = columns.at(i - 1);
        const auto& here = columns.at(i);
        if (before.table > here.table || (before.table == here.table && before.column >= here.column)) {
            return false;
        }
    }
    return true;
}
static_assert(in_order(), "each column once, in the order in which people look for it");

constexpr std::string_view erased_prefix = "erased-";
constexpr std::string_view erased_domain = "@erased.invalid";

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

constexpr bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Not within another word; in JSON a word may follow upon an escaped line feed.
constexpr std::string_view after_no_word = R"((?:(?<![[:alnum:]])|(?<=\\[bfnrt])))";
constexpr std::string_view after_no_address = R"((?:(?<![[:alnum:]._%+-])|(?<=\\[bfnrt])))";
constexpr std::string_view before_no_word = "(?![[:alnum:]])";
constexpr std::string_view before_no_address = R"((?![[:alnum:]-]|\.[[:alnum:]]))";

// As the character stands in text, in JSON, and in bytes that PostgreSQL shows with escapes.
void append_character(std::string& pattern, char c) {
    if (c == '@') {
        pattern += R"((?:@|\\+u0040|%40))";
    } else if (c == '"') {
        pattern += R"(\\*")";
    } else if (c == '\\') {
        pattern += R"(\\+)";
    } else if (is_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80U) {
        pattern += c;
    } else {
        pattern += '\\';
        pattern += c;
    }
}

std::string email_pattern(std::string_view email) {
    std::string pattern(after_no_address);
    for (const char c : email) {
        append_character(pattern, c);
    }
    return pattern.append(before_no_address);
}

std::string user_pattern(std::string_view user) {
    constexpr std::size_t shortest = 16;
    if (user.size() < shortest) {
        return {};
    }
    std::string pattern(after_no_word);
    for (const char c : user) {
        append_character(pattern, c);
    }
    return pattern.append(before_no_word);
}

// Words, however they are spaced; two at least.
std::string name_pattern(std::string_view name) {
    std::string pattern(after_no_word);
    bool in_word = false;
    int words = 0;
    for (const char c : name) {
        if (is_space(c)) {
            in_word = false;
            continue;
        }
        if (!in_word && ++words > 1) {
            pattern += R"(\s+)";
        }
        in_word = true;
        append_character(pattern, c);
    }
    return words < 2 ? std::string() : pattern.append(before_no_word);
}

// Digits, however they are grouped.
std::string phone_pattern(std::string_view phone) {
    constexpr int fewest = 7;
    std::string pattern("(?<![[:digit:]])");
    int digits = 0;
    for (const char c : phone) {
        if (is_digit(c)) {
            if (++digits > 1) {
                pattern += "[ ()./-]*";
            }
            pattern += c;
        }
    }
    return digits < fewest ? std::string() : pattern + "(?![[:digit:]])";
}

void append_alternatives(std::string& pattern, const std::vector<std::string_view>& values,
                         std::string (*pattern_of)(std::string_view)) {
    for (const std::string_view value : values) {
        const std::string alternative = pattern_of(value);
        if (!alternative.empty()) {
            pattern += pattern.empty() ? "" : "|";
            pattern += alternative;
        }
    }
}

} // namespace

std::span<const PersonalColumn> personal_columns() {
    return columns;
}

std::string_view treatment_name(Treatment treatment) {
    switch (treatment) {
    case Treatment::replaced:
        return "replaced";
    case Treatment::removed:
        return "removed";
    case Treatment::searched:
        return "searched";
    case Treatment::kept:
        return "kept";
    }
    return "kept";
}

bool is_erased_address(std::string_view email) {
    return email.starts_with(erased_prefix) && email.ends_with(erased_domain);
}

std::string mention_pattern(const Identifiers& identifiers) {
    std::string pattern;
    append_alternatives(pattern, identifiers.emails, email_pattern);
    append_alternatives(pattern, identifiers.names, name_pattern);
    append_alternatives(pattern, identifiers.phones, phone_pattern);
    append_alternatives(pattern, identifiers.users, user_pattern);
    return pattern;
}

} // namespace pgbk::core
