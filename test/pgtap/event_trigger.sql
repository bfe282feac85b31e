-- The trigger of events: whoever writes, wherever it is put, however many rows there are, and what is rolled back.

BEGIN;
\ir shared/fixture.sql
\ir shared/events.sql
SELECT public.plan(25);

-- Whoever writes: a member under a search path that is a trap, with settings of the own.
CREATE ROLE regress_owner NOLOGIN IN ROLE booking_member;
CREATE SCHEMA regress_trap;
GRANT USAGE ON SCHEMA regress_trap TO PUBLIC;
CREATE TABLE public.tap_sprung (role name);
GRANT INSERT, SELECT ON public.tap_sprung TO PUBLIC;
CREATE FUNCTION regress_trap.spring() RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.tap_sprung VALUES (current_user);
    RETURN true;
END $$;
CREATE FUNCTION regress_trap.not_equal(text, text) RETURNS boolean VOLATILE LANGUAGE sql AS $$ SELECT regress_trap.spring() $$;
CREATE FUNCTION regress_trap.not_equal(integer, integer) RETURNS boolean VOLATILE LANGUAGE sql AS $$ SELECT regress_trap.spring() $$;
CREATE FUNCTION regress_trap.jsonb_build_object(VARIADIC text[]) RETURNS jsonb VOLATILE LANGUAGE sql AS $$ SELECT to_jsonb(regress_trap.spring()) $$;
CREATE OPERATOR regress_trap.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = regress_trap.not_equal);
CREATE OPERATOR regress_trap.<> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = regress_trap.not_equal);
CREATE OPERATOR regress_trap.= (LEFTARG = text, RIGHTARG = text, FUNCTION = regress_trap.not_equal);
CREATE TABLE regress_trap.booking_events (LIKE booking.booking_events);
CREATE TEMPORARY TABLE new_rows (organization_id integer, id uuid, name text, timezone text, embed_key text);
INSERT INTO pg_temp.new_rows VALUES (2, booking.new_id(2), 'of a table', 'UTC', 'table-key');
GRANT SELECT ON pg_temp.new_rows TO PUBLIC;
SET LOCAL ROLE regress_owner;
SELECT set_config('request.jwt.claims', '{"sub": "owner-1"}', true) \g /dev/null
SET LOCAL search_path = regress_trap, pg_temp, pg_catalog, public;
INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'Trap', 'UTC');
UPDATE booking.venues SET name = 'Trapped' WHERE name OPERATOR(pg_catalog.=) 'Trap';
UPDATE booking.sessions SET status = 'closed' WHERE organization_id OPERATOR(pg_catalog.=) 1;
DELETE FROM booking.venues WHERE name OPERATOR(pg_catalog.=) 'Trapped';
SELECT pg_catalog.concat_ws(' ', current_user, pg_catalog.current_setting('search_path')) AS writer \gset
RESET search_path;
RESET ROLE;
SELECT public.is(:'writer'::text, 'regress_owner regress_trap, pg_temp, pg_catalog, public',
                 'the writer is who it was, with the search path that it had');
SELECT public.is_empty('SELECT t.role FROM public.tap_sprung AS t', 'no trap of the caller''s is sprung');
SELECT public.is_empty('SELECT 1 FROM regress_trap.booking_events', 'and nothing is written elsewhere');
SELECT public.bag_eq(
    $$ SELECT e.kind, e.organization_id, e.facts ->> 'name' FROM booking.booking_events AS e
        WHERE NOT EXISTS (SELECT 1 FROM pg_temp.seen AS s WHERE s.id = e.id) AND e.kind ~ '^venue' $$,
    $$ VALUES ('venue.created', 1, 'Trap'), ('venue.updated', 1, 'Trapped'), ('venue.deleted', 1, 'Trapped') $$,
    'a member''s own statements are told like ours');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e
                   WHERE NOT EXISTS (SELECT 1 FROM pg_temp.seen AS s WHERE s.id = e.id)
                     AND e.kind = 'sessions.updated'), 4::bigint, 'and so is each session that was closed');

-- A trigger of the owner's on the events runs as the owner, never as more, whoever made the event.
CREATE FUNCTION public.tap_planted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.tap_sprung VALUES (current_user);
    RETURN NULL;
END $$;
CREATE TRIGGER tap_planted AFTER INSERT ON booking.booking_events FOR EACH STATEMENT EXECUTE FUNCTION public.tap_planted();
UPDATE booking.venues SET name = 'Boat house' WHERE id = pg_temp.id('venue');
UPDATE booking.sessions SET status = 'open';
SELECT pg_temp.hold('planted', 'tour 11', 1) \g /dev/null
SELECT public.bag_eq('SELECT DISTINCT t.role FROM public.tap_sprung AS t', $$ VALUES ('booking_owner'::name) $$,
                     'a planted trigger runs as the owner of the tables');
DROP TRIGGER tap_planted ON booking.booking_events;

-- The trigger in the wrong place.
CREATE FUNCTION pg_temp.with_trigger(definition text, statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER tap %s', definition);
    EXECUTE statement;
    RAISE EXCEPTION 'accepted' USING ERRCODE = 'TAP01';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE TABLE public.tap_venues (organization_id integer, id uuid, name text, timezone text, embed_key text,
                                status integer, capacity_total text, allowed_origins text[]);
INSERT INTO public.tap_venues VALUES (1, booking.new_id(1), 'x', 'UTC', 'k', 1, 'x');
SELECT public.is(pg_temp.with_trigger(c.definition, c.statement), c.answer, c.definition)
  FROM (VALUES
    ('AFTER INSERT ON public.tap_venues REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''venue'')',
     'INSERT INTO public.tap_venues VALUES (1, booking.new_id(1), ''Own'', ''UTC'', ''own'')', 'TAP01 accepted'),
    ('AFTER UPDATE ON public.tap_venues REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''venue'')',
     'UPDATE public.tap_venues SET name = ''Other''', 'TAP01 accepted'),
    ('AFTER INSERT ON public.tap_venues FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''venue'')',
     'INSERT INTO public.tap_venues VALUES (1)',
     '39P01 function "record_events" must be fired after a statement, with transition tables old_rows and new_rows'),
    ('AFTER INSERT ON public.tap_venues REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''venue'')',
     'INSERT INTO public.tap_venues VALUES (1)',
     '39P01 function "record_events" must be fired after a statement, with transition tables old_rows and new_rows'),
    ('AFTER INSERT ON public.tap_venues REFERENCING NEW TABLE AS new_rows FOR EACH ROW EXECUTE FUNCTION booking.record_events(''venue'')',
     'INSERT INTO public.tap_venues VALUES (1)',
     '39P01 function "record_events" must be fired after a statement, with transition tables old_rows and new_rows'),
    ('BEFORE INSERT ON public.tap_venues FOR EACH ROW EXECUTE FUNCTION booking.record_events(''venue'')',
     'INSERT INTO public.tap_venues VALUES (1)',
     '39P01 function "record_events" must be fired after a statement, with transition tables old_rows and new_rows'),
    ('AFTER TRUNCATE ON public.tap_venues FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''venue'')',
     'TRUNCATE public.tap_venues', '39P01 function "record_events" is not for this kind of change'),
    ('AFTER DELETE ON public.tap_venues REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''booking'')',
     'DELETE FROM public.tap_venues', '39P01 function "record_events" is not for this kind of change'),
    ('AFTER INSERT ON public.tap_venues REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''parcel'')',
     'INSERT INTO public.tap_venues VALUES (1)', '39P01 function "record_events" is not for this kind of change'),
    ('AFTER INSERT ON public.tap_venues REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events()',
     'INSERT INTO public.tap_venues VALUES (1)', '39P01 function "record_events" must be told the entity'),
    ('AFTER INSERT ON public.tap_venues REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION booking.record_events(''reservation'')',
     'INSERT INTO public.tap_venues VALUES (1)', '42703 column n.session_id does not exist'),
    ('AFTER INSERT ON public.tap_venues FOR EACH ROW EXECUTE FUNCTION booking.record_events(''session'')',
     'INSERT INTO public.tap_venues VALUES (1)',
     '39P01 function "record_events" must be fired after an update, where it is fired for each row'),
    ('BEFORE UPDATE ON public.tap_venues FOR EACH ROW EXECUTE FUNCTION booking.record_events(''session'')',
     'UPDATE public.tap_venues SET name = ''y''',
     '39P01 function "record_events" must be fired after an update, where it is fired for each row'),
    ('AFTER UPDATE ON public.tap_venues FOR EACH ROW EXECUTE FUNCTION booking.record_events(''session'')',
     'UPDATE public.tap_venues SET name = ''y''',
     '39P01 column "capacity_total" of the trigger''s table must be of type integer'))
    AS c (definition, statement, answer);
SELECT public.throws_ok('SELECT booking.record_events()', '39P01',
                        'function "record_events" was not called as a trigger', 'it is no function to call');

-- A table's columns change under a plan that is kept.
UPDATE booking.venues SET name = 'Before' WHERE id = pg_temp.id('venue');
ALTER TABLE booking.venues ADD COLUMN tap_a text DEFAULT 'a', ADD COLUMN tap_b integer DEFAULT 7;
ALTER TABLE booking.venues DROP COLUMN tap_a;
INSERT INTO pg_temp.seen SELECT e.id FROM booking.booking_events AS e;
SELECT public.results_eq(
    $$ SELECT pg_temp.news('UPDATE booking.venues SET name = ''After'', tap_b = 8 WHERE id = pg_temp.id(''venue'')') $$,
    $$ VALUES ('venue.updated {"name": "After"}') $$, 'columns of the user''s own come and go, and are not told');

-- Ten thousand rows in one statement, with a plan that was made for one.
INSERT INTO booking.bookings (organization_id, id, booking_number, customer_email, status, payment_status, currency)
SELECT 1, booking.new_id(1), 'B' || n, 'm@example.org', 'pending', 'pending', 'EUR' FROM generate_series(1, 10000) AS n;
UPDATE booking.bookings SET status = 'paid', payment_status = 'paid' WHERE booking_number LIKE 'B%';
SELECT public.results_eq(
    $$ SELECT e.kind, count(*), count(DISTINCT e.subject_id) FROM booking.booking_events AS e
         JOIN booking.bookings AS b ON b.organization_id = e.organization_id AND b.id = e.booking_id
        WHERE b.booking_number LIKE 'B%' GROUP BY e.kind ORDER BY e.kind $$,
    $$ VALUES ('booking.created', 10000::bigint, 10000::bigint), ('booking.paid', 10000, 10000),
              ('payment.paid', 10000, 10000) $$, 'ten thousand rows make their events');

-- What is rolled back did not happen.
INSERT INTO pg_temp.seen SELECT e.id FROM booking.booking_events AS e;
SAVEPOINT undone;
UPDATE booking.venues SET name = 'Undone';
ROLLBACK TO SAVEPOINT undone;
SELECT public.is_empty($$ SELECT pg_temp.news('SELECT 1') $$, 'a change that is rolled back leaves no event');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
