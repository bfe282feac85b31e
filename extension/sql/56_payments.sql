-- Money: sources of webhooks, and what their events do.

CREATE FUNCTION booking.create_webhook_source(
    organization_id integer, name text, scheme text, INOUT secret text DEFAULT NULL, options jsonb DEFAULT '{}',
    OUT source_id uuid)
    AS 'MODULE_PATHNAME', 'pgbk_create_webhook_source' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.create_webhook_source(integer, text, text, text, jsonb) IS
    'Makes a source of webhooks: who may report of payments or appointments, and by which secret its signatures are checked, made here if NULL (not for stripe and airwallex). Options: payload, account, livemode, unmatched, legacy_event_names, refund_on_received, tolerance_seconds, header, prefix, encoding, id_header. For owners of the organization; BK001, BK602 to BK605, BK609, BK701';

CREATE FUNCTION booking.update_webhook_source(source_id uuid, changes jsonb) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_update_webhook_source' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.update_webhook_source(uuid, jsonb) IS
    'Changes the name or options of a source; what is not named stays, null takes an option back to its default; BK001, BK603 to BK605, BK702';

CREATE FUNCTION booking.enable_webhook_source(source_id uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_enable_webhook_source' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.enable_webhook_source(uuid) IS 'Receives from a source again; BK702';

CREATE FUNCTION booking.disable_webhook_source(source_id uuid, reason text DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_disable_webhook_source' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.disable_webhook_source(uuid, text) IS
    'Receives nothing more from a source; most senders try again for some days; BK702';

CREATE FUNCTION booking.delete_webhook_source(source_id uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_delete_webhook_source' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.delete_webhook_source(uuid) IS
    'Removes a source with its secrets; what it has sent, and its payments, stay; BK702';

CREATE FUNCTION booking.rotate_source_secret(
    source_id uuid, secret text DEFAULT NULL, overlap interval DEFAULT '1 day') RETURNS text
    AS 'MODULE_PATHNAME', 'pgbk_rotate_source_secret' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.rotate_source_secret(uuid, text, interval) IS
    'Gives a source a new secret, made here if NULL (not for stripe and airwallex), and returns it; the one before is accepted along with it for the overlap; BK602, BK701, BK702';

-- What the relay calls.

CREATE FUNCTION booking.relay_sources(
    OUT source_id uuid, OUT organization_id integer, OUT name text, OUT scheme text, OUT options jsonb, OUT secret text,
    OUT valid_from double precision, OUT valid_until double precision)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_relay_sources' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION booking.relay_sources() IS
    'Active sources of webhooks, one row a secret that is valid now or later; times in seconds since 1970';

CREATE FUNCTION booking.receive_webhook(source_id uuid, body bytea, headers jsonb DEFAULT '{}') RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_receive_webhook' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.receive_webhook(uuid, bytea, jsonb) IS
    'Keeps what a source has sent, whose signature the relay has verified, and applies it: {"status": "applied", "event_id": ...}, or ignored, duplicate, conflict, stale, failed (kept, and tried again); headers: those that the scheme signs or the option id_header names; BK401, BK702, BK703';

-- What could not be applied yet.

CREATE FUNCTION booking.retry_payment_events(organization_id integer, most integer DEFAULT 100) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_retry_payment_events' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.retry_payment_events(integer, integer) IS
    'Applies again what could not be applied and is due, and returns how many events that were; one that cannot be applied for an hour is given up and reported by an event, payment.unmatched or webhook.failed; BK001';

CREATE FUNCTION booking.cleanup_payment_events(days integer DEFAULT 90) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_cleanup_payment_events' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.cleanup_payment_events(integer) IS
    'Removes what sources have sent before so many days, 30 at least, unless it is still to be applied, and returns how many events went; payments and refunds stay; BK001, BK013';

CREATE FUNCTION booking.cancel_unpaid_bookings(days integer DEFAULT 7) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_cancel_unpaid_bookings' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.cancel_unpaid_bookings(integer) IS
    'Cancels bookings of packages whose payment is overdue by so many days and for which no money is known, and returns how many those were; money that still comes is due for refund; BK001, BK013';

-- Money that somebody has to decide about.

CREATE FUNCTION booking.resolve_payment(payment_id uuid, decision text, booking_id uuid DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME', 'pgbk_resolve_payment' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.resolve_payment(uuid, text, uuid) IS
    'Decides about a payment that was not accepted (conflict, or without a booking): refund, its money is due; accept, it pays its booking, or the one that is passed, although amounts differ, and what is more than the price is due. Returns the status of the payment; repeated, the same. For owners of the organization; BK001, BK021, BK104, BK106, BK227, and what confirm_reservation raises where it is for a hold';

-- What holds cost.

CREATE FUNCTION booking.record_prices() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_record_prices' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.record_prices() IS
    'Trigger: keeps the price that an activity has had until now, for the holds that were made at it';
