// The events of reservations that were updated: released by the thousand, cancelled, extended one by one.
//
// What the statement over the transition tables (event_statements.cpp) does for each row costs more than the event: to
// join the versions of a row, to look up what its organization wants, to build the facts by functions for any type. The
// two tables hold the versions in the same order, so they are read side by side here, and the events are written
// together.
#pragma once

#include "pg/trigger.hpp"

namespace pgbk {

// C++ frame, of a trigger that has both transition tables. False: nothing was done, and it is for the statement, as
// where there are units.
bool write_reservation_events(const TriggerData& data);

} // namespace pgbk
