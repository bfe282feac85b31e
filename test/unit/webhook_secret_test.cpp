#include "core/webhook_secret.hpp"

#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pgbk::core {

namespace {

std::string secret(std::string_view scheme, std::string_view value) {
    return test::outcome_of([&] { check_webhook_secret(scheme, value); });
}

const std::string refused = "invalid_webhook_secret";

// base64 of so many zero bytes.
std::string whsec(std::size_t bytes) {
    std::string text(bytes / 3 * 4, 'A');
    if (bytes % 3 == 1) {
        text += "AA==";
    } else if (bytes % 3 == 2) {
        text += "AAA=";
    }
    return "whsec_" + text;
}

TEST(StandardSecret, Has24To64Bytes) {
    EXPECT_EQ(secret("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), "accepted");
    for (std::size_t bytes = 0; bytes < 80; ++bytes) {
        EXPECT_EQ(secret("standard", whsec(bytes)), bytes >= 24 && bytes <= 64 ? "accepted" : refused) << bytes;
    }
}

TEST(StandardSecret, IsCanonicalBase64) {
    const std::string good = whsec(32);
    EXPECT_EQ(secret("standard", good), "accepted");
    EXPECT_EQ(secret("standard", good.substr(0, good.size() - 1)), refused) << "without its padding";
    EXPECT_EQ(secret("standard", good + "="), refused);
    EXPECT_EQ(secret("standard", "whsec_" + std::string(42, 'A') + "B="), refused) << "bits that are not used";
    EXPECT_EQ(secret("standard", "whsec_" + std::string(43, '-') + "="), refused) << "base64url";
    EXPECT_EQ(secret("standard", good.substr(0, 20) + " " + good.substr(21)), refused);
    EXPECT_EQ(secret("standard", good.substr(0, 20) + "=" + good.substr(21)), refused);
    EXPECT_EQ(secret("standard", good + "\n"), refused);
    EXPECT_EQ(secret("standard", good.substr(6)), refused) << "without its prefix";
    EXPECT_EQ(secret("standard", "WHSEC_" + good.substr(6)), refused);
    EXPECT_EQ(secret("standard", ""), refused);
    EXPECT_EQ(secret("standard", "whsec_===="), refused);
}

TEST(OtherSecrets, Are16To512PrintableCharacters) {
    for (const auto* const scheme : {"bearer", "make_apikey", "hmac"}) {
        EXPECT_EQ(secret(scheme, std::string(15, 'x')), refused);
        EXPECT_EQ(secret(scheme, std::string(16, 'x')), "accepted");
        EXPECT_EQ(secret(scheme, std::string(512, '~')), "accepted");
        EXPECT_EQ(secret(scheme, std::string(513, 'x')), refused);
        EXPECT_EQ(secret(scheme, "sixteen characters"), refused) << "a space";
        EXPECT_EQ(secret(scheme, "0123456789abcdef\r\nX-Evil: 1"), refused);
        EXPECT_EQ(secret(scheme, "schl\xc3\xbcssel-von-hier"), refused);
        EXPECT_EQ(secret(scheme, ""), refused);
    }
}

TEST(Secrets, HaveAKnownScheme) {
    for (const auto* const scheme : {"", "Standard", "v1", "ed25519", "hmac "}) {
        EXPECT_EQ(secret(scheme, whsec(32)), refused) << scheme;
    }
}

TEST(Secrets, AreNeverShown) {
    for (const auto* const scheme : {"standard", "bearer", "make_apikey", "hmac"}) {
        for (const std::string value :
             {"TOPSECRET", "TOPSECRET TOPSECRET TOPSECRET", "whsec_TOPSECRET", "whsec_\tTOPSECRETTOP"}) {
            const auto refusal = test::refusal_of([&] { check_webhook_secret(scheme, value); });
            ASSERT_TRUE(refusal.has_value()) << scheme << value;
            EXPECT_EQ((refusal->message() + refusal->detail() + refusal->hint()).find("TOPSECRET"), std::string::npos);
        }
    }
}

TEST(Secrets, AShortOneIsCalledShort) {
    const auto refusal = test::refusal_of([] { check_webhook_secret("bearer", "abc"); });
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->message(), "the secret is too short: 3 characters");
    const auto standard = test::refusal_of([] { check_webhook_secret("standard", whsec(16)); });
    ASSERT_TRUE(standard.has_value());
    EXPECT_EQ(standard->message(), "the standard secret is too short: 16 bytes");
}

TEST(Secrets, ThoseWeMakeAreGood) {
    std::array<std::uint8_t, 32> random{};
    for (int i = 0; i < 256; ++i) {
        random.fill(static_cast<std::uint8_t>(i));
        for (const auto* const scheme : {"standard", "bearer", "make_apikey", "hmac"}) {
            EXPECT_EQ(secret(scheme, make_webhook_secret(scheme, random)), "accepted") << scheme << i;
        }
    }
    random = {0xfb, 0xff, 0xbf, 0, 1, 2};
    EXPECT_EQ(make_webhook_secret("standard", random), "whsec_+/+/AAECAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

} // namespace

} // namespace pgbk::core
