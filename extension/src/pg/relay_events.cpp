// relay_events: what is told of events, and to whom, page by page. The view event_bodies says what that is.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/relay.hpp"

namespace pgbk {

namespace {

constexpr std::int32_t most_at_once = 10000;

Datum relay_events_body(Call& call) {
    const auto after = optional_int8(call, 0);
    if (!after.has_value()) {
        throw core::Refusal(core::RefusalKind::null_argument, "after must not be NULL", {}, {}, "after");
    }
    const std::int32_t most = int4_argument(call, 1, "most");
    require_relay(call, "be told of events");
    if (most < 1 || most > most_at_once) {
        refuse_relay_call("most must be between 1 and " + std::to_string(most_at_once) + ", got " +
                          std::to_string(most));
    }
    // Numbers have no gaps, so that a range of them is as good as a limit.
    static constinit Statement statement(
        "SELECT b.seq, b.organization_id, b.event_id, b.kind, b.occurred_at, b.customer, b.booking_id, b.rooms,"
        "       b.public, b.customer_view, b.member"
        "  FROM booking.event_bodies AS b"
        " WHERE b.seq > (SELECT GREATEST($1, f.seq) FROM (SELECT (SELECT p.seq - 1 FROM booking.event_positions AS p"
        "                                                         ORDER BY p.seq LIMIT 1) AS seq) AS f)"
        "   AND b.seq <= (SELECT GREATEST($1, f.seq) FROM (SELECT (SELECT p.seq - 1 FROM booking.event_positions AS p"
        "                                                          ORDER BY p.seq LIMIT 1) AS seq) AS f) + $2"
        " ORDER BY b.seq");
    ResultSet result(call);
    result.add(statement.read({Value::int8(*after), most}));
    return null_result(call);
}

} // namespace

PGBK_READER(relay_events, relay_events_body);

} // namespace pgbk
