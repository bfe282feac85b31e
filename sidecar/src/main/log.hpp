// Structured log: one JSON object a line, on stderr. Whoever logs names things (endpoint, delivery, event), never their
// secrets, and no URL beyond its host.
#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace pgbk::relay {

enum class LogLevel { trace, debug, info, warn, error };

void start_log(const std::string& level);
bool logs(LogLevel level);
void log(LogLevel level, std::string_view message, const boost::json::object& fields = {});

} // namespace pgbk::relay
