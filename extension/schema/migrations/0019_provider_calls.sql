-- Calls of providers: what we ask of those who take payments or keep calendars.
--
-- A row is the intent, written in the transaction that causes it, before anybody is called; a relay claims it, calls,
-- and reports. A relay that dies in between leaves a row that says so (uncertain), and the next one asks the provider
-- what has come of it, or repeats it under the same key.
--
-- request, by action; names, addresses and the like are not in it but joined when it is claimed (*), and erased with
-- the booking:
--   create_payment      {amount_minor, currency, title, reference, expires_at, metadata {booking_id | reservation_id},
--                        stripe_price_id?, quantity?, customer_email*, customer_name*, return_token*}
--   look_up_payment     {provider_ref?, reference, payment_call_id, amount_minor, currency}
--   expire_payment      {provider_ref, reference, payment_call_id}
--   create_booking      {package_id, event_type?, start, end, timezone?, metadata {booking_id}, customer_name*,
--                        customer_email*, customer_phone*, notes*}; metadata.booking_call is the idempotency key, by
--                        which the appointment is found again
--   look_up_booking     {uid?, booking_call, start?}
--   cancel_booking      {uid, reason?}
--   reschedule_booking  {uid, start, end, timezone?, reason?}
-- outcome, the facts of a call that is done:
--   create_payment      {provider_ref, url, expires_at?}
--   look_up_payment     {status: open | paid | expired | failed, provider_ref, payment_ref?, amount_minor?, currency?}
--   expire_payment      {status: expired | paid}
--   bookings            {uid, id?, status: requested | accepted | rejected | cancelled, start?, end?, meeting_url?,
--                        old_uid?, at?}
-- Amounts are minor units, times RFC 3339 in UTC.

ALTER TABLE booking.organizations
    ADD COLUMN payment_provider text,
    ADD CONSTRAINT organizations_payment_provider_check CHECK (
        payment_provider IN ('stripe', 'airwallex', 'custom'));
COMMENT ON COLUMN booking.organizations.payment_provider IS
    'By whom payments are taken, where activity or package say nothing else: stripe, airwallex, or custom, a service of your own; NULL: the application does';

ALTER TABLE booking.activities
    ADD COLUMN payment_provider text,
    ADD CONSTRAINT activities_payment_provider_check CHECK (
        payment_provider IN ('stripe', 'airwallex', 'custom', 'none'));
COMMENT ON COLUMN booking.activities.payment_provider IS
    'stripe, airwallex, custom; none: the application takes the payments; NULL: as the organization, unless there is a payment_url';

ALTER TABLE booking.packages
    ADD COLUMN payment_provider    text,
    ADD COLUMN stripe_price_id     text,
    ADD COLUMN calendar_provider   text,
    ADD COLUMN calendar_event_type text,
    ADD CONSTRAINT packages_payment_provider_check CHECK (
        payment_provider IN ('stripe', 'airwallex', 'custom', 'none')),
    ADD CONSTRAINT packages_stripe_price_id_check CHECK (stripe_price_id ~ '^[A-Za-z0-9_]{1,255}$'),
    ADD CONSTRAINT packages_calendar_provider_check CHECK (calendar_provider IN ('calcom')),
    ADD CONSTRAINT packages_calendar_event_type_check CHECK (
        calendar_event_type IS NULL
        OR calendar_event_type ~ '^[1-9][0-9]{0,17}$' AND calendar_provider IS NOT NULL),
    ADD CONSTRAINT packages_calendar_activity_check CHECK (calendar_provider IS NULL OR activity_id IS NULL);
COMMENT ON COLUMN booking.packages.payment_provider IS
    'stripe, airwallex, custom; none: the application takes the payments; NULL: as the organization, unless there is a payment_url';
COMMENT ON COLUMN booking.packages.stripe_price_id IS
    'The price at Stripe that is charged; its amount has to be the package''s, since no other pays the booking. NULL: price_minor';
COMMENT ON COLUMN booking.packages.calendar_provider IS
    'calcom: booking_schedule makes the appointment there; NULL: whoever made it reports it by webhook, if anybody does';
COMMENT ON COLUMN booking.packages.calendar_event_type IS
    'The event type at the calendar; NULL: what the relay is told for the package, as in CAL_SINGLE_EVENT_TYPE_ID';

-- Small: what is over is deleted after a while by cleanup_provider_calls. No foreign key leads to booking or hold, as
-- for events.
CREATE TABLE booking.provider_calls (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    provider        text NOT NULL,
    action          text NOT NULL,
    booking_id      uuid,
    reservation_id  uuid,
    about_call_id   uuid,
    request         jsonb NOT NULL,
    return_token    text,
    idempotency_key text NOT NULL,
    status          text NOT NULL DEFAULT 'pending',
    attempts        integer NOT NULL DEFAULT 0,
    uncertain       boolean NOT NULL DEFAULT false,
    next_attempt_at timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    lease_until     timestamptz,
    lease_owner     uuid,
    lease_token     bigint NOT NULL DEFAULT 0,
    http_status     integer,
    outcome         jsonb,
    reason          text,
    check_at        timestamptz,
    checks          integer NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    CONSTRAINT provider_calls_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT provider_calls_idempotency_key UNIQUE (organization_id, idempotency_key),
    CONSTRAINT provider_calls_provider_check CHECK (provider IN ('stripe', 'airwallex', 'custom', 'calcom')),
    CONSTRAINT provider_calls_action_check CHECK (action IN (
        'create_payment', 'look_up_payment', 'expire_payment',
        'create_booking', 'look_up_booking', 'cancel_booking', 'reschedule_booking')),
    CONSTRAINT provider_calls_subject_check CHECK (num_nonnulls(booking_id, reservation_id) = 1),
    CONSTRAINT provider_calls_request_check CHECK (jsonb_typeof(request) = 'object'),
    CONSTRAINT provider_calls_status_check CHECK (status IN ('pending', 'running', 'done', 'failed', 'abandoned')),
    CONSTRAINT provider_calls_lease_check CHECK ((status = 'running') = (lease_until IS NOT NULL)),
    CONSTRAINT provider_calls_finished_check CHECK ((status IN ('pending', 'running')) = (finished_at IS NULL)),
    CONSTRAINT provider_calls_outcome_check CHECK ((status = 'done') = (outcome IS NOT NULL)),
    CONSTRAINT provider_calls_token_check CHECK (return_token IS NULL OR finished_at IS NULL),
    CONSTRAINT provider_calls_check_at_check CHECK (check_at IS NULL OR status = 'done')
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
CREATE INDEX provider_calls_due_idx ON booking.provider_calls (organization_id, provider, next_attempt_at, id)
    WHERE status = 'pending';
CREATE INDEX provider_calls_running_idx ON booking.provider_calls (lease_until) WHERE status = 'running';
CREATE INDEX provider_calls_check_idx ON booking.provider_calls (organization_id, provider, check_at)
    WHERE check_at IS NOT NULL;
CREATE INDEX provider_calls_booking_idx ON booking.provider_calls (organization_id, booking_id, id)
    WHERE booking_id IS NOT NULL;
CREATE INDEX provider_calls_reservation_idx ON booking.provider_calls (organization_id, reservation_id, id)
    WHERE reservation_id IS NOT NULL;
CREATE INDEX provider_calls_finished_idx ON booking.provider_calls (organization_id, finished_at)
    WHERE finished_at IS NOT NULL;
COMMENT ON TABLE booking.provider_calls IS
    'What is asked of providers of payments and calendars, and what has come of it; read it through provider_call_log';
COMMENT ON COLUMN booking.provider_calls.about_call_id IS
    'For one that looks up or expires what another has made: that one';
COMMENT ON COLUMN booking.provider_calls.request IS
    'What is wanted, in terms that are no provider''s; without personal data, which is joined when it is claimed';
COMMENT ON COLUMN booking.provider_calls.return_token IS
    'The booking token, for the link by which the buyer comes back; forgotten as soon as the call is over';
COMMENT ON COLUMN booking.provider_calls.idempotency_key IS
    'Random, made with the row and never changed: under it each attempt is the same request; grants nothing here, and is told to the provider only';
COMMENT ON COLUMN booking.provider_calls.status IS
    'pending: due at next_attempt_at; running: a relay is at it; done; failed: refused, or out of time; abandoned: not wanted any more before it was made';
COMMENT ON COLUMN booking.provider_calls.uncertain IS
    'An earlier attempt may have reached the provider, and nobody knows what came of it';
COMMENT ON COLUMN booking.provider_calls.expires_at IS 'How long it is tried';
COMMENT ON COLUMN booking.provider_calls.outcome IS 'What the provider has said, in terms that are no provider''s';
COMMENT ON COLUMN booking.provider_calls.reason IS 'Why it failed, was abandoned, or is tried again';
COMMENT ON COLUMN booking.provider_calls.check_at IS
    'When the provider is asked how what was made stands, because no webhook has said so; NULL: it is settled, or nothing was made';

-- Which call made the session of the provider that is open for a hold, so that a hold that goes knows without looking.
ALTER TABLE booking.slot_reservations
    ADD COLUMN payment_call_id uuid;
COMMENT ON COLUMN booking.slot_reservations.payment_call_id IS
    'The call of the provider by which the hold is to be paid; NULL: none was asked for';
