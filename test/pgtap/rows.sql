-- Row-level security: who sees and changes which rows of the tables and views themselves.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(70);

CREATE ROLE regress_visitor NOLOGIN IN ROLE booking_public;
CREATE ROLE regress_member NOLOGIN IN ROLE booking_member;
CREATE ROLE regress_customer NOLOGIN IN ROLE booking_customer;
CREATE ROLE regress_server NOLOGIN IN ROLE booking_service;
CREATE ROLE regress_admin NOLOGIN IN ROLE booking_admin;

CREATE FUNCTION pg_temp.claim(sub text) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT set_config('request.jwt.claims', CASE WHEN sub IS NULL THEN '' ELSE json_build_object('sub', sub)::text END,
                      true) $$;

-- In both organizations: a hold, a booking, an exception, a package, a run of a job. The same person has booked at
-- both, but has an account at the first only, under another spelling of the address.
SELECT pg_temp.hold(n.name, n.session, 1, n.email)
  FROM (VALUES ('held 1', 'tour 9', 'Mia@Example.org'), ('booked 1', 'tour 9', 'mia@example.org'),
               ('other 1', 'tour 11', 'max@example.org'), ('held 2', 'hike 9', 'mia@example.org'),
               ('booked 2', 'hike 9', 'mia@example.org')) AS n (name, session, email) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id(n.name)) FROM pg_temp.named AS n
 WHERE n.name IN ('booked 1', 'other 1', 'booked 2') \g /dev/null
UPDATE booking.customers SET user_id = 'mia' WHERE organization_id = 1 AND lower(email) = 'mia@example.org';
SELECT booking.set_session_lanes(pg_temp.id('tour 11'), 2) \g /dev/null
INSERT INTO booking.packages (organization_id, id, name) VALUES (1, 'single', 'One'), (2, 'single', 'One');
INSERT INTO booking.schedule_exceptions (organization_id, venue_id, first_date, last_date)
VALUES (1, pg_temp.id('venue'), '2027-12-24', '2027-12-26'), (2, pg_temp.id('far venue'), '2027-12-24', '2027-12-26');
-- A webhook with an attempt; the database of a test is a copy of its template.
SELECT booking.adopt(true) \g /dev/null
SELECT booking.replay_webhook_event(n.id, e.endpoint_id)
  FROM booking.organizations AS o,
       LATERAL booking.create_webhook_endpoint(o.organization_id, 'hook', 'https://hook.example', '{refund.due}') AS e,
       LATERAL (SELECT b.id FROM booking.booking_events AS b WHERE b.organization_id = o.organization_id LIMIT 1) AS n
  \g /dev/null
SELECT booking.relay_complete(gen_random_uuid(), jsonb_agg(jsonb_build_object(
           'delivery_id', c.delivery_id, 'lease_token', c.lease_token, 'http_status', 500)))
  FROM booking.relay_claim(gen_random_uuid(), 10) AS c \g /dev/null
INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, result)
SELECT o.organization_id, booking.new_id(o.organization_id), 'release', now(), now(), 0
  FROM booking.organizations AS o;

-- Rows that the current role sees, by organization; or the SQLSTATE.
CREATE FUNCTION pg_temp.sees(relation text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT COALESCE(string_agg(c, '' '' ORDER BY c), ''nothing'')
                      FROM (SELECT format(''%%s:%%s'', x.%I, count(*)) AS c FROM booking.%I AS x GROUP BY x.%1$I) AS y',
                   CASE relation WHEN 'user_organizations' THEN 'org_id' ELSE 'organization_id' END, relation)
       INTO answer;
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- The rows that a statement changed, or the SQLSTATE.
CREATE FUNCTION pg_temp.changes(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- How many events there are, in the words of sees(), whoever asks.
CREATE FUNCTION pg_temp.all_events() RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$
    SELECT string_agg(x.c, ' ' ORDER BY x.c)
      FROM (SELECT format('%s:%s', e.organization_id, count(*)) AS c
              FROM booking.booking_events AS e GROUP BY e.organization_id) AS x $$;

CREATE TEMPORARY VIEW everything AS
SELECT c.relname::text AS relation FROM pg_class AS c
 WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p', 'v')
   AND NOT c.relispartition AND c.relname NOT IN ('schema_migrations', 'installation', 'relay_instances', 'event_sequencer');
GRANT SELECT ON pg_temp.everything TO PUBLIC;

-- What activities share, and when nothing takes place: just the rows.
SET LOCAL session_replication_role = 'replica';
INSERT INTO booking.resources (organization_id, id, venue_id, name)
SELECT o, booking.new_id(o), pg_temp.id(CASE o WHEN 1 THEN 'venue' ELSE 'far venue' END), 'Pitch' FROM generate_series(1, 2) AS o;
INSERT INTO booking.activity_resources (organization_id, activity_id, resource_id)
SELECT q.organization_id, pg_temp.id(CASE q.organization_id WHEN 1 THEN 'court' ELSE 'hike' END), q.id FROM booking.resources AS q;
INSERT INTO booking.resource_allocations (organization_id, session_id, resource_id, resource_number, during)
SELECT q.organization_id, booking.new_id(q.organization_id), q.id, q.number, '[2027-03-01,2027-03-02)' FROM booking.resources AS q;
INSERT INTO booking.blocked_periods (organization_id, id, resource_id, starts_at, ends_at, created_at)
SELECT q.organization_id, q.id, q.id, '2027-03-01', '2027-03-02', '2027-03-01' FROM booking.resources AS q;
INSERT INTO booking.blocked_sessions (organization_id, session_id, period_id)
SELECT p.organization_id, booking.new_id(p.organization_id), p.id FROM booking.blocked_periods AS p;
SET LOCAL session_replication_role = 'origin';

-- Money that nobody has asked for.
SELECT booking.receive_webhook(s.source_id, convert_to(body, 'UTF8'), '{}')
  FROM booking.create_webhook_source(1, 'shop', 'hmac') AS s,
       unnest(ARRAY['{"id": "1", "type": "payment.paid", "data": {"id": "p", "amount_minor": 1, "currency": "EUR"}}',
                    '{"id": "2", "type": "refund.received", "data": {"id": "r", "payment_id": "p"}}']) AS body \g /dev/null
INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor)
SELECT a.organization_id, a.id, 'adult', 'Adult', 900 FROM booking.activities AS a
 WHERE a.id IN (pg_temp.id('court'), pg_temp.id('hike'));
INSERT INTO booking.activity_prices (organization_id, activity_id, valid_until, price_minor, price_basis, currency)
SELECT a.organization_id, a.id, '2027-01-01', 1, 'seat', 'EUR' FROM booking.activities AS a
 WHERE a.id IN (pg_temp.id('tour'), pg_temp.id('hike'));
INSERT INTO booking.provider_calls (organization_id, id, provider, action, reservation_id, request, idempotency_key,
                                    next_attempt_at, expires_at, created_at)
SELECT o, booking.new_id(o), 'stripe', 'create_payment', booking.new_id(o), '{}', 'key', now(), now(), now()
  FROM generate_series(1, 2) AS o;

-- The public: free seats and the two public views.
SET LOCAL ROLE regress_visitor;
SELECT public.bag_eq(
    'SELECT e.relation, pg_temp.sees(e.relation) FROM pg_temp.everything AS e',
    $$ VALUES ('payment_events', '42501'), ('payments', '42501'), ('refunds', '42501'), ('provider_calls', '42501'), ('provider_call_log', '42501'), ('webhook_sources', '42501'),
              ('webhook_source_secrets', '42501'),
              ('received_events', '42501'), ('webhook_attempts', '42501'), ('webhook_deliveries', '42501'),
              ('webhook_endpoint_states', '42501'), ('webhook_endpoints', '42501'), ('webhook_logs', '42501'),
              ('webhook_secrets', '42501'), ('webhook_stats', '42501'),
              ('activity_prices', '42501'), ('resources', '42501'), ('activity_resources', '42501'),
              ('resource_allocations', '42501'), ('blocked_periods', '42501'), ('blocked_sessions', '42501'), ('activity_units', '42501'), ('public_activity_units', '1:1 2:1'), ('customer_bookings', '42501'), ('customer_events', '42501'), ('booking_changes', '42501'), ('booking_units', '42501'), ('booking_events', '42501'), ('event_payloads', '42501'), ('event_positions', '42501'), ('full_events', '42501'),
              ('owner_events', '42501'), ('public_events', '1:9 2:4'),
              ('activities', '42501'), ('activity_sessions', '1:4 2:1'), ('bookings', '42501'), ('booking_policies', '42501'), ('customers', '42501'),
              ('generation_watermarks', '42501'), ('job_runs', '42501'), ('organization_members', '42501'),
              ('organizations', '42501'), ('packages', '42501'), ('public_activities', '1:3 2:1'),
              ('public_venues', '1:1 2:1'), ('schedule_exceptions', '42501'), ('session_lanes', '1:2'),
              ('sessions', '1:4 2:1'),
              ('waitlist_entries', '42501'), ('waitlist_queue', '42501'),
              ('slot_reservations', '42501'), ('user_organizations', '42501'), ('venues', '42501') $$,
    'what a visitor sees');
SELECT public.is((SELECT s.seats_available FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id('tour 9')), 2,
                 'a visitor sees how many seats are free');
SELECT public.hasnt_column('booking', 'public_venues', 'allowed_origins', 'public_venues shows no configuration');
SELECT public.hasnt_column('booking', 'public_activities', 'stripe_price_id', 'nor does public_activities');
RESET ROLE;

UPDATE booking.organizations SET status = 'suspended' WHERE organization_id = 2;
UPDATE booking.activities SET status = 'inactive' WHERE id = pg_temp.id('court');
SET LOCAL ROLE regress_visitor;
SELECT public.is(pg_temp.sees('public_venues'), '1:1', 'a suspended organization has no public venues');
SELECT public.is(pg_temp.sees('public_activities'), '1:2', 'nor activities; inactive activities are not public');
RESET ROLE;
UPDATE booking.organizations SET status = 'active' WHERE organization_id = 2;
UPDATE booking.activities SET status = 'active' WHERE id = pg_temp.id('court');

-- A view that leaks by a cheap function of the reader's would show hidden rows: security_barrier forbids it.
UPDATE booking.organizations SET status = 'suspended' WHERE organization_id = 2;
CREATE TEMPORARY TABLE leaked (name text);
GRANT INSERT ON pg_temp.leaked TO PUBLIC;
SET LOCAL ROLE regress_visitor;
CREATE FUNCTION pg_temp.leak(name text) RETURNS boolean VOLATILE COST 0.0000001 LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_temp.leaked VALUES (name);
    RETURN true;
END $$;
SELECT count(*) FROM booking.public_venues AS v WHERE pg_temp.leak(v.name) \g /dev/null
RESET ROLE;
SELECT public.bag_eq('SELECT l.name FROM pg_temp.leaked AS l', $$ VALUES ('Boathouse') $$,
                     'a function of the reader''s sees public rows only');
UPDATE booking.organizations SET status = 'active' WHERE organization_id = 2;

-- Staff: the own organization, and nothing to change in it.
SET LOCAL ROLE regress_member;
SELECT pg_temp.claim('staff-1') \g /dev/null
SELECT public.bag_eq(
    'SELECT e.relation, pg_temp.sees(e.relation) FROM pg_temp.everything AS e',
    $$ VALUES ('payment_events', '1:2'), ('payments', '1:1'), ('refunds', '1:1'), ('provider_calls', '1:1'), ('provider_call_log', '1:1'), ('webhook_sources', '1:1'),
              ('webhook_source_secrets', '42501'),
              ('received_events', '42501'), ('webhook_attempts', '1:1'), ('webhook_deliveries', '1:1'),
              ('webhook_endpoint_states', '1:1'), ('webhook_endpoints', '1:1'), ('webhook_logs', '1:1'),
              ('webhook_secrets', '42501'), ('webhook_stats', '1:1'),
              ('activity_prices', '1:1'), ('resources', '1:1'), ('activity_resources', '1:1'),
              ('resource_allocations', '1:1'), ('blocked_periods', '1:1'), ('blocked_sessions', '1:1'), ('activity_units', '1:1'), ('public_activity_units', '1:1 2:1'), ('customer_bookings', '42501'), ('customer_events', '42501'), ('booking_changes', '1:2'), ('booking_units', 'nothing'), ('booking_events', '1:18'), ('event_payloads', '42501'), ('event_positions', '42501'), ('full_events', '42501'),
              ('owner_events', '1:18'), ('public_events', '1:11 2:4'),
              ('activities', '1:3'), ('activity_sessions', '1:4 2:1'), ('bookings', '1:2'), ('booking_policies', '1:2'), ('customers', '1:2'),
              ('generation_watermarks', '42501'), ('job_runs', '1:1'), ('organization_members', '1:1'),
              ('organizations', '1:1'), ('packages', '1:1'), ('public_activities', '1:3 2:1'),
              ('public_venues', '1:1 2:1'), ('schedule_exceptions', '1:1'), ('session_lanes', '1:2'),
              ('sessions', '1:4 2:1'),
              ('waitlist_entries', 'nothing'), ('waitlist_queue', 'nothing'),
              ('slot_reservations', '1:3'), ('user_organizations', '1:1'), ('venues', '1:1') $$,
    'what staff see: rows of the own organization, besides what is public');
SELECT public.is(pg_temp.changes(w.statement), w.answer, 'staff: ' || w.statement)
  FROM (VALUES ('UPDATE booking.venues SET name = ''x''', '0'), ('DELETE FROM booking.activities', '0'),
               ('UPDATE booking.activities SET capacity = 1', '0'), ('DELETE FROM booking.schedule_exceptions', '0'),
               ('UPDATE booking.sessions SET status = ''closed''', '0'),
               ('UPDATE booking.activity_units SET price_minor = 0', '0'),
               ('DELETE FROM booking.activity_units', '0'),
               ('INSERT INTO booking.packages (organization_id, id, name) VALUES (1, ''month'', ''Month'')', '42501'))
    AS w (statement, answer);

-- An owner: the catalogue of the own organization, the status of its sessions, and nothing that is sold.
SELECT pg_temp.claim('owner-1') \g /dev/null
SELECT public.is(pg_temp.changes(w.statement), w.answer, 'owner: ' || w.statement)
  FROM (VALUES ('UPDATE booking.venues SET name = ''x''', '1'), ('UPDATE booking.activities SET capacity = 9', '3'),
               ('UPDATE booking.schedule_exceptions SET reason = ''x''', '1'),
               ('UPDATE booking.packages SET name = ''x''', '1'),
               ('DELETE FROM booking.packages', '1'),
               ('UPDATE booking.activity_units SET price_minor = 950', '1'),
               ('UPDATE booking.activity_units SET organization_id = 2', '42501'),
               ('INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor) SELECT 1, a.id, ''dog'', ''Dog'', 1 FROM booking.activities AS a WHERE a.name = ''court''', '1'),
               ('INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor) SELECT 2, u.activity_id, ''dog'', ''Dog'', 1 FROM booking.public_activity_units AS u WHERE u.organization_id = 2', '42501'),
               ('UPDATE booking.booking_units SET status = ''booked''', '42501'),
               ('INSERT INTO booking.packages (organization_id, id, name) VALUES (1, ''month'', ''Month'')', '1'),
               ('INSERT INTO booking.packages (organization_id, id, name) VALUES (2, ''month'', ''Month'')', '42501'),
               ('UPDATE booking.packages SET organization_id = 2', '42501'),
               ('INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, ''y'', ''Asia/Tokyo'')', '1'),
               ('INSERT INTO booking.venues (organization_id, name, timezone) VALUES (2, ''y'', ''Asia/Tokyo'')',
                '42501'),
               ('INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, ''y'', ''Mars/Base'')',
                'BK008'),
               ('UPDATE booking.activities SET schedule = ''[]''', 'BK006'),
               ('UPDATE booking.sessions SET status = ''closed''', '4'),
               ('UPDATE booking.sessions SET remaining = 0', '42501'), ('DELETE FROM booking.sessions', '42501'),
               ('UPDATE booking.bookings SET status = ''cancelled''', '42501'),
               ('UPDATE booking.slot_reservations SET status = ''cancelled''', '42501'),
               ('UPDATE booking.customers SET name = ''x''', '42501'),
               ('UPDATE booking.organizations SET name = ''x''', '42501'),
               ('UPDATE booking.organization_members SET role = ''owner''', '42501'))
    AS w (statement, answer);
RESET ROLE;
SELECT public.is((SELECT v.name FROM booking.venues AS v WHERE v.organization_id = 2), 'Cabin',
                 'the other organization''s venue is as it was');
SELECT public.is((SELECT s.status FROM booking.sessions AS s WHERE s.organization_id = 2), 'open',
                 'and so is its session');

-- A member without a claim, or of no organization, sees what the public sees. Malformed claims are an error.
SET LOCAL ROLE regress_member;
SELECT public.is((SELECT string_agg(DISTINCT pg_temp.sees(e.relation), ', ') FROM pg_temp.everything AS e
                   WHERE e.relation !~ 'public_|sessions$|lanes$|watermarks$|full_events|customer_|payloads|positions|secrets|received'
                     AND set_config('request.jwt.claims', c.claims, true) IS NOT NULL), c.answer,
                 'a member''s tables with claims ' || c.claims)
  FROM (VALUES ('', 'nothing'), ('{"sub": "stranger"}', 'nothing'), ('{}', 'nothing'), ('[]', 'nothing'),
               ('{"sub": {"sub": "owner-1"}}', 'nothing'), ('{"role": "booking_service"}', 'nothing'),
               ('{', '22P02'), ('owner-1', '22P02')) AS c (claims, answer);

-- A customer: the own account, its bookings and holds; the same address elsewhere is not the account.
SET LOCAL ROLE regress_customer;
SELECT pg_temp.claim('mia') \g /dev/null
SELECT public.bag_eq(
    'SELECT e.relation, pg_temp.sees(e.relation) FROM pg_temp.everything AS e',
    $$ VALUES ('payment_events', '42501'), ('payments', '42501'), ('refunds', '42501'), ('provider_calls', '42501'), ('provider_call_log', '42501'), ('webhook_sources', '42501'),
              ('webhook_source_secrets', '42501'),
              ('received_events', '42501'), ('webhook_attempts', '42501'), ('webhook_deliveries', '42501'),
              ('webhook_endpoint_states', '42501'), ('webhook_endpoints', '42501'), ('webhook_logs', '42501'),
              ('webhook_secrets', '42501'), ('webhook_stats', '42501'),
              ('activity_prices', '42501'), ('resources', '42501'), ('activity_resources', '42501'),
              ('resource_allocations', '42501'), ('blocked_periods', '42501'), ('blocked_sessions', '42501'), ('activity_units', '42501'), ('public_activity_units', '1:2 2:1'), ('customer_bookings', '1:1'), ('customer_events', '1:4'), ('booking_changes', '42501'), ('booking_units', '42501'), ('booking_events', '42501'), ('event_payloads', '42501'), ('event_positions', '42501'), ('full_events', '42501'),
              ('owner_events', '42501'), ('public_events', '1:22 2:4'),
              ('activities', '42501'), ('activity_sessions', '1:4 2:1'), ('bookings', '42501'), ('booking_policies', '42501'), ('customers', '1:1'),
              ('generation_watermarks', '42501'), ('job_runs', '42501'), ('organization_members', '42501'),
              ('organizations', '42501'), ('packages', '42501'), ('public_activities', '1:3 2:1'),
              ('public_venues', '1:2 2:1'), ('schedule_exceptions', '42501'), ('session_lanes', '1:2'),
              ('sessions', '1:4 2:1'),
              ('waitlist_entries', 'nothing'), ('waitlist_queue', '42501'),
              ('slot_reservations', '1:2'), ('user_organizations', '42501'), ('venues', '42501') $$,
    'what a customer sees');
SELECT public.bag_eq('SELECT r.id FROM booking.slot_reservations AS r',
                     $$ VALUES (pg_temp.id('held 1')), (pg_temp.id('booked 1')) $$,
                     'a customer sees the own holds, however the address was written');
SELECT public.is(pg_temp.changes('UPDATE booking.bookings SET customer_name = ''x'''), '42501',
                 'a customer changes no booking by hand');
SELECT public.bag_eq($$ SELECT e.event_type, n.name FROM booking.customer_events AS e
                          LEFT JOIN booking.customer_bookings AS b ON b.id = e.booking_id
                          JOIN pg_temp.named AS n ON n.id IN (e.subject_id, b.reservation_id) $$,
                     $$ VALUES ('reservation.held', 'held 1'), ('reservation.held', 'booked 1'),
                               ('booking.created', 'booked 1'), ('booking.confirmed', 'booked 1') $$,
                     'and sees the events of the own holds and bookings');
SELECT pg_temp.claim('someone') \g /dev/null
SELECT public.is(pg_temp.sees(t.name), 'nothing', 'a customer without an account here sees no ' || t.name)
  FROM (VALUES ('customers'), ('customer_bookings'), ('slot_reservations'), ('customer_events')) AS t (name);
SELECT pg_temp.claim(NULL) \g /dev/null
SELECT public.is(pg_temp.sees('customer_bookings'), 'nothing', 'nor one without a claim');
-- Customers whose user_id is NULL are nobody's.
SELECT set_config('request.jwt.claims', '{"sub": null}', true) \g /dev/null
SELECT public.is(pg_temp.sees('customers'), 'nothing', 'a claim of null is not an account without a user');
SELECT pg_temp.claim(NULL) \g /dev/null

-- The trusted: all rows, but holds, bookings and seats through functions only.
SET LOCAL ROLE regress_server;
SELECT public.bag_eq(
    $$ SELECT e.relation, pg_temp.sees(e.relation) FROM pg_temp.everything AS e
        WHERE e.relation IN ('bookings', 'customers', 'slot_reservations', 'organizations', 'job_runs', 'event_payloads')
           OR e.relation IN ('booking_events', 'owner_events', 'full_events')
          AND pg_temp.sees(e.relation) <> pg_temp.all_events() $$,
    $$ VALUES ('bookings', '1:2 2:1'), ('customers', '1:2 2:1'), ('slot_reservations', '1:3 2:2'),
              ('organizations', '1:1 2:1'), ('job_runs', '1:1 2:1'), ('event_payloads', '42501') $$,
    'what a trusted server sees, besides all events');
SELECT public.is(pg_temp.changes(w.statement), w.answer, 'server: ' || w.statement)
  FROM (VALUES ('UPDATE booking.sessions SET remaining = 0', '42501'),
               ('DELETE FROM booking.slot_reservations', '42501'),
               ('UPDATE booking.bookings SET amount_cents = 0', '42501'),
               ('UPDATE booking.sessions SET status = ''open''', '5'),
               ('INSERT INTO booking.organizations (name) VALUES (''Third'')', '1'))
    AS w (statement, answer);
SET LOCAL ROLE regress_admin;
SELECT public.is(pg_temp.sees('bookings'), '1:2 2:1', 'an administrator sees all bookings');
RESET ROLE;

-- A user may force row-level security upon the tables' owner; booking goes on all the same.
ALTER TABLE booking.sessions FORCE ROW LEVEL SECURITY;
ALTER TABLE booking.slot_reservations FORCE ROW LEVEL SECURITY;
SET LOCAL ROLE regress_visitor;
SELECT public.lives_ok($$ SELECT pg_temp.hold('forced', 'tour 11', 1) $$, 'a hold where row-level security is forced');
RESET ROLE;
DELETE FROM booking.resource_allocations; -- they were just rows
DELETE FROM booking.activity_resources;
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');

SELECT * FROM public.finish();
ROLLBACK;
