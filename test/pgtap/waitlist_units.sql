-- Waiting lists of activities that are sold by units: what is offered has a price, and is a party of units.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/units.sql
SELECT public.plan(12);

CREATE FUNCTION pg_temp.joins(who text, session text, party_size integer) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.refused(format('SELECT booking.join_waitlist(%L, %s, %L)', pg_temp.id(session), party_size,
                                  who || '@example.org')) $$;
-- What somebody was offered.
CREATE FUNCTION pg_temp.offered(who text) RETURNS text VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id)
    SELECT who || ' offer', w.reservation_id FROM booking.waitlist_entries AS w
     WHERE w.customer_email = who || '@example.org' AND w.reservation_id IS NOT NULL;
    SELECT COALESCE((SELECT pg_temp.held(who || ' offer')
                      WHERE EXISTS (SELECT 1 FROM pg_temp.named AS n WHERE n.name = who || ' offer')), 'nothing') $$;

SELECT pg_temp.hold_units('crew', 'cruise 9', '{"adult": 6, "family": 1}') \g /dev/null
SELECT public.is(pg_temp.joins('pair', 'cruise 9', 2), 'was not refused, and changed the books', 'a pair waits for a ship that is full');
SELECT public.is(pg_temp.joins('crowd', 'cruise 9', 7),
                 'BK262 unit_items: 7 of unit "adult" cannot be booked at once',
                 'who would be offered more than may be booked at once does not wait');
SELECT pg_temp.hold_units('late crew', 'cruise 14', '{"adult": 6, "family": 1}') \g /dev/null
SELECT public.is(pg_temp.joins('trio', 'cruise 14', 3), 'was not refused, and changed the books', 'three wait for another');
SELECT booking.cancel_reservation(pg_temp.id('crew')) \g /dev/null
SELECT public.is(pg_temp.offered('pair'), '2: 2 adult 3000x1', 'the offer is of the first unit that takes one seat');
SELECT public.is((SELECT u.party_size || ' ' || u.price_minor
                    FROM booking.update_reservation_units(pg_temp.id('pair offer'), pg_temp.items('{"adult": 1, "child": 1}')) AS u),
                 '2 4500', 'whoever has it chooses others');
SELECT booking.update_reservation_units(pg_temp.id('pair offer'), pg_temp.items('{"adult": 1}')) \g /dev/null
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'or fewer');
SELECT booking.update_reservation_units(pg_temp.id('pair offer'), pg_temp.items('{"adult": 1, "child": 1}')) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('pair offer')) \g /dev/null
SELECT public.is((SELECT format('%s %s', b.amount_cents, (SELECT string_agg(u.unit_code, ' ' ORDER BY u.unit)
                                                            FROM booking.booking_units AS u WHERE u.booking_id = b.id))
                    FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id('pair offer')),
                 '4500 adult child', 'and books them, a ticket each');

-- The activity's own price, of nothing, is that of no unit.
UPDATE booking.activity_units SET active = false WHERE code IN ('adult', 'child', 'senior');
SELECT public.is(pg_temp.joins('solo', 'cruise 14', 4),
                 'BK264 unit_items: the activity is sold by units, none of which is for one seat, so that a number of '
                 'seats says too little', 'where no unit is for one seat nobody can say what he waits for');
SELECT booking.cancel_reservation(pg_temp.id('late crew')) \g /dev/null
SELECT public.is(pg_temp.offered('trio'), 'nothing', 'nor is anybody offered seats without a price');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'which is as it should be');
UPDATE booking.activity_units SET active = true WHERE code = 'adult';
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.offered('trio'), '3: 3 adult 3000x1', 'until there is one again');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');

SELECT * FROM public.finish();
ROLLBACK;
