#include "realtime/realtime.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace pgbk::relay {

Realtime::Realtime(boost::asio::io_context& loop, Router&, Metrics&, const Config& config)
    : loop_(loop), subscriptions_(static_cast<std::size_t>(config.realtime_subscriptions)) {}

void Realtime::start() {}

void Realtime::stop(std::function<void()> done) {
    boost::asio::post(loop_, std::move(done));
}

} // namespace pgbk::relay
