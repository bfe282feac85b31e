-- Installation.

CREATE FUNCTION booking.install_roles(owner name DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_install_roles' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.install_roles(name) IS
    'The first part of install(): roles, the owner of the schema, who may call what; before a dump is restored; for superusers; BK902 to BK904';

CREATE FUNCTION booking.install(owner name DEFAULT NULL) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'pgbk_install' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION booking.install(name) IS
    'Creates or brings up to date the tables, views, policies, roles and jobs, as ordinary objects that belong to one role (booking_owner unless given), and says what it did; idempotent; for superusers; BK902 to BK904';

CREATE FUNCTION booking.is_original() RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_is_original' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.is_original() IS
    'False in a copy of the database, made by restore or CREATE DATABASE ... TEMPLATE, until it is adopted; true on standbys and after failover';

CREATE FUNCTION booking.adopt(deliver_pending boolean) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_adopt' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.adopt(boolean) IS
    'Makes this database the one that acts on its rows: jobs run again, and what is pending is delivered if deliver_pending; for administrators';

