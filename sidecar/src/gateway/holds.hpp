// A visitor's hold: POST /api/sessions/{id}/holds takes seats for some minutes; GET /api/holds/{id},
// POST /api/holds/{id}/confirm, where the price is zero, and POST /api/holds/{id}/cancel are for whoever has its token.
#pragma once

#include "config/config.hpp"
#include "gateway/function.hpp"

#include <functional>
#include <string>

namespace pgbk::relay {

void add_holds(const Config& config, const std::function<void(const std::string& path, GatewayFunction)>& add);

} // namespace pgbk::relay
