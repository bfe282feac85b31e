// One event to one subscriber.
#pragma once

#include "metrics/metrics.hpp"
#include "realtime/hub.hpp"

namespace pgbk::relay {

enum class HandedOver {
    told,
    nothing, // is theirs to see
    failed,  // it is to be told nothing more, so that others are
};

// In the view that is theirs, if one is. What was told is counted by the caller: there are many.
HandedOver hand_over(Subscriber& subscriber, const SharedEvent& event, Metrics& metrics);
void count_told(Metrics& metrics, std::size_t number);

} // namespace pgbk::relay
