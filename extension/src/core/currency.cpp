#include "core/currency.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

// The currencies in use of ISO 4217, by their digits.
constexpr std::string_view with_two =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
constexpr std::string_view with_none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
constexpr std::string_view with_three = "BHD IQD JOD KWD LYD OMR TND";
constexpr std::string_view with_four = "CLF UYW";

constexpr std::int64_t largest = 1'000'000'000'000'000;

bool is_in(std::string_view codes, std::string_view code) {
    for (std::size_t at = 0; at < codes.size(); at += 4) {
        if (codes.substr(at, 3) == code) {
            return true;
        }
    }
    return false;
}

std::string upper_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return out;
}

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Money> money(std::optional<std::int64_t> minor, std::string&& code) {
    return minor.has_value() ? std::optional(Money{*minor, std::move(code)}) : std::nullopt;
}

} // namespace

std::optional<int> currency_digits(std::string_view code) {
    constexpr std::array<std::string_view, 5> by_digits{with_none, {}, with_two, with_three, with_four};
    if (code.size() != 3) {
        return std::nullopt;
    }
    for (std::size_t digits = 0; digits < by_digits.size(); ++digits) {
        if (is_in(by_digits.at(digits), code)) {
            return static_cast<int>(digits);
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> minor_units(std::string_view decimal, int digits) {
    const auto point = std::min(decimal.find('.'), decimal.size());
    std::string_view whole = decimal.substr(0, point);
    std::string_view part = decimal.substr(std::min(point + 1, decimal.size()));
    if (whole.empty() || !all_digits(whole) || !all_digits(part) || (point < decimal.size() && part.empty())) {
        return std::nullopt;
    }
    while (!part.empty() && part.back() == '0') {
        part.remove_suffix(1);
    }
    if (part.size() > static_cast<std::size_t>(digits)) {
        return std::nullopt;
    }
    std::string text(whole);
    text += part;
    text.append(static_cast<std::size_t>(digits) - part.size(), '0');
    std::int64_t value = 0;
    for (const char c : text) {
        value = value * 10 + (c - '0');
        if (value > largest) {
            return std::nullopt;
        }
    }
    return value;
}

std::optional<Money> money_of_decimal(std::string_view decimal, std::string_view code) {
    std::string currency = upper_case(code);
    const auto digits = currency_digits(currency);
    return digits.has_value() ? money(minor_units(decimal, *digits), std::move(currency)) : std::nullopt;
}

std::optional<Money> money_of_minor(std::string_view amount, std::string_view code) {
    std::string currency = upper_case(code);
    return currency_digits(currency).has_value() ? money(minor_units(amount, 0), std::move(currency)) : std::nullopt;
}

std::optional<Money> money_of_stripe(std::string_view amount, std::string_view code) {
    // docs.stripe.com/currencies: ISK and UGX have two digits there, always 00, for compatibility; MGA has none.
    const std::string currency = upper_case(code);
    auto found = money_of_minor(amount, code);
    if (!found.has_value()) {
        return std::nullopt;
    }
    if (currency == "ISK" || currency == "UGX") {
        if (found->minor % 100 != 0) {
            return std::nullopt;
        }
        found->minor /= 100;
    } else if (currency == "MGA") {
        found->minor *= 100;
    }
    return found;
}

std::optional<std::string> decimal_of(const Money& money) {
    const auto digits = currency_digits(money.currency);
    if (!digits.has_value() || money.minor < 0 || money.minor > largest) {
        return std::nullopt;
    }
    std::string text = std::to_string(money.minor);
    const auto part = static_cast<std::size_t>(*digits);
    if (part == 0) {
        return text;
    }
    if (text.size() <= part) {
        text.insert(0, part + 1 - text.size(), '0');
    }
    return text.insert(text.size() - part, 1, '.');
}

std::optional<std::int64_t> stripe_amount_of(const Money& money) {
    if (!currency_digits(money.currency).has_value() || money.minor < 0 || money.minor > largest) {
        return std::nullopt;
    }
    if (money.currency == "ISK" || money.currency == "UGX") {
        return money.minor * 100;
    }
    if (money.currency != "MGA") {
        return money.minor;
    }
    return money.minor % 100 == 0 ? std::optional(money.minor / 100) : std::nullopt;
}

} // namespace pgbk::core
