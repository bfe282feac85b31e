-- The daily partitions of booking_events: made ahead, dropped when old; what has none goes to DEFAULT, and stops nobody.
-- Days are those of the real clock, by which ids are made, wherever the clock of holds stands.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(30);

CREATE FUNCTION pg_temp.today() RETURNS date STABLE LANGUAGE sql AS $$ SELECT (now() AT TIME ZONE 'UTC')::date $$;
CREATE FUNCTION pg_temp.partition_of(day date) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT 'booking_events_' || to_char(day, 'YYYYMMDD') $$;
-- An id of organization 1 as it was made at that time.
CREATE FUNCTION pg_temp.id_at(day date, number integer) RETURNS uuid STABLE LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM day)::bigint + 3600) * 1000), 12, '0') || '8000' || '8000'
            || lpad(to_hex(number), 4, '0') || '00000001')::uuid $$;
CREATE FUNCTION pg_temp.first_id(day date) RETURNS uuid STABLE LANGUAGE sql AS $$
    SELECT (lpad(to_hex(extract(epoch FROM day)::bigint * 1000), 12, '0') || '80008000' || repeat('0', 12))::uuid $$;
CREATE FUNCTION pg_temp.write_event(at date, number integer) RETURNS void VOLATILE LANGUAGE sql AS $$
    INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, occurred_at)
    VALUES (1, pg_temp.id_at(at, number), 'venue.updated', pg_temp.id('venue'), at + interval '1 hour') $$;
-- Where an event is.
CREATE FUNCTION pg_temp.place(event uuid) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT e.tableoid::regclass::text FROM booking.booking_events AS e WHERE e.id = event $$;
CREATE FUNCTION pg_temp.maintain(VARIADIC days integer[]) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT format('created %s moved %s deleted %s dropped %s skipped %s', m.created, m.moved, m.deleted, m.dropped, m.skipped)
      FROM booking.maintain_event_partitions(days[1], days[2]) AS m $$;

SELECT public.bag_eq(
    $$ SELECT c.relname::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'booking.booking_events'::regclass $$,
    $$ SELECT pg_temp.partition_of(pg_temp.today() + n) FROM generate_series(0, 7) AS n
        UNION ALL SELECT 'booking_events_default' $$, 'install() makes the partitions of a week');
SELECT public.is_empty('SELECT 1 FROM booking.booking_events_default', 'so that nothing goes to DEFAULT');
SELECT public.is(pg_temp.maintain(7, 90), 'created 0 moved 0 deleted 0 dropped 0 skipped 0',
                 'there is nothing to do on the same day');
SELECT public.is(pg_temp.maintain(10, 90), 'created 3 moved 0 deleted 0 dropped 0 skipped 0', 'days are made ahead');
SELECT public.is_empty(
    $$ SELECT c.relname FROM pg_class AS c
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relispartition AND c.relkind = 'r'
          AND c.relname ~ '^booking_events_'
          AND (c.relowner <> 'booking_owner'::regrole OR NOT c.relrowsecurity OR c.relacl IS NOT NULL
               OR (SELECT array_agg(k.contype::text ORDER BY k.contype) FROM pg_constraint AS k WHERE k.conrelid = c.oid)
                  IS DISTINCT FROM ARRAY['p']
               OR (SELECT count(*) FROM pg_index AS x JOIN pg_inherits AS p ON p.inhrelid = x.indexrelid
                    WHERE x.indrelid = c.oid) <> 3) $$,
    'each belongs to the owner, is closed to all others, and has the parent''s key and indexes');

-- A day without partition: events go to DEFAULT, and come back from there with the next run.
SELECT format('DROP TABLE booking.%I', pg_temp.partition_of(pg_temp.today())) AS statement \gset
:statement;
UPDATE booking.venues SET name = 'Shed' WHERE id = pg_temp.id('venue');
SELECT pg_temp.hold('h', 'tour 9', 1) \g /dev/null
SELECT public.bag_eq('SELECT e.kind FROM booking.booking_events_default AS e',
                     $$ VALUES ('venue.updated'), ('reservation.held') $$, 'a missing partition stops nobody');
CREATE TEMPORARY TABLE before AS SELECT * FROM booking.booking_events;
SELECT public.is(pg_temp.maintain(10, 90), 'created 1 moved 2 deleted 0 dropped 0 skipped 0', 'the day is made up for');
SELECT public.bag_eq('SELECT * FROM booking.booking_events', 'SELECT * FROM pg_temp.before', 'no event is lost or changed');
SELECT public.is_empty('SELECT 1 FROM booking.booking_events_default', 'and none is left in DEFAULT');
SELECT pg_temp.hold('h2', 'tour 9', 1) \g /dev/null
SELECT public.is((SELECT pg_temp.place(e.id) FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id('h2')),
                 'booking.' || pg_temp.partition_of(pg_temp.today()), 'new ones go to their day');

-- Days gone by. An organization that was without the job for a while gets them all.
SELECT pg_temp.write_event(pg_temp.today() - d, d) FROM generate_series(1, 3) AS d \g /dev/null
SELECT pg_temp.write_event(pg_temp.today() - 3, n) FROM generate_series(10, 14) AS n \g /dev/null
SELECT public.is(pg_temp.maintain(10, 90), 'created 3 moved 8 deleted 0 dropped 0 skipped 0', 'days in DEFAULT get partitions');
SELECT public.is(pg_temp.place(pg_temp.id_at(pg_temp.today() - 3, 12)),
                 'booking.' || pg_temp.partition_of(pg_temp.today() - 3), 'each event its own');
SELECT public.is(pg_temp.maintain(10, 3), 'created 0 moved 0 deleted 0 dropped 0 skipped 0', 'what is to be kept is kept');
SELECT public.is(pg_temp.maintain(10, 2), 'created 0 moved 0 deleted 0 dropped 1 skipped 0', 'an older day is dropped');
SELECT public.is_empty($$ SELECT 1 FROM booking.booking_events AS e WHERE e.id < pg_temp.first_id(pg_temp.today() - 2) $$,
                       'with its events');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.id < pg_temp.first_id(pg_temp.today())),
                 2::bigint, 'and no others');
SELECT pg_temp.write_event(pg_temp.today() - 200, 1) \g /dev/null
SELECT public.is(pg_temp.maintain(10, 90), 'created 0 moved 0 deleted 1 dropped 0 skipped 0',
                 'an old event in DEFAULT is deleted there');

-- Ids of other makers say nothing of time: they stay in DEFAULT until their event is old.
INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, occurred_at)
VALUES (1, 'f47ac10b-58cc-4372-a567-0e02b2c3d479', 'venue.updated', pg_temp.id('venue'), now()),
       (1, 'e47ac10b-58cc-4372-a567-0e02b2c3d479', 'venue.updated', pg_temp.id('venue'), now() - interval '91 days');
SELECT public.is(pg_temp.maintain(10, 90), 'created 0 moved 0 deleted 1 dropped 0 skipped 0',
                 'an event with an id of another maker goes by its time');
SELECT public.is(pg_temp.place('f47ac10b-58cc-4372-a567-0e02b2c3d479'), 'booking.booking_events_default',
                 'and stays in DEFAULT until then');

-- What is in the way is left, and the rest is done. (Somebody who works with a partition is in e2e/test_events.py.)
CREATE SCHEMA tap;
SELECT format('CREATE TABLE booking.%I (mine integer)', pg_temp.partition_of(pg_temp.today() + 12)) AS statement \gset
SET LOCAL ROLE booking_owner;
:statement;
RESET ROLE;
SELECT public.is(pg_temp.maintain(13, 90), 'created 2 moved 0 deleted 0 dropped 0 skipped 1',
                 'a table that has the name of a partition is left alone');
SELECT format('DROP TABLE booking.%I', pg_temp.partition_of(pg_temp.today() + 12)) AS statement \gset
:statement;
SELECT format('CREATE VIEW tap.own AS SELECT * FROM booking.%I', pg_temp.partition_of(pg_temp.today() - 2)) AS statement \gset
:statement;
SELECT public.is(pg_temp.maintain(13, 1), 'created 1 moved 0 deleted 0 dropped 0 skipped 1',
                 'so is a partition that somebody''s view needs');
DROP SCHEMA tap CASCADE;
SELECT public.is(pg_temp.maintain(13, 1), 'created 0 moved 0 deleted 0 dropped 1 skipped 0', 'until the next run');

-- What a user adds to the table is in the partitions that come.
ALTER TABLE booking.booking_events ADD COLUMN tap_first text, ADD COLUMN tap_note text DEFAULT 'mine';
ALTER TABLE booking.booking_events DROP COLUMN tap_first;
UPDATE booking.venues SET name = 'Barn' WHERE id = pg_temp.id('venue');
SELECT format('DROP TABLE booking.%I', pg_temp.partition_of(pg_temp.today())) AS statement \gset
:statement;
UPDATE booking.venues SET name = 'Loft' WHERE id = pg_temp.id('venue');
SELECT public.is(pg_temp.maintain(14, 90), 'created 2 moved 1 deleted 0 dropped 0 skipped 0', 'own columns are no hindrance');
SELECT public.is((SELECT concat_ws(' ', e.facts ->> 'name', e.tap_note) FROM booking.booking_events AS e
                   WHERE e.facts ->> 'name' = 'Loft'), 'Loft mine', 'and keep their values');

-- Who may.
SET LOCAL ROLE booking_service;
SELECT public.lives_ok('SELECT booking.maintain_event_partitions()', 'trusted servers maintain the partitions');
RESET ROLE;
GRANT EXECUTE ON FUNCTION booking.maintain_event_partitions(integer, integer) TO booking_member;
SET LOCAL ROLE booking_member;
SELECT set_config('request.jwt.claims', '{"sub": "owner-1"}', true) \g /dev/null
SELECT public.throws_ok('SELECT booking.maintain_event_partitions()', '42501',
                        'permission denied to maintain the partitions of booking_events', 'members do not');
SELECT public.throws_ok(format('SELECT * FROM booking.%I', pg_temp.partition_of(pg_temp.today())), '42501', NULL,
                        'nor does anybody read a partition but through the table');
RESET ROLE;
SELECT public.is(current_setting('lock_timeout'), '0', 'settings of the caller are as they were');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
