// One event to one subscriber.
#pragma once

#include "metrics/metrics.hpp"
#include "realtime/hub.hpp"

namespace pgbk::relay {

// In the view that is theirs, if one is. False: it has failed, and is to be told nothing more, so that others are.
bool hand_over(Subscriber& subscriber, const SharedEvent& event, Metrics& metrics);

} // namespace pgbk::relay
