-- What keeps visitors from taking all that is free of charge, and from writing into what is known of others.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
\ir shared/packages.sql
SELECT public.plan(27);
UPDATE booking.packages SET live_bookings_per_email = NULL;

-- One free booking that is not over.
SELECT public.lives_ok($$ SELECT pg_temp.buy('d1', 'discovery') $$, 'the first');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.buy('d2', 'discovery', '{"customerEmail": "ADA@example.org"}') $$),
                 'BK219 -: this e-mail address has 1 bookings of package "discovery" already', 'the second');
SELECT public.lives_ok($$ SELECT pg_temp.buy('e1', 'discovery', '{"customerEmail": "eve@example.org"}') $$, 'another person');
SELECT public.lives_ok($$ SELECT pg_temp.buy('c1', 'call') $$, 'another package');
SELECT public.lives_ok($$ SELECT pg_temp.buy('s' || n, 'single') FROM generate_series(1, 3) AS n $$, 'what costs something');
SELECT pg_temp.schedule('d1', '2027-03-03 09:00 UTC') \g /dev/null
SELECT public.is(left(pg_temp.refused($$ SELECT pg_temp.buy('d2', 'discovery') $$), 5), 'BK219', 'until it has been');
SELECT pg_temp.set_clock('2027-03-03 09:59 UTC') \g /dev/null
SELECT public.is(left(pg_temp.refused($$ SELECT pg_temp.buy('d2', 'discovery') $$), 5), 'BK219', 'to the end');
SELECT pg_temp.set_clock('2027-03-03 10:01 UTC') \g /dev/null
SELECT public.lives_ok($$ SELECT pg_temp.buy('d2', 'discovery') $$, 'then there is another');
SELECT pg_temp.set_clock('2027-04-05 12:00 UTC') \g /dev/null
SELECT public.lives_ok($$ SELECT pg_temp.buy('d3', 'discovery') $$, 'also after the time to schedule it');
UPDATE booking.bookings SET status = 'cancelled' WHERE id = pg_temp.id('d3');
SELECT public.lives_ok($$ SELECT pg_temp.buy('d4', 'discovery') $$, 'or when it was cancelled');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- The organization may set its own limit.
UPDATE booking.packages SET live_bookings_per_email = 5 WHERE id = 'single' AND organization_id = 1;
SELECT public.lives_ok($$ SELECT pg_temp.buy('s' || n, 'single') FROM generate_series(4, 5) AS n $$, 'up to the limit');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.buy('s6', 'single') $$),
                 'BK219 -: this e-mail address has 5 bookings of package "single" already', 'and not beyond');
SELECT public.throws_ok($$ UPDATE booking.packages SET live_bookings_per_email = 0 WHERE id = 'single' $$, '23514', NULL,
                        'none at all is no limit');
SELECT public.is((SELECT a.request = b.request FROM (SELECT booking.booking_create(1, pg_temp.wanted(
    '{"customerEmail": "key@example.org", "idempotencyKey": "a-key-of-16-or-more"}')) AS request) AS a,
    LATERAL (SELECT booking.booking_create(1, pg_temp.wanted(
    '{"customerEmail": "key@example.org", "idempotencyKey": "a-key-of-16-or-more"}')) AS request
              WHERE a.request IS NOT NULL) AS b), true, 'a repeated request is the same booking');

-- What nobody pays is cancelled a week after its time, and money that still comes goes back.
SELECT pg_temp.source('shop', 'hmac') \g /dev/null
SELECT pg_temp.simple('o', 'payment.succeeded', '{"id": "odd", "amount": 49, "currency": "EUR",
    "metadata": {"booking_token": "token:s2"}}') \g /dev/null
SELECT pg_temp.set_clock('2027-03-09 11:59 UTC') \g /dev/null
SELECT public.is(booking.cancel_unpaid_bookings(), 0, 'not yet');
SELECT pg_temp.set_clock('2027-03-09 12:01 UTC') \g /dev/null
SELECT public.is(booking.cancel_unpaid_bookings(8), 0, 'nor for who waits longer');
SELECT public.is(booking.cancel_unpaid_bookings(), 4, 'those without any money are');
SELECT public.is(pg_temp.standing('s1'), 'cancelled pending none', 'cancelled');
SELECT public.is(pg_temp.standing('s2'), 'pending pending none', 'one with the wrong amount is for a person to decide');
SELECT pg_temp.simple('l', 'payment.succeeded', '{"id": "late", "amount": 50, "currency": "EUR",
    "metadata": {"booking_token": "token:s1"}}') \g /dev/null
SELECT public.is(pg_temp.standing('s1') || ', ' || pg_temp.account('late'),
                 'cancelled paid due, paid 5000 EUR -0 accepted due 5000', 'late money is due for refund');
SELECT public.throws_ok('SELECT booking.cancel_unpaid_bookings(0)', 'BK013', 'days must be between 1 and 365, got 0',
                        'days that are none');

-- A visitor may type anybody's e-mail.
INSERT INTO booking.customers (organization_id, id, email, user_id)
VALUES (1, booking.new_id(1), 'known@example.org', 'user-known');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
SELECT pg_temp.buy('k', 'discovery', '{"customerEmail": "KNOWN@example.org", "customerName": "Mallory",
    "customerPhone": "+49 30 1234"}') \g /dev/null
SELECT pg_temp.hold('visit', 'tour 11', 1, 'known@example.org') \g /dev/null
SELECT pg_temp.hold('front desk', 'tour 11', 1, 'known@example.org') \g /dev/null
SET LOCAL ROLE booking_public;
SELECT booking.confirm_reservation(pg_temp.id('visit'), pg_temp.token('visit'), 'Mallory', '+49 30 1234') \g /dev/null
RESET ROLE;
SELECT public.results_eq($$ SELECT c.name, c.phone FROM booking.customers AS c WHERE c.email = 'known@example.org' $$,
                         $$ VALUES (NULL::text, NULL::text) $$, 'what is known of a customer stays as it is');
SELECT booking.confirm_reservation(pg_temp.id('front desk'), NULL, 'Kay', NULL) \g /dev/null
SELECT public.results_eq($$ SELECT c.name, c.phone FROM booking.customers AS c WHERE c.email = 'known@example.org' $$,
                         $$ VALUES ('Kay', NULL::text) $$, 'a trusted caller completes it');

-- Messages are logged: nobody's address, number or token is in them.
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.buy('x', 'single', '{"customerEmail": "ada at example.org"}') $$),
                 'BK015 customerEmail: customerEmail must be an e-mail address', 'an address that is none');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.buy('x', 'single', '{"customerPhone": "call me on 1"}') $$),
                 'BK015 customerPhone: customerPhone must be a telephone number', 'a number that is none');
SELECT public.is(pg_temp.refused($$ SELECT pg_temp.schedule('k', '2027-03-03 11:00 UTC',
                                                            jsonb_build_object('bookingId', pg_temp.token('k'))) $$),
                 'BK015 bookingId: bookingId must be a uuid', 'a token in the wrong place');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books agree');
SELECT * FROM public.finish();
ROLLBACK;
