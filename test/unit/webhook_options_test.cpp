#include "core/webhook_options.hpp"

#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

std::string options(std::string_view json, bool with_identity = false) {
    const test::JsonText document(json);
    return test::outcome_of([&] { (void)read_endpoint_options(document.root(), with_identity); });
}

std::string headers(std::string_view json, bool has_bearer = false) {
    const test::JsonText document(json);
    return test::outcome_of([&] { check_headers(document.root(), has_bearer); });
}

std::string message(std::string_view json, bool with_identity = false) {
    const test::JsonText document(json);
    const auto refusal = test::refusal_of([&] { (void)read_endpoint_options(document.root(), with_identity); });
    return refusal.has_value() ? refusal->message() : "accepted";
}

const std::string refused = "invalid_webhook_options";

TEST(EndpointOptions, ReadsAllOfThem) {
    const test::JsonText document(R"({"headers": {"X-A": "b"}, "max_in_flight": 3, "rate_per_second": 2.5, "burst": 7,
        "timeout_ms": 5000, "batch_max": 10, "max_age": "2 days", "allowed_networks": ["127.0.0.0/8"],
        "hmac_header": "X-Hub-Signature-256", "hmac_prefix": "sha256=", "hmac_encoding": "base64"})");
    const EndpointOptions read = read_endpoint_options(document.root(), false);
    EXPECT_TRUE(read.has_headers);
    EXPECT_TRUE(read.has_rate);
    EXPECT_EQ(read.max_in_flight, 3);
    EXPECT_EQ(read.rate_per_second, "2.5");
    EXPECT_EQ(read.burst, 7);
    EXPECT_EQ(read.timeout_ms, 5000);
    EXPECT_EQ(read.batch_max, 10);
    EXPECT_EQ(read.max_age, "2 days");
    EXPECT_EQ(read.allowed_networks, std::vector<std::string_view>{"127.0.0.0/8"});
    EXPECT_EQ(read.hmac_header, "X-Hub-Signature-256");
    EXPECT_EQ(read.hmac_prefix, "sha256=");
    EXPECT_EQ(read.hmac_encoding, "base64");
}

TEST(EndpointOptions, NamesWhatItDoesNotKnow) {
    EXPECT_EQ(message(R"({"max_inflight": 3})"), "unknown option \"max_inflight\"");
    EXPECT_EQ(message(R"({"url": "https://example.org"})"), "unknown option \"url\"") << "it is an argument of its own";
    EXPECT_EQ(options(R"({"url": "https://example.org"})", true), "accepted");
    EXPECT_EQ(message(R"({"status": "active"})", true), "unknown option \"status\"");
    EXPECT_EQ(options("[]"), refused);
    EXPECT_EQ(options("null"), refused);
    EXPECT_EQ(options("{}"), "accepted");
}

TEST(EndpointOptions, HaveRanges) {
    const auto bounds = [](const std::string& name, int least, int most) {
        const auto with = [&](const std::string& value) { return options("{\"" + name + "\": " + value + "}"); };
        EXPECT_EQ(with(std::to_string(least)), "accepted") << name;
        EXPECT_EQ(with(std::to_string(least - 1)), refused) << name;
        EXPECT_EQ(with(std::to_string(most)), "accepted") << name;
        EXPECT_EQ(with(std::to_string(most + 1)), refused) << name;
        for (const auto* const bad : {"null", "\"3\"", "true", "[]", "{}", "1.5", "-1", "99999999999999999999"}) {
            EXPECT_EQ(with(bad), refused) << name << " " << bad;
        }
    };
    bounds("max_in_flight", 1, 1000);
    bounds("burst", 1, 10000);
    bounds("timeout_ms", 100, 50000);
    bounds("batch_max", 1, 100);
}

TEST(EndpointOptions, ARateIsAPositiveNumberOrNull) {
    EXPECT_EQ(options(R"({"rate_per_second": null})"), "accepted");
    EXPECT_EQ(options(R"({"rate_per_second": 0.001})"), "accepted");
    EXPECT_EQ(options(R"({"rate_per_second": 10000})"), "accepted");
    for (const auto* const bad : {"0", "-1", "0.0001", "10001", "\"1\"", "true"}) {
        EXPECT_EQ(options(std::string(R"({"rate_per_second": )") + bad + "}"), refused) << bad;
    }
}

TEST(EndpointOptions, HaveTypes) {
    for (const auto* const bad :
         {R"({"headers": []})", R"({"headers": "X"})", R"({"allowed_networks": "10.0.0.0/8"})",
          R"({"allowed_networks": [1]})", R"({"max_age": 76})", R"({"hmac_encoding": "hexx"})",
          R"({"hmac_encoding": 1})", R"({"hmac_header": "a b"})", R"({"hmac_header": "webhook-signature"})",
          R"({"hmac_header": ""})", R"({"hmac_prefix": "a\nb"})", R"({"max_age": ""})"}) {
        EXPECT_EQ(options(bad), std::string(bad) == R"({"max_age": ""})" ? "accepted" : refused) << bad;
    }
    for (const auto* const bad :
         {R"({"events": "*"})", R"({"events": [null]})", R"({"preset": "slack"})", R"({"url": 1})"}) {
        EXPECT_EQ(options(bad, true), refused) << bad;
    }
    EXPECT_EQ(options(R"({"name": ""})", true), "invalid_webhook_name");
}

TEST(Headers, AreTokensAndPrintable) {
    EXPECT_EQ(headers(R"({"X-Tenant": "7", "x_api_key": "s3cret", "A": ""})"), "accepted");
    for (const auto* const bad :
         {R"({"": "x"})", R"({"a b": "x"})", R"({"a:b": "x"})", R"({"ü": "x"})", R"({"a\n": "x"})",
          R"({"X": "a\r\nb"})", R"({"X": 1})", R"({"X": null})", R"({"X": "ü"})", R"({"X": "1", "x": "2"})"}) {
        EXPECT_EQ(headers(bad), refused) << bad;
    }
    EXPECT_EQ(headers("{\"X\": \"" + std::string(1000, 'a') + "\"}"), "accepted");
    EXPECT_EQ(headers("{\"X\": \"" + std::string(1001, 'a') + "\"}"), refused);
}

TEST(Headers, AreNoneThatTheSenderSets) {
    for (const auto* const name : {"webhook-id", "Webhook-Signature", "WEBHOOK-anything", "Host", "Content-Length",
                                   "content-type", "Transfer-Encoding", "Connection", "Expect", "User-Agent",
                                   "x-make-apikey", "Proxy-Authorization", "TE", "Trailer", "Upgrade"}) {
        EXPECT_EQ(headers(std::string("{\"") + name + "\": \"x\"}"), refused) << name;
    }
}

TEST(Headers, AuthorizationIsTheBearerSecrets) {
    EXPECT_EQ(headers(R"({"Authorization": "Basic abc"})", false), "accepted");
    EXPECT_EQ(headers(R"({"authorization": "Basic abc"})", true), refused);
    EXPECT_EQ(headers(R"({"X-Other": "abc"})", true), "accepted");
}

TEST(Headers, AreTwentyAtMost) {
    std::string json = "{";
    for (int i = 0; i < 20; ++i) {
        json += (i == 0 ? "" : ",") + ("\"X-" + std::to_string(i) + "\": \"x\"");
    }
    EXPECT_EQ(headers(json + "}"), "accepted");
    EXPECT_EQ(headers(json + ",\"X-20\": \"x\"}"), refused);
}

TEST(Headers, ValuesAreNeverShown) {
    const test::JsonText document(R"({"X-Key": "TOPSECRET\n"})");
    const auto refusal = test::refusal_of([&] { check_headers(document.root(), false); });
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->message().find("TOPSECRET"), std::string::npos);
    EXPECT_NE(refusal->message().find("X-Key"), std::string::npos);
}

TEST(EndpointName, IsShortAndVisible) {
    const auto name = [](std::string_view value) { return test::outcome_of([&] { check_endpoint_name(value); }); };
    EXPECT_EQ(name("make"), "accepted");
    EXPECT_EQ(name("Gr\u00fc\u00dfe aus K\u00f6ln"), "accepted");
    EXPECT_EQ(name(""), "invalid_webhook_name");
    EXPECT_EQ(name("  "), "invalid_webhook_name");
    EXPECT_EQ(name("a\nb"), "invalid_webhook_name");
    EXPECT_EQ(name(std::string(100, 'a')), "accepted");
    EXPECT_EQ(name(std::string(101, 'a')), "invalid_webhook_name");
}

} // namespace

} // namespace pgbk::core
