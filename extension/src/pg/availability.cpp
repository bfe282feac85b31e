// Reading what is free: advisory answers, true when they were given. reserve_slot decides.
#include "core/validation.hpp"
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"
#include "pg/settings.hpp"
#include "pg/units.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

bool has_room(const core::Uuid& session, std::int32_t party_size) {
    static constinit Statement statement(
        "SELECT s.status = 'open' AND s.start_time > $3"
        "   AND $4 BETWEEN a.party_size_min AND COALESCE(a.party_size_max, $4)"
        "   AND " PGBK_AVAILABLE_SQL(
            "$1", "$2", "$3") " >= $4"
                              "  FROM booking.sessions AS s"
                              "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
                              " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.read(
        {core::organization_of(session).value_or(0), session, Value::timestamp(settings::now()), party_size});
    if (rows.empty()) {
        refuse_unknown_session(session);
    }
    return rows.boolean(0, 1);
}

Datum check_slot_availability_body(Call& call) {
    const core::Uuid session = uuid_argument(call, 0, "session_id");
    const std::int32_t party_size = int4_argument(call, 1, "party_size");
    core::check_party_size(party_size);
    return BoolGetDatum(has_room(session, party_size));
}

// What a hold of these units would be, if it was made now.
Datum quote_units_body(Call& call) {
    const core::Uuid session = uuid_argument(call, 0, "session_id");
    (void)jsonb_argument(call, 1, "unit_items");
    const auto items = unit_items_argument(call, 1);
    const std::int32_t organization = core::organization_of(session).value_or(0);
    const core::UnitOrder order = core::order_units(items, unit_rules_read(organization, session));
    static constinit Statement statement(
        "SELECT a.currency FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.read({organization, session});
    return record_result(call,
                         {order.seats, Value::int8(order.price), rows.bytes(0, 1), has_room(session, order.seats)});
}

// Seats of expired holds that are not released yet, for the view activity_sessions.
Datum expired_hold_seats_body(Call& call) {
    static constinit Statement statement("SELECT " PGBK_EXPIRED_SEATS_SQL("$1", "$2", "$3") "::integer");
    const Rows rows = statement.read({int4_argument(call, 0, "organization_id"), uuid_argument(call, 1, "session_id"),
                                      Value::timestamp(settings::now())});
    return Int32GetDatum(rows.int4(0, 1));
}

void check_party_fits(std::int32_t organization, const core::Uuid& activity, std::int32_t party_size) {
    static constinit Statement statement("SELECT a.party_size_min, a.party_size_max FROM booking.activities AS a"
                                         " WHERE a.organization_id = $1 AND a.id = $2");
    const Rows rows = statement.read({organization, activity});
    if (rows.empty()) {
        throw Refusal(RefusalKind::activity_not_found, "no activity has the id " + uuid_text(activity));
    }
    core::check_party_fits(party_size, rows.int4(0, 1),
                           rows.is_null(0, 2) ? std::nullopt : std::optional(rows.int4(0, 2)));
}

Datum next_available_sessions_body(Call& call) {
    const core::Uuid activity = uuid_argument(call, 0, "activity_id");
    const std::int32_t party_size = int4_argument(call, 1, "party_size");
    const std::int32_t limit = int4_argument(call, 2, "limit");
    core::check_party_size(party_size);
    core::check_limit(limit);
    const TimestampTz clock = settings::now();
    const TimestampTz after = std::max(optional_timestamp(call, 3).value_or(clock), clock);
    const std::int32_t organization = core::organization_of(activity).value_or(0);

    check_party_fits(organization, activity, party_size);
    // Walks the unique index (organization_id, activity_id, start_time) and stops at the limit.
    static constinit Statement statement(
        "SELECT s.id, s.start_time, s.end_time, r.seats::integer"
        "  FROM booking.sessions AS s"
        " CROSS JOIN LATERAL (SELECT " PGBK_AVAILABLE_SQL(
            "$1", "s.id",
            "$4") " AS seats OFFSET 0) AS r"
                  " WHERE s.organization_id = $1 AND s.activity_id = $2 AND s.start_time > $3 AND s.status = 'open'"
                  "   AND r.seats >= $5"
                  " ORDER BY s.start_time LIMIT $6");
    ResultSet result(call);
    result.add(
        statement.read({organization, activity, Value::timestamp(after), Value::timestamp(clock), party_size, limit}));
    return null_result(call);
}

} // namespace

PGBK_READER(check_slot_availability, check_slot_availability_body);
PGBK_READER(quote_units, quote_units_body);
PGBK_READER(expired_hold_seats, expired_hold_seats_body);
PGBK_READER(next_available_sessions, next_available_sessions_body);

} // namespace pgbk
