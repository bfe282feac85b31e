-- Units: what a party consists of. A hold of units is made by reserve_slot and try_reserve_slot with unit_items, a list
-- such as [{"unit": "adult", "quantity": 2}, {"unit": "child", "quantity": 1}]; the server says what it costs.

CREATE FUNCTION booking.reserve_slot(
    session_id uuid, party_size integer, email text, idempotency_key text, hold_seconds integer, unit_items jsonb,
    OUT reservation_id uuid, OUT expires_at timestamptz, OUT hold_token text)
    AS 'MODULE_PATHNAME', 'pgbk_reserve_slot' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.reserve_slot(uuid, integer, text, text, integer, jsonb) IS
    'The same for a party that consists of units; party_size is NULL, or the seats that they take. Of an activity that is sold by units a mere party_size is so many of the first unit that takes one seat; BK001 to BK005, BK101, BK201 to BK204, BK208, BK260 to BK264, BK401';

CREATE FUNCTION booking.try_reserve_slot(
    session_id uuid, party_size integer, email text, idempotency_key text, hold_seconds integer, unit_items jsonb,
    OUT outcome text, OUT reservation_id uuid, OUT expires_at timestamptz, OUT hold_token text,
    OUT refusal_sqlstate text, OUT refusal_message text)
    AS 'MODULE_PATHNAME', 'pgbk_try_reserve_slot' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.try_reserve_slot(uuid, integer, text, text, integer, jsonb) IS
    'reserve_slot with units, for gateways under a rush: outcome is held, or the name of the refusal';

CREATE FUNCTION booking.quote_units(
    session_id uuid, unit_items jsonb,
    OUT seats integer, OUT price_minor bigint, OUT currency text, OUT available boolean)
    AS 'MODULE_PATHNAME', 'pgbk_quote_units' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.quote_units(uuid, jsonb) IS
    'What a hold of these units would take and cost now, and whether there is room for it; advisory; BK001, BK002, BK101, BK260 to BK263';

CREATE FUNCTION booking.update_reservation_units(
    reservation_id uuid, unit_items jsonb, hold_token text DEFAULT NULL,
    OUT party_size integer, OUT price_minor bigint, OUT currency text, OUT expires_at timestamptz)
    AS 'MODULE_PATHNAME', 'pgbk_update_reservation_units' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.update_reservation_units(uuid, jsonb, text) IS
    'Gives a live hold these units and no others; what stays keeps its price, what is added costs what it costs now; repeated, it changes nothing; BK001, BK002, BK102, BK201, BK205 to BK207, BK260 to BK263, BK301, BK401';

CREATE FUNCTION booking.change_units(
    booking_id uuid, unit_items jsonb, expected_version bigint DEFAULT NULL, booking_token text DEFAULT NULL,
    refund text DEFAULT NULL, amount_minor bigint DEFAULT NULL,
    OUT id uuid, OUT booking_number text, OUT status text, OUT session_id uuid, OUT scheduled_start timestamptz,
    OUT seats integer, OUT amount_cents bigint, OUT currency text, OUT payment_status text,
    OUT refund_status text, OUT refund_due_minor bigint, OUT amount_due_minor bigint, OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_change_units' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.change_units(uuid, jsonb, bigint, text, text, bigint) IS
    'Gives a booking that is still to come these units and no others: tickets come and go, the last ones first, those that stay keep their price, and new ones cost what they cost now. Of what was paid and the booking costs less goes back what cancel_booking would give, by the terms of the purchase or as staff decide, and the rest stays in amount_cents. Customers, with their token, until the cutoff; BK001, BK002, BK017, BK104, BK201 to BK204, BK217, BK220 to BK223, BK260 to BK263, BK302, BK310, BK311';

CREATE FUNCTION booking.cancel_units(
    booking_id uuid, units integer[], refund text DEFAULT NULL, amount_minor bigint DEFAULT NULL,
    override boolean DEFAULT false, expected_version bigint DEFAULT NULL, booking_token text DEFAULT NULL,
    OUT id uuid, OUT booking_number text, OUT status text, OUT session_id uuid, OUT scheduled_start timestamptz,
    OUT seats integer, OUT amount_cents bigint, OUT currency text, OUT payment_status text,
    OUT refund_status text, OUT refund_due_minor bigint, OUT amount_due_minor bigint, OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_cancel_units' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.cancel_units(uuid, integer[], text, bigint, boolean, bigint, text) IS
    'Cancels some tickets of a booking, by their numbers; of their price goes back what cancel_booking would give, by the terms of the purchase or as staff decide, and the rest stays in amount_cents; repeated, it changes nothing. What is left must be a party that can be booked; BK001, BK017, BK018, BK104, BK217, BK220 to BK223, BK262, BK263, BK302, BK310, BK311';

CREATE FUNCTION booking.issue_tickets(
    booking_id uuid, booking_token text DEFAULT NULL, renew boolean DEFAULT false,
    OUT unit integer, OUT unit_code text, OUT title text, OUT price_minor bigint, OUT pax_count integer,
    OUT status text, OUT ticket_code text) RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_issue_tickets' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION booking.issue_tickets(uuid, text, boolean) IS
    'The tickets of a booking, each with a code that lets somebody in. Whoever passes the token gets the same codes each time; others get a code once, and NULL for one that was issued already; renew makes new ones, and those before are void. BK001, BK104, BK217, BK221, BK302, BK310';

CREATE FUNCTION booking.scan_ticket(
    ticket_code text, action text DEFAULT 'check_in', scan_nonce text DEFAULT NULL,
    OUT booking_id uuid, OUT unit integer, OUT unit_code text, OUT status text, OUT booked integer,
    OUT checked_in integer, OUT checked_out integer, OUT no_show integer, OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_scan_ticket' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.scan_ticket(text, text, text) IS
    'check_in or check_out of the unit whose ticket this is. Staff and trusted callers; BK001, BK019, BK104, BK217, BK221, BK226, BK265, BK310, BK311';

CREATE FUNCTION booking.note_units() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_note_units' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.note_units() IS 'Trigger: keeps activities.has_units in line with activity_units';
