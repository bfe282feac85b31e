// Case of ASCII letters, whatever the locale: names of schemes, headers and media types have none.
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

} // namespace pgbk::relay
