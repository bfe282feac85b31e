#include "realtime/token_keys.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

const std::string first(32, 'a');
const std::string second(40, 'b');

TEST(TokenKeys, AreSeparatedByBlanks) {
    const auto keys = parse_token_keys("  " + first + " \t " + second + " ");
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 2U);
    EXPECT_EQ(keys->at(0).secret, first);
    EXPECT_EQ(keys->at(1).secret, second);
    EXPECT_EQ(keys->at(0).id + keys->at(1).id, "");
}

TEST(TokenKeys, MayHaveNames) {
    const auto keys = parse_token_keys("2026:" + first + ":x :" + second + ":");
    ASSERT_TRUE(keys);
    ASSERT_EQ(keys->size(), 2U);
    EXPECT_EQ(keys->at(0).id, "2026");
    EXPECT_EQ(keys->at(0).secret, first + ":x");
    EXPECT_EQ(keys->at(1).id, "");
    EXPECT_EQ(keys->at(1).secret, second + ":") << "without a name, but with a colon";
}

TEST(TokenKeys, NoneIsFine) {
    for (const char* text : {"", "  ", "\t"}) {
        const auto keys = parse_token_keys(text);
        EXPECT_TRUE(keys && keys->empty());
    }
}

TEST(TokenKeys, ShortOnesAreRefused) {
    const std::string almost(31, 'a');
    for (const std::string& text : {almost, first + " " + almost, "long-name-that-does-not-count:" + almost}) {
        EXPECT_FALSE(parse_token_keys(text)) << text;
    }
}

} // namespace

} // namespace pgbk::relay
