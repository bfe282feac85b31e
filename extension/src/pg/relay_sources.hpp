// Where a claim takes deliveries from: endpoints that have something due and may be sent something, locked.
#pragma once

#include "pg/relay.hpp"
#include "pg/webhook_state.hpp"

namespace pgbk {

struct Request {
    core::Uuid relay;
    std::int32_t wanted;
    std::int32_t lease_seconds;
    std::optional<core::Uuid> only;
    TimestampTz now;
};

// An endpoint whose state is locked by us.
struct Source {
    EndpointState state;
    std::optional<core::RateLimit> rate;
    std::int32_t batch_max;
    std::int32_t requests; // that may be sent and are there to be sent
};

// Frees deliveries whose lease is lost, if there are any; then whether anything is due. Writes nothing otherwise.
bool is_anything_due(const Request& request);

// Locks endpoints that nobody else is at. Where there are more than a claim looks at, each claim goes on where the last
// one of its session ended.
std::vector<Source> lock_sources(const Request& request);

} // namespace pgbk
