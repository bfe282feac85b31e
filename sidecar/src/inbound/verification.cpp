#include "inbound/verification.hpp"

#include <openssl/crypto.h>

#include <cmath>
#include <cstdlib>

namespace pgbk::relay {

// The unit's fraction of now is left out, as the senders leave it out of theirs.
bool is_of_now(const Source& source, const Claim& claim, double now) {
    if (!claim.sent) {
        return true;
    }
    const auto here = static_cast<std::int64_t>(std::floor(now * static_cast<double>(claim.units_per_second)));
    return std::abs(here - *claim.sent) <= source.options.tolerance_seconds * claim.units_per_second;
}

bool any_equal(const std::vector<std::string>& candidates, std::string_view digest) {
    unsigned equal = 0;
    for (const auto& candidate : candidates) {
        const bool same_size = candidate.size() == digest.size();
        equal |= static_cast<unsigned>(same_size && CRYPTO_memcmp(candidate.data(), digest.data(), digest.size()) == 0);
    }
    return equal != 0;
}

Verdict verify(const Source& source, const Claim& claim, std::string_view body, double now, double clock_offset) {
    std::string message;
    message.reserve(claim.before_body.size() + body.size());
    message.append(claim.before_body).append(body);
    unsigned genuine = 0;
    for (const auto& secret : source.secrets) {
        if (secret.is_valid(now + clock_offset)) {
            genuine |= static_cast<unsigned>(any_equal(claim.digests, hmac_sha256(secret.key, message)));
        }
    }
    if (genuine == 0) {
        return Verdict::forged;
    }
    return is_of_now(source, claim, now) ? Verdict::genuine : Verdict::stale;
}

} // namespace pgbk::relay
