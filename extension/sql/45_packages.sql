
-- Packages: bought with a token, paid, then scheduled.

CREATE FUNCTION booking.create_default_packages(
    organization_id integer, currency text, single_price bigint, monthly_price bigint, quarterly_price bigint,
    monthly_sessions integer DEFAULT 4, quarterly_sessions integer DEFAULT 12, activity_id uuid DEFAULT NULL)
    RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_create_default_packages' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.create_default_packages(integer, text, bigint, bigint, bigint, integer, integer, uuid) IS
    'Makes the packages discovery (free of charge), single, monthly and quarterly, prices in minor units, of sessions of the activity or of appointments elsewhere; those that exist stay as they are; returns how many it made. For owners of the organization; BK001, BK016, BK103, BK609';

CREATE FUNCTION booking.booking_create(organization_id integer, request jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_booking_create' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.booking_create(integer, jsonb) IS
    'Books a package: packageId, customerName, customerEmail, and optionally customerPhone, notes, metadata, idempotencyKey and, of a package that is sold by units, units, a list of unit and quantity. Returns bookingToken, bookingId, requiresPayment, paymentUrl where there is one, expiresAt; the price is the package''s; BK001, BK005, BK015, BK208, BK219';

CREATE FUNCTION booking.booking_schedule(request jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_booking_schedule' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.booking_schedule(jsonb) IS
    'Chooses the time of a session of a paid package: bookingToken, startTime, endTime, and optionally timezone, additionalNotes, sessionId, bookingId. Returns success, scheduledStart, scheduledEnd, and meetingUrl, calBookingId, calUid where they are known; of a package whose calendar is asked, also bookingId, status and calendarStatus: asked until it has answered; repeated, the same answer; BK001, BK008, BK015, BK104, BK105, BK201 to BK204, BK210, BK215 to BK217, BK302, BK401';

CREATE FUNCTION booking.booking_status(token text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_booking_status' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.booking_status(text) IS
    'How the booking of a token stands: id, status, paymentStatus, packageId, amountCents, currency, customerName, customerEmail, scheduledStart, scheduledEnd, meetingUrl, calBookingId, expiresAt, createdAt, sessionsIncluded, sessionsScheduled, and while a calendar is asked for a time, requestedStart and requestedEnd; needsReschedule if it has refused; BK001, BK015, BK104';

CREATE FUNCTION booking.start_scheduling() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_start_scheduling' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.start_scheduling() IS
    'Trigger: a package that has just been paid may be scheduled for as many days as it says, from now on';

-- Who changed what of a booking.

CREATE FUNCTION booking.record_changes() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_record_changes' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.record_changes() IS
    'Trigger: writes booking_changes for the changed bookings, with who is changing them';

CREATE FUNCTION booking.refuse_change() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_refuse_change' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.refuse_change() IS
    'Trigger: refuses whatever would change the record of changes, with BK218';
