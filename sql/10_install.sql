-- CREATE EXTENSION brings code only; install() makes the tables.
CREATE EXTENSION pg_booking;
SELECT count(*) FROM pg_class WHERE relnamespace = 'booking'::regnamespace;
SELECT booking.check_slot_availability('01900000-0000-8000-8000-000000000001', 1);
\echo SQLSTATE :LAST_ERROR_SQLSTATE

SELECT count(*) > 0 AS said_something FROM booking.install();
SELECT version, name FROM booking.schema_migrations ORDER BY version;
SELECT c.relname, c.relkind, pg_get_userbyid(c.relowner) AS owner, c.relrowsecurity, c.relforcerowsecurity
  FROM pg_class AS c
 WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
 ORDER BY c.relname;
SELECT rolname, rolcanlogin, rolsuper FROM pg_roles WHERE rolname LIKE 'booking\_%' ORDER BY rolname;

-- Nothing of the user's data belongs to the extension.
SELECT c.relname
  FROM pg_depend AS d
  JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
  JOIN pg_class AS c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass
 WHERE e.extname = 'pg_booking' AND d.deptype = 'e';

-- Idempotent: the same catalogue after a second run.
CREATE TEMP VIEW catalogue AS
SELECT 'relation' AS kind, c.relname::text AS name, c.relkind::text AS what FROM pg_class AS c
 WHERE c.relnamespace = 'booking'::regnamespace
UNION ALL
SELECT 'constraint', c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint AS c
 WHERE c.connamespace = 'booking'::regnamespace
UNION ALL
SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'booking'::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'policy', p.policyname, row_to_json(p)::text FROM pg_policies AS p WHERE p.schemaname = 'booking'
UNION ALL
SELECT 'grants', c.oid::regclass::text, c.relacl::text FROM pg_class AS c
 WHERE c.relnamespace = 'booking'::regnamespace
UNION ALL
SELECT 'grants', p.oid::regprocedure::text, p.proacl::text FROM pg_proc AS p
 WHERE p.pronamespace = 'booking'::regnamespace;
CREATE TEMP TABLE before AS TABLE catalogue;
SELECT count(*) > 0 AS said_something FROM booking.install();
(TABLE before EXCEPT TABLE catalogue) UNION ALL (TABLE catalogue EXCEPT TABLE before);

-- Who may, and as whose property.
CREATE ROLE regress_booking_nobody;
CREATE ROLE regress_booking_super SUPERUSER;
GRANT USAGE ON SCHEMA booking TO regress_booking_nobody;
GRANT EXECUTE ON FUNCTION booking.install(name) TO regress_booking_nobody;
SET ROLE regress_booking_nobody;
SELECT booking.install();
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.clock() IS NULL;
\echo SQLSTATE :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT booking.install('regress_booking_super');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.install('regress_booking_nobody');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
CREATE TABLE booking.mine (id integer);
SELECT booking.install();
\echo SQLSTATE :LAST_ERROR_SQLSTATE
DROP TABLE booking.mine;
BEGIN;
UPDATE pg_extension SET extversion = '0.0.0' WHERE extname = 'pg_booking';
\set VERBOSITY sqlstate
SELECT booking.install();
\set VERBOSITY default
ROLLBACK;
REVOKE ALL ON FUNCTION booking.install(name) FROM regress_booking_nobody;
REVOKE ALL ON SCHEMA booking FROM regress_booking_nobody;
DROP ROLE regress_booking_nobody;
DROP ROLE regress_booking_super;
