// Signatures of what is sent, and what those of others are made of. Pure: bytes in, header values out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

// The key behind "whsec_..." (the prefix may be missing): base64, decoded. Nothing if it is not base64 or empty.
std::optional<std::string> standard_key(std::string_view secret);

// Standard Webhooks: "v1,<base64>" of HMAC-SHA256 over "id.timestamp.body".
std::string standard_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                               std::string_view body);

enum class DigestEncoding { hex, base64 };

// HMAC-SHA256 over the raw body, key as it stands.
std::string body_signature(std::string_view key, std::string_view body, DigestEncoding encoding);

std::string hmac_sha256(std::string_view key, std::string_view message);
std::string hex(std::string_view bytes);
std::optional<std::string> decode_hex(std::string_view text); // in either case
std::string base64(std::string_view bytes);
std::optional<std::string> decode_base64(std::string_view text); // canonical, with its padding

} // namespace pgbk::relay
