// What relays report of provider calls, and when a call is tried again.
#include "core/provider_call.hpp"

#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

using namespace std::chrono_literals;

std::string message(const std::string& json) {
    const test::JsonText document(json);
    const auto refusal = test::refusal_of([&] { (void)read_call_result(document.root()); });
    return refusal.has_value() ? refusal->message() : "accepted";
}

TEST(CallResults, AreRead) {
    const test::JsonText document(R"({"ending": "retry", "uncertain": true, "http_status": 503, "reason": "busy",
        "retry_after_seconds": 7, "facts": null, "more": 1})");
    const CallResult result = read_call_result(document.root());
    EXPECT_EQ(result.ending, CallEnding::retry);
    EXPECT_TRUE(result.uncertain);
    EXPECT_EQ(result.http_status, 503);
    EXPECT_EQ(result.reason, "busy");
    EXPECT_EQ(result.retry_after, 7s);
    EXPECT_EQ(result.facts, nullptr);
}

TEST(CallResults, OfWhatIsDoneHaveFacts) {
    const test::JsonText document(R"({"ending": "done", "facts": {"url": "https://a"}})");
    const CallResult result = read_call_result(document.root());
    EXPECT_EQ(result.ending, CallEnding::done);
    ASSERT_NE(result.facts, nullptr);
    EXPECT_EQ(member(*result.facts, "url")->text, "https://a");
    EXPECT_EQ(message(R"({"ending": "done"})"), "invalid result: $.facts is missing");
    EXPECT_EQ(message(R"({"ending": "refused"})"), "accepted");
    EXPECT_EQ(message(R"({"ending": "returned"})"), "accepted");
}

TEST(CallResults, SayWhereTheyAreWrong) {
    EXPECT_EQ(message("[]"), "invalid result: $ is not an object");
    EXPECT_EQ(message("{}"), "invalid result: $.ending is none of done, retry, refused, returned");
    EXPECT_EQ(message(R"({"ending": "Done"})"), "invalid result: $.ending is none of done, retry, refused, returned");
    EXPECT_EQ(message(R"({"ending": 1})"), "invalid result: $.ending is not a string");
    EXPECT_EQ(message(R"({"ending": "done", "facts": []})"), "invalid result: $.facts is not an object");
    EXPECT_EQ(message(R"({"ending": "retry", "uncertain": 1})"), "invalid result: $.uncertain is not a boolean");
    EXPECT_EQ(message(R"({"ending": "retry", "http_status": 99})"),
              "invalid result: $.http_status is not a number in its range");
    EXPECT_EQ(message(R"({"ending": "retry", "retry_after_seconds": -1})"),
              "invalid result: $.retry_after_seconds is not a number in its range");
    EXPECT_EQ(message(R"({"ending": "retry", "retry_after_seconds": 1.5})"),
              "invalid result: $.retry_after_seconds is not a number in its range");
    EXPECT_EQ(message(R"({"ending": "retry", "reason": {}})"), "invalid result: $.reason is not a string");
}

TEST(CallRetries, ComeSoonFirst) {
    EXPECT_EQ(call_retry_delay(1, std::nullopt, 0.5), 1s);
    EXPECT_EQ(call_retry_delay(2, std::nullopt, 0.5), 3s);
    EXPECT_EQ(call_retry_delay(8, std::nullopt, 0.5), 1h);
    EXPECT_EQ(call_retry_delay(99, std::nullopt, 0.5), 1h);
    EXPECT_EQ(call_retry_delay(0, std::nullopt, 0.5), 1s);
}

TEST(CallRetries, AreSpread) {
    EXPECT_EQ(call_retry_delay(1, std::nullopt, 0), 800ms);
    EXPECT_EQ(call_retry_delay(1, std::nullopt, 1), 1200ms);
    EXPECT_EQ(call_retry_delay(1, std::nullopt, 7), 1200ms) << "a fraction that is none";
}

TEST(CallRetries, DoWhatTheProviderAsksFor) {
    EXPECT_EQ(call_retry_delay(1, 90s, 0.5), 90s);
    EXPECT_EQ(call_retry_delay(5, 90s, 0.5), 2min) << "if that is later";
    EXPECT_EQ(call_retry_delay(1, 100h, 0.5), 6h) << "within reason";
}

TEST(Checks, BecomeRare) {
    EXPECT_EQ(check_delay(0), 10min);
    EXPECT_EQ(check_delay(1), 20min);
    EXPECT_EQ(check_delay(5), 320min);
    EXPECT_EQ(check_delay(6), 6h);
    EXPECT_EQ(check_delay(1000), 6h);
    EXPECT_EQ(check_delay(-1), 10min);
}

} // namespace

} // namespace pgbk::core
