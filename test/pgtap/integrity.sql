-- integrity_check() must find what it promises to find: each invariant is broken once by hand, past all triggers and
-- foreign keys, and must be the only one reported, with the object that is wrong.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
SELECT public.plan(38);

-- Sound books with something of every kind: held, expired, released, cancelled, confirmed late, sold out, oversold.
SELECT pg_temp.hold('released', 'tour 9', 1) \g /dev/null
SELECT pg_temp.hold('late', 'tour 9', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:20 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('late')) \g /dev/null
SELECT pg_temp.hold('expired', 'hike 9', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:40 UTC') \g /dev/null
SELECT pg_temp.hold('held', 'tour 9', 2) \g /dev/null
SELECT pg_temp.hold('cancelled', 'tour 9', 1) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('cancelled')) \g /dev/null
SELECT pg_temp.hold('sold', 'court 9', 4) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('sold')) \g /dev/null
SELECT booking.create_default_packages(1, 'EUR', 100, 300, 900, 2, 12, pg_temp.id('tour')) \g /dev/null
INSERT INTO pg_temp.named (name, id, token)
SELECT 'package', (b ->> 'bookingId')::uuid, b ->> 'bookingToken'
  FROM booking.booking_create(1, '{"packageId": "monthly", "customerName": "Ada", "customerEmail": "ada@example.org"}') AS b;
UPDATE booking.bookings SET status = 'paid', payment_status = 'paid' WHERE id = pg_temp.id('package');
SELECT pg_temp.add_session('tour ' || d, 1, 'tour', format('2027-03-%s 09:00 UTC', d)::timestamptz, 2),
       booking.booking_schedule(jsonb_build_object('bookingToken', pg_temp.token('package'), 'startTime',
           format('2027-03-%sT09:00:00Z', d), 'endTime', format('2027-03-%sT10:00:00Z', d)))
  FROM (VALUES ('08'), ('10')) AS x (d) \g /dev/null
SELECT pg_temp.source('shop', 'hmac') \g /dev/null
SELECT pg_temp.simple('1', 'payment.paid', '{"id": "p", "amount": 40, "currency": "EUR",
    "metadata": {"reservation_id": "id:sold"}}'),
       pg_temp.simple('2', 'refund.done', '{"id": "r", "payment_id": "p", "amount": 10, "currency": "EUR"}') \g /dev/null
INSERT INTO pg_temp.named (name, id) SELECT 'payment', p.id FROM booking.payments AS p;
INSERT INTO pg_temp.named (name, id) SELECT 'refund', f.id FROM booking.refunds AS f;
INSERT INTO pg_temp.named (name, id)
SELECT 'booking of ' || n.name, b.id FROM pg_temp.named AS n JOIN booking.bookings AS b ON b.reservation_id = n.id;
SELECT booking.relay_sequence() \g /dev/null
INSERT INTO pg_temp.named (name, id)
SELECT 'last event', p.event_id FROM booking.event_positions AS p WHERE p.seq = (SELECT max(x.seq) FROM booking.event_positions AS x);
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'sound books violate nothing');

-- One seat less than what is sold: allowed, counted in oversold_by, and paid back first.
UPDATE booking.sessions SET capacity_total = 3, remaining = 0, oversold_by = 1 WHERE id = pg_temp.id('court 9');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'an oversold session that says so is sound');
SELECT public.is(booking.check_slot_availability(pg_temp.id('court 9'), 1), false, 'it has no seat to sell');
SELECT public.is((SELECT s.seats_available FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id('court 9')), 0,
                 'and shows none');
UPDATE booking.sessions SET capacity_total = 2, remaining = 0, oversold_by = 1 WHERE id = pg_temp.id('tour 9');
SELECT booking.cancel_reservation(pg_temp.id('held')) \g /dev/null
SELECT public.is((SELECT format('%s %s', s.remaining, s.oversold_by) FROM booking.sessions AS s
                   WHERE s.id = pg_temp.id('tour 9')), '1 0', 'seats given back make up for the overselling first');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'and the books are sound');

-- Breaks the books, looks, and mends them. Columns of the answer: invariant and the name of the object.
CREATE FUNCTION pg_temp.violations(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    BEGIN
        SET LOCAL session_replication_role = 'replica';
        EXECUTE statement;
        SELECT string_agg(format('%s %s of %s', i.invariant, COALESCE(n.name, 'another'), i.organization_id), ', '
                          ORDER BY i.invariant, n.name)
          INTO answer
          FROM booking.integrity_check() AS i LEFT JOIN pg_temp.named AS n ON n.id = i.object_id
         WHERE i.detail <> '';
        RAISE EXCEPTION 'mend' USING ERRCODE = 'TAP01';
    EXCEPTION WHEN SQLSTATE 'TAP01' THEN
        RETURN answer;
    END;
END $$;

SELECT public.is(pg_temp.violations(b.statement), b.answer, b.description)
  FROM (VALUES
    ('UPDATE booking.sessions SET remaining = remaining - 1 WHERE id = pg_temp.id(''tour 11'')',
     'seats_add_up tour 11 of 1', 'a seat lost'),
    ('UPDATE booking.sessions SET remaining = remaining + 1 WHERE id = pg_temp.id(''hike 9'')',
     'seats_add_up hike 9 of 2', 'a seat too many'),
    ('UPDATE booking.sessions SET capacity_total = 9 WHERE id = pg_temp.id(''tour 9'')',
     'seats_add_up tour 9 of 1', 'a capacity changed by hand'),
    ('UPDATE booking.sessions SET remaining = 1, oversold_by = 2 WHERE id = pg_temp.id(''court 9'')',
     'seats_add_up court 9 of 1', 'seats for sale in an oversold session'),
    ('UPDATE booking.slot_reservations SET status = ''expired'', settled_at = now() WHERE id = pg_temp.id(''expired'')',
     'seats_add_up hike 9 of 2', 'a hold expired without giving its seats back'),
    ('UPDATE booking.slot_reservations SET status = ''pending'', settled_at = NULL WHERE id = pg_temp.id(''released'')',
     'seats_add_up tour 9 of 1', 'a released hold that came back'),
    ('UPDATE booking.slot_reservations SET party_size = 1 WHERE id = pg_temp.id(''expired'')',
     'seats_add_up hike 9 of 2', 'a party changed in the hold only'),
    ('DELETE FROM booking.slot_reservations WHERE id = pg_temp.id(''expired'')',
     'seats_add_up hike 9 of 2', 'a hold deleted'),
    ('DELETE FROM booking.sessions WHERE id = pg_temp.id(''hike 9'')',
     'reservation_has_session expired of 2', 'a session deleted under a hold'),
    ('DELETE FROM booking.sessions WHERE id = pg_temp.id(''court 9'')',
     'booking_has_session booking of sold of 1, reservation_has_session sold of 1',
     'a session deleted under a booking'),
    ('UPDATE booking.sessions SET organization_id = 2 WHERE id = pg_temp.id(''tour 11'')',
     'session_has_organization tour 11 of 2', 'a session moved to another organization'),
    ('DELETE FROM booking.bookings WHERE id = pg_temp.id(''booking of sold'')',
     'confirmed_reservation_has_booking sold of 1', 'a booking deleted'),
    ('UPDATE booking.bookings SET status = ''cancelled'' WHERE id = pg_temp.id(''booking of sold'')',
     'booking_holds_its_seats booking of sold of 1', 'a booking cancelled that keeps its seats'),
    ('UPDATE booking.bookings SET party_size = 3 WHERE id = pg_temp.id(''booking of sold'')',
     'booking_holds_its_seats booking of sold of 1', 'a booking for more or fewer than it holds'),
    ('UPDATE booking.bookings SET session_id = pg_temp.id(''tour 9'') WHERE id = pg_temp.id(''booking of sold'')',
     'booking_holds_its_seats booking of sold of 1', 'a booking of another session than its seats'),
    ('UPDATE booking.bookings SET sessions_included = 1 WHERE id = pg_temp.id(''package'')',
     'package_has_bought_its_sessions package of 1', 'more sessions scheduled than bought'),
    ('UPDATE booking.bookings SET token_hash = NULL WHERE id = pg_temp.id(''package'')',
     'session_belongs_to_package another of 1', 'a session of what is no package'),
    ('UPDATE booking.bookings SET payment_status = ''paid'' WHERE id = pg_temp.id(''booking of sold'')',
     'booking_agrees_with_payments booking of sold of 1', 'a booking that hides a refund'),
    ('UPDATE booking.bookings SET payment_status = ''refunded'' WHERE id = pg_temp.id(''booking of sold'')',
     'booking_agrees_with_payments booking of sold of 1', 'a booking that boasts of one'),
    ('UPDATE booking.refunds SET amount_minor = 500',
     'payment_agrees_with_refunds payment of 1', 'a refund changed behind its payment'),
    ('UPDATE booking.payments SET status = ''refunded''',
     'payment_agrees_with_refunds payment of 1', 'a payment that says more than its refunds'),
    ('UPDATE booking.refunds SET amount_minor = 3001, status = ''due'', provider_ref = NULL, was_done = false;'
     ' UPDATE booking.payments SET reported_refunded_minor = 1000',
     'no_more_is_due_than_arrived refund of 1', 'more due than there is'),
    ('UPDATE booking.payments SET booking_id = NULL, accepted = false, is_first = false',
     'late_money_goes_back payment of 1', 'money for a hold, of which nobody knows'),
    ('UPDATE booking.payments SET booking_id = NULL, accepted = false, is_first = false;'
     ' INSERT INTO booking.refunds (organization_id, id, payment_id, provider, status, amount_minor, currency, created_at,'
     ' updated_at) SELECT 1, pg_temp.id(''tour''), p.id, p.provider, ''due'', 3000, ''EUR'', now(), now()'
     ' FROM booking.payments AS p',
     'paid_hold_keeps_its_money tour of 1', 'money due that has paid for a booking'),
    ('UPDATE booking.payments SET refunded_minor = 999',
     'payment_agrees_with_refunds payment of 1', 'less refunded than was done'),
    ('INSERT INTO booking.sessions SELECT s.organization_id, booking.new_id(1), s.activity_id,'
     ' s.start_time + interval ''30 minutes'', s.end_time, s.local_date, 4, 4, 0, 0, ''open'', s.timezone'
     ' FROM booking.sessions AS s WHERE s.id = pg_temp.id(''tour 11'')',
     'sessions_do_not_overlap another of 1', 'two sessions of an activity at a time'),
    ('UPDATE booking.event_positions SET seq = seq + 1 WHERE seq >= 3; UPDATE booking.event_sequencer SET last_seq = last_seq + 1',
     'positions_have_no_gap another of 1', 'a number left out'),
    ('UPDATE booking.event_positions SET seq = seq - 1 WHERE seq >= 3; UPDATE booking.event_sequencer SET last_seq = last_seq - 1',
     'positions_have_no_gap another of 1', 'a number given twice'),
    ('UPDATE booking.event_sequencer SET last_seq = last_seq - 1',
     'last_position_is_known last event of 1', 'a number that would be given again'),
    ('DELETE FROM booking.booking_events WHERE id = pg_temp.id(''last event'')',
     'position_has_event last event of 1', 'an event gone from under its place'))
    AS b (statement, answer, description);

SELECT public.is(pg_temp.violations(
    'INSERT INTO booking.sessions SELECT s.organization_id, booking.new_id(1), s.activity_id,
            s.start_time + interval ''30 minutes'', s.end_time, s.local_date, 4, 4, 0, 0, ''cancelled'', s.timezone
       FROM booking.sessions AS s WHERE s.id = pg_temp.id(''tour 11'')'), NULL, 'a cancelled session does not count');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'and after all this the books are sound again');

SELECT * FROM public.finish();
ROLLBACK;
