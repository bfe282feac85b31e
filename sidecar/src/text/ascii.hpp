// ASCII, whatever the locale: case (names of schemes, headers and media types have none), blanks, lists,
// hexadecimal digits.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

inline std::string lower_case(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

inline std::string_view without_spaces(std::string_view text) {
    constexpr std::string_view spaces = " \t";
    const auto first = std::min(text.find_first_not_of(spaces), text.size());
    return text.substr(first, text.find_last_not_of(spaces) + 1 - first);
}

// The value of a hexadecimal digit; -1 if it is none.
inline int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(static_cast<unsigned char>(c) | 0x20U);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// "a, b" is two; nothing but blanks is none.
inline std::vector<std::string_view> comma_separated(std::string_view text) {
    std::vector<std::string_view> parts;
    for (bool more = !without_spaces(text).empty(); more;) {
        const auto comma = std::min(text.find(','), text.size());
        parts.push_back(without_spaces(text.substr(0, comma)));
        more = comma < text.size();
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return parts;
}

} // namespace pgbk::relay
