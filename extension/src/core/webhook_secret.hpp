// What a receiver and we share, so that it knows who calls. A message never shows a secret, not even a wrong one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgbk::core {

// standard: whsec_ and the base64 of 24 to 64 bytes, the key of Standard Webhooks signatures. bearer, make_apikey,
// hmac: 16 to 512 printable ASCII characters, sent as they are or the key of the signature.
// Throws Refusal invalid_webhook_secret for an unknown scheme and for a secret that is not one.
void check_webhook_secret(std::string_view scheme, std::string_view secret);
void check_secret_scheme(std::string_view scheme);

// A secret of the scheme, from 32 random bytes.
std::string make_webhook_secret(std::string_view scheme, const std::array<std::uint8_t, 32>& random);

} // namespace pgbk::core
