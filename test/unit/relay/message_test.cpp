#include "http/message.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(Request, ShowsWhatCameTwice) {
    Request request;
    request.headers = {{"x-forwarded-for", "192.0.2.1"}, {"x-forwarded-for", "192.0.2.2"}, {"host", "a"}};
    request.query = {{"token", "1"}, {"token", "2"}, {"other", "3"}};
    EXPECT_EQ(request.header("x-forwarded-for"), "192.0.2.1, 192.0.2.2");
    EXPECT_EQ(request.number_of("x-forwarded-for"), 2U);
    EXPECT_EQ(request.header("host"), "a");
    EXPECT_EQ(request.header("none"), "");
    EXPECT_EQ(request.number_of("none"), 0U);
    EXPECT_EQ(request.query_value("token"), std::nullopt) << "which of the two?";
    EXPECT_EQ(request.query_value("other"), "3");
    EXPECT_EQ(request.query_value("none"), std::nullopt);
}

TEST(LastWords, AreAWholeAnswer) {
    Response response{429, "slow down", "text/plain"};
    response.headers.emplace_back("Retry-After", "5");
    const std::string head = "HTTP/1.1 429 \r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n"
                             "X-Content-Type-Options: nosniff\r\nRetry-After: 5\r\nContent-Length: 9\r\n"
                             "Connection: close\r\n\r\n";
    EXPECT_EQ(last_words(response, false), head + "slow down");
    EXPECT_EQ(last_words(response, true), head) << "the length stays what it would be";
    EXPECT_EQ(last_words({204, "", ""}, false).find("\nContent-"), std::string::npos);
}

Router router() {
    Router made;
    for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{{"POST", "/webhooks/{source}"},
                                                                                       {"GET", "/webhooks/list"},
                                                                                       {"POST", "/webhooks/special"},
                                                                                       {"OPTIONS", "/booking"},
                                                                                       {"POST", "/booking"}}) {
        made.add({method, path, nullptr, nullptr});
    }
    return made;
}

TEST(Router, PrefersWhatIsSpelledOut) {
    const Router routes = router();
    EXPECT_EQ(routes.find("POST", "/webhooks/special").route->path, "/webhooks/special");
    const Match match = routes.find("POST", "/webhooks/list");
    EXPECT_EQ(match.route->path, "/webhooks/{source}") << "of that method";
    EXPECT_EQ(match.parameters.size(), 1U);
    EXPECT_EQ(match.parameters.at("source"), "list");
    EXPECT_EQ(routes.find("HEAD", "/webhooks/list").route->method, "GET");
    EXPECT_EQ(routes.find("POST", "/none").route, nullptr);
}

TEST(Router, LabelsByThePattern) {
    const Router routes = router();
    EXPECT_EQ(routes.label("/webhooks/anything"), "/webhooks/{source}") << "strangers make no labels";
    EXPECT_EQ(routes.label("/webhooks/special"), "/webhooks/special");
    EXPECT_EQ(routes.label("/none"), "other");
}

TEST(Router, LeavesOptionsToThoseWhoHaveThem) {
    const Router routes = router();
    EXPECT_EQ(routes.find("OPTIONS", "/booking").route->method, "OPTIONS");
    EXPECT_EQ(routes.find("OPTIONS", "/webhooks/a").route, nullptr);
}

TEST(Router, SaysWhatAPathTakes) {
    const Router routes = router();
    EXPECT_EQ(routes.refusal("/none").status, 404);
    const Response refusal = routes.refusal("/webhooks/list");
    EXPECT_EQ(refusal.status, 405);
    EXPECT_EQ(refusal.headers, (decltype(refusal.headers){{"Allow", "GET, HEAD, POST"}}));
}

} // namespace

} // namespace pgbk::relay
