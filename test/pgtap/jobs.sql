-- The jobs: procedures that COMMIT after each organization, write down what they did and go on past what is broken.
-- Not in one transaction therefore; this file has a database of its own.

\ir shared/fixture.sql
DROP ROLE IF EXISTS regress_cron, regress_member;
CREATE ROLE regress_cron NOLOGIN IN ROLE booking_service;
CREATE ROLE regress_member NOLOGIN IN ROLE booking_member;
SELECT public.plan(32);

-- This database was made from a template: a copy, in which nothing runs on its own until it is adopted.
SELECT public.ok(NOT booking.is_original(), 'a copy is not the original');
CREATE FUNCTION pg_temp.days() RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT count(*) FROM pg_class AS c WHERE c.relispartition AND c.relname ~ '^booking_events_[0-9]{8}$' $$;
SELECT format('DROP TABLE booking.%I', max(c.relname)) AS statement FROM pg_class AS c
 WHERE c.relispartition AND c.relname ~ '^booking_events_[0-9]{8}$' \gset
:statement;
SELECT pg_temp.days() AS days, pg_temp.days() + 1 AS days_and_one \gset
CALL booking.generate_job();
CALL booking.maintain_job();
SELECT public.is_empty('SELECT * FROM booking.job_runs', 'in a copy the jobs are held');
SELECT public.is(pg_temp.days()::text, :'days'::text, 'and no partition is made');
SELECT booking.adopt(true) \g /dev/null
SELECT public.ok(booking.is_original(), 'until it is adopted');

-- Riverside has three activities, Hillside one, Closed is suspended. Each has two sessions on Mondays.
UPDATE booking.activities SET schedule = schedule || '{"endTime": "11:00"}';
DELETE FROM booking.sessions;
INSERT INTO booking.organizations (organization_id, name, status) VALUES (3, 'Closed', 'suspended');
INSERT INTO pg_temp.named (name, id) VALUES ('closed venue', booking.new_id(3)), ('closed activity', booking.new_id(3));
INSERT INTO booking.venues (organization_id, id, name, timezone)
VALUES (3, pg_temp.id('closed venue'), 'Closed', 'Asia/Tokyo');
INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity)
SELECT 3, pg_temp.id('closed activity'), pg_temp.id('closed venue'), 'Closed', a.schedule, 4
  FROM booking.activities AS a WHERE a.id = pg_temp.id('tour');

CREATE FUNCTION pg_temp.runs() RETURNS TABLE (organization integer, job text, result integer, error text) STABLE
    LANGUAGE sql AS $$
    SELECT r.organization_id, r.job, r.result, r.error_sqlstate FROM booking.job_runs AS r $$;
CREATE FUNCTION pg_temp.made() RETURNS TABLE (activity text, sessions bigint) STABLE LANGUAGE sql AS $$
    SELECT a.name, count(s.id)
      FROM booking.activities AS a LEFT JOIN booking.sessions AS s ON s.activity_id = a.id GROUP BY a.id, a.name $$;

-- First, the search path of whoever calls: traps in front of pg_catalog are not sprung. A procedure keeps the types
-- that it found at its first call in a session, so this comes before all others.
CREATE SCHEMA regress_trap;
GRANT USAGE ON SCHEMA regress_trap TO PUBLIC;
CREATE TABLE public.tap_sprung (name text);
GRANT INSERT ON public.tap_sprung TO PUBLIC;
CREATE FUNCTION regress_trap.equal(text, text) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.tap_sprung VALUES ('='); RETURN true; END $$;
CREATE FUNCTION regress_trap.equal(integer, integer) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.tap_sprung VALUES ('='); RETURN true; END $$;
CREATE FUNCTION regress_trap.sum(integer, integer) RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.tap_sprung VALUES ('+'); RETURN 0; END $$;
CREATE FUNCTION regress_trap.greater(integer, integer) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.tap_sprung VALUES ('>'); RETURN false; END $$;
CREATE OPERATOR regress_trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = regress_trap.equal);
CREATE OPERATOR regress_trap.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = regress_trap.equal);
CREATE OPERATOR regress_trap.+ (LEFTARG = integer, RIGHTARG = integer, FUNCTION = regress_trap.sum);
CREATE OPERATOR regress_trap.> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = regress_trap.greater);
CREATE FUNCTION regress_trap.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.tap_sprung VALUES ('clock_timestamp'); RETURN '2000-01-01'; END $$;
CREATE FUNCTION regress_trap.trap(pg_catalog.timestamptz) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.tap_sprung VALUES ('type timestamptz'); RETURN true; END $$;
CREATE DOMAIN regress_trap.timestamptz AS pg_catalog.timestamptz CHECK (regress_trap.trap(VALUE));
SELECT pg_temp.add_session('r0', 1, 'court', '2027-03-03 09:00 UTC', 4) \g /dev/null
SELECT pg_temp.hold('h0', 'r0', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:20 UTC') \g /dev/null
SET search_path = regress_trap, pg_catalog, public;
CALL booking.generate_job(15);
CALL booking.release_job();
CALL booking.maintain_job();
RESET search_path;
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
SELECT public.bag_eq('SELECT * FROM pg_temp.made()',
                     $$ VALUES ('tour', 4::bigint), ('massage', 4), ('court', 5), ('hike', 6), ('Closed', 0) $$,
                     'the jobs do their work under a hostile search path');
SELECT public.is_empty('SELECT DISTINCT t.name FROM public.tap_sprung AS t', 'and no trap is sprung');
SELECT public.is(pg_temp.days()::text, :'days_and_one'::text, 'among it partitions for the days ahead');
DELETE FROM booking.job_runs;
DELETE FROM booking.slot_reservations;
DELETE FROM booking.sessions;
DELETE FROM booking.generation_watermarks;

-- Generation, by the role that pg_cron would use.
SET ROLE regress_cron;
CALL booking.generate_job(15);
RESET ROLE;
SELECT public.bag_eq('SELECT * FROM pg_temp.made()',
                     $$ VALUES ('tour', 4::bigint), ('massage', 4), ('court', 4), ('hike', 6), ('Closed', 0) $$,
                     'sessions of two weeks, by the date at each venue; today''s where it is still morning');
SELECT public.bag_eq('SELECT * FROM pg_temp.runs()',
                     $$ VALUES (1, 'generate', 12, NULL::text), (2, 'generate', 6, NULL) $$,
                     'one run an active organization is written down');
SELECT public.is_empty(
    $$ SELECT r.id FROM booking.job_runs AS r
        WHERE r.finished_at < r.started_at OR r.started_at < now() - interval '1 hour'
           OR booking.organization_of(r.id) <> r.organization_id $$, 'with its times and an id');
CALL booking.generate_job(15);
SELECT public.bag_eq('SELECT * FROM pg_temp.runs()',
                     $$ VALUES (1, 'generate', 12, NULL::text), (2, 'generate', 6, NULL), (1, 'generate', 0, NULL),
                               (2, 'generate', 0, NULL) $$, 'a second run makes nothing, and says so');
DELETE FROM booking.job_runs;

-- A broken schedule, which the check would not let in: all others are served.
ALTER TABLE booking.activities DROP CONSTRAINT activities_schedule_check;
UPDATE booking.activities SET schedule = '{"operatingDays": ["Funday"]}' WHERE id = pg_temp.id('massage');
CALL booking.generate_job(22);
SELECT public.bag_eq('SELECT * FROM pg_temp.made()',
                     $$ VALUES ('tour', 6::bigint), ('massage', 4), ('court', 6), ('hike', 8), ('Closed', 0) $$,
                     'all activities but the broken one have another week');
SELECT public.bag_eq('SELECT * FROM pg_temp.runs()',
                     $$ VALUES (1, 'generate', NULL::integer, 'BK006'), (1, 'generate', 4, NULL),
                               (2, 'generate', 2, NULL) $$,
                     'the broken one is written down with its SQLSTATE');
SELECT public.matches((SELECT r.error_message FROM booking.job_runs AS r WHERE r.error_sqlstate IS NOT NULL),
                      format('^activity %s: invalid schedule: \$', pg_temp.id('massage')), 'and its message');
UPDATE booking.activities SET schedule = (SELECT a.schedule FROM booking.activities AS a WHERE a.name = 'tour')
 WHERE id = pg_temp.id('massage');
SELECT booking.install() \g /dev/null
DELETE FROM booking.job_runs;

-- A zone that the server does not know, as after a restore where the tz database is another.
ALTER TABLE booking.venues DROP CONSTRAINT venues_timezone_check;
UPDATE booking.venues SET timezone = 'Mars/Olympus' WHERE organization_id = 1;
\set ON_ERROR_STOP 0
CALL booking.generate_job(29);
\set ON_ERROR_STOP 1
SELECT public.is((SELECT m.sessions FROM pg_temp.made() AS m WHERE m.activity = 'hike'), 10::bigint,
                 'the organization with another zone has another week');
SELECT public.ok((SELECT count(*) FROM pg_temp.runs() AS r WHERE r.organization = 1 AND r.error IS NOT NULL) > 0,
                 'the broken one is written down');
UPDATE booking.venues SET timezone = 'Europe/Berlin' WHERE organization_id = 1;
SELECT booking.install() \g /dev/null
DELETE FROM booking.job_runs;

-- Bad arguments are errors in the books of each organization, or of the call.
\set ON_ERROR_STOP 0
CALL booking.generate_job(-1);
\set ON_ERROR_STOP 1
SELECT public.is_empty($$ SELECT * FROM pg_temp.runs() AS r WHERE r.error IS DISTINCT FROM 'BK007' AND r.result <> 0 $$,
                       'days_ahead of -1 makes nothing');
DELETE FROM booking.job_runs;

-- Release.
SELECT pg_temp.add_session('r1', 1, 'tour', '2027-03-03 09:00 UTC', 4),
       pg_temp.add_session('r2', 2, 'hike', '2027-03-03 14:00 UTC', 4),
       pg_temp.add_session('r3', 3, 'closed activity', '2027-03-03 14:00 UTC', 4) \g /dev/null
CALL booking.release_job();
SELECT public.is_empty('SELECT * FROM pg_temp.runs()', 'a run that finds nothing is not written down');
SELECT pg_temp.hold('h1', 'r1', 1), pg_temp.hold('h2', 'r1', 2), pg_temp.hold('h3', 'r2', 3),
       pg_temp.hold('h4', 'r3', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:20 UTC') \g /dev/null
SELECT pg_temp.hold('alive', 'r1', 1) \g /dev/null
SET ROLE regress_cron;
CALL booking.release_job();
RESET ROLE;
SELECT public.bag_eq('SELECT * FROM pg_temp.runs()',
                     $$ VALUES (1, 'release', 2, NULL::text), (2, 'release', 1, NULL), (3, 'release', 1, NULL) $$,
                     'holds that have run out are released, of suspended organizations too');
SELECT public.is(concat_ws(' ', pg_temp.seats_left('r1'), pg_temp.seats_left('r2'), pg_temp.seats_left('r3')), '3 4 4',
                 'their seats are back');
SELECT public.is((SELECT r.status FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('alive')), 'pending',
                 'a hold that lives is left alone');
DELETE FROM booking.job_runs;

-- An organization whose holds cannot be settled.
CREATE FUNCTION public.tap_break() RETURNS trigger VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'planted';
END $$;
CREATE TRIGGER tap_break BEFORE UPDATE ON booking.slot_reservations
    FOR EACH ROW WHEN (NEW.organization_id = 1) EXECUTE FUNCTION public.tap_break();
SELECT pg_temp.hold('h5', 'r1', 1), pg_temp.hold('h6', 'r2', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:40 UTC') \g /dev/null
CALL booking.release_job();
SELECT public.bag_eq('SELECT * FROM pg_temp.runs()',
                     $$ VALUES (1, 'release', NULL::integer, 'P0001'), (2, 'release', 1, NULL) $$,
                     'an organization that is broken does not stop the others');
SELECT public.is((SELECT r.error_message FROM booking.job_runs AS r WHERE r.organization_id = 1), 'planted',
                 'its error is written down');
DROP TRIGGER tap_break ON booking.slot_reservations;
DELETE FROM booking.job_runs;

-- The daily job, by the role that pg_cron would use.
SELECT format('DROP TABLE booking.%I', max(c.relname)) AS statement FROM pg_class AS c
 WHERE c.relispartition AND c.relname ~ '^booking_events_[0-9]{8}$' \gset
:statement;
SET ROLE regress_cron;
CALL booking.maintain_job();
RESET ROLE;
SELECT public.is(pg_temp.days()::text, :'days_and_one'::text, 'a partition that is missing is made');

-- COMMIT after each organization: in a transaction of the caller's that is not possible, and said clearly.
SELECT public.throws_ok('CALL booking.release_job()', '2D000', NULL,
                        'a job does not run inside of a transaction block');
SELECT public.throws_ok('CALL booking.generate_job(1)', '2D000', NULL, 'neither does the second');
SELECT public.throws_ok('CALL booking.maintain_job()', '2D000', NULL, 'nor the third');

-- Rights.
SET ROLE regress_member;
SELECT public.throws_ok('CALL booking.release_job()', '42501', NULL, 'a member runs no job');
SELECT public.throws_ok('CALL booking.generate_job()', '42501', NULL, 'nor the second');
SELECT public.throws_ok('CALL booking.maintain_job()', '42501', NULL, 'nor the third');
RESET ROLE;


SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
DROP ROLE regress_cron, regress_member;
