#include "realtime/identities.hpp"

#include "fake_feed.hpp"
#include "outbound/signature.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pgbk::relay {

namespace {

using namespace test; // NOLINT(google-build-using-namespace)
using std::chrono::seconds;

const std::string secret = "a secret of thirty-two bytes, or more";

std::string signed_token(const std::string& claims) {
    const auto url = [](std::string_view bytes) {
        std::string text = base64(bytes);
        text.erase(std::find(text.begin(), text.end(), '='), text.end());
        std::replace(text.begin(), text.end(), '+', '-');
        std::replace(text.begin(), text.end(), '/', '_');
        return text;
    };
    const std::string text = url(R"({"alg":"HS256"})") + "." + url(claims);
    return text + "." + url(hmac_sha256(secret, text));
}

class IdentitiesTest : public ::testing::Test {
protected:
    Identities make(const std::string& key = secret) {
        Identities::Settings settings;
        settings.rules.keys = key.empty() ? std::vector<TokenKey>() : std::vector<TokenKey>{{"", key}};
        settings.most = 100;
        settings.now = [this] { return now; };
        return {feed, metrics, settings};
    }

    Hub::Admission admit(Identities& identities, const std::string& token) {
        Hub::Admission result;
        identities.admit(token, [&](Hub::Admission admission) { result = std::move(admission); });
        timers.settle();
        return result;
    }

    std::chrono::system_clock::time_point now{seconds(1'800'000'000)};
    Metrics metrics;
    FakeTimers timers;
    FakeFeed feed{timers};
};

const std::string claims = R"({"sub":"ada","exp":1800000600})";

TEST_F(IdentitiesTest, WithoutATokenOneIsAVisitor) {
    auto identities = make();
    const auto admission = admit(identities, "");
    ASSERT_TRUE(admission.identity);
    EXPECT_TRUE(admission.identity->user.empty() && !admission.identity->service && !admission.identity->expires);
}

TEST_F(IdentitiesTest, WithoutASecretNoTokenIsAccepted) {
    auto identities = make("");
    const auto admission = admit(identities, signed_token(claims));
    EXPECT_FALSE(admission.identity);
    EXPECT_EQ(admission.reason, "tokens are not accepted here");
    EXPECT_FALSE(admission.unavailable);
}

TEST_F(IdentitiesTest, TheDatabaseSaysWhoTheyAre) {
    feed.identities[claims] =
        R"({"user":"ada","service":false,"organizations":[{"id":7,"role":"owner"},{"id":9,"role":"staff"}]})";
    auto identities = make();
    const auto admission = admit(identities, signed_token(claims));
    ASSERT_TRUE(admission.identity);
    EXPECT_EQ(admission.identity->user, "ada");
    EXPECT_EQ(admission.identity->organizations, (std::map<int, std::string>{{7, "owner"}, {9, "staff"}}));
    EXPECT_EQ(admission.identity->expires, now + seconds(600));
}

TEST_F(IdentitiesTest, AreRememberedForAWhile) {
    feed.identities[claims] = R"({"user":"ada","service":false,"organizations":[]})";
    auto identities = make();
    const std::string token = signed_token(claims);
    admit(identities, token);
    now += seconds(59);
    EXPECT_TRUE(admit(identities, token).identity);
    EXPECT_EQ(feed.identity_questions, 1);
    now += seconds(1);
    EXPECT_TRUE(admit(identities, token).identity);
    EXPECT_EQ(feed.identity_questions, 2) << "a member may have been removed";
    now += seconds(540);
    EXPECT_EQ(admit(identities, token).reason, "the token has expired");
}

TEST_F(IdentitiesTest, AreBoundedInMemory) {
    auto identities = make();
    for (int i = 0; i < 300; ++i) {
        const std::string one = R"({"sub":")" + std::to_string(i) + R"(","exp":1800000600})";
        feed.identities[one] = R"({"user":"x","service":false,"organizations":[]})";
        EXPECT_TRUE(admit(identities, signed_token(one)).identity);
    }
    EXPECT_EQ(identities.remembered(), 100U);
}

TEST_F(IdentitiesTest, ManyWhoComeTogetherAreOneQuestion) {
    feed.identities[claims] = R"({"user":"ada","service":true,"organizations":[]})";
    auto identities = make();
    int admitted = 0;
    for (int i = 0; i < 10; ++i) {
        identities.admit(signed_token(claims), [&](const Hub::Admission& admission) {
            admitted += admission.identity && admission.identity->service ? 1 : 0;
        });
    }
    timers.settle();
    EXPECT_EQ(admitted, 10);
    EXPECT_EQ(feed.identity_questions, 1);
}

TEST_F(IdentitiesTest, TroubleOfTheDatabaseIsNotTheTokens) {
    auto identities = make();
    for (const FeedError& error :
         {FeedError{true, "", "lost"}, FeedError{false, "57014", "cancelled"}, FeedError{false, "BK401", "locked"}}) {
        feed.refusal = error;
        const auto admission = admit(identities, signed_token(claims));
        EXPECT_FALSE(admission.identity);
        EXPECT_TRUE(admission.unavailable) << error.sqlstate;
    }
    EXPECT_EQ(identities.remembered(), 0U);
}

TEST_F(IdentitiesTest, ClaimsThatTheDatabaseRefusesAreTheTokens) {
    auto identities = make();
    feed.refusal = {false, "BK614", "the claim \"sub\" is not a string of at most 255 bytes"};
    auto admission = admit(identities, signed_token(claims));
    EXPECT_FALSE(admission.identity || admission.unavailable);
    EXPECT_EQ(admission.reason, feed.refusal.message);
    feed.refusal = {false, "22P05", "unsupported Unicode escape sequence"};
    admission = admit(identities, signed_token(claims));
    EXPECT_FALSE(admission.identity || admission.unavailable);
    EXPECT_EQ(admission.reason, "the token cannot be used") << "not in the words of the server";
}

TEST_F(IdentitiesTest, TheHolderOfABooking) {
    auto identities = make();
    feed.identities["good"] = R"({"booking_id":"b-1","organization_id":7})";
    feed.refusal = {false, "BK104", "no booking has this token"};
    Hub::Admission result;
    const auto keep = [&](Hub::Admission admission) { result = std::move(admission); };
    identities.admit_booking("good", keep);
    timers.settle();
    ASSERT_TRUE(result.identity);
    EXPECT_EQ(result.identity->booking, "b-1");
    for (const auto& bad :
         {std::string("bad"), std::string(), std::string("a\0b", 3), std::string("\xff"), std::string(2'000, 'x')}) {
        result = {Identity(), "", false};
        identities.admit_booking(bad, keep);
        timers.settle();
        EXPECT_FALSE(result.identity || result.unavailable) << bad;
    }
}

TEST(ReadIdentity, WhatIsSomethingElseIsNobody) {
    for (const char* text :
         {"", "null", "[]", "{}", R"({"user":"a","service":false})", R"({"user":"a","organizations":[]})",
          R"({"user":"a","service":1,"organizations":[]})", R"({"user":"a","service":false,"organizations":[1]})",
          R"({"user":"a","service":false,"organizations":[{"id":"1","role":"owner"}]})",
          R"({"user":"a","service":false,"organizations":[{"id":1}]})"}) {
        EXPECT_FALSE(read_identity(text)) << text;
    }
    EXPECT_TRUE(read_identity(R"({"user":null,"service":false,"organizations":[]})")->user.empty());
    EXPECT_FALSE(read_booking_identity("{}") || read_booking_identity("x"));
}

} // namespace

} // namespace pgbk::relay
