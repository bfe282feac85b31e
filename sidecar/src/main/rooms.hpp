// The rooms of this build that the configuration asks for.
#pragma once

#include "config/config.hpp"
#include "http/message.hpp"
#include "main/room.hpp"
#include "metrics/metrics.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <vector>

namespace pgbk::relay {

class Rooms {
public:
    Rooms(boost::asio::io_context& loop, Router& router, Metrics& metrics, const Config& config,
          const std::string& relay_id);

    void start();
    void stop(const std::function<void()>& done); // when all of them are
    void wake();

private:
    boost::asio::io_context& loop_;
    std::vector<std::unique_ptr<Room>> rooms_;
};

} // namespace pgbk::relay
