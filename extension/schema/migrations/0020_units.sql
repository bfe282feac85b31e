-- Units, as OCTO has them: what a party consists of, each with a price and a number of seats.

CREATE TABLE booking.activity_units (
    organization_id integer NOT NULL,
    activity_id     uuid NOT NULL,
    code            text NOT NULL,
    title           text NOT NULL,
    price_minor     bigint NOT NULL,
    pax_count       integer NOT NULL DEFAULT 1,
    min_quantity    integer NOT NULL DEFAULT 1,
    max_quantity    integer,
    min_age         integer,
    max_age         integer,
    accompanied_by  text[] NOT NULL DEFAULT '{}',
    sort_order      integer NOT NULL DEFAULT 0,
    active          boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT activity_units_pkey PRIMARY KEY (organization_id, activity_id, code),
    CONSTRAINT activity_units_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT activity_units_code_check CHECK (code ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
    CONSTRAINT activity_units_title_check CHECK (length(btrim(title)) BETWEEN 1 AND 200),
    CONSTRAINT activity_units_price_minor_check CHECK (price_minor BETWEEN 0 AND 1000000000000),
    CONSTRAINT activity_units_pax_count_check CHECK (pax_count BETWEEN 0 AND 1000),
    CONSTRAINT activity_units_quantity_check CHECK (
        min_quantity >= 1 AND min_quantity <= 10000 AND max_quantity >= min_quantity AND max_quantity <= 10000),
    CONSTRAINT activity_units_age_check CHECK (
        min_age >= 0 AND min_age <= 150 AND max_age >= COALESCE(min_age, 0) AND max_age <= 150),
    CONSTRAINT activity_units_accompanied_by_check CHECK (
        cardinality(accompanied_by) <= 50 AND array_position(accompanied_by, NULL) IS NULL
        AND array_to_string(accompanied_by, ' ') ~ '^([a-z0-9][a-z0-9_-]{0,63}( |$))*$'
        AND code <> ALL (accompanied_by))
);
COMMENT ON TABLE booking.activity_units IS
    'What a party of an activity may consist of: adults, children, families; an activity without any is sold by the seat, or as its price_basis says';
COMMENT ON COLUMN booking.activity_units.code IS 'What callers name it by, such as adult; it stays in what was booked';
COMMENT ON COLUMN booking.activity_units.price_minor IS
    'Price of one in minor units of the activity''s currency; what was held or booked keeps the price of its time';
COMMENT ON COLUMN booking.activity_units.pax_count IS 'Seats that one takes: a family of four 4, an infant on a lap 0';
COMMENT ON COLUMN booking.activity_units.min_quantity IS 'How many there have to be if there is one at all';
COMMENT ON COLUMN booking.activity_units.max_quantity IS 'How many there may be in one booking; NULL: as many as fit';
COMMENT ON COLUMN booking.activity_units.min_age IS 'For whoever chooses; nobody''s age is asked or kept';
COMMENT ON COLUMN booking.activity_units.accompanied_by IS
    'Codes of units, one of which has to be in the booking too; empty: it may be alone';
COMMENT ON COLUMN booking.activity_units.sort_order IS
    'Order in which they are offered; the first that takes one seat is what a party is of that is only a number';
COMMENT ON COLUMN booking.activity_units.active IS 'Whether it is sold; what was booked of it stays';

-- Known where holds look anyway, so that activities without units need not look for any.
ALTER TABLE booking.activities ADD COLUMN has_units boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN booking.activities.has_units IS
    'Whether a unit of it is sold, so that every hold has units; kept by a trigger on activity_units';

-- What was chosen, at the prices of the time. No check: it would be asked for each hold, and integrity_check() looks.
ALTER TABLE booking.slot_reservations ADD COLUMN unit_items jsonb;
COMMENT ON COLUMN booking.slot_reservations.unit_items IS
    'Of what the party consists: a list of unit, quantity, and price_minor and pax_count of one as they were; NULL: of seats';
ALTER TABLE booking.bookings ADD COLUMN unit_items jsonb;
COMMENT ON COLUMN booking.bookings.unit_items IS
    'Of what the party consists now: a list of unit, quantity, and price_minor and pax_count of one as they were; NULL: of seats';

-- A ticket each.
ALTER TABLE booking.booking_units
    ADD COLUMN unit_code    text,
    ADD COLUMN price_minor  bigint,
    ADD COLUMN pax_count    integer NOT NULL DEFAULT 1,
    ADD COLUMN kept_minor   bigint,
    ADD COLUMN cancelled_at timestamptz,
    ADD COLUMN ticket_hash  bytea,
    ADD COLUMN ticket_salt  bytea,
    DROP CONSTRAINT booking_units_status_check,
    ADD CONSTRAINT booking_units_status_check CHECK (
        status IN ('booked', 'checked_in', 'checked_out', 'no_show', 'cancelled')),
    ADD CONSTRAINT booking_units_price_check CHECK (
        price_minor >= 0 AND pax_count >= 0 AND (unit_code IS NULL) = (price_minor IS NULL)),
    ADD CONSTRAINT booking_units_cancelled_check CHECK (
        (status = 'cancelled') = (cancelled_at IS NOT NULL) AND (status = 'cancelled') = (kept_minor IS NOT NULL)
        AND (status <> 'cancelled' OR unit_code IS NOT NULL) AND kept_minor BETWEEN 0 AND price_minor),
    ADD CONSTRAINT booking_units_ticket_check CHECK (
        length(ticket_hash) = 32 AND (ticket_salt IS NULL OR ticket_hash IS NOT NULL));
CREATE UNIQUE INDEX booking_units_ticket_key ON booking.booking_units (organization_id, ticket_hash)
    WHERE ticket_hash IS NOT NULL;
COMMENT ON TABLE booking.booking_units IS
    'The tickets of a booking and who has come: one for each unit that was bought, or, where the party is of seats, a row a seat once something became of one of them; a seat without a row is booked';
COMMENT ON COLUMN booking.booking_units.unit IS 'Its number within the booking: 1 to the size of the party, where that is of seats';
COMMENT ON COLUMN booking.booking_units.unit_code IS 'The unit of the activity that it is; NULL: a seat';
COMMENT ON COLUMN booking.booking_units.price_minor IS 'Its share of the price';
COMMENT ON COLUMN booking.booking_units.pax_count IS 'Seats that it takes';
COMMENT ON COLUMN booking.booking_units.kept_minor IS 'Once it was cancelled: the part of its price that is not given back';
COMMENT ON COLUMN booking.booking_units.ticket_hash IS 'SHA-256 of the ticket''s code; the code itself is not stored';
COMMENT ON COLUMN booking.booking_units.ticket_salt IS
    'With the token of the booking it gives the code again, for whoever has that token; NULL: staff issued it, once';
