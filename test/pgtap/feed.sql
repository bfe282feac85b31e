-- What browsers are told of events, and who of them: a visitor nothing that is anybody's, a customer what is theirs, members
-- what is their organization's, and nobody a token, a hash, or what only trusted servers see.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
SELECT public.plan(58);

-- A customer with an account, and everything personal in words that can be searched for.
INSERT INTO booking.customers (organization_id, user_id, email, name, phone)
VALUES (1, 'user-ann', 'Ann@private.example', 'Ann Private', '+49 private'),
       (2, 'user-bob', 'bob@private.example', 'Bob Private', NULL);
SELECT pg_temp.hold('h', 'massage 9', 2, 'ann@private.example') \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('h'), NULL, 'Ann Private', '+49 private') \g /dev/null
INSERT INTO pg_temp.named (name, id) SELECT 'b', b.id FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id('h');
UPDATE booking.bookings
   SET notes = 'staff says private', additional_notes = 'buyer says private', metadata = '{"private": 1}',
       cancel_reason = 'because private', meeting_url = 'https://meet.example/1', token_hash = '\x70726976617465',
       expires_at = '2027-04-01', token_salt = '\x01', idempotency_hash = '\x02', request_hash = '\x03'
 WHERE id = pg_temp.id('b');
UPDATE booking.slot_reservations SET token_hash = '\x70726976617465' WHERE id = pg_temp.id('h');
SELECT pg_temp.source('shop', 'hmac') \g /dev/null
SELECT pg_temp.simple('1', 'payment.paid', '{"id": "pi_private", "amount": 5000, "currency": "EUR",
    "metadata": {"booking_id": "id:b"}}') \g /dev/null
INSERT INTO pg_temp.named (name, id) SELECT 'payment', p.id FROM booking.payments AS p;
UPDATE booking.venues SET allowed_origins = '{https://private.example}' WHERE id = pg_temp.id('venue');
UPDATE booking.activities SET stripe_price_id = 'price_private' WHERE id = pg_temp.id('massage');

-- One event of each kind besides, about what events of its kind are about.
INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts, occurred_at)
SELECT 1, booking.new_id(1), k.kind,
       CASE k.entity WHEN 'venue' THEN pg_temp.id('venue') WHEN 'activity' THEN pg_temp.id('massage')
                     WHEN 'pricing' THEN pg_temp.id('massage') WHEN 'sessions' THEN pg_temp.id('massage 9')
                     WHEN 'reservation' THEN pg_temp.id('h') WHEN 'payment' THEN pg_temp.id('payment')
                     WHEN 'webhook' THEN booking.new_id(1) ELSE pg_temp.id('b') END,
       CASE WHEN k.entity IN ('booking', 'reservation', 'payment', 'refund', 'sessions') THEN pg_temp.id('massage 9') END,
       CASE WHEN k.entity IN ('booking', 'payment', 'refund') THEN pg_temp.id('b') END,
       '{"status": "active", "name": "x", "description": "from outside: private", "reason": "private"}'::jsonb
       - CASE WHEN k.audience = 'public' THEN '{description,reason}'::text[] ELSE '{}' END,
       '2027-03-01 11:59:59.5+00'
  FROM booking.event_kinds() AS k;
SELECT booking.relay_sequence() \g /dev/null
CREATE TEMPORARY TABLE told AS SELECT * FROM booking.relay_events(0, 1000);
-- Of the event of a kind that was made just now.
CREATE FUNCTION pg_temp.told(wanted text) RETURNS pg_temp.told STABLE LANGUAGE sql AS $$
    SELECT t FROM pg_temp.told AS t WHERE t.kind = wanted ORDER BY t.seq DESC LIMIT 1 $$;

SELECT public.is_empty($$ SELECT k.kind FROM booking.event_kinds() AS k EXCEPT SELECT t.kind FROM pg_temp.told AS t $$,
                       'every kind is here');

-- A visitor.
SELECT public.bag_eq(
    $$ SELECT DISTINCT t.kind FROM pg_temp.told AS t WHERE t.public IS NOT NULL $$,
    $$ SELECT k.kind FROM booking.event_kinds() AS k WHERE k.audience = 'public' $$, 'everybody is told of the catalogue');
SELECT public.is_empty(
    $$ SELECT t.kind, t.public FROM pg_temp.told AS t
        WHERE t.public::text ~* 'private|ann|user-|token|hash|salt|@|meet\.|stripe|booking_number' $$,
    'and of nothing that is anybody''s, whatever the kind');
SELECT public.is_empty(
    $$ SELECT t.kind FROM pg_temp.told AS t WHERE t.public ->> 'booking_id' IS NOT NULL OR 'public' = ANY (t.rooms) <> (t.public IS NOT NULL) $$,
    'no booking is named, and the room is joined by those events alone');
SELECT public.is_empty(
    $$ SELECT t.kind FROM pg_temp.told AS t CROSS JOIN LATERAL (VALUES (t.public), (t.customer_view), (t.member)) AS v (body)
        WHERE v.body IS NOT NULL AND ARRAY(SELECT jsonb_object_keys(v.body) ORDER BY 1)
              <> '{activity_id,booking_id,description,event_type,facts,id,occurred_at,organization_id,row,seq,session_id,subject_id,venue_id}' $$,
    'every body has the same members');
SELECT public.is_empty(
    $$ SELECT t.kind FROM pg_temp.told AS t CROSS JOIN LATERAL (VALUES (t.public), (t.customer_view), (t.member)) AS v (body)
        WHERE v.body IS NOT NULL AND (v.body ->> 'seq', v.body ->> 'id', v.body ->> 'event_type', v.body ->> 'organization_id',
                                      v.body ->> 'occurred_at')
              IS DISTINCT FROM (t.seq::text, t.event_id::text, t.kind, t.organization_id::text, t.occurred_at) $$,
    'which say what the columns say');
SELECT public.is((pg_temp.told('venue.updated')).public -> 'row',
                 (SELECT to_jsonb(v) FROM booking.public_venues AS v WHERE v.id = pg_temp.id('venue')),
                 'the row of a venue is that of public_venues');
SELECT public.is((pg_temp.told('pricing.updated')).public -> 'row',
                 (SELECT to_jsonb(a) FROM booking.public_activities AS a WHERE a.id = pg_temp.id('massage')),
                 'that of an activity is that of public_activities');
SELECT public.is((pg_temp.told('sessions.updated')).public -> 'row',
    jsonb_build_object('id', pg_temp.id('massage 9'), 'organization_id', 1, 'activity_id', pg_temp.id('massage'),
                       'start_time', '2027-03-03T09:00:00.000Z', 'end_time', '2027-03-03T10:00:00.000Z',
                       'local_date', '2027-03-03', 'timezone', 'UTC', 'status', 'open', 'capacity_total', 4),
    'that of a session says when it is');
SELECT public.is_empty(
    $$ SELECT t.kind, t.public ->> 'description', p.description FROM pg_temp.told AS t
         FULL JOIN booking.public_events AS p ON p.id = t.event_id
        WHERE (t.public IS NOT NULL OR p.id IS NOT NULL)
          AND (t.public ->> 'description', t.public -> 'facts') IS DISTINCT FROM (p.description, p.facts) $$,
    'the events are those of public_events, in its words');

-- A customer.
SELECT public.bag_eq(
    $$ SELECT DISTINCT t.kind FROM pg_temp.told AS t WHERE t.customer_view IS NOT NULL $$,
    $$ SELECT k.kind FROM booking.event_kinds() AS k WHERE k.audience = 'owner' AND k.kind <> 'webhook.failed' $$,
    'the customer is told of bookings, holds and money');
SELECT public.is_empty(
    $$ SELECT t.kind, t.customer FROM pg_temp.told AS t
        WHERE t.customer_view IS NOT NULL AND t.customer IS DISTINCT FROM 'user-ann' OR t.customer_view IS NULL AND t.customer IS NOT NULL $$,
    'by the user that the customer is');
SELECT public.is_empty(
    $$ SELECT t.kind, t.customer_view FROM pg_temp.told AS t
        WHERE t.customer_view::text ~* 'says private|because private|from outside|"private"|\+49|provider|pi_|token|hash|salt|user-' $$,
    'and sees nothing that staff or others have written, no token and no hash');
SELECT public.is((pg_temp.told('booking.confirmed')).customer_view -> 'row' ->> x.name, x.value, 'a booking, for its customer: ' || x.name)
  FROM (VALUES ('customer_name', 'Ann Private'), ('customer_email', 'ann@private.example'), ('amount_cents', '5000'),
               ('total_amount', '5000'), ('currency', 'EUR'), ('scheduled_start', '2027-03-03T09:00:00.000Z'),
               ('meeting_url', 'https://meet.example/1'), ('status', 'confirmed'), ('notes', NULL), ('metadata', NULL))
    AS x (name, value);
SELECT public.is((pg_temp.told('booking.confirmed')).customer_view ->> 'description',
                 (SELECT format('Booking %s was confirmed', b.booking_number) FROM booking.bookings AS b WHERE b.id = pg_temp.id('b')),
                 'described in our words');
SELECT public.is((pg_temp.told('payment.conflict')).customer_view -> 'row' ->> 'amount_minor', '5000', 'a payment is in minor units');
SELECT public.is((pg_temp.told('reservation.held')).customer_view -> 'row' ->> 'customer_email', 'ann@private.example',
                 'a hold is its customer''s by the address, in any case of letters');
SELECT pg_temp.hold('stranger', 'tour 9', 1, 'nobody@private.example') \g /dev/null
SELECT booking.relay_sequence() \g /dev/null
SELECT public.results_eq(
    $$ SELECT x.customer, x.customer_view FROM booking.relay_events((SELECT max(t.seq) FROM pg_temp.told AS t), 10) AS x $$,
    $$ VALUES (NULL::text, NULL::jsonb) $$, 'a hold of nobody who has an account is told to members only');
SELECT booking.confirm_reservation(pg_temp.id('stranger')) \g /dev/null
SELECT booking.relay_sequence() \g /dev/null
SELECT public.bag_eq(
    $$ SELECT x.kind, x.customer, x.customer_view IS NULL, x.customer_view -> 'row' ->> 'customer_email'
         FROM booking.relay_events((SELECT max(t.seq) FROM pg_temp.told AS t) + 1, 10) AS x $$,
    $$ VALUES ('booking.created', NULL::text, false, 'nobody@private.example'),
              ('booking.confirmed', NULL, false, 'nobody@private.example') $$,
    'a booking can be its buyer''s by its token, with an account or without');

-- Members.
SELECT public.bag_eq(
    $$ SELECT DISTINCT t.kind FROM pg_temp.told AS t WHERE t.member IS NOT NULL $$,
    $$ SELECT k.kind FROM booking.event_kinds() AS k WHERE k.audience <> 'full' $$,
    'members are told of all but what is for trusted servers only');
SELECT public.is_empty(
    $$ SELECT t.kind FROM pg_temp.told AS t JOIN booking.owner_events AS o ON o.id = t.event_id
        WHERE (t.member ->> 'description', t.member -> 'facts') IS DISTINCT FROM (o.description, o.facts) $$,
    'in the words of owner_events');
SELECT public.is_empty(
    $$ SELECT t.kind, t.member FROM pg_temp.told AS t WHERE t.member::text ~* '\+49|token|hash|salt|user-' $$,
    'no token, no hash, no number of a telephone');
SELECT public.is((pg_temp.told('booking.confirmed')).member -> 'row' ->> x.name, x.value, 'a booking, for members: ' || x.name)
  FROM (VALUES ('customer_name', 'Ann Private'), ('customer_email', 'ann@private.example'), ('notes', 'staff says private'),
               ('cancel_reason', 'because private')) AS x (name, value);
SELECT public.is((pg_temp.told('reservation.held')).member -> 'row' ->> 'customer_name', 'Ann Private', 'a hold has a name');
SELECT public.is((pg_temp.told('payment.conflict')).member -> 'row' ->> 'provider_ref', 'pi_private', 'a payment its number');
SELECT public.is((pg_temp.told('venue.updated')).member -> 'row' -> 'allowed_origins', '["https://private.example"]',
                 'a venue its settings');
SELECT public.is((pg_temp.told('activity.updated')).member -> 'row' ->> 'stripe_price_id', 'price_private', 'an activity, too');
SELECT public.is((SELECT concat(t.public, t.customer_view, t.member) FROM pg_temp.told('webhook.test') AS t), '',
                 'what is for trusted servers is told to nobody');

-- Rooms.
SELECT public.is((pg_temp.told(x.kind)).rooms, x.rooms, 'rooms of ' || x.kind)
  FROM (VALUES
    ('venue.updated', ARRAY['public', 'organization:1', 'venue:' || pg_temp.id('venue')]),
    ('activity.updated', ARRAY['public', 'organization:1', 'venue:' || pg_temp.id('venue'), 'activity:' || pg_temp.id('massage')]),
    ('sessions.updated', ARRAY['public', 'organization:1', 'venue:' || pg_temp.id('venue'), 'activity:' || pg_temp.id('massage'),
                               'session:' || pg_temp.id('massage 9')]),
    ('booking.confirmed', ARRAY['organization:1', 'venue:' || pg_temp.id('venue'), 'activity:' || pg_temp.id('massage'),
                                'session:' || pg_temp.id('massage 9'), 'booking:' || pg_temp.id('b'), 'customer:user-ann']),
    ('reservation.held', ARRAY['organization:1', 'venue:' || pg_temp.id('venue'), 'activity:' || pg_temp.id('massage'),
                               'session:' || pg_temp.id('massage 9'), 'customer:user-ann']),
    ('webhook.failed', ARRAY['organization:1'])) AS x (kind, rooms);
SELECT public.is_empty($$ SELECT t.kind FROM pg_temp.told AS t WHERE t.organization_id <> booking.organization_of(t.event_id)
                           OR 'organization:' || t.organization_id <> ALL (t.rooms) $$, 'each is in its organization''s');
SELECT pg_temp.add_session('massage 12', 1, 'massage', '2027-03-04 12:00 UTC', 4),
       booking.reschedule_booking(pg_temp.id('b'), pg_temp.id('massage 12')) \g /dev/null
SELECT booking.relay_sequence() \g /dev/null
SELECT public.ok((SELECT x.rooms @> ARRAY['session:' || pg_temp.id('massage 9'), 'session:' || pg_temp.id('massage 12')]
                    FROM booking.relay_events(0, 1000) AS x WHERE x.kind = 'booking.rescheduled' ORDER BY x.seq DESC LIMIT 1),
                 'a booking that moves is told where it was and where it is');

-- What is not there any more, or not public.
DELETE FROM booking.sessions WHERE id = pg_temp.id('tour 11');
DELETE FROM booking.sessions WHERE activity_id = pg_temp.id('hike');
DELETE FROM booking.activities WHERE id = pg_temp.id('hike');
UPDATE booking.activities SET status = 'inactive', name = 'Retired' WHERE id = pg_temp.id('court');
UPDATE booking.activities SET name = 'Retired for good' WHERE id = pg_temp.id('court');
SELECT booking.relay_sequence() \g /dev/null
CREATE TEMPORARY TABLE later AS SELECT * FROM booking.relay_events((SELECT max(t.seq) FROM pg_temp.told AS t), 1000);
SELECT public.results_eq(
    $$ SELECT t.public -> 'row', t.public ->> 'description', t.public ->> 'venue_id', t.member -> 'row', t.rooms @> ARRAY['activity:' || pg_temp.id('hike')]
         FROM pg_temp.later AS t WHERE t.kind = 'activity.deleted' $$,
    $$ SELECT 'null'::jsonb, 'Activity hike was removed', pg_temp.id('far venue')::text, 'null'::jsonb, true $$,
    'what was deleted has no row, and is known by its event');
SELECT public.results_eq(
    $$ SELECT t.public -> 'facts', t.public -> 'row' FROM pg_temp.later AS t
        WHERE t.kind = 'activity.updated' AND t.member -> 'row' ->> 'id' = pg_temp.id('court')::text ORDER BY t.seq $$,
    $$ VALUES ('{"status": "inactive"}'::jsonb, 'null'::jsonb), (NULL, NULL) $$,
    'that an activity is not active any more is all that everybody is told of it');
UPDATE booking.organizations SET status = 'suspended' WHERE organization_id = 1;
SELECT public.is_empty($$ SELECT x.kind FROM booking.relay_events(0, 1000) AS x WHERE x.organization_id = 1 AND x.public IS NOT NULL $$,
                       'everybody is told nothing of a suspended organization');
UPDATE booking.organizations SET status = 'active' WHERE organization_id = 1;

-- Pages.
SELECT public.results_eq('SELECT x.seq FROM booking.relay_events(5, 3) AS x', 'SELECT generate_series(6, 8)::bigint', 'pages');
SELECT public.is_empty('SELECT * FROM booking.relay_events((SELECT p.last_seq FROM booking.relay_position() AS p), 10)', 'the end');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
