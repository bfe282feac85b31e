-- Striped sessions: the seats lie in several rows, and every function finds them wherever they are. One backend meets all
-- phases of a take here; what many backends do to each other is for the isolation, e2e and fault tests.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(29);

CREATE FUNCTION pg_temp.lanes(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s | %s', s.remaining, (SELECT string_agg(l.remaining::text, ' ' ORDER BY l.lane)
                                             FROM booking.session_lanes AS l WHERE l.session_id = s.id))
      FROM booking.sessions AS s WHERE s.id = pg_temp.id(session) $$;
CREATE FUNCTION pg_temp.free(session text) RETURNS integer STABLE LANGUAGE sql AS $$
    SELECT a.seats_available FROM booking.activity_sessions AS a WHERE a.id = pg_temp.id(session) $$;
-- Puts the free seats where a test wants them; their sum stays.
CREATE FUNCTION pg_temp.arrange(session text, seats integer[]) RETURNS void VOLATILE LANGUAGE sql AS $$
    UPDATE booking.session_lanes AS l SET remaining = seats[l.lane + 1] WHERE l.session_id = pg_temp.id(session) $$;

-- How many lanes a new session gets.
UPDATE booking.activities SET capacity = c.capacity, lanes = c.lanes
  FROM (VALUES ('tour', 63, NULL), ('massage', 64, NULL), ('court', 1000, NULL), ('hike', 500, 3))
    AS c (name, capacity, lanes) WHERE activities.name = c.name;
SELECT sum(booking.generate_activity_sessions(a.id, '2027-04-05', 1)) FROM booking.activities AS a \g /dev/null
SELECT public.bag_eq(
    $$ SELECT a.name, s.lane_count, s.remaining, (SELECT sum(l.remaining) FROM booking.session_lanes AS l
                                                   WHERE l.session_id = s.id),
              (SELECT max(l.remaining) - min(l.remaining) <= 1 FROM booking.session_lanes AS l WHERE l.session_id = s.id)
         FROM booking.sessions AS s JOIN booking.activities AS a ON a.id = s.activity_id
        WHERE s.local_date = '2027-04-05' $$,
    $$ VALUES ('tour', 0::smallint, 63, NULL::bigint, NULL::boolean), ('massage', 8, 0, 64, true),
              ('court', 64, 0, 1000, true), ('hike', 3, 0, 500, true) $$,
    'no lanes below 64 seats; one for eight seats, 64 at most; as many as the activity says');

-- Striping a live session.
SELECT pg_temp.add_session('big', 1, 'tour', '2027-03-04 09:00 UTC', 20) \g /dev/null
SELECT pg_temp.hold('before', 'big', 5) \g /dev/null
SELECT public.is(pg_temp.lanes('big'), '15 | ', 'a quiet session is its own counter');
SELECT booking.set_session_lanes(pg_temp.id('big'), 4) \g /dev/null
SELECT public.is(pg_temp.lanes('big'), '0 | 4 4 4 3', 'striping spreads the free seats evenly');
SELECT booking.set_session_lanes(pg_temp.id('big'), 2) \g /dev/null
SELECT public.is(pg_temp.lanes('big'), '0 | 4 4 4 3', 'lanes are never removed');
SELECT public.is(pg_temp.free('big'), 15, 'and the view adds them up');
SELECT public.throws_ok(format('SELECT booking.set_session_lanes(%L, %s)', pg_temp.id('big'), n), 'BK012',
                        format('lanes must be between 1 and 256, got %s', n), 'no ' || n || ' lanes')
  FROM unnest(ARRAY[0, -1, 257]) AS n;
SELECT public.throws_ok(format('SELECT booking.set_session_lanes(%L, 2)', booking.new_id(1)), 'BK101', NULL,
                        'nor lanes of an unknown session');

-- Every phase of a take.
SELECT pg_temp.arrange('big', ARRAY[0, 0, 15, 0]) \g /dev/null
SELECT pg_temp.hold('elsewhere', 'big', 6) \g /dev/null
SELECT public.is(pg_temp.lanes('big'), '0 | 0 0 9 0', 'seats in another lane are found');
SELECT pg_temp.arrange('big', ARRAY[3, 2, 2, 2]) \g /dev/null
SELECT pg_temp.hold('gathered', 'big', 8) \g /dev/null
SELECT public.is(pg_temp.free('big'), 1, 'seats in several lanes are gathered');
SELECT public.throws_like(format('SELECT booking.reserve_slot(%L, 2, ''x@example.org'')', pg_temp.id('big')),
                          '%has not enough seats left for a party of 2', 'and no more than there are');
SELECT pg_temp.hold('last', 'big', 1) \g /dev/null
SELECT public.is(pg_temp.free('big'), 0, 'down to the last seat');
SELECT public.is((SELECT r.outcome FROM booking.try_reserve_slot(pg_temp.id('big'), 1, 'x@example.org') AS r), 'sold_out',
                 'then it is sold out');
SELECT public.is(booking.check_slot_availability(pg_temp.id('big'), 1), false, 'also by check_slot_availability');

-- Giving back, confirming late, expiry.
SELECT booking.cancel_reservation(pg_temp.id('elsewhere')) \g /dev/null
SELECT public.is(pg_temp.free('big'), 6, 'a cancelled hold gives its seats to a lane');
SELECT public.is(booking.check_slot_availability(pg_temp.id('big'), 6), true, 'where they are seen');
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT public.is(pg_temp.free('big'), 20, 'expired holds are free at once');
SELECT public.is((SELECT n.seats_available FROM booking.next_available_sessions(pg_temp.id('tour'), 20, 1) AS n), 20,
                 'next_available_sessions counts them');
SELECT pg_temp.hold('party', 'big', 17) \g /dev/null
SELECT public.is(pg_temp.free('big'), 3, 'and they can be had without the job');
SELECT public.throws_ok(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('gathered')), 'BK211', NULL,
                        'a late payment finds too few seats');
SELECT public.lives_ok(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('last')),
                       'another finds enough and takes them again');
SELECT public.is(pg_temp.free('big'), 2, 'from the lanes');
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.is(booking.release_expired_reservations(), 1, 'the job releases the rest');
SELECT public.is(pg_temp.free('big'), 19, 'into a lane');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
UPDATE booking.session_lanes SET remaining = remaining + 1 WHERE session_id = pg_temp.id('big') AND lane = 0;
SELECT public.bag_eq('SELECT i.invariant, i.object_id FROM booking.integrity_check() AS i',
                     $$ VALUES ('seats_add_up', pg_temp.id('big')) $$, 'a seat too many in a lane is seen');
UPDATE booking.session_lanes SET remaining = remaining - 1 WHERE session_id = pg_temp.id('big') AND lane = 0;

-- The limit of live holds.
UPDATE booking.activities SET live_holds_per_email = 2 WHERE name = 'tour';
SELECT pg_temp.hold('limited ' || n, 'big', 1, CASE n WHEN 1 THEN 'Bo@example.org' ELSE 'bo@EXAMPLE.org' END)
  FROM generate_series(1, 2) AS n \g /dev/null
SELECT public.throws_ok(format('SELECT booking.reserve_slot(%L, 1, ''bo@example.org'')', pg_temp.id('big')), 'BK213',
                        'this e-mail address has 2 live holds already', 'an address has only so many live holds');
SELECT booking.cancel_reservation(pg_temp.id('limited 1')) \g /dev/null
SELECT public.lives_ok(format('SELECT booking.reserve_slot(%L, 1, ''bo@example.org'')', pg_temp.id('big')),
                       'a cancelled one no longer counts');
SELECT * FROM public.finish();
ROLLBACK;
