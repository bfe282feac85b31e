// relay_availability: how many seats are left, for whoever looks at a page with sessions. State, not history: the relay
// asks again when something has happened, or when a hold has run out.
#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/booking_answer.hpp"
#include "pg/capacity.hpp"
#include "pg/relay.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

constexpr int most_sessions = 10000;

int number_of_elements(Datum array) {
    return server([&] {
        ArrayType* const value = DatumGetArrayTypeP(array);
        return ArrayGetNItems(ARR_NDIM(value), ARR_DIMS(value));
    });
}

Datum relay_availability_body(Call& call) {
    if (is_absent(call, 0)) {
        throw core::Refusal(core::RefusalKind::null_argument, "sessions must not be NULL", {}, {}, "sessions");
    }
    const Datum sessions = call.fcinfo->args[0].value;
    require_relay(call, "see the seats of sessions");
    if (number_of_elements(sessions) > most_sessions) {
        refuse_relay_call("sessions must be at most " + std::to_string(most_sessions));
    }
    // Holds are measured by our clock, timers of the relay by the real one: $3 is how far they are apart. The look-ups
    // are subqueries, so that they stay look-ups.
    static constinit Statement statement("SELECT s.organization_id, s.id, s.activity_id, a.venue_id, " PGBK_INSTANT_SQL(
        "s.start_time") ", " PGBK_INSTANT_SQL("s.end_time") ","
                                                            "       s.capacity_total,"
                                                            "       GREATEST(" PGBK_AVAILABLE_SQL(
                                                                "s.organization_id", "s.id",
                                                                "$2") ", 0)::integer,"
                                                                      "       s.status,"
                                                                      "       date_part('epoch', (SELECT h.expires_at "
                                                                      "FROM booking.slot_reservations AS h"
                                                                      "                            WHERE "
                                                                      "h.organization_id = s.organization_id AND "
                                                                      "h.session_id = s.id"
                                                                      "                              AND h.status = "
                                                                      "'pending' AND h.expires_at > $2"
                                                                      "                            ORDER BY "
                                                                      "h.expires_at LIMIT 1)) - $3"
                                                                      "  FROM (SELECT DISTINCT "
                                                                      "booking.organization_of(u.id) AS "
                                                                      "organization_id, u.id FROM unnest($1) AS u "
                                                                      "(id)) AS w"
                                                                      " CROSS JOIN LATERAL (SELECT x.* FROM "
                                                                      "booking.sessions AS x"
                                                                      "                      WHERE x.organization_id = "
                                                                      "w.organization_id AND x.id = w.id LIMIT 1) AS s"
                                                                      " CROSS JOIN LATERAL (SELECT x.venue_id FROM "
                                                                      "booking.activities AS x"
                                                                      "                      WHERE x.organization_id = "
                                                                      "s.organization_id AND x.id = s.activity_id"
                                                                      "                        AND x.status = 'active' "
                                                                      "LIMIT 1) AS a"
                                                                      " CROSS JOIN LATERAL (SELECT 1 FROM "
                                                                      "booking.organizations AS x"
                                                                      "                      WHERE x.organization_id = "
                                                                      "s.organization_id AND x.status = 'active' LIMIT "
                                                                      "1) AS o"
                                                                      " ORDER BY s.organization_id, s.id");
    ResultSet result(call);
    result.add(statement.read(
        {Value::array(UUIDARRAYOID, sessions), Value::timestamp(settings::now()), settings::clock_offset}));
    return null_result(call);
}

} // namespace

PGBK_READER(relay_availability, relay_availability_body);

} // namespace pgbk
