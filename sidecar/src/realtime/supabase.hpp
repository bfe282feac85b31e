// The protocol of Supabase Realtime (vsn 1.0.0 and 2.0.0), at /realtime/v1/websocket.
#pragma once

#include "http/message.hpp"
#include "realtime/hub.hpp"
#include "realtime/limits.hpp"

namespace pgbk::relay {

void add_supabase(Router& router, Hub& hub, Common& common);

} // namespace pgbk::relay
