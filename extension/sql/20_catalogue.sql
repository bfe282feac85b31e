-- Checks and triggers of the catalogue tables.

CREATE FUNCTION booking.check_schedule(schedule jsonb) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_check_schedule' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION booking.check_schedule(jsonb) IS
    'True for a valid schedule; otherwise BK006 with the JSON path of what is wrong';

CREATE FUNCTION booking.check_time_zone(name text) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_check_time_zone' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION booking.check_time_zone(text) IS
    'True for an IANA time zone name that the server knows; otherwise BK008';

CREATE FUNCTION booking.stamp_row() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_stamp_row' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.stamp_row() IS
    'Trigger: gives a new row its id (and embed_key) where none was given, and a changed row its updated_at';

CREATE FUNCTION booking.check_transition() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_check_transition' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.check_transition() IS
    'Trigger: refuses a change of status that state_transitions() does not list, with BK212';

CREATE FUNCTION booking.renew_rules_version() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_renew_rules_version' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.renew_rules_version() IS
    'Trigger: gives the organization of the row a new rules_version, so that nobody goes on with what was known of its limits';
