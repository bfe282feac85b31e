// A reservation as the functions on holds see it: locked, with what is needed to decide.
#pragma once

#include "pg/arguments.hpp"

namespace pgbk {

struct Reservation {
    std::int32_t organization;
    core::Uuid id;
    core::Uuid session;
    std::int32_t party_size;
    std::string_view status;
    std::string_view customer_email;
    TimestampTz created_at;
    TimestampTz expires_at;
    std::int32_t extended_count;
    bool counted_unpaid;
    std::optional<core::Uuid> waitlist_entry; // that it was offered to
    std::optional<Datum> unit_items; // jsonb; nothing: seats
};

// Locks the row, waiting for whoever is settling it. Throws Refusal reservation_not_found; where a token is given,
// wrong_hold_token if it is not the one; without a token, raises 42501 unless the caller is trusted or a member of the
// organization. action is for the message: "confirm a reservation".
Reservation lock_reservation(const Call& call, const core::Uuid& id, std::optional<std::string_view> token,
                             const char* action);

// The same without a question, for callers who have asked who calls; nothing if there is no such reservation.
std::optional<Reservation> lock_hold(std::int32_t organization, const core::Uuid& id);

[[noreturn]] void refuse_unknown_reservation(const core::Uuid& id);

// Throws Refusal wrong_hold_token unless the hash of the token is the one that is stored.
void check_hold_token(std::string_view token, std::string_view expected_hash, const core::Uuid& id);

// Throws Refusal reservation_confirmed, reservation_cancelled or hold_expired.
void check_is_live(const Reservation& reservation, TimestampTz clock);

// Sets the status by a guarded update; the row must be locked. Checks the transition. Who was offered the hold from a
// waiting list is through with it, too.
void settle(const Reservation& reservation, std::string_view status, TimestampTz clock);

} // namespace pgbk
