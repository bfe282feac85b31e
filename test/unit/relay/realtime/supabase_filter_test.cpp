#include "realtime/supabase/filter.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <chrono>
#include <map>

namespace pgbk::relay::supabase {

namespace {

namespace json = boost::json;

std::optional<Comparison> column(std::string_view name) {
    static const std::map<std::string, Comparison, std::less<>> columns{
        {"id", Comparison::uuid},    {"name", Comparison::text},    {"size", Comparison::number},
        {"at", Comparison::instant}, {"open", Comparison::boolean}, {"facts", Comparison::none},
    };
    const auto found = columns.find(name);
    return found == columns.end() ? std::nullopt : std::optional(found->second);
}

// "yes", "no", or why it is no filter.
std::string asked(std::string_view filter, std::string_view record) {
    std::string problem;
    const auto read = Filter::parse(filter, column, problem);
    if (!read) {
        return problem;
    }
    return read->passes(json::parse(json::string_view(record.data(), record.size())).as_object()) ? "yes" : "no";
}

struct Case {
    const char* filter;
    const char* record;
    const char* expected;
};

TEST(Filter, Compares) {
    for (const Case& c : {
             Case{"", "{}", "yes"},
             Case{"name=eq.ada", R"({"name":"ada"})", "yes"},
             Case{"name=eq.ada", R"({"name":"Ada"})", "no"},
             Case{"name=neq.ada", R"({"name":"bob"})", "yes"},
             Case{"name=eq.", R"({"name":""})", "yes"},
             Case{"name=eq.a=b.c", R"({"name":"a=b.c"})", "yes"},
             Case{"size=gt.9", R"({"size":10})", "yes"},
             Case{"size=gt.9", R"({"size":9})", "no"},
             Case{"size=gte.9", R"({"size":9})", "yes"},
             Case{"size=lt.-1.5", R"({"size":-2})", "yes"},
             Case{"size=lte.9", R"({"size":"9.00"})", "yes"},
             Case{"size=eq.15000", R"({"size":15000.0})", "yes"},
             Case{"id=eq.0190AAAA-0000-8000-8000-000000000001", R"({"id":"0190aaaa-0000-8000-8000-000000000001"})",
                  "yes"},
             Case{"at=gte.2026-01-01T01:00:00+01:00", R"({"at":"2026-01-01T00:00:00.000Z"})", "yes"},
             Case{"at=gt.2026-01-01T01:00:00+01:00", R"({"at":"2026-01-01T00:00:00.000Z"})", "no"},
             Case{"open=eq.true", R"({"open":true})", "yes"},
             Case{"open=is.false", R"({"open":true})", "no"},
         }) {
        EXPECT_EQ(asked(c.filter, c.record), c.expected) << c.filter << " " << c.record;
    }
}

TEST(Filter, TakesAllConditions) {
    EXPECT_EQ(asked("name=eq.a,size=gt.1", R"({"name":"a","size":2})"), "yes");
    EXPECT_EQ(asked("name=eq.a,size=gt.1", R"({"name":"a","size":1})"), "no");
    EXPECT_EQ(asked("name=eq.(a,b),size=eq.1", R"x({"name":"(a,b)","size":1})x"), "yes") << "a comma in parentheses";
    EXPECT_EQ(asked(R"x(name=eq."a,b \" \\ )",size=eq.1)x", R"x({"name":"a,b \" \\ )","size":1})x"), "yes");
}

TEST(Filter, Lists) {
    EXPECT_EQ(asked("name=in.(a,b)", R"({"name":"b"})"), "yes");
    EXPECT_EQ(asked("name=in.(a,b),size=eq.1", R"({"name":"b","size":2})"), "no");
    EXPECT_EQ(asked("name=not.in.(a,b)", R"({"name":"c"})"), "yes");
    EXPECT_EQ(asked(R"x(name=in.("a,b","c)"))x", R"x({"name":"c)"})x"), "yes");
    std::string list = "1";
    for (int i = 2; i <= 100; ++i) {
        list += "," + std::to_string(i);
    }
    EXPECT_EQ(asked("size=in.(" + list + ")", R"({"size":100})"), "yes");
    EXPECT_EQ(asked("size=in.(" + list + ",101)", "{}"), "invalid filter: in has at most 100 values");
}

TEST(Filter, KnowsThreeTruths) {
    EXPECT_EQ(asked("name=eq.a", R"({"name":null})"), "no");
    EXPECT_EQ(asked("name=not.eq.a", R"({"name":null})"), "no") << "neither true nor false";
    EXPECT_EQ(asked("name=not.eq.a", "{}"), "no");
    EXPECT_EQ(asked("name=not.eq.a", R"({"name":"b"})"), "yes");
    EXPECT_EQ(asked("name=neq.a", R"({"name":null})"), "no");
    EXPECT_EQ(asked("name=isdistinct.a", R"({"name":null})"), "yes");
    EXPECT_EQ(asked("name=isdistinct.a", R"({"name":"a"})"), "no");
    EXPECT_EQ(asked("name=not.isdistinct.a", R"({"name":"a"})"), "yes");
    EXPECT_EQ(asked("name=is.null", "{}"), "yes");
    EXPECT_EQ(asked("name=not.is.null", R"({"name":"a"})"), "yes");
    EXPECT_EQ(asked("facts=is.not_null", R"({"facts":{}})"), "yes");
    EXPECT_EQ(asked("size=eq.1", R"({"size":true})"), "no") << "a record's value of another kind";
}

TEST(Filter, MatchesPatterns) {
    for (const Case& c : {
             Case{"name=like.a%", R"({"name":"abc"})", "yes"},
             Case{"name=like.%c", R"({"name":"abc"})", "yes"},
             Case{"name=like.a_c", R"({"name":"abc"})", "yes"},
             Case{"name=like.a_c", R"({"name":"aäc"})", "yes"},
             Case{"name=like.a_c", R"({"name":"ac"})", "no"},
             Case{"name=like.%b%b%", R"({"name":"abab"})", "yes"},
             Case{"name=like.%b%b%b", R"({"name":"abab"})", "no"},
             Case{"name=like.A%", R"({"name":"abc"})", "no"},
             Case{"name=ilike.A%", R"({"name":"abc"})", "yes"},
             Case{R"(name=like.50\%)", R"({"name":"50%"})", "yes"},
             Case{R"(name=like.50\%)", R"({"name":"500"})", "no"},
             Case{"name=like.%", R"({"name":""})", "yes"},
             Case{"name=like.", R"({"name":""})", "yes"},
             Case{"name=like._", R"({"name":""})", "no"},
         }) {
        EXPECT_EQ(asked(c.filter, c.record), c.expected) << c.filter << " " << c.record;
    }
}

TEST(Filter, HasNoPatternThatTakesForever) {
    std::string pattern;
    for (int i = 0; i < 60; ++i) {
        pattern += "%a";
    }
    const std::string text(20'000, 'a');
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(is_like(text, pattern + "b", false));
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
    EXPECT_EQ(asked("name=like." + std::string(201, '%'), "{}"), "invalid filter: a pattern has at most 200 bytes");
}

TEST(Filter, IsRefusedWithTheReason) {
    for (const Case& c : {
             Case{"nothing=eq.1", "", R"(invalid filter: there is no column "nothing" to filter by)"},
             Case{"name", "", R"(invalid filter: there is no column "" to filter by)"},
             Case{"name=eq", "",
                  R"(invalid filter: a condition is column=[not.]operator.value; there is no operator "")"},
             Case{"name=match.^a", "", "invalid filter: regular expressions are not supported: use like or ilike"},
             Case{"name=not.imatch.^a", "", "invalid filter: regular expressions are not supported: use like or ilike"},
             Case{"size=eq.many", "", R"(invalid filter: "many" is no value of "size")"},
             Case{"size=eq.inf", "", R"(invalid filter: "inf" is no value of "size")"},
             Case{"id=eq.123", "", R"(invalid filter: "123" is no value of "id")"},
             Case{"at=gt.today", "", R"(invalid filter: "today" is no value of "at")"},
             Case{"id=like.0%", "", R"(invalid filter: like is for texts, which "id" is not)"},
             Case{"facts=eq.{}", "", R"(invalid filter: "facts" can only be filtered by is)"},
             Case{"name=is.true", "", "invalid filter: is has null, not_null or, for booleans, true or false"},
             Case{"name=in.a", "", "invalid filter: in has a list: in.(a,b)"},
             Case{"name=in.(a", "", "invalid filter: the list of in ends with a parenthesis"},
             Case{R"(name=eq."a)", "", "invalid filter: a value in quotes ends with a quote"},
             Case{R"(name=eq."a"b)", "", "invalid filter: conditions are separated by commas"},
             Case{"name=eq.a,", "", R"(invalid filter: there is no column "" to filter by)"},
         }) {
        EXPECT_EQ(asked(c.filter, "{}"), c.expected) << c.filter;
    }
    EXPECT_EQ(asked("name=eq." + std::string(4'096, 'a'), "{}"), "invalid filter: it has at most 4096 bytes");
    std::string many = "size=gt.0";
    for (int i = 1; i < 20; ++i) {
        many += ",size=gt.0";
    }
    EXPECT_EQ(asked(many, R"({"size":1})"), "yes");
    EXPECT_EQ(asked(many + ",size=gt.0", "{}"), "invalid filter: a filter has at most 20 conditions");
}

TEST(Filter, SaysWhatAColumnIsEqualTo) {
    std::string problem;
    const auto values = [&](std::string_view filter, std::string_view name) {
        return Filter::parse(filter, column, problem)->values_of(name);
    };
    using Values = std::vector<std::string>;
    EXPECT_EQ(values("id=eq.0190AAAA-0000-8000-8000-000000000001", "id"),
              (Values{"0190aaaa-0000-8000-8000-000000000001"}));
    EXPECT_EQ(values("size=in.(1,2),name=eq.a", "size"), (Values{"1", "2"}));
    EXPECT_EQ(values("size=in.(1,2),name=eq.a", "name"), (Values{"a"}));
    EXPECT_EQ(values("name=not.eq.a", "name"), Values{});
    EXPECT_EQ(values("name=neq.a", "name"), Values{});
    EXPECT_EQ(values("name=eq.a", "size"), Values{});
}

} // namespace

} // namespace pgbk::relay::supabase
