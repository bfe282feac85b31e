-- How long personal data is kept: set_retention, apply_retention and the job, which COMMITs after each page and goes on
-- past what is broken. Not in one transaction therefore; this file has a database of its own.

\ir shared/fixture.sql
\ir shared/life.sql
DROP ROLE IF EXISTS regress_keeper, regress_service;
CREATE ROLE regress_keeper NOLOGIN IN ROLE booking_member;
CREATE ROLE regress_service NOLOGIN IN ROLE booking_service;
SELECT public.plan(34);

-- Who may say it, and what.
SELECT public.is(pg_temp.refused_to(r.role, r.who, s.statement), '42501: permission denied ' || r.message, r.role || ' ' || COALESCE(r.who, '') || ': ' || s.what)
  FROM (VALUES ('regress_keeper', 'staff-1', 'set', 'to say how long personal data is kept'),
               ('regress_keeper', 'owner-2', 'set', 'to say how long personal data is kept'),
               ('booking_public', NULL, 'set', 'for function set_retention'),
               ('regress_keeper', 'owner-1', 'apply', 'for function apply_retention')) AS r (role, who, what, message)
  JOIN (VALUES ('SELECT booking.set_retention(1, 30)', 'set'), ('SELECT booking.apply_retention(1, ''holds'')', 'apply'))
       AS s (statement, what) USING (what);
SELECT public.is(pg_temp.refused(s.statement), s.message, s.statement) FROM (VALUES
    ('SELECT booking.set_retention(NULL, 1)', 'BK001 organization_id: organization_id must not be NULL'),
    ('SELECT booking.set_retention(1, 0)', 'BK013 inbox_days: inbox_days must be between 1 and 3650, got 0'),
    ('SELECT booking.set_retention(1, 1, 3651)', 'BK013 delivery_days: delivery_days must be between 1 and 3650, got 3651'),
    ('SELECT booking.set_retention(1, hold_days => -1)', 'BK013 hold_days: hold_days must be between 1 and 3650, got -1'),
    ('SELECT booking.set_retention(1, booking_days => 0)', 'BK013 booking_days: booking_days must be between 1 and 3650, got 0'),
    ('SELECT booking.apply_retention(NULL, ''holds'')', 'BK001 organization_id: organization_id must not be NULL'),
    ('SELECT booking.apply_retention(1, NULL)', 'BK001 subject: subject must not be NULL'),
    ('SELECT booking.apply_retention(1, ''people'')', 'BK013 subject: nothing is kept under the name "people"'),
    ('SELECT booking.apply_retention(1, ''holds'', most => 0)', 'BK013 most: most must be between 1 and 10000, got 0'),
    ('SELECT booking.apply_retention(1, ''holds'', most => NULL)', 'BK001 most: most must not be NULL'))
    AS s (statement, message);
SELECT public.is(left(pg_temp.refused(s.statement), 5), 'BK609', s.statement)
  FROM (VALUES ('SELECT booking.set_retention(77, 1)'), ('SELECT booking.apply_retention(77, ''holds'')')) AS s (statement);

-- In March: old is past, new is of today; of organization 2 everything is kept. A hold and a booking each, a received event,
-- an attempt; a booking whose refund is due, one of a customer with an account, an event that waits.
SELECT pg_temp.hold('old hold', 'tour 9', 1, 'marker.held@example.org'), pg_temp.hold('far hold', 'hike 9', 1, 'marker.far@example.org'),
       pg_temp.hold('old booking hold', 'tour 9', 1, 'marker.old@example.org'), pg_temp.hold('due hold', 'tour 11', 1, 'marker.due@example.org'),
       pg_temp.hold('account hold', 'tour 11', 1, 'marker.account@example.org') \g /dev/null
INSERT INTO pg_temp.named (name, id)
SELECT b.name, (booking.confirm_reservation(pg_temp.id(b.name || ' hold'), NULL, 'Marker')).booking_id
  FROM (VALUES ('old booking'), ('due'), ('account')) AS b (name);
UPDATE booking.customers SET user_id = 'marker-sub' WHERE email = 'marker.account@example.org';
UPDATE booking.customers SET updated_at = '2027-03-01';
ALTER TABLE booking.customers DISABLE TRIGGER stamp_row;
UPDATE booking.customers SET updated_at = booking.clock();
ALTER TABLE booking.customers ENABLE TRIGGER stamp_row;
UPDATE booking.bookings SET refund_status = 'due' WHERE id = pg_temp.id('due');
SELECT booking.cancel_reservation(pg_temp.id('old hold')), booking.cancel_reservation(pg_temp.id('far hold')) \g /dev/null
INSERT INTO booking.payment_events (organization_id, id, source_id, external_id, event_type, received_at, body, body_hash, status,
                                    next_attempt_at)
SELECT 1, booking.new_id(1), booking.new_id(1), x.id, 'x', booking.clock(), 'marker', '\x01', x.status, x.next_attempt_at
  FROM (VALUES ('old', 'applied', NULL), ('waits', 'failed', booking.clock())) AS x (id, status, next_attempt_at);
INSERT INTO booking.webhook_attempts (organization_id, id, delivery_id, endpoint_id, event_id, event_type, occurred_at, attempt, outcome,
                                      finished_at, response_body)
SELECT 1, booking.new_id(1), booking.new_id(1), booking.new_id(1), booking.new_id(1), 'booking.paid', booking.clock(), 1, 'delivered',
       booking.clock(), 'marker' FROM generate_series(1, 25);
SELECT pg_temp.set_clock('2027-04-15 12:00 UTC') \g /dev/null
SELECT pg_temp.add_session('new', 1, 'tour', '2027-04-20 09:00 UTC', 4) \g /dev/null
SELECT pg_temp.hold('new hold', 'new', 1, 'new.held@example.org') \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('new hold')) \g /dev/null

-- What is left of what was old, by place.
CREATE FUNCTION pg_temp.left_over() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(', ',
        (SELECT 'holds ' || string_agg(split_part(r.customer_email, '@', 1), ' ' ORDER BY r.id) FROM booking.slot_reservations AS r
          WHERE r.customer_email ~ 'marker'),
        (SELECT 'bookings ' || string_agg(split_part(b.customer_email, '@', 1), ' ' ORDER BY b.id) FROM booking.bookings AS b
          WHERE b.customer_email ~ 'marker' OR b.customer_name ~ 'Marker'),
        (SELECT 'customers ' || string_agg(split_part(c.email, '@', 1), ' ' ORDER BY c.id) FROM booking.customers AS c
          WHERE c.email ~ 'marker' OR c.name ~ 'Marker'),
        (SELECT 'inbox ' || string_agg(e.external_id, ' ' ORDER BY e.id) FROM booking.payment_events AS e WHERE e.body <> ''),
        (SELECT 'attempts ' || NULLIF(count(*), 0) FROM booking.webhook_attempts)) $$;
CREATE FUNCTION pg_temp.pages(subject text, most integer) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    page record;
    last_id uuid;
    said text := '';
BEGIN
    LOOP
        page := booking.apply_retention(1, subject, last_id, most);
        said := concat_ws(' ', NULLIF(said, ''), page.changed);
        EXIT WHEN page.next IS NULL;
        last_id := page.next;
    END LOOP;
    RETURN said;
END $$;
SELECT public.is(pg_temp.left_over(), 'holds marker.held marker.far marker.old marker.due marker.account,'
                 ' bookings marker.old marker.due marker.account, customers marker.old marker.due marker.account, inbox old waits, attempts 25',
                 'to begin with');
SELECT public.is(pg_temp.pages(s, 10), '0', s || ' are kept where nothing was said')
  FROM unnest('{inbox,deliveries,holds,bookings,customers}'::text[]) AS s;

-- An owner says it; a month.
SET request.jwt.claims = '{"sub": "owner-1"}';
SET ROLE regress_keeper;
SELECT booking.set_retention(1, 30, 30, 30, 30) \g /dev/null
SELECT public.results_eq('SELECT o.keep_inbox_days, o.keep_delivery_days, o.keep_hold_days, o.keep_booking_days FROM booking.organizations AS o',
                         'VALUES (30, 30, 30, 30)', 'an owner says how long, and sees it');
RESET ROLE;
RESET request.jwt.claims;
SELECT public.is(pg_temp.pages('inbox', 1), '1 0 0', 'what was received, but for what is still to be applied; pages of one');
SELECT public.is(pg_temp.pages('deliveries', 10), '10 10 5', 'attempts, a page a call');
SELECT public.is(pg_temp.pages('holds', 10), '1', 'holds that came to nothing');

-- The job does the rest: as a role that only may, past what is broken, and not in a copy.
SET ROLE regress_service;
CALL booking.retention_job();
RESET ROLE;
SELECT public.is_empty('SELECT * FROM booking.job_runs', 'in a copy the job is held');
SELECT booking.adopt(false) \g /dev/null
CREATE FUNCTION public.tap_break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
CREATE TRIGGER tap_break BEFORE UPDATE ON booking.bookings FOR EACH ROW WHEN (OLD.customer_name IS DISTINCT FROM NEW.customer_name)
    EXECUTE FUNCTION public.tap_break();
SELECT booking.set_retention(2, hold_days => 30) \g /dev/null
SET ROLE regress_service;
CALL booking.retention_job();
RESET ROLE;
SELECT public.bag_eq('SELECT r.organization_id, r.result, r.error_message FROM booking.job_runs AS r WHERE r.job = ''retention''',
                     $$ VALUES (1, NULL::integer, 'bookings: broken'), (2, 1, NULL) $$, 'what is broken is noted, and others have their turn');
DROP TRIGGER tap_break ON booking.bookings;
CREATE TEMPORARY TABLE before AS SELECT count(*) AS events FROM booking.booking_events;
CALL booking.retention_job();
SELECT public.is(pg_temp.left_over(), 'holds marker.due, bookings marker.due, customers marker.due marker.account, inbox waits',
                 'what stays: money that is under way, an account, what is new or waits');
SELECT public.is((SELECT string_agg(split_part(r.customer_email, '@', 1), ' ') FROM booking.slot_reservations AS r WHERE r.customer_email ~ 'new'),
                 'new.held', 'a hold of today keeps its address');
SELECT public.results_eq('SELECT e.kind FROM booking.booking_events AS e WHERE e.id IN (SELECT n.id FROM booking.booking_events AS n ORDER BY n.id OFFSET '
                         || (SELECT b.events FROM pg_temp.before AS b) || ') ORDER BY e.kind',
                         $$ VALUES ('booking.updated'), ('booking.updated'), ('customer.erased') $$, 'whoever keeps copies is told');
CALL booking.retention_job();
SELECT public.is((SELECT count(*)::integer FROM booking.job_runs AS r WHERE r.job = 'retention'), 3, 'again there is nothing to do');
SELECT public.is_empty('SELECT * FROM booking.integrity_check() AS c WHERE c.invariant !~ ''refund''', 'the books are sound');


SELECT public.throws_ok('SET LOCAL ROLE regress_keeper; CALL booking.retention_job()', '42501', NULL, 'members do not run the job');
RESET ROLE;
SELECT * FROM public.finish();
DROP ROLE regress_keeper, regress_service;
