// The hub: reads what has happened, in the order of its positions, and tells the rooms. Pure: the database and the
// clock are others'.
#pragma once

#include "metrics/metrics.hpp"
#include "realtime/audience.hpp"
#include "realtime/feed.hpp"
#include "realtime/hub.hpp"
#include "realtime/identities.hpp"
#include "realtime/past.hpp"
#include "realtime/resuming.hpp"
#include "realtime/ring.hpp"
#include "realtime/seat_watch.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace pgbk::relay {

class Live : public Hub {
public:
    struct Settings {
        std::size_t ring = 65'536;
        std::chrono::milliseconds poll{1'000};
        SeatWatch::Settings seats;
    };
    // What stands in the way, for the log.
    using Complain = std::function<void(const std::string& what, const FeedError& error)>;

    Live(Feed& feed, Timers& timers, Metrics& metrics, Identities& identities, const Settings& settings,
         Complain complain);

    void reachable(const Kept& kept); // from now on the database can be asked
    void unreachable();
    void wake(); // there may be something new

    std::optional<std::int64_t> position() const override;
    void position_before(std::chrono::seconds ago, std::function<void(std::optional<std::int64_t>)> done) override;
    void join(const std::shared_ptr<Subscriber>& subscriber, std::vector<std::string> rooms,
              std::optional<std::int64_t> after, std::function<void(Resumption)> done) override;
    void leave(const Subscriber& subscriber, const std::string& room) override;
    void leave_all(const Subscriber& subscriber) override;
    void admit(const std::string& token, std::function<void(Admission)> done) override;
    void admit_booking(const std::string& booking_token, std::function<void(Admission)> done) override;

private:
    void go_back(const Kept& kept);
    void poll_later();
    void read();
    void took(const std::optional<Page>& page, const FeedError& error);
    void complain(const std::string& what, const FeedError& error);
    void add(const SharedEvent& event);
    void tell(const SharedEvent& event);
    void tell_each(const std::vector<std::shared_ptr<Subscriber>>& subscribers, const SharedEvent& event);

    Feed& feed_;
    Timers& timers_;
    Metrics& metrics_;
    Identities& identities_;
    Settings settings_;
    Complain complain_;
    std::string complaint_; // the last one: each is told once
    Audience audience_;
    Ring ring_;
    std::int64_t position_ = 0; // what is up to there has been told
    Resuming resuming_;
    Past past_;
    SeatWatch seats_;
    std::int64_t last_ = 0;   // known to have a position
    unsigned connection_ = 0; // what belongs to an earlier one is late
    bool started_ = false;
    bool known_ = false; // the position is that of the present
    bool reachable_ = false;
    bool reading_ = false;
    bool again_ = false;
};

} // namespace pgbk::relay
