#include "outbound/retry_after.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

constexpr std::int64_t now = 784'111'777; // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryAfter, TakesSeconds) {
    EXPECT_EQ(parse_retry_after("0", now), 0);
    EXPECT_EQ(parse_retry_after("120", now), 120);
    EXPECT_EQ(parse_retry_after("  7\t", now), 7);
    EXPECT_EQ(parse_retry_after("007", now), 7);
    EXPECT_EQ(parse_retry_after("2147483648", now), 2'147'483'647);
    EXPECT_EQ(parse_retry_after("99999999999999999999999999", now), 2'147'483'647);
}

TEST(RetryAfter, TakesTheThreeDateForms) {
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), 0);
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), 60);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:50:37 GMT", now), 60);
    EXPECT_EQ(parse_retry_after("Sun Nov  6 08:50:37 1994", now), 60);
    EXPECT_EQ(parse_retry_after("Wed Nov 16 08:49:37 1994", now), 864'000);
    EXPECT_EQ(parse_retry_after("Tue, 29 Feb 2028 23:59:59 GMT", 1'835'481'598), 1);
}

TEST(RetryAfter, IsZeroForThePast) {
    EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:36 GMT", now), 0);
    EXPECT_EQ(parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT", now), 0);
    EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", 1'700'000'000), 0) << "94 is 1994, seen from 2023";
}

TEST(RetryAfter, IsNothingOtherwise) {
    for (const char* text :
         {"", " ", "-1", "+5", "1.5", "5s", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
          "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
          "Sun, 6 Nov 1994", "06 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 GMT and more"}) {
        EXPECT_EQ(parse_retry_after(text, now), std::nullopt) << text;
    }
}

} // namespace

} // namespace pgbk::relay
