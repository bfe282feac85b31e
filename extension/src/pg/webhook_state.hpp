// The state of an endpoint, row and core types: circuit, hold, rate.
//
// Whoever changes deliveries of an endpoint in bulk, or claims, locks this row first, before any delivery; a claim
// skips endpoints whose row is locked.
#pragma once

#include "core/circuit.hpp"
#include "core/rate_limit.hpp"
#include "pg/statement.hpp"

namespace pgbk {

inline core::Instant to_instant(TimestampTz at) {
    return core::Instant(std::chrono::microseconds(at));
}

// Instants of the core count from the server's epoch; only differences matter there.
inline TimestampTz to_timestamp(core::Instant at) {
    return at.time_since_epoch().count();
}

struct EndpointState {
    std::int32_t organization = 0;
    core::Uuid endpoint{};
    core::Circuit circuit;
    core::Bucket bucket;
    std::optional<core::Instant> hold_until;
    int throttled_times = 0;

    bool operator==(const EndpointState&) const = default;
};

// The columns of s, and how many there are; a row of them is read from the given column on.
#define PGBK_STATE_COLUMNS                                                                                             \
    "s.organization_id, s.endpoint_id, s.circuit, s.open_until, s.opened_times, s.consecutive_failures,"               \
    " s.failing_since, s.window_from, s.window_total, s.window_failed, s.tokens, s.tokens_at, s.hold_until,"           \
    " s.throttled_times"
constexpr int state_columns = 14;

EndpointState read_state(const Rows& rows, std::uint64_t row, int first_column);

// Locks the rows, in their order, waiting for whoever has them; unknown endpoints are left out.
std::vector<EndpointState> lock_states(const std::vector<std::int32_t>& organizations,
                                       const std::vector<core::Uuid>& endpoints);

// The rows must be locked.
void write_states(const std::vector<EndpointState>& states);

std::optional<core::Instant> optional_instant(const Rows& rows, std::uint64_t row, int column);

// Wakes the relays when this transaction commits, unless pg_booking.notify is off.
void wake_relays();

} // namespace pgbk
