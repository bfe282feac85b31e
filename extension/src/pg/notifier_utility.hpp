// Statements by which the notifier is concerned.
#pragma once

namespace pgbk {

// From _PG_init. COMMIT PREPARED announces what the prepared transaction may have written. Statements that want a
// database for themselves (DROP DATABASE, and CREATE DATABASE with it as the template) have its notifier leave first.
void watch_utility_statements();

} // namespace pgbk
