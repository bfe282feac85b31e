-- A hold of units that gets others while it is being paid for: what is paid is what they cost then.

BEGIN;
\ir shared/fixture.sql
\ir shared/units.sql
SELECT public.plan(10);

UPDATE booking.organizations SET payment_provider = 'custom' WHERE organization_id = 1;
SELECT booking.adopt(true) \g /dev/null
SELECT booking.relay_attach('00000000-0000-4000-8000-000000000001', 'here', '1.0') \g /dev/null
CREATE FUNCTION pg_temp.calls() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', c.action, c.status, c.request ->> 'amount_minor'), ', ' ORDER BY c.id)
      FROM booking.provider_calls AS c WHERE c.reservation_id = pg_temp.id('ann') $$;
CREATE FUNCTION pg_temp.changes(units jsonb) RETURNS bigint VOLATILE LANGUAGE sql AS $$
    SELECT u.price_minor FROM booking.update_reservation_units(pg_temp.id('ann'), pg_temp.items(units), pg_temp.token('ann')) AS u $$;
-- The relay makes what is to be made, up to that many calls.
CREATE TEMPORARY TABLE claimed AS
    SELECT * FROM booking.relay_claim_calls('00000000-0000-4000-8000-000000000001', 1, 60, '{}') WITH NO DATA;
CREATE FUNCTION pg_temp.claims() RETURNS void VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.claimed
    SELECT * FROM booking.relay_claim_calls('00000000-0000-4000-8000-000000000001', 1, 60, '{"1": ["custom"]}') $$;
CREATE FUNCTION pg_temp.makes(facts jsonb) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT booking.relay_complete_call('00000000-0000-4000-8000-000000000001', c.call_id, c.lease_token,
                                       jsonb_build_object('ending', 'done', 'http_status', 200, 'facts', facts))
      FROM pg_temp.claimed AS c;
    DELETE FROM pg_temp.claimed $$;

SELECT pg_temp.hold_units('ann', 'cruise 9', '{"adult": 2}') \g /dev/null
SELECT public.is(pg_temp.changes('{"adult": 1}'), 3000::bigint, 'units change before anybody has asked how to pay');
SELECT public.is(pg_temp.calls(), NULL, 'and nobody asks for a page');
SELECT booking.request_payment(pg_temp.id('ann'), pg_temp.token('ann')) \g /dev/null
SELECT pg_temp.changes('{"adult": 1, "child": 1}') \g /dev/null
SELECT public.is(pg_temp.calls(), 'create_payment abandoned 3000, create_payment pending 4500',
                 'a page that was asked for is that of what the units cost now');
SELECT pg_temp.claims(), pg_temp.changes('{"adult": 2}') \g /dev/null
SELECT public.is(pg_temp.calls(), 'create_payment abandoned 3000, create_payment running 4500, create_payment pending 6000',
                 'also while the relay is asking');
SELECT pg_temp.makes('{"provider_ref": "ref_1", "url": "https://pay.example/1"}') \g /dev/null
SELECT public.is(pg_temp.calls(), 'create_payment abandoned 3000, create_payment done 4500, create_payment pending 6000, '
                                  'expire_payment pending 4500', 'and a page of another price is closed');
SELECT public.is(booking.reservation_status(pg_temp.id('ann'), pg_temp.token('ann')) -> 'payment_url', NULL, 'nobody sees it');
UPDATE booking.provider_calls SET next_attempt_at = 'infinity' WHERE action = 'expire_payment';
SELECT pg_temp.claims(), pg_temp.makes('{"provider_ref": "ref_2", "url": "https://pay.example/2"}') \g /dev/null
SELECT public.is(booking.reservation_status(pg_temp.id('ann'), pg_temp.token('ann')) ->> 'payment_url', 'https://pay.example/2',
                 'the last one is seen');
SELECT public.is((pg_temp.changes('{"adult": 1}')), 3000::bigint, 'fewer, while it is open');
SELECT public.ok(pg_temp.calls() ~ 'create_payment pending 3000, expire_payment pending 6000$'
                 OR pg_temp.calls() ~ 'expire_payment pending 6000, create_payment pending 3000$', 'close it, and ask for another');

-- Whoever looks is told what was agreed.
SELECT pg_temp.add_session('m', 1, 'massage', '2027-03-05 09:00 UTC', 4), pg_temp.hold('old price', 'm', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:01 UTC') \g /dev/null
UPDATE booking.activities SET price_minor = 9900, currency = 'USD' WHERE id = pg_temp.id('massage');
SELECT public.is((SELECT format('%s %s, %s', r.s ->> 'price_minor', r.s ->> 'currency', r.c ->> 'price_minor')
                    FROM (SELECT booking.reservation_status(pg_temp.id('old price'), pg_temp.token('old price')),
                                 booking.reservation_status(pg_temp.id('ann'), pg_temp.token('ann'))) AS r (s, c)),
                 '5000 EUR, 3000', 'a hold costs what it did when it was made');

SELECT * FROM public.finish();
ROLLBACK;
