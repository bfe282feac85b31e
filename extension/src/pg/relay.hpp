// What the functions of the relay share.
#pragma once

#include "pg/arguments.hpp"

namespace pgbk {

// Throws Refusal invalid_relay_call.
[[noreturn]] void refuse_relay_call(const std::string& problem, std::string hint = {});

// Until the call ends, plans find single rows by their keys and read what is due in the order of its index. A plan is
// kept, and one that was made while tables were small or not analyzed would sort a backlog, or walk through all
// bookings of an organization for each event.
void plan_for_single_rows();

// After so many executions a statement over deliveries is planned anew: a relay is connected for months, and its first
// plans are made when nothing is there.
constexpr int fresh_plan = 200;

// Whether a session of the relay is attached.
bool relay_lives(const core::Uuid& relay);

// Relays other than this one whose connection is gone, and has been for five seconds; their rows are removed, so that
// each is returned once. Writes nothing while all are there.
std::vector<core::Uuid> lost_relays(const core::Uuid& relay, TimestampTz now);

} // namespace pgbk
