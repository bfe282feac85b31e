// Commands that ask the database something and end.
#pragma once

#include "config/config.hpp"

#include <string>

namespace pgbk::relay {

// Connects and asks for the status; prints what it found. The exit code.
int check_database(const Config& config);

// Sends a test event to the endpoint of that name; prints success, response time and error. The exit code.
int test_webhook(const Config& config, const std::string& endpoint_name);

} // namespace pgbk::relay
