#include "core/timestamp_text.hpp"

#include <algorithm>

namespace pgbk::core {

bool looks_like_timestamp(std::string_view text) {
    constexpr std::string_view pattern = "dddd-dd-ddTdd:dd:dd";
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
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

} // namespace pgbk::core
