#include "outbound/signature.hpp"

#include <gtest/gtest.h>

namespace pgbk::relay {

namespace {

TEST(StandardSignature, IsThatOfTheReferenceTests) {
    const auto key = standard_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(standard_signature(*key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", R"({"test": 2432232314})"),
              "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    EXPECT_EQ(standard_key("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), key) << "the prefix may be missing";
}

TEST(StandardKey, IsCanonicalBase64) {
    EXPECT_EQ(standard_key("whsec_AAAA"), std::string(3, '\0'));
    for (const char* text : {"", "whsec_", "whsec_AAA", "whsec_AAAA=", "whsec_A===", "whsec_AA!A", "whsec_ AAA",
                             "whsec_AAAA\n", "whsec_AB==", "whsec_-_-_", "WHSEC_AAAA", "whsec_AA==AAAA"}) {
        EXPECT_EQ(standard_key(text), std::nullopt) << text;
    }
}

TEST(BodySignature, IsThatOfGitHubsDocumentation) {
    EXPECT_EQ(body_signature("It's a Secret to Everybody", "Hello, World!", DigestEncoding::hex),
              "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

TEST(BodySignature, IsThatOfTheOtherVectors) {
    EXPECT_EQ(body_signature("cal_test_secret",
                             R"({"triggerEvent":"BOOKING_CREATED","createdAt":"2023-05-24T09:30:00.538Z",)"
                             R"("payload":{"uid":"bFJeNb2uX8ANpT3JL5EfXw"}})",
                             DigestEncoding::hex),
              "f532ff36afaaf2277a9e46d58c5114592eea39fc788b03511d0c88ac2fac6bc9");
    EXPECT_EQ(body_signature("awx_test_secret", R"(1357872222592{"id":"evt_1","name":"payment_intent.succeeded"})",
                             DigestEncoding::hex),
              "ee79de7ec139c391ece954305086a02c0b6def637276d409c5413a96a9520779");
    EXPECT_EQ(body_signature("whsec_test_secret", R"(1614265330.{"id":"evt_test_webhook","object":"event"})",
                             DigestEncoding::hex),
              "3c5817089d739023dd6190f70a3757e04f7a2fd8b5dab12c2e000f51970dccff");
}

TEST(BodySignature, IsTheSameDigestInBase64) {
    const std::string digest = hmac_sha256("key", "message");
    EXPECT_EQ(body_signature("key", "message", DigestEncoding::base64), base64(digest));
    EXPECT_EQ(body_signature("key", "message", DigestEncoding::hex), hex(digest));
    EXPECT_EQ(hex(digest), "6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a");
}

TEST(Base64, ReadsBackWhatItWrote) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(decode_base64(base64(bytes)), bytes);
        bytes += static_cast<char>(i * 37);
    }
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
}

TEST(Hex, IsDecodedInEitherCase) {
    EXPECT_EQ(decode_hex(""), "");
    EXPECT_EQ(decode_hex("00ff7fAb"), std::string("\0\xff\x7f\xab", 4));
    EXPECT_EQ(decode_hex(hex("any bytes \x80")), "any bytes \x80");
    for (const char* bad : {"0", "0g", "g0", " 0", "0 ", "0x", "+1", "-1", "00 ", "\xff\xff"}) {
        EXPECT_FALSE(decode_hex(bad)) << bad;
    }
}

} // namespace

} // namespace pgbk::relay
