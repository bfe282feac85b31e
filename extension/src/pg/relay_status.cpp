// What is asked about deliveries: how one stands, how all stand, whether they can be delivered at all.
#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/installation.hpp"
#include "pg/relay.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

Datum relay_delivery_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "delivery_id");
    require_relay(call, "look at a delivery");
    // A delivery that is delivered is in the log only.
    static constinit Statement statement(
        "SELECT COALESCE(d.status, CASE a.outcome WHEN 'delivered' THEN 'delivered' ELSE 'dead' END), a.http_status,"
        "       a.total_ms::numeric, COALESCE(a.error, d.reason)"
        "  FROM (SELECT 1) AS one"
        "  LEFT JOIN booking.webhook_deliveries AS d ON d.organization_id = $1 AND d.id = $2"
        "  LEFT JOIN LATERAL (SELECT x.outcome, x.http_status, x.total_ms, x.error FROM booking.webhook_attempts AS x"
        "                      WHERE x.organization_id = $1 AND x.delivery_id = $2"
        "                        AND (x.outcome <> 'late' OR d.id IS NOT NULL)"
        "                      ORDER BY x.id DESC LIMIT 1) AS a ON true"
        " WHERE d.id IS NOT NULL OR a.outcome IS NOT NULL");
    const Rows rows = statement.read({core::organization_of(id).value_or(0), id});
    if (rows.empty()) {
        throw core::Refusal(core::RefusalKind::delivery_not_found, "no delivery has the id " + uuid_text(id));
    }
    const auto text = [&](int column) {
        return rows.is_null(0, column) ? Value::null(TEXTOID) : Value(rows.bytes(0, column));
    };
    return record_result(call,
                         {text(1), rows.is_null(0, 2) ? Value::null(INT4OID) : Value(rows.int4(0, 2)),
                          rows.is_null(0, 3) ? Value::null(NUMERICOID) : Value::numeric(rows.datum(0, 3)), text(4)});
}

std::int32_t living_relays() {
    static constinit Statement statement("SELECT r.relay_id FROM booking.relay_instances AS r");
    const Rows rows = statement.read({});
    std::int32_t living = 0;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        living += relay_lives(rows.uuid(row, 1)) ? 1 : 0;
    }
    return living;
}

// Asked every few seconds by every relay: found by partial indexes, and counted so far only, so that a backlog of a
// million costs no more than one of some thousands. $1: the clock.
#define PGBK_DELIVERIES_SQL(status)                                                                                    \
    "'" status "', (SELECT count(*)"                                                                                   \
    "                 FROM (SELECT 1 FROM booking.webhook_deliveries AS d WHERE d.status = '" status "'"               \
    "                        LIMIT 10000) AS x), "

// The backlog of an endpoint that is disabled is not overdue.
constinit Statement status_of_all(
    "SELECT jsonb_build_object('original', $2, 'relays', $3, "
    // clang-format off
        PGBK_DELIVERIES_SQL("pending") PGBK_DELIVERIES_SQL("leased") PGBK_DELIVERIES_SQL("dead")
        PGBK_DELIVERIES_SQL("blocked") PGBK_DELIVERIES_SQL("parked")
    // clang-format on
    "           'due', w.due, 'oldest_due_seconds', round(extract(epoch FROM $1 - w.oldest_due)::numeric, 3),"
    "           'endpoints', e.endpoints, 'provider_calls', c.calls)"
    "  FROM (SELECT count(*) AS due, min(d.next_attempt_at) AS oldest_due"
    "          FROM (SELECT x.organization_id, x.endpoint_id, x.next_attempt_at"
    "                  FROM booking.webhook_deliveries AS x"
    "                 WHERE x.status = 'pending' AND x.next_attempt_at <= $1"
    "                 ORDER BY x.next_attempt_at, x.id LIMIT 10000) AS d"
    "          JOIN booking.webhook_endpoints AS e"
    "            ON e.organization_id = d.organization_id AND e.id = d.endpoint_id AND e.status = 'active') AS w"
    " CROSS JOIN ("
    "       SELECT jsonb_build_object("
    "                  'active', count(*) FILTER (WHERE e.status = 'active'),"
    "                  'disabled', count(*) FILTER (WHERE e.status = 'disabled'),"
    "                  'open', count(*) FILTER (WHERE e.status = 'active' AND s.circuit <> 'closed'),"
    "                  'held', count(*) FILTER (WHERE e.status = 'active' AND s.hold_until > $1)) AS endpoints"
    "         FROM booking.webhook_endpoints AS e"
    "         JOIN booking.webhook_endpoint_states AS s"
    "           ON s.organization_id = e.organization_id AND s.endpoint_id = e.id) AS e"
    " CROSS JOIN ("
    "       SELECT jsonb_build_object("
    "                  'pending', count(*) FILTER (WHERE c.status = 'pending'),"
    "                  'due', count(*) FILTER (WHERE c.status = 'pending' AND c.next_attempt_at <= $1),"
    "                  'running', count(*) FILTER (WHERE c.status = 'running'),"
    "                  'failed', count(*) FILTER (WHERE c.status = 'failed')) AS calls"
    "         FROM booking.provider_calls AS c WHERE c.status IN ('pending', 'running', 'failed')) AS c",
    Plan::automatic);

Datum relay_status_body(Call& call) {
    require_relay(call, "see the status of webhooks");
    const Rows rows = status_of_all.read({Value::timestamp(settings::now()), is_original(), living_relays()});
    return copied_result(call, rows, 0, 1);
}

// Findings about endpoints: whether it is an error, and what it is. $1 the organization or NULL, $2 the clock.
constinit Statement findings(
    "SELECT f.is_error, format('webhook %s of organization %s: %s', to_json(e.name), e.organization_id, f.what)"
    "  FROM booking.webhook_endpoints AS e"
    "  JOIN booking.webhook_endpoint_states AS s ON s.organization_id = e.organization_id AND s.endpoint_id = e.id"
    " CROSS JOIN LATERAL (SELECT COALESCE(array_agg(k.scheme), '{}') AS schemes FROM booking.webhook_secrets AS k"
    "                      WHERE k.organization_id = e.organization_id AND k.endpoint_id = e.id"
    "                        AND (k.valid_until IS NULL OR k.valid_until > $2)) AS k"
    " CROSS JOIN LATERAL ("
    "       SELECT count(*) FILTER (WHERE d.status IN ('dead', 'blocked')) AS given_up,"
    "              count(*) FILTER (WHERE d.status = 'pending' AND d.next_attempt_at < $2 - interval '5 minutes')"
    "                  AS overdue"
    "         FROM booking.webhook_deliveries AS d"
    "        WHERE d.organization_id = e.organization_id AND d.endpoint_id = e.id) AS d"
    " CROSS JOIN LATERAL (VALUES"
    "       (true, 1, e.status = 'disabled', concat('it is disabled', ': ' || e.disabled_reason)),"
    "       (true, 2, k.schemes = '{}', 'it has no secret that is valid'),"
    "       (false, 3, e.preset = 'make' AND NOT 'make_apikey' = ANY (k.schemes),"
    "        'no secret of scheme make_apikey is set, so that anybody who knows the URL can send to it'),"
    "       (false, 4, e.preset = 'make' AND e.url !~* '^https://hook\\.[a-z0-9.-]+\\.(com|cloud)/',"
    "        'the URL is not one of Make.com (https://hook...)'),"
    "       (false, 5, e.url ~* '^http:', 'the URL is not https'),"
    "       (false, 6, s.circuit <> 'closed', 'it has failed so often that it is only probed'),"
    "       (false, 7, s.hold_until > $2, 'it asked not to be sent anything before '"
    "        || to_char(timezone('UTC', s.hold_until), 'YYYY-MM-DD HH24:MI:SS') || ' UTC'),"
    "       (false, 8, s.failing_since < $2 - interval '1 hour', 'nothing has arrived for more than an hour'),"
    "       (false, 9, d.overdue > 0, d.overdue || ' deliveries are overdue by more than five minutes'),"
    "       (false, 10, d.given_up > 0, d.given_up || ' deliveries were given up; see webhook_logs'))"
    "       AS f (is_error, place, applies, what)"
    " WHERE ($1 IS NULL OR e.organization_id = $1) AND f.applies"
    " ORDER BY e.organization_id, e.name, f.place",
    Plan::automatic);

Datum validate_webhook_config_body(Call& call) {
    const auto organization = optional_int4(call, 0);
    if (organization.has_value()) {
        require_member(call, *organization, "check the webhooks of an organization");
    } else {
        require_trusted(call, "check the webhooks of all organizations", "Pass the number of your organization.");
    }
    const Value which = organization.has_value() ? Value(*organization) : Value::null(INT4OID);
    static constinit Statement any("SELECT 1 FROM booking.webhook_endpoints AS e"
                                   " WHERE $1 IS NULL OR e.organization_id = $1 LIMIT 1");
    std::vector<std::string_view> errors;
    std::vector<std::string_view> warnings;
    if (!is_original()) {
        errors.emplace_back("this database is a copy, from which nothing is sent until booking.adopt()");
    }
    if (living_relays() == 0) {
        errors.emplace_back("no relay is attached, so that nothing is sent");
    }
    if (any.read({which}).empty()) {
        errors.emplace_back("there is no webhook; create_webhook_endpoint() makes one");
    }
    if (settings::notify == settings::notify_off) {
        warnings.emplace_back("pg_booking.notify is off here, so that relays find out by asking once in a while");
    }
    const Rows rows = findings.read({which, Value::timestamp(settings::now())});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        (rows.boolean(row, 1) ? errors : warnings).push_back(rows.bytes(row, 2));
    }
    return record_result(call, {errors.empty(), text_array(errors), text_array(warnings)});
}

} // namespace

PGBK_READER(relay_delivery, relay_delivery_body);
PGBK_READER(relay_status, relay_status_body);
PGBK_READER(validate_webhook_config, validate_webhook_config_body);

} // namespace pgbk
