#include "gateway/pending.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(PendingAnswers, SaySo) {
    EXPECT_TRUE(is_pending(R"({"paymentPending": true})"));
    EXPECT_TRUE(is_pending(R"({"payment_pending":true,"a":1})"));
    EXPECT_TRUE(is_pending(R"({"calendarPending":true})"));
    EXPECT_FALSE(is_pending(R"({"paymentPending": false})"));
    EXPECT_FALSE(is_pending(R"({"paymentUrl": "https://a"})"));
    EXPECT_FALSE(is_pending(R"({"notes": "paymentPending"})")) << "a word is no member";
    EXPECT_FALSE(is_pending(R"({"metadata": {"paymentPending": true}})"));
    EXPECT_FALSE(is_pending(R"(["paymentPending"])"));
    EXPECT_FALSE(is_pending(R"({"paymentPending")"));
}

TEST(PendingAnswers, HaveMembers) {
    EXPECT_EQ(text_member(R"({"bookingToken": "t.1"})", "bookingToken"), "t.1");
    EXPECT_EQ(text_member(R"({"bookingToken": 1})", "bookingToken"), std::nullopt);
    EXPECT_EQ(text_member("{}", "bookingToken"), std::nullopt);
    EXPECT_EQ(text_member("no JSON", "bookingToken"), std::nullopt);
}

TEST(PendingAnswers, AreCompleted) {
    EXPECT_EQ(completed_answer(R"({"bookingToken":"t","paymentPending":true})",
                               R"({"paymentUrl":"https://a","status":"pending","customerEmail":"ada@example.org"})"),
              "{\"bookingToken\":\"t\",\"paymentUrl\":\"https://a\"}\n")
        << "with what was awaited, and nothing else";
    EXPECT_EQ(completed_answer(R"({"paymentPending":true})", R"({"paymentPending":true})"),
              "{\"paymentPending\":true}\n");
    EXPECT_EQ(completed_answer(R"({"a":1})", "nonsense"), R"({"a":1})");
}

} // namespace

} // namespace pgbk::relay
