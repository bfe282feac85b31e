// What an operator looks at: bookings to come, the week's trend.
#include "core/validation.hpp"
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

Datum get_upcoming_bookings_body(Call& call) {
    const std::int32_t limit = int4_argument(call, 0, "limit");
    core::check_limit(limit);
    static constinit Statement statement(
        "SELECT b.organization_id, b.id, b.booking_number, b.session_id, a.name, b.customer_name, b.customer_email,"
        "       b.party_size, b.status, b.payment_status, b.scheduled_start, b.scheduled_end"
        "  FROM booking.bookings AS b"
        "  LEFT JOIN booking.sessions AS s ON s.organization_id = b.organization_id AND s.id = b.session_id"
        "  LEFT JOIN booking.activities AS a ON a.organization_id = s.organization_id AND a.id = s.activity_id"
        " WHERE ($1::integer[] IS NULL OR b.organization_id = ANY ($1))"
        "   AND b.scheduled_start >= $2 AND b.status IN ('paid', 'scheduled', 'confirmed', 'checked_in')"
        " ORDER BY b.scheduled_start, b.id LIMIT $3",
        Plan::automatic);
    ResultSet result(call);
    result.add(statement.read({visible_organizations(call), Value::timestamp(settings::now()), limit}));
    return null_result(call);
}

// Each booking counts on the day its venue had when it was made; the seven days end with the latest date that any of
// the venues has now. Bookings without a session count by UTC.
Datum get_weekly_bookings_trend_body(Call& call) {
    static constinit Statement statement(
        "WITH today AS ("
        "    SELECT COALESCE(max(timezone(v.timezone, $2)::date), timezone('UTC', $2)::date) AS date"
        "      FROM booking.venues AS v WHERE $1::integer[] IS NULL OR v.organization_id = ANY ($1)),"
        " made AS ("
        "    SELECT timezone(COALESCE(s.timezone, 'UTC'), b.created_at)::date AS date, b.party_size, b.status"
        "      FROM booking.bookings AS b"
        "      LEFT JOIN booking.sessions AS s ON s.organization_id = b.organization_id AND s.id = b.session_id"
        "     WHERE ($1::integer[] IS NULL OR b.organization_id = ANY ($1))"
        "       AND b.created_at > $2 - interval '9 days' AND b.created_at <= $2)"
        " SELECT t.date - d.back,"
        "        count(*) FILTER (WHERE m.status <> 'cancelled'),"
        "        COALESCE(sum(m.party_size) FILTER (WHERE m.status <> 'cancelled'), 0)::bigint,"
        "        count(*) FILTER (WHERE m.status = 'cancelled')"
        "   FROM today AS t"
        "  CROSS JOIN generate_series(0, 6) AS d (back)"
        "   LEFT JOIN made AS m ON m.date = t.date - d.back"
        "  GROUP BY t.date, d.back"
        "  ORDER BY 1",
        Plan::automatic);
    ResultSet result(call);
    result.add(statement.read({visible_organizations(call), Value::timestamp(settings::now())}));
    return null_result(call);
}

} // namespace

PGBK_READER(get_upcoming_bookings, get_upcoming_bookings_body);
PGBK_READER(get_weekly_bookings_trend, get_weekly_bookings_trend_body);

} // namespace pgbk
