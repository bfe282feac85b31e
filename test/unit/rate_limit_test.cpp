#include "core/fair_share.hpp"
#include "core/rate_limit.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace pgbk::core {

namespace {

using namespace std::chrono_literals;

constexpr Instant start{1000h};
constexpr RateLimit limit{2.0, 5};

TEST(RateLimit, ABucketIsFullAtFirst) {
    Bucket bucket;
    EXPECT_EQ(tokens_left(bucket, limit, start), 5);
    spend(bucket, limit, start, 5);
    EXPECT_EQ(tokens_left(bucket, limit, start), 0);
}

TEST(RateLimit, FillsWithTimeUpToTheBurst) {
    Bucket bucket;
    spend(bucket, limit, start, 5);
    EXPECT_EQ(tokens_left(bucket, limit, start + 499ms), 0);
    EXPECT_EQ(tokens_left(bucket, limit, start + 500ms), 1);
    EXPECT_EQ(tokens_left(bucket, limit, start + 1s), 2);
    EXPECT_EQ(tokens_left(bucket, limit, start + 1h), 5);
}

TEST(RateLimit, KeepsFractions) {
    Bucket bucket;
    spend(bucket, limit, start, 5);
    int sent = 0;
    for (int tick = 1; tick <= 100; ++tick) { // every tenth of a second for ten seconds
        const Instant now = start + tick * 100ms;
        const int left = tokens_left(bucket, limit, now);
        spend(bucket, limit, now, left);
        sent += left;
    }
    EXPECT_EQ(sent, 20);
}

TEST(RateLimit, LessThanOneASecond) {
    const RateLimit slow{0.1, 1};
    Bucket bucket;
    spend(bucket, slow, start, 1);
    EXPECT_EQ(tokens_left(bucket, slow, start + 9s), 0);
    EXPECT_EQ(tokens_left(bucket, slow, start + 10s), 1);
}

TEST(RateLimit, SaysHowLongToWait) {
    const RateLimit slow{10.0 / 60, 10};
    Bucket bucket;
    EXPECT_EQ(until_next(bucket, slow, start), 0s);
    spend(bucket, slow, start, 10);
    EXPECT_EQ(until_next(bucket, slow, start), 6s);
    EXPECT_EQ(until_next(bucket, slow, start + 1ms), 6s);
    EXPECT_EQ(until_next(bucket, slow, start + 5s + 1ms), 1s);
    EXPECT_EQ(until_next(bucket, slow, start + 6s), 0s);
}

TEST(RateLimit, WhoWaitsAsLongAsToldIsServed) {
    for (const int per_minute : {1, 3, 7, 10, 59, 60, 61, 600, 7000}) {
        const RateLimit one{per_minute / 60.0, per_minute};
        Bucket bucket;
        spend(bucket, one, start, per_minute);
        for (auto elapsed = 0us; elapsed < 1s; elapsed += 997us) {
            const Instant now = start + elapsed;
            const auto wait = until_next(bucket, one, now);
            EXPECT_GT(tokens_left(bucket, one, now + wait), 0) << per_minute << " a minute, " << elapsed.count();
            EXPECT_EQ(wait == 0s, tokens_left(bucket, one, now) > 0);
        }
    }
}

TEST(RateLimit, AClockThatWentBackFillsNothing) {
    Bucket bucket;
    spend(bucket, limit, start, 5);
    EXPECT_EQ(tokens_left(bucket, limit, start - 1h), 0);
}

TEST(RateLimit, ABurstThatWasLoweredCutsWhatIsThere) {
    Bucket bucket;
    spend(bucket, limit, start, 0);
    EXPECT_EQ(tokens_left(bucket, {2.0, 3}, start), 3);
}

std::vector<int> shares(int available, std::vector<int> wanted) {
    return fair_shares(available, wanted);
}

TEST(FairShares, GivesAllWhatTheyWantWhereThereIsEnough) {
    EXPECT_EQ(shares(10, {1, 2, 3}), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(shares(6, {1, 2, 3}), (std::vector<int>{1, 2, 3}));
    EXPECT_EQ(shares(5, {}), std::vector<int>{});
}

TEST(FairShares, SharesAlikeWhatIsTooLittle) {
    EXPECT_EQ(shares(9, {100, 100, 100}), (std::vector<int>{3, 3, 3}));
    EXPECT_EQ(shares(10, {100, 1, 100}), (std::vector<int>{5, 1, 4}));
    EXPECT_EQ(shares(1, {100, 100, 100}), (std::vector<int>{1, 0, 0}));
    EXPECT_EQ(shares(0, {1, 1}), (std::vector<int>{0, 0}));
    EXPECT_EQ(shares(-1, {1, 1}), (std::vector<int>{0, 0}));
    EXPECT_EQ(shares(4, {0, -1, 8}), (std::vector<int>{0, 0, 4}));
}

TEST(FairShares, LeavesNothingThatIsWanted) {
    for (int available = 0; available < 40; ++available) {
        for (int a = 0; a < 12; ++a) {
            for (int b = 0; b < 12; ++b) {
                const std::vector<int> wanted{a, 7, b};
                const auto got = fair_shares(available, wanted);
                const int total = std::accumulate(got.begin(), got.end(), 0);
                EXPECT_EQ(total, std::min(available, a + 7 + b));
                for (std::size_t i = 0; i < wanted.size(); ++i) {
                    EXPECT_LE(got[i], wanted[i]);
                }
            }
        }
    }
}

} // namespace

} // namespace pgbk::core
