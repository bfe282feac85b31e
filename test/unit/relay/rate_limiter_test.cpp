#include "http/rate_limiter.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

using namespace std::chrono_literals;

constexpr core::Instant start{1000h};

Address address(const std::string& text) {
    const auto parsed = parse_address(text);
    EXPECT_TRUE(parsed) << text;
    return parsed.value_or(Address{});
}

// The n-th address of 10.0.0.0/8.
Address numbered(unsigned n) {
    return address_from_v4({10, static_cast<std::uint8_t>(n >> 16U), static_cast<std::uint8_t>((n >> 8U) & 0xFFU),
                            static_cast<std::uint8_t>(n & 0xFFU)});
}

// How many of so many requests at this moment pass.
int passed(RateLimiter& limiter, const Address& visitor, core::Instant now, int requests) {
    int count = 0;
    for (int i = 0; i < requests; ++i) {
        count += limiter.refuse(visitor, now) ? 0 : 1;
    }
    return count;
}

TEST(RateLimiter, LetsSoManyPassAMinute) {
    RateLimiter limiter(10, 1);
    const auto visitor = address("192.0.2.1");
    EXPECT_EQ(passed(limiter, visitor, start, 100), 10);
    EXPECT_EQ(limiter.refuse(visitor, start), 6s);
    EXPECT_EQ(limiter.refuse(visitor, start + 5s), 1s);
    EXPECT_EQ(passed(limiter, visitor, start + 6s, 100), 1);
    EXPECT_EQ(passed(limiter, visitor, start + 66s, 100), 10);
}

TEST(RateLimiter, ARefusedRequestCostsNothing) {
    RateLimiter limiter(10, 1);
    const auto visitor = address("192.0.2.1");
    passed(limiter, visitor, start, 10);
    for (auto now = start; now < start + 6s; now += 1ms) {
        EXPECT_TRUE(limiter.refuse(visitor, now));
    }
    EXPECT_FALSE(limiter.refuse(visitor, start + 6s));
}

TEST(RateLimiter, EachAddressHasItsOwn) {
    RateLimiter limiter(10, 1);
    EXPECT_EQ(passed(limiter, address("192.0.2.1"), start, 20), 10);
    EXPECT_EQ(passed(limiter, address("192.0.2.2"), start, 20), 10);
    EXPECT_EQ(passed(limiter, address("::ffff:192.0.2.2"), start, 20), 0) << "the same in another spelling";
}

TEST(RateLimiter, OfIPv6TheNetworkCounts) {
    RateLimiter limiter(10, 1);
    EXPECT_EQ(passed(limiter, address("2001:db8:1:2::1"), start, 20), 10);
    EXPECT_EQ(passed(limiter, address("2001:db8:1:2:ffff:ffff:ffff:ffff"), start, 20), 0);
    EXPECT_EQ(passed(limiter, address("2001:db8:1:3::1"), start, 20), 10);
    EXPECT_EQ(passed(limiter, address("::c000:201"), start, 20), 10) << "no IPv4 address";
    EXPECT_EQ(passed(limiter, address("192.0.2.1"), start, 20), 10);
}

TEST(RateLimiter, RemembersNoMoreThanItHasPlacesFor) {
    RateLimiter limiter(10, 1, 100);
    for (unsigned i = 0; i < 10'000; ++i) {
        limiter.refuse(numbered(i), start + i * 1ms);
    }
    EXPECT_EQ(limiter.remembered(), 100);
}

TEST(RateLimiter, ForgetsWhoseBucketIsFullAgain) {
    RateLimiter limiter(10, 1, 100);
    for (unsigned i = 0; i < 100; ++i) {
        limiter.refuse(numbered(i), start);
    }
    // One request each: full again after six seconds, so all of them give way to others, who have buckets of their own.
    for (unsigned i = 0; i < 100; ++i) {
        EXPECT_EQ(passed(limiter, numbered(i + 500), start + 6s, 20), 10) << i;
    }
    EXPECT_EQ(limiter.remembered(), 100);
}

TEST(RateLimiter, NobodyIsForgottenByAFloodOfOthers) {
    RateLimiter limiter(10, 1, 100);
    const auto attacker = address("203.0.113.7");
    EXPECT_EQ(passed(limiter, attacker, start, 20), 10);
    for (unsigned i = 0; i < 10'000; ++i) {
        limiter.refuse(numbered(i), start);
    }
    EXPECT_EQ(passed(limiter, attacker, start, 20), 0);
}

TEST(RateLimiter, AFloodOfNetworksIsInItsOwnWay) {
    RateLimiter limiter(10, 1, 100);
    int flood = 0;
    for (unsigned i = 0; i < 10'000; ++i) { // all of one /48
        Address visitor = address("2001:db8:1::1");
        visitor.bytes[6] = static_cast<std::uint8_t>(i >> 8U);
        visitor.bytes[7] = static_cast<std::uint8_t>(i & 0xFFU);
        flood += passed(limiter, visitor, start, 1);
    }
    EXPECT_EQ(flood, 100 + 10) << "those that found a place, and one bucket for all the others";
    int others = 0;
    for (unsigned i = 0; i < 256; ++i) { // who come after it, each from a neighbourhood of his own
        others += passed(limiter, address("198.51." + std::to_string(i) + ".1"), start, 1);
    }
    EXPECT_EQ(others, 256);
}

TEST(RateLimiter, APlaceThatBecomesFreeBringsNobodyAFullBucket) {
    RateLimiter limiter(10, 1, 1);
    limiter.refuse(address("192.0.2.1"), start);
    const auto visitor = address("203.0.113.7");
    EXPECT_EQ(passed(limiter, visitor, start + 5s, 20), 10) << "the neighbourhood's";
    EXPECT_EQ(limiter.refuse(visitor, start + 6s), 5s) << "his own now";
    EXPECT_EQ(passed(limiter, visitor, start + 11s, 20), 1);
}

// Whatever visitors do, in any window each gets at most what a bucket of his own would give him.
TEST(RateLimiter, NobodyGetsMoreThanHisShare) {
    RateLimiter limiter(12, 7, 20);
    std::vector<core::Bucket> fair(60);
    const core::RateLimit limit{12 / 60.0, 12};
    std::uint32_t random = 1;
    auto now = start;
    for (int i = 0; i < 200'000; ++i) {
        random = random * 1'664'525U + 1'013'904'223U;
        now += std::chrono::milliseconds((random >> 8U) % 40);
        const unsigned who = (random >> 16U) % 60;
        if (!limiter.refuse(numbered(who * 256), now)) {
            EXPECT_GT(core::tokens_left(fair[who], limit, now), 0) << i;
            core::spend(fair[who], limit, now, 1);
        }
    }
}

} // namespace

} // namespace pgbk::relay
