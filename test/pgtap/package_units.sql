-- Packages that are sold by units: priced by the activity's rules, scheduled with their seats, and refused by the name of
-- the field.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/packages.sql
\ir shared/units.sql
SELECT public.plan(29);

INSERT INTO booking.packages (organization_id, id, name, price_minor, currency, activity_id, price_basis, party_size,
                              cancel_refund_percent)
VALUES (1, 'trip', 'A trip', 100, 'USD', pg_temp.id('cruise'), 'units', 2, 50);
CREATE FUNCTION pg_temp.stands(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' ', b.status, b.payment_status, b.party_size, b.amount_cents, b.currency,
                     pg_temp.composition(b.unit_items)) FROM booking.bookings AS b WHERE b.id = pg_temp.id(name) $$;

-- What is chosen is what is paid.
SELECT public.is(pg_temp.buy('ann', 'trip', '{"units": [{"unit": "adult", "quantity": 2}, {"unit": "child"}]}') -> 'requiresPayment',
                 'true', 'a trip for three');
SELECT public.is(pg_temp.stands('ann'), 'pending pending 3 7500 EUR 2 adult 3000x1, 1 child 1500x1',
                 'costs what its units cost, in the money of the activity');
SELECT public.is(pg_temp.status('ann') ->> 'amountCents', '7500', 'which the buyer sees');
SELECT pg_temp.buy('bob', 'trip') \g /dev/null
SELECT public.is(pg_temp.stands('bob'), 'pending pending 2 6000 EUR 2 adult 3000x1', 'without units it is a number of the first');
SELECT pg_temp.buy('lap', 'trip', '{"units": [{"unit": "adult"}], "idempotencyKey": "units-0123456789"}') \g /dev/null
SELECT public.is(booking.booking_create(1, pg_temp.wanted('{"packageId": "trip", "units": [{"unit": "adult", "quantity": 1}],
                                                           "idempotencyKey": "units-0123456789"}')) ->> 'bookingId',
                 pg_temp.id('lap')::text, 'the same key and units, however written, the same booking');
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_create(1, %L)', pg_temp.wanted(
                     '{"packageId": "trip", "units": [{"unit": "adult", "quantity": 2}], "idempotencyKey": "units-0123456789"}'))) ~ '^BK208',
                 true, 'the same key, other units: refused');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up before there is a time');

-- Paid, scheduled, some of them cancelled.
UPDATE booking.activity_units SET price_minor = price_minor + 500;
SELECT public.is(pg_temp.stands('ann'), 'pending pending 3 7500 EUR 2 adult 3000x1, 1 child 1500x1', 'the price stays');
SELECT pg_temp.paid('ann', 7500), pg_temp.pay('ann') \g /dev/null
SELECT public.is(pg_temp.schedule('ann', '2027-03-05 09:00 UTC') ->> 'success', 'true', 'it is scheduled');
SELECT public.is(pg_temp.seats_left('cruise 9'), 7, 'with its seats');
SELECT public.is(pg_temp.tickets('ann'), '3 seats for 7500: 1 adult booked, 2 adult booked, 3 child booked', 'and a ticket each');
SELECT public.is((SELECT string_agg(t.title, ', ' ORDER BY t.unit) FROM booking.issue_tickets(pg_temp.id('ann'), pg_temp.token('ann')) AS t),
                 'Adult, Adult, Child', 'which the token gives codes for');
SELECT public.is((SELECT concat_ws(' ', c.seats, c.amount_cents, c.refund_due_minor) FROM booking.cancel_units(pg_temp.id('ann'), '{2}', booking_token => pg_temp.token('ann')) AS c),
                 '2 6000 1500', 'one is cancelled, at the terms of the purchase');
SELECT public.is(pg_temp.refused(format('SELECT booking.change_units(%L, %L)', pg_temp.id('ann'), '[{"unit": "adult"}]')),
                 format('BK221 -: booking %s is of a package, which says for how many it is', pg_temp.id('ann')), 'but not changed');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');

-- What is wrong is told of the field.
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_create(1, %L)', pg_temp.wanted(jsonb_build_object('packageId', c.package, 'units', c.units::jsonb)))),
                 c.answer, c.what)
  FROM (VALUES
    ('trip', '7', 'BK260 units: units must be a list', 'no list'),
    ('trip', '[]', 'BK260 units: units must name at least one unit', 'none'),
    ('trip', '[{"unit": "adult", "price": 0}]', 'BK260 units: units[0] must have no other members than unit and quantity, got "price"', 'a price'),
    ('trip', '[{"unit": "adult", "quantity": 0}]', 'BK260 units: units[0].quantity must be a whole number from 1 to 10000', 'no quantity'),
    ('trip', '[{"unit": "dog"}]', 'BK261 units: the activity has no unit "dog"', 'a unit that there is not'),
    ('trip', '[{"unit": "student"}]', 'BK261 units: the activity no longer sells unit "student"', 'one that is not sold'),
    ('trip', '[{"unit": "adult", "quantity": 7}]', 'BK262 units: 7 of unit "adult" cannot be booked at once', 'too many'),
    ('trip', '[{"unit": "child"}]', 'BK263 units: unit "child" cannot be booked without unit adult or senior', 'a child alone'),
    ('trip', '[{"unit": "family", "quantity": 3}]', 'BK002 units: party of 12 cannot be booked here', 'more than a session has'),
    ('single', '[{"unit": "adult"}]', 'BK015 units: units must be left out: the package says what is in it', 'units of a package without'))
    AS c (package, units, answer, what);

-- Free of charge is what costs nothing, whatever the package's own price says.
UPDATE booking.activity_units SET price_minor = 0 WHERE code = 'adult';
SELECT pg_temp.buy('free', 'trip', '{"customerEmail": "free@example.org", "units": [{"unit": "adult"}]}') \g /dev/null
SELECT public.is(pg_temp.stands('free'), 'paid not_required 1 0 EUR 1 adult 0x1', 'what costs nothing is paid');
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_create(1, %L)', pg_temp.wanted(
                     '{"packageId": "trip", "customerEmail": "free@example.org", "units": [{"unit": "adult"}]}'))) ~ '^BK219', true, 'once an address');
SELECT public.throws_ok('UPDATE booking.packages SET sessions_included = 2 WHERE id = ''trip''', '23514', NULL, 'it is for one session');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');
SELECT * FROM public.finish();
ROLLBACK;
