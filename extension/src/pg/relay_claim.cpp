// relay_claim: which deliveries a relay gets.
//
// An endpoint is claimed from under the lock of its state, so that its limits hold over all relays; endpoints that a
// rival is at are skipped, and rows of deliveries are never waited for. A claim that finds nothing reads a few index
// entries and writes nothing.
#include "core/fair_share.hpp"
#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/identity.hpp"
#include "pg/installation.hpp"
#include "pg/relay_sources.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

struct Due {
    core::Uuid delivery;
    core::Uuid event;
    std::optional<core::Uuid> batch;
    bool is_new; // never sent
};

// What will be leased.
struct Picked {
    std::vector<std::int32_t> organizations;
    std::vector<core::Uuid> deliveries;
    std::vector<std::optional<core::Uuid>> batches;
    core::Uuid first_event{}; // in the order of their ids
    core::Uuid last_event{};

    void add(std::int32_t organization, const Due& due, const std::optional<core::Uuid>& batch) {
        first_event = deliveries.empty() ? due.event : std::min(first_event, due.event);
        last_event = deliveries.empty() ? due.event : std::max(last_event, due.event);
        organizations.push_back(organization);
        deliveries.push_back(due.delivery);
        batches.push_back(batch);
    }
};

Request read_request(const Call& call) {
    Request request{uuid_argument(call, 0, "relay_id"), int4_argument(call, 1, "wanted"),
                    int4_argument(call, 2, "lease_seconds"), optional_uuid(call, 3), settings::now()};
    if (request.wanted < 1 || request.wanted > 1000) {
        refuse_relay_call("wanted must be between 1 and 1000, got " + std::to_string(request.wanted));
    }
    if (request.lease_seconds < 1 || request.lease_seconds > 3600) {
        refuse_relay_call("lease_seconds must be between 1 and 3600, got " + std::to_string(request.lease_seconds));
    }
    return request;
}

// Deliveries of one endpoint as requests: alone, or in batches. One that was sent before is sent as it was, since the
// receiver knows it by the id of its request.
class Packer {
public:
    Packer(Source& source, int requests, Picked& picked) : source_(source), left_(requests), picked_(picked) {}

    void add(const Due& due) {
        if (due.batch.has_value()) {
            const bool known = std::find(old_batches.begin(), old_batches.end(), *due.batch) != old_batches.end();
            if (!known && take()) {
                old_batches.push_back(*due.batch);
            }
        } else if (source_.batch_max == 1 || !due.is_new) {
            if (take()) {
                picked_.add(source_.state.organization, due, std::nullopt);
            }
        } else if (room_in_batch_ > 0 || begin_batch()) {
            --room_in_batch_;
            picked_.add(source_.state.organization, due, batch_);
        }
    }

    int used() const { return used_; }

    std::vector<core::Uuid> old_batches; // to be sent whole

private:
    bool take() {
        if (left_ == 0) {
            return false;
        }
        --left_;
        ++used_;
        return true;
    }
    bool begin_batch() {
        if (!take()) {
            return false;
        }
        batch_ = new_id(source_.state.organization);
        room_in_batch_ = source_.batch_max;
        return true;
    }

    Source& source_;
    int left_;
    Picked& picked_;
    int used_ = 0;
    int room_in_batch_ = 0;
    std::optional<core::Uuid> batch_;
};

// Batches that were sent before. Only whole ones: the receiver knows a batch by its id, and would take one with other
// events, or the rest that comes later, for one that it has got already. One of which a part is still under way, or is
// being changed, waits.
void pick_batches(std::int32_t organization, const std::vector<core::Uuid>& batches, Picked& picked) {
    static constinit Statement lock(
        "SELECT d.id, d.event_id, d.batch_id FROM booking.webhook_deliveries AS d"
        " WHERE d.organization_id = $1 AND d.batch_id = ANY ($2) AND d.status = 'pending' FOR UPDATE SKIP LOCKED");
    static constinit Statement count("SELECT d.batch_id, count(*) FROM booking.webhook_deliveries AS d"
                                     " WHERE d.organization_id = $1 AND d.batch_id = ANY ($2)"
                                     "   AND d.status IN ('pending', 'leased') GROUP BY d.batch_id");
    const Rows locked_rows = lock.write({organization, uuid_array(batches)});
    std::map<core::Uuid, std::int64_t> missing;
    const Rows sizes = count.write({organization, uuid_array(batches)});
    for (std::uint64_t row = 0; row < sizes.count(); ++row) {
        missing[sizes.uuid(row, 1)] = sizes.int8(row, 2);
    }
    for (std::uint64_t row = 0; row < locked_rows.count(); ++row) {
        --missing[locked_rows.uuid(row, 3)];
    }
    for (std::uint64_t row = 0; row < locked_rows.count(); ++row) {
        const core::Uuid batch = locked_rows.uuid(row, 3);
        if (missing[batch] == 0) {
            picked.add(organization, {locked_rows.uuid(row, 1), locked_rows.uuid(row, 2), batch, false}, batch);
        }
    }
}

// Locks what is due and chooses from it. Changes the states of the sources by what was chosen.
Picked pick(std::vector<Source>& sources, const Request& request) {
    std::vector<int> wanted;
    for (const Source& source : sources) {
        wanted.push_back(source.requests);
    }
    const std::vector<int> shares = core::fair_shares(request.wanted, wanted);
    std::vector<std::int32_t> organizations;
    std::vector<core::Uuid> endpoints;
    std::vector<std::int32_t> limits;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        organizations.push_back(sources[i].state.organization);
        endpoints.push_back(sources[i].state.endpoint);
        limits.push_back(shares[i] * sources[i].batch_max);
    }
    static constinit Statement statement(
        "SELECT k.place::integer, d.id, d.event_id, d.batch_id, d.attempts + d.throttled = 0"
        "  FROM unnest($1, $2, $3) WITH ORDINALITY AS k (organization_id, endpoint_id, most, place)"
        " CROSS JOIN LATERAL ("
        "       SELECT d.id, d.event_id, d.batch_id, d.attempts, d.throttled FROM booking.webhook_deliveries AS d"
        "        WHERE d.organization_id = k.organization_id AND d.endpoint_id = k.endpoint_id"
        "          AND d.status = 'pending' AND d.next_attempt_at <= $4 AND ($5 IS NULL OR d.id = $5)"
        "        ORDER BY d.next_attempt_at, d.id LIMIT k.most FOR UPDATE SKIP LOCKED) AS d"
        " ORDER BY k.place");
    const Rows rows = statement.write({int4_array(organizations), uuid_array(endpoints), int4_array(limits),
                                       Value::timestamp(request.now),
                                       request.only.has_value() ? Value(*request.only) : Value::null(UUIDOID)});
    Picked picked;
    const core::Instant now = to_instant(request.now);
    std::uint64_t row = 0;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        Packer packer(sources[i], shares[i], picked);
        for (; row < rows.count() && rows.int4(row, 1) == static_cast<std::int32_t>(i + 1); ++row) {
            packer.add({rows.uuid(row, 2), rows.uuid(row, 3),
                        rows.is_null(row, 4) ? std::nullopt : std::optional(rows.uuid(row, 4)), rows.boolean(row, 5)});
        }
        if (!packer.old_batches.empty()) {
            pick_batches(sources[i].state.organization, packer.old_batches, picked);
        }
        if (packer.used() > 0) {
            core::begin_probe(sources[i].state.circuit, now);
            if (sources[i].rate.has_value()) {
                core::spend(sources[i].state.bucket, *sources[i].rate, now, packer.used());
            }
        }
    }
    return picked;
}

// An event that is no longer kept cannot be sent.
void give_up(const Rows& rows, const std::vector<std::uint64_t>& without_body) {
    std::vector<std::int32_t> organizations;
    std::vector<core::Uuid> deliveries;
    for (const std::uint64_t row : without_body) {
        deliveries.push_back(rows.uuid(row, 1));
        organizations.push_back(rows.int4(row, 5));
    }
    static constinit Statement statement(
        "UPDATE booking.webhook_deliveries AS d"
        "   SET status = 'dead', attempts = d.attempts - 1, lease_until = NULL, lease_owner = NULL,"
        "       reason = 'its event is no longer kept'"
        "  FROM unnest($1, $2) AS n (organization_id, id)"
        " WHERE d.organization_id = n.organization_id AND d.id = n.id");
    statement.write({int4_array(organizations), uuid_array(deliveries)});
}

// The rows are locked, so that they are pending is known. If it were asked again, the planner might take the index of
// what is pending, and read all of an organization's backlog for each row.
void lease(const Picked& picked, const Request& request, ResultSet& result) {
    // Whatever endpoints and events have in common is made once. An event is found by its key, whatever the planner
    // expects of the view; between which ids all of them lie is said as well, so that other partitions are not opened.
    static constinit Statement statement(
        "WITH leased AS ("
        "    UPDATE booking.webhook_deliveries AS d"
        "       SET status = 'leased', attempts = d.attempts + 1, batch_id = n.batch_id, lease_until = $4,"
        "           lease_owner = $5, lease_token = d.lease_token + 1"
        "      FROM unnest($1, $2, $3) AS n (organization_id, id, batch_id)"
        "     WHERE d.organization_id = n.organization_id AND d.id = n.id"
        "    RETURNING d.*),"
        " endpoints AS MATERIALIZED ("
        "    SELECT e.organization_id, e.id, e.name, e.url, e.preset, e.timeout_ms, e.headers, k.secrets,"
        "           to_jsonb(e.allowed_networks) AS networks"
        "      FROM (SELECT DISTINCT l.organization_id, l.endpoint_id FROM leased AS l) AS n"
        "     CROSS JOIN LATERAL (SELECT x.* FROM booking.webhook_endpoints AS x"
        "                          WHERE x.organization_id = n.organization_id AND x.id = n.endpoint_id LIMIT 1) AS e"
        "     CROSS JOIN LATERAL ("
        "           SELECT COALESCE(jsonb_agg(jsonb_build_object('scheme', s.scheme, 'secret', s.secret)"
        "                                     || CASE s.scheme WHEN 'hmac' THEN jsonb_build_object("
        "                                            'header', e.hmac_header, 'prefix', e.hmac_prefix,"
        "                                            'encoding', e.hmac_encoding) ELSE '{}' END"
        "                                     ORDER BY s.valid_from DESC, s.id DESC), '[]') AS secrets"
        "             FROM booking.webhook_secrets AS s"
        "            WHERE s.organization_id = n.organization_id AND s.endpoint_id = n.endpoint_id"
        "              AND s.valid_from <= $6 AND (s.valid_until IS NULL OR s.valid_until > $6)) AS k),"
        " bodies AS MATERIALIZED ("
        "    SELECT n.organization_id, n.event_id, p.document"
        "      FROM (SELECT DISTINCT l.organization_id, l.event_id FROM leased AS l) AS n"
        "     CROSS JOIN LATERAL ("
        "           SELECT x.document FROM booking.event_payloads AS x"
        "            WHERE x.organization_id = n.organization_id AND x.event_id = n.event_id"
        "              AND x.event_id BETWEEN $7 AND $8 LIMIT 1) AS p)"
        " SELECT l.id, l.lease_token, COALESCE(l.batch_id, l.event_id)::text, l.batch_id IS NOT NULL,"
        "        l.organization_id, l.endpoint_id, e.name, e.url, e.preset, e.timeout_ms, e.headers, e.secrets,"
        "        e.networks, l.event_type, l.attempts, l.occurred_at, b.document"
        "   FROM leased AS l"
        "   JOIN endpoints AS e ON e.organization_id = l.organization_id AND e.id = l.endpoint_id"
        "   LEFT JOIN bodies AS b ON b.organization_id = l.organization_id AND b.event_id = l.event_id"
        "  ORDER BY l.endpoint_id, COALESCE(l.batch_id, l.id), l.id");
    const TimestampTz until = request.now + request.lease_seconds * USECS_PER_SEC;
    const Rows rows = statement.write({int4_array(picked.organizations), uuid_array(picked.deliveries),
                                       uuid_array(picked.batches), Value::timestamp(until), request.relay,
                                       Value::timestamp(request.now), picked.first_event, picked.last_event});
    constexpr int body_column = 17;
    std::vector<std::uint64_t> without_body;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        if (rows.is_null(row, body_column)) {
            without_body.push_back(row);
        } else {
            result.add(rows, row);
        }
    }
    if (!without_body.empty()) {
        give_up(rows, without_body);
    }
}

Datum relay_claim_body(Call& call) {
    const Request request = read_request(call);
    require_relay(call, "claim deliveries");
    ResultSet result(call);
    if (!is_original()) {
        return null_result(call);
    }
    if (!is_anything_due(request)) {
        return null_result(call);
    }
    std::vector<Source> sources = lock_sources(request);
    if (sources.empty()) {
        return null_result(call);
    }
    const std::vector<Source> before = sources;
    const Picked picked = pick(sources, request);
    if (!picked.deliveries.empty()) {
        lease(picked, request, result);
    }
    std::vector<EndpointState> changed;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (!(sources[i].state == before[i].state)) {
            changed.push_back(sources[i].state);
        }
    }
    write_states(changed);
    return null_result(call);
}

} // namespace

PGBK_WRITER(relay_claim, relay_claim_body);

} // namespace pgbk
