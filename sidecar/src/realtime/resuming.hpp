// Who joins rooms, and is told first what happened in them since a cursor: from memory as far as it goes, from the
// table beyond. Pure.
//
// While somebody catches up, what happens in the meantime is not told to them, nor kept for them: it is in the ring and
// in the table, where they come to it in its order. So whoever is slow costs no memory.
#pragma once

#include "metrics/metrics.hpp"
#include "realtime/audience.hpp"
#include "realtime/feed.hpp"
#include "realtime/ring.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace pgbk::relay {

class Resuming {
public:
    // The first three belong to the hub; `position` is up to where it has told the rooms.
    struct Place {
        Audience& audience;
        const Ring& ring;
        const std::int64_t& position;
        Feed& feed;
        Timers& timers;
        Metrics& metrics;
    };
    // Somebody is in these rooms from now on.
    using Joined = std::function<void(const std::shared_ptr<Subscriber>&, const std::vector<std::string>&)>;

    Resuming(Place place, Joined joined);

    void join(const std::shared_ptr<Subscriber>& subscriber, std::vector<std::string> rooms,
              std::optional<std::int64_t> after, std::function<void(Resumption)> done);
    void leave(const Audience::Member& member, const std::string& room);
    void leave_all(const Audience::Member& member);

    void moved(); // the position has

    std::size_t joining() const { return queues_.size(); }

private:
    struct Join {
        std::weak_ptr<Subscriber> who;
        std::vector<std::string> rooms;
        std::optional<std::int64_t> after;
        std::function<void(Resumption)> done;

        bool waits_for_position = false;
        Resumption result = Resumption::complete;
        std::int64_t cursor = 0; // up to where it has been told
        std::int64_t start = 0;  // the position when it began: up to there the rooms it was in before are told
        std::set<RoomHash> wanted;
        std::set<RoomHash> seated;
        std::shared_ptr<const Page> page; // of the table, as far as it is not told yet
        std::size_t next = 0;             // event of the page
        bool from_table = false;
    };
    using Number = std::uint64_t; // of the member

    Join* current(Number number); // nothing if it is over
    void begin(Number number);
    void compare_with_database(Number number);
    void catch_up(Number number);
    bool tell(Number number, const Ring::Entry& entry);
    bool tell_next(Number number);
    void later(Number number, std::chrono::milliseconds pause);
    void finish(Number number);
    void count(const Join& join);
    void give_up(Number number);

    void want_page(Number number);
    void ask_pages();
    void got_page(std::int64_t after, const std::shared_ptr<const Page>& page);
    void take_page(Number number, const std::shared_ptr<const Page>& page);

    Place place_;
    Joined joined_;
    std::unordered_map<Number, std::deque<Join>> queues_; // one join of a member after the other
    std::unordered_map<Number, const Subscriber*> keys_;
    std::unordered_map<std::int64_t, std::vector<Number>> wanted_pages_; // after which seq -> who waits for it
    std::deque<std::int64_t> unasked_pages_;
    int asked_pages_ = 0;
};

} // namespace pgbk::relay
