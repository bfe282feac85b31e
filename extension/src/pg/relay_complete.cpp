// relay_complete: what came of deliveries, and what follows.
//
// States are locked before deliveries, both in their order, as everybody does. A success of an endpoint that is well
// needs no state at all, so that completions do not stand in the way of claims. Where all are successes, which is
// nearly always, deliveries are not locked and read before they are deleted: deleting says what they were.
#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/identity.hpp"
#include "pg/jsonb_node.hpp"
#include "pg/relay.hpp"
#include "pg/relay_judge.hpp"
#include "pg/settings.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

using core::RelayResult;

KeyArrays keys_of(const std::vector<RelayResult>& results) {
    KeyArrays keys;
    for (const RelayResult& result : results) {
        keys.add(key_of(result));
    }
    return keys;
}

// Sorted, each once: the order in which rows are locked.
KeyArrays in_order(const KeyArrays& keys) {
    std::set<Key> sorted;
    for (std::size_t i = 0; i < keys.ids.size(); ++i) {
        sorted.emplace(keys.organizations[i], keys.ids[i]);
    }
    KeyArrays out;
    for (const Key& key : sorted) {
        out.add(key);
    }
    return out;
}

#define PGBK_ENDPOINT_IS_WELL_SQL                                                                                      \
    "(s.circuit = 'closed' AND s.consecutive_failures = 0 AND s.throttled_times = 0"                                   \
    " AND num_nonnulls(s.failing_since, s.window_from, s.hold_until) = 0)"

// Endpoints whose states these results may change.
KeyArrays concerned_by(const std::vector<RelayResult>& results, const KeyArrays& keys) {
    static constinit Statement statement(
        "SELECT k.place::integer, k.organization_id, d.endpoint_id, " PGBK_ENDPOINT_IS_WELL_SQL
        "  FROM unnest($1, $2) WITH ORDINALITY AS k (organization_id, id, place)"
        " CROSS JOIN LATERAL (SELECT x.endpoint_id FROM booking.webhook_deliveries AS x"
        "                      WHERE x.organization_id = k.organization_id AND x.id = k.id LIMIT 1) AS d"
        " CROSS JOIN LATERAL (SELECT x.* FROM booking.webhook_endpoint_states AS x"
        "                      WHERE x.organization_id = k.organization_id AND x.endpoint_id = d.endpoint_id LIMIT 1)"
        "            AS s");
    const Rows rows = statement.write({int4_array(keys.organizations), uuid_array(keys.ids)});
    KeyArrays concerned;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const RelayResult& result = results[static_cast<std::size_t>(rows.int4(row, 1) - 1)];
        if (!result.returned && !(is_success(result) && rows.boolean(row, 4))) {
            concerned.add({rows.int4(row, 2), rows.uuid(row, 3)});
        }
    }
    return concerned;
}

// The same where all results are successes: endpoints that are not well.
KeyArrays concerned_by_successes(const KeyArrays& keys) {
    static constinit Statement statement(
        "SELECT n.organization_id, n.endpoint_id"
        "  FROM (SELECT DISTINCT k.organization_id, d.endpoint_id"
        "          FROM unnest($1, $2) AS k (organization_id, id)"
        "         CROSS JOIN LATERAL (SELECT x.endpoint_id FROM booking.webhook_deliveries AS x"
        "                              WHERE x.organization_id = k.organization_id AND x.id = k.id LIMIT 1) AS d) AS n"
        " CROSS JOIN LATERAL (SELECT x.* FROM booking.webhook_endpoint_states AS x"
        "                      WHERE x.organization_id = n.organization_id AND x.endpoint_id = n.endpoint_id LIMIT 1)"
        "            AS s"
        " WHERE NOT " PGBK_ENDPOINT_IS_WELL_SQL);
    const Rows rows = statement.write({int4_array(keys.organizations), uuid_array(keys.ids)});
    KeyArrays concerned;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        concerned.add({rows.int4(row, 1), rows.uuid(row, 2)});
    }
    return concerned;
}

std::map<Key, EndpointState> lock_concerned(const KeyArrays& concerned) {
    std::map<Key, EndpointState> states;
    for (const EndpointState& state : lock_states(concerned.organizations, concerned.ids)) {
        states.emplace(Key(state.organization, state.endpoint), state);
    }
    return states;
}

// What is known of a delivery; organization_id and id come before these.
#define PGBK_DELIVERY_COLUMNS                                                                                          \
    "d.endpoint_id, d.event_id, d.event_type, d.occurred_at, d.batch_id, d.status, d.attempts, d.throttled,"           \
    " d.last_http_status, d.same_status_times, d.next_attempt_at, d.expires_at, d.lease_token"
constexpr int columns_of_delivery = 15; // with these two

Delivery read_delivery(const Rows& rows, std::uint64_t row) {
    Delivery delivery{};
    delivery.endpoint = {rows.int4(row, 1), rows.uuid(row, 3)};
    delivery.event = rows.uuid(row, 4);
    delivery.event_type = rows.bytes(row, 5);
    delivery.occurred_at = rows.timestamp(row, 6);
    delivery.batch = rows.is_null(row, 7) ? std::nullopt : std::optional(rows.uuid(row, 7));
    delivery.status = rows.bytes(row, 8);
    delivery.attempts = rows.int4(row, 9);
    delivery.throttled = rows.int4(row, 10);
    delivery.last_http_status = rows.is_null(row, 11) ? std::nullopt : std::optional(rows.int4(row, 11));
    delivery.same_status_times = rows.int4(row, 12);
    delivery.next_attempt_at = rows.timestamp(row, 13);
    delivery.expires_at = rows.timestamp(row, 14);
    delivery.lease_token = rows.int8(row, 15);
    return delivery;
}

// In the order of their keys, each once, as they are given.
std::map<Key, Delivery> lock_deliveries(const KeyArrays& keys) {
    static constinit Statement statement(
        "SELECT k.organization_id, k.id, " PGBK_DELIVERY_COLUMNS ", e.preset = 'make', e.status = 'active'"
        "  FROM unnest($1, $2) AS k (organization_id, id)"
        " CROSS JOIN LATERAL (SELECT x.* FROM booking.webhook_deliveries AS x"
        "                      WHERE x.organization_id = k.organization_id AND x.id = k.id FOR UPDATE) AS d"
        " CROSS JOIN LATERAL (SELECT x.preset, x.status FROM booking.webhook_endpoints AS x"
        "                      WHERE x.organization_id = k.organization_id AND x.id = d.endpoint_id LIMIT 1) AS e");
    const Rows rows = statement.write({int4_array(keys.organizations), uuid_array(keys.ids)});
    std::map<Key, Delivery> deliveries;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        Delivery delivery = read_delivery(rows, row);
        delivery.is_make = rows.boolean(row, columns_of_delivery + 1);
        delivery.endpoint_active = rows.boolean(row, columns_of_delivery + 2);
        deliveries.emplace(Key(rows.int4(row, 1), rows.uuid(row, 2)), delivery);
    }
    return deliveries;
}

// Deletes what has arrived, in that order too: as much of each as a success asks for.
std::map<Key, Delivery> delete_deliveries(const KeyArrays& keys) {
    static constinit Statement statement(
        "DELETE FROM booking.webhook_deliveries AS d USING unnest($1, $2) AS n (organization_id, id)"
        " WHERE d.organization_id = n.organization_id AND d.id = n.id"
        " RETURNING d.organization_id, d.id, " PGBK_DELIVERY_COLUMNS);
    const Rows rows = statement.write({int4_array(keys.organizations), uuid_array(keys.ids)});
    std::map<Key, Delivery> deliveries;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        deliveries.emplace(Key(rows.int4(row, 1), rows.uuid(row, 2)), read_delivery(rows, row));
    }
    return deliveries;
}

// Results of deliveries that are gone, delivered by somebody else: what is known of them is in the log.
void note_unknown(const std::vector<std::pair<std::int32_t, Key>>& unknown, Writes& writes) {
    if (unknown.empty()) {
        return;
    }
    KeyArrays keys;
    for (const auto& [position, key] : unknown) {
        keys.add(key);
    }
    static constinit Statement statement(
        "SELECT k.place::integer, a.endpoint_id, a.event_id, a.event_type, a.occurred_at, a.attempt"
        "  FROM unnest($1, $2) WITH ORDINALITY AS k (organization_id, id, place)"
        " CROSS JOIN LATERAL ("
        "       SELECT x.endpoint_id, x.event_id, x.event_type, x.occurred_at, x.attempt"
        "         FROM booking.webhook_attempts AS x"
        "        WHERE x.organization_id = k.organization_id AND x.delivery_id = k.id"
        "        ORDER BY x.id DESC LIMIT 1) AS a");
    const Rows rows = statement.write({int4_array(keys.organizations), uuid_array(keys.ids)});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const auto& [position, key] = unknown[static_cast<std::size_t>(rows.int4(row, 1) - 1)];
        Delivery delivery{};
        delivery.endpoint = {key.first, rows.uuid(row, 2)};
        delivery.event = rows.uuid(row, 3);
        delivery.event_type = rows.bytes(row, 4);
        delivery.occurred_at = rows.timestamp(row, 5);
        delivery.attempts = rows.int4(row, 6);
        writes.attempts.push_back({position, key, delivery, "late", std::nullopt});
    }
}

void write_attempts(const Writes& writes, const core::Uuid& relay, Datum document, TimestampTz now) {
    if (writes.attempts.empty()) {
        return;
    }
    std::vector<std::int32_t> positions;
    KeyArrays deliveries;
    std::vector<core::Uuid> ids;
    std::vector<core::Uuid> endpoints;
    std::vector<core::Uuid> events;
    std::vector<std::string_view> event_types;
    std::vector<TimestampTz> occurred;
    std::vector<std::optional<core::Uuid>> batches;
    std::vector<std::int32_t> attempts;
    std::vector<std::string_view> outcomes;
    std::vector<std::optional<TimestampTz>> next;
    for (const Writes::Attempt& attempt : writes.attempts) {
        positions.push_back(attempt.position);
        deliveries.add(attempt.delivery);
        ids.push_back(new_id(attempt.delivery.first));
        endpoints.push_back(attempt.known.endpoint.second);
        events.push_back(attempt.known.event);
        event_types.push_back(attempt.known.event_type);
        occurred.push_back(attempt.known.occurred_at);
        batches.push_back(attempt.known.batch);
        // One that was throttled is logged with the number that the next one has too.
        attempts.push_back(attempt.known.attempts + (attempt.outcome == "throttled" ? 1 : 0));
        outcomes.push_back(attempt.outcome);
        next.push_back(attempt.next_attempt_at);
    }
    // The details are read from the document; OFFSET 0 takes each element out of it once.
    static constinit Statement statement(
        "INSERT INTO booking.webhook_attempts (organization_id, id, delivery_id, endpoint_id, event_id, event_type,"
        "       occurred_at, batch_id, attempt, outcome, next_attempt_at, finished_at, relay_id, started_at,"
        "       http_status, error_class, error, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, remote_address,"
        "       response_headers, response_body, response_truncated, retry_after_seconds)"
        " SELECT a.organization_id, a.id, a.delivery_id, a.endpoint_id, a.event_id, a.event_type, a.occurred_at,"
        "        a.batch_id, a.attempt, a.outcome, a.next_attempt_at, $13, $14, (f.f ->> 'started_at')::timestamptz,"
        "        (f.f ->> 'http_status')::integer, f.f ->> 'error_class', left(f.f ->> 'error', 1000),"
        "        (f.f ->> 'dns_ms')::double precision, (f.f ->> 'connect_ms')::double precision,"
        "        (f.f ->> 'tls_ms')::double precision, (f.f ->> 'first_byte_ms')::double precision,"
        "        (f.f ->> 'total_ms')::double precision, left(f.f ->> 'remote_address', 100),"
        "        NULLIF(f.f -> 'response_headers', 'null'), left(f.f ->> 'response_body', 8192),"
        "        COALESCE((f.f ->> 'response_truncated')::boolean, false), (f.f ->> 'retry_after_seconds')::integer"
        "   FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        "        AS a (place, organization_id, id, delivery_id, endpoint_id, event_id, event_type, occurred_at, "
        "batch_id,"
        "              attempt, outcome, next_attempt_at)"
        "  CROSS JOIN LATERAL (SELECT $15::jsonb -> a.place AS f OFFSET 0) AS f");
    statement.write({int4_array(positions), int4_array(deliveries.organizations), uuid_array(ids),
                     uuid_array(deliveries.ids), uuid_array(endpoints), uuid_array(events), text_array(event_types),
                     timestamp_array(occurred), uuid_array(batches), int4_array(attempts), text_array(outcomes),
                     timestamp_array(next), Value::timestamp(now), relay, Value::jsonb(document)});
}

void write_deliveries(const Writes& writes) {
    if (!writes.deleted.empty()) {
        KeyArrays keys;
        for (const Key& key : writes.deleted) {
            keys.add(key);
        }
        delete_deliveries(keys);
    }
    if (writes.changed.empty()) {
        return;
    }
    KeyArrays keys;
    std::vector<std::string_view> statuses;
    std::vector<std::int32_t> attempts;
    std::vector<std::int32_t> throttled;
    std::vector<std::optional<std::int32_t>> last;
    std::vector<std::int32_t> times;
    std::vector<TimestampTz> next;
    std::vector<std::optional<std::string_view>> reasons;
    std::vector<std::int32_t> leaving;
    for (const auto& [key, delivery] : writes.changed) {
        keys.add(key);
        statuses.push_back(delivery.new_status);
        attempts.push_back(delivery.attempts);
        throttled.push_back(delivery.throttled);
        last.push_back(delivery.last_http_status);
        times.push_back(delivery.same_status_times);
        next.push_back(delivery.next_attempt_at);
        reasons.push_back(delivery.reason.empty() ? std::nullopt : std::optional(delivery.reason));
        leaving.push_back(delivery.leaves_batch ? 1 : 0);
    }
    static constinit Statement statement(
        "UPDATE booking.webhook_deliveries AS d"
        "   SET status = n.status, attempts = n.attempts, throttled = n.throttled,"
        "       last_http_status = n.last_http_status, same_status_times = n.same_status_times,"
        "       next_attempt_at = n.next_attempt_at, reason = left(n.reason, 500), lease_until = NULL,"
        "       lease_owner = NULL, batch_id = CASE n.leaves_batch WHEN 0 THEN d.batch_id END"
        "  FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        "       AS n (organization_id, id, status, attempts, throttled, last_http_status, same_status_times,"
        "             next_attempt_at, reason, leaves_batch)"
        " WHERE d.organization_id = n.organization_id AND d.id = n.id");
    statement.write({int4_array(keys.organizations), uuid_array(keys.ids), text_array(statuses), int4_array(attempts),
                     int4_array(throttled), int4_array(last), int4_array(times), timestamp_array(next),
                     text_array(reasons), int4_array(leaving)});
}

Datum relay_complete_body(Call& call) {
    const core::Uuid relay = uuid_argument(call, 0, "relay_id");
    const Datum document = jsonb_argument(call, 1, "results");
    require_relay(call, "complete deliveries");
    const core::JsonNode* const tree = server([&] { return json_tree(DatumGetJsonbP(document)); });
    const std::vector<RelayResult> results = core::read_relay_results(*tree);
    if (results.empty()) {
        return Int32GetDatum(0);
    }
    const TimestampTz now = settings::now();
    const KeyArrays keys = keys_of(results);
    const bool all_arrived = std::all_of(results.begin(), results.end(), is_success);
    std::map<Key, EndpointState> states =
        lock_concerned(all_arrived ? concerned_by_successes(keys) : concerned_by(results, keys));
    Judge judge(std::move(states), all_arrived ? delete_deliveries(in_order(keys)) : lock_deliveries(in_order(keys)),
                now);
    for (std::size_t i = 0; i < results.size(); ++i) {
        judge.judge(results[i], static_cast<std::int32_t>(i));
    }
    note_unknown(judge.unknown(), judge.writes);
    write_attempts(judge.writes, relay, document, now);
    if (!all_arrived) {
        write_deliveries(judge.writes);
    }
    write_states(judge.changed_states());
    for (const auto& [endpoint, reason] : judge.disabled) {
        disable_endpoint(endpoint.first, endpoint.second, reason);
    }
    if (judge.given_back) {
        wake_relays();
    }
    return Int32GetDatum(judge.accepted);
}

} // namespace

PGBK_WRITER(relay_complete, relay_complete_body);

} // namespace pgbk
