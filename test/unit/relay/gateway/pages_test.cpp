#include "web/pages.hpp"

#include "http/validators.hpp"

#include <gtest/gtest.h>

#include <array>

namespace pgbk::relay {

namespace {

constexpr std::array<Asset, 4> files{{{"demo.html", "<a>/assets/{version}/widget.js {version}</a>"},
                                      {"embed.html", "<p>{version}</p>"},
                                      {"embed.js", "frame()"},
                                      {"widget.js", "`{version}`"}}};

std::string header(const Response& response, std::string_view name) {
    std::string all;
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            all += (all.empty() ? "" : " | ") + value;
        }
    }
    return all;
}

class PagesTest : public ::testing::Test {
protected:
    PagesTest() { pages_.add_to(router_); }

    Response get(const std::string& path, const std::string& if_none_match = "") {
        const auto match = router_.find("GET", path);
        if (match.route == nullptr) {
            return router_.refusal(path);
        }
        Request request;
        request.method = "GET";
        request.path = path;
        request.parameters = match.parameters;
        if (!if_none_match.empty()) {
            request.headers.emplace("if-none-match", if_none_match);
        }
        Response response;
        match.route->handle(request, [&](Response given) { response = std::move(given); });
        return response;
    }

    Pages pages_{files};
    Router router_;
};

TEST_F(PagesTest, NameTheVersionOfTheirFiles) {
    const auto page = get("/demo/real-time-bookings");
    EXPECT_EQ(page.body, "<a>/assets/" + pages_.version() + "/widget.js " + pages_.version() + "</a>");
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_EQ(header(page, "X-Frame-Options"), "DENY");
    EXPECT_NE(header(page, "Content-Security-Policy").find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
}

TEST_F(PagesTest, HaveFilesThatMayBeKeptForEver) {
    const auto script = get("/assets/" + pages_.version() + "/widget.js");
    EXPECT_EQ(script.status, 200);
    EXPECT_EQ(script.body, "`{version}`") << "only pages are changed";
    EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
    EXPECT_EQ(header(script, "Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(header(get("/embed.js"), "Cache-Control"), "public, max-age=300");
}

TEST_F(PagesTest, AreNotSentTwice) {
    const auto first = get("/embed.js");
    const auto tag = header(first, "ETag");
    EXPECT_EQ(get("/embed.js", tag).status, 304);
    EXPECT_EQ(get("/embed.js", tag).body, "");
    EXPECT_EQ(get("/embed.js", "\"other\"").status, 200);
}

TEST_F(PagesTest, AreNothingElse) {
    for (const char* const path :
         {"/assets/old/widget.js", "/widget.js", "/assets/widget.js", "/embed.html", "/assets/{version}/widget.js"}) {
        EXPECT_EQ(get(path).status, 404) << path;
    }
    const std::string assets = "/assets/" + pages_.version() + "/";
    for (const char* const name :
         {"embed.html", "..%2fwidget.js", "%2e%2e", "nothing.js", "../widget.js", "widget.js/"}) {
        EXPECT_EQ(get(assets + name).status, 404) << name;
    }
}

TEST_F(PagesTest, ShowTheWidgetWhereTheVenueSays) {
    Response response{
        200, R"({"embed_key": "k", "allowed_origins": ["https://a.example/", "*", null, "https://b.example;x"]})"};
    pages_.make_embed(Request{}, response);
    EXPECT_EQ(response.body, "<p>" + pages_.version() + "</p>");
    EXPECT_TRUE(header(response, "Content-Security-Policy").ends_with("; frame-ancestors 'self' https://a.example"));
    EXPECT_EQ(header(response, "X-Frame-Options"), "");
    Response refused{404, "{}"};
    pages_.make_embed(Request{}, refused);
    EXPECT_EQ(refused.body, "{}");
    EXPECT_EQ(header(refused, "X-Frame-Options"), "DENY");
}

TEST(Pages, OfAnotherContentHaveAnotherVersion) {
    auto changed = files;
    changed[3].text = "changed";
    EXPECT_NE(Pages(files).version(), Pages(changed).version());
    EXPECT_EQ(Pages(files).version(), Pages(files).version());
}

TEST(Pages, OfTheBuildAreWhole) {
    const Pages pages;
    Router router;
    pages.add_to(router);
    for (const Asset& asset : assets()) {
        EXPECT_FALSE(asset.text.empty()) << asset.name;
    }
    EXPECT_GE(assets().size(), 12U);
}

TEST(Validators, KnowTheTagAmongOthers) {
    const auto tag = entity_tag("body");
    EXPECT_EQ(tag.size(), 34U);
    EXPECT_NE(tag, entity_tag("Body"));
    EXPECT_TRUE(names_tag("\"a\", " + tag, tag));
    EXPECT_TRUE(names_tag("W/" + tag, tag));
    EXPECT_TRUE(names_tag("*", tag));
    EXPECT_FALSE(names_tag("", tag));
    EXPECT_FALSE(names_tag(tag.substr(1), tag));
}

} // namespace

} // namespace pgbk::relay
