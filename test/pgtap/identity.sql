-- As whom the extension works. What the owner of the tables plants runs as that owner, never as a superuser who calls;
-- what a caller plants in front of the search path never runs at all; and a call leaves no trace in the session.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(36);

CREATE ROLE regress_visitor NOLOGIN IN ROLE booking_public;
CREATE ROLE regress_server NOLOGIN IN ROLE booking_service;

-- Traps of the owner of the tables: they write down as whom they run.
CREATE TABLE public.tap_seen (relation text, who text, session text, super boolean, path text);
ALTER TABLE public.tap_seen OWNER TO booking_owner;
SET LOCAL ROLE booking_owner;
CREATE FUNCTION booking.tap_trap() RETURNS trigger VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.tap_seen
    SELECT TG_TABLE_NAME, current_user, session_user, r.rolsuper, current_setting('search_path')
      FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user;
    RETURN NEW;
END $$;
CREATE TRIGGER tap_trap AFTER INSERT OR UPDATE ON booking.slot_reservations
    FOR EACH ROW EXECUTE FUNCTION booking.tap_trap();
CREATE TRIGGER tap_trap AFTER INSERT OR UPDATE ON booking.bookings FOR EACH ROW EXECUTE FUNCTION booking.tap_trap();
CREATE TRIGGER tap_trap AFTER INSERT OR UPDATE ON booking.sessions FOR EACH ROW EXECUTE FUNCTION booking.tap_trap();
CREATE TRIGGER tap_trap AFTER INSERT OR UPDATE ON booking.customers FOR EACH ROW EXECUTE FUNCTION booking.tap_trap();
RESET ROLE;

SELECT pg_temp.hold('by superuser', 'tour 9', 1) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('by superuser')) \g /dev/null
SELECT public.bag_eq(
    $$ SELECT DISTINCT t.relation, t.who, t.super, t.session = session_user FROM public.tap_seen AS t $$,
    $$ VALUES ('slot_reservations', 'booking_owner', false, true), ('sessions', 'booking_owner', false, true),
              ('bookings', 'booking_owner', false, true), ('customers', 'booking_owner', false, true) $$,
    'called by a superuser, the triggers of the owner run as the owner');
SELECT public.bag_eq('SELECT DISTINCT t.path FROM public.tap_seen AS t', $$ VALUES ('pg_catalog, pg_temp') $$,
                     'with the pinned search path');
DELETE FROM public.tap_seen;

SET LOCAL ROLE regress_visitor;
SELECT pg_temp.hold('by visitor', 'tour 9', 1, 'visitor@example.org') \g /dev/null
SELECT booking.extend_reservation(pg_temp.id('by visitor'), pg_temp.token('by visitor'), 700) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('by visitor'), pg_temp.token('by visitor')) \g /dev/null
SELECT public.is(current_user::text, 'regress_visitor', 'the caller is the caller again');
RESET ROLE;
SELECT public.bag_eq(
    'SELECT DISTINCT t.relation, t.who, t.super FROM public.tap_seen AS t',
    $$ VALUES ('slot_reservations', 'booking_owner', false), ('sessions', 'booking_owner', false),
              ('bookings', 'booking_owner', false), ('customers', 'booking_owner', false) $$,
    'called by a visitor, they run as the owner too');
DELETE FROM public.tap_seen;

SET LOCAL ROLE regress_server;
SELECT pg_temp.hold('to expire', 'tour 9', 1) \g /dev/null
RESET ROLE;
SELECT pg_temp.set_clock('2027-03-01 13:00 UTC') \g /dev/null
SET LOCAL ROLE regress_server;
SELECT booking.release_expired_reservations() \g /dev/null
RESET ROLE;
SELECT public.bag_eq('SELECT DISTINCT t.who FROM public.tap_seen AS t', $$ VALUES ('booking_owner') $$,
                     'and the job''s function as well');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- A trap that would climb: back to the role of the session, to a superuser, or out of the restriction.
SELECT public.throws_ok(
    format($$ DO $do$ BEGIN
                  CREATE OR REPLACE FUNCTION booking.tap_climb() RETURNS trigger LANGUAGE plpgsql AS $f$
                  BEGIN %s; RETURN NEW; END $f$;
                  DROP TRIGGER IF EXISTS tap_climb ON booking.slot_reservations;
                  CREATE TRIGGER tap_climb BEFORE INSERT ON booking.slot_reservations
                      FOR EACH ROW EXECUTE FUNCTION booking.tap_climb();
                  PERFORM pg_temp.hold('climb', 'tour 9', 1);
              END $do$ $$, c.attempt), '42501', NULL, 'a trigger does not climb by ' || c.attempt)
  FROM (VALUES ('SET ROLE NONE'), ('RESET ROLE'), ('RESET SESSION AUTHORIZATION'),
               (format('SET SESSION AUTHORIZATION %I', session_user)), (format('SET ROLE %I', session_user)),
               ('ALTER ROLE booking_owner SUPERUSER'), ('SET pg_booking.clock_offset = 0'),
               ('PERFORM set_config(''role'', session_user, false)')) AS c (attempt);

-- Traps of a caller, in a schema in front of pg_catalog and among the temporary objects: every operator and function
-- by which our statements compare, add and format.
CREATE SCHEMA regress_trap;
CREATE TABLE public.tap_sprung (name text);
GRANT INSERT ON public.tap_sprung TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA regress_trap TO PUBLIC;
SET LOCAL ROLE regress_visitor;
CREATE FUNCTION pg_temp.plant_traps(place text) RETURNS void VOLATILE LANGUAGE plpgsql AS $plant$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT * FROM (VALUES
        ('=', 'uuid', 'uuid', 'boolean', 'true'), ('=', 'integer', 'integer', 'boolean', 'true'),
        ('=', 'text', 'text', 'boolean', 'true'), ('=', 'bytea', 'bytea', 'boolean', 'true'),
        ('<>', 'integer', 'integer', 'boolean', 'false'), ('<>', 'text', 'text', 'boolean', 'false'),
        ('>=', 'integer', 'integer', 'boolean', 'true'), ('<=', 'integer', 'integer', 'boolean', 'true'),
        ('>', 'integer', 'integer', 'boolean', 'true'), ('-', 'integer', 'integer', 'integer', '999'),
        ('+', 'integer', 'integer', 'integer', '999'), ('*', 'bigint', 'integer', 'bigint', '0'),
        ('>', 'timestamptz', 'timestamptz', 'boolean', 'true'),
        ('<=', 'timestamptz', 'timestamptz', 'boolean', 'false'),
        ('>=', 'timestamptz', 'timestamptz', 'boolean', 'true'), ('*', 'integer', 'interval', 'interval', '''1 day'''),
        ('+', 'timestamptz', 'interval', 'timestamptz', 'now()'), ('-', 'date', 'date', 'integer', '0'))
        AS x (name, l, r, result, value) LOOP
        EXECUTE format('CREATE FUNCTION %1$s.trap_%2$s_%3$s_%4$s(%5$s, %6$s) RETURNS %7$s VOLATILE LANGUAGE plpgsql AS
                        $f$ BEGIN INSERT INTO public.tap_sprung VALUES (%8$L); RETURN %9$s; END $f$',
                       place, o.l, o.r, md5(o.name), o.l, o.r, o.result, o.name, o.value);
        EXECUTE format('CREATE OPERATOR %s.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = %1$s.trap_%3$s_%4$s_%5$s)',
                       place, o.name, o.l, o.r, md5(o.name));
    END LOOP;
    FOR o IN SELECT * FROM (VALUES
        ('lower(text)', 'text', '''x'''), ('format(text)', 'text', '''x'''), ('sha256(bytea)', 'bytea', '''x'''),
        ('timezone(text, timestamptz)', 'timestamp', '''2000-01-01'''), ('date_part(text, date)', 'float8', '0'),
        ('convert_to(text, name)', 'bytea', '''x'''), ('now()', 'timestamptz', '''2000-01-01'''),
        ('clock_timestamp()', 'timestamptz', '''2000-01-01''')) AS x (signature, result, value) LOOP
        EXECUTE format('CREATE FUNCTION %s.%s RETURNS %s VOLATILE LANGUAGE plpgsql AS
                        $f$ BEGIN INSERT INTO public.tap_sprung VALUES (%L); RETURN %s; END $f$',
                       place, o.signature, o.result, o.signature, o.value);
    END LOOP;
END $plant$;
SELECT pg_temp.plant_traps('regress_trap') \g /dev/null
SELECT pg_temp.plant_traps('pg_temp') \g /dev/null
RESET ROLE;

-- That the traps work at all: a caller who walks into the own trap.
SET LOCAL search_path = regress_trap, pg_catalog, pg_temp;
SELECT 1 = 2 \g /dev/null
SELECT lower('A') \g /dev/null
RESET search_path;
SELECT public.bag_eq('SELECT DISTINCT t.name FROM public.tap_sprung AS t', $$ VALUES ('='), ('lower(text)') $$,
                     'the traps are sprung by a statement of the caller''s own');
DELETE FROM public.tap_sprung;

-- Everything that can be called, with the traps in front of pg_catalog.
CREATE FUNCTION pg_temp.call_everything(prefix text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM booking.reserve_slot(pg_temp.id('tour 11'), 1, 'trap@example.org',
                                                 prefix || '-0123456789abcdef', 300);
    PERFORM booking.reserve_slot(pg_temp.id('tour 11'), 1, 'trap@example.org', prefix || '-0123456789abcdef', 300);
    PERFORM booking.extend_reservation(held.reservation_id, held.hold_token, 400);
    PERFORM booking.confirm_reservation(held.reservation_id, held.hold_token, 'Trapper', '+1 555');
    SELECT * INTO held FROM booking.try_reserve_slot(pg_temp.id('tour 11'), 1, 'trap@example.org');
    PERFORM booking.cancel_reservation(held.reservation_id, held.hold_token);
    PERFORM booking.try_reserve_slot(pg_temp.id('tour 11'), 5, 'trap@example.org');
    PERFORM booking.check_slot_availability(pg_temp.id('tour 11'), 1);
    PERFORM booking.next_available_sessions(pg_temp.id('tour'), 1);
    PERFORM booking.expired_hold_seats(1, pg_temp.id('tour 11'));
    RETURN 'done';
END $$;
CREATE FUNCTION pg_temp.call_trusted() RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-08', 8);
    PERFORM booking.generate_all_sessions(3);
    PERFORM booking.release_expired_reservations();
    PERFORM booking.release_expired_reservations(1);
    PERFORM booking.get_upcoming_bookings();
    PERFORM booking.get_weekly_bookings_trend();
    PERFORM booking.integrity_check();
    RETURN 'done';
END $$;

SET LOCAL ROLE regress_visitor;
SET LOCAL search_path = regress_trap, pg_temp, pg_catalog, public;
SELECT pg_temp.call_everything('visitor') AS visitor \gset
RESET ROLE;
SET LOCAL ROLE regress_server;
SELECT pg_temp.call_trusted() AS server \gset
RESET ROLE;
SELECT pg_temp.call_everything('root') AS root \gset
SELECT pg_temp.call_trusted() AS root_trusted \gset
SELECT booking.install() \g /dev/null
UPDATE booking.venues SET name = 'New name';
SELECT count(*) AS sessions_seen FROM booking.activity_sessions \gset
RESET search_path;
SELECT public.is(:'visitor'::text, 'done', 'a visitor calls everything, with the traps in front');
SELECT public.is(:'server'::text, 'done', 'a trusted server does');
SELECT public.is(:'root' || :'root_trusted', 'donedone', 'a superuser does');
SELECT public.is_empty('SELECT DISTINCT t.name FROM public.tap_sprung AS t', 'no trap was sprung');

-- The session after a call, after a refusal, after an error of the server.
CREATE FUNCTION pg_temp.session() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' | ', current_user, session_user, current_setting('role'), current_setting('search_path'),
                     current_setting('lock_timeout')) $$;
-- The SQLSTATE; the handler sees the session as the error has left it.
CREATE FUNCTION pg_temp.fails(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    before text := pg_temp.session();
BEGIN
    EXECUTE statement;
    RETURN 'did not fail';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || CASE WHEN pg_temp.session() = before THEN '' ELSE ' and now ' || pg_temp.session() END;
END $$;

SET LOCAL ROLE regress_visitor;
SET LOCAL search_path = public, pg_catalog;
SET LOCAL lock_timeout = '7s';
SELECT pg_temp.session() AS before \gset
SELECT pg_temp.hold('quiet', 'court 9', 1) \g /dev/null
SELECT public.is(pg_temp.session(), :'before', 'user, role, search_path, lock_timeout after a call');
SELECT public.is(pg_temp.fails($$ SELECT pg_temp.hold('too many', 'court 9', 4) $$), 'BK201', 'after a refusal');
SELECT public.is(pg_temp.fails($$ SELECT booking.confirm_reservation(pg_temp.id('quiet')) $$), '42501',
                 'after a refusal by rights');
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('court 9'), 4, 'a@example.org') AS t),
                 'sold_out', 'after a refusal that is a row');
SELECT public.is(pg_temp.session(), :'before', 'and after all of them');
RESET ROLE;

-- Errors of the server: those of a rival transaction become one code, others pass as they are.
SET LOCAL ROLE booking_owner;
CREATE FUNCTION booking.tap_fail() RETURNS trigger VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tap.code', true) <> '' THEN
        RAISE EXCEPTION 'planted, lock_timeout %', current_setting('lock_timeout')
            USING ERRCODE = current_setting('tap.code');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tap_fail BEFORE INSERT ON booking.slot_reservations
    FOR EACH ROW EXECUTE FUNCTION booking.tap_fail();
RESET ROLE;
SET LOCAL ROLE regress_visitor;
SELECT public.is((SELECT pg_temp.fails($$ SELECT pg_temp.hold('planted', 'court 9', 1) $$)
                    FROM set_config('tap.code', c.code, true)), c.becomes, c.code || ' becomes ' || c.becomes)
  FROM (VALUES ('P0001', 'P0001'), ('22012', '22012'), ('40001', '40001'), ('55P03', 'BK401'), ('40P01', 'BK401'))
    AS c (code, becomes);
SELECT set_config('tap.code', 'P0001', true) \g /dev/null
SELECT public.throws_ok($$ SELECT pg_temp.hold('planted', 'court 9', 1) $$, 'P0001', 'planted, lock_timeout 3s',
                        'a wait inside is bounded by pg_booking.lock_timeout, below the caller''s 7 s');
SET LOCAL lock_timeout = '2s';
SELECT public.throws_ok($$ SELECT pg_temp.hold('planted', 'court 9', 1) $$, 'P0001', 'planted, lock_timeout 2s',
                        'or by a shorter one of the caller');
SET LOCAL lock_timeout = 0;
SET LOCAL pg_booking.lock_timeout = '1s';
SELECT public.throws_ok($$ SELECT pg_temp.hold('planted', 'court 9', 1) $$, 'P0001', 'planted, lock_timeout 1s',
                        'where the caller waits for ever, ours counts');
SET LOCAL pg_booking.lock_timeout = 0;
SELECT public.throws_ok($$ SELECT pg_temp.hold('planted', 'court 9', 1) $$, 'P0001', 'planted, lock_timeout 0',
                        'switched off, the caller''s counts');
SELECT set_config('tap.code', '', true) \g /dev/null
SELECT public.throws_ok('SET LOCAL pg_booking.clock_offset = 0', '42501', NULL, 'a visitor does not shift the clock');
SELECT public.is(pg_temp.session(), concat_ws(' | ', 'regress_visitor', session_user, 'regress_visitor',
                                              'public, pg_catalog', '0'), 'the session is as the visitor left it');
RESET ROLE;
RESET search_path;

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
