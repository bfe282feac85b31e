#include "core/token.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

namespace pgbk::core {

namespace {

constexpr std::string_view base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Token random_bytes(std::mt19937_64& random) {
    Token bytes{};
    for (auto& byte : bytes) {
        byte = static_cast<std::uint8_t>(random() >> 32U);
    }
    return bytes;
}

TEST(Token, IsSpelledAsInRfc7636AppendixB) {
    constexpr Token verifier{116, 24,  223, 180, 151, 153, 224, 37,  79, 250, 96, 125, 216, 173, 187, 186,
                             22,  212, 37,  77,  105, 214, 191, 240, 91, 88,  5,  88,  83,  132, 141, 121};
    constexpr Token challenge{19,  211, 30,  150, 26,  26,  216, 236, 47,  22,  177, 12, 76,  152, 46,  8,
                              118, 168, 120, 173, 109, 241, 68,  86,  110, 225, 137, 74, 203, 112, 249, 195};
    EXPECT_EQ(token_text(verifier), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    EXPECT_EQ(token_text(challenge), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    EXPECT_EQ(parse_token("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), verifier);
    EXPECT_EQ(parse_token("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), challenge);
}

TEST(Token, SpellsTheExtremes) {
    Token ones;
    ones.fill(0xFF);
    EXPECT_EQ(token_text(Token{}), std::string(43, 'A'));
    EXPECT_EQ(token_text(ones), std::string(42, '_') + "8");
}

TEST(Token, ReadsBackWhatItWrote) {
    std::mt19937_64 random(4648); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each run
    for (int i = 0; i < 10'000; ++i) {
        const Token token = random_bytes(random);
        const std::string text = token_text(token);
        ASSERT_EQ(text.size(), token_text_length);
        ASSERT_EQ(parse_token(text), token) << text;
    }
}

TEST(Token, HasOneSpellingOnly) {
    const std::string text = token_text(Token{});
    int accepted = 0;
    for (const char last : base64url) {
        const auto token = parse_token(text.substr(0, 42) + last);
        if (token.has_value()) {
            ++accepted;
            EXPECT_EQ(token_text(*token).back(), last);
        }
    }
    EXPECT_EQ(accepted, 16) << "the last character carries four bits; the other two must be zero";
}

TEST(Token, ForgivesNoStrayCharacter) {
    const std::string text = token_text(Token{});
    for (int c = 0; c < 256; ++c) {
        for (const std::size_t at : {std::size_t{0}, std::size_t{21}, std::size_t{42}}) {
            std::string changed = text;
            changed[at] = static_cast<char>(c);
            if (base64url.find(static_cast<char>(c)) == std::string_view::npos) {
                EXPECT_EQ(parse_token(changed), std::nullopt) << c << " at " << at;
            }
        }
    }
}

TEST(Token, ForgivesNoOtherLength) {
    const std::string text = token_text(Token{});
    for (const std::string& wrong : {std::string(), text.substr(1), text + "A", text + "=", text.substr(1) + "=",
                                     " " + text, text + "\n", text + std::string(1, '\0')}) {
        EXPECT_EQ(parse_token(wrong), std::nullopt) << wrong;
    }
}

TEST(BookingNumber, UsesNoLookAlikes) {
    EXPECT_EQ(booking_number_alphabet.find_first_of("0OBIL1Z2S58U"), std::string_view::npos);
    EXPECT_EQ(booking_number_alphabet.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
              std::string_view::npos);
    for (const char c : booking_number_alphabet) {
        EXPECT_EQ(booking_number_alphabet.find(c), booking_number_alphabet.rfind(c)) << c;
    }
}

TEST(BookingNumber, GivesEachLetterToAsManyByteValues) {
    std::map<char, int> values;
    int refused = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
        std::array<std::uint8_t, 32> random{};
        random.fill(static_cast<std::uint8_t>(byte));
        const auto number = booking_number(random);
        if (number.has_value()) {
            ASSERT_EQ(*number, std::string(booking_number_length, number->front()));
            ++values[number->front()];
        } else {
            ++refused;
        }
    }
    EXPECT_EQ(values.size(), booking_number_alphabet.size());
    EXPECT_EQ(refused, 256 % booking_number_alphabet.size());
    for (const auto& [letter, count] : values) {
        EXPECT_EQ(count, 256 / booking_number_alphabet.size()) << letter;
    }
}

TEST(BookingNumber, IsUniformAtEveryPosition) {
    constexpr int numbers = 100'000;
    constexpr double expected = numbers / 24.0;
    constexpr double critical = 49.73; // chi-square, 23 degrees of freedom, p = 0.001
    std::mt19937_64 random(7);         // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each run
    std::array<std::map<char, int>, booking_number_length> counts;
    for (int i = 0; i < numbers; ++i) {
        const auto number = booking_number(random_bytes(random));
        ASSERT_TRUE(number.has_value());
        for (std::size_t at = 0; at < booking_number_length; ++at) {
            ++counts.at(at)[number->at(at)];
        }
    }
    for (std::size_t at = 0; at < booking_number_length; ++at) {
        double chi_square = 0;
        for (const char letter : booking_number_alphabet) {
            const double difference = counts.at(at)[letter] - expected;
            chi_square += difference * difference / expected;
        }
        EXPECT_LT(chi_square, critical) << "position " << at;
        EXPECT_EQ(counts.at(at).size(), booking_number_alphabet.size()) << "position " << at;
    }
}

TEST(BookingNumber, IsNothingWhenTheFairBytesDoNotSuffice) {
    std::array<std::uint8_t, 32> random{};
    random.fill(0xFF);
    std::fill(random.begin(), random.begin() + 7, std::uint8_t{0});
    EXPECT_EQ(booking_number(random), std::nullopt) << "seven";
    random.back() = 0;
    EXPECT_EQ(booking_number(random), std::string(8, booking_number_alphabet.front())) << "eight";
}

TEST(EqualInConstantTime, IsEquality) {
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
    EXPECT_FALSE(equal_in_constant_time("secret", "Secret"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secre"));
    EXPECT_FALSE(equal_in_constant_time("", "s"));
    EXPECT_FALSE(equal_in_constant_time(std::string_view("\x01\0", 2), std::string_view("\0\x01", 2)))
        << "differences do not cancel out";
}

} // namespace

} // namespace pgbk::core
