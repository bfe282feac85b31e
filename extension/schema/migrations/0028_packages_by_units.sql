-- A package for one session of an activity that is sold by units: whoever buys it says of which.

ALTER TABLE booking.packages
    ADD COLUMN price_basis text NOT NULL DEFAULT 'package',
    ADD CONSTRAINT packages_price_basis_check CHECK (
        price_basis = 'package'
        OR price_basis = 'units' AND activity_id IS NOT NULL AND sessions_included = 1 AND stripe_price_id IS NULL);
COMMENT ON COLUMN booking.packages.price_basis IS
    'package: price_minor for party_size seats; units: what the chosen units of the activity cost when it is bought, and price_minor is not asked for';
