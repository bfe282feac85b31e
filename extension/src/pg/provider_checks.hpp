// What was made at a provider and of which nothing has been heard.
#pragma once

#include "pg/provider_calls.hpp"

namespace pgbk {

// Organizations and providers, place by place: int4[] and text[].
struct ProviderAccounts {
    Value organizations;
    Value providers;
};

// Writes the look-ups that are due. C++ frame of a writer.
void queue_checks(const ProviderAccounts& accounts, TimestampTz now);

} // namespace pgbk
