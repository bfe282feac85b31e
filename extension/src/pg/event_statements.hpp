// What an event says: one statement for each entity and kind of change.
#pragma once

#include "pg/statement.hpp"
#include "pg/trigger.hpp"

namespace pgbk {

// The statement that writes the events of all rows that a statement changed, and returns the organization and id of
// each. nullptr if such a change makes no events, or is told row by row.
TransitionStatement* event_statement(std::string_view entity, Change change);

// The event of one session that was updated. $1 clock, $2 organization, $3 session, $4 status before, $5 after,
// $6 capacity before, $7 after.
Statement& session_updated_statement();

// The event of sessions that were inserted without the trigger. $1 clock, $2 organization, $3 activity, $4 their ids,
// $5 their starts.
Statement& sessions_generated_statement();

} // namespace pgbk
