#pragma once

#include "config/config.hpp"

namespace pgbk::relay {

// Serves until a signal ends it; the exit code.
int run_daemon(const Config& config);

} // namespace pgbk::relay
