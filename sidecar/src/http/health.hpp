#pragma once

#include "http/message.hpp"
#include "metrics/metrics.hpp"

#include <functional>
#include <string>

namespace pgbk::relay {

// GET /healthz, /readyz and /metrics. `obstacle`: why nothing is delivered at the moment; empty if it is ready.
void add_health(Router& router, Metrics& metrics, const std::function<std::string()>& obstacle);

} // namespace pgbk::relay
