#include "http/rate_limiter.hpp"

#include <random>

namespace pgbk::relay {

namespace {

constexpr std::size_t shared_buckets = 4'096;

std::uint64_t bytes_from(const Address& address, std::size_t first, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = first; i < first + count; ++i) {
        value = (value << 8U) | address.bytes.at(i);
    }
    return value;
}

// An IPv4 address takes the place of a network in ::/8, which belongs to nobody.
std::uint64_t key_of(const Address& visitor) {
    return visitor.is_v4() ? bytes_from(visitor, 12, 4) : bytes_from(visitor, 0, 8);
}

std::uint64_t neighbourhood_of(const Address& visitor) {
    return visitor.is_v4() ? bytes_from(visitor, 12, 3) : bytes_from(visitor, 0, 6);
}

// The finalizer of SplitMix64: each bit of the input changes each bit of the output half of the time.
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

} // namespace

RateLimiter::RateLimiter(int per_minute, std::uint64_t seed, std::size_t places)
    : limit_{per_minute / 60.0, per_minute}, seed_(seed), places_(places), shared_(shared_buckets) {}

std::optional<std::chrono::seconds> RateLimiter::refuse(const Address& visitor, core::Instant now) {
    core::Bucket& bucket = bucket_of(visitor, now);
    const auto wait = core::until_next(bucket, limit_, now);
    if (wait > std::chrono::seconds(0)) {
        return wait;
    }
    core::spend(bucket, limit_, now, 1);
    if (const auto known = known_.find(key_of(visitor)); known != known_.end()) {
        order_.splice(order_.end(), order_, known->second);
    }
    return std::nullopt;
}

core::Bucket& RateLimiter::bucket_of(const Address& visitor, core::Instant now) {
    const std::uint64_t key = key_of(visitor);
    if (const auto known = known_.find(key); known != known_.end()) {
        return known->second->bucket;
    }
    core::Bucket& shared = shared_.at(mixed(neighbourhood_of(visitor) ^ seed_) % shared_.size());
    if (order_.size() >= places_ && !make_place(now)) {
        return shared;
    }
    // What was used while there was no place stays used.
    known_.emplace(key, order_.insert(order_.end(), {key, shared}));
    return order_.back().bucket;
}

bool RateLimiter::make_place(core::Instant now) {
    if (order_.empty() || core::tokens_left(order_.front().bucket, limit_, now) < limit_.burst) {
        return false;
    }
    known_.erase(order_.front().key);
    order_.pop_front();
    return true;
}

std::uint64_t random_seed() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32U) | device();
}

core::Instant steady_now() {
    return core::Instant(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch()));
}

} // namespace pgbk::relay
