// What a request at /socket.io/ asks for, and the refusals of Engine.IO. Pure.
#pragma once

#include "http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace pgbk::relay::socketio {

// Numbered as clients know them.
enum class EngineError : std::uint8_t {
    unknown_transport,
    unknown_session,
    bad_method, // of the request that is to open a session
    bad_request,
    forbidden,
    unsupported_version,
};

// 403 where it is forbidden, otherwise 400, with the body {"code":1,"message":"Session ID unknown"}.
Response refusal(EngineError error);

struct EngineRequest {
    bool websocket = false; // otherwise polling
    std::string session;    // empty: a new one
};

// What is wrong with it as far as the request itself tells.
struct EngineReading {
    EngineRequest request;
    std::optional<EngineError> error;
};
EngineReading read_engine_request(const Request& request);

} // namespace pgbk::relay::socketio
