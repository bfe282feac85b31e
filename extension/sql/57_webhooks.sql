-- Webhooks: endpoints, and what their owners may do about deliveries.

CREATE FUNCTION booking.trigger_booking_event_webhook() RETURNS trigger
    AS 'MODULE_PATHNAME', 'pgbk_trigger_booking_event_webhook' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.trigger_booking_event_webhook() IS
    'Trigger: writes a delivery for each new event and each active endpoint that wants its kind, and wakes the relays';

CREATE FUNCTION booking.create_webhook_endpoint(
    organization_id integer, name text, url text, events text[] DEFAULT '{*}', preset text DEFAULT 'standard',
    options jsonb DEFAULT '{}', OUT endpoint_id uuid, OUT secret text)
    AS 'MODULE_PATHNAME', 'pgbk_create_webhook_endpoint' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.create_webhook_endpoint(integer, text, text, text[], text, jsonb) IS
    'Makes an endpoint and a whsec_ secret for it, which is shown this once. Options: headers, max_in_flight, rate_per_second, burst, timeout_ms, batch_max, max_age, allowed_networks, hmac_header, hmac_prefix, hmac_encoding. For owners of the organization; http:// and allowed_networks for trusted callers; BK001, BK014, BK601, BK603 to BK605, BK609';

CREATE FUNCTION booking.update_webhook_endpoint(endpoint_id uuid, changes jsonb) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_update_webhook_endpoint' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.update_webhook_endpoint(uuid, jsonb) IS
    'Changes name, url, events, preset or options of an endpoint; what is not named stays; BK001, BK014, BK601, BK603 to BK606';

CREATE FUNCTION booking.enable_webhook_endpoint(endpoint_id uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_enable_webhook_endpoint' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.enable_webhook_endpoint(uuid) IS
    'Sends to an endpoint again, what is parked first, and forgets its failures, also those of one that is active; BK606';

CREATE FUNCTION booking.disable_webhook_endpoint(endpoint_id uuid, reason text DEFAULT NULL) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_disable_webhook_endpoint' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.disable_webhook_endpoint(uuid, text) IS
    'Sends nothing more to an endpoint: what is pending is parked, and later events are not queued; BK606';

CREATE FUNCTION booking.delete_webhook_endpoint(endpoint_id uuid) RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_delete_webhook_endpoint' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.delete_webhook_endpoint(uuid) IS
    'Removes an endpoint with its secrets and all that is still to be delivered to it; its attempts stay in the log; BK606';

CREATE FUNCTION booking.rotate_webhook_secret(
    endpoint_id uuid, scheme text DEFAULT 'standard', secret text DEFAULT NULL, overlap interval DEFAULT '24 hours')
    RETURNS text
    AS 'MODULE_PATHNAME', 'pgbk_rotate_webhook_secret' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.rotate_webhook_secret(uuid, text, text, interval) IS
    'Gives an endpoint a new secret of a scheme (standard, bearer, make_apikey, hmac), made here if NULL, and returns it; the one before is used along with it for the overlap; BK602, BK603, BK606';

CREATE FUNCTION booking.test_webhook(endpoint_id uuid) RETURNS uuid
    AS 'MODULE_PATHNAME', 'pgbk_test_webhook' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.test_webhook(uuid) IS
    'Queues an event webhook.test for this endpoint only and returns the id of the delivery; BK606, BK610';

CREATE FUNCTION booking.test_webhook(organization_id integer, name text) RETURNS uuid
    AS 'MODULE_PATHNAME', 'pgbk_test_webhook_named' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.test_webhook(integer, text) IS
    'The same for the endpoint of that name; BK606, BK610';

CREATE FUNCTION booking.retry_failed_webhooks(max_retries integer DEFAULT 3) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_retry_failed_webhooks' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.retry_failed_webhooks(integer) IS
    'Tries again now what was given up or blocked or waits for its next attempt, unless it was started again so often already; of the caller''s organizations, of all for trusted callers; returns how many; BK611';

CREATE FUNCTION booking.manually_trigger_webhook(table_name text, id uuid) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_manually_trigger_webhook' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.manually_trigger_webhook(text, uuid) IS
    'Sends an event of booking_events again, or the latest event of a row of bookings, to the endpoints that want it; returns to how many; BK608, BK611';

CREATE FUNCTION booking.replay_webhook_event(event_id uuid, endpoint_id uuid DEFAULT NULL) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_replay_webhook_event' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.replay_webhook_event(uuid, uuid) IS
    'Sends an event again, under its own id, to one endpoint whatever it wants, or to all that want it; returns to how many; BK606, BK608, BK610';

CREATE FUNCTION booking.replay_webhook_events(
    endpoint_id uuid, from_time timestamptz, to_time timestamptz, events text[] DEFAULT NULL,
    only_failed boolean DEFAULT false, per_second integer DEFAULT 10)
    RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_replay_webhook_events' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.replay_webhook_events(uuid, timestamptz, timestamptz, text[], boolean, integer) IS
    'Sends the events of a time range again, in their order, so many a second: those that the endpoint wants, or the given ones, or only those that never arrived; returns how many; BK014, BK606, BK610, BK611';

CREATE FUNCTION booking.cleanup_webhook_logs(days integer DEFAULT 30) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_cleanup_webhook_logs' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.cleanup_webhook_logs(integer) IS
    'Removes attempts, and what was given up, that are older than so many days, makes the partitions of the days to come, and returns how many rows went; BK013';

CREATE FUNCTION booking.validate_webhook_config(
    organization_id integer DEFAULT NULL, OUT is_valid boolean, OUT errors text[], OUT warnings text[])
    AS 'MODULE_PATHNAME', 'pgbk_validate_webhook_config' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.validate_webhook_config(integer) IS
    'What keeps webhooks of an organization, or of all, from being delivered (errors), and what looks wrong (warnings)';

