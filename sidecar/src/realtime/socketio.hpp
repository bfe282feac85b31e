// Socket.IO v5 over Engine.IO v4, at /socket.io/.
#pragma once

#include "http/message.hpp"
#include "realtime/hub.hpp"
#include "realtime/limits.hpp"

namespace pgbk::relay {

void add_socketio(Router& router, Hub& hub, Common& common);

} // namespace pgbk::relay
