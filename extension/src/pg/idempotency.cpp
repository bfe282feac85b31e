#include "pg/idempotency.hpp"

#include "core/refusal.hpp"
#include "pg/advisory_lock.hpp"

namespace pgbk {

core::Token token_from(std::string_view purpose, std::string_view salt, std::string_view key) {
    return sha256({purpose, salt, key});
}

Secret new_secret(std::string_view purpose, const std::optional<std::string_view>& key) {
    if (!key.has_value()) {
        return {random_bytes(), std::nullopt};
    }
    const auto salt = random_bytes();
    return {token_from(purpose, as_bytes(salt), *key), salt};
}

Digest lock_idempotency_key(std::int32_t organization, std::string_view key) {
    const Digest hash = sha256_of(key);
    lock_until_transaction_ends(LockOf::idempotency_key, std::to_string(organization) + std::string(as_bytes(hash)));
    return hash;
}

void check_same_request(std::string_view stored_digest, const Digest& request_digest, const char* differences) {
    if (stored_digest != as_bytes(request_digest)) {
        throw core::Refusal(core::RefusalKind::idempotency_key_reused, "the idempotency key belongs to another request",
                            std::string(differences) + " differ from the first call with this key.",
                            "Use a new key for a new request, and the same key only to repeat one.");
    }
}

SecretColumns::SecretColumns(const Secret& secret, const std::optional<std::string_view>& key,
                             const std::optional<Digest>& request_digest)
    : token_hash_(sha256_of(as_bytes(secret.token))),
      salt_(secret.salt),
      key_hash_(key.has_value() ? std::optional(sha256_of(*key)) : std::nullopt),
      request_hash_(request_digest) {}

} // namespace pgbk
