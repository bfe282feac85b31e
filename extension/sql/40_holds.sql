-- Holds: seats taken for some minutes, then confirmed, cancelled or released.

CREATE FUNCTION booking.reserve_slot(
    session_id uuid, party_size integer, email text,
    idempotency_key text DEFAULT NULL, hold_seconds integer DEFAULT NULL,
    OUT reservation_id uuid, OUT expires_at timestamptz, OUT hold_token text)
    AS 'MODULE_PATHNAME', 'pgbk_reserve_slot' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.reserve_slot(uuid, integer, text, text, integer) IS
    'Holds seats of a session, ten minutes unless the activity or the caller says otherwise; a repeated idempotency key gives the first answer again; BK001 to BK005, BK101, BK201 to BK204, BK208, BK401';

CREATE FUNCTION booking.try_reserve_slot(
    session_id uuid, party_size integer, email text,
    idempotency_key text DEFAULT NULL, hold_seconds integer DEFAULT NULL,
    OUT outcome text, OUT reservation_id uuid, OUT expires_at timestamptz, OUT hold_token text,
    OUT refusal_sqlstate text, OUT refusal_message text)
    AS 'MODULE_PATHNAME', 'pgbk_try_reserve_slot' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.try_reserve_slot(uuid, integer, text, text, integer) IS
    'reserve_slot for gateways under a rush: outcome is held, or the name of the refusal, which is no error and does not end the transaction';

CREATE FUNCTION booking.extend_reservation(
    reservation_id uuid, hold_token text DEFAULT NULL, extension_seconds integer DEFAULT NULL)
    RETURNS timestamptz
    AS 'MODULE_PATHNAME', 'pgbk_extend_reservation' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.extend_reservation(uuid, text, integer) IS
    'Makes a live hold last from now for the activity''s length or the given seconds, never shorter than before, and returns when it expires; BK004, BK102, BK205 to BK207, BK209, BK301';

CREATE FUNCTION booking.cancel_reservation(reservation_id uuid, hold_token text DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_cancel_reservation' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.cancel_reservation(uuid, text) IS
    'Gives the seats of a hold back; false if they were given back before; BK102, BK207, BK301';

CREATE FUNCTION booking.confirm_reservation(
    reservation_id uuid, hold_token text DEFAULT NULL,
    customer_name text DEFAULT NULL, customer_phone text DEFAULT NULL,
    OUT booking_id uuid, OUT booking_number text, OUT status text, OUT payment_status text)
    AS 'MODULE_PATHNAME', 'pgbk_confirm_reservation' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.confirm_reservation(uuid, text, text, text) IS
    'Makes the booking; repeated, it returns the same booking. By id alone for trusted callers, after payment; visitors pass the hold token, where the price is zero. After expiry it takes the seats again if there is room; BK010, BK102, BK204, BK206, BK210, BK211, BK301';

CREATE FUNCTION booking.release_expired_reservations() RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_release_expired_reservations' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.release_expired_reservations() IS
    'Expires the holds of all organizations that have run out, gives their seats back and returns how many';

CREATE FUNCTION booking.release_expired_reservations(organization_id integer) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_release_expired_reservations' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.release_expired_reservations(integer) IS
    'The same for one organization; all of them if NULL';

