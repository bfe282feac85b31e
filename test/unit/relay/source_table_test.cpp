#include "inbound/source_table.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

constexpr const char* stripe_id = "0198c5a0-0000-8000-8000-00000000000a";
constexpr const char* shop_id = "0198c5a0-0000-8000-8000-00000000000b";
constexpr const char* other_id = "0198c5a0-0000-8000-8000-00000000000c";

std::vector<SourceRow> rows() {
    return {{stripe_id, 1, "stripe", "stripe", R"({"tolerance_seconds": 60})", "whsec_new", 2, std::nullopt},
            {stripe_id, 1, "stripe", "stripe", R"({"tolerance_seconds": 60})", "whsec_old", 1, 3.5},
            {shop_id, 1, "shop", "standard", "{}", "whsec_a2V5", 0, std::nullopt},
            {other_id, 2, "stripe", "hmac", R"({"header": "X-Sum"})", "other", 0, std::nullopt}};
}

TEST(SourceTable, GathersTheSecretsOfASource) {
    const SourceTable table(rows());
    EXPECT_EQ(table.size(), 3U);
    EXPECT_TRUE(table.problems().empty());
    const auto source = table.find("stripe", 1);
    ASSERT_TRUE(source);
    EXPECT_EQ(source->id, stripe_id);
    EXPECT_EQ(source->options.tolerance_seconds, 60);
    ASSERT_EQ(source->secrets.size(), 2U);
    EXPECT_EQ(source->secrets[0].key, "whsec_new");
    EXPECT_TRUE(source->secrets[1].is_valid(3.4));
    EXPECT_FALSE(source->secrets[1].is_valid(3.5));
    EXPECT_EQ(table.find("shop", 1)->secrets[0].key, "key");
}

TEST(SourceTable, FindsByIdOrByNameInTheOrganization) {
    const SourceTable table(rows());
    EXPECT_EQ(table.find(stripe_id, 0)->name, "stripe") << "wherever it belongs";
    EXPECT_EQ(table.find("0198C5A0-0000-8000-8000-00000000000B", 7)->name, "shop");
    EXPECT_EQ(table.find("stripe", 2)->id, other_id);
    EXPECT_FALSE(table.find("stripe", 0));
    EXPECT_FALSE(table.find("stripe", 3));
    EXPECT_FALSE(table.find("Stripe", 1));
    EXPECT_FALSE(table.find("", 1));
    EXPECT_FALSE(table.find("none", 1));
}

TEST(SourceTable, LeavesOutWhatItDoesNotUnderstand) {
    auto some = rows();
    some[2].scheme = "carrier-pigeon";
    some[3].options = R"({"encoding": "rot13"})";
    const SourceTable table(some);
    EXPECT_EQ(table.size(), 1U);
    EXPECT_TRUE(table.find("stripe", 1));
    EXPECT_EQ(table.problems(),
              (std::vector<std::string>{"source shop of organization 1: its scheme is not known here",
                                        "source stripe of organization 2: the option encoding cannot be used"}));
}

TEST(SourceTable, DoesNotTellASecret) {
    auto some = rows();
    some[2].secret = "whsec_not-base64!";
    const SourceTable table(some);
    EXPECT_TRUE(table.find("shop", 1)->secrets.empty()) << "it is there, and nothing gets through";
    EXPECT_EQ(table.problems(),
              (std::vector<std::string>{"source shop of organization 1: one of its secrets cannot be used"}));
}

} // namespace

} // namespace pgbk::relay
