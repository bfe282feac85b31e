// Seats taken from a counter, and counters read, without a statement (plain_table.hpp), where nobody is in the way.
#pragma once

#include "core/identifier.hpp"
#include "pg/plain_access.hpp"

namespace pgbk {

enum class PlainTake : std::uint8_t {
    taken,
    refused,   // the statement would find no row
    unknown,   // nothing is changed; the statement knows: others are in the way, or the table is not plain
    overtaken, // what was waited for has changed the row; not of the functions below
};

struct PlainWish {
    std::int32_t organization;
    core::Uuid session;
    core::Uuid version; // of the organization's rules
    std::int32_t seats;
};

// C++ frames. Whoever is working on the row is waited for; nothing is left behind where nothing is taken.

// From the session's row, if the session is on sale as PGBK_ON_SALE_SQL says.
PlainTake take_from_plain_session(const PlainWish& wish, TimestampTz clock);

// From this lane, or if it has too few or somebody is working on it from the next; where all are worked on that have
// enough, somebody is waited for.
struct PlainLane {
    PlainTake result;
    std::int32_t lane; // where they were taken
};
PlainLane take_from_plain_lane(const PlainWish& wish, std::int32_t lane);

// What a session is, if it is on sale but for its start.
struct PlainSession {
    core::Uuid activity;
    TimestampTz start_time;
    std::int32_t capacity;
    std::int32_t lanes;
};
std::optional<PlainSession> look_at_plain_session(std::int32_t organization, const core::Uuid& session);

// What the counters of the session say together; nothing if the statement has to be asked.
std::optional<std::int64_t> plain_seats(std::int32_t organization, const core::Uuid& session, bool in_lanes);

} // namespace pgbk
