// What happens, told to browsers as it happens.
#pragma once

#include "config/config.hpp"
#include "http/message.hpp"
#include "main/room.hpp"
#include "metrics/metrics.hpp"
#include "realtime/admission.hpp"
#include "realtime/database_feed.hpp"
#include "realtime/identities.hpp"
#include "realtime/limits.hpp"
#include "realtime/live.hpp"
#include "realtime/rechecks.hpp"
#include "realtime/timers.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>

namespace pgbk::relay {

class Realtime : public Room {
public:
    Realtime(boost::asio::io_context& loop, Router& router, Metrics& metrics, const Config& config);

    void start() override;
    void stop(std::function<void()> done) override;

private:
    LoopTimers timers_;
    Admission admission_;
    Subscriptions subscriptions_;
    DatabaseFeed feed_;
    Identities identities_;
    Live live_;
    Rechecks rechecks_;
    Common common_;
};

} // namespace pgbk::relay
