// The accounts at providers that the relay has the keys of. Pure.
#pragma once

#include "config/config.hpp"
#include "providers/provider.hpp"

#include <string>
#include <vector>

namespace pgbk::relay {

// Those of `organization` from the keys and variables, and those of further organizations from the file. One without
// its keys is none.
std::vector<ProviderAccount> provider_accounts(const Config& config);

// As booking.relay_claim_calls takes them: {"1":["stripe"]}.
std::string accounts_json(const std::vector<const ProviderAccount*>& accounts);

} // namespace pgbk::relay
