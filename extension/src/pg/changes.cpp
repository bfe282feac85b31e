// record_changes: the trigger that writes who changed what of a booking, whoever it was. It stands beside the trigger
// of the events, which tell others what happened; this is for the people who have to know afterwards.
#include "pg/actor.hpp"
#include "pg/erasure.hpp"
#include "pg/settings.hpp"
#include "pg/statement.hpp"
#include "pg/trigger.hpp"

namespace pgbk {

namespace {

constexpr const char* function_name = "record_changes";

// $1 clock, $2 kind of actor, $3 actor, $4 role. rows: organization_id, booking_id, changes.
#define PGBK_WRITE_CHANGES_SQL(rows)                                                                                   \
    "INSERT INTO booking.booking_changes (organization_id, booking_id, id, changes, actor_kind, actor, actor_role,"    \
    "       changed_at)"                                                                                               \
    " SELECT x.organization_id, x.booking_id, booking.new_id(x.organization_id), x.changes, $2, $3, $4, $1"            \
    "   FROM (" rows ") AS x"

constinit TransitionStatement inserted(PGBK_WRITE_CHANGES_SQL(R"sql(
    SELECT n.organization_id, n.id AS booking_id,
           jsonb_build_object('status', ARRAY[NULL, n.status], 'payment_status', ARRAY[NULL, n.payment_status],
                              'amount_cents', ARRAY[NULL, n.amount_cents])
           || CASE WHEN n.session_id IS NULL THEN '{}'
                   ELSE jsonb_build_object('session_id', ARRAY[NULL, n.session_id]) END AS changes
      FROM new_rows AS n)sql"));

// As the events do it (event_statements.cpp): a full join, and the rows as jsonb. What is not known to be harmless is
// named only, so that a column that somebody adds is safe.
constinit TransitionStatement updated(PGBK_WRITE_CHANGES_SQL(R"sql(
    SELECT n.organization_id, n.id AS booking_id,
           d.told || CASE WHEN d.named IS NULL THEN '{}' ELSE jsonb_build_object('changed', d.named) END AS changes
      FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     CROSS JOIN LATERAL (SELECT to_jsonb(o) AS before, to_jsonb(n) AS after OFFSET 0) AS v
     CROSS JOIN LATERAL (
           SELECT COALESCE(jsonb_object_agg(c.key, jsonb_build_array(v.before -> c.key, c.value)) FILTER (
                      WHERE k.is_told), '{}') AS told,
                  jsonb_agg(c.key ORDER BY c.key) FILTER (WHERE NOT k.is_told) AS named
             FROM jsonb_each(v.after) AS c
            CROSS JOIN LATERAL (
                  SELECT c.key IN ('status', 'payment_status', 'refund_status', 'party_size', 'amount_cents',
                                   'currency', 'package_id', 'package_booking_id', 'session_id', 'reservation_id',
                                   'scheduled_start', 'scheduled_end', 'wanted_start', 'wanted_end',
                                   'needs_reschedule', 'expires_at', 'unit_items')) AS k (is_told)
            WHERE c.value <> v.before -> c.key
              AND c.key NOT IN ('total_amount', 'version', 'updated_at', 'appointments', 'calendar_at')) AS d
     WHERE (d.told <> '{}' OR d.named IS NOT NULL) AND COALESCE(o.id = n.id, false))sql"));

constinit TransitionStatement deleted(PGBK_WRITE_CHANGES_SQL(R"sql(
    SELECT o.organization_id, o.id AS booking_id,
           jsonb_build_object('deleted', true, 'status', ARRAY[o.status, NULL],
                              'payment_status', ARRAY[o.payment_status, NULL]) AS changes
      FROM old_rows AS o)sql"));

TransitionStatement& statement_of(Change change) {
    switch (change) {
    case Change::inserted:
        return inserted;
    case Change::updated:
        return updated;
    case Change::deleted:
        return deleted;
    }
    return updated;
}

Datum record_changes_body(Call& call) {
    auto& data = const_cast<TriggerData&>(trigger_data(call, function_name));
    const Change change = change_of(data, function_name);
    use_transition_tables(data, change, function_name);
    const Actor actor = current_actor();
    statement_of(change).write(
        data, {Value::timestamp(settings::now()), actor_kind_name(actor.kind), actor.name, actor.role});
    return PointerGetDatum(nullptr);
}

Datum refuse_change_body(Call& call) {
    if (TRIGGER_FIRED_BY_UPDATE(trigger_data(call, "refuse_change").tg_event) && ErasureScope::is_open()) {
        return PointerGetDatum(nullptr);
    }
    throw core::Refusal(core::RefusalKind::record_of_changes, "the record of changes is not changed", {},
                        "Add what is to be known; whoever owns the table and must, may disable this trigger.");
}

} // namespace

PGBK_WRITER(record_changes, record_changes_body);
PGBK_FUNCTION(refuse_change, refuse_change_body);

} // namespace pgbk
