-- What a change gives back follows the terms of the purchase, and what it adds costs what it costs now.

ALTER TABLE booking.bookings
    ADD COLUMN added_seats    jsonb,
    ADD COLUMN given_up_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN returned_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT bookings_changes_check CHECK (given_up_minor >= 0 AND returned_minor >= 0);
COMMENT ON COLUMN booking.bookings.added_seats IS
    'Where the price is by the seat: seats that were added later at another price than seat_price_minor, in their order: a list of quantity and price_minor; NULL: none';
COMMENT ON COLUMN booking.bookings.given_up_minor IS
    'Of amount_cents: what is kept of the price of seats that were given up; of units their tickets have it';
COMMENT ON COLUMN booking.bookings.returned_minor IS
    'Of what was refunded: what the price did not need before it rose again, so that it is to be paid again';
