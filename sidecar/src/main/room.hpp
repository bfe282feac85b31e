// A part of the relay that a build can leave out. It adds its routes when it is made.
#pragma once

#include <functional>

namespace pgbk::relay {

class Room {
public:
    Room() = default;
    virtual ~Room() = default;
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;

    virtual void start() = 0;
    // Takes up nothing more; calls `done` once, later, when what is under way is finished or has had its time.
    virtual void stop(std::function<void()> done) = 0;
    // The database says that there may be something to do.
    virtual void wake() {}
};

} // namespace pgbk::relay
