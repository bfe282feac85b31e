// What a caller's values must look like. Each check returns normally or throws the Refusal that says which value was
// wrong and what is expected; none of them looks anything up. What belongs to a person is not repeated, since refusals end
// in logs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbk::core {

// Units: seats. A party is positive; what an activity or a session takes is checked where they are known.
void check_party_size(std::int32_t party_size);

// What an activity takes: least to most, or any number from least up where there is no most.
void check_party_fits(std::int32_t party_size, std::int32_t least, std::optional<std::int32_t> most);

// Pragmatic syntax: local@domain, at most 254 bytes (RFC 5321 4.5.3.1.3), dotted domain, no spaces or controls,
// UTF-8 allowed in the local part (RFC 6531). Quoted local parts and address literals are refused.
void check_email(std::string_view email);

// The same syntax, up to a length of one's own.
bool is_email(std::string_view email, std::size_t longest);

// 16 to 255 printable ASCII characters. The lower bound is a matter of safety: who knows the key and the request can
// ask for the hold token again, so a key must not be guessable.
void check_idempotency_key(std::string_view key);

// 1 second to the longest hold the activity allows.
void check_hold_length(std::chrono::seconds requested, std::chrono::seconds longest);

// days_ahead: 0 to 3,660.
void check_days_ahead(std::int32_t days_ahead);

// Rows asked for: 1 to 1,000.
void check_limit(std::int32_t limit);

// Name of 1 to 200 characters, not blank, without control characters; phone of 3 digits to 40 characters of digits,
// spaces and
// + - ( ) . / x.
void check_customer_name(std::string_view name);
void check_customer_phone(std::string_view phone);
bool is_phone(std::string_view phone);

// Characters of UTF-8 text, not bytes.
std::size_t characters(std::string_view text);

// C0 control characters and DEL. In a text of many lines, line feed, carriage return and tab are none.
enum class Lines : std::uint8_t { one, many };
bool has_control_character(std::string_view text, Lines lines = Lines::one);

// The shape of an IANA name (Area/Location, Etc/GMT+5, UTC). POSIX rules such as EST5EDT4 are refused, since a
// mistyped name could pass for one. Whether the zone exists is for the caller's time zone data to say.
bool looks_like_time_zone_name(std::string_view name);

} // namespace pgbk::core
