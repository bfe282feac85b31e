// How the parts are made from the configuration, for the daemon and for the one-shot commands alike.
#pragma once

#include "config/config.hpp"
#include "db/link.hpp"
#include "outbound/sender.hpp"

#include <string>

namespace pgbk::relay {

enum ExitCode {
    exit_ok = 0,
    exit_failed = 1,       // the port is taken, the test was not delivered, results were left unreported
    exit_usage = 2,        // the command line or the configuration
    exit_unreachable = 3,  // no server of the list can be connected to
    exit_not_prepared = 4, // connected, but the extension, the rights or the endpoint are missing
};

std::string relay_version();
std::string host_name();
std::string new_relay_id(); // a random uuid

Link::Settings link_settings(const Config& config, const std::string& purpose);
Sender::Settings sender_settings(const Config& config);

} // namespace pgbk::relay
