-- Money: who may report of it, what was reported, and what has become of it.
--
-- payment_events is the record of what came in, byte for byte; payments and refunds are what is known from all of it
-- together, in whatever order it came. Statuses are derived from these facts, by one function.

CREATE TABLE booking.webhook_sources (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    name            text NOT NULL,
    scheme          text NOT NULL,
    options         jsonb NOT NULL DEFAULT '{}',
    status          text NOT NULL DEFAULT 'active',
    disabled_reason text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhook_sources_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT webhook_sources_name_key UNIQUE (organization_id, name),
    CONSTRAINT webhook_sources_organization_fkey FOREIGN KEY (organization_id)
        REFERENCES booking.organizations (organization_id),
    CONSTRAINT webhook_sources_scheme_check CHECK (scheme IN ('stripe', 'airwallex', 'calcom', 'standard', 'hmac')),
    CONSTRAINT webhook_sources_options_check CHECK (jsonb_typeof(options) = 'object'),
    CONSTRAINT webhook_sources_status_check CHECK (status IN ('active', 'disabled')),
    CONSTRAINT webhook_sources_disabled_reason_check CHECK (disabled_reason IS NULL OR status = 'disabled')
);
COMMENT ON TABLE booking.webhook_sources IS 'From whom webhooks are received, at POST /webhooks/{name or id}';
COMMENT ON COLUMN booking.webhook_sources.scheme IS
    'How a request is signed: as Stripe, Airwallex and Cal.com do it, by Standard Webhooks, or by an HMAC in a header';
COMMENT ON COLUMN booking.webhook_sources.options IS 'What differs from the defaults of the scheme; docs/how-it-works.md lists them';
COMMENT ON COLUMN booking.webhook_sources.status IS 'active; disabled: nothing is received, and the sender is told that there is nobody';

CREATE TABLE booking.webhook_source_secrets (
    organization_id integer NOT NULL,
    source_id       uuid NOT NULL,
    id              uuid NOT NULL,
    secret          text NOT NULL,
    valid_from      timestamptz NOT NULL,
    valid_until     timestamptz,
    CONSTRAINT webhook_source_secrets_pkey PRIMARY KEY (organization_id, source_id, id),
    CONSTRAINT webhook_source_secrets_source_fkey FOREIGN KEY (organization_id, source_id)
        REFERENCES booking.webhook_sources (organization_id, id) ON DELETE CASCADE
);
-- No check names the secret: the message of a failed one shows the row.
COMMENT ON TABLE booking.webhook_source_secrets IS
    'Keys by which the signatures of sources are checked; readable by nobody, and given to relays by relay_sources()';
COMMENT ON COLUMN booking.webhook_source_secrets.valid_until IS
    'After a rotation the old secret is accepted along with the new one until then';

CREATE TABLE booking.payments (
    organization_id         integer NOT NULL,
    id                      uuid NOT NULL,
    provider                text NOT NULL,
    provider_ref            text NOT NULL,
    source_id               uuid,
    booking_id              uuid,
    reservation_id          uuid,
    status                  text NOT NULL,
    amount_minor            bigint NOT NULL DEFAULT 0,
    refunded_minor          bigint NOT NULL DEFAULT 0,
    currency                text,
    reported_refunded_minor bigint NOT NULL DEFAULT 0,
    has_failed              boolean NOT NULL DEFAULT false,
    accepted                boolean NOT NULL DEFAULT false,
    conflict                text,
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL,
    CONSTRAINT payments_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT payments_provider_ref_key UNIQUE (organization_id, provider, provider_ref),
    CONSTRAINT payments_booking_fkey FOREIGN KEY (organization_id, booking_id)
        REFERENCES booking.bookings (organization_id, id),
    CONSTRAINT payments_reservation_fkey FOREIGN KEY (organization_id, reservation_id)
        REFERENCES booking.slot_reservations (organization_id, id),
    CONSTRAINT payments_status_check CHECK (
        status IN ('pending', 'failed', 'paid', 'partially_refunded', 'refunded', 'conflict')),
    CONSTRAINT payments_amounts_check CHECK (
        amount_minor >= 0 AND reported_refunded_minor >= 0 AND refunded_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT payments_currency_check CHECK (currency ~ '^[A-Z]{3}$' AND (amount_minor = 0 OR currency IS NOT NULL)),
    CONSTRAINT payments_accepted_check CHECK (NOT accepted OR (booking_id IS NOT NULL AND conflict IS NULL)),
    CONSTRAINT payments_conflict_check CHECK ((status = 'conflict') = (conflict IS NOT NULL))
);
CREATE INDEX payments_booking_idx ON booking.payments (organization_id, booking_id) WHERE booking_id IS NOT NULL;
CREATE INDEX payments_reservation_idx ON booking.payments (organization_id, reservation_id)
    WHERE reservation_id IS NOT NULL;
COMMENT ON TABLE booking.payments IS
    'Money that was asked for or has arrived, one row a payment of a provider; the sum of all events about it, whatever their order';
COMMENT ON COLUMN booking.payments.provider IS
    'stripe or airwallex; else what the source''s option provider says, or its name: among these payments a reference is one payment';
COMMENT ON COLUMN booking.payments.provider_ref IS 'What the provider calls it: pi_..., int_..., or a checkout that came to no payment';
COMMENT ON COLUMN booking.payments.booking_id IS
    'What was paid for; NULL while no event has said it, or where there was no booking to be had for the money';
COMMENT ON COLUMN booking.payments.reservation_id IS 'The hold that it was paid for, if it was one';
COMMENT ON COLUMN booking.payments.status IS
    'pending, failed, paid, partially_refunded, refunded; conflict: money that is not the price';
COMMENT ON COLUMN booking.payments.amount_minor IS 'What has arrived, in minor units';
COMMENT ON COLUMN booking.payments.refunded_minor IS 'What of it has gone back';
COMMENT ON COLUMN booking.payments.reported_refunded_minor IS
    'The largest sum of refunds that the provider has named, which may come before the payment';
COMMENT ON COLUMN booking.payments.has_failed IS 'An attempt failed or was given up; a later one may succeed';
COMMENT ON COLUMN booking.payments.accepted IS 'It was the price of the booking, to the minor unit, and has paid it';
COMMENT ON COLUMN booking.payments.conflict IS 'Why the money was not accepted';

CREATE TABLE booking.refunds (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    payment_id      uuid NOT NULL,
    provider        text NOT NULL,
    provider_ref    text,
    status          text NOT NULL,
    amount_minor    bigint NOT NULL,
    currency        text NOT NULL,
    was_done        boolean NOT NULL DEFAULT false,
    reason          text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    CONSTRAINT refunds_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT refunds_provider_ref_key UNIQUE (organization_id, provider, provider_ref),
    CONSTRAINT refunds_payment_fkey FOREIGN KEY (organization_id, payment_id)
        REFERENCES booking.payments (organization_id, id),
    CONSTRAINT refunds_status_check CHECK (status IN ('due', 'pending', 'done', 'failed')),
    CONSTRAINT refunds_due_check CHECK ((status = 'due') = (provider_ref IS NULL)),
    CONSTRAINT refunds_was_done_check CHECK (was_done OR status <> 'done'),
    CONSTRAINT refunds_amount_minor_check CHECK (amount_minor > 0),
    CONSTRAINT refunds_currency_check CHECK (currency ~ '^[A-Z]{3}$')
);
CREATE UNIQUE INDEX refunds_due_key ON booking.refunds (organization_id, payment_id) WHERE status = 'due';
CREATE INDEX refunds_payment_idx ON booking.refunds (organization_id, payment_id);
COMMENT ON TABLE booking.refunds IS 'Money that goes back, or should';
COMMENT ON COLUMN booking.refunds.provider_ref IS 'What the provider calls it: re_..., rfd_...; NULL while it is only due';
COMMENT ON COLUMN booking.refunds.status IS
    'due: we owe it, and the provider was not asked yet; pending: the provider is at it; done; failed: also after it was done';
COMMENT ON COLUMN booking.refunds.was_done IS 'The provider has said that it was done, which it may take back';
COMMENT ON COLUMN booking.refunds.reason IS 'Why it is due';

-- The inbox. A row is written in the transaction of its effect, before the sender is told that it has arrived.
CREATE TABLE booking.payment_events (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    source_id       uuid NOT NULL,
    external_id     text NOT NULL,
    event_type      text NOT NULL,
    occurred_at     timestamptz,
    received_at     timestamptz NOT NULL,
    headers         jsonb NOT NULL DEFAULT '{}',
    body            bytea NOT NULL,
    body_hash       bytea NOT NULL,
    other_body_hash bytea,
    id_is_signed    boolean NOT NULL DEFAULT true,
    status          text NOT NULL,
    reason          text,
    attempts        integer NOT NULL DEFAULT 1,
    next_attempt_at timestamptz,
    settled_at      timestamptz,
    payment_id      uuid,
    booking_id      uuid,
    CONSTRAINT payment_events_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT payment_events_external_id_key UNIQUE (organization_id, source_id, external_id),
    CONSTRAINT payment_events_status_check CHECK (
        status IN ('received', 'applied', 'ignored', 'conflict', 'stale', 'failed')),
    CONSTRAINT payment_events_next_attempt_at_check CHECK (next_attempt_at IS NULL OR status = 'failed')
);
CREATE UNIQUE INDEX payment_events_body_hash_key ON booking.payment_events (organization_id, source_id, body_hash)
    WHERE NOT id_is_signed;
CREATE INDEX payment_events_due_idx ON booking.payment_events (organization_id, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX payment_events_received_at_idx ON booking.payment_events (organization_id, received_at);
COMMENT ON TABLE booking.payment_events IS
    'Every event that a source has sent and signed, as it came, and what came of it; one that comes again has no row and no effect';
COMMENT ON COLUMN booking.payment_events.external_id IS
    'By which it is known when it comes again: the sender''s id, else the SHA-256 of the body';
COMMENT ON COLUMN booking.payment_events.occurred_at IS 'By the sender''s clock';
COMMENT ON COLUMN booking.payment_events.body IS 'The bytes that were signed; may hold personal data';
COMMENT ON COLUMN booking.payment_events.other_body_hash IS
    'Of a body that came later under the same id and was not the same; the first one counts';
COMMENT ON COLUMN booking.payment_events.id_is_signed IS
    'Whether the signature covers external_id; where not, the same body under another id is the same event';
COMMENT ON COLUMN booking.payment_events.status IS
    'applied; ignored: nothing that concerns us; conflict: not the price, or not the account; stale: overtaken by a later one; failed: tried again at next_attempt_at, or given up';
COMMENT ON COLUMN booking.payment_events.reason IS 'Why it was not applied';

-- The calendar's side of a booking: what counts follows from all that a provider such as Cal.com has said, not from what
-- came last.
ALTER TABLE booking.bookings
    ADD COLUMN calendar_status text,
    ADD COLUMN calendar_at timestamptz,
    ADD COLUMN appointments jsonb,
    ADD CONSTRAINT bookings_appointments_check CHECK (jsonb_typeof(appointments) = 'object'),
    ADD CONSTRAINT bookings_calendar_status_check CHECK (
        calendar_status IN ('requested', 'accepted', 'rejected', 'cancelled'));
CREATE INDEX bookings_cal_uid_idx ON booking.bookings (organization_id, cal_uid) WHERE cal_uid IS NOT NULL;
CREATE INDEX bookings_appointments_idx ON booking.bookings USING gin (appointments) WHERE appointments IS NOT NULL;
COMMENT ON COLUMN booking.bookings.appointments IS
    'All appointments that the calendar provider has for the booking, by their uid: the latest event of each, and which one it replaces ("old")';
COMMENT ON COLUMN booking.bookings.cal_uid IS 'What the calendar provider calls the appointment that counts';
COMMENT ON COLUMN booking.bookings.calendar_status IS
    'What the calendar provider said last of the appointment: requested, accepted, rejected, cancelled';
COMMENT ON COLUMN booking.bookings.calendar_at IS 'When it said so, by its clock';
