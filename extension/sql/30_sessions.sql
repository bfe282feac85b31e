-- Sessions: made from schedules, asked for free seats.

CREATE FUNCTION booking.generate_activity_sessions(activity_id uuid, start_date date, days_ahead integer)
    RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_generate_activity_sessions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.generate_activity_sessions(uuid, date, integer) IS
    'Makes the sessions of an activity for the dates start_date to start_date + days_ahead - 1 at the venue and returns how many it made; idempotent, safe when concurrent; BK007, BK103';

CREATE FUNCTION booking.generate_all_sessions(days_ahead integer DEFAULT 30) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_generate_all_sessions' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.generate_all_sessions(integer) IS
    'generate_activity_sessions for every active activity, from each venue''s today, in one transaction';

CREATE FUNCTION booking.set_session_lanes(session_id uuid, lanes integer) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_set_session_lanes' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.set_session_lanes(uuid, integer) IS
    'Spreads the free seats of a session that has become busy over that many lanes, never fewer than it has; BK012, BK101';

CREATE FUNCTION booking.set_session_capacity(
    session_id uuid, capacity integer, expected_capacity integer DEFAULT NULL,
    OUT capacity_total integer, OUT capacity_remaining integer, OUT seats_available integer, OUT oversold_by integer)
    AS 'MODULE_PATHNAME', 'pgbk_set_session_capacity' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.set_session_capacity(uuid, integer, integer) IS
    'Gives a session another capacity, also less than is sold: then nothing is left, oversold_by says by how much, and seats that come back make up for it before any is sold. Staff and trusted callers; BK020, BK101, BK222';

CREATE FUNCTION booking.close_session(session_id uuid, reason text DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_close_session' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.close_session(uuid, text) IS
    'Nothing more of the session is held or sold from now on. Bookings stay and can be cancelled or moved, and holds that are live can still be confirmed and extended. True if it was open. Staff and trusted callers; BK020, BK101, BK204';

CREATE FUNCTION booking.open_session(session_id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_open_session' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.open_session(uuid) IS
    'Puts a session that was closed on sale again. True if it was closed. Staff and trusted callers; BK101, BK204';

CREATE FUNCTION booking.check_slot_availability(session_id uuid, party_size integer) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_check_slot_availability' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.check_slot_availability(uuid, integer) IS
    'Whether the party could be booked now, expired holds counted as free; advisory, reserve_slot decides; BK002, BK101';

CREATE FUNCTION booking.expired_hold_seats(organization_id integer, session_id uuid) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_expired_hold_seats' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.expired_hold_seats(integer, uuid) IS
    'Seats of a session''s holds that have run out and are not released yet';

CREATE FUNCTION booking.resource_taken(organization_id integer, session_id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_resource_taken' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.resource_taken(integer, uuid) IS
    'Whether another session has a resource that this one needs';

CREATE FUNCTION booking.next_available_sessions(
    activity_id uuid, party_size integer, "limit" integer DEFAULT 10, after timestamptz DEFAULT NULL,
    OUT session_id uuid, OUT start_time timestamptz, OUT end_time timestamptz, OUT seats_available integer)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_next_available_sessions' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION booking.next_available_sessions(uuid, integer, integer, timestamptz) IS
    'The next sessions of an activity that have room for the party; BK002, BK009, BK103';

