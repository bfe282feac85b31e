-- Many results in one report: what one of them is does not touch the others. And claims where there are many endpoints.

BEGIN;
\ir shared/fixture.sql
\ir shared/webhooks.sql
SELECT public.plan(21);
SELECT pg_temp.endpoint('a', options => '{"max_in_flight": 10}') \g /dev/null
SELECT booking.relay_attach(pg_temp.relay(), 'here', '1.0') \g /dev/null

CREATE FUNCTION pg_temp.result(number integer, facts jsonb DEFAULT '{"http_status": 200}') RETURNS jsonb STABLE
    LANGUAGE sql AS $$
    SELECT jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token) || facts
      FROM pg_temp.claimed AS c ORDER BY c.delivery_id OFFSET number - 1 LIMIT 1 $$;
CREATE FUNCTION pg_temp.report(VARIADIC results jsonb[]) RETURNS integer VOLATILE LANGUAGE sql AS $$
    SELECT booking.relay_complete(pg_temp.relay(), to_jsonb(results)) $$;
CREATE FUNCTION pg_temp.start_anew(count integer) RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM booking.webhook_deliveries;
    DELETE FROM booking.webhook_attempts;
    DELETE FROM pg_temp.claimed;
    PERFORM pg_temp.happen(count);
    RETURN pg_temp.claim();
END $$;

-- The same delivery twice.
SELECT public.is(pg_temp.start_anew(3), 3, 'three are under way');
SELECT public.is(pg_temp.report(pg_temp.result(1), pg_temp.result(1), pg_temp.result(2)), 2, 'a success that is told twice counts once');
SELECT public.is(pg_temp.standing(), 'leased:1', 'what came with it is delivered too');
SELECT public.is(pg_temp.outcomes(), 'delivered:2', 'each is logged once, since of the other nothing is known any more');
SELECT public.is(pg_temp.report(pg_temp.result(3, '{"http_status": 500}'), pg_temp.result(3, '{"http_status": 503}')), 1,
                 'a failure that is told twice counts once');
SELECT public.is((SELECT d.status || d.attempts || ' ' || d.last_http_status FROM booking.webhook_deliveries AS d), 'pending1 500',
                 'the first one');
SELECT public.is(pg_temp.outcomes(), 'delivered:2 late:1 retry:1', 'the second is logged as late');

-- One whose lease is not ours any more, one that never was, one of an organization that never was.
SELECT public.is(pg_temp.start_anew(5), 5, 'five are under way');
UPDATE booking.webhook_deliveries AS d SET lease_token = d.lease_token + 1, lease_owner = pg_temp.relay(2)
 WHERE to_jsonb(d.id) = pg_temp.result(2) -> 'delivery_id';
SELECT public.is(pg_temp.report(
    pg_temp.result(1), pg_temp.result(2, '{"http_status": 500}'), pg_temp.result(3, '{"http_status": 500}'),
    jsonb_build_object('delivery_id', booking.new_id(1), 'lease_token', 1, 'http_status', 200),
    jsonb_build_object('delivery_id', booking.new_id(4711), 'lease_token', 1, 'http_status', 500),
    pg_temp.result(4), pg_temp.result(5, '{"returned": true}')), 4, 'four of seven results are of leases that are held');
SELECT public.is(pg_temp.standing(), 'leased:1 pending:2', 'those count; the one that another relay has stays with it');
SELECT public.is((SELECT d.lease_owner FROM booking.webhook_deliveries AS d WHERE d.status = 'leased'), pg_temp.relay(2),
                 'as it was');
SELECT public.is(pg_temp.outcomes(), 'delivered:2 late:1 retry:1',
                 'all that was attempted is logged, and nothing of what never was');

-- A report that cannot be read leaves everything as it was, and can be sent again in parts.
SELECT public.is(pg_temp.start_anew(2), 2, 'two are under way');
SELECT public.throws_ok(format('SELECT booking.relay_complete(pg_temp.relay(), %L)', jsonb_build_array(
    pg_temp.result(1), pg_temp.result(2, '{"http_status": "many"}'))), 'BK613', NULL, 'one result that cannot be read');
SELECT public.is(pg_temp.standing() || ', ' || pg_temp.outcomes(), 'leased:2, none', 'leaves the other untold');
SELECT public.is(pg_temp.report(pg_temp.result(1)), 1, 'which is told again alone');

-- Many endpoints, and claims that look at a part of them.
DELETE FROM booking.webhook_deliveries;
DELETE FROM pg_temp.claimed;
DELETE FROM booking.webhook_endpoints;
SELECT pg_temp.endpoint(format('e%s', n)) FROM generate_series(1, 40) AS n \g /dev/null
SELECT pg_temp.happen(1) \g /dev/null
SELECT public.is((SELECT array_agg(pg_temp.claim(16)) FROM generate_series(1, 4)), '{16,16,8,0}', 'claims go through all endpoints');
SELECT public.is((SELECT count(DISTINCT c.endpoint_id) FROM pg_temp.claimed AS c), 40::bigint, 'and leave none out');
SELECT public.is((SELECT count(DISTINCT c.body) FROM pg_temp.claimed AS c), 1::bigint, 'the event is the same for all of them');
SELECT public.is((SELECT count(DISTINCT c.secrets) FROM pg_temp.claimed AS c), 40::bigint, 'and its secrets are each endpoint''s own');
-- More is due at each than a claim takes of all: whoever was not served yet comes before who was.
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT pg_temp.happen(3) \g /dev/null
SELECT pg_temp.claim(16) FROM generate_series(1, 3) \g /dev/null
SELECT public.is((SELECT count(DISTINCT c.endpoint_id) FROM pg_temp.claimed AS c), 40::bigint,
                 'after as many claims as it takes each endpoint was served');

SELECT * FROM public.finish();
ROLLBACK;
