-- What events of Cal.com do to the bookings that their appointments belong to.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
SELECT public.plan(47);

SELECT pg_temp.source('calendar', 'calcom'), pg_temp.source('shop', 'hmac') \g /dev/null
CREATE FUNCTION pg_temp.calendar(trigger text, created_at text, uid text, booking_name text DEFAULT NULL,
                                 more text DEFAULT '', start_time text DEFAULT '2027-03-10T10:00:00Z') RETURNS text
    VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.send('calendar', format(
        '{"triggerEvent": "%s", "createdAt": "%s", "payload": {"uid": "%s", "bookingId": 17, "startTime": "%s",'
        ' "endTime": "2027-03-20T00:00:00Z", "metadata": {"videoCallUrl": "https://meet.example/%3$s"%5$s}%6$s}}',
        trigger, created_at, uid, start_time,
        COALESCE(format(', "booking_token": "%s"', pg_temp.token(booking_name)), ''), more)) $$;
CREATE FUNCTION pg_temp.appointment(booking_name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat(b.status, ' ', b.cal_uid, ' ', b.calendar_status, ' ', to_char(b.scheduled_start, 'DD HH24:MI'), ' ',
                  b.meeting_url)
      FROM booking.bookings AS b WHERE b.id = pg_temp.id(booking_name) $$;

SELECT pg_temp.sale(n, 5000, 'paid') FROM unnest(ARRAY['c1', 'c2', 'c3', 'c4', 'c5', 'c6']) AS n \g /dev/null

-- A life in its order.
SELECT public.is(pg_temp.calendar('BOOKING_REQUESTED', '2027-03-01T11:00:00Z', 'u1', 'c1'), 'applied', 'requested');
SELECT public.is(pg_temp.appointment('c1'), 'paid u1 requested 10 10:00 https://meet.example/u1', 'is not scheduled yet');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-01T11:01:00Z', 'u1'), 'applied', 'created, known by its uid');
SELECT public.is(pg_temp.appointment('c1'), 'scheduled u1 accepted 10 10:00 https://meet.example/u1', 'is scheduled');
SELECT public.results_eq($$ SELECT b.cal_booking_id FROM booking.bookings AS b WHERE b.id = pg_temp.id('c1') $$,
                         $$ VALUES ('17') $$, 'and known there by a number');
SELECT public.is(pg_temp.calendar('BOOKING_RESCHEDULED', '2027-03-01T11:02:00Z', 'u2', NULL, ', "rescheduleUid": "u1"',
                                  '2027-03-11T12:00:00Z'), 'applied', 'rescheduled, under a new uid');
SELECT public.is(pg_temp.appointment('c1'), 'scheduled u2 accepted 11 12:00 https://meet.example/u2', 'at the new time');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.kind = 'booking.rescheduled'), 1::bigint, 'told');
SELECT public.is(pg_temp.calendar('BOOKING_RESCHEDULED', '2027-03-01T11:02:00Z', 'u2', NULL, ', "rescheduleUid": "u1"',
                                  '2027-03-11T12:00:00Z'), 'duplicate', 'the same again');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', '2027-03-01T11:03:00Z', 'u2'), 'applied', 'cancelled');
SELECT public.is(pg_temp.appointment('c1'), 'cancelled u2 cancelled 10 10:00 https://meet.example/u2', 'it is cancelled');

-- Out of order: the latest counts.
SELECT public.is(pg_temp.calendar('BOOKING_RESCHEDULED', '2027-03-01T11:02:00Z', 'v2', 'c2', ', "rescheduleUid": "v1"',
                                  '2027-03-11T12:00:00Z'), 'applied', 'rescheduled before it was created');
SELECT public.is(pg_temp.appointment('c2'), 'scheduled v2 accepted 11 12:00 https://meet.example/v2', 'at the new time');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-01T11:01:00Z', 'v1', 'c2'), 'stale', 'created, late');
SELECT public.is(pg_temp.appointment('c2'), 'scheduled v2 accepted 11 12:00 https://meet.example/v2', 'changes nothing');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', '2027-03-01T11:01:00Z', 'w1', 'c3'), 'applied',
                 'cancelled before it was created');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-01T11:00:00Z', 'w1', 'c3'), 'stale', 'created');
SELECT public.is(left(pg_temp.appointment('c3'), 9), 'cancelled', 'it stays cancelled');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', '2027-03-01T11:00:00Z', 'x1', 'c4', ', "requestReschedule": true'),
                 'applied', 'cancelled to be made anew');
SELECT public.is(pg_temp.appointment('c4'), 'paid x1 cancelled  ', 'waits for another time');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-01T11:05:00Z', 'x2', 'c4'), 'applied', 'which comes');
SELECT public.is(pg_temp.appointment('c4'), 'scheduled x2 accepted 10 10:00 https://meet.example/x2', 'scheduled again');
SELECT public.is(pg_temp.calendar('BOOKING_REJECTED', '2027-03-01T11:06:00Z', 'x2'), 'applied', 'and rejected');
SELECT public.is(pg_temp.appointment('c4'), 'paid x2 rejected  ', 'another time may be chosen');
SELECT public.is(pg_temp.calendar('BOOKING_REQUESTED', '2027-03-01T11:06:00Z', 'x2', 'c4'), 'stale', 'of two at once the graver counts');

-- Before the money.
SELECT pg_temp.sale('early') \g /dev/null
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-01T11:00:00Z', 'y1', 'early'), 'applied', 'created, not paid');
SELECT public.is(left(pg_temp.appointment('early'), 10), 'pending y1', 'waits for its money');
SELECT public.is(pg_temp.simple('y', 'payment.succeeded', '{"id": "y", "amount_minor": 5000, "currency": "EUR",
    "metadata": {"booking_token": "token:early"}}'), 'applied', 'which comes');
SELECT public.is(pg_temp.standing('early'), 'scheduled paid none', 'and schedules it');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', '2027-03-01T11:30:00Z', 'y1'), 'applied', 'cancelled there');
SELECT public.is(pg_temp.standing('early') || ', ' || pg_temp.account('y'),
                 'cancelled paid due, paid 5000 EUR -0 accepted due 5000', 'the money is due');

-- What changes nothing.
SELECT public.is(pg_temp.send('calendar', '{"triggerEvent": "PING", "createdAt": "2027-03-01T11:00:00Z", "payload": {}}'),
                 'ignored', 'a ping');
SELECT public.is(pg_temp.send('calendar', '{"triggerEvent": "BOOKING_CREATED", "createdAt": "2027-03-01T11:00:00Z",
    "payload": {"type": "Test"}}'), 'ignored', 'a test without a uid');
SELECT public.is(pg_temp.calendar('BOOKING_PAID', '2027-03-01T11:00:00Z', 'z', 'c5'), 'ignored', 'money is told by others');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-02-28T11:59:00Z', 'z1', 'c5'), 'stale', 'more than a day old');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-02T12:01:00Z', 'z2', 'c5'), 'stale', 'more than a day early');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-02-28T12:01:00Z', 'z3', 'c5'), 'applied', 'a day old');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-02-30T12:01:00Z', 'z4', 'c6'), 'ignored', 'on 30 February');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-01T11:00:00Z', 'z5', 'c6', '', '2027-03-30T10:00:00Z'),
                 'failed', 'an end before its start');
SELECT public.is(pg_temp.appointment('c6'), 'paid    ', 'is none');
SELECT pg_temp.hold('own', 'tour 9', 1) \g /dev/null
SELECT FROM booking.confirm_reservation(pg_temp.id('own')) \g /dev/null
UPDATE booking.bookings SET cal_uid = 'own' WHERE reservation_id = pg_temp.id('own');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', '2027-03-01T11:00:00Z', 'own'), 'ignored',
                 'a booking with a session of our own keeps it');

-- Appointments of nobody: those that name a booking are reported, others are somebody else's.
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', '2027-03-01T11:00:00Z', 'alien'), 'failed', 'nobody''s appointment');
SELECT public.is(pg_temp.send('calendar', '{"triggerEvent": "BOOKING_CREATED", "createdAt": "2027-03-01T11:00:00Z",
    "payload": {"uid": "lost", "startTime": "2027-03-10T10:00:00Z", "endTime": "2027-03-10T11:00:00Z",
    "metadata": {"booking_token": "unknown"}}}'), 'failed', 'one of a booking that there is not');
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 13:00:05 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 3, 'after an hour');
SELECT public.is(pg_temp.reason('BOOKING_CREATED:alien:2027-03-01T11:00:00Z'),
                 'ignored: no booking has this appointment', 'is none of ours');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('webhook.failed'), ('webhook.failed') $$,
                     'the others are reported');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books agree');
SELECT * FROM public.finish();
ROLLBACK;
