-- A package from purchase to refund, by what a provider of payments reports.

BEGIN;
\ir shared/fixture.sql
\ir shared/packages.sql
SELECT public.plan(28);

INSERT INTO pg_temp.named (name, id)
SELECT 'source', s.source_id FROM booking.create_webhook_source(1, 'till', 'standard') AS s;

-- The status that the report gets.
CREATE FUNCTION pg_temp.report(type text, bought text, amount numeric, currency text DEFAULT 'EUR') RETURNS text
    VOLATILE LANGUAGE sql AS $$
    SELECT booking.receive_webhook(pg_temp.id('source'), convert_to(jsonb_build_object(
               'id', type || ' ' || bought || ' ' || amount, 'type', type,
               'created_at', to_char(booking.clock() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
               'data', jsonb_build_object('object', jsonb_build_object(
                   'id', 'pay ' || bought, 'amount', amount, 'currency', currency,
                   'metadata', jsonb_build_object('booking_token', pg_temp.token(bought)))))::text, 'UTF8'), '{}')
           ->> 'status' $$;

SELECT count(pg_temp.buy(b.name, b.package))
  FROM (VALUES ('monthly', 'monthly'), ('single', 'single'), ('yen', 'link'), ('late', 'single')) AS b (name, package) \g /dev/null

-- Paid by the token, to the minor unit.
SELECT public.is(pg_temp.report('payment.failed', 'monthly', 180), 'applied', 'a payment fails');
SELECT public.is(pg_temp.status('monthly') ->> 'paymentStatus', 'failed', 'the booking says so');
SELECT public.is(left(pg_temp.refused($$ SELECT pg_temp.schedule('monthly', '2027-03-03 09:00 UTC') $$), 5), 'BK210',
                 'and is not scheduled');
SELECT public.is(pg_temp.report('payment.succeeded', 'monthly', 180), 'applied', 'a later attempt succeeds');
SELECT public.is((pg_temp.status('monthly') ->> 'status') || ' ' || (pg_temp.status('monthly') ->> 'paymentStatus'),
                 'paid paid', 'the booking is paid');
SELECT public.matches(pg_temp.status('monthly') ->> 'expiresAt', '^2027-04-30T12:00:', 'and its time begins');
SELECT public.results_eq(
    $$ SELECT c.actor_kind, c.actor FROM booking.booking_changes AS c
        WHERE c.booking_id = pg_temp.id('monthly') ORDER BY c.id $$,
    $$ VALUES ('visitor', 'token'), ('webhook', 'till'), ('webhook', 'till') $$, 'the record names the source');
SELECT public.is(pg_temp.report('payment.succeeded', 'single', 49.99), 'conflict', 'another amount is not the price');
SELECT public.is(left(pg_temp.refused($$ SELECT pg_temp.schedule('single', '2027-03-03 09:00 UTC') $$), 5), 'BK210',
                 'and pays nothing');
SELECT public.is(pg_temp.report('payment.succeeded', 'yen', 100, 'JPY'), 'applied', 'yen have no cents');

-- Scheduled three times, one of them used, then refunded.
SELECT count(pg_temp.schedule('monthly', t.at))
  FROM (VALUES ('2027-03-03 09:00 UTC'::timestamptz), ('2027-03-03 11:00 UTC')) AS t (at) \g /dev/null
SELECT pg_temp.add_session('third', 1, 'tour', '2027-03-04 09:00 UTC', 4) \g /dev/null
SELECT pg_temp.schedule('monthly', '2027-03-04 09:00 UTC') \g /dev/null
UPDATE booking.bookings SET status = 'checked_in' WHERE session_id = pg_temp.id('tour 11');
SELECT public.is(ARRAY[pg_temp.seats_left('tour 9'), pg_temp.seats_left('tour 11'), pg_temp.seats_left('third')],
                 '{3,3,3}', 'each session has one seat less');
SELECT public.is(pg_temp.report('refund.received', 'monthly', 180), 'applied', 'the money goes back');
SELECT public.results_eq(
    $$ SELECT b.status, b.payment_status FROM booking.bookings AS b
        WHERE b.id = pg_temp.id('monthly') OR b.package_booking_id = pg_temp.id('monthly') ORDER BY b.id $$,
    $$ VALUES ('cancelled', 'refunded'), ('checked_in', 'not_required'), ('cancelled', 'not_required') $$,
    'with it goes what has not begun');
SELECT public.is(ARRAY[pg_temp.seats_left('tour 9'), pg_temp.seats_left('tour 11'), pg_temp.seats_left('third')],
                 '{4,3,4}', 'and the seats are free');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('monthly', '2027-03-03 09:00 UTC') $$),
                 'BK217 -: the booking was cancelled', 'nothing more is scheduled');
SELECT public.is(pg_temp.report('refund.received', 'monthly', 180), 'duplicate', 'the same report again has no effect');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');

-- Money that comes after the booking has run out.
SELECT pg_temp.set_clock('2027-03-02 13:00 UTC') \g /dev/null
SELECT public.is(left(pg_temp.refused($$ SELECT pg_temp.schedule('late', '2027-03-03 09:00 UTC') $$), 5), 'BK215',
                 'not paid in time');
SELECT public.is(pg_temp.report('payment.succeeded', 'late', 50), 'applied', 'the money comes, late');
SELECT public.is(pg_temp.schedule('late', '2027-03-03 09:00 UTC') -> 'success', 'true', 'and is not lost');

-- A calendar elsewhere calls off one appointment of several: it may be made again, and no money goes back.
UPDATE booking.packages SET sessions_included = 2 WHERE organization_id = 1 AND id = 'call';
SELECT count(pg_temp.buy(b.name, 'call')) FROM (VALUES ('calls')) AS b (name) \g /dev/null
INSERT INTO pg_temp.named (name, id)
SELECT 'calendar', s.source_id FROM booking.create_webhook_source(1, 'calendar', 'calcom') AS s;
CREATE FUNCTION pg_temp.tell(trigger text, at timestamptz) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT booking.receive_webhook(pg_temp.id('calendar'), convert_to(jsonb_build_object(
               'triggerEvent', trigger,
               'createdAt', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
               'payload', jsonb_build_object(
                   'uid', 'appointment', 'bookingId', 17, 'startTime', '2027-03-09T16:45:00Z', 'endTime', '2027-03-09T17:45:00Z',
                   'metadata', jsonb_build_object('booking_token', pg_temp.token('calls'))))::text, 'UTF8'), '{}')
           ->> 'status' $$;
SELECT public.is(pg_temp.tell('BOOKING_CREATED', booking.clock() - interval '2 minutes'), 'applied', 'an appointment is made');
SELECT public.is(pg_temp.schedule('calls', '2027-03-09 16:45 UTC') - '{scheduledStart,scheduledEnd,meetingUrl}'::text[],
                 '{"success": true, "calBookingId": 17, "calUid": "appointment"}', 'it counts as one that was scheduled here');
SELECT pg_temp.schedule('calls', '2027-03-10 16:45 UTC') \g /dev/null
SELECT public.is(pg_temp.status('calls') -> 'sessionsScheduled', '2', 'and there is a second one');
SELECT public.is(pg_temp.tell('BOOKING_CANCELLED', booking.clock() - interval '1 minute'), 'applied', 'the first is called off');
SELECT public.is(pg_temp.status('calls') - '{id,expiresAt,createdAt,customerName,customerEmail,currency,packageId,amountCents,meetingUrl}'::text[],
                 '{"status": "paid", "paymentStatus": "not_required", "calBookingId": "17", "sessionsIncluded": 2,
                   "sessionsScheduled": 1, "needsReschedule": true}', 'the package is not: it needs another time');
SELECT public.is(pg_temp.schedule('calls', '2027-03-11 16:45 UTC') -> 'success', 'true', 'so another time may be chosen');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'all is accounted for');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
