// cleanup_webhook_logs: what is old goes.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/settings.hpp"

namespace pgbk {

namespace {

Datum cleanup_webhook_logs_body(Call& call) {
    const std::int32_t days = int4_argument(call, 0, "days");
    if (days < 1 || days > 36600) {
        throw core::Refusal(core::RefusalKind::invalid_retention,
                            "days must be between 1 and 36600, got " + std::to_string(days));
    }
    require_trusted(call, "clean up the logs of webhooks", "pg_cron calls booking.maintain_job().");
    const Value oldest = Value::timestamp(settings::now() - days * USECS_PER_DAY);
    static constinit Statement attempts("DELETE FROM booking.webhook_attempts AS a WHERE a.finished_at < $1");
    static constinit Statement given_up("DELETE FROM booking.webhook_deliveries AS d"
                                        " WHERE d.status IN ('dead', 'blocked') AND d.created_at < $1");
    static constinit Statement received("DELETE FROM booking.received_events AS r WHERE r.received_at < $1");
    const auto gone = attempts.write({oldest}).count() + given_up.write({oldest}).count();
    received.write({oldest});
    return Int32GetDatum(static_cast<std::int32_t>(gone));
}

} // namespace

PGBK_WRITER(cleanup_webhook_logs, cleanup_webhook_logs_body);

} // namespace pgbk
