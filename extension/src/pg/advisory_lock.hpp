// Advisory locks of our own, held until the transaction ends. They live in a class of their own (objsubid 3 in
// pg_locks), so that they never meet the application's advisory locks, and survive transaction pooling.
#pragma once

#include "pg/guard.hpp"

namespace pgbk {

// What is locked; part of the key, so that different things never meet.
enum class LockOf : std::uint8_t {
    generation,
    idempotency_key,
    installation,
    email,
    partitions,
    relay,
    payment,
    sequencer,
    erasure
};

constexpr std::string_view lock_of_sequencer = "booking"; // there is one

// Waits, at most for lock_timeout. The bytes name the thing, for instance a uuid or a
// digest.
void lock_until_transaction_ends(LockOf what, std::string_view bytes);

// The same without waiting: false if somebody else has it.
bool try_to_lock_until_transaction_ends(LockOf what, std::string_view bytes);

// Shared, until the session ends, however often it is called: a sign of life, which a new connection of the same
// process may give before the server has noticed that the old one is gone.
void share_until_session_ends(LockOf what, std::string_view bytes);

// Whether any session has it now.
bool is_locked(LockOf what, std::string_view bytes);

} // namespace pgbk
