-- generate_activity_sessions: from a schedule and its exceptions to rows, once. A sample of civil time; test/e2e
-- compares years of it with another implementation.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(51);

CREATE FUNCTION pg_temp.add_activity(new_name text, schedule jsonb, venue text DEFAULT 'venue') RETURNS void VOLATILE
    LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id) VALUES (new_name, booking.new_id(1));
    INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity)
    VALUES (1, pg_temp.id(new_name), pg_temp.id(venue), new_name,
            '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
              "startTime": "09:00", "endTime": "11:00", "slotInterval": 60}'::jsonb || schedule, 4) $$;
CREATE FUNCTION pg_temp.generate(activity text, start_date date, days integer) RETURNS integer VOLATILE
    LANGUAGE sql AS $$ SELECT booking.generate_activity_sessions(pg_temp.id(activity), start_date, days) $$;
-- The sessions of an operating day in the venue's civil time.
CREATE FUNCTION pg_temp.day(activity text, date date) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(to_char(s.start_time AT TIME ZONE s.timezone, 'HH24:MI') || '-'
                      || to_char(s.end_time AT TIME ZONE s.timezone, 'HH24:MI'), ' ' ORDER BY s.start_time)
      FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id(activity) AND s.local_date = date $$;

-- A week. The clock stands at Monday 2027-03-01.
SELECT pg_temp.add_activity('weekdays', '{"operatingDays": ["Monday", "Wednesday", "Saturday"], "customHours":
    {"Saturday": {"startTime": "10:00", "endTime": "13:00"}, "Sunday": {"startTime": "10:00", "endTime": "13:00"},
     "Wednesday": {"enabled": false, "startTime": "20:00", "endTime": "23:00"}}}') \g /dev/null
SELECT public.is(pg_temp.generate('weekdays', '2027-03-08', 7), 7, 'a week of sessions is made');
SELECT public.is(pg_temp.day('weekdays', '2027-03-08'), '09:00-10:00 10:00-11:00', 'a day with the regular hours');
SELECT public.is(pg_temp.day('weekdays', '2027-03-09'), NULL, 'a day that is not listed');
SELECT public.is(pg_temp.day('weekdays', '2027-03-10'), '09:00-10:00 10:00-11:00',
                 'custom hours that are switched off');
SELECT public.is(pg_temp.day('weekdays', '2027-03-13'), '10:00-11:00 11:00-12:00 12:00-13:00', 'custom hours');
SELECT public.is(pg_temp.day('weekdays', '2027-03-14'), NULL, 'custom hours of a day that is not listed');
SELECT public.is(
    (SELECT format('%s %s %s %s %s %s %s %s', s.start_time, s.local_date, s.capacity_total, s.remaining, s.oversold_by,
                   s.lane_count, s.status, s.timezone)
       FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id('weekdays') ORDER BY s.start_time LIMIT 1),
    '2027-03-08 08:00:00+00 2027-03-08 4 4 0 0 open Europe/Berlin', 'a row as it should be');
SELECT public.is_empty($$ SELECT s.id FROM booking.sessions AS s
                           WHERE booking.organization_of(s.id) <> s.organization_id $$, 'ids carry the organization');

-- The watermark.
SELECT public.is(pg_temp.generate('weekdays', '2027-03-08', 7), 0, 'a second run makes nothing');
SELECT public.is(pg_temp.generate('weekdays', '2027-03-10', 2), 0, 'nor one within');
SELECT public.is(pg_temp.generate('weekdays', '2027-03-01', 21), 12, 'a longer run makes what is before and after');
SELECT public.is((SELECT format('%s %s', w.first_date, w.last_date) FROM booking.generation_watermarks AS w
                   WHERE w.activity_id = pg_temp.id('weekdays')), '2027-03-01 2027-03-21', 'the watermark says so');
DELETE FROM booking.sessions WHERE activity_id = pg_temp.id('weekdays') AND local_date = '2027-03-13';
SELECT public.is(pg_temp.generate('weekdays', '2027-03-01', 28), 7, 'a later run makes the days beyond');
SELECT public.is(pg_temp.day('weekdays', '2027-03-13'), NULL, 'sessions that were deleted do not come back');
SELECT public.is(pg_temp.generate('weekdays', '2027-06-07', 1), 2, 'a run far ahead leaves a gap');
SELECT public.is(pg_temp.generate('weekdays', '2027-03-08', 1), 0, 'and days from before the gap are not made twice');

-- What changes, is looked at again; what exists, stays.
SELECT pg_temp.add_activity('changing', '{}') \g /dev/null
SELECT pg_temp.generate('changing', '2027-03-08', 2) \g /dev/null
UPDATE booking.activities SET schedule = schedule || '{"startTime": "09:30", "endTime": "13:30"}', capacity = 9
 WHERE id = pg_temp.id('changing');
SELECT public.is(pg_temp.generate('changing', '2027-03-08', 2), 4, 'another schedule makes what fits between');
SELECT public.is(pg_temp.day('changing', '2027-03-08'), '09:00-10:00 10:00-11:00 11:30-12:30 12:30-13:30',
                 'beside the sessions that exist');
SELECT public.is((SELECT array_agg(DISTINCT s.capacity_total ORDER BY s.capacity_total) FROM booking.sessions AS s
                   WHERE s.activity_id = pg_temp.id('changing')), ARRAY[4, 9],
                 'new sessions have the new capacity, old ones keep theirs');
UPDATE booking.activities SET capacity = 5 WHERE id = pg_temp.id('changing');
SELECT public.is(pg_temp.generate('changing', '2027-03-08', 2), 0, 'a change of capacity alone makes nothing');
UPDATE booking.activities SET schedule = schedule || '{"startTime": "08:00", "slotInterval": 180}'
 WHERE id = pg_temp.id('changing');
SELECT public.is(pg_temp.generate('changing', '2027-03-08', 2), 0,
                 'a long slot that would overlap a short one is not made');

-- What is past is not made.
SELECT pg_temp.add_activity('today', '{"endTime": "18:00"}') \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.is(pg_temp.generate('today', '2027-02-22', 8), 4, 'of today, what is still to come');
SELECT public.is(pg_temp.day('today', '2027-03-01'), '14:00-15:00 15:00-16:00 16:00-17:00 17:00-18:00',
                 'by the clock at the venue');
SELECT public.is(pg_temp.generate('today', '2026-01-01', 365), 0, 'nothing of last year');

-- Slots.
SELECT pg_temp.add_activity('odd', '{"slotInterval": 45}') \g /dev/null
SELECT pg_temp.generate('odd', '2027-03-08', 1) \g /dev/null
SELECT public.is(pg_temp.day('odd', '2027-03-08'), '09:00-09:45 09:45-10:30',
                 'a slot that would end too late is not made');
SELECT pg_temp.add_activity('night', '{"startTime": "22:00", "endTime": "02:00"}') \g /dev/null
SELECT public.is(pg_temp.generate('night', '2027-03-08', 2), 8, 'nights');
SELECT public.is(pg_temp.day('night', '2027-03-08'), '22:00-23:00 23:00-00:00 00:00-01:00 01:00-02:00',
                 'a slot past midnight belongs to the day before');
SELECT pg_temp.add_activity('round the clock', '{"startTime": "00:00", "endTime": "24:00", "slotInterval": 720}')
    \g /dev/null
SELECT public.is(pg_temp.generate('round the clock', '2027-03-08', 10), 20, 'round the clock');
SELECT pg_temp.add_activity('never', '{"operatingDays": []}') \g /dev/null
SELECT public.is(pg_temp.generate('never', '2027-03-08', 365), 0, 'an activity that never takes place');

-- Clock changes in Berlin: 2027-03-28 has no 02:00 to 03:00, 2027-10-31 has it twice.
SELECT pg_temp.add_activity('early', '{"startTime": "01:00", "endTime": "05:00"}') \g /dev/null
SELECT pg_temp.generate('early', '2027-03-28', 1), pg_temp.generate('early', '2027-10-31', 1) \g /dev/null
SELECT public.results_eq(
    $$ SELECT s.start_time, s.end_time FROM booking.sessions AS s
        WHERE s.activity_id = pg_temp.id('early') ORDER BY s.start_time $$,
    $$ SELECT t::timestamptz, t::timestamptz + interval '1 hour'
         FROM unnest(ARRAY['2027-03-28 00:00Z', '2027-03-28 01:00Z', '2027-03-28 02:00Z', '2027-10-30 23:00Z',
                           '2027-10-31 00:00Z', '2027-10-31 02:00Z', '2027-10-31 03:00Z']) AS t $$,
    'a slot in the gap is not made, one in the overlap once, the first time');

-- Exceptions.
SELECT pg_temp.add_activity('holiday', '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]}')
    \g /dev/null
SELECT pg_temp.add_activity('neighbour', '{}') \g /dev/null
INSERT INTO booking.schedule_exceptions (organization_id, venue_id, activity_id, first_date, last_date, closed,
                                         start_time, end_time)
SELECT 1, CASE WHEN x.of_venue THEN pg_temp.id('venue') END, CASE WHEN NOT x.of_venue THEN pg_temp.id('holiday') END,
       x.first_date::date, x.last_date::date, x.opens IS NULL, x.opens::time, x.closes::time
  FROM (VALUES (true, '2027-04-05', '2027-04-06', NULL, NULL), (false, '2027-04-06', '2027-04-06', '12:00', '14:00'),
               (true, '2027-04-07', '2027-04-07', '15:00', '17:00'),
               (false, '2027-04-08', '2027-04-08', '08:00', '09:00'),
               (false, '2027-04-08', '2027-04-08', '18:00', '20:00'),
               (false, '2027-04-09', '2027-04-09', '23:00', '01:00'),
               (false, '2027-04-11', '2027-04-11', '10:00', '12:00'),
               (false, '2027-04-12', '2027-04-12', '10:00', '12:00'),
               (false, '2027-04-12', '2027-04-14', NULL, NULL), (true, '2027-04-15', '2027-04-15', '22:00', '24:00'),
               (true, '2027-04-16', '2027-04-16', '10:00', '10:30'))
    AS x (of_venue, first_date, last_date, opens, closes);
SELECT pg_temp.generate('holiday', '2027-04-05', 14), pg_temp.generate('neighbour', '2027-04-05', 14) \g /dev/null
SELECT public.is(pg_temp.day(e.activity, e.date::date), e.expected, format('%s: %s', e.date, e.what))
  FROM (VALUES
    ('holiday', '2027-04-05', NULL, 'the venue is closed'),
    ('holiday', '2027-04-06', '12:00-13:00 13:00-14:00', 'the activity''s own hours win over a closed venue'),
    ('neighbour', '2027-04-06', NULL, 'but of that activity only'),
    ('holiday', '2027-04-07', '15:00-16:00 16:00-17:00', 'other hours of the venue'),
    ('neighbour', '2027-04-07', '15:00-16:00 16:00-17:00', 'for all its activities'),
    ('holiday', '2027-04-08', '08:00-09:00 18:00-19:00 19:00-20:00', 'two windows a day'),
    ('holiday', '2027-04-09', '23:00-00:00 00:00-01:00', 'a window over midnight'),
    ('holiday', '2027-04-10', NULL, 'a Saturday as ever'),
    ('holiday', '2027-04-11', '10:00-11:00 11:00-12:00', 'a Sunday that is open for once'),
    ('holiday', '2027-04-12', NULL, 'closed and open at once: closed'),
    ('holiday', '2027-04-14', NULL, 'closed to the last day'),
    ('holiday', '2027-04-15', '22:00-23:00 23:00-00:00', 'until midnight'),
    ('holiday', '2027-04-16', NULL, 'too short for a slot'),
    ('neighbour', '2027-04-17', '09:00-10:00 10:00-11:00', 'and as ever again'))
    AS e (activity, date, expected, what);
INSERT INTO booking.schedule_exceptions (organization_id, activity_id, first_date, last_date)
VALUES (1, pg_temp.id('holiday'), '2027-04-07', '2027-04-07');
SELECT public.is(pg_temp.generate('holiday', '2027-04-05', 14), 0, 'an exception that is written later makes nothing');
SELECT public.is(pg_temp.day('holiday', '2027-04-07'), '15:00-16:00 16:00-17:00', 'and removes nothing');

-- All activities, from the date at each venue.
UPDATE booking.activities SET status = 'inactive';
SELECT pg_temp.add_activity('all', '{}') \g /dev/null
UPDATE booking.activities SET status = 'active', schedule = schedule || '{"operatingDays": ["Monday", "Tuesday"]}'
 WHERE id = pg_temp.id('hike');
SELECT public.is(booking.generate_all_sessions(2), 4, 'generate_all_sessions makes those of active activities');
SELECT public.is(booking.generate_all_sessions(2), 0, 'once');
UPDATE booking.organizations SET status = 'suspended' WHERE organization_id = 2;
SELECT public.is(booking.generate_all_sessions(9), 14, 'and leaves out suspended organizations');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'no two sessions overlap');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
