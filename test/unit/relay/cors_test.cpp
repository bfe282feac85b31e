#include "http/cors.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

std::string header(const Response& response, std::string_view name) {
    std::string all;
    for (const auto& [key, value] : response.headers) {
        if (key == name) {
            all += (all.empty() ? "" : " | ") + value;
        }
    }
    return all;
}

Request from(const std::string& origin) {
    Request request;
    request.method = "OPTIONS";
    if (!origin.empty()) {
        request.headers.emplace("origin", origin);
    }
    return request;
}

TEST(Origins, AreTheConfiguredOnesAndThoseOfTheVenues) {
    Origins origins({"https://Configured.example/", "nonsense", "*"});
    EXPECT_TRUE(origins.allow("https://configured.example"));
    EXPECT_FALSE(origins.allow("https://venue.example"));
    origins.set_of_venues({"https://venue.example:443", "http://other.example:8080", "", "null"});
    EXPECT_TRUE(origins.allow("https://configured.example"));
    EXPECT_TRUE(origins.allow("https://venue.example"));
    EXPECT_TRUE(origins.allow("http://other.example:8080"));
    origins.set_of_venues({});
    EXPECT_FALSE(origins.allow("https://venue.example"));
    EXPECT_TRUE(origins.allow("https://configured.example"));
}

TEST(Origins, MatchInSchemeHostAndPortExactly) {
    const Origins origins({"https://site.example"});
    for (const char* origin :
         {"", "*", "null", "http://site.example", "https://site.example:8443", "https://site.example:443",
          "https://site.example/", "https://site.example.", "https://www.site.example", "https://site.example.evil.org",
          "https://evil.org/https://site.example", "https://xsite.example", "https://SITE.example",
          "https://site.example https://site.example", "https://site.exampl", "https://site_example"}) {
        EXPECT_FALSE(origins.allow(origin)) << origin;
    }
}

TEST(CorsHeaders, NameTheOriginOnlyWhereItIsAllowed) {
    Response allowed;
    add_cors_headers(allowed, "https://site.example", true);
    EXPECT_EQ(header(allowed, "Access-Control-Allow-Origin"), "https://site.example");
    EXPECT_EQ(header(allowed, "Access-Control-Expose-Headers"), "Retry-After");
    EXPECT_EQ(header(allowed, "Vary"), "Origin");
    Response foreign;
    add_cors_headers(foreign, "https://evil.example", false);
    EXPECT_EQ(foreign.headers, (std::vector<std::pair<std::string, std::string>>{{"Vary", "Origin"}}));
}

TEST(Preflight, TellsWhatThePageMaySend) {
    const Response response = preflight_response(from("https://site.example"), "POST", true);
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "https://site.example");
    EXPECT_EQ(header(response, "Access-Control-Allow-Methods"), "POST, OPTIONS");
    EXPECT_EQ(header(response, "Access-Control-Allow-Headers"), "authorization, x-client-info, apikey, content-type");
    EXPECT_EQ(header(response, "Access-Control-Max-Age"), "3600");
    EXPECT_EQ(header(response, "Vary"), "Origin");
    EXPECT_EQ(header(response, "Access-Control-Allow-Credentials"), "") << "nothing here depends on cookies";
}

TEST(Preflight, OfAForeignOriginIsRefused) {
    const Response response = preflight_response(from("https://evil.example"), "GET", false);
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "");
    EXPECT_EQ(header(response, "Access-Control-Allow-Methods"), "");
    EXPECT_EQ(header(response, "Vary"), "Origin");
}

TEST(Preflight, OfNoPageIsAQuestionForTheMethods) {
    const Response response = preflight_response(from(""), "GET", false);
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(header(response, "Allow"), "GET, OPTIONS");
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "");
}

} // namespace

} // namespace pgbk::relay
