// What a relay reports of a delivery, read and checked.
#pragma once

#include "core/delivery_outcome.hpp"
#include "core/identifier.hpp"
#include "core/json.hpp"

#include <vector>

namespace pgbk::core {

struct RelayResult {
    Uuid delivery{};
    std::int64_t lease_token = 0;
    bool returned = false; // never sent
    AttemptFacts facts;
    std::string_view error_text;
};

// An array of objects. Throws Refusal invalid_relay_call with the JSON path of what is wrong; what it passes can be
// written as it is.
std::vector<RelayResult> read_relay_results(const JsonNode& document);

} // namespace pgbk::core
