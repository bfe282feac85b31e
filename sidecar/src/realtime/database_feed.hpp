// The feed from PostgreSQL: one connection listens and reads what happens, a few others answer who connects.
#pragma once

#include "config/config.hpp"
#include "db/link.hpp"
#include "db/pool.hpp"
#include "db/venue_origins.hpp"
#include "metrics/metrics.hpp"
#include "realtime/feed.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <string>
#include <vector>

namespace pgbk::relay {

class DatabaseFeed : public Feed {
public:
    struct Events {
        std::function<void(const Kept&)> reachable; // and listening
        std::function<void()> unreachable;
        std::function<void()> notified;
        std::function<void(const std::vector<std::string>&)> origins; // of the venues; every few seconds
    };

    DatabaseFeed(boost::asio::io_context& loop, Metrics& metrics, const Config& config, Events events);

    void start();
    void stop(std::function<void()> done);

    void sequence(std::size_t most, Told<Sequenced> told) override;
    void next(std::int64_t after, std::size_t most, Told<Page> told) override;
    void page(std::int64_t after, std::size_t most, Told<Page> told) override;
    void seats(std::vector<std::string> sessions, Told<std::vector<Seats>> told) override;
    void sessions_of(const std::string& room, std::size_t most, Told<std::vector<std::string>> told) override;
    void identity(const std::string& claims, Told<std::string> told) override;
    void booking(const std::string& token, Told<std::string> told) override;

private:
    void up();
    void down(const std::string& reason);

    // Times the call, counts its failure, and hands a good answer to `read`, which may throw.
    template <class Value, class Read> AnswerHandler answer_to(const char* name, Read read, Told<Value> told);

    Metrics& metrics_;
    Events events_;
    Link link_;
    Pool pool_;
    VenueOrigins venue_origins_;
};

} // namespace pgbk::relay
