#include "pg/webhook_endpoint.hpp"

#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/identity.hpp"
#include "pg/settings.hpp"

namespace pgbk {

void refuse_unknown_endpoint(const core::Uuid& id) {
    throw core::Refusal(core::RefusalKind::endpoint_not_found, "no webhook endpoint has the id " + uuid_text(id));
}

void check_organization(std::int32_t organization) {
    static constinit Statement statement("SELECT 1 FROM booking.organizations AS o WHERE o.organization_id = $1");
    if (statement.write({organization}).empty()) {
        throw core::Refusal(core::RefusalKind::organization_not_found,
                            "no organization has the number " + std::to_string(organization));
    }
}

Value filter_array(const std::vector<std::string>& filters) {
    return text_array(std::vector<std::string_view>(filters.begin(), filters.end()));
}

Value networks_or_null(const core::EndpointOptions& options) {
    return options.allowed_networks.has_value() ? text_array(*options.allowed_networks) : Value::null(TEXTARRAYOID);
}

std::optional<core::Uuid> insert_endpoint(const NewEndpoint& made, const core::EndpointOptions& options,
                                          const Interval* max_age, Datum document) {
    // What Make.com takes: 300 requests in ten seconds, and answers of a scenario that may take its time.
    const bool is_make = made.preset == "make";
    const Value rate = options.has_rate ? text_or_null(options.rate_per_second)
                       : is_make        ? Value(std::string_view("25"))
                                        : Value::null(TEXTOID);
    static constinit Statement statement(
        "INSERT INTO booking.webhook_endpoints (organization_id, id, name, url, preset, events, headers, max_in_flight,"
        "       rate_per_second, burst, timeout_ms, batch_max, allowed_networks, max_age, hmac_header, hmac_prefix,"
        "       hmac_encoding)"
        " VALUES ($1, $2, $3, $4, $5, $6, COALESCE($7::jsonb -> 'headers', '{}'), $8, $9::numeric, $10, $11, $12,"
        "         COALESCE($13::cidr[], '{}'), COALESCE($14, interval '96 hours'), $15, $16, $17)"
        " ON CONFLICT (organization_id, name) DO NOTHING RETURNING id");
    static constinit Statement state("INSERT INTO booking.webhook_endpoint_states (organization_id, endpoint_id)"
                                     " VALUES ($1, $2)");
    const core::Uuid id = new_id(made.organization);
    const Rows rows = statement.write(
        {made.organization, id, made.name, made.url, made.preset, filter_array(made.events), Value::jsonb(document),
         options.max_in_flight.value_or(8), rate, options.burst.value_or(100),
         options.timeout_ms.value_or(is_make ? 30000 : 20000), options.batch_max.value_or(1), networks_or_null(options),
         max_age == nullptr ? Value::null(INTERVALOID) : Value::interval(max_age),
         options.hmac_header.value_or("X-Signature"), options.hmac_prefix.value_or("sha256="),
         options.hmac_encoding.value_or("hex")});
    if (rows.empty()) {
        return std::nullopt;
    }
    state.write({made.organization, id});
    return id;
}

Endpoint lock_endpoint(const Call& call, const core::Uuid& id, const char* action) {
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_owner(call, organization, action);
    const std::vector<EndpointState> states = lock_states({organization}, {id});
    if (states.empty()) {
        refuse_unknown_endpoint(id);
    }
    static constinit Statement statement("SELECT e.status = 'active' FROM booking.webhook_endpoints AS e"
                                         " WHERE e.organization_id = $1 AND e.id = $2");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        refuse_unknown_endpoint(id);
    }
    return {organization, id, rows.boolean(0, 1), states.front()};
}

void disable_endpoint(std::int32_t organization, const core::Uuid& id, std::string_view reason) {
    static constinit Statement endpoint("UPDATE booking.webhook_endpoints AS e"
                                        "   SET status = 'disabled', disabled_reason = NULLIF(left($3, 500), '')"
                                        " WHERE e.organization_id = $1 AND e.id = $2");
    static constinit Statement deliveries(
        "UPDATE booking.webhook_deliveries AS d SET status = 'parked', reason = 'the endpoint is disabled'"
        " WHERE d.organization_id = $1 AND d.endpoint_id = $2 AND d.status = 'pending'");
    endpoint.write({organization, id, reason});
    deliveries.write({organization, id});
}

void enable_endpoint(const Endpoint& endpoint) {
    static constinit Statement statement("UPDATE booking.webhook_endpoints AS e"
                                         "   SET status = 'active', disabled_reason = NULL"
                                         " WHERE e.organization_id = $1 AND e.id = $2 AND e.status <> 'active'");
    static constinit Statement deliveries(
        "UPDATE booking.webhook_deliveries AS d"
        "   SET status = 'pending', reason = NULL, attempts = 0, same_status_times = 0, next_attempt_at = $3,"
        "       expires_at = $3 + e.max_age"
        "  FROM booking.webhook_endpoints AS e"
        " WHERE d.organization_id = $1 AND d.endpoint_id = $2 AND d.status = 'parked'"
        "   AND e.organization_id = $1 AND e.id = $2");
    EndpointState state = endpoint.state;
    state.circuit = core::Circuit{};
    state.hold_until.reset();
    state.throttled_times = 0;
    statement.write({endpoint.organization, endpoint.id});
    write_states({state});
    deliveries.write({endpoint.organization, endpoint.id, Value::timestamp(settings::now())});
    wake_relays();
}

void check_overlap(const Interval& overlap) {
    if (!is_between(overlap, 0, 30 * USECS_PER_DAY)) {
        throw core::Refusal(core::RefusalKind::invalid_webhook_secret,
                            "the overlap must be between nothing and 30 days");
    }
}

void put_secret(std::int32_t organization, const core::Uuid& endpoint, std::string_view scheme, std::string_view secret,
                const Interval* overlap) {
    static constinit Statement remove("DELETE FROM booking.webhook_secrets AS s"
                                      " WHERE s.organization_id = $1 AND s.endpoint_id = $2 AND s.valid_until <= $3");
    static constinit Statement limit("UPDATE booking.webhook_secrets AS s SET valid_until = $4 + $5"
                                     " WHERE s.organization_id = $1 AND s.endpoint_id = $2 AND s.scheme = $3"
                                     "   AND (s.valid_until IS NULL OR s.valid_until > $4 + $5)");
    static constinit Statement insert(
        "INSERT INTO booking.webhook_secrets (organization_id, endpoint_id, id, scheme, secret, valid_from)"
        " VALUES ($1, $2, $3, $4, $5, $6)");
    // Each request is signed with all that are valid: the newest few are enough for any rotation.
    static constinit Statement forget("DELETE FROM booking.webhook_secrets AS s"
                                      " WHERE s.organization_id = $1 AND s.endpoint_id = $2 AND s.scheme = $3"
                                      "   AND s.id NOT IN (SELECT x.id FROM booking.webhook_secrets AS x"
                                      "                     WHERE x.organization_id = $1 AND x.endpoint_id = $2"
                                      "                       AND x.scheme = $3"
                                      "                     ORDER BY x.valid_from DESC, x.id DESC LIMIT 2)");
    const Value now = Value::timestamp(settings::now());
    limit.write({organization, endpoint, scheme, now, Value::interval(overlap)});
    remove.write({organization, endpoint, now});
    forget.write({organization, endpoint, scheme});
    insert.write({organization, endpoint, new_id(organization), scheme, secret, now});
}

} // namespace pgbk
