// A package as it is offered for sale.
#pragma once

#include <cstdint>
#include <string_view>

namespace pgbk::core {

struct Package {
    std::string_view id;
    std::string_view name;
    std::int64_t price;           // minor units
    std::string_view price_field; // what the caller calls it, for the refusal
    std::string_view currency;    // ISO 4217
    std::int32_t sessions;
    std::int32_t schedule_days;
};

// Throws Refusal invalid_package: a price below zero or beyond what fits, a currency that is not three capital letters,
// fewer than one session or more than 1000.
void check_package(const Package& package);

} // namespace pgbk::core
