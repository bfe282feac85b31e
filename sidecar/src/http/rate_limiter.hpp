// How often one visitor may do something. A visitor is an IPv4 address or the /64 of an IPv6 address, which is what one
// customer of a provider gets. Pure, but for the clock and the seed that its users give to it.
#pragma once

#include "core/rate_limit.hpp"
#include "net/address.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

namespace pgbk::relay {

// Bounded in memory, and no number of other visitors makes it forget what somebody has used: a visitor is forgotten
// only when nothing is left to remember, that is when the bucket is full again. Whoever comes while there is no place
// shares a bucket with his neighbourhood (an IPv4 /24, an IPv6 /48) until there is: one who has 65,536 networks of
// IPv6 gets in his own way first.
class RateLimiter {
public:
    static constexpr std::size_t usual_places = 65'536;

    // seed: random, so that nobody can choose whom he shares a bucket with.
    RateLimiter(int per_minute, std::uint64_t seed, std::size_t places = usual_places);

    // Nothing if the request may pass, which is counted; otherwise how long to wait for the next that may.
    std::optional<std::chrono::seconds> refuse(const Address& visitor, core::Instant now);

    std::size_t remembered() const { return order_.size(); }

private:
    struct Visitor {
        std::uint64_t key;
        core::Bucket bucket;
    };

    core::Bucket& bucket_of(const Address& visitor, core::Instant now);
    bool make_place(core::Instant now);

    core::RateLimit limit_;
    std::uint64_t seed_;
    std::size_t places_;
    std::list<Visitor> order_; // whose last counted request is the oldest comes first
    std::unordered_map<std::uint64_t, std::list<Visitor>::iterator> known_;
    std::vector<core::Bucket> shared_;
};

std::uint64_t random_seed();
core::Instant steady_now(); // nobody's clock, but one that never goes back

} // namespace pgbk::relay
