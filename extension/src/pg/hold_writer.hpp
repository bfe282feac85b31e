// Seats taken and a hold written.
#pragma once

#include "core/identifier.hpp"
#include "core/unit_items.hpp"
#include "pg/digest.hpp"
#include "pg/plain_counter.hpp"
#include "pg/shell.hpp"
#include "pg/terms.hpp"

namespace pgbk {

struct Request {
    std::int32_t organization;
    core::Uuid session;
    std::int32_t party_size;
    std::string_view email;
    std::optional<std::string_view> idempotency_key;
    std::optional<std::int32_t> hold_seconds;
    std::vector<core::UnitItem> items;    // what was asked for, if it was units
    std::optional<core::UnitOrder> units; // what that is, or the party, where the activity is sold by units
    const Call* call = nullptr;           // who asks: staff may book outside the hours of sale
};

struct Hold {
    core::Uuid reservation;
    TimestampTz expires_at;
    std::string token;
};

// Where the seats of a hold come from.
enum class Source : std::uint8_t {
    session_row,  // to be taken from the session's row
    lane,         // to be taken from this lane
    taken,        // taken already
    taken_unpaid, // taken already, and counted as unpaid
};

struct Place {
    Source source;
    std::int32_t lane = 0;
    std::int32_t to_leave = 0; // seats that the lane must still have afterwards
};

// By no statement, and from another lane if this one has too few. If nothing is taken nothing is left behind; unknown:
// write_hold() will tell.
struct PlainHold {
    PlainTake taken;
    std::optional<Hold> hold;
};
PlainHold write_hold_plainly(const Request& request, TimestampTz clock, const Place& place, const Terms& terms);

// Takes the seats by a statement, unless that is done, and writes the hold on these terms, if they still hold where the
// seats are taken. Nothing is taken if nothing is returned.
std::optional<Hold> write_hold(const Request& request, TimestampTz clock, const Place& place, const Terms& terms);

// The same from the session's row, if there is nothing in the terms that speaks against it. They are looked up by the
// statement, and remembered.
std::optional<Hold> write_hold_and_learn_terms(const Request& request, TimestampTz clock);

// Identifies what was asked for, among the calls with one idempotency key.
Digest request_digest(const Request& request);

constexpr std::string_view hold_token_purpose = "pg_booking hold token";

} // namespace pgbk
