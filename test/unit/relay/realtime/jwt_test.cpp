#include "realtime/jwt.hpp"

#include "outbound/signature.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pgbk::relay {

namespace {

using Clock = std::chrono::system_clock;

const Clock::time_point now{std::chrono::seconds(1'800'000'000)};
const std::string secret = "a secret of thirty-two bytes, or more";
const std::string other_secret = "another secret of thirty-two bytes or";
const std::string usual_header = R"({"alg":"HS256","typ":"JWT"})";
const std::string usual_claims = R"({"sub":"ada","exp":1800000001})";

std::string base64url(std::string_view bytes) {
    std::string text = base64(bytes);
    text.erase(std::find(text.begin(), text.end(), '='), text.end());
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    return text;
}

std::string token(const std::string& claims = usual_claims, const std::string& header = usual_header,
                  const std::string& key = secret) {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(hmac_sha256(key, text));
}

TokenRules named(std::vector<TokenKey> keys) {
    return {std::move(keys), "", ""};
}

const TokenRules one = named({{"", secret}});

std::string cause(const std::string& text, const TokenRules& rules = one) {
    const auto result = verify_token(text, rules, now);
    const auto* const refused = std::get_if<RefusedToken>(&result);
    return refused == nullptr ? "" : std::string(refused->cause);
}

TEST(Jwt, SaysWhoseItIs) {
    const auto verified = verify_token(token(), one, now);
    ASSERT_TRUE(std::holds_alternative<VerifiedToken>(verified));
    EXPECT_EQ(std::get<VerifiedToken>(verified).claims.at("sub").as_string(), "ada");
    EXPECT_EQ(std::get<VerifiedToken>(verified).expires, now + std::chrono::seconds(1));
}

// Made by another implementation (Python's hmac and base64).
TEST(Jwt, TakesWhatOthersSign) {
    EXPECT_EQ(cause("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
                    "eyJzdWIiOiJ1c2VyLTEiLCJyb2xlIjoiYXV0aGVudGljYXRlZCIsImV4cCI6MTkwMDAwMDAwMH0."
                    "dpL9om2wIb39zdCesbltlRo01XRI0Z01aRvCbcsrh8Q",
                    named({{"", "super-secret-jwt-token-with-at-least-32-characters"}})),
              "");
}

TEST(Jwt, TheAlgorithmIsNotTheTokensChoice) {
    for (const char* algorithm : {"none", "None", "NONE", "", "RS256", "HS384", "HS512", "ES256", "hs256"}) {
        const std::string header = R"({"alg":")" + std::string(algorithm) + R"("})";
        EXPECT_EQ(cause(token(usual_claims, header), one), "algorithm") << algorithm;
        const std::string text = base64url(header) + "." + base64url(usual_claims) + ".";
        EXPECT_EQ(cause(text, one), "algorithm") << algorithm << ", without signature";
    }
    for (const char* header : {R"({})", R"({"alg":1})", R"({"alg":null})", R"({"alg":["HS256"]})"}) {
        EXPECT_EQ(cause(token(usual_claims, header), one), "algorithm") << header;
    }
    EXPECT_EQ(cause(token(usual_claims, R"({"alg":"HS256","alg":"none"})"), one), "malformed");
}

TEST(Jwt, TheSignatureMustBeRight) {
    EXPECT_EQ(cause(token(usual_claims, usual_header, other_secret), one), "signature");
    EXPECT_EQ(cause(token(usual_claims, usual_header, ""), one), "signature");
    std::string text = token();
    const auto dot = text.rfind('.');
    for (const auto& signature : {std::string(), base64url(std::string(32, '\0')), base64url("short"),
                                  text.substr(dot + 1, 20), text.substr(dot + 1) + "AA", std::string("!!!!")}) {
        EXPECT_EQ(cause(text.substr(0, dot + 1) + signature, one), "signature") << signature;
    }
    std::string changed = text;
    changed[dot - 1] = changed[dot - 1] == 'A' ? 'B' : 'A';
    EXPECT_NE(cause(changed, one), "");
    EXPECT_EQ(cause(text, TokenRules{}), "signature") << "no keys";
}

TEST(Jwt, MalformedOnesAreRefused) {
    const std::string text = token();
    for (const auto& bad :
         {std::string("x"), std::string("."), std::string(".."), std::string("a.b"), std::string("a.b.c"), text + ".x",
          " " + text, text.substr(1), "." + text, std::string(3, '\0'), std::string(9'000, 'a'),
          base64url("[]") + ".e30.x", base64url("\"x\"") + ".e30.x", base64url("{") + ".e30.x",
          base64url("{\"alg\":\"HS256\"}\xff") + ".e30.x", base64url(std::string(5'000, '[')) + ".e30.x"}) {
        EXPECT_EQ(cause(bad, one), "malformed") << bad;
    }
    for (const char* claims : {"", "[]", "null", "1", "{", R"({"sub":"a","sub":"b","exp":1900000000})", "\xff"}) {
        EXPECT_EQ(cause(token(claims), one), "malformed") << claims;
    }
    EXPECT_EQ(cause(token(usual_claims, R"({"alg":"HS256","crit":["exp"]})"), one), "malformed");
    EXPECT_EQ(cause(token(usual_claims, R"({"alg":"HS256","kid":1})"), one), "malformed");
}

TEST(Jwt, HasOneSpellingOnly) {
    const std::string text = token();
    EXPECT_EQ(cause(text + "=", one), "signature");
    // The last character of 32 bytes has two bits to spare.
    std::string spare = text;
    spare.back() = static_cast<char>(spare.back() + 1);
    EXPECT_EQ(cause(spare, one), "signature");
}

TEST(Jwt, HasItsTime) {
    EXPECT_EQ(cause(token(R"({"exp":1800000000})"), one), "expired") << "this very second";
    EXPECT_EQ(cause(token(R"({"exp":1800000000.5})"), one), "");
    EXPECT_EQ(cause(token(R"({"exp":-1})"), one), "expired");
    for (const char* claims : {"{}", R"({"exp":null})", R"({"exp":"1900000000"})", R"({"exp":[]})"}) {
        EXPECT_EQ(cause(token(claims), one), "no_expiry") << claims;
    }
    EXPECT_EQ(cause(token(R"({"exp":1900000000,"nbf":1800000030})"), one), "") << "within tolerance";
    EXPECT_EQ(cause(token(R"({"exp":1900000000,"nbf":1800000031})"), one), "too_early");
    EXPECT_EQ(cause(token(R"({"exp":1900000000,"nbf":"x"})"), one), "too_early");
}

TEST(Jwt, AFarFutureIsNoOverflow) {
    const auto verified = verify_token(token(R"({"exp":1e300})"), one, now);
    ASSERT_TRUE(std::holds_alternative<VerifiedToken>(verified));
    EXPECT_GT(std::get<VerifiedToken>(verified).expires, now);
    EXPECT_EQ(cause(token(R"({"exp":18446744073709551615})"), one), "");
    EXPECT_EQ(cause(token(R"({"exp":-1e300})"), one), "expired");
}

TEST(Jwt, MayBeForAnAudienceAndFromAnIssuer) {
    TokenRules strict = one;
    strict.audience = "authenticated";
    strict.issuer = "https://issuer.example";
    const auto claims = [](const std::string& more) { return R"({"exp":1900000000)" + more + "}"; };
    const std::string issuer = R"(,"iss":"https://issuer.example")";
    EXPECT_EQ(cause(token(claims(issuer + R"(,"aud":"authenticated")")), strict), "");
    EXPECT_EQ(cause(token(claims(issuer + R"(,"aud":["x","authenticated"])")), strict), "");
    for (const char* audience : {"", R"(,"aud":"x")", R"(,"aud":["x"])", R"(,"aud":[])", R"(,"aud":[1])", R"(,"aud":1)",
                                 R"(,"aud":{"authenticated":1})"}) {
        EXPECT_EQ(cause(token(claims(issuer + audience)), strict), "audience") << audience;
    }
    for (const char* wrong : {"", R"(,"iss":"https://issuer.example/")", R"(,"iss":["https://issuer.example"])"}) {
        EXPECT_EQ(cause(token(claims(std::string(wrong) + R"(,"aud":"authenticated")")), strict), "issuer") << wrong;
    }
}

TEST(Jwt, KeysAreRotated) {
    const TokenRules both = named({{"", secret}, {"", other_secret}});
    EXPECT_EQ(cause(token(usual_claims, usual_header, other_secret), both), "");
    EXPECT_EQ(cause(token(), both), "");
}

TEST(Jwt, ANamedKeyIsTheOneThatCounts) {
    const TokenRules both = named({{"old", secret}, {"new", other_secret}});
    const auto of = [](const std::string& id) { return R"({"alg":"HS256","kid":")" + id + R"("})"; };
    EXPECT_EQ(cause(token(usual_claims, of("old")), both), "");
    EXPECT_EQ(cause(token(usual_claims, of("new")), both), "signature") << "signed with the other one";
    EXPECT_EQ(cause(token(usual_claims, of("unknown")), both), "signature");
    EXPECT_EQ(cause(token(), both), "") << "names none: any";
    EXPECT_EQ(cause(token(usual_claims, of("unknown")), one), "") << "keys without a name are for all others";
}

} // namespace

} // namespace pgbk::relay
