#include "outbound/signature.hpp"

#include "text/ascii.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace pgbk::relay {

std::string hmac_sha256(std::string_view key, std::string_view message) {
    std::array<unsigned char, 32> digest{};
    unsigned length = 0;
    const auto* const out = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                 reinterpret_cast<const unsigned char*>(message.data()), message.size(), // NOLINT
                                 digest.data(), &length);
    if (out == nullptr || length != digest.size()) {
        throw std::runtime_error("HMAC-SHA256 is not available");
    }
    return {digest.begin(), digest.end()};
}

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
    return out;
}

std::optional<std::string> decode_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');                           // and the NUL that is written
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), // NOLINT
                                       reinterpret_cast<const unsigned char*>(bytes.data()), // NOLINT
                                       static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    std::string out(text.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),        // NOLINT
                                       reinterpret_cast<const unsigned char*>(text.data()), // NOLINT
                                       static_cast<int>(text.size()));
    if (length < 0) {
        return std::nullopt;
    }
    // The decoder counts padding as zero bytes, and accepts spaces around and padding within.
    const auto padding = text.size() - std::min(text.find('='), text.size());
    if (padding > 2) {
        return std::nullopt;
    }
    out.resize(static_cast<std::size_t>(length) - padding);
    return base64(out) == text ? std::optional(out) : std::nullopt;
}

std::optional<std::string> standard_key(std::string_view secret) {
    constexpr std::string_view prefix = "whsec_";
    if (secret.starts_with(prefix)) {
        secret.remove_prefix(prefix.size());
    }
    auto key = decode_base64(secret);
    return key && !key->empty() ? key : std::nullopt;
}

std::string standard_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                               std::string_view body) {
    std::string message;
    message.reserve(id.size() + timestamp.size() + body.size() + 2);
    message.append(id).append(".").append(timestamp).append(".").append(body);
    return "v1," + base64(hmac_sha256(key, message));
}

std::string body_signature(std::string_view key, std::string_view body, DigestEncoding encoding) {
    const std::string digest = hmac_sha256(key, body);
    return encoding == DigestEncoding::hex ? hex(digest) : base64(digest);
}

} // namespace pgbk::relay
