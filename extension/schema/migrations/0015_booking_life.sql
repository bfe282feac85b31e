-- A booking after it was made: on what terms it may be cancelled, and what became of it.

-- The terms, where they are set...
ALTER TABLE booking.activities
    ADD COLUMN cancel_cutoff_seconds integer NOT NULL DEFAULT 0,
    ADD COLUMN cancel_refund_percent integer NOT NULL DEFAULT 100,
    ADD CONSTRAINT activities_cancel_cutoff_seconds_check CHECK (cancel_cutoff_seconds BETWEEN 0 AND 315360000),
    ADD CONSTRAINT activities_cancel_refund_percent_check CHECK (cancel_refund_percent BETWEEN 0 AND 100);
COMMENT ON COLUMN booking.activities.cancel_cutoff_seconds IS
    'How long before its start a booking made from now on may last be cancelled or changed by the customer';
COMMENT ON COLUMN booking.activities.cancel_refund_percent IS
    'What of the money the customer gets back who cancels in time: 100 all, 0 nothing';

ALTER TABLE booking.packages
    ADD COLUMN cancel_cutoff_seconds integer NOT NULL DEFAULT 0,
    ADD COLUMN cancel_refund_percent integer NOT NULL DEFAULT 100,
    ADD CONSTRAINT packages_cancel_cutoff_seconds_check CHECK (cancel_cutoff_seconds BETWEEN 0 AND 315360000),
    ADD CONSTRAINT packages_cancel_refund_percent_check CHECK (cancel_refund_percent BETWEEN 0 AND 100);
COMMENT ON COLUMN booking.packages.cancel_cutoff_seconds IS
    'How long before its start a session of a package bought from now on may last be cancelled or changed by the customer';
COMMENT ON COLUMN booking.packages.cancel_refund_percent IS
    'What of the money for unused sessions the customer gets back who cancels in time: 100 all, 0 nothing';

-- ... and in the booking as they were when it was made.
ALTER TABLE booking.bookings
    ADD COLUMN cancel_cutoff_seconds integer NOT NULL DEFAULT 0,
    ADD COLUMN cancel_refund_percent integer NOT NULL DEFAULT 100,
    ADD COLUMN seat_price_minor      bigint,
    ADD COLUMN paid_minor            bigint,
    ADD COLUMN kept_minor            bigint NOT NULL DEFAULT 0,
    ADD COLUMN cancelled_at          timestamptz,
    ADD COLUMN cancel_reason         text,
    ADD CONSTRAINT bookings_cancel_cutoff_seconds_check CHECK (cancel_cutoff_seconds BETWEEN 0 AND 315360000),
    ADD CONSTRAINT bookings_cancel_refund_percent_check CHECK (cancel_refund_percent BETWEEN 0 AND 100),
    ADD CONSTRAINT bookings_money_check CHECK (seat_price_minor >= 0 AND paid_minor >= 0 AND kept_minor >= 0),
    ADD CONSTRAINT bookings_cancel_reason_check CHECK (length(cancel_reason) <= 500);
COMMENT ON COLUMN booking.bookings.cancel_cutoff_seconds IS
    'How long before its start the customer may last cancel or change it; the terms of the purchase';
COMMENT ON COLUMN booking.bookings.cancel_refund_percent IS
    'What of the money the customer gets back who cancels in time; the terms of the purchase';
COMMENT ON COLUMN booking.bookings.seat_price_minor IS
    'Where the price is by the seat: of one, as it was when the booking was made';
COMMENT ON COLUMN booking.bookings.paid_minor IS
    'What was paid without a row in payments, where a change has made it another amount than the price';
COMMENT ON COLUMN booking.bookings.kept_minor IS 'Of a cancelled booking: the part of the money that is not given back';
COMMENT ON COLUMN booking.bookings.cancelled_at IS 'When cancel_booking cancelled it';
COMMENT ON COLUMN booking.bookings.cancel_reason IS 'Why, in the words of whoever cancelled it';

-- Who has come: a row a seat, once something became of one of them.
CREATE TABLE booking.booking_units (
    organization_id integer NOT NULL,
    booking_id      uuid NOT NULL,
    unit            integer NOT NULL,
    status          text NOT NULL DEFAULT 'booked',
    checked_in_at   timestamptz,
    checked_out_at  timestamptz,
    no_show_at      timestamptz,
    in_nonce        text,
    out_nonce       text,
    CONSTRAINT booking_units_pkey PRIMARY KEY (organization_id, booking_id, unit),
    CONSTRAINT booking_units_booking_fkey FOREIGN KEY (organization_id, booking_id)
        REFERENCES booking.bookings (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT booking_units_unit_check CHECK (unit >= 1),
    CONSTRAINT booking_units_status_check CHECK (status IN ('booked', 'checked_in', 'checked_out', 'no_show')),
    CONSTRAINT booking_units_times_check CHECK (
        (checked_in_at IS NOT NULL) = (status IN ('checked_in', 'checked_out'))
        AND (checked_out_at IS NOT NULL) = (status = 'checked_out') AND (no_show_at IS NOT NULL) = (status = 'no_show'))
);
COMMENT ON TABLE booking.booking_units IS
    'The seats of a booking and who has come; there are rows once something became of one of them, and a unit without a row is booked';
COMMENT ON COLUMN booking.booking_units.unit IS '1 to the size of the party';
COMMENT ON COLUMN booking.booking_units.in_nonce IS 'Of the scan that checked it in; the same scan again changes nothing';
COMMENT ON COLUMN booking.booking_units.out_nonce IS 'Of the scan that checked it out';
