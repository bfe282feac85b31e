// What every trigger function asks before it believes the server's data: one that takes the wrong event or table for
// granted reads values that are something else.
#pragma once

#include "pg/shell.hpp"

namespace pgbk {

// C++ frames.

// Raises unless the function was called as a trigger.
const TriggerData& trigger_data(const Call& call, const char* name);

// The error of a trigger that was made for the wrong table or event. %s in the message is the name.
[[noreturn]] void refuse_trigger(const char* message, const char* name);

enum class Change : std::uint8_t { inserted, updated, deleted };

// What the statement did that fired the trigger; raises for TRUNCATE.
Change change_of(const TriggerData& data, const char* name);

// Raises unless the trigger is fired after a statement and has its rows as old_rows and new_rows. Then hands them to
// SPI, for TransitionStatement.
void use_transition_tables(TriggerData& data, Change change, const char* name);

// Server frame. Attribute number by name, or an error: the trigger is on a table without the column, or with one of
// another type, whose values would be misread.
int column(TupleDesc descriptor, const char* name, Oid type);

} // namespace pgbk
