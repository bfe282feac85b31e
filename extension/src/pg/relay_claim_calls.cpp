// relay_claim_calls: which calls of providers a relay gets. Calls of one booking or hold are made one after the
// other, at each provider: an appointment does not wait for a page that cannot be closed.
//
// A lease is taken over when it has run out, or when the relay is known no more (relay_claim removes those that are
// gone). What it was at may have reached the provider: such a call is uncertain, and whoever gets it next acts on that.
#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/installation.hpp"
#include "pg/provider_checks.hpp"
#include "pg/relay.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

struct CallsRequest {
    core::Uuid relay;
    std::int32_t wanted;
    std::int32_t lease_seconds;
    ProviderAccounts accounts;
    TimestampTz now;
};

std::int32_t number_between(const Call& call, int i, const char* name, std::int32_t least, std::int32_t most) {
    const std::int32_t value = int4_argument(call, i, name);
    if (value < least || value > most) {
        refuse_relay_call(std::string(name) + " must be between " + std::to_string(least) + " and " +
                          std::to_string(most) + ", got " + std::to_string(value));
    }
    return value;
}

// {"1": ["stripe", "calcom"], ...}: an object of the providers whose keys the relay has, by organization.
ProviderAccounts read_accounts(const Call& call) {
    static constinit Statement kind("SELECT jsonb_typeof($1) = 'object'");
    static constinit Statement statement(
        "SELECT COALESCE(array_agg(o.key::integer ORDER BY o.key, p.provider), '{}'),"
        "       COALESCE(array_agg(p.provider ORDER BY o.key, p.provider), '{}')"
        "  FROM jsonb_each($1) AS o"
        " CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(o.value) WHEN 'array' THEN o.value END)"
        "                    AS p (provider)"
        " WHERE o.key ~ '^[1-9][0-9]{0,8}$'");
    const Value document = Value::jsonb(jsonb_argument(call, 3, "accounts"));
    if (!kind.read({document}).boolean(0, 1)) {
        refuse_relay_call("accounts is not an object");
    }
    const Rows rows = statement.read({document});
    return {Value::array(INT4ARRAYOID, rows.datum(0, 1)), Value::array(TEXTARRAYOID, rows.datum(0, 2))};
}

CallsRequest read_request(const Call& call) {
    constexpr std::int32_t most_wanted = 1000;
    constexpr std::int32_t longest_lease = 3600;
    return {uuid_argument(call, 0, "relay_id"), number_between(call, 1, "wanted", 1, most_wanted),
            number_between(call, 2, "lease_seconds", 1, longest_lease), read_accounts(call), settings::now()};
}

// One that is not attached has leases that anybody may take over.
bool is_attached(const core::Uuid& relay) {
    static constinit Statement statement("SELECT 1 FROM booking.relay_instances AS r WHERE r.relay_id = $1");
    return !statement.write({relay}).empty();
}

void take_over(const CallsRequest& request) {
    static constinit Statement statement(
        "WITH lapsed AS ("
        "    SELECT c.organization_id, c.id FROM booking.provider_calls AS c"
        "     WHERE c.status = 'running' AND c.organization_id = ANY ($2)"
        "       AND (c.lease_until <= $1 OR NOT EXISTS (SELECT 1 FROM booking.relay_instances AS r"
        "                                                WHERE r.relay_id = c.lease_owner))"
        "     ORDER BY c.lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED)"
        " UPDATE booking.provider_calls AS c"
        "    SET status = 'pending', lease_until = NULL, lease_owner = NULL, next_attempt_at = $1,"
        "        reason = 'no result came while the lease lasted'"
        "   FROM lapsed AS l WHERE c.organization_id = l.organization_id AND c.id = l.id");
    statement.write({Value::timestamp(request.now), request.accounts.organizations});
}

Rows lease(const CallsRequest& request) {
    // What is personal is joined here: a row of a call outlives the wish to be forgotten.
    static constinit Statement statement(
        "WITH due AS MATERIALIZED ("
        "    SELECT d.organization_id, d.id, d.uncertain"
        "      FROM unnest($1, $2) AS a (organization_id, provider)"
        "     CROSS JOIN LATERAL ("
        "           SELECT c.organization_id, c.id, c.uncertain, c.next_attempt_at FROM booking.provider_calls AS c"
        "            WHERE c.organization_id = a.organization_id AND c.provider = a.provider AND c.status = 'pending'"
        "              AND c.next_attempt_at <= $3"
        "              AND NOT EXISTS (SELECT 1 FROM booking.provider_calls AS e"
        "                               WHERE e.organization_id = c.organization_id AND e.booking_id = c.booking_id"
        "                                 AND e.provider = c.provider AND e.id < c.id AND e.status IN ('pending', "
        "'running'))"
        "              AND NOT EXISTS (SELECT 1 FROM booking.provider_calls AS e"
        "                               WHERE e.organization_id = c.organization_id"
        "                                 AND e.reservation_id = c.reservation_id"
        "                                 AND e.provider = c.provider AND e.id < c.id AND e.status IN ('pending', "
        "'running'))"
        "            ORDER BY c.next_attempt_at, c.id LIMIT $4 FOR UPDATE SKIP LOCKED) AS d"
        "     ORDER BY d.next_attempt_at, d.id LIMIT $4),"
        " leased AS ("
        "    UPDATE booking.provider_calls AS c"
        "       SET status = 'running', attempts = c.attempts + 1, uncertain = true, lease_until = $5,"
        "           lease_owner = $6, lease_token = c.lease_token + 1"
        "      FROM due AS d"
        "     WHERE c.organization_id = d.organization_id AND c.id = d.id AND c.status = 'pending'"
        "    RETURNING c.*, d.uncertain AS was_uncertain)"
        " SELECT l.id, l.lease_token, l.organization_id, l.provider, l.action,"
        "        l.request || jsonb_strip_nulls(CASE l.action"
        "            WHEN 'create_payment' THEN jsonb_build_object("
        "                'customer_email', COALESCE(b.customer_email, r.customer_email),"
        "                'customer_name', b.customer_name, 'return_token', l.return_token)"
        "            WHEN 'create_booking' THEN jsonb_build_object("
        "                'customer_email', b.customer_email, 'customer_name', b.customer_name,"
        "                'customer_phone', b.customer_phone, 'notes', COALESCE(b.additional_notes, b.notes))"
        "            ELSE '{}' END),"
        "        l.idempotency_key, l.was_uncertain, l.attempts"
        "   FROM leased AS l"
        "   LEFT JOIN booking.bookings AS b ON b.organization_id = l.organization_id AND b.id = l.booking_id"
        "   LEFT JOIN booking.slot_reservations AS r"
        "     ON r.organization_id = l.organization_id AND r.id = l.reservation_id"
        "  ORDER BY l.id");
    const TimestampTz now = settings::now(); // look-ups that were written just now are due, too
    return statement.write({request.accounts.organizations, request.accounts.providers, Value::timestamp(now),
                            request.wanted, Value::timestamp(now + request.lease_seconds * USECS_PER_SEC),
                            request.relay});
}

Datum relay_claim_calls_body(Call& call) {
    require_relay(call, "claim calls of providers");
    const CallsRequest request = read_request(call);
    ResultSet result(call);
    if (!is_original() || !is_attached(request.relay)) {
        return null_result(call);
    }
    take_over(request);
    queue_checks(request.accounts, request.now);
    result.add(lease(request));
    return null_result(call);
}

} // namespace

PGBK_WRITER(relay_claim_calls, relay_claim_calls_body);

} // namespace pgbk
