#include "inbound/strict_json.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(StrictJson, IsWhatEverybodyReadsAlike) {
    for (const char* text :
         {"{}", " {\"a\": [1, 2.5, -3e7, true, null, \"x\"]}\r\n\t", "[]", "null", "0", "\"\"", "1e400", "-0",
          "123456789012345678901234567890", R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})",
          R"("\u00e9\ud83d\ude00é😀\u0000")", R"({"a": 1, "A": 2, "": 3})"}) {
        EXPECT_EQ(json_problem(text), "") << text;
    }
    EXPECT_EQ(json_problem(std::string(32, '[') + std::string(32, ']')), "");
}

TEST(StrictJson, RefusesTheRest) {
    for (const char* text : {"",
                             " ",
                             "{",
                             "}",
                             "[1,]",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{'a':1}",
                             "[1 2]",
                             "{\"a\" 1}",
                             "01",
                             "+1",
                             ".5",
                             "1.",
                             "1e",
                             "NaN",
                             "Infinity",
                             "True",
                             "nul",
                             "\"",
                             "\"\n\"",
                             "\"\t\"",
                             R"("\x41")",
                             R"("\u12g4")",
                             "/* */ {}",
                             "{} // end",
                             "{}{}",
                             "{} x",
                             "[1]]",
                             "\xEF\xBB\xBF{}",
                             "\xFF",
                             "\"\xFF\"",
                             "\"\xC0\x80\"",
                             "\"\xED\xA0\x80\"",
                             "\"\xF4\x90\x80\x80\"",
                             "\"\xE2\x82\"",
                             R"("\ud800")",
                             R"("\udc00")",
                             R"("\ud800\u0041")"}) {
        EXPECT_NE(json_problem(text), "") << text;
    }
    EXPECT_NE(json_problem(std::string_view("{}\0", 3)), "");
    EXPECT_NE(json_problem(std::string(33, '[') + std::string(33, ']')), "");
    EXPECT_NE(json_problem(std::string(100'000, '[')), "");
    std::string objects;
    for (int i = 0; i < 10'000; ++i) {
        objects += "{\"a\":";
    }
    EXPECT_NE(json_problem(objects), "");
}

TEST(StrictJson, HasEachNameOnceInItsObject) {
    const std::string twice = "a name comes twice in an object";
    EXPECT_EQ(json_problem(R"({"a": 1, "a": 1})"), twice);
    EXPECT_EQ(json_problem(R"({"a": 1, "b": 2, "\u0061": 3})"), twice) << "however it is spelled";
    EXPECT_EQ(json_problem(R"({"x": [{"y": {"k": 1, "k": 2}}]})"), twice);
    EXPECT_EQ(json_problem(R"({"a": {"b": 1}, "a": 2})"), twice);
    EXPECT_EQ(json_problem(R"({"": 1, "": 2})"), twice);
    const std::string name(5'000, 'n');
    EXPECT_EQ(json_problem("{\"" + name + "\": 1, \"" + name + "\": 2}"), twice);
    EXPECT_EQ(json_problem("{\"" + name + "\": 1, \"" + name + "m\": 2}"), "");
}

} // namespace

} // namespace pgbk::relay
