#include "pg/lane.hpp"

#include <array>
#include <cstring>

namespace pgbk {

namespace {

struct Hint {
    core::Uuid session;
    std::int16_t lanes;
    std::int16_t lane; // -1: that of the backend's number
    bool scarce;
    TimestampTz counters_tell_from;
    TimestampTz counters_tell_until;
};

// Direct-mapped: another session in the same place only costs a look at the session row.
constexpr std::size_t places = 512;
constinit std::array<Hint, places> hints{};

Hint& place_of(const core::Uuid& session) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, session.data() + 4, sizeof bits); // low bits of the time and the counter
    return hints[(bits * 0x9E3779B97F4A7C15ULL) >> 55U];
}

} // namespace

std::int32_t lanes_seen(const core::Uuid& session) {
    const Hint& hint = place_of(session);
    return hint.session == session ? hint.lanes : 0;
}

void remember_lanes(const core::Uuid& session, std::int32_t lanes) {
    Hint& hint = place_of(session);
    if (hint.session != session || hint.lanes != lanes) {
        hint = {session, static_cast<std::int16_t>(lanes), -1, false, 0, 0};
    }
}

bool was_scarce(const core::Uuid& session) {
    const Hint& hint = place_of(session);
    return hint.session == session && hint.scarce;
}

void remember_scarcity(const core::Uuid& session, bool scarce) {
    Hint& hint = place_of(session);
    if (hint.session == session) {
        hint.scarce = scarce;
    } else if (scarce) {
        hint = {session, 0, -1, true, 0, 0};
    }
}

bool counters_tell(const core::Uuid& session, TimestampTz clock) {
    const Hint& hint = place_of(session);
    return hint.session == session && clock >= hint.counters_tell_from && clock < hint.counters_tell_until;
}

void remember_counters_tell(const core::Uuid& session, TimestampTz from, TimestampTz until) {
    Hint& hint = place_of(session);
    if (hint.session == session) {
        hint.counters_tell_from = from;
        hint.counters_tell_until = until;
    }
}

std::int32_t own_lane(const core::Uuid& session, std::int32_t lanes) {
    const Hint& hint = place_of(session);
    const std::int32_t preferred = hint.session == session && hint.lane >= 0 ? hint.lane : backend_number();
    return preferred % lanes;
}

void remember_lane(const core::Uuid& session, std::int32_t lane) {
    Hint& hint = place_of(session);
    if (hint.session == session) {
        hint.lane = static_cast<std::int16_t>(lane);
    }
}

} // namespace pgbk
