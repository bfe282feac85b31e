-- Holds are written without statements where the tables are plain, and by statements where an owner has made something of
-- his own of them: what comes out is the same, and nothing that an owner relies on is passed by.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(49);

SELECT pg_temp.add_session('small', 1, 'tour', '2027-03-04 09:00 UTC', 40) \g /dev/null
SELECT pg_temp.add_session('big', 1, 'tour', '2027-03-04 11:00 UTC', 40) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('big'), 4) \g /dev/null

-- How often the trigger of reservations was called: once by each statement that inserts some.
SET track_functions = 'all';
CREATE FUNCTION pg_temp.statements() RETURNS bigint VOLATILE LANGUAGE sql AS $$
    SELECT COALESCE(sum(f.calls), 0)::bigint FROM pg_catalog.pg_stat_xact_user_functions AS f
     WHERE f.schemaname = 'booking' AND f.funcname = 'record_events' $$;
-- A hold, and by how many statements it was inserted.
CREATE FUNCTION pg_temp.statements_of_hold(name text, session text) RETURNS bigint VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    before bigint := pg_temp.statements();
BEGIN
    PERFORM pg_temp.hold(name, session, 2, name || '@example.org');
    RETURN pg_temp.statements() - before;
END $$;
-- All that is stored of a hold, but for what is new each time.
CREATE FUNCTION pg_temp.stored(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s / %s', to_jsonb(r) - '{id,token_hash,customer_email,created_at,expires_at}'::text[],
                  (SELECT jsonb_agg(to_jsonb(e) - '{id,subject_id,occurred_at}'::text[] #- '{facts,expires_at}')
                     FROM booking.booking_events AS e WHERE e.subject_id = r.id))
      FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id(name) $$;

-- The first hold of a backend looks for the terms, the others know them.
SELECT public.is(pg_temp.statements_of_hold('a1', 'small'), 0::bigint, 'a hold is inserted without a statement');
SELECT public.is(pg_temp.statements_of_hold('a2', 'small'), 0::bigint, 'and so is the next');
SELECT public.is(pg_temp.statements_of_hold('b1', 'big'), 0::bigint, 'from a lane as well');
SELECT public.is(pg_temp.statements_of_hold('b2', 'big'), 0::bigint, 'again and again');
SET pg_booking.plain_writes = off;
SELECT public.is(pg_temp.statements_of_hold('a3', 'small'), 1::bigint, 'by a statement, if it is set so');
SELECT public.is(pg_temp.statements_of_hold('b3', 'big'), 1::bigint, 'from a lane as well');
RESET pg_booking.plain_writes;
SELECT public.is(pg_temp.stored('a2'), pg_temp.stored('a3'), 'the rows are the same');
SELECT public.is(pg_temp.stored('b2'), pg_temp.stored('b3'), 'the rows of lanes are the same');
SELECT public.isnt(pg_temp.stored('a2'), NULL, 'and are there');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.kind = 'reservation.held'), 6::bigint,
                 'each has one event');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e
                   WHERE e.tableoid <> 'booking.booking_events_default'::regclass
                     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = e.tableoid)),
                 0::bigint, 'in one of the partitions');
SELECT public.is(pg_temp.seats_left('small'), 34, 'and its seats are taken');
SELECT public.bag_eq(
    $$ SELECT r.id FROM booking.slot_reservations AS r WHERE lower(r.customer_email) = 'b2@example.org'
          AND r.organization_id = 1 AND r.status = 'pending' $$,
    $$ SELECT pg_temp.id('b2') $$, 'its indexes find it');

-- What is known of one session of an activity goes for the others, as far as it is about the activity.
UPDATE booking.activities SET min_notice_seconds = 86400, max_advance_seconds = 864000, hold_seconds = 300
 WHERE id = pg_temp.id('massage');
SELECT pg_temp.add_session('m1', 1, 'massage', '2027-03-04 09:00 UTC', 40) \g /dev/null
SELECT pg_temp.add_session('m2', 1, 'massage', '2027-03-05 09:00 UTC', 1) \g /dev/null
SELECT pg_temp.add_session('soon', 1, 'massage', '2027-03-02 09:00 UTC', 40) \g /dev/null
SELECT pg_temp.add_session('late', 1, 'massage', '2027-03-20 09:00 UTC', 40) \g /dev/null
SELECT pg_temp.add_session('m3', 1, 'massage', '2027-03-06 09:00 UTC', 40) \g /dev/null
SELECT pg_temp.add_session('closed', 1, 'massage', '2027-03-06 11:00 UTC', 40, 'closed') \g /dev/null
CREATE FUNCTION pg_temp.outcome(session text, size integer) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT concat_ws(' ', o.outcome, round(extract(epoch FROM o.expires_at - booking.clock()) / 60))
      FROM booking.try_reserve_slot(pg_temp.id(session), size, 'm@example.org') AS o $$;
SELECT public.is(pg_temp.outcome('m1', 2), 'held 5', 'one session is looked at');
SELECT public.is(pg_temp.outcome('m2', 2), 'sold_out', 'another of the activity has seats of its own');
SELECT public.is(pg_temp.outcome('m2', 1), 'held 5', 'and the same terms');
SELECT public.is(pg_temp.outcome('m1', 3), 'invalid_party_size', 'a party is what the activity allows');
SELECT public.is(pg_temp.outcome('soon', 1), 'too_late_to_book', 'notice is counted to the start of each');
SELECT public.is(pg_temp.outcome('late', 1), 'too_early_to_book', 'and so is advance');
SELECT public.is(pg_temp.outcome('closed', 1), 'session_closed', 'one that is closed is closed');
UPDATE booking.activities SET hold_seconds = 120 WHERE id = pg_temp.id('massage');
SELECT public.is(pg_temp.outcome('m3', 1), 'held 2', 'terms that have changed do not go for others either');
DELETE FROM booking.slot_reservations WHERE lower(customer_email) = 'm@example.org';
UPDATE booking.sessions SET remaining = capacity_total WHERE activity_id = pg_temp.id('massage');
DELETE FROM booking.booking_events WHERE kind = 'reservation.held' AND session_id IN (pg_temp.id('m1'), pg_temp.id('m2'), pg_temp.id('m3'));

-- A partition for today, made in the middle.
SELECT booking.maintain_event_partitions() \g /dev/null
SELECT pg_temp.statements_of_hold('a4', 'small') \g /dev/null
SET pg_booking.plain_writes = off;
SELECT pg_temp.statements_of_hold('a5', 'small') \g /dev/null
RESET pg_booking.plain_writes;
CREATE FUNCTION pg_temp.partition_of(name text) RETURNS regclass STABLE LANGUAGE sql AS $$
    SELECT e.tableoid::regclass FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id(name) $$;
SELECT public.isnt(pg_temp.partition_of('a4'), 'booking.booking_events_default'::regclass, 'an event lies in its partition');
SELECT public.is(pg_temp.partition_of('a4'), pg_temp.partition_of('a5'), 'where the server would put it');

-- Limits of the table are kept, with the server's own errors.
CREATE FUNCTION pg_temp.try_hold(session text, size integer DEFAULT 2) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT o.outcome FROM booking.try_reserve_slot(pg_temp.id(session), size, 'x@example.org') AS o $$;
ALTER TABLE booking.slot_reservations ADD CONSTRAINT own_check CHECK (party_size <> 3);
SELECT public.throws_ok($$ SELECT pg_temp.try_hold('small', 3) $$, '23514', NULL, 'an own check is kept');
SELECT public.throws_ok($$ SELECT pg_temp.try_hold('big', 3) $$, '23514', NULL, 'also for lanes');
SELECT public.is(pg_temp.seats_left('small'), 30, 'and takes nothing');
SELECT public.is(pg_temp.statements_of_hold('a6', 'small'), 0::bigint, 'it needs no statement');
CREATE FUNCTION public.own_rule(size integer) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN size <> 4; END $$;
ALTER TABLE booking.slot_reservations ADD CONSTRAINT own_rule CHECK (public.own_rule(party_size));
SELECT public.is(pg_temp.statements_of_hold('a7', 'small'), 1::bigint, 'one in another language does');
SELECT public.throws_ok($$ SELECT pg_temp.try_hold('small', 4) $$, '23514', NULL, 'and is kept');
ALTER TABLE booking.slot_reservations DROP CONSTRAINT own_rule;
CREATE UNIQUE INDEX own_index ON booking.slot_reservations (organization_id, customer_email);
SELECT pg_temp.try_hold('small') \g /dev/null
SELECT public.throws_ok($$ SELECT pg_temp.try_hold('big') $$, '23505', NULL, 'an own unique index is kept');
SELECT public.is(pg_temp.statements_of_hold('a8', 'small'), 0::bigint, 'without a statement');
DROP INDEX booking.own_index;
ALTER TABLE booking.session_lanes ADD CONSTRAINT own_check CHECK (remaining > 3);
SELECT public.throws_ok($$ SELECT pg_temp.try_hold('big', 3 + n) FROM generate_series(1, 9) AS n $$, '23514', NULL,
                        'so are checks of counters');
ALTER TABLE booking.session_lanes DROP CONSTRAINT own_check;

-- Own columns get their defaults.
CREATE SEQUENCE public.own_numbers;
GRANT USAGE ON SEQUENCE public.own_numbers TO PUBLIC;
ALTER TABLE booking.slot_reservations ADD COLUMN own_note text DEFAULT 'none', ADD COLUMN own_empty text,
    ADD COLUMN own_number bigint DEFAULT nextval('public.own_numbers');
SELECT public.is(pg_temp.statements_of_hold('c1', 'small'), 0::bigint, 'a column with a default needs no statement');
SELECT public.bag_eq($$ SELECT r.own_note, r.own_empty, r.own_number = currval('public.own_numbers')
                          FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('c1') $$,
                     $$ VALUES ('none', NULL::text, true) $$, 'and gets it');
ALTER TABLE booking.slot_reservations ADD COLUMN own_sum integer GENERATED ALWAYS AS (party_size * 2) STORED;
SELECT public.is(pg_temp.statements_of_hold('c2', 'small'), 1::bigint, 'a generated column does');
SELECT public.is((SELECT r.own_sum FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('c2')), 4, 'and is computed');
ALTER TABLE booking.slot_reservations DROP COLUMN own_sum, DROP COLUMN own_number;
SELECT public.is(pg_temp.statements_of_hold('c3', 'small'), 0::bigint, 'dropped columns are passed over');

-- Rows that are older than a column have its default there.
SELECT pg_temp.add_session('older', 1, 'tour', '2027-03-04 13:00 UTC', 40) \g /dev/null
SELECT pg_temp.add_session('older lanes', 1, 'tour', '2027-03-04 15:00 UTC', 40) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('older lanes'), 4) \g /dev/null
ALTER TABLE booking.sessions ADD COLUMN own_note text DEFAULT 'none', ADD COLUMN own_number integer NOT NULL DEFAULT 7;
ALTER TABLE booking.session_lanes ADD COLUMN own_note text DEFAULT 'none', ADD COLUMN own_number integer NOT NULL DEFAULT 7;
SELECT pg_temp.hold(s || n, s, 1, n || '@example.org')
  FROM generate_series(1, 3) AS n, (VALUES ('older'), ('older lanes')) AS x (s) \g /dev/null
SELECT public.bag_eq($$ SELECT DISTINCT s.own_note, s.own_number FROM booking.sessions AS s
                        UNION SELECT l.own_note, l.own_number FROM booking.session_lanes AS l $$,
                     $$ VALUES ('none', 7) $$, 'a hold changes nothing but the counter');

-- A foreign key that may be deferred is looked at by a statement, for a row that is new.
CREATE TABLE public.own_guides (id integer PRIMARY KEY);
INSERT INTO public.own_guides VALUES (7);
GRANT SELECT ON public.own_guides TO PUBLIC;
ALTER TABLE booking.sessions ADD CONSTRAINT own_key FOREIGN KEY (own_number) REFERENCES public.own_guides (id)
    DEFERRABLE INITIALLY DEFERRED;
SELECT pg_temp.add_session('guided', 1, 'tour', '2027-03-04 17:00 UTC', 40) \g /dev/null
UPDATE booking.sessions SET own_number = 8 WHERE id = pg_temp.id('guided');
SELECT pg_temp.hold('g1', 'guided', 1) \g /dev/null
SELECT public.throws_ok($$ SET CONSTRAINTS ALL IMMEDIATE $$, '23503', NULL, 'a deferred foreign key is kept');
UPDATE booking.sessions SET own_number = 7 WHERE id = pg_temp.id('guided');
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE booking.sessions DROP CONSTRAINT own_key;

-- Own triggers fire, from the moment on when they are there.
CREATE TEMPORARY TABLE seen (what text);
GRANT INSERT ON pg_temp.seen TO PUBLIC;
CREATE FUNCTION public.own_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_temp.seen VALUES (TG_ARGV[0]);
    IF TG_ARGV[0] = 'swallow' THEN RETURN NULL; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER own_trigger AFTER INSERT ON booking.slot_reservations FOR EACH ROW EXECUTE FUNCTION public.own_trigger('hold');
CREATE TRIGGER own_trigger AFTER UPDATE ON booking.session_lanes FOR EACH ROW EXECUTE FUNCTION public.own_trigger('lane');
CREATE TRIGGER own_trigger AFTER UPDATE OF remaining ON booking.sessions FOR EACH ROW EXECUTE FUNCTION public.own_trigger('row');
CREATE TRIGGER own_other AFTER UPDATE OF end_time ON booking.sessions FOR EACH ROW EXECUTE FUNCTION public.own_trigger('other');
CREATE TRIGGER own_trigger BEFORE INSERT ON booking.booking_events FOR EACH ROW EXECUTE FUNCTION public.own_trigger('event');
SELECT pg_temp.hold('d1', 'small', 1) \g /dev/null
SELECT pg_temp.hold('d2', 'big', 1) \g /dev/null
SELECT public.bag_eq($$ SELECT s.what, count(*) FROM pg_temp.seen AS s GROUP BY 1 $$,
                     $$ VALUES ('hold', 2::bigint), ('row', 1), ('lane', 1), ('event', 2) $$, 'own triggers fire, once');
DROP TRIGGER own_trigger ON booking.booking_events;
DROP TRIGGER own_trigger ON booking.sessions;
DROP TRIGGER own_trigger ON booking.session_lanes;
DROP TRIGGER own_trigger ON booking.slot_reservations;
SELECT public.is(pg_temp.statements_of_hold('d3', 'small'), 0::bigint, 'once they are gone no statement is needed');
CREATE TRIGGER own_trigger BEFORE INSERT ON booking.slot_reservations FOR EACH ROW EXECUTE FUNCTION public.own_trigger('swallow');
SELECT pg_temp.books() AS books \gset
SELECT public.throws_ok($$ SELECT pg_temp.try_hold('small') $$, '09000', 'the hold was not written',
                        'a hold that a trigger leaves out is an error, not an outcome');
SELECT public.is(pg_temp.books(), :'books', 'and takes nothing');
DROP TRIGGER own_trigger ON booking.slot_reservations;

-- The event of a hold has one writer; without its trigger there is none.
ALTER TABLE booking.slot_reservations DISABLE TRIGGER reservations_inserted;
SELECT pg_temp.hold('e1', 'small', 1) \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id('e1')), 0::bigint,
                 'a trigger that is switched off writes no event');
ALTER TABLE booking.slot_reservations ENABLE TRIGGER reservations_inserted;
SET session_replication_role = 'replica';
SELECT pg_temp.hold('e2', 'small', 1) \g /dev/null
RESET session_replication_role;
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id('e2')), 0::bigint,
                 'nor does one in the role of a replica');

-- Rules and forced policies are for statements.
CREATE RULE own_rule AS ON INSERT TO booking.slot_reservations DO ALSO INSERT INTO pg_temp.seen VALUES ('rule');
SELECT public.is(pg_temp.statements_of_hold('f1', 'small'), 1::bigint, 'a rule needs a statement');
DROP RULE own_rule ON booking.slot_reservations;
ALTER TABLE booking.slot_reservations FORCE ROW LEVEL SECURITY;
SELECT public.is(pg_temp.statements_of_hold('f2', 'small'), 1::bigint, 'and so does forced row security');
ALTER TABLE booking.slot_reservations NO FORCE ROW LEVEL SECURITY;

SET TRANSACTION READ ONLY;
SELECT public.throws_ok($$ SELECT pg_temp.try_hold('small') $$, '25006', NULL, 'nothing is written in a read-only transaction');
SELECT public.is((SELECT count(*) FROM booking.integrity_check()), 0::bigint, 'the books are in order');

SELECT * FROM public.finish();
ROLLBACK;
