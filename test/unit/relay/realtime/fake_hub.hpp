// A hub without a database, for the tests of the protocols: who is admitted and what is kept is what the test says.
#pragma once

#include "realtime/hub.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pgbk::relay::test {

class FakeHub : public Hub {
public:
    std::map<std::string, Identity> tokens;         // token -> whose it is
    std::map<std::string, Identity> booking_tokens; // the same
    std::vector<SharedEvent> kept;                  // what can be replayed, in order
    std::int64_t oldest = 0;                        // cursors below are too old
    bool reachable = true;                          // the database is
    bool slow = false;                              // who has a token is told by answer()
    std::optional<std::int64_t> at = 0;
    std::optional<std::int64_t> long_ago = 0; // the position before whatever time is asked for

    // Keeps the event and tells its rooms.
    void tell(Event event) {
        const auto shared = std::make_shared<const Event>(std::move(event));
        if (shared->seq > 0) {
            at = shared->seq;
            kept.push_back(shared);
        }
        for (const auto& [subscriber, member] : std::map(members_)) {
            deliver(member.who.lock(), member.rooms, shared);
        }
    }

    std::set<std::string> rooms_of(const Subscriber& subscriber) const {
        const auto found = members_.find(&subscriber);
        return found == members_.end() ? std::set<std::string>() : found->second.rooms;
    }

    std::optional<std::int64_t> position() const override { return at; }

    void position_before(std::chrono::seconds, std::function<void(std::optional<std::int64_t>)> done) override {
        done(reachable ? long_ago : std::nullopt);
    }

    void join(const std::shared_ptr<Subscriber>& subscriber, std::vector<std::string> rooms,
              std::optional<std::int64_t> after, std::function<void(Resumption)> done) override {
        if (!reachable) {
            done(Resumption::failed);
            return;
        }
        const std::set<std::string> joined(rooms.begin(), rooms.end());
        const bool too_old = after && *after < oldest;
        if (after && !too_old) {
            for (const auto& event : kept) {
                if (event->seq > *after) {
                    deliver(subscriber, joined, event);
                }
            }
        }
        auto& member = members_[subscriber.get()];
        member.who = subscriber;
        member.rooms.insert(joined.begin(), joined.end());
        done(too_old ? Resumption::too_old : Resumption::complete);
    }

    void leave(const Subscriber& subscriber, const std::string& room) override {
        if (const auto found = members_.find(&subscriber); found != members_.end()) {
            found->second.rooms.erase(room);
        }
    }

    void leave_all(const Subscriber& subscriber) override { members_.erase(&subscriber); }

    void admit(const std::string& token, std::function<void(Admission)> done) override {
        const Admission told =
            token.empty() ? Admission{Identity(), "", false} : admission(tokens, token, "the token is not valid");
        if (slow) {
            answers_.emplace_back([done = std::move(done), told] { done(told); });
        } else {
            done(told);
        }
    }

    // The question that was asked so many before the others that wait.
    void answer(std::size_t which = 0) {
        const auto told = std::move(answers_.at(which));
        answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(which));
        told();
    }

    void admit_booking(const std::string& token, std::function<void(Admission)> done) override {
        done(admission(booking_tokens, token, "there is no booking with this token"));
    }

private:
    struct Member {
        std::weak_ptr<Subscriber> who;
        std::set<std::string> rooms;
    };

    Admission admission(const std::map<std::string, Identity>& known, const std::string& token,
                        const std::string& reason) const {
        if (!reachable) {
            return {std::nullopt, "the database cannot be asked", true};
        }
        const auto found = known.find(token);
        return found == known.end() ? Admission{std::nullopt, reason, false} : Admission{found->second, "", false};
    }

    static void deliver(const std::shared_ptr<Subscriber>& subscriber, const std::set<std::string>& rooms,
                        const SharedEvent& event) {
        const bool concerned = std::any_of(event->rooms.begin(), event->rooms.end(),
                                           [&](const std::string& room) { return rooms.contains(room); });
        const auto view = subscriber && concerned ? subscriber->identity().view_of(*event) : std::nullopt;
        if (view) {
            subscriber->deliver(event, *view);
        }
    }

    std::map<const Subscriber*, Member> members_;
    std::vector<std::function<void()>> answers_;
};

} // namespace pgbk::relay::test
