#include "inbound/verification.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace pgbk::relay {

namespace {

using Headers = std::multimap<std::string, std::string, std::less<>>;

constexpr double always = 0;

Source source_of(Scheme scheme, const std::string& secret, const std::string& options = "{}") {
    Source source;
    source.scheme = scheme;
    source.options = read_source_options(options);
    source.secrets.push_back({source_key(scheme, secret).value_or(""), always, std::nullopt});
    return source;
}

struct Sent {
    Source source;
    Headers headers;
    std::string body;
    double now = 0;
};

std::string judged(const Sent& sent) {
    Request request;
    request.headers = sent.headers;
    const auto claim = read_claim(sent.source, request);
    if (!claim) {
        return "no claim";
    }
    switch (verify(sent.source, *claim, sent.body, sent.now)) {
    case Verdict::genuine:
        return "genuine";
    case Verdict::stale:
        return "stale";
    case Verdict::forged:
        break;
    }
    return "forged";
}

// The vectors: made by the senders' libraries, or published.

constexpr const char* stripe_digest = "3c5817089d739023dd6190f70a3757e04f7a2fd8b5dab12c2e000f51970dccff";
constexpr const char* standard_digest = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
constexpr const char* airwallex_digest = "ee79de7ec139c391ece954305086a02c0b6def637276d409c5413a96a9520779";
constexpr const char* calcom_digest = "f532ff36afaaf2277a9e46d58c5114592eea39fc788b03511d0c88ac2fac6bc9";
constexpr const char* github_digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

std::string stripe_header(const std::string& digest = stripe_digest) {
    return "t=1614265330,v1=" + digest;
}

Sent stripe(const std::string& header = stripe_header()) {
    return {source_of(Scheme::stripe, "whsec_test_secret"),
            {{"stripe-signature", header}},
            R"({"id":"evt_test_webhook","object":"event"})",
            1614265330};
}

Sent standard(const std::string& signature = std::string("v1,") + standard_digest) {
    return {source_of(Scheme::standard, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
             {"webhook-timestamp", "1614265330"},
             {"webhook-signature", signature}},
            R"({"test": 2432232314})",
            1614265330};
}

Sent airwallex(const std::string& signature = airwallex_digest) {
    return {source_of(Scheme::airwallex, "awx_test_secret"),
            {{"x-timestamp", "1357872222592"}, {"x-signature", signature}},
            R"({"id":"evt_1","name":"payment_intent.succeeded"})",
            1357872222.592};
}

Sent calcom(const std::string& signature = calcom_digest) {
    return {source_of(Scheme::calcom, "cal_test_secret"),
            {{"x-cal-signature-256", signature}},
            R"({"triggerEvent":"BOOKING_CREATED","createdAt":"2023-05-24T09:30:00.538Z",)"
            R"("payload":{"uid":"bFJeNb2uX8ANpT3JL5EfXw"}})"};
}

Sent github(const std::string& signature = std::string("sha256=") + github_digest, const std::string& options = "{}") {
    return {source_of(Scheme::hmac, "It's a Secret to Everybody", options),
            {{"x-hub-signature-256", signature}},
            "Hello, World!"};
}

std::string in_capitals(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
    return text;
}

TEST(Verification, AcceptsTheVectors) {
    EXPECT_EQ(judged(stripe()), "genuine");
    EXPECT_EQ(judged(standard()), "genuine");
    EXPECT_EQ(judged(airwallex()), "genuine");
    EXPECT_EQ(judged(calcom()), "genuine");
    EXPECT_EQ(judged(github()), "genuine");
}

TEST(Verification, ReadsHexadecimalDigitsInEitherCase) {
    EXPECT_EQ(judged(stripe(stripe_header(in_capitals(stripe_digest)))), "genuine");
    EXPECT_EQ(judged(airwallex(in_capitals(airwallex_digest))), "genuine");
    EXPECT_EQ(judged(calcom(in_capitals(calcom_digest))), "genuine");
    EXPECT_EQ(judged(github("sha256=" + in_capitals(github_digest))), "genuine");
}

// Every byte of the body and of the signature, by each of its bits.
TEST(Verification, NoticesEachBit) {
    for (const Sent& original : {stripe(), standard(), airwallex(), calcom(), github()}) {
        for (std::size_t bit = 0; bit < original.body.size() * 8; ++bit) {
            Sent tampered = original;
            tampered.body[bit / 8] = static_cast<char>(tampered.body[bit / 8] ^ (1U << (bit % 8)));
            ASSERT_EQ(judged(tampered), "forged") << tampered.body;
        }
        Sent longer = original;
        longer.body += '\n';
        EXPECT_EQ(judged(longer), "forged");
        Sent shorter = original;
        shorter.body.pop_back();
        EXPECT_EQ(judged(shorter), "forged");
        for (const auto& [name, value] : original.headers) {
            for (std::size_t at = 0; at < value.size(); ++at) {
                Sent tampered = original;
                std::string& text = tampered.headers.find(name)->second;
                text[at] = text[at] == '1' ? '2' : '1';
                ASSERT_NE(judged(tampered), "genuine") << name << ": " << text;
                text = value.substr(0, at);
                ASSERT_NE(judged(tampered), "genuine") << name << ": " << text;
            }
        }
    }
}

TEST(Verification, WantsEachHeaderOnce) {
    for (const Sent& original : {stripe(), standard(), airwallex(), calcom(), github()}) {
        for (const auto& header : original.headers) {
            Sent twice = original;
            twice.headers.insert(header);
            EXPECT_EQ(judged(twice), "no claim") << header.first;
            twice.headers.erase(header.first);
            EXPECT_EQ(judged(twice), "no claim") << "and not never: " << header.first;
        }
    }
}

TEST(Verification, OfStripeIsStricterThanTheLibraries) {
    const std::string good = stripe_digest;
    const std::string wrong(64, 'a');
    EXPECT_EQ(judged(stripe("t=1614265330,v1=" + wrong + ",v1=" + good)), "genuine") << "the second will do";
    EXPECT_EQ(judged(stripe("t=1614265330,v1=" + good + ",v1=" + wrong)), "genuine");
    EXPECT_EQ(judged(stripe("v1=" + good + ",v0=" + wrong + ",t=1614265330,v2=what/ever+it%is")), "genuine");
    EXPECT_EQ(judged(stripe("t=1614265330,v0=" + good)), "no claim") << "v0 is no signature";
    EXPECT_EQ(judged(stripe("t=1614265330,V1=" + good)), "no claim");
    for (const std::string& header : {
             "t=1614265330,t=1614265330,v1=" + good,
             "t=1614265331,t=1614265330,v1=" + good,
             "t=01614265330,v1=" + good,
             "t=+1614265330,v1=" + good,
             "t=1614265330 ,v1=" + good,
             "t= 1614265330,v1=" + good,
             "t=1614265330abc,v1=" + good,
             "t=1614265330.0,v1=" + good,
             "t=,v1=" + good,
             "t,v1=" + good,
             "t=99999999999999999999999,v1=" + good,
             "v1=" + good,
             "t=1614265330, v1=" + good,
             "t=1614265330,v1 =" + good,
             "t=1614265330;v1=" + good,
             "t=1614265330,v1=" + good + ",",
             ",t=1614265330,v1=" + good,
             "t=1614265330,v1=" + good + ",junk",
             "t=1614265330,v1==" + good,
             "t=1614265330,v1=" + good.substr(1),
             "t=1614265330,v1=" + good + "0",
             "t=1614265330,v1=" + good + "00",
             "t=1614265330,v1=" + good.substr(0, 62) + "0x",
             std::string("t=1614265330,v1="),
             std::string("t=1614265330"),
             std::string(" "),
         }) {
        EXPECT_EQ(judged(stripe(header)), "no claim") << header;
    }
    Sent decoded = stripe();
    decoded.source.secrets[0].key = "test_secret";
    EXPECT_EQ(judged(decoded), "forged") << "the secret is the key as it stands, with its prefix";
}

TEST(Verification, OfStandardWebhooksIsStricterThanTheLibraries) {
    const std::string good = standard_digest;
    const std::string wrong = base64(std::string(32, 'a'));
    EXPECT_EQ(judged(standard("v1," + wrong + " v1," + good)), "genuine");
    EXPECT_EQ(judged(standard("v1a," + wrong + " v1," + good + " v2,x")), "genuine") << "others are not ours";
    EXPECT_EQ(judged(standard("v1," + wrong)), "forged");
    for (const std::string& signature :
         {"v1," + good + ",v1," + good, "v1," + good.substr(0, good.size() - 1), "v1," + good + "=", "v1, " + good,
          "v1," + good + " ", " v1," + good, "v1," + wrong + "  v1," + good, "v1" + good, good, "v1a," + good,
          "V1," + good, std::string("v1,"), std::string("v1"), "v1," + hex(*decode_base64(good)),
          "v1," + good + "\tv1," + good}) {
        EXPECT_EQ(judged(standard(signature)), "no claim") << signature;
    }
    for (const char* timestamp : {"1614265330abc", "01614265330", "1614265330.0", "-1614265330", "+1614265330", "1e9",
                                  "0x60379032", " 1614265330", ""}) {
        Sent sent = standard();
        sent.headers.find("webhook-timestamp")->second = timestamp;
        EXPECT_EQ(judged(sent), "no claim") << timestamp;
    }
    // "a.b" and "1" are signed like "a" and "b.1": neither may have a dot.
    Sent dotted = standard();
    dotted.headers.find("webhook-id")->second = "msg.1";
    EXPECT_EQ(judged(dotted), "no claim");
    dotted.headers.find("webhook-id")->second = "msg 1";
    EXPECT_EQ(judged(dotted), "no claim");
    dotted.headers.find("webhook-id")->second = std::string(256, 'x');
    EXPECT_EQ(judged(dotted), "no claim");
}

TEST(Verification, OfAirwallexCountsMilliseconds) {
    Sent sent = airwallex();
    sent.source.secrets[0].key = "awx_test_secret";
    sent.now = 1357872222.592 + 300;
    EXPECT_EQ(judged(sent), "genuine");
    sent.now += 0.002;
    EXPECT_EQ(judged(sent), "stale");
    // In seconds, with a point between: as others sign.
    const std::string seconds = "1357872222";
    sent.now = 1357872222;
    sent.headers.find("x-timestamp")->second = seconds;
    sent.headers.find("x-signature")->second = hex(hmac_sha256("awx_test_secret", seconds + sent.body));
    EXPECT_EQ(judged(sent), "stale");
    sent.headers.find("x-timestamp")->second = "1357872222592";
    sent.headers.find("x-signature")->second = hex(hmac_sha256("awx_test_secret", "1357872222592." + sent.body));
    EXPECT_EQ(judged(sent), "forged");
    for (const char* timestamp : {"01357872222592", "1357872222592x", "1357872222592.5", "", " 1"}) {
        sent.headers.find("x-timestamp")->second = timestamp;
        EXPECT_EQ(judged(sent), "no claim") << timestamp;
    }
}

TEST(Verification, OfBodiesAloneWantsTheDigestAlone) {
    for (const std::string& signature :
         {std::string("no-secret-provided"), "sha256=" + std::string(calcom_digest), std::string(63, 'a'),
          std::string(65, 'a'), std::string(66, 'a'), std::string(64, 'g'),
          std::string(calcom_digest) + "," + calcom_digest, base64(*decode_hex(calcom_digest))}) {
        EXPECT_EQ(judged(calcom(signature)), "no claim") << signature;
    }
    Sent unset = calcom("no-secret-provided");
    unset.source.secrets.clear();
    EXPECT_EQ(judged(unset), "no claim");
    for (const std::string& signature :
         {std::string(github_digest), "SHA256=" + std::string(github_digest), "sha256= " + std::string(github_digest),
          "sha1=" + std::string(40, 'a'), "sha256=" + std::string(github_digest) + " ", std::string("sha256=")}) {
        EXPECT_EQ(judged(github(signature)), "no claim") << signature;
    }
}

TEST(Verification, OfGenericSendersFollowsTheOptions) {
    const std::string digest = *decode_hex(github_digest);
    EXPECT_EQ(judged(github(base64(digest), R"({"prefix": "", "encoding": "base64"})")), "genuine");
    EXPECT_EQ(judged(github(hex(digest), R"({"prefix": "", "encoding": "base64"})")), "no claim");
    Sent sent = github("v1:" + hex(digest), R"({"header": "X-My-Signature", "prefix": "v1:", "id_header": "X-My-Id"})");
    EXPECT_EQ(judged(sent), "no claim");
    sent.headers.emplace("x-my-signature", sent.headers.begin()->second);
    Request request;
    request.headers = sent.headers;
    EXPECT_NE(read_claim(sent.source, request)->problem.find("x-my-id"), std::string::npos) << "it is missing";
    sent.headers.emplace("x-my-id", "42");
    EXPECT_EQ(judged(sent), "genuine");
    request.headers = sent.headers;
    EXPECT_EQ(read_claim(sent.source, request)->handed_on, (std::map<std::string, std::string>{{"x-my-id", "42"}}));
    sent.headers.emplace("x-my-id", "43");
    EXPECT_EQ(read_claim(sent.source, request)->problem, "");
    request.headers = sent.headers;
    EXPECT_NE(read_claim(sent.source, request)->problem, "") << "which of the two?";
    request.headers.erase("x-my-id");
    for (const auto& bad : {std::string("\xff"), std::string(256, 'x')}) {
        request.headers.emplace("x-my-id", bad);
        EXPECT_NE(read_claim(sent.source, request)->problem, "") << "nothing that the database cannot take";
        request.headers.erase("x-my-id");
    }
}

TEST(Verification, HasAWindowWithTwoSides) {
    for (Sent sent : {stripe(), standard()}) {
        for (const auto& [offset, expected] : std::vector<std::pair<double, const char*>>{{-300, "genuine"},
                                                                                          {-301, "stale"},
                                                                                          {300, "genuine"},
                                                                                          {300.9, "genuine"},
                                                                                          {301, "stale"},
                                                                                          {3600, "stale"}}) {
            sent.now = 1614265330 + offset;
            EXPECT_EQ(judged(sent), expected) << offset;
        }
        sent.source.options.tolerance_seconds = 10;
        sent.now = 1614265330 + 11;
        EXPECT_EQ(judged(sent), "stale");
        sent.body += ' ';
        EXPECT_EQ(judged(sent), "forged") << "only who has the secret is told that";
    }
}

TEST(Verification, TriesEverySecretThatIsValidNow) {
    Sent sent = stripe();
    const SourceSecret right = sent.source.secrets[0];
    const SourceSecret wrong{"whsec_other", always, std::nullopt};
    sent.source.secrets = {wrong, right};
    EXPECT_EQ(judged(sent), "genuine");
    sent.source.secrets = {right, wrong};
    EXPECT_EQ(judged(sent), "genuine");
    sent.source.secrets = {{right.key, always, sent.now + 0.5}, wrong};
    EXPECT_EQ(judged(sent), "genuine") << "still valid";
    sent.source.secrets = {{right.key, always, sent.now}, wrong};
    EXPECT_EQ(judged(sent), "forged") << "not any more";
    sent.source.secrets = {{right.key, sent.now + 0.5, std::nullopt}, wrong};
    EXPECT_EQ(judged(sent), "forged") << "not yet";
    Request request;
    request.headers = sent.headers;
    const Claim claim = *read_claim(sent.source, request);
    EXPECT_EQ(verify(sent.source, claim, sent.body, sent.now, 1), Verdict::genuine) << "by the database's clock";
    EXPECT_EQ(verify(sent.source, claim, sent.body, sent.now, -1), Verdict::forged);
    sent.source.secrets = {wrong};
    EXPECT_EQ(judged(sent), "forged");
    sent.source.secrets.clear();
    EXPECT_EQ(judged(sent), "forged");
}

TEST(AnyEqual, ComparesWholeDigests) {
    const std::string digest(32, 'd');
    EXPECT_TRUE(any_equal({digest}, digest));
    EXPECT_TRUE(any_equal({std::string(32, 'e'), digest}, digest));
    EXPECT_FALSE(any_equal({}, digest));
    EXPECT_FALSE(any_equal({""}, digest));
    EXPECT_FALSE(any_equal({std::string(31, 'd')}, digest));
    EXPECT_FALSE(any_equal({std::string(33, 'd')}, digest));
}

TEST(SourceOptions, HaveDefaultsAndLimits) {
    const SourceOptions defaults = read_source_options(R"({"payload": "payment", "header": null, "livemode": true})");
    EXPECT_EQ(defaults.tolerance_seconds, 300);
    EXPECT_EQ(defaults.header, "x-hub-signature-256");
    EXPECT_EQ(defaults.prefix, "sha256=");
    EXPECT_EQ(defaults.encoding, DigestEncoding::hex);
    EXPECT_EQ(defaults.id_header, "");
    EXPECT_EQ(read_source_options(R"({"tolerance_seconds": 60})").tolerance_seconds, 60);
    for (const char* bad : {R"({"tolerance_seconds": -1})", R"({"tolerance_seconds": "60"})", R"({"header": 1})",
                            R"({"prefix": []})", R"({"encoding": "rot13"})", "[]", "null", ""}) {
        EXPECT_ANY_THROW(read_source_options(bad)) << bad;
    }
}

TEST(SourceKey, IsDecodedForStandardWebhooksOnly) {
    EXPECT_EQ(source_key(Scheme::standard, "whsec_a2V5"), "key");
    EXPECT_EQ(source_key(Scheme::standard, "whsec_key!"), std::nullopt);
    EXPECT_EQ(source_key(Scheme::stripe, "whsec_a2V5"), "whsec_a2V5");
    EXPECT_EQ(source_key(Scheme::calcom, ""), std::nullopt);
    EXPECT_EQ(scheme_named("hmac"), Scheme::hmac);
    EXPECT_EQ(scheme_named("stripe"), Scheme::stripe);
    EXPECT_EQ(scheme_named("Stripe"), std::nullopt);
}

} // namespace

} // namespace pgbk::relay
