-- What the relay needs to stand between browsers and the database: the roles it may become, the origins it lets in, and
-- refusals that name the field.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(21);

-- Memberships. MEMBER: may become it; USAGE: has its rights without becoming it.
SELECT public.results_eq(
    $$ SELECT r, pg_has_role('booking_relay', r, 'MEMBER'), pg_has_role('booking_relay', r, 'USAGE')
         FROM unnest(ARRAY['booking_public', 'booking_customer', 'booking_member', 'booking_service', 'booking_admin'])
           AS r $$,
    $$ VALUES ('booking_public', true, false), ('booking_customer', true, false), ('booking_member', true, false),
              ('booking_service', false, false), ('booking_admin', false, false) $$,
    'a relay may become visitor, customer and member, has none of their rights, and becomes nothing more');
SELECT public.is((SELECT r.rolinherit FROM pg_roles AS r WHERE r.rolname = 'booking_gateway'), false,
                 'that is because the role between inherits nothing');

CREATE ROLE regress_relay LOGIN IN ROLE booking_relay;
SET SESSION AUTHORIZATION regress_relay;
SELECT public.throws_ok('SELECT * FROM booking.bookings', '42501', 'permission denied for table bookings',
                        'the login of a relay reads no booking');
SELECT public.throws_ok($$ SELECT booking.reserve_slot(pg_temp.id('tour 9'), 1, 'v@example.org') $$, '42501', NULL,
                        'nor reserves');
SELECT public.throws_ok('SET LOCAL ROLE booking_service', '42501', NULL, 'nor becomes a trusted server');
SET LOCAL ROLE booking_public;
SELECT public.lives_ok($$ SELECT booking.reserve_slot(pg_temp.id('tour 9'), 1, 'v@example.org') $$,
                       'as a visitor it reserves');
SET LOCAL ROLE booking_member;
SELECT set_config('request.jwt.claims', '{"sub": "staff-1"}', true) \g /dev/null
SELECT public.lives_ok('SELECT * FROM booking.get_upcoming_bookings()', 'as a member it sees what the claim allows');
SELECT set_config('request.jwt.claims', '', true) \g /dev/null
RESET ROLE;
RESET SESSION AUTHORIZATION;

-- Origins.
SELECT public.is_empty('SELECT * FROM booking.relay_origins()', 'no venue allows an origin yet');
UPDATE booking.venues SET allowed_origins = '{https://river.example,https://both.example,https://river.example}'
 WHERE id = pg_temp.id('venue');
UPDATE booking.venues SET allowed_origins = '{https://both.example,NULL}' WHERE id = pg_temp.id('far venue');
INSERT INTO booking.venues (organization_id, name, timezone, allowed_origins)
VALUES (1, 'Pier', 'Europe/Berlin', '{https://pier.example,https://both.example}');
SET LOCAL ROLE booking_relay;
SELECT public.results_eq(
    'SELECT * FROM booking.relay_origins()',
    $$ VALUES (1, 'https://both.example'), (1, 'https://pier.example'), (1, 'https://river.example'),
              (2, 'https://both.example') $$,
    'the relay sees the origins of all venues, each once an organization');
RESET ROLE;
SAVEPOINT granted;
GRANT EXECUTE ON FUNCTION booking.relay_origins() TO booking_public;
SET LOCAL ROLE booking_member;
SELECT public.throws_ok('SELECT * FROM booking.relay_origins()', '42501',
                        'permission denied to list the allowed origins', 'granted by mistake, it looks at the caller');
ROLLBACK TO SAVEPOINT granted;

-- The field of a refusal comes as the column of the error, which every driver hands out.
CREATE FUNCTION pg_temp.field(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    field text;
BEGIN
    EXECUTE statement;
    RETURN 'was not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS field = COLUMN_NAME;
    RETURN SQLSTATE || ' ' || field;
END $$;
SELECT public.is(pg_temp.field(s.statement), s.answer, 'field: ' || s.answer)
  FROM (VALUES ('SELECT booking.reserve_slot(NULL, 1, ''v@example.org'')', 'BK001 session_id'),
               ('SELECT booking.reserve_slot(pg_temp.id(''tour 9''), NULL, ''v@example.org'')', 'BK001 party_size'),
               ('SELECT booking.reserve_slot(pg_temp.id(''tour 9''), 1, NULL)', 'BK001 email'),
               ('SELECT booking.reserve_slot(pg_temp.id(''tour 9''), 1, ''v'')', 'BK003 email'),
               ('SELECT booking.reserve_slot(pg_temp.id(''tour 9''), 0, ''v@example.org'')', 'BK002 party_size'),
               ('SELECT booking.reserve_slot(pg_temp.id(''tour 9''), 1, ''v@example.org'', ''k'')',
                'BK005 idempotency_key'),
               ('SELECT booking.check_slot_availability(pg_temp.id(''tour 9''), 0)', 'BK002 party_size'),
               ('SELECT booking.reserve_slot(pg_temp.id(''tour''), 1, ''v@example.org'')', 'BK101 '))
    AS s (statement, answer);
SELECT public.is(pg_temp.field($$ SELECT booking.reserve_slot(pg_temp.id('tour 9'), 4, 'v@example.org') $$), 'BK201 ',
                 'what is nobody''s field names none');
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('tour 9'), 1, 'v') AS t), 'invalid_email',
                 'the try_ functions answer as before');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
