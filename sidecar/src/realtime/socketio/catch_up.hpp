// A client that was here before joins its rooms anew, one after the other, and is told in each what it has missed.
// Until it has joined them all its cursor stays where it was: were it cut off in between, what the rooms still to be
// joined have for it would be lost. Pure.
#pragma once

#include "realtime/socketio/engine_session.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

namespace pgbk::relay::socketio {

class CatchUp {
public:
    // Nobody says which join is the last. So it is the one that no other follows for a while.
    static constexpr std::chrono::seconds quiet{1};
    static constexpr std::chrono::seconds most{30}; // later joins are new ones: they are told nothing of before

    void begin(std::int64_t since, Clock::time_point now);

    std::optional<std::int64_t> since() const { return since_; } // for a join
    void joined(Clock::time_point now);

    // What the client is to remember instead of the event's own place.
    std::optional<std::int64_t> cursor() const { return settled_ ? std::nullopt : since_; }

    // Whether it has not been told yet: two rooms may have the same event.
    bool is_news(std::int64_t seq);

    // true: it has just caught up, and may be given a new cursor.
    bool tick(Clock::time_point now);

private:
    std::optional<std::int64_t> since_;
    bool settled_ = true;
    Clock::time_point end_;
    std::optional<Clock::time_point> settles_;
    std::set<std::int64_t> told_;
};

} // namespace pgbk::relay::socketio
