#include "core/validation.hpp"

#include "unit/refused.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

namespace pgbk::core {

namespace {

using std::chrono::seconds;

std::string repeated(std::size_t count, std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += text;
    }
    return out;
}

std::string party_size(std::int32_t value) {
    return test::outcome_of([&] { check_party_size(value); });
}

std::string email(std::string_view value) {
    return test::outcome_of([&] { check_email(value); });
}

std::string key(std::string_view value) {
    return test::outcome_of([&] { check_idempotency_key(value); });
}

std::string hold(std::int64_t requested, std::int64_t longest) {
    return test::outcome_of([&] { check_hold_length(seconds(requested), seconds(longest)); });
}

std::string days_ahead(std::int32_t value) {
    return test::outcome_of([&] { check_days_ahead(value); });
}

std::string limit(std::int32_t value) {
    return test::outcome_of([&] { check_limit(value); });
}

std::string name(std::string_view value) {
    return test::outcome_of([&] { check_customer_name(value); });
}

std::string phone(std::string_view value) {
    return test::outcome_of([&] { check_customer_phone(value); });
}

constexpr std::int32_t least = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t most = std::numeric_limits<std::int32_t>::max();

std::string fits(std::int32_t party, std::int32_t smallest, std::optional<std::int32_t> largest) {
    return test::outcome_of([&] { check_party_fits(party, smallest, largest); });
}

TEST(PartySize, FitsWhatTheActivityTakes) {
    EXPECT_EQ(fits(1, 2, 6), "invalid_party_size");
    EXPECT_EQ(fits(2, 2, 6), "accepted");
    EXPECT_EQ(fits(6, 2, 6), "accepted");
    EXPECT_EQ(fits(7, 2, 6), "invalid_party_size");
    EXPECT_EQ(fits(1, 2, std::nullopt), "invalid_party_size");
    EXPECT_EQ(fits(most, 2, std::nullopt), "accepted");
}

TEST(PartySize, IsPositive) {
    EXPECT_EQ(party_size(least), "invalid_party_size");
    EXPECT_EQ(party_size(-1), "invalid_party_size");
    EXPECT_EQ(party_size(0), "invalid_party_size");
    EXPECT_EQ(party_size(1), "accepted");
    EXPECT_EQ(party_size(most), "accepted");
}

TEST(Email, TakesOrdinaryAddresses) {
    for (const std::string_view address : {"ann@example.org", "a@b.co", "ann.lee+padel@mail.example.co.uk",
                                           "o'neill@example.org", "1@2.example", "!#$%&'*+-/=?^_`{|}~@example.org",
                                           "gr\u00fc\u00dfe@example.org", "a@xn--bcher-kva.example", "A@EXAMPLE.ORG"}) {
        EXPECT_EQ(email(address), "accepted") << address;
    }
}

TEST(Email, NeedsALocalPartAndADottedDomain) {
    for (const std::string_view address : {"", "@", "ann", "ann@", "@example.org", "ann@example", "ann@example.",
                                           "ann@.example.org", "ann@example..org", "ann@@example.org", "a@b@c.org"}) {
        EXPECT_EQ(email(address), "invalid_email") << address;
    }
}

TEST(Email, HasNoDotAtAnEndOfTheLocalPartAndNoTwoInARow) {
    EXPECT_EQ(email("a.b@example.org"), "accepted");
    for (const std::string_view address : {".a@example.org", "a.@example.org", "a..b@example.org", ".@example.org"}) {
        EXPECT_EQ(email(address), "invalid_email") << address;
    }
}

TEST(Email, HasNoSpacesControlsQuotesOrLists) {
    for (const char c : std::string_view(" \t\r\n\x01\x7f\"(),:;<>[\\]")) {
        EXPECT_EQ(email(std::string("a") + c + "b@example.org"), "invalid_email") << static_cast<int>(c);
        EXPECT_EQ(email(std::string("a@exam") + c + "ple.org"), "invalid_email") << static_cast<int>(c);
        EXPECT_EQ(email(std::string("a@example.org") + c), "invalid_email") << static_cast<int>(c);
    }
    EXPECT_EQ(email(std::string_view("a\0b@example.org", 15)), "invalid_email");
}

TEST(Email, HasNoAddressLiteral) {
    EXPECT_EQ(email("a@[192.0.2.1]"), "invalid_email");
    EXPECT_EQ(email("a@192.0.2.1"), "invalid_email");
    EXPECT_EQ(email("a@192.0.2.1a"), "accepted");
}

TEST(Email, HasALocalPartOfAtMost64Bytes) {
    EXPECT_EQ(email(repeated(64, "a") + "@example.org"), "accepted");
    EXPECT_EQ(email(repeated(65, "a") + "@example.org"), "invalid_email");
    EXPECT_EQ(email(repeated(32, "\u00e9") + "@example.org"), "accepted");
    EXPECT_EQ(email(repeated(32, "\u00e9") + "a@example.org"), "invalid_email");
}

TEST(Email, HasDomainLabelsOf1To63BytesWithoutHyphenAtAnEnd) {
    EXPECT_EQ(email("a@b.org"), "accepted");
    EXPECT_EQ(email("a@" + repeated(63, "b") + ".org"), "accepted");
    EXPECT_EQ(email("a@" + repeated(64, "b") + ".org"), "invalid_email");
    EXPECT_EQ(email("a@example." + repeated(64, "o")), "invalid_email");
    EXPECT_EQ(email("a@b-c.org"), "accepted");
    EXPECT_EQ(email("a@-b.org"), "invalid_email");
    EXPECT_EQ(email("a@b-.org"), "invalid_email");
    EXPECT_EQ(email("a@b_c.org"), "invalid_email");
}

TEST(Email, HasAtMost254Bytes) {
    const std::string local = repeated(64, "a") + "@";
    const std::string labels = repeated(63, "b") + "." + repeated(63, "c") + ".";
    EXPECT_EQ((local + labels + repeated(61, "d")).size(), 254U);
    EXPECT_EQ(email(local + labels + repeated(61, "d")), "accepted");
    EXPECT_EQ(email(local + labels + repeated(62, "d")), "invalid_email");
}

// Refusals end in logs.
TEST(PersonalData, IsNotRepeatedInTheRefusal) {
    const auto message = [](auto check) {
        const auto refusal = test::refusal_of(check);
        return refusal.has_value() ? refusal->message() + refusal->detail() + refusal->hint() : "accepted";
    };
    EXPECT_EQ(message([] { check_email("secret\nperson"); }).find("secret"), std::string::npos);
    EXPECT_EQ(message([] { check_customer_name("secret\nperson"); }).find("secret"), std::string::npos);
    EXPECT_EQ(message([] { check_customer_phone("secret"); }).find("secret"), std::string::npos);
    EXPECT_TRUE(message([] { check_email("secret"); }).starts_with("invalid e-mail address of 6 bytes"));
}

TEST(IdempotencyKey, Has16To255Bytes) {
    EXPECT_EQ(key(""), "invalid_idempotency_key");
    EXPECT_EQ(key(repeated(15, "k")), "invalid_idempotency_key");
    EXPECT_EQ(key(repeated(16, "k")), "accepted");
    EXPECT_EQ(key(repeated(255, "k")), "accepted");
    EXPECT_EQ(key(repeated(256, "k")), "invalid_idempotency_key");
}

TEST(IdempotencyKey, IsOfVisibleAscii) {
    for (int c = 0; c < 256; ++c) {
        const std::string candidate = repeated(20, "k") + static_cast<char>(c);
        EXPECT_EQ(key(candidate), c > 0x20 && c < 0x7F ? "accepted" : "invalid_idempotency_key") << c;
    }
}

TEST(IdempotencyKey, IsNotRepeatedInTheRefusal) {
    const auto refusal = test::refusal_of([] { check_idempotency_key("secret"); });
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ((refusal->message() + refusal->detail() + refusal->hint()).find("secret"), std::string::npos);
}

TEST(HoldLength, IsOneSecondToTheLongest) {
    EXPECT_EQ(hold(-1, 600), "invalid_hold_length");
    EXPECT_EQ(hold(0, 600), "invalid_hold_length");
    EXPECT_EQ(hold(1, 600), "accepted");
    EXPECT_EQ(hold(600, 600), "accepted");
    EXPECT_EQ(hold(601, 600), "invalid_hold_length");
}

TEST(DaysAhead, IsZeroToTenYears) {
    EXPECT_EQ(days_ahead(-1), "invalid_generation_range");
    EXPECT_EQ(days_ahead(0), "accepted");
    EXPECT_EQ(days_ahead(3660), "accepted");
    EXPECT_EQ(days_ahead(3661), "invalid_generation_range");
    EXPECT_EQ(days_ahead(least), "invalid_generation_range");
    EXPECT_EQ(days_ahead(most), "invalid_generation_range");
}

TEST(Limit, IsOneToAThousand) {
    EXPECT_EQ(limit(least), "invalid_limit");
    EXPECT_EQ(limit(0), "invalid_limit");
    EXPECT_EQ(limit(1), "accepted");
    EXPECT_EQ(limit(1000), "accepted");
    EXPECT_EQ(limit(1001), "invalid_limit");
    EXPECT_EQ(limit(most), "invalid_limit");
}

TEST(CustomerName, Has1To200Characters) {
    EXPECT_EQ(name(""), "invalid_customer");
    EXPECT_EQ(name("A"), "accepted");
    EXPECT_EQ(name(repeated(200, "n")), "accepted");
    EXPECT_EQ(name(repeated(201, "n")), "invalid_customer");
}

TEST(CustomerName, CountsCharactersNotBytes) {
    EXPECT_EQ(name(repeated(200, "\U0001F3BE")), "accepted");
    EXPECT_EQ(name(repeated(201, "\U0001F3BE")), "invalid_customer");
}

TEST(CustomerName, IsNotBlank) {
    for (const std::string_view blank : {" ", "\t", " \t ", "\n", "\r\n", " \n "}) {
        EXPECT_EQ(name(blank), "invalid_customer") << testing::PrintToString(blank);
    }
    EXPECT_EQ(name(" A "), "accepted");
}

TEST(CustomerName, HasNoControlCharacters) {
    for (int c = 0; c < 0x80; ++c) {
        EXPECT_EQ(name(std::string{'A', static_cast<char>(c), 'B'}),
                  c < 0x20 || c == 0x7F ? "invalid_customer" : "accepted")
            << c;
    }
    EXPECT_EQ(name("J\u00fcrgen \u00c5"), "accepted");
}

TEST(CustomerPhone, Has3To40Characters) {
    EXPECT_EQ(phone("11"), "invalid_customer");
    EXPECT_EQ(phone("112"), "accepted");
    EXPECT_EQ(phone(repeated(40, "1")), "accepted");
    EXPECT_EQ(phone(repeated(41, "1")), "invalid_customer");
}

TEST(CustomerPhone, IsOfDigitsAndTheListedSigns) {
    for (int c = 0; c < 256; ++c) {
        const bool listed = std::string_view("0123456789 +-().x/").find(static_cast<char>(c)) != std::string_view::npos;
        EXPECT_EQ(phone(std::string("+49 30 ") + static_cast<char>(c) + "1"), listed ? "accepted" : "invalid_customer")
            << c;
    }
}

TEST(TimeZoneName, TakesIanaNames) {
    for (const std::string_view zone :
         {"UTC", "GMT", "Europe/Berlin", "America/Port-au-Prince", "America/Argentina/Buenos_Aires", "Etc/UTC",
          "Etc/GMT", "Etc/GMT0", "Etc/GMT+0", "Etc/GMT-0", "Etc/GMT+1", "Etc/GMT+12", "Etc/GMT-9", "Etc/GMT-14",
          "Antarctica/DumontDUrville", "US/East-Indiana"}) {
        EXPECT_TRUE(looks_like_time_zone_name(zone)) << zone;
    }
}

TEST(TimeZoneName, IsNoAbbreviationNumberOrPath) {
    for (const std::string_view zone : {"", "/", "CET", "utc", "+02", "-3", "02:00", "Europe", "Europe/", "/Europe",
                                        "Europe//Berlin", "Europe/Berlin ", " Europe/Berlin", "Europe/../Berlin",
                                        "Europe/Ber lin", "Europe/Berlin\n", "<+02>/x", ":Europe/Berlin"}) {
        EXPECT_FALSE(looks_like_time_zone_name(zone)) << zone;
    }
    EXPECT_FALSE(looks_like_time_zone_name(std::string_view("Europe/Berlin\0", 14)));
}

TEST(TimeZoneName, IsNoPosixRule) {
    // PostgreSQL takes each of these for a POSIX rule, those with a word behind the number with American summer time.
    for (const std::string_view zone :
         {"EST5EDT", "EST5EDT4", "Europe/Berlin1", "Etc/UTC+3", "Etc/GMT5", "Etc/GMTX5", "Etc/GMT+99", "Etc/GMT+",
          "Etc/GMT+05", "Etc/GMT-100", "Etc/GMT+13", "Etc/GMT-15", "Etc/GMT+5Foo", "Etc/GMT+5/Berlin"}) {
        EXPECT_FALSE(looks_like_time_zone_name(zone)) << zone;
    }
}

TEST(TimeZoneName, HasAtMost64Bytes) {
    EXPECT_TRUE(looks_like_time_zone_name("A/" + repeated(62, "b")));
    EXPECT_FALSE(looks_like_time_zone_name("A/" + repeated(63, "b")));
}

} // namespace

} // namespace pgbk::core
