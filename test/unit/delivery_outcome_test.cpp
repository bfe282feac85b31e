#include "core/delivery_outcome.hpp"

#include "core/retry_schedule.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;

constexpr Instant now{1000h};

AttemptFacts answered(int status, std::string_view body = {}, std::optional<seconds> retry_after = std::nullopt) {
    return {status, std::nullopt, body, retry_after};
}

AttemptFacts failed(ErrorClass error) {
    return {std::nullopt, error, {}, std::nullopt};
}

std::string meaning(const AttemptFacts& facts, bool is_make = false) {
    return std::string(outcome_word(classify(facts, is_make)));
}

Decision decided(const AttemptFacts& facts, int attempt = 1, int last_status = 0, int same = 0, int throttled = 0,
                 Instant expires = now + 1000h) {
    return decide(facts, {attempt, last_status, same, throttled, expires}, false, now, 0.5);
}

TEST(Classify, EveryStatus) {
    for (int status = 100; status < 1000; ++status) {
        const std::string expected = status >= 200 && status < 300 ? "delivered"
                                     : status == 410               ? "gone"
                                     : status == 429               ? "throttled"
                                                                   : "retry";
        EXPECT_EQ(meaning(answered(status)), expected) << status;
    }
}

TEST(Classify, UnavailableForAWhileOnlyIfItSaysHowLong) {
    EXPECT_EQ(meaning(answered(503)), "retry");
    EXPECT_EQ(meaning(answered(503, "", 0s)), "throttled");
    EXPECT_EQ(meaning(answered(503, "", 7s)), "throttled");
    EXPECT_EQ(meaning(answered(502, "", 7s)), "retry");
    EXPECT_EQ(meaning(answered(500, "", 7s)), "retry");
}

TEST(Classify, AFullQueueOfMake) {
    EXPECT_EQ(meaning(answered(400, "Queue is full"), true), "throttled");
    EXPECT_EQ(meaning(answered(400, "Queue is full.\n"), true), "throttled");
    EXPECT_EQ(meaning(answered(400, " \r\nQueue is full"), true), "throttled");
    EXPECT_EQ(meaning(answered(400, "queue is full"), true), "retry");
    EXPECT_EQ(meaning(answered(400, "The Queue is full"), true), "retry");
    EXPECT_EQ(meaning(answered(400, ""), true), "retry");
    EXPECT_EQ(meaning(answered(400, "Queue is full"), false), "retry") << "elsewhere it means nothing";
    EXPECT_EQ(meaning(answered(200, "Queue is full"), true), "delivered");
}

TEST(Classify, ErrorsWithoutAnAnswer) {
    for (const auto error : {ErrorClass::dns, ErrorClass::connect, ErrorClass::tls, ErrorClass::timeout,
                             ErrorClass::reset, ErrorClass::protocol, ErrorClass::internal}) {
        EXPECT_EQ(meaning(failed(error)), "retry") << error_class_word(error);
    }
    EXPECT_EQ(meaning(failed(ErrorClass::blocked)), "blocked");
    EXPECT_EQ(meaning(failed(ErrorClass::too_large)), "blocked");
}

TEST(Classify, TheStatusLineDecidesWhateverCameAfter) {
    EXPECT_EQ(meaning({200, ErrorClass::timeout, {}, std::nullopt}), "delivered");
    EXPECT_EQ(meaning({204, ErrorClass::reset, {}, std::nullopt}), "delivered");
    EXPECT_EQ(meaning({410, ErrorClass::reset, {}, std::nullopt}), "gone");
    EXPECT_EQ(meaning({500, ErrorClass::too_large, {}, std::nullopt}), "retry");
}

TEST(ErrorClass, IsSpelledAsItIsRead) {
    for (const auto word :
         {"dns", "connect", "tls", "timeout", "reset", "protocol", "blocked", "too_large", "internal"}) {
        ASSERT_TRUE(error_class_of(word).has_value()) << word;
        EXPECT_EQ(error_class_word(*error_class_of(word)), word);
    }
    EXPECT_FALSE(error_class_of("").has_value());
    EXPECT_FALSE(error_class_of("DNS").has_value());
}

TEST(Decide, RetriesByTheScheduleThenGivesUp) {
    for (int attempt = 1; attempt < most_attempts; ++attempt) {
        const Decision decision = decided(answered(500), attempt);
        EXPECT_EQ(decision.outcome, Outcome::retry) << attempt;
        EXPECT_EQ(decision.delay, retry_delay(attempt, 0.5)) << attempt;
    }
    const Decision last = decided(answered(500), most_attempts);
    EXPECT_EQ(last.outcome, Outcome::dead);
    EXPECT_FALSE(last.delay.has_value());
    EXPECT_EQ(decided(failed(ErrorClass::timeout), most_attempts).outcome, Outcome::dead);
}

TEST(Decide, NothingIsTriedAfterItExpired) {
    EXPECT_EQ(decided(answered(500), 1, 0, 0, 0, now + 5s).outcome, Outcome::retry);
    EXPECT_EQ(decided(answered(500), 1, 0, 0, 0, now + 5s - 1us).outcome, Outcome::dead);
    EXPECT_EQ(decided(answered(429), 1, 0, 0, 0, now + 10s).outcome, Outcome::throttled);
    EXPECT_EQ(decided(answered(429), 1, 0, 0, 0, now + 9s).outcome, Outcome::dead);
    EXPECT_EQ(decided(answered(200), 1, 0, 0, 0, now - 1h).outcome, Outcome::delivered);
}

TEST(Decide, ThreeEqualRefusalsGoToTheHalfHour) {
    EXPECT_EQ(decided(answered(404), 1, 0, 0).delay, 5s);
    EXPECT_EQ(decided(answered(404), 2, 404, 1).delay, 30s);
    const Decision third = decided(answered(404), 3, 404, 2);
    EXPECT_EQ(third.outcome, Outcome::retry);
    EXPECT_EQ(third.delay, 30min);
    EXPECT_EQ(third.same_status_times, 3);
    EXPECT_EQ(decided(answered(404), 6, 404, 5).delay, 2h) << "never sooner than the schedule says";
    EXPECT_EQ(decided(answered(401), 3, 404, 2).delay, 2min) << "another status";
    EXPECT_EQ(decided(answered(401), 3, 404, 2).same_status_times, 1);
    EXPECT_EQ(decided(answered(500), 3, 500, 2).delay, 2min) << "a server's failure";
    EXPECT_EQ(decided(answered(408), 3, 408, 2).delay, 2min) << "a timeout";
    EXPECT_EQ(decided(answered(425), 3, 425, 2).delay, 2min) << "too early";
    EXPECT_EQ(decided(answered(301), 3, 301, 2).delay, 2min) << "a redirection, which is not followed";
    EXPECT_EQ(decided(failed(ErrorClass::dns), 3, 404, 2).same_status_times, 0) << "no status";
    EXPECT_EQ(decided(answered(400), most_attempts, 400, 11).outcome, Outcome::dead);
}

TEST(Decide, ThrottledWaitsAsAskedAndUsesUpNothing) {
    EXPECT_EQ(decided(answered(429), most_attempts).outcome, Outcome::throttled) << "also the last attempt";
    EXPECT_EQ(decided(answered(429)).delay, 10s);
    EXPECT_EQ(decided(answered(429), 1, 0, 0, 2).delay, 40s);
    EXPECT_EQ(decided(answered(429, "", 3600s)).delay, 1h);
    EXPECT_EQ(decided(answered(503, "", 100h)).delay, 6h);
}

TEST(Decide, WhatEndsADeliveryHasNoNextAttempt) {
    EXPECT_EQ(decided(answered(200)).outcome, Outcome::delivered);
    EXPECT_EQ(decided(answered(410)).outcome, Outcome::gone);
    EXPECT_EQ(decided(failed(ErrorClass::blocked)).outcome, Outcome::blocked);
    for (const auto& facts : {answered(200), answered(410), failed(ErrorClass::blocked)}) {
        EXPECT_FALSE(decided(facts).delay.has_value());
    }
}

} // namespace

} // namespace pgbk::core
