#include "pg/session_resources.hpp"

#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/array.hpp"
#include "pg/capacity.hpp"
#include "pg/waitlist.hpp"

namespace pgbk::capacity {

namespace {

// Nothing happens where another session has the resource, whether it had it before or was faster. What the activity
// uses stays as it is until the transaction ends.
void allocate(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement(
        "INSERT INTO booking.resource_allocations (organization_id, session_id, resource_id, resource_number, during)"
        " SELECT $1, s.id, q.id, q.number, " PGBK_NEEDED_SQL " FROM booking.sessions AS s"
        "  JOIN booking.activity_resources AS u ON u.organization_id = $1 AND u.activity_id = s.activity_id"
        "  JOIN booking.resources AS q ON q.organization_id = $1 AND q.id = u.resource_id"
        " WHERE s.organization_id = $1 AND s.id = $2"
        " ORDER BY q.number FOR SHARE OF u ON CONFLICT DO NOTHING");
    statement.write({organization, session});
}

struct Rival {
    core::Uuid session;
    std::string_view resource;
    TimestampTz until;
    bool has_seats; // booked, or in a hold that is live
};

// Another session that has a resource which this one needs: one that keeps it, if there is any.
std::optional<Rival> find_rival(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT x.session_id, q.name, upper(x.during), y.has_seats"
        "  FROM booking.sessions AS s"
        "  JOIN booking.activity_resources AS u ON u.organization_id = $1 AND u.activity_id = s.activity_id"
        "  JOIN booking.resources AS q ON q.organization_id = $1 AND q.id = u.resource_id"
        "  JOIN booking.resource_allocations AS x ON " PGBK_SAME_RESOURCE_SQL " AND x.during && " PGBK_NEEDED_SQL
        "   AND x.session_id <> s.id"
        " CROSS JOIN LATERAL ("
        "       SELECT s.capacity_total > " PGBK_REMAINING_SQL " - s.oversold_by + " PGBK_EXPIRED_SEATS_SQL(
            "$1", "s.id",
            "$3") " AS has_seats"
                  "         FROM booking.sessions AS s WHERE s.organization_id = $1 AND s.id = x.session_id) AS y"
                  " WHERE s.organization_id = $1 AND s.id = $2"
                  " ORDER BY y.has_seats DESC, upper(x.during) DESC, q.number LIMIT 1");
    const Rows rows = statement.write({organization, session, Value::timestamp(clock)});
    if (rows.empty()) {
        return std::nullopt;
    }
    return Rival{rows.uuid(0, 1), rows.bytes(0, 2), rows.timestamp(0, 3), rows.boolean(0, 4)};
}

[[noreturn]] void refuse_taken(const core::Uuid& session, const Rival& rival) {
    throw core::Refusal(core::RefusalKind::resource_taken,
                        core::quoted(rival.resource) + ", which session " + uuid_text(session) +
                            " needs, is taken by another session until " + timestamp_text(rival.until),
                        {}, "Choose another time: booking.next_available_sessions() lists sessions that can be had.");
}

} // namespace

bool has_resources(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement(
        "SELECT NOT EXISTS (SELECT 1 FROM booking.sessions AS s"
        "                     JOIN booking.activity_resources AS u ON u.organization_id = $1"
        "                                                         AND u.activity_id = s.activity_id"
        "                    WHERE s.organization_id = $1 AND s.id = $2"
        "                      AND NOT EXISTS (SELECT 1 FROM booking.resource_allocations AS x"
        "                                       WHERE x.organization_id = $1 AND x.session_id = $2"
        "                                         AND x.resource_id = u.resource_id))");
    return statement.write({organization, session}).boolean(0, 1);
}

void take_resources(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    constexpr int rounds = 8;
    for (int i = 0; i < rounds; ++i) {
        const auto rival = find_rival(organization, session, clock);
        if (rival.has_value() && rival->has_seats) {
            refuse_taken(session, *rival);
        }
        if (rival.has_value()) {
            (void)reclaim_and_serve(organization, rival->session, clock); // who waits there comes first
            continue;
        }
        allocate(organization, session);
        if (has_resources(organization, session)) {
            return;
        }
    }
    throw core::Refusal(core::RefusalKind::retry,
                        "a resource that session " + uuid_text(session) + " needs is just being given back", {},
                        "Try again.");
}

void give_resources_of_empty(std::int32_t organization, const core::Uuid& session) {
    give_resources_of_empty(organization, uuid_array(std::vector<core::Uuid>{session}).datum());
}

void give_resources_of_empty(std::int32_t organization, Datum sessions) {
    static constinit Statement statement("DELETE FROM booking.resource_allocations AS x USING booking.sessions AS s"
                                         " WHERE x.organization_id = $1 AND x.session_id = ANY ($2)"
                                         "   AND s.organization_id = $1 AND s.id = x.session_id"
                                         "   AND s.capacity_total = " PGBK_REMAINING_SQL " - s.oversold_by");
    statement.write({organization, Value::array(UUIDARRAYOID, sessions)});
}

} // namespace pgbk::capacity
