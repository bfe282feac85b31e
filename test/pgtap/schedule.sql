-- Schedules and time zones, validated when they are written: what is refused with which JSON path, what is taken.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(149);

-- A valid schedule, with members replaced (by NULL: removed).
CREATE FUNCTION pg_temp.schedule(changes jsonb DEFAULT '{}') RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_object_agg(m.key, m.value)
      FROM jsonb_each('{"operatingDays": ["Monday", "Saturday"], "startTime": "09:00", "endTime": "22:00",
                        "slotInterval": 60}'::jsonb || changes) AS m
     WHERE jsonb_typeof(m.value) <> 'null' $$;
CREATE FUNCTION pg_temp.answer(schedule jsonb) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    RETURN booking.check_schedule(schedule);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT public.is(pg_temp.answer(s.document), 'BK006 invalid schedule: ' || s.answer, 'no: ' || s.document::text)
  FROM (VALUES
    ('null'::jsonb, '$ must be an object, got null'), ('true', '$ must be an object, got a boolean'),
    ('60', '$ must be an object, got a number'), ('"Monday"', '$ must be an object, got a string'),
    ('[]', '$ must be an object, got an array'), ('[{}]', '$ must be an object, got an array'),
    ('{}', '$.slotInterval is missing')) AS s (document, answer);

SELECT public.is(pg_temp.answer(pg_temp.schedule(s.changes)), 'BK006 invalid schedule: ' || s.answer,
                 'no: ' || left(s.changes::text, 100))
  FROM (VALUES
    -- Members.
    ('{"slotinterval": 60}'::jsonb, '$ has an unknown member "slotinterval"'),
    ('{"closed": true}', '$ has an unknown member "closed"'), ('{"": 1}', '$ has an unknown member ""'),
    ('{"operatingDays": null}', '$.operatingDays is missing'), ('{"startTime": null}', '$.startTime is missing'),
    ('{"endTime": null}', '$.endTime is missing'), ('{"slotInterval": null}', '$.slotInterval is missing'),
    -- Days.
    ('{"operatingDays": "Monday"}', '$.operatingDays must be an array of day names, got a string'),
    ('{"operatingDays": {"Monday": true}}', '$.operatingDays must be an array of day names, got an object'),
    ('{"operatingDays": ["Monday", 2]}', '$.operatingDays[1] must be a day name, got a number'),
    ('{"operatingDays": [null]}', '$.operatingDays[0] must be a day name, got null'),
    ('{"operatingDays": [["Monday"]]}', '$.operatingDays[0] must be a day name, got an array'),
    ('{"operatingDays": ["Monday", "Funday"]}', '$.operatingDays[1] is not a day: "Funday"'),
    ('{"operatingDays": ["monday"]}', '$.operatingDays[0] is not a day: "monday"'),
    ('{"operatingDays": ["MONDAY"]}', '$.operatingDays[0] is not a day: "MONDAY"'),
    ('{"operatingDays": ["Mon"]}', '$.operatingDays[0] is not a day: "Mon"'),
    ('{"operatingDays": ["Montag"]}', '$.operatingDays[0] is not a day: "Montag"'),
    ('{"operatingDays": [""]}', '$.operatingDays[0] is not a day: ""'),
    ('{"operatingDays": ["Monday "]}', '$.operatingDays[0] is not a day: "Monday "'),
    ('{"operatingDays": ["Monday", "Friday", "Monday"]}', '$.operatingDays[2] names a day twice: "Monday"'),
    -- Times of day.
    ('{"startTime": "25:00"}', '$.startTime is not a time of day: "25:00"'),
    ('{"startTime": "24:00"}', '$.startTime is not a time of day: "24:00"'),
    ('{"startTime": "09:60"}', '$.startTime is not a time of day: "09:60"'),
    ('{"startTime": "9:00"}', '$.startTime is not a time of day: "9:00"'),
    ('{"startTime": "09:00:00"}', '$.startTime is not a time of day: "09:00:00"'),
    ('{"startTime": "9 am"}', '$.startTime is not a time of day: "9 am"'),
    ('{"startTime": " 9:00"}', '$.startTime is not a time of day: " 9:00"'),
    ('{"startTime": "-1:00"}', '$.startTime is not a time of day: "-1:00"'),
    ('{"startTime": "09.00"}', '$.startTime is not a time of day: "09.00"'),
    ('{"startTime": ""}', '$.startTime is not a time of day: ""'),
    ('{"startTime": "０9:00"}', '$.startTime is not a time of day: "０9:00"'),
    ('{"startTime": "09:0\n"}', '$.startTime is not a time of day: "09:0?"'),
    ('{"startTime": 9}', '$.startTime must be a string "HH:MM", got a number'),
    ('{"startTime": ["09:00"]}', '$.startTime must be a string "HH:MM", got an array'),
    ('{"endTime": "24:01"}', '$.endTime is not a time of day: "24:01"'),
    ('{"endTime": "25:00"}', '$.endTime is not a time of day: "25:00"'),
    ('{"endTime": true}', '$.endTime must be a string "HH:MM", got a boolean'),
    -- The interval.
    ('{"slotInterval": 0}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 0'),
    ('{"slotInterval": -1}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got -1'),
    ('{"slotInterval": 1441}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 1441'),
    ('{"slotInterval": 1.5}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 1.5'),
    ('{"slotInterval": 60.001}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 60.001'),
    ('{"slotInterval": 0.5}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 0.5'),
    ('{"slotInterval": -0.0}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 0.0'),
    ('{"slotInterval": 4294967356}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 4294967356'),
    ('{"slotInterval": 1e400}', '$.slotInterval must be a whole number of minutes from 1 to 1440, got 1'
                                || repeat('0', 39)),
    ('{"slotInterval": "60"}', '$.slotInterval must be a number, got a string'),
    ('{"slotInterval": [60]}', '$.slotInterval must be a number, got an array'),
    ('{"slotInterval": false}', '$.slotInterval must be a number, got a boolean'),
    ('{"slotInterval": 781}', '$ is shorter than slotInterval, so no session would fit: 780 minutes for slots of 781'),
    ('{"endTime": "09:30"}', '$ is shorter than slotInterval, so no session would fit: 30 minutes for slots of 60'),
    ('{"startTime": "23:30", "endTime": "00:15"}',
     '$ is shorter than slotInterval, so no session would fit: 45 minutes for slots of 60'),
    -- Custom hours.
    ('{"customHours": []}', '$.customHours must be an object, got an array'),
    ('{"customHours": "closed"}', '$.customHours must be an object, got a string'),
    ('{"customHours": false}', '$.customHours must be an object, got a boolean'),
    ('{"customHours": {"Funday": {"startTime": "10:00", "endTime": "12:00"}}}',
     '$.customHours.Funday is not a day: "Funday"'),
    ('{"customHours": {"Saturday": "closed"}}', '$.customHours.Saturday must be an object, got a string'),
    ('{"customHours": {"Saturday": null}}', '$.customHours.Saturday must be an object, got null'),
    ('{"customHours": {"Saturday": []}}', '$.customHours.Saturday must be an object, got an array'),
    ('{"customHours": {"Saturday": {}}}', '$.customHours.Saturday.startTime is missing'),
    ('{"customHours": {"Saturday": {"startTime": "10:00"}}}', '$.customHours.Saturday.endTime is missing'),
    ('{"customHours": {"Saturday": {"startTime": 10, "endTime": "12:00"}}}',
     '$.customHours.Saturday.startTime must be a string "HH:MM", got a number'),
    ('{"customHours": {"Saturday": {"startTime": "10:00", "endTime": "26:00"}}}',
     '$.customHours.Saturday.endTime is not a time of day: "26:00"'),
    ('{"customHours": {"Saturday": {"startTime": "10:00", "endTime": "10:30"}}}',
     '$.customHours.Saturday is shorter than slotInterval, so no session would fit: 30 minutes for slots of 60'),
    ('{"customHours": {"Saturday": {"startTime": "10:00", "endTime": "12:00", "slotInterval": 30}}}',
     '$.customHours.Saturday has an unknown member "slotInterval"'),
    ('{"customHours": {"Saturday": {"enabled": "no", "startTime": "10:00", "endTime": "12:00"}}}',
     '$.customHours.Saturday.enabled must be a boolean, got a string'),
    ('{"customHours": {"Saturday": {"enabled": null, "startTime": "10:00", "endTime": "12:00"}}}',
     '$.customHours.Saturday.enabled must be a boolean, got null'),
    -- What is switched off is checked all the same, since switching it on must not be an error.
    ('{"customHours": {"Saturday": {"enabled": false, "startTime": "25:00", "endTime": "12:00"}}}',
     '$.customHours.Saturday.startTime is not a time of day: "25:00"'),
    ('{"customHours": {"Tuesday": {"startTime": "10:00", "endTime": "10:01"}}}',
     '$.customHours.Tuesday is shorter than slotInterval, so no session would fit: 1 minutes for slots of 60'))
    AS s (changes, answer);

-- Hostile keys and values: the message stays one line of valid characters, of bounded length, that a client of
-- another encoding can read too.
CREATE FUNCTION pg_temp.in_one_piece(answer text) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    RETURN answer LIKE 'BK006 %' AND answer !~ '[\x01-\x1f\x7f]' AND length(answer) < 400
           AND convert_from(convert_to(answer, 'LATIN1'), 'LATIN1') = answer;
EXCEPTION WHEN character_not_in_repertoire THEN
    RETURN false;
END $$;
SELECT public.ok(pg_temp.in_one_piece(pg_temp.answer(pg_temp.schedule(h.changes))), 'one piece: ' || h.what)
  FROM (VALUES
    ('a forged line as member', jsonb_build_object(E'x\nFATAL:  forged', 1)),
    ('a forged line as day', jsonb_build_object('operatingDays', jsonb_build_array(E'x\nFATAL:  forged'))),
    ('a forged line as time', jsonb_build_object('startTime', E'x\r\nFATAL:  forged')),
    ('a forged line as custom day', jsonb_build_object('customHours', jsonb_build_object(E'x\nFATAL:', 1))),
    ('a long member', jsonb_build_object(repeat('x', 100000), 1)),
    ('a long custom day', jsonb_build_object('customHours', jsonb_build_object(repeat('x', 100000), 1))),
    ('a long time', jsonb_build_object('endTime', repeat('9', 100000))),
    ('a long number', jsonb_build_object('slotInterval', (repeat('9', 1000))::numeric)),
    ('umlauts as member', jsonb_build_object('x' || repeat('ä', 100), 1)),
    ('umlauts as day', jsonb_build_object('operatingDays', jsonb_build_array('x' || repeat('ä', 100)))),
    ('umlauts as custom day', jsonb_build_object('customHours', jsonb_build_object('x' || repeat('ä', 100), 1))))
    AS h (what, changes);

-- Valid.
SELECT public.is(pg_temp.answer(pg_temp.schedule(s.changes)), 'true', 'yes: ' || s.changes::text)
  FROM (VALUES
    ('{}'::jsonb), ('{"operatingDays": []}'), ('{"endTime": "24:00"}'), ('{"endTime": "00:00"}'),
    ('{"startTime": "00:00", "endTime": "24:00", "slotInterval": 1440}'),
    ('{"startTime": "09:00", "endTime": "09:00", "slotInterval": 1440}'),
    ('{"startTime": "22:00", "endTime": "02:00"}'), ('{"startTime": "23:59", "endTime": "00:59"}'),
    ('{"slotInterval": 1}'), ('{"slotInterval": 60.0}'), ('{"slotInterval": 6e1}'), ('{"slotInterval": 780}'),
    ('{"slotInterval": 7}'), ('{"customHours": {}}'),
    ('{"operatingDays": ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]}'),
    ('{"customHours": {"Saturday": {"enabled": true, "startTime": "10:00", "endTime": "23:00"}}}'),
    ('{"customHours": {"Saturday": {"startTime": "20:00", "endTime": "04:00"}}}'),
    ('{"customHours": {"Sunday": {"enabled": false, "startTime": "10:00", "endTime": "23:00"}}}')) AS s (changes);

-- The table refuses what the function refuses, with its code; the row stays as it was.
SELECT public.throws_ok($$ UPDATE booking.activities SET schedule = '{"operatingDays": ["Funday"]}' $$, 'BK006', NULL,
                        'a broken schedule is not written');
SELECT public.throws_ok($$ INSERT INTO booking.activities (organization_id, venue_id, name, schedule, capacity)
                           VALUES (1, pg_temp.id('venue'), 'x', '[]', 1) $$, 'BK006',
                        'invalid schedule: $ must be an object, got an array', 'nor inserted');
SELECT public.throws_ok($$ UPDATE booking.activities SET schedule = NULL $$, '23502', NULL, 'nor left out');
SELECT public.is((SELECT count(*) FROM booking.activities AS a WHERE booking.check_schedule(a.schedule)), 4::bigint,
                 'nothing has changed');

-- Time zones.
CREATE FUNCTION pg_temp.zone(name text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    RETURN booking.check_time_zone(name);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT public.is(pg_temp.zone(z.name), 'true', 'zone ' || z.name)
  FROM (VALUES ('UTC'), ('GMT'), ('Etc/UTC'), ('Etc/GMT+5'), ('Etc/GMT-14'), ('Europe/Berlin'), ('America/New_York'),
               ('America/Argentina/Buenos_Aires'), ('America/Port-au-Prince'), ('Australia/Lord_Howe'),
               ('Asia/Kolkata'), ('Pacific/Chatham')) AS z (name);
SELECT public.is(pg_temp.zone(z.name), format('BK008 unknown time zone "%s"', z.name), 'no zone: ' || z.name)
  FROM (VALUES (''), (' '), ('Mars/Olympus'), ('Europe/Nowhere'), ('Europe/'), ('/Europe'), ('Europe//Berlin'),
               ('Europe/Berlin '), (' Europe/Berlin'), ('CET'), ('EST5EDT'), ('+02:00'), ('-5'), ('UTC+2'), ('<x>-3'),
               ('localtime'), ('../../etc/passwd'), ('Europe/../Europe/Berlin'), ('Europe\Berlin'), ('Zürich/Süd'),
               ('Etc/GMT+99'), ('Etc/GMT+15'), ('Etc/GMT5'), ('Etc/GMT-3Foo'), ('Etc/GMTx+3')) AS z (name);
SELECT public.is(pg_temp.zone(E'Europe/Berlin\nx'), 'BK008 unknown time zone "Europe/Berlin?x"', 'no forged line');
SELECT public.throws_ok($$ UPDATE booking.venues SET timezone = 'Mars/Olympus' $$, 'BK008',
                        'unknown time zone "Mars/Olympus"', 'an unknown zone is not written');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
