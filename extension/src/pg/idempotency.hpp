// Idempotency keys: the same key and request get the same answer again, the token included.
//
// With a key, the token can be computed again from the key and the stored salt, by nobody else; without one it is
// random. What is stored gives no access either way.
#pragma once

#include "core/token.hpp"
#include "pg/digest.hpp"
#include "pg/statement.hpp"

namespace pgbk {

struct Secret {
    core::Token token;
    std::optional<std::array<std::uint8_t, 32>> salt;
};

// purpose: what the token opens, so that one key never gives two things the same token.
core::Token token_from(std::string_view purpose, std::string_view salt, std::string_view key);
Secret new_secret(std::string_view purpose, const std::optional<std::string_view>& key);

// Waits for a call with the same key that is still under way. Returns what is stored of the key.
Digest lock_idempotency_key(std::int32_t organization, std::string_view key);

// Throws Refusal idempotency_key_reused unless the digests are the same. differences: what may be different, for the
// detail of the refusal.
void check_same_request(std::string_view stored_digest, const Digest& request_digest, const char* differences);

// The columns token_hash, token_salt, idempotency_hash and request_hash of what is made; the last three NULL without a
// key. Borrows nothing.
class SecretColumns {
public:
    SecretColumns(const Secret& secret, const std::optional<std::string_view>& key,
                  const std::optional<Digest>& request_digest);

    Value token_hash() const { return Value::bytea(as_bytes(token_hash_)); }
    Value salt() const { return bytes_or_null(salt_); }
    Value key_hash() const { return bytes_or_null(key_hash_); }
    Value request_hash() const { return bytes_or_null(request_hash_); }

private:
    static Value bytes_or_null(const std::optional<Digest>& bytes) {
        return bytes.has_value() ? Value::bytea(as_bytes(*bytes)) : Value::null(BYTEAOID);
    }

    Digest token_hash_;
    std::optional<Digest> salt_;
    std::optional<Digest> key_hash_;
    std::optional<Digest> request_hash_;
};

} // namespace pgbk
