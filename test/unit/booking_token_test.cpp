#include "core/booking_token.hpp"

#include <gtest/gtest.h>

#include <climits>
#include <string>

namespace pgbk::core {

namespace {

constexpr Token verifier{116, 24,  223, 180, 151, 153, 224, 37,  79, 250, 96, 125, 216, 173, 187, 186,
                         22,  212, 37,  77,  105, 214, 191, 240, 91, 88,  5,  88,  83,  132, 141, 121};
const std::string secret = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"; // the same in RFC 7636, appendix B

TEST(BookingToken, IsTheTokenADotAndTheOrganization) {
    EXPECT_EQ(booking_token_text({verifier, 1}), secret + ".1");
    EXPECT_EQ(booking_token_text({verifier, INT32_MAX}), secret + ".2147483647");
}

TEST(BookingToken, ReadsBackWhatItWrote) {
    for (const std::int32_t organization : {1, 9, 10, 4711, INT32_MAX}) {
        const BookingToken token{verifier, organization};
        EXPECT_EQ(parse_booking_token(booking_token_text(token)), token) << organization;
    }
}

TEST(BookingToken, HasOneSpellingOnly) {
    EXPECT_TRUE(parse_booking_token(secret + ".1").has_value());
    for (const std::string end : {"", ".", "1", ".0", ".01", ".+1", ".-1", ". 1", ".1 ", ".1.", ".1.1", ".1a", ".0x1",
                                  ".2147483648", ".99999999999999999999", "..1", "=.1"}) {
        EXPECT_FALSE(parse_booking_token(secret + end).has_value()) << end;
    }
    EXPECT_FALSE(parse_booking_token("").has_value());
    EXPECT_FALSE(parse_booking_token(".1").has_value());
    EXPECT_FALSE(parse_booking_token(" " + secret + ".1").has_value());
    EXPECT_FALSE(parse_booking_token(secret.substr(0, 42) + ".1").has_value()) << "too short";
    EXPECT_FALSE(parse_booking_token(secret.substr(0, 42) + "l.1").has_value()) << "a trailing bit is set";
    EXPECT_FALSE(parse_booking_token(secret.substr(0, 42) + "+.1").has_value()) << "another alphabet";
}

TEST(BookingToken, IsNotReadBeyondAZeroByte) {
    EXPECT_FALSE(parse_booking_token(secret + std::string(".1\0", 3)).has_value());
    EXPECT_FALSE(parse_booking_token(secret + std::string("\0.1", 3)).has_value());
}

} // namespace

} // namespace pgbk::core
