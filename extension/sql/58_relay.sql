-- What the relay calls. It reports facts; what follows from them is decided here.

CREATE FUNCTION booking.relay_attach(relay_id uuid, host text, version text) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_relay_attach' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_attach(uuid, text, text) IS
    'On the connection on which the relay listens, each time it is made: says that the relay lives as long as this session; BK613';

CREATE FUNCTION booking.relay_connect() RETURNS void
    AS 'MODULE_PATHNAME', 'pgbk_relay_connect' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_connect() IS
    'On each other connection of a relay, before it passes on what callers send: keeps their tokens and data, which are bind parameters, out of the server''s log';

CREATE FUNCTION booking.relay_claim(
    relay_id uuid, wanted integer, lease_seconds integer DEFAULT 60, only_delivery uuid DEFAULT NULL)
    RETURNS TABLE (
        delivery_id uuid, lease_token bigint, request_id text, batched boolean, organization_id integer,
        endpoint_id uuid, endpoint_name text, url text, preset text, timeout_ms integer, headers jsonb, secrets jsonb,
        allowed_networks jsonb, event_type text, attempt integer, occurred_at timestamptz, body text)
    AS 'MODULE_PATHNAME', 'pgbk_relay_claim' LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 100;
COMMENT ON FUNCTION booking.relay_claim(uuid, integer, integer, uuid) IS
    'Leases what is due to a relay, so many requests at most, and takes over leases that ran out or whose relay is gone; respects the limits of each endpoint over all relays; nothing in a copy of the database; BK613';

CREATE FUNCTION booking.relay_complete(relay_id uuid, results jsonb) RETURNS integer
    AS 'MODULE_PATHNAME', 'pgbk_relay_complete' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_complete(uuid, jsonb) IS
    'Records what came of claimed deliveries, decides what follows, and returns how many results counted; one of a lease that was lost is logged only; BK613';

CREATE FUNCTION booking.relay_delivery(
    delivery_id uuid, OUT status text, OUT http_status integer, OUT total_ms numeric, OUT error text)
    AS 'MODULE_PATHNAME', 'pgbk_relay_delivery' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_delivery(uuid) IS
    'How a delivery stands (pending, leased, delivered, dead, blocked, parked), with its latest attempt; BK607';

CREATE FUNCTION booking.relay_status() RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_relay_status' LANGUAGE C STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_status() IS
    'Backlog, endpoints and relays in figures, for health checks and metrics; of deliveries no more than 10,000 in each state are counted';

CREATE FUNCTION booking.relay_make_endpoint(organization_id integer, url text, secret text) RETURNS uuid
    AS 'MODULE_PATHNAME', 'pgbk_relay_make_endpoint' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.relay_make_endpoint(integer, text, text) IS
    'The endpoint "make" of the organization as the relay is configured: made, or brought up to date; the secret is sent as x-make-apikey, NULL for none; BK601, BK602, BK609';

CREATE FUNCTION booking.receive_booking_event(organization_id integer, event jsonb) RETURNS jsonb
    AS 'MODULE_PATHNAME', 'pgbk_receive_booking_event' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION booking.receive_booking_event(integer, jsonb) IS
    'Stores an event from outside, or a database webhook of Supabase that carries one, and sends it on, once however often it comes; BK001, BK609, BK612';


CREATE FUNCTION booking.relay_origins(OUT organization_id integer, OUT origin text)
    RETURNS SETOF record
    AS 'MODULE_PATHNAME', 'pgbk_relay_origins' LANGUAGE C STABLE PARALLEL UNSAFE ROWS 10;
COMMENT ON FUNCTION booking.relay_origins() IS
    'The web origins whose pages may call the relay for an organization: those that its venues allow';
