// What sessions of several activities share: a court, a room. A part of take and give (capacity.hpp).
//
// A session that uses resources has them, all that its activity needs, exactly while seats of it are taken; two never
// have the same one at the same time, buffers included (the constraint resource_allocations_excl). Whoever takes or
// gives seats of such a session has locked its row, so that the first and the last are known. Its seats lie aside in
// its lanes, and no statement that does not care about resources finds them for sale (PGBK_ON_SALE_SQL).
//
// Lock order: resources before sessions and lanes. A resource is waited for, while somebody is just taking it or giving
// it back, as the exclusion constraint waits: until that transaction ends, or lock_timeout.
#pragma once

#include "core/identifier.hpp"
#include "pg/capacity.hpp"
#include "pg/sale_window.hpp"
#include "pg/statement.hpp"

namespace pgbk::capacity {

// When session s needs what the row u of activity_resources says.
#define PGBK_NEEDED_SQL                                                                                                \
    "tstzrange(s.start_time - u.buffer_before_minutes * interval '1 minute',"                                          \
    "          s.end_time + u.buffer_after_minutes * interval '1 minute')"

// Row x of resource_allocations is of the resource q, in the words of the exclusion constraint's index.
#define PGBK_SAME_RESOURCE_SQL                                                                                         \
    "int4range(x.organization_id, x.organization_id, '[]') && int4range(q.organization_id, q.organization_id, '[]')"   \
    " AND int8range(x.resource_number, x.resource_number, '[]') && int8range(q.number, q.number, '[]')"

// Whether another session has a resource that session s needs, and seats of it that are booked, held or waited for:
// what only holds that have run out still have is free. For readers; costs nothing where no resources are used.
#define PGBK_RESOURCE_TAKEN_SQL(clock)                                                                                 \
    "(s.uses_resources AND EXISTS ("                                                                                   \
    "    SELECT 1 FROM booking.activity_resources AS u"                                                                \
    "      JOIN booking.resources AS q ON q.organization_id = u.organization_id AND q.id = u.resource_id"              \
    "      JOIN booking.resource_allocations AS x ON " PGBK_SAME_RESOURCE_SQL                                          \
    "       AND x.during && " PGBK_NEEDED_SQL " AND x.session_id <> s.id"                                              \
    "     WHERE u.organization_id = s.organization_id AND u.activity_id = s.activity_id"                               \
    "       AND EXISTS (SELECT 1 FROM booking.sessions AS s"                                                           \
    "                    WHERE s.organization_id = x.organization_id AND s.id = x.session_id"                          \
    "                      AND (s.waiting > 0 OR s.capacity_total > " PGBK_REMAINING_SQL                               \
    " - s.oversold_by + " PGBK_EXPIRED_SEATS_SQL("s.organization_id", "s.id", clock) "))))"

// Whether customers may book session s of activity a at this time, as far as others and the hours of sale allow.
#define PGBK_ON_OFFER_SQL(clock) "(" PGBK_IN_WINDOW_SQL(clock) " AND NOT " PGBK_RESOURCE_TAKEN_SQL(clock) ")"

// Whether the session has all that its activity needs.
bool has_resources(std::int32_t organization, const core::Uuid& session);

// Takes what it needs and does not have, from sessions that have only holds that have run out, too. Throws Refusal
// resource_taken if another session has it; retry if that is just changing. Not for callers that have locked lanes.
void take_resources(std::int32_t organization, const core::Uuid& session, TimestampTz clock);

// Of those of the sessions, whose rows must be locked, of which no seats are taken.
void give_resources_of_empty(std::int32_t organization, const core::Uuid& session);
void give_resources_of_empty(std::int32_t organization, Datum sessions); // uuid[]

} // namespace pgbk::capacity
