// Sending again: one event, a range of time, what has failed; and a test.
//
// A delivery to an endpoint that is still there is started again, not doubled: there is one for each event and
// endpoint.
#include "core/event_kinds.hpp"
#include "pg/access.hpp"
#include "pg/array.hpp"
#include "pg/identity.hpp"
#include "pg/settings.hpp"
#include "pg/webhook_endpoint.hpp"

namespace pgbk {

namespace {

using core::Refusal;
using core::RefusalKind;

// What ON CONFLICT does with a delivery that is there: it has its whole budget again, is due no later than before, and
// leaves its batch, whose id would otherwise stand for other events than before.
// One that is under way is left to it.
#define PGBK_START_AGAIN                                                                                               \
    " ON CONFLICT (organization_id, endpoint_id, event_id) DO UPDATE"                                                  \
    "    SET status = 'pending', reason = NULL, attempts = 0, same_status_times = 0, batch_id = NULL,"                 \
    "        expires_at = EXCLUDED.expires_at,"                                                                        \
    "        next_attempt_at = CASE d.status WHEN 'pending' THEN LEAST(d.next_attempt_at, EXCLUDED.next_attempt_at)"   \
    "                                        ELSE EXCLUDED.next_attempt_at END"                                        \
    "  WHERE d.status <> 'leased'"

struct Target {
    std::int32_t organization;
    core::Uuid id;
};

// An endpoint that may be sent to, and that the caller may act for.
Target active_endpoint(const Call& call, const core::Uuid& id, const char* action) {
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_owner(call, organization, action);
    static constinit Statement statement("SELECT e.status FROM booking.webhook_endpoints AS e"
                                         " WHERE e.organization_id = $1 AND e.id = $2");
    const Rows rows = statement.write({organization, id});
    if (rows.empty()) {
        refuse_unknown_endpoint(id);
    }
    if (rows.bytes(0, 1) != "active") {
        throw Refusal(RefusalKind::endpoint_disabled, "the webhook endpoint " + uuid_text(id) + " is disabled", {},
                      "Call enable_webhook_endpoint() first.");
    }
    return {organization, id};
}

core::Uuid queue_test(const Target& endpoint) {
    static constinit Statement event(
        "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, facts, occurred_at)"
        " SELECT e.organization_id, $3, 'webhook.test', e.id, jsonb_build_object('name', e.name), $4"
        "   FROM booking.webhook_endpoints AS e WHERE e.organization_id = $1 AND e.id = $2");
    static constinit Statement delivery(
        "INSERT INTO booking.webhook_deliveries (organization_id, id, endpoint_id, event_id, event_type, occurred_at,"
        "       next_attempt_at, expires_at, created_at)"
        " SELECT $1, $3, $2, $4, 'webhook.test', $5, $5, $5 + e.max_age, $5"
        "   FROM booking.webhook_endpoints AS e WHERE e.organization_id = $1 AND e.id = $2");
    const core::Uuid event_id = new_id(endpoint.organization);
    const core::Uuid delivery_id = new_id(endpoint.organization);
    const Value now = Value::timestamp(settings::now());
    event.write({endpoint.organization, endpoint.id, event_id, now});
    delivery.write({endpoint.organization, endpoint.id, delivery_id, event_id, now});
    wake_relays();
    return delivery_id;
}

Datum test_webhook_body(Call& call) {
    return uuid_result(call,
                       queue_test(active_endpoint(call, uuid_argument(call, 0, "endpoint_id"), "test a webhook")));
}

Datum test_webhook_named_body(Call& call) {
    const std::int32_t organization = int4_argument(call, 0, "organization_id");
    const std::string_view name = text_argument(call, 1, "name");
    require_owner(call, organization, "test a webhook");
    static constinit Statement statement(
        "SELECT e.id FROM booking.webhook_endpoints AS e WHERE e.organization_id = $1 AND e.name = $2");
    const Rows rows = statement.write({organization, name});
    if (rows.empty()) {
        throw Refusal(RefusalKind::endpoint_not_found,
                      "organization " + std::to_string(organization) + " has no webhook named " + core::quoted(name));
    }
    return uuid_result(call, queue_test(active_endpoint(call, rows.uuid(0, 1), "test a webhook")));
}

Datum retry_failed_webhooks_body(Call& call) {
    const std::int32_t most = int4_argument(call, 0, "max_retries");
    if (most < 1 || most > 1000) {
        throw Refusal(RefusalKind::invalid_replay,
                      "max_retries must be between 1 and 1000, got " + std::to_string(most));
    }
    const Value organizations = owned_organizations(call, "retry webhooks");
    // What a copy did not take over when it was adopted is the original's.
    static constinit Statement statement(
        "UPDATE booking.webhook_deliveries AS d"
        "   SET status = 'pending', reason = NULL, retries_by_hand = d.retries_by_hand + 1, attempts = 0,"
        "       same_status_times = 0, batch_id = NULL, next_attempt_at = $3, expires_at = $3 + f.max_age"
        "  FROM (SELECT x.organization_id, x.id, e.max_age FROM booking.webhook_deliveries AS x"
        "          JOIN booking.webhook_endpoints AS e ON e.organization_id = x.organization_id AND e.id = "
        "x.endpoint_id"
        "         WHERE ($1::integer[] IS NULL OR x.organization_id = ANY ($1)) AND e.status = 'active'"
        "           AND (x.status IN ('dead', 'blocked')"
        "                OR x.status = 'pending' AND x.attempts > 0 AND x.next_attempt_at > $3)"
        "           AND x.retries_by_hand < $2"
        "           AND x.occurred_at >= (SELECT i.deliver_from FROM booking.installation AS i WHERE i.singleton)"
        "         ORDER BY x.organization_id, x.id FOR UPDATE OF x SKIP LOCKED) AS f"
        " WHERE d.organization_id = f.organization_id AND d.id = f.id");
    const auto started = statement.write({organizations, most, Value::timestamp(settings::now())}).count();
    if (started > 0) {
        wake_relays();
    }
    return Int32GetDatum(static_cast<std::int32_t>(started));
}

void check_event(std::int32_t organization, const core::Uuid& event) {
    static constinit Statement statement(
        "SELECT 1 FROM booking.booking_events AS n WHERE n.organization_id = $1 AND n.id = $2");
    if (statement.write({organization, event}).empty()) {
        throw Refusal(RefusalKind::event_not_found, "no event has the id " + uuid_text(event));
    }
}

std::int32_t replay_to_one(const core::Uuid& event, const Target& endpoint) {
    check_event(endpoint.organization, event);
    static constinit Statement statement(
        "INSERT INTO booking.webhook_deliveries AS d (organization_id, id, endpoint_id, event_id, event_type,"
        "       occurred_at, next_attempt_at, expires_at, created_at)"
        " SELECT n.organization_id, $4, e.id, n.id, n.kind, n.occurred_at, $5, $5 + e.max_age, $5"
        "   FROM booking.booking_events AS n"
        "   JOIN booking.webhook_endpoints AS e ON e.organization_id = n.organization_id AND e.id = $3"
        "  WHERE n.organization_id = $1 AND n.id = $2" PGBK_START_AGAIN);
    return static_cast<std::int32_t>(statement
                                         .write({endpoint.organization, event, endpoint.id,
                                                 new_id(endpoint.organization), Value::timestamp(settings::now())})
                                         .count());
}

std::int32_t replay_to_all(std::int32_t organization, const core::Uuid& event) {
    check_event(organization, event);
    static constinit Statement statement(
        "INSERT INTO booking.webhook_deliveries AS d (organization_id, id, endpoint_id, event_id, event_type,"
        "       occurred_at, next_attempt_at, expires_at, created_at)"
        " SELECT n.organization_id, booking.new_id(n.organization_id), e.id, n.id, n.kind, n.occurred_at, $3,"
        "        $3 + e.max_age, $3"
        "   FROM booking.booking_events AS n"
        "   JOIN booking.webhook_endpoints AS e ON e.organization_id = n.organization_id AND e.status = 'active'"
        "    AND CASE n.kind WHEN 'webhook.test' THEN e.id = n.subject_id"
        "             ELSE e.events && ARRAY['*', n.kind, split_part(n.kind, '.', 1) || '.*'] END"
        "  WHERE n.organization_id = $1 AND n.id = $2" PGBK_START_AGAIN);
    return static_cast<std::int32_t>(statement.write({organization, event, Value::timestamp(settings::now())}).count());
}

Datum wake_and_count(std::int32_t queued) {
    if (queued > 0) {
        wake_relays();
    }
    return Int32GetDatum(queued);
}

Datum replay_webhook_event_body(Call& call) {
    const core::Uuid event = uuid_argument(call, 0, "event_id");
    const auto endpoint = optional_uuid(call, 1);
    const std::int32_t organization = core::organization_of(event).value_or(0);
    if (!endpoint.has_value()) {
        require_owner(call, organization, "replay an event");
        return wake_and_count(replay_to_all(organization, event));
    }
    return wake_and_count(replay_to_one(event, active_endpoint(call, *endpoint, "replay an event")));
}

// The latest event of a booking.
core::Uuid latest_event(std::int32_t organization, const core::Uuid& booking) {
    static constinit Statement statement("SELECT n.id FROM booking.booking_events AS n"
                                         " WHERE n.organization_id = $1 AND n.booking_id = $2"
                                         " ORDER BY n.id DESC LIMIT 1");
    const Rows rows = statement.write({organization, booking});
    if (rows.empty()) {
        throw Refusal(RefusalKind::event_not_found, "no event of the booking " + uuid_text(booking) + " is kept");
    }
    return rows.uuid(0, 1);
}

Datum manually_trigger_webhook_body(Call& call) {
    const std::string_view table = text_argument(call, 0, "table_name");
    const core::Uuid id = uuid_argument(call, 1, "id");
    const std::int32_t organization = core::organization_of(id).value_or(0);
    require_owner(call, organization, "trigger a webhook");
    if (table == "booking_events" || table == "booking.booking_events") {
        return wake_and_count(replay_to_all(organization, id));
    }
    if (table != "bookings" && table != "booking.bookings") {
        throw Refusal(RefusalKind::invalid_replay, "no webhook is triggered by table " + core::quoted(table), {},
                      "Pass booking_events with the id of an event, or bookings with that of a booking.");
    }
    return wake_and_count(replay_to_all(organization, latest_event(organization, id)));
}

Datum replay_webhook_events_body(Call& call) {
    const core::Uuid id = uuid_argument(call, 0, "endpoint_id");
    const TimestampTz from = timestamp_argument(call, 1, "from_time");
    const TimestampTz to = timestamp_argument(call, 2, "to_time");
    const bool only_failed = boolean_argument(call, 4, "only_failed");
    const std::int32_t per_second = int4_argument(call, 5, "per_second");
    std::vector<std::string> filters;
    if (!is_absent(call, 3)) {
        for (const std::string_view filter : texts_argument(call, 3, "events")) {
            filters.push_back(core::canonical_filter(filter));
        }
    }
    const Target endpoint = active_endpoint(call, id, "replay events");
    if (from >= to) {
        throw Refusal(RefusalKind::invalid_replay,
                      "the range from " + timestamp_text(from) + " to " + timestamp_text(to) + " is empty");
    }
    if (per_second < 1 || per_second > 1000) {
        throw Refusal(RefusalKind::invalid_replay,
                      "per_second must be between 1 and 1000, got " + std::to_string(per_second));
    }
    static constinit Statement statement(
        "INSERT INTO booking.webhook_deliveries AS d (organization_id, id, endpoint_id, event_id, event_type,"
        "       occurred_at, next_attempt_at, expires_at, created_at)"
        " SELECT n.organization_id, booking.new_id(n.organization_id), n.endpoint_id, n.id, n.kind, n.occurred_at,"
        "        n.due, n.due + n.max_age, $8"
        "   FROM (SELECT n.organization_id, e.id AS endpoint_id, n.id, n.kind, n.occurred_at, e.max_age,"
        "                $8 + (row_number() OVER (ORDER BY n.occurred_at, n.id) - 1) * interval '1 second' / $7 AS due"
        "           FROM booking.booking_events AS n"
        "           JOIN booking.webhook_endpoints AS e ON e.organization_id = n.organization_id AND e.id = $2"
        "          WHERE n.organization_id = $1 AND n.occurred_at >= $3 AND n.occurred_at < $4"
        "            AND n.kind <> 'webhook.test'"
        "            AND COALESCE($5, e.events) && ARRAY['*', n.kind, split_part(n.kind, '.', 1) || '.*']"
        "            AND NOT ($6 AND EXISTS (SELECT 1 FROM booking.webhook_attempts AS a"
        "                                     WHERE a.organization_id = n.organization_id AND a.endpoint_id = e.id"
        "                                       AND a.event_id = n.id AND a.outcome = 'delivered'))) AS "
        "n" PGBK_START_AGAIN);
    const Rows rows =
        statement.write({endpoint.organization, endpoint.id, Value::timestamp(from), Value::timestamp(to),
                         is_absent(call, 3) ? Value::null(TEXTARRAYOID)
                                            : text_array(std::vector<std::string_view>(filters.begin(), filters.end())),
                         only_failed, per_second, Value::timestamp(settings::now())});
    return wake_and_count(static_cast<std::int32_t>(rows.count()));
}

} // namespace

PGBK_WRITER(test_webhook, test_webhook_body);
PGBK_WRITER(test_webhook_named, test_webhook_named_body);
PGBK_WRITER(retry_failed_webhooks, retry_failed_webhooks_body);
PGBK_WRITER(manually_trigger_webhook, manually_trigger_webhook_body);
PGBK_WRITER(replay_webhook_event, replay_webhook_event_body);
PGBK_WRITER(replay_webhook_events, replay_webhook_events_body);

} // namespace pgbk
