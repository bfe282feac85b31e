-- Two organizations of the same kind, with rows in every table, and whatever is anybody's written in words that can be
-- searched for; and everybody who might look. Include it after fixture.sql, payments.sql and webhooks.sql.
--
-- Names end in the number of the organization: 'ada booking 1'. Ada and Eve have an account, each in both organizations,
-- which are different people there: their users are ada-1, ada-2 and so on.

-- A word that says whose it is, wherever it turns up: of a person, or 'staff' for notes, 'key' for what nobody may see.
CREATE FUNCTION pg_temp.mark(organization integer, whose text) RETURNS text IMMUTABLE
    LANGUAGE sql AS $$ SELECT format('zq%s%szq', organization, whose) $$;

CREATE FUNCTION pg_temp.email(organization integer, whose text) RETURNS text IMMUTABLE
    LANGUAGE sql AS $$ SELECT pg_temp.mark(organization, whose) || '@private.example' $$;

CREATE FUNCTION pg_temp.phone(organization integer, whose text) RETURNS text IMMUTABLE
    LANGUAGE sql AS $$ SELECT format('+49 5557%s%s', organization, ascii(whose)) $$;

CREATE FUNCTION pg_temp.named_id(name text, organization integer) RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id) VALUES (name || ' ' || organization, booking.new_id(organization))
    RETURNING id $$;

CREATE FUNCTION pg_temp.furnish(organization integer) RETURNS void VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pg_temp.named SET name = 'venue 1' WHERE name = 'venue';
    UPDATE pg_temp.named SET name = 'venue 2' WHERE name = 'far venue';
    INSERT INTO booking.organization_members (organization_id, user_id, role)
    VALUES (organization, 'owner-' || organization, 'owner'), (organization, 'staff-' || organization, 'staff')
        ON CONFLICT DO NOTHING;
    INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity, price_minor, currency,
                                    stripe_price_id)
    SELECT organization, pg_temp.named_id(a.name, organization), pg_temp.id('venue ' || organization),
           a.name || ' ' || organization,
           '{"operatingDays": ["Monday"], "startTime": "09:00", "endTime": "12:00", "slotInterval": 60}', 8, a.price,
           'EUR', pg_temp.mark(organization, 'staff')
      FROM (VALUES ('free', 0), ('dear', 5000)) AS a (name, price);
    UPDATE booking.organizations AS o SET payment_provider = 'custom' WHERE o.organization_id = furnish.organization;
    INSERT INTO booking.activity_prices (organization_id, activity_id, valid_until, price_minor, price_basis, currency)
    VALUES (organization, pg_temp.id('dear ' || organization), '2027-01-01', 1, 'seat', 'EUR');
    INSERT INTO booking.schedule_exceptions (organization_id, id, venue_id, first_date, last_date, reason)
    VALUES (organization, pg_temp.named_id('exception', organization), pg_temp.id('venue ' || organization),
            '2027-12-24', '2027-12-26', pg_temp.mark(organization, 'staff'));
    INSERT INTO booking.packages (organization_id, id, name, price_minor, currency, activity_id, sessions_included,
                                  live_bookings_per_email)
    VALUES (organization, 'gift', 'Free of charge', 0, 'EUR', pg_temp.id('free ' || organization), 3, 100),
           (organization, 'month', 'A month', 5000, 'EUR', NULL, 4, 100);
    PERFORM booking.generate_activity_sessions(pg_temp.id('free ' || organization), '2027-03-08', 7);
    PERFORM pg_temp.add_session(format('%s %s', s.name, organization), organization, s.activity || ' ' || organization,
                                s.start_time::timestamptz, 8)
       FROM (VALUES ('noon', 'free', '2027-03-03 12:00 UTC'), ('evening', 'free', '2027-03-03 18:00 UTC'),
                    ('gala', 'dear', '2027-03-03 20:00 UTC')) AS s (name, activity, start_time);
    PERFORM booking.set_session_lanes(pg_temp.id('evening ' || organization), 2);
END $$;

-- What people do: each holds seats, has a booking, a package that is paid and one that is not.
CREATE FUNCTION pg_temp.populate(organization integer, who text) RETURNS void VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    of_whom text := ' ' || organization;
    bought jsonb;
BEGIN
    PERFORM pg_temp.hold(who || ' hold' || of_whom, 'noon' || of_whom, 1, pg_temp.email(organization, who));
    PERFORM pg_temp.hold(who || ' dear hold' || of_whom, 'gala' || of_whom, 1, pg_temp.email(organization, who));
    PERFORM pg_temp.hold(who || ' booked hold' || of_whom, 'noon' || of_whom, 1, pg_temp.email(organization, who));
    INSERT INTO pg_temp.named (name, id, token)
    SELECT who || ' booking' || of_whom, c.booking_id, pg_temp.token(who || ' booked hold' || of_whom)
      FROM booking.confirm_reservation(pg_temp.id(who || ' booked hold' || of_whom), NULL,
                                       pg_temp.mark(organization, who), pg_temp.phone(organization, who)) AS c;
    FOR bought IN
        SELECT booking.booking_create(organization, jsonb_build_object(
                   'packageId', p, 'customerName', pg_temp.mark(organization, who),
                   'customerEmail', pg_temp.email(organization, who), 'idempotencyKey', md5(p || who || organization)))
               || jsonb_build_object('p', p)
          FROM unnest('{gift,month}'::text[]) AS p LOOP
        INSERT INTO pg_temp.named (name, id, token)
        VALUES (format('%s %s%s', who, bought ->> 'p', of_whom), (bought ->> 'bookingId')::uuid,
                bought ->> 'bookingToken');
    END LOOP;
    UPDATE booking.customers AS c SET user_id = format('%s-%s', who, organization)
     WHERE c.organization_id = organization AND c.email = pg_temp.email(organization, who);
    UPDATE booking.bookings AS b
       SET notes = pg_temp.mark(organization, 'staff'), cancel_reason = pg_temp.mark(organization, 'staff'),
           metadata = jsonb_build_object('note', pg_temp.mark(organization, 'staff')), meeting_url = 'https://meet.example/' || pg_temp.mark(organization, who),
           cal_uid = pg_temp.mark(organization, who) || b.id
     WHERE b.organization_id = populate.organization AND b.customer_email = pg_temp.email(populate.organization, who);
    PERFORM booking.check_in(pg_temp.id(who || ' booking' || of_whom), 1);
    PERFORM booking.receive_booking_event(organization, jsonb_build_object(
        'id', 'from outside, ' || who || of_whom, 'event_type', 'booking.updated',
        'booking_id', pg_temp.id(who || ' booking' || of_whom), 'description', pg_temp.mark(organization, 'staff')));
END $$;

-- What comes in and goes out: webhooks, money that was asked for and money that was not, relays, jobs.
CREATE FUNCTION pg_temp.connect(organization integer) RETURNS void VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    of_whom text := ' ' || organization;
BEGIN
    INSERT INTO pg_temp.named (name, id, token)
    SELECT 'hook' || of_whom, e.endpoint_id, e.secret
      FROM booking.create_webhook_endpoint(organization, pg_temp.mark(organization, 'staff'), 'https://hook.example/',
               '{refund.due}', 'standard',
               jsonb_build_object('headers', jsonb_build_object('x-k', pg_temp.mark(organization, 'key')))) AS e;
    PERFORM booking.replay_webhook_event(b.id, pg_temp.id('hook' || of_whom))
       FROM booking.booking_events AS b WHERE b.booking_id = pg_temp.id('ada booking' || of_whom);
    INSERT INTO pg_temp.named (name, id)
    SELECT 'delivery' || of_whom, d.id FROM booking.webhook_deliveries AS d WHERE d.organization_id = organization LIMIT 1;
    INSERT INTO pg_temp.named (name, id, token)
    SELECT 'source' || of_whom, s.source_id, s.secret
      FROM booking.create_webhook_source(organization, 'shop', 'hmac') AS s;
    PERFORM booking.receive_webhook(pg_temp.id('source' || of_whom), convert_to(e.body, 'UTF8'), '{}')
       FROM (VALUES (format('{"id": "1", "type": "payment.paid", "data": {"id": "p%s", "amount_minor": 1, "currency": "EUR"}}',
                            pg_temp.mark(organization, 'staff'))),
                    (format('{"id": "2", "type": "refund.received", "data": {"id": "r", "payment_id": "p%s"}}',
                            pg_temp.mark(organization, 'staff'))),
                    (format('{"id": "3", "type": "payment.paid", "data": {"id": "pi%s", "amount_minor": 5000,'
                            ' "currency": "EUR", "metadata": {"booking_id": "%s"}}}',
                            organization, pg_temp.id('ada month' || of_whom)))) AS e (body);
    INSERT INTO pg_temp.named (name, id)
    SELECT 'payment' || of_whom, p.id FROM booking.payments AS p
     WHERE p.organization_id = organization AND p.booking_id IS NULL;
    INSERT INTO pg_temp.named (name, id, token)
    SELECT 'wide hook' || of_whom, e.endpoint_id, e.secret
      FROM booking.create_webhook_endpoint(organization, 'wide', 'https://wide.example/', '{booking.*}') AS e;
    INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, error_sqlstate, error_message)
    VALUES (organization, booking.new_id(organization), 'release', now(), now(), 'XX000', pg_temp.mark(organization, 'staff'));
    PERFORM booking.relay_attach(pg_temp.relay(), 'host', '1');
END $$;

SELECT pg_temp.furnish(o), pg_temp.populate(o, 'ada'), pg_temp.populate(o, 'eve'), pg_temp.connect(o)
  FROM generate_series(1, 2) AS o \g /dev/null
SELECT booking.relay_complete(pg_temp.relay(), jsonb_agg(jsonb_build_object(
           'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'http_status', 500,
           'response_body', pg_temp.mark(c.organization_id, 'staff'))))
  FROM booking.relay_claim(pg_temp.relay(), 100) AS c \g /dev/null
-- However long the test takes.
UPDATE booking.webhook_deliveries SET next_attempt_at = booking.clock() + interval '1 hour' WHERE attempts > 0;
\ir two_organizations_more.sql
SELECT booking.relay_sequence() \g /dev/null

-- What must not be seen, and by whom: of a class 'person', 'staff', 'hash', 'token' or 'key'.
CREATE TEMPORARY TABLE planted AS
SELECT o AS organization, w.whose, w.class, pg_temp.mark(o, w.whose) AS text
  FROM generate_series(1, 2) AS o,
       (VALUES ('ada', 'person'), ('eve', 'person'), ('staff', 'staff'), ('key', 'key')) AS w (whose, class)
 UNION ALL
SELECT o, w, 'person', pg_temp.phone(o, w) FROM generate_series(1, 2) AS o, unnest('{ada,eve}'::text[]) AS w
 UNION ALL
SELECT o, split_part(n.name, ' ', 1), c.class,
       CASE c.class WHEN 'token' THEN n.token
                    ELSE encode(sha256(decode(translate(left(n.token, 43), '-_', '+/') || '=', 'base64')), 'hex') END
  FROM generate_series(1, 2) AS o, pg_temp.named AS n, (VALUES ('token'), ('hash')) AS c (class)
 WHERE n.name ~ ('^(ada|eve) .* ' || o) AND n.token IS NOT NULL
 UNION ALL
SELECT o, 'key', 'key', n.token FROM generate_series(1, 2) AS o, pg_temp.named AS n
 WHERE n.name IN ('hook ' || o, 'wide hook ' || o, 'source ' || o);

-- Everybody who might look, by role and claims. kind says what they are, organization and who whose they are.
CREATE TEMPORARY TABLE personas (
    name text PRIMARY KEY, role text, claims text, kind text, organization integer, who text);
INSERT INTO pg_temp.personas
VALUES ('visitor', 'booking_public', '', 'visitor', NULL, NULL),
       ('visitor who claims to be an owner', 'booking_public', '{"sub": "owner-1"}', 'visitor', NULL, NULL),
       ('customer without claims', 'booking_customer', '', 'nobody''s customer', NULL, NULL),
       ('customer who claims to be an owner', 'booking_customer', '{"sub": "owner-1"}', 'nobody''s customer', NULL, NULL),
       ('member without claims', 'booking_member', '', 'nobody''s member', NULL, NULL),
       ('member who claims to be a customer', 'booking_member', '{"sub": "ada-1"}', 'nobody''s member', NULL, NULL),
       ('member of nothing', 'booking_member', '{"sub": "stranger", "role": "service_role"}', 'nobody''s member', NULL, NULL),
       ('anon', 'anon', '{"role": "anon"}', 'visitor', NULL, NULL),
       ('authenticated without claims', 'authenticated', '', 'nobody''s user', NULL, NULL),
       ('authenticated stranger', 'authenticated', '{"sub": "stranger"}', 'nobody''s user', NULL, NULL),
       ('server', 'booking_service', '', 'trusted', NULL, NULL),
       ('service_role', 'service_role', '{"role": "service_role"}', 'trusted', NULL, NULL),
       ('administrator', 'booking_admin', '', 'administrator', NULL, NULL),
       ('relay', 'booking_relay', '{"sub": "owner-1"}', 'relay', NULL, NULL),
       ('gateway', 'booking_gateway', '{"sub": "owner-1"}', 'gateway', NULL, NULL),
       ('login without grants', 'regress_nobody', '{"sub": "owner-1"}', 'nobody', NULL, NULL);
INSERT INTO pg_temp.personas
SELECT p.name || ' ' || o, p.role, format('{"sub": "%s-%s"}', p.who, o), p.kind, o, p.who
  FROM generate_series(1, 2) AS o,
       (VALUES ('customer', 'booking_customer', 'customer', 'ada'), ('staff', 'booking_member', 'staff', 'staff'),
               ('owner', 'booking_member', 'owner', 'owner'), ('authenticated customer', 'authenticated', 'user', 'ada'),
               ('authenticated staff', 'authenticated', 'staff', 'staff'),
               ('authenticated owner', 'authenticated', 'owner', 'owner')) AS p (name, role, kind, who);

-- As Supabase and PostgREST have them; install() grants them what is theirs.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY '{anon,authenticated,service_role,regress_nobody}'::text[] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles AS r WHERE r.rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
        END IF;
    END LOOP;
END $$;
SELECT booking.install() \g /dev/null

-- As PostgREST does it at the beginning of a transaction.
CREATE FUNCTION pg_temp.become(role text, claims text) RETURNS void VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.jwt.claims', claims, true);
    EXECUTE format('SET LOCAL ROLE %I', role);
END $$;

CREATE FUNCTION pg_temp.become_superuser() RETURNS void VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    RESET ROLE;
    PERFORM set_config('request.jwt.claims', '', true);
END $$;

-- What of the planted words a text has that this persona may not see.
CREATE FUNCTION pg_temp.leaks(persona pg_temp.personas, seen text) RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$
    SELECT string_agg(format('%s of %s, %s', p.class, p.whose, p.organization), '; ')
      FROM pg_temp.planted AS p
     WHERE strpos(seen, p.text) > 0
       AND NOT (p.class <> ALL ('{token,key}')
                AND (persona.kind IN ('trusted', 'administrator')
                     OR p.organization = persona.organization
                        AND (persona.kind IN ('owner', 'staff')
                             OR persona.kind IN ('customer', 'user') AND p.whose = persona.who))) $$;
