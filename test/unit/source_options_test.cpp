#include "core/source_options.hpp"

#include "unit/json_text.hpp"
#include "unit/refused.hpp"

#include <gtest/gtest.h>

namespace pgbk::core {

namespace {

std::string outcome(std::string_view scheme, std::string_view json) {
    const test::JsonText document(json);
    return test::outcome_of([&] { (void)read_source_options(scheme, document.root()); });
}

const std::string refused = "invalid_webhook_options";

TEST(SourceOptions, HaveDefaultsByScheme) {
    const test::JsonText none("{}");
    EXPECT_EQ(read_source_options("stripe", none.root()).payload, Payload::stripe);
    EXPECT_EQ(read_source_options("airwallex", none.root()).payload, Payload::airwallex);
    EXPECT_EQ(read_source_options("calcom", none.root()).payload, Payload::calcom);
    EXPECT_EQ(read_source_options("standard", none.root()).payload, Payload::payment);
    EXPECT_EQ(read_source_options("hmac", none.root()).payload, Payload::payment);
    EXPECT_EQ(read_source_options("stripe", none.root()).tolerance_seconds, 300);
    EXPECT_EQ(read_source_options("calcom", none.root()).tolerance_seconds, 86400);
    EXPECT_FALSE(read_source_options("airwallex", none.root()).legacy_event_names);
    EXPECT_FALSE(read_source_options("airwallex", none.root()).refund_on_received);
    EXPECT_TRUE(read_source_options("hmac", none.root()).refund_on_received);
    EXPECT_TRUE(read_source_options("hmac", none.root()).reports_unmatched);
}

TEST(SourceOptions, ReadsAllOfThem) {
    const test::JsonText document(R"({"header": "X-Signature", "prefix": "", "encoding": "base64",
        "id_header": "X-Id", "refund_on_received": true, "payload": "airwallex", "livemode": false,
        "account": "acct_1", "unmatched": "ignore", "legacy_event_names": true})");
    const SourceOptions read = read_source_options("hmac", document.root());
    EXPECT_EQ(read.payload, Payload::airwallex);
    EXPECT_EQ(read.id_header, "X-Id");
    EXPECT_EQ(read.livemode, false);
    EXPECT_EQ(read.account, "acct_1");
    EXPECT_FALSE(read.reports_unmatched);
    EXPECT_TRUE(read.legacy_event_names);
    EXPECT_TRUE(read.refund_on_received) << "also where the payload, which has another default, comes later";
}

TEST(SourceOptions, AProviderIsNamedWhereNoneIsKnown) {
    const test::JsonText document(R"({"provider": "bank", "payload": "payment"})");
    EXPECT_EQ(read_source_options("hmac", document.root()).provider, "bank");
    EXPECT_EQ(outcome("standard", R"({"provider": "bank"})"), "accepted");
    EXPECT_EQ(outcome("stripe", R"({"provider": "bank"})"), refused);
    EXPECT_EQ(outcome("hmac", R"({"provider": "bank", "payload": "stripe"})"), refused);
    EXPECT_EQ(outcome("hmac", R"({"provider": ""})"), refused);
    EXPECT_EQ(outcome("hmac", R"({"provider": 1})"), refused);
}

TEST(SourceOptions, ANullIsTheDefault) {
    const test::JsonText document(R"({"payload": null, "livemode": null, "header": null})");
    EXPECT_EQ(read_source_options("stripe", document.root()).livemode, std::nullopt);
}

TEST(SourceOptions, RefusesWhatIsNone) {
    for (const auto* const json :
         {"[]", R"({"colour": "red"})", R"({"payload": "paypal"})", R"({"payload": 1})", R"({"livemode": "true"})",
          R"({"account": 1})", R"({"unmatched": "drop"})", R"({"legacy_event_names": 1})", R"({"header": "a b"})",
          R"({"header": ""})", R"({"id_header": "x:y"})", R"({"encoding": "hex64"})", R"({"prefix": "\u00e9"})",
          R"({"tolerance_seconds": 300})"}) {
        EXPECT_EQ(outcome("hmac", json), refused) << json;
    }
    for (const auto* const json :
         {R"({"header": "X-A"})", R"({"prefix": "x"})", R"({"encoding": "hex"})", R"({"id_header": "X-A"})",
          R"({"payload": "airwallex"})", R"({"tolerance_seconds": 0})", R"({"tolerance_seconds": 604801})"}) {
        EXPECT_EQ(outcome("stripe", json), refused) << json;
    }
    EXPECT_EQ(outcome("stripe", R"({"tolerance_seconds": 604800, "payload": "stripe"})"), "accepted");
}

std::string scheme_outcome(std::string_view scheme) {
    return test::outcome_of([&] { check_source_scheme(scheme); });
}

std::string secret_outcome(std::string_view scheme, std::string_view secret) {
    return test::outcome_of([&] { check_source_secret(scheme, secret); });
}

TEST(SourceSchemes, AreFive) {
    for (const auto* const scheme : {"stripe", "airwallex", "calcom", "standard", "hmac"}) {
        EXPECT_EQ(scheme_outcome(scheme), "accepted") << scheme;
    }
    EXPECT_EQ(scheme_outcome("bearer"), "invalid_webhook_source");
    EXPECT_EQ(scheme_outcome(""), "invalid_webhook_source");
}

TEST(SourceSecrets, AreOfTheirScheme) {
    const std::string bad = "invalid_webhook_secret";
    EXPECT_EQ(secret_outcome("stripe", "whsec_1234567890"), "accepted");
    EXPECT_EQ(secret_outcome("stripe", "1234567890123456"), bad);
    EXPECT_EQ(secret_outcome("airwallex", "1234567890123456"), "accepted");
    EXPECT_EQ(secret_outcome("airwallex", "123456789012345"), bad);
    EXPECT_EQ(secret_outcome("calcom", "no-secret-provided"), bad);
    EXPECT_EQ(secret_outcome("hmac", "no-secret-provided"), "accepted");
    EXPECT_EQ(secret_outcome("standard", "1234567890123456"), bad);
    EXPECT_EQ(secret_outcome("standard", "whsec_" + std::string(32, 'A')), "accepted");
    EXPECT_TRUE(makes_own_secret("standard"));
    EXPECT_TRUE(makes_own_secret("hmac"));
    EXPECT_TRUE(makes_own_secret("calcom"));
    EXPECT_FALSE(makes_own_secret("stripe"));
    EXPECT_FALSE(makes_own_secret("airwallex"));
}

} // namespace

} // namespace pgbk::core
