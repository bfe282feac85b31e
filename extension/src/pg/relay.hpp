// What the functions of the relay share.
#pragma once

#include "pg/arguments.hpp"

namespace pgbk {

// Throws Refusal invalid_relay_call.
[[noreturn]] void refuse_relay_call(const std::string& problem, std::string hint = {});

// Whether a session of the relay is attached.
bool relay_lives(const core::Uuid& relay);

// Relays other than this one whose connection is gone, and has been for five seconds; their rows are removed, so that
// each is returned once. Writes nothing while all are there.
std::vector<core::Uuid> lost_relays(const core::Uuid& relay, TimestampTz now);

} // namespace pgbk
