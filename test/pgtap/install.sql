-- install(): idempotent, mends what is missing, refuses what would be unsafe.

BEGIN;
\ir shared/fixture.sql
\ir shared/snapshot.sql
SELECT public.plan(43);

CREATE ROLE regress_other NOLOGIN CREATEROLE;
CREATE ROLE regress_super NOLOGIN SUPERUSER;
CREATE TEMPORARY TABLE snapshot_before AS SELECT * FROM pg_temp.snapshot() AS line;

-- The state of the template: installed once.
SELECT public.results_eq(
    'SELECT m.version, m.name FROM booking.schema_migrations AS m ORDER BY m.version',
    $$ VALUES (1, 'organizations'), (2, 'catalogue'), (3, 'sessions'), (4, 'customers_and_bookings'),
              (5, 'job_runs'), (6, 'lanes'), (7, 'installation'), (8, 'events'), (9, 'webhooks'),
              (10, 'unpaid_share'), (11, 'payments'), (12, 'packages'), (13, 'rules_version'),
              (14, 'payment_facts'), (15, 'booking_life'), (16, 'event_positions'), (17, 'session_changes'),
              (18, 'payment_links'), (19, 'provider_calls'), (20, 'units'),
              (21, 'waitlist'), (22, 'resources'), (23, 'booking_windows'), (24, 'erasure'),
              (25, 'calendar'), (26, 'calendar_reads'), (27, 'changes_by_terms'), (28, 'packages_by_units') $$,
    'schema_migrations lists the migrations');
SELECT public.bag_eq(
    $$ SELECT r.rolname::text FROM pg_roles AS r
        WHERE r.rolname LIKE 'booking\_%' AND NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb
                                                    OR r.rolreplication OR r.rolbypassrls) $$,
    $$ VALUES ('booking_owner'), ('booking_public'), ('booking_customer'), ('booking_member'), ('booking_service'),
              ('booking_gateway'), ('booking_relay'), ('booking_admin') $$,
    'the roles can neither log in nor do anything else');
SELECT public.bag_eq(
    $$ SELECT m.member::regrole::text, m.roleid::regrole::text, m.admin_option FROM pg_auth_members AS m
        WHERE m.roleid::regrole::text LIKE 'booking\_%' AND m.member::regrole::text LIKE 'booking\_%' $$,
    $$ VALUES ('booking_customer', 'booking_public', false), ('booking_member', 'booking_public', false),
              ('booking_service', 'booking_public', false), ('booking_admin', 'booking_service', false),
              ('booking_admin', 'booking_member', false), ('booking_gateway', 'booking_public', false),
              ('booking_gateway', 'booking_customer', false), ('booking_gateway', 'booking_member', false),
              ('booking_relay', 'booking_gateway', false) $$,
    'roles include each other as designed; nobody is the owner or the relay');

-- Again.
SELECT public.matches((SELECT i FROM booking.install() AS i LIMIT 1),
                      '^pg_booking [0-9.]+, schema version \d+ \(0 applied now\), owner booking_owner$',
                      'a second install() says that there was nothing to migrate');
SELECT public.bag_eq('SELECT * FROM pg_temp.snapshot()', 'SELECT * FROM pg_temp.snapshot_before',
                     'and leaves the catalogue as it was');

-- Settings of the caller, after success and after an error.
SET LOCAL search_path = public, pg_catalog;
SET LOCAL client_min_messages = 'error';
SELECT public.lives_ok('SELECT booking.install()', 'install() under another search_path');
SELECT public.is(current_setting('search_path'), 'public, pg_catalog', 'search_path is as before');
SELECT public.is(current_setting('client_min_messages'), 'error', 'client_min_messages is as before');
SELECT public.throws_ok($$ SELECT booking.install('regress_super') $$, 'BK904', NULL, 'install() that fails');
SELECT public.is(current_setting('search_path'), 'public, pg_catalog', 'search_path is as before the error');
SELECT public.is(current_user, session_user, 'and so is the user');
RESET search_path;
SET LOCAL client_min_messages = 'warning';

-- It mends.
DROP POLICY member_read ON booking.bookings;
DROP TRIGGER check_transition ON booking.bookings;
DROP VIEW booking.public_venues;
ALTER TABLE booking.customers DISABLE ROW LEVEL SECURITY;
REVOKE SELECT ON booking.bookings FROM booking_member;
REVOKE EXECUTE ON FUNCTION booking.reserve_slot(uuid, integer, text, text, integer) FROM booking_public;
ALTER TABLE booking.activities DROP CONSTRAINT activities_schedule_check;
SELECT booking.install() \g /dev/null
SELECT public.bag_eq('SELECT * FROM pg_temp.snapshot()', 'SELECT * FROM pg_temp.snapshot_before',
                     'install() puts back a policy, a trigger, a view, a check, rights, row-level security');

-- Who may. The function checks for itself, whatever somebody has granted.
SET LOCAL ROLE regress_other;
SELECT public.throws_ok('SELECT booking.install()', '42501', NULL, 'a role without rights may not install');
RESET ROLE;
GRANT EXECUTE ON FUNCTION booking.install(name) TO regress_other, booking_admin;
GRANT USAGE ON SCHEMA booking TO regress_other;
SET LOCAL ROLE regress_other;
SELECT public.throws_ok('SELECT booking.install()', '42501', 'permission denied to install pg_booking',
                        'nor one with EXECUTE and CREATEROLE');
RESET ROLE;
SET LOCAL ROLE booking_admin;
SELECT public.throws_ok('SELECT booking.install()', '42501', 'permission denied to install pg_booking',
                        'nor booking_admin');
RESET ROLE;
SET LOCAL ROLE booking_owner;
SELECT public.throws_ok('SELECT booking.install()', '42501', 'permission denied to install pg_booking',
                        'nor the owner of the tables');
RESET ROLE;
REVOKE EXECUTE ON FUNCTION booking.install(name) FROM regress_other, booking_admin;
REVOKE USAGE ON SCHEMA booking FROM regress_other;

-- A superuser as owner: the owner's triggers would run as one.
SELECT public.throws_ok($$ SELECT booking.install('regress_super') $$, 'BK904',
                        'role "regress_super" is a superuser', 'a superuser may not own the tables');
ALTER ROLE booking_owner SUPERUSER;
SELECT public.throws_ok('SELECT booking.install()', 'BK904', 'role "booking_owner" is a superuser',
                        'not even one that became superuser later');
ALTER ROLE booking_owner NOSUPERUSER;

-- Mixed owners: what one of them plants, the other would run.
SELECT public.throws_ok($$ SELECT booking.install('regress_other') $$, 'BK902', NULL,
                        'another owner than that of the tables');
SELECT public.throws_ok($$ SELECT booking.install('regress_new') $$, 'BK902', NULL, 'another owner who does not exist');
SELECT public.hasnt_role('regress_new', 'a refused install() makes no role');
ALTER TABLE booking.packages OWNER TO regress_other;
SELECT public.throws_ok('SELECT booking.install()', 'BK902', 'table booking.packages belongs to regress_other',
                        'a table of another owner');
ALTER TABLE booking.packages OWNER TO booking_owner;
CREATE TABLE booking.notes (note text);
SELECT public.throws_ok('SELECT booking.install()', 'BK902',
                        'table booking.notes belongs to ' || quote_ident(current_user), 'a table of the user''s');
DROP TABLE booking.notes;
ALTER SCHEMA booking OWNER TO regress_other;
SELECT public.throws_ok('SELECT booking.install()', 'BK902', 'schema booking belongs to regress_other',
                        'a schema of another owner');
ALTER SCHEMA booking OWNER TO booking_owner;

-- A view of another owner cannot be replaced by ours.
ALTER VIEW booking.public_venues OWNER TO regress_other;
SELECT public.throws_ok('SELECT booking.install()', '42501', NULL, 'a view of another owner');
ALTER VIEW booking.public_venues OWNER TO booking_owner;

-- The library and the SQL objects must be of one version.
SAVEPOINT version;
UPDATE pg_catalog.pg_extension SET extversion = '0.0.9' WHERE extname = 'pg_booking';
SELECT public.throws_matching('SELECT booking.install()', 'the library is version .*, the extension 0\.0\.9',
                              'SQL objects of another version');
SELECT public.throws_ok('SELECT booking.install()', 'BK903', NULL, 'have a code of their own');
ROLLBACK TO SAVEPOINT version;

SELECT public.bag_eq('SELECT * FROM pg_temp.snapshot()', 'SELECT * FROM pg_temp.snapshot_before',
                     'after all that was refused the catalogue is as it was');

-- Roles of PostgREST and Supabase, if they exist.
SAVEPOINT supabase;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles AS r WHERE r.rolname = name) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;
END $$;
SELECT booking.install() \g /dev/null
SELECT public.bag_eq(
    $$ SELECT m.member::regrole::text, m.roleid::regrole::text FROM pg_auth_members AS m
        WHERE m.member::regrole::text IN ('anon', 'authenticated', 'service_role')
          AND m.roleid::regrole::text LIKE 'booking\_%' $$,
    $$ VALUES ('anon', 'booking_public'), ('authenticated', 'booking_customer'), ('authenticated', 'booking_member'),
              ('service_role', 'booking_service') $$,
    'anon, authenticated and service_role get the matching roles');
ROLLBACK TO SAVEPOINT supabase;

-- Without the tables every function says what is missing.
SAVEPOINT fresh;
DROP SCHEMA booking CASCADE;
CREATE EXTENSION pg_booking;
SELECT public.throws_ok($$ SELECT booking.reserve_slot(booking.new_id(1), 1, 'a@example.org') $$, 'BK901',
                        'pg_booking is not installed in this database', 'reserve_slot before install()');
SELECT public.throws_ok($$ SELECT booking.integrity_check() $$, 'BK901',
                        'pg_booking is not installed in this database', 'integrity_check before install()');
SELECT public.throws_ok($$ SELECT booking.release_expired_reservations() $$, 'BK901',
                        'pg_booking is not installed in this database', 'a job''s function before install()');
SELECT public.lives_ok($$ SELECT booking.new_id(1), booking.clock(), booking.check_schedule('{"operatingDays": [],
                          "startTime": "09:00", "endTime": "10:00", "slotInterval": 60}') $$,
                       'what needs no table works without');

-- An owner of one's own, with a name that wants quoting.
SELECT public.throws_ok($$ SELECT booking.install('regress_super') $$, 'BK904', NULL, 'a superuser is refused at once');
SELECT public.hasnt_table('booking', 'sessions', 'and makes no table');
SELECT public.matches((SELECT i FROM booking.install('regress "Hall" owner') AS i LIMIT 1),
                      'schema version 28 \(28 applied now\), owner regress "Hall" owner$', 'an own owner');
SELECT public.is_empty(
    $$ SELECT c.oid::regclass FROM pg_class AS c WHERE c.relnamespace = 'booking'::regnamespace
          AND c.relowner <> '"regress ""Hall"" owner"'::regrole $$,
    'everything belongs to that owner');
SELECT public.is((SELECT n.nspowner::regrole::text FROM pg_namespace AS n WHERE n.nspname = 'booking'),
                 '"regress ""Hall"" owner"', 'the schema too');
SELECT public.matches((SELECT i FROM booking.install() AS i LIMIT 1), '\(0 applied now\), owner regress "Hall" owner$',
                      'a later install() without a name keeps that owner');
INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'Hall');
INSERT INTO booking.venues (organization_id, id, name, timezone) VALUES (1, pg_temp.id('venue'), 'Hall', 'Asia/Tokyo');
INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity)
VALUES (1, pg_temp.id('tour'), pg_temp.id('venue'), 'Sumo',
        '{"operatingDays": ["Friday"], "startTime": "09:00", "endTime": "12:00", "slotInterval": 60}', 4);
SELECT public.is(booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-05', 1), 3, 'sessions are made');
SELECT public.is(
    (SELECT c.status FROM booking.sessions AS s
       CROSS JOIN LATERAL booking.reserve_slot(s.id, 1, 'a@example.org') AS r
       CROSS JOIN LATERAL booking.confirm_reservation(r.reservation_id) AS c
      WHERE s.start_time = '2027-03-05 00:00 UTC'), 'confirmed', 'a seat is booked');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
ROLLBACK TO SAVEPOINT fresh;

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
