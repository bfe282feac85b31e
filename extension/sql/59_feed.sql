-- What is told to browsers. The relay knows who is connected and what they may see; what there is to see is said here.

CREATE FUNCTION booking.relay_sequence(
    most integer DEFAULT 1000, OUT sequenced integer, OUT last_seq bigint, OUT busy boolean)
    AS 'MODULE_PATHNAME', 'pgbk_relay_sequence' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_sequence(integer) IS
    'Gives the next numbers to events that were committed and have none, in the order of their ids and so many at most, and notifies channel booking_positions; busy: another call is at it, and nothing was done; BK001, BK613';

CREATE FUNCTION booking.relay_events(after bigint, most integer)
    RETURNS TABLE (
        seq bigint, organization_id integer, event_id uuid, kind text, occurred_at text, customer text, booking_id uuid,
        rooms text[], public json, customer_view json, member json)
    AS 'MODULE_PATHNAME', 'pgbk_relay_events' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 1000;
COMMENT ON FUNCTION booking.relay_events(bigint, integer) IS
    'Events with a greater number, in order and so many at most: whom they concern, and what of them everybody, the customer, and members of the organization may see (NULL: nothing); those that are not kept any more are left out; BK001, BK613';

CREATE FUNCTION booking.relay_position(OUT first_seq bigint, OUT last_seq bigint)
    AS 'MODULE_PATHNAME', 'pgbk_relay_position' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_position() IS
    'The numbers of the first event that is kept and of the last one; where none is kept the first is the one that comes next';

CREATE FUNCTION booking.relay_availability(sessions uuid[])
    RETURNS TABLE (
        organization_id integer, session_id uuid, activity_id uuid, venue_id uuid, start_time text, end_time text,
        capacity_total integer, seats_available integer, status text, changes_at double precision)
    AS 'MODULE_PATHNAME', 'pgbk_relay_availability' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION booking.relay_availability(uuid[]) IS
    'How many seats these sessions have left, as everybody may know, and when the next hold runs out if nothing happens to it (seconds since 1970); sessions of activities that are not public are left out; BK001, BK613';

CREATE FUNCTION booking.relay_identity(claims jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_relay_identity' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_identity(jsonb) IS
    'Who has the verified claims of a token: the user, whether it is a trusted server (claim role is service_role), and the organizations with the role in each; BK001, BK614';

CREATE FUNCTION booking.relay_booking(token text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_relay_booking' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_booking(text) IS
    'Which booking has this token, and of which organization it is; BK001, BK015, BK104';
