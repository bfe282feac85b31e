-- confirm_reservation: in time, late, twice, with a price and without.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(55);

CREATE FUNCTION pg_temp.booked(name text) RETURNS booking.bookings STABLE LANGUAGE sql AS $$
    SELECT b FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id(name) $$;
CREATE FUNCTION pg_temp.sound(description text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up: ' || description) $$;

-- In time.
SELECT pg_temp.hold('ann', 'tour 9', 3, 'Ann@Example.org') \g /dev/null
CREATE TEMPORARY TABLE answer AS
SELECT c.* FROM booking.confirm_reservation(pg_temp.id('ann'), NULL, 'Ann Müller', '+49 (30) 1-2.3') AS c;
SELECT public.is((SELECT format('%s %s', a.status, a.payment_status) FROM pg_temp.answer AS a),
                 'confirmed not_required', 'a hold without a price becomes a booking');
SELECT public.is((SELECT a.booking_id FROM pg_temp.answer AS a), (pg_temp.booked('ann')).id, 'that refers to the hold');
SELECT public.is(
    (SELECT concat_ws(' | ', b.organization_id, b.customer_name, b.customer_email, b.customer_phone, b.party_size,
                      b.status, b.payment_status, b.refund_status, b.amount_cents, b.total_amount, b.currency,
                      b.scheduled_start, b.scheduled_end, b.version, b.metadata)
       FROM booking.bookings AS b WHERE b.id = (SELECT a.booking_id FROM pg_temp.answer AS a)),
    '1 | Ann Müller | Ann@Example.org | +49 (30) 1-2.3 | 3 | confirmed | not_required | none | 0 | 0 | EUR'
    ' | 2027-03-03 09:00:00+00 | 2027-03-03 10:00:00+00 | 1 | {}', 'with all that is known');
SELECT public.is(booking.organization_of((pg_temp.booked('ann')).id), 1, 'its id carries the organization');
SELECT public.is((SELECT format('%s %s', r.status, r.settled_at IS NOT NULL) FROM booking.slot_reservations AS r
                   WHERE r.id = pg_temp.id('ann')), 'confirmed t', 'the hold is settled');
SELECT public.is(pg_temp.seats_left('tour 9'), 1, 'its seats stay taken');
SELECT public.matches((pg_temp.booked('ann')).booking_number, '^[ACDEFGHJKMNPQRTVWXY34679]{8}$',
                      'the number has eight letters and digits that cannot be mixed up');
SELECT pg_temp.sound('confirmed');

-- Twice.
SELECT public.results_eq($$ SELECT * FROM booking.confirm_reservation(pg_temp.id('ann'), NULL, 'Somebody Else') $$,
                         'SELECT * FROM pg_temp.answer', 'confirmed again, it answers the same');
SELECT public.results_eq($$ SELECT * FROM booking.confirm_reservation(pg_temp.id('ann'), pg_temp.token('ann')) $$,
                         'SELECT * FROM pg_temp.answer', 'by the token as well');
SELECT public.is((pg_temp.booked('ann')).customer_name, 'Ann Müller', 'and changes nothing');
SELECT public.is((SELECT count(*) FROM booking.bookings), 1::bigint, 'there is one booking');
SELECT public.throws_ok($$ SELECT booking.cancel_reservation(pg_temp.id('ann')) $$, 'BK207',
                        format('reservation %s is a booking already', pg_temp.id('ann')),
                        'what is confirmed is not cancelled as a hold');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('ann')) $$, 'BK207', NULL, 'nor extended');
SELECT pg_temp.set_clock('2027-03-01 13:00 UTC') \g /dev/null
SELECT public.is(booking.release_expired_reservations(), 0, 'and never expires');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- Not what was cancelled.
SELECT pg_temp.hold('gone', 'tour 9', 1) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('gone')) \g /dev/null
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('gone')) $$, 'BK206',
                        format('reservation %s was cancelled', pg_temp.id('gone')),
                        'a cancelled hold is not confirmed');
SELECT pg_temp.hold('off', 'tour 9', 1) \g /dev/null
UPDATE booking.sessions SET status = 'cancelled' WHERE id = pg_temp.id('tour 9');
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('off')) $$, 'BK204', NULL,
                        'nor one whose session was cancelled');
UPDATE booking.sessions SET status = 'closed' WHERE id = pg_temp.id('tour 9');
SELECT public.lives_ok($$ SELECT booking.confirm_reservation(pg_temp.id('off')) $$,
                       'a session that was closed meanwhile keeps what it has promised');
UPDATE booking.sessions SET status = 'open' WHERE id = pg_temp.id('tour 9');

-- Prices: by the seat, by the session, fixed when the booking is made.
SELECT pg_temp.hold('two seats', 'massage 9', 2) \g /dev/null
SELECT pg_temp.hold('whole court', 'court 9', 3) \g /dev/null
SELECT public.is((SELECT c.payment_status FROM booking.confirm_reservation(pg_temp.id('two seats')) AS c), 'paid',
                 'with a price, a trusted caller confirms after payment');
SELECT booking.confirm_reservation(pg_temp.id('whole court')) \g /dev/null
SELECT public.is((SELECT format('%s %s %s', b.amount_cents, b.total_amount, b.currency)
                    FROM pg_temp.booked('two seats') AS b), '5000 5000 EUR', 'the price of two seats');
SELECT public.is((pg_temp.booked('whole court')).amount_cents, 4000::bigint,
                 'the price of a session, whatever the party');
UPDATE booking.activities SET price_minor = 9900;
SELECT public.is((pg_temp.booked('two seats')).amount_cents, 5000::bigint, 'a later price does not change it');
SELECT public.is((SELECT c.payment_status FROM booking.confirm_reservation(pg_temp.id('two seats')) AS c), 'paid',
                 'nor the answer to a repeated call');
UPDATE booking.activities SET price_minor = 1000000000000, capacity = 1000000 WHERE id = pg_temp.id('hike');
SELECT pg_temp.add_session('huge', 2, 'hike', '2027-03-05 09:00 UTC', 1000000) \g /dev/null
SELECT pg_temp.hold('everybody', 'huge', 1000000) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('everybody')) \g /dev/null
SELECT public.is((pg_temp.booked('everybody')).amount_cents, 1000000000000000000,
                 'the largest price does not overflow');
UPDATE booking.activities SET price_minor = 0;
SELECT pg_temp.sound('priced');

-- Late: first while the seats are still there, then when they were released, then when they are gone.
SELECT pg_temp.hold('late', 'tour 11', 2) \g /dev/null
SELECT pg_temp.hold('later', 'tour 11', 1) \g /dev/null
SELECT pg_temp.hold('too late', 'tour 11', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:20 UTC') \g /dev/null
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('late')) AS c), 'confirmed',
                 'expired and not released: its seats are still its own');
SELECT public.is(pg_temp.seats_left('tour 11'), 0, 'no seat is taken twice');
SELECT public.is(booking.release_expired_reservations(), 2, 'the others are released');
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('later'), pg_temp.token('later')) AS c),
                 'confirmed', 'released: it takes its seats again, by the token too');
SELECT public.is(pg_temp.seats_left('tour 11'), 1, 'from those that are free');
SELECT pg_temp.sound('late');
SELECT pg_temp.hold('rival', 'tour 11', 1) \g /dev/null
CREATE TEMPORARY TABLE before AS SELECT pg_temp.books() AS books;
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('too late')) $$, 'BK211',
                        (SELECT format('the hold %s ran out at %s and its session has no room for a party of 1', r.id,
                                       r.expires_at)
                           FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('too late')),
                        'without room it is refused');
SELECT public.is(pg_temp.books(), (SELECT b.books FROM pg_temp.before AS b), 'and nothing has changed');
SELECT pg_temp.set_clock('2027-03-01 12:40 UTC') \g /dev/null
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('too late')) AS c), 'confirmed',
                 'the rival''s hold has run out: the seat of one goes to the other, without the job');
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('rival')) $$, 'BK211', NULL,
                        'and the rival is too late in turn');
SELECT pg_temp.sound('late without room');
SELECT pg_temp.hold('slept', 'massage 9', 1) \g /dev/null
SELECT pg_temp.hold('overslept', 'massage 9', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-03 09:30 UTC') \g /dev/null
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('slept')) AS c), 'confirmed',
                 'a payment that arrives after the start finds its seat, if it was never released');
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('overslept')) $$, 'BK211', NULL,
                        'after the start no seat is taken again');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- Customers: one row an address, which a visitor completes but does not overwrite.
SELECT public.is((SELECT count(*) FROM booking.customers AS c WHERE lower(c.email) = 'guest@example.org'
                     AND c.organization_id = 1), 1::bigint, 'one customer an address');
SELECT pg_temp.add_session('tour 12', 1, 'tour', '2027-03-04 12:00 UTC', 4) \g /dev/null
SELECT pg_temp.hold(n.name, 'tour 12', 1, n.email)
  FROM (VALUES ('bob 1', 'bob@example.org'), ('bob 2', 'BOB@example.org'), ('bob 3', 'Bob@Example.Org'))
    AS n (name, email) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('bob 1')) \g /dev/null
SELECT public.is((SELECT format('%s %s %s', c.email, c.name, c.phone) FROM booking.customers AS c
                   WHERE lower(c.email) = 'bob@example.org'), 'bob@example.org  ', 'a customer without a name');
SELECT booking.confirm_reservation(pg_temp.id('bob 2'), NULL, 'Bob', '555-1') \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('bob 3'), pg_temp.token('bob 3'), 'Mallory', '666-6') \g /dev/null
SELECT public.bag_eq(
    $$ SELECT c.email, c.name, c.phone FROM booking.customers AS c WHERE lower(c.email) = 'bob@example.org' $$,
    $$ VALUES ('bob@example.org', 'Bob', '555-1') $$, 'the first name and phone stay, whatever a later caller says');
SELECT public.is((SELECT count(DISTINCT b.customer_id) FROM booking.bookings AS b
                   WHERE lower(b.customer_email) = 'bob@example.org'), 1::bigint, 'three bookings, one customer');
SELECT public.is((pg_temp.booked('bob 3')).customer_name, 'Mallory', 'the booking keeps what was said with it');

-- The states of a booking: what the table of transitions does not list is refused, whoever writes.
SELECT public.throws_ok(
    format($$ UPDATE booking.bookings SET %s WHERE reservation_id = pg_temp.id('bob 1') $$, c.change), 'BK212',
    format('%s may not change from "%s" to "%s"', c.of, c.was, c.becomes), 'no: ' || c.change)
  FROM (VALUES ('status = ''pending''', 'status', 'confirmed', 'pending'),
               ('status = ''checked_out''', 'status', 'confirmed', 'checked_out'),
               ('payment_status = ''refunded''', 'payment_status', 'not_required', 'refunded'),
               ('payment_status = ''failed''', 'payment_status', 'not_required', 'failed'))
    AS c (change, of, was, becomes);
SELECT public.throws_ok($$ UPDATE booking.slot_reservations SET status = 'pending', settled_at = NULL
                            WHERE id = pg_temp.id('bob 1') $$, 'BK212',
                        'status may not change from "confirmed" to "pending"', 'nor does a confirmed hold open again');
SELECT public.lives_ok($$ UPDATE booking.bookings SET status = 'checked_in', refund_status = 'none', notes = 'x'
                           WHERE reservation_id = pg_temp.id('bob 1') $$, 'what it lists may be');
SELECT public.throws_ok($$ UPDATE booking.bookings SET total_amount = 1 $$, '428C9', NULL,
                        'total_amount is not to be written');

-- Numbers are random: none is like another, and the order of bookings cannot be seen in them.
SELECT pg_temp.add_session('many', 2, 'hike', '2027-03-06 09:00 UTC', 1000) \g /dev/null
SELECT pg_temp.hold('n' || n, 'many', 1, 'n@example.org') FROM generate_series(1, 200) AS n \g /dev/null
SELECT booking.confirm_reservation(n.id) FROM pg_temp.named AS n WHERE n.name ~ '^n[0-9]+$' \g /dev/null
SELECT public.is_empty(
    $$ SELECT b.booking_number FROM booking.bookings AS b
        WHERE b.booking_number !~ '^[ACDEFGHJKMNPQRTVWXY34679]{8}$' $$,
    'all numbers are of the alphabet');
SELECT public.is((SELECT count(DISTINCT l)
                    FROM booking.bookings AS b, regexp_split_to_table(b.booking_number, '') AS l), 24::bigint,
                 'and use all of it');
SELECT public.cmp_ok((SELECT count(*) FROM (SELECT b.booking_number > lag(b.booking_number) OVER (ORDER BY b.id) AS up
                                             FROM booking.bookings AS b) AS x WHERE x.up), '<', 150::bigint,
                     'and do not rise with time');
SELECT pg_temp.sound('at the end');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
