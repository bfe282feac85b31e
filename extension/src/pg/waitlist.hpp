// Waiting lists, as a part of take and give: whatever gives seats back to a session for which somebody waits makes them
// a hold for whoever is next, in the same transaction. No caller of give() can forget it.
//
// While somebody waits, the session is striped and all its lanes are set aside (session_parts.hpp), so that a sale
// finds nothing in the row that it changes anyway and looks at nothing more than before; whoever then wants seats locks
// all parts, serves those who wait, and may have what suffices for none of them, unless all is kept for the first
// (activities.waitlist_policy). sessions.waiting counts the entries; each change of it locks all parts and writes the
// row, so that no snapshot overlooks another's.
//
// Entries are locked after reservations, sessions and lanes. Of an entry that was offered seats, whoever changes it has
// locked the reservation.
#pragma once

#include "pg/session_parts.hpp"
#include "pg/statement.hpp"

namespace pgbk::capacity {

struct Served {
    bool is_waited_for = false; // somebody still is
    bool is_kept = false;       // and nobody else is to have what is free
};

// Offers what is free to those who wait, or closes the list of a session that is no longer sold. All parts of the
// session are locked, and parts are what they are; afterwards, what they are then. change: how many more or fewer wait
// than the session knows of.
Served serve_waitlist(std::int32_t organization, const core::Uuid& session, TimestampTz clock, std::vector<Part>& parts,
                      std::int32_t change = 0);

// Closes the list, of a session whose row is locked and which is no longer open: its seats lie aside already.
void close_waitlist(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

// As serve_waitlist, with holds that have run out; returns how many. A session of which no seats are taken then gives
// its resources back. Locks the whole session.
std::int64_t reclaim_and_serve(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

// Of these sessions (a uuid[]), those for which somebody waits, unless another transaction is working on them: it has
// seen the seats by now, or waits for them, or leaves them to the next run of release_expired_reservations. For callers
// that may hold the lock of a lane.
void serve_if_waited_for(std::int32_t organization, const Value& sessions, TimestampTz clock);

// All of the organization, but those that another transaction is working on. Returns how many holds have expired.
std::int64_t serve_all_waitlists(std::int32_t organization, TimestampTz clock);

} // namespace pgbk::capacity

namespace pgbk {

// Off the list, for callers who have asked who calls; false if it did not wait any more. Locks the whole session.
// Throws Refusal waitlist_entry_not_found; retry, if it has just been offered seats.
bool leave_queue(std::int32_t organization, const core::Uuid& id, const core::Uuid& session, TimestampTz clock);

} // namespace pgbk
