// Connections to the database for calls that do not depend on each other: each takes the one on which the fewest wait.
#pragma once

#include "db/link.hpp"
#include "metrics/metrics.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pgbk::relay {

class Pool {
public:
    // Each connection is prepared before it is used; one that cannot be is given up, and tried again.
    struct Settings {
        Dsn dsn;
        Link::Settings link;
        int connections = 1;
        std::size_t most_waiting = 0; // on each
        std::vector<Statement> prepare = {};
        std::function<void()> prepared = [] {}; // one more connection is
    };

    Pool(boost::asio::io_context& loop, Metrics& metrics, Settings settings);

    void start();

    // Calls `done` once, later, when nobody waits any more. Who still does after the limit is told that the outcome is
    // not known.
    void stop(std::chrono::seconds limit, std::function<void()> done);

    bool is_up() const; // one of them is
    bool is_full() const;
    std::size_t waiting() const;
    void call(const std::vector<Statement>& transaction, AnswerHandler handler);

private:
    struct Place {
        std::unique_ptr<Link> link;
        std::size_t waiting = 0;
        bool prepared = false;
    };

    void up(Place& place);
    void down(Place& place, const std::string& reason);
    Place* best() const; // none while no connection is up
    void end_if_idle();

    boost::asio::io_context& loop_;
    Metrics& metrics_;
    Settings settings_;
    std::vector<std::unique_ptr<Place>> places_;
    boost::asio::steady_timer patience_;
    std::function<void()> stopped_; // to be called, once
};

} // namespace pgbk::relay
