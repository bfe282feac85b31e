-- What browsers are told of events, by the place of each in their order: whom it concerns, and a body for each view.
-- Everybody sees what public_events and the public views show; the customer concerned what is theirs, without what staff
-- writes; members what owner_events shows, and the row with the customer's name and address. Nobody is shown a token, a
-- hash, or what only trusted servers see. Times are UTC and money in minor units, whoever asks.
--
-- Each look-up is a subquery with a LIMIT, so that it stays one however many events are read, and is not made where there
-- is nothing to look up. OFFSET 0: what several views show is made once.
CREATE OR REPLACE VIEW booking.event_bodies WITH (security_invoker = true) AS
SELECT p.seq,
       p.organization_id,
       p.event_id,
       e.kind,
       w.occurred_at,
       c.user_id AS customer,
       e.booking_id,
       array_remove(ARRAY[
           CASE WHEN t.is_public THEN 'public' END, 'organization:' || p.organization_id, 'venue:' || w.venue_id,
           'activity:' || w.activity_id, 'session:' || e.session_id,
           'session:' || NULLIF(e.facts ->> 'previous_session_id', e.session_id::text),
           'booking:' || e.booking_id, 'customer:' || c.user_id], NULL) AS rooms,
       CASE WHEN t.is_public THEN jsonb_build_object(
           'id', p.event_id, 'seq', p.seq, 'event_type', e.kind,
           'description', booking.event_description(
               e.kind, COALESCE(CASE a.status WHEN 'active' THEN a.name END, v.name, e.facts ->> 'name')),
           'occurred_at', w.occurred_at, 'organization_id', p.organization_id, 'venue_id', w.venue_id,
           'activity_id', w.activity_id, 'session_id', e.session_id, 'booking_id', NULL, 'subject_id', e.subject_id,
           'facts', CASE WHEN e.facts ->> 'status' = 'inactive' THEN jsonb_build_object('status', 'inactive')
                         ELSE e.facts END,
           'row', CASE WHEN k.entity = 'venue' OR a.status = 'active' THEN x.public_row END) END AS public,
       CASE WHEN t.is_the_customers THEN jsonb_build_object(
           'id', p.event_id, 'seq', p.seq, 'event_type', e.kind,
           'description', booking.event_description(e.kind, COALESCE(b.booking_number, a.name, v.name)),
           'occurred_at', w.occurred_at, 'organization_id', p.organization_id, 'venue_id', w.venue_id,
           'activity_id', w.activity_id, 'session_id', e.session_id, 'booking_id', e.booking_id,
           'subject_id', e.subject_id, 'facts', e.facts - 'description' - 'reason', 'row', x.customers_row) END
           AS customer_view,
       CASE WHEN t.is_the_members THEN jsonb_build_object(
           'id', p.event_id, 'seq', p.seq, 'event_type', e.kind,
           'description', COALESCE(e.facts ->> 'description', booking.event_description(
               e.kind, COALESCE(b.booking_number, a.name, v.name, e.facts ->> 'name'))),
           'occurred_at', w.occurred_at, 'organization_id', p.organization_id, 'venue_id', w.venue_id,
           'activity_id', w.activity_id, 'session_id', e.session_id, 'booking_id', e.booking_id,
           'subject_id', e.subject_id, 'facts', e.facts,
           'row', CASE
               WHEN y.id IS NOT NULL THEN x.customers_row || jsonb_build_object(
                   'provider', y.provider, 'provider_ref', y.provider_ref, 'accepted', y.accepted,
                   'conflict', y.conflict, 'decision', y.decision)
               WHEN r.id IS NOT NULL THEN x.customers_row || jsonb_build_object('customer_name', c.name)
               WHEN b.id IS NOT NULL THEN x.customers_row || jsonb_build_object(
                   'notes', b.notes, 'additional_notes', b.additional_notes, 'metadata', b.metadata,
                   'cancel_reason', b.cancel_reason, 'cal_booking_id', b.cal_booking_id,
                   'calendar_status', b.calendar_status)
               WHEN k.entity = 'venue' AND v.id IS NOT NULL THEN x.public_row || jsonb_build_object(
                   'allowed_origins', v.allowed_origins,
                   'created_at', to_char(v.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'updated_at', to_char(v.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
               WHEN e.subject_id = e.session_id THEN x.public_row
               WHEN k.audience = 'public' AND a.id IS NOT NULL THEN x.public_row || jsonb_build_object(
                   'status', a.status, 'stripe_price_id', a.stripe_price_id, 'hold_seconds', a.hold_seconds,
                   'cancel_cutoff_seconds', a.cancel_cutoff_seconds,
                   'cancel_refund_percent', a.cancel_refund_percent,
                   'created_at', to_char(a.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'updated_at', to_char(a.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END) END
           AS member
  FROM booking.event_positions p
 CROSS JOIN LATERAL (SELECT n.* FROM booking.booking_events n
                      WHERE n.organization_id = p.organization_id AND n.id = p.event_id LIMIT 1) e
  LEFT JOIN (SELECT n.kind, n.entity, n.audience FROM booking.event_kinds() n OFFSET 0) k ON k.kind = e.kind
  LEFT JOIN LATERAL (SELECT n.status FROM booking.organizations n
                      WHERE k.audience = 'public' AND n.organization_id = p.organization_id LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT n.* FROM booking.sessions n
                      WHERE n.organization_id = p.organization_id AND n.id = e.session_id LIMIT 1) s ON true
  LEFT JOIN LATERAL (SELECT n.* FROM booking.activities n
                      WHERE n.organization_id = p.organization_id
                        AND n.id = COALESCE(s.activity_id, CASE WHEN k.entity IN ('activity', 'pricing', 'sessions')
                                                                THEN e.subject_id END) LIMIT 1) a ON true
  LEFT JOIN LATERAL (SELECT n.* FROM booking.venues n
                      WHERE n.organization_id = p.organization_id
                        AND n.id = COALESCE(a.venue_id, CASE k.entity WHEN 'venue' THEN e.subject_id END) LIMIT 1) v
    ON true
  LEFT JOIN LATERAL (SELECT n.* FROM booking.bookings n
                      WHERE n.organization_id = p.organization_id AND n.id = e.booking_id LIMIT 1) b ON true
  LEFT JOIN LATERAL (SELECT n.* FROM booking.slot_reservations n
                      WHERE k.entity = 'reservation' AND n.organization_id = p.organization_id
                        AND n.id = e.subject_id LIMIT 1) r ON true
  LEFT JOIN LATERAL (SELECT n.* FROM booking.payments n
                      WHERE k.entity = 'payment' AND n.organization_id = p.organization_id
                        AND n.id = e.subject_id LIMIT 1) y ON true
  LEFT JOIN LATERAL (
       (SELECT n.user_id, n.name FROM booking.customers n
         WHERE b.customer_id IS NOT NULL AND n.organization_id = p.organization_id AND n.id = b.customer_id LIMIT 1)
        UNION ALL
       (SELECT n.user_id, n.name FROM booking.customers n
         WHERE r.id IS NOT NULL AND n.organization_id = p.organization_id
           AND lower(n.email) = lower(r.customer_email) LIMIT 1)) c ON true
 CROSS JOIN LATERAL (
       SELECT COALESCE(k.audience = 'public' AND o.status = 'active'
                       AND (k.entity NOT IN ('activity', 'pricing')
                            OR 'active' IN (e.facts ->> 'status', e.facts ->> 'previous_status')), false) AS is_public,
              COALESCE(k.audience, 'owner') = 'owner' AND (c.user_id IS NOT NULL OR e.booking_id IS NOT NULL)
                  AS is_the_customers,
              COALESCE(k.audience, 'owner') <> 'full' AS is_the_members
       OFFSET 0) t
 CROSS JOIN LATERAL (
       SELECT to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS occurred_at,
              COALESCE(s.activity_id, CASE WHEN k.entity IN ('activity', 'pricing', 'sessions')
                                            AND e.subject_id IS DISTINCT FROM e.session_id THEN e.subject_id END)
                  AS activity_id,
              COALESCE(a.venue_id::text, CASE k.entity WHEN 'venue' THEN e.subject_id::text
                                                       WHEN 'activity' THEN e.facts ->> 'venue_id' END) AS venue_id
       OFFSET 0) w
 CROSS JOIN LATERAL (
       SELECT CASE
               WHEN y.id IS NOT NULL THEN jsonb_build_object(
                   'id', y.id, 'organization_id', y.organization_id, 'booking_id', y.booking_id,
                   'reservation_id', y.reservation_id, 'status', y.status, 'amount_minor', y.amount_minor,
                   'refunded_minor', y.refunded_minor, 'currency', y.currency,
                   'created_at', to_char(y.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'updated_at', to_char(y.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
               WHEN r.id IS NOT NULL THEN jsonb_build_object(
                   'id', r.id, 'organization_id', r.organization_id, 'session_id', r.session_id,
                   'party_size', r.party_size, 'customer_email', r.customer_email, 'status', r.status,
                   'expires_at', to_char(r.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'created_at', to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'settled_at', to_char(r.settled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
               WHEN b.id IS NOT NULL THEN jsonb_build_object(
                   'id', b.id, 'organization_id', b.organization_id, 'booking_number', b.booking_number,
                   'reservation_id', b.reservation_id, 'session_id', b.session_id, 'customer_id', b.customer_id,
                   'package_id', b.package_id, 'package_booking_id', b.package_booking_id,
                   'customer_name', COALESCE(b.customer_name, c.name), 'customer_email', b.customer_email,
                   'party_size', b.party_size, 'status', b.status, 'payment_status', b.payment_status,
                   'refund_status', b.refund_status, 'amount_cents', b.amount_cents,
                   'total_amount', b.total_amount, 'currency', b.currency, 'timezone', b.timezone,
                   'scheduled_start', to_char(b.scheduled_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'scheduled_end', to_char(b.scheduled_end AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'meeting_url', b.meeting_url, 'sessions_included', b.sessions_included,
                   'expires_at', to_char(b.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'cancelled_at', to_char(b.cancelled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'version', b.version,
                   'created_at', to_char(b.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'updated_at', to_char(b.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END
                  AS customers_row,
              CASE
               WHEN k.audience IS DISTINCT FROM 'public' THEN NULL
               WHEN k.entity = 'venue' THEN CASE WHEN v.id IS NOT NULL THEN jsonb_build_object(
                   'id', v.id, 'organization_id', v.organization_id, 'name', v.name, 'embed_key', v.embed_key,
                   'timezone', v.timezone) END
               WHEN e.subject_id = e.session_id THEN CASE WHEN s.id IS NOT NULL THEN jsonb_build_object(
                   'id', s.id, 'organization_id', s.organization_id, 'activity_id', s.activity_id,
                   'start_time', to_char(s.start_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'end_time', to_char(s.end_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'local_date', s.local_date, 'timezone', s.timezone, 'status', s.status,
                   'capacity_total', s.capacity_total) END
               WHEN a.id IS NOT NULL THEN jsonb_build_object(
                   'id', a.id, 'organization_id', a.organization_id, 'venue_id', a.venue_id, 'name', a.name,
                   'schedule', a.schedule, 'capacity', a.capacity, 'price_minor', a.price_minor,
                   'price_basis', a.price_basis, 'currency', a.currency, 'party_size_min', a.party_size_min,
                   'party_size_max', a.party_size_max) END AS public_row
       OFFSET 0) x;
COMMENT ON VIEW booking.event_bodies IS
    'What browsers are told of events, by the place of each and by who may see it; for the functions of the relay';
