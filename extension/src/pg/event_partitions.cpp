// The daily partitions of booking_events, and the places of events that are gone with them.
#include "pg/access.hpp"
#include "pg/advisory_lock.hpp"
#include "pg/arguments.hpp"
#include "pg/identity.hpp"
#include "pg/partitions.hpp"

namespace pgbk {

namespace {

// Only from the front, so that the places that are left have no gaps. An event of an old day that was committed late is
// behind others; its place goes when those before it have gone. Before days are dropped, since this may take a while,
// and from then on all writers wait.
void forget_places(std::int32_t keep_days) {
    static constinit Statement statement(
        "DELETE FROM booking.event_positions AS p"
        " WHERE p.seq < (SELECT COALESCE((SELECT x.seq FROM booking.event_positions AS x"
        "                                  WHERE x.event_id >= $1"
        "                                    AND (SELECT e.id FROM booking.booking_events AS e"
        "                                          WHERE e.organization_id = x.organization_id AND e.id = x.event_id"
        "                                          LIMIT 1) IS NOT NULL"
        "                                  ORDER BY x.seq LIMIT 1), 9223372036854775807))");
    statement.write({first_kept_id(keep_days)});
}

// The next pass of the sequencer, if there is one at all, looks at the last day once more. One that is under way would
// write its own state over that: then tomorrow.
void look_again() {
    if (!try_to_lock_until_transaction_ends(LockOf::sequencer, lock_of_sequencer)) {
        return;
    }
    static constinit Statement statement("UPDATE booking.event_sequencer AS s"
                                         "   SET continue_from = LEAST(s.continue_from, $1) WHERE s.singleton");
    statement.write({core::first_id_at(milliseconds_of(GetCurrentTimestamp() - USECS_PER_DAY))});
}

Datum maintain_event_partitions_body(Call& call) {
    require_trusted(call, "maintain the partitions of booking_events", "Call as a member of booking_service.");
    const std::int32_t days_ahead = int4_argument(call, 0, "days_ahead");
    const std::int32_t keep_days = int4_argument(call, 1, "keep_days");
    static constinit Statement days_in_default(PGBK_DAYS_IN_DEFAULT_SQL("booking_events"));
    static constinit Statement delete_in_default(PGBK_DELETE_IN_DEFAULT_SQL("booking_events", "occurred_at"));
    check_days(days_ahead, keep_days);
    const DailyTable table{"booking_events", "Events", days_in_default, delete_in_default, false};
    lock_until_transaction_ends(LockOf::partitions, table.name); // a run under way holds locks of the table itself
    forget_places(keep_days);
    const MaintenanceOutcome outcome = maintain_partitions(table, days_ahead, keep_days);
    look_again();
    return record_result(call, {outcome.created, Value::int8(outcome.moved), Value::int8(outcome.deleted),
                                outcome.dropped, outcome.skipped});
}

} // namespace

PGBK_WRITER(maintain_event_partitions, maintain_event_partitions_body);

} // namespace pgbk
