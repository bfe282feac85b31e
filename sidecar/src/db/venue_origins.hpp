// The web origins that venues allow, read again every few seconds: what a venue allows takes effect without a restart.
#pragma once

#include "db/pool.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string>
#include <vector>

namespace pgbk::relay {

class VenueOrigins {
public:
    using Found = std::function<void(const std::vector<std::string>&)>;

    // Of one organization, or of all where none is named.
    VenueOrigins(boost::asio::io_context& loop, Pool& pool, std::string organization, Found found);

    // Whenever a connection comes up; one look at a time, and one wait for the next.
    void load();
    void stop();

private:
    void take(const Answer& answer);
    void load_later();

    Pool& pool_;
    boost::asio::steady_timer timer_; // to the next look
    std::string organization_;
    Found found_;
    std::string error_; // is told once
    bool loading_ = false;
    bool stopping_ = false;
};

} // namespace pgbk::relay
