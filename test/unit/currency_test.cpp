#include "core/currency.hpp"

#include <gtest/gtest.h>

namespace pgbk::core {

namespace {

TEST(CurrencyDigits, FollowIso4217) {
    EXPECT_EQ(currency_digits("USD"), 2);
    EXPECT_EQ(currency_digits("EUR"), 2);
    EXPECT_EQ(currency_digits("ZWG"), 2);
    EXPECT_EQ(currency_digits("JPY"), 0);
    EXPECT_EQ(currency_digits("XPF"), 0);
    EXPECT_EQ(currency_digits("KWD"), 3);
    EXPECT_EQ(currency_digits("CLF"), 4);
}

TEST(CurrencyDigits, AreUnknownForWhatIsNoCurrency) {
    for (const auto* const code : {"", "US", "USDX", "usd", "XXX", "XAU", "D A", " US", "AED AFN"}) {
        EXPECT_EQ(currency_digits(code), std::nullopt) << code;
    }
}

TEST(MinorUnits, AreExact) {
    EXPECT_EQ(minor_units("16.66", 2), 1666);
    EXPECT_EQ(minor_units("16.6", 2), 1660);
    EXPECT_EQ(minor_units("16", 2), 1600);
    EXPECT_EQ(minor_units("0.07", 2), 7);
    EXPECT_EQ(minor_units("0", 2), 0);
    EXPECT_EQ(minor_units("1.235", 3), 1235);
    EXPECT_EQ(minor_units("500", 0), 500);
    EXPECT_EQ(minor_units("0.29", 2), 29) << "0.29 has no exact double";
    EXPECT_EQ(minor_units("1.15", 2), 115);
}

TEST(MinorUnits, OfMoreDigitsThanTheCurrencyHasAreNone) {
    EXPECT_EQ(minor_units("16.655", 2), std::nullopt);
    EXPECT_EQ(minor_units("16.650", 2), 1665) << "zeros at the end are no digits";
    EXPECT_EQ(minor_units("500.5", 0), std::nullopt);
    EXPECT_EQ(minor_units("500.00", 0), 500);
}

TEST(MinorUnits, OfWhatIsNoAmountAreNone) {
    for (const auto* const text : {"", "-1", "+1", ".5", "5.", "1e3", "1,5", "1.2.3", " 1", "1 ", "NaN", "0x10", "."}) {
        EXPECT_EQ(minor_units(text, 2), std::nullopt) << text;
    }
}

TEST(MinorUnits, HaveALargestAmount) {
    EXPECT_EQ(minor_units("1000000000000000", 0), 1'000'000'000'000'000);
    EXPECT_EQ(minor_units("1000000000000001", 0), std::nullopt);
    EXPECT_EQ(minor_units("10000000000000.00", 2), 1'000'000'000'000'000);
    EXPECT_EQ(minor_units("10000000000000.01", 2), std::nullopt);
    EXPECT_EQ(minor_units(std::string(400, '9'), 2), std::nullopt);
    EXPECT_EQ(minor_units("000000000000000000000001", 0), 1);
}

TEST(Money, TakesTheCodeInEitherCase) {
    EXPECT_EQ(money_of_decimal("16.66", "usd"), (Money{1666, "USD"}));
    EXPECT_EQ(money_of_decimal("1666", "JPY"), (Money{1666, "JPY"}));
    EXPECT_EQ(money_of_decimal("16.66", "JPY"), std::nullopt);
    EXPECT_EQ(money_of_decimal("16.66", "XXX"), std::nullopt);
    EXPECT_EQ(money_of_minor("1666", "Eur"), (Money{1666, "EUR"}));
    EXPECT_EQ(money_of_minor("16.66", "EUR"), std::nullopt);
    EXPECT_EQ(money_of_minor("1", ""), std::nullopt);
}

TEST(Money, OfStripeIsInItsOwnUnitsForAFewCurrencies) {
    EXPECT_EQ(money_of_stripe("1999", "usd"), (Money{1999, "USD"}));
    EXPECT_EQ(money_of_stripe("500", "jpy"), (Money{500, "JPY"}));
    EXPECT_EQ(money_of_stripe("500", "isk"), (Money{5, "ISK"}));
    EXPECT_EQ(money_of_stripe("550", "isk"), std::nullopt) << "there is no half a krona";
    EXPECT_EQ(money_of_stripe("100", "UGX"), (Money{1, "UGX"}));
    EXPECT_EQ(money_of_stripe("7", "mga"), (Money{700, "MGA"}));
    EXPECT_EQ(money_of_stripe("1.5", "usd"), std::nullopt);
}

TEST(Money, IsWrittenAsItIsRead) {
    for (const auto* const code : {"USD", "JPY", "KWD", "CLF", "ISK", "UGX"}) {
        for (const std::int64_t minor : {std::int64_t{0}, std::int64_t{7}, std::int64_t{29}, std::int64_t{2500},
                                         std::int64_t{1'000'000'000'000'000}}) {
            const Money money{minor, code};
            EXPECT_EQ(money_of_decimal(decimal_of(money).value_or("?"), code), money) << code << minor;
        }
        const Money price{12300, code};
        EXPECT_EQ(money_of_stripe(std::to_string(stripe_amount_of(price).value_or(-1)), code), price) << code;
    }
    EXPECT_EQ(decimal_of({7, "USD"}), "0.07");
    EXPECT_EQ(stripe_amount_of({500, "MGA"}), 5);
    EXPECT_EQ(stripe_amount_of({550, "MGA"}), std::nullopt);
    for (const Money& none : {Money{-1, "USD"}, Money{1, "XXX"}, Money{1, ""}}) {
        EXPECT_EQ(decimal_of(none), std::nullopt);
        EXPECT_EQ(stripe_amount_of(none), std::nullopt);
    }
}

} // namespace

} // namespace pgbk::core
