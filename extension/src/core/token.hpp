// Tokens and booking numbers: random bytes as text.
//
// A token is 256 random bits in base64url without padding (RFC 4648 section 5), 43 characters. The database keeps its
// SHA-256 only. A booking number is for people: eight characters of an alphabet without look-alikes
// (no 0/O, 1/I/L, 2/Z, 5/S, 8/B, and no U beside V), read over a telephone without mistakes; it grants nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::core {

using Token = std::array<std::uint8_t, 32>;

constexpr std::size_t token_text_length = 43;
constexpr std::size_t booking_number_length = 8;
constexpr std::string_view booking_number_alphabet = "ACDEFGHJKMNPQRTVWXY34679";

std::string token_text(const Token& token);

// Nothing unless the text is exactly what token_text() gives: stray characters, padding and set trailing bits are not
// forgiven, so that one token has one spelling.
std::optional<Token> parse_token(std::string_view text);

// Unbiased: draws eight characters by rejection from the given random bytes; nothing if they do not suffice.
std::optional<std::string> booking_number(const std::array<std::uint8_t, 32>& random);

// Equal in time that does not depend on where the two differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

} // namespace pgbk::core
