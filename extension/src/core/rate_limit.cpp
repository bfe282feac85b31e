#include "core/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace pgbk::core {

namespace {

// Sums of tenths fall short of the whole by their last bit.
constexpr double rounding = 1e-9;

double level(const Bucket& bucket, const RateLimit& limit, Instant now) {
    if (!bucket.filled_at.has_value()) {
        return limit.burst;
    }
    // A clock that went back fills nothing.
    const double seconds = std::max(std::chrono::duration<double>(now - *bucket.filled_at).count(), 0.0);
    return std::min(bucket.tokens + seconds * limit.per_second, static_cast<double>(limit.burst));
}

} // namespace

int tokens_left(const Bucket& bucket, const RateLimit& limit, Instant now) {
    return std::max(static_cast<int>(std::floor(level(bucket, limit, now) + rounding)), 0);
}

std::chrono::seconds until_next(const Bucket& bucket, const RateLimit& limit, Instant now) {
    if (tokens_left(bucket, limit, now) > 0) {
        return std::chrono::seconds(0);
    }
    const double missing = 1 - level(bucket, limit, now) - rounding;
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(missing / limit.per_second)));
}

void spend(Bucket& bucket, const RateLimit& limit, Instant now, int count) {
    bucket.tokens = std::max(level(bucket, limit, now) - count, 0.0);
    bucket.filled_at = now;
}

} // namespace pgbk::core
