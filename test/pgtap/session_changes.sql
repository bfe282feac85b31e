-- set_session_capacity, close_session and open_session, with and without lanes: what is sold stays sold, what comes back
-- makes up for it first, and nobody gets a seat that is not there.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(78);

CREATE FUNCTION pg_temp.resized(session text, capacity text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', c.capacity_total, c.capacity_remaining, c.seats_available, c.oversold_by)'
                   '  FROM booking.set_session_capacity(%L, %s) AS c', pg_temp.id(session), capacity) INTO answer;
    RETURN answer;
END $$;
-- As everybody sees it: capacity, remaining, available, oversold.
CREATE FUNCTION pg_temp.seen(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.capacity_total, s.capacity_remaining, s.seats_available, s.oversold_by)
      FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id(session) $$;
-- Where the seats lie: remaining of the row, oversold, lanes with what is set aside.
CREATE FUNCTION pg_temp.lies(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s %s|%s', s.remaining, s.oversold_by,
                  (SELECT string_agg(concat_ws('/', l.remaining, l.set_aside), ' ' ORDER BY l.lane)
                     FROM booking.session_lanes AS l WHERE l.session_id = s.id))
      FROM booking.sessions AS s WHERE s.id = pg_temp.id(session) $$;
CREATE FUNCTION pg_temp.tries(session text, party_size integer) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id(session), party_size, 'next@example.org') AS t $$;
CREATE FUNCTION pg_temp.news(session text) RETURNS SETOF jsonb STABLE LANGUAGE sql AS $$
    SELECT e.facts FROM booking.booking_events AS e
     WHERE e.kind = 'sessions.updated' AND e.session_id = pg_temp.id(session) ORDER BY e.id $$;

SELECT pg_temp.add_session(s.name, 1, 'tour', s.start_time::timestamptz, s.capacity)
  FROM (VALUES ('plain', '2027-03-04 09:00 UTC', 10), ('striped', '2027-03-04 11:00 UTC', 10),
               ('late', '2027-03-04 13:00 UTC', 10)) AS s (name, start_time, capacity) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('striped'), 3) \g /dev/null

-- The same story twice: in a counter, and in lanes.
CREATE TEMPORARY TABLE story (session text);
INSERT INTO pg_temp.story VALUES ('plain'), ('striped');
SELECT count(pg_temp.booked(s.session || ' ' || n, s.session, 2)) FROM pg_temp.story AS s, generate_series(1, 3) AS n \g /dev/null
SELECT count(pg_temp.hold(s.session || ' held', s.session, 2)) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.resized(s.session, '9'), '9 1 1 0', s.session || ': cut to what is sold and more') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.resized(s.session, '12'), '12 4 4 0', s.session || ': grown') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.resized(s.session, '8'), '8 0 0 0', s.session || ': cut to what is sold') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.resized(s.session, '3'), '3 0 0 5', s.session || ': cut below it never fails') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.seen(s.session), '3 0 0 5', s.session || ': and everybody sees by how much') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 1), 'sold_out', s.session || ': nothing is left') FROM pg_temp.story AS s;
SELECT booking.cancel_booking(pg_temp.id(s.session || ' 1')) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.seen(s.session), '3 0 0 3', s.session || ': what comes back makes up for it') FROM pg_temp.story AS s;
SELECT booking.change_party_size(pg_temp.id(s.session || ' 2'), 1) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.seen(s.session), '3 0 0 2', s.session || ': also from a party that shrinks') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 1), 'sold_out', s.session || ': before anything is sold') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('plain 2'), pg_temp.id('striped'))),
                 format('BK201 -: session %s has not enough seats left: 1 are wanted', pg_temp.id('striped')),
                 'nor is anybody moved there');
SELECT public.is(booking.check_slot_availability(pg_temp.id(s.session), 1), false, s.session || ': so says the check') FROM pg_temp.story AS s;
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound all along');
SELECT booking.cancel_booking(pg_temp.id(s.session || ' 3')) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.seen(s.session), '3 0 0 0', s.session || ': until it is even') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 1), 'sold_out', s.session || ': and still full') FROM pg_temp.story AS s;
SELECT booking.cancel_reservation(pg_temp.id(s.session || ' held')) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.seen(s.session), '3 2 2 0', s.session || ': what comes back then is for sale') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 2), 'held', s.session || ': and is sold') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 1), 'sold_out', s.session || ': once') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.lies('striped'), '0 0|0 0 0', 'its lanes are as ever');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.results_eq($$ SELECT * FROM pg_temp.news('striped') $$,
                         $$ SELECT jsonb_build_object('capacity_total', c.now, 'previous_capacity_total', c.before)
                              FROM (VALUES (9, 10), (12, 9), (8, 12), (3, 8)) AS c (now, before) $$, 'each change is told');

-- Holds that run out make up for it as well, whoever finds them.
SELECT count(pg_temp.hold('run out ' || n, 'late', 2, 'run-out-' || n || '@example.org')) FROM generate_series(1, 4) AS n \g /dev/null
SELECT pg_temp.booked('stays', 'late', 2), pg_temp.booked('pair', 'tour 11', 2) \g /dev/null
SELECT public.is(pg_temp.resized('late', '3'), '3 0 0 7', 'a session of holds is cut');
SELECT booking.set_session_lanes(pg_temp.id('late'), 2) \g /dev/null
SELECT public.is(pg_temp.lies('late'), '0 7|0/0 0/0', 'striped, it stays oversold');
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT public.is(pg_temp.seen('late'), '3 0 1 7', 'holds that have run out count as given back');
SELECT public.is(pg_temp.tries('late', 2), 'sold_out', 'for no more than there is room for');
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('pair'), pg_temp.id('late'))),
                 format('BK201 -: session %s has not enough seats left: 2 are wanted', pg_temp.id('late')), 'whoever asks, and not to try again');
SELECT public.is(pg_temp.tries('late', 1), 'held', 'the last seat is had without the job');
SELECT public.is(pg_temp.seen('late'), '3 0 0 0', 'and all is even');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.is(pg_temp.resized('late', '1'), '1 0 0 2', 'cut again');
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.seen('late'), '1 0 0 1', 'the job gives back, and nothing is for sale');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
UPDATE booking.session_lanes SET remaining = 1, set_aside = set_aside - 1 WHERE session_id = pg_temp.id('late') AND lane = 0;
SELECT public.is((SELECT string_agg(i.invariant, ',') FROM booking.integrity_check() AS i WHERE i.object_id = pg_temp.id('late')), 'seats_add_up',
                 'a seat for sale in an oversold session is seen, wherever it lies');
UPDATE booking.session_lanes SET remaining = 0, set_aside = set_aside + 1 WHERE session_id = pg_temp.id('late') AND lane = 0;
SELECT public.is(pg_temp.resized('late', '0'), '0 0 0 2', 'down to nothing');
SELECT public.is(pg_temp.resized('late', '20'), '20 18 18 0', 'and up again');
SELECT public.is(pg_temp.lies('late'), '0 0|9 9', 'evenly in its lanes');

-- Versions.
SELECT public.is(pg_temp.resized('late', '20, 5'), '20 18 18 0', 'what is so already needs no expectation');
SELECT public.is(pg_temp.resized('late', '21, 20'), '21 19 19 0', 'as expected');
SELECT public.is(pg_temp.refused(format('SELECT booking.set_session_capacity(%L, 5, 20)', pg_temp.id('late'))),
                 format('BK222 expected_capacity: session %s has a capacity of 21, not 20', pg_temp.id('late')), 'not as expected');

-- Closed: nothing more is held, what is held may become a booking, and what is booked may go.
SELECT pg_temp.hold('closing ' || c.word || ' ' || s.session, s.session, 1, c.word || '@example.org')
  FROM (VALUES ('tour 9'), ('late')) AS s (session), (VALUES ('confirm'), ('extend'), ('expire')) AS c (word) \g /dev/null
TRUNCATE pg_temp.story;
INSERT INTO pg_temp.story VALUES ('tour 9'), ('late');
CREATE TEMPORARY TABLE open_ AS SELECT s.session, pg_temp.seen(s.session) AS seats FROM pg_temp.story AS s;
SELECT public.is(booking.close_session(pg_temp.id(s.session), 'storm'), true, s.session || ': closed') FROM pg_temp.story AS s;
SELECT public.is(booking.close_session(pg_temp.id('late'), 'rain'), false, 'closed once');
SELECT public.is((SELECT concat_ws(' ', s.status, s.closed_reason) FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id('late')),
                 'closed storm', 'and why');
SELECT public.is(pg_temp.seen(s.session), (SELECT o.seats FROM pg_temp.open_ AS o WHERE o.session = s.session),
                 s.session || ': its seats are what they were') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 1), 'session_closed', s.session || ': no new hold') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.lies('late'), '0 0|0/8 0/8', 'all of a lane is set aside');
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('closing confirm ' || s.session)) AS c), 'confirmed',
                 s.session || ': a live hold is confirmed') FROM pg_temp.story AS s;
SELECT public.ok(booking.extend_reservation(pg_temp.id('closing extend ' || s.session)) > booking.clock(),
                 s.session || ': or extended') FROM pg_temp.story AS s;
SELECT pg_temp.set_clock('2027-03-01 12:41 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('closing expire ' || s.session))),
                 format('BK211 -: the hold %s ran out at %s and its session has no room for a party of 1',
                        pg_temp.id('closing expire ' || s.session),
                        (SELECT r.expires_at FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('closing expire ' || s.session))),
                 s.session || ': one that has run out is not') FROM pg_temp.story AS s;
SELECT booking.cancel_booking(pg_temp.id('stays')) \g /dev/null
SELECT public.is(pg_temp.resized('late', '10'), '10 9 9 0', 'a closed session may be cut');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.is(booking.open_session(pg_temp.id(s.session)), true, s.session || ': opened') FROM pg_temp.story AS s;
SELECT public.is(booking.open_session(pg_temp.id('late')), false, 'opened once');
SELECT public.is(pg_temp.lies('late'), '0 0|5 4', 'its seats are for sale');
SELECT public.is(pg_temp.tries('late', 9), 'held', 'all of them');
SELECT public.is((SELECT concat_ws(' ', s.status, s.closed_reason) FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id('late')),
                 'open', 'no reason is left');
SELECT public.results_eq($$ SELECT * FROM pg_temp.news('tour 9') $$,
                         $$ VALUES ('{"status": "closed", "previous_status": "open", "reason": "storm"}'::jsonb),
                                   ('{"status": "open", "previous_status": "closed"}') $$, 'both are told');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT * FROM public.finish();
ROLLBACK;
