// Money in minor units: how many digits a currency has (ISO 4217), and exact conversion of what providers write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgbk::core {

struct Money {
    std::int64_t minor;
    std::string currency; // three capital letters

    friend bool operator==(const Money&, const Money&) = default;
};

// Digits after the point, 0 to 4; nothing for a code that stands for no money.
std::optional<int> currency_digits(std::string_view code);

// A decimal number, such as 16.66, in minor units. Nothing if it is negative, no number, has more digits than the
// currency (zeros at the end do not count), or is more than 10^15: no rounding, ever.
std::optional<std::int64_t> minor_units(std::string_view decimal, int digits);

// Amounts as most providers write them, in major units, and as Stripe does: minor units but for a few currencies. The
// code may be in either case. Nothing where minor_units() has nothing, or the currency is unknown.
std::optional<Money> money_of_decimal(std::string_view decimal, std::string_view code);
std::optional<Money> money_of_minor(std::string_view amount, std::string_view code);
std::optional<Money> money_of_stripe(std::string_view amount, std::string_view code);

// The reverse: what is written to them. Nothing where the currency is unknown, the amount is negative, or Stripe has no
// such amount.
std::optional<std::string> decimal_of(const Money& money);
std::optional<std::int64_t> stripe_amount_of(const Money& money);

} // namespace pgbk::core
