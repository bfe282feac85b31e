-- More facts about payments, so that no order of events can change where they lead; and what holds cost when they were
-- made.

ALTER TABLE booking.payments
    ADD COLUMN amounts text[] NOT NULL DEFAULT '{}',
    ADD COLUMN refund_totals text[] NOT NULL DEFAULT '{}',
    ADD COLUMN is_first boolean NOT NULL DEFAULT false,
    ADD COLUMN subjects_differ boolean NOT NULL DEFAULT false,
    ADD COLUMN decision text,
    ADD COLUMN decided_by text,
    ADD COLUMN decided_at timestamptz,
    ADD CONSTRAINT payments_is_first_check CHECK (accepted OR NOT is_first),
    ADD CONSTRAINT payments_decision_check CHECK (decision IN ('accept', 'refund')),
    ADD CONSTRAINT payments_decided_check CHECK (num_nonnulls(decision, decided_by, decided_at) IN (0, 3));
UPDATE booking.payments SET amounts = ARRAY[amount_minor || ' ' || currency] WHERE amount_minor > 0;
UPDATE booking.payments SET refund_totals = ARRAY[reported_refunded_minor || ' ' || currency]
 WHERE reported_refunded_minor > 0 AND currency IS NOT NULL;
UPDATE booking.payments AS p SET is_first = true
  FROM (SELECT DISTINCT ON (x.organization_id, x.booking_id) x.organization_id, x.id
          FROM booking.payments AS x WHERE x.accepted
         ORDER BY x.organization_id, x.booking_id, x.created_at, x.id) AS f
 WHERE p.organization_id = f.organization_id AND p.id = f.id;
CREATE UNIQUE INDEX payments_first_key ON booking.payments (organization_id, booking_id) WHERE is_first;
COMMENT ON COLUMN booking.payments.amounts IS
    'Every amount that was named as having arrived, in minor units, such as {5000 EUR}; the largest of its currency is amount_minor';
COMMENT ON COLUMN booking.payments.refund_totals IS
    'Every sum of refunds that was named; the largest in the payment''s currency is reported_refunded_minor';
COMMENT ON COLUMN booking.payments.is_first IS
    'The first that was accepted for its booking, which lives on it: refunded in full, it takes the booking with it';
COMMENT ON COLUMN booking.payments.accepted IS
    'It was the price of the booking, or somebody has decided to accept it, and has paid it';
COMMENT ON COLUMN booking.payments.decision IS
    'What somebody has decided about money that was not accepted by itself: accept or refund (resolve_payment)';
COMMENT ON COLUMN booking.payments.decided_by IS 'Who, by the claim "sub" or the login';
COMMENT ON COLUMN booking.payments.subjects_differ IS 'Its events name different bookings or reservations, so that it pays none';

ALTER TABLE booking.refunds
    ADD COLUMN is_whole boolean NOT NULL DEFAULT false,
    ADD COLUMN is_named boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN booking.refunds.is_whole IS 'An event has said that it is all of the payment';
COMMENT ON COLUMN booking.refunds.is_named IS
    'An event has named the amount; until then it is what has arrived of the payment';

-- What an activity has cost before it cost what it does: whoever holds seats pays the price at which they were taken.
CREATE TABLE booking.activity_prices (
    organization_id integer NOT NULL,
    activity_id     uuid NOT NULL,
    valid_until     timestamptz NOT NULL,
    price_minor     bigint NOT NULL,
    price_basis     text NOT NULL,
    currency        text NOT NULL,
    CONSTRAINT activity_prices_pkey PRIMARY KEY (organization_id, activity_id, valid_until),
    CONSTRAINT activity_prices_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE booking.activity_prices IS
    'Former prices of activities, for holds that were made at them; the price of today stands in activities';
COMMENT ON COLUMN booking.activity_prices.valid_until IS 'When it was replaced, by booking.clock()';
COMMENT ON COLUMN booking.activity_prices.price_minor IS 'In minor units, for a seat or the whole party as price_basis says';
