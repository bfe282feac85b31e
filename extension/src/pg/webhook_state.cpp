#include "pg/webhook_state.hpp"

#include "pg/array.hpp"
#include "pg/notify.hpp"

#include <set>

namespace pgbk {

namespace {

std::optional<TimestampTz> optional_timestamp(const std::optional<core::Instant>& at) {
    return at.has_value() ? std::optional(to_timestamp(*at)) : std::nullopt;
}

} // namespace

std::optional<core::Instant> optional_instant(const Rows& rows, std::uint64_t row, int column) {
    return rows.is_null(row, column) ? std::nullopt : std::optional(to_instant(rows.timestamp(row, column)));
}

EndpointState read_state(const Rows& rows, std::uint64_t row, int first_column) {
    const auto column = [&](int i) { return first_column + i; };
    EndpointState state;
    state.organization = rows.int4(row, column(0));
    state.endpoint = rows.uuid(row, column(1));
    state.circuit.state = core::circuit_of(rows.bytes(row, column(2)));
    state.circuit.open_until = optional_instant(rows, row, column(3));
    state.circuit.opened = rows.int4(row, column(4));
    state.circuit.consecutive_failures = rows.int4(row, column(5));
    state.circuit.failing_since = optional_instant(rows, row, column(6));
    state.circuit.window_from = optional_instant(rows, row, column(7));
    state.circuit.window_total = rows.int4(row, column(8));
    state.circuit.window_failed = rows.int4(row, column(9));
    state.bucket.tokens = DatumGetFloat8(rows.datum(row, column(10)));
    state.bucket.filled_at = optional_instant(rows, row, column(11));
    state.hold_until = optional_instant(rows, row, column(12));
    state.throttled_times = rows.int4(row, column(13));
    return state;
}

std::vector<EndpointState> lock_states(const std::vector<std::int32_t>& organizations,
                                       const std::vector<core::Uuid>& endpoints) {
    static constinit Statement statement(
        "SELECT " PGBK_STATE_COLUMNS "  FROM unnest($1, $2) AS k (organization_id, endpoint_id)"
        " CROSS JOIN LATERAL (SELECT x.* FROM booking.webhook_endpoint_states AS x"
        "                      WHERE x.organization_id = k.organization_id AND x.endpoint_id = k.endpoint_id"
        "                        FOR UPDATE) AS s");
    std::vector<EndpointState> states;
    if (organizations.empty()) {
        return states;
    }
    // The order in which rows are locked, each once.
    std::set<std::pair<std::int32_t, core::Uuid>> sorted;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        sorted.emplace(organizations[i], endpoints[i]);
    }
    std::vector<std::int32_t> first;
    std::vector<core::Uuid> second;
    for (const auto& [organization, endpoint] : sorted) {
        first.push_back(organization);
        second.push_back(endpoint);
    }
    const Rows rows = statement.write({int4_array(first), uuid_array(second)});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        states.push_back(read_state(rows, row, 1));
    }
    return states;
}

void write_states(const std::vector<EndpointState>& states) {
    if (states.empty()) {
        return;
    }
    std::vector<std::int32_t> organizations;
    std::vector<core::Uuid> endpoints;
    std::vector<std::string_view> circuits;
    std::vector<std::int32_t> opened;
    std::vector<std::int32_t> failures;
    std::vector<std::int32_t> totals;
    std::vector<std::int32_t> failed;
    std::vector<std::int32_t> throttled;
    std::vector<double> tokens;
    std::vector<std::optional<TimestampTz>> open_until;
    std::vector<std::optional<TimestampTz>> failing_since;
    std::vector<std::optional<TimestampTz>> window_from;
    std::vector<std::optional<TimestampTz>> tokens_at;
    std::vector<std::optional<TimestampTz>> hold_until;
    for (const EndpointState& state : states) {
        organizations.push_back(state.organization);
        endpoints.push_back(state.endpoint);
        circuits.push_back(core::circuit_word(state.circuit.state));
        open_until.push_back(optional_timestamp(state.circuit.open_until));
        opened.push_back(state.circuit.opened);
        failures.push_back(state.circuit.consecutive_failures);
        failing_since.push_back(optional_timestamp(state.circuit.failing_since));
        window_from.push_back(optional_timestamp(state.circuit.window_from));
        totals.push_back(state.circuit.window_total);
        failed.push_back(state.circuit.window_failed);
        tokens.push_back(state.bucket.tokens);
        tokens_at.push_back(optional_timestamp(state.bucket.filled_at));
        hold_until.push_back(optional_timestamp(state.hold_until));
        throttled.push_back(state.throttled_times);
    }
    static constinit Statement statement(
        "UPDATE booking.webhook_endpoint_states AS s"
        "   SET circuit = n.circuit, open_until = n.open_until, opened_times = n.opened_times,"
        "       consecutive_failures = n.consecutive_failures, failing_since = n.failing_since,"
        "       window_from = n.window_from, window_total = n.window_total, window_failed = n.window_failed,"
        "       tokens = n.tokens, tokens_at = n.tokens_at, hold_until = n.hold_until,"
        "       throttled_times = n.throttled_times"
        "  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        "       AS n (organization_id, endpoint_id, circuit, open_until, opened_times, consecutive_failures,"
        "             failing_since, window_from, window_total, window_failed, tokens, tokens_at, hold_until,"
        "             throttled_times)"
        " WHERE s.organization_id = n.organization_id AND s.endpoint_id = n.endpoint_id");
    statement.write({int4_array(organizations), uuid_array(endpoints), text_array(circuits),
                     timestamp_array(open_until), int4_array(opened), int4_array(failures),
                     timestamp_array(failing_since), timestamp_array(window_from), int4_array(totals),
                     int4_array(failed), float8_array(tokens), timestamp_array(tokens_at), timestamp_array(hold_until),
                     int4_array(throttled)});
}

void wake_relays() {
    notify_of_work();
}

} // namespace pgbk
