// cleanup_webhook_logs: what is old goes, and the days to come get their partitions.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/partitions.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

constexpr std::int32_t days_ahead = 7;

Datum cleanup_webhook_logs_body(Call& call) {
    const std::int32_t days = int4_argument(call, 0, "days");
    require_trusted(call, "clean up the logs of webhooks", "pg_cron calls booking.maintain_job().");
    static constinit Statement days_in_default(PGBK_DAYS_IN_DEFAULT_SQL("webhook_attempts"));
    static constinit Statement delete_in_default(PGBK_DELETE_IN_DEFAULT_SQL("webhook_attempts", "finished_at"));
    static constinit Statement given_up("DELETE FROM booking.webhook_deliveries AS d"
                                        " WHERE d.status IN ('dead', 'blocked') AND d.created_at < $1");
    // Of an event that was under way while its endpoint was deleted.
    static constinit Statement orphans(
        "DELETE FROM booking.webhook_deliveries AS d"
        " WHERE NOT EXISTS (SELECT 1 FROM booking.webhook_endpoints AS e"
        "                    WHERE e.organization_id = d.organization_id AND e.id = d.endpoint_id)");
    static constinit Statement received("DELETE FROM booking.received_events AS r WHERE r.received_at < $1");
    const Value oldest = Value::timestamp(settings::now() - days * USECS_PER_DAY);
    const auto deliveries = static_cast<std::int64_t>(given_up.write({oldest}).count());
    orphans.write({});
    received.write({oldest});
    // Last, since dropping a partition holds up those who write to the others until the transaction ends.
    const MaintenanceOutcome attempts = maintain_partitions(
        {"webhook_attempts", "Attempts to deliver", days_in_default, delete_in_default, true}, days_ahead, days);
    return Int32GetDatum(static_cast<std::int32_t>(attempts.deleted + attempts.dropped_rows + deliveries));
}

} // namespace

PGBK_WRITER(cleanup_webhook_logs, cleanup_webhook_logs_body);

} // namespace pgbk
