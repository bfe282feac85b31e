// Who is to be told of what: rooms, found by one look-up each, and what has happened in them of late.
//
// Rooms: "public" (venues, activities, prices and sessions of all organizations), "organization:<number>",
// "venue:<uuid>", "activity:<uuid>", "session:<uuid>", "booking:<uuid>", "customer:<user>". Everything runs on the
// relay's loop.
#pragma once

#include "realtime/event.hpp"
#include "realtime/identity.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay {

// One who is told. The hub holds it weakly: whoever is gone is told nothing.
class Subscriber {
public:
    virtual ~Subscriber() = default;

    virtual const Identity& identity() const = 0;

    // An event of a room that was joined, with the view that is theirs: once each, however many of its rooms they are
    // in, and in the order of seq. Must not call the hub back before it returns.
    virtual void deliver(const SharedEvent& event, View view) = 0;

    // Whether it has to get rid of what it was told before it is told more of what it has missed.
    virtual bool congested() const { return false; }
};

enum class Resumption : std::uint8_t {
    complete, // all that was missed has been delivered, or nothing was asked for
    too_old,  // what was missed is not kept any more: the subscriber has to look at the present state instead
    failed,   // the database cannot be asked now; nothing was joined
};

class Hub {
public:
    virtual ~Hub() = default;

    // The latest seq that has been told to the rooms: where the cursor of somebody new stands. None before the database
    // has been reached for the first time.
    virtual std::optional<std::int64_t> position() const = 0;

    // The position so long ago: all that has happened since then comes after it. For those of whom nothing else is
    // known. Nothing: it cannot be asked now.
    virtual void position_before(std::chrono::seconds ago, std::function<void(std::optional<std::int64_t>)> done) = 0;

    // Joins all of the rooms at once. With `after`, what happened in them since is delivered first, in order, before
    // anything new; meanwhile new events wait. Sessions, activities and venues that are joined are told their present
    // availability. `done` is called once: at once, or later if the table has to be read. The caller has asked
    // identity().may_join().
    virtual void join(const std::shared_ptr<Subscriber>& subscriber, std::vector<std::string> rooms,
                      std::optional<std::int64_t> after, std::function<void(Resumption)> done) = 0;
    virtual void leave(const Subscriber& subscriber, const std::string& room) = 0;
    virtual void leave_all(const Subscriber& subscriber) = 0; // when it ends

    // Who has this token: verified, and looked up in the database (for a while from memory). Nothing if the token is
    // not good: why, for the client. An empty token is a visitor.
    struct Admission {
        std::optional<Identity> identity;
        std::string reason;       // "the token has expired"; empty if admitted
        bool unavailable = false; // not the token's fault: the database cannot be asked now
    };
    virtual void admit(const std::string& token, std::function<void(Admission)> done) = 0;
    // The same by the token of a booking, as booking_status takes it.
    virtual void admit_booking(const std::string& booking_token, std::function<void(Admission)> done) = 0;
};

} // namespace pgbk::relay
