#include "core/session_change.hpp"

#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

TEST(Capacity, IsNotNegative) {
    const auto outcome = [](std::int32_t capacity) { return test::outcome_of([&] { check_capacity(capacity); }); };
    EXPECT_EQ(outcome(0), "accepted");
    EXPECT_EQ(outcome(1'000'000), "accepted");
    EXPECT_EQ(outcome(-1), "invalid_session_change");
    EXPECT_EQ(outcome(1'000'001), "invalid_session_change");
}

TEST(ClosingReason, IsShortText) {
    const auto outcome = [](const std::string& text) { return test::outcome_of([&] { check_closing_reason(text); }); };
    EXPECT_EQ(outcome(""), "accepted");
    EXPECT_EQ(outcome("storm\nand rain"), "accepted");
    EXPECT_EQ(outcome(std::string(500, 'x')), "accepted");
    EXPECT_EQ(outcome(std::string(501, 'x')), "invalid_session_change");
    EXPECT_EQ(outcome("a\ab"), "invalid_session_change");
}

} // namespace

} // namespace pgbk::core
