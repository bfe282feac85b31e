-- A waiting list of a session that needs a court: who is next gets the seats before the court is let go, and nobody is
-- offered seats of a session whose court is somebody else's.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(32);

INSERT INTO pg_temp.named (name, id) VALUES ('pitch', booking.new_id(1));
INSERT INTO booking.resources (organization_id, id, venue_id, name) VALUES (1, pg_temp.id('pitch'), pg_temp.id('venue'), 'Pitch 1');
UPDATE booking.activities SET waitlist_policy = 'fit';
SELECT booking.use_resource(pg_temp.id('tour'), pg_temp.id('pitch')), booking.use_resource(pg_temp.id('court'), pg_temp.id('pitch')) \g /dev/null

CREATE FUNCTION pg_temp.tries(session text, party_size integer DEFAULT 1) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT concat_ws(' ', t.outcome, t.refusal_sqlstate)
      FROM booking.try_reserve_slot(pg_temp.id(session), party_size, 'next@example.org') AS t $$;
CREATE FUNCTION pg_temp.has(session text) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT EXISTS (SELECT 1 FROM booking.resource_allocations AS x WHERE x.session_id = pg_temp.id(session)) $$;
CREATE FUNCTION pg_temp.joins(name text, session text, party_size integer) RETURNS void VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    joined record;
BEGIN
    joined := booking.join_waitlist(pg_temp.id(session), party_size, name || '@example.org');
    INSERT INTO pg_temp.named (name, id) VALUES (name, joined.entry_id);
    INSERT INTO pg_temp.tokens VALUES (name, joined.waitlist_token);
END $$;
CREATE TEMPORARY TABLE tokens (name text, token text);
CREATE FUNCTION pg_temp.entry(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT w.status FROM booking.waitlist_entries AS w WHERE w.id = pg_temp.id(name) $$;
CREATE FUNCTION pg_temp.leaves(name text) RETURNS boolean VOLATILE LANGUAGE sql AS $$
    SELECT booking.leave_waitlist(pg_temp.id(name), (SELECT t.token FROM pg_temp.tokens AS t WHERE t.name = $1)) $$;

-- The court is the other sport's: there is nothing to wait for in this session, whose seats are all free.
SELECT pg_temp.hold('other sport', 'court 9', 1) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 1, %L)', pg_temp.id('tour 9'), 'a@example.org')) LIKE 'BK241 -: %', true,
                 'nobody waits for seats that are free, whatever they need besides');
SELECT booking.cancel_reservation(pg_temp.id('other sport')) \g /dev/null

-- Sold out, and waited for.
SELECT pg_temp.hold('all', 'tour 9', 4) \g /dev/null
SELECT pg_temp.joins('bea', 'tour 9', 3) \g /dev/null
SELECT pg_temp.joins('cleo', 'tour 9', 2) \g /dev/null
SELECT public.is(pg_temp.entry('bea') || ' ' || pg_temp.entry('cleo'), 'waiting waiting', 'two wait');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT booking.cancel_reservation(pg_temp.id('all')) \g /dev/null
SELECT public.is(pg_temp.entry('bea') || ' ' || pg_temp.entry('cleo'), 'offered waiting', 'seats that come back are the next one''s');
SELECT public.ok(pg_temp.has('tour 9'), 'and the court stays where it was');
SELECT public.is(pg_temp.tries('court 9'), 'resource_taken BK270', 'so that the other sport is refused');
SELECT public.is(pg_temp.tries('tour 9'), 'held', 'what suffices for nobody who waits is on sale');
SELECT public.is(pg_temp.tries('tour 9'), 'sold_out BK201', 'and no more than that');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- The offer runs out, and so does the hold beside it: the next who waits comes before the other sport.
SELECT pg_temp.set_clock('2027-03-01 14:00 UTC') \g /dev/null
SELECT public.is((SELECT a.seats_available FROM booking.relay_availability(ARRAY[pg_temp.id('court 9')]) AS a), 0, 'no page is told that it is free');
SELECT public.is(booking.check_slot_availability(pg_temp.id('court 9'), 1), false, 'nor is anybody else');
SELECT public.is(pg_temp.tries('court 9'), 'resource_taken BK270', 'who wants the court serves who waits');
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.entry('bea') || ' ' || pg_temp.entry('cleo'), 'expired offered', 'it goes on to the next');
SELECT public.ok(pg_temp.has('tour 9'), 'who has the court with it');
SELECT public.is(pg_temp.tries('court 9'), 'resource_taken BK270', 'still');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- The last who waits leaves, and what is left runs out.
SELECT public.ok(pg_temp.leaves('cleo'), 'who was offered seats declines');
SELECT public.ok(NOT pg_temp.has('tour 9'), 'nobody is left: the court is free');
SELECT public.is(pg_temp.tries('court 9'), 'held', 'and had by the other sport');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- A court that is added while somebody waits.
SELECT pg_temp.set_clock('2027-03-01 14:30 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT booking.stop_using_resource(pg_temp.id('tour'), pg_temp.id('pitch')) \g /dev/null
SELECT pg_temp.hold('again', 'tour 9', 4) \g /dev/null
SELECT pg_temp.joins('dora', 'tour 9', 2) \g /dev/null
SELECT public.ok(NOT pg_temp.has('tour 9'), 'without need there is no court');
SELECT pg_temp.set_clock('2027-03-01 15:00 UTC') \g /dev/null
SELECT public.is(booking.use_resource(pg_temp.id('tour'), pg_temp.id('pitch')), true, 'the court is needed from now on');
SELECT public.is(pg_temp.entry('dora'), 'offered', 'who waited has been served before');
SELECT public.ok(pg_temp.has('tour 9'), 'and has the court');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT booking.stop_using_resource(pg_temp.id('tour'), pg_temp.id('pitch')) \g /dev/null
SELECT public.is(pg_temp.tries('court 9'), 'held', 'no longer needed, it is anybody''s');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- Striped.
SELECT pg_temp.set_clock('2027-03-01 17:00 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT booking.use_resource(pg_temp.id('tour'), pg_temp.id('pitch')), booking.set_session_lanes(pg_temp.id('tour 9'), 4) \g /dev/null
SELECT pg_temp.hold('wide', 'tour 9', 4) \g /dev/null
SELECT pg_temp.joins('eve', 'tour 9', 4) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('wide')) \g /dev/null
SELECT public.is(pg_temp.entry('eve'), 'offered', 'from all lanes');
SELECT public.ok(pg_temp.has('tour 9'), 'with the court');
SELECT public.ok(pg_temp.leaves('eve'), 'who declines');
SELECT public.ok(NOT pg_temp.has('tour 9'), 'gives it back with the last seat');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

SELECT * FROM public.finish();
ROLLBACK;
