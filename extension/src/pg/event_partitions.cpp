// The daily partitions of booking_events.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/partitions.hpp"

namespace pgbk {

namespace {

Datum maintain_event_partitions_body(Call& call) {
    require_trusted(call, "maintain the partitions of booking_events", "Call as a member of booking_service.");
    const std::int32_t days_ahead = int4_argument(call, 0, "days_ahead");
    const std::int32_t keep_days = int4_argument(call, 1, "keep_days");
    static constinit Statement days_in_default(PGBK_DAYS_IN_DEFAULT_SQL("booking_events"));
    static constinit Statement delete_in_default(PGBK_DELETE_IN_DEFAULT_SQL("booking_events", "occurred_at"));
    const MaintenanceOutcome outcome = maintain_partitions(
        {"booking_events", "Events", days_in_default, delete_in_default, false}, days_ahead, keep_days);
    return record_result(call, {outcome.created, Value::int8(outcome.moved), Value::int8(outcome.deleted),
                                outcome.dropped, outcome.skipped});
}

} // namespace

PGBK_WRITER(maintain_event_partitions, maintain_event_partitions_body);

} // namespace pgbk
