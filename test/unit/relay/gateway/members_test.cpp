#include "gateway/members.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

const std::vector<Member> wanted{
    {"size", MemberKind::integer, true}, {"mail", MemberKind::text, true}, {"note"}, {"items", MemberKind::list}};

// The members with blanks between them, "-" for none; or the status and the refusal.
std::string read(const std::string& body) {
    Request request;
    request.body = body;
    Response refusal;
    const auto members = read_members(request, wanted, refusal);
    if (!members) {
        return std::to_string(refusal.status) + " " + refusal.body;
    }
    std::string out;
    for (const auto& member : *members) {
        out += (out.empty() ? "" : " ") + member.value_or("-");
    }
    return out;
}

TEST(Members, AreReadInTheirOrder) {
    EXPECT_EQ(read(R"({"note": "n", "mail": "m", "size": 2, "other": [1]})"), "2 m n -");
    EXPECT_EQ(read(R"({"mail": "m", "size": -9223372036854775808})"), "-9223372036854775808 m - -");
    EXPECT_EQ(read(R"({"mail": "m", "size": 1, "note": null})"), "1 m - -");
    EXPECT_EQ(read(R"({"mail": "m", "size": 1, "note": ""})"), "1 m - -");
}

TEST(Members, ThatAreListsArePassedOn) {
    EXPECT_EQ(read(R"({"mail": "m", "size": 1, "items": [ {"unit": "a", "quantity": 2} ]})"),
              R"(1 m - [{"unit":"a","quantity":2}])");
    EXPECT_EQ(read(R"({"mail": "m", "size": 1, "items": []})"), "1 m - []");
}

TEST(Members, ThatAreWrongAreNamed) {
    const auto missing = [](const std::string& field, const std::string& problem) {
        return "400 {\"error\":\"" + field + " " + problem + R"(","code":"BK015","field":")" + field + "\"}\n";
    };
    EXPECT_EQ(read(R"({"mail": "m"})"), missing("size", "is missing"));
    EXPECT_EQ(read(R"({"mail": "", "size": 1})"), missing("mail", "is missing"));
    for (const char* const size : {"1.5", "1e3", "\"1\"", "true", "18446744073709551615", "[]"}) {
        EXPECT_EQ(read(std::string(R"({"mail": "m", "size": )") + size + "}"), missing("size", "is no whole number"))
            << size;
    }
    for (const char* const items : {"{}", "\"[]\"", "7", "true"}) {
        EXPECT_EQ(read(std::string(R"({"mail": "m", "size": 1, "items": )") + items + "}"),
                  missing("items", "is no list"))
            << items;
    }
    EXPECT_EQ(read(R"({"mail": 7, "size": 1})"), missing("mail", "is no text"));
    EXPECT_EQ(read(R"({"mail": "m\u0000", "size": 1})"), missing("mail", "is no text"));
}

TEST(Members, AreThoseOfAnObject) {
    EXPECT_EQ(read("[]").substr(0, 3), "400");
    EXPECT_EQ(read("").substr(0, 3), "400");
    EXPECT_EQ(read(R"({"mail": "m", "mail": "n", "size": 1})").substr(0, 3), "400");
}

TEST(Members, DoNotComeWithoutAnId) {
    const auto id = [](const std::string& text) {
        Request request;
        request.parameters.emplace("id", text);
        Response refusal;
        return read_id(request, refusal).value_or(std::to_string(refusal.status));
    };
    EXPECT_EQ(id("0192f000-0000-8000-8000-000000000001"), "0192f000-0000-8000-8000-000000000001");
    for (const char* const text : {"1", "0192f000-0000-8000-8000-00000000000g", "0192f000000080008000000000000001"}) {
        EXPECT_EQ(id(text), "400") << text;
    }
}

} // namespace

} // namespace pgbk::relay
