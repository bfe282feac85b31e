// use_resource and stop_using_resource: what an activity needs besides seats.
//
// Lock order: the resource, so that no period of it is blocked meanwhile; the activity's generation, so that no session
// is made meanwhile; the row that says what is used, which whoever takes the resource for a session keeps as it is
// until the end; then sessions by id and their lanes.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/blocked_periods.hpp"
#include "pg/capacity.hpp"
#include "pg/generation.hpp"
#include "pg/session_parts.hpp"
#include "pg/session_resources.hpp"
#include "pg/settings.hpp"
#include "pg/waitlist.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

struct Use {
    std::int32_t organization;
    core::Uuid activity;
    core::Uuid resource;
};

Use use_argument(const Call& call, const char* action) {
    const core::Uuid activity = uuid_argument(call, 0, "activity_id");
    const core::Uuid resource = uuid_argument(call, 1, "resource_id");
    const std::int32_t organization = core::organization_of(activity).value_or(0);
    require_owner(call, organization, action);
    if (core::organization_of(resource) == organization) {
        lock_generation(resource);
    }
    lock_generation(activity);
    static constinit Statement statement(
        "SELECT EXISTS (SELECT 1 FROM booking.activities AS a WHERE a.organization_id = $1 AND a.id = $2),"
        "       EXISTS (SELECT 1 FROM booking.resources AS q WHERE q.organization_id = $1 AND q.id = $3)");
    const Rows rows = statement.write({organization, activity, resource});
    if (!rows.boolean(0, 1)) {
        throw Refusal(RefusalKind::activity_not_found, "no activity has the id " + uuid_text(activity));
    }
    if (!rows.boolean(0, 2)) {
        throw Refusal(RefusalKind::resource_not_found,
                      "no resource of the organization has the id " + uuid_text(resource));
    }
    return {organization, activity, resource};
}

std::int32_t buffer_argument(const Call& call, int i, const char* name) {
    constexpr std::int32_t most = 1440;
    const std::int32_t minutes = int4_argument(call, i, name);
    if (minutes < 0 || minutes > most) {
        throw Refusal(RefusalKind::invalid_resource_use,
                      std::string(name) + " must be between 0 and " + std::to_string(most) + ", got " +
                          std::to_string(minutes),
                      {}, {}, name);
    }
    return minutes;
}

Rows sessions_to_come(const Use& use, TimestampTz clock) {
    static constinit Statement statement("SELECT s.id FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.activity_id = $2 AND s.end_time > $3"
                                         " ORDER BY s.id");
    return statement.write({use.organization, use.activity, Value::timestamp(clock)});
}

void mark(const Use& use, const core::Uuid& session, bool uses_resources) {
    static constinit Statement statement("UPDATE booking.sessions AS s SET uses_resources = $3"
                                         " WHERE s.organization_id = $1 AND s.id = $2 AND s.uses_resources <> $3"
                                         " RETURNING s.lane_count > 0");
    capacity::lock_row(use.organization, session);
    const Rows rows = statement.write({use.organization, session, uses_resources});
    if (!rows.empty() && rows.boolean(0, 1)) {
        capacity::set_for_sale(use.organization, session);
    }
}

bool has_taken_seats(const Use& use, const core::Uuid& session) {
    static constinit Statement statement("SELECT s.capacity_total <> " PGBK_REMAINING_SQL " - s.oversold_by"
                                         "  FROM booking.sessions AS s WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({use.organization, session});
    return !rows.empty() && rows.boolean(0, 1);
}

// The resource as sessions have it now, whoever needs it: given back, to be taken as it is needed from now on.
void give_all(const Use& use) {
    static constinit Statement statement(
        "DELETE FROM booking.resource_allocations AS x USING booking.sessions AS s"
        " WHERE x.organization_id = $1 AND x.resource_id = $3"
        "   AND s.organization_id = $1 AND s.id = x.session_id AND s.activity_id = $2");
    statement.write({use.organization, use.activity, use.resource});
}

// What has run out is given back, and offered to those who wait, while that takes no more than the session has.
void settle_sessions(const Use& use, TimestampTz clock) {
    static constinit Statement statement("SELECT 1 FROM booking.activity_resources AS u WHERE u.organization_id = $1"
                                         "   AND u.activity_id = $2 AND u.resource_id = $3 FOR UPDATE");
    statement.write({use.organization, use.activity, use.resource});
    const Rows rows = sessions_to_come(use, clock);
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        (void)capacity::reclaim_and_serve(use.organization, rows.uuid(row, 1), clock);
    }
}

// Sessions of which seats are taken take the resource now, or the whole is refused.
void begin(const Use& use, TimestampTz clock) {
    const Rows rows = sessions_to_come(use, clock);
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const core::Uuid session = rows.uuid(row, 1);
        mark(use, session, true);
        if (has_taken_seats(use, session)) {
            capacity::take_resources(use.organization, session, clock);
        }
    }
}

Datum use_resource_body(Call& call) {
    const std::int32_t before = buffer_argument(call, 2, "buffer_before_minutes");
    const std::int32_t after = buffer_argument(call, 3, "buffer_after_minutes");
    const Use use = use_argument(call, "say which resources an activity uses");
    static constinit Statement statement(
        "INSERT INTO booking.activity_resources AS u (organization_id, activity_id, resource_id,"
        "       buffer_before_minutes, buffer_after_minutes) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (organization_id, activity_id, resource_id) DO UPDATE"
        "    SET buffer_before_minutes = $4, buffer_after_minutes = $5"
        "  WHERE (u.buffer_before_minutes, u.buffer_after_minutes) <> ($4, $5) RETURNING 1");
    const TimestampTz clock = settings::now();
    settle_sessions(use, clock);
    if (statement.write({use.organization, use.activity, use.resource, before, after}).empty()) {
        return BoolGetDatum(false);
    }
    give_all(use);
    begin(use, clock);
    block_by_resource(use.organization, use.activity, use.resource, clock);
    return BoolGetDatum(true);
}

Datum stop_using_resource_body(Call& call) {
    const Use use = use_argument(call, "say which resources an activity uses");
    static constinit Statement statement("DELETE FROM booking.activity_resources AS u WHERE u.organization_id = $1"
                                         "   AND u.activity_id = $2 AND u.resource_id = $3 RETURNING 1");
    static constinit Statement others("SELECT 1 FROM booking.activity_resources AS u"
                                      " WHERE u.organization_id = $1 AND u.activity_id = $2");
    if (statement.write({use.organization, use.activity, use.resource}).empty()) {
        return BoolGetDatum(false);
    }
    give_all(use);
    const TimestampTz clock = settings::now();
    if (others.write({use.organization, use.activity}).empty()) {
        const Rows rows = sessions_to_come(use, clock);
        for (std::uint64_t row = 0; row < rows.count(); ++row) {
            mark(use, rows.uuid(row, 1), false);
        }
    }
    unblock_by_resource(use.organization, use.activity, use.resource);
    return BoolGetDatum(true);
}

} // namespace

PGBK_WRITER(use_resource, use_resource_body);
PGBK_WRITER(stop_using_resource, stop_using_resource_body);

} // namespace pgbk
