-- Calls of providers: payments and appointments that we ask others for.

CREATE FUNCTION booking.request_payment(reservation_id uuid, hold_token text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_request_payment' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.request_payment(uuid, text) IS
    'Asks the provider of the activity for a page on which the hold is paid, once however often it is called, and returns what reservation_status does: payment_pending until payment_url is there; nothing is asked for where there is no provider, nothing to pay, or the hold has run out; BK001, BK102, BK301';

CREATE FUNCTION booking.retry_provider_call(call_id uuid) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_retry_provider_call' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.retry_provider_call(uuid) IS
    'Tries a call that has failed again, for another day, once its cause is removed; false where it has not failed. For owners of the organization; BK001, BK704';

CREATE FUNCTION booking.cleanup_provider_calls(days integer DEFAULT 90) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_cleanup_provider_calls' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.cleanup_provider_calls(integer) IS
    'Removes calls that have been over for so many days, 1 at least, unless what they have made is still looked after, and returns how many; BK001, BK013';

CREATE FUNCTION booking.end_payment_calls() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_end_payment_calls' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.end_payment_calls() IS
    'Trigger: what was to be paid is off, so that pages of providers on which it could be are closed';

-- What the relay calls.

CREATE FUNCTION booking.relay_claim_calls(
    relay_id uuid, wanted integer, lease_seconds integer, accounts jsonb)
    RETURNS TABLE (
        call_id uuid, lease_token bigint, organization_id integer, provider text, action text, request jsonb,
        idempotency_key text, uncertain boolean, attempt integer)
    AS 'MODULE_PATHNAME', 'pgbk_relay_claim_calls' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION booking.relay_claim_calls(uuid, integer, integer, jsonb) IS
    'Leases calls of providers that are due to a relay, of the accounts that it has: {"organization_id": ["provider", ...]}; those of one booking or hold at one provider one after the other; takes over leases that ran out or whose relay is gone. uncertain: an attempt may have been carried out already. Nothing in a copy of the database; BK613';

CREATE FUNCTION booking.relay_complete_call(relay_id uuid, call_id uuid, lease_token bigint, result jsonb) RETURNS boolean
    AS 'MODULE_PATHNAME', 'pgbk_relay_complete_call' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_complete_call(uuid, uuid, bigint, jsonb) IS
    'Records what has come of a call: {"ending": "done", "facts": {...}}, or retry, refused, returned, with reason, uncertain, http_status, retry_after_seconds; and does what follows from it. False: the lease was lost, and nothing is recorded; BK613';
