-- Identifiers, the clock, the caller.

CREATE FUNCTION booking.new_id(organization_id integer) RETURNS uuid
    AS 'MODULE_PATHNAME', 'pgbk_new_id' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.new_id(integer) IS
    'A new time-ordered uuid (version 8) that carries the organization number; BK011 if that is not positive';

CREATE FUNCTION booking.organization_of(id uuid) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_organization_of' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION booking.organization_of(uuid) IS
    'The organization number in an id made by new_id; NULL for other uuids';

CREATE FUNCTION booking.clock() RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'pgbk_clock' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION booking.clock() IS
    'The clock by which holds expire: the wall clock plus pg_booking.clock_offset seconds';

CREATE FUNCTION booking.current_user_id() RETURNS text
    AS 'MODULE_PATHNAME', 'pgbk_current_user_id' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION booking.current_user_id() IS
    'The claim "sub" of the setting request.jwt.claims, as PostgREST and Supabase set it; NULL without one';

