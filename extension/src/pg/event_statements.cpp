#include "pg/event_statements.hpp"

#include "pg/units.hpp"

namespace pgbk {

namespace {

// $1: the clock. rows: organization_id, kind, subject_id, session_id, booking_id, facts, in the order of the ids that
// they get.
#define PGBK_WRITE_EVENTS_SQL(rows)                                                                                    \
    "INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts,"        \
    "       occurred_at)"                                                                                              \
    " SELECT x.organization_id, booking.new_id(x.organization_id), x.kind, x.subject_id, x.session_id, x.booking_id,"  \
    "        x.facts, $1 FROM (" rows ") AS x RETURNING organization_id, id"

// Where rows are updated, their versions o and n meet in a full join, because that can never be done by comparing each
// with each: the plan is kept, and the next statement may change ten thousand rows. COALESCE leaves out a row whose key
// was changed, in words that do not let the planner make an inner join of it.
//
// What changed is found in the rows as jsonb: the values of columns that may be told to whoever sees events of the
// kind, and only the names, under "changed", of others.

// Bookings. What a booking is when it is made is said once more by the event of its status, unless it just waits.
constinit TransitionStatement booking_inserted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, k.kind, n.id AS subject_id, n.session_id, n.id AS booking_id, k.facts
      FROM new_rows AS n
     CROSS JOIN LATERAL (VALUES
           ('booking.created',
            jsonb_strip_nulls(jsonb_build_object(
                'status', n.status, 'payment_status', n.payment_status, 'party_size', n.party_size,
                'amount_cents', n.amount_cents, 'currency', n.currency, 'package_id', n.package_id,
                'units', )sql" PGBK_UNITS_COUNT_SQL("(n).unit_items") R"sql(,
                'scheduled_start', n.scheduled_start, 'scheduled_end', n.scheduled_end))),
           (CASE WHEN n.status <> 'pending' THEN 'booking.' || n.status END,
            jsonb_build_object('status', n.status))) AS k (kind, facts)
     WHERE k.kind IS NOT NULL)sql"));

// A time that comes with a status (paid, then scheduled) belongs to the event of the status; one that replaces another
// is an event of its own; any other change of it is a change like others. Most updates change nothing but a status, and
// are not worth the jsonb.
constinit TransitionStatement booking_updated(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, k.kind, n.id AS subject_id, n.session_id, n.id AS booking_id, k.facts
      FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     CROSS JOIN LATERAL (
           SELECT CASE WHEN w.has_more THEN to_jsonb(o) END AS before,
                  CASE WHEN w.has_more THEN to_jsonb(n) END AS after,
                  n.status <> o.status AND n.status <> 'pending' AS has_status,
                  o.scheduled_start IS NULL AND n.scheduled_start IS NOT NULL AS is_appointed,
                  COALESCE(n.scheduled_start <> o.scheduled_start, false) AS is_rescheduled,
                  jsonb_build_object('session_id', n.session_id, 'scheduled_start', n.scheduled_start,
                                     'scheduled_end', n.scheduled_end) AS appointment
             FROM (SELECT (n.party_size, n.amount_cents, n.currency, n.package_id, n.session_id, n.scheduled_start,
                           n.scheduled_end, n.customer_id, n.customer_name, n.customer_email, n.customer_phone, n.notes,
                           n.metadata, n.meeting_url, n.unit_items)
                          IS DISTINCT FROM
                          (o.party_size, o.amount_cents, o.currency, o.package_id, o.session_id, o.scheduled_start,
                           o.scheduled_end, o.customer_id, o.customer_name, o.customer_email, o.customer_phone, o.notes,
                           o.metadata, o.meeting_url, o.unit_items) AS has_more) AS w
           OFFSET 0) AS v
     CROSS JOIN LATERAL (
           SELECT COALESCE(jsonb_object_agg(c.key, c.value) FILTER (
                      WHERE c.key IN ('party_size', 'amount_cents', 'currency', 'package_id', 'unit_items')
                         OR c.key IN ('session_id', 'scheduled_start', 'scheduled_end')
                            AND NOT (v.is_rescheduled OR v.is_appointed AND v.has_status)), '{}') AS told,
                  jsonb_agg(c.key ORDER BY c.key) FILTER (
                      WHERE c.key IN ('customer_id', 'customer_name', 'customer_email', 'customer_phone', 'notes',
                                      'metadata', 'meeting_url')) AS named
             FROM jsonb_each(v.after) AS c WHERE c.value <> v.before -> c.key) AS d
     CROSS JOIN LATERAL (VALUES
           (CASE WHEN v.has_status THEN 'booking.' || n.status END,
            jsonb_build_object('status', n.status, 'previous_status', o.status)
            || CASE WHEN v.is_appointed THEN v.appointment ELSE '{}' END),
           (CASE WHEN v.is_rescheduled THEN 'booking.rescheduled' END,
            v.appointment
            || jsonb_build_object('previous_start', o.scheduled_start, 'previous_session_id', o.session_id)),
           (CASE WHEN n.needs_reschedule AND NOT o.needs_reschedule THEN 'booking.needs_reschedule' END,
            jsonb_strip_nulls(jsonb_build_object('reason', n.calendar_refusal, 'wanted_start', o.wanted_start))),
           (CASE WHEN n.payment_status <> o.payment_status AND n.payment_status <> 'not_required'
                 THEN 'payment.' || n.payment_status END,
            jsonb_build_object('payment_status', n.payment_status, 'previous_payment_status', o.payment_status,
                               'amount_cents', n.amount_cents, 'currency', n.currency)),
           (CASE WHEN n.refund_status <> o.refund_status AND n.refund_status <> 'none'
                 THEN 'refund.' || n.refund_status END,
            jsonb_build_object('refund_status', n.refund_status, 'previous_refund_status', o.refund_status)),
           (CASE WHEN d.told <> '{}' OR d.named IS NOT NULL THEN 'booking.updated' END,
            d.told - 'unit_items'
            || CASE WHEN d.told ? 'unit_items'
                    THEN jsonb_build_object('units', )sql" PGBK_UNITS_COUNT_SQL("(n).unit_items") R"sql() ELSE '{}' END
            || CASE WHEN d.named IS NULL THEN '{}' ELSE jsonb_build_object('changed', d.named) END))
        AS k (kind, facts)
     WHERE k.kind IS NOT NULL AND COALESCE(o.id = n.id, false))sql"));

// Reservations, where the organization wants events of them. The lookup is a subquery, so that it stays a lookup.
constinit TransitionStatement reservation_inserted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'reservation.held' AS kind, n.id AS subject_id, n.session_id, NULL::uuid AS booking_id,
           jsonb_build_object('party_size', n.party_size, 'expires_at', n.expires_at)
           || CASE WHEN n.unit_items IS NULL THEN '{}' ELSE
                   jsonb_build_object('units', )sql" PGBK_UNITS_COUNT_SQL("(n).unit_items") R"sql() END AS facts
      FROM new_rows AS n
     WHERE n.status = 'pending'
       AND (SELECT g.reservation_events FROM booking.organizations AS g
             WHERE g.organization_id = n.organization_id))sql"));

constinit TransitionStatement reservation_updated(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, k.kind, n.id AS subject_id, n.session_id, NULL::uuid AS booking_id,
           jsonb_build_object('party_size', n.party_size, 'expires_at', n.expires_at)
           || CASE WHEN n.unit_items IS NULL THEN '{}' ELSE
                   jsonb_build_object('units', )sql" PGBK_UNITS_COUNT_SQL("(n).unit_items") R"sql() END AS facts
      FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     CROSS JOIN LATERAL (
           SELECT CASE WHEN n.status <> o.status
                       THEN CASE WHEN n.status IN ('expired', 'cancelled') THEN 'reservation.' || n.status END
                       WHEN n.status <> 'pending' THEN NULL
                       WHEN n.expires_at > o.expires_at THEN 'reservation.extended'
                       WHEN n.unit_items IS DISTINCT FROM o.unit_items THEN 'reservation.updated' END)
        AS k (kind)
     WHERE k.kind IS NOT NULL AND COALESCE(o.id = n.id, false)
       AND (SELECT g.reservation_events FROM booking.organizations AS g
             WHERE g.organization_id = n.organization_id))sql"));

// Waiting lists. Whom an offer is for is joined when it is read.
constinit TransitionStatement waitlist_inserted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'waitlist.joined' AS kind, n.id AS subject_id, n.session_id, NULL::uuid AS booking_id,
           jsonb_build_object('status', n.status, 'party_size', n.party_size) AS facts
      FROM new_rows AS n)sql"));

constinit TransitionStatement waitlist_updated(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'waitlist.' || n.status AS kind, n.id AS subject_id, n.session_id,
           NULL::uuid AS booking_id,
           jsonb_strip_nulls(jsonb_build_object(
               'status', n.status, 'previous_status', o.status, 'party_size', n.party_size,
               'reservation_id', n.reservation_id, 'offer_until', n.offer_until)) AS facts
      FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     WHERE n.status <> o.status AND COALESCE(o.id = n.id, false))sql"));

// The catalogue. Its events are for everybody, so their facts are what the public views show.
constinit TransitionStatement venue_inserted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'venue.created' AS kind, n.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id,
           jsonb_build_object('name', n.name, 'timezone', n.timezone, 'embed_key', n.embed_key) AS facts
      FROM new_rows AS n)sql"));

constinit TransitionStatement venue_updated(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'venue.updated' AS kind, n.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id,
           d.told || CASE WHEN d.named IS NULL THEN '{}' ELSE jsonb_build_object('changed', d.named) END AS facts
      FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     CROSS JOIN LATERAL (SELECT to_jsonb(o) AS before, to_jsonb(n) AS after OFFSET 0) AS v
     CROSS JOIN LATERAL (
           SELECT COALESCE(jsonb_object_agg(c.key, c.value) FILTER (
                      WHERE c.key IN ('name', 'timezone', 'embed_key')), '{}') AS told,
                  jsonb_agg(c.key ORDER BY c.key) FILTER (WHERE c.key IN ('allowed_origins')) AS named
             FROM jsonb_each(v.after) AS c WHERE c.value <> v.before -> c.key) AS d
     WHERE (d.told <> '{}' OR d.named IS NOT NULL) AND COALESCE(o.id = n.id, false))sql"));

constinit TransitionStatement venue_deleted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT o.organization_id, 'venue.deleted' AS kind, o.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id, jsonb_build_object('name', o.name) AS facts
      FROM old_rows AS o)sql"));

// Each names the status that the activity had: the public is told of active ones only.
constinit TransitionStatement activity_inserted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'activity.created' AS kind, n.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id,
           jsonb_build_object('name', n.name, 'status', n.status, 'venue_id', n.venue_id, 'capacity', n.capacity,
                              'price_minor', n.price_minor, 'price_basis', n.price_basis, 'currency', n.currency)
               AS facts
      FROM new_rows AS n)sql"));

constinit TransitionStatement activity_updated(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, k.kind, n.id AS subject_id, NULL::uuid AS session_id, NULL::uuid AS booking_id,
           jsonb_build_object('status', n.status)
           || CASE WHEN n.status <> o.status THEN jsonb_build_object('previous_status', o.status) ELSE '{}' END
           || k.facts AS facts
      FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     CROSS JOIN LATERAL (SELECT to_jsonb(o) AS before, to_jsonb(n) AS after OFFSET 0) AS v
     CROSS JOIN LATERAL (
           SELECT COALESCE(jsonb_object_agg(c.key, c.value) FILTER (
                      WHERE c.key IN ('name', 'status', 'venue_id', 'capacity', 'party_size_min', 'party_size_max',
                                      'min_notice_seconds', 'max_advance_seconds')), '{}') AS told,
                  jsonb_agg(c.key ORDER BY c.key) FILTER (
                      WHERE c.key IN ('schedule', 'hold_seconds', 'hold_seconds_max', 'hold_extensions_max', 'lanes',
                                      'live_holds_per_email', 'unpaid_percent_max', 'stripe_price_id',
                                      'payment_provider', 'cancel_cutoff_seconds', 'cancel_refund_percent')) AS named,
                  COALESCE(bool_or(c.key IN ('price_minor', 'price_basis', 'currency')), false) AS has_new_price
             FROM jsonb_each(v.after) AS c WHERE c.value <> v.before -> c.key) AS d
     CROSS JOIN LATERAL (VALUES
           (CASE WHEN d.told <> '{}' OR d.named IS NOT NULL THEN 'activity.updated' END,
            d.told || CASE WHEN d.named IS NULL THEN '{}' ELSE jsonb_build_object('changed', d.named) END),
           (CASE WHEN d.has_new_price THEN 'pricing.updated' END,
            jsonb_build_object('price_minor', n.price_minor, 'price_basis', n.price_basis, 'currency', n.currency,
                               'previous_price_minor', o.price_minor))) AS k (kind, facts)
     WHERE k.kind IS NOT NULL AND COALESCE(o.id = n.id, false))sql"));

constinit TransitionStatement activity_deleted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT o.organization_id, 'activity.deleted' AS kind, o.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id,
           jsonb_build_object('name', o.name, 'status', o.status, 'venue_id', o.venue_id) AS facts
      FROM old_rows AS o)sql"));

// What units of an activity cost is its pricing. One event an activity and statement; a unit that is sold no more is
// null, and one that never was is nobody's business yet.
#define PGBK_UNIT_EVENTS_SQL(changed)                                                                                  \
    PGBK_WRITE_EVENTS_SQL(                                                                                             \
        "SELECT a.organization_id, 'pricing.updated' AS kind, a.id AS subject_id, NULL::uuid AS session_id,"           \
        "       NULL::uuid AS booking_id,"                                                                             \
        "       jsonb_build_object('status', a.status, 'currency', a.currency, 'units',"                               \
        "                          jsonb_object_agg(c.code, c.unit)) AS facts"                                         \
        "  FROM (" changed ") AS c (organization_id, activity_id, code, unit)"                                         \
        "  JOIN booking.activities AS a ON a.organization_id = c.organization_id AND a.id = c.activity_id"             \
        " GROUP BY a.organization_id, a.id, a.status, a.currency")
#define PGBK_UNIT_SQL                                                                                                  \
    "CASE WHEN n.active THEN jsonb_build_object('price_minor', n.price_minor, 'pax_count', n.pax_count) END"

constinit TransitionStatement
    units_inserted(PGBK_UNIT_EVENTS_SQL("SELECT n.organization_id, n.activity_id, n.code, " PGBK_UNIT_SQL
                                        " FROM new_rows AS n WHERE n.active"));

constinit TransitionStatement units_updated(PGBK_UNIT_EVENTS_SQL(
    "SELECT COALESCE(n.organization_id, o.organization_id), COALESCE(n.activity_id, o.activity_id),"
    "       COALESCE(n.code, o.code), " PGBK_UNIT_SQL
    "  FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id"
    "                                            AND n.activity_id = o.activity_id AND n.code = o.code"
    " WHERE (o.active OR n.active)"
    "   AND (o.price_minor, o.pax_count, o.active) IS DISTINCT FROM (n.price_minor, n.pax_count, n.active)"));

constinit TransitionStatement units_deleted(PGBK_UNIT_EVENTS_SQL(
    "SELECT o.organization_id, o.activity_id, o.code, NULL::jsonb FROM old_rows AS o WHERE o.active"));

// Sessions come and go by the hundred: one event an activity and statement, with the session's id if it is one only.
#define PGBK_GENERATED_EVENTS_SQL(rows)                                                                                \
    PGBK_WRITE_EVENTS_SQL(                                                                                             \
        "SELECT n.organization_id, 'sessions.generated' AS kind, n.activity_id AS subject_id,"                         \
        "       CASE count(*) WHEN 1 THEN (array_agg(n.id))[1] END AS session_id, NULL::uuid AS booking_id,"           \
        "       jsonb_build_object('count', count(*), 'first_start', min(n.start_time),"                               \
        "                          'last_start', max(n.start_time)) AS facts"                                          \
        "  FROM " rows " AS n GROUP BY n.organization_id, n.activity_id")

constinit TransitionStatement sessions_inserted(PGBK_GENERATED_EVENTS_SQL("new_rows"));

constinit Statement sessions_generated(PGBK_GENERATED_EVENTS_SQL(
    "(SELECT $2 AS organization_id, $3 AS activity_id, u.id, u.start_time FROM unnest($4, $5) AS u (id, start_time))"));

constinit TransitionStatement sessions_deleted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT o.organization_id, 'sessions.removed' AS kind, o.activity_id AS subject_id,
           CASE count(*) WHEN 1 THEN (array_agg(o.id))[1] END AS session_id, NULL::uuid AS booking_id,
           jsonb_build_object('count', count(*), 'first_start', min(o.start_time), 'last_start', max(o.start_time))
               AS facts
      FROM old_rows AS o GROUP BY o.organization_id, o.activity_id)sql"));

constinit Statement session_updated(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT $2 AS organization_id, 'sessions.updated' AS kind, $3 AS subject_id, $3 AS session_id,
           NULL::uuid AS booking_id,
           CASE WHEN $4 <> $5 THEN jsonb_strip_nulls(jsonb_build_object('status', $5, 'previous_status', $4, 'reason',
                    (SELECT NULLIF(s.closed_reason, '') FROM booking.sessions AS s
                      WHERE s.organization_id = $2 AND s.id = $3 AND $5 = 'closed'))) ELSE '{}' END
           || CASE WHEN $6 <> $7 THEN jsonb_build_object('capacity_total', $7, 'previous_capacity_total', $6)
                   ELSE '{}' END
           || CASE WHEN $8 <> $9 THEN jsonb_build_object('off_schedule', $9) ELSE '{}' END AS facts)sql"));

// Resources, by their names, for those who run the venue.
constinit TransitionStatement resource_inserted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'resource.created' AS kind, n.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id, jsonb_build_object('name', n.name, 'venue_id', n.venue_id) AS facts
      FROM new_rows AS n)sql"));

constinit TransitionStatement resource_updated(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT n.organization_id, 'resource.updated' AS kind, n.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id, jsonb_build_object('name', n.name, 'venue_id', n.venue_id) AS facts
      FROM old_rows AS o FULL JOIN new_rows AS n ON n.organization_id = o.organization_id AND n.id = o.id
     WHERE COALESCE(o.id = n.id, false) AND (n.name, n.venue_id) <> (o.name, o.venue_id))sql"));

constinit TransitionStatement resource_deleted(PGBK_WRITE_EVENTS_SQL(R"sql(
    SELECT o.organization_id, 'resource.deleted' AS kind, o.id AS subject_id, NULL::uuid AS session_id,
           NULL::uuid AS booking_id, jsonb_build_object('name', o.name, 'venue_id', o.venue_id) AS facts
      FROM old_rows AS o)sql"));

// What an activity uses is a change of the activity.
#define PGBK_USE_EVENT_SQL(rows)                                                                                       \
    PGBK_WRITE_EVENTS_SQL(                                                                                             \
        "SELECT r.organization_id, 'activity.updated' AS kind, r.activity_id AS subject_id, NULL::uuid AS session_id," \
        "       NULL::uuid AS booking_id, jsonb_build_object('status', a.status, 'changed', '[\"resources\"]'::jsonb)" \
        "           AS facts FROM " rows " AS r"                                                                       \
        "  JOIN booking.activities AS a ON a.organization_id = r.organization_id AND a.id = r.activity_id")

constinit TransitionStatement use_inserted(PGBK_USE_EVENT_SQL("new_rows"));
constinit TransitionStatement use_updated(PGBK_USE_EVENT_SQL("new_rows"));
constinit TransitionStatement use_deleted(PGBK_USE_EVENT_SQL("old_rows"));

#define PGBK_PERIOD_EVENT_SQL(kind, rows)                                                                              \
    PGBK_WRITE_EVENTS_SQL(                                                                                             \
        "SELECT r.organization_id, '" kind "' AS kind, r.id AS subject_id, NULL::uuid AS session_id,"                  \
        "       NULL::uuid AS booking_id,"                                                                             \
        "       jsonb_strip_nulls(jsonb_build_object('venue_id', r.venue_id, 'activity_id', r.activity_id,"            \
        "           'resource_id', r.resource_id, 'starts_at', r.starts_at, 'ends_at', r.ends_at,"                     \
        "           'reason', NULLIF(r.reason, ''))) AS facts FROM " rows " AS r")

constinit TransitionStatement period_inserted(PGBK_PERIOD_EVENT_SQL("period.blocked", "new_rows"));
constinit TransitionStatement period_deleted(PGBK_PERIOD_EVENT_SQL("period.unblocked", "old_rows"));

struct Row {
    std::string_view entity;
    Change change;
    TransitionStatement* statement;
};

constexpr Row statements[] = {
    {"reservation", Change::inserted, &reservation_inserted},
    {"reservation", Change::updated, &reservation_updated},
    {"waitlist", Change::inserted, &waitlist_inserted},
    {"waitlist", Change::updated, &waitlist_updated},
    {"booking", Change::inserted, &booking_inserted},
    {"booking", Change::updated, &booking_updated},
    {"session", Change::inserted, &sessions_inserted},
    {"session", Change::deleted, &sessions_deleted},
    {"activity", Change::inserted, &activity_inserted},
    {"activity", Change::updated, &activity_updated},
    {"activity", Change::deleted, &activity_deleted},
    {"unit", Change::inserted, &units_inserted},
    {"unit", Change::updated, &units_updated},
    {"unit", Change::deleted, &units_deleted},
    {"venue", Change::inserted, &venue_inserted},
    {"venue", Change::updated, &venue_updated},
    {"venue", Change::deleted, &venue_deleted},
    {"resource", Change::inserted, &resource_inserted},
    {"resource", Change::updated, &resource_updated},
    {"resource", Change::deleted, &resource_deleted},
    {"use", Change::inserted, &use_inserted},
    {"use", Change::updated, &use_updated},
    {"use", Change::deleted, &use_deleted},
    {"period", Change::inserted, &period_inserted},
    {"period", Change::deleted, &period_deleted},
};

} // namespace

TransitionStatement* event_statement(std::string_view entity, Change change) {
    const auto* const found = std::find_if(std::begin(statements), std::end(statements), [&](const Row& row) {
        return row.entity == entity && row.change == change;
    });
    return found == std::end(statements) ? nullptr : found->statement;
}

Statement& session_updated_statement() {
    return session_updated;
}

Statement& sessions_generated_statement() {
    return sessions_generated;
}

} // namespace pgbk
