-- Where a visitor pays for a hold, for pages that have no checkout of their own.

ALTER TABLE booking.activities
    ADD COLUMN payment_url text,
    ADD CONSTRAINT activities_payment_url_check CHECK (payment_url ~ '^https://[^[:space:]]+$');
COMMENT ON COLUMN booking.activities.payment_url IS
    'Where a visitor pays for a hold, for instance a payment link, in which {reservationId} is replaced; NULL: the application knows';
