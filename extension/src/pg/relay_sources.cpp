#include "pg/relay_sources.hpp"

#include "core/retry_schedule.hpp"
#include "pg/array.hpp"

namespace pgbk {

namespace {

struct EndpointKey {
    std::int32_t organization;
    core::Uuid endpoint;
};

// Leases that ran out, and those of relays that are gone: pending again, due at once, and the attempt counts, so that
// an event that kills its relay does not do so for ever.
void take_over(const std::vector<core::Uuid>& lost, TimestampTz now) {
    static constinit Statement statement(
        "WITH lapsed AS ("
        "    SELECT d.organization_id, d.id, d.lease_owner, e.status AS endpoint_status"
        "      FROM booking.webhook_deliveries AS d"
        "      JOIN booking.webhook_endpoints AS e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id"
        "     WHERE d.status = 'leased' AND (d.lease_until <= $1 OR d.lease_owner = ANY ($2))"
        "     ORDER BY d.lease_until LIMIT 1000 FOR UPDATE OF d SKIP LOCKED),"
        " freed AS ("
        "    UPDATE booking.webhook_deliveries AS d"
        "       SET status = CASE WHEN d.attempts >= $3 OR d.expires_at <= $1 THEN 'dead'"
        "                         WHEN l.endpoint_status = 'disabled' THEN 'parked' ELSE 'pending' END,"
        "           reason = CASE WHEN d.attempts >= $3 OR d.expires_at <= $1 THEN 'its last lease was lost'"
        "                         WHEN l.endpoint_status = 'disabled' THEN 'the endpoint is disabled' END,"
        "           lease_until = NULL, lease_owner = NULL, next_attempt_at = $1"
        "      FROM lapsed AS l WHERE d.organization_id = l.organization_id AND d.id = l.id"
        "    RETURNING d.*, l.lease_owner AS relay_id)"
        " INSERT INTO booking.webhook_attempts (organization_id, id, delivery_id, endpoint_id, event_id, event_type,"
        "        occurred_at, batch_id, attempt, outcome, finished_at, error, next_attempt_at, relay_id)"
        " SELECT f.organization_id, booking.new_id(f.organization_id), f.id, f.endpoint_id, f.event_id, f.event_type,"
        "        f.occurred_at, f.batch_id, f.attempts, CASE f.status WHEN 'dead' THEN 'dead' ELSE 'lost' END, $1,"
        "        'no result came while the lease lasted',"
        "        CASE f.status WHEN 'pending' THEN f.next_attempt_at END, f.relay_id"
        "   FROM freed AS f");
    statement.write({Value::timestamp(now), uuid_array(lost), core::most_attempts});
}

struct Look {
    bool lapsed;
    bool due;
};

Look look(TimestampTz now) {
    // The first of each index. EXISTS would be planned as a scan of the table, which is over at once where much is due,
    // and reads all of it where much waits for its next attempt.
    static constinit Statement statement(
        "SELECT COALESCE((SELECT d.lease_until FROM booking.webhook_deliveries AS d"
        "                  WHERE d.status = 'leased' ORDER BY d.lease_until LIMIT 1) <= $1, false),"
        "       COALESCE((SELECT d.next_attempt_at FROM booking.webhook_deliveries AS d"
        "                  WHERE d.status = 'pending' ORDER BY d.next_attempt_at, d.id LIMIT 1) <= $1, false)");
    const Rows rows = statement.write({Value::timestamp(now)});
    return {rows.boolean(0, 1), rows.boolean(0, 2)};
}

// Where the next claim of this backend begins to look, in the order of keys. Of no consequence but for who is first:
// where more endpoints have something due than a claim looks at, all get their turn.
std::optional<EndpointKey> place_to_go_on;

struct Candidate {
    EndpointKey key;
    TimestampTz due_since;
};

constexpr std::int32_t fewest_looked_for = 16;

bool is_after(const EndpointKey& a, const EndpointKey& b) {
    return std::tie(a.organization, a.endpoint) > std::tie(b.organization, b.endpoint);
}

// Endpoints after the one that have something due and might take it, in the order of their keys, so many at most. One
// index entry is read for each endpoint that has anything pending, however much that is: a backlog of one that hangs
// holds up nobody.
std::vector<Candidate> candidates_after(const std::optional<EndpointKey>& start, TimestampTz now, std::int32_t most) {
    static constinit Statement statement(
        "WITH RECURSIVE waiting AS ("
        "    (SELECT d.organization_id, d.endpoint_id, d.next_attempt_at FROM booking.webhook_deliveries AS d"
        "      WHERE d.status = 'pending' AND (d.organization_id, d.endpoint_id) > ($2, $3)"
        "      ORDER BY d.organization_id, d.endpoint_id, d.next_attempt_at LIMIT 1)"
        "    UNION ALL"
        "    SELECT n.organization_id, n.endpoint_id, n.next_attempt_at"
        "      FROM waiting AS w CROSS JOIN LATERAL ("
        "           SELECT d.organization_id, d.endpoint_id, d.next_attempt_at FROM booking.webhook_deliveries AS d"
        "            WHERE d.status = 'pending'"
        "              AND (d.organization_id, d.endpoint_id) > (w.organization_id, w.endpoint_id)"
        "            ORDER BY d.organization_id, d.endpoint_id, d.next_attempt_at LIMIT 1) AS n)"
        " SELECT w.organization_id, w.endpoint_id, w.next_attempt_at"
        "   FROM waiting AS w"
        "  CROSS JOIN LATERAL (SELECT x.* FROM booking.webhook_endpoint_states AS x"
        "                       WHERE x.organization_id = w.organization_id AND x.endpoint_id = w.endpoint_id"
        "                       LIMIT 1) AS s"
        "  CROSS JOIN LATERAL (SELECT x.status, x.rate_per_second, x.max_in_flight FROM booking.webhook_endpoints AS x"
        "                       WHERE x.organization_id = w.organization_id AND x.id = w.endpoint_id LIMIT 1) AS e"
        "  WHERE w.next_attempt_at <= $1 AND e.status = 'active'"
        "    AND (s.hold_until IS NULL OR s.hold_until <= $1)"
        "    AND (s.circuit <> 'open' OR s.open_until IS NULL OR s.open_until <= $1)"
        "    AND (e.rate_per_second IS NULL OR s.tokens_at IS NULL"
        "         OR s.tokens + date_part('epoch', $1 - s.tokens_at) * e.rate_per_second::double precision >= 0.999999)"
        "    AND (SELECT count(DISTINCT COALESCE(d.batch_id, d.id)) FROM booking.webhook_deliveries AS d"
        "          WHERE d.organization_id = w.organization_id AND d.endpoint_id = w.endpoint_id"
        "            AND d.status = 'leased') < CASE s.circuit WHEN 'half_open' THEN 1 ELSE e.max_in_flight END"
        "  LIMIT $4");
    const EndpointKey before_all{std::numeric_limits<std::int32_t>::min(), core::Uuid{}};
    const EndpointKey& after = start.has_value() ? *start : before_all;
    const Rows rows = statement.write({Value::timestamp(now), after.organization, after.endpoint, most});
    std::vector<Candidate> found;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        found.push_back({{rows.int4(row, 1), rows.uuid(row, 2)}, rows.timestamp(row, 3)});
    }
    return found;
}

// All around from where the last claim ended, so many at most; and where the next one goes on, if there may be more.
std::vector<Candidate> candidates_around(TimestampTz now, std::int32_t most) {
    const std::optional<EndpointKey> start = std::exchange(place_to_go_on, std::nullopt);
    std::vector<Candidate> found = candidates_after(start, now, most);
    auto left = most - static_cast<std::int32_t>(found.size());
    if (start.has_value() && left > 0) {
        for (const Candidate& candidate : candidates_after(std::nullopt, now, left)) {
            if (is_after(candidate.key, *start)) {
                return found; // been there
            }
            found.push_back(candidate);
            --left;
        }
    }
    if (left == 0) {
        place_to_go_on = found.back().key;
    }
    return found;
}

// The longest due of them first.
std::vector<EndpointKey> next_candidates(const Request& request) {
    std::vector<Candidate> found = candidates_around(request.now, std::max(request.wanted, fewest_looked_for));
    std::stable_sort(found.begin(), found.end(),
                     [](const Candidate& a, const Candidate& b) { return a.due_since < b.due_since; });
    std::vector<EndpointKey> keys;
    for (const Candidate& candidate : found) {
        if (keys.size() < static_cast<std::size_t>(request.wanted)) {
            keys.push_back(candidate.key);
        }
    }
    return keys;
}

std::vector<EndpointKey> candidates(const Request& request) {
    if (!request.only.has_value()) {
        return next_candidates(request);
    }
    static constinit Statement statement(
        "SELECT d.organization_id, d.endpoint_id FROM booking.webhook_deliveries AS d"
        " WHERE d.organization_id = $1 AND d.id = $2 AND d.status = 'pending' AND d.next_attempt_at <= $3");
    const Rows rows = statement.write(
        {core::organization_of(*request.only).value_or(0), *request.only, Value::timestamp(request.now)});
    std::vector<EndpointKey> keys;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        keys.push_back({rows.int4(row, 1), rows.uuid(row, 2)});
    }
    return keys;
}

struct Arrays {
    std::vector<std::int32_t> organizations;
    std::vector<core::Uuid> endpoints;
};

Arrays arrays_of(const std::vector<EndpointKey>& keys) {
    Arrays arrays;
    for (const EndpointKey& key : keys) {
        arrays.organizations.push_back(key.organization);
        arrays.endpoints.push_back(key.endpoint);
    }
    return arrays;
}

// Those whose state nobody else has locked, in the same order.
std::vector<EndpointKey> locked(const std::vector<EndpointKey>& keys) {
    static constinit Statement statement(
        "SELECT k.organization_id, k.endpoint_id"
        "  FROM unnest($1, $2) WITH ORDINALITY AS k (organization_id, endpoint_id, place)"
        " CROSS JOIN LATERAL (SELECT 1 FROM booking.webhook_endpoint_states AS s"
        "                      WHERE s.organization_id = k.organization_id AND s.endpoint_id = k.endpoint_id"
        "                        FOR UPDATE SKIP LOCKED) AS s"
        " ORDER BY k.place");
    const Arrays arrays = arrays_of(keys);
    const Rows rows = statement.write({int4_array(arrays.organizations), uuid_array(arrays.endpoints)});
    std::vector<EndpointKey> mine;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        mine.push_back({rows.int4(row, 1), rows.uuid(row, 2)});
    }
    return mine;
}

// Locks what can be locked. Where a rival is at all of them, it is asked again for some milliseconds: a claim or a
// completion lasts no longer, and what is due need not wait for the next poll.
std::vector<EndpointKey> lock_candidates(const Request& request) {
    constexpr int tries = 10;
    constexpr long pause_us = 1000;
    for (int i = 0; i < tries; ++i) {
        const std::vector<EndpointKey> keys = candidates(request);
        if (keys.empty()) {
            return keys;
        }
        const std::vector<EndpointKey> mine = locked(keys);
        if (!mine.empty()) {
            return mine;
        }
        server([] {
            CHECK_FOR_INTERRUPTS();
            pg_usleep(pause_us);
        });
    }
    return {};
}

// How the locked endpoints stand now that nobody else can claim from them.
std::vector<Source> sources_of(const std::vector<EndpointKey>& keys, const Request& request) {
    static constinit Statement statement(
        "SELECT " PGBK_STATE_COLUMNS ", e.max_in_flight, e.rate_per_second::double precision, e.burst, e.batch_max,"
        "       (SELECT count(DISTINCT COALESCE(d.batch_id, d.id)) FROM booking.webhook_deliveries AS d"
        "         WHERE d.organization_id = s.organization_id AND d.endpoint_id = s.endpoint_id"
        "           AND d.status = 'leased')::integer,"
        "       (SELECT count(*) FROM (SELECT 1 FROM booking.webhook_deliveries AS d"
        "                               WHERE d.organization_id = s.organization_id AND d.endpoint_id = s.endpoint_id"
        "                                 AND d.status = 'pending' AND d.next_attempt_at <= $3"
        "                               ORDER BY d.next_attempt_at, d.id"
        "                               LIMIT LEAST(e.max_in_flight, $4) * e.batch_max) AS x)::integer"
        "  FROM unnest($1, $2) WITH ORDINALITY AS k (organization_id, endpoint_id, place)"
        " CROSS JOIN LATERAL (SELECT x.* FROM booking.webhook_endpoint_states AS x"
        "                      WHERE x.organization_id = k.organization_id AND x.endpoint_id = k.endpoint_id"
        "                      LIMIT 1) AS s"
        " CROSS JOIN LATERAL (SELECT x.status, x.max_in_flight, x.rate_per_second, x.burst, x.batch_max"
        "                       FROM booking.webhook_endpoints AS x"
        "                      WHERE x.organization_id = k.organization_id AND x.id = k.endpoint_id LIMIT 1) AS e"
        " WHERE e.status = 'active' AND (s.hold_until IS NULL OR s.hold_until <= $3)"
        " ORDER BY k.place");
    const Arrays arrays = arrays_of(keys);
    const Rows rows = statement.write({int4_array(arrays.organizations), uuid_array(arrays.endpoints),
                                       Value::timestamp(request.now), request.wanted});
    const core::Instant now = to_instant(request.now);
    std::vector<Source> sources;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        const auto column = [](int i) { return state_columns + i; };
        Source source{read_state(rows, row, 1), std::nullopt, rows.int4(row, column(4)), 0};
        source.requests = core::room(source.state.circuit, now, rows.int4(row, column(5)), rows.int4(row, column(1)));
        if (!rows.is_null(row, column(2))) {
            source.rate = core::RateLimit{DatumGetFloat8(rows.datum(row, column(2))), rows.int4(row, column(3))};
            source.requests = std::min(source.requests, core::tokens_left(source.state.bucket, *source.rate, now));
        }
        // What is due, as requests: at least one for so many deliveries, at most one for each.
        source.requests = std::min(source.requests, rows.int4(row, column(6)));
        if (source.requests > 0) {
            sources.push_back(source);
        }
    }
    return sources;
}

} // namespace

bool is_anything_due(const Request& request) {
    const std::vector<core::Uuid> lost = lost_relays(request.relay, request.now);
    Look seen = look(request.now);
    if (seen.lapsed || !lost.empty()) {
        take_over(lost, request.now);
        seen = look(request.now);
    }
    return seen.due;
}

std::vector<Source> lock_sources(const Request& request) {
    const std::vector<EndpointKey> endpoints = lock_candidates(request);
    return endpoints.empty() ? std::vector<Source>() : sources_of(endpoints, request);
}

} // namespace pgbk
