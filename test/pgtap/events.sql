-- Events: what each change says, whoever makes it and however, and what it does not say. That NOTIFY arrives is tested
-- in e2e/test_events.py, since it needs a commit; partitions are in event_partitions.sql, the trigger itself
-- in event_trigger.sql, and what is shown of events in event_views.sql.

BEGIN;
\ir shared/fixture.sql
\ir shared/events.sql
SELECT public.plan(88);

-- The template and the fixture: every row of the catalogue has said that it was made.
SELECT public.bag_eq(
    $$ SELECT e.kind, count(*) FROM booking.booking_events AS e GROUP BY e.kind $$,
    $$ VALUES ('venue.created', 2::bigint), ('activity.created', 4), ('sessions.generated', 5) $$,
    'what the fixture has made is told');
SELECT public.is_empty(
    $$ SELECT e.id FROM booking.booking_events AS e
        WHERE booking.organization_of(e.id) <> e.organization_id OR abs(extract(epoch FROM e.occurred_at - booking.clock())) > 60
           OR NOT EXISTS (SELECT 1 FROM booking.event_kinds() AS k WHERE k.kind = e.kind) $$,
    'with ids of the organization, the time by the clock of holds, and a kind that is listed');

-- Holds, by our functions.
SELECT public.results_eq(
    $$ SELECT pg_temp.news('SELECT pg_temp.hold(''h'', ''tour 9'', 2, ''mia@example.org'')') $$,
    $$ VALUES ('reservation.held {"expires_at": <then>, "party_size": 2}') $$, 'a hold');
SELECT public.results_eq(
    $$ SELECT e.organization_id, pg_temp.with_names(concat_ws(' ', e.subject_id, e.session_id)), e.booking_id
         FROM booking.booking_events AS e WHERE e.kind = 'reservation.held' $$,
    $$ VALUES (1, '<h> <tour 9>', NULL::uuid) $$, 'names the reservation and its session');
SELECT pg_temp.set_clock('2027-03-01 12:05 UTC') \g /dev/null
SELECT public.results_eq(
    $$ SELECT pg_temp.news('SELECT booking.extend_reservation(pg_temp.id(''h''))') $$,
    $$ VALUES ('reservation.extended {"expires_at": <then>, "party_size": 2}') $$, 'a hold that is extended');
SELECT public.is((SELECT (e.facts ->> 'expires_at')::timestamptz FROM booking.booking_events AS e
                   WHERE e.kind = 'reservation.extended'),
                 (SELECT r.expires_at FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('h')),
                 'with the time until which it lasts now');
SELECT pg_temp.news('SELECT pg_temp.hold(''changed'', ''massage 9'', 1)') \g /dev/null
SELECT public.results_eq(
    $$ SELECT pg_temp.news('INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor)'
                           ' VALUES (1, pg_temp.id(''massage''), ''adult'', ''Adult'', 2500)') $$,
    $$ VALUES ('pricing.updated {"units": {"adult": {"pax_count": 1, "price_minor": 2500}}, "status": "active", "currency": "EUR"}') $$,
    'a unit that is sold from now on');
SELECT public.results_eq(
    $$ SELECT regexp_replace(pg_temp.news('SELECT booking.update_reservation_units(pg_temp.id(''changed''), ''[{"unit": "adult"}]'')'), ' .*', '') $$,
    $$ VALUES ('reservation.updated') $$, 'a hold that is changed');
SELECT public.results_eq($$ SELECT pg_temp.news('UPDATE booking.activity_units SET code = ''grown''') $$,
    $$ VALUES ('pricing.updated {"units": {"adult": null, "grown": {"pax_count": 1, "price_minor": 2500}}, "status": "active", "currency": "EUR"}') $$,
    'another code');
SELECT public.is_empty($$ SELECT pg_temp.news('UPDATE booking.activity_units SET title = ''Grown-up''') $$, 'its title is nobody''s price');
SELECT public.is_empty($$ SELECT pg_temp.news('INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor, active)'
                                              ' VALUES (1, pg_temp.id(''massage''), ''secret'', ''Secret'', 1, false)') $$, 'one that is not sold yet is nobody''s business');
SELECT public.is_empty($$ SELECT pg_temp.news('DELETE FROM booking.activity_units WHERE NOT active') $$, 'nor that it goes');
SELECT public.results_eq($$ SELECT pg_temp.news('DELETE FROM booking.activity_units') $$,
    $$ VALUES ('pricing.updated {"units": {"grown": null}, "status": "active", "currency": "EUR"}') $$, 'and one that is not');
SELECT pg_temp.news('SELECT booking.cancel_reservation(pg_temp.id(''changed''))') \g /dev/null
SELECT public.results_eq(
    $$ SELECT regexp_replace(pg_temp.news('SELECT pg_temp.hold(''c'', ''tour 9'', 1)'), ' .*', '')
        UNION ALL
       SELECT regexp_replace(pg_temp.news('SELECT booking.cancel_reservation(pg_temp.id(''c''))'), ' .*', '') $$,
    $$ VALUES ('reservation.held'), ('reservation.cancelled') $$, 'a hold that is cancelled');
SELECT public.is_empty(
    $$ SELECT pg_temp.news('SELECT booking.cancel_reservation(pg_temp.id(''c''))') $$,
    'cancelled again, nothing happens');

-- A booking.
SELECT public.results_eq(
    $$ SELECT pg_temp.news('SELECT booking.confirm_reservation(pg_temp.id(''h''), NULL, ''Mia Muster'', ''+49 170 1'')') $$,
    $$ VALUES ('booking.created {"status": "confirmed", "currency": "EUR", "party_size": 2, "amount_cents": 0, '
               '"scheduled_end": "2027-03-03T10:00:00+00:00", "payment_status": "not_required", '
               '"scheduled_start": "2027-03-03T09:00:00+00:00"}'),
              ('booking.confirmed {"status": "confirmed"}') $$,
    'confirming makes a booking; that the reservation is confirmed is no news beside it');
INSERT INTO pg_temp.named (name, id) SELECT 'b', b.id FROM booking.bookings AS b;
SELECT public.is(
    (SELECT DISTINCT pg_temp.with_names(concat_ws(' ', e.subject_id, e.session_id, e.booking_id))
       FROM booking.booking_events AS e WHERE e.kind ~ '^booking'), '<b> <tour 9> <b>', 'with its ids');

-- What becomes of it, by anybody's own statement.
SELECT public.results_eq(format('SELECT pg_temp.news(%L)', c.change), c.told, c.change)
  FROM (VALUES
    ('UPDATE booking.bookings SET status = status', ARRAY[]::text[]),
    ('UPDATE booking.bookings SET version = 2, expires_at = now(), token_hash = ''x''', '{}'),
    ('UPDATE booking.bookings SET status = ''checked_in''',
     ARRAY['booking.checked_in {"status": "checked_in", "previous_status": "confirmed"}']),
    ('UPDATE booking.bookings SET status = ''confirmed''',
     ARRAY['booking.confirmed {"status": "confirmed", "previous_status": "checked_in"}']),
    ('UPDATE booking.bookings SET status = ''no_show''',
     ARRAY['booking.no_show {"status": "no_show", "previous_status": "confirmed"}']),
    ('UPDATE booking.bookings SET status = ''checked_in''',
     ARRAY['booking.checked_in {"status": "checked_in", "previous_status": "no_show"}']),
    ('UPDATE booking.bookings SET status = ''checked_out''',
     ARRAY['booking.checked_out {"status": "checked_out", "previous_status": "checked_in"}']),
    ('UPDATE booking.bookings SET status = ''checked_in''',
     ARRAY['booking.checked_in {"status": "checked_in", "previous_status": "checked_out"}']),
    ('UPDATE booking.bookings SET status = ''confirmed''',
     ARRAY['booking.confirmed {"status": "confirmed", "previous_status": "checked_in"}']),
    ('UPDATE booking.bookings SET scheduled_start = scheduled_start + interval ''2 hours'', scheduled_end = scheduled_end + interval ''2 hours'', session_id = pg_temp.id(''tour 11'')',
     ARRAY['booking.rescheduled {"session_id": "<tour 11>", "scheduled_end": "2027-03-03T12:00:00+00:00", '
           '"previous_start": "2027-03-03T09:00:00+00:00", "scheduled_start": "2027-03-03T11:00:00+00:00", '
           '"previous_session_id": "<tour 9>"}']),
    ('UPDATE booking.bookings SET needs_reschedule = true, calendar_refusal = ''slot_taken''',
     ARRAY['booking.needs_reschedule {"reason": "slot_taken"}']),
    ('UPDATE booking.bookings SET needs_reschedule = false, calendar_refusal = NULL', '{}'),
    ('UPDATE booking.bookings SET scheduled_end = scheduled_end + interval ''1 hour''',
     ARRAY['booking.updated {"scheduled_end": "2027-03-03T13:00:00+00:00"}']),
    ('UPDATE booking.bookings SET payment_status = ''pending'', amount_cents = 900, party_size = 3',
     ARRAY['payment.pending {"currency": "EUR", "amount_cents": 900, "payment_status": "pending", '
           '"previous_payment_status": "not_required"}', 'booking.updated {"party_size": 3, "amount_cents": 900}']),
    ('UPDATE booking.bookings SET payment_status = ''failed''',
     ARRAY['payment.failed {"currency": "EUR", "amount_cents": 900, "payment_status": "failed", '
           '"previous_payment_status": "pending"}']),
    ('UPDATE booking.bookings SET payment_status = ''paid''',
     ARRAY['payment.paid {"currency": "EUR", "amount_cents": 900, "payment_status": "paid", '
           '"previous_payment_status": "failed"}']),
    ('UPDATE booking.bookings SET payment_status = ''partially_refunded''',
     ARRAY['payment.partially_refunded {"currency": "EUR", "amount_cents": 900, '
           '"payment_status": "partially_refunded", "previous_payment_status": "paid"}']),
    ('UPDATE booking.bookings SET payment_status = ''refunded''',
     ARRAY['payment.refunded {"currency": "EUR", "amount_cents": 900, "payment_status": "refunded", '
           '"previous_payment_status": "partially_refunded"}']),
    ('UPDATE booking.bookings SET customer_name = ''Max'', customer_email = ''max@example.org'', customer_phone = NULL, notes = ''secret'', metadata = ''{"a": 1}'', meeting_url = ''https://meet.example''',
     ARRAY['booking.updated {"changed": ["customer_email", "customer_name", "customer_phone", "meeting_url", '
           '"metadata", "notes"]}']),
    ('UPDATE booking.bookings SET notes = ''more'', party_size = 4',
     ARRAY['booking.updated {"changed": ["notes"], "party_size": 4}']),
    ('UPDATE booking.bookings SET status = ''cancelled'', refund_status = ''due''',
     ARRAY['booking.cancelled {"status": "cancelled", "previous_status": "confirmed"}',
           'refund.due {"refund_status": "due", "previous_refund_status": "none"}']),
    ('UPDATE booking.bookings SET refund_status = ''pending''',
     ARRAY['refund.pending {"refund_status": "pending", "previous_refund_status": "due"}']),
    ('UPDATE booking.bookings SET refund_status = ''failed''',
     ARRAY['refund.failed {"refund_status": "failed", "previous_refund_status": "pending"}']),
    ('UPDATE booking.bookings SET refund_status = ''done''',
     ARRAY['refund.done {"refund_status": "done", "previous_refund_status": "failed"}'])) AS c (change, told);

-- A booking whose time is chosen later.
INSERT INTO pg_temp.named (name, id) VALUES ('p', booking.new_id(1));
SELECT public.results_eq(format('SELECT pg_temp.news(%L)', c.change), c.told, c.change)
  FROM (VALUES
    ('INSERT INTO booking.bookings (organization_id, id, booking_number, customer_email, status, payment_status, currency, amount_cents) VALUES (1, pg_temp.id(''p''), ''P1'', ''p@example.org'', ''pending'', ''pending'', ''EUR'', 500)',
     ARRAY['booking.created {"status": "pending", "currency": "EUR", "party_size": 1, "amount_cents": 500, '
           '"payment_status": "pending"}']),
    ('UPDATE booking.bookings SET status = ''paid'', payment_status = ''paid'' WHERE booking_number = ''P1''',
     ARRAY['booking.paid {"status": "paid", "previous_status": "pending"}',
           'payment.paid {"currency": "EUR", "amount_cents": 500, "payment_status": "paid", '
           '"previous_payment_status": "pending"}']),
    ('UPDATE booking.bookings SET status = ''scheduled'', scheduled_start = ''2027-05-01 10:00Z'', scheduled_end = ''2027-05-01 11:00Z'' WHERE booking_number = ''P1''',
     ARRAY['booking.scheduled {"status": "scheduled", "session_id": null, "scheduled_end": "2027-05-01T11:00:00+00:00", '
           '"previous_status": "paid", "scheduled_start": "2027-05-01T10:00:00+00:00"}']),
    ('UPDATE booking.bookings SET scheduled_start = NULL, scheduled_end = NULL WHERE booking_number = ''P1''',
     ARRAY['booking.updated {"scheduled_end": null, "scheduled_start": null}']),
    ('UPDATE booking.bookings SET scheduled_start = ''2027-05-02 10:00Z'' WHERE booking_number = ''P1''',
     ARRAY['booking.updated {"scheduled_start": "2027-05-02T10:00:00+00:00"}']),
    ('DELETE FROM booking.bookings WHERE booking_number = ''P1''', '{}')) AS c (change, told);

-- Holds that run out, all at once, in one statement; late payment is a booking and no more.
SELECT pg_temp.hold(n, 'tour 11', 1) FROM unnest(ARRAY['e1', 'e2', 'e3']) AS n \g /dev/null
INSERT INTO pg_temp.seen SELECT e.id FROM booking.booking_events AS e;
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.results_eq(
    $$ SELECT split_part(n, ' ', 1), count(*)
         FROM pg_temp.news('SELECT booking.release_expired_reservations()') AS n GROUP BY 1 $$,
    $$ VALUES ('reservation.expired', 3::bigint) $$, 'each hold that ran out is told');
SELECT public.bag_eq(
    $$ SELECT split_part(n, ' ', 1)
         FROM pg_temp.news('SELECT booking.confirm_reservation(pg_temp.id(''e1''))') AS n $$,
    $$ VALUES ('booking.created'), ('booking.confirmed') $$, 'a late payment');

-- By hand: a reservation that is settled when it is written was never held; one that becomes shorter was not extended.
SELECT public.is_empty($$ SELECT pg_temp.news('INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status, expires_at, created_at, settled_at, token_hash) SELECT 1, booking.new_id(1), r.session_id, 1, ''x@example.org'', ''expired'', now(), now(), now(), '''' FROM booking.slot_reservations AS r LIMIT 1') $$,
    'a settled reservation that is written by hand makes no event');
SELECT pg_temp.hold('s', 'court 9', 1) \g /dev/null
INSERT INTO pg_temp.seen SELECT e.id FROM booking.booking_events AS e;
SELECT public.is_empty($$ SELECT pg_temp.news('UPDATE booking.slot_reservations SET expires_at = expires_at - interval ''1 minute''') $$,
    'nor does a hold that is made shorter');
SELECT public.is_empty($$ SELECT pg_temp.news('DELETE FROM booking.slot_reservations WHERE status = ''expired''') $$,
    'nor do reservations that are tidied away');

-- An organization that does not want events of its holds.
UPDATE booking.organizations SET reservation_events = false WHERE organization_id = 2;
SELECT public.is_empty($$ SELECT pg_temp.news('SELECT pg_temp.hold(''q'', ''hike 9'', 1)') $$,
                       'an organization may do without events of holds');
SELECT public.is_empty(
    $$ SELECT pg_temp.news('UPDATE booking.slot_reservations SET expires_at = expires_at + interval ''1 minute'' WHERE organization_id = 2')
        UNION ALL SELECT pg_temp.news('SELECT booking.cancel_reservation(pg_temp.id(''q''))') $$,
    'also when they are extended or cancelled');
SELECT pg_temp.hold('q2', 'hike 9', 1) \g /dev/null
SELECT public.results_eq(
    $$ SELECT split_part(n, ' ', 1)
         FROM pg_temp.news('SELECT booking.confirm_reservation(pg_temp.id(''q2''))') AS n $$,
    $$ VALUES ('booking.created'), ('booking.confirmed') $$, 'bookings are told all the same');

-- A trigger of the owner's that writes holds of its own while ours is written, and changes ours: each has one event, which
-- says what the row says.
SET LOCAL ROLE booking_owner;
CREATE FUNCTION booking.tap_more() RETURNS trigger VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.party_size = 3 THEN
        PERFORM booking.reserve_slot(NEW.session_id, 1, 'nested@example.org');
        INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, created_at,
                                               expires_at, token_hash)
        VALUES (NEW.organization_id, booking.new_id(NEW.organization_id), NEW.session_id, 5, 'own@example.org',
                NEW.created_at, NEW.expires_at, '');
        NEW.expires_at := NEW.expires_at + interval '5 minutes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tap_more BEFORE INSERT ON booking.slot_reservations FOR EACH ROW EXECUTE FUNCTION booking.tap_more();
RESET ROLE;
SELECT pg_temp.news('SELECT pg_temp.add_session(''tour 14'', 1, ''tour'', ''2027-03-03 14:00 UTC'', 4)') \g /dev/null
SELECT public.results_eq(
    $$ SELECT pg_temp.news('SELECT pg_temp.hold(''outer'', ''tour 14'', 3)') $$,
    $$ VALUES ('reservation.held {"expires_at": <then>, "party_size": 1}'),
              ('reservation.held {"expires_at": <then>, "party_size": 5}'),
              ('reservation.held {"expires_at": <then>, "party_size": 3}') $$, 'holds within a hold');
SELECT public.is_empty(
    $$ SELECT 1 FROM booking.slot_reservations AS r
         LEFT JOIN booking.booking_events AS e ON e.subject_id = r.id AND e.kind = 'reservation.held'
        WHERE r.session_id = pg_temp.id('tour 14')
          AND (e.facts ->> 'expires_at')::timestamptz IS DISTINCT FROM r.expires_at $$,
    'each with the end that it has');
SELECT public.is((SELECT count(*) FROM booking.slot_reservations AS r WHERE r.session_id = pg_temp.id('tour 14')), 3::bigint,
                 'of three rows');
SET LOCAL ROLE booking_owner;
DROP TRIGGER tap_more ON booking.slot_reservations;
RESET ROLE;
SELECT pg_temp.news('DELETE FROM booking.slot_reservations WHERE session_id = pg_temp.id(''tour 14'')') \g /dev/null
SELECT pg_temp.news('DELETE FROM booking.sessions WHERE id = pg_temp.id(''tour 14'')') \g /dev/null
DELETE FROM booking.booking_events WHERE kind = 'sessions.removed';

-- The catalogue.
SELECT public.results_eq(format('SELECT pg_temp.news(%L)', c.change), c.told, c.change)
  FROM (VALUES
    ('INSERT INTO booking.venues (organization_id, name, timezone, embed_key) VALUES (1, ''Pier'', ''Asia/Tokyo'', ''pier-key'')',
     ARRAY['venue.created {"name": "Pier", "timezone": "Asia/Tokyo", "embed_key": "pier-key"}']),
    ('UPDATE booking.venues SET name = ''Quay'', allowed_origins = ''{https://example.org}'' WHERE name = ''Pier''',
     ARRAY['venue.updated {"name": "Quay", "changed": ["allowed_origins"]}']),
    ('UPDATE booking.venues SET name = name WHERE name = ''Quay''', '{}'),
    ('DELETE FROM booking.venues WHERE name = ''Quay''', ARRAY['venue.deleted {"name": "Quay"}']),
    ('UPDATE booking.activities SET capacity = 6, schedule = schedule || ''{"endTime": "11:00"}'', stripe_price_id = ''price_1'', unpaid_percent_max = 100 WHERE name = ''tour''',
     ARRAY['activity.updated {"status": "active", "changed": ["schedule", "stripe_price_id", "unpaid_percent_max"], "capacity": 6}']),
    ('UPDATE booking.activities SET price_minor = 700, status = ''inactive'' WHERE name = ''tour''',
     ARRAY['activity.updated {"status": "inactive", "previous_status": "active"}',
           'pricing.updated {"status": "inactive", "currency": "EUR", "price_basis": "seat", "price_minor": 700, '
           '"previous_status": "active", "previous_price_minor": 0}']),
    ('UPDATE booking.activities SET currency = ''CHF'' WHERE name = ''tour''',
     ARRAY['pricing.updated {"status": "inactive", "currency": "CHF", "price_basis": "seat", "price_minor": 700, '
           '"previous_price_minor": 700}']),
    ('INSERT INTO booking.activities (organization_id, venue_id, name, schedule, capacity) SELECT 1, pg_temp.id(''venue''), ''walk'', a.schedule, 2 FROM booking.activities AS a WHERE a.name = ''tour''',
     ARRAY['activity.created {"name": "walk", "status": "active", "capacity": 2, "currency": "USD", "venue_id": "<venue>", '
           '"price_basis": "seat", "price_minor": 0}']),
    ('DELETE FROM booking.activities WHERE name = ''walk''',
     ARRAY['activity.deleted {"name": "walk", "status": "active", "venue_id": "<venue>"}'])) AS c (change, told);

-- Sessions: one event an activity and statement. Counters are no news.
SELECT public.results_eq(
    $$ SELECT pg_temp.news('SELECT booking.generate_activity_sessions(pg_temp.id(''massage''), ''2027-03-08'', 14)') $$,
    $$ VALUES ('sessions.generated {"count": 2, "last_start": "2027-03-15T08:00:00+00:00", '
               '"first_start": "2027-03-08T08:00:00+00:00"}') $$, 'generation is one event a call');
SELECT public.is_empty(
    $$ SELECT pg_temp.news('SELECT booking.generate_activity_sessions(pg_temp.id(''massage''), ''2027-03-08'', 14)') $$,
    'generating the same again is none');
SELECT public.bag_eq(
    $$ SELECT pg_temp.with_names(e.subject_id::text), e.session_id, e.facts ->> 'count'
         FROM booking.booking_events AS e WHERE e.kind = 'sessions.generated' AND e.facts ->> 'count' > '1' $$,
    $$ VALUES ('<massage>', NULL::uuid, '2') $$, 'and is about the activity');
SELECT public.is_empty(
    $$ SELECT pg_temp.news('UPDATE booking.sessions SET remaining = remaining, oversold_by = oversold_by, lane_count = lane_count')
        UNION ALL SELECT pg_temp.news('SELECT booking.set_session_lanes(pg_temp.id(''massage 9''), 3)')
        UNION ALL SELECT pg_temp.news('UPDATE booking.sessions SET status = status, capacity_total = capacity_total') $$,
    'counters, lanes and what stays the same make none');
SELECT public.results_eq(
    $$ SELECT pg_temp.news('UPDATE booking.sessions SET status = ''closed'' WHERE id = pg_temp.id(''tour 9'')')
        UNION ALL SELECT pg_temp.news('UPDATE booking.sessions SET capacity_total = 9 WHERE id = pg_temp.id(''tour 9'')') $$,
    $$ VALUES ('sessions.updated {"status": "closed", "previous_status": "open"}'),
              ('sessions.updated {"capacity_total": 9, "previous_capacity_total": 4}') $$,
    'a session that is closed, or gets another capacity');
SELECT public.is((SELECT DISTINCT pg_temp.with_names(concat_ws(' ', e.subject_id, e.session_id))
                    FROM booking.booking_events AS e WHERE e.kind = 'sessions.updated'), '<tour 9> <tour 9>',
                 'is named');
SELECT public.bag_eq(
    $$ SELECT pg_temp.with_names(x.n) FROM pg_temp.news('DELETE FROM booking.sessions WHERE start_time > ''2027-03-04'' OR activity_id = pg_temp.id(''court'')') AS x (n) $$,
    $$ VALUES ('sessions.removed {"count": 2, "last_start": "2027-03-15T08:00:00+00:00", '
               '"first_start": "2027-03-08T08:00:00+00:00"}'),
              ('sessions.removed {"count": 1, "last_start": "2027-03-03T09:00:00+00:00", '
               '"first_start": "2027-03-03T09:00:00+00:00"}') $$, 'sessions that are removed, an event an activity');
SELECT public.is((SELECT pg_temp.with_names(e.session_id::text) FROM booking.booking_events AS e
                   WHERE e.kind = 'sessions.removed' AND e.facts ->> 'count' = '1'), '<court 9>',
                 'a single session is named');

-- Resources, what uses them, and periods that are blocked.
SELECT public.results_eq(format('SELECT pg_temp.news(%L)', c.change), c.told, c.change)
  FROM (VALUES
    ('INSERT INTO booking.resources (organization_id, id, venue_id, name) VALUES (1, booking.new_id(1), pg_temp.id(''venue''), ''Lawn'')',
     ARRAY['resource.created {"name": "Lawn", "venue_id": "<venue>"}']),
    ('UPDATE booking.resources SET name = ''Grass'' WHERE name = ''Lawn''', ARRAY['resource.updated {"name": "Grass", "venue_id": "<venue>"}']),
    ('UPDATE booking.resources SET name = name', '{}'),
    ('SELECT booking.use_resource(pg_temp.id(''tour''), q.id) FROM booking.resources AS q', ARRAY['activity.updated {"status": "inactive", "changed": ["resources"]}']),
    ('SELECT booking.use_resource(pg_temp.id(''tour''), q.id, 5) FROM booking.resources AS q', ARRAY['activity.updated {"status": "inactive", "changed": ["resources"]}']),
    ('SELECT booking.stop_using_resource(pg_temp.id(''tour''), q.id) FROM booking.resources AS q', ARRAY['activity.updated {"status": "inactive", "changed": ["resources"]}']),
    ('DELETE FROM booking.resources WHERE name = ''Grass''', ARRAY['resource.deleted {"name": "Grass", "venue_id": "<venue>"}']),
    ('SELECT booking.block_period(pg_temp.id(''venue''), ''2027-05-01'', ''2027-05-02'', ''May Day'')',
     ARRAY['period.blocked {"reason": "May Day", "ends_at": "2027-05-02T00:00:00+00:00", "venue_id": "<venue>", "starts_at": "2027-05-01T00:00:00+00:00"}']),
    ('SELECT booking.unblock_period(p.id) FROM booking.blocked_periods AS p',
     ARRAY['period.unblocked {"reason": "May Day", "ends_at": "2027-05-02T00:00:00+00:00", "venue_id": "<venue>", "starts_at": "2027-05-01T00:00:00+00:00"}'])) AS c (change, told);

-- Every kind was seen but those about webhooks, about waiting lists (waitlist.sql) and about money that is not as it
-- should be (payments.sql), and no event knows a person.
SELECT public.bag_eq(
    $$ SELECT k.kind FROM booking.event_kinds() AS k EXCEPT SELECT e.kind FROM booking.booking_events AS e $$,
    $$ VALUES ('webhook.test'), ('webhook.failed'), ('provider_call.failed'), ('payment.conflict'), ('payment.unmatched'), ('payment.disputed'),
              ('waitlist.joined'), ('waitlist.offered'), ('waitlist.taken'), ('waitlist.left'), ('waitlist.expired'),
              ('waitlist.closed'),
              ('customer.erased') $$,
    'all other kinds were made here');
SELECT public.is_empty(
    $$ SELECT e.facts FROM booking.booking_events AS e
        WHERE e::text ~* 'mia|muster|\mmax\M|example\.org|\+49|secret|more|meet\.|price_1|@' $$,
    'no event has a name, an address, a note or what is nobody''s business');
SELECT public.is_empty(
    $$ SELECT e.id FROM booking.booking_events AS e LEFT JOIN booking.event_kinds() AS k ON k.kind = e.kind
        WHERE k.kind IS NULL $$, 'and none is of a kind that is not listed');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
