-- What contradicts itself: refunds under another payment's name, other currencies, several amounts, several bookings.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
\ir shared/packages.sql
SELECT public.plan(80);

SELECT pg_temp.source('shop', 'hmac'), pg_temp.source('stripe', 'stripe') \g /dev/null
CREATE FUNCTION pg_temp.paid(id text, amount text, name text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.simple('paid ' || id || amount, 'payment.succeeded', format(
        '{"id": "%s", "amount": %s, "currency": "EUR", "metadata": {"booking_token": "token:%s"}}', id, amount, name)) $$;
CREATE FUNCTION pg_temp.paid_hold(id text, amount text, name text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.simple('paid ' || id || amount, 'payment.succeeded', format(
        '{"id": "%s", "amount": %s, "currency": "EUR", "metadata": {"reservation_id": "id:%s"}}', id, amount, name)) $$;

-- A refund is of one payment.
SELECT pg_temp.sale('a1'), pg_temp.sale('a2') \g /dev/null
SELECT pg_temp.paid('p1', '50', 'a1'), pg_temp.paid('p2', '50', 'a2') \g /dev/null
SELECT public.is(pg_temp.simple('a3', 'refund.received', '{"id": "r1", "payment_id": "p1", "amount": 10, "currency": "EUR"}'),
                 'applied', 'a refund');
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.simple('a4', 'refund.received', '{"id": "r1", "payment_id": "p2", "amount": 50, "currency": "EUR"}'),
                 'conflict', 'the same refund of another payment');
SELECT public.is(pg_temp.reason('a4'), 'conflict: the refund "r1" is known as one of another payment', 'by its reason');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('payment.conflict') $$, 'is told');
SELECT public.is(pg_temp.account('p1') || ', ' || pg_temp.account('p2'),
                 'partially_refunded 5000 EUR -1000 accepted, paid 5000 EUR -0 accepted', 'and changes neither');
SELECT public.is(pg_temp.simple('a5', 'refund.received', '{"id": "r1", "payment_id": "p1", "amount": 50, "currency": "USD"}'),
                 'conflict', 'the same refund in another currency');
SELECT public.is(pg_temp.simple('a6', 'refund.received', '{"id": "r1", "payment_id": "p9", "amount": 50, "currency": "EUR"}'),
                 'conflict', 'the same refund of a payment that nobody knows');
SELECT public.is(pg_temp.standing('a1') || ', ' || pg_temp.standing('a2'),
                 'paid partially_refunded done, paid paid none', 'nothing has changed');
SELECT public.is(pg_temp.account('p9'), NULL, 'no payment was made up for it');

-- Other currencies.
SELECT pg_temp.sale('b1'), pg_temp.sale('b2') \g /dev/null
SELECT pg_temp.paid('p3', '50', 'b1') \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.simple('b3', 'refund.received', '{"id": "r3", "payment_id": "p3", "amount": 5000, "currency": "JPY"}'),
                 'conflict', 'a refund in another currency');
SELECT public.is(pg_temp.standing('b1') || ', ' || pg_temp.account('p3'),
                 'paid paid none, paid 5000 EUR -0 accepted', 'is none of this payment');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('payment.conflict') $$, 'it is told');
SELECT pg_temp.stripe('b4', 'payment_intent.succeeded', '{"id": "pi_1", "amount_received": 5000, "currency": "eur",
    "metadata": {"booking_token": "token:b2"}}') \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.stripe('b5', 'charge.refunded', '{"id": "ch_1", "payment_intent": "pi_1",
    "amount_refunded": 5000, "currency": "jpy"}'), 'conflict', 'a sum of refunds in another currency');
SELECT public.is(pg_temp.standing('b2') || ', ' || pg_temp.account('pi_1'),
                 'paid paid none, paid 5000 EUR -0 accepted', 'cancels nothing');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('payment.conflict') $$, 'it is told');
SELECT public.is(pg_temp.stripe('b6', 'charge.refunded', '{"id": "ch_1", "payment_intent": "pi_1",
    "amount_refunded": 2000, "currency": "eur"}'), 'applied', 'in the payment''s it counts');
SELECT public.is(pg_temp.account('pi_1'), 'partially_refunded 5000 EUR -2000 accepted', 'although it is less');
SELECT pg_temp.sale('b7') \g /dev/null
SELECT pg_temp.stripe('b8', 'charge.refunded', '{"id": "ch_2", "payment_intent": "pi_2", "amount_refunded": 5000,
    "currency": "jpy"}') \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.stripe('b9', 'payment_intent.succeeded', '{"id": "pi_2", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_token": "token:b7"}}'), 'applied', 'the refund was here before the payment');
SELECT public.is(pg_temp.standing('b7') || ', ' || pg_temp.account('pi_2'),
                 'paid paid none, paid 5000 EUR -0 accepted', 'which is paid');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('payment.conflict'), ('booking.paid'), ('payment.paid') $$,
                     'the refund is told when the payment shows its currency');

-- Several amounts of one payment: one of them is the price.
SELECT pg_temp.sale('c1'), pg_temp.sale('c2') \g /dev/null
SELECT public.is(pg_temp.paid('p4', '50', 'c1') || pg_temp.paid('p4', '60', 'c1'), 'appliedapplied', 'the price, then more');
SELECT public.is(pg_temp.paid('p5', '60', 'c2') || pg_temp.paid('p5', '50', 'c2'), 'conflictapplied', 'more, then the price');
SELECT public.is(pg_temp.standing('c1') || ', ' || pg_temp.account('p4'),
                 'paid paid due, paid 6000 EUR -0 accepted due 1000', 'what is more is due');
SELECT public.is(pg_temp.standing('c2') || ', ' || pg_temp.account('p5'),
                 'paid paid due, paid 6000 EUR -0 accepted due 1000', 'in either order');

-- Two payments, one refund: the booking lives on the first.
SELECT pg_temp.sale('d1'), pg_temp.sale('d2'), pg_temp.sale('d3') \g /dev/null
CREATE FUNCTION pg_temp.back(id text, payment text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.simple('back ' || id, 'refund.received', format(
        '{"id": "%s", "payment_id": "%s", "amount": 50, "currency": "EUR"}', id, payment)) $$;
SELECT pg_temp.paid('p6', '50', 'd1'), pg_temp.back('r6', 'p6'), pg_temp.paid('p6b', '50', 'd1') \g /dev/null
SELECT pg_temp.paid('p7', '50', 'd2'), pg_temp.paid('p7b', '50', 'd2'), pg_temp.back('r7', 'p7') \g /dev/null
SELECT public.is(pg_temp.standing('d1') || ', ' || pg_temp.account('p6b'),
                 'cancelled partially_refunded due, paid 5000 EUR -0 accepted due 5000', 'paid, refunded, paid');
SELECT public.is(pg_temp.standing('d2') || ', ' || pg_temp.account('p7b'),
                 'cancelled partially_refunded due, paid 5000 EUR -0 accepted due 5000', 'paid, paid, refunded');
SELECT pg_temp.paid('p8', '50', 'd3'), pg_temp.paid('p8b', '50', 'd3'), pg_temp.back('r8', 'p8b') \g /dev/null
SELECT public.is(pg_temp.standing('d3') || ', ' || pg_temp.account('p8'),
                 'paid paid done, paid 5000 EUR -0 accepted', 'the second goes back: the booking stays');

-- A refund that failed and never was in the sum.
SELECT pg_temp.sale('e1') \g /dev/null
SELECT pg_temp.stripe('e2', 'payment_intent.succeeded', '{"id": "pi_3", "amount_received": 5000, "currency": "eur",
           "metadata": {"booking_token": "token:e1"}}'),
       pg_temp.stripe('e3', 'refund.failed', '{"id": "re_3", "payment_intent": "pi_3", "amount": 3000, "currency": "eur"}'),
       pg_temp.stripe('e4', 'charge.refunded', '{"id": "ch_3", "payment_intent": "pi_3", "amount_refunded": 2000,
           "currency": "eur"}') \g /dev/null
SELECT public.is(pg_temp.account('pi_3'), 'partially_refunded 5000 EUR -2000 accepted', 'is not taken from it');

-- Refunds without an amount.
SELECT pg_temp.sale('f1'), pg_temp.sale('f2') \g /dev/null
SELECT pg_temp.paid('p10', '50', 'f1'), pg_temp.paid('p11', '50', 'f2') \g /dev/null
SELECT public.is(pg_temp.simple('f3', 'refund.done', '{"id": "r10", "payment_id": "p10"}'), 'conflict', 'without an amount');
SELECT public.is(pg_temp.reason('f3'), 'conflict: an amount is missing', 'it cannot be counted');
SELECT public.is(pg_temp.standing('f1'), 'paid paid none', 'and cancels nothing');
SELECT public.is(pg_temp.simple('f4', 'refund.done', '{"id": "r11", "payment_id": "p10", "refunded": true}'), 'applied',
                 'unless it says that it is all');
SELECT public.is(pg_temp.standing('f1'), 'cancelled refunded done', 'which it then is');
SELECT public.is(pg_temp.simple('f5', 'refund.received', '{"id": "r12", "payment_id": "p11"}'), 'applied',
                 'the older word means all of it');
SELECT public.is(pg_temp.standing('f2'), 'cancelled refunded done', 'too');
SELECT public.is(pg_temp.simple('f6', 'refund.done', '{"id": "r12", "payment_id": "p11", "amount": 20, "currency": "EUR"}'),
                 'applied', 'the same refund with an amount');
SELECT public.is(pg_temp.standing('f2') || ', ' || pg_temp.account('p11'),
                 'cancelled partially_refunded due, partially_refunded 5000 EUR -2000 accepted due 3000', 'corrects it');

-- Several bookings.
SELECT pg_temp.sale('g1'), pg_temp.sale('g2') \g /dev/null
SELECT public.is(pg_temp.simple('g3', 'payment.pending', '{"id": "p12", "metadata": {"booking_token": "token:g1"}}'), 'applied',
                 'a payment for one booking');
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.paid('p12', '50', 'g2'), 'conflict', 'arrives for another');
SELECT public.is(pg_temp.standing('g1') || ', ' || pg_temp.standing('g2') || ', ' || pg_temp.account('p12'),
                 'pending pending none, pending pending none, conflict 5000 EUR -0', 'and pays neither');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('payment.conflict') $$, 'which is told');
SELECT public.is(pg_temp.paid('p12', '51', 'g1'), 'conflict', 'nor does it later');
SELECT public.is(pg_temp.simple('g4', 'payment.succeeded', '{"id": "p13", "amount": 50, "currency": "EUR",
    "metadata": {"booking_token": "wrong", "booking_id": "id:g2"}}'), 'failed', 'an id does not make up for a wrong token');
SELECT public.is(pg_temp.simple('g5', 'payment.succeeded', '{"id": "p14", "amount": 50, "currency": "EUR",
    "metadata": {"booking_token": "token:g1", "booking_id": "id:g2"}}'), 'conflict', 'a token and an id that differ');
SELECT public.is(pg_temp.standing('g1') || ', ' || pg_temp.standing('g2'),
                 'pending pending none, pending pending none', 'pay nothing');
SELECT public.is(pg_temp.simple('g6', 'payment.succeeded', '{"id": "p15", "amount": 50, "currency": "EUR",
    "metadata": {"booking_token": "token:g1", "booking_id": "id:g1"}}'), 'applied', 'both of the same do');

-- Money for a hold that is confirmed by hand after all.
SELECT pg_temp.add_session('ms', 1, 'massage', '2027-03-05 09:00 UTC', 2), pg_temp.hold('h1', 'ms', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 13:00 UTC'), pg_temp.hold('h2', 'ms', 2) \g /dev/null
SELECT public.is(pg_temp.paid_hold('p16', '50', 'h1'), 'applied', 'there was no room');
SELECT public.is(pg_temp.account('p16'), 'paid 5000 EUR -0 due 5000', 'it is due');
SELECT booking.cancel_reservation(pg_temp.id('h2')) \g /dev/null
SELECT public.is(pg_temp.paid_hold('p17', '20', 'h1'), 'conflict', 'and too little');
SELECT public.results_eq($$ SELECT c.status, c.payment_status FROM booking.confirm_reservation(pg_temp.id('h1')) AS c $$,
                         $$ VALUES ('confirmed', 'paid') $$, 'now there is room');
SELECT public.is(pg_temp.account('p16') || ', ' || pg_temp.account('p17'),
                 'paid 5000 EUR -0 accepted, conflict 2000 EUR -0', 'the money is the booking''s and stays');
SELECT public.is(pg_temp.back('r16', 'p16'), 'applied', 'until it goes back');
SELECT public.is((SELECT format('%s %s', b.status, b.payment_status) FROM booking.bookings AS b
                   WHERE b.reservation_id = pg_temp.id('h1')), 'cancelled refunded', 'with the booking');

-- A hold costs what it cost when it was made.
SELECT pg_temp.set_clock('2027-03-01 13:05 UTC') \g /dev/null
SELECT pg_temp.add_session('ms2', 1, 'massage', '2027-03-06 09:00 UTC', 8), pg_temp.hold('h3', 'ms2', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 13:06 UTC') \g /dev/null
UPDATE booking.activities SET price_minor = 2600 WHERE id = pg_temp.id('massage');
UPDATE booking.activities SET price_minor = 2700 WHERE id = pg_temp.id('massage');
UPDATE booking.activities SET name = 'Massages' WHERE id = pg_temp.id('massage');
SELECT public.results_eq('SELECT a.price_minor, a.price_basis, a.currency FROM booking.activity_prices AS a ORDER BY a.valid_until',
                         $$ VALUES (2500::bigint, 'seat', 'EUR'), (2600, 'seat', 'EUR') $$, 'former prices are kept');
SELECT pg_temp.set_clock('2027-03-01 13:07 UTC'), pg_temp.hold('h4', 'ms2', 1) \g /dev/null
SELECT public.is(pg_temp.paid_hold('p18', '50', 'h3'), 'applied', 'the price of then for a hold of then');
SELECT public.is(pg_temp.paid_hold('p19', '27', 'h4'), 'applied', 'the price of now for a hold of now');

-- Sessions that have begun stay as they are.
SELECT pg_temp.buy('k1', 'monthly') \g /dev/null
SELECT pg_temp.simple('k2', 'payment.succeeded', '{"id": "p20", "amount": 180, "currency": "EUR",
           "metadata": {"booking_token": "token:k1"}}'),
       pg_temp.schedule('k1', '2027-03-03 09:00 UTC'), pg_temp.schedule('k1', '2027-03-03 11:00 UTC') \g /dev/null
SELECT pg_temp.set_clock('2027-03-03 09:30 UTC') \g /dev/null
SELECT public.is(pg_temp.simple('k3', 'refund.received', '{"id": "r20", "payment_id": "p20", "amount": 180,
    "currency": "EUR"}'), 'applied', 'all goes back while the first session is on');
SELECT public.bag_eq($$ SELECT b.scheduled_start = '2027-03-03 09:00 UTC', b.status FROM booking.bookings AS b
                         WHERE pg_temp.id('k1') IN (b.id, b.package_booking_id) $$,
                     $$ VALUES (true, 'scheduled'), (false, 'cancelled') $$, 'what is to come is cancelled, and only that');
SELECT public.is(pg_temp.seats_left('tour 11'), 4, 'its seats are free');

-- Somebody decides.
CREATE FUNCTION pg_temp.payment(reference text) RETURNS uuid STABLE LANGUAGE sql AS $$
    SELECT p.id FROM booking.payments AS p WHERE p.provider_ref = reference $$;
SELECT pg_temp.sale('m1'), pg_temp.sale('m2'), pg_temp.sale('m3') \g /dev/null
SELECT pg_temp.paid('p30', '49', 'm1'), pg_temp.paid('p31', '51', 'm2'),
       pg_temp.simple('m4', 'payment.succeeded', '{"id": "p32", "amount": 50, "currency": "EUR"}'),
       pg_temp.simple('m5', 'payment.succeeded', '{"id": "p33", "amount": 50, "currency": "USD",
           "metadata": {"booking_token": "token:m3"}}') \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(booking.resolve_payment(pg_temp.payment('p30'), 'accept'), 'paid', 'too little is accepted');
SELECT public.is(pg_temp.standing('m1') || ', ' || pg_temp.account('p30'), 'paid paid none, paid 4900 EUR -0 accepted', 'and pays');
SELECT public.is(booking.resolve_payment(pg_temp.payment('p30'), 'accept'), 'paid', 'once more');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('booking.paid'), ('payment.paid') $$, 'it is told once');
SELECT public.is((SELECT format('%s %s %s', c.changes ->> 'payment_decision', c.actor_kind, c.actor <> '')
                    FROM booking.booking_changes AS c
                   WHERE c.booking_id = pg_temp.id('m1') AND c.changes ? 'payment_decision'),
                 '[null, "accept"] database t', 'with whoever has decided it');
SELECT public.is(booking.resolve_payment(pg_temp.payment('p31'), 'refund'), 'conflict', 'too much is refunded');
SELECT public.is(pg_temp.standing('m2') || ', ' || pg_temp.account('p31'), 'pending pending none, conflict 5100 EUR -0 due 5100',
                 'and due');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('refund.due') $$, 'which is told');
SELECT public.is(pg_temp.paid('p31', '50', 'm2'), 'conflict', 'what comes later');
SELECT public.is(pg_temp.standing('m2'), 'pending pending none', 'does not change the decision');
SELECT public.throws_ok($$ SELECT booking.resolve_payment(pg_temp.payment('p31'), 'accept') $$, 'BK227', NULL, 'nor does anybody');
SELECT public.throws_ok($$ SELECT booking.resolve_payment(pg_temp.payment('p32'), 'accept') $$, 'BK227', NULL, 'for which booking?');
SELECT public.is(booking.resolve_payment(pg_temp.payment('p32'), 'accept', pg_temp.id('m2')), 'paid', 'for this one');
SELECT public.is(pg_temp.standing('m2'), 'paid paid none', 'it is paid');
SELECT public.throws_ok($$ SELECT booking.resolve_payment(pg_temp.payment('p33'), 'accept') $$, 'BK227', NULL, 'another currency is no price');
SELECT public.throws_ok($$ SELECT booking.resolve_payment(pg_temp.payment('p33'), 'keep') $$, 'BK021', NULL, 'no decision');
SELECT public.throws_ok($$ SELECT booking.resolve_payment(booking.new_id(1), 'refund') $$, 'BK106', NULL, 'no payment');
SELECT pg_temp.set_clock('2027-03-04 09:00 UTC'), pg_temp.hold('m6', 'ms2', 1) \g /dev/null
SELECT pg_temp.paid_hold('p34', '20', 'm6') \g /dev/null
SELECT booking.resolve_payment(pg_temp.payment('p34'), 'refund') \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('m6')) \g /dev/null
SELECT public.is(pg_temp.account('p34'), 'conflict 2000 EUR -0 due 2000', 'what is to be refunded is due although the hold is confirmed');
SELECT public.is((SELECT p.booking_id IS NOT NULL FROM booking.payments AS p WHERE p.provider_ref = 'p34'), true,
                 'and belongs to its booking');
SET LOCAL ROLE booking_member;
SELECT public.throws_ok($$ SELECT booking.resolve_payment(booking.new_id(1), 'refund') $$, '42501', NULL, 'not for everybody');
RESET ROLE;

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books agree');
SELECT * FROM public.finish();
ROLLBACK;
