-- What operators look at.

CREATE FUNCTION booking.get_upcoming_bookings(
    "limit" integer DEFAULT 10,
    OUT organization_id integer, OUT booking_id uuid, OUT booking_number text, OUT session_id uuid,
    OUT activity_name text, OUT customer_name text, OUT customer_email text, OUT party_size integer, OUT status text,
    OUT payment_status text, OUT scheduled_start timestamptz, OUT scheduled_end timestamptz)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_get_upcoming_bookings' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION booking.get_upcoming_bookings(integer) IS
    'The next bookings of the caller''s organizations, soonest first; of all for trusted callers; BK009';

CREATE FUNCTION booking.get_weekly_bookings_trend(
    OUT day date, OUT bookings bigint, OUT seats bigint, OUT cancelled bigint)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_get_weekly_bookings_trend' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 7;
COMMENT ON FUNCTION booking.get_weekly_bookings_trend() IS
    'Bookings made on each of the last seven days, by the date at the venue, of the caller''s organizations; days without any are there';

CREATE FUNCTION booking.integrity_check(
    OUT invariant text, OUT organization_id integer, OUT object_id uuid, OUT detail text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_integrity_check' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1;
COMMENT ON FUNCTION booking.integrity_check() IS
    'Rows that violate an invariant; no row means that every seat is accounted for';

CREATE FUNCTION booking.refusal_codes(OUT sqlstate text, OUT name text, OUT meaning text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_refusal_codes' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 32;
COMMENT ON FUNCTION booking.refusal_codes() IS 'Every SQLSTATE of class BK, the outcome word of try_ functions, and what it means';

CREATE FUNCTION booking.state_transitions(
    OUT table_name text, OUT column_name text, OUT from_status text, OUT to_status text, OUT reason text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_state_transitions' LANGUAGE C IMMUTABLE PARALLEL SAFE ROWS 50;
COMMENT ON FUNCTION booking.state_transitions() IS
    'Every legal change of a status; from_status NULL is a new row';

CREATE FUNCTION booking.live_cpp_frames() RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_live_cpp_frames' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.live_cpp_frames() IS
    'C++ frames of this backend that an error jumped over; anything but 0 is a defect of the library';

