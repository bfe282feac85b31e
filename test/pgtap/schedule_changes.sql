-- Sessions that a schedule has left behind, time zones of venues, periods that are blocked, and from when until when
-- something may be booked.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(72);

CREATE FUNCTION pg_temp.tries(session uuid, party_size integer DEFAULT 1) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT concat_ws(' ', t.outcome, t.refusal_sqlstate)
      FROM booking.try_reserve_slot(session, party_size, 'next@example.org') AS t $$;
CREATE FUNCTION pg_temp.sessions_of(activity text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(to_char(s.start_time, 'DD HH24:MI') || CASE WHEN s.off_schedule THEN ' off' ELSE '' END || CASE s.status WHEN 'open' THEN '' ELSE ' ' || s.status END, ', ' ORDER BY s.start_time)
      FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id(activity) $$;
CREATE FUNCTION pg_temp.applied(activity text, dry_run boolean DEFAULT false) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT COALESCE(string_agg(concat_ws(' ', c.outcome, to_char(c.start_time, 'DD HH24:MI'), NULLIF(c.seats_taken, 0)), ', ' ORDER BY c.start_time), 'nothing')
      FROM booking.apply_schedule_change(pg_temp.id(activity), dry_run) AS c $$;
CREATE FUNCTION pg_temp.named_session(new_name text, activity text, at timestamptz) RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id) SELECT new_name, s.id FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id(activity) AND s.start_time = at RETURNING id $$;

-- Case 12. A week of hikes (New York is at UTC-5), of which one is sold, one was, and one is held by a hold that has run out.
UPDATE booking.activities SET schedule = '{"operatingDays": ["Monday", "Tuesday"], "startTime": "09:00", "endTime": "12:00", "slotInterval": 60}' WHERE id = pg_temp.id('hike');
DELETE FROM booking.sessions WHERE id = pg_temp.id('hike 9');
SELECT public.is(booking.generate_activity_sessions(pg_temp.id('hike'), '2027-03-08', 2), 6, 'two mornings');
SELECT pg_temp.named_session('monday 9', 'hike', '2027-03-08 14:00 UTC'), pg_temp.named_session('monday 10', 'hike', '2027-03-08 15:00 UTC'),
       pg_temp.named_session('monday 11', 'hike', '2027-03-08 16:00 UTC'), pg_temp.named_session('tuesday 9', 'hike', '2027-03-09 14:00 UTC') \g /dev/null
SELECT pg_temp.booked('sold', 'monday 9', 2), pg_temp.booked('was sold', 'monday 10', 1), pg_temp.hold('held', 'monday 11', 3) \g /dev/null
SELECT booking.cancel_booking(pg_temp.id('was sold')) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:15 UTC') \g /dev/null
UPDATE booking.activities SET schedule = '{"operatingDays": ["Monday", "Tuesday"], "startTime": "09:30", "endTime": "12:30", "slotInterval": 60, "customHours": {"Tuesday": {"startTime": "09:00", "endTime": "11:00"}}}' WHERE id = pg_temp.id('hike');
SELECT public.is(pg_temp.applied('hike', true),
                 'kept 08 14:00 2, removed 08 15:00, added 08 15:30, removed 08 16:00, added 08 16:30, removed 09 16:00',
                 'case 12: what would happen: sold ones are kept, others go, missing ones come where there is room');
SELECT public.is(pg_temp.sessions_of('hike'), '08 14:00, 08 15:00, 08 16:00, 09 14:00, 09 15:00, 09 16:00', 'a dry run changes nothing');
SELECT public.is(pg_temp.applied('hike'), 'kept 08 14:00 2, removed 08 15:00, added 08 15:30, removed 08 16:00, added 08 16:30, removed 09 16:00',
                 'case 12: and this has happened');
SELECT public.is(pg_temp.sessions_of('hike'), '08 14:00 off, 08 15:30, 08 16:30, 09 14:00, 09 15:00', 'case 12: what is sold is kept and flagged');
SELECT public.is(pg_temp.applied('hike'), 'kept 08 14:00 2', 'again, there is nothing to do');
SELECT public.is(booking.generate_activity_sessions(pg_temp.id('hike'), '2027-03-08', 2), 0, 'also for the generation');
SELECT public.is((SELECT c.status FROM booking.activity_sessions AS s, LATERAL (SELECT s.off_schedule::text AS status) AS c WHERE s.id = pg_temp.id('monday 9')), 'true', 'everybody sees the flag');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound, also of sessions that had been sold or held');
SELECT public.is(pg_temp.refused(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('held'))), format('BK101 -: no session has the id %s', pg_temp.id('monday 11')),
                 'a hold that had run out is not confirmed any more');
UPDATE booking.activities SET schedule = '{"operatingDays": ["Monday"], "startTime": "09:00", "endTime": "10:00", "slotInterval": 60}' WHERE id = pg_temp.id('hike');
SELECT public.is(pg_temp.applied('hike'), 'removed 08 15:30, removed 08 16:30, removed 09 14:00, removed 09 15:00', 'what fits again is not mentioned');
SELECT public.is(pg_temp.sessions_of('hike'), '08 14:00', 'and not flagged any more');
SELECT public.results_eq($$ SELECT e.kind, e.facts - '{first_start,last_start}'::text[] FROM booking.booking_events AS e
                             WHERE e.kind LIKE 'sessions.%' AND COALESCE(e.session_id, e.subject_id) IN (pg_temp.id('monday 9'), pg_temp.id('hike')) ORDER BY e.id OFFSET 1 $$,
                         $$ VALUES ('sessions.removed', '{"count": 3}'::jsonb), ('sessions.updated', '{"off_schedule": true}'), ('sessions.generated', '{"count": 2}'),
                                   ('sessions.removed', '{"count": 4}'), ('sessions.updated', '{"off_schedule": false}') $$, 'all of it is told');
SELECT public.is(pg_temp.refused('SELECT booking.apply_schedule_change(NULL)'), 'BK001 activity_id: activity_id must not be NULL', 'of no activity');
SELECT public.is(pg_temp.refused(format('SELECT booking.apply_schedule_change(%L, NULL)', pg_temp.id('hike'))), 'BK001 dry_run: dry_run must not be NULL', 'neither dry nor not');
SELECT public.is(pg_temp.refused(format('SELECT booking.apply_schedule_change(%L)', pg_temp.id('venue'))), format('BK103 -: no activity has the id %s', pg_temp.id('venue')), 'no activity');
SELECT public.is(pg_temp.refused_to('booking_member', 'staff-1', format('SELECT booking.apply_schedule_change(%L)', pg_temp.id('hike'))),
                 '42501: permission denied to apply a change of schedule', 'of another organization');

-- Case 14. The venue moves to another zone; what is sold does not.
CREATE TEMPORARY TABLE zone AS SELECT * FROM booking.set_venue_timezone(pg_temp.id('far venue'), 'America/Chicago', true);
SELECT public.is((SELECT string_agg(format('%s %s %s', to_char(z.start_time, 'DD HH24:MI'), to_char(z.local_start, 'HH24:MI'), z.seats_taken), ', ') FROM pg_temp.zone AS z),
                 '08 14:00 08:00 2', 'case 14: what would not fit in the other zone, and when it would be there');
SELECT public.is((SELECT v.timezone FROM booking.venues AS v WHERE v.id = pg_temp.id('far venue')), 'America/New_York', 'a dry run changes nothing');
SELECT public.is((SELECT count(*) FROM booking.set_venue_timezone(pg_temp.id('far venue'), 'America/Chicago')), 1::bigint, 'case 14: then it is done');
SELECT public.is((SELECT v.timezone || ' ' || s.timezone || ' ' || s.start_time || ' ' || b.scheduled_start
                    FROM booking.venues AS v, booking.sessions AS s, booking.bookings AS b
                   WHERE v.id = pg_temp.id('far venue') AND s.id = pg_temp.id('monday 9') AND b.id = pg_temp.id('sold')),
                 'America/Chicago America/New_York 2027-03-08 14:00:00+00 2027-03-08 14:00:00+00', 'case 14: no session and no booking moves');
SELECT public.is(pg_temp.applied('hike'), 'kept 08 14:00 2, added 08 15:00', 'sessions are made by the new zone');
SELECT public.is((SELECT e.facts FROM booking.booking_events AS e WHERE e.kind = 'venue.updated' ORDER BY e.id DESC LIMIT 1), '{"timezone": "America/Chicago"}', 'it is told');
SELECT public.is(pg_temp.refused(format('SELECT booking.set_venue_timezone(%L, %L)', pg_temp.id('far venue'), 'Mars/Olympus')) LIKE 'BK008 %', true, 'no zone');
SELECT public.is(pg_temp.refused(format('SELECT booking.set_venue_timezone(%L, NULL)', pg_temp.id('far venue'))), 'BK001 timezone: timezone must not be NULL', 'none at all');
SELECT public.is(pg_temp.refused(format('SELECT booking.set_venue_timezone(%L, %L)', pg_temp.id('hike'), 'UTC')), format('BK107 -: no venue has the id %s', pg_temp.id('hike')), 'no venue');
SELECT public.is(pg_temp.refused_to('booking_member', 'staff-1', format('SELECT booking.set_venue_timezone(%L, %L)', pg_temp.id('venue'), 'UTC')),
                 '42501: permission denied to change a venue''s time zone', 'only owners');

-- Case 15. Blocked periods.
CREATE FUNCTION pg_temp.blocked(new_name text, subject text, from_ timestamptz, until timestamptz, why text DEFAULT NULL) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SELECT string_agg(concat_ws(' ', n.name, p.outcome, NULLIF(p.seats_taken, 0)), ', ' ORDER BY p.start_time, n.name) INTO answer
      FROM booking.block_period(pg_temp.id(subject), from_, until, why) AS p JOIN pg_temp.named AS n ON n.id = p.session_id;
    INSERT INTO pg_temp.named (name, id) SELECT new_name, p.id FROM booking.blocked_periods AS p ORDER BY p.id DESC LIMIT 1;
    RETURN COALESCE(answer, 'nothing');
END $$;
CREATE FUNCTION pg_temp.unblocked(period text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT COALESCE(string_agg(concat_ws(' ', n.name, p.outcome, NULLIF(p.seats_taken, 0)), ', ' ORDER BY p.start_time, n.name), 'nothing')
      FROM booking.unblock_period(pg_temp.id(period)) AS p JOIN pg_temp.named AS n ON n.id = p.session_id $$;
SELECT pg_temp.booked('guest', 'tour 9', 1) \g /dev/null
SELECT booking.close_session(pg_temp.id('court 9'), 'by hand') \g /dev/null
SELECT public.is(pg_temp.blocked('flood', 'venue', '2027-03-03 08:00 UTC', '2027-03-03 11:00 UTC', 'flood'), 'court 9 was_closed, massage 9 closed, tour 9 closed 1',
                 'case 15: sessions of the venue are closed, and those that are sold reported');
SELECT public.is((SELECT string_agg(DISTINCT p.outcome || (p.period_id = pg_temp.id('flood')), '') FROM booking.block_period(pg_temp.id('venue'), '2027-03-03 08:00 UTC', '2027-03-03 11:00 UTC') AS p),
                 'was_closedtrue', 'again, it is the same period, and nothing is left to do');
SELECT public.is(pg_temp.tries(pg_temp.id('tour 9')), 'session_closed BK203', 'nothing more is sold');
SELECT public.is((SELECT s.closed_reason FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id('tour 9')), 'flood', 'and everybody sees why');
SELECT public.is(pg_temp.blocked('tours off', 'tour', '2027-03-03 09:30 UTC', '2027-03-03 09:45 UTC'), 'tour 9 was_closed 1', 'another period, of one activity');
SELECT public.is(pg_temp.tries(pg_temp.id('tour 11')), 'held', 'what only begins when the period ends is not in it');
SELECT public.is(pg_temp.unblocked('flood'), 'massage 9 opened, tour 9 still_blocked 1', 'case 15: unblocked, sessions open again, but for those that another period blocks');
SELECT public.is((SELECT s.status FROM booking.sessions AS s WHERE s.id = pg_temp.id('court 9')), 'closed', 'or that were closed by hand');
SELECT public.is(pg_temp.unblocked('tours off'), 'tour 9 opened 1', 'until that ends as well');
SELECT public.is(pg_temp.tries(pg_temp.id('tour 9')), 'held', 'then it is sold');
SELECT pg_temp.blocked('again', 'massage', '2027-03-03 09:00 UTC', '2027-03-03 10:00 UTC') \g /dev/null
SELECT public.is(booking.open_session(pg_temp.id('massage 9')), true, 'who opens a session means it');
SELECT booking.close_session(pg_temp.id('massage 9'), 'by hand') \g /dev/null
SELECT public.is(pg_temp.unblocked('again'), 'nothing', 'the period has nothing to do with it any more');

-- Case 15. None are made in it, and those that were not are made afterwards.
SELECT public.is(pg_temp.blocked('break', 'tour', '2027-03-08 08:30 UTC', '2027-03-08 09:30 UTC'), 'nothing', 'a period without sessions');
SELECT public.is(booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-08', 8), 1, 'case 15: none is made in a blocked period');
SELECT public.is(pg_temp.unblocked('break'), 'nothing', 'it ends');
SELECT public.is(booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-08', 8), 1, 'case 15: then it is made');
INSERT INTO pg_temp.named (name, id) VALUES ('lawn', booking.new_id(1));
INSERT INTO booking.resources (organization_id, id, venue_id, name) VALUES (1, pg_temp.id('lawn'), pg_temp.id('venue'), 'Lawn');
SELECT public.is(pg_temp.blocked('sown', 'lawn', '2027-03-03 00:00 UTC', '2027-03-20 00:00 UTC', 'new grass'), 'nothing', 'of a resource that nobody uses yet');
SELECT booking.use_resource(pg_temp.id('tour'), pg_temp.id('lawn')) \g /dev/null
SELECT public.is((SELECT string_agg(DISTINCT s.status || s.closed_reason, ' ') FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id('tour')), 'closednew grass', 'who begins to use it is closed as well');
SELECT booking.stop_using_resource(pg_temp.id('tour'), pg_temp.id('lawn')) \g /dev/null
SELECT public.is((SELECT string_agg(DISTINCT s.status, ' ') FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id('tour')), 'open', 'and opened when it does without');
SELECT public.results_eq($$ SELECT e.kind, e.facts ? 'reason', e.facts ? 'resource_id' FROM booking.booking_events AS e WHERE e.subject_id IN (pg_temp.id('flood'), pg_temp.id('sown')) ORDER BY e.id $$,
                         $$ VALUES ('period.blocked', true, false), ('period.unblocked', true, false), ('period.blocked', true, true) $$, 'periods are told');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.is(pg_temp.refused(format('SELECT booking.block_period(%L, %L, %L)', pg_temp.id('tour'), '2027-03-03', '2027-03-03')),
                 'BK041 ends_at: a period must end after it starts, between 1970-01-02 and 2200-01-01', 'a period without length');
SELECT public.is(pg_temp.refused(format('SELECT booking.block_period(%L, %L, %L)', pg_temp.id('tour'), '2027-03-03', 'infinity')),
                 'BK041 ends_at: a period must end after it starts, between 1970-01-02 and 2200-01-01', 'or without end');
SELECT public.is(pg_temp.refused(format('SELECT booking.block_period(%L, %L, %L)', pg_temp.id('tour 9'), '2027-03-03', '2027-03-04')),
                 format('BK041 subject_id: no venue, activity or resource has the id %s', pg_temp.id('tour 9')), 'of nothing that can be blocked');
SELECT public.is(pg_temp.refused(format('SELECT booking.block_period(%L, NULL, %L)', pg_temp.id('tour'), '2027-03-04')), 'BK001 starts_at: starts_at must not be NULL', 'from no time');
SELECT public.is(pg_temp.refused(format('SELECT booking.block_period(%L, %L, %L, repeat(%L, 501))', pg_temp.id('tour'), '2027-03-03', '2027-03-04', 'x')) LIKE 'BK020 reason:%', true, 'too much of a reason');
SELECT public.is(pg_temp.refused(format('SELECT booking.unblock_period(%L)', pg_temp.id('flood'))), format('BK141 -: no blocked period has the id %s', pg_temp.id('flood')), 'ended before');
SELECT public.is(pg_temp.refused_to('booking_member', 'owner-2', format('SELECT booking.block_period(%L, %L, %L)', pg_temp.id('tour'), '2027-03-03', '2027-03-04')),
                 '42501: permission denied to block a period', 'of another organization');
SELECT public.is(pg_temp.refused_to('booking_member', 'owner-2', format('SELECT booking.unblock_period(%L)', pg_temp.id('sown'))),
                 '42501: permission denied to unblock a period', 'nor is theirs unblocked');

-- Minimum notice and maximum advance, in seconds before the start. The clock stands at 12:15 on Monday the first.
UPDATE booking.activities SET min_notice_seconds = 3600, max_advance_seconds = 86400 WHERE id = pg_temp.id('court');
SELECT pg_temp.add_session(s.name, 1, 'court', s.start_time::timestamptz, 4)
  FROM (VALUES ('soon', '2027-03-01 13:00 UTC'), ('right', '2027-03-01 16:00 UTC'), ('far', '2027-03-02 16:00 UTC')) AS s (name, start_time) \g /dev/null
SELECT public.is(pg_temp.tries(pg_temp.id('soon')) || ', ' || pg_temp.tries(pg_temp.id('right')) || ', ' || pg_temp.tries(pg_temp.id('far')),
                 'too_late_to_book BK271, held, too_early_to_book BK272', 'too late, in time, too early');
SELECT public.is(pg_temp.tries(pg_temp.id('soon')) || ', ' || pg_temp.tries(pg_temp.id('right')) || ', ' || pg_temp.tries(pg_temp.id('far')),
                 'too_late_to_book BK271, held, too_early_to_book BK272', 'also when the terms are known');
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 1, %L)', pg_temp.id('soon'), 'a@example.org')),
                 format('BK271 -: session %s could be booked until 2027-03-01 12:00:00+00', pg_temp.id('soon')), 'and until when it could be');
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 1, %L)', pg_temp.id('far'), 'a@example.org')),
                 format('BK272 -: session %s can be booked from 2027-03-01 16:00:00+00', pg_temp.id('far')), 'and from when it can');
SELECT public.results_eq($$ SELECT booking.check_slot_availability(pg_temp.id(n), 1) FROM unnest('{soon,right,far}'::text[]) AS n $$, ARRAY[false, true, false], 'the check agrees');
SELECT public.results_eq($$ SELECT n.session_id FROM booking.next_available_sessions(pg_temp.id('court'), 1) AS n $$, ARRAY[pg_temp.id('right')], 'so do the lists');
SELECT public.is((SELECT string_agg(s ->> 'seats_available', ' ') FROM jsonb_array_elements(booking.public_activity_sessions(pg_temp.id('court')) -> 'sessions') AS s), '0 2 0 0', 'the catalogue');
SELECT public.is((SELECT string_agg(a.seats_available::text, ' ' ORDER BY a.start_time) FROM booking.relay_availability(ARRAY[pg_temp.id('soon'), pg_temp.id('right'), pg_temp.id('far')]) AS a), '0 2 0', 'and what pages are told');
SELECT public.is((SELECT a.min_notice_seconds || ' ' || a.max_advance_seconds FROM booking.public_activities AS a WHERE a.id = pg_temp.id('court')), '3600 86400', 'which know the rules');
SELECT pg_temp.booked('mover', 'right', 1) \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.reschedule_booking(%L, %L, NULL, %L)', pg_temp.id('mover'), pg_temp.id('far'), pg_temp.token('mover'))), format('BK272: session %s can be booked from 2027-03-01 16:00:00+00', pg_temp.id('far')), 'a customer moves to nothing that is not on sale yet');
SELECT public.is((booking.reschedule_booking(pg_temp.id('mover'), pg_temp.id('far'))).scheduled_start, '2027-03-02 16:00 UTC', 'staff move it');
SET LOCAL request.jwt.claims = '{"sub": "staff-1"}';
SET LOCAL ROLE booking_member;
SELECT public.is(pg_temp.tries(pg_temp.id('soon')) || ', ' || pg_temp.tries(pg_temp.id('far')), 'held, held', 'staff sell until it starts');
SET LOCAL request.jwt.claims = '{"sub": "owner-2"}';
SELECT public.is(pg_temp.tries(pg_temp.id('soon')), 'too_late_to_book BK271', 'those of others do not');
RESET ROLE;
SELECT public.is((SELECT e.facts FROM booking.booking_events AS e WHERE e.kind = 'activity.updated' AND e.subject_id = pg_temp.id('court') ORDER BY e.id DESC LIMIT 1),
                 '{"status": "active", "min_notice_seconds": 3600, "max_advance_seconds": 86400}', 'the rules are told');
SELECT public.throws_ok(format('UPDATE booking.activities SET min_notice_seconds = 86400 WHERE id = %L', pg_temp.id('court')), '23514', NULL, 'there has to be a time in between');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

SELECT * FROM public.finish();
ROLLBACK;
