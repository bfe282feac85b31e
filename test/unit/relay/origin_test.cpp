#include "http/origin.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(CanonicalOrigin, IsWhatBrowsersWrite) {
    EXPECT_EQ(canonical_origin("https://site.example"), "https://site.example");
    EXPECT_EQ(canonical_origin("HTTPS://Site.Example/"), "https://site.example");
    EXPECT_EQ(canonical_origin("https://site.example:443"), "https://site.example");
    EXPECT_EQ(canonical_origin("http://site.example:80"), "http://site.example");
    EXPECT_EQ(canonical_origin("http://site.example:443"), "http://site.example:443");
    EXPECT_EQ(canonical_origin("http://localhost:5173"), "http://localhost:5173");
    EXPECT_EQ(canonical_origin("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    EXPECT_EQ(canonical_origin("http://[::1]:8080/"), "http://[::1]:8080");
    EXPECT_EQ(canonical_origin("https://[2001:DB8::1]"), "https://[2001:db8::1]");
}

TEST(CanonicalOrigin, IsEmptyForWhatIsNone) {
    for (const char* text : {"",
                             "*",
                             "null",
                             "site.example",
                             "//site.example",
                             "ftp://site.example",
                             "file:///",
                             "https://",
                             "https:///",
                             "https://site.example/page",
                             "https://site.example?",
                             "https://site.example#",
                             "https://user@site.example",
                             "https://*.site.example",
                             "https://site.example:",
                             "https://site.example:0",
                             "https://site.example:0443",
                             "https://site.example:65536",
                             "https://site.example:443443",
                             "https://site.example:x",
                             "https://a b",
                             "https://[::1",
                             "https://[::1]x",
                             "https://[]",
                             "https://a,https://b",
                             " https://site.example",
                             "https://site.example\r\nX: y",
                             "https://b\xC3\xBC"
                             "cher.example"}) {
        EXPECT_EQ(canonical_origin(text), "") << text;
    }
}

TEST(ParseOrigins, TakesAListWithCommas) {
    using List = std::vector<std::string>;
    EXPECT_EQ(parse_origins(""), List{});
    EXPECT_EQ(parse_origins("  "), List{});
    EXPECT_EQ(parse_origins("https://a.example"), List{"https://a.example"});
    EXPECT_EQ(parse_origins("https://a.example, HTTP://localhost:5173/ ,https://b.example:443"),
              (List{"https://a.example", "http://localhost:5173", "https://b.example"}));
    for (const char* text : {"*", "https://a.example https://b.example", "https://a.example,,https://b.example",
                             ", https://a.example", "https://a.example,", "a.example"}) {
        EXPECT_FALSE(parse_origins(text)) << text;
    }
}

} // namespace

} // namespace pgbk::relay
