-- DROP EXTENSION, even CASCADE, takes code and never a row; install() puts back what hung on the code.

BEGIN;
\ir shared/fixture.sql
\ir shared/snapshot.sql
SELECT public.plan(22);

-- Whatever would be dropped along with the extension: dependents of dependents, and the whole of which an internal
-- part is dropped (a view by its rule, a table by a generated column).
CREATE FUNCTION pg_temp.doomed() RETURNS TABLE (class text, kind text, identity text) STABLE LANGUAGE sql AS $$
    WITH RECURSIVE doomed AS (
        SELECT d.classid, d.objid, d.objsubid, 0 AS depth
          FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
         WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'pg_booking'
         UNION
        SELECT n.classid, n.objid, n.objsubid, 1
          FROM doomed AS o
         CROSS JOIN LATERAL (
               SELECT d.classid, d.objid, d.objsubid FROM pg_depend AS d
                WHERE d.refclassid = o.classid AND d.refobjid = o.objid
                UNION ALL
               SELECT d.refclassid, d.refobjid, d.refobjsubid FROM pg_depend AS d
                WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'i') AS n)
    SELECT o.classid::regclass::text, i.type, i.identity
      FROM doomed AS o, LATERAL pg_identify_object(o.classid, o.objid, o.objsubid) AS i
     WHERE o.depth = 1 $$;

SELECT public.bag_eq(
    $$ SELECT DISTINCT d.kind, d.identity FROM pg_temp.doomed() AS d WHERE d.class NOT IN ('pg_rewrite', 'pg_type') $$,
    $$ SELECT 'policy', format('member_read on booking.%s', t)
         FROM unnest(ARRAY['organizations', 'venues', 'activities', 'schedule_exceptions', 'packages', 'sessions',
                           'customers', 'slot_reservations', 'bookings', 'booking_units', 'booking_changes', 'job_runs', 'booking_events',
                           'webhook_endpoints', 'webhook_endpoint_states', 'webhook_deliveries',
                           'webhook_attempts', 'webhook_sources', 'payments', 'refunds', 'payment_events',
                           'activity_prices', 'provider_calls', 'waitlist_entries', 'activity_units', 'resources', 'activity_resources', 'resource_allocations', 'blocked_periods',
                           'blocked_sessions']) AS t
        UNION ALL
       SELECT 'policy', format('owner_write on booking.%s', t)
         FROM unnest(ARRAY['venues', 'activities', 'activity_units', 'schedule_exceptions', 'packages', 'sessions', 'resources']) AS t
        UNION ALL
       SELECT 'policy', format('customer_read_own on booking.%s', t)
         FROM unnest(ARRAY['customers', 'slot_reservations', 'waitlist_entries']) AS t
        UNION ALL
       SELECT 'trigger', format('stamp_row on booking.%s', t)
         FROM unnest(ARRAY['venues', 'activities', 'schedule_exceptions', 'customers', 'webhook_endpoints', 'webhook_sources',
                           'resources']) AS t
        UNION ALL
       SELECT 'trigger', format('check_transition on booking.%s', t)
         FROM unnest(ARRAY['bookings', 'slot_reservations', 'waitlist_entries']) AS t
        UNION ALL
       SELECT 'trigger', format('renew_rules_version on booking.%s', t)
         FROM unnest(ARRAY['organizations', 'activities', 'sessions', 'webhook_endpoints']) AS t
        UNION ALL
       SELECT 'trigger', format('%s_%s on booking.%1$s', t, c)
         FROM unnest(ARRAY['venues', 'activities', 'sessions', 'resources']) AS t, unnest(ARRAY['inserted', 'updated', 'deleted']) AS c
        UNION ALL
       SELECT 'view', format('booking.%s', v)
         FROM unnest(ARRAY['activity_sessions', 'customer_bookings', 'customer_events', 'event_payloads', 'full_events', 'owner_events', 'public_events']) AS v
        UNION ALL
       SELECT 'trigger', format('%sunits_%s on booking.activity_units', n, c)
         FROM unnest(ARRAY['', 'note_']) AS n, unnest(ARRAY['inserted', 'updated', 'deleted']) AS c
        UNION ALL
       VALUES ('trigger', 'reservations_inserted on booking.slot_reservations'),
              ('trigger', 'reservations_updated on booking.slot_reservations'),
              ('trigger', 'call_off_appointments on booking.bookings'),
              ('trigger', 'end_payment_calls on booking.bookings'),
              ('trigger', 'end_payment_calls on booking.slot_reservations'),
              ('trigger', 'waitlist_entries_inserted on booking.waitlist_entries'),
              ('trigger', 'waitlist_entries_updated on booking.waitlist_entries'),
              ('trigger', 'bookings_inserted on booking.bookings'),
              ('trigger', 'bookings_webhook_trigger on booking.bookings'),
              ('trigger', 'record_prices on booking.activities'),
              ('trigger', 'start_scheduling on booking.bookings'),
              ('trigger', 'changes_inserted on booking.bookings'),
              ('trigger', 'changes_updated on booking.bookings'),
              ('trigger', 'changes_deleted on booking.bookings'),
              ('trigger', 'refuse_change on booking.booking_changes'),
              ('trigger', 'booking_events_webhook_trigger on booking.booking_events'),
              ('policy', 'member_read_own on booking.organization_members'),
              ('table constraint', 'activities_id_check on booking.activities'),
              ('table constraint', 'resources_id_check on booking.resources'),
              ('trigger', 'uses_inserted on booking.activity_resources'),
              ('trigger', 'uses_updated on booking.activity_resources'),
              ('trigger', 'uses_deleted on booking.activity_resources'),
              ('trigger', 'periods_inserted on booking.blocked_periods'),
              ('trigger', 'periods_deleted on booking.blocked_periods'),
              ('table constraint', 'activities_schedule_check on booking.activities'),
              ('table constraint', 'venues_id_check on booking.venues'),
              ('table constraint', 'venues_timezone_check on booking.venues') $$,
    'policies, triggers, five checks and seven views are all that hangs on the extension');
SELECT public.is_empty(
    $$ SELECT d.class, d.kind, d.identity FROM pg_temp.doomed() AS d
        WHERE d.class NOT IN ('pg_trigger', 'pg_policy', 'pg_rewrite', 'pg_attrdef')
          AND NOT (d.kind IN ('table constraint', 'view')
                   OR d.class = 'pg_type' AND d.identity ~ '^booking\.(activity_sessions|event_payloads|customer_bookings|[a-z]+_events)(\[\])?$') $$,
    'no table, column, index or type of a table is among it');

-- That the walk finds what must not be: each of these would lose data.
CREATE TABLE public.tap_walk (organization_id integer, id uuid,
                              made integer GENERATED ALWAYS AS (booking.organization_of(id)) STORED);
SELECT public.isnt_empty(
    $$ SELECT 1 FROM pg_temp.doomed() AS d WHERE d.identity = 'public.tap_walk.made' $$,
    'the walk sees a generated column that calls the extension');
DROP TABLE public.tap_walk;
CREATE INDEX tap_walk ON booking.sessions (booking.organization_of(id));
SELECT public.isnt_empty(
    $$ SELECT 1 FROM pg_temp.doomed() AS d WHERE d.identity = 'booking.tap_walk' $$,
    'the walk sees an index that calls the extension');
DROP INDEX booking.tap_walk;

-- Data of every kind.
SELECT pg_temp.hold('sold', 'massage 9', 2) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('sold'), NULL, 'Ann', '+49 1') \g /dev/null
SELECT booking.check_in(b.id, 1, 'gate') FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id('sold') \g /dev/null
SELECT pg_temp.hold('held', 'tour 9', 3) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('tour 11'), 3) \g /dev/null
SELECT booking.join_waitlist(pg_temp.id('tour 9'), 2, 'waits@example.org') \g /dev/null
SELECT pg_temp.hold('dropped', 'tour 9', 1) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('dropped')) \g /dev/null
SELECT booking.generate_activity_sessions(pg_temp.id('hike'), '2027-03-08', 14) \g /dev/null
INSERT INTO booking.packages (organization_id, id, name) VALUES (1, 'single', 'One session');
INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor)
VALUES (1, pg_temp.id('court'), 'player', 'Player', 900);
INSERT INTO booking.schedule_exceptions (organization_id, venue_id, first_date, last_date)
VALUES (1, pg_temp.id('venue'), '2027-12-24', '2027-12-26');
INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, result)
VALUES (1, booking.new_id(1), 'release', now(), now(), 0);
SELECT booking.create_webhook_endpoint(1, 'hook', 'https://hook.example') \g /dev/null
UPDATE booking.venues SET name = name || '!' \g /dev/null
INSERT INTO booking.webhook_attempts (organization_id, id, delivery_id, endpoint_id, event_id, event_type, occurred_at,
                                      attempt, outcome, finished_at)
SELECT d.organization_id, booking.new_id(1), d.id, d.endpoint_id, d.event_id, d.event_type, d.occurred_at, 1, 'retry', now()
  FROM booking.webhook_deliveries AS d;
INSERT INTO booking.received_events (organization_id, external_id, event_id, received_at)
VALUES (1, 'evt_1', booking.new_id(1), now());
SELECT booking.receive_webhook(s.source_id, convert_to(body, 'UTF8'), '{}')
  FROM booking.create_webhook_source(1, 'shop', 'hmac') AS s,
       unnest(ARRAY['{"id": "1", "type": "payment.paid", "data": {"id": "p", "amount_minor": 1, "currency": "EUR"}}',
                    '{"id": "2", "type": "refund.received", "data": {"id": "r", "payment_id": "p"}}']) AS body \g /dev/null
INSERT INTO booking.activity_prices (organization_id, activity_id, valid_until, price_minor, price_basis, currency)
SELECT a.organization_id, a.id, '2027-01-01', 1, 'seat', 'EUR' FROM booking.activities AS a
 WHERE a.id IN (pg_temp.id('tour'), pg_temp.id('hike'));
INSERT INTO booking.provider_calls (organization_id, id, provider, action, reservation_id, request, idempotency_key,
                                    next_attempt_at, expires_at, created_at)
SELECT o, booking.new_id(o), 'stripe', 'create_payment', booking.new_id(o), '{}', 'key', now(), now(), now()
  FROM generate_series(1, 2) AS o;
INSERT INTO booking.resources (organization_id, id, venue_id, name) VALUES (1, booking.new_id(1), pg_temp.id('venue'), 'Room');
SELECT booking.use_resource(pg_temp.id('massage'), q.id, 5, 5) FROM booking.resources AS q \g /dev/null
SELECT booking.block_period(pg_temp.id('court'), '2027-03-03', '2027-03-04', 'closed') \g /dev/null
SELECT booking.relay_attach(gen_random_uuid(), 'here', '1.0') \g /dev/null
SELECT booking.relay_sequence() \g /dev/null
-- What a user may have of the own: a view upon ours, and a table with our trigger.
CREATE VIEW public.tap_view AS SELECT a.id FROM booking.activity_sessions AS a;
CREATE TABLE public.tap_own (organization_id integer, id uuid, updated_at timestamptz);
CREATE TRIGGER tap_stamp BEFORE INSERT ON public.tap_own FOR EACH ROW EXECUTE FUNCTION booking.stamp_row();
INSERT INTO public.tap_own (organization_id) VALUES (1), (2);

CREATE FUNCTION pg_temp.contents() RETURNS TABLE (relation text, row_count bigint, digest text) STABLE
    LANGUAGE plpgsql AS $$
DECLARE
    t regclass;
BEGIN
    FOR t IN SELECT c.oid FROM pg_class AS c
              WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p')
                AND NOT c.relispartition ORDER BY c.relname LOOP
        RETURN QUERY EXECUTE format('SELECT %L, count(*), md5(string_agg(x::text, chr(10) ORDER BY x::text))
                                       FROM %s AS x', t, t);
    END LOOP;
END $$;

CREATE TEMPORARY TABLE contents_before AS SELECT * FROM pg_temp.contents();
CREATE TEMPORARY TABLE snapshot_before AS SELECT * FROM pg_temp.snapshot() AS line;
SELECT public.is_empty($$ SELECT c.relation FROM pg_temp.contents_before AS c WHERE c.row_count = 0 $$,
                       'every table has a row to lose');
SELECT public.cmp_ok((SELECT count(*) FROM pg_temp.snapshot_before), '>', 300::bigint, 'there is a lot to compare');

SELECT public.throws_ok('DROP EXTENSION pg_booking', '2BP01', NULL,
                        'without CASCADE the extension cannot be dropped from under its tables');
SELECT public.lives_ok('DROP EXTENSION pg_booking CASCADE', 'with CASCADE it can');

SELECT public.bag_eq('SELECT * FROM pg_temp.contents()', 'SELECT * FROM pg_temp.contents_before',
                     'not a row is lost or changed');
-- All but the view, and the rights on functions (whose lines have parentheses).
SELECT public.is_empty(
    $$ SELECT b.line FROM pg_temp.snapshot_before AS b
        WHERE b.line ~ '^(index|relation [rS]|column|comment|schema|role|migration|acl)'
          AND b.line !~ 'booking\.(activity_sessions|event_payloads|customer_bookings|(customer|full|owner|public)_events)|[(]' AND b.line NOT IN (SELECT s FROM pg_temp.snapshot() AS s) $$,
    'tables, columns, comments and rights stay as they were');
SELECT public.is((SELECT count(*) FROM public.tap_own), 2::bigint, 'a table of the user''s keeps its rows');
SELECT public.hasnt_view('public', 'tap_view', 'a view of the user''s upon our view goes, as the documentation says');
SELECT public.throws_ok($$ SELECT booking.clock() $$, '42883', NULL, 'the code is gone');
SELECT public.lives_ok($$ UPDATE booking.slot_reservations SET extended_count = extended_count $$,
                       'without the code the tables can be written by their owner');

SELECT public.lives_ok('CREATE EXTENSION pg_booking', 'the extension comes back beside its tables');
SELECT public.throws_ok($$ SELECT * FROM booking.activity_sessions $$, '42P01', NULL, 'but not its view by itself');
SELECT public.matches((SELECT i FROM booking.install() AS i LIMIT 1), '\(0 applied now\)',
                      'install() finds all migrations applied');
SELECT public.bag_eq('SELECT * FROM pg_temp.snapshot()', 'SELECT * FROM pg_temp.snapshot_before',
                     'policies, triggers, constraints, views, rights, comments: all are as before');
SELECT public.bag_eq('SELECT * FROM pg_temp.contents()', 'SELECT * FROM pg_temp.contents_before',
                     'install() writes no row');

-- Booking goes on, in the same backend, whose plans were made for the functions that are gone.
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.id('held'), pg_temp.token('held')) AS c),
                 'confirmed', 'a hold from before is confirmed by its token');
SELECT pg_temp.hold('again', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.seats_left('tour 9'), 0, 'the last seat is held');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');

SELECT * FROM public.finish();
ROLLBACK;
