// A token bucket: so many requests a second in the long run, so many at once after a pause.
#pragma once

#include "core/circuit.hpp"

#include <optional>

namespace pgbk::core {

struct RateLimit {
    double per_second;
    int burst;
};

struct Bucket {
    double tokens = 0;
    std::optional<Instant> filled_at; // when tokens was true; none: full

    bool operator==(const Bucket&) const = default;
};

// How many requests may be sent now.
int tokens_left(const Bucket& bucket, const RateLimit& limit, Instant now);

// After how many whole seconds one may be sent; 0: now.
std::chrono::seconds until_next(const Bucket& bucket, const RateLimit& limit, Instant now);

// They are sent; count must not be more than are left.
void spend(Bucket& bucket, const RateLimit& limit, Instant now, int count);

} // namespace pgbk::core
