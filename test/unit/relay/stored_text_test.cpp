#include "text/stored_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace pgbk::relay {

namespace {

constexpr const char* replaced = "\xEF\xBF\xBD";

TEST(StorableText, LeavesTextAlone) {
    for (const std::string text : {"", "plain", "Grüße", "漢字", "\xF0\x9F\x8E\x89 tab\t and\nline", "\x7F"}) {
        EXPECT_EQ(storable_text(text, 8192), text);
    }
}

TEST(StorableText, ReplacesWhatIsNotText) {
    EXPECT_EQ(storable_text(std::string_view("a\0b", 3), 100), std::string("a") + replaced + "b");
    EXPECT_EQ(storable_text("\x80", 100), replaced);
    EXPECT_EQ(storable_text("\xC0\xAF", 100), std::string(replaced) + replaced) << "overlong";
    EXPECT_EQ(storable_text("\xED\xA0\x80", 100), std::string(replaced) + replaced + replaced) << "surrogate";
    EXPECT_EQ(storable_text("\xF4\x90\x80\x80", 100).substr(0, 3), replaced) << "beyond U+10FFFF";
    EXPECT_EQ(storable_text("\xE2\x82", 100), std::string(replaced) + replaced) << "cut off";
    EXPECT_EQ(storable_text("\xFF\xFE", 100), std::string(replaced) + replaced);
}

TEST(StorableText, IsCutBetweenCharacters) {
    EXPECT_EQ(storable_text("abc", 2), "ab");
    EXPECT_EQ(storable_text("aü", 2), "a");
    EXPECT_EQ(storable_text("aü", 3), "aü");
    EXPECT_EQ(storable_text("\x80", 2), "");
    EXPECT_EQ(storable_text("\xF0\x9F\x8E\x89", 3), "");
}

TEST(StorableText, KeepsItsPromisesForRandomBytes) {
    std::mt19937 random(11); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each run
    for (int i = 0; i < 2'000; ++i) {
        std::string bytes(random() % 60, '\0');
        for (char& c : bytes) {
            c = static_cast<char>(random() % 3 == 0 ? random() % 128 : random());
        }
        const std::string text = storable_text(bytes, 50);
        EXPECT_LE(text.size(), 50U);
        EXPECT_EQ(text.find('\0'), std::string::npos);
        EXPECT_EQ(storable_text(text, 50), text) << "it is text now";
    }
}

TEST(IsStorable, WhatIsUtf8WithoutNul) {
    for (const char* good : {"", "text", "\x01\x7f\n", "é€😀", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_storable(good)) << good;
    }
    for (const std::string& bad :
         {std::string(1, '\0'), std::string("a\0b", 3), std::string("\x80"), std::string("\xC0\x80"),
          std::string("\xED\xA0\x80"), std::string("\xF4\x90\x80\x80"), std::string("a\xE2\x82")}) {
        EXPECT_FALSE(is_storable(bad)) << bad;
    }
}

} // namespace

} // namespace pgbk::relay
