// Which position there was some time ago: for those who come back without saying how far they have heard. Pure.
#pragma once

#include "realtime/feed.hpp"
#include "realtime/ring.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay {

class Past {
public:
    using Told = std::function<void(std::optional<std::int64_t>)>;

    Past(const Ring& ring, Feed& feed, Timers& timers) : ring_(ring), feed_(feed), timers_(timers) {}

    // The position before the first event that occurred at that time or later. From memory as far as it goes, from the
    // table beyond; nothing if that cannot be read.
    void position_at(std::chrono::system_clock::time_point time, Told told);

private:
    void narrow(); // halves what is left of the table, until nothing is
    void answer(std::optional<std::int64_t> position);

    const Ring& ring_;
    Feed& feed_;
    Timers& timers_;
    std::string time_;
    std::int64_t before_ = 0; // what is up to here is older
    std::int64_t after_ = 0;  // what comes after this is not
    bool asking_ = false;
    std::vector<Told> waiting_;
    std::optional<std::int64_t> known_; // the last answer: many come back at the same moment
    Timers::Time known_at_{};
};

// As events have it: ISO 8601, UTC, milliseconds.
std::string event_time(std::chrono::system_clock::time_point time);

} // namespace pgbk::relay
