#include "http/target.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace pgbk::relay {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

template <class Map> Pairs pairs(const std::optional<Map>& map) {
    return map ? Pairs(map->begin(), map->end()) : Pairs{{"none", "at all"}};
}

Pairs query(std::string_view target) {
    const auto parsed = parse_target(target);
    return pairs(parsed ? std::optional(parsed->query) : std::nullopt);
}

TEST(Target, IsTakenApart) {
    EXPECT_EQ(parse_target("/a/b%20c?token")->path, "/a/b%20c") << "as it came";
    EXPECT_EQ(query("/a?token=x%2By+z&empty=&flag&&token=2"),
              (Pairs{{"empty", ""}, {"flag", ""}, {"token", "x+y z"}, {"token", "2"}}));
    EXPECT_EQ(query("/"), Pairs{});
    EXPECT_EQ(query("*"), Pairs{});
    EXPECT_EQ(query("/a?"), Pairs{});
    EXPECT_EQ(query("/a?x=1?y=2"), (Pairs{{"x", "1?y=2"}}));
    EXPECT_EQ(query("/a?x=1=2"), (Pairs{{"x", "1=2"}}));
}

TEST(Target, ThatCannotBeDecodedIsNone) {
    for (const char* bad : {"%", "%4", "%zz", "%4g", "%G4", "%00", "%0a", "%1F", "%7f", "%ff", "%c0%80", "%ed%a0%80",
                            "%e2%82", "a%", "%%41"}) {
        EXPECT_FALSE(percent_decoded(bad)) << bad;
        EXPECT_FALSE(parse_target(std::string("/") + bad)) << bad;
        EXPECT_FALSE(parse_target(std::string("/a?x=") + bad)) << bad;
        EXPECT_FALSE(parse_target(std::string("/a?") + bad + "=x")) << bad;
    }
    EXPECT_FALSE(percent_decoded("\xff"));
    EXPECT_EQ(percent_decoded("%41%62%e2%82%AC+"), "Ab€+");
    EXPECT_EQ(percent_decoded("a+b", true), "a b");
}

TEST(Target, MatchesPatterns) {
    EXPECT_EQ(pairs(matched("/webhooks/{source}", "/webhooks/stripe")), (Pairs{{"source", "stripe"}}));
    EXPECT_EQ(pairs(matched("/webhooks/{source}", "/webhooks/a%2Fb%20")), (Pairs{{"source", "a/b "}})) << "one segment";
    EXPECT_EQ(pairs(matched("/v/{a}/x/{b}", "/v/1/x/2")), (Pairs{{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(pairs(matched("/healthz", "/healthz")), Pairs{});
    EXPECT_EQ(pairs(matched("/", "/")), Pairs{});
    for (const char* path : {"/webhooks", "/webhooks/", "/webhooks/a/", "/webhooks/a/b", "/Webhooks/a", "/webhook%73/a",
                             "webhooks/a", "//webhooks/a", "", "/", "*", "/webhooks/%", "/webhooks//a"}) {
        EXPECT_FALSE(matched("/webhooks/{source}", path)) << path;
    }
    EXPECT_FALSE(matched("/healthz", "/healthz/"));
    EXPECT_FALSE(matched("/healthz", "/%68ealthz"));
}

} // namespace

} // namespace pgbk::relay
