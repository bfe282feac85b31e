-- Buying a package: what the request may say, what the answer says, and what is stored.

BEGIN;
\ir shared/fixture.sql
\ir shared/packages.sql
SELECT public.plan(91);

-- The packages.
SELECT public.results_eq(
    $$ SELECT p.id, p.price_minor, p.currency::text, p.sessions_included, p.schedule_days, p.activity_id
         FROM booking.packages AS p WHERE p.organization_id = 1 AND p.activity_id IS NOT NULL ORDER BY p.price_minor $$,
    $$ VALUES ('discovery', 0::bigint, 'EUR', 1, 30, pg_temp.id('tour')),
              ('single', 5000, 'EUR', 1, 90, pg_temp.id('tour')),
              ('monthly', 18000, 'EUR', 3, 60, pg_temp.id('tour')),
              ('quarterly', 48000, 'EUR', 12, 150, pg_temp.id('tour')) $$, 'the four usual packages');
UPDATE booking.packages SET price_minor = 5500 WHERE organization_id = 1 AND id = 'single';
DELETE FROM booking.packages WHERE organization_id = 1 AND id = 'monthly';
SELECT public.is(booking.create_default_packages(1, 'EUR', 5000, 18000, 48000), 1, 'again, it makes what is missing');
SELECT public.results_eq(
    $$ SELECT p.id, p.price_minor, p.sessions_included, p.activity_id FROM booking.packages AS p
        WHERE p.organization_id = 1 AND p.id IN ('single', 'monthly') ORDER BY p.id $$,
    $$ VALUES ('monthly', 18000::bigint, 4, NULL::uuid), ('single', 5500, 1, pg_temp.id('tour')) $$,
    'and leaves alone what is there');
SELECT public.is(pg_temp.refused('SELECT booking.create_default_packages(' || c.arguments || ')'), c.answer, c.answer)
  FROM (VALUES ('NULL, ''EUR'', 1, 2, 3', 'BK001 organization_id: organization_id must not be NULL'),
               ('2, NULL, 1, 2, 3', 'BK001 currency: currency must not be NULL'),
               ('2, ''EUR'', NULL, 2, 3', 'BK001 single_price: single_price must not be NULL'),
               ('2, ''eur'', 1, 2, 3', 'BK016 currency: the currency must be three capital letters, got "eur"'),
               ('2, ''EUR'', -1, 2, 3',
                'BK016 single_price: the price of package "single" must be between 0 and 1000000000000, got -1'),
               ('2, ''EUR'', 1, 2, 1000000000001', 'BK016 quarterly_price: the price of package "quarterly" must be'
                ' between 0 and 1000000000000, got 1000000000001'),
               ('2, ''EUR'', 1, 2, 3, 0',
                'BK016 monthly_sessions: package "monthly" must have between 1 and 1000 sessions, got 0'),
               ('2, ''EUR'', 1, 2, 3, 1, 1001',
                'BK016 quarterly_sessions: package "quarterly" must have between 1 and 1000 sessions, got 1001'),
               ('99, ''EUR'', 1, 2, 3', 'BK609 -: no organization has the number 99'))
    AS c (arguments, answer);
SELECT public.is(pg_temp.refused($$ SELECT booking.create_default_packages(2, 'EUR', 1, 2, 3, 4, 12, pg_temp.id('tour')) $$),
                 format('BK103 activity_id: no activity of the organization has the id %s', pg_temp.id('tour')),
                 'the activity is the organization''s own');
SET LOCAL ROLE booking_member;
SELECT set_config('request.jwt.claims', '{"sub": "staff-1"}', true) \g /dev/null
SELECT public.throws_ok($$ SELECT booking.create_default_packages(1, 'EUR', 1, 2, 3) $$, '42501', NULL,
                        'staff make no packages');
SELECT set_config('request.jwt.claims', '{"sub": "owner-2"}', true) \g /dev/null
SELECT public.throws_ok($$ SELECT booking.create_default_packages(1, 'EUR', 1, 2, 3) $$, '42501', NULL,
                        'nor the owner of another organization');
SELECT public.is(booking.create_default_packages(2, 'EUR', 1, 2, 3), 4, 'an owner does, for the own one');
SELECT set_config('request.jwt.claims', '', true) \g /dev/null
RESET ROLE;

-- As a visitor: free of charge.
SET LOCAL ROLE booking_public;
CREATE TEMPORARY TABLE free AS SELECT pg_temp.buy('free', 'discovery') AS answer;
SELECT public.results_eq('SELECT jsonb_object_keys(f.answer) FROM pg_temp.free AS f ORDER BY 1',
                         $$ VALUES ('bookingId'), ('bookingToken'), ('expiresAt'), ('requiresPayment') $$,
                         'the members of the answer; no paymentUrl, not even null');
SELECT public.matches((SELECT f.answer ->> 'bookingToken' FROM pg_temp.free AS f), '^[A-Za-z0-9_-]{43}\.1$',
                      'a token of 256 bits, and the organization');
SELECT public.is((SELECT f.answer -> 'requiresPayment' FROM pg_temp.free AS f), 'false', 'nothing is to be paid');
SELECT public.matches((SELECT f.answer ->> 'expiresAt' FROM pg_temp.free AS f),
                      '^2027-03-31T12:00:\d\d\.\d\d\dZ$', 'thirty days to find a time');
SELECT public.is(pg_temp.status('free') - '{id,createdAt,expiresAt}'::text[],
                 '{"status": "paid", "paymentStatus": "not_required", "packageId": "discovery", "amountCents": 0,
                   "currency": "EUR", "customerName": "Ada", "customerEmail": "ada@example.org",
                   "sessionsIncluded": 1, "sessionsScheduled": 0}', 'its status');
SELECT public.is(pg_temp.status('free') ->> 'id', pg_temp.id('free')::text, 'its id');
SELECT public.matches(pg_temp.status('free') ->> 'createdAt', '^2027-03-01T12:00:\d\d\.\d\d\dZ$', 'its time');
-- With a price.
CREATE TEMPORARY TABLE priced AS SELECT pg_temp.buy('priced', 'quarterly', '{
    "customerName": "<script>alert(1)</script>", "customerPhone": "+49 30 123", "notes": "line\nline",
    "metadata": {"campaign": [1, {"a": false}], "price": 1}, "amountCents": 1, "amount_cents": 1, "price": 1}') AS answer;
SELECT public.is((SELECT p.answer - '{bookingToken,bookingId,expiresAt}'::text[] FROM pg_temp.priced AS p),
                 '{"requiresPayment": true}', 'has to be paid first, by means that the application knows');
SELECT public.matches((SELECT p.answer ->> 'expiresAt' FROM pg_temp.priced AS p),
                      '^2027-03-02T12:00:\d\d\.\d\d\dZ$', 'within a day');
SELECT public.is(pg_temp.status('priced') - '{id,createdAt,expiresAt}'::text[],
                 '{"status": "pending", "paymentStatus": "pending", "packageId": "quarterly", "amountCents": 48000,
                   "currency": "EUR", "customerName": "<script>alert(1)</script>", "customerEmail": "ada@example.org",
                   "sessionsIncluded": 12, "sessionsScheduled": 0}',
                 'the price is the package''s, whatever the request says; text is kept as it is');
CREATE TEMPORARY TABLE link AS SELECT pg_temp.buy('link', 'link') AS answer;
SELECT public.is((SELECT l.answer ->> 'paymentUrl' FROM pg_temp.link AS l),
                 format('https://pay.example/?ref=%s&t=%s', pg_temp.id('link'), pg_temp.token('link')),
                 'a package may have a page to pay at');
RESET ROLE;

-- What is stored.
SELECT public.is((SELECT sha256(decode(translate(left(n.token, 43), '-_', '+/') || '=', 'base64'))
                    FROM pg_temp.named AS n WHERE n.name = 'priced'),
                 (SELECT b.token_hash FROM booking.bookings AS b WHERE b.id = pg_temp.id('priced')),
                 'of the token only its SHA-256');
SELECT public.is_empty(
    $$ SELECT b.id FROM booking.bookings AS b, pg_temp.named AS n WHERE b::text LIKE '%' || left(n.token, 43) || '%' $$,
    'and the token nowhere');
SELECT public.results_eq(
    $$ SELECT b.customer_phone, b.notes, b.metadata, b.party_size, b.schedule_days, b.session_id, b.version
         FROM booking.bookings AS b WHERE b.id = pg_temp.id('priced') $$,
    $$ VALUES ('+49 30 123', E'line\nline', '{"campaign": [1, {"a": false}], "price": 1}'::jsonb, 1, 150, NULL::uuid,
               1::bigint) $$, 'the rest as it was given');
SELECT public.results_eq(
    $$ SELECT c.email, c.name, c.phone, count(*) FROM booking.customers AS c
         JOIN booking.bookings AS b ON b.organization_id = c.organization_id AND b.customer_id = c.id
        GROUP BY c.id, c.email, c.name, c.phone $$,
    $$ VALUES ('ada@example.org', 'Ada', NULL::text, 3::bigint) $$,
    'one customer, who stays as it was whoever types the same address');
SELECT public.results_eq(
    $$ SELECT e.kind, e.facts ? 'customer_email' FROM booking.booking_events AS e
        WHERE e.booking_id = pg_temp.id('free') ORDER BY e.id $$,
    $$ VALUES ('booking.created', false), ('booking.paid', false) $$, 'it is told, without personal data');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');

-- Validation: one below, one above. The fields are named.
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_create(1, pg_temp.wanted(%L))', c.changes)),
                 c.answer, c.answer)
  FROM (VALUES
    ('{"packageId": null}', 'BK015 packageId: packageId is missing'),
    ('{"packageId": 1}', 'BK015 packageId: packageId must be a string'),
    ('{"packageId": "weekly"}', 'BK015 packageId: packageId names no package that is sold: "weekly"'),
    ('{"packageId": "Discovery"}', 'BK015 packageId: packageId names no package that is sold: "Discovery"'),
    ('{"packageId": "gone"}', 'BK015 packageId: packageId names no package that is sold: "gone"'),
    ('{"packageId": "theirs"}', 'BK015 packageId: packageId names no package that is sold: "theirs"'),
    ('{"packageId": ""}', 'BK015 packageId: packageId names no package that is sold: ""'),
    ('{"customerName": null}', 'BK015 customerName: customerName is missing'),
    ('{"customerName": "A"}', 'BK015 customerName: customerName must have 2 to 100 characters, got 1'),
    ('{"customerName": "    "}', 'BK015 customerName: customerName must not be blank'),
    ('{"customerName": "A\nB"}', 'BK015 customerName: customerName must not contain control characters'),
    ('{"customerName": {"first": "Ada"}}', 'BK015 customerName: customerName must be a string'),
    ('{"customerEmail": null}', 'BK015 customerEmail: customerEmail is missing'),
    ('{"customerEmail": "ada"}', 'BK015 customerEmail: customerEmail must be an e-mail address'),
    ('{"customerEmail": "a@b.de\r\nBcc: c@d.de"}',
     'BK015 customerEmail: customerEmail must be an e-mail address'),
    ('{"customerPhone": "12"}', 'BK015 customerPhone: customerPhone must be a telephone number'),
    ('{"customerPhone": 491234}', 'BK015 customerPhone: customerPhone must be a string'),
    ('{"notes": ["x"]}', 'BK015 notes: notes must be a string'),
    ('{"notes": "a\u0001"}', 'BK015 notes: notes must not contain control characters'),
    ('{"metadata": "x"}', 'BK015 metadata: metadata must be an object'),
    ('{"metadata": [1]}', 'BK015 metadata: metadata must be an object'),
    ('{"idempotencyKey": "123456789012345"}', 'BK005 idempotencyKey: invalid idempotency key of 15 bytes'))
    AS c (changes, answer);
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_create(1, pg_temp.wanted(jsonb_build_object(%L, %s)))',
                                        c.field, c.value)), c.answer, format('%s: %s', c.field, c.value))
  FROM (VALUES
    ('customerName', 'repeat(''é'', 101)', 'BK015 customerName: customerName must have 2 to 100 characters, got 101'),
    ('customerName', 'repeat(''é'', 100)', 'was not refused, and changed the books'),
    ('customerName', '''Al''', 'was not refused, and changed the books'),
    ('customerEmail', 'repeat(''a'', 64) || ''@'' || repeat(repeat(''b'', 37) || ''.'', 5) || ''org''',
     'BK015 customerEmail: customerEmail must have at most 255 bytes, got 258'),
    ('customerEmail', 'repeat(''a'', 64) || ''@'' || repeat(repeat(''b'', 36) || ''.'', 5) || ''infos''',
     'was not refused, and changed the books'),
    ('customerEmail', 'repeat(''a'', 64) || ''@'' || repeat(repeat(''b'', 36) || ''.'', 5) || ''infoss''',
     'BK015 customerEmail: customerEmail must have at most 255 bytes, got 256'),
    ('notes', 'repeat(''n'', 1000)', 'was not refused, and changed the books'),
    ('notes', 'repeat(''n'', 1001)', 'BK015 notes: notes must have at most 1000 characters, got 1001'),
    ('notes', '''''', 'was not refused, and changed the books'),
    ('customerPhone', '''123''', 'was not refused, and changed the books'),
    ('customerPhone', 'repeat(''1'', 41)', 'BK015 customerPhone: customerPhone must be a telephone number'),
    ('metadata', '''{}''::jsonb', 'was not refused, and changed the books'),
    ('metadata', 'jsonb_build_object(''k'', repeat(''v'', 16400))',
     'BK015 metadata: metadata must have at most 16384 bytes and 16 levels'),
    ('idempotencyKey', 'repeat(''k'', 16)', 'was not refused, and changed the books'),
    ('idempotencyKey', 'repeat(''k'', 256)', 'BK005 idempotencyKey: invalid idempotency key of 256 bytes'))
    AS c (field, value, answer);
SELECT public.is(pg_temp.refused('SELECT booking.booking_create(' || c.arguments || ')'), c.answer, c.arguments)
  FROM (VALUES ('NULL, ''{}''', 'BK001 organization_id: organization_id must not be NULL'),
               ('1, NULL', 'BK001 request: request must not be NULL'),
               ('1, ''[]''', 'BK015 request: request must be a JSON object'),
               ('1, ''"x"''', 'BK015 request: request must be a JSON object'),
               ('99, pg_temp.wanted()', 'BK015 packageId: packageId names no package that is sold: "discovery"'),
               ('-1, pg_temp.wanted()', 'BK015 packageId: packageId names no package that is sold: "discovery"'))
    AS c (arguments, answer);
UPDATE booking.organizations SET status = 'suspended' WHERE organization_id = 2;
SELECT public.is(pg_temp.refused($$ SELECT booking.booking_create(2, pg_temp.wanted('{"packageId": "theirs"}')) $$),
                 'BK015 packageId: packageId names no package that is sold: "theirs"',
                 'a suspended organization sells nothing');

-- Idempotency.
SET LOCAL ROLE booking_public;
CREATE TEMPORARY TABLE keyed AS
SELECT pg_temp.buy('keyed', 'single', '{"idempotencyKey": "key-0123456789abcdef", "metadata": {"a": 1, "b": 2}}') AS answer;
SELECT public.is(booking.booking_create(1, '{"metadata": {"b": 2, "a": 1}, "customerName": "Ada", "packageId": "single",
                                             "customerEmail": "ada@example.org", "idempotencyKey": "key-0123456789abcdef"}'),
                 (SELECT k.answer FROM pg_temp.keyed AS k), 'the same request with its key gets the same answer');
SELECT public.is(pg_temp.status('keyed') ->> 'status', 'pending', 'and the token is the one');
RESET ROLE;
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_create(1, pg_temp.wanted(%L))', c.changes)),
                 'BK208 -: the idempotency key belongs to another request', 'the key with ' || c.changes)
  FROM (VALUES ('{"idempotencyKey": "key-0123456789abcdef", "packageId": "discovery", "metadata": {"a": 1, "b": 2}}'),
               ('{"idempotencyKey": "key-0123456789abcdef", "packageId": "single", "metadata": {"a": 1, "b": 3}}'),
               ('{"idempotencyKey": "key-0123456789abcdef", "packageId": "single", "customerName": "Al",
                  "metadata": {"a": 1, "b": 2}}')) AS c (changes);
SELECT public.isnt(pg_temp.buy('again', 'single') ->> 'bookingId', pg_temp.buy('once more', 'single') ->> 'bookingId',
                   'without a key each call is a booking');

-- Status: by the token alone.
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_status(%L)', c.token)), c.answer, c.answer)
  FROM (VALUES (NULL, 'BK001 token: token must not be NULL'), ('', 'BK015 token: token is not a booking token'),
               (left(pg_temp.token('free'), 43), 'BK015 token: token is not a booking token'),
               (pg_temp.token('free') || ' ', 'BK015 token: token is not a booking token'),
               (left(pg_temp.token('free'), 44) || '2', 'BK104 -: no booking has this token'),
               (repeat('A', 43) || '.1', 'BK104 -: no booking has this token'),
               (pg_temp.id('free')::text, 'BK015 token: token is not a booking token')) AS c (token, answer);

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
