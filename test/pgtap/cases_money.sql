-- Cases that break naive booking systems, by the numbers of docs/cases.md: those about money.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/payments.sql
SELECT public.plan(34);

SELECT pg_temp.source('stripe', 'stripe'), pg_temp.source('airwallex', 'airwallex') \g /dev/null
CREATE FUNCTION pg_temp.pays(id text, ref text, amount bigint, metadata text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.stripe(id, 'payment_intent.succeeded',
                          format('{"id": "%s", "amount_received": %s, "currency": "eur", "metadata": %s}', ref, amount, metadata)) $$;

-- 1: payment lands after the hold expired.
SELECT pg_temp.hold('late', 'massage 9', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.pays('evt_1', 'pi_late', 5000, '{"reservation_id": "id:late"}'), 'applied',
                 'case 1, payment lands after the hold expired: the event is taken');
SELECT public.is((SELECT concat_ws(' ', r.status, b.status, b.payment_status) FROM booking.slot_reservations AS r
                    JOIN booking.bookings AS b ON b.reservation_id = r.id WHERE r.id = pg_temp.id('late')), 'confirmed confirmed paid',
                 'case 1: there is room, and the seats are taken again');
SELECT pg_temp.hold('too late', 'massage 9', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT pg_temp.hold('rival', 'massage 9', 2) \g /dev/null
SELECT public.is(pg_temp.pays('evt_2', 'pi_too_late', 5000, '{"reservation_id": "id:too late"}'), 'applied',
                 'case 1: without room the event is taken as well');
SELECT public.is((SELECT count(*) FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id('too late')), 0::bigint,
                 'case 1: and there is no booking, nobody is oversold');
SELECT public.is(pg_temp.account('pi_too_late'), 'paid 5000 EUR -0 due 5000', 'case 1: the money is kept, and due for refund');
SELECT public.ok(EXISTS (SELECT 1 FROM booking.booking_events AS e WHERE e.kind = 'refund.due'), 'case 1: which is told');

-- 3: the same webhook twice, also as another event and much later.
SELECT pg_temp.sale('twice') \g /dev/null
SELECT public.is(pg_temp.pays('evt_3', 'pi_twice', 5000, '{"booking_token": "token:twice"}'), 'applied', 'case 3, duplicate webhook: applied once');
CREATE TEMPORARY TABLE once AS SELECT pg_temp.account('pi_twice') AS account, b.version FROM booking.bookings AS b WHERE b.id = pg_temp.id('twice');
SELECT pg_temp.set_clock('2027-03-20 12:00 UTC') \g /dev/null
SELECT public.is(pg_temp.pays('evt_3', 'pi_twice', 5000, '{"booking_token": "token:twice"}'), 'duplicate', 'case 3: also weeks later');
SELECT public.is(pg_temp.pays('evt_3b', 'pi_twice', 5000, '{"booking_token": "token:twice"}'), 'applied', 'case 3: the same money by another event');
SELECT public.is((SELECT row(pg_temp.account('pi_twice'), b.version)::text FROM booking.bookings AS b WHERE b.id = pg_temp.id('twice')),
                 (SELECT o::text FROM pg_temp.once AS o), 'case 3: has one effect');
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null

-- 4: failure after success, refund before payment.
SELECT public.is(pg_temp.stripe('evt_4', 'payment_intent.payment_failed', '{"id": "pi_twice"}'), 'applied', 'case 4, out of order: a failure after the success');
SELECT public.is(pg_temp.standing('twice'), 'paid paid none', 'case 4: undoes nothing');
SELECT pg_temp.sale('backwards') \g /dev/null
SELECT pg_temp.stripe('evt_5', 'refund.created', '{"id": "re_1", "payment_intent": "pi_back", "amount": 5000, "currency": "eur",
    "status": "succeeded", "metadata": {"booking_token": "token:backwards"}}') \g /dev/null
SELECT public.is(pg_temp.pays('evt_6', 'pi_back', 5000, '{"booking_token": "token:backwards"}'), 'applied', 'case 4: a payment after its refund');
SELECT public.is(pg_temp.standing('backwards'), 'cancelled refunded done', 'case 4: ends where the right order ends');

-- 5: less, more, back in part.
SELECT pg_temp.sale('inexact') \g /dev/null
SELECT public.is(pg_temp.pays('evt_7', 'pi_less', 4999, '{"booking_id": "id:inexact"}'), 'conflict', 'case 5, under-payment: is kept');
SELECT public.is(pg_temp.pays('evt_8', 'pi_more', 5001, '{"booking_id": "id:inexact"}'), 'conflict', 'case 5, over-payment: is kept');
SELECT public.is(pg_temp.standing('inexact'), 'pending pending none', 'case 5: and neither pays');
SELECT public.is((SELECT booking.resolve_payment(p.id, 'accept') FROM booking.payments AS p WHERE p.provider_ref = 'pi_more'), 'paid',
                 'case 5: until somebody decides');
SELECT public.is(pg_temp.account('pi_more'), 'paid 5001 EUR -0 accepted due 1', 'case 5: what is too much is due back');
SELECT pg_temp.stripe('evt_9', 'refund.created', '{"id": "re_2", "payment_intent": "pi_more", "amount": 1001, "currency": "eur",
    "status": "succeeded"}') \g /dev/null
SELECT public.is(pg_temp.standing('inexact') || ', ' || pg_temp.account('pi_more'),
                 'paid partially_refunded done, partially_refunded 5001 EUR -1001 accepted', 'case 5, partial refund: the ledger says how much');
SELECT public.throws_ok($$ INSERT INTO booking.refunds (organization_id, id, payment_id, provider, provider_ref, status, amount_minor, currency, created_at, updated_at)
                           SELECT 1, booking.new_id(1), p.id, 'stripe', 're_3', 'due', -1, 'EUR', now(), now()
                             FROM booking.payments AS p WHERE p.provider_ref = 'pi_more' $$, '23514', NULL, 'case 5: a negative refund is none');

-- 5, and 7: only the difference is paid after a change has raised the price.
SELECT booking.cancel_reservation(pg_temp.id('rival')) \g /dev/null
SELECT pg_temp.booked('grown', 'massage 9', 1) \g /dev/null
SELECT pg_temp.pays('evt_10', 'pi_one', 2500, '{"booking_id": "id:grown"}') \g /dev/null
SELECT public.is((SELECT concat_ws(' ', c.amount_cents, c.amount_due_minor) FROM booking.change_party_size(pg_temp.id('grown'), 1) AS c), '2500 0',
                 'case 5: a seat, paid');
SELECT public.is((SELECT concat_ws(' ', c.amount_cents, c.amount_due_minor, c.payment_status) FROM booking.change_party_size(pg_temp.id('grown'), 2) AS c),
                 '5000 2500 paid', 'case 7, a larger party: the difference is to be paid');
SELECT public.is(pg_temp.pays('evt_11', 'pi_half', 1250, '{"booking_id": "id:grown"}'), 'conflict', 'case 7: neither a part of it');
SELECT public.is(pg_temp.pays('evt_12', 'pi_rest', 2500, '{"booking_id": "id:grown"}'), 'applied', 'case 7: but just the difference');
SELECT public.is(pg_temp.account('pi_rest'), 'paid 2500 EUR -0 accepted', 'case 7: is accepted');
SELECT public.is((SELECT concat_ws(' ', c.amount_due_minor, c.refund_due_minor, c.payment_status) FROM booking.change_party_size(pg_temp.id('grown'), 2) AS c),
                 '0 0 paid', 'case 7: and nothing is owed');
SELECT public.is(pg_temp.pays('evt_13', 'pi_again', 2500, '{"booking_id": "id:grown"}'), 'conflict', 'case 7: once');
SELECT public.is((SELECT concat_ws(' ', c.refund_status, c.refund_due_minor) FROM booking.cancel_booking(pg_temp.id('grown')) AS c), 'due 5000',
                 'case 7: cancelled, both payments are due');

-- 22: minor units.
SELECT pg_temp.sale(c.currency) FROM (VALUES ('EUR'), ('JPY'), ('KWD')) AS c (currency) \g /dev/null
UPDATE booking.bookings SET currency = booking_number WHERE booking_number IN ('EUR', 'JPY', 'KWD');
SELECT pg_temp.airwallex('evt_' || c.currency, 'payment_intent.succeeded',
           format('{"id": "int_%s", "amount": %s, "currency": "%s", "metadata": {"booking_id": "id:%1$s"}}', c.currency, c.amount, c.currency))
  FROM (VALUES ('EUR', '50.00'), ('JPY', '5000'), ('KWD', '5.000')) AS c (currency, amount) \g /dev/null
SELECT public.is(pg_temp.account('int_' || c.currency), format('paid 5000 %s -0 accepted', c.currency), 'case 22, minor units: ' || c.amount || ' ' || c.currency)
  FROM (VALUES ('EUR', '50.00'), ('JPY', '5000'), ('KWD', '5.000')) AS c (currency, amount);
SELECT pg_temp.sale('fraction') \g /dev/null
SELECT public.is(pg_temp.airwallex('evt_fraction', 'payment_intent.succeeded', '{"id": "int_fraction", "amount": 50.001, "currency": "EUR",
                                   "metadata": {"booking_id": "id:fraction"}}'), 'conflict', 'case 22: a thousandth of a euro is no amount');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT * FROM public.finish();
ROLLBACK;
