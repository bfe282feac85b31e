-- What the role of the relay has: its functions, and the way to three roles, each of which it has to become by name. What
-- the functions answer to it is tested in role_matrix_functions.sql.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(24);

-- All that a role can become, by whatever way, and whether it has the rights without becoming it.
CREATE FUNCTION pg_temp.ways(start name) RETURNS TABLE (role name, has_rights boolean, may_grant boolean) STABLE
    LANGUAGE sql AS $$
    WITH RECURSIVE way (role, may_grant) AS (
        SELECT m.roleid, m.admin_option FROM pg_auth_members AS m WHERE m.member = start::regrole
         UNION
        SELECT m.roleid, m.admin_option FROM pg_auth_members AS m JOIN way ON way.role = m.member)
    SELECT way.role::regrole::name, pg_has_role(start, way.role, 'USAGE'), bool_or(way.may_grant) FROM way GROUP BY way.role $$;
SELECT public.bag_eq($$ SELECT w.role, w.has_rights, w.may_grant FROM pg_temp.ways('booking_relay') AS w $$,
                     $$ VALUES ('booking_gateway'::name, true, false), ('booking_public', false, false),
                               ('booking_customer', false, false), ('booking_member', false, false) $$,
                     'the relay becomes a caller, and nothing that may do more; it has the rights of none of them');
SELECT public.bag_eq($$ SELECT w.role, w.has_rights, w.may_grant FROM pg_temp.ways('booking_gateway') AS w $$,
                     $$ VALUES ('booking_public'::name, false, false), ('booking_customer', false, false),
                               ('booking_member', false, false) $$, 'that is all that the role between is for');

SELECT public.results_eq(
    $$ SELECT r.rolname, r.rolcanlogin, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls
         FROM pg_roles AS r WHERE r.rolname IN ('booking_gateway', 'booking_relay') ORDER BY r.rolname $$,
    $$ SELECT r, false, false, false, false, false, false FROM unnest('{booking_gateway,booking_relay}'::name[]) AS r $$,
    'they log in nowhere and are exempt from nothing');
SELECT public.is_empty(
    $$ SELECT r, c.oid::regclass, p FROM pg_class AS c, unnest('{booking_gateway,booking_relay}'::text[]) AS r,
              unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS p
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p', 'v')
          AND (has_table_privilege(r, c.oid, p)
               OR p IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege(r, c.oid, p)) $$,
    'they have no right on any table or view, nor on a column');
SELECT public.is_empty(
    $$ SELECT r, c.oid::regclass FROM pg_class AS c, unnest('{booking_gateway,booking_relay}'::text[]) AS r
        WHERE c.relkind = 'S' AND c.relnamespace = 'booking'::regnamespace AND has_sequence_privilege(r, c.oid, 'USAGE, SELECT, UPDATE') $$,
    'nor on a sequence');
SELECT public.is_empty(
    $$ SELECT n.nspname FROM pg_namespace AS n, unnest('{booking_gateway,booking_relay}'::text[]) AS r
        WHERE has_schema_privilege(r, n.oid, 'CREATE') AND n.nspname <> 'public' AND n.nspname !~ '^pg_(toast_)?temp' $$, 'and create nothing');
SELECT public.is_empty(
    $$ SELECT d.classid::regclass, d.objid FROM pg_shdepend AS d
        WHERE d.refobjid IN ('booking_gateway'::regrole, 'booking_relay'::regrole) AND d.deptype = 'o' $$, 'and own nothing');
SELECT public.is_empty(
    $$ SELECT p.oid::regprocedure FROM pg_proc AS p
        WHERE p.pronamespace = 'booking'::regnamespace AND has_function_privilege('booking_gateway', p.oid, 'EXECUTE') $$,
    'the role between calls nothing');
SELECT public.is_empty(
    $$ SELECT p.oid::regprocedure FROM pg_proc AS p
        WHERE p.pronamespace = 'booking'::regnamespace AND p.prorettype <> 'trigger'::regtype
          AND p.proname ~ '^(relay_|receive_)' <> (has_function_privilege('booking_relay', p.oid, 'EXECUTE')
                                                   AND NOT has_function_privilege('booking_public', p.oid, 'EXECUTE'))
          AND p.proname <> 'notifier_status' $$,
    'the relay calls relay_..., receive_... and notifier_status, and what computes and has nothing of anybody');

-- A login of it, in the steps of a request of the gateway.
CREATE ROLE regress_relay LOGIN IN ROLE booking_relay;
SELECT pg_temp.hold('h', 'tour 9', 1) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('h')) \g /dev/null
SET SESSION AUTHORIZATION regress_relay;
SELECT set_config('request.jwt.claims', '{"sub": "owner-1", "role": "service_role"}', true) \g /dev/null
SELECT public.throws_ok(s, '42501', NULL, 'claims alone give it nothing: ' || s)
  FROM unnest(ARRAY['SELECT * FROM booking.bookings', 'SELECT * FROM booking.get_upcoming_bookings()', 'SELECT * FROM booking.public_venues',
                    'SELECT booking.close_session(pg_temp.id(''tour 9''))', 'SELECT booking.integrity_check()']) AS s;
SELECT public.throws_ok('SET LOCAL ROLE ' || r, '42501', NULL, 'it does not become ' || r)
  FROM unnest('{booking_service,booking_admin,booking_owner,postgres}'::text[]) AS r;
SET LOCAL ROLE booking_member;
SELECT public.is((SELECT count(*) FROM booking.bookings), 1::bigint, 'as a member it sees what the claim allows');
SELECT public.throws_ok(s, '42501', NULL, 'and has not its own functions meanwhile: ' || s)
  FROM unnest(ARRAY['SELECT booking.relay_events(0, 1)', 'SELECT booking.relay_sources()']) AS s;
SELECT set_config('request.jwt.claims', '{"sub": "owner-2"}', true) \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.bookings), 0::bigint, 'as a member of another organization nothing of this one');
SET LOCAL ROLE booking_public;
SELECT public.throws_ok('SELECT * FROM booking.bookings', '42501', NULL, 'and as a visitor no booking at all');
RESET ROLE;
SELECT public.is(current_user::text, 'regress_relay', 'it is itself again');
RESET SESSION AUTHORIZATION;

SELECT * FROM public.finish();
ROLLBACK;
