#include "realtime/socketio/engine_request.hpp"

#include "text/ascii.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace pgbk::relay::socketio {

namespace {

constexpr std::array<std::string_view, 6> messages{
    "Transport unknown", "Session ID unknown", "Bad handshake method",
    "Bad request",       "Forbidden",          "Unsupported protocol version"};

} // namespace

Response refusal(EngineError error) {
    const auto code = static_cast<std::size_t>(error);
    return {error == EngineError::forbidden ? 403 : 400,
            boost::json::serialize(boost::json::object{{"code", code}, {"message", messages.at(code)}})};
}

EngineReading read_engine_request(const Request& request) {
    const std::string transport = request.query_value("transport").value_or("");
    const bool upgrade = lower_case(request.header("upgrade")) == "websocket";
    EngineReading reading{{transport == "websocket", request.query_value("sid").value_or("")}, std::nullopt};
    if (transport != "websocket" && transport != "polling") {
        reading.error = EngineError::unknown_transport;
    } else if (request.query_value("EIO") != "4") {
        reading.error = EngineError::unsupported_version;
    } else if (reading.request.session.empty() && request.method != "GET") {
        reading.error = EngineError::bad_method;
    } else if (upgrade != reading.request.websocket ||
               !(request.method == "GET" || (request.method == "POST" && !upgrade))) {
        reading.error = EngineError::bad_request;
    }
    return reading;
}

} // namespace pgbk::relay::socketio
