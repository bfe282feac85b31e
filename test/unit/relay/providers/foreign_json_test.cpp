#include "providers/foreign_json.hpp"
#include "providers/form.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(ForeignJson, IsOneObject) {
    EXPECT_TRUE(foreign_object("{}").has_value());
    EXPECT_TRUE(foreign_object(R"( {"a":[1,2.5,{"b":null}],"c":true} )").has_value());
    for (const std::string& text : {std::string(), std::string("1"), std::string("[]"), std::string("{} {}"),
                                    std::string("{"), std::string("{\"a\":\"\xff\"}"), std::string(100, '['),
                                    "{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}"}) {
        EXPECT_FALSE(foreign_object(text).has_value()) << text;
    }
}

TEST(ForeignJson, KeepsNumbersAsTheyWereWritten) {
    const auto object = *foreign_object(R"({"a":16.660,"b":-5,"c":18446744073709551615,"d":1e400,"e":{"f":"x"}})");
    EXPECT_EQ(number_in(object, "a"), "16.660");
    EXPECT_EQ(number_in(object, "b"), "-5");
    EXPECT_EQ(number_in(object, "c"), "");
    EXPECT_EQ(number_in(object, "d"), "1e400");
    EXPECT_EQ(number_in(object, "z"), "");
    EXPECT_EQ(integer_in(object, "b"), -5);
    EXPECT_EQ(integer_in(object, "a"), std::nullopt);
    EXPECT_EQ(string_in(*object_in(object, "e"), "f"), "x");
    EXPECT_EQ(object_in(object, "a"), nullptr);
    EXPECT_EQ(array_in(object, "e"), nullptr);
    EXPECT_EQ(boolean_in(object, "a"), std::nullopt);
}

TEST(ForeignJson, ReadsTimesOfAllProviders) {
    EXPECT_EQ(seconds_of("2026-11-21T10:00:00Z"), 1'795'255'200);
    EXPECT_EQ(seconds_of("2026-11-21T10:00:00+0000"), 1'795'255'200);
    EXPECT_EQ(seconds_of("2026-11-21T11:00:00.123+01:00"), 1'795'255'200);
    EXPECT_EQ(time_of(1'795'255'200), "2026-11-21T10:00:00Z");
    for (const char* const text : {"", "soon", "+0000", "2026-11-21", "2026-13-21T10:00:00Z", "2026-11-21T10:00:00"}) {
        EXPECT_EQ(seconds_of(text), std::nullopt) << text;
    }
}

TEST(Form, EncodesAllThatHasAMeaning) {
    Form form;
    form.add("a[b][0]", "x y&z=1+2");
    form.add("e", "\xc3\xbc~.-_\n");
    form.add_if_any("none", "");
    form.add("empty", "");
    form.add("q&=", "[]");
    EXPECT_EQ(form.text(), "a[b][0]=x%20y%26z%3D1%2B2&e=%C3%BC~.-_%0A&empty=&q%26%3D=%5B%5D");
}

} // namespace

} // namespace pgbk::relay
