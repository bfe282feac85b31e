#include "realtime/hand_over.hpp"

#include <exception>

namespace pgbk::relay {

HandedOver hand_over(Subscriber& subscriber, const SharedEvent& event, Metrics& metrics) {
    const auto view = subscriber.identity().view_of(*event);
    if (!view) {
        return HandedOver::nothing;
    }
    try {
        subscriber.deliver(event, *view);
        return HandedOver::told;
    } catch (const std::exception&) {
        metrics.add("booking_relay_realtime_failed_deliveries_total");
        return HandedOver::failed;
    }
}

void count_told(Metrics& metrics, std::size_t number) {
    metrics.add("booking_relay_realtime_deliveries_total", {}, static_cast<double>(number));
}

} // namespace pgbk::relay
