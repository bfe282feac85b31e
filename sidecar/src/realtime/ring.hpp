// The latest events, in memory: who was away for a short while does not need the database. Pure.
#pragma once

#include "realtime/event.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace pgbk::relay {

// Room names as numbers, to be compared with many events. That two rooms have the same one is no more likely than that
// this memory lies.
using RoomHash = std::size_t;
RoomHash hash_of_room(const std::string& room);

class Ring {
public:
    struct Entry {
        SharedEvent event;
        std::vector<RoomHash> rooms;
        std::size_t weight = 0;

        bool concerns(const std::set<RoomHash>& wanted) const;
    };

    // Bounded by both: events differ in size.
    Ring(std::size_t most_events, std::size_t most_weight) : most_events_(most_events), most_weight_(most_weight) {}

    // Forgets everything: what comes next follows `position`.
    void restart(std::int64_t position);
    void add(SharedEvent event);

    // Whether everything after this seq is here.
    bool covers(std::int64_t after) const { return after >= start_; }
    std::int64_t start() const { return start_; }
    // The first one after it: its place, up to size().
    std::size_t find(std::int64_t after) const;
    const Entry& at(std::size_t place) const { return entries_[place]; }
    std::size_t size() const { return entries_.size(); }
    std::size_t weight() const { return weight_; }

private:
    std::size_t most_events_;
    std::size_t most_weight_;
    std::deque<Entry> entries_;
    std::size_t weight_ = 0;
    std::int64_t start_ = 0; // seq before the oldest
};

} // namespace pgbk::relay
