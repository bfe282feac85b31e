#include "text/utf8_check.hpp"

#include "unit/text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace pgbk::relay {

namespace {

bool in_pieces(std::string_view text, std::size_t piece) {
    Utf8Check check;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        if (!check.take(text.substr(at, piece))) {
            return false;
        }
    }
    return check.complete();
}

TEST(Utf8Check, AgreesWithTheWholeTextsOwn) {
    const std::string bytes("a\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xE1\xED\xEF\xF0\xF1\xF4\xF5\xFF", 21);
    std::mt19937 random(1); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same texts each time
    int accepted = 0;
    for (int i = 0; i < 200'000; ++i) {
        std::string text;
        for (auto length = random() % 6; length > 0; --length) {
            text += bytes[random() % bytes.size()];
        }
        const bool expected = test::is_utf8(text);
        accepted += expected ? 1 : 0;
        ASSERT_EQ(in_pieces(text, 1), expected);
        ASSERT_EQ(in_pieces(text, 3), expected);
        ASSERT_EQ(in_pieces(text, 100), expected);
    }
    EXPECT_GT(accepted, 1'000);
}

} // namespace

} // namespace pgbk::relay
