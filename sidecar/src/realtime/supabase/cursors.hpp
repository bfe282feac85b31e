// How far clients whose connection has ended are known to have heard, so that they are told the rest when they are
// back: a client of Supabase does not say it. Bounded in number and in time. Pure, but for the clock that its users
// give to it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

namespace pgbk::relay::supabase {

class Cursors {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Cursors(std::chrono::seconds kept_for, std::size_t most = 20'000) : kept_for_(kept_for), most_(most) {}

    // who: the channel of somebody.
    void remember(const std::string& who, std::int64_t cursor, Time now);

    // The least that one of theirs has heard: several connections of one user are not told apart, and to be told twice
    // is better than not to be told.
    std::optional<std::int64_t> find(const std::string& who, Time now);

    std::size_t size() const { return order_.size(); }

private:
    struct Ended {
        std::string who;
        std::int64_t cursor;
        Time at;
    };
    using Place = std::list<Ended>::iterator;

    void forget_old(Time now);
    void forget(Place place);

    std::chrono::seconds kept_for_;
    std::size_t most_;
    std::list<Ended> order_; // the oldest first
    std::unordered_map<std::string, std::deque<Place>> by_who_;
};

} // namespace pgbk::relay::supabase
