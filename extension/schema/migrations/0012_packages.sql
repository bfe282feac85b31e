-- Packages are sold by a token: paid first, scheduled afterwards, one session or several. And the record of who changed
-- which booking.

ALTER TABLE booking.packages
    ADD COLUMN description   text,
    ADD COLUMN activity_id   uuid,
    ADD COLUMN party_size    integer NOT NULL DEFAULT 1,
    ADD COLUMN payment_hours integer NOT NULL DEFAULT 24,
    ADD COLUMN schedule_days integer NOT NULL DEFAULT 365,
    ADD COLUMN payment_url   text,
    ADD COLUMN meeting_url   text,
    ADD COLUMN live_bookings_per_email integer,
    ADD CONSTRAINT packages_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id),
    ADD CONSTRAINT packages_party_size_check CHECK (party_size >= 1),
    ADD CONSTRAINT packages_payment_hours_check CHECK (payment_hours BETWEEN 1 AND 8760),
    ADD CONSTRAINT packages_schedule_days_check CHECK (schedule_days BETWEEN 1 AND 3660),
    ADD CONSTRAINT packages_live_bookings_per_email_check CHECK (live_bookings_per_email >= 1),
    ADD CONSTRAINT packages_payment_url_check CHECK (payment_url ~ '^https://[^[:space:]]+$'),
    ADD CONSTRAINT packages_meeting_url_check CHECK (meeting_url ~ '^https://[^[:space:]]+$');
CREATE INDEX packages_activity_idx ON booking.packages (organization_id, activity_id);
COMMENT ON COLUMN booking.packages.sessions_included IS 'How many sessions may be scheduled with one purchase';
COMMENT ON COLUMN booking.packages.activity_id IS
    'The activity whose sessions are scheduled; NULL: appointments that a calendar elsewhere keeps, so that no seats are taken here';
COMMENT ON COLUMN booking.packages.party_size IS 'Seats that each scheduled session takes';
COMMENT ON COLUMN booking.packages.payment_hours IS 'How long a booking waits for its payment; money that comes later still pays it';
COMMENT ON COLUMN booking.packages.schedule_days IS 'For how many days after the payment sessions may be scheduled';
COMMENT ON COLUMN booking.packages.live_bookings_per_email IS
    'How many bookings of the package one e-mail address may have that are not over; NULL: one where it is free of charge, else any number';
COMMENT ON COLUMN booking.packages.payment_url IS
    'Where the buyer pays, for instance a payment link, in which {bookingToken} and {bookingId} are replaced; NULL: the application knows';
COMMENT ON COLUMN booking.packages.meeting_url IS 'Where all sessions of the package take place, if that is a page';

-- The price and the terms of a package are those of the moment it was bought.
ALTER TABLE booking.bookings
    ADD COLUMN package_booking_id uuid,
    ADD COLUMN sessions_included  integer NOT NULL DEFAULT 1,
    ADD COLUMN schedule_days      integer,
    ADD COLUMN timezone           text,
    ADD COLUMN additional_notes   text,
    ADD COLUMN token_salt         bytea,
    ADD COLUMN idempotency_hash   bytea,
    ADD COLUMN request_hash       bytea,
    ADD CONSTRAINT bookings_package_booking_fkey FOREIGN KEY (organization_id, package_booking_id)
        REFERENCES booking.bookings (organization_id, id),
    ADD CONSTRAINT bookings_package_booking_check CHECK (
        package_booking_id IS NULL OR package_booking_id <> id AND token_hash IS NULL),
    ADD CONSTRAINT bookings_sessions_included_check CHECK (sessions_included >= 1),
    ADD CONSTRAINT bookings_schedule_days_check CHECK (schedule_days >= 1),
    ADD CONSTRAINT bookings_token_check CHECK (token_hash IS NULL OR expires_at IS NOT NULL),
    ADD CONSTRAINT bookings_idempotency_check CHECK (num_nonnulls(idempotency_hash, request_hash, token_salt) IN (0, 3));
CREATE UNIQUE INDEX bookings_token_key ON booking.bookings (organization_id, token_hash) WHERE token_hash IS NOT NULL;
CREATE UNIQUE INDEX bookings_idempotency_key ON booking.bookings (organization_id, idempotency_hash)
    WHERE idempotency_hash IS NOT NULL;
CREATE INDEX bookings_package_booking_idx ON booking.bookings (organization_id, package_booking_id)
    WHERE package_booking_id IS NOT NULL;
CREATE INDEX bookings_package_email_idx ON booking.bookings (organization_id, package_id, lower(customer_email))
    WHERE package_id IS NOT NULL AND package_booking_id IS NULL;
CREATE INDEX bookings_unpaid_idx ON booking.bookings (organization_id, expires_at)
    WHERE status = 'pending' AND expires_at IS NOT NULL;
COMMENT ON COLUMN booking.bookings.package_booking_id IS
    'For the second and further sessions of a package: the booking that bought it, which is the first session itself';
COMMENT ON COLUMN booking.bookings.sessions_included IS 'How many sessions may be scheduled with the token';
COMMENT ON COLUMN booking.bookings.schedule_days IS 'For how many days after the payment; NULL where there is no package';
COMMENT ON COLUMN booking.bookings.expires_at IS
    'Until when the payment is awaited; once paid, until when sessions may be scheduled';
COMMENT ON COLUMN booking.bookings.timezone IS 'The zone in which the buyer has chosen the time';
COMMENT ON COLUMN booking.bookings.additional_notes IS 'What the buyer wrote when choosing the time';
COMMENT ON COLUMN booking.bookings.token_salt IS
    'With the idempotency key it gives the booking token again, for a repeated request';
COMMENT ON COLUMN booking.bookings.idempotency_hash IS 'SHA-256 of the idempotency key';
COMMENT ON COLUMN booking.bookings.request_hash IS 'SHA-256 of the request that came with the key';

-- No foreign key: it outlives the booking, and would be checked on each sale.
CREATE TABLE booking.booking_changes (
    organization_id integer NOT NULL,
    booking_id      uuid NOT NULL,
    id              uuid NOT NULL,
    changes         jsonb NOT NULL,
    actor_kind      text NOT NULL,
    actor           text NOT NULL,
    actor_role      text NOT NULL,
    changed_at      timestamptz NOT NULL,
    CONSTRAINT booking_changes_pkey PRIMARY KEY (organization_id, booking_id, id)
);
COMMENT ON TABLE booking.booking_changes IS
    'Who changed what of a booking, and when: written with each change, whoever makes it, never changed or deleted, and without personal data';
COMMENT ON COLUMN booking.booking_changes.changes IS
    'Column: [before, after]; "changed" names columns whose values are personal and not shown; "deleted" is true for a row that is gone';
COMMENT ON COLUMN booking.booking_changes.actor_kind IS
    'user: a person, by the claims; visitor: somebody with a token; webhook: a source of webhooks; database: a database user';
COMMENT ON COLUMN booking.booking_changes.actor IS
    'The claim "sub", the word "token", the name of the source, or the login';
COMMENT ON COLUMN booking.booking_changes.actor_role IS 'The role of the database at the time, as by SET ROLE';
COMMENT ON COLUMN booking.booking_changes.changed_at IS 'By booking.clock()';
