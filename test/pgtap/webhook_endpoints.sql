-- Endpoints and their secrets; who may do what with them; tests, replays and events from outside.

BEGIN;
\ir shared/fixture.sql
\ir shared/webhooks.sql
SELECT public.plan(165);
CREATE ROLE regress_member NOLOGIN IN ROLE booking_member;
CREATE ROLE regress_relay NOLOGIN IN ROLE booking_relay;
CREATE ROLE regress_server NOLOGIN IN ROLE booking_service;
GRANT ALL ON pg_temp.claimed TO regress_relay;
CREATE FUNCTION pg_temp.claim_to_be(sub text) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT set_config('request.jwt.claims', json_build_object('sub', sub)::text, true) $$;
-- The SQLSTATE and message of a refusal.
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'was not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- Made with what is given and defaults for the rest.
SELECT pg_temp.endpoint('plain', 1, '{*}') \g /dev/null
SELECT public.results_eq(
    $$ SELECT e.name, e.url, e.preset, e.events, e.status, e.headers, e.max_in_flight, e.rate_per_second, e.burst,
              e.timeout_ms, e.batch_max, e.allowed_networks, e.max_age, e.hmac_header, e.hmac_prefix, e.hmac_encoding
         FROM booking.webhook_endpoints AS e $$,
    $$ VALUES ('plain', 'https://plain.example/hook', 'standard', '{*}'::text[], 'active', '{}'::jsonb, 8, NULL::numeric,
               100, 20000, 1, '{}'::cidr[], interval '96 hours', 'X-Signature', 'sha256=', 'hex') $$,
    'an endpoint with its defaults');
SELECT public.matches(pg_temp.token('plain'), '^whsec_[A-Za-z0-9+/]{43}=$', 'its secret is shown once');
SELECT public.isnt(pg_temp.token('plain'), (SELECT e.secret FROM booking.create_webhook_endpoint(
                       1, 'twin', 'https://twin.example/') AS e), 'and is no other''s');
SELECT booking.delete_webhook_endpoint(e.id) FROM booking.webhook_endpoints AS e WHERE e.name = 'twin' \g /dev/null
SELECT pg_temp.endpoint('full', 1, '{seat.*,booking:checkin,booking.paid,booking.paid}',
    '{"headers": {"X-Tenant": "7"}, "max_in_flight": 3, "rate_per_second": 2.5, "burst": 7, "timeout_ms": 5000,
      "batch_max": 10, "max_age": "2 days", "allowed_networks": ["127.0.0.0/8", "::1"], "hmac_header": "X-Hub-Signature-256",
      "hmac_prefix": "", "hmac_encoding": "base64"}') \g /dev/null
SELECT public.results_eq(
    $$ SELECT e.events, e.headers, e.max_in_flight, e.rate_per_second, e.burst, e.timeout_ms, e.batch_max,
              e.allowed_networks, e.max_age, e.hmac_header, e.hmac_prefix, e.hmac_encoding
         FROM booking.webhook_endpoints AS e WHERE e.name = 'full' $$,
    $$ VALUES ('{sessions.*,booking.checked_in,booking.paid}'::text[], '{"X-Tenant": "7"}'::jsonb, 3, 2.5, 7, 5000, 10,
               '{127.0.0.0/8,::1/128}'::cidr[], interval '2 days', 'X-Hub-Signature-256', '', 'base64') $$,
    'one with all that can be said, and filters in our words');
SELECT pg_temp.endpoint('scenario', 2, '{*}', '{}', 'make') \g /dev/null
SELECT public.results_eq(
    $$ SELECT e.rate_per_second, e.burst, e.timeout_ms FROM booking.webhook_endpoints AS e WHERE e.name = 'scenario' $$,
    'VALUES (25::numeric, 100, 30000)', 'what Make.com takes');

-- Refused.
CREATE FUNCTION pg_temp.creating(arguments text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT booking.create_webhook_endpoint(%s)', arguments)) $$;
SELECT public.is(pg_temp.creating(c.arguments), c.answer, 'create ' || c.arguments)
  FROM (VALUES
    ('NULL, ''x'', ''https://x.example''', 'BK001 organization_id must not be NULL'),
    ('1, NULL, ''https://x.example''', 'BK001 name must not be NULL'),
    ('1, ''x'', NULL', 'BK001 url must not be NULL'),
    ('1, ''x'', ''https://x.example'', NULL', 'BK001 events must not be NULL'),
    ('1, ''x'', ''https://x.example'', ''{NULL}''', 'BK001 events must not have a NULL in it'),
    ('1, ''x'', ''https://x.example'', preset => NULL', 'BK001 preset must not be NULL'),
    ('1, ''x'', ''https://x.example'', options => NULL', 'BK001 options must not be NULL'),
    ('99, ''x'', ''https://x.example''', 'BK609 no organization has the number 99'),
    ('1, '''', ''https://x.example''', 'BK604 invalid webhook name ""'),
    ('1, ''plain'', ''https://x.example''', 'BK605 the organization has a webhook named "plain"'),
    ('1, ''x'', ''ftp://x.example''', 'BK601 invalid webhook URL: it begins neither with https:// nor with http://'),
    ('1, ''x'', ''https://u:p@x.example''', 'BK601 invalid webhook URL: it has a user name or password'),
    ('1, ''x'', ''https://x.example#y''', 'BK601 invalid webhook URL: it has a fragment'),
    ('1, ''x'', ''https:///y''', 'BK601 invalid webhook URL: it has no host'),
    ('1, ''x'', ''https://x.example'', ''{}''', 'BK603 events must name at least one kind of event'),
    ('1, ''x'', ''https://x.example'', ''{boking.*}''', 'BK014 no event is selected by "boking.*"'),
    ('1, ''x'', ''https://x.example'', preset => ''slack''', 'BK603 unknown preset "slack"'),
    ('1, ''x'', ''https://x.example'', options => ''[]''', 'BK603 options must be an object'),
    ('1, ''x'', ''https://x.example'', options => ''{"retries": 3}''', 'BK603 unknown option "retries"'),
    ('1, ''x'', ''https://x.example'', options => ''{"burst": 0}''',
     'BK603 option "burst" must be a whole number from 1 to 10000, got 0'),
    ('1, ''x'', ''https://x.example'', options => ''{"max_age": "soon"}''',
     'BK603 option "max_age" must be an interval from 1 minute to 30 days, got "soon"'),
    ('1, ''x'', ''https://x.example'', options => ''{"max_age": "1 second"}''',
     'BK603 option "max_age" must be an interval from 1 minute to 30 days, got "1 second"'),
    ('1, ''x'', ''https://x.example'', options => ''{"allowed_networks": ["10.0.0.1/8"]}''',
     'BK603 option "allowed_networks" has "10.0.0.1/8", which is not a network'),
    ('1, ''x'', ''https://x.example'', options => ''{"headers": {"webhook-id": "1"}}''',
     'BK603 option "headers" has a reserved header "webhook-id"'),
    ('1, ''x'', ''https://x.example'', options => ''{"headers": {"a b": "1"}}''',
     'BK603 option "headers" has an invalid header name "a b"')) AS c (arguments, answer);
SELECT public.is((SELECT count(*) FROM booking.webhook_endpoints), 3::bigint, 'what is refused is not made');

-- Changed.
SELECT booking.update_webhook_endpoint(pg_temp.id('plain'),
    '{"name": "renamed", "url": "http://other.example", "events": ["court.*"], "headers": {"X-A": "b"}, "burst": 5,
      "rate_per_second": 9, "preset": "make"}') \g /dev/null
SELECT public.results_eq(
    $$ SELECT e.name, e.url, e.events, e.headers, e.burst, e.rate_per_second, e.preset, e.max_in_flight, e.max_age
         FROM booking.webhook_endpoints AS e WHERE e.id = pg_temp.id('plain') $$,
    $$ VALUES ('renamed', 'http://other.example', '{activity.*}'::text[], '{"X-A": "b"}'::jsonb, 5, 9::numeric, 'make', 8,
               interval '96 hours') $$, 'what is named is changed, the rest stays');
SELECT booking.update_webhook_endpoint(pg_temp.id('plain'), '{"rate_per_second": null, "headers": {}}') \g /dev/null
SELECT public.results_eq(
    $$ SELECT e.rate_per_second, e.headers, e.burst FROM booking.webhook_endpoints AS e WHERE e.name = 'renamed' $$,
    $$ VALUES (NULL::numeric, '{}'::jsonb, 5) $$, 'null is no limit');
SELECT public.is(pg_temp.refusal(format('SELECT booking.update_webhook_endpoint(%L, %L)', pg_temp.id('plain'), c.changes)),
                 c.answer, 'update ' || COALESCE(c.changes, 'NULL'))
  FROM (VALUES (NULL, 'BK001 changes must not be NULL'), ('{"name": "full"}',
                'BK605 the organization has a webhook named "full"'),
               ('{"name": "renamed"}', 'was not refused'), ('{"status": "disabled"}', 'BK603 unknown option "status"'),
               ('{"events": []}', 'BK603 events must name at least one kind of event'),
               ('{"url": "x"}', 'BK601 invalid webhook URL: it begins neither with https:// nor with http://'))
    AS c (changes, answer);

-- An endpoint that is not there, for each function.
INSERT INTO pg_temp.named (name, id) VALUES ('unknown', booking.new_id(1)), ('not ours', gen_random_uuid());
SELECT public.is(pg_temp.refusal(format(c.statement, pg_temp.id(n.name))),
                 'BK606 no webhook endpoint has the id ' || pg_temp.id(n.name), format(c.statement, n.name))
  FROM (VALUES ('unknown'), ('not ours')) AS n (name),
       (VALUES ('SELECT booking.update_webhook_endpoint(%L, ''{}'')'), ('SELECT booking.enable_webhook_endpoint(%L)'),
               ('SELECT booking.disable_webhook_endpoint(%L)'), ('SELECT booking.delete_webhook_endpoint(%L)'),
               ('SELECT booking.rotate_webhook_secret(%L)'), ('SELECT booking.test_webhook(%L)'),
               ('SELECT booking.replay_webhook_events(%L, ''2027-01-01'', ''2028-01-01'')')) AS c (statement);

-- Secrets.
CREATE FUNCTION pg_temp.secrets(endpoint text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(s.scheme || CASE WHEN s.valid_until IS NULL THEN '' ELSE ' until ' || s.valid_until::date END, ', '
                      ORDER BY s.valid_from, s.id)
      FROM booking.webhook_secrets AS s WHERE s.endpoint_id = pg_temp.id(endpoint) $$;
SELECT booking.rotate_webhook_secret(pg_temp.id('full')) AS second \gset
SELECT public.is(pg_temp.secrets('full'), 'standard until 2027-03-02, standard', 'the old secret is valid for a day still');
SELECT pg_temp.happen(1, 'booking.paid') \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT public.is((SELECT c.secrets FROM pg_temp.claimed AS c WHERE c.endpoint_name = 'full'),
                 jsonb_build_array(jsonb_build_object('scheme', 'standard', 'secret', :'second'),
                                   jsonb_build_object('scheme', 'standard', 'secret', pg_temp.token('full'))),
                 'a relay gets both, the new one first');
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT pg_temp.wait('25 h') \g /dev/null
SELECT public.is(booking.rotate_webhook_secret(pg_temp.id('full'), 'hmac', '0123456789abcdef'), '0123456789abcdef'::text,
                 'another scheme has a secret of its own');
SELECT public.is(pg_temp.secrets('full'), 'standard, hmac', 'what has run out is removed');
SELECT booking.rotate_webhook_secret(pg_temp.id('full'), 'hmac', NULL, '0') AS third \gset
SELECT public.matches(:'third'::text, '^[A-Za-z0-9_-]{43}$', 'it can be made here');
SELECT pg_temp.happen(1, 'booking.paid') \g /dev/null
SELECT pg_temp.claim() \g /dev/null
SELECT public.is((SELECT c.secrets FROM pg_temp.claimed AS c WHERE c.endpoint_name = 'full'),
                 jsonb_build_array(jsonb_build_object('scheme', 'hmac', 'secret', :'third', 'header', 'X-Hub-Signature-256',
                                                      'prefix', '', 'encoding', 'base64'),
                                   jsonb_build_object('scheme', 'standard', 'secret', :'second')),
                 'without overlap the old one is gone at once; a claim says how to sign');
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT public.is(pg_temp.refusal(format('SELECT booking.rotate_webhook_secret(%L, %s)', pg_temp.id('full'), c.arguments)),
                 c.answer, 'rotate ' || c.arguments)
  FROM (VALUES ('''rsa''', 'BK602 unknown secret scheme "rsa"'), ('NULL', 'BK001 scheme must not be NULL'),
               ('''bearer'', ''short''', 'BK602 the secret is too short: 5 characters'),
               ('''standard'', ''whsec_c2hvcnQ=''', 'BK602 the standard secret is too short: 5 bytes'),
               ('''standard'', ''0123456789abcdef''', 'BK602 a standard secret begins with whsec_'),
               ('''hmac'', NULL, ''-1 day''', 'BK602 the overlap must be between nothing and 30 days'),
               ('''hmac'', NULL, ''31 days''', 'BK602 the overlap must be between nothing and 30 days'),
               ('''hmac'', NULL, NULL', 'BK001 overlap must not be NULL')) AS c (arguments, answer);
SELECT booking.update_webhook_endpoint(pg_temp.id('full'), '{"headers": {"authorization": "Basic abc"}}') \g /dev/null
SELECT public.is(pg_temp.refusal(format('SELECT booking.rotate_webhook_secret(%L, ''bearer'')', pg_temp.id('full'))),
                 'BK603 the headers of the webhook have Authorization, which a bearer secret would set',
                 'one Authorization is enough');
SELECT booking.update_webhook_endpoint(pg_temp.id('full'), '{"headers": {}}') \g /dev/null
SELECT booking.rotate_webhook_secret(pg_temp.id('full'), 'bearer') \g /dev/null
SELECT public.is(pg_temp.refusal(format('SELECT booking.update_webhook_endpoint(%L, %L)', pg_temp.id('full'),
                                        '{"headers": {"authorization": "Basic abc"}}')),
                 'BK603 option "headers" has Authorization, which the bearer secret of this endpoint sets',
                 'also the other way round');

-- Disabled, enabled, deleted.
SELECT pg_temp.happen(2, 'activity.updated') \g /dev/null
SELECT booking.disable_webhook_endpoint(pg_temp.id('plain'), 'on holiday') \g /dev/null
SELECT public.is((SELECT e.status || ': ' || e.disabled_reason FROM booking.webhook_endpoints AS e WHERE e.name = 'renamed'),
                 'disabled: on holiday', 'an endpoint is disabled');
SELECT public.is((SELECT count(*) FROM booking.webhook_deliveries AS d
                   WHERE d.endpoint_id = pg_temp.id('plain') AND d.status = 'parked'), 2::bigint, 'its deliveries are parked');
SELECT public.is(pg_temp.refusal(format('SELECT booking.test_webhook(%L)', pg_temp.id('plain'))),
                 format('BK610 the webhook endpoint %s is disabled', pg_temp.id('plain')), 'it cannot be tested');
SELECT booking.enable_webhook_endpoint(pg_temp.id('plain')) \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.webhook_deliveries AS d
                   WHERE d.endpoint_id = pg_temp.id('plain') AND d.status = 'pending'), 2::bigint, 'enabled they are due');
SELECT public.is((SELECT e.disabled_reason FROM booking.webhook_endpoints AS e WHERE e.name = 'renamed'), NULL,
                 'and the reason is gone');
SELECT booking.delete_webhook_endpoint(pg_temp.id('plain')) \g /dev/null
SELECT public.is_empty(
    $$ SELECT 1 FROM booking.webhook_deliveries AS d WHERE d.endpoint_id = pg_temp.id('plain')
        UNION ALL SELECT 1 FROM booking.webhook_secrets AS s WHERE s.endpoint_id = pg_temp.id('plain')
        UNION ALL SELECT 1 FROM booking.webhook_endpoint_states AS s WHERE s.endpoint_id = pg_temp.id('plain')
        UNION ALL SELECT 1 FROM booking.webhook_endpoints AS e WHERE e.id = pg_temp.id('plain') $$,
    'deleted there is nothing left of it');
DELETE FROM booking.webhook_deliveries;

-- A test.
SELECT pg_temp.endpoint('all', 1, '{*}') \g /dev/null
SELECT booking.test_webhook(pg_temp.id('all')) AS test \gset
SELECT public.results_eq('SELECT d.id, d.endpoint_id, d.event_type FROM booking.webhook_deliveries AS d',
                         format('VALUES (%L::uuid, pg_temp.id(''all''), ''webhook.test'')', :'test'),
                         'a test goes to the endpoint that is tested only');
SELECT public.results_eq(format('SELECT * FROM booking.relay_delivery(%L)', :'test'),
                         $$ VALUES ('pending', NULL::integer, NULL::numeric, NULL) $$, 'it is pending');
SELECT pg_temp.happen(1) \g /dev/null
SELECT public.results_eq(
    format('SELECT c.delivery_id, c.body::jsonb ->> ''description'' FROM booking.relay_claim(pg_temp.relay(), 10, 60, %L) AS c',
           :'test'), format('VALUES (%L::uuid, ''Webhook all: a test'')', :'test'), 'a relay may claim it alone');
SELECT booking.relay_complete(pg_temp.relay(), jsonb_build_array(jsonb_build_object(
           'delivery_id', :'test', 'lease_token', 1, 'http_status', 404, 'total_ms', 12.5))) \g /dev/null
SELECT public.results_eq(format('SELECT * FROM booking.relay_delivery(%L)', :'test'),
                         $$ VALUES ('pending', 404, 12.5, NULL) $$, 'and tell what came of it');
SELECT booking.test_webhook(1, 'all') AS test \gset
SELECT booking.relay_complete(pg_temp.relay(), jsonb_agg(jsonb_build_object(
           'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'http_status', 204, 'total_ms', 3)))
  FROM booking.relay_claim(pg_temp.relay(), 10, 60, :'test') AS c \g /dev/null
SELECT public.results_eq(format('SELECT * FROM booking.relay_delivery(%L)', :'test'),
                         $$ VALUES ('delivered', 204, 3::numeric, NULL) $$, 'also when it is delivered');
SELECT public.is(pg_temp.refusal('SELECT booking.relay_delivery(booking.new_id(1))') ~ '^BK607 no delivery has the id ', true,
                 'of a delivery that never was it cannot');
SELECT public.is(pg_temp.refusal('SELECT booking.test_webhook(1, ''nobody'')'),
                 'BK606 organization 1 has no webhook named "nobody"', 'a webhook that is not there by its name');
DELETE FROM booking.webhook_deliveries;

-- Again: one event, a booking, a range.
SELECT pg_temp.hold('h', 'tour 9', 1) \g /dev/null
INSERT INTO pg_temp.named (name, id) SELECT 'b', c.booking_id FROM booking.confirm_reservation(pg_temp.id('h')) AS c;
INSERT INTO pg_temp.named (name, id) SELECT 'event', e.id FROM booking.booking_events AS e WHERE e.kind = 'booking.created';
DELETE FROM booking.webhook_deliveries;
SELECT public.is(booking.replay_webhook_event(pg_temp.id('event')), 1, 'an event goes again to those who want it');
SELECT public.is(booking.replay_webhook_event(pg_temp.id('event')), 1, 'once, also if it is asked for twice');
SELECT public.is((SELECT count(*) FROM booking.webhook_deliveries), 1::bigint, 'there is one delivery');
SELECT public.is(booking.replay_webhook_event(pg_temp.id('event'), pg_temp.id('full')), 1,
                 'to one endpoint it goes whatever that wants');
SELECT pg_temp.claim() \g /dev/null
SELECT public.is(booking.replay_webhook_event(pg_temp.id('event')), 0, 'what is under way is not started again');
SELECT public.is((SELECT count(DISTINCT c.request_id) FROM pg_temp.claimed AS c WHERE NOT c.batched), 1::bigint,
                 'it goes under its own id');
SELECT pg_temp.answer_with(200) \g /dev/null
SELECT public.is(booking.manually_trigger_webhook('booking_events', pg_temp.id('event')), 1, 'by the name of the table');
SELECT public.is(booking.manually_trigger_webhook('bookings', pg_temp.id('b')), 1, 'or by the booking');
SELECT public.bag_eq('SELECT d.event_type FROM booking.webhook_deliveries AS d',
                     $$ VALUES ('booking.created'), ('booking.confirmed') $$, 'whose latest event is sent');
SELECT public.is(pg_temp.refusal(c.statement), c.answer, c.statement)
  FROM (VALUES ('SELECT booking.manually_trigger_webhook(''venues'', pg_temp.id(''venue''))',
                'BK611 no webhook is triggered by table "venues"'),
               ('SELECT booking.manually_trigger_webhook(NULL, pg_temp.id(''venue''))', 'BK001 table_name must not be NULL'),
               ('SELECT booking.manually_trigger_webhook(''bookings'', pg_temp.id(''unknown''))',
                format('BK608 no event of the booking %s is kept', pg_temp.id('unknown'))),
               ('SELECT booking.manually_trigger_webhook(''booking_events'', pg_temp.id(''unknown''))',
                format('BK608 no event has the id %s', pg_temp.id('unknown'))),
               ('SELECT booking.replay_webhook_event(pg_temp.id(''unknown''))',
                format('BK608 no event has the id %s', pg_temp.id('unknown'))),
               ('SELECT booking.replay_webhook_event(pg_temp.id(''event''), pg_temp.id(''scenario''))',
                format('BK608 no event has the id %s', pg_temp.id('event'))),
               ('SELECT booking.retry_failed_webhooks(0)', 'BK611 max_retries must be between 1 and 1000, got 0'),
               ('SELECT booking.retry_failed_webhooks(NULL)', 'BK001 max_retries must not be NULL'),
               ('SELECT booking.cleanup_webhook_logs(0)', 'BK013 keep_days must be between 1 and 36600, got 0'),
               ('SELECT booking.replay_webhook_events(pg_temp.id(''all''), ''2027-01-02'', ''2027-01-02'')',
                'BK611 the range from 2027-01-02 00:00:00+00 to 2027-01-02 00:00:00+00 is empty'),
               ('SELECT booking.replay_webhook_events(pg_temp.id(''all''), ''2027-01-01'', ''2027-01-02'', per_second => 0)',
                'BK611 per_second must be between 1 and 1000, got 0'),
               ('SELECT booking.replay_webhook_events(pg_temp.id(''all''), ''2027-01-01'', ''2027-01-02'', ''{x}'')',
                'BK014 no event is selected by "x"')) AS c (statement, answer);
DELETE FROM booking.webhook_deliveries;
DELETE FROM booking.booking_events;
SELECT booking.clock() AS from_time \gset
SELECT pg_temp.happen(25) \g /dev/null
SELECT pg_temp.happen(5, 'venue.updated') \g /dev/null
UPDATE booking.webhook_endpoints SET max_in_flight = 100 WHERE name = 'all';
SELECT pg_temp.claim(10) \g /dev/null
SELECT pg_temp.answer_with(200) \g /dev/null
DELETE FROM booking.webhook_deliveries;
SELECT public.is(booking.replay_webhook_events(pg_temp.id('all'), :'from_time', 'infinity', '{booking.*}'), 25, 'a range');
SELECT public.results_eq(
    $$ SELECT count(*) FILTER (WHERE d.next_attempt_at <= booking.clock() + interval '0.9 s') >= 10,
              max(d.next_attempt_at) - min(d.next_attempt_at) FROM booking.webhook_deliveries AS d $$,
    $$ VALUES (true, interval '2.4 s') $$, 'ten a second');
DELETE FROM booking.webhook_deliveries;
SELECT public.is(booking.replay_webhook_events(pg_temp.id('all'), :'from_time', 'infinity', only_failed => true), 20,
                 'only what has not arrived');
SELECT public.is(booking.replay_webhook_events(pg_temp.id('all'), '2000-01-01', :'from_time'), 0, 'nothing before');
DELETE FROM booking.webhook_deliveries;

-- Events from outside.
CREATE FUNCTION pg_temp.receive(event jsonb) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT booking.receive_booking_event(1, event) ->> 'status' $$;
SELECT public.is(pg_temp.receive(jsonb_build_object('id', 'evt_1', 'event_type', 'booking:checkin', 'booking_id', pg_temp.id('b'),
                                                    'description', 'Ann is here')), 'stored', 'an event from outside');
SELECT public.is(pg_temp.receive(jsonb_build_object('id', 'evt_1', 'event_type', 'booking:checkin', 'booking_id', pg_temp.id('b'))),
                 'duplicate', 'once');
SELECT public.results_eq(
    $$ SELECT d.event_type, e.facts, e.booking_id, e.subject_id, e.session_id FROM booking.webhook_deliveries AS d
         JOIN booking.booking_events AS e ON e.id = d.event_id AND d.endpoint_id = pg_temp.id('all') $$,
    $$ VALUES ('booking.checked_in', '{"external_id": "evt_1", "description": "Ann is here"}'::jsonb, pg_temp.id('b'),
               pg_temp.id('b'), pg_temp.id('tour 9')) $$, 'is sent on once');
SELECT public.is(pg_temp.receive(jsonb_build_object('id', e.id, 'event_type', 'booking.checked_in', 'booking_id', pg_temp.id('b'))),
                 'duplicate', 'one of ours that comes back is known')
  FROM booking.booking_events AS e WHERE e.kind = 'booking.checked_in';
SELECT public.is(pg_temp.receive(jsonb_build_object('type', 'UPDATE', 'table', 'bookings', 'record', jsonb_build_object(
                     'id', pg_temp.id('b'), 'status', 'cancelled', 'updated_at', '2027-03-01T10:00:00Z'),
                     'old_record', '{"status": "confirmed"}'::jsonb)), 'stored', 'a database webhook');
SELECT public.is((SELECT count(*) FROM booking.booking_events AS e WHERE e.kind = 'booking.cancelled'), 1::bigint,
                 'of a booking that was cancelled');
SELECT public.is(pg_temp.refusal(format('SELECT booking.receive_booking_event(%s, %L)', c.organization, c.event)), c.answer,
                 'receive ' || COALESCE(c.event, 'NULL'))
  FROM (VALUES ('1', NULL, 'BK001 event must not be NULL'), ('NULL', '{}', 'BK001 organization_id must not be NULL'),
               ('1', '{}', 'BK612 invalid event: $.event_type is missing'),
               ('1', '[]', 'BK612 invalid event: $ is not an object'),
               ('99', format('{"event_type": "booking.paid", "booking_id": "%s"}', pg_temp.id('b')),
                'BK609 no organization has the number 99'),
               ('2', format('{"event_type": "booking.paid", "booking_id": "%s"}', pg_temp.id('b')),
                format('BK612 invalid event: organization 2 has no booking %s', pg_temp.id('b')))) AS c (organization, event, answer);

-- The endpoint of Make.com as the relay's environment says.
SELECT booking.relay_make_endpoint(2, 'http://hook.example/a', 'sixteen-characters') AS made \gset
SELECT public.is((SELECT format('%s %s %s %s', e.name, e.preset, e.url, e.events) FROM booking.webhook_endpoints AS e
                   WHERE e.id = :'made'), 'make make http://hook.example/a {*}', 'the endpoint of Make.com');
SELECT public.is(booking.relay_make_endpoint(2, 'http://hook.example/a', 'sixteen-characters'), :'made', 'is made once');
SELECT public.results_eq(format('SELECT s.scheme, s.secret FROM booking.webhook_secrets AS s WHERE s.endpoint_id = %L', :'made'),
                         $$ VALUES ('make_apikey', 'sixteen-characters') $$, 'with its key');
SELECT booking.disable_webhook_endpoint(:'made') \g /dev/null
SELECT booking.relay_make_endpoint(2, 'http://hook.example/a', 'another-secret-key') \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.webhook_secrets AS s WHERE s.endpoint_id = :'made'), 2::bigint,
                 'a new key is used along with the old one for a day');
SELECT public.is((SELECT e.status FROM booking.webhook_endpoints AS e WHERE e.id = :'made'), 'disabled',
                 'the same URL stays disabled');
SELECT booking.relay_make_endpoint(2, 'http://hook.example/b', NULL) \g /dev/null
SELECT public.is((SELECT e.status || ' ' || e.url FROM booking.webhook_endpoints AS e WHERE e.id = :'made'),
                 'active http://hook.example/b', 'another one is tried');
SELECT public.is_empty(format('SELECT 1 FROM booking.webhook_secrets AS s WHERE s.endpoint_id = %L', :'made'),
                       'without a key none is sent');
SELECT public.is(pg_temp.refusal('SELECT booking.relay_make_endpoint(2, ''http://hook.example/b'', ''short'')'),
                 'BK602 the secret is too short: 5 characters', 'a short one is refused');

-- Who may. Members of the organization read, its owners act, and nobody reads a secret or a header.
SELECT pg_temp.endpoint('inner', 1, '{venue.*}', '{"allowed_networks": ["10.0.0.0/8"]}') \g /dev/null
SET LOCAL ROLE regress_member;
SELECT pg_temp.claim_to_be('owner-1') \g /dev/null
SELECT public.lives_ok($$ SELECT booking.create_webhook_endpoint(1, 'mine', 'https://mine.example') $$, 'an owner makes one');
SELECT public.is(pg_temp.refusal(c.statement), c.answer, 'an owner: ' || c.statement)
  FROM (VALUES ('SELECT booking.create_webhook_endpoint(2, ''x'', ''https://x.example'')',
                '42501 permission denied to create a webhook endpoint'),
               ('SELECT booking.create_webhook_endpoint(1, ''x'', ''http://x.example'')',
                'BK601 invalid webhook URL: it is not https'),
               ('SELECT booking.create_webhook_endpoint(1, ''x'', ''https://x.example'', options => ''{"allowed_networks": ["10.0.0.0/8"]}'')',
                '42501 permission denied to allow private networks to a webhook'),
               ('SELECT booking.update_webhook_endpoint(pg_temp.id(''inner''), ''{"url": "https://10.1.2.3/"}'')',
                '42501 permission denied to change the URL of a webhook that may send to private networks'),
               ('SELECT booking.update_webhook_endpoint(pg_temp.id(''inner''), ''{"burst": 3}'')', 'was not refused'),
               ('SELECT booking.test_webhook(pg_temp.id(''all''))', 'was not refused'),
               ('SELECT booking.retry_failed_webhooks()', 'was not refused'),
               ('SELECT booking.delete_webhook_endpoint(pg_temp.id(''scenario''))',
                '42501 permission denied to delete a webhook endpoint'),
               ('SELECT booking.validate_webhook_config()', '42501 permission denied to check the webhooks of all organizations'),
               ('SELECT booking.validate_webhook_config(1)', 'was not refused'),
               ('SELECT booking.validate_webhook_config(2)',
                '42501 permission denied to check the webhooks of an organization'),
               ('SELECT * FROM booking.webhook_secrets', '42501 permission denied for table webhook_secrets'),
               ('SELECT headers FROM booking.webhook_endpoints', '42501 permission denied for table webhook_endpoints'),
               ('SELECT name, url FROM booking.webhook_endpoints', 'was not refused'),
               ('SELECT * FROM booking.relay_claim(pg_temp.relay(), 1)', '42501 permission denied for function relay_claim'))
    AS c (statement, answer);
SELECT public.is_empty('SELECT 1 FROM booking.webhook_endpoints AS e WHERE e.organization_id <> 1
                         UNION ALL SELECT 1 FROM booking.webhook_logs AS l WHERE l.organization_id <> 1
                         UNION ALL SELECT 1 FROM booking.webhook_stats AS s WHERE s.organization_id <> 1',
                       'an owner sees the own organization only');
SELECT public.isnt_empty('SELECT 1 FROM booking.webhook_logs', 'and its log');
SELECT pg_temp.claim_to_be('staff-1') \g /dev/null
SELECT public.is(pg_temp.refusal(c.statement), c.answer, 'staff: ' || c.statement)
  FROM (VALUES ('SELECT booking.test_webhook(pg_temp.id(''all''))', '42501 permission denied to test a webhook'),
               ('SELECT booking.rotate_webhook_secret(pg_temp.id(''all''))',
                '42501 permission denied to rotate a webhook secret'),
               ('SELECT booking.retry_failed_webhooks()', '42501 permission denied to retry webhooks')) AS c (statement, answer);
SELECT public.isnt_empty('SELECT 1 FROM booking.webhook_stats', 'staff read the figures');
SET LOCAL ROLE regress_server;
SELECT public.is(pg_temp.refusal('SELECT * FROM booking.webhook_secrets'),
                 '42501 permission denied for table webhook_secrets', 'trusted servers read no secret either');
SET LOCAL ROLE regress_relay;
SELECT public.lives_ok('SELECT booking.relay_status()', 'a relay asks how things stand');
SELECT booking.relay_connect() \g /dev/null
SELECT public.is(current_setting('log_parameter_max_length'), '0',
                 'what passes over its connections stays out of the log, which it may not set by itself');
SELECT public.is(pg_temp.refusal(c.statement), '42501 permission denied for ' || c.answer, 'a relay: ' || c.statement)
  FROM (VALUES ('SELECT * FROM booking.webhook_secrets', 'table webhook_secrets'),
               ('SELECT booking.retry_failed_webhooks()', 'function retry_failed_webhooks')) AS c (statement, answer);
RESET ROLE;

-- What is wrong with the configuration.
SELECT public.is((SELECT v.errors[1] FROM booking.validate_webhook_config(1) AS v),
                 'no relay is attached, so that nothing is sent', 'without a relay nothing is sent');
SELECT booking.relay_attach(pg_temp.relay(), 'here', '1.0') \g /dev/null
SELECT public.results_eq('SELECT v.is_valid, v.errors FROM booking.validate_webhook_config(1) AS v',
                         $$ VALUES (true, '{}'::text[]) $$, 'with one all is well');
SELECT public.matches((SELECT array_to_string(v.warnings, '|') FROM booking.validate_webhook_config(2) AS v),
                      'no secret of scheme make_apikey.*not one of Make.com.*not https', 'doubts are warnings');
SELECT public.is((SELECT v.is_valid FROM booking.validate_webhook_config(2) AS v), false, 'an endpoint without a secret is not');
SELECT booking.disable_webhook_endpoint(pg_temp.id('all'), 'x') \g /dev/null
SELECT public.is((SELECT v.errors FROM booking.validate_webhook_config(1) AS v),
                 ARRAY['webhook "all" of organization 1: it is disabled: x'], 'nor one that is disabled');
SELECT public.is((SELECT s ->> 'relays' FROM booking.relay_status() AS s), '1', 'relay_status counts relays');

-- Old things go.
SELECT booking.cleanup_webhook_logs(30) \g /dev/null
SELECT public.isnt_empty('SELECT 1 FROM booking.webhook_attempts', 'what is recent stays');
INSERT INTO booking.webhook_attempts (organization_id, id, delivery_id, endpoint_id, event_id, event_type, occurred_at, attempt,
                                      outcome, finished_at)
SELECT 1, booking.new_id(1), booking.new_id(1), pg_temp.id('all'), booking.new_id(1), 'booking.paid', now(), 1, 'retry', now();
INSERT INTO booking.webhook_attempts (organization_id, id, delivery_id, endpoint_id, event_id, event_type, occurred_at, attempt,
                                      outcome, finished_at)
SELECT 1, '01800000-0000-8000-8000-000000000001', booking.new_id(1), pg_temp.id('all'), booking.new_id(1), 'booking.paid',
       now() - interval '31 days', 1, 'retry', now() - interval '31 days';
INSERT INTO booking.webhook_deliveries (organization_id, id, endpoint_id, event_id, event_type, occurred_at, status,
                                        next_attempt_at, expires_at, created_at)
SELECT 1, booking.new_id(1), pg_temp.id('all'), booking.new_id(1), 'booking.paid', booking.clock(), s.status, booking.clock(),
       booking.clock(), booking.clock() - interval '31 days' FROM (VALUES ('dead'), ('parked')) AS s (status);
SELECT public.is(booking.cleanup_webhook_logs(30), 2, 'an attempt and a delivery that are old go');
SELECT public.is((SELECT count(*) FROM booking.webhook_deliveries AS d WHERE d.created_at < booking.clock() - interval '30 days'),
                 1::bigint, 'what may still be delivered stays');
SELECT public.is(booking.cleanup_webhook_logs(30), 0, 'the second time there is nothing');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
