// Time on the event loop.
#pragma once

#include "realtime/feed.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <utility>

namespace pgbk::relay {

class LoopTimers : public Timers {
public:
    explicit LoopTimers(boost::asio::io_context& loop) : loop_(loop) {}

    Time now() const override { return std::chrono::steady_clock::now(); }

    void after(std::chrono::milliseconds pause, std::function<void()> then) override {
        const auto timer = std::make_shared<boost::asio::steady_timer>(loop_, pause);
        timer->async_wait([timer, then = std::move(then)](boost::system::error_code error) {
            if (!error) {
                then();
            }
        });
    }

private:
    boost::asio::io_context& loop_;
};

} // namespace pgbk::relay
