// The outbound loop: claim what is due, send it, report what happened. Wakes up by notification, by a finished request
// and by the clock; how much it takes is bounded by what it can send at once.
#pragma once

#include "db/relay_database.hpp"
#include "metrics/metrics.hpp"
#include "outbound/sender.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>

namespace pgbk::relay {

class Deliverer {
public:
    struct Settings {
        int max_in_flight = 0;
        int claim_limit = 0;
        std::chrono::seconds lease{};
        std::chrono::milliseconds poll{};
        std::chrono::seconds drain{};
    };

    Deliverer(boost::asio::io_context& loop, RelayDatabase& database, Sender& sender, Metrics& metrics,
              Settings settings);

    void attached(); // from now on the database can be asked
    void detached(); // and not any more; results wait until it can be asked again
    void wake();     // there may be something to send

    // Claims nothing any more, waits for what is under way, reports it, and calls `finished` with the number of results
    // that could not be reported.
    void stop(std::function<void(std::size_t unreported)> finished);

private:
    void pump();
    bool may_report() const;
    bool may_claim() const;
    int room() const; // so many requests may be claimed
    void turn();
    void turn_failed(std::deque<Result> batch, const Answer& answer);
    void claim();
    void claimed(std::vector<ClaimedRow> rows, int wanted, SteadyTime claimed_at);
    std::size_t dispatch(std::vector<ClaimedRow> rows, SteadyTime claimed_at); // how many requests these are
    void give_back(const Dispatch& dispatch, SteadyTime lease_end);
    void sent(const Dispatch& dispatch, SteadyTime lease_end, const std::shared_ptr<const Facts>& facts);
    std::vector<Result> take_batch();
    void complete();
    void completed(std::deque<Result> batch, std::optional<int> accepted, const Answer& answer);
    void accept(std::size_t reported, int accepted);
    void refused(std::deque<Result> batch, const Answer& answer);
    void put_back(std::deque<Result> batch);
    void wait_to_poll();
    void check_stopped();
    void count();

    boost::asio::io_context& loop_;
    RelayDatabase& database_;
    Sender& sender_;
    Metrics& metrics_;
    Settings settings_;
    boost::asio::steady_timer poll_;
    boost::asio::steady_timer pause_; // after the database refused results
    boost::asio::steady_timer drain_;

    std::deque<Result> results_;
    std::uint64_t requests_ = 0; // whose results came in, so far
    std::size_t batch_limit_;    // of a report; a request that is larger goes alone
    int requests_in_flight_ = 0;
    bool attached_ = false;
    bool wanted_ = false; // something may be due
    // A claim gives anew what leases have run out for, ours among them: after a long absence, and whenever a report was
    // refused, it has to wait until what was answered meanwhile is reported.
    bool catching_up_ = false;
    bool claiming_ = false;
    bool completing_ = false;
    bool apart_ = false; // report and claim each by itself, until it is known which of the two was refused
    bool pausing_ = false;
    bool stopping_ = false;
    std::function<void(std::size_t)> finished_; // as long as it has not been called
};

} // namespace pgbk::relay
