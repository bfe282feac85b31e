#include "providers/accounts.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(ProviderAccounts, AreThoseWithTheirKeys) {
    Config config;
    EXPECT_TRUE(provider_accounts(config).empty());
    config.organization = 3;
    config.site_url = "https://site.example/";
    config.stripe_secret_key = "sk";
    config.airwallex_api_key = "key without an id";
    config.calcom_api_key = "cal";
    config.calcom_base_url = "https://cal.example///";
    config.calcom_event_type_single = "124";
    config.custom_secret = "a secret without a place";
    const auto accounts = provider_accounts(config);
    ASSERT_EQ(accounts.size(), 2U);
    EXPECT_EQ(accounts[0].provider, "stripe");
    EXPECT_EQ(accounts[0].organization, 3);
    EXPECT_EQ(accounts[0].base_url, "https://api.stripe.com");
    EXPECT_EQ(accounts[0].key("secret_key"), "sk");
    EXPECT_EQ(accounts[0].site_url, "https://site.example");
    EXPECT_EQ(accounts[1].provider, "calcom");
    EXPECT_EQ(accounts[1].base_url, "https://cal.example");
    EXPECT_EQ(accounts[1].key("event_type_single"), "124");
    EXPECT_EQ(accounts[1].key("event_type_weekly"), "");
}

TEST(ProviderAccounts, OfOtherOrganizationsComeFromTheFile) {
    Config config;
    config.organization = 3;
    config.stripe_secret_key = "sk";
    config.stripe_base_url = "https://stand-in.example";
    config.provider_keys = {{7, "stripe", {{"secret_key", "sk7"}}},
                            {7, "calcom", {{"api_key", "cal7"}, {"base_url", "https://cal7.example"}}},
                            {8, "stripe", {}}};
    const auto accounts = provider_accounts(config);
    ASSERT_EQ(accounts.size(), 3U) << "one without its keys is none";
    EXPECT_EQ(accounts[1].organization, 7);
    EXPECT_EQ(accounts[1].key("secret_key"), "sk7");
    EXPECT_EQ(accounts[1].base_url, "https://stand-in.example");
    EXPECT_EQ(accounts[2].base_url, "https://cal7.example");
    EXPECT_EQ(accounts_json({&accounts[0], &accounts[1], &accounts[2]}), R"({"3":["stripe"],"7":["stripe","calcom"]})");
    EXPECT_EQ(accounts_json({}), "{}");
}

TEST(Providers, AreFoundByName) {
    ASSERT_NE(find_provider("custom"), nullptr);
    EXPECT_EQ(find_provider("custom")->name(), "custom");
    EXPECT_EQ(find_provider("paypal"), nullptr);
}

} // namespace

} // namespace pgbk::relay
