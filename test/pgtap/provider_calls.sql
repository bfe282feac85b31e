-- Calls of providers: written with what causes them, claimed one after the other, made again or given up, looked after.

BEGIN;
\ir shared/fixture.sql
\ir shared/packages.sql
SELECT public.plan(112);

CREATE FUNCTION pg_temp.relay(number integer DEFAULT 1) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
    SELECT format('00000000-0000-4000-8000-%s', lpad(number::text, 12, '0'))::uuid $$;
SELECT booking.adopt(true) \g /dev/null
SELECT booking.relay_attach(pg_temp.relay(), 'here', '1.0') \g /dev/null
CREATE TEMPORARY TABLE claimed AS
    SELECT * FROM booking.relay_claim_calls(pg_temp.relay(), 1, 60, '{}') WITH NO DATA;

-- How many were claimed; they replace those before.
CREATE FUNCTION pg_temp.claim(most integer DEFAULT 10, accounts jsonb DEFAULT '{"1": ["custom", "stripe"]}',
                              relay integer DEFAULT 1, lease integer DEFAULT 60) RETURNS integer VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    number integer;
BEGIN
    DELETE FROM pg_temp.claimed;
    INSERT INTO pg_temp.claimed
    SELECT * FROM booking.relay_claim_calls(pg_temp.relay(relay), most, lease, accounts);
    GET DIAGNOSTICS number = ROW_COUNT;
    RETURN number;
END $$;
CREATE FUNCTION pg_temp.answer(result jsonb, relay integer DEFAULT 1) RETURNS boolean VOLATILE LANGUAGE sql AS $$
    SELECT bool_and(booking.relay_complete_call(pg_temp.relay(relay), c.call_id, c.lease_token, result))
      FROM pg_temp.claimed AS c $$;
CREATE FUNCTION pg_temp.done(facts jsonb) RETURNS boolean VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.answer(jsonb_build_object('ending', 'done', 'http_status', 200, 'facts', facts)) $$;
CREATE FUNCTION pg_temp.page(name text) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_build_object('provider_ref', 'ref_' || name, 'url', 'https://pay.example/' || name) $$;
CREATE FUNCTION pg_temp.calls(subject text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(c.action || ' ' || c.status, ', ' ORDER BY c.id) FROM booking.provider_calls AS c
     WHERE pg_temp.id(subject) IN (c.booking_id, c.reservation_id) $$;
CREATE FUNCTION pg_temp.later(pause interval) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.set_clock(booking.clock() + pause) $$;

UPDATE booking.organizations SET payment_provider = 'custom' WHERE organization_id = 1;

-- Who asks for what.
SELECT public.ok(NOT pg_temp.buy('link', 'link') ? 'paymentPending', 'a package with a page of its own needs no provider');
SELECT public.ok(NOT pg_temp.buy('free', 'discovery') ? 'paymentPending', 'nor does one that is free');
SELECT public.is(pg_temp.calls('link') || pg_temp.calls('free'), NULL, 'so that none is asked');
UPDATE booking.packages SET payment_provider = 'none' WHERE organization_id = 1 AND id = 'monthly';
SELECT public.ok(NOT pg_temp.buy('none', 'monthly') ? 'paymentPending', 'or one that the application takes the money for');
SELECT public.is(pg_temp.buy('a', 'single') - 'bookingToken' - 'bookingId' - 'expiresAt',
                 '{"requiresPayment": true, "paymentPending": true}', 'any other says that its page is awaited');
SELECT public.is(pg_temp.calls('a'), 'create_payment pending', 'the intent was written with the booking');
SELECT public.is(pg_temp.status('a') -> 'paymentPending', 'true', 'booking_status says so too');
SELECT public.results_eq(
    $$ SELECT c.provider, c.request - 'reference', c.return_token = pg_temp.token('a'), c.idempotency_key ~ '^[\w-]{43}$',
              c.expires_at = b.expires_at, c.request ->> 'reference' = b.booking_number
         FROM booking.provider_calls AS c JOIN booking.bookings AS b ON b.id = c.booking_id WHERE b.id = pg_temp.id('a') $$,
    $$ SELECT 'custom', jsonb_build_object('amount_minor', 5000, 'currency', 'EUR', 'title', p.name,
                  'expires_at', '2027-03-02T12:00:' || to_char(b.expires_at, 'SS.MS') || 'Z',
                  'metadata', jsonb_build_object('booking_id', b.id)), true, true, true, true
         FROM booking.bookings AS b JOIN booking.packages AS p ON p.id = b.package_id AND p.organization_id = 1
        WHERE b.id = pg_temp.id('a') $$,
    'it says what is to be paid, and nothing of who pays');

-- Claims.
SELECT public.is(pg_temp.claim(accounts => '{}'), 0, 'a relay without keys gets none');
SELECT public.is(pg_temp.claim(accounts => '{"1": ["stripe"], "2": ["custom"]}'), 0,
                 'nor one with those of others');
SELECT public.is(pg_temp.claim(relay => 2), 0, 'nor one that is not attached');
SELECT public.is(pg_temp.claim(), 1, 'one with the keys gets it');
SELECT public.results_eq(
    $$ SELECT c.organization_id, c.provider, c.action, c.request ->> 'customer_email', c.request ->> 'customer_name',
              c.request ->> 'return_token' = pg_temp.token('a'), c.uncertain, c.attempt FROM pg_temp.claimed AS c $$,
    $$ VALUES (1, 'custom', 'create_payment', 'ada@example.org', 'Ada', true, false, 1) $$,
    'with what is personal, joined');
SELECT public.is(pg_temp.claim(), 0, 'once');
SELECT public.is(pg_temp.calls('a'), 'create_payment running', 'it is under way');

-- A lease that is lost: nobody knows whether it was made.
SELECT pg_temp.later('61 seconds') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'it is given to somebody else when the lease has run out');
SELECT public.ok((SELECT c.uncertain FROM pg_temp.claimed AS c), 'who is told that it may have been made');
UPDATE pg_temp.claimed SET lease_token = lease_token - 1;
SELECT public.ok(NOT pg_temp.done(pg_temp.page('late')), 'what the first one says does not count');
UPDATE pg_temp.claimed SET lease_token = lease_token + 1;
SELECT public.ok(NOT pg_temp.answer('{"ending": "returned"}', 2), 'nor what anybody else says');
SELECT public.is(pg_temp.calls('a'), 'create_payment running', 'it is still under way');
UPDATE booking.provider_calls SET lease_owner = pg_temp.relay(7) WHERE booking_id = pg_temp.id('a');
SELECT public.is(pg_temp.claim(), 1, 'that of a relay that is gone is taken over at once');

-- What may come of it.
SELECT public.ok(pg_temp.answer('{"ending": "retry", "uncertain": false, "reason": "busy", "http_status": 429,
                                  "retry_after_seconds": 90}'), 'one that did nothing');
SELECT public.results_eq(
    $$ SELECT c.status, c.uncertain, c.attempts, c.reason, c.http_status,
              c.next_attempt_at - booking.clock() BETWEEN interval '85 s' AND interval '90 s'
         FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('a') $$,
    $$ VALUES ('pending', false, 3, 'busy', 429, true) $$, 'is made again when the provider wants it');
SELECT public.is(pg_temp.claim(), 0, 'not before');
SELECT pg_temp.later('91 seconds') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'then it is claimed');
SELECT public.ok(pg_temp.answer('{"ending": "returned", "uncertain": true}'), 'one that was not attempted');
SELECT public.is(pg_temp.claim(), 1, 'is due at once');
SELECT public.results_eq('SELECT c.attempt, c.uncertain FROM pg_temp.claimed AS c', 'VALUES (4, true)',
                         'and counts no attempt; what was uncertain stays so');
SELECT public.ok(pg_temp.done(pg_temp.page('a')), 'one that was made');
SELECT public.results_eq(
    $$ SELECT c.status, c.return_token, c.uncertain, c.check_at - booking.clock() BETWEEN interval '9 min' AND interval '10 min'
         FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('a') $$,
    $$ VALUES ('done', NULL::text, false, true) $$, 'forgets the token, and will be looked after');
SELECT public.is(pg_temp.status('a') - '{paymentUrl}'::text[] = pg_temp.status('a') - '{paymentPending, paymentUrl}'::text[]
                 AND pg_temp.status('a') ->> 'paymentUrl' = 'https://pay.example/a', true, 'booking_status has the page');
SELECT public.ok(NOT pg_temp.done(pg_temp.page('again')), 'a second answer does not count');

-- Repeated requests get the page, and no second one.
SELECT pg_temp.buy('key', 'single', '{"idempotencyKey": "0123456789abcdef"}') \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT pg_temp.done(pg_temp.page('key')) \g /dev/null
SELECT public.is(booking.booking_create(1, pg_temp.wanted('{"packageId": "single", "idempotencyKey": "0123456789abcdef"}'))
                 ->> 'paymentUrl', 'https://pay.example/key', 'who asks again gets the page');
SELECT public.is(pg_temp.calls('key'), 'create_payment done', 'there is one');

-- Those of one booking, one after the other.
SELECT pg_temp.buy('two', 'single') \g /dev/null
INSERT INTO booking.provider_calls (organization_id, id, provider, action, booking_id, about_call_id, request, idempotency_key,
                                    next_attempt_at, expires_at, created_at)
SELECT 1, booking.new_id(1), 'custom', 'look_up_payment', c.booking_id, c.id, '{}', 'another', c.next_attempt_at, c.expires_at,
       c.created_at
  FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('two');
SELECT public.is(pg_temp.claim(), 1, 'of two calls of a booking one is claimed');
SELECT public.is(pg_temp.claim() || ' ' || pg_temp.calls('two'), '0 create_payment running, look_up_payment pending',
                 'the first, and the second not before it is over');
UPDATE booking.provider_calls SET lease_until = booking.clock() - interval '1 s' WHERE status = 'running';
SELECT pg_temp.claim(), pg_temp.done(pg_temp.page('two')) \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'then the second');
SELECT pg_temp.done('{"status": "open"}') \g /dev/null

-- Refused, without an answer that can be used, and out of time.
SELECT pg_temp.buy('no', 'single'), pg_temp.claim() \g /dev/null
SELECT public.ok(pg_temp.answer('{"ending": "refused", "reason": "no such currency", "http_status": 422}'), 'one that is refused');
SELECT public.is(pg_temp.calls('no'), 'create_payment failed', 'has failed');
SELECT public.results_eq(
    $$ SELECT e.booking_id, e.facts - 'reservation_id' FROM booking.booking_events AS e WHERE e.kind = 'provider_call.failed' $$,
    $$ VALUES (pg_temp.id('no'), '{"provider": "custom", "action": "create_payment", "reason": "no such currency"}'::jsonb) $$,
    'which people are told');
SELECT public.is(booking.retry_provider_call(c.id), true, 'it can be tried again')
  FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('no');
SELECT public.is(booking.retry_provider_call(c.id), false, 'once')
  FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('no');
SELECT public.is(pg_temp.claim(), 1, 'and is claimed');
SELECT public.ok(pg_temp.done('{"provider_ref": "x", "url": "javascript:alert(1)"}'), 'an answer without a page');
SELECT public.is((SELECT c.status || ': ' || c.reason FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('no')),
                 'failed: the answer of the provider has no https page', 'is none');
SELECT pg_temp.buy('slow', 'single'), pg_temp.claim() \g /dev/null
SELECT pg_temp.answer('{"ending": "retry", "uncertain": true, "retry_after_seconds": 20000}') \g /dev/null
SELECT pg_temp.set_clock(timestamptz '2027-03-02 11:00 UTC'), pg_temp.claim() \g /dev/null
DELETE FROM pg_temp.claimed AS c USING booking.provider_calls AS p WHERE p.id = c.call_id AND p.booking_id <> pg_temp.id('slow');
SELECT public.ok(pg_temp.answer('{"ending": "retry", "uncertain": true, "retry_after_seconds": 20000, "reason": "silence"}'),
                 'one that would come too late');
SELECT public.is((SELECT c.status || ' ' || c.uncertain FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('slow')),
                 'failed true', 'has failed, and may have been made');

-- What is to be paid no more is closed.
SELECT pg_temp.set_clock(timestamptz '2027-03-03 12:00 UTC') \g /dev/null
DELETE FROM booking.provider_calls;
SELECT pg_temp.buy('b', 'single'), pg_temp.buy('c', 'single'), pg_temp.buy('d', 'single') \g /dev/null
SELECT booking.booking_cancel(jsonb_build_object('bookingToken', pg_temp.token('b'))) \g /dev/null
SELECT public.is(pg_temp.calls('b'), 'create_payment abandoned', 'what was not asked for yet is abandoned');
SELECT pg_temp.claim() \g /dev/null
SELECT booking.booking_cancel(jsonb_build_object('bookingToken', pg_temp.token('c'))) \g /dev/null
SELECT public.is(pg_temp.calls('c'), 'create_payment running', 'what is under way is made to its end');
SELECT pg_temp.done(pg_temp.page('cd')) \g /dev/null
SELECT public.is(pg_temp.calls('c') || '; ' || pg_temp.calls('d'),
                 'create_payment done, expire_payment pending; create_payment done', 'and closed then');
SELECT booking.booking_cancel(jsonb_build_object('bookingToken', pg_temp.token('d'))) \g /dev/null
SELECT public.is(pg_temp.calls('d'), 'create_payment done, expire_payment pending', 'an open page is closed');
SELECT public.is(pg_temp.claim(), 2, 'both are claimed');
SELECT public.is((SELECT c.request ->> 'provider_ref' || ' ' || (c.request ->> 'payment_call_id' = p.id::text)
                    FROM pg_temp.claimed AS c JOIN booking.provider_calls AS p ON p.booking_id = pg_temp.id('d')
                     AND p.action = 'create_payment'
                   WHERE c.request ->> 'payment_call_id' = p.id::text), 'ref_cd true', 'with the provider''s name for it');
SELECT public.ok(pg_temp.done('{"status": "expired"}'), 'they are closed');
SELECT public.is((SELECT count(*) FROM booking.provider_calls AS c WHERE c.check_at IS NOT NULL), 0::bigint,
                 'and nobody looks after them');

-- No webhook has come.
SELECT pg_temp.buy('e', 'single'), pg_temp.claim() \g /dev/null
SELECT pg_temp.done(pg_temp.page('e')), pg_temp.later('11 minutes') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'the provider is asked');
SELECT public.results_eq(
    $$ SELECT c.action, c.request - 'payment_call_id' - 'reference' FROM pg_temp.claimed AS c $$,
    $$ VALUES ('look_up_payment', '{"provider_ref": "ref_e", "amount_minor": 5000, "currency": "EUR"}'::jsonb) $$, 'what has become of it');
SELECT pg_temp.done('{"status": "open", "provider_ref": "ref_e"}'), pg_temp.later('11 minutes') \g /dev/null
SELECT public.is(pg_temp.claim(), 0, 'less and less often');
SELECT pg_temp.later('10 minutes') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'while it is open');
SELECT public.ok(pg_temp.done('{"status": "paid", "provider_ref": "ref_e", "payment_ref": "pay_e", "amount_minor": 5000,
                                "currency": "EUR"}'), 'it was paid');
SELECT public.results_eq(
    $$ SELECT b.status, b.payment_status, p.provider, p.accepted FROM booking.bookings AS b
         JOIN booking.payments AS p ON p.booking_id = b.id AND p.provider_ref = 'pay_e' WHERE b.id = pg_temp.id('e') $$,
    $$ VALUES ('paid', 'paid', 'custom', true) $$, 'which counts as if a webhook had said it');
SELECT pg_temp.later('1 day') \g /dev/null
SELECT public.is(pg_temp.claim(), 0, 'then nobody asks any more');
SELECT pg_temp.buy('f', 'single'), pg_temp.claim() \g /dev/null
SELECT pg_temp.done(pg_temp.page('f')), pg_temp.later('11 minutes') \g /dev/null
SELECT pg_temp.claim(), pg_temp.done('{"status": "paid", "provider_ref": "ref_f", "payment_ref": "pay_f", "amount_minor": 4999,
                                       "currency": "EUR"}') \g /dev/null
SELECT public.is((SELECT b.payment_status || ' ' || p.status FROM booking.bookings AS b
                    JOIN booking.payments AS p ON p.booking_id = b.id WHERE b.id = pg_temp.id('f')),
                 'pending conflict', 'what is not the price pays nothing');
SELECT pg_temp.buy('g', 'single'), pg_temp.claim() \g /dev/null
SELECT pg_temp.done(pg_temp.page('g')), pg_temp.later('11 minutes') \g /dev/null
SELECT pg_temp.claim(), pg_temp.done('{"status": "expired", "provider_ref": "ref_g"}') \g /dev/null
SELECT public.is(pg_temp.calls('g'), 'create_payment done, look_up_payment done, create_payment pending',
                 'a page that has ended before the booking has another one');

-- Holds.
SELECT pg_temp.add_session('s', 1, 'massage', booking.clock() + interval '1 day', 4) \g /dev/null
SELECT pg_temp.hold('h', 's', 2) \g /dev/null
SELECT public.is(pg_temp.calls('h'), NULL, 'a hold asks for nothing by itself');
SELECT public.is(booking.request_payment(pg_temp.id('h'), pg_temp.token('h')) -> 'payment_pending', 'true',
                 'its holder asks for a page');
SELECT public.is(booking.request_payment(pg_temp.id('h'), pg_temp.token('h')) -> 'payment_pending', 'true', 'again and again');
SELECT public.is(pg_temp.calls('h'), 'create_payment pending', 'and gets one');
UPDATE booking.provider_calls SET next_attempt_at = 'infinity' WHERE booking_id = pg_temp.id('g');
SELECT pg_temp.claim(), pg_temp.done(pg_temp.page('h')) \g /dev/null
SELECT public.is(booking.reservation_status(pg_temp.id('h'), pg_temp.token('h')) ->> 'payment_url', 'https://pay.example/h',
                 'reservation_status has it');
SELECT public.is((SELECT c.request - 'expires_at' FROM pg_temp.claimed AS c), jsonb_build_object(
                     'amount_minor', 5000, 'currency', 'EUR', 'title', 'massage', 'reference', pg_temp.id('h'), 'quantity', 2,
                     'metadata', jsonb_build_object('reservation_id', pg_temp.id('h')), 'customer_email', 'guest@example.org'),
                 'for the price of the party');
SELECT pg_temp.later('11 minutes'), booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.calls('h'), 'create_payment done, expire_payment pending', 'the page of a hold that runs out is closed');
SELECT public.is(booking.request_payment(pg_temp.id('h'), pg_temp.token('h')) -> 'payment_pending', NULL, 'there is no other');
SELECT pg_temp.claim(), pg_temp.answer('{"ending": "retry", "reason": "a payment is under way"}'), pg_temp.later('20 days') \g /dev/null
SELECT pg_temp.claim(), pg_temp.answer('{"ending": "retry", "reason": "a payment is under way"}') \g /dev/null
SELECT public.is(pg_temp.calls('h'), 'create_payment done, expire_payment pending', 'nor is a payment forgotten that takes weeks');

-- Who asks for the page again after a failure asks the provider again: a minute later, and never for a second page.
CREATE FUNCTION pg_temp.fails(uncertain boolean) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    IF uncertain THEN -- its time is over
        UPDATE booking.provider_calls SET expires_at = booking.clock() WHERE id IN (SELECT c.call_id FROM pg_temp.claimed AS c);
        RETURN pg_temp.answer('{"ending": "retry", "uncertain": true, "reason": "silence"}');
    END IF;
    RETURN pg_temp.answer('{"ending": "refused", "reason": "no such currency"}');
END $$;
DELETE FROM booking.provider_calls;
SELECT pg_temp.add_session('r', 1, 'massage', booking.clock() + interval '1 day', 4) \g /dev/null
SELECT pg_temp.hold('refused', 'r', 1) \g /dev/null
SELECT booking.request_payment(pg_temp.id('refused'), pg_temp.token('refused')), pg_temp.claim() \g /dev/null
SELECT pg_temp.fails(false) \g /dev/null
SELECT public.is(booking.reservation_status(pg_temp.id('refused'), pg_temp.token('refused')) -> 'payment_failed', 'true', 'the holder sees that it failed');
SELECT public.is(booking.request_payment(pg_temp.id('refused'), pg_temp.token('refused')) -> 'payment_pending', NULL, 'asked at once, nothing happens');
SELECT pg_temp.later('61 seconds') \g /dev/null
SELECT public.is(booking.request_payment(pg_temp.id('refused'), pg_temp.token('refused')) -> 'payment_pending', 'true', 'a minute later it is asked for again');
SELECT public.is(pg_temp.calls('refused'), 'create_payment abandoned, create_payment pending', 'what was refused by another call');
SELECT public.is(booking.retry_provider_call(c.id), false, 'and nobody makes the first one as well')
  FROM booking.provider_calls AS c WHERE c.reservation_id = pg_temp.id('refused') AND c.status = 'abandoned';
SELECT pg_temp.claim(), pg_temp.fails(true) \g /dev/null
CREATE TEMPORARY TABLE failed_call AS
    SELECT c.id, c.idempotency_key FROM booking.provider_calls AS c WHERE c.reservation_id = pg_temp.id('refused') AND c.status = 'failed';
SELECT pg_temp.later('61 seconds') \g /dev/null
SELECT public.is(booking.request_payment(pg_temp.id('refused'), pg_temp.token('refused')) -> 'payment_pending', 'true', 'what may have been made');
SELECT public.results_eq('SELECT c.status, c.uncertain, c.idempotency_key FROM booking.provider_calls AS c JOIN pg_temp.failed_call USING (id)',
                         $$ SELECT 'pending', true, f.idempotency_key FROM pg_temp.failed_call AS f $$, 'is looked for, under its key');
SELECT public.is(pg_temp.calls('refused'), 'create_payment abandoned, create_payment pending', 'by the same call');
SELECT pg_temp.claim(), pg_temp.done(pg_temp.page('refused')) \g /dev/null
SELECT public.is(booking.request_payment(pg_temp.id('refused'), pg_temp.token('refused')) ->> 'payment_url', 'https://pay.example/refused', 'there it is');
SELECT public.is(pg_temp.calls('refused'), 'create_payment abandoned, create_payment done', 'and there is one');
SELECT pg_temp.later('6 minutes'), booking.extend_reservation(pg_temp.id('refused'), pg_temp.token('refused')) \g /dev/null
SELECT pg_temp.later('5 minutes'), pg_temp.claim(), pg_temp.done('{"status": "expired", "provider_ref": "ref_refused"}') \g /dev/null
SELECT public.is(pg_temp.calls('refused'), 'create_payment abandoned, create_payment done, look_up_payment done, create_payment pending',
                 'a page that has ended before the hold has another one');
UPDATE booking.provider_calls SET next_attempt_at = 'infinity' WHERE status = 'pending';
SELECT pg_temp.buy('k', 'single', '{"idempotencyKey": "again-0123456789"}'), pg_temp.claim(), pg_temp.fails(false) \g /dev/null
CREATE FUNCTION pg_temp.asks_again() RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT concat_ws(' ', a.answer ->> 'paymentPending', a.answer ->> 'paymentUrl')
      FROM booking.booking_create(1, pg_temp.wanted('{"packageId": "single", "idempotencyKey": "again-0123456789"}')) AS a (answer) $$;
SELECT public.is(pg_temp.asks_again(), '', 'the same for a package: not at once');
SELECT pg_temp.later('61 seconds') \g /dev/null
SELECT public.is(pg_temp.asks_again(), 'true', 'but a minute later');
SELECT pg_temp.claim(), pg_temp.fails(true), pg_temp.later('61 seconds') \g /dev/null
SELECT public.is(pg_temp.asks_again(), 'true', 'what may have been made is looked for');
SELECT public.results_eq($$ SELECT c.status, c.uncertain, c.return_token = pg_temp.token('k') FROM booking.provider_calls AS c
                             WHERE c.booking_id = pg_temp.id('k') ORDER BY c.id $$,
                         $$ VALUES ('abandoned', false, NULL::boolean), ('pending', true, true) $$, 'with the way back for the buyer');
SELECT pg_temp.claim(), pg_temp.done(pg_temp.page('k')) \g /dev/null
SELECT public.is(pg_temp.asks_again(), 'https://pay.example/k', 'there it is');
SELECT public.is(pg_temp.asks_again(), 'https://pay.example/k', 'and stays');
SELECT public.is(pg_temp.calls('k'), 'create_payment abandoned, create_payment done', 'there is one');
SELECT pg_temp.buy('l', 'single', '{"idempotencyKey": "over-01234567890"}'), pg_temp.claim(), pg_temp.fails(false), pg_temp.later('2 days') \g /dev/null
SELECT booking.booking_create(1, pg_temp.wanted('{"packageId": "single", "idempotencyKey": "over-01234567890"}')) \g /dev/null
SELECT public.is(pg_temp.calls('l'), 'create_payment failed', 'a booking whose time is over asks for nothing');

-- Where nothing is to be paid any more, nobody can pay on a page that may have been made after all.
DELETE FROM booking.provider_calls;
SELECT pg_temp.add_session('q', 1, 'massage', booking.clock() + interval '9 days', 4), pg_temp.hold('lost', 'q', 1) \g /dev/null
SELECT booking.request_payment(pg_temp.id('lost'), pg_temp.token('lost')), pg_temp.claim(), pg_temp.fails(true) \g /dev/null
SELECT pg_temp.buy('m', 'single'), pg_temp.claim(), pg_temp.fails(true), pg_temp.buy('n', 'single'), pg_temp.claim(), pg_temp.fails(false) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('lost'), pg_temp.token('lost')) \g /dev/null
SELECT booking.booking_cancel(jsonb_build_object('bookingToken', pg_temp.token(n))) FROM unnest(ARRAY['m', 'n']) AS n \g /dev/null
SELECT public.is(pg_temp.calls('lost'), 'create_payment pending', 'it is looked for when the hold is given back');
SELECT public.is(pg_temp.calls('m'), 'create_payment pending', 'or the booking cancelled');
SELECT public.is(pg_temp.calls('n'), 'create_payment failed', 'but not if the provider has refused it');
SELECT public.is(pg_temp.claim(), 2, 'each is made again');
SELECT public.ok((SELECT bool_and(c.uncertain) FROM pg_temp.claimed AS c), 'as one that may be there');
SELECT pg_temp.done(pg_temp.page('lost')) \g /dev/null
SELECT public.is(concat_ws('; ', pg_temp.calls('lost'), pg_temp.calls('m')),
                 'create_payment done, expire_payment pending; create_payment done, expire_payment pending', 'and closed');
DELETE FROM booking.provider_calls;
SELECT pg_temp.buy('o', 'single'), pg_temp.claim() \g /dev/null
SELECT booking.booking_cancel(jsonb_build_object('bookingToken', pg_temp.token('o'))) \g /dev/null
SELECT pg_temp.later('25 hours'), pg_temp.answer('{"ending": "retry", "uncertain": true, "reason": "silence"}') \g /dev/null
SELECT public.is(pg_temp.calls('o'), 'create_payment pending', 'also for longer than it could have been paid');

-- Two look-ups find the same page over: it has one successor.
DELETE FROM booking.provider_calls;
SELECT pg_temp.buy('twice', 'single'), pg_temp.claim(), pg_temp.done(pg_temp.page('twice')), pg_temp.later('1 hour') \g /dev/null
SELECT pg_temp.claim() \g /dev/null
CREATE TEMPORARY TABLE first_look AS SELECT * FROM pg_temp.claimed;
UPDATE booking.provider_calls SET check_at = booking.clock() WHERE action = 'create_payment';
SELECT pg_temp.claim() \g /dev/null
INSERT INTO pg_temp.claimed SELECT * FROM pg_temp.first_look;
SELECT public.is(pg_temp.calls('twice'), 'create_payment done, look_up_payment running, look_up_payment pending', 'a page is looked at twice');
SELECT pg_temp.done('{"status": "expired", "provider_ref": "ref_twice"}'), pg_temp.claim() \g /dev/null
SELECT pg_temp.done('{"status": "expired", "provider_ref": "ref_twice"}') \g /dev/null
SELECT public.is(pg_temp.calls('twice'), 'create_payment done, look_up_payment done, look_up_payment done, create_payment pending', 'and replaced once');

-- A copy of the database asks nobody.
SELECT pg_temp.buy('i', 'single') \g /dev/null
UPDATE booking.installation SET database_oid = 1;
SELECT public.is(pg_temp.claim(), 0, 'in a copy nothing is claimed');
SELECT booking.adopt(true) \g /dev/null
SELECT public.ok((SELECT bool_and(c.uncertain) FROM booking.provider_calls AS c WHERE c.status = 'pending'),
                 'who adopts it with what is pending looks before it is made');
UPDATE booking.installation SET database_oid = 1;
SELECT booking.adopt(false) \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.provider_calls AS c
                   WHERE c.status IN ('pending', 'running') OR c.check_at IS NOT NULL OR c.return_token IS NOT NULL), 0::bigint,
                 'who leaves it to the original makes none');

-- Old ones go.
SELECT pg_temp.later('91 days') \g /dev/null
SELECT public.ok(booking.cleanup_provider_calls() > 0, 'what is long over is removed');
SELECT public.is((SELECT count(*) FROM booking.provider_calls), 0::bigint, 'all of it');
SELECT public.is(pg_temp.refused('SELECT booking.cleanup_provider_calls(0)'),
                 'BK013 -: days must be between 1 and 3650, got 0', 'not what is new');
SELECT public.is(pg_temp.refused('SELECT booking.retry_provider_call(booking.new_id(1))') ~ '^BK704', true,
                 'one that there is not is not tried');
SELECT public.is(pg_temp.refused(format('SELECT booking.relay_complete_call(%L, booking.new_id(1), 1, ''{"ending": "perhaps"}'')',
                                        pg_temp.relay())),
                 'BK613 -: invalid result: $.ending is none of done, retry, refused, returned', 'an answer that is none');
SELECT public.is(pg_temp.refused(format('SELECT * FROM booking.relay_claim_calls(%L, 0, 60, ''{}'')', pg_temp.relay())),
                 'BK613 -: wanted must be between 1 and 1000, got 0', 'a claim of nothing');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are in order');
SELECT booking.relay_attach(pg_temp.relay(), 'here', '1.0'), pg_temp.buy('j', 'single'), pg_temp.claim() \g /dev/null
SELECT pg_temp.done(pg_temp.page('j')) \g /dev/null
ALTER TABLE booking.bookings DISABLE TRIGGER end_payment_calls;
SELECT booking.booking_cancel(jsonb_build_object('bookingToken', pg_temp.token('j'))) \g /dev/null
SELECT public.results_eq('SELECT i.invariant, i.detail FROM booking.integrity_check() AS i',
                         $$ VALUES ('payment_page_is_closed', 'it is open, and what it was for is cancelled') $$,
                         'but where a page stays open');

SELECT * FROM public.finish();
ROLLBACK;
