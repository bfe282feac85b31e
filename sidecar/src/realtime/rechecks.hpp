// Who is connected is asked for again every so often: members are removed while their tokens are still good. Pure.
#pragma once

#include "realtime/feed.hpp"
#include "realtime/hub.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace pgbk::relay {

class Rechecks {
public:
    // As it was shown by the client; empty: none.
    struct Shown {
        std::string token;
        std::string booking; // its token
    };
    // Who it is now, which is somebody else than before, or nobody, and why. Called while the subscriber is there.
    using Told = std::function<void(const Hub::Admission&)>;

    class Watched;
    using Watch = std::shared_ptr<Watched>; // until it is gone

    Rechecks(Hub& hub, Timers& timers, std::chrono::seconds interval);

    void start(); // from now on, and for as long as the timers are

    // Nothing, if nothing was shown: visitors remain visitors.
    Watch watch(const std::shared_ptr<Subscriber>& who, Shown shown, Told told);

    std::size_t watched() const { return due_->size(); }

private:
    using Due = std::set<std::pair<Timers::Time, Watched*>>;

    void tick();
    Timers::Time next();

    Hub& hub_;
    Timers& timers_;
    std::chrono::milliseconds interval_;
    std::minstd_rand random_{std::random_device()()};
    std::shared_ptr<Due> due_ = std::make_shared<Due>();
};

class Rechecks::Watched : public std::enable_shared_from_this<Watched> {
public:
    Watched(std::weak_ptr<Subscriber> who, Shown shown, Told told, std::shared_ptr<Due> due);
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    const Shown& shown() const { return shown_; }

private:
    friend class Rechecks;

    void plan(Timers::Time when);
    void ask(Hub& hub);
    void answered(const Hub::Admission& admission) const;

    std::weak_ptr<Subscriber> who_;
    Shown shown_;
    Told told_;
    std::shared_ptr<Due> due_;
    Timers::Time when_;
};

} // namespace pgbk::relay
