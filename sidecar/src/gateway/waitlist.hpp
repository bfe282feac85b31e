// A visitor's place on a waiting list: POST /functions/v1/waitlist-join, and for whoever has its token
// GET /functions/v1/waitlist-status and POST /functions/v1/waitlist-leave. What is offered then is a hold (holds.hpp),
// whose token is that of the entry.
#pragma once

#include "config/config.hpp"
#include "gateway/function.hpp"

#include <functional>
#include <string>

namespace pgbk::relay {

void add_waitlist(const Config& config, const std::function<void(const std::string& path, GatewayFunction)>& add);

} // namespace pgbk::relay
