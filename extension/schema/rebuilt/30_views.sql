-- Views, one an audience. activity_sessions asks with the reader's rights; the public_ views show the catalogue of
-- active organizations with the owner's, since the public has no rights on the tables below them.

-- OFFSET 0: a session's seats are added up once, not in each column that needs them. A session that has all its seats has
-- no hold that could have run out.
CREATE OR REPLACE VIEW booking.activity_sessions WITH (security_invoker = true) AS
SELECT s.organization_id,
       s.id,
       s.activity_id,
       s.start_time,
       s.end_time,
       s.local_date,
       s.timezone,
       s.status,
       s.capacity_total,
       GREATEST(f.seats, 0)::integer AS capacity_remaining,
       CASE WHEN s.kept_for_waitlist OR (s.uses_resources AND booking.resource_taken(s.organization_id, s.id)) THEN 0
            WHEN s.waiting > 0 OR f.seats >= s.capacity_total THEN GREATEST(f.seats, 0)::integer
            ELSE GREATEST(f.seats + booking.expired_hold_seats(s.organization_id, s.id), 0)::integer END
           AS seats_available,
       GREATEST(- f.seats, 0)::integer AS oversold_by,
       CASE s.status WHEN 'closed' THEN NULLIF(s.closed_reason, '') END AS closed_reason,
       s.waiting,
       s.off_schedule
  FROM booking.sessions s
 CROSS JOIN LATERAL (
       SELECT s.remaining - s.oversold_by
              + CASE WHEN s.lane_count = 0 THEN 0
                     ELSE (SELECT COALESCE(sum(x.remaining + COALESCE(x.set_aside, 0)), 0) FROM booking.session_lanes x
                            WHERE x.organization_id = s.organization_id AND x.session_id = s.id) END AS seats
       OFFSET 0) f;
COMMENT ON VIEW booking.activity_sessions IS
    'Sessions with their seats: capacity_remaining counts expired holds as taken until they are released, seats_available does not, leaves to those who wait (waiting) what is theirs, and is 0 while another session has a resource that is needed; oversold_by is what was sold beyond a capacity that was cut, and comes first when seats are given back';

CREATE OR REPLACE VIEW booking.user_organizations WITH (security_invoker = true) AS
SELECT m.user_id, m.organization_id AS org_id, m.role
  FROM booking.organization_members m;
COMMENT ON VIEW booking.user_organizations IS 'Which user acts for which organization, for use in policies';

CREATE OR REPLACE VIEW booking.public_venues WITH (security_barrier = true) AS
SELECT v.organization_id, v.id, v.name, v.embed_key, v.timezone
  FROM booking.venues v
  JOIN booking.organizations o ON o.organization_id = v.organization_id
 WHERE o.status = 'active';
COMMENT ON VIEW booking.public_venues IS 'Venues as the public may see them';

CREATE OR REPLACE VIEW booking.public_activities WITH (security_barrier = true) AS
SELECT a.organization_id, a.id, a.venue_id, a.name, a.schedule, a.capacity, a.price_minor, a.price_basis, a.currency,
       a.party_size_min, a.party_size_max, a.min_notice_seconds, a.max_advance_seconds
  FROM booking.activities a
  JOIN booking.organizations o ON o.organization_id = a.organization_id
 WHERE o.status = 'active' AND a.status = 'active';
COMMENT ON VIEW booking.public_activities IS 'Activities as the public may see them';

-- Events, one view an audience: who may see a kind at all is said by event_kinds(), what of it by the columns here.

CREATE OR REPLACE VIEW booking.full_events WITH (security_invoker = true) AS
SELECT e.organization_id,
       e.id,
       e.kind AS event_type,
       COALESCE(e.facts ->> 'description',
                booking.event_description(e.kind, COALESCE(b.booking_number, a.name, v.name, e.facts ->> 'name')))
           AS description,
       e.occurred_at,
       e.subject_id,
       e.session_id,
       e.booking_id,
       e.facts,
       o.name AS organization_name,
       v.name AS venue_name,
       a.name AS activity_name,
       s.start_time AS session_start,
       s.end_time AS session_end,
       s.timezone AS session_timezone,
       b.booking_number,
       b.customer_id,
       COALESCE(b.customer_name, c.name, w.customer_name) AS customer_name,
       COALESCE(b.customer_email, r.customer_email, w.customer_email) AS customer_email,
       COALESCE(b.customer_phone, c.phone) AS customer_phone
  FROM booking.booking_events e
  LEFT JOIN booking.organizations o ON o.organization_id = e.organization_id
  LEFT JOIN booking.sessions s ON s.organization_id = e.organization_id AND s.id = e.session_id
  LEFT JOIN booking.activities a ON a.organization_id = e.organization_id
                                AND a.id = COALESCE(s.activity_id, e.subject_id)
  LEFT JOIN booking.venues v ON v.organization_id = e.organization_id AND v.id = COALESCE(a.venue_id, e.subject_id)
  LEFT JOIN booking.bookings b ON b.organization_id = e.organization_id AND b.id = e.booking_id
  LEFT JOIN booking.customers c ON c.organization_id = e.organization_id AND c.id = b.customer_id
  LEFT JOIN booking.slot_reservations r ON r.organization_id = e.organization_id
                                       AND r.id = COALESCE(b.reservation_id, e.subject_id)
  LEFT JOIN booking.waitlist_entries w ON w.organization_id = e.organization_id AND w.id = e.subject_id;
COMMENT ON VIEW booking.full_events IS 'Events with all that is known of them, for trusted servers';

-- Not made from full_events, which its readers may not read.
CREATE OR REPLACE VIEW booking.owner_events WITH (security_invoker = true) AS
SELECT e.organization_id,
       e.id,
       e.kind AS event_type,
       COALESCE(e.facts ->> 'description',
                booking.event_description(e.kind, COALESCE(b.booking_number, a.name, v.name, e.facts ->> 'name')))
           AS description,
       e.occurred_at,
       e.subject_id,
       e.session_id,
       e.booking_id,
       e.facts,
       v.name AS venue_name,
       a.name AS activity_name,
       s.start_time AS session_start,
       s.end_time AS session_end,
       s.timezone AS session_timezone,
       b.booking_number,
       COALESCE(b.customer_name, c.name) AS customer_name
  FROM booking.booking_events e
  LEFT JOIN booking.sessions s ON s.organization_id = e.organization_id AND s.id = e.session_id
  LEFT JOIN booking.activities a ON a.organization_id = e.organization_id
                                AND a.id = COALESCE(s.activity_id, e.subject_id)
  LEFT JOIN booking.venues v ON v.organization_id = e.organization_id AND v.id = COALESCE(a.venue_id, e.subject_id)
  LEFT JOIN booking.bookings b ON b.organization_id = e.organization_id AND b.id = e.booking_id
  LEFT JOIN booking.customers c ON c.organization_id = e.organization_id AND c.id = b.customer_id
 WHERE NOT EXISTS (SELECT 1 FROM booking.event_kinds() k WHERE k.kind = e.kind AND k.audience = 'full');
COMMENT ON VIEW booking.owner_events IS
    'Events of the reader''s organizations, with the names of customers and without their addresses';

-- An activity that is not active is nobody's business yet, or any more: its events say which it was, and the one by which
-- it ceases to be active says no more than that.
CREATE OR REPLACE VIEW booking.public_events WITH (security_barrier = true) AS
SELECT e.organization_id,
       e.id,
       e.kind AS event_type,
       booking.event_description(e.kind, COALESCE(a.name, v.name, e.facts ->> 'name')) AS description,
       e.occurred_at,
       e.subject_id,
       e.session_id,
       NULL::uuid AS booking_id,
       CASE WHEN e.facts ->> 'status' = 'inactive' THEN jsonb_build_object('status', 'inactive') ELSE e.facts END
           AS facts,
       v.name AS venue_name,
       a.name AS activity_name
  FROM booking.booking_events e
  JOIN booking.event_kinds() k ON k.kind = e.kind AND k.audience = 'public'
  JOIN booking.organizations o ON o.organization_id = e.organization_id AND o.status = 'active'
  LEFT JOIN booking.sessions s ON s.organization_id = e.organization_id AND s.id = e.session_id
  LEFT JOIN booking.activities a ON a.organization_id = e.organization_id AND a.status = 'active'
                                AND a.id = COALESCE(s.activity_id, e.subject_id)
  LEFT JOIN booking.venues v ON v.organization_id = e.organization_id AND v.id = COALESCE(a.venue_id, e.subject_id)
 WHERE k.entity NOT IN ('activity', 'pricing') OR 'active' IN (e.facts ->> 'status', e.facts ->> 'previous_status');
COMMENT ON VIEW booking.public_events IS 'Events of the public catalogue of active organizations';

-- The customer's own events. With the owner's rights, since facts may say what staff have written: who may read the table
-- may read that too, and a role may be customer and member in one.
CREATE OR REPLACE VIEW booking.customer_events WITH (security_barrier = true) AS
SELECT e.organization_id,
       e.id,
       e.kind AS event_type,
       booking.event_description(e.kind, COALESCE(b.booking_number, a.name)) AS description,
       e.occurred_at,
       e.subject_id,
       e.session_id,
       e.booking_id,
       e.facts - '{description,reason}'::text[] AS facts,
       v.name AS venue_name,
       a.name AS activity_name,
       s.start_time AS session_start,
       s.end_time AS session_end,
       s.timezone AS session_timezone,
       b.booking_number
  FROM booking.booking_events e
  JOIN booking.event_kinds() k ON k.kind = e.kind AND k.audience = 'owner'
  LEFT JOIN booking.sessions s ON s.organization_id = e.organization_id AND s.id = e.session_id
  LEFT JOIN booking.activities a ON a.organization_id = e.organization_id AND a.id = s.activity_id
  LEFT JOIN booking.venues v ON v.organization_id = e.organization_id AND v.id = a.venue_id
  LEFT JOIN booking.bookings b ON b.organization_id = e.organization_id AND b.id = e.booking_id
 WHERE (e.organization_id, e.booking_id) IN (
           SELECT x.organization_id, x.id
             FROM booking.customers c
             JOIN booking.bookings x ON x.organization_id = c.organization_id AND x.customer_id = c.id
            WHERE c.user_id = booking.current_user_id())
    OR (e.organization_id, e.subject_id) IN (
           SELECT x.organization_id, x.id
             FROM booking.customers c
             JOIN booking.slot_reservations x ON x.organization_id = c.organization_id
                                             AND lower(x.customer_email) = lower(c.email)
            WHERE c.user_id = booking.current_user_id())
    OR (e.organization_id, e.subject_id) IN (
           SELECT x.organization_id, x.id
             FROM booking.customers c
             JOIN booking.waitlist_entries x ON x.organization_id = c.organization_id
                                            AND lower(x.customer_email) = lower(c.email)
            WHERE c.user_id = booking.current_user_id());
COMMENT ON VIEW booking.customer_events IS
    'Events of the reader''s own bookings, holds and waiting, by the claim "sub", without what staff or others have written';

-- The customer's own bookings: for the same reason not the table, whose rows have notes of the staff.
CREATE OR REPLACE VIEW booking.customer_bookings WITH (security_barrier = true) AS
SELECT b.organization_id,
       b.id,
       b.booking_number,
       b.customer_id,
       b.reservation_id,
       b.session_id,
       b.package_id,
       b.package_booking_id,
       b.sessions_included,
       COALESCE(b.customer_name, c.name) AS customer_name,
       b.customer_email,
       b.customer_phone,
       b.party_size,
       b.status,
       b.payment_status,
       b.refund_status,
       b.amount_cents,
       b.total_amount,
       b.currency,
       b.scheduled_start,
       b.scheduled_end,
       b.timezone,
       b.meeting_url,
       b.expires_at,
       b.cancelled_at,
       b.scheduled_start - b.cancel_cutoff_seconds * interval '1 second' AS cutoff_at,
       b.cancel_refund_percent AS refund_percent,
       b.seat_price_minor,
       b.version,
       b.created_at,
       b.updated_at
  FROM booking.customers c
  JOIN booking.bookings b ON b.organization_id = c.organization_id AND b.customer_id = c.id
 WHERE c.user_id = booking.current_user_id();
COMMENT ON VIEW booking.customer_bookings IS
    'The reader''s own bookings, by the claim "sub", with the terms on which they were made and without what staff have noted';

-- What is delivered, made anew for each attempt from the rows as they are then; nothing in it is of the attempt itself, so
-- that what is sent again is the same unless the rows have changed. Times are UTC and prices in major units, whoever asks.
--
-- The document is JSON as text, put together from its parts: jsonb would sort the keys, and be written out again. The body is
-- the same to look into.
CREATE OR REPLACE VIEW booking.event_payloads WITH (security_invoker = true) AS
SELECT f.organization_id,
       f.id AS event_id,
       f.event_type,
       d.document::jsonb AS body,
       d.document
  FROM booking.full_events f
  LEFT JOIN booking.bookings b ON b.organization_id = f.organization_id AND b.id = f.booking_id
 CROSS JOIN LATERAL (
       SELECT to_char(f.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS occurred_at,
              to_char(f.session_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS session_start,
              to_char(f.session_end AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS session_end,
              to_char(b.scheduled_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS scheduled_start,
              to_char(b.scheduled_end AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS scheduled_end,
              to_char(b.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at) t
 CROSS JOIN LATERAL (
       SELECT CASE WHEN b.currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX',
                                       'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN b.amount_cents::numeric
                   WHEN b.currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')
                       THEN round(b.amount_cents / 1000.0, 3)
                   ELSE round(b.amount_cents / 100.0, 2) END AS total_price) m
 CROSS JOIN LATERAL (
       SELECT '{"id" : "' || f.id || '", "event_type" : ' || to_json(f.event_type) || ', "description" : '
              || COALESCE(to_json(f.description)::text, 'null') || ', "event_id" : "' || f.id || '", "event_time" : "'
              || t.occurred_at || '", "source" : "pg_booking", "booking_event" : ' || json_build_object(
                      'id', f.id, 'event_type', f.event_type, 'description', f.description,
                      'occurred_at', t.occurred_at, 'organization_id', f.organization_id,
                      'subject_id', f.subject_id, 'session_id', f.session_id, 'booking_id', f.booking_id,
                      'facts', f.facts, 'venue_name', f.venue_name, 'activity_name', f.activity_name,
                      'session_start', t.session_start, 'session_end', t.session_end,
                      'session_timezone', f.session_timezone)::text
              || ', "provider_info" : ' || json_build_object(
                      'id', f.organization_id, 'name', f.organization_name,
                      'company_name', f.organization_name)::text
              || ', "system" : ' || json_build_object(
                      'environment', current_database(), 'timestamp', t.occurred_at)::text
              || CASE WHEN b.id IS NULL THEN '' ELSE ', "booking_details" : ' || json_build_object(
                      'id', b.id, 'booking_number', b.booking_number, 'client_id', b.customer_id,
                      'provider_id', b.organization_id, 'status', b.status, 'payment_status', b.payment_status,
                      'refund_status', b.refund_status, 'party_size', b.party_size, 'package_id', b.package_id,
                      'total_price', m.total_price, 'amount_cents', b.amount_cents, 'currency', b.currency,
                      'session_id', b.session_id, 'scheduled_start', t.scheduled_start,
                      'scheduled_end', t.scheduled_end, 'meeting_url', b.meeting_url, 'notes', b.notes,
                      'metadata', b.metadata, 'created_at', t.created_at)::text END
              || CASE WHEN f.customer_email IS NULL THEN '' ELSE ', "client_info" : ' || json_build_object(
                      'id', f.customer_id, 'name', f.customer_name, 'email', f.customer_email,
                      'phone', f.customer_phone)::text END
              || '}' AS document) d;
COMMENT ON VIEW booking.event_payloads IS 'The body of a webhook, by event; for the functions of the relay';

-- On what terms a booking was made: they stay as they were, whatever activity or package say today.
CREATE OR REPLACE VIEW booking.booking_policies WITH (security_invoker = true) AS
SELECT b.organization_id,
       b.id AS booking_id,
       b.booking_number,
       b.cancel_cutoff_seconds AS cutoff_seconds,
       b.scheduled_start - b.cancel_cutoff_seconds * interval '1 second' AS cutoff_at,
       b.cancel_refund_percent AS refund_percent,
       b.seat_price_minor,
       b.currency
  FROM booking.bookings b;
COMMENT ON VIEW booking.booking_policies IS
    'The terms of each purchase: until when the customer may cancel or change it (cutoff_at), what of the money goes back then (refund_percent), and, where the price is by the seat, that of one; for whoever may read the booking. Customers find the same in customer_bookings';
