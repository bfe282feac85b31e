// Advisory locks of our own, held until the transaction ends. They live in a class of their own (objsubid 3 in
// pg_locks), so that they never meet the application's advisory locks, and survive transaction pooling.
#pragma once

#include "pg/guard.hpp"

namespace pgbk {

// What is locked; part of the key, so that different things never meet.
enum class LockOf : std::uint8_t { generation, idempotency_key, installation, email, partitions };

// Waits, at most for lock_timeout. The bytes name the thing, for instance a uuid or a
// digest.
void lock_until_transaction_ends(LockOf what, std::string_view bytes);

} // namespace pgbk
