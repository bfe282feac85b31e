// What the hub asks of the database, and of the clock: told apart from how, so that it can be tested without either.
#pragma once

#include "realtime/event.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay {

// Why there is no answer.
struct FeedError {
    bool lost = false; // there is no connection, or it broke
    std::string sqlstate;
    std::string message;
};

// Each question is answered once, later: with a value, or with the reason why there is none.
template <class Value> using Told = std::function<void(std::optional<Value>, const FeedError&)>;

// Of the events that the database keeps.
struct Kept {
    std::int64_t first = 0; // seq; above `last` if there are none
    std::int64_t last = 0;
};

struct Sequenced {
    bool more = false;     // there may be more to stamp
    std::int64_t last = 0; // seq
};

struct Page {
    std::vector<SharedEvent> events; // in order of seq
    Kept kept;                       // at the same moment
    std::int64_t up_to = 0;          // seq: all that is kept up to there is here
};

struct Seats {
    SharedEvent event; // what is told
    std::string session;
    std::chrono::duration<double> until{}; // it changes by itself; 0: it does not
};

class Feed {
public:
    virtual ~Feed() = default;

    // Stamps what has been committed.
    virtual void sequence(std::size_t most, Told<Sequenced> told) = 0;
    // The next events, for the hub itself: after what was sequenced just before.
    virtual void next(std::int64_t after, std::size_t most, Told<Page> told) = 0;

    // The same, for those who resume.
    virtual void page(std::int64_t after, std::size_t most, Told<Page> told) = 0;
    virtual void seats(std::vector<std::string> sessions, Told<std::vector<Seats>> told) = 0;
    // Sessions to come of an activity or of a venue, the next ones first.
    virtual void sessions_of(const std::string& room, std::size_t most, Told<std::vector<std::string>> told) = 0;
    // JSON, as the database gives it.
    virtual void identity(const std::string& claims, Told<std::string> told) = 0;
    virtual void booking(const std::string& token, Told<std::string> told) = 0;
};

class Timers {
public:
    using Time = std::chrono::steady_clock::time_point;

    virtual ~Timers() = default;
    virtual Time now() const = 0;
    virtual void after(std::chrono::milliseconds pause, std::function<void()> then) = 0;
};

} // namespace pgbk::relay
