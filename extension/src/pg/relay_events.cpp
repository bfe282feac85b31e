// relay_events: what is told of events, and to whom. One statement a page.
//
// Each event has up to three bodies. Everybody sees what public_events and the public views show; the customer
// concerned what is theirs, without what staff writes; members what owner_events shows, and the row with the customer's
// name and address. Nobody is shown a token, a hash, or what only trusted servers see.
#include "pg/access.hpp"
#include "pg/arguments.hpp"
#include "pg/relay.hpp"

namespace pgbk {

namespace {

constexpr std::int32_t most_at_once = 10000;

// $1 after, $2 most. p the positions, e their events, k what their kind says; o, s, a, v, b, r, y, c what they are
// about. Each look-up is a subquery, so that it stays one, and is not made where there is nothing to look up. OFFSET 0:
// what several use is computed once (of the bodies as text, which goes into several as it is), and what is looked up is
// remembered by the id alone (of_activity, of_venue), and not by all that tells which one it is.
constinit Statement events_after(R"sql(
    SELECT x.seq, x.organization_id, x.event_id, x.kind, x.occurred_at, x.customer, x.booking_id,
           array_remove(ARRAY[
               CASE WHEN x.is_public THEN 'public' END, 'organization:' || x.organization_id, 'venue:' || x.venue_id,
               'activity:' || x.activity_id, 'session:' || x.session_id,
               'session:' || NULLIF(x.facts ->> 'previous_session_id', x.session_id::text),
               'booking:' || x.booking_id, 'customer:' || x.customer], NULL),
           CASE WHEN x.is_public THEN json_build_object(
               'id', x.event_id, 'row', CASE WHEN x.is_public_row THEN x.public_row END, 'seq', x.seq,
               'facts', CASE x.facts ->> 'status' WHEN 'inactive' THEN '{"status": "inactive"}' ELSE x.facts END,
               'venue_id', x.venue_id, 'booking_id', NULL, 'event_type', x.kind, 'session_id', x.session_id,
               'subject_id', x.subject_id, 'activity_id', x.activity_id,
               'description', booking.event_description(x.kind, COALESCE(x.public_name, x.facts ->> 'name')),
               'occurred_at', x.occurred_at, 'organization_id', x.organization_id) END,
           CASE WHEN x.audience = 'owner' AND (x.customer IS NOT NULL OR x.booking_id IS NOT NULL)
                THEN json_build_object(
                    'id', x.event_id, 'row', x.customers_row, 'seq', x.seq,
                    'facts', x.facts - '{description,reason}'::text[], 'venue_id', x.venue_id,
                    'booking_id', x.booking_id, 'event_type', x.kind, 'session_id', x.session_id,
                    'subject_id', x.subject_id, 'activity_id', x.activity_id,
                    'description', booking.event_description(x.kind, x.name), 'occurred_at', x.occurred_at,
                    'organization_id', x.organization_id) END,
           CASE WHEN x.audience <> 'full' THEN json_build_object(
               'id', x.event_id, 'row', COALESCE(
                   (left(COALESCE(x.customers_row, x.public_row)::text, -1) || ', ' || substr(x.members_part::text, 2))
                   ::json, x.customers_row, x.public_row),
               'seq', x.seq, 'facts', x.facts, 'venue_id', x.venue_id, 'booking_id', x.booking_id,
               'event_type', x.kind, 'session_id', x.session_id, 'subject_id', x.subject_id,
               'activity_id', x.activity_id,
               'description', COALESCE(x.facts ->> 'description', booking.event_description(
                   x.kind, COALESCE(x.name, x.facts ->> 'name'))),
               'occurred_at', x.occurred_at, 'organization_id', x.organization_id) END
      FROM (
        SELECT p.seq, p.organization_id, p.event_id, e.kind, e.subject_id, e.session_id, e.booking_id, e.facts,
               k.audience, c.user_id AS customer,
               to_char(e.occurred_at AT TIME ZONE 'UTC', f.iso) AS occurred_at,
               COALESCE(s.activity_id, CASE WHEN k.is_of_activity AND e.subject_id IS DISTINCT FROM e.session_id
                                            THEN e.subject_id END) AS activity_id,
               COALESCE(a.venue_id::text, CASE k.entity WHEN 'venue' THEN e.subject_id::text
                                                        WHEN 'activity' THEN e.facts ->> 'venue_id'
                                                        WHEN 'period' THEN e.facts ->> 'venue_id'
                                                        WHEN 'resource' THEN e.facts ->> 'venue_id' END) AS venue_id,
               COALESCE(b.booking_number, a.name, v.name) AS name,
               COALESCE(CASE a.status WHEN 'active' THEN a.name END, v.name) AS public_name,
               k.entity = 'venue' OR a.status = 'active' AS is_public_row,
               COALESCE(k.audience = 'public' AND o.status = 'active'
                        AND (k.entity NOT IN ('activity', 'pricing')
                             OR 'active' IN (e.facts ->> 'status', e.facts ->> 'previous_status')), false)
                   AS is_public,
               CASE
               WHEN y.id IS NOT NULL THEN json_build_object(
                   'id', y.id, 'status', y.status, 'currency', y.currency, 'booking_id', y.booking_id,
                   'created_at', to_char(y.created_at AT TIME ZONE 'UTC', f.iso),
                   'updated_at', to_char(y.updated_at AT TIME ZONE 'UTC', f.iso), 'amount_minor', y.amount_minor,
                   'refunded_minor', y.refunded_minor, 'reservation_id', y.reservation_id,
                   'organization_id', y.organization_id)
               WHEN r.id IS NOT NULL THEN json_build_object(
                   'id', r.id, 'status', r.status, 'created_at', to_char(r.created_at AT TIME ZONE 'UTC', f.iso),
                   'expires_at', to_char(r.expires_at AT TIME ZONE 'UTC', f.iso), 'party_size', r.party_size,
                   'session_id', r.session_id, 'settled_at', to_char(r.settled_at AT TIME ZONE 'UTC', f.iso),
                   'customer_name', c.name, 'customer_email', r.customer_email, 'organization_id', r.organization_id)
               WHEN w.id IS NOT NULL THEN json_build_object(
                   'id', w.id, 'status', w.status, 'created_at', to_char(w.created_at AT TIME ZONE 'UTC', f.iso),
                   'party_size', w.party_size, 'session_id', w.session_id,
                   'settled_at', to_char(w.settled_at AT TIME ZONE 'UTC', f.iso),
                   'offer_until', to_char(w.offer_until AT TIME ZONE 'UTC', f.iso),
                   'customer_name', COALESCE(w.customer_name, c.name), 'customer_email', w.customer_email,
                   'reservation_id', w.reservation_id, 'organization_id', w.organization_id)
               WHEN b.id IS NOT NULL THEN json_build_object(
                   'id', b.id, 'status', b.status, 'version', b.version, 'currency', b.currency,
                   'timezone', b.timezone, 'created_at', to_char(b.created_at AT TIME ZONE 'UTC', f.iso),
                   'expires_at', to_char(b.expires_at AT TIME ZONE 'UTC', f.iso), 'package_id', b.package_id,
                   'party_size', b.party_size, 'session_id', b.session_id,
                   'updated_at', to_char(b.updated_at AT TIME ZONE 'UTC', f.iso), 'customer_id', b.customer_id,
                   'meeting_url', b.meeting_url, 'amount_cents', b.amount_cents,
                   'cancelled_at', to_char(b.cancelled_at AT TIME ZONE 'UTC', f.iso),
                   'total_amount', b.total_amount, 'customer_name', COALESCE(b.customer_name, c.name),
                   'refund_status', b.refund_status,
                   'scheduled_end', to_char(b.scheduled_end AT TIME ZONE 'UTC', f.iso),
                   'booking_number', b.booking_number, 'customer_email', b.customer_email,
                   'payment_status', b.payment_status, 'reservation_id', b.reservation_id,
                   'organization_id', b.organization_id,
                   'scheduled_start', to_char(b.scheduled_start AT TIME ZONE 'UTC', f.iso),
                   'needs_reschedule', b.needs_reschedule, 'sessions_included', b.sessions_included,
                   'package_booking_id', b.package_booking_id) END
                  AS customers_row,
               CASE
               WHEN k.audience <> 'public' THEN NULL
               WHEN k.entity = 'venue' THEN CASE WHEN v.id IS NOT NULL THEN json_build_object(
                   'id', v.id, 'name', v.name, 'timezone', v.timezone, 'embed_key', v.embed_key,
                   'organization_id', v.organization_id) END
               WHEN e.subject_id = e.session_id THEN CASE WHEN s.id IS NOT NULL THEN json_build_object(
                   'id', s.id, 'status', s.status, 'end_time', to_char(s.end_time AT TIME ZONE 'UTC', f.iso),
                   'timezone', s.timezone, 'local_date', s.local_date,
                   'start_time', to_char(s.start_time AT TIME ZONE 'UTC', f.iso), 'activity_id', s.activity_id,
                   'capacity_total', s.capacity_total, 'organization_id', s.organization_id) END
               WHEN a.id IS NOT NULL THEN json_build_object(
                   'id', a.id, 'name', a.name, 'capacity', a.capacity, 'currency', a.currency,
                   'schedule', a.schedule, 'venue_id', a.venue_id, 'price_basis', a.price_basis,
                   'price_minor', a.price_minor, 'party_size_max', a.party_size_max,
                   'party_size_min', a.party_size_min, 'organization_id', a.organization_id,
                   'min_notice_seconds', a.min_notice_seconds, 'max_advance_seconds', a.max_advance_seconds) END
                   AS public_row,
               CASE
               WHEN y.id IS NOT NULL THEN json_build_object(
                   'accepted', y.accepted, 'conflict', y.conflict, 'decision', y.decision, 'provider', y.provider,
                   'provider_ref', y.provider_ref)
               WHEN r.id IS NOT NULL OR w.id IS NOT NULL THEN NULL
               WHEN b.id IS NOT NULL THEN json_build_object(
                   'notes', b.notes, 'metadata', b.metadata, 'cancel_reason', b.cancel_reason,
                   'cal_booking_id', b.cal_booking_id, 'calendar_status', b.calendar_status,
                   'additional_notes', b.additional_notes, 'calendar_refusal', b.calendar_refusal)
               WHEN k.entity = 'venue' AND v.id IS NOT NULL THEN json_build_object(
                   'created_at', to_char(v.created_at AT TIME ZONE 'UTC', f.iso),
                   'updated_at', to_char(v.updated_at AT TIME ZONE 'UTC', f.iso),
                   'allowed_origins', v.allowed_origins)
               WHEN e.subject_id = e.session_id THEN NULL
               WHEN k.audience = 'public' AND a.id IS NOT NULL THEN json_build_object(
                   'status', a.status, 'created_at', to_char(a.created_at AT TIME ZONE 'UTC', f.iso),
                   'updated_at', to_char(a.updated_at AT TIME ZONE 'UTC', f.iso), 'hold_seconds', a.hold_seconds,
                   'stripe_price_id', a.stripe_price_id, 'payment_provider', a.payment_provider,
                   'cancel_cutoff_seconds', a.cancel_cutoff_seconds,
                   'cancel_refund_percent', a.cancel_refund_percent) END AS members_part
          FROM (SELECT n.seq, n.organization_id, n.event_id FROM booking.event_positions AS n
                 WHERE n.seq > $1 ORDER BY n.seq LIMIT $2) AS p
         CROSS JOIN (SELECT 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS f (iso)
         CROSS JOIN LATERAL (
               SELECT n.* FROM booking.booking_events AS n
                WHERE n.organization_id = p.organization_id AND n.id = p.event_id LIMIT 1) AS e
         CROSS JOIN LATERAL (
               SELECT split_part(e.kind, '.', 1) AS entity,
                      COALESCE(booking.event_audience(e.kind), 'owner') AS audience,
                      e.kind LIKE ANY ('{activity.%,pricing.%,sessions.%}') AS is_of_activity
               OFFSET 0) AS k
          LEFT JOIN LATERAL (
               SELECT n.status FROM booking.organizations AS n
                WHERE k.audience = 'public' AND n.organization_id = p.organization_id LIMIT 1) AS o ON true
          LEFT JOIN LATERAL (
               SELECT n.* FROM booking.sessions AS n
                WHERE n.organization_id = p.organization_id AND n.id = e.session_id LIMIT 1) AS s ON true
         CROSS JOIN LATERAL (
               SELECT COALESCE(s.activity_id, CASE WHEN k.is_of_activity THEN e.subject_id END) AS id OFFSET 0)
            AS of_activity
          LEFT JOIN LATERAL (
               SELECT n.* FROM booking.activities AS n
                WHERE n.organization_id = p.organization_id AND n.id = of_activity.id LIMIT 1) AS a ON true
         CROSS JOIN LATERAL (
               SELECT COALESCE(a.venue_id, CASE k.entity WHEN 'venue' THEN e.subject_id END) AS id OFFSET 0) AS of_venue
          LEFT JOIN LATERAL (
               SELECT n.* FROM booking.venues AS n
                WHERE n.organization_id = p.organization_id AND n.id = of_venue.id LIMIT 1) AS v ON true
          LEFT JOIN LATERAL (
               SELECT n.* FROM booking.bookings AS n
                WHERE n.organization_id = p.organization_id AND n.id = e.booking_id LIMIT 1) AS b ON true
          LEFT JOIN LATERAL (
               SELECT n.* FROM booking.slot_reservations AS n
                WHERE k.entity = 'reservation' AND n.organization_id = p.organization_id AND n.id = e.subject_id
                LIMIT 1) AS r ON true
          LEFT JOIN LATERAL (
               SELECT n.* FROM booking.waitlist_entries AS n
                WHERE k.entity = 'waitlist' AND n.organization_id = p.organization_id AND n.id = e.subject_id
                LIMIT 1) AS w ON true
          LEFT JOIN LATERAL (
               SELECT n.* FROM booking.payments AS n
                WHERE k.entity = 'payment' AND n.organization_id = p.organization_id AND n.id = e.subject_id
                LIMIT 1) AS y ON true
          LEFT JOIN LATERAL (
               (SELECT n.user_id, n.name FROM booking.customers AS n
                 WHERE b.customer_id IS NOT NULL AND n.organization_id = p.organization_id AND n.id = b.customer_id
                 LIMIT 1)
                UNION ALL
               (SELECT n.user_id, n.name FROM booking.customers AS n
                 WHERE COALESCE(r.id, w.id) IS NOT NULL AND n.organization_id = p.organization_id
                   AND lower(n.email) = lower(COALESCE(r.customer_email, w.customer_email)) LIMIT 1)) AS c ON true
         ORDER BY p.seq OFFSET 0) AS x
     ORDER BY x.seq)sql");

Datum relay_events_body(Call& call) {
    const auto after = optional_int8(call, 0);
    if (!after.has_value()) {
        throw core::Refusal(core::RefusalKind::null_argument, "after must not be NULL", {}, {}, "after");
    }
    const std::int32_t most = int4_argument(call, 1, "most");
    require_relay(call, "be told of events");
    if (most < 1 || most > most_at_once) {
        refuse_relay_call("most must be between 1 and " + std::to_string(most_at_once) + ", got " +
                          std::to_string(most));
    }
    ResultSet result(call);
    result.add(events_after.read({Value::int8(*after), most}));
    return null_result(call);
}

} // namespace

PGBK_READER(relay_events, relay_events_body);

} // namespace pgbk
