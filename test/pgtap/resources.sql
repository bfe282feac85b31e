-- Resources shared by activities: one court on which two sports are played. use_resource and stop_using_resource, and
-- what they mean to whoever reserves, confirms, moves, releases or looks.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(79);

INSERT INTO pg_temp.named (name, id) SELECT n, booking.new_id(1) FROM unnest('{pitch,hall}'::text[]) AS n;
INSERT INTO pg_temp.named (name, id) VALUES ('far pitch', booking.new_id(2));
INSERT INTO booking.resources (organization_id, id, venue_id, name)
VALUES (1, pg_temp.id('pitch'), pg_temp.id('venue'), 'Pitch 1'), (1, pg_temp.id('hall'), pg_temp.id('venue'), 'Hall'),
       (2, pg_temp.id('far pitch'), pg_temp.id('far venue'), 'Far pitch');

CREATE FUNCTION pg_temp.tries(session text, party_size integer DEFAULT 1) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT concat_ws(' ', t.outcome, t.refusal_sqlstate)
      FROM booking.try_reserve_slot(pg_temp.id(session), party_size, 'next@example.org') AS t $$;
CREATE FUNCTION pg_temp.available(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' ', booking.check_slot_availability(s.id, 1), s.capacity_remaining, s.seats_available)
      FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id(session) $$;
CREATE FUNCTION pg_temp.has(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT COALESCE(string_agg(format('%s %s-%s', q.name, to_char(lower(x.during), 'HH24:MI'),
                                      to_char(upper(x.during), 'HH24:MI')), ', ' ORDER BY q.number), 'nothing')
      FROM booking.resource_allocations AS x JOIN booking.resources AS q ON q.id = x.resource_id
     WHERE x.session_id = pg_temp.id(session) $$;

-- Case 17. Two sports, one court.
SELECT public.is(booking.use_resource(pg_temp.id('tour'), pg_temp.id('pitch')), true, 'tours need the pitch');
SELECT public.is(booking.use_resource(pg_temp.id('court'), pg_temp.id('pitch')), true, 'and so does the court');
SELECT public.is(booking.use_resource(pg_temp.id('court'), pg_temp.id('pitch')), false, 'which is said once');
SELECT public.is(pg_temp.has('tour 9'), 'nothing', 'case 17: nobody has it before a seat is held');
SELECT pg_temp.hold('first', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.has('tour 9'), 'Pitch 1 09:00-10:00', 'case 17: the first hold takes it');
SELECT public.is(pg_temp.tries('court 9'), 'resource_taken BK270', 'case 17: the other sport is refused');
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 1, %L)', pg_temp.id('court 9'), 'a@example.org')),
                 format('BK270 -: "Pitch 1", which session %s needs, is taken by another session until 2027-03-03 10:00:00+00', pg_temp.id('court 9')),
                 'and told what is taken, until when, and nothing has changed');
SELECT public.is(pg_temp.available('court 9'), 'f 4 0', 'case 17: it is not on offer');
SELECT public.is(pg_temp.available('tour 9'), 't 3 3', 'case 17: more of the same session is');
SELECT public.is((SELECT a.seats_available FROM booking.relay_availability(ARRAY[pg_temp.id('court 9')]) AS a), 0, 'so are pages told');
SELECT public.is((SELECT s ->> 'seats_available' FROM jsonb_array_elements(booking.public_activity_sessions(pg_temp.id('court')) -> 'sessions') AS s),
                 '0', 'and shown');
SELECT public.is((SELECT count(*) FROM booking.next_available_sessions(pg_temp.id('court'), 1)), 0::bigint, 'nor is it listed');
SELECT public.is(pg_temp.tries('tour 9'), 'held', 'the second party of the session needs nothing more');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- Given back by whoever is last.
SELECT booking.cancel_reservation(pg_temp.id('first')) \g /dev/null
SELECT public.is(pg_temp.tries('court 9'), 'resource_taken BK270', 'case 17: as long as one seat is held it is taken');
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT public.is(pg_temp.available('court 9'), 't 4 4', 'case 17: the moment the last hold runs out it is free');
SELECT public.is(pg_temp.has('tour 9'), 'Pitch 1 09:00-10:00', 'though nothing was tidied up yet');
SELECT public.is((SELECT count(*) FROM booking.next_available_sessions(pg_temp.id('court'), 1)), 1::bigint, 'it is listed');
SELECT public.is(pg_temp.tries('court 9'), 'held', 'case 17: and is had without the job');
SELECT public.is(pg_temp.has('tour 9') || ' ' || pg_temp.has('court 9'), 'nothing Pitch 1 09:00-10:00', 'it has changed hands');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT pg_temp.set_clock('2027-03-01 12:25 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.has('court 9'), 'nothing', 'the job gives it back, too');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- Late money: the seats are there, the court is not.
SELECT pg_temp.hold('late', 'tour 9', 2, 'late@example.org') \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:40 UTC') \g /dev/null
SELECT pg_temp.booked('game', 'court 9', 1) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('late'))) LIKE 'BK211 -: the hold%has no room for a party of 2', true,
                 'case 17: who pays late finds the court taken, as if it were sold out');
SELECT booking.cancel_booking(pg_temp.id('game')) \g /dev/null
SELECT public.is(pg_temp.has('court 9'), 'nothing', 'cancelling the last booking frees it');
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('late')) AS c), 'confirmed', 'and then it can be had late');
SELECT public.is(pg_temp.has('tour 9'), 'Pitch 1 09:00-10:00', 'with the court');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- Case 16. Buffers.
SELECT pg_temp.add_session(s.name, 1, s.activity, s.start_time::timestamptz, 4)
  FROM (VALUES ('court 11', 'court', '2027-03-03 11:00 UTC'), ('court 12', 'court', '2027-03-03 12:00 UTC'), ('court 13', 'court', '2027-03-03 13:00 UTC')) AS s (name, activity, start_time) \g /dev/null
SELECT booking.stop_using_resource(pg_temp.id('court'), pg_temp.id('pitch')) \g /dev/null
SELECT public.is(booking.use_resource(pg_temp.id('court'), pg_temp.id('pitch'), 15, 10), true, 'used again, with buffers');
SELECT pg_temp.booked('noon', 'court 12', 1) \g /dev/null
SELECT public.is(pg_temp.has('court 12'), 'Pitch 1 11:45-13:10', 'case 16: buffers widen what the session has, not the session');
SELECT public.is(pg_temp.tries('tour 11'), 'resource_taken BK270', 'case 16: a session that only meets a buffer is refused');
SELECT public.is(pg_temp.tries('court 13'), 'resource_taken BK270', 'case 16: also one of the same activity');
SELECT public.is((booking.reschedule_booking(pg_temp.id('noon'), pg_temp.id('court 13'))).scheduled_start, '2027-03-03 13:00 UTC', 'a booking moves into its own buffer');
SELECT public.is(pg_temp.has('court 13') || ' ' || pg_temp.has('court 12'), 'Pitch 1 12:45-14:10 nothing', 'and takes the court along');
SELECT public.is((booking.reschedule_booking(pg_temp.id('noon'), pg_temp.id('court 12'))).scheduled_start, '2027-03-03 12:00 UTC', 'and back, to the earlier session');
SELECT booking.change_party_size(pg_temp.id('noon'), 3) \g /dev/null
SELECT public.is(pg_temp.has('court 12'), 'Pitch 1 11:45-13:10', 'a larger party has it as before');
SELECT public.is(booking.use_resource(pg_temp.id('court'), pg_temp.id('pitch'), 0, 0), true, 'case 16: without buffers from now on');
SELECT public.is(pg_temp.has('court 12'), 'Pitch 1 12:00-13:00', 'also what is sold');
SELECT public.is(pg_temp.tries('tour 11'), 'held', 'and so the hour before is free');
SELECT public.is(pg_temp.refused(format('SELECT booking.use_resource(%L, %L, 15, 0)', pg_temp.id('court'), pg_temp.id('pitch'))) LIKE 'BK270 -: "Pitch 1", which session%', true,
                 'buffers that sold sessions do not have are refused, and nothing changes');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- In lanes.
SELECT booking.set_session_lanes(pg_temp.id('court 11'), 3) \g /dev/null
SELECT public.is((SELECT string_agg(format('%s/%s', l.remaining, l.set_aside), ' ' ORDER BY l.lane) FROM booking.session_lanes AS l WHERE l.session_id = pg_temp.id('court 11')),
                 '0/2 0/1 0/1', 'the seats of a session with resources lie aside in its lanes');
SELECT public.is(pg_temp.tries('court 11', 2), 'resource_taken BK270', 'striped, it is refused while the court is taken');
SELECT booking.cancel_reservation(r.id) FROM booking.slot_reservations AS r WHERE r.session_id = pg_temp.id('tour 11') \g /dev/null
SELECT pg_temp.hold('laned ' || n, 'court 11', 1, n || '@example.org') FROM generate_series(1, 4) AS n \g /dev/null
SELECT public.is(pg_temp.tries('court 11'), 'sold_out BK201', 'striped, it is sold to its last seat');
SELECT public.is(pg_temp.has('court 11'), 'Pitch 1 11:00-12:00', 'and has the court');
SELECT booking.cancel_reservation(pg_temp.id('laned ' || n)) FROM generate_series(1, 3) AS n \g /dev/null
SELECT public.is(pg_temp.has('court 11'), 'Pitch 1 11:00-12:00', 'until the last');
SELECT booking.cancel_reservation(pg_temp.id('laned 4')) \g /dev/null
SELECT public.is(pg_temp.has('court 11'), 'nothing', 'is given back');
SELECT pg_temp.hold('laned again', 'court 11', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 13:40 UTC') \g /dev/null
SELECT booking.release_expired_reservations(1) \g /dev/null
SELECT public.is(pg_temp.has('court 11'), 'nothing', 'by the job, too');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.is(booking.close_session(pg_temp.id('court 11')), true, 'closed');
SELECT public.is(booking.open_session(pg_temp.id('court 11')), true, 'and opened');
SELECT public.is((SELECT sum(l.remaining) FROM booking.session_lanes AS l WHERE l.session_id = pg_temp.id('court 11')), 0::bigint, 'its seats still lie aside');
SELECT public.is((booking.set_session_capacity(pg_temp.id('court 11'), 8)).seats_available, 8, 'also with another capacity');
SELECT public.is((SELECT sum(l.remaining) FROM booking.session_lanes AS l WHERE l.session_id = pg_temp.id('court 11')), 0::bigint, 'as ever');

-- Several resources; and a share of unpaid seats.
SELECT booking.use_resource(pg_temp.id('massage'), pg_temp.id('hall')), booking.use_resource(pg_temp.id('tour'), pg_temp.id('hall')) \g /dev/null
SELECT public.is(pg_temp.has('tour 9'), 'Pitch 1 09:00-10:00, Hall 09:00-10:00', 'a session that is sold takes what is new');
SELECT public.is(pg_temp.tries('massage 9'), 'resource_taken BK270', 'one of two is enough to be refused');
UPDATE booking.activities SET unpaid_percent_max = 50 WHERE id = pg_temp.id('court');
SELECT public.is(pg_temp.tries('court 13', 2) || ' ' || pg_temp.tries('court 13'), 'held unpaid_limit BK214', 'the share of unpaid seats holds as ever');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

-- No more.
SELECT public.is(booking.stop_using_resource(pg_temp.id('tour'), pg_temp.id('hall')), true, 'tours can do without the hall');
SELECT public.is(pg_temp.has('tour 9'), 'Pitch 1 09:00-10:00', 'and keep the pitch');
SELECT public.is(pg_temp.tries('massage 9'), 'held', 'the hall is free');
SELECT booking.stop_using_resource(pg_temp.id('court'), pg_temp.id('pitch')) \g /dev/null
SELECT public.is(booking.stop_using_resource(pg_temp.id('court'), pg_temp.id('pitch')), false, 'that is said once, too');
SELECT public.is((SELECT string_agg(format('%s/%s', l.remaining, l.set_aside), ' ' ORDER BY l.lane) FROM booking.session_lanes AS l WHERE l.session_id = pg_temp.id('court 11')),
                 '3/ 3/ 2/', 'without resources lanes sell to everybody again');
SELECT public.is(pg_temp.tries('court 9'), 'held', 'and the court is played on while tours have the pitch');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.is((booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-08', 1)), 1, 'sessions that are made');
SELECT public.is((SELECT bool_and(s.uses_resources) FROM booking.sessions AS s WHERE s.local_date = '2027-03-08'), true, 'use what their activity uses');

-- Refused, without a change.
SELECT public.is(pg_temp.refused(format('SELECT booking.use_resource(%L, %L)', pg_temp.id('court'), pg_temp.id('far pitch'))),
                 format('BK140 -: no resource of the organization has the id %s', pg_temp.id('far pitch')), 'a resource of others');
SELECT public.is(pg_temp.refused(format('SELECT booking.use_resource(%L, %L)', pg_temp.id('pitch'), pg_temp.id('pitch'))),
                 format('BK103 -: no activity has the id %s', pg_temp.id('pitch')), 'no activity');
SELECT public.is(pg_temp.refused(format('SELECT booking.use_resource(%L, %L, -1)', pg_temp.id('court'), pg_temp.id('pitch'))),
                 'BK040 buffer_before_minutes: buffer_before_minutes must be between 0 and 1440, got -1', 'no buffer');
SELECT public.is(pg_temp.refused(format('SELECT booking.use_resource(%L, %L, 0, 1441)', pg_temp.id('court'), pg_temp.id('pitch'))),
                 'BK040 buffer_after_minutes: buffer_after_minutes must be between 0 and 1440, got 1441', 'too much of a buffer');
SELECT public.is(pg_temp.refused(format('SELECT booking.stop_using_resource(NULL, %L)', pg_temp.id('pitch'))), 'BK001 activity_id: activity_id must not be NULL', 'nothing');
SELECT public.is(pg_temp.refused_to('booking_member', 'staff-1', format('SELECT booking.use_resource(%L, %L)', pg_temp.id('court'), pg_temp.id('pitch'))),
                 '42501: permission denied to say which resources an activity uses', 'only owners say what is used');
SELECT public.is(pg_temp.refused_to('booking_member', 'owner-2', format('SELECT booking.stop_using_resource(%L, %L)', pg_temp.id('tour'), pg_temp.id('pitch'))),
                 '42501: permission denied to say which resources an activity uses', 'of their own organization');
SELECT public.throws_ok(format('DELETE FROM booking.resources WHERE id = %L', pg_temp.id('pitch')), '23503', NULL, 'a resource that is used is not deleted');

-- What should not be is seen.
INSERT INTO booking.resource_allocations SELECT 1, pg_temp.id('court 13'), q.id, q.number, tstzrange('2027-03-03 13:00 UTC', '2027-03-03 14:00 UTC') FROM booking.resources AS q WHERE q.name = 'Pitch 1';
DELETE FROM booking.resource_allocations WHERE session_id = pg_temp.id('tour 9');
SELECT public.results_eq($$ SELECT i.invariant FROM booking.integrity_check() AS i ORDER BY 1 $$, $$ VALUES ('resource_is_needed'), ('sold_session_has_resources') $$,
                         'what has a resource without need, and what lacks one');
SELECT public.throws_ok(format($$ INSERT INTO booking.resource_allocations SELECT 1, %L, q.id, q.number, tstzrange('2027-03-03 13:30 UTC', '2027-03-03 14:30 UTC') FROM booking.resources AS q WHERE q.name = 'Pitch 1' $$, pg_temp.id('tour 11')),
                        '23P01', NULL, 'two at the same time are impossible, whoever writes');

-- Events.
SELECT public.results_eq($$ SELECT e.kind, e.facts ->> 'name' FROM booking.booking_events AS e WHERE e.kind LIKE 'resource.%' ORDER BY e.id $$,
                         $$ VALUES ('resource.created', 'Pitch 1'), ('resource.created', 'Hall'), ('resource.created', 'Far pitch') $$, 'resources are told');
SELECT public.is((SELECT e.facts FROM booking.booking_events AS e WHERE e.kind = 'activity.updated' AND e.facts -> 'changed' ? 'resources' ORDER BY e.id LIMIT 1),
                 '{"status": "active", "changed": ["resources"]}', 'and what an activity uses');

SELECT * FROM public.finish();
ROLLBACK;
