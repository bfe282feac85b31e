#include "core/timestamp_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

constexpr std::int64_t second = 1000000;

TEST(Instant, IsReadAsRfc3339HasIt) {
    // The examples of RFC 3339, section 5.8, and the epoch.
    EXPECT_EQ(parse_instant("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_instant("1985-04-12T23:20:50.52Z"), 482196050 * second + 520000);
    EXPECT_EQ(parse_instant("1996-12-19T16:39:57-08:00"), 851042397 * second);
    EXPECT_EQ(parse_instant("1937-01-01T12:00:27.87+00:20"), -1041337172 * second - 130000);
}

TEST(Instant, KnowsThatOffsetsNameTheSameInstant) {
    const auto at = parse_instant("2027-03-03T09:00:00Z");
    ASSERT_TRUE(at.has_value());
    for (const char* const text : {"2027-03-03T10:00:00+01:00", "2027-03-02T23:00:00-10:00", "2027-03-03T09:00:00.000Z",
                                   "2027-03-03T09:00:00-00:00", "2027-03-03t09:00:00z", "2027-03-03T14:45:00+05:45"}) {
        EXPECT_EQ(parse_instant(text), at) << text;
    }
}

TEST(Instant, CutsWhatIsFinerThanMicroseconds) {
    EXPECT_EQ(parse_instant("1970-01-01T00:00:00.000001Z"), 1);
    EXPECT_EQ(parse_instant("1970-01-01T00:00:00.000001999Z"), 1);
    EXPECT_FALSE(parse_instant("1970-01-01T00:00:00.0000000001Z").has_value());
}

TEST(Instant, SpansFourDigitsOfYears) {
    EXPECT_EQ(parse_instant("0000-01-01T00:00:00Z"), -62167219200 * second);
    EXPECT_EQ(parse_instant("9999-12-31T23:59:59Z"), 253402300799 * second);
}

TEST(Instant, IsNothingElse) {
    for (const char* const text : {"",
                                   "Z",
                                   "2027",
                                   "2027-03-03",
                                   "2027-03-03T09:00Z",
                                   "2027-03-03T09:00:00",
                                   "2027-03-03 09:00:00Z",
                                   "2027-03-03T09:00:00 Z",
                                   " 2027-03-03T09:00:00Z",
                                   "2027-03-03T09:00:00Z ",
                                   "2027-03-03T09:00:00ZZ",
                                   "2027-3-3T09:00:00Z",
                                   "2027-03-03T9:00:00Z",
                                   "27-03-03T09:00:00Z",
                                   "+2027-03-03T09:00:00Z",
                                   "2027-02-29T09:00:00Z",
                                   "2027-00-03T09:00:00Z",
                                   "2027-13-03T09:00:00Z",
                                   "2027-03-00T09:00:00Z",
                                   "2027-03-32T09:00:00Z",
                                   "2027-03-03T24:00:00Z",
                                   "2027-03-03T09:60:00Z",
                                   "2027-03-03T09:00:60Z",
                                   "2027-03-03T09:00:00.Z",
                                   "2027-03-03T09:00:00,5Z",
                                   "2027-03-03T09:00:00+01",
                                   "2027-03-03T09:00:00+0100",
                                   "2027-03-03T09:00:00+1:00",
                                   "2027-03-03T09:00:00+24:00",
                                   "2027-03-03T09:00:00+01:60",
                                   "2027-03-03T09:00:00+01:00:00",
                                   "2027-03-03T09:00:00UTC",
                                   "2027-W09-3T09:00:00Z",
                                   "1803546000",
                                   "-",
                                   "2027-03-03T-9:00:00Z",
                                   "2027-03--3T09:00:00Z"}) {
        EXPECT_FALSE(parse_instant(text).has_value()) << text;
    }
    EXPECT_FALSE(parse_instant(std::string("2027-03-03T09:00:00Z\0", 21)).has_value());
    EXPECT_TRUE(parse_instant("2028-02-29T09:00:00Z").has_value());
}

} // namespace

} // namespace pgbk::core
