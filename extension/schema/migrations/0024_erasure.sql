-- Personal data: when it was erased, and how long an organization keeps it.

ALTER TABLE booking.customers ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN booking.customers.erased_at IS
    'When the personal data of the customer was erased; the row stays for the bookings that belong to it';

ALTER TABLE booking.bookings ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN booking.bookings.erased_at IS 'When the personal data of the booking was erased';

ALTER TABLE booking.organizations
    ADD COLUMN keep_inbox_days integer,
    ADD COLUMN keep_delivery_days integer,
    ADD COLUMN keep_hold_days integer,
    ADD COLUMN keep_booking_days integer,
    ADD CONSTRAINT organizations_keep_days_check CHECK (
        keep_inbox_days BETWEEN 1 AND 3650 AND keep_delivery_days BETWEEN 1 AND 3650
        AND keep_hold_days BETWEEN 1 AND 3650 AND keep_booking_days BETWEEN 1 AND 3650);
COMMENT ON COLUMN booking.organizations.keep_inbox_days IS
    'For how many days the bodies of received events are kept; NULL: as long as the events; set_retention sets it';
COMMENT ON COLUMN booking.organizations.keep_delivery_days IS
    'For how many days attempts to deliver are kept; NULL: as long as everybody''s';
COMMENT ON COLUMN booking.organizations.keep_hold_days IS
    'For how many days after its end a hold without a booking keeps its address; NULL: for ever';
COMMENT ON COLUMN booking.organizations.keep_booking_days IS
    'For how many days after its end a booking keeps its personal data, and a customer without an account who has no other bookings; NULL: for ever';

-- What relays ask every few seconds is how much was given up or is parked.
CREATE INDEX webhook_deliveries_resting_idx ON booking.webhook_deliveries (status)
    WHERE status IN ('dead', 'blocked', 'parked');
