#include "config/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>

namespace pgbk::relay {

namespace {

Environment variables(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

// A configuration file for one test.
class ConfigFile : public ::testing::Test {
protected:
    void SetUp() override {
        const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
        path_ = ::testing::TempDir() + "relay_config_" + test->name() + ".toml";
    }

    void TearDown() override { std::remove(path_.c_str()); }

    const std::string& file(const std::string& text) {
        std::ofstream(path_) << text;
        return path_;
    }

    Config load(const std::string& text, std::map<std::string, std::string> environment = {}) {
        return load_config(file(text), variables(std::move(environment))).config;
    }

    std::string complaint(const std::string& text, std::map<std::string, std::string> environment = {}) {
        try {
            load(text, std::move(environment));
        } catch (const ConfigError& error) {
            return error.what();
        }
        return "none";
    }

    std::string path_;
};

TEST_F(ConfigFile, DefaultsAreThoseOfTheAnnotatedFile) {
    const std::string path = std::string(PGBK_SOURCE_DIR) + "/sidecar/config/booking-relay.toml";
    const LoadedConfig loaded = load_config(path, variables({}));
    EXPECT_EQ(loaded.config, Config{});
    EXPECT_EQ(loaded.origins.size(), describe_config(loaded).size()) << "a key is missing in the annotated file";
}

TEST_F(ConfigFile, MayBeMissing) {
    EXPECT_EQ(load_config("", variables({})).config, Config{});
    EXPECT_EQ(load(""), Config{}) << "or empty";
    EXPECT_THROW(load_config("/nowhere/relay.toml", variables({})), ConfigError);
}

TEST_F(ConfigFile, TablesAndDottedKeysAreTheSame) {
    EXPECT_EQ(load("[http]\nport = 8080\n").http_port, 8080);
    EXPECT_EQ(load("http.port = 8080\n").http_port, 8080);
}

TEST_F(ConfigFile, TheEnvironmentWins) {
    const Config config =
        load("organization = 3\nsite_url = \"http://file\"\n",
             {{"BOOKING_ORGANIZATION", "5"}, {"VITE_SITE_URL", "https://vite"}, {"BOOKING_DATABASE_URL", "host=a"}});
    EXPECT_EQ(config.organization, 5);
    EXPECT_EQ(config.site_url, "https://vite");
    EXPECT_EQ(config.database_url, "host=a");
    EXPECT_EQ(load("", {{"VITE_SITE_URL", "https://vite"}, {"NEXT_PUBLIC_APP_URL", "https://next"}}).site_url,
              "https://next");
    EXPECT_EQ(load("organization = 3\n", {{"BOOKING_ORGANIZATION", ""}}).organization, 3) << "empty is not set";
}

TEST_F(ConfigFile, UnknownKeysAreRefusedWithTheirPlace) {
    EXPECT_EQ(complaint("\n[http]\nport = 1\nprot = 2\n"), path_ + ":4: unknown key \"http.prot\"");
    EXPECT_EQ(complaint("x = 1\n"), path_ + ":1: unknown key \"x\"");
    EXPECT_EQ(complaint("\n\n[realm]\nx = 1\n"), path_ + ":3: unknown table \"realm\"");
    EXPECT_EQ(complaint("[http.port]\nx = 1\n"), path_ + ":1: unknown table \"http.port\"");
}

TEST_F(ConfigFile, BrokenSyntaxIsRefusedWithItsLine) {
    EXPECT_TRUE(complaint("organization = 1\n[http\nport = 1\n").starts_with(path_ + ":2: "));
    EXPECT_TRUE(complaint("organization = 1\norganization = 2\n").starts_with(path_ + ":2: "));
}

TEST_F(ConfigFile, ValuesAreRefusedWithTheirPlace) {
    EXPECT_EQ(complaint("[http]\nport = 65536\n"), path_ + ":2: http.port must be a number from 0 to 65535");
    EXPECT_EQ(complaint("[http]\nport = \"80\"\n"), path_ + ":2: http.port must be a number from 0 to 65535");
    EXPECT_EQ(complaint("[http]\naddress = 4\n"), path_ + ":2: http.address must be a string");
    EXPECT_EQ(complaint("http = 4\n"), path_ + ":1: unknown key \"http\"");
    EXPECT_EQ(complaint("", {{"BOOKING_ORGANIZATION", "abc"}}),
              "environment BOOKING_ORGANIZATION: organization must be a number from 0 to 2147483647");
    EXPECT_EQ(complaint("log_level = \"loud\"\n"), path_ + ":1: log_level must be trace, debug, info, warn or error");
    EXPECT_EQ(complaint("", {{"VITE_SITE_URL", "ftp://x"}}),
              "environment VITE_SITE_URL: site_url must be an http or https URL");
}

TEST_F(ConfigFile, OriginsAreOrigins) {
    EXPECT_EQ(
        load("[gateway]\nallowed_origins = \"https://a.example, http://localhost:5173\"\n").gateway_allowed_origins,
        "https://a.example, http://localhost:5173");
    for (const char* value : {"*", "null", "a.example", "https://a.example/path", "https://*.example"}) {
        EXPECT_EQ(complaint("[gateway]\nallowed_origins = \"" + std::string(value) + "\"\n"),
                  path_ + ":2: gateway.allowed_origins must be origins with commas between them, such as "
                          "\"https://example.com, http://localhost:5173\"");
    }
}

TEST_F(ConfigFile, OriginsOfRealtimeAreOrigins) {
    EXPECT_EQ(load("[realtime]\nallowed_origins = \"https://a.example\"\n").realtime_allowed_origins,
              "https://a.example");
    EXPECT_EQ(complaint("[realtime]\nallowed_origins = \"*\"\n"),
              path_ + ":2: realtime.allowed_origins must be origins with commas between them, such as "
                      "\"https://example.com, http://localhost:5173\"");
}

TEST_F(ConfigFile, SecretsOfTokensAreLongEnough) {
    const std::string secret(32, 's');
    EXPECT_EQ(load("", {{"JWT_SECRET", secret}}).realtime_jwt_secret, secret);
    EXPECT_EQ(load("", {{"JWT_SECRET", secret}, {"SUPABASE_JWT_SECRET", "k:" + secret}}).realtime_jwt_secret,
              "k:" + secret);
    EXPECT_EQ(complaint("", {{"SUPABASE_JWT_SECRET", secret + " hidden"}}),
              "environment SUPABASE_JWT_SECRET: realtime.jwt_secret must be secrets of 32 bytes or more, with blanks "
              "between them, each alone or as kid:secret");
}

TEST_F(ConfigFile, WhatBelongsTogetherIsChecked) {
    EXPECT_EQ(complaint("[http]\nkey_file = \"k\"\n"), path_ + ":2: http.key_file needs http.certificate_file as well");
    EXPECT_EQ(complaint("", {{"MAKE_WEBHOOK_URL", "https://hook.eu1.make.com/x"}}),
              "environment MAKE_WEBHOOK_URL: make.url needs an organization (BOOKING_ORGANIZATION), whose events go "
              "there");
    EXPECT_EQ(complaint("", {{"MAKE_WEBHOOK_SECRET", "s3cret"}}),
              "environment MAKE_WEBHOOK_SECRET: make.secret needs make.url as well");
    EXPECT_EQ(complaint("http.trusted_proxies = \"10.0.0.1/8\"\n"),
              path_ + ":1: http.trusted_proxies must be addresses or networks with commas between them, such as "
                      "\"10.0.0.0/8, ::1\"");
    EXPECT_EQ(complaint("organization = 1\n", {{"SUPABASE_WEBHOOK_SECRET", "short"}}),
              "environment SUPABASE_WEBHOOK_SECRET: inbound.secret must have 16 characters or more");
}

TEST_F(ConfigFile, ProvidersHaveTheirSeedsNames) {
    const Config config = load("", {{"BOOKING_ORGANIZATION", "3"},
                                    {"AIRWALLEX_CLIENT_ID", "id"},
                                    {"AIRWALLEX_API_KEY", "key"},
                                    {"AIRWALLEX_BASE_URL", "https://api-demo.airwallex.com"},
                                    {"STRIPE_SECRET_KEY", "sk"},
                                    {"CAL_API_KEY", "cal"},
                                    {"CAL_MONTHLY_EVENT_TYPE_ID", "125"}});
    EXPECT_EQ(config.airwallex_client_id + config.airwallex_api_key + config.airwallex_base_url,
              "idkeyhttps://api-demo.airwallex.com");
    EXPECT_EQ(config.stripe_secret_key, "sk");
    EXPECT_EQ(config.calcom_api_key + config.calcom_event_type_monthly, "cal125");
}

TEST_F(ConfigFile, OtherOrganizationsHaveTablesOfTheirOwn) {
    const std::string text = "organization = 3\n[organizations.7.stripe]\nsecret_key = \"sk7\"\n"
                             "[organizations.7.calcom]\napi_key = \"c\"\nevent_type_weekly = \"5\"\n";
    const Config config = load(text);
    ASSERT_EQ(config.provider_keys.size(), 2U);
    EXPECT_EQ(config.provider_keys[0].organization, 7);
    const auto& calcom = config.provider_keys[config.provider_keys[0].provider == "calcom" ? 0 : 1];
    EXPECT_EQ(calcom.keys.at("event_type_weekly"), "5");
    const auto lines = describe_config(load_config(file(text), variables({})));
    const auto shows = [&](const std::string& what) {
        return std::any_of(lines.begin(), lines.end(), [&](const auto& line) { return line.find(what) != line.npos; });
    };
    EXPECT_TRUE(shows("organizations.7.stripe.secret_key = \"****\""));
    EXPECT_TRUE(shows("organizations.7.calcom.event_type_weekly = \"5\""));
    EXPECT_FALSE(shows("sk7"));
}

TEST_F(ConfigFile, WhatIsNoAccountIsRefused) {
    EXPECT_EQ(complaint("stripe.secret_key = \"s3cret\"\n"),
              path_ + ":1: stripe.secret_key needs an organization (BOOKING_ORGANIZATION), whose account it is");
    EXPECT_EQ(complaint("organization = 1\nairwallex.api_key = \"s3cret\"\n"),
              path_ + ":2: airwallex.api_key and airwallex.client_id need each other");
    EXPECT_EQ(complaint("stripe.base_url = \"ftp://x\"\n"), path_ + ":1: stripe.base_url must be an http or https URL");
    EXPECT_EQ(complaint("providers.lease_seconds = 20\n"),
              path_ + ":1: providers.lease_seconds must be longer than providers.timeout_ms by six seconds");
    EXPECT_EQ(complaint("[organizations.x.stripe]\nsecret_key = \"s3cret\"\n"),
              path_ + ":1: organizations needs the numbers of organizations, as in [organizations.7.stripe]");
    EXPECT_EQ(complaint("[organizations.7.paypal]\nkey = \"s3cret\"\n"),
              path_ + ":1: unknown table \"organizations.7.paypal\"");
    EXPECT_EQ(complaint("[organizations.7.stripe]\nkey = \"s3cret\"\n"),
              path_ + ":2: unknown key \"organizations.7.stripe.key\"");
    EXPECT_EQ(complaint("[organizations.7.stripe]\nsecret_key = 5\n"),
              path_ + ":2: organizations.7.stripe.secret_key must be a string");
    EXPECT_EQ(
        complaint("organization = 7\n[organizations.7.stripe]\nsecret_key = \"s3cret\"\n"),
        "configuration: organizations.7.stripe is the organization whose keys have tables of their own, as [stripe]");
}

TEST_F(ConfigFile, NoComplaintAndNoDescriptionShowsASecret) {
    const std::map<std::string, std::string> environment{
        {"BOOKING_ORGANIZATION", "1"},
        {"BOOKING_DATABASE_URL", "postgresql://relay:hidden1@db/booking?password=hidden2"},
        {"MAKE_WEBHOOK_URL", "https://user:hidden3@hook.eu1.make.com/hidden4?k=hidden5"},
        {"MAKE_WEBHOOK_SECRET", "hidden6"},
        {"SUPABASE_WEBHOOK_SECRET", "hidden7 hidden7 hidden7"},
        {"SUPABASE_JWT_SECRET", "hidden9-hidden9-hidden9-hidden9-hidden9"}};
    const auto loaded =
        load_config(file("[outbound]\nproxy = \"http://u:hidden8@proxy:3128\"\n"), variables(environment));
    std::string all;
    for (const auto& line : describe_config(loaded)) {
        all += line + "\n";
    }
    EXPECT_EQ(all.find("hidden"), std::string::npos) << all;
    EXPECT_NE(all.find("database.url = \"postgresql://relay:****@db/booking?****\"  # environment "
                       "BOOKING_DATABASE_URL\n"),
              std::string::npos)
        << all;
    EXPECT_NE(all.find("make.url = \"https://hook.eu1.make.com/****\""), std::string::npos);
    EXPECT_NE(all.find("http.port = 3001  # default\n"), std::string::npos);
    for (const char* name :
         {"MAKE_WEBHOOK_SECRET", "SUPABASE_WEBHOOK_SECRET", "MAKE_WEBHOOK_URL", "SUPABASE_JWT_SECRET"}) {
        auto broken = environment;
        broken[name] = "hidden\nhidden";
        EXPECT_EQ(complaint("", broken).find("hidden"), std::string::npos);
    }
}

TEST(MaskedDatabaseUrl, HidesPasswords) {
    EXPECT_EQ(masked_database_url("postgres://u@h/db"), "postgres://u@h/db");
    EXPECT_EQ(masked_database_url("postgresql://u:p@ss@h1,h2:5433/db"), "postgresql://u:****@h1,h2:5433/db");
    EXPECT_EQ(masked_database_url("postgresql://h:5432/db"), "postgresql://h:5432/db");
    EXPECT_EQ(masked_database_url("postgresql://h?sslpassword=x"), "postgresql://h?****");
    EXPECT_EQ(masked_database_url("host=h user=u password='a b' dbname=d"), "host=h user=u password=****");
    EXPECT_EQ(masked_database_url("host=h user=u"), "host=h user=u");
}

TEST(UrlOrigin, IsSchemeHostAndPort) {
    EXPECT_EQ(url_origin("https://hook.eu1.make.com/abc?x=1"), "https://hook.eu1.make.com");
    EXPECT_EQ(url_origin("HTTP://h:8080?x"), "http://h:8080");
    EXPECT_EQ(url_origin("https://u:p@h/x@y"), "https://h");
    for (const char* text : {"", "h", "ftp://h", "https://", "https:///x", "//h", "file:///etc/passwd"}) {
        EXPECT_EQ(url_origin(text), "") << text;
    }
}

} // namespace

} // namespace pgbk::relay
