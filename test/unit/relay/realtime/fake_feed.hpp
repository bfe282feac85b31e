// A database and a clock that do what the test says, when the test says.
#pragma once

#include "realtime/feed.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace pgbk::relay::test {

class FakeTimers : public Timers {
public:
    Time now() const override { return now_; }
    void after(std::chrono::milliseconds pause, std::function<void()> then) override {
        waiting_.emplace(now_ + pause, std::move(then));
    }

    void post(std::function<void()> task) { after(std::chrono::milliseconds(0), std::move(task)); }
    void settle() { advance(std::chrono::milliseconds(0)); }

    void advance(std::chrono::milliseconds time) {
        const Time end = now_ + time;
        while (!waiting_.empty() && waiting_.begin()->first <= end) {
            now_ = std::max(now_, waiting_.begin()->first);
            auto then = std::move(waiting_.begin()->second);
            waiting_.erase(waiting_.begin());
            then();
        }
        now_ = end;
    }

private:
    Time now_{std::chrono::hours(1)};
    std::multimap<Time, std::function<void()>> waiting_;
};

inline SharedEvent event_of(std::int64_t seq, std::vector<std::string> rooms, int organization = 1) {
    auto event = std::make_shared<Event>();
    event->seq = seq;
    event->id = "event-" + std::to_string(seq);
    event->organization = organization;
    event->rooms = std::move(rooms);
    for (auto& body : event->bodies) {
        body.emplace()["seq"] = seq;
    }
    return event;
}

class FakeFeed : public Feed {
public:
    explicit FakeFeed(FakeTimers& timers) : timers_(timers) {}

    std::vector<SharedEvent> events; // with their positions
    Kept kept{1, 0};
    bool lost = false;
    bool busy = false;               // pages wait until it is not
    std::map<std::string, int> left; // session -> seats
    std::map<std::string, double> until;
    std::map<std::string, std::vector<std::string>> of_room;
    std::map<std::string, std::string> identities; // claims -> what is said of them
    FeedError refusal;                             // of identities and bookings
    int pages = 0, seat_questions = 0, identity_questions = 0, listings = 0, most_listings = 0, all_listings = 0;

    void add(const std::vector<std::string>& rooms, int organization = 1) {
        events.push_back(event_of(++kept.last, rooms, organization));
    }
    void forget_before(std::int64_t seq) {
        std::erase_if(events, [seq](const SharedEvent& event) { return event->seq < seq; });
        kept.first = seq;
    }

    void sequence(std::size_t, Told<Sequenced> told) override {
        answer<Sequenced>(std::move(told), [this] { return Sequenced{false, kept.last}; });
    }

    void next(std::int64_t after, std::size_t most, Told<Page> told) override {
        answer<Page>(std::move(told), [this, after, most] { return read(after, most); });
    }

    void page(std::int64_t after, std::size_t most, Told<Page> told) override {
        ++pages;
        ask_page(after, most, std::move(told));
    }

    void seats(std::vector<std::string> sessions, Told<std::vector<Seats>> told) override {
        ++seat_questions;
        answer<std::vector<Seats>>(std::move(told), [this, sessions] {
            std::vector<Seats> found;
            for (const auto& session : sessions) {
                if (left.contains(session)) {
                    found.push_back({state_of(session), session, std::chrono::duration<double>(until[session])});
                }
            }
            return found;
        });
    }

    void sessions_of(const std::string& room, std::size_t, Told<std::vector<std::string>> told) override {
        ++all_listings;
        most_listings = std::max(most_listings, ++listings);
        answer<std::vector<std::string>>(
            [this, told = std::move(told)](const auto& sessions, const FeedError& error) {
                --listings;
                told(sessions, error);
            },
            [this, room] { return of_room[room]; });
    }

    void identity(const std::string& claims, Told<std::string> told) override {
        ++identity_questions;
        tell_or_refuse(identities, claims, std::move(told));
    }

    void booking(const std::string& token, Told<std::string> told) override {
        tell_or_refuse(identities, token, std::move(told));
    }

private:
    template <class Value> void answer(Told<Value> told, std::function<Value()> value) {
        timers_.post([this, told = std::move(told), value = std::move(value)] {
            lost ? told(std::nullopt, {true, "", "lost"}) : told(value(), {});
        });
    }

    void ask_page(std::int64_t after, std::size_t most, Told<Page> told) {
        timers_.after(std::chrono::milliseconds(busy ? 10 : 0), [this, after, most, told = std::move(told)] {
            if (busy) {
                ask_page(after, most, told);
            } else {
                lost ? told(std::nullopt, {true, "", "lost"}) : told(read(after, most), {});
            }
        });
    }

    Page read(std::int64_t after, std::size_t most) const {
        Page page;
        page.kept = kept;
        page.up_to = std::min(std::max(after, kept.first - 1) + static_cast<std::int64_t>(most), kept.last);
        std::copy_if(events.begin(), events.end(), std::back_inserter(page.events),
                     [&](const SharedEvent& event) { return event->seq > after && event->seq <= page.up_to; });
        return page;
    }

    SharedEvent state_of(const std::string& session) const {
        auto event = std::make_shared<Event>();
        event->kind = "session.availability";
        event->rooms = {"session:" + session};
        for (const auto& [room, sessions] : of_room) {
            if (std::find(sessions.begin(), sessions.end(), session) != sessions.end()) {
                event->rooms.push_back(room);
            }
        }
        event->bodies[0].emplace()["seats_available"] = left.at(session);
        return event;
    }

    void tell_or_refuse(const std::map<std::string, std::string>& known, const std::string& key,
                        Told<std::string> told) {
        timers_.post([this, found = known.contains(key), value = found_value(known, key), told = std::move(told)] {
            found ? told(value, {}) : told(std::nullopt, refusal);
        });
    }

    static std::string found_value(const std::map<std::string, std::string>& known, const std::string& key) {
        const auto found = known.find(key);
        return found == known.end() ? "" : found->second;
    }

    FakeTimers& timers_;
};

} // namespace pgbk::relay::test
