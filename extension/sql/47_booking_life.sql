-- Bookings after they were made. All answer with the booking as it stands then.

CREATE FUNCTION booking.cancel_booking(
    booking_id uuid, reason text DEFAULT NULL, refund text DEFAULT NULL, amount_minor bigint DEFAULT NULL,
    override boolean DEFAULT false, expected_version bigint DEFAULT NULL, booking_token text DEFAULT NULL,
    OUT id uuid, OUT booking_number text, OUT status text, OUT session_id uuid, OUT scheduled_start timestamptz,
    OUT party_size integer, OUT amount_cents bigint, OUT currency text, OUT payment_status text,
    OUT refund_status text, OUT refund_due_minor bigint, OUT amount_due_minor bigint, OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_cancel_booking' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.cancel_booking(uuid, text, text, bigint, boolean, bigint, text) IS
    'Cancels a booking that is still to come, gives its seats back and says what is to be refunded: by the terms of the purchase, or, if staff say so, full, partial (amount_minor) or none; repeated, it answers the same. Customers, with their token, until the cutoff; staff also later, with override; BK017, BK104, BK220 to BK224, BK302, BK310, BK311';

CREATE FUNCTION booking.reschedule_booking(
    booking_id uuid, new_session_id uuid, expected_version bigint DEFAULT NULL, booking_token text DEFAULT NULL,
    OUT id uuid, OUT booking_number text, OUT status text, OUT session_id uuid, OUT scheduled_start timestamptz,
    OUT party_size integer, OUT amount_cents bigint, OUT currency text, OUT payment_status text,
    OUT refund_status text, OUT refund_due_minor bigint, OUT amount_due_minor bigint, OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_reschedule_booking' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.reschedule_booking(uuid, uuid, bigint, text) IS
    'Moves a booking that is still to come to another session of its activity, at once or not at all; number, price and terms stay; to the session that it has, it changes nothing. Customers, with their token, until the cutoff; BK101, BK104, BK201 to BK204, BK217, BK220 to BK222, BK225, BK302, BK310';

CREATE FUNCTION booking.reschedule_appointment(
    booking_id uuid, new_start timestamptz, new_end timestamptz, expected_version bigint DEFAULT NULL,
    booking_token text DEFAULT NULL,
    OUT id uuid, OUT booking_number text, OUT status text, OUT session_id uuid, OUT scheduled_start timestamptz,
    OUT party_size integer, OUT amount_cents bigint, OUT currency text, OUT payment_status text,
    OUT refund_status text, OUT refund_due_minor bigint, OUT amount_due_minor bigint, OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_reschedule_appointment' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.reschedule_appointment(uuid, timestamptz, timestamptz, bigint, text) IS
    'Asks the calendar of a booking for another time; the present one stays until it agrees, and needs_reschedule says if it refuses. To the time that is there already, it takes a wish back. Customers, with their token, until the cutoff; BK001, BK015, BK104, BK202, BK217, BK220 to BK222, BK302, BK310';

CREATE FUNCTION booking.change_party_size(
    booking_id uuid, party_size integer, expected_version bigint DEFAULT NULL, booking_token text DEFAULT NULL,
    refund text DEFAULT NULL, amount_minor bigint DEFAULT NULL,
    OUT id uuid, OUT booking_number text, OUT status text, OUT session_id uuid, OUT scheduled_start timestamptz,
    OUT seats integer, OUT amount_cents bigint, OUT currency text, OUT payment_status text,
    OUT refund_status text, OUT refund_due_minor bigint, OUT amount_due_minor bigint, OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_change_party_size' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.change_party_size(uuid, integer, bigint, text, text, bigint) IS
    'Gives a booking that is still to come more or fewer seats of its session. Where the price is by the seat, one more costs what it costs now; of what was paid for those that go, the last ones, goes back what cancel_booking would give, by the terms of the purchase or as staff decide, and the rest stays in amount_cents. Customers, with their token, until the cutoff; BK002, BK017, BK104, BK201 to BK204, BK217, BK220 to BK223, BK302, BK310, BK311';

-- The same for buyers, jsonb in and out. All need bookingToken (of booking_create, or the hold_token together with
-- bookingId) and take bookingId (a session of a package) and expectedVersion; all answer with success, bookingId,
-- bookingNumber, status, sessionId, scheduledStart, scheduledEnd, partySize, amountCents, currency, paymentStatus,
-- refundStatus, refundDueCents, amountDueCents, version, and, while a calendar is asked or has refused, requestedStart,
-- requestedEnd, needsReschedule.

CREATE FUNCTION booking.booking_cancel(request jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_booking_cancel' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.booking_cancel(jsonb) IS
    'Cancels the booking of bookingToken, as cancel_booking does by the terms of the purchase; optionally bookingId, reason, expectedVersion; repeated, the same answer; BK001, BK015, BK104, BK220 to BK222, BK224, BK302';

CREATE FUNCTION booking.booking_reschedule(request jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_booking_reschedule' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.booking_reschedule(jsonb) IS
    'Moves the booking of bookingToken to sessionId, as reschedule_booking does, or, where a calendar elsewhere keeps the appointment, to startTime and endTime, as reschedule_appointment does; optionally bookingId, expectedVersion; repeated, the same answer; BK001, BK015, BK101, BK104, BK201 to BK204, BK217, BK220 to BK222, BK225, BK302';

CREATE FUNCTION booking.booking_change(request jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_booking_change' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.booking_change(jsonb) IS
    'Gives the booking of bookingToken partySize seats, as change_party_size does, or unitItems, as change_units does; optionally bookingId, expectedVersion; repeated, the same answer; BK001, BK002, BK015, BK104, BK201 to BK204, BK217, BK220 to BK222, BK260 to BK263, BK302';

-- Who has come. All answer with the booking's status and the number of its units in each state.

CREATE FUNCTION booking.check_in(
    booking_id uuid, unit integer DEFAULT NULL, scan_nonce text DEFAULT NULL,
    OUT status text, OUT booked integer, OUT checked_in integer, OUT checked_out integer, OUT no_show integer,
    OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_check_in' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.check_in(uuid, integer, text) IS
    'Checks in one unit of a booking, or all that are not in yet; the same scan again changes nothing, another one is refused. Staff and trusted callers; BK018, BK019, BK104, BK217, BK221, BK226, BK310, BK311';

CREATE FUNCTION booking.check_out(
    booking_id uuid, unit integer DEFAULT NULL, scan_nonce text DEFAULT NULL,
    OUT status text, OUT booked integer, OUT checked_in integer, OUT checked_out integer, OUT no_show integer,
    OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_check_out' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.check_out(uuid, integer, text) IS
    'Checks out one unit of a booking, or all that are in; the same scan again changes nothing, another one is refused. Staff and trusted callers; BK018, BK019, BK104, BK217, BK221, BK226, BK310, BK311';

CREATE FUNCTION booking.mark_no_show(
    booking_id uuid, unit integer DEFAULT NULL,
    OUT status text, OUT booked integer, OUT checked_in integer, OUT checked_out integer, OUT no_show integer,
    OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_mark_no_show' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.mark_no_show(uuid, integer) IS
    'Notes, once the booking has begun, that one unit, or all that are not in, did not come. Staff and trusted callers; BK018, BK104, BK217, BK221, BK310, BK311';

CREATE FUNCTION booking.undo_check_in(
    booking_id uuid, unit integer DEFAULT NULL,
    OUT status text, OUT booked integer, OUT checked_in integer, OUT checked_out integer, OUT no_show integer,
    OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_undo_check_in' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.undo_check_in(uuid, integer) IS
    'Takes back a check-in, of one unit or all that are in; the booking is confirmed again, checked in or as its other units are. Staff and trusted callers; BK018, BK104, BK217, BK221, BK310, BK311';

CREATE FUNCTION booking.undo_check_out(
    booking_id uuid, unit integer DEFAULT NULL,
    OUT status text, OUT booked integer, OUT checked_in integer, OUT checked_out integer, OUT no_show integer,
    OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_undo_check_out' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.undo_check_out(uuid, integer) IS
    'Takes back a check-out, of one unit or all that are out; the booking is confirmed again, checked in or as its other units are. Staff and trusted callers; BK018, BK104, BK217, BK221, BK310, BK311';

CREATE FUNCTION booking.undo_no_show(
    booking_id uuid, unit integer DEFAULT NULL,
    OUT status text, OUT booked integer, OUT checked_in integer, OUT checked_out integer, OUT no_show integer,
    OUT version bigint)
    AS 'MODULE_PATHNAME', 'pgbk_undo_no_show' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.undo_no_show(uuid, integer) IS
    'Takes back that one unit, or all that are noted so, did not come; the booking is confirmed again, checked in or as its other units are. Staff and trusted callers; BK018, BK104, BK217, BK221, BK310, BK311';

-- Appointments that a calendar elsewhere keeps, and that we make there.

CREATE FUNCTION booking.call_off_appointments() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_call_off_appointments' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.call_off_appointments() IS
    'Trigger: asks the calendar to call off what stands there for a booking that has been cancelled, by whomever';
