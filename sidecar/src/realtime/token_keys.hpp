// The secrets that tokens may be signed with, as the configuration lists them. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

struct TokenKey {
    std::string id; // "kid" of the tokens that it signs; empty: of those that name none of the others
    std::string secret;
};

inline constexpr std::size_t shortest_token_secret = 32; // as long as what HS256 makes of it

// With blanks between them, "secret" or "kid:secret"; what comes before the first colon is the kid. Nothing if one of
// them is too short.
std::optional<std::vector<TokenKey>> parse_token_keys(std::string_view text);

} // namespace pgbk::relay
