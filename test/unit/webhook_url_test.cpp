#include "core/webhook_url.hpp"

#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

std::string url(std::string_view value, bool http_allowed = false) {
    return test::outcome_of([&] { check_webhook_url(value, http_allowed); });
}

const std::string refused = "invalid_webhook_url";

TEST(WebhookUrl, AcceptsWhatIsOne) {
    for (const auto* const good :
         {"https://example.org", "https://example.org/", "https://example.org/hook?a=b&c=%20d", "HTTPS://Example.ORG/x",
          "https://example.org:8443/hook", "https://example.org?x", "https://sub.example.co.uk/a/b;c,d",
          "https://localhost/x", "https://192.0.2.1/x", "https://[2001:db8::1]/x", "https://[2001:db8::1]:8443/x",
          "https://xn--bcher-kva.example/", "https://a_b.example/x", "https://example.org/@user",
          "https://hook.eu1.make.com/abc123"}) {
        EXPECT_EQ(url(good), "accepted") << good;
    }
}

TEST(WebhookUrl, HttpIsForTheTrusted) {
    EXPECT_EQ(url("http://example.org/hook"), refused);
    EXPECT_EQ(url("http://example.org/hook", true), "accepted");
    EXPECT_EQ(url("http://127.0.0.1:3001/x", true), "accepted");
    EXPECT_EQ(url("https://example.org/hook", true), "accepted");
}

TEST(WebhookUrl, RefusesOtherSchemes) {
    for (const auto* const bad :
         {"", "example.org/hook", "//example.org/hook", "ftp://example.org/x", "file:///etc/passwd",
          "javascript:alert(1)", "https:/example.org", "https:example.org", "httpsx://example.org",
          " https://example.org", "gopher://example.org"}) {
        EXPECT_EQ(url(bad, true), refused) << bad;
    }
}

TEST(WebhookUrl, RefusesCredentialsAndFragments) {
    for (const auto* const bad : {"https://user@example.org/", "https://user:secret@example.org/",
                                  "https://@example.org/", "https://example.org#x", "https://example.org/a#b",
                                  "https://example.org/?a#b", "https://good.example@evil.example/"}) {
        EXPECT_EQ(url(bad), refused) << bad;
    }
}

TEST(WebhookUrl, RefusesBrokenHostsAndPorts) {
    for (const auto* const bad : {"https://",
                                  "https:///x",
                                  "https://?x",
                                  "https://:443/",
                                  "https://.example.org/",
                                  "https://-a.example/",
                                  "https://a..b/",
                                  "https://exa mple.org/",
                                  "https://ex%61mple.org/",
                                  "https://example.org:/",
                                  "https://example.org:0/",
                                  "https://example.org:65536/",
                                  "https://example.org:99999999999/",
                                  "https://example.org:80x/",
                                  "https://example.org:-1/",
                                  "https://[::1/",
                                  "https://[]/",
                                  "https://[1]/",
                                  "https://[::g]/",
                                  "https://[::1]x/",
                                  "https://[::1]:/",
                                  "https://a[::1]/",
                                  "https://b\xc3\xbc"
                                  "cher.example/",
                                  "https://example.org\\@evil.example/"}) {
        EXPECT_EQ(url(bad), refused) << bad;
    }
}

TEST(WebhookUrl, RefusesControlCharactersAnywhere) {
    for (int c = 0; c <= 0x20; ++c) {
        EXPECT_EQ(url("https://example.org/a" + std::string(1, static_cast<char>(c)) + "b"), refused) << c;
    }
    EXPECT_EQ(url("https://example.org/a\x7f"), refused);
    EXPECT_EQ(url("https://example.org/\r\nHost: evil"), refused);
    EXPECT_EQ(url("https://example.org/\xff"), refused);
}

TEST(WebhookUrl, IsNotLongerThan2048Characters) {
    const std::string start = "https://example.org/";
    EXPECT_EQ(url(start + std::string(2048 - start.size(), 'a')), "accepted");
    EXPECT_EQ(url(start + std::string(2049 - start.size(), 'a')), refused);
    EXPECT_EQ(url("https://" + std::string(254, 'a') + "/"), refused);
    EXPECT_EQ(url("https://" + std::string(253, 'a') + "/"), "accepted");
}

TEST(WebhookUrl, AMessageNeverShowsTheUrl) {
    for (const auto* const bad : {"https://example.org/TOPSECRET#x", "http://example.org/TOPSECRET", "TOPSECRET",
                                  "https://TOPSECRET@example.org", "https://TOPSECRET:x/", "https://-TOPSECRET/"}) {
        const auto refusal = test::refusal_of([&] { check_webhook_url(bad, false); });
        ASSERT_TRUE(refusal.has_value()) << bad;
        EXPECT_EQ((refusal->message() + refusal->detail() + refusal->hint()).find("TOPSECRET"), std::string::npos)
            << bad;
    }
}

} // namespace

} // namespace pgbk::core
