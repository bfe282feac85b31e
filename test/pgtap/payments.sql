-- What events of payments do: to payments and refunds, to bookings, to holds and their seats.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
SELECT public.plan(194);

SELECT pg_temp.source('stripe', 'stripe'), pg_temp.source('airwallex', 'airwallex'),
       pg_temp.source('payment-webhook', 'airwallex', '{"refund_on_received": true}'),
       pg_temp.source('shop', 'hmac'), pg_temp.source('wary shop', 'hmac', '{"refund_on_received": false}') \g /dev/null

-- Stripe: a checkout.
SELECT pg_temp.sale('s1') \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.stripe('e1', 'checkout.session.completed', '{"id": "cs_1", "payment_intent": "pi_1",
    "payment_status": "unpaid", "amount_total": 5000, "currency": "eur", "metadata": {"booking_token": "token:s1"}}'),
    'applied', 'a checkout that is complete and not paid');
SELECT public.is(pg_temp.standing('s1'), 'pending pending none', 'does not pay the booking');
SELECT public.is(pg_temp.stripe('e2', 'payment_intent.processing', '{"id": "pi_1"}'), 'applied', 'processing');
SELECT public.is(pg_temp.standing('s1'), 'pending pending none', 'neither does that');
SELECT public.is(pg_temp.stripe('e3', 'payment_intent.payment_failed', '{"id": "pi_1"}'), 'applied', 'an attempt fails');
SELECT public.is(pg_temp.standing('s1'), 'pending failed none', 'the booking says so');
SELECT public.is(pg_temp.account('pi_1'), 'failed 0  -0', 'the payment too');
SELECT public.is(pg_temp.stripe('e4', 'checkout.session.async_payment_succeeded', '{"id": "cs_1",
    "payment_intent": "pi_1", "payment_status": "paid", "amount_total": 5000, "currency": "eur"}'), 'applied',
    'a later one succeeds; the payment is known by its intent');
SELECT public.is(pg_temp.standing('s1'), 'paid paid none', 'the booking is paid');
SELECT public.is(pg_temp.account('pi_1'), 'paid 5000 EUR -0 accepted', 'by this payment');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('booking.paid'), ('payment.failed'), ('payment.paid') $$,
                     'each told once');
SELECT public.is(pg_temp.stripe('e5', 'payment_intent.succeeded', '{"id": "pi_1", "amount_received": 5000,
    "currency": "eur"}'), 'applied', 'the same money by another event');
SELECT public.is(pg_temp.stripe('e6', 'payment_intent.canceled', '{"id": "pi_1"}'), 'applied', 'an old failure');
SELECT public.is(pg_temp.stripe('e7', 'checkout.session.async_payment_failed', '{"id": "cs_1",
    "payment_intent": "pi_1"}'), 'applied', 'and another');
SELECT public.is(pg_temp.standing('s1') || ', ' || pg_temp.account('pi_1'),
                 'paid paid none, paid 5000 EUR -0 accepted', 'paid never goes back to failed');
SELECT public.is_empty('SELECT pg_temp.reports()', 'nothing happened');

-- Again, under the same id.
SELECT public.is(pg_temp.stripe('e5', 'payment_intent.succeeded', '{"id": "pi_1", "amount_received": 5000,
    "currency": "eur"}'), 'duplicate', 'an event that comes again');
SELECT public.is((SELECT count(*) FROM booking.payment_events WHERE external_id = 'e5' AND other_body_hash IS NULL), 1::bigint,
                 'is one row');
SELECT public.is(pg_temp.stripe('e5', 'charge.refunded', '{"id": "ch_1", "payment_intent": "pi_1",
    "amount_refunded": 5000, "currency": "eur"}'), 'duplicate', 'the same id with another body');
SELECT public.ok((SELECT e.other_body_hash IS NOT NULL AND e.event_type = 'payment_intent.succeeded'
                    FROM booking.payment_events AS e WHERE e.external_id = 'e5'), 'leaves a trace');
SELECT public.is(pg_temp.standing('s1'), 'paid paid none', 'and has no effect');
SELECT public.is(pg_temp.stripe('e5b', 'payment_intent.succeeded', '{"id": "pi_1", "amount_received": 5000,
    "currency": "eur"}'), 'applied', 'the same body with another id');
SELECT public.is(pg_temp.account('pi_1'), 'paid 5000 EUR -0 accepted', 'has none either');

-- Refunds of Stripe.
SELECT public.is(pg_temp.stripe('e8', 'refund.created', '{"id": "re_1", "payment_intent": "pi_1", "amount": 2000,
    "currency": "eur", "status": "pending"}'), 'applied', 'a part is to go back');
SELECT public.is(pg_temp.standing('s1'), 'paid paid pending', 'under way');
SELECT public.is(pg_temp.stripe('e9', 'refund.updated', '{"id": "re_1", "payment_intent": "pi_1", "amount": 2000,
    "currency": "eur", "status": "succeeded"}'), 'applied', 'done');
SELECT public.is(pg_temp.standing('s1'), 'paid partially_refunded done', 'in part');
SELECT public.is(pg_temp.stripe('e10', 'charge.refunded', '{"id": "ch_1", "payment_intent": "pi_1", "amount": 5000,
    "amount_refunded": 2000, "currency": "eur", "refunded": false}'), 'applied', 'the charge says the same');
SELECT public.is(pg_temp.account('pi_1'), 'partially_refunded 5000 EUR -2000 accepted', 'it is not counted twice');
SELECT public.is(pg_temp.stripe('e11', 'charge.refund.updated', '{"id": "re_2", "payment_intent": "pi_1",
    "amount": 3000, "currency": "eur", "status": "succeeded"}'), 'applied', 'the rest');
SELECT public.is(pg_temp.standing('s1') || ', ' || pg_temp.account('pi_1'),
                 'cancelled refunded done, refunded 5000 EUR -5000 accepted', 'all of it: the booking is cancelled');
SELECT public.is(pg_temp.stripe('e12', 'refund.failed', '{"id": "re_2", "payment_intent": "pi_1", "amount": 3000,
    "currency": "eur", "status": "failed"}'), 'applied', 'the bank sends it back');
SELECT public.is(pg_temp.standing('s1') || ', ' || pg_temp.account('pi_1'),
                 'cancelled partially_refunded failed, partially_refunded 5000 EUR -2000 accepted due 3000',
                 'it is owed again');
SELECT public.is(pg_temp.stripe('e13', 'refund.updated', '{"id": "re_2", "payment_intent": "pi_1", "amount": 3000,
    "currency": "eur", "status": "succeeded"}'), 'applied', 'an older word');
SELECT public.is(pg_temp.account('pi_1'), 'partially_refunded 5000 EUR -2000 accepted due 3000', 'failure is the last');
SELECT public.bag_eq('SELECT pg_temp.reports()',
    $$ VALUES ('refund.pending'), ('refund.done'), ('payment.partially_refunded'), ('payment.refunded'),
              ('booking.cancelled'), ('payment.partially_refunded'), ('refund.failed') $$, 'each told');
SELECT public.is(pg_temp.stripe('e14', 'charge.dispute.created', '{"id": "dp_1", "payment_intent": "pi_1"}'), 'applied',
                 'a dispute');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('payment.disputed') $$, 'is told');

-- A checkout that expires; one that costs nothing; what changes nothing; a thin event.
SELECT pg_temp.sale('s2') \g /dev/null
SELECT public.is(pg_temp.stripe('f1', 'checkout.session.expired', '{"id": "cs_2",
    "client_reference_id": "token:s2"}'), 'applied', 'a checkout expires');
SELECT public.is(pg_temp.standing('s2'), 'pending failed none', 'without a payment');
SELECT public.is(pg_temp.stripe('f2', 'checkout.session.completed', '{"id": "cs_3",
    "payment_status": "no_payment_required", "client_reference_id": "token:s2"}'), 'ignored', 'a free checkout');
SELECT public.is(pg_temp.stripe('f3', 'customer.created', '{"id": "cus_1"}'), 'ignored', 'another type');
SELECT public.is(pg_temp.send('stripe', '{"id": "f4", "object": "v2.core.event", "type": "payment_intent.succeeded"}'),
                 'ignored', 'a thin event');
SELECT public.is(pg_temp.standing('s2'), 'pending failed none', 'none of it pays');

-- Not the price.
SELECT pg_temp.sale('s3') \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.stripe('g1', 'payment_intent.succeeded', '{"id": "pi_3", "amount_received": 4999,
    "currency": "eur", "metadata": {"booking_id": "id:s3"}}'), 'conflict', 'a cent too little');
SELECT public.is(pg_temp.standing('s3') || ', ' || pg_temp.account('pi_3'),
                 'pending pending none, conflict 4999 EUR -0', 'is kept and does not pay');
SELECT public.is(pg_temp.reason('g1'), 'conflict: the price is 5000 EUR in minor units, what has arrived is 4999 EUR'
                 ' in minor units', 'with its reason');
SELECT public.is(pg_temp.stripe('g2', 'payment_intent.succeeded', '{"id": "pi_3b", "amount_received": 5000,
    "currency": "usd", "metadata": {"booking_id": "id:s3"}}'), 'conflict', 'another currency');
SELECT public.is(pg_temp.stripe('g3', 'payment_intent.succeeded', '{"id": "pi_3c", "amount_received": 5001,
    "currency": "eur", "metadata": {"booking_id": "id:s3"}}'), 'conflict', 'a cent too much');
SELECT public.is(pg_temp.airwallex('g4', 'payment_intent.succeeded', '{"id": "int_3", "amount": 50.005,
    "currency": "EUR", "metadata": {"booking_token": "token:s3"}}'), 'conflict', 'more digits than the currency has');
SELECT public.is(pg_temp.account('int_3'), 'conflict 0  -0', 'is no amount');
SELECT public.is(pg_temp.standing('s3'), 'pending pending none', 'the booking still waits');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ SELECT 'payment.conflict' FROM generate_series(1, 4) $$,
                     'each conflict is told');
SELECT public.is(pg_temp.stripe('g5', 'charge.refunded', '{"id": "ch_3", "payment_intent": "pi_3",
    "amount_refunded": 4999, "currency": "eur"}'), 'applied', 'what was too little goes back');
SELECT public.is(pg_temp.standing('s3') || ', ' || pg_temp.account('pi_3'),
                 'pending pending none, conflict 4999 EUR -4999', 'it never was the booking''s');
SELECT public.is(pg_temp.stripe('g6', 'payment_intent.succeeded', '{"id": "pi_3d", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_id": "id:s3"}}'), 'applied', 'the price at last');
SELECT public.is(pg_temp.standing('s3'), 'paid paid none', 'pays');

-- Paid twice.
SELECT public.is(pg_temp.airwallex('g7', 'payment_link.paid', '{"id": "pl_3",
    "latest_successful_payment_intent_id": "int_3b", "amount": 50, "currency": "EUR",
    "metadata": {"booking_token": "token:s3"}}'), 'applied', 'and once more, by a link');
SELECT public.is(pg_temp.standing('s3') || ', ' || pg_temp.account('int_3b'),
                 'paid paid due, paid 5000 EUR -0 accepted due 5000', 'is due');
SELECT public.is(pg_temp.airwallex('g8', 'refund.settled', '{"id": "rfd_3", "payment_intent_id": "int_3b",
    "amount": 50.00, "currency": "EUR"}'), 'applied', 'and goes back');
SELECT public.is(pg_temp.standing('s3') || ', ' || pg_temp.account('int_3b'),
                 'paid paid done, refunded 5000 EUR -5000 accepted', 'the booking stays');

-- Airwallex.
SELECT pg_temp.sale('a1', 1666), pg_temp.sale('a2', 1666) \g /dev/null
SELECT public.is(pg_temp.airwallex('h1', 'payment_intent.pending', '{"id": "int_1",
    "metadata": {"booking_token": "token:a1"}}'), 'applied', 'it is pending');
SELECT public.is(pg_temp.airwallex('h2', 'payment_attempt.authorization_failed', '{"id": "att_1",
    "payment_intent_id": "int_1"}'), 'ignored', 'an attempt that fails is not final');
SELECT public.is(pg_temp.airwallex('h3', 'payment_intent.cancelled', '{"id": "int_1"}'), 'applied', 'it is cancelled');
SELECT public.is(pg_temp.standing('a1'), 'pending failed none', 'that is');
SELECT public.is(pg_temp.airwallex('h4', 'payment_intent.succeeded', '{"id": "int_1", "amount": 20,
    "captured_amount": 16.66, "currency": "EUR", "merchant_order_id": "id:a1"}'), 'applied', 'and paid all the same');
SELECT public.is(pg_temp.standing('a1') || ', ' || pg_temp.account('int_1'),
                 'paid paid none, paid 1666 EUR -0 accepted', 'exactly');
SELECT public.is(pg_temp.airwallex('h5', 'refund.received', '{"id": "rfd_1", "payment_intent_id": "int_1",
    "amount": 16.66, "currency": "EUR"}'), 'applied', 'a refund of all was received');
SELECT public.is(pg_temp.standing('a1'), 'cancelled paid pending', 'the booking is off, the money on its way');
SELECT public.is(pg_temp.airwallex('h6', 'refund.accepted', '{"id": "rfd_1", "payment_intent_id": "int_1",
    "amount": 16.66, "currency": "EUR"}'), 'applied', 'accepted');
SELECT public.is(pg_temp.airwallex('h7', 'refund.settled', '{"id": "rfd_1", "payment_intent_id": "int_1",
    "amount": 16.66, "currency": "EUR"}'), 'applied', 'settled');
SELECT public.is(pg_temp.standing('a1'), 'cancelled refunded done', 'it is back');
SELECT public.is(pg_temp.airwallex('h8', 'refund.processing', '{"id": "rfd_1", "payment_intent_id": "int_1",
    "amount": 16.66, "currency": "EUR"}'), 'applied', 'an older word');
SELECT public.is(pg_temp.standing('a1'), 'cancelled refunded done', 'changes nothing');
SELECT public.is(pg_temp.airwallex('h9', 'payment_dispute.requires_response', '{"id": "dst_1",
    "payment_intent_id": "int_1"}'), 'applied', 'a dispute');
SELECT public.is(pg_temp.airwallex('h10', 'payment.succeeded', '{"id": "int_2", "amount": 16.66, "currency": "EUR",
    "metadata": {"booking_token": "token:a2"}}'), 'ignored', 'at Airwallex payment.succeeded is a payout');
SELECT public.is(pg_temp.airwallex('h11', 'payment.failed', '{"id": "int_2"}'), 'ignored', 'and payment.failed');

-- The route of the token flow: the older names mean customers' payments there, beside the real ones.
SELECT public.is(pg_temp.airwallex('i1', 'payment.failed', '{"id": "int_2",
    "metadata": {"booking_token": "token:a2"}}', 'payment-webhook'), 'applied', 'payment.failed');
SELECT public.is(pg_temp.standing('a2'), 'pending failed none', 'failed');
SELECT public.is(pg_temp.airwallex('i2', 'payment.succeeded', '{"id": "int_2", "amount": 16.66, "currency": "EUR",
    "metadata": {"booking_token": "token:a2"}}', 'payment-webhook'), 'applied', 'payment.succeeded');
SELECT public.is(pg_temp.standing('a2'), 'paid paid none', 'paid');
SELECT public.is(pg_temp.airwallex('i3', 'payment_intent.succeeded', '{"id": "int_2", "amount": 16.66,
    "currency": "EUR"}', 'payment-webhook'), 'applied', 'the real name of the same');
SELECT public.is(pg_temp.airwallex('i4', 'refund.received', '{"id": "rfd_2", "amount": 16.66, "currency": "EUR",
    "metadata": {"booking_token": "token:a2"}}', 'payment-webhook'), 'applied',
    'refund.received, which names the booking and no payment');
SELECT public.is(pg_temp.standing('a2'), 'cancelled refunded done', 'is refunded and cancelled at once, by its option');
SELECT public.is((SELECT count(*) FROM booking.payments WHERE provider_ref = 'int_2'), 1::bigint,
                 'all sources of Airwallex speak of the same payments');

-- The simple form.
SELECT pg_temp.sale('p1', 1050), pg_temp.sale('p2', 1050), pg_temp.sale('p3', 1050) \g /dev/null
SELECT public.is(pg_temp.simple('j1', 'payment.succeeded', '{"object": {"id": "1", "amount": "10.50",
    "currency": "eur", "metadata": {"booking_token": "token:p1"}}}'), 'applied', 'paid in the simple form');
SELECT public.is(pg_temp.simple('j1', 'payment.succeeded', '{"id": "1", "amount_minor": 1050, "currency": "EUR",
    "metadata": {"booking_token": "token:p2"}}', 'wary shop'), 'applied',
    'another shop has a payment, and an event, of the same id');
SELECT public.is(pg_temp.standing('p1') || ', ' || pg_temp.standing('p2'), 'paid paid none, paid paid none', 'two payments');
SELECT public.is(pg_temp.simple('j2', 'refund.received', '{"id": "r1", "payment_id": "1", "amount": 4,
    "currency": "EUR"}'), 'applied', 'a part goes back');
SELECT public.is(pg_temp.simple('j2', 'refund.received', '{"id": "r1", "payment_id": "1", "amount": 4,
    "currency": "EUR"}', 'wary shop'), 'applied', 'here, receiving is not having');
SELECT public.is(pg_temp.standing('p1') || ', ' || pg_temp.standing('p2'),
                 'paid partially_refunded done, paid paid pending', 'done, and under way');
SELECT public.is(pg_temp.simple('j3', 'refund.received', '{"id": "r2", "metadata": {"booking_id": "id:p1"}}'), 'applied',
                 'a refund of a booking without an amount');
SELECT public.is(pg_temp.standing('p1'), 'cancelled refunded done', 'is all of it');
SELECT public.is(pg_temp.simple('j4', 'refund.received', '{"id": "r3", "metadata": {"booking_id": "id:p3"}}'), 'failed',
                 'of a booking of which no payment is known');
SELECT public.is(pg_temp.simple('j5', 'payment.succeeded', '{"id": "3", "amount_minor": 1050, "currency": "EUR",
    "metadata": {"booking_id": "id:p3"}}'), 'applied', 'which then comes');
SELECT pg_temp.set_clock('2027-03-01 12:01 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 1, 'the refund is applied again');
SELECT public.is(pg_temp.standing('p3'), 'cancelled refunded done', 'with the same end');
SELECT public.is(pg_temp.simple('j6', 'payment.shipped', '{"id": "3"}'), 'ignored', 'another word');

-- A refund before its payment.
SELECT pg_temp.sale('r1'), pg_temp.sale('r2') \g /dev/null
SELECT public.is(pg_temp.stripe('k1', 'charge.refunded', '{"id": "ch_4", "payment_intent": "pi_4",
    "amount_refunded": 5000, "currency": "eur"}'), 'failed', 'a refund of what is not known yet');
SELECT public.is(pg_temp.account('pi_4'), 'pending 0 EUR -0', 'is remembered');
SELECT public.is(pg_temp.stripe('k2', 'payment_intent.succeeded', '{"id": "pi_4", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_id": "id:r1"}}'), 'applied', 'the payment');
SELECT public.is(pg_temp.standing('r1') || ', ' || pg_temp.account('pi_4'),
                 'cancelled refunded done, refunded 5000 EUR -5000 accepted', 'ends as refunded');
SELECT public.is(pg_temp.stripe('k3', 'refund.created', '{"id": "re_5", "payment_intent": "pi_5", "amount": 1000,
    "currency": "eur", "status": "succeeded"}'), 'failed', 'a part of one');
SELECT public.is(pg_temp.stripe('k4', 'payment_intent.succeeded', '{"id": "pi_5", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_id": "id:r2"}}'), 'applied', 'the payment');
SELECT public.is(pg_temp.standing('r2'), 'paid partially_refunded done', 'ends as refunded in part');

-- An intent that says nothing, which its checkout explains.
SELECT pg_temp.sale('l1') \g /dev/null
SELECT public.is(pg_temp.stripe('l1', 'payment_intent.succeeded', '{"id": "pi_6", "amount_received": 5000,
    "currency": "eur"}'), 'failed', 'money without a word');
SELECT public.is(pg_temp.reason('l1'), 'failed: it names no booking', 'waits');
SELECT public.is(pg_temp.stripe('l2', 'checkout.session.completed', '{"id": "cs_6", "payment_intent": "pi_6",
    "payment_status": "paid", "amount_total": 5000, "currency": "eur", "client_reference_id": "id:l1"}'), 'applied',
    'for its checkout');
SELECT public.is(pg_temp.standing('l1'), 'paid paid none', 'and pays');

-- A booking that nobody knows: tried for an hour, then reported.
SELECT pg_temp.set_clock('2027-03-01 13:00 UTC') \g /dev/null
SELECT booking.retry_payment_events(1) \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.stripe('m1', 'payment_intent.succeeded', format('{"id": "pi_7", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_id": "%s"}}', booking.new_id(1))), 'failed', 'an unknown booking');
SELECT public.is(pg_temp.reason('m1'), 'failed: there is no booking or reservation as it names', 'by its reason');
SELECT public.is(pg_temp.stripe('m2', 'payment_intent.succeeded', '{"id": "pi_8", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_token": "token:hike 9"}}'), 'failed', 'no token at all');
SELECT public.is(pg_temp.stripe('m3', 'payment_intent.succeeded', format('{"id": "pi_9", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_token": "%s"}}', regexp_replace(pg_temp.token('r1'), '\.1$', '.2'))),
    'failed', 'the token of another organization');
SELECT public.is(booking.retry_payment_events(1), 0, 'nothing is due at once');
SELECT pg_temp.set_clock('2027-03-01 13:00:31 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 3, 'after half a minute all are');
SELECT public.is(pg_temp.stripe('m1', 'payment_intent.succeeded', '{"id": "pi_7"}'), 'duplicate', 'it comes again meanwhile');
SELECT public.is((SELECT e.attempts FROM booking.payment_events AS e WHERE e.external_id = 'm1'), 3, 'which is a try');
SELECT public.is_empty('SELECT pg_temp.reports()', 'nobody is alarmed yet');
SELECT pg_temp.set_clock('2027-03-01 14:00:01 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 3, 'the last try, after an hour');
SELECT public.is(booking.retry_payment_events(1), 0, 'it was the last');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ SELECT 'payment.unmatched' FROM generate_series(1, 3) $$, 'now they are');
SELECT public.is(pg_temp.account('pi_7'), 'paid 5000 EUR -0', 'the money is not forgotten');
SELECT public.is(pg_temp.stripe('m1', 'payment_intent.succeeded', '{"id": "pi_7"}'), 'duplicate', 'it is over');
SELECT public.is((SELECT e.description FROM booking.owner_events AS e WHERE e.event_type = 'payment.unmatched'
                   ORDER BY e.description LIMIT 1), 'Payment pi_7: no booking was found for it', 'told by its reference');

-- Somebody else's money, where the account is shared.
SELECT booking.update_webhook_source(pg_temp.id('source stripe'), '{"unmatched": "ignore"}') \g /dev/null
SELECT public.is(pg_temp.stripe('n1', 'payment_intent.succeeded', '{"id": "pi_10", "amount_received": 700,
    "currency": "eur"}'), 'failed', 'it names no booking');
SELECT pg_temp.set_clock('2027-03-01 15:00:02 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 1, 'after an hour');
SELECT public.is(pg_temp.reason('n1'), 'ignored: it names no booking', 'it is none of ours');
SELECT public.is_empty('SELECT pg_temp.reports()', 'and not reported');

-- Holds: money confirms them.
CREATE FUNCTION pg_temp.hold_state(hold_name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat(r.status, (SELECT format(', %s %s %s', b.status, b.payment_status, b.refund_status)
                               FROM booking.bookings AS b WHERE b.reservation_id = r.id))
      FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id(hold_name) $$;
SELECT pg_temp.hold('in time', 'massage 9', 2), pg_temp.hold('twice', 'massage 9', 1),
       pg_temp.hold('late with room', 'court 9', 2), pg_temp.hold('given up', 'court 9', 1) \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.simple('o1', 'payment.failed', '{"id": "41", "metadata": {"reservation_id": "id:in time"}}'),
                 'applied', 'an attempt to pay a hold fails');
SELECT public.is(pg_temp.hold_state('in time'), 'pending', 'the hold stays');
SELECT public.is(pg_temp.simple('o2', 'payment.succeeded', '{"id": "40", "amount": 25, "currency": "EUR",
    "metadata": {"reservation_id": "id:in time"}}'), 'conflict', 'half the price');
SELECT public.is(pg_temp.hold_state('in time'), 'pending', 'does not confirm');
SELECT public.is(pg_temp.simple('o3', 'payment.succeeded', '{"id": "41", "amount": 50, "currency": "EUR",
    "metadata": {"reservation_id": "id:in time"}}'), 'applied', 'the price does');
SELECT public.is(pg_temp.hold_state('in time'), 'confirmed, confirmed paid none', 'by the same payment that had failed');
SELECT public.is(pg_temp.seats_left('massage 9'), 1, 'its seats are taken');
SELECT public.is(pg_temp.simple('o4', 'refund.received', '{"id": "r41", "payment_id": "41", "amount": 50,
    "currency": "EUR"}'), 'applied', 'all goes back');
SELECT public.is(pg_temp.hold_state('in time'), 'cancelled, cancelled refunded done', 'the booking is cancelled');
SELECT public.is(pg_temp.seats_left('massage 9'), 3, 'its seats are free');
SELECT booking.confirm_reservation(pg_temp.id('twice')) \g /dev/null
SELECT public.is(pg_temp.simple('o5', 'payment.succeeded', '{"id": "42", "amount": 25, "currency": "EUR",
    "metadata": {"reservation_id": "id:twice"}}'), 'applied', 'money for a hold that the server has confirmed');
SELECT public.is(pg_temp.hold_state('twice'), 'confirmed, confirmed paid none', 'is the booking''s');
SELECT public.is(pg_temp.simple('o6', 'refund.received', '{"id": "r43", "payment_id": "43", "amount": 40,
    "currency": "EUR"}'), 'failed', 'a refund before the payment of a hold');
SELECT pg_temp.set_clock('2027-03-01 15:20 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.hold_state('late with room'), 'expired', 'a hold has run out');
SELECT public.is(pg_temp.simple('o7', 'payment.succeeded', '{"id": "43", "amount": 40, "currency": "EUR",
    "metadata": {"reservation_id": "id:late with room"}}'), 'applied', 'and is paid, late, and refunded already');
SELECT public.is(pg_temp.hold_state('late with room'), 'cancelled, cancelled refunded done', 'booked and cancelled');
SELECT public.is(pg_temp.seats_left('court 9'), 4, 'no seat is lost');
SELECT pg_temp.hold('late', 'court 9', 2), pg_temp.hold('too late', 'court 9', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 15:40 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.simple('o8', 'payment.succeeded', '{"id": "44", "amount": 40, "currency": "EUR",
    "metadata": {"reservation_id": "id:late"}}'), 'applied', 'late, and there is room');
SELECT public.is(pg_temp.hold_state('late'), 'confirmed, confirmed paid none', 'it is booked');
SELECT pg_temp.hold('rival', 'court 9', 2) \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.simple('o9', 'payment.succeeded', '{"id": "45", "amount": 40, "currency": "EUR",
    "metadata": {"reservation_id": "id:too late"}}'), 'applied', 'late, and there is none');
SELECT public.is(pg_temp.hold_state('too late') || ', ' || pg_temp.account('45'), 'expired, paid 4000 EUR -0 due 4000',
                 'no booking; the money is due');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('refund.due') $$, 'which is told');
SELECT booking.cancel_reservation(pg_temp.id('rival')) \g /dev/null
SELECT public.is(pg_temp.simple('o10', 'payment.succeeded', '{"id": "45", "amount": 40, "currency": "EUR",
    "metadata": {"reservation_id": "id:too late"}}'), 'applied', 'told again, with room now');
SELECT public.is(pg_temp.hold_state('too late'), 'expired', 'what was decided stays');
SELECT public.is_empty('SELECT pg_temp.reports()', 'and is not told twice');
SELECT public.is(pg_temp.simple('o11', 'refund.received', '{"id": "r45", "payment_id": "45"}'), 'applied', 'it goes back');
SELECT public.is(pg_temp.account('45'), 'refunded 4000 EUR -4000', 'nothing is due');
SELECT pg_temp.hold('dropped', 'court 9', 1) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('dropped')) \g /dev/null
SELECT public.is(pg_temp.simple('o12', 'payment.succeeded', '{"id": "46", "amount": 40, "currency": "EUR",
    "metadata": {"reservation_id": "id:dropped"}}'), 'applied', 'for a hold that was cancelled');
SELECT public.is(pg_temp.account('46'), 'paid 4000 EUR -0 due 4000', 'it is due');
SELECT pg_temp.hold('in a cancelled session', 'massage 9', 1) \g /dev/null
UPDATE booking.sessions SET status = 'cancelled' WHERE id = pg_temp.id('massage 9');
SELECT public.is(pg_temp.simple('o13', 'payment.succeeded', '{"id": "47", "amount": 25, "currency": "EUR",
    "metadata": {"reservation_id": "id:in a cancelled session"}}'), 'applied', 'for a session that was cancelled');
SELECT public.is(pg_temp.account('47'), 'paid 2500 EUR -0 due 2500', 'it is due');

-- What the server itself refuses is kept, told, and not tried again; what an own trigger refuses is tried again.
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.stripe('q1', 'payment_intent.succeeded', '{"id": "pi_11", "amount_received": 1,
    "currency": "eur", "description": "\u0000"}'), 'failed', 'a character that no text of the server can have');
SELECT public.results_eq(
    $$ SELECT e.next_attempt_at IS NULL, e.external_id LIKE 'sha256:%', position(convert_to('\u0000', 'UTF8') IN e.body) > 0
         FROM booking.payment_events AS e WHERE e.event_type = '' $$, 'VALUES (true, true, true)',
    'the bytes are kept');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('webhook.failed') $$, 'and reported');
SELECT pg_temp.sale('t1') \g /dev/null
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not on a Monday'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON booking.bookings FOR EACH ROW WHEN (NEW.status = 'paid')
    EXECUTE FUNCTION pg_temp.refuse();
SELECT public.is(pg_temp.stripe('q2', 'payment_intent.succeeded', '{"id": "pi_12", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_id": "id:t1"}}'), 'failed', 'an application''s own trigger');
SELECT public.is(pg_temp.reason('q2'), 'failed: not on a Monday', 'is the reason');
SELECT public.is(pg_temp.account('pi_12'), NULL, 'half an effect is none');
DROP TRIGGER refuse ON booking.bookings;
SELECT pg_temp.set_clock('2027-03-01 15:41 UTC') \g /dev/null
SELECT booking.retry_payment_events(1) \g /dev/null
SELECT public.is(pg_temp.standing('t1'), 'paid paid none', 'the next try succeeds');

-- What is no event.
CREATE FUNCTION pg_temp.refused(source text, body bytea) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM booking.receive_webhook(pg_temp.id('source ' || source), body, '{}');
    RETURN 'was not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT public.is(pg_temp.refused(c.source, c.body), c.answer, c.name)
  FROM (VALUES
    ('stripe', '{"id": '::bytea, 'BK703 malformed event: it is not JSON in UTF-8: invalid input syntax for type json',
     'half an object'),
    ('stripe', '\x7b226964223a22ff227d', 'BK703 malformed event: it is not JSON in UTF-8: invalid byte sequence for'
     ' encoding "UTF8": 0xff', 'bytes that are no UTF-8'),
    ('stripe', '[]', 'BK703 malformed event: $ is not an object', 'an array'),
    ('stripe', '{"type": "x"}', 'BK703 malformed event: $.id is not a string of at most 500 printable characters',
     'no id'),
    ('airwallex', '{"id": "x", "name": "payment_intent.succeeded"}', 'BK703 malformed event: $.data is not an object',
     'no data'),
    ('shop', '{}', 'BK703 malformed event: $.type is not a string of at most 500 printable characters', 'no type')
  ) AS c (source, body, answer, name);
SELECT public.throws_ok('SELECT booking.receive_webhook(NULL, ''{}'', ''{}'')', 'BK001', 'source_id must not be NULL', 'no source');
SELECT public.throws_ok($$ SELECT booking.receive_webhook(pg_temp.id('source shop'), NULL, '{}') $$, 'BK001',
                        'body must not be NULL', 'no body');
SELECT public.throws_ok($$ SELECT booking.receive_webhook(pg_temp.id('tour'), '{}', '{}') $$, 'BK702',
                        'no active source of webhooks has the id ' || pg_temp.id('tour'), 'no such source');
SELECT booking.disable_webhook_source(pg_temp.id('source wary shop')) \g /dev/null
SELECT public.throws_ok($$ SELECT pg_temp.simple('u1', 'payment.failed', '{"id": "1"}', 'wary shop') $$, 'BK702',
                        'no active source of webhooks has the id ' || pg_temp.id('source wary shop'), 'one that is off');

-- Another mode, another account.
SELECT booking.update_webhook_source(pg_temp.id('source stripe'), '{"livemode": true}'),
       booking.update_webhook_source(pg_temp.id('source airwallex'), '{"account": "acct_2"}') \g /dev/null
SELECT pg_temp.sale('v1') \g /dev/null
SELECT count(*) FROM pg_temp.reports() \g /dev/null
SELECT public.is(pg_temp.stripe('w1', 'payment_intent.succeeded', '{"id": "pi_13", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_id": "id:v1"}}', '"livemode": false,'), 'conflict', 'money of a test');
SELECT public.is(pg_temp.airwallex('w2', 'payment_intent.succeeded', '{"id": "int_13", "amount": 50, "currency": "EUR",
    "metadata": {"booking_id": "id:v1"}}'), 'conflict', 'money of another account');
SELECT public.is(pg_temp.standing('v1'), 'pending pending none', 'does not pay');
SELECT public.is((SELECT count(*) FROM booking.payments WHERE provider_ref IN ('pi_13', 'int_13')), 0::bigint,
                 'and is no money of ours');
SELECT public.bag_eq('SELECT pg_temp.reports()', $$ VALUES ('webhook.failed'), ('webhook.failed') $$, 'both are told');
SELECT public.is(pg_temp.stripe('w3', 'payment_intent.succeeded', '{"id": "pi_13", "amount_received": 5000,
    "currency": "eur", "metadata": {"booking_id": "id:v1"}}', '"livemode": true,'), 'applied', 'live money does');

-- Money that comes for what is cancelled, and refunds for those who were there.
SELECT pg_temp.sale('x1', 5000, 'cancelled'), pg_temp.sale('x2', 5000, 'checked_in') \g /dev/null
SELECT public.is(pg_temp.simple('x1', 'payment.succeeded', '{"id": "50", "amount": 50, "currency": "EUR",
    "metadata": {"booking_id": "id:x1"}}'), 'applied', 'for a booking that is cancelled');
SELECT public.is(pg_temp.standing('x1') || ', ' || pg_temp.account('50'),
                 'cancelled paid due, paid 5000 EUR -0 accepted due 5000', 'it is due');
SELECT public.is(pg_temp.simple('x2', 'payment.succeeded', '{"id": "51", "amount": 50, "currency": "EUR",
    "metadata": {"booking_id": "id:x2"}}'), 'applied', 'for one that has begun');
SELECT public.is(pg_temp.simple('x3', 'refund.received', '{"id": "r51", "payment_id": "51"}'), 'applied', 'and all back');
SELECT public.is(pg_temp.standing('x2'), 'checked_in refunded done', 'who was there was there');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books agree');

-- Old events go, the ledgers stay.
SELECT public.is(booking.cleanup_payment_events(30), 0, 'nothing is old');
SELECT public.is(pg_temp.simple('y1', 'refund.done', '{"id": "y", "metadata": {"booking_id": "nobody"}}'), 'failed',
                 'something is still to be applied');
SELECT pg_temp.set_clock('2027-04-02 12:00 UTC') \g /dev/null
SELECT public.cmp_ok(booking.cleanup_payment_events(30), '>', 70, 'a month later all goes');
SELECT public.results_eq('SELECT e.external_id FROM booking.payment_events AS e', $$ VALUES ('y1') $$,
                         'but what is still to be applied');
SELECT public.cmp_ok((SELECT count(*) FROM booking.payments), '>', 20::bigint, 'no payment goes with it');
SELECT public.throws_ok('SELECT booking.cleanup_payment_events(29)', 'BK013', 'days must be between 30 and 3650, got 29',
                        'no sooner than that');
SELECT * FROM public.finish();
ROLLBACK;
