#include "realtime/hand_over.hpp"

#include <exception>

namespace pgbk::relay {

bool hand_over(Subscriber& subscriber, const SharedEvent& event, Metrics& metrics) {
    const auto view = subscriber.identity().view_of(*event);
    if (!view) {
        return true;
    }
    try {
        subscriber.deliver(event, *view);
    } catch (const std::exception&) {
        metrics.add("booking_relay_realtime_failed_deliveries_total");
        return false;
    }
    metrics.add("booking_relay_realtime_deliveries_total");
    return true;
}

} // namespace pgbk::relay
