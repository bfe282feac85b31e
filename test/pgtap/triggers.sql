-- The trigger functions: what they fill in, and that they refuse, rather than believe, a table or an event that is not
-- theirs. A trigger function that takes the wrong event for granted ends the whole server.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(22);

-- stamp_row on our tables.
INSERT INTO booking.venues (organization_id, name, timezone)
VALUES (1, 'stamped', 'Asia/Tokyo'), (1, 'other', 'Asia/Tokyo');
SELECT public.is((SELECT booking.organization_of(v.id) FROM booking.venues AS v WHERE v.name = 'stamped'), 1,
                 'a row without an id gets one that carries its organization');
SELECT public.matches((SELECT v.embed_key FROM booking.venues AS v WHERE v.name = 'stamped'), '^[0-9a-f]{32}$',
                      'and a venue its public key');
SELECT public.is((SELECT count(DISTINCT v.embed_key) FROM booking.venues AS v), 4::bigint, 'which is its own');
INSERT INTO booking.venues (organization_id, id, embed_key, name, timezone)
VALUES (1, '00000000-0000-8000-8000-000000000001', 'my-own-key', 'given', 'Asia/Tokyo');
SELECT public.is((SELECT concat_ws(' ', v.id, v.embed_key) FROM booking.venues AS v WHERE v.name = 'given'),
                 '00000000-0000-8000-8000-000000000001 my-own-key', 'what is given is kept');
UPDATE booking.venues SET name = 'changed', updated_at = '2000-01-01' WHERE name = 'given';
SELECT public.is((SELECT v.updated_at FROM booking.venues AS v WHERE v.name = 'changed'), now(),
                 'a change is stamped, whatever was written');
SELECT public.throws_ok($$ INSERT INTO booking.venues (name, timezone) VALUES ('x', 'Asia/Tokyo') $$, '23502', NULL,
                        'a row without an organization is refused by its column');
SELECT public.throws_ok($$ INSERT INTO booking.venues (organization_id, name, timezone)
                           VALUES (-1, 'x', 'Asia/Tokyo') $$, 'BK011',
                        'organization number must be positive, got -1', 'an organization below 1 has no ids');

-- On tables of the user's.
CREATE TABLE public.tap_fits (organization_id integer, id uuid, status text, updated_at timestamptz);
CREATE TABLE public.tap_text (organization_id integer, id text, updated_at text);
CREATE TABLE public.tap_numbers (organization_id bigint, id bigint, embed_key integer, updated_at date);
CREATE TABLE public.tap_bare (x integer);
CREATE FUNCTION pg_temp.with_trigger(relation text, event text, routine text, statement text) RETURNS text VOLATILE
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER tap %s ON public.%I FOR EACH %s EXECUTE FUNCTION booking.%s', event, relation,
                   CASE WHEN event LIKE '%STATEMENT' THEN '' ELSE 'ROW' END, routine);
    EXECUTE statement;
    RAISE EXCEPTION 'accepted' USING ERRCODE = 'TAP01'; -- so that the trigger is gone afterwards
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
INSERT INTO public.tap_fits (organization_id, id, status) VALUES (1, '00000000-0000-8000-8000-000000000001', 'pending');
INSERT INTO public.tap_text (organization_id, id) VALUES (1, 'one');

SELECT public.is(pg_temp.with_trigger(t.relation, t.event, t.routine, t.statement), t.answer,
                 format('%s %s on %s', t.routine, t.event, t.relation))
  FROM (VALUES
    ('tap_fits', 'BEFORE INSERT', 'stamp_row()', 'INSERT INTO public.tap_fits VALUES (1, NULL)', 'TAP01 accepted'),
    ('tap_fits', 'BEFORE UPDATE', 'check_transition(''reservation'')',
     'UPDATE public.tap_fits SET status = ''confirmed''', 'TAP01 accepted'),
    ('tap_fits', 'BEFORE UPDATE', 'check_transition(''reservation'')',
     'UPDATE public.tap_fits SET status = ''no_show''',
     'BK212 status may not change from "pending" to "no_show"'),
    ('tap_fits', 'AFTER INSERT', 'stamp_row()', 'INSERT INTO public.tap_fits VALUES (1, NULL)',
     '39P01 function "stamp_row" must be fired before a row changes'),
    ('tap_fits', 'AFTER UPDATE', 'check_transition(''reservation'')', 'UPDATE public.tap_fits SET status = ''expired''',
     '39P01 function "check_transition" must be fired before a row changes'),
    ('tap_bare', 'BEFORE INSERT', 'stamp_row()', 'INSERT INTO public.tap_bare VALUES (1)',
     '39P01 the table of the trigger has no column "organization_id"'))
    AS t (relation, event, routine, statement, answer);
SELECT public.throws_ok('SELECT booking.stamp_row()', '39P01', 'function "stamp_row" was not called as a trigger',
                        'stamp_row is no function to call');
SELECT public.throws_ok('SELECT booking.check_transition()', '39P01',
                        'function "check_transition" was not called as a trigger', 'nor is check_transition');

-- The wrong event and the wrong type.
SELECT public.matches(pg_temp.with_trigger(t.relation, t.event, t.routine, t.statement), '^39P01 ',
                      format('%s %s on %s', t.routine, t.event, t.relation))
  FROM (VALUES
    ('tap_fits', 'BEFORE DELETE', 'stamp_row()', 'DELETE FROM public.tap_fits'),
    ('tap_fits', 'BEFORE DELETE', 'check_transition(''reservation'')', 'DELETE FROM public.tap_fits'),
    ('tap_fits', 'BEFORE INSERT', 'check_transition(''reservation'')',
     'INSERT INTO public.tap_fits VALUES (1, NULL, ''pending'')'),
    ('tap_text', 'BEFORE INSERT', 'stamp_row()', 'INSERT INTO public.tap_text VALUES (1, NULL)'),
    ('tap_text', 'BEFORE UPDATE', 'stamp_row()', 'UPDATE public.tap_text SET id = ''two'''),
    ('tap_numbers', 'BEFORE INSERT', 'stamp_row()', 'INSERT INTO public.tap_numbers VALUES (1, NULL)'))
    AS t (relation, event, routine, statement);

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
