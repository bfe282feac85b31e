-- What is shown of events: the views, one an audience, the payload of webhooks, and the words and settings of others.

BEGIN;
\ir shared/fixture.sql
\ir shared/events.sql
SELECT public.plan(27);

-- A booking of which much has been told, and an activity that is no longer offered.
SELECT pg_temp.hold('b hold', 'tour 9', 2, 'mia@example.org') \g /dev/null
INSERT INTO pg_temp.named (name, id)
SELECT 'b', c.booking_id FROM booking.confirm_reservation(pg_temp.id('b hold'), NULL, 'Mia Muster', '+49 170 1') AS c;
UPDATE booking.bookings SET status = 'no_show';
UPDATE booking.bookings SET status = 'confirmed', customer_name = 'Max', customer_email = 'max@example.org', customer_phone = NULL;
UPDATE booking.bookings SET status = 'cancelled';
UPDATE booking.activities SET capacity = 6 WHERE id = pg_temp.id('tour');
UPDATE booking.activities SET price_minor = 700, status = 'inactive' WHERE id = pg_temp.id('tour');
UPDATE booking.activities SET currency = 'CHF' WHERE id = pg_temp.id('tour');
UPDATE booking.venues SET name = 'After' WHERE id = pg_temp.id('venue');
SELECT pg_temp.hold('planted', 'tour 11', 1) \g /dev/null

-- Views. What roles see of them is in rows.sql.
SELECT public.is((SELECT concat_ws('|', f.description, f.activity_name, f.venue_name, f.customer_name, f.customer_email,
                                   f.customer_phone)
                    FROM booking.full_events AS f
                   WHERE f.booking_id = pg_temp.id('b') AND f.event_type = 'booking.cancelled'),
                 format('Booking %s was cancelled|tour|After|Max|max@example.org|+49 170 1',
                        (SELECT b.booking_number FROM booking.bookings AS b WHERE b.id = pg_temp.id('b'))),
                 'full_events has it all');
SELECT public.is((SELECT concat_ws('|', f.description, f.customer_email) FROM booking.full_events AS f
                   WHERE f.subject_id = pg_temp.id('planted')), 'Activity tour: seats were held|guest@example.org',
                 'also the address of a hold');
SELECT public.is((SELECT concat_ws('|', o.description, o.customer_name, o.session_start) FROM booking.owner_events AS o
                   WHERE o.booking_id = pg_temp.id('b') AND o.event_type = 'booking.no_show'),
                 format('Booking %s: nobody came|Max|2027-03-03 09:00:00+00',
                        (SELECT b.booking_number FROM booking.bookings AS b WHERE b.id = pg_temp.id('b'))),
                 'owner_events has names');
SELECT public.hasnt_column('booking', 'owner_events', c, 'and no ' || c)
  FROM unnest(ARRAY['customer_email', 'customer_phone']) AS c;
SELECT public.is_empty(
    $$ SELECT p.id FROM booking.public_events AS p
        WHERE p.event_type ~ '^(booking|reservation|payment|refund|webhook)' OR p.booking_id IS NOT NULL $$,
    'public_events has the catalogue only');
SELECT public.bag_eq(
    $$ SELECT p.event_type, p.facts FROM booking.public_events AS p
        WHERE p.subject_id = pg_temp.id('tour') AND p.event_type !~ 'sessions' $$,
    $$ SELECT e.kind, CASE e.facts ->> 'status' WHEN 'inactive' THEN '{"status": "inactive"}' ELSE e.facts END
         FROM booking.booking_events AS e
        WHERE e.subject_id = pg_temp.id('tour') AND e.kind ~ '^(activity|pricing)'
          AND NOT (e.facts ->> 'status' = 'inactive' AND NOT e.facts ? 'previous_status') $$,
    'of an activity that is not active it says no more than that');
UPDATE booking.organizations SET status = 'suspended' WHERE organization_id = 1;
SELECT public.is_empty('SELECT 1 FROM booking.public_events AS p WHERE p.organization_id = 1',
                       'a suspended organization has no public events');
UPDATE booking.organizations SET status = 'active' WHERE organization_id = 1;

-- The payload, in UTC whatever the session's zone.
SET LOCAL timezone = 'Asia/Tokyo';
SELECT public.is(
    (SELECT pg_temp.with_names((p.body - 'system' - 'booking_details' #- '{booking_event,occurred_at}')::text)
       FROM booking.event_payloads AS p JOIN booking.booking_events AS e ON e.id = p.event_id
      WHERE e.booking_id = pg_temp.id('b') AND e.kind = 'booking.no_show'),
    (SELECT pg_temp.with_names(jsonb_build_object(
         'id', e.id, 'event_id', e.id, 'event_type', 'booking.no_show', 'source', 'pg_booking',
         'event_time', to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'description', format('Booking %s: nobody came', b.booking_number),
         'client_info', jsonb_build_object('id', b.customer_id, 'name', 'Max', 'email', 'max@example.org',
                                           'phone', '+49 170 1'),
         'provider_info', '{"id": 1, "name": "Riverside", "company_name": "Riverside"}'::jsonb,
         'booking_event', jsonb_build_object(
             'id', e.id, 'event_type', 'booking.no_show', 'organization_id', 1, 'subject_id', b.id, 'booking_id', b.id,
             'session_id', pg_temp.id('tour 9'), 'description', format('Booking %s: nobody came', b.booking_number),
             'facts', e.facts, 'venue_name', 'After', 'activity_name', 'tour',
             'session_start', '2027-03-03T09:00:00Z', 'session_end', '2027-03-03T10:00:00Z',
             'session_timezone', 'UTC'))::text)
       FROM booking.bookings AS b JOIN booking.booking_events AS e ON e.booking_id = b.id AND e.kind = 'booking.no_show'
      WHERE b.id = pg_temp.id('b')),
    'the payload of a booking''s event');
RESET timezone;
SELECT public.bag_eq(
    $$ SELECT k FROM booking.event_payloads AS p, jsonb_object_keys(p.body -> 'booking_details') AS k
        WHERE p.event_id = (SELECT e.id FROM booking.booking_events AS e
                             WHERE e.booking_id = pg_temp.id('b') AND e.kind = 'booking.no_show') $$,
    $$ SELECT unnest(ARRAY['id', 'booking_number', 'client_id', 'provider_id', 'status', 'payment_status',
                           'refund_status', 'party_size', 'package_id', 'total_price', 'amount_cents', 'currency',
                           'session_id', 'scheduled_start', 'scheduled_end', 'meeting_url', 'notes', 'metadata',
                           'created_at']) $$, 'has the booking''s details');
SELECT public.bag_eq(
    $$ SELECT DISTINCT k FROM booking.event_payloads AS p, jsonb_object_keys(p.body) AS k WHERE p.event_type ~ 'venue' $$,
    $$ SELECT unnest(ARRAY['id', 'event_type', 'description', 'event_id', 'event_time', 'source', 'booking_event',
                           'provider_info', 'system']) $$, 'that of a venue''s has none, and no client');
CREATE FUNCTION pg_temp.price(currency text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    UPDATE booking.bookings AS b SET currency = price.currency, amount_cents = 12345 WHERE b.id = pg_temp.id('b');
    RETURN (SELECT p.body #>> '{booking_details,total_price}' FROM booking.event_payloads AS p
             WHERE p.event_type = 'booking.no_show');
END $$;
SELECT public.is(pg_temp.price(x.currency), x.price, 'prices are in major units: ' || x.currency)
  FROM (VALUES ('JPY', '12345'), ('EUR', '123.45'), ('KWD', '12.345')) AS x (currency, price);

-- The words of others.
SELECT public.is(booking.canonical_event_filter(f.given), f.ours, f.given || ' is ' || f.ours)
  FROM (VALUES ('*', '*'), ('booking.*', 'booking.*'), ('booking:checkin', 'booking.checked_in'),
               ('library:updated', 'venue.updated'), ('court.*', 'activity.*')) AS f (given, ours);

-- The setting. That nothing is too long for a NOTIFY is seen in event_trigger.sql: an error would undo the ten thousand rows.
SELECT public.is(current_setting('pg_booking.notify'), 'coalesced', 'the library is preloaded, so a notifier notifies');
SELECT public.throws_ok($$ SET pg_booking.notify = 'loudly' $$, '22023', NULL, 'in one of the ways that there are');
SELECT public.is((SELECT s.mode FROM booking.notifier_status() AS s), 'coalesced', 'as its status says');
SELECT public.is((SELECT s.commits + s.direct FROM booking.notifier_status() AS s), 0::bigint,
                 'and nothing was told before it is committed');
INSERT INTO pg_temp.seen SELECT e.id FROM booking.booking_events AS e;
SET LOCAL ROLE booking_public;
SELECT public.lives_ok('SET LOCAL pg_booking.notify = off', 'everybody may turn it off for the own session');
SELECT public.throws_ok('SELECT booking.notifier_status()', '42501', NULL, 'but not everybody sees what the notifier does');
RESET ROLE;
SELECT public.results_eq($$ SELECT pg_temp.news('UPDATE booking.venues SET name = ''Silent'' WHERE id = pg_temp.id(''venue'')') $$,
                         $$ VALUES ('venue.updated {"name": "Silent"}') $$, 'and events are written all the same');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
