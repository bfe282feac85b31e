-- Deliveries: claimed, answered in every way, tried again to the end of the schedule, held, rated, taken over.

BEGIN;
\ir shared/fixture.sql
\ir shared/webhooks.sql
SELECT public.plan(129);
SELECT pg_temp.endpoint('a') \g /dev/null
SELECT booking.relay_attach(pg_temp.relay(), 'here', '1.0') \g /dev/null

-- Fan-out.
SELECT pg_temp.happen(2) \g /dev/null
SELECT pg_temp.happen(1, 'venue.updated') \g /dev/null
SELECT pg_temp.happen(1, 'booking.updated', 2) \g /dev/null
SELECT public.is(pg_temp.standing(), 'pending:2', 'events that the endpoint wants are queued, of its organization only');
SELECT public.is((SELECT count(*) FROM booking.webhook_logs AS l WHERE l.status = 'pending'), 2::bigint,
                 'the log shows what is not yet attempted');

-- A claim and a success.
SELECT public.is(pg_temp.claim(1), 1, 'as much is claimed as is wanted');
SELECT public.is(pg_temp.standing(), 'leased:1 pending:1', 'it is leased');
SELECT public.is((SELECT count(*) FROM booking.webhook_logs AS l WHERE l.status = 'pending'), 2::bigint,
                 'and still pending in the log');
SELECT public.results_eq(
    $$ SELECT c.endpoint_id, c.endpoint_name, c.url, c.preset, c.timeout_ms, c.headers, c.allowed_networks, c.event_type,
              c.attempt, c.lease_token, c.batched, c.organization_id FROM pg_temp.claimed AS c $$,
    $$ VALUES (pg_temp.id('a'), 'a', 'https://a.example/hook', 'standard', 20000, '{}'::jsonb, '[]'::jsonb,
               'booking.updated', 1, 1::bigint, false, 1) $$,
    'a claim says where to and how');
SELECT public.is(c.secrets, jsonb_build_array(jsonb_build_object('scheme', 'standard', 'secret', pg_temp.token('a'))),
                 'with what to sign')
  FROM pg_temp.claimed AS c;
SELECT public.is(c.request_id, d.event_id::text, 'the id of the request is that of the event')
  FROM pg_temp.claimed AS c JOIN booking.webhook_deliveries AS d ON d.id = c.delivery_id;
SELECT public.is(c.body::jsonb ->> 'event_type', 'booking.updated', 'the body is the event')
  FROM pg_temp.claimed AS c;
SELECT public.is(pg_temp.answer(jsonb_build_object(
    'http_status', 200, 'started_at', '2027-03-01T12:00:00.5Z', 'dns_ms', 1, 'connect_ms', 2.5, 'tls_ms', 3,
    'first_byte_ms', 40, 'total_ms', 41.25, 'remote_address', '192.0.2.1:443', 'response_headers', '{"a": "b"}'::jsonb,
    'response_body', 'fine', 'response_truncated', true)), 1, 'a result is accepted');
SELECT public.is(pg_temp.standing(), 'pending:1', 'what is delivered is deleted');
SELECT public.results_eq(
    $$ SELECT l.status, l.outcome, l.attempt, l.http_status, l.response_time_ms, l.remote_address, l.response_headers,
              l.response_body, l.response_truncated, l.started_at
         FROM booking.webhook_logs AS l WHERE l.status <> 'pending' $$,
    $$ VALUES ('delivered', 'delivered', 1, 200, 41.25::double precision, '192.0.2.1:443', '{"a": "b"}'::jsonb, 'fine',
               true, timestamptz '2027-03-01 12:00:00.5+00') $$,
    'and logged with all that is known of it');
SELECT public.results_eq(
    $$ SELECT s.total, s.delivered, s.failed, s.success_rate, s.average_response_ms, s.p95_response_ms, s.backlog
         FROM booking.webhook_stats AS s $$,
    $$ VALUES (1::bigint, 1::bigint, 0::bigint, 100.00, 41.3, 41.3, 1::bigint) $$, 'and counted');

-- Failures through the whole schedule. The others wait until then.
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"max_age": "10 days"}') \g /dev/null
DELETE FROM booking.webhook_deliveries;
SELECT pg_temp.happen(1) \g /dev/null
CREATE FUNCTION pg_temp.fail_once() RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    due interval;
BEGIN
    IF pg_temp.claim() <> 1 THEN
        RETURN 'nothing to claim';
    END IF;
    PERFORM pg_temp.answer_with(500);
    -- The circuit is not what is looked at here.
    UPDATE booking.webhook_endpoint_states SET circuit = 'closed', open_until = NULL, consecutive_failures = 0,
                                               failing_since = NULL, window_from = NULL;
    SELECT d.next_attempt_at - booking.clock() INTO due FROM booking.webhook_deliveries AS d WHERE d.status = 'pending';
    IF due IS NULL THEN
        RETURN pg_temp.standing();
    END IF;
    PERFORM pg_temp.wait(due - interval '2 seconds');
    IF pg_temp.claim() <> 0 THEN
        RETURN 'claimed before it was due';
    END IF;
    PERFORM pg_temp.wait(interval '3 seconds');
    RETURN due;
END $$;
SELECT public.ok(t.due::interval BETWEEN s.step * 0.8 - interval '1 second' AND s.step * 1.2,
                 format('attempt %s is followed by one after %s', s.attempt, s.step))
  FROM (VALUES (1, interval '5 s'), (2, '30 s'), (3, '2 min'), (4, '10 min'), (5, '30 min'), (6, '2 h'), (7, '5 h'),
               (8, '10 h'), (9, '14 h'), (10, '20 h'), (11, '24 h')) AS s (attempt, step),
       LATERAL (SELECT pg_temp.fail_once() AS due WHERE s.step IS NOT NULL) AS t;
SELECT public.is(pg_temp.fail_once(), 'dead:1', 'after the twelfth it is given up');
SELECT public.is((SELECT string_agg(l.status || l.attempt, ' ' ORDER BY l.id) FROM booking.webhook_logs AS l
                   WHERE l.event_id = (SELECT d.event_id FROM booking.webhook_deliveries AS d)),
                 'failed1 failed2 failed3 failed4 failed5 failed6 failed7 failed8 failed9 failed10 failed11 dead12',
                 'the log has all twelve');
SELECT public.is(pg_temp.claim(), 0, 'nothing is left to do');
SELECT public.is(booking.retry_failed_webhooks(1), 1, 'by hand it begins anew');
SELECT public.is(booking.retry_failed_webhooks(1), 0, 'but not more often than is allowed');
SELECT public.is(pg_temp.claim(), 1, 'it is due at once');
SELECT public.is((SELECT c.attempt FROM pg_temp.claimed AS c), 1, 'with all its attempts');
SELECT public.is(pg_temp.answer_with(204), 1, 'and arrives');
SELECT public.is(pg_temp.standing(), 'none', 'so that nothing is left');

-- Refusals that repeat, and those that do not.
SELECT pg_temp.happen(1) \g /dev/null
CREATE FUNCTION pg_temp.next_after(facts jsonb) RETURNS interval VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    due interval;
BEGIN
    PERFORM pg_temp.claim();
    PERFORM pg_temp.answer(facts);
    SELECT d.next_attempt_at - booking.clock() INTO due FROM booking.webhook_deliveries AS d WHERE d.status = 'pending';
    PERFORM pg_temp.wait(due + interval '1 second');
    RETURN due;
END $$;
SELECT public.ok(pg_temp.next_after('{"http_status": 404}') < interval '7 s', 'a 404 is tried again soon');
SELECT public.ok(pg_temp.next_after('{"http_status": 404}') < interval '37 s', 'a second too');
SELECT public.ok(pg_temp.next_after('{"http_status": 404}') > interval '23 min', 'after the third it takes half an hour');
SELECT public.is((SELECT d.same_status_times FROM booking.webhook_deliveries AS d), 3, 'equal answers are counted');
SELECT public.ok(t.due BETWEEN interval '8 min' AND interval '12 min', 'another failure has its own step')
  FROM (SELECT pg_temp.next_after('{"error_class": "timeout", "error": "no answer in 20 s"}') AS due OFFSET 0) AS t;
SELECT public.is((SELECT l.error_class || ': ' || l.error FROM booking.webhook_logs AS l ORDER BY l.id DESC LIMIT 1),
                 'timeout: no answer in 20 s', 'and its error in the log');
DELETE FROM booking.webhook_deliveries;
UPDATE booking.webhook_endpoint_states SET consecutive_failures = 0, failing_since = NULL, window_from = NULL,
                                           circuit = 'closed', open_until = NULL, opened_times = 0;

-- Blocked and too large: at once and for good.
SELECT pg_temp.happen(2) \g /dev/null
SELECT pg_temp.claim(1) \g /dev/null
SELECT public.is(pg_temp.answer('{"error_class": "blocked", "error": "127.0.0.1 is not public"}'), 1, 'a blocked address');
SELECT pg_temp.claim(1) \g /dev/null
SELECT public.is(pg_temp.answer('{"error_class": "too_large", "error": "300 KiB"}'), 1, 'a body that is too large');
SELECT public.is(pg_temp.standing(), 'blocked:2', 'are not tried again');
SELECT public.bag_eq('SELECT d.reason FROM booking.webhook_deliveries AS d',
                     $$ VALUES ('127.0.0.1 is not public'), ('300 KiB') $$, 'and say why');
SELECT public.is((SELECT count(*) FROM booking.webhook_logs AS l WHERE l.status = 'blocked'), 2::bigint, 'also in the log');
SELECT public.is((SELECT s.consecutive_failures FROM booking.webhook_endpoint_states AS s), 0,
                 'that says nothing about the endpoint');
DELETE FROM booking.webhook_deliveries;

-- Throttled: the endpoint is held, and no attempt is used up.
SELECT pg_temp.happen(5) \g /dev/null
SELECT pg_temp.claim(2) \g /dev/null
SELECT public.is(pg_temp.answer('{"http_status": 429, "retry_after_seconds": 100}'), 2, 'an endpoint that is too busy');
SELECT public.is(pg_temp.standing(), 'pending:5', 'gets everything later');
SELECT public.bag_eq('SELECT d.attempts, d.throttled FROM booking.webhook_deliveries AS d',
                     $$ VALUES (0, 1), (0, 1), (0, 0), (0, 0), (0, 0) $$, 'that was no attempt');
SELECT public.ok((SELECT s.hold_until - booking.clock() FROM booking.webhook_endpoint_states AS s)
                 BETWEEN interval '98 s' AND interval '100 s', 'it is held for as long as it asked');
SELECT public.is((SELECT s.throttled_times FROM booking.webhook_endpoint_states AS s), 1,
                 'two answers to what was under way are one');
SELECT public.is(pg_temp.claim(), 0, 'meanwhile nothing is sent, not even what it has not seen');
SELECT pg_temp.wait('101 s') \g /dev/null
SELECT public.is(pg_temp.claim(1), 1, 'then it goes on');
SELECT public.is(pg_temp.answer('{"http_status": 503, "retry_after_seconds": 1}'), 1, '503 with Retry-After is the same');
SELECT public.ok((SELECT s.hold_until - booking.clock() FROM booking.webhook_endpoint_states AS s)
                 BETWEEN interval '18 s' AND interval '20 s', 'with a pause that doubles, if that is more');
SELECT pg_temp.wait('21 s') \g /dev/null
SELECT pg_temp.claim(1) \g /dev/null
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT public.is((SELECT s.throttled_times FROM booking.webhook_endpoint_states AS s), 0, 'a success ends that');
SELECT pg_temp.claim(1) \g /dev/null
SELECT pg_temp.answer('{"http_status": 429, "retry_after_seconds": 999999}') \g /dev/null
SELECT public.ok((SELECT s.hold_until - booking.clock() FROM booking.webhook_endpoint_states AS s)
                 BETWEEN interval '5:59:58' AND interval '6 h', 'nobody is held for more than six hours');
DELETE FROM booking.webhook_deliveries;
SELECT booking.enable_webhook_endpoint(pg_temp.id('a')) \g /dev/null
SELECT public.is((SELECT s.hold_until FROM booking.webhook_endpoint_states AS s), NULL, 'enabling ends a hold');
UPDATE booking.webhook_endpoints SET preset = 'make';
SELECT pg_temp.happen(1) \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT pg_temp.answer('{"http_status": 400, "response_body": "Queue is full"}') \g /dev/null
SELECT public.is((SELECT a.outcome FROM booking.webhook_attempts AS a ORDER BY a.id DESC LIMIT 1), 'throttled',
                 'Make.com says so with 400');
SELECT pg_temp.wait('11 s') \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT pg_temp.answer('{"http_status": 400, "response_body": "Bad data"}') \g /dev/null
SELECT public.is((SELECT a.outcome FROM booking.webhook_attempts AS a ORDER BY a.id DESC LIMIT 1), 'retry',
                 'another 400 is a failure');
UPDATE booking.webhook_endpoints SET preset = 'standard';
DELETE FROM booking.webhook_deliveries;
SELECT booking.enable_webhook_endpoint(pg_temp.id('a')) \g /dev/null

-- The circuit.
SELECT pg_temp.happen(20) \g /dev/null
SELECT public.is(pg_temp.claim(5), 5, 'five requests');
SELECT public.is(pg_temp.answer('{"error_class": "connect"}'), 5, 'that all fail');
SELECT public.is((SELECT s.circuit FROM booking.webhook_endpoint_states AS s), 'open', 'open the circuit');
SELECT public.is(pg_temp.claim(), 0, 'nothing is sent any more');
SELECT pg_temp.wait('29 s') \g /dev/null
SELECT public.is(pg_temp.claim(), 0, 'for half a minute');
SELECT pg_temp.wait('3 s') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'then one request probes it');
SELECT public.is((SELECT s.circuit FROM booking.webhook_endpoint_states AS s), 'half_open', 'it is half open');
SELECT public.is((SELECT count(*) FROM booking.relay_claim(pg_temp.relay(), 10)), 0::bigint, 'and only that one');
SELECT pg_temp.answer_with(500) \g /dev/null
SELECT public.ok((SELECT s.open_until - booking.clock() FROM booking.webhook_endpoint_states AS s)
                 BETWEEN interval '58 s' AND interval '60 s', 'when it fails the circuit is open for twice as long');
SELECT public.is((SELECT count(*) FROM booking.webhook_deliveries AS d WHERE d.attempts = 0), 14::bigint,
                 'what waits has used up no attempt');
SELECT pg_temp.wait('61 s') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'the next probe');
SELECT pg_temp.answer('{"returned": true}') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'is given back, and taken again');
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT public.is((SELECT s.circuit FROM booking.webhook_endpoint_states AS s), 'closed', 'its success closes the circuit');
SELECT public.is(pg_temp.claim(), 8, 'and everything goes on, eight at a time');

-- In flight, over all relays.
SELECT public.is(pg_temp.claim(100, 2), 0, 'another relay gets none beyond the limit');
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT public.is(pg_temp.claim(5), 5, 'five of eight');
SELECT public.is((SELECT count(*) FROM booking.relay_claim(pg_temp.relay(2), 100)), 3::bigint, 'leave three to the other');
DELETE FROM booking.webhook_deliveries;
DELETE FROM pg_temp.claimed;

-- Rate, over all relays.
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"rate_per_second": 2, "burst": 3, "max_in_flight": 100}')
    \g /dev/null
SELECT pg_temp.happen(20) \g /dev/null
SELECT public.is(pg_temp.claim(2), 2, 'two of a burst of three');
SELECT public.is(pg_temp.claim(100, 2), 1, 'leave one to the other relay');
SELECT public.is(pg_temp.claim(), 0, 'then there is none');
SELECT pg_temp.wait('1 s') \g /dev/null
SELECT public.cmp_ok(pg_temp.claim(), '>=', 2, 'a second later there are two more');
SELECT pg_temp.wait('1 h') \g /dev/null
SELECT public.is(pg_temp.claim(), 3, 'but never more than a burst');
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"rate_per_second": null}') \g /dev/null
DELETE FROM booking.webhook_deliveries;
DELETE FROM pg_temp.claimed;

-- Leases.
SELECT pg_temp.happen(1) \g /dev/null
SELECT pg_temp.claim(1, 2, 60) \g /dev/null
SELECT pg_temp.wait('59 s') \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.relay_claim(pg_temp.relay(), 1)), 0::bigint, 'a lease lasts');
SELECT pg_temp.wait('2 s') \g /dev/null
CREATE TEMPORARY TABLE late AS TABLE pg_temp.claimed;
DELETE FROM pg_temp.claimed;
SELECT public.is(pg_temp.claim(), 1, 'until it has run out');
SELECT public.results_eq('SELECT c.lease_token, c.attempt FROM pg_temp.claimed AS c', 'VALUES (2::bigint, 2)',
                         'the next one has a token of its own, and the attempt counts');
SELECT public.is((SELECT a.outcome || ' ' || a.relay_id FROM booking.webhook_attempts AS a ORDER BY a.id DESC LIMIT 1),
                 'lost ' || pg_temp.relay(2), 'the log says that one was lost, and whose');
CREATE FUNCTION pg_temp.late_answer(status integer) RETURNS integer VOLATILE LANGUAGE sql AS $$
    SELECT booking.relay_complete(pg_temp.relay(2), jsonb_agg(jsonb_build_object(
               'delivery_id', l.delivery_id, 'lease_token', l.lease_token, 'http_status', status)))
      FROM pg_temp.late AS l $$;
SELECT public.is(pg_temp.late_answer(500), 0, 'a failure that comes late does not count');
SELECT public.is((SELECT d.status || d.attempts FROM booking.webhook_deliveries AS d), 'leased2', 'and changes nothing');
SELECT public.is((SELECT a.outcome FROM booking.webhook_attempts AS a ORDER BY a.id DESC LIMIT 1), 'late',
                 'but is in the log');
SELECT public.is(pg_temp.late_answer(200), 0, 'a success that comes late does not count either');
SELECT public.is(pg_temp.standing(), 'none', 'but it has arrived and is not sent again');
SELECT public.is(pg_temp.answer_with(200), 0, 'the other one comes too late then');
SELECT public.is((SELECT a.outcome FROM booking.webhook_attempts AS a ORDER BY a.id DESC LIMIT 1), 'late',
                 'which the log says');
SELECT public.is(booking.relay_complete(pg_temp.relay(), jsonb_build_array(jsonb_build_object(
                     'delivery_id', booking.new_id(1), 'lease_token', 1, 'http_status', 200))), 0,
                 'a delivery that never was is nothing');
-- An event that takes its relay along each time.
SELECT pg_temp.happen(1) \g /dev/null
CREATE FUNCTION pg_temp.lose_leases(times integer) RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    got integer := 0;
BEGIN
    FOR i IN 1 .. times LOOP
        got := got + pg_temp.claim();
        PERFORM pg_temp.wait('61 s');
    END LOOP;
    RETURN got;
END $$;
SELECT public.is(pg_temp.lose_leases(15), 12, 'does so twelve times');
SELECT public.is((SELECT d.status || ': ' || d.reason FROM booking.webhook_deliveries AS d),
                 'dead: its last lease was lost', 'then it is given up');
DELETE FROM booking.webhook_deliveries;
DELETE FROM pg_temp.claimed;

-- A relay that is gone. This session is attached as the first; the second never was.
INSERT INTO booking.relay_instances (relay_id, host, version, started_at, seen_at)
VALUES (pg_temp.relay(2), 'there', '1.0', booking.clock(), booking.clock());
SELECT pg_temp.happen(1) \g /dev/null
SELECT pg_temp.claim(1, 2) \g /dev/null
DELETE FROM pg_temp.claimed;
SELECT public.is(pg_temp.claim(), 0, 'a relay whose connection is gone');
SELECT public.isnt((SELECT r.missing_since FROM booking.relay_instances AS r WHERE r.relay_id = pg_temp.relay(2)), NULL,
                   'is noticed');
SELECT pg_temp.wait('4 s') \g /dev/null
SELECT public.is(pg_temp.claim(), 0, 'and gets five seconds to come back');
SELECT pg_temp.wait('2 s') \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'then its deliveries are taken over');
SELECT public.bag_eq('SELECT r.relay_id FROM booking.relay_instances AS r', 'VALUES (pg_temp.relay(1))',
                     'and it is forgotten');
SELECT public.is(pg_temp.claim(1, 2), 0, 'the other one does not take over from a relay that lives');
SELECT pg_temp.wait('10 s') \g /dev/null
SELECT public.is(pg_temp.claim(1, 2), 0, 'however long it waits');
SELECT pg_temp.answer_with(200) \g /dev/null

-- 410.
SELECT pg_temp.happen(3) \g /dev/null
SELECT pg_temp.claim(2) \g /dev/null
SELECT pg_temp.answer_with(410) \g /dev/null
SELECT public.is((SELECT e.status || ': ' || e.disabled_reason FROM booking.webhook_endpoints AS e),
                 'disabled: the endpoint answered 410 Gone', '410 disables the endpoint');
SELECT public.is(pg_temp.standing(), 'parked:3', 'its deliveries are parked');
SELECT pg_temp.happen(1) \g /dev/null
SELECT public.is(pg_temp.standing(), 'parked:3', 'what happens meanwhile is not queued');
SELECT public.is(pg_temp.claim(), 0, 'nothing is sent');
SELECT booking.enable_webhook_endpoint(pg_temp.id('a')) \g /dev/null
SELECT public.is(pg_temp.claim(), 3, 'until it is enabled');
SELECT pg_temp.answer('{"returned": true}') \g /dev/null
SELECT public.is((SELECT max(d.attempts) FROM booking.webhook_deliveries AS d), 0, 'what was never sent is no attempt');

-- Five days of failures.
UPDATE booking.webhook_endpoint_states SET failing_since = booking.clock() - interval '120 h';
SELECT pg_temp.claim(1) \g /dev/null
SELECT pg_temp.answer_with(500) \g /dev/null
SELECT public.is((SELECT e.status || ': ' || e.disabled_reason FROM booking.webhook_endpoints AS e),
                 'disabled: every attempt of five days has failed', 'an endpoint that only fails is disabled');
SELECT booking.enable_webhook_endpoint(pg_temp.id('a')) \g /dev/null
SELECT public.is(pg_temp.claim(), 3, 'enabling forgets the failures');
SELECT pg_temp.answer_with(200) \g /dev/null

-- Batches.
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"batch_max": 4, "max_in_flight": 2}') \g /dev/null
SELECT pg_temp.happen(11) \g /dev/null
SELECT public.is(pg_temp.claim(), 8, 'two requests of four events');
SELECT public.results_eq(
    'SELECT count(*), count(DISTINCT c.request_id), bool_and(c.batched) FROM pg_temp.claimed AS c',
    'VALUES (8::bigint, 2::bigint, true)', 'events of a batch share the id of the request');
CREATE TEMPORARY TABLE batches AS SELECT c.request_id, c.delivery_id FROM pg_temp.claimed AS c;
SELECT pg_temp.answer_with(500) \g /dev/null
SELECT public.is((SELECT s.consecutive_failures FROM booking.webhook_endpoint_states AS s), 2, 'they are two failures');
SELECT public.is((SELECT count(DISTINCT d.next_attempt_at) FROM booking.webhook_deliveries AS d
                   WHERE d.batch_id IS NOT NULL), 2::bigint, 'with one next attempt each');
SELECT pg_temp.wait('7 s') \g /dev/null
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"batch_max": 2, "max_in_flight": 3}') \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT public.is_empty(
    $$ SELECT 1 FROM pg_temp.batches AS b FULL JOIN pg_temp.claimed AS c USING (request_id, delivery_id)
        WHERE b.delivery_id IS NULL AND c.request_id IN (SELECT request_id FROM pg_temp.batches)
           OR c.delivery_id IS NULL AND b.request_id IN (SELECT request_id FROM pg_temp.claimed) $$,
    'a batch is sent again as it was, also if batches are smaller now');
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT public.is(pg_temp.standing(), 'none', 'all of it arrives');

-- An endpoint with a backlog does not hold up others.
SELECT booking.update_webhook_endpoint(pg_temp.id('a'), '{"batch_max": 1, "max_in_flight": 8}') \g /dev/null
SELECT pg_temp.happen(50) \g /dev/null
SELECT pg_temp.endpoint('b', 1, '{venue.*}') \g /dev/null
SELECT pg_temp.happen(3, 'venue.updated') \g /dev/null
SELECT pg_temp.claim(4) \g /dev/null
SELECT public.bag_eq('SELECT c.endpoint_name, count(*) FROM pg_temp.claimed AS c GROUP BY c.endpoint_name',
                     $$ VALUES ('a', 2::bigint), ('b', 2::bigint) $$, 'endpoints share what a relay wants');
SELECT pg_temp.claim() \g /dev/null
SELECT public.bag_eq('SELECT c.endpoint_name, count(*) FROM pg_temp.claimed AS c GROUP BY c.endpoint_name',
                     $$ VALUES ('a', 8::bigint), ('b', 3::bigint) $$, 'up to their limits');

-- An event that is no longer kept.
DELETE FROM booking.webhook_deliveries;
DELETE FROM pg_temp.claimed;
SELECT pg_temp.happen(1) \g /dev/null
DELETE FROM booking.booking_events;
SELECT public.is(pg_temp.claim(), 0, 'an event that is no longer kept cannot be sent');
SELECT public.is((SELECT d.status || ': ' || d.reason FROM booking.webhook_deliveries AS d),
                 'dead: its event is no longer kept', 'and its delivery says so');

-- A copy.
DELETE FROM booking.webhook_deliveries;
SELECT pg_temp.happen(2) \g /dev/null
UPDATE booking.installation SET database_oid = 1;
SELECT public.is(pg_temp.claim(), 0, 'nothing is sent from a copy');
SELECT public.is(booking.relay_status() ->> 'original', 'false', 'which relay_status says');
SELECT booking.adopt(false) \g /dev/null
SELECT public.matches((SELECT string_agg(DISTINCT d.status || ': ' || d.reason, ',') FROM booking.webhook_deliveries AS d),
                      '^dead: was pending when this copy', 'adopted without what was pending it says so');
SELECT public.is(pg_temp.claim() + booking.retry_failed_webhooks(), 0, 'and never sends it');
SELECT public.is((SELECT count(*) FROM booking.webhook_logs AS l WHERE l.status = 'dead' AND l.error ~ '^was pending'),
                 2::bigint, 'the log has it');
SELECT pg_temp.happen(1) \g /dev/null
SELECT public.is(pg_temp.claim(), 1, 'what happens from then on is sent');
UPDATE booking.installation SET database_oid = 1;
SELECT booking.adopt(true) \g /dev/null
DELETE FROM pg_temp.claimed;
SELECT public.is(pg_temp.claim(), 1, 'adopted with it, also what was under way');
SELECT public.is_empty('SELECT 1 FROM booking.relay_instances', 'relays are those of the original');
SELECT pg_temp.answer_with(200) \g /dev/null

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
