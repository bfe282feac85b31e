// Take and give: the only code that changes how many seats of a session are free. Reserving, confirming late,
// cancelling, releasing and everything to come go through here, so that one invariant can be kept and audited
// (integrity_check).
//
// Lock order everywhere: reservations, in id order, before sessions, in id order. Where an application's own
// transaction breaks it by several calls, the deadlock detector ends one of them, as SQLSTATE BK401.
#pragma once

#include "core/identifier.hpp"
#include "pg/statement.hpp"

namespace pgbk::capacity {

// The take as SQL, so that the reservation can be inserted by the same statement. $1 organization, $2 session,
// $3 seats, $4 clock. A caller may add conditions on s and a, and RETURNING. No row: not enough seats, or not on sale.
// The visible counter is compared before the row lock is waited for, so a sold-out session refuses without waiting.
#define PGBK_TAKE_SQL                                                                                                  \
    "UPDATE booking.sessions AS s"                                                                                     \
    "   SET remaining = s.remaining - $3"                                                                              \
    "  FROM booking.activities AS a"                                                                                   \
    " WHERE s.organization_id = $1 AND s.id = $2"                                                                      \
    "   AND s.remaining >= $3 AND s.status = 'open' AND s.start_time > $4"                                             \
    "   AND a.organization_id = $1 AND a.id = s.activity_id"

// The give as SQL. Seats of an oversold session first make up for the overselling. s is the session, given_seats an
// expression of the caller's FROM.
#define PGBK_GIVE_SQL(given_seats)                                                                                     \
    "UPDATE booking.sessions AS s"                                                                                     \
    "   SET remaining = s.remaining + GREATEST(" given_seats " - s.oversold_by, 0),"                                   \
    "       oversold_by = GREATEST(s.oversold_by - " given_seats ", 0)"

struct Seats {
    std::int32_t organization;
    core::Uuid session;
    std::int32_t count;
};

// True if the seats are taken now; false if there are not enough, or the session is not on sale.
bool take(const Seats& seats, TimestampTz clock);

void give(const Seats& seats);

// Expires this session's holds that have run out, and gives their seats back: an expired hold is free the moment it
// expires, without waiting for the job. Returns the seats that came free.
std::int64_t reclaim(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

// Expires up to limit holds of the organization that have run out, leaving out those that another transaction is
// working on. Returns how many.
std::int64_t release(std::int32_t organization, TimestampTz clock, std::int32_t limit);

} // namespace pgbk::capacity
