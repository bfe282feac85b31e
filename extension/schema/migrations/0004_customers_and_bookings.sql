-- Who booked what: customers, holds, bookings.
--
-- No foreign key leads from holds or bookings to sessions: its row lock would cost a multixact a booking. That the
-- session exists is proved by taking its seats, sessions are deleted by guarded functions only, and integrity_check()
-- looks.

CREATE TABLE booking.customers (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    user_id         text,
    email           text NOT NULL,
    name            text,
    phone           text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customers_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT customers_organization_fkey FOREIGN KEY (organization_id)
        REFERENCES booking.organizations (organization_id),
    CONSTRAINT customers_email_check CHECK (email <> '')
);
CREATE UNIQUE INDEX customers_email_key ON booking.customers (organization_id, lower(email));
CREATE INDEX customers_user_id_idx ON booking.customers (user_id) WHERE user_id IS NOT NULL;
COMMENT ON TABLE booking.customers IS 'People who book, one row an e-mail address and organization';
COMMENT ON COLUMN booking.customers.user_id IS 'The claim "sub" of the customer''s JWT, if the customer has an account';

CREATE TABLE booking.slot_reservations (
    organization_id  integer NOT NULL,
    id               uuid NOT NULL,
    session_id       uuid NOT NULL,
    party_size       integer NOT NULL,
    customer_email   text NOT NULL,
    status           text NOT NULL DEFAULT 'pending',
    expires_at       timestamptz NOT NULL,
    created_at       timestamptz NOT NULL,
    settled_at       timestamptz,
    extended_count   smallint NOT NULL DEFAULT 0,
    token_hash       bytea NOT NULL,
    token_salt       bytea,
    idempotency_hash bytea,
    request_hash     bytea,
    CONSTRAINT slot_reservations_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT slot_reservations_party_size_check CHECK (party_size > 0),
    CONSTRAINT slot_reservations_status_check CHECK (status IN ('pending', 'confirmed', 'expired', 'cancelled')),
    CONSTRAINT slot_reservations_settled_at_check CHECK ((status = 'pending') = (settled_at IS NULL)),
    CONSTRAINT slot_reservations_idempotency_check CHECK (
        num_nonnulls(idempotency_hash, request_hash, token_salt) IN (0, 3))
);
CREATE INDEX slot_reservations_pending_idx ON booking.slot_reservations (organization_id, session_id, expires_at)
    WHERE status = 'pending';
CREATE UNIQUE INDEX slot_reservations_idempotency_key ON booking.slot_reservations (organization_id, idempotency_hash)
    WHERE idempotency_hash IS NOT NULL;
COMMENT ON TABLE booking.slot_reservations IS
    'Seats taken from a session: for some minutes while pending, for good once confirmed';
COMMENT ON COLUMN booking.slot_reservations.status IS
    'pending: held until expires_at; confirmed: booked; expired, cancelled: seats given back';
COMMENT ON COLUMN booking.slot_reservations.settled_at IS 'When the status left pending';
COMMENT ON COLUMN booking.slot_reservations.token_hash IS 'SHA-256 of the hold token; the token itself is not stored';
COMMENT ON COLUMN booking.slot_reservations.token_salt IS
    'With the idempotency key it gives the hold token again, for a repeated request';
COMMENT ON COLUMN booking.slot_reservations.idempotency_hash IS 'SHA-256 of the idempotency key';
COMMENT ON COLUMN booking.slot_reservations.request_hash IS 'SHA-256 of the request that came with the key';

CREATE TABLE booking.bookings (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    booking_number  text NOT NULL,
    reservation_id  uuid,
    session_id      uuid,
    customer_id     uuid,
    package_id      text,
    customer_name   text,
    customer_email  text NOT NULL,
    customer_phone  text,
    notes           text,
    metadata        jsonb NOT NULL DEFAULT '{}',
    party_size      integer NOT NULL DEFAULT 1,
    status          text NOT NULL,
    payment_status  text NOT NULL,
    refund_status   text NOT NULL DEFAULT 'none',
    amount_cents    bigint NOT NULL DEFAULT 0,
    total_amount    bigint GENERATED ALWAYS AS (amount_cents) STORED,
    currency        text NOT NULL,
    scheduled_start timestamptz,
    scheduled_end   timestamptz,
    meeting_url     text,
    cal_booking_id  text,
    cal_uid         text,
    token_hash      bytea,
    expires_at      timestamptz,
    version         bigint NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bookings_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT bookings_booking_number_key UNIQUE (organization_id, booking_number),
    CONSTRAINT bookings_reservation_key UNIQUE (organization_id, reservation_id),
    CONSTRAINT bookings_reservation_fkey FOREIGN KEY (organization_id, reservation_id)
        REFERENCES booking.slot_reservations (organization_id, id),
    CONSTRAINT bookings_customer_fkey FOREIGN KEY (organization_id, customer_id)
        REFERENCES booking.customers (organization_id, id),
    CONSTRAINT bookings_package_fkey FOREIGN KEY (organization_id, package_id)
        REFERENCES booking.packages (organization_id, id),
    CONSTRAINT bookings_party_size_check CHECK (party_size > 0),
    CONSTRAINT bookings_amount_cents_check CHECK (amount_cents >= 0),
    CONSTRAINT bookings_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT bookings_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
    CONSTRAINT bookings_schedule_check CHECK (scheduled_end > scheduled_start),
    CONSTRAINT bookings_session_check CHECK (session_id IS NULL OR scheduled_start IS NOT NULL),
    CONSTRAINT bookings_status_check CHECK (status IN (
        'pending', 'paid', 'scheduled', 'confirmed', 'checked_in', 'checked_out', 'no_show', 'cancelled')),
    CONSTRAINT bookings_payment_status_check CHECK (payment_status IN (
        'not_required', 'pending', 'paid', 'failed', 'partially_refunded', 'refunded')),
    CONSTRAINT bookings_refund_status_check CHECK (refund_status IN ('none', 'due', 'pending', 'done', 'failed'))
);
CREATE INDEX bookings_scheduled_start_idx ON booking.bookings (organization_id, scheduled_start);
CREATE INDEX bookings_created_at_idx ON booking.bookings (organization_id, created_at);
CREATE INDEX bookings_customer_idx ON booking.bookings (organization_id, customer_id);
COMMENT ON TABLE booking.bookings IS
    'A sale: made from a reservation, or of a package whose time is chosen later (session_id is NULL until then)';
COMMENT ON COLUMN booking.bookings.booking_number IS 'For people to read out; it grants nothing';
COMMENT ON COLUMN booking.bookings.status IS 'Where the booking stands; the legal changes are in docs/states.md';
COMMENT ON COLUMN booking.bookings.payment_status IS 'Where its money stands, independent of status';
COMMENT ON COLUMN booking.bookings.refund_status IS 'Where money that goes back stands, independent of both';
COMMENT ON COLUMN booking.bookings.amount_cents IS 'Price in minor units of the currency, fixed when the booking was made';
COMMENT ON COLUMN booking.bookings.total_amount IS 'The same as amount_cents, under its other name';
COMMENT ON COLUMN booking.bookings.scheduled_start IS 'Start of the session, or of the appointment at a calendar provider';
COMMENT ON COLUMN booking.bookings.token_hash IS 'SHA-256 of the booking token; the token itself is not stored';
COMMENT ON COLUMN booking.bookings.version IS 'Rises with each change; pass it as expected version to change what you saw';
