-- The places of events: who gives them, in which order, what is kept. All here is one transaction, which sees what it has
-- written; transactions that overlap are in e2e/test_sequencer.py.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(38);

CREATE FUNCTION pg_temp.sequence(most integer DEFAULT 1000) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT format('%s to %s%s', s.sequenced, s.last_seq, CASE WHEN s.busy THEN ', busy' END)
      FROM booking.relay_sequence(most) AS s $$;
CREATE FUNCTION pg_temp.position() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s to %s', p.first_seq, p.last_seq) FROM booking.relay_position() AS p $$;
-- An event of organization 1 with an id of so many seconds ago.
CREATE FUNCTION pg_temp.write_event(new_name text, ago interval, number integer DEFAULT 0) RETURNS void VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id)
    VALUES (new_name, (lpad(to_hex(floor(extract(epoch FROM clock_timestamp() - ago) * 1000)::bigint), 12, '0') || '80008000'
                       || lpad(to_hex(number), 4, '0') || '00000001')::uuid);
    INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, occurred_at)
    VALUES (1, pg_temp.id(new_name), 'venue.updated', pg_temp.id('venue'), clock_timestamp() - ago) $$;
CREATE FUNCTION pg_temp.place(event text) RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT p.seq FROM booking.event_positions AS p WHERE p.organization_id = 1 AND p.event_id = pg_temp.id(event) $$;
-- As if the last pass had been so long ago.
CREATE FUNCTION pg_temp.age(ago interval) RETURNS void VOLATILE LANGUAGE sql AS $$
    UPDATE booking.event_sequencer SET scanned_at = scanned_at - ago, swept_at = swept_at - ago $$;

SELECT public.is(pg_temp.position(), '1 to 0', 'nothing has a place before somebody asks');
SELECT public.is(pg_temp.sequence(4), '4 to 4', 'so many at most');
SELECT public.is(pg_temp.sequence(4), '4 to 8', 'the next');
SELECT public.is(pg_temp.sequence(4), '3 to 11', 'and the rest');
SELECT public.is(pg_temp.sequence(4), '0 to 11', 'there is no more');
SELECT public.is(pg_temp.position(), '1 to 11', 'all are kept');
SELECT public.results_eq(
    'SELECT p.organization_id, p.event_id, p.seq FROM booking.event_positions AS p ORDER BY p.seq',
    $$ SELECT e.organization_id, e.id, row_number() OVER (ORDER BY e.id) FROM booking.booking_events AS e ORDER BY e.id $$,
    'in the order of their ids, over all organizations, without a gap');

-- What is new.
SELECT pg_temp.hold('h', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.sequence(), '1 to 12', 'a hold');
SELECT booking.confirm_reservation(pg_temp.id('h'), NULL, 'Ann') \g /dev/null
SELECT public.is(pg_temp.sequence(), '2 to 14', 'a booking and what it is');
SELECT public.results_eq(
    'SELECT x.kind FROM booking.relay_events(11, 100) AS x',
    $$ VALUES ('reservation.held'), ('booking.created'), ('booking.confirmed') $$, 'in the order in which they happened');
SAVEPOINT rolled_back;
SELECT pg_temp.hold('undone', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.sequence(), '1 to 15', 'one that is rolled back');
ROLLBACK TO SAVEPOINT rolled_back;
SELECT pg_temp.hold('instead', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.sequence(), '1 to 15', 'leaves its number to the next');

-- Where it looks. Ids that are older than they can be are found when it looks further back, and by the daily job.
SELECT pg_temp.write_event('100 s ago', '100 s') \g /dev/null
SELECT public.is(pg_temp.sequence(), '0 to 15', 'an id that is older than its transaction is not looked for each time');
SELECT pg_temp.age('61 s') \g /dev/null
SELECT public.is(pg_temp.sequence(), '1 to 16', 'but once a minute');
SELECT public.is(pg_temp.place('100 s ago'), 16::bigint, 'and comes after those that were faster');
SELECT pg_temp.write_event('an hour ago', '1 hour') \g /dev/null
SELECT pg_temp.age('61 s') \g /dev/null
SELECT public.is(pg_temp.sequence(), '0 to 16', 'not if it is older than that');
SELECT booking.maintain_event_partitions() \g /dev/null
SELECT public.is(pg_temp.sequence(), '1 to 17', 'the daily job lets it look at the last day');
SELECT pg_temp.write_event('old', '30 hours'), pg_temp.write_event('an hour ago too', '1 hour', 1) \g /dev/null
SELECT booking.maintain_event_partitions() \g /dev/null
SELECT public.is(pg_temp.sequence(1), '1 to 18', 'and no further');
SELECT public.is(pg_temp.sequence(1), '0 to 18', 'however many it may take');
SELECT pg_temp.age('-1 hour') \g /dev/null
SELECT pg_temp.write_event('clock', '90 s', 2) \g /dev/null
SELECT public.is(pg_temp.sequence(), '1 to 19', 'where the clock was set back it looks further back at once');

-- A state that says nothing here: everything is looked at, and only what has no place gets one.
UPDATE booking.event_sequencer SET system_identifier = 1;
SELECT public.is(pg_temp.sequence(), '1 to 20', 'the state of another server');
SELECT public.is(pg_temp.place('old'), 20::bigint, 'means that the oldest is found');
SELECT pg_temp.write_event(n, '2 days', g) FROM (VALUES ('a', 3), ('b', 4), ('c', 5), ('d', 6)) AS x (n, g) \g /dev/null
UPDATE booking.event_sequencer SET database_oid = 1;
SELECT public.is(pg_temp.sequence(1), '1 to 21', 'that of another database, too');
SELECT public.is(pg_temp.sequence(2), '2 to 23', 'so many at a time');
UPDATE booking.event_sequencer SET snapshot = 'nonsense', continue_from = NULL;
SELECT public.is(pg_temp.sequence(), '1 to 24', 'one that cannot be read');
SELECT pg_temp.write_event('e', '2 days', 7) \g /dev/null
UPDATE booking.event_sequencer SET snapshot = '9000000000000000000:9000000000000000000:';
SELECT public.is(pg_temp.sequence(), '1 to 25', 'one of a later time');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'and the places are sound');

-- They go with their events, from the front.
SELECT pg_temp.write_event('ancient', '100 days'), pg_temp.write_event('made since', '0 s', 8) \g /dev/null
UPDATE booking.event_sequencer SET snapshot = 'nonsense';
SELECT public.is(pg_temp.sequence(), '2 to 27', 'an event of long ago');
SELECT public.is((SELECT m.deleted FROM booking.maintain_event_partitions() AS m), 1::bigint, 'goes');
SELECT public.is(pg_temp.position(), '1 to 27', 'its place stays while there are places before it');
SELECT public.is((SELECT count(*) FROM booking.relay_events(0, 100)), 26::bigint, 'but nobody is told of it');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'which is sound');
DELETE FROM booking.booking_events WHERE id <> pg_temp.id('made since');
SELECT booking.maintain_event_partitions() \g /dev/null
SELECT public.is(pg_temp.position(), '27 to 27', 'with those before it, it goes');
DELETE FROM booking.booking_events;
SELECT booking.maintain_event_partitions() \g /dev/null
SELECT public.is(pg_temp.position(), '28 to 27', 'where nothing is left the numbers go on nevertheless');
SELECT pg_temp.write_event('three days ago', '3 days'), pg_temp.write_event('now', '0 s', 9) \g /dev/null
UPDATE booking.event_sequencer SET snapshot = 'nonsense';
SELECT public.is(pg_temp.sequence(), '2 to 29', 'with the next');
SELECT booking.maintain_event_partitions(7, 2) \g /dev/null
SELECT public.is(pg_temp.position(), '29 to 29', 'places go in the same run as the day of their events');

-- Who may.
GRANT EXECUTE ON FUNCTION booking.relay_sequence(integer), booking.relay_position() TO booking_member;
SET LOCAL ROLE booking_member;
SELECT public.throws_ok('SELECT booking.relay_sequence()', '42501', 'permission denied to give events their numbers',
                        'granted by mistake, it looks at the caller');
RESET ROLE;

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
