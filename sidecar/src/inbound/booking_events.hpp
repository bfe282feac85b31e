// POST and GET /api/webhooks/booking-events: events that come in from outside are stored and fanned out like our own.
#pragma once

#include "db/pool.hpp"
#include "http/message.hpp"
#include "metrics/metrics.hpp"

#include <functional>
#include <string>

namespace pgbk::relay {

inline constexpr const char* booking_events_path = "/api/webhooks/booking-events";

struct BookingEventsSettings {
    int organization = 0;
    std::string secret; // empty: nobody may post
};

void add_booking_events(Router& router, Pool& pool, Metrics& metrics, const BookingEventsSettings& settings,
                        std::function<std::string()> status_json);

} // namespace pgbk::relay
