-- What browsers are told of events, and who of them: a visitor nothing that is anybody's, a customer what is theirs, members
-- what is their organization's, and nobody a token, a hash, or what only trusted servers see.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
SELECT public.plan(75);

-- A customer with an account, and everything personal in words that can be searched for.
INSERT INTO booking.customers (organization_id, user_id, email, name, phone)
VALUES (1, 'user-ann', 'Ann@private.example', 'Ann Private', '+49 555 7777'),
       (2, 'user-bob', 'bob@private.example', 'Bob Private', NULL);
INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (1, 'both', 'staff'), (2, 'both', 'owner');
SELECT pg_temp.hold('h', 'massage 9', 2, 'ann@private.example') \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('h'), NULL, 'Ann Private', '+49 555 7777') \g /dev/null
INSERT INTO pg_temp.named (name, id) SELECT 'b', b.id FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id('h');
UPDATE booking.bookings
   SET notes = 'staff says private', additional_notes = 'buyer says private', metadata = '{"private": 1}',
       cancel_reason = 'because private', meeting_url = 'https://meet.example/1', token_hash = '\x70726976617465',
       expires_at = '2027-04-01', token_salt = '\x01', idempotency_hash = '\x02', request_hash = '\x03'
 WHERE id = pg_temp.id('b');
UPDATE booking.slot_reservations SET token_hash = '\x70726976617465' WHERE id = pg_temp.id('h');
SELECT pg_temp.hold('rest', 'massage 9', 2) \g /dev/null
INSERT INTO pg_temp.named (name, id) SELECT 'waits', j.entry_id FROM booking.join_waitlist(pg_temp.id('massage 9'), 1, 'ann@private.example') AS j;
UPDATE booking.waitlist_entries SET token_hash = '\x70726976617465' WHERE id = pg_temp.id('waits');
SELECT pg_temp.source('shop', 'hmac') \g /dev/null
SELECT pg_temp.simple('1', 'payment.paid', '{"id": "pi_private", "amount": 51, "currency": "EUR",
    "metadata": {"booking_id": "id:b"}}') \g /dev/null
INSERT INTO pg_temp.named (name, id) SELECT 'payment', p.id FROM booking.payments AS p;
UPDATE booking.venues SET allowed_origins = '{https://private.example}' WHERE id = pg_temp.id('venue');
UPDATE booking.activities SET stripe_price_id = 'price_private' WHERE id = pg_temp.id('massage');

-- One event of each kind besides, about what events of its kind are about.
INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts, occurred_at)
SELECT 1, booking.new_id(1), k.kind,
       CASE k.entity WHEN 'venue' THEN pg_temp.id('venue') WHEN 'activity' THEN pg_temp.id('massage')
                     WHEN 'pricing' THEN pg_temp.id('massage') WHEN 'sessions' THEN pg_temp.id('massage 9')
                     WHEN 'waitlist' THEN pg_temp.id('waits') WHEN 'reservation' THEN pg_temp.id('h') WHEN 'payment' THEN pg_temp.id('payment')
                     WHEN 'webhook' THEN booking.new_id(1) ELSE pg_temp.id('b') END,
       CASE WHEN k.entity IN ('booking', 'reservation', 'waitlist', 'payment', 'refund', 'sessions') THEN pg_temp.id('massage 9') END,
       CASE WHEN k.entity IN ('booking', 'payment', 'refund') THEN pg_temp.id('b') END,
       '{"status": "active", "name": "x", "description": "from outside: private", "reason": "private"}'::jsonb
       - CASE WHEN k.audience = 'public' THEN '{description,reason}'::text[] ELSE '{}' END,
       '2027-03-01 11:59:59.5+00'
  FROM booking.event_kinds() AS k;
SELECT booking.relay_sequence() \g /dev/null
CREATE TEMPORARY TABLE told (
    seq bigint, organization_id integer, event_id uuid, kind text, occurred_at text, customer text, booking_id uuid, rooms text[],
    public jsonb, customer_view jsonb, member jsonb);
INSERT INTO pg_temp.told SELECT * FROM booking.relay_events(0, 1000);
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
        WHERE t.public::text ~* 'private|ann|user-|token|hash|salt|@|meet\.|booking_number|7777' $$,
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
    $$ SELECT k.kind FROM booking.event_kinds() AS k WHERE k.audience = 'owner'
          AND k.kind NOT IN ('webhook.failed', 'provider_call.failed', 'customer.erased')
                                                          AND k.kind !~ '^(resource|period)\.' $$,
    'the customer is told of bookings, holds and money');
SELECT public.is_empty(
    $$ SELECT t.kind, t.customer FROM pg_temp.told AS t
        WHERE t.customer_view IS NOT NULL AND t.customer IS DISTINCT FROM 'user-ann' OR t.customer_view IS NULL AND t.customer IS NOT NULL $$,
    'by the user that the customer is');
SELECT public.is_empty(
    $$ SELECT t.kind, t.customer_view FROM pg_temp.told AS t
        WHERE t.customer_view::text ~* 'says private|because private|from outside|"private"|7777|token|hash|salt|user-' $$,
    'and sees nothing that staff or others have written, no token and no hash');
SELECT public.is((pg_temp.told('booking.confirmed')).customer_view -> 'row' ->> x.name, x.value, 'a booking, for its customer: ' || x.name)
  FROM (VALUES ('customer_name', 'Ann Private'), ('customer_email', 'ann@private.example'), ('amount_cents', '5000'),
               ('total_amount', '5000'), ('currency', 'EUR'), ('scheduled_start', '2027-03-03T09:00:00.000Z'),
               ('meeting_url', 'https://meet.example/1'), ('status', 'confirmed'), ('notes', NULL), ('metadata', NULL))
    AS x (name, value);
SELECT public.is((pg_temp.told('booking.confirmed')).customer_view ->> 'description',
                 (SELECT format('Booking %s was confirmed', b.booking_number) FROM booking.bookings AS b WHERE b.id = pg_temp.id('b')),
                 'described in our words');
SELECT public.is((pg_temp.told('payment.conflict')).customer_view -> 'row' ->> 'amount_minor', '5100', 'a payment is in minor units');
SELECT public.is((pg_temp.told('reservation.held')).customer_view -> 'row' ->> 'customer_email', 'ann@private.example',
                 'a hold is its customer''s by the address, in any case of letters');
SELECT pg_temp.hold('stranger', 'tour 9', 1, 'nobody@private.example') \g /dev/null
SELECT booking.relay_sequence() \g /dev/null
SELECT public.results_eq(
    $$ SELECT x.customer, x.customer_view::jsonb FROM booking.relay_events((SELECT max(t.seq) FROM pg_temp.told AS t), 10) AS x $$,
    $$ VALUES (NULL::text, NULL::jsonb) $$, 'a hold of nobody who has an account is told to members only');
SELECT booking.confirm_reservation(pg_temp.id('stranger')) \g /dev/null
SELECT booking.relay_sequence() \g /dev/null
SELECT public.bag_eq(
    $$ SELECT x.kind, x.customer, x.customer_view -> 'row' ->> 'customer_email' AS email
         FROM booking.relay_events((SELECT max(t.seq) FROM pg_temp.told AS t) + 1, 10) AS x $$,
    $$ VALUES ('booking.created', NULL::text, 'nobody@private.example'),
              ('booking.confirmed', NULL, 'nobody@private.example') $$,
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
    $$ SELECT t.kind, t.member FROM pg_temp.told AS t WHERE t.member::text ~* '7777|token|hash|salt|user-' $$,
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
SELECT pg_temp.add_session('massage 12', 1, 'massage', '2027-03-04 12:00 UTC', 4) \g /dev/null
SELECT booking.reschedule_booking(pg_temp.id('b'), pg_temp.id('massage 12')) \g /dev/null
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
CREATE TEMPORARY TABLE later (LIKE pg_temp.told);
INSERT INTO pg_temp.later SELECT * FROM booking.relay_events((SELECT max(t.seq) FROM pg_temp.told AS t), 1000);
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

-- Who it is that has a token.
SELECT public.is(booking.relay_identity(x.claims), x.answer, 'claims: ' || x.claims::text)
  FROM (VALUES
    ('{}'::jsonb, '{"user": null, "service": false, "organizations": []}'::jsonb),
    ('{"sub": "owner-1", "role": "authenticated", "exp": 1}',
     '{"user": "owner-1", "service": false, "organizations": [{"id": 1, "role": "owner"}]}'),
    ('{"sub": "both"}',
     '{"user": "both", "service": false, "organizations": [{"id": 1, "role": "staff"}, {"id": 2, "role": "owner"}]}'),
    ('{"sub": "nobody", "organizations": [{"id": 1, "role": "owner"}], "service": true}',
     '{"user": "nobody", "service": false, "organizations": []}'),
    ('{"role": "service_role", "sub": null}', '{"user": null, "service": true, "organizations": []}'),
    ('{"role": "SERVICE_ROLE", "sub": ""}', '{"user": null, "service": false, "organizations": []}'))
    AS x (claims, answer);
INSERT INTO pg_temp.named (name, id, token)
SELECT 'package', (x.b ->> 'bookingId')::uuid, x.b ->> 'bookingToken'
  FROM (SELECT booking.create_default_packages(2, 'EUR', 100, 300, 900) AS made) AS p,
       LATERAL (SELECT booking.booking_create(2, '{"packageId": "monthly", "customerName": "Bob", "customerEmail": "bob@private.example"}')
                 WHERE p.made > 0) AS x (b);
SELECT public.is(booking.relay_booking(pg_temp.token('package')),
                 jsonb_build_object('booking_id', pg_temp.id('package'), 'organization_id', 2), 'the token of a booking');
SELECT public.throws_ok($$ SELECT booking.relay_booking(regexp_replace(pg_temp.token('package'), '2$', '1')) $$, 'BK104', NULL,
                        'is of no other organization');

-- Seats.
CREATE FUNCTION pg_temp.seats(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s %s of %s, %s', a.status, a.seats_available, a.capacity_total,
                  CASE WHEN a.changes_at IS NULL THEN 'nothing held'
                       ELSE round((a.changes_at - extract(epoch FROM clock_timestamp())) / 60) || ' min' END)
      FROM booking.relay_availability(ARRAY[pg_temp.id(session)]) AS a $$;
SELECT public.is(pg_temp.seats('massage 12'), 'open 2 of 4, nothing held', 'a session');
SELECT pg_temp.hold('first', 'massage 12', 1) \g /dev/null
SELECT public.is(pg_temp.seats('massage 12'), 'open 1 of 4, 10 min', 'a hold, and when it runs out, by the real clock');
SELECT pg_temp.set_clock('2027-03-01 12:04 UTC') \g /dev/null
SELECT public.is(pg_temp.seats('massage 12'), 'open 1 of 4, 6 min', 'later');
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.is(pg_temp.seats('massage 12'), 'open 2 of 4, nothing held', 'a hold that has run out is free');
SELECT public.is(a.seats_available, v.seats_available, 'as activity_sessions shows it')
  FROM booking.relay_availability(ARRAY[pg_temp.id('massage 12')]) AS a
  JOIN booking.activity_sessions AS v ON v.id = a.session_id;
SELECT booking.set_session_lanes(pg_temp.id('massage 12'), 2) \g /dev/null
SELECT public.is(pg_temp.seats('massage 12'), 'open 2 of 4, nothing held', 'a striped session');
SELECT public.results_eq(
    $$ SELECT a.organization_id, a.activity_id, a.venue_id, a.start_time, a.end_time
         FROM booking.relay_availability(ARRAY[pg_temp.id('massage 12')]) AS a $$,
    $$ SELECT 1, pg_temp.id('massage'), pg_temp.id('venue'), '2027-03-04T12:00:00.000Z', '2027-03-04T13:00:00.000Z' $$,
    'what it is, and when');
SELECT public.is_empty(
    $$ SELECT a.session_id FROM booking.relay_availability(ARRAY[pg_temp.id('court 9'), pg_temp.id('tour 11'), pg_temp.id('venue'),
                                                                 NULL, 'f47ac10b-58cc-4372-a567-0e02b2c3d479']) AS a $$,
    'nothing of what is not public, is gone, or is no session');
SELECT public.is((SELECT count(*) FROM booking.relay_availability(ARRAY[pg_temp.id('tour 9'), pg_temp.id('tour 9')])), 1::bigint,
                 'each once');

-- Who may.
GRANT EXECUTE ON FUNCTION booking.relay_events(bigint, integer), booking.relay_availability(uuid[]),
    booking.relay_identity(jsonb), booking.relay_booking(text) TO booking_member;
SET LOCAL ROLE booking_member;
SELECT public.throws_ok(x.statement, '42501', 'permission denied to ' || x.action, 'granted by mistake, it looks at the caller')
  FROM (VALUES ('SELECT booking.relay_events(0, 1)', 'be told of events'),
               ('SELECT booking.relay_availability(''{}'')', 'see the seats of sessions'),
               ('SELECT booking.relay_identity(''{}'')', 'see who has a token'),
               ('SELECT booking.relay_booking(''x'')', 'see which booking has a token')) AS x (statement, action);
RESET ROLE;

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
