// Case of ASCII letters, whatever the locale: names of schemes, headers and media types have none; and blanks around
// values of headers.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

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

} // namespace pgbk::relay
