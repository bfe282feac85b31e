// How many seats are left, told to those who are in the room of the session, of its activity or of its venue: the state
// of the moment, and not how it came about. Pure.
//
// A session is asked about when something happens to it, when a hold of it runs out, when somebody joins, and, since an
// organization may keep no events of its holds, every now and then: only while there is somebody to be told.
#pragma once

#include "realtime/audience.hpp"
#include "realtime/feed.hpp"
#include "realtime/hub.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pgbk::relay {

class SeatWatch {
public:
    struct Settings {
        std::chrono::milliseconds interval{500}; // of looking at what has changed
        std::chrono::milliseconds recheck{10'000};
        std::size_t most_known = 65'536; // sessions
    };
    using Tell = std::function<void(const SharedEvent&)>;
    using TellOne = std::function<void(const std::shared_ptr<Subscriber>&, const SharedEvent&)>;

    SeatWatch(Feed& feed, Timers& timers, const Audience& audience, Settings settings, Tell tell, TellOne tell_one);

    void reachable();
    void changed(const Event& event);
    void joined(const std::shared_ptr<Subscriber>& subscriber, const std::vector<std::string>& rooms);

    std::size_t known() const { return known_.size(); }

private:
    using Time = Timers::Time;
    using Waiting = std::vector<std::weak_ptr<Subscriber>>;

    struct Known {
        SharedEvent event;
        Time asked;
        Time wakes{}; // when a timer looks at it; none: it has not happened yet, or never will
        Time until{}; // when it changes by itself
    };

    bool is_watched(const Event& event) const;
    void look_again(const std::string& session, bool watched);
    void look_again_in(const std::string& room);
    void mark(const std::string& session);
    void ask_later();
    void ask();
    void got(const std::unordered_set<std::string>& asked, const std::vector<Seats>& seats);
    void remember(const Seats& seats);
    void wake_at(const std::string& session, Known& known);
    void woken(const std::string& session);
    void present(const std::shared_ptr<Subscriber>& subscriber, const std::string& session);
    void present_all(const std::shared_ptr<Subscriber>& subscriber, const std::string& room);
    void list();
    void list_later();
    void got_list(const std::string& room, const std::vector<std::string>& sessions);
    void recheck();

    Feed& feed_;
    Timers& timers_;
    const Audience& audience_;
    Settings settings_;
    Tell tell_;
    TellOne tell_one_;
    std::unordered_map<std::string, Known> known_;
    std::unordered_set<std::string> marked_;             // to be asked about
    std::unordered_map<std::string, Waiting> presented_; // session -> who has joined and is told in any case
    std::unordered_map<std::string, Waiting> listed_;    // activity or venue -> the same
    std::deque<std::string> unlisted_;                   // of these, whose sessions are not asked for yet
    int listing_ = 0;                                    // questions for them under way
    bool lists_later_ = false;
    Time asked_{};
    bool waiting_ = false; // for the time to ask
    bool asking_ = false;
    bool reachable_ = false;
    bool rechecking_ = false;
};

} // namespace pgbk::relay
