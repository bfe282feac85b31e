-- What a booking has of its appointments follows from all events of the calendar together, whatever their order; and
-- who may say whose appointment it is.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
\ir shared/packages.sql
SELECT public.plan(38);

SELECT pg_temp.source('calendar', 'calcom'), pg_temp.source('shop', 'hmac') \g /dev/null
CREATE FUNCTION pg_temp.calendar(trigger text, minute integer, uid text, booking_name text DEFAULT NULL,
                                 more jsonb DEFAULT '{}', metadata jsonb DEFAULT '{}') RETURNS text VOLATILE
    LANGUAGE sql AS $$
    SELECT pg_temp.send('calendar', jsonb_build_object(
        'triggerEvent', trigger, 'createdAt', format('2027-03-01T11:%s:00Z', lpad(minute::text, 2, '0')),
        'payload', jsonb_build_object('uid', uid, 'startTime', '2027-03-10T10:00:00Z', 'endTime', '2027-03-10T11:00:00Z',
            'metadata', metadata || jsonb_strip_nulls(jsonb_build_object('booking_token', pg_temp.token(booking_name))))
            || more)::text) $$;
CREATE FUNCTION pg_temp.appointment(booking_name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' ', b.status, b.refund_status, b.cal_uid, b.calendar_status, b.meeting_url)
      FROM booking.bookings AS b WHERE b.id = pg_temp.id(booking_name) $$;
CREATE FUNCTION pg_temp.pay_for(booking_name text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.simple('pay ' || booking_name, 'payment.succeeded', format(
        '{"id": "%s", "amount": 50, "currency": "EUR", "metadata": {"booking_token": "token:%1$s"}}', booking_name)) $$;

-- Two appointments with one token: the second one counts for nothing until the first is called off.
SELECT pg_temp.sale('two') \g /dev/null
SELECT pg_temp.pay_for('two') \g /dev/null
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 1, 'first', 'two'), 'applied', 'an appointment');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 2, 'second', 'two'), 'conflict', 'another one');
SELECT public.is(pg_temp.appointment('two'), 'scheduled none first accepted', 'does not take its place');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.kind = 'webhook.failed'), 1::bigint,
                 'and somebody is told');
SELECT public.is(pg_temp.calendar('BOOKING_REJECTED', 3, 'third', 'two'), 'stale', 'a third one, rejected');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', 4, 'third', 'two'), 'stale', 'and cancelled');
SELECT public.is(pg_temp.appointment('two'), 'scheduled none first accepted', 'concerns nobody');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', 5, 'first'), 'applied', 'the first is called off');
SELECT public.is(pg_temp.appointment('two'), 'scheduled none second accepted', 'the other one is left');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', 6, 'second'), 'applied', 'which is called off, too');
SELECT public.is(pg_temp.appointment('two') || ', ' || pg_temp.account('two'),
                 'cancelled due second cancelled, paid 5000 EUR -0 accepted due 5000', 'now its money is due');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 7, 'fourth', 'two'), 'applied', 'another appointment');
SELECT public.is(pg_temp.appointment('two') || ', ' || pg_temp.account('two'),
                 'scheduled none fourth accepted, paid 5000 EUR -0 accepted', 'is one for the same money');

-- Called off by people, or with money on its way back, it stays as it is.
SELECT pg_temp.sale('gone') \g /dev/null
SELECT pg_temp.pay_for('gone'), pg_temp.calendar('BOOKING_CREATED', 1, 'g1', 'gone') \g /dev/null
UPDATE booking.bookings SET status = 'cancelled' WHERE id = pg_temp.id('gone');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 2, 'g2', 'gone'), 'stale', 'an appointment for a cancelled booking');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', 3, 'g1', 'gone'), 'stale', 'its own one, called off late');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 4, 'g3', 'gone'), 'stale', 'and a new one');
SELECT public.is(pg_temp.appointment('gone'), 'cancelled none g1 accepted', 'change nothing');
SELECT public.throws_ok($$ UPDATE booking.bookings SET status = 'scheduled' WHERE id = pg_temp.id('gone') $$, 'BK212',
                        'a booking that was cancelled stays cancelled', 'nor does anybody else');
SELECT pg_temp.sale('back') \g /dev/null
SELECT pg_temp.pay_for('back'), pg_temp.calendar('BOOKING_CREATED', 1, 'b1', 'back'),
       pg_temp.calendar('BOOKING_CANCELLED', 2, 'b1'),
       pg_temp.simple('refund', 'refund.received', '{"id": "r", "payment_id": "back", "amount": 50, "currency": "EUR"}')
    \g /dev/null
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 3, 'b2', 'back'), 'stale', 'too late, the money has gone back');
SELECT public.is(pg_temp.appointment('back'), 'cancelled done b1 cancelled', 'it stays cancelled');

-- Every order of these ends in the same state, whichever appointment was made first.
CREATE FUNCTION pg_temp.play(label text, ends text[]) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    step text;
BEGIN
    PERFORM pg_temp.sale(label);
    PERFORM pg_temp.pay_for(label);
    FOREACH step IN ARRAY ends LOOP
        PERFORM pg_temp.calendar('BOOKING_' || split_part(step, ' ', 1), split_part(step, ' ', 3)::integer,
                                 label || split_part(step, ' ', 2), label,
                                 CASE WHEN split_part(step, ' ', 4) = '' THEN '{}'
                                      ELSE jsonb_build_object('rescheduleUid', label || split_part(step, ' ', 4)) END);
    END LOOP;
    RETURN replace(pg_temp.appointment(label), label, '');
END $$;
CREATE FUNCTION pg_temp.all_orders(label text, steps text[]) RETURNS text[] VOLATILE LANGUAGE sql AS $$
    WITH RECURSIVE orders (ends, n) AS (
        SELECT ARRAY[s.n], 1 FROM generate_subscripts(steps, 1) AS s (n)
         UNION ALL
        SELECT o.ends || s.n, o.n + 1 FROM orders AS o, generate_subscripts(steps, 1) AS s (n)
         WHERE s.n <> ALL (o.ends)),
    played AS MATERIALIZED (
        SELECT pg_temp.play(label || row_number() OVER (), ARRAY(SELECT steps[u.n] FROM unnest(o.ends) WITH ORDINALITY
                                                                   AS u (n, place) ORDER BY u.place)) AS state
          FROM orders AS o WHERE o.n = cardinality(steps))
    SELECT array_agg(DISTINCT p.state) FROM played AS p $$;
SELECT public.is(pg_temp.all_orders('oa', '{CREATED u 1, CANCELLED u 2, CREATED v 3}'),
                 '{scheduled none v accepted}', 'called off, then made anew');
SELECT public.is(pg_temp.all_orders('ob', '{CREATED u 1, CREATED v 2, CANCELLED u 3}'),
                 '{scheduled none v accepted}', 'made twice, the first called off');
SELECT public.is(pg_temp.all_orders('oc', '{CREATED v 1, CREATED u 2, CANCELLED u 3}'),
                 '{scheduled none v accepted}', 'made twice, the second called off');
SELECT public.is(pg_temp.all_orders('od', '{CREATED u 1, RESCHEDULED v 2 u, CANCELLED u 3}'),
                 '{scheduled none v accepted}', 'rescheduled, and what it was is off');
SELECT public.is(pg_temp.all_orders('oe', '{CREATED u 1, RESCHEDULED v 2 u, CANCELLED v 3}'),
                 '{cancelled due v cancelled}', 'rescheduled, then called off');
SELECT public.is(pg_temp.all_orders('of', '{CREATED u 1, CREATED v 1, REJECTED u 2, CANCELLED v 2}'),
                 '{cancelled due v cancelled}', 'two at once, both off');

-- Ids are no secret: only the token says whose appointment it is.
SELECT pg_temp.sale('mine') \g /dev/null
SELECT pg_temp.pay_for('mine') \g /dev/null
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 1, 'evil', NULL, '{}',
                                  jsonb_build_object('booking_id', pg_temp.id('mine'), 'bookingId', pg_temp.id('mine'))),
                 'failed', 'an id in the metadata is no token');
SELECT public.is(pg_temp.calendar('BOOKING_CANCELLED', 2, 'evil', NULL, '{}',
                                  jsonb_build_object('booking_id', pg_temp.id('mine'))), 'failed', 'nor when called off');
SELECT public.is(pg_temp.appointment('mine'), 'paid none', 'the booking has none of it');
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 3, 'page', 'mine', '{"location": "https://meet.example/1"}',
                                  '{"videoCallUrl": "javascript:alert(1)"}'), 'applied', 'a page that is none');
SELECT public.is(pg_temp.appointment('mine'), 'scheduled none page accepted https://meet.example/1', 'is left out');
SELECT public.is(pg_temp.calendar('BOOKING_RESCHEDULED', 4, 'page', 'mine', '{"location": "http://meet.example/2"}',
                                  '{"videoCallUrl": "https://meet.example/\"><script>"}'), 'applied', 'two that are none');
SELECT public.is(pg_temp.appointment('mine'), 'scheduled none page accepted https://meet.example/1', 'are left out');

-- A package whose sessions are ours.
SELECT pg_temp.buy('ours', 'single') \g /dev/null
SELECT pg_temp.pay_for('ours') \g /dev/null
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 1, 'theirs', 'ours'), 'ignored', 'is not scheduled elsewhere');
SELECT public.is(pg_temp.appointment('ours'), 'paid none', 'it waits for one of its sessions');

-- However many appointments are made with one token, the row stays small.
SELECT pg_temp.sale('many') \g /dev/null
SELECT count(pg_temp.calendar('BOOKING_CREATED', 1, 'm' || n, 'many')) FROM generate_series(1, 100) AS n \g /dev/null
SELECT public.is(pg_temp.calendar('BOOKING_CREATED', 1, 'm101', 'many'), 'conflict', 'one too many');
SELECT public.is((SELECT count(*) FROM jsonb_object_keys((SELECT b.appointments FROM booking.bookings AS b
                                                           WHERE b.id = pg_temp.id('many')))), 100::bigint, 'is not kept');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books agree');
SELECT * FROM public.finish();
ROLLBACK;
