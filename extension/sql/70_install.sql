-- Installation.

CREATE FUNCTION booking.install(owner name DEFAULT NULL) RETURNS SETOF text
    AS 'MODULE_PATHNAME', 'pgbk_install' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 3;
COMMENT ON FUNCTION booking.install(name) IS
    'Creates or brings up to date the tables, views, policies, roles and jobs, as ordinary objects that belong to one role (booking_owner unless given), and says what it did; idempotent; for superusers; BK902 to BK904';

