#include "core/timestamp_text.hpp"

#include <algorithm>
#include <chrono>

namespace pgbk::core {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// Takes so many digits off the front; -1 if there are not as many.
int take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits ||
        !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits), is_digit)) {
        return -1;
    }
    int number = 0;
    for (const char c : text.substr(0, digits)) {
        number = number * 10 + (c - '0');
    }
    text.remove_prefix(digits);
    return number;
}

bool take_character(std::string_view& text, std::string_view allowed) {
    if (text.empty() || allowed.find(text.front()) == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    const int year = take_number(text, 4);
    const bool first = take_character(text, "-");
    const int month = take_number(text, 2);
    const bool second = take_character(text, "-");
    const int day = take_number(text, 2);
    const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day)));
    if (year < 0 || month < 0 || day < 0 || !first || !second || !date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date);
}

std::optional<std::chrono::minutes> take_hours_and_minutes(std::string_view& text) {
    const int hours = take_number(text, 2);
    const bool colon = take_character(text, ":");
    const int minutes = take_number(text, 2);
    if (hours < 0 || hours > 23 || !colon || minutes < 0 || minutes > 59) {
        return std::nullopt;
    }
    return std::chrono::hours(hours) + std::chrono::minutes(minutes);
}

// ".5" and the like, cut after microseconds; nothing is zero.
std::optional<std::chrono::microseconds> take_fraction(std::string_view& text) {
    std::chrono::microseconds fraction(0);
    if (!take_character(text, ".")) {
        return fraction;
    }
    std::chrono::microseconds unit(100000);
    int digits = 0;
    for (; !text.empty() && is_digit(text.front()); ++digits, unit /= 10) {
        fraction += unit * (text.front() - '0');
        text.remove_prefix(1);
    }
    return digits >= 1 && digits <= 9 ? std::optional(fraction) : std::nullopt;
}

// East of Greenwich; the whole of what is left.
std::optional<std::chrono::minutes> read_offset(std::string_view text) {
    if (text == "Z" || text == "z") {
        return std::chrono::minutes(0);
    }
    const bool is_west = !text.empty() && text.front() == '-';
    if (!take_character(text, "+-")) {
        return std::nullopt;
    }
    const auto offset = take_hours_and_minutes(text);
    if (!offset.has_value() || !text.empty()) {
        return std::nullopt;
    }
    return is_west ? -*offset : *offset;
}

} // namespace

bool looks_like_timestamp(std::string_view text) {
    constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd";
    if (text.size() < pattern.size() || text.size() > 40) {
        return false;
    }
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const bool fits = pattern[i] == 'd'   ? is_digit(text[i])
                          : pattern[i] == 'T' ? text[i] == 'T' || text[i] == ' '
                                              : pattern[i] == text[i];
        if (!fits) {
            return false;
        }
    }
    std::string_view rest = text.substr(pattern.size());
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        const auto digits = std::find_if_not(rest.begin(), rest.end(), is_digit) - rest.begin();
        if (digits == 0 || digits > 9) {
            return false;
        }
        rest.remove_prefix(static_cast<std::size_t>(digits));
    }
    if (rest.empty() || rest == "Z") {
        return true;
    }
    // +hh, +hhmm, +hh:mm
    if (rest.front() != '+' && rest.front() != '-') {
        return false;
    }
    rest.remove_prefix(1);
    const auto all_digits = [&](std::string_view part) { return std::all_of(part.begin(), part.end(), is_digit); };
    return (rest.size() == 2 && all_digits(rest)) || (rest.size() == 4 && all_digits(rest)) ||
           (rest.size() == 5 && rest[2] == ':' && all_digits(rest.substr(0, 2)) && all_digits(rest.substr(3)));
}

std::optional<std::int64_t> parse_instant(std::string_view text) {
    const auto date = take_date(text);
    const bool separated = take_character(text, "Tt");
    const auto time = take_hours_and_minutes(text);
    const bool colon = take_character(text, ":");
    const int seconds = take_number(text, 2);
    const auto fraction = take_fraction(text);
    const auto offset = read_offset(text);
    if (!date.has_value() || !separated || !time.has_value() || !colon || seconds < 0 || seconds > 59 ||
        !fraction.has_value() || !offset.has_value()) {
        return std::nullopt;
    }
    const auto at = *date + *time + std::chrono::seconds(seconds) + *fraction - *offset;
    return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

} // namespace pgbk::core
