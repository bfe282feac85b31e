// Take and give: the only code that changes how many seats of a session are free. Reserving, confirming late,
// cancelling, releasing and everything to come go through here, so that one invariant can be kept and audited
// (integrity_check): the free seats of a session are those of its row plus those of all its lanes.
//
// A quiet session (lane_count 0) is its own counter. A busy one is striped: its seats lie in the rows of session_lanes,
// and each backend takes from a lane of its own. Lanes are never removed, and both places always count, so that a give
// which meets a striping loses nothing.
//
// Lock order everywhere: reservations by id, then session rows by id, then lanes by number. Nobody waits for a
// reservation while holding a session or a lane, and nobody waits for a lane while holding another one out of order.
// That takes care: an UPDATE that waited for a row and then found too few seats has changed nothing but keeps the lock.
// So every attempt of take() that may end like that runs in a subtransaction that is rolled back. Where an
// application's own transaction breaks the order by several calls, the deadlock detector ends one of them, as SQLSTATE
// BK401.
#pragma once

#include "core/identifier.hpp"
#include "pg/statement.hpp"

namespace pgbk::capacity {

// $1 organization, $2 session, $4 clock; of a session s. One that uses resources is sold by whoever takes them first.
#define PGBK_ON_SALE_SQL                                                                                               \
    "s.organization_id = $1 AND s.id = $2 AND s.status = 'open' AND s.start_time > $4 AND NOT s.uses_resources"

// Seats of session s that are free by its counters, but for those that are oversold, as an expression for readers.
#define PGBK_REMAINING_SQL                                                                                             \
    "(s.remaining + CASE WHEN s.lane_count = 0 THEN 0 ELSE"                                                            \
    "    (SELECT COALESCE(sum(x.remaining + COALESCE(x.set_aside, 0)), 0) FROM booking.session_lanes AS x"             \
    "      WHERE x.organization_id = s.organization_id AND x.session_id = s.id) END)"

// Seats of the session's holds that have run out and are not released. Such a hold is free the moment it expires.
#define PGBK_EXPIRED_SEATS_SQL(organization, session, clock)                                                           \
    "COALESCE((SELECT sum(h.party_size) FROM booking.slot_reservations AS h"                                           \
    "           WHERE h.organization_id = " organization " AND h.session_id = " session                                \
    "             AND h.status = 'pending' AND h.expires_at <= " clock "), 0)"

// What of them is on sale at that time: with the seats of holds that have run out, unless somebody waits for seats, who
// comes first.
#define PGBK_AVAILABLE_SQL(organization, session, clock)                                                               \
    "(CASE WHEN s.waiting = 0"                                                                                         \
    "      THEN " PGBK_REMAINING_SQL " - s.oversold_by + " PGBK_EXPIRED_SEATS_SQL(                                     \
        organization, session, clock) "      WHEN s.kept_for_waitlist THEN 0 ELSE " PGBK_REMAINING_SQL                 \
                                      " - s.oversold_by END)"

struct Seats {
    std::int32_t organization;
    core::Uuid session;
    std::int32_t count;
    bool unpaid = false; // they are, or are to be, counted as unpaid
};

enum class Expired : std::uint8_t { leave, reclaim };

// True if the seats are taken now, wherever they lay: in one place if possible, else gathered from all. False if there
// are not enough, or the session is not on sale; then no lock is left behind by the search in lanes. With
// Expired::reclaim, this session's holds that have run out are expired on the way, all but those that others are
// settling: an expired hold is free the moment it expires, without waiting for the job. Waits for lanes, so it is not
// for callers that may hold the lock of one.
//
// Seats that are counted as unpaid are only taken while all of the session's stay within unpaid_most.
//
// The first seats of a session that uses resources take these too (session_resources.hpp). Throws Refusal
// resource_taken if another session has one of them.
bool take(const Seats& seats, TimestampTz clock, Expired expired, std::int32_t unpaid_most = 0);

// The same from whatever is there, holds that have run out included. Throws Refusal retry if the seats are there but
// others are settling the holds just now.
bool take_or_sold_out(const Seats& seats, TimestampTz clock);

// The nearest lane, from this one on, that has the seats: one that nobody is working on, locked from now on (it may
// have locked one without returning it: for subtransactions only), and one that somebody may have locked.
std::optional<std::int32_t> lock_unlocked_lane(const Seats& seats, std::int32_t from);
std::optional<std::int32_t> nearest_lane(const Seats& seats, std::int32_t from);

// Where somebody waits for them (waitlist.hpp), they are offered in the same transaction.
void give(const Seats& seats);

// The seats have been paid for: they stay taken and are no longer counted as unpaid, if they were.
void count_as_paid(const Seats& seats);

// Seats of the session that are counted as unpaid, by the counters, and those of them whose holds have run out.
struct Unpaid {
    std::int64_t counted;
    std::int64_t run_out;
};
Unpaid unpaid_seats(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

// Waits until nobody is settling one of the session's holds that have run out, and keeps no lock. Only for callers that
// hold no session and no lane.
void await_settlement(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

// Seats of the session's holds that have run out and are not released, as last committed.
std::int64_t expired_seats(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

// Expires the session's holds that have run out, leaving out those that others are settling. Returns how many. Its
// resources stay as they are.
std::int64_t reclaim(const Seats& seats, TimestampTz clock);

// A place in the order in which holds are released: by session and when they ran out.
struct HoldPlace {
    core::Uuid session;
    TimestampTz expires_at;

    bool operator==(const HoldPlace&) const = default;
};

struct Released {
    std::int64_t count;
    std::optional<HoldPlace> last; // if limit holds were found: there may be more from there on
};

// Expires up to limit holds of the organization that have run out, from a place on, leaving out those that another
// transaction is working on, and those of sessions that somebody waits for.
Released release(std::int32_t organization, TimestampTz clock, std::int32_t limit, const HoldPlace& from);

// Spreads the free seats of a session over lanes; the number never shrinks. Locks the whole session.
void stripe(std::int32_t organization, const core::Uuid& session, std::int32_t lanes);

// Whether seats may lie in its lanes for whoever comes: the session is open, nobody waits, and it uses no resources.
bool is_for_sale(std::int32_t organization, const core::Uuid& session);

// Gives the session another capacity, whatever is sold; returns what is free then, negative if it is oversold. What
// comes back makes up for that first. Locks the whole session.
std::int64_t set_total(std::int32_t organization, const core::Uuid& session, std::int32_t capacity);

// After the session was closed or opened, or has begun or ceased to use resources: sets all seats aside, so that nobody
// takes one whose statement has begun before, or puts them on sale. Locks the whole session.
void set_for_sale(std::int32_t organization, const core::Uuid& session);

// Lanes of a new session: what the activity says, or one for eight seats from 64 seats up, 64 at most.
std::int32_t default_lanes(std::optional<std::int32_t> of_activity, std::int32_t capacity);

constexpr std::int32_t most_lanes = 256;

} // namespace pgbk::capacity
