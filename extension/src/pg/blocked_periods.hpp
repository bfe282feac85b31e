// Periods in which nothing takes place: at a venue, of an activity, or with a resource.
#pragma once

#include "core/identifier.hpp"
#include "pg/statement.hpp"

namespace pgbk {

// Whether period p is one of this activity, at this venue.
#define PGBK_BLOCKS_SQL(activity, venue)                                                                               \
    "(p.activity_id = " activity " OR p.venue_id = " venue " OR p.resource_id IN ("                                    \
    "    SELECT b.resource_id FROM booking.activity_resources AS b"                                                    \
    "     WHERE b.organization_id = p.organization_id AND b.activity_id = " activity "))"

// Closes the sessions to come that lie in periods of the resource, since their activity has begun to use it; or opens
// those that such periods have closed, since it does not any more. The activity's generation must be locked.
void block_by_resource(std::int32_t organization, const core::Uuid& activity, const core::Uuid& resource,
                       TimestampTz clock);
void unblock_by_resource(std::int32_t organization, const core::Uuid& activity, const core::Uuid& resource);

} // namespace pgbk
