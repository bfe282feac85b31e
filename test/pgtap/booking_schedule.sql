-- Choosing the time of a package's sessions: only when paid, only where there is room, each call once.

BEGIN;
\ir shared/fixture.sql
\ir shared/packages.sql
SELECT public.plan(63);

SELECT count(pg_temp.add_session(s.name, s.organization, s.activity, s.start_time::timestamptz, s.capacity, s.status))
  FROM (VALUES ('one seat', 1, 'tour', '2027-03-05 09:00 UTC', 1, 'open'),
               ('closed', 1, 'tour', '2027-03-05 11:00 UTC', 4, 'closed'),
               ('called off', 1, 'tour', '2027-03-05 13:00 UTC', 4, 'cancelled'),
               ('over', 1, 'tour', '2027-03-01 09:00 UTC', 4, 'open'),
               ('busy', 1, 'tour', '2027-03-06 09:00 UTC', 128, 'open'),
               ('late', 1, 'tour', '2027-04-20 09:00 UTC', 4, 'open'))
    AS s (name, organization, activity, start_time, capacity, status) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('busy'), 8) \g /dev/null
SELECT count(pg_temp.buy(b.name, b.package))
  FROM (VALUES ('free', 'discovery'), ('single', 'single'), ('other', 'single'), ('monthly', 'monthly'), ('call', 'call'),
               ('late payer', 'single'), ('refunded', 'single'), ('failed', 'single'), ('early', 'discovery'),
               ('rival', 'discovery'), ('link', 'link')) AS b (name, package) \g /dev/null

-- Before the payment.
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('single', '2027-03-03 09:00 UTC') $$),
                 'BK210 -: the booking is not paid yet', 'before the payment nothing is scheduled');
UPDATE booking.bookings SET payment_status = 'failed' WHERE id = pg_temp.id('failed');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('failed', '2027-03-03 09:00 UTC') $$),
                 'BK210 -: the booking is not paid yet', 'nor after one that failed');

-- Paid.
SELECT pg_temp.set_clock('2027-03-02 11:00 UTC') \g /dev/null
SELECT pg_temp.pay('single') \g /dev/null
SELECT public.matches(pg_temp.status('single') ->> 'expiresAt', '^2027-05-31T11:00:',
                      'the time to find a session runs from the payment');
SET LOCAL ROLE booking_public;
SELECT public.is(pg_temp.schedule('single', '2027-03-03 09:00 UTC', '{"timezone": "America/Vancouver",
                                                                      "additionalNotes": "by the door"}'),
                 '{"success": true, "scheduledStart": "2027-03-03T09:00:00.000Z",
                   "scheduledEnd": "2027-03-03T10:00:00.000Z"}', 'a visitor schedules what is paid');
SELECT public.is(pg_temp.status('single') - '{id,createdAt,expiresAt,customerName,customerEmail}'::text[],
                 '{"status": "scheduled", "paymentStatus": "paid", "packageId": "single", "amountCents": 5000,
                   "currency": "EUR", "scheduledStart": "2027-03-03T09:00:00.000Z",
                   "scheduledEnd": "2027-03-03T10:00:00.000Z", "sessionsIncluded": 1, "sessionsScheduled": 1}',
                 'its status says so');
RESET ROLE;
SELECT public.results_eq(
    $$ SELECT b.session_id, b.timezone, b.additional_notes, b.version, r.status, r.party_size, r.session_id
         FROM booking.bookings AS b JOIN booking.slot_reservations AS r
           ON r.organization_id = b.organization_id AND r.id = b.reservation_id WHERE b.id = pg_temp.id('single') $$,
    $$ VALUES (pg_temp.id('tour 9'), 'America/Vancouver', 'by the door', 2::bigint, 'confirmed', 1,
               pg_temp.id('tour 9')) $$, 'the booking and the reservation that accounts for its seat');
SELECT public.is(pg_temp.seats_left('tour 9'), 3, 'one seat is gone');
SELECT public.results_eq(
    $$ SELECT e.kind FROM booking.booking_events AS e WHERE e.booking_id = pg_temp.id('single') ORDER BY e.id $$,
    $$ VALUES ('booking.created'), ('booking.paid'), ('payment.paid'), ('booking.scheduled') $$, 'and it is told');

-- The same call again, and another one.
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('single', '2027-03-03 09:00 UTC') $$), 'was not refused',
                 'the same call changes nothing');
SELECT public.is(pg_temp.schedule('single', '2027-03-03 09:00 UTC', '{"timezone": "Europe/Berlin"}'),
                 pg_temp.schedule('single', '2027-03-03 09:00 UTC',
                                  jsonb_build_object('sessionId', pg_temp.id('tour 9'),
                                                     'startTime', '2027-03-03T10:00:00.000+01:00')),
                 'however the time is written, the answer is the same');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('single', '2027-03-03 11:00 UTC') $$),
                 'BK216 -: the booking is scheduled already', 'another time is refused');

-- Which token, which booking.
SELECT public.is(pg_temp.refused(format('SELECT pg_temp.schedule(''free'', ''2027-03-03 09:00 UTC'', %L)', c.changes)),
                 c.answer, c.answer)
  FROM (VALUES (jsonb_build_object('bookingToken', NULL), 'BK015 bookingToken: bookingToken is missing'),
               (jsonb_build_object('bookingToken', left(pg_temp.token('free'), 42) || '.1'),
                'BK015 bookingToken: bookingToken is not a booking token'),
               (jsonb_build_object('bookingToken', repeat('A', 43) || '.1'), 'BK104 -: no booking has this token'),
               (jsonb_build_object('bookingToken', left(pg_temp.token('free'), 44) || '2'),
                'BK104 -: no booking has this token'),
               (jsonb_build_object('bookingId', pg_temp.id('single')),
                format('BK302 bookingToken: the booking token does not belong to booking %s', pg_temp.id('single'))),
               (jsonb_build_object('bookingId', 'single'), 'BK015 bookingId: bookingId must be a uuid'),
               (jsonb_build_object('sessionId', 'x'), 'BK015 sessionId: sessionId must be a uuid'),
               (jsonb_build_object('timezone', 'Nowhere/City'), 'BK008 timezone: unknown time zone "Nowhere/City"'),
               (jsonb_build_object('timezone', 'EST5EDT4'),
                'BK015 timezone: timezone must be the IANA name of a time zone, got "EST5EDT4"'),
               (jsonb_build_object('additionalNotes', repeat('n', 501)),
                'BK015 additionalNotes: additionalNotes must have at most 500 characters, got 501'),
               (jsonb_build_object('startTime', NULL), 'BK015 startTime: startTime is missing'),
               (jsonb_build_object('startTime', '2027-03-03 09:00'),
                'BK015 startTime: startTime must be a date and time with its offset, got "2027-03-03 09:00"'),
               (jsonb_build_object('endTime', 'infinity'),
                'BK015 endTime: endTime must be a date and time with its offset, got "infinity"'),
               (jsonb_build_object('endTime', '2027-03-03T09:00:00Z'), 'BK015 endTime: endTime must be after startTime'),
               (jsonb_build_object('endTime', '2027-03-04T09:00:01Z'),
                'BK015 endTime: endTime must be at most 24 hours after startTime'))
    AS c (changes, answer);
SELECT public.is(pg_temp.refused('SELECT booking.booking_schedule(' || c.argument || ')'), c.answer, c.answer)
  FROM (VALUES ('NULL', 'BK001 request: request must not be NULL'),
               ('''[]''', 'BK015 request: request must be a JSON object')) AS c (argument, answer);

-- Which session.
SELECT public.is(pg_temp.refused(format('SELECT pg_temp.schedule(''free'', %L, %L)', c.at, c.changes)),
                 replace(c.answer, '@', COALESCE(pg_temp.id(c.session)::text, '@')), c.what)
  FROM (VALUES
    (NULL, '2027-03-03 10:00 UTC', '{}'::jsonb,
     'BK105 startTime: the package has no session from 2027-03-03 10:00:00+00 to 2027-03-03 11:00:00+00',
     'a time at which there is none'),
    (NULL, '2027-03-03 09:00 UTC', '{"endTime": "2027-03-03T09:30:00Z"}',
     'BK105 startTime: the package has no session from 2027-03-03 09:00:00+00 to 2027-03-03 09:30:00+00',
     'a part of a session'),
    (NULL, '2027-03-03 14:00 UTC', '{}',
     'BK105 startTime: the package has no session from 2027-03-03 14:00:00+00 to 2027-03-03 15:00:00+00',
     'a session of another organization'),
    (NULL, '2027-03-03 09:00 UTC', jsonb_build_object('sessionId', pg_temp.id('massage 9')),
     'BK105 startTime: the package has no session from 2027-03-03 09:00:00+00 to 2027-03-03 10:00:00+00',
     'a session of another activity'),
    ('closed', '2027-03-05 11:00 UTC', '{}', 'BK203 -: session @ is closed for booking', 'one that is closed'),
    ('called off', '2027-03-05 13:00 UTC', '{}', 'BK204 -: session @ was cancelled', 'one that is called off'),
    (NULL, '2027-03-01 09:00 UTC', '{}', 'BK202 startTime: startTime is in the past: 2027-03-01 09:00:00+00',
     'one in the past'),
    (NULL, '1970-01-01 00:00 UTC', '{}', 'BK202 startTime: startTime is in the past: 1970-01-01 00:00:00+00',
     'long past')) AS c (session, at, changes, answer, what);
SELECT pg_temp.schedule('rival', '2027-03-05 09:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('free', '2027-03-05 09:00 UTC') $$),
                 format('BK201 -: session %s has not enough seats left for a party of 1', pg_temp.id('one seat')),
                 'one that is sold out');
-- A hold that has run out is free the moment it does.
UPDATE booking.bookings SET status = 'cancelled' WHERE id = pg_temp.id('rival');
UPDATE booking.slot_reservations AS r SET status = 'cancelled'
 WHERE r.id = (SELECT b.reservation_id FROM booking.bookings AS b WHERE b.id = pg_temp.id('rival'));
UPDATE booking.sessions SET remaining = 1 WHERE id = pg_temp.id('one seat');
SELECT pg_temp.hold('held', 'one seat', 1) \g /dev/null
SELECT public.is(left(pg_temp.refused($$ SELECT pg_temp.schedule('free', '2027-03-05 09:00 UTC') $$), 5), 'BK201',
                 'nor one that is held');
SELECT pg_temp.set_clock('2027-03-02 11:30 UTC') \g /dev/null
SELECT public.is(pg_temp.schedule('free', '2027-03-05 09:00 UTC', jsonb_build_object('bookingId', pg_temp.id('free'))),
                 '{"success": true, "scheduledStart": "2027-03-05T09:00:00.000Z",
                   "scheduledEnd": "2027-03-05T10:00:00.000Z"}', 'until the hold has run out');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');

-- Several sessions.
SELECT pg_temp.pay('monthly') \g /dev/null
SELECT public.is((SELECT array_agg(pg_temp.schedule('monthly', t.at) ->> 'scheduledStart')
                    FROM (VALUES ('2027-03-06 09:00 UTC'::timestamptz), ('2027-03-03 11:00 UTC')) AS t (at)),
                 '{2027-03-06T09:00:00.000Z,2027-03-03T11:00:00.000Z}', 'two of three sessions, in any order');
SELECT public.is(pg_temp.status('monthly') -> 'sessionsScheduled', '2', 'two are scheduled');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('monthly', '2027-03-03 11:00 UTC') $$), 'was not refused',
                 'a session that is scheduled is not scheduled again');
SELECT pg_temp.schedule('monthly', '2027-03-03 09:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('monthly', '2027-04-20 09:00 UTC') $$),
                 'BK216 -: all 3 sessions of the booking are scheduled already', 'a fourth is refused');
SELECT public.results_eq(
    $$ SELECT b.status, b.payment_status, b.amount_cents, b.package_booking_id, b.session_id, b.customer_id IS NULL,
              b.token_hash IS NULL, b.sessions_included
         FROM booking.bookings AS b
        WHERE b.id = pg_temp.id('monthly') OR b.package_booking_id = pg_temp.id('monthly') ORDER BY b.id $$,
    $$ VALUES ('scheduled', 'paid', 18000::bigint, NULL::uuid, pg_temp.id('busy'), false, false, 3),
              ('scheduled', 'not_required', 0, pg_temp.id('monthly'), pg_temp.id('tour 11'), false, true, 1),
              ('scheduled', 'not_required', 0, pg_temp.id('monthly'), pg_temp.id('tour 9'), false, true, 1) $$,
    'each further one is a booking of its own, paid for by the first');
SELECT public.is((SELECT count(DISTINCT b.booking_number) FROM booking.bookings AS b
                   WHERE b.id = pg_temp.id('monthly') OR b.package_booking_id = pg_temp.id('monthly')), 3::bigint,
                 'with its own number');
UPDATE booking.bookings SET status = 'checked_in'
 WHERE package_booking_id = pg_temp.id('monthly') AND session_id = pg_temp.id('tour 9');
SELECT public.is((SELECT array_agg(b.status ORDER BY b.status) FROM booking.bookings AS b
                   WHERE b.id = pg_temp.id('monthly') OR b.package_booking_id = pg_temp.id('monthly')),
                 '{checked_in,scheduled,scheduled}', 'and its own state');
-- A further one that is cancelled may be scheduled again.
UPDATE booking.bookings SET status = 'cancelled'
 WHERE package_booking_id = pg_temp.id('monthly') AND session_id = pg_temp.id('tour 11');
UPDATE booking.slot_reservations AS r SET status = 'cancelled'
 WHERE r.session_id = pg_temp.id('tour 11') AND r.status = 'confirmed';
UPDATE booking.sessions SET remaining = remaining + 1 WHERE id = pg_temp.id('tour 11');
SELECT public.is(pg_temp.status('monthly') -> 'sessionsScheduled', '2', 'one that was cancelled does not count');
SELECT public.is(pg_temp.schedule('monthly', '2027-03-03 11:00 UTC') -> 'success', 'true',
                 'so that it may be scheduled again, at the same time even');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');

-- Appointments that a calendar elsewhere keeps: any time to come, and no seats.
CREATE TEMPORARY TABLE elsewhere AS SELECT pg_temp.books() AS books;
SELECT public.is(pg_temp.refused(format('SELECT pg_temp.schedule(''call'', ''2027-03-09 16:45 UTC'', %L)',
                                        jsonb_build_object('sessionId', pg_temp.id('tour 9')))),
                 'BK105 startTime: the package has no session from 2027-03-09 16:45:00+00 to 2027-03-09 17:45:00+00',
                 'a package without an activity has no session');
SELECT public.is(pg_temp.schedule('call', '2027-03-09 16:45 UTC'),
                 '{"success": true, "scheduledStart": "2027-03-09T16:45:00.000Z", "meetingUrl": "https://meet.example/room",
                   "scheduledEnd": "2027-03-09T17:45:00.000Z"}', 'it is just noted');
SELECT public.is((SELECT pg_temp.books()), (SELECT e.books FROM pg_temp.elsewhere AS e), 'and takes no seat');
UPDATE booking.bookings SET cal_booking_id = '4711', cal_uid = 'uid-1' WHERE id = pg_temp.id('call');
SELECT public.is(pg_temp.schedule('call', '2027-03-09 16:45 UTC') - '{scheduledStart,scheduledEnd}'::text[],
                 '{"success": true, "calBookingId": 4711, "calUid": "uid-1", "meetingUrl": "https://meet.example/room"}',
                 'what the calendar said is part of the answer, the number as a number');
SELECT public.is(pg_temp.status('call') -> 'calBookingId', '"4711"', 'and of the status, as text');

-- Too late.
SELECT pg_temp.set_clock('2027-03-03 08:00 UTC') \g /dev/null
SELECT public.matches(pg_temp.refused($$ SELECT pg_temp.schedule('other', '2027-03-05 09:00 UTC') $$),
                      '^BK215 -: the booking was not paid by 2027-03-02 12:00:', 'not paid in time');
SELECT public.ok((pg_temp.status('other') ->> 'expiresAt')::timestamptz < booking.clock()
                 AND pg_temp.status('other') ->> 'status' = 'pending', 'its status says until when');
SELECT pg_temp.pay('late payer') \g /dev/null
SELECT public.is(pg_temp.schedule('late payer', '2027-03-03 09:00 UTC') -> 'success', 'true',
                 'money that comes late still counts');
SELECT pg_temp.set_clock('2027-04-01 08:00 UTC') \g /dev/null
SELECT public.matches(pg_temp.refused($$ SELECT pg_temp.schedule('early', '2027-04-20 09:00 UTC') $$),
                      '^BK215 -: the sessions of this booking had to be scheduled by 2027-03-31 12:00:',
                      'paid, but too late to choose a time');
SELECT public.is(pg_temp.schedule('free', '2027-03-05 09:00 UTC') -> 'success', 'true',
                 'what is scheduled stays so, and the call may still be repeated');

-- Cancelled and refunded.
SELECT pg_temp.pay('refunded') \g /dev/null
UPDATE booking.bookings SET status = 'cancelled', payment_status = 'refunded' WHERE id = pg_temp.id('refunded');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('refunded', '2027-04-20 09:00 UTC') $$),
                 'BK217 -: the booking was cancelled', 'what is cancelled is not scheduled');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
