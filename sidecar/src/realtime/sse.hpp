// Server-Sent Events: GET /events?topics=...&since=...
#pragma once

#include "http/message.hpp"
#include "realtime/hub.hpp"
#include "realtime/limits.hpp"

namespace pgbk::relay {

void add_sse(Router& router, Hub& hub, Common& common);

} // namespace pgbk::relay
