// Identifiers: time-ordered uuids of version 8 (RFC 9562) that carry the number of their organization.
//
//   48 bits  milliseconds since 1970
//    4 bits  version, 8
//   12 bits  counter, high part
//    2 bits  variant, 10
//   30 bits  counter, low part
//   32 bits  organization number
//
// The counter says the microsecond first (11 bits), so that what one backend makes after another is above it, too; bits
// of the backend's own, drawn in each millisecond, follow.
//
// The organization number lets a one-argument call find its shard without a lookup. An id grants nothing: what
// grants access is a token (token.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace pgbk::core {

using Uuid = std::array<std::uint8_t, 16>;

class IdGenerator {
public:
    static constexpr std::uint64_t counter_bits = 42;

    // milliseconds: since 1970. random: any 64 random bits, used when a new millisecond begins. Ids of one generator
    // rise strictly, also when the clock stands still or goes back. organization must be positive. microsecond: of the
    // millisecond, 0 to 999. Throws Refusal invalid_organization.
    Uuid next(std::int64_t milliseconds, std::uint64_t random, std::int32_t organization,
              std::uint32_t microsecond = 0);

    // True if next() at this time will consume its random argument; a caller may pass 0 otherwise and save the draw.
    bool wants_random(std::int64_t milliseconds) const {
        return last_milliseconds_ < 0 || milliseconds > last_milliseconds_;
    }

private:
    std::int64_t last_milliseconds_ = -1;
    std::uint64_t counter_ = 0;
    std::uint64_t drawn_ = 0; // in this millisecond
};

// No id made at this time or later is below it, and none made earlier is above it. It is an id of nothing.
Uuid first_id_at(std::int64_t milliseconds);

// The organization number, or nothing if the uuid is not one of ours by its version and variant.
std::optional<std::int32_t> organization_of(const Uuid& id);

} // namespace pgbk::core
