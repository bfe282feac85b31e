// What staff may do to a single session.
#include "core/session_change.hpp"
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"
#include "pg/session_status.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

struct Session {
    std::int32_t organization;
    core::Uuid id;
};

Session session_argument(const Call& call, const char* action) {
    const core::Uuid id = uuid_argument(call, 0, "session_id");
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_member(call, organization, action);
    return {organization, id};
}

Datum set_session_lanes_body(Call& call) {
    const Session session = session_argument(call, "stripe a session");
    const std::int32_t lanes = int4_argument(call, 1, "lanes");
    if (lanes < 1 || lanes > capacity::most_lanes) {
        throw Refusal(RefusalKind::invalid_lanes, "lanes must be between 1 and " +
                                                      std::to_string(capacity::most_lanes) + ", got " +
                                                      std::to_string(lanes));
    }
    capacity::stripe(session.organization, session.id, lanes);
    return Datum{0};
}

Datum seats_result(const Call& call, const Session& session) {
    static constinit Statement statement(
        "SELECT s.capacity_total, GREATEST(f.free, 0)::integer, GREATEST(f.free + " PGBK_EXPIRED_SEATS_SQL(
            "$1", "$2", "$3") ", 0)::integer, GREATEST(- f.free, 0)::integer"
                              "  FROM booking.sessions AS s"
                              " CROSS JOIN LATERAL (SELECT " PGBK_REMAINING_SQL " - s.oversold_by AS free) AS f"
                              " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({session.organization, session.id, Value::timestamp(settings::now())});
    return record_result(call, {rows.int4(0, 1), rows.int4(0, 2), rows.int4(0, 3), rows.int4(0, 4)});
}

Datum set_session_capacity_body(Call& call) {
    const Session session = session_argument(call, "change a session's capacity");
    const std::int32_t capacity = int4_argument(call, 1, "capacity");
    const auto expected = optional_int4(call, 2);
    core::check_capacity(capacity);
    const SessionState before = lock_session_state(session.organization, session.id);
    if (before.capacity != capacity) {
        if (expected.has_value() && *expected != before.capacity) {
            throw Refusal(RefusalKind::stale_version,
                          "session " + uuid_text(session.id) + " has a capacity of " + std::to_string(before.capacity) +
                              ", not " + std::to_string(*expected),
                          {}, "Read it again and decide anew.", "expected_capacity");
        }
        capacity::set_total(session.organization, session.id, capacity);
    }
    return seats_result(call, session);
}

Datum close_session_body(Call& call) {
    const Session session = session_argument(call, "close a session");
    const auto reason = optional_text(call, 1);
    if (reason.has_value()) {
        core::check_closing_reason(*reason);
    }
    return BoolGetDatum(set_session_status(session.organization, session.id, "closed", reason.value_or("")));
}

Datum open_session_body(Call& call) {
    const Session session = session_argument(call, "open a session");
    return BoolGetDatum(set_session_status(session.organization, session.id, "open", ""));
}

} // namespace

PGBK_WRITER(set_session_lanes, set_session_lanes_body);
PGBK_WRITER(set_session_capacity, set_session_capacity_body);
PGBK_WRITER(close_session, close_session_body);
PGBK_WRITER(open_session, open_session_body);

} // namespace pgbk
