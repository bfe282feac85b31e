#include "core/webhook_secret.hpp"

#include "core/refusal.hpp"
#include "core/token.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::core {

namespace {

constexpr std::string_view prefix = "whsec_";
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t least_key = 24;
constexpr std::size_t most_key = 64;
constexpr std::size_t least_characters = 16;
constexpr std::size_t most_characters = 512;

[[noreturn]] void refuse(const std::string& problem, std::string hint) {
    throw Refusal(RefusalKind::invalid_webhook_secret, problem, {}, std::move(hint));
}

// How many bytes the base64 stands for; nothing unless it is padded and canonical, so that every library reads the
// same key.
std::size_t decoded_size(std::string_view text) {
    std::size_t padding = 0;
    while (padding < 2 && text.size() > padding && text[text.size() - 1 - padding] == '=') {
        ++padding;
    }
    const std::string_view digits = text.substr(0, text.size() - padding);
    if (text.empty() || text.size() % 4 != 0 || digits.find_first_not_of(alphabet) != std::string_view::npos) {
        return 0;
    }
    const std::size_t unused_bits = padding == 1 ? 3U : padding == 2 ? 15U : 0U;
    return (alphabet.find(digits.back()) & unused_bits) != 0 ? 0 : text.size() / 4 * 3 - padding;
}

std::string base64(const std::array<std::uint8_t, 32>& bytes) {
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group = group << 8U | (k < count ? bytes.at(i + k) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            out += k <= count ? alphabet[group >> (18U - 6U * k) & 63U] : '=';
        }
    }
    return out;
}

void check_standard(std::string_view secret) {
    if (!secret.starts_with(prefix)) {
        refuse("a standard secret begins with whsec_", "Pass NULL to have one made.");
    }
    const std::size_t size = decoded_size(secret.substr(prefix.size()));
    if (size == 0) {
        refuse("the standard secret is not base64 after whsec_", "Pass NULL to have one made.");
    }
    if (size < least_key || size > most_key) {
        refuse("the standard secret is too " + std::string(size < least_key ? "short" : "long") + ": " +
                   std::to_string(size) + " bytes",
               "The key of Standard Webhooks has 24 to 64 bytes; pass NULL to have one made.");
    }
}

} // namespace

void check_secret_scheme(std::string_view scheme) {
    if (scheme != "standard" && scheme != "bearer" && scheme != "make_apikey" && scheme != "hmac") {
        refuse("unknown secret scheme " + quoted(scheme), "Schemes are standard, bearer, make_apikey and hmac.");
    }
}

void check_webhook_secret(std::string_view scheme, std::string_view secret) {
    check_secret_scheme(scheme);
    if (scheme == "standard") {
        check_standard(secret);
        return;
    }
    if (secret.size() < least_characters || secret.size() > most_characters) {
        refuse("the secret is too " + std::string(secret.size() < least_characters ? "short" : "long") + ": " +
                   std::to_string(secret.size()) + " characters",
               "Pass 16 to 512 printable ASCII characters that nobody can guess, or NULL to have one made.");
    }
    if (!std::all_of(secret.begin(), secret.end(), [](char c) { return c > ' ' && c < '\x7f'; })) {
        refuse("the secret has a space, a control character or one that is not ASCII",
               "Pass 16 to 512 printable ASCII characters that nobody can guess, or NULL to have one made.");
    }
}

std::string make_webhook_secret(std::string_view scheme, const std::array<std::uint8_t, 32>& random) {
    return scheme == "standard" ? std::string(prefix) + base64(random) : token_text(random);
}

} // namespace pgbk::core
