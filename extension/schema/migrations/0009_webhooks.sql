-- Webhooks: who wants to hear of events, what is still to be delivered, and what each attempt came to.

CREATE TABLE booking.webhook_endpoints (
    organization_id  integer NOT NULL,
    id               uuid NOT NULL,
    name             text NOT NULL,
    url              text NOT NULL,
    preset           text NOT NULL,
    events           text[] NOT NULL,
    status           text NOT NULL DEFAULT 'active',
    disabled_reason  text,
    headers          jsonb NOT NULL DEFAULT '{}',
    max_in_flight    integer NOT NULL,
    rate_per_second  numeric,
    burst            integer NOT NULL,
    timeout_ms       integer NOT NULL,
    batch_max        integer NOT NULL,
    allowed_networks cidr[] NOT NULL DEFAULT '{}',
    max_age          interval NOT NULL,
    hmac_header      text NOT NULL,
    hmac_prefix      text NOT NULL,
    hmac_encoding    text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT webhook_endpoints_name_key UNIQUE (organization_id, name),
    CONSTRAINT webhook_endpoints_organization_fkey FOREIGN KEY (organization_id)
        REFERENCES booking.organizations (organization_id),
    CONSTRAINT webhook_endpoints_preset_check CHECK (preset IN ('standard', 'make')),
    CONSTRAINT webhook_endpoints_status_check CHECK (status IN ('active', 'disabled')),
    CONSTRAINT webhook_endpoints_disabled_reason_check CHECK (disabled_reason IS NULL OR status = 'disabled'),
    CONSTRAINT webhook_endpoints_limits_check CHECK (
        max_in_flight >= 1 AND rate_per_second > 0 AND burst >= 1 AND timeout_ms >= 1 AND batch_max >= 1),
    CONSTRAINT webhook_endpoints_hmac_encoding_check CHECK (hmac_encoding IN ('hex', 'base64'))
);
COMMENT ON TABLE booking.webhook_endpoints IS 'Where events of an organization are sent to';
COMMENT ON COLUMN booking.webhook_endpoints.preset IS 'standard: Standard Webhooks; make: a custom webhook of Make.com';
COMMENT ON COLUMN booking.webhook_endpoints.events IS 'Which events: kinds, entity.*, or * for all';
COMMENT ON COLUMN booking.webhook_endpoints.status IS
    'active; disabled: nothing is sent, and events that happen meanwhile are not queued; replay_webhook_events sends them later';
COMMENT ON COLUMN booking.webhook_endpoints.headers IS
    'Sent with each request; may hold keys, so that nobody may read this column';
COMMENT ON COLUMN booking.webhook_endpoints.max_in_flight IS 'Requests under way at once, over all relays';
COMMENT ON COLUMN booking.webhook_endpoints.rate_per_second IS 'Requests a second in the long run, over all relays; NULL: no limit';
COMMENT ON COLUMN booking.webhook_endpoints.burst IS 'Requests that may be sent at once after a pause';
COMMENT ON COLUMN booking.webhook_endpoints.batch_max IS '1: one event a request; more: requests are arrays of up to that many events';
COMMENT ON COLUMN booking.webhook_endpoints.allowed_networks IS
    'Private networks that the endpoint may be in; elsewhere only public addresses are sent to';
COMMENT ON COLUMN booking.webhook_endpoints.max_age IS 'How long a delivery is tried';
COMMENT ON COLUMN booking.webhook_endpoints.hmac_header IS 'Header, prefix and encoding of the signature made with a secret of scheme hmac';

CREATE TABLE booking.webhook_endpoint_states (
    organization_id      integer NOT NULL,
    endpoint_id          uuid NOT NULL,
    tokens               double precision NOT NULL DEFAULT 0,
    tokens_at            timestamptz,
    hold_until           timestamptz,
    throttled_times      integer NOT NULL DEFAULT 0,
    circuit              text NOT NULL DEFAULT 'closed',
    open_until           timestamptz,
    opened_times         integer NOT NULL DEFAULT 0,
    consecutive_failures integer NOT NULL DEFAULT 0,
    failing_since        timestamptz,
    window_from          timestamptz,
    window_total         integer NOT NULL DEFAULT 0,
    window_failed        integer NOT NULL DEFAULT 0,
    CONSTRAINT webhook_endpoint_states_pkey PRIMARY KEY (organization_id, endpoint_id),
    CONSTRAINT webhook_endpoint_states_endpoint_fkey FOREIGN KEY (organization_id, endpoint_id)
        REFERENCES booking.webhook_endpoints (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT webhook_endpoint_states_circuit_check CHECK (circuit IN ('closed', 'open', 'half_open'))
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
COMMENT ON TABLE booking.webhook_endpoint_states IS
    'How each endpoint is doing; apart from it, since this changes all the time. Its row is the lock under which deliveries are claimed';
COMMENT ON COLUMN booking.webhook_endpoint_states.tokens IS 'Requests that might be sent at tokens_at without exceeding the rate; without tokens_at the whole burst';
COMMENT ON COLUMN booking.webhook_endpoint_states.hold_until IS 'The endpoint asked to be left alone until then';
COMMENT ON COLUMN booking.webhook_endpoint_states.circuit IS
    'closed: all is well; open: left alone until open_until, after many failures; half_open: one request probes it';
COMMENT ON COLUMN booking.webhook_endpoint_states.failing_since IS 'The first failure after the last success';
COMMENT ON COLUMN booking.webhook_endpoint_states.window_from IS 'A failure from which on answers are counted for five minutes';

CREATE TABLE booking.webhook_secrets (
    organization_id integer NOT NULL,
    endpoint_id     uuid NOT NULL,
    id              uuid NOT NULL,
    scheme          text NOT NULL,
    secret          text NOT NULL,
    valid_from      timestamptz NOT NULL,
    valid_until     timestamptz,
    CONSTRAINT webhook_secrets_pkey PRIMARY KEY (organization_id, endpoint_id, id),
    CONSTRAINT webhook_secrets_endpoint_fkey FOREIGN KEY (organization_id, endpoint_id)
        REFERENCES booking.webhook_endpoints (organization_id, id) ON DELETE CASCADE
);
-- No check names the secret: the message of a failed one shows the row.
COMMENT ON TABLE booking.webhook_secrets IS
    'What endpoints and we share; readable by nobody, and given to relays with each claim';
COMMENT ON COLUMN booking.webhook_secrets.scheme IS
    'standard, hmac: key of a signature; bearer, make_apikey: sent as Authorization or x-make-apikey';
COMMENT ON COLUMN booking.webhook_secrets.valid_until IS 'After a rotation the old secret is used along with the new one until then';

-- Hot and small: a row is inserted, leased and deleted when delivered. No foreign key leads to the endpoint: its row
-- lock would cost a multixact an event.
CREATE TABLE booking.webhook_deliveries (
    organization_id   integer NOT NULL,
    id                uuid NOT NULL,
    endpoint_id       uuid NOT NULL,
    event_id          uuid NOT NULL,
    event_type        text NOT NULL,
    occurred_at       timestamptz NOT NULL,
    batch_id          uuid,
    status            text NOT NULL DEFAULT 'pending',
    attempts          integer NOT NULL DEFAULT 0,
    throttled         integer NOT NULL DEFAULT 0,
    retries_by_hand   integer NOT NULL DEFAULT 0,
    last_http_status  integer,
    same_status_times integer NOT NULL DEFAULT 0,
    next_attempt_at   timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    lease_until       timestamptz,
    lease_owner       uuid,
    lease_token       bigint NOT NULL DEFAULT 0,
    reason            text,
    created_at        timestamptz NOT NULL,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT webhook_deliveries_event_endpoint_key UNIQUE (organization_id, event_id, endpoint_id),
    CONSTRAINT webhook_deliveries_status_check CHECK (status IN ('pending', 'leased', 'dead', 'blocked', 'parked')),
    CONSTRAINT webhook_deliveries_lease_check CHECK ((status = 'leased') = (lease_until IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);
-- What is due at all, and what is next for each endpoint.
CREATE INDEX webhook_deliveries_due_idx ON booking.webhook_deliveries (next_attempt_at, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_pending_idx
    ON booking.webhook_deliveries (organization_id, endpoint_id, next_attempt_at, id) WHERE status = 'pending';
-- What is under way to each endpoint, and which leases run out.
CREATE INDEX webhook_deliveries_leased_idx ON booking.webhook_deliveries (organization_id, endpoint_id)
    WHERE status = 'leased';
CREATE INDEX webhook_deliveries_lease_until_idx ON booking.webhook_deliveries (lease_until) WHERE status = 'leased';
CREATE INDEX webhook_deliveries_batch_idx ON booking.webhook_deliveries (organization_id, batch_id)
    WHERE batch_id IS NOT NULL;
COMMENT ON TABLE booking.webhook_deliveries IS
    'Events that are to be delivered to an endpoint; a row is deleted when it is delivered';
COMMENT ON COLUMN booking.webhook_deliveries.batch_id IS 'Deliveries that are sent as one request, each time';
COMMENT ON COLUMN booking.webhook_deliveries.status IS
    'pending: due at next_attempt_at; leased: a relay is at it; dead: given up; blocked: may not be sent to that address; parked: until the endpoint is enabled';
COMMENT ON COLUMN booking.webhook_deliveries.attempts IS 'Attempts that count, the one under way included';
COMMENT ON COLUMN booking.webhook_deliveries.throttled IS 'Times that the endpoint asked for a pause; such an attempt does not count';
COMMENT ON COLUMN booking.webhook_deliveries.retries_by_hand IS 'Times that retry_failed_webhooks has started it again';
COMMENT ON COLUMN booking.webhook_deliveries.same_status_times IS 'How often in a row the endpoint has answered last_http_status';
COMMENT ON COLUMN booking.webhook_deliveries.lease_token IS 'Rises with each lease, so that a late result is known as such';
COMMENT ON COLUMN booking.webhook_deliveries.reason IS 'Why it was given up, or is parked';

CREATE TABLE booking.webhook_attempts (
    organization_id    integer NOT NULL,
    id                 uuid NOT NULL,
    delivery_id        uuid NOT NULL,
    endpoint_id        uuid NOT NULL,
    event_id           uuid NOT NULL,
    event_type         text NOT NULL,
    occurred_at        timestamptz NOT NULL,
    batch_id           uuid,
    attempt            integer NOT NULL,
    outcome            text NOT NULL,
    started_at         timestamptz,
    finished_at        timestamptz NOT NULL,
    http_status        integer,
    error_class        text,
    error              text,
    dns_ms             double precision,
    connect_ms         double precision,
    tls_ms             double precision,
    first_byte_ms      double precision,
    total_ms           double precision,
    remote_address     text,
    response_headers   jsonb,
    response_body      text,
    response_truncated boolean NOT NULL DEFAULT false,
    retry_after_seconds integer,
    next_attempt_at    timestamptz,
    relay_id           uuid,
    CONSTRAINT webhook_attempts_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT webhook_attempts_outcome_check CHECK (
        outcome IN ('delivered', 'retry', 'throttled', 'dead', 'blocked', 'gone', 'late', 'lost'))
) PARTITION BY RANGE (id);
CREATE INDEX webhook_attempts_delivery_idx ON booking.webhook_attempts (organization_id, delivery_id);
CREATE INDEX webhook_attempts_endpoint_idx ON booking.webhook_attempts (organization_id, endpoint_id, finished_at);
CREATE TABLE booking.webhook_attempts_default PARTITION OF booking.webhook_attempts DEFAULT;
COMMENT ON TABLE booking.webhook_attempts IS
    'Every attempt to deliver and what came of it; read it through webhook_logs. Partitions by day, dropped by cleanup_webhook_logs';
COMMENT ON TABLE booking.webhook_attempts_default IS 'Attempts of days that have no partition of their own';
COMMENT ON COLUMN booking.webhook_attempts.outcome IS
    'delivered; retry: failed, and tried again; throttled: the endpoint asked for a pause; dead: given up; blocked: may not be sent; gone: 410, the endpoint is disabled; late: of a lease that was lost; lost: the relay went away with it';
COMMENT ON COLUMN booking.webhook_attempts.started_at IS 'By the clock of the relay';
COMMENT ON COLUMN booking.webhook_attempts.finished_at IS 'When the result was recorded, by our clock';

CREATE TABLE booking.received_events (
    organization_id integer NOT NULL,
    external_id     text NOT NULL,
    event_id        uuid NOT NULL,
    received_at     timestamptz NOT NULL,
    CONSTRAINT received_events_pkey PRIMARY KEY (organization_id, external_id)
);
COMMENT ON TABLE booking.received_events IS
    'Events that came from outside, by the id that they had there: one that comes again is not sent on again';

CREATE TABLE booking.relay_instances (
    relay_id      uuid NOT NULL,
    host          text NOT NULL,
    version       text NOT NULL,
    started_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    missing_since timestamptz,
    CONSTRAINT relay_instances_pkey PRIMARY KEY (relay_id)
);
COMMENT ON TABLE booking.relay_instances IS
    'Relays that are attached, or were a moment ago; whether one is alive says its advisory lock';
COMMENT ON COLUMN booking.relay_instances.seen_at IS 'When it attached last';
COMMENT ON COLUMN booking.relay_instances.missing_since IS
    'When another relay first found its connection gone; five seconds later its deliveries are taken over';
