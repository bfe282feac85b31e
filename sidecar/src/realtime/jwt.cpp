#include "realtime/jwt.hpp"

#include "inbound/strict_json.hpp"
#include "outbound/signature.hpp"

#include <boost/json/parse.hpp>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace pgbk::relay {

namespace {

namespace json = boost::json;
using Clock = std::chrono::system_clock;

constexpr RefusedToken malformed{"malformed", "the token is no JSON Web Token"};
constexpr RefusedToken wrong_algorithm{"algorithm", "the token is not signed with HS256"};
constexpr RefusedToken wrong_signature{"signature", "the token's signature is not valid"};
constexpr RefusedToken no_expiry{"no_expiry", "the token does not say when it expires"};
constexpr RefusedToken expired{"expired", "the token has expired"};
constexpr RefusedToken too_early{"too_early", "the token is not valid yet"};
constexpr RefusedToken wrong_audience{"audience", "the token is for another audience"};
constexpr RefusedToken wrong_issuer{"issuer", "the token is from another issuer"};

constexpr double clock_tolerance = 30;   // seconds, for "nbf" only: an expired token is an expired token
constexpr double latest = 4'102'444'800; // 2100: the clock's own range ends in 2262
constexpr std::size_t digest_size = 32;

struct Parts {
    std::string_view header, payload, signature, signed_text;
};

std::optional<Parts> split(std::string_view token) {
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
        return std::nullopt;
    }
    return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                 token.substr(0, second)};
}

// base64url without padding (RFC 7515, 2); one spelling for each value.
std::optional<std::string> decode(std::string_view text) {
    std::string usual(text);
    if (usual.find_first_of("+/=") != std::string::npos) {
        return std::nullopt;
    }
    std::replace(usual.begin(), usual.end(), '-', '+');
    std::replace(usual.begin(), usual.end(), '_', '/');
    usual.append((4 - usual.size() % 4) % 4, '=');
    return decode_base64(usual);
}

std::optional<json::object> decode_object(std::string_view text) {
    const auto decoded = decode(text);
    if (!decoded || !json_problem(*decoded).empty()) {
        return std::nullopt;
    }
    json::error_code error;
    auto value = json::parse(*decoded, error);
    return error || !value.is_object() ? std::nullopt : std::optional(std::move(value.get_object()));
}

std::optional<std::string_view> text_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value == nullptr || !value->is_string() ? std::nullopt
                                                   : std::optional<std::string_view>(value->get_string());
}

std::optional<double> number_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    return value == nullptr || !value->is_number() ? std::nullopt : std::optional(value->to_number<double>());
}

// Those that the token's "kid" means: the ones of that name; without such, those that have none; without a "kid", all.
std::vector<const TokenKey*> candidates(const TokenRules& rules, const std::optional<std::string_view>& id) {
    const auto chosen = [&](const auto& wanted) {
        std::vector<const TokenKey*> found;
        for (const auto& key : rules.keys) {
            if (wanted(key)) {
                found.push_back(&key);
            }
        }
        return found;
    };
    if (!id || id->empty()) {
        return chosen([](const TokenKey&) { return true; });
    }
    auto named = chosen([&](const TokenKey& key) { return key.id == *id; });
    return named.empty() ? chosen([](const TokenKey& key) { return key.id.empty(); }) : named;
}

// All of them are compared to their end.
bool is_signed(const Parts& parts, const std::vector<const TokenKey*>& keys) {
    const auto claimed = decode(parts.signature);
    if (!claimed || claimed->size() != digest_size) {
        return false;
    }
    bool found = false;
    for (const auto* key : keys) {
        const std::string digest = hmac_sha256(key->secret, parts.signed_text);
        found |= CRYPTO_memcmp(claimed->data(), digest.data(), digest_size) == 0;
    }
    return found;
}

bool is_for(const json::object& claims, std::string_view audience) {
    const auto* const value = claims.if_contains("aud");
    if (value != nullptr && value->is_array()) {
        const auto& list = value->get_array();
        return std::any_of(list.begin(), list.end(), [&](const json::value& one) {
            return one.is_string() && std::string_view(one.get_string()) == audience;
        });
    }
    return text_of(claims, "aud") == audience;
}

double seconds(Clock::time_point time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// What is wrong with what a genuine token says; nothing if it is in order.
std::optional<RefusedToken> refusal(const json::object& claims, const TokenRules& rules, double now) {
    const auto expires = number_of(claims, "exp");
    if (!expires || !std::isfinite(*expires)) {
        return no_expiry;
    }
    if (*expires <= now) {
        return expired;
    }
    if (claims.contains("nbf")) {
        const auto begins = number_of(claims, "nbf");
        if (!begins || !(*begins <= now + clock_tolerance)) {
            return too_early;
        }
    }
    if (!rules.audience.empty() && !is_for(claims, rules.audience)) {
        return wrong_audience;
    }
    if (!rules.issuer.empty() && text_of(claims, "iss") != rules.issuer) {
        return wrong_issuer;
    }
    return std::nullopt;
}

} // namespace

std::variant<VerifiedToken, RefusedToken> verify_token(std::string_view token, const TokenRules& rules,
                                                       Clock::time_point now) {
    const auto parts = token.size() > longest_token ? std::nullopt : split(token);
    const auto header = parts ? decode_object(parts->header) : std::nullopt;
    if (!header) {
        return malformed;
    }
    if (text_of(*header, "alg") != "HS256") {
        return wrong_algorithm;
    }
    // Extensions that have to be understood, and none is; a "kid" that is no text names nothing.
    if (header->contains("crit") || (header->contains("kid") && !text_of(*header, "kid"))) {
        return malformed;
    }
    if (!is_signed(*parts, candidates(rules, text_of(*header, "kid")))) {
        return wrong_signature;
    }
    auto claims = decode_object(parts->payload);
    if (!claims) {
        return malformed;
    }
    if (const auto refused = refusal(*claims, rules, seconds(now))) {
        return *refused;
    }
    const auto expires = std::chrono::duration<double>(std::min(*number_of(*claims, "exp"), latest));
    return VerifiedToken{std::move(*claims), Clock::time_point(std::chrono::duration_cast<Clock::duration>(expires))};
}

} // namespace pgbk::relay
