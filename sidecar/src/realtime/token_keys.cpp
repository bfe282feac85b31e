#include "realtime/token_keys.hpp"

#include <algorithm>

namespace pgbk::relay {

std::optional<std::vector<TokenKey>> parse_token_keys(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    std::vector<TokenKey> keys;
    for (auto start = text.find_first_not_of(blanks); start != std::string_view::npos;
         start = text.find_first_not_of(blanks, start)) {
        const auto end = std::min(text.find_first_of(blanks, start), text.size());
        const auto entry = text.substr(start, end - start);
        const auto colon = entry.find(':');
        TokenKey key;
        if (colon != std::string_view::npos) {
            key.id = entry.substr(0, colon);
        }
        key.secret = colon == std::string_view::npos ? entry : entry.substr(colon + 1);
        if (key.secret.size() < shortest_token_secret) {
            return std::nullopt;
        }
        keys.push_back(std::move(key));
        start = end;
    }
    return keys;
}

} // namespace pgbk::relay
