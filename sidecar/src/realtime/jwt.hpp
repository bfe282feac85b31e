// JSON Web Tokens: HS256 and nothing else (RFC 7519, 8725). What the token says of its own algorithm decides nothing.
// Pure.
#pragma once

#include "realtime/token_keys.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace pgbk::relay {

struct TokenRules {
    std::vector<TokenKey> keys;
    std::string audience; // empty: any
    std::string issuer;   // empty: any
};

struct VerifiedToken {
    boost::json::object claims;
    std::chrono::system_clock::time_point expires;
};

struct RefusedToken {
    std::string_view cause;  // one word, for metrics
    std::string_view reason; // for the client
};

inline constexpr std::size_t longest_token = 8'192;

std::variant<VerifiedToken, RefusedToken> verify_token(std::string_view token, const TokenRules& rules,
                                                       std::chrono::system_clock::time_point now);

} // namespace pgbk::relay
