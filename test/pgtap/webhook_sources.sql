-- Sources of webhooks: made, changed, rotated; what relays are given; who may do what; ids of what they send.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
SELECT public.plan(78);
CREATE ROLE regress_member NOLOGIN IN ROLE booking_member;
CREATE ROLE regress_relay NOLOGIN IN ROLE booking_relay;
CREATE ROLE regress_server NOLOGIN IN ROLE booking_service;
CREATE FUNCTION pg_temp.claim_to_be(sub text) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT set_config('request.jwt.claims', json_build_object('sub', sub)::text, true) $$;
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'was not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
CREATE FUNCTION pg_temp.creating(arguments text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.refusal(format('SELECT booking.create_webhook_source(%s)', arguments)) $$;

-- Made.
SELECT pg_temp.source('stripe', 'stripe'), pg_temp.source('hub', 'hmac', '{"header": "X-Hub-Signature-256", "livemode": null}'),
       pg_temp.source('payment-webhook', 'airwallex'), pg_temp.source('calendar', 'calcom'),
       pg_temp.source('till', 'standard', '{}', 2) \g /dev/null
SELECT public.results_eq(
    $$ SELECT s.organization_id, s.name, s.scheme, s.options, s.status FROM booking.webhook_sources AS s ORDER BY s.name $$,
    $$ VALUES (1, 'calendar', 'calcom', '{}'::jsonb, 'active'),
              (1, 'hub', 'hmac', '{"header": "X-Hub-Signature-256"}', 'active'),
              (1, 'payment-webhook', 'airwallex', '{"legacy_event_names": true}', 'active'),
              (1, 'stripe', 'stripe', '{}', 'active'), (2, 'till', 'standard', '{}', 'active') $$,
    'as asked; the route of the token flow takes the older names');
SELECT public.matches(pg_temp.token('source till'), '^whsec_[A-Za-z0-9+/]{43}=$', 'a secret of Standard Webhooks');
SELECT public.matches(pg_temp.token('source hub'), '^[A-Za-z0-9_-]{43}$', 'a secret of our own');
SELECT public.is(pg_temp.token('source stripe'), 'whsec_of_the_provider', 'and one that Stripe has given');
SELECT public.is(pg_temp.creating(c.arguments), c.answer, 'create ' || c.arguments)
  FROM (VALUES
    ('NULL, ''x'', ''hmac''', 'BK001 organization_id must not be NULL'),
    ('1, NULL, ''hmac''', 'BK001 name must not be NULL'),
    ('1, ''x'', NULL', 'BK001 scheme must not be NULL'),
    ('1, ''x'', ''hmac'', options => NULL', 'BK001 options must not be NULL'),
    ('1, '' '', ''hmac''', 'BK604 invalid webhook name " "'),
    ('1, ''stripe'', ''hmac''', 'BK605 the organization has a source of webhooks named "stripe"'),
    ('9, ''x'', ''hmac''', 'BK609 no organization has the number 9'),
    ('1, ''x'', ''paypal''', 'BK701 unknown scheme "paypal" of a source'),
    ('1, ''x'', ''stripe''', 'BK701 the secret of a source of scheme stripe comes from there'),
    ('1, ''x'', ''airwallex''', 'BK701 the secret of a source of scheme airwallex comes from there'),
    ('1, ''x'', ''stripe'', ''not of stripe, though long''', 'BK602 a secret of Stripe begins with whsec_'),
    ('1, ''x'', ''hmac'', ''short''', 'BK602 the secret is too short: 5 characters'),
    ('1, ''x'', ''calcom'', ''no-secret-provided''', 'BK602 that is not a secret of Cal.com, but its absence'),
    ('1, ''x'', ''hmac'', options => ''{"colour": 1}''', 'BK603 unknown option "colour"')
  ) AS c (arguments, answer);

-- Changed.
SELECT booking.update_webhook_source(pg_temp.id('source hub'), '{"name": "github", "header": null, "id_header": "X-GitHub-Delivery"}'),
       booking.disable_webhook_source(pg_temp.id('source calendar'), 'on holiday') \g /dev/null
SELECT public.results_eq(
    $$ SELECT s.name, s.options, s.status, s.disabled_reason FROM booking.webhook_sources AS s
        WHERE s.id IN (pg_temp.id('source hub'), pg_temp.id('source calendar')) ORDER BY s.name $$,
    $$ VALUES ('calendar', '{}'::jsonb, 'disabled', 'on holiday'),
              ('github', '{"id_header": "X-GitHub-Delivery"}', 'active', NULL) $$, 'null is the default again');
SELECT public.is(pg_temp.refusal(format('SELECT booking.update_webhook_source(%L, %L)', pg_temp.id('source stripe'), c.changes)),
                 c.answer, 'change ' || c.changes)
  FROM (VALUES ('{"name": "github"}', 'BK605 the organization has a source of webhooks named "github"'),
               ('{"name": ""}', 'BK604 invalid webhook name ""'),
               ('{"name": 1}', 'BK603 option "name" must be a string'),
               ('[]', 'BK603 changes must be an object'),
               ('{"header": "X"}', 'BK603 option "header" is for scheme hmac only')) AS c (changes, answer);
SELECT public.is(pg_temp.refusal(format(c.call, pg_temp.id('tour'))),
                 'BK702 no source of webhooks has the id ' || pg_temp.id('tour'), c.call)
  FROM (VALUES ('SELECT booking.update_webhook_source(%L, ''{}'')'), ('SELECT booking.enable_webhook_source(%L)'),
               ('SELECT booking.disable_webhook_source(%L)'), ('SELECT booking.delete_webhook_source(%L)'),
               ('SELECT booking.rotate_source_secret(%L)')) AS c (call);
SELECT public.is(pg_temp.refusal(format('SELECT booking.rotate_source_secret(%L)', pg_temp.id('source stripe'))),
                 'BK701 the secret of a source of scheme stripe comes from there', 'nobody else makes one for Stripe');
SELECT public.is(pg_temp.refusal(format('SELECT booking.rotate_source_secret(%L, NULL, %L)', pg_temp.id('source till'), c.overlap)),
                 'BK602 the overlap must be between nothing and 30 days', 'an overlap of ' || c.overlap)
  FROM (VALUES ('31 days'), ('-1 second')) AS c (overlap);

-- What relays are given: of active sources, the secrets that are valid now or later.
SELECT booking.rotate_source_secret(pg_temp.id('source stripe'), 'whsec_the_second_one', '1 hour') \g /dev/null
SELECT public.results_eq(
    $$ SELECT r.organization_id, r.name, r.scheme, r.options, r.secret,
              round(r.valid_until - extract(epoch FROM booking.clock())) FROM booking.relay_sources() AS r
        WHERE r.name IN ('stripe', 'calendar', 'github') $$,
    $$ SELECT 1, 'github', 'hmac', '{"id_header": "X-GitHub-Delivery"}'::jsonb, pg_temp.token('source hub'), NULL::double precision
        UNION ALL SELECT 1, 'stripe', 'stripe', '{}', 'whsec_the_second_one', NULL
        UNION ALL SELECT 1, 'stripe', 'stripe', '{}', 'whsec_of_the_provider', 3600 $$, 'both secrets, for the overlap');
SELECT pg_temp.set_clock('2027-03-01 13:00:05 UTC') \g /dev/null
SELECT public.results_eq($$ SELECT r.secret FROM booking.relay_sources() AS r WHERE r.name = 'stripe' $$,
                         $$ VALUES ('whsec_the_second_one') $$, 'and then the new one alone');
SELECT booking.rotate_source_secret(pg_temp.id('source stripe'), 'whsec_the_number_' || n) FROM generate_series(3, 9) AS n \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.webhook_source_secrets AS s WHERE s.source_id = pg_temp.id('source stripe')),
                 3::bigint, 'however often it is done, three at most are kept');
SELECT booking.rotate_source_secret(pg_temp.id('source stripe'), 'whsec_the_last_one', '0') \g /dev/null
SELECT public.results_eq($$ SELECT r.secret FROM booking.relay_sources() AS r WHERE r.name = 'stripe' $$,
                         $$ VALUES ('whsec_the_last_one') $$, 'without overlap the new one alone, at once');
SELECT booking.enable_webhook_source(pg_temp.id('source calendar')) \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.relay_sources() AS r WHERE r.name = 'calendar'), 1::bigint, 'enabled again');

-- Ids: the header that the scheme signs or the option names, the event's own, the bytes.
SELECT public.is(pg_temp.send(c.source, c.body, c.headers::jsonb), c.answer, c.name)
  FROM (VALUES
    ('till', '{"id": "a", "type": "payment.shipped"}', '{"webhook-id": "msg_1"}', 'ignored', 'Standard Webhooks have a header'),
    ('till', '{"id": "b", "type": "payment.shipped"}', '{"webhook-id": "msg_1"}', 'duplicate', 'which counts'),
    ('till', '{"id": "b", "type": "payment.shipped"}', '{"webhook-id": "msg_2"}', 'ignored', 'and not the id in it'),
    ('hub', '{"id": "a", "type": "payment.shipped"}', '{"x-github-delivery": "d1"}', 'ignored', 'the option names one'),
    ('hub', '{"id": "b", "type": "payment.shipped"}', '{"x-github-delivery": "d1"}', 'duplicate', 'which counts'),
    ('hub', '{"id": "c", "type": "payment.shipped"}', '{}', 'ignored', 'without it the event''s own'),
    ('hub', '{"id": "c", "type": "payment.other"}', '{}', 'duplicate', 'counts'),
    ('hub', '{"type": "payment.shipped"}', '{"x-github-delivery": ""}', 'ignored', 'without that the bytes'),
    ('hub', '{"type": "payment.shipped"}', '{}', 'duplicate', 'count'),
    ('hub', '{"type":  "payment.shipped"}', '{}', 'ignored', 'to the last space')) AS c (source, body, headers, answer, name);
SELECT public.is((SELECT e.headers FROM booking.payment_events AS e WHERE e.external_id = 'msg_1'),
                 '{"webhook-id": "msg_1"}'::jsonb, 'what came with it is kept');

-- Events of bookings, by a source.
SELECT pg_temp.source('elsewhere', 'standard', '{"payload": "booking_event"}'), pg_temp.sale('sold') \g /dev/null
SELECT public.is(pg_temp.send('elsewhere', pg_temp.filled('{"id": "x1", "event_type": "booking:checkin", "booking_id": "id:sold"}')),
                 'applied', 'an event of a booking');
SELECT public.is(pg_temp.send('elsewhere', pg_temp.filled('{"id": "x1", "event_type": "booking:checkin", "booking_id": "id:sold"}')),
                 'duplicate', 'once');
SELECT public.is(pg_temp.refusal($$ SELECT pg_temp.send('elsewhere', '{"id": "x2"}') $$),
                 'BK703 invalid event: $.event_type is missing', 'and one that is none');

-- Who may do what.
SET LOCAL ROLE regress_member;
SELECT pg_temp.claim_to_be('staff-1') \g /dev/null
SELECT public.is(pg_temp.creating('1, ''y'', ''hmac'''), '42501 permission denied to create a source of webhooks', 'staff');
SELECT public.is((SELECT count(*) FROM booking.webhook_sources), 5::bigint, 'who see the sources of their organization');
SELECT public.is((SELECT count(*) FROM (SELECT e.status FROM booking.payment_events AS e) AS x), 4::bigint, 'and what came');
SELECT public.throws_ok('SELECT e.body FROM booking.payment_events AS e', '42501', 'permission denied for table payment_events',
                        'but not its bytes');
SELECT public.throws_ok('SELECT * FROM booking.webhook_source_secrets', '42501',
                        'permission denied for table webhook_source_secrets', 'nor any secret');
SELECT public.throws_ok('SELECT * FROM booking.relay_sources()', '42501', 'permission denied for function relay_sources',
                        'nor by the function');
SELECT public.throws_ok('UPDATE booking.payments SET status = ''paid''', '42501', 'permission denied for table payments',
                        'nor do they write ledgers');
SELECT pg_temp.claim_to_be('owner-2') \g /dev/null
SELECT public.is(pg_temp.refusal(format('SELECT booking.rotate_source_secret(%L)', pg_temp.id('source hub'))),
                 '42501 permission denied to rotate the secret of a source', 'an owner of another organization');
SELECT pg_temp.claim_to_be('owner-1') \g /dev/null
SELECT public.is(pg_temp.creating('1, ''y'', ''hmac'''), 'was not refused', 'an owner');
RESET ROLE;
SET LOCAL ROLE regress_server;
SELECT public.throws_ok('SELECT * FROM booking.webhook_source_secrets', '42501',
                        'permission denied for table webhook_source_secrets', 'trusted servers read no secret');
SELECT public.throws_ok('SELECT * FROM booking.relay_sources()', '42501', 'permission denied for function relay_sources',
                        'by no function');
SELECT public.throws_ok('SELECT booking.receive_webhook(NULL, NULL, NULL)', '42501',
                        'permission denied for function receive_webhook', 'and send no webhooks');
SELECT public.lives_ok('SELECT e.body FROM booking.payment_events AS e', 'but may look at what came');
SELECT public.is(booking.retry_payment_events(1), 0, 'and try again');
RESET ROLE;
SET LOCAL ROLE regress_relay;
SELECT public.cmp_ok((SELECT count(*) FROM booking.relay_sources()), '>=', 5::bigint, 'the relay gets the secrets');
SELECT public.throws_ok('SELECT * FROM booking.payments', '42501', 'permission denied for table payments',
                        'and reads no ledger');
SELECT public.is(pg_temp.refusal('SELECT booking.retry_payment_events(1)'),
                 '42501 permission denied for function retry_payment_events', 'nor does it try again');
RESET ROLE;

-- Gone.
SELECT booking.delete_webhook_source(pg_temp.id('source hub')) \g /dev/null
SELECT public.is((SELECT count(*) FROM booking.webhook_source_secrets AS s WHERE s.source_id = pg_temp.id('source hub')),
                 0::bigint, 'a source goes with its secrets');
SELECT public.is((SELECT count(*) FROM booking.payment_events AS e WHERE e.source_id = pg_temp.id('source hub')),
                 4::bigint, 'what it has sent stays');
SELECT public.is(pg_temp.send('till', '{"id": "z", "type": "payment.paid", "data": {"id": "p", "amount_minor": 1,'
                 ' "currency": "EUR", "metadata": {"booking_id": "unknown"}}}', '{"webhook-id": "msg_9"}'), 'failed', 'something unknown');
SELECT booking.delete_webhook_source(pg_temp.id('source till')) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 13:10 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(2), 1, 'is looked at once more');
SELECT public.is(pg_temp.reason('msg_9'), 'failed: its source is gone', 'and given up');

-- A source whose events are of another kind by now.
SELECT public.is(pg_temp.send('elsewhere', '{"id": "x9", "type": "payment.paid", "data": {"id": "p9", "amount_minor": 1,'
                 ' "currency": "EUR"}}', '{"webhook-id": "msg_10"}'), 'failed', 'nobody''s payment')
  FROM booking.update_webhook_source(pg_temp.id('source elsewhere'), '{"payload": "payment"}');
SELECT booking.update_webhook_source(pg_temp.id('source elsewhere'), '{"payload": "calcom"}') \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 13:20 UTC') \g /dev/null
SELECT public.is(booking.retry_payment_events(1), 1, 'is looked at once more');
SELECT public.is(pg_temp.reason('msg_10'), 'failed: malformed event: $.triggerEvent is not a string of at most 500 printable'
                 ' characters', 'and given up');
SELECT public.is(booking.retry_payment_events(1), 0, 'and stands in nobody''s way');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
