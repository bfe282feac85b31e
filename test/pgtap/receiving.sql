-- The inbox: an event that cannot be applied holds up no other; what comes again under another id; which sources speak
-- of the same payments.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
SELECT public.plan(26);

SELECT pg_temp.source('shop', 'hmac'), pg_temp.source('till', 'hmac'), pg_temp.source('airwallex', 'airwallex') \g /dev/null
CREATE FUNCTION pg_temp.waiting() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(concat(e.external_id, ' ', e.status, ' ', e.attempts, ' ',
                             CASE WHEN e.next_attempt_at > booking.clock() THEN 'later'
                                  WHEN e.next_attempt_at IS NOT NULL THEN 'due' ELSE 'settled' END), ', ' ORDER BY e.external_id)
      FROM booking.payment_events AS e WHERE e.external_id LIKE 'w%' $$;

-- Their source takes what waits for something else by now.
SELECT pg_temp.simple('w1', 'refund.created', '{"id": "r1", "payment_id": "p1", "amount": 1, "currency": "EUR", "metadata": {"booking_token": "nobody"}}'),
       pg_temp.simple('w2', 'refund.created', '{"id": "r2", "payment_id": "p2", "amount": 1, "currency": "EUR", "metadata": {"booking_token": "nobody"}}'),
       pg_temp.simple('w3', 'payment.succeeded', '{"id": "p3", "amount": 50, "currency": "EUR",
           "metadata": {"booking_token": "nobody"}}', 'till') \g /dev/null
SELECT booking.update_webhook_source(pg_temp.id('source shop'), '{"payload": "stripe"}') \g /dev/null
SELECT public.is(pg_temp.waiting(), 'w1 failed 1 later, w2 failed 1 later, w3 failed 1 later', 'three events wait');
SELECT public.lives_ok($$ SELECT booking.receive_webhook(pg_temp.id('source shop'), convert_to(
    '{"id": "w1", "object": "event", "type": "x", "data": {"object": {}}}', 'UTF8'), '{}') $$,
    'one that is no event any more, again');
SELECT public.is(pg_temp.reason('w1'), 'failed: malformed event: $.data.object is not an object', 'is given up');
SELECT pg_temp.set_clock('2027-03-01 12:10 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1, 1), 1, 'the next one');
SELECT public.is(booking.retry_payment_events(1, 100), 1, 'and the one behind it have their turn');
SELECT public.is(pg_temp.waiting(), 'w1 failed 2 settled, w2 failed 2 settled, w3 failed 2 later', 'each has its own fate');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.kind = 'webhook.failed'), 2::bigint, 'told');

-- Whatever else is raised: the options of a source as somebody has left them.
SELECT pg_temp.simple('w4', 'payment.succeeded', '{"id": "p4", "amount": 50, "currency": "EUR",
           "metadata": {"booking_token": "nobody"}}', 'till') \g /dev/null
SELECT pg_temp.source('spare', 'hmac') \g /dev/null
SELECT pg_temp.simple('w5', 'payment.succeeded', '{"id": "p5", "amount": 50, "currency": "EUR",
           "metadata": {"booking_token": "nobody"}}', 'spare') \g /dev/null
UPDATE booking.webhook_sources SET options = '{"payload": 1}' WHERE id = pg_temp.id('source till');
SELECT pg_temp.set_clock('2027-03-01 12:20 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 3, 'three are due');
SELECT public.is(pg_temp.waiting(), 'w1 failed 2 settled, w2 failed 2 settled, w3 failed 3 later, w4 failed 2 later,'
                 ' w5 failed 2 later', 'those that raise are put off, with their attempts counted');
SELECT public.matches(pg_temp.reason('w4'), 'option "payload" must be', 'and say why');
UPDATE booking.webhook_sources SET options = '{}' WHERE id = pg_temp.id('source till');
SELECT pg_temp.set_clock('2027-03-01 14:00 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 3, 'once more');
SELECT public.is(pg_temp.waiting(), 'w1 failed 2 settled, w2 failed 2 settled, w3 failed 4 settled, w4 failed 3 settled,'
                 ' w5 failed 3 settled', 'the hour is over for all');

-- An id that is not signed: whoever has seen a request may send it under another.
SELECT pg_temp.source('hub', 'hmac', '{"id_header": "x-github-delivery"}') \g /dev/null
CREATE FUNCTION pg_temp.hub(delivery text, payment text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.send('hub', format('{"type": "payment.succeeded", "data": {"id": "%s", "amount": 1, "currency": "EUR"}}',
                                      payment), jsonb_build_object('x-github-delivery', delivery)) $$;
SELECT public.is(pg_temp.hub('d1', 'h1'), 'failed', 'comes');
SELECT public.results_eq($$ SELECT pg_temp.hub('d' || n, 'h1') FROM generate_series(1, 4) AS n $$,
                         $$ VALUES ('duplicate'), ('duplicate'), ('duplicate'), ('duplicate') $$, 'again, under any id');
SELECT public.is(pg_temp.hub('d2', 'h2'), 'failed', 'the ids that were tried are not used up');
SELECT public.is(pg_temp.hub('d2', 'h3'), 'duplicate', 'one that was used is');
SELECT public.results_eq($$ SELECT e.external_id, e.id_is_signed FROM booking.payment_events AS e
                             WHERE e.source_id = pg_temp.id('source hub') ORDER BY 1 $$,
                         $$ VALUES ('d1', false), ('d2', false) $$, 'one row an event');
SELECT public.is((SELECT e.id_is_signed FROM booking.payment_events AS e WHERE e.external_id = 'w1'), true,
                 'an id in the body is signed');

-- A payment is the provider's, whichever source tells of it.
SELECT pg_temp.source('one', 'hmac', '{"provider": "bank"}'), pg_temp.source('two', 'hmac', '{"provider": "bank"}') \g /dev/null
SELECT pg_temp.sale('s1'), pg_temp.sale('s2'), pg_temp.sale('s3') \g /dev/null
SELECT pg_temp.simple('a', 'payment.succeeded', '{"id": "b1", "amount": 50, "currency": "EUR",
           "metadata": {"booking_token": "token:s1"}}', s) FROM unnest(ARRAY['one', 'two']) AS s \g /dev/null
SELECT public.is(pg_temp.standing('s1') || ', ' || pg_temp.account('b1'),
                 'paid paid none, paid 5000 EUR -0 accepted', 'two sources of one provider count it once');
SELECT pg_temp.simple('b', 'payment.succeeded', '{"id": "b2", "amount": 50, "currency": "EUR",
           "metadata": {"booking_token": "token:s2"}}', 'spare') \g /dev/null
SELECT booking.delete_webhook_source(pg_temp.id('source spare')) \g /dev/null
DELETE FROM pg_temp.named WHERE name = 'source spare';
SELECT pg_temp.source('spare', 'hmac') \g /dev/null
SELECT public.is(pg_temp.simple('c', 'refund.received', '{"id": "b3", "payment_id": "b2", "amount": 50, "currency": "EUR"}',
                                'spare'), 'applied', 'a source that was made anew');
SELECT public.is(pg_temp.standing('s2') || ', ' || pg_temp.account('b2'),
                 'cancelled refunded done, refunded 5000 EUR -5000 accepted', 'knows what came before');
SELECT public.throws_ok($$ SELECT booking.create_webhook_source(1, 'x', 'airwallex', 'whsec_1234567890123456',
                                                                '{"provider": "x"}') $$, 'BK603', NULL,
                        'a provider that is known has its name');

-- A link that was paid is not the payment.
SELECT public.is(pg_temp.airwallex('f1', 'payment_link.paid', '{"id": "pl_1", "amount": 50, "currency": "EUR",
    "metadata": {"booking_token": "token:s3"}}'), 'failed', 'without its intent it waits');
SELECT pg_temp.airwallex('f2', 'payment_intent.succeeded', '{"id": "int_1", "amount": 50, "captured_amount": 50,
    "currency": "EUR", "metadata": {"booking_token": "token:s3"}}') \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 14:05 UTC') \g /dev/null
SELECT booking.retry_payment_events(1) \g /dev/null
SELECT public.is(pg_temp.standing('s3') || ', ' || pg_temp.reason('f1'), 'paid paid none, applied: ', 'and comes to it');
SELECT public.is((SELECT count(*) FROM booking.payments AS p WHERE p.booking_id = pg_temp.id('s3')), 1::bigint,
                 'one payment');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books agree');
SELECT * FROM public.finish();
ROLLBACK;
