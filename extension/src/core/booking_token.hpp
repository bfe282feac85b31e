// The token of a booking, as its buyer holds it: 43 characters of a token (token.hpp), a dot, and the number of the
// organization in decimal, so that a call finds its organization without a lookup. Nothing else is in it. The database
// keeps the SHA-256 of the 32 bytes only.
#pragma once

#include "core/token.hpp"

namespace pgbk::core {

struct BookingToken {
    Token token;
    std::int32_t organization; // positive

    friend bool operator==(const BookingToken&, const BookingToken&) = default;
};

std::string booking_token_text(const BookingToken& token);

// Nothing unless the text is exactly what booking_token_text() gives: one token has one spelling.
std::optional<BookingToken> parse_booking_token(std::string_view text);

} // namespace pgbk::core
