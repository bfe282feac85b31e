#include "realtime/live.hpp"

#include "realtime/hand_over.hpp"

#include <algorithm>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::size_t sequenced_at_once = 1'000;
constexpr std::size_t page_size = 500;
constexpr std::size_t usual_weight = 2'048; // of an event in the ring: it holds fewer if they are larger
// Read when the relay starts: those who were connected to the one before come back with cursors of a moment ago.
constexpr std::int64_t most_before_start = 5'000;
// What memory holds may still name whoever was erased. The table does not: who resumes from before reads there.
constexpr std::string_view erasure = "customer.erased";

} // namespace

Live::Live(Feed& feed, Timers& timers, Metrics& metrics, Identities& identities, const Settings& settings,
           Complain complain)
    : feed_(feed),
      timers_(timers),
      metrics_(metrics),
      identities_(identities),
      settings_(settings),
      complain_(std::move(complain)),
      ring_(settings.ring, settings.ring * usual_weight),
      resuming_({audience_, ring_, position_, feed, timers, metrics},
                [this](const std::shared_ptr<Subscriber>& subscriber, const std::vector<std::string>& rooms) {
                    seats_.joined(subscriber, rooms);
                }),
      past_(ring_, feed, timers),
      seats_(
          feed, timers, audience_, settings.seats, [this](const SharedEvent& event) { tell(event); },
          [this](const std::shared_ptr<Subscriber>& subscriber, const SharedEvent& event) {
              tell_each({subscriber}, event);
          }) {}

void Live::reachable(const Kept& kept) {
    ++connection_;
    reachable_ = true;
    reading_ = false;
    if (!started_) {
        started_ = true;
        const auto most = std::min(most_before_start, static_cast<std::int64_t>(settings_.ring));
        position_ = std::max({kept.first - 1, kept.last - most, std::int64_t{0}});
        ring_.restart(position_);
    } else if (kept.last < position_) {
        go_back(kept);
    }
    last_ = kept.last;
    seats_.reachable();
    poll_later();
    read();
}

// A server that had not got all of it has taken over, or the database was restored.
void Live::go_back(const Kept& kept) {
    complain("the database has fewer events than have been told: its history has changed", {});
    position_ = kept.last;
    ring_.restart(position_);
    audience_.forget_told();
}

void Live::unreachable() {
    ++connection_;
    reachable_ = false;
}

void Live::wake() {
    read();
}

void Live::poll_later() {
    timers_.after(settings_.poll, [this, connection = connection_] {
        if (connection == connection_) {
            poll_later();
            read();
        }
    });
}

void Live::read() {
    if (!reachable_) {
        return;
    }
    if (reading_) {
        again_ = true;
        return;
    }
    reading_ = true;
    again_ = false;
    // Behind one another on one connection: the second sees what the first has stamped, in one round trip.
    feed_.sequence(sequenced_at_once,
                   [this, connection = connection_](const std::optional<Sequenced>& done, const FeedError& error) {
                       if (connection != connection_) {
                           return;
                       }
                       if (done) {
                           again_ = again_ || done->more;
                           last_ = std::max(last_, done->last);
                       } else {
                           complain("events get no position", error);
                       }
                   });
    feed_.next(position_, page_size,
               [this, connection = connection_](const std::optional<Page>& page, const FeedError& error) {
                   if (connection == connection_) {
                       took(page, error);
                   }
               });
}

void Live::took(const std::optional<Page>& page, const FeedError& error) {
    reading_ = false;
    if (!page) {
        complain("events cannot be read", error);
        return; // the clock tries again
    }
    for (const auto& event : page->events) {
        if (event->seq > position_) {
            add(event);
        }
    }
    position_ = std::max(position_, page->up_to); // the last of them may not be kept any more
    last_ = std::max(last_, page->kept.last);
    again_ = again_ || page->up_to < page->kept.last;
    known_ = known_ || page->up_to >= page->kept.last;
    metrics_.set("booking_relay_realtime_position", static_cast<double>(position_));
    metrics_.set("booking_relay_realtime_lag", static_cast<double>(std::max<std::int64_t>(last_ - position_, 0)));
    resuming_.moved();
    if (again_) {
        read();
    }
}

void Live::complain(const std::string& what, const FeedError& error) {
    if (!error.lost && std::exchange(complaint_, what + error.message) != what + error.message) {
        complain_(what, error);
    }
}

void Live::add(const SharedEvent& event) {
    position_ = event->seq;
    if (event->kind == erasure) {
        ring_.restart(event->seq - 1);
    }
    ring_.add(event);
    tell(event);
    seats_.changed(*event);
}

void Live::tell(const SharedEvent& event) {
    metrics_.add("booking_relay_realtime_events_total");
    // Told only when all are found: whoever is told may go, and take others along.
    std::vector<std::shared_ptr<Subscriber>> subscribers;
    std::vector<const Subscriber*> gone;
    for (Audience::Member* const member : audience_.in(event->rooms)) {
        if (event->seq > 0 && (member->catching_up || event->seq <= member->told)) {
            continue;
        }
        if (auto subscriber = member->who.lock()) {
            subscribers.push_back(std::move(subscriber));
        } else {
            gone.push_back(member->key);
        }
    }
    for (const Subscriber* const key : gone) {
        audience_.drop(key);
    }
    tell_each(subscribers, event);
}

void Live::tell_each(const std::vector<std::shared_ptr<Subscriber>>& subscribers, const SharedEvent& event) {
    std::size_t told = 0;
    for (const auto& subscriber : subscribers) {
        const HandedOver done = hand_over(*subscriber, event, metrics_);
        told += done == HandedOver::told ? 1 : 0;
        if (done == HandedOver::failed) {
            leave_all(*subscriber);
        }
    }
    count_told(metrics_, told);
}

std::optional<std::int64_t> Live::position() const {
    return known_ ? std::optional(position_) : std::nullopt;
}

void Live::position_before(std::chrono::seconds ago, std::function<void(std::optional<std::int64_t>)> done) {
    if (known_) {
        past_.position_at(std::chrono::system_clock::now() - ago, std::move(done));
    } else {
        done(std::nullopt);
    }
}

void Live::join(const std::shared_ptr<Subscriber>& subscriber, std::vector<std::string> rooms,
                std::optional<std::int64_t> after, std::function<void(Resumption)> done) {
    if (!known_) {
        done(Resumption::failed);
        return;
    }
    resuming_.join(subscriber, std::move(rooms), after, std::move(done));
}

void Live::leave(const Subscriber& subscriber, const std::string& room) {
    if (auto* const member = audience_.find(subscriber)) {
        resuming_.leave(*member, room);
        audience_.unseat(*member, room);
    }
}

void Live::leave_all(const Subscriber& subscriber) {
    if (const auto* const member = audience_.find(subscriber)) {
        resuming_.leave_all(*member);
        audience_.drop(&subscriber);
    }
}

void Live::admit(const std::string& token, std::function<void(Admission)> done) {
    identities_.admit(token, std::move(done));
}

void Live::admit_booking(const std::string& booking_token, std::function<void(Admission)> done) {
    identities_.admit_booking(booking_token, std::move(done));
}

} // namespace pgbk::relay
