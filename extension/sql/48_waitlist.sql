-- Waiting lists: who finds too few seats joins; seats that come back become a hold for whoever is next.

CREATE FUNCTION booking.join_waitlist(
    session_id uuid, party_size integer, email text,
    idempotency_key text DEFAULT NULL, customer_name text DEFAULT NULL,
    OUT entry_id uuid, OUT waitlist_token text, OUT "position" integer)
    AS 'MODULE_PATHNAME', 'pgbk_join_waitlist' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.join_waitlist(uuid, integer, text, text, text) IS
    'Waits for seats of a session that has not enough. The token, which is needed to leave and for the hold that is offered, is told once, or again with the same idempotency key; joined again by the same address, the same entry without the token; BK001 to BK003, BK005, BK010, BK101, BK202 to BK204, BK208, BK240 to BK243, BK262 to BK264, BK401';

CREATE FUNCTION booking.leave_waitlist(entry_id uuid, waitlist_token text DEFAULT NULL) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_leave_waitlist' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.leave_waitlist(uuid, text) IS
    'Waits no longer, and declines what was offered; false if that was over before. Visitors pass their token; BK001, BK115, BK207, BK303, BK401';

CREATE FUNCTION booking.waitlist_status(entry_id uuid, waitlist_token text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_waitlist_status' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.waitlist_status(uuid, text) IS
    'How an entry stands, for whoever has its token: entry_id, session_id, party_size, status, position while it waits; once it was offered seats reservation_id, offer_until (the token is its hold_token); BK001, BK115, BK303';
