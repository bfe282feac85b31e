-- Limits of what an owner may do with a webhook, and batches that keep their meaning.

BEGIN;
\ir shared/fixture.sql
\ir shared/webhooks.sql
SELECT public.plan(21);
SELECT pg_temp.endpoint('a') \g /dev/null
SELECT pg_temp.endpoint('batched', options => '{"batch_max": 3}') \g /dev/null
SELECT booking.relay_attach(pg_temp.relay(n), 'here', '1.0') FROM generate_series(1, 2) AS n \g /dev/null

-- Owners.
CREATE FUNCTION pg_temp.as_owner(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.jwt.claims', '{"sub": "limits-owner"}', true);
    SET LOCAL ROLE booking_member;
    EXECUTE statement;
    RESET ROLE;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RESET ROLE;
    RETURN SQLSTATE;
END $$;
INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (1, 'limits-owner', 'owner');
CREATE FUNCTION pg_temp.change(name text, changes text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT booking.update_webhook_endpoint(%L, %L)', pg_temp.id(name), changes) $$;

SELECT public.is(pg_temp.as_owner(pg_temp.change('a', '{"max_in_flight": 32}')), 'done', 'an owner may have 32 requests under way');
SELECT public.is(pg_temp.as_owner(pg_temp.change('a', '{"max_in_flight": 33}')), 'BK603', 'and not 33');
SELECT public.lives_ok(pg_temp.change('a', '{"max_in_flight": 33}'), 'whom we trust may');
SELECT public.is(pg_temp.as_owner(pg_temp.change('a', '{"url": "https://other.example/"}')), 'done',
                 'an owner may change the URL of an endpoint that only signs');
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"headers": {"X-Ops-Key": "not for owners"}}') \g /dev/null
SELECT public.is(pg_temp.as_owner(pg_temp.change('a', '{"url": "https://evil.example/"}')), '42501',
                 'and not where keys would go to it that the owner may not read');
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"headers": {}}') \g /dev/null
SELECT booking.rotate_webhook_secret(pg_temp.id('a'), 'make_apikey') \g /dev/null
SELECT public.is(pg_temp.as_owner(pg_temp.change('a', '{"url": "https://evil.example/"}')), '42501', 'nor where a key is sent as it is');
SELECT public.is(pg_temp.as_owner(pg_temp.change('a', '{"max_age": "300000 years 105503982 days 9 hours"}')), 'BK603',
                 'an interval that does not fit is refused');
SELECT public.is(pg_temp.as_owner(pg_temp.change('a', '{"max_age": "-1 month 31 days"}')), 'done', 'parts of an interval may differ in sign');

SELECT booking.rotate_webhook_secret(pg_temp.id('a'), overlap => '30 days') FROM generate_series(1, 10) \g /dev/null
SELECT pg_temp.happen(1) \g /dev/null
SELECT public.is(pg_temp.claim(), 2, 'both endpoints want the event');
SELECT public.is((SELECT count(*) FROM pg_temp.claimed AS c, jsonb_array_elements(c.secrets) AS s
                   WHERE c.endpoint_name = 'a' AND s ->> 'scheme' = 'standard'), 3::bigint,
                 'however often a secret is rotated, three are used');
SELECT pg_temp.answer('{"http_status": 200}') \g /dev/null

SELECT booking.disable_webhook_endpoint(pg_temp.id('a'), 'a' || repeat('é', 600)) \g /dev/null
SELECT public.is((SELECT length(e.disabled_reason) FROM booking.webhook_endpoints AS e WHERE e.id = pg_temp.id('a')), 500,
                 'a reason is cut between characters');

-- What comes from outside is never an event that everybody sees.
SELECT public.throws_ok($$ SELECT booking.receive_booking_event(1, '{"id": "x", "event_type": "activity.updated",
                               "description": "Jane Doe moved"}') $$, 'BK612', NULL, 'a received event of the catalogue is refused');

-- A batch is sent as it was, or not under its id.
SELECT pg_temp.happen(3) \g /dev/null
SELECT public.is(pg_temp.claim(), 3, 'three events are one batch');
CREATE TEMPORARY TABLE first_claim AS SELECT c.delivery_id, c.request_id, c.batched FROM pg_temp.claimed AS c;
SELECT pg_temp.answer('{"error_class": "blocked", "error": "private"}') \g /dev/null
SELECT booking.replay_webhook_event(d.event_id, pg_temp.id('batched'))
  FROM booking.webhook_deliveries AS d WHERE d.status = 'blocked' ORDER BY d.id LIMIT 1 \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT public.is_empty('SELECT 1 FROM pg_temp.claimed AS c JOIN pg_temp.first_claim AS f ON f.request_id = c.request_id',
                       'one of them that is replayed has another id');
SELECT pg_temp.answer('{"http_status": 200}') \g /dev/null
SELECT booking.retry_failed_webhooks() \g /dev/null
SELECT public.is(pg_temp.claim(), 2, 'the others are tried again by hand');
SELECT public.is_empty('SELECT 1 FROM pg_temp.claimed AS c JOIN pg_temp.first_claim AS f ON f.request_id = c.request_id',
                       'under other ids too');
SELECT pg_temp.answer('{"http_status": 200}') \g /dev/null

SELECT pg_temp.happen(3) \g /dev/null
SELECT pg_temp.claim() \g /dev/null
TRUNCATE pg_temp.first_claim;
INSERT INTO pg_temp.first_claim SELECT c.delivery_id, c.request_id, c.batched FROM pg_temp.claimed AS c;
SELECT booking.relay_complete(pg_temp.relay(), jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token,
                                                                            'http_status', 500)))
  FROM (SELECT * FROM pg_temp.claimed LIMIT 1) AS c \g /dev/null
SELECT pg_temp.wait('20 seconds') \g /dev/null
DELETE FROM pg_temp.claimed;
SELECT public.is(pg_temp.claim(relay => 2), 0, 'a batch of which a part is still under way waits');
SELECT pg_temp.wait('60 seconds') \g /dev/null
SELECT public.is(pg_temp.claim(relay => 2), 3, 'and is sent whole when that has run out');
SELECT public.is((SELECT count(*) FROM pg_temp.claimed AS c JOIN pg_temp.first_claim AS f
                      ON f.delivery_id = c.delivery_id AND f.request_id = c.request_id), 3::bigint, 'under its id');
SELECT pg_temp.answer('{"error_class": "too_large", "error": "6 MiB"}', 2) \g /dev/null
SELECT public.is(pg_temp.claim(relay => 2), 3, 'a batch that is too large is taken apart');
SELECT public.is((SELECT count(DISTINCT c.request_id) FILTER (WHERE NOT c.batched) FROM pg_temp.claimed AS c), 3::bigint, 'each by itself');

SELECT * FROM public.finish();
ROLLBACK;
