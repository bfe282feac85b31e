-- Who changed what of a booking: written for everybody, read by those concerned, changed by nobody.

BEGIN;
\ir shared/fixture.sql
\ir shared/packages.sql
SELECT public.plan(40);

CREATE ROLE regress_desk LOGIN IN ROLE booking_member;
CREATE ROLE regress_server LOGIN IN ROLE booking_service;
CREATE ROLE regress_visitor LOGIN IN ROLE booking_public;
CREATE ROLE regress_relay LOGIN IN ROLE booking_relay;
CREATE TEMPORARY TABLE seen (id uuid);

-- What has come in since the last call: kind of actor, actor, role, what changed.
CREATE FUNCTION pg_temp.news() RETURNS SETOF text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT format('%s %s as %s: %s', c.actor_kind, c.actor, c.actor_role, c.changes)
                   FROM booking.booking_changes AS c WHERE c.id NOT IN (SELECT s.id FROM pg_temp.seen AS s) ORDER BY c.id;
    INSERT INTO pg_temp.seen SELECT c.id FROM booking.booking_changes AS c;
END $$;

-- A visitor.
SET SESSION AUTHORIZATION regress_visitor;
SELECT set_config('request.jwt.claims', '{"sub": "owner-1"}', true) \g /dev/null
SELECT pg_temp.buy('free', 'discovery', '{"customerPhone": "+49 30 123", "notes": "secret"}') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT set_config('request.jwt.claims', '', true) \g /dev/null
SELECT public.results_eq('SELECT pg_temp.news()', $$ VALUES (
    'visitor token as regress_visitor: {"status": [null, "paid"], "amount_cents": [null, 0], "payment_status": [null, "not_required"]}') $$,
    'a visitor buys; a claim that the role does not stand for makes nobody somebody else');
SET SESSION AUTHORIZATION regress_relay;
SET LOCAL ROLE booking_public;
SELECT pg_temp.schedule('free', '2027-03-03 09:00 UTC', '{"timezone": "Europe/Berlin"}') \g /dev/null
RESET SESSION AUTHORIZATION;
RESET ROLE;
CREATE TEMPORARY TABLE scheduled AS SELECT n FROM pg_temp.news() AS n;
SELECT public.matches((SELECT s.n FROM pg_temp.scheduled AS s), '^visitor token as booking_public: ',
                      'through the gateway, it is the role that the gateway has become');
SELECT public.is((SELECT c.changes - 'reservation_id' FROM booking.booking_changes AS c ORDER BY c.id DESC LIMIT 1),
                 jsonb_build_object('status', '["paid", "scheduled"]'::jsonb, 'changed', '["timezone"]'::jsonb,
                                    'session_id', ARRAY[NULL, pg_temp.id('tour 9')],
                                    'scheduled_start', '[null, "2027-03-03T09:00:00+00:00"]'::jsonb,
                                    'scheduled_end', '[null, "2027-03-03T10:00:00+00:00"]'::jsonb),
                 'from and to; what may be personal is named only');
SELECT pg_temp.schedule('free', '2027-03-03 09:00 UTC') \g /dev/null
SELECT public.is_empty('SELECT pg_temp.news()', 'the same call again changes nothing');

-- Holds that become bookings: by the token, by staff, by a server.
SELECT pg_temp.hold(h.name, h.session, 1) FROM (VALUES ('by token', 'tour 9'), ('by staff', 'massage 9'),
                                                       ('by server', 'massage 9')) AS h (name, session) \g /dev/null
SET SESSION AUTHORIZATION regress_visitor;
SELECT booking.confirm_reservation(pg_temp.id('by token'), pg_temp.token('by token')) \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT public.matches((SELECT n FROM pg_temp.news() AS n), '^visitor token as regress_visitor: \{"status": \[null, "confirmed"\]',
                      'a visitor confirms with the hold token');
SET SESSION AUTHORIZATION regress_desk;
SELECT set_config('request.jwt.claims', '{"sub": "staff-1"}', true) \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('by staff')) \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT public.matches((SELECT n FROM pg_temp.news() AS n), '^user staff-1 as regress_desk: \{"status": \[null, "confirmed"\]',
                      'staff are known by their claim');
SET SESSION AUTHORIZATION regress_server;
SELECT booking.confirm_reservation(pg_temp.id('by server'), pg_temp.token('by server')) \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT public.matches((SELECT n FROM pg_temp.news() AS n), '^database regress_server as regress_server: \{"status": \[null, "confirmed"\]',
                      'a trusted server is a database user, whatever the claims say');
SELECT set_config('request.jwt.claims', '', true) \g /dev/null

-- By hand, several rows at once.
UPDATE booking.bookings SET status = 'checked_in', version = version + 1, updated_at = now() WHERE status = 'confirmed';
SELECT public.results_eq('SELECT pg_temp.news()',
    $$ SELECT format('database %s as %1$s: {"status": ["confirmed", "checked_in"]}', session_user::text COLLATE "default")
         FROM generate_series(1, 3) $$,
    'by hand: a row for each, without version and updated_at');
UPDATE booking.bookings SET customer_name = 'Someone', customer_email = 'else@example.org', customer_phone = '555 1234',
                            notes = 'n', metadata = '{"a": 1}', meeting_url = 'https://meet.example/1', amount_cents = 7,
                            refund_status = 'due'
 WHERE id = pg_temp.id('free');
SELECT public.is((SELECT c.changes FROM booking.booking_changes AS c WHERE c.booking_id = pg_temp.id('free')
                   ORDER BY c.id DESC LIMIT 1),
                 '{"amount_cents": [0, 7], "refund_status": ["none", "due"],
                   "changed": ["customer_email", "customer_name", "customer_phone", "meeting_url", "metadata", "notes"]}',
                 'nothing personal is told');
SELECT public.is_empty(
    $$ SELECT c FROM booking.booking_changes AS c WHERE concat_ws(' ', c.changes, c.actor) ~ 'example\.org|Ada|Someone|secret|555|meet\.example' $$,
    'in no row');
SELECT pg_temp.news() \g /dev/null
UPDATE booking.bookings SET status = status;
UPDATE booking.bookings SET version = version + 1, updated_at = now();
SELECT public.is_empty('SELECT pg_temp.news()', 'what changes nothing is not recorded');
ALTER TABLE booking.bookings ADD COLUMN tap_secret text;
UPDATE booking.bookings SET tap_secret = 'x' WHERE id = pg_temp.id('free');
SELECT public.matches((SELECT n FROM pg_temp.news() AS n), '\{"changed": \["tap_secret"\]\}$',
                      'a column that somebody adds is named only');
SELECT pg_temp.buy('deleted', 'single') \g /dev/null
SELECT pg_temp.news() \g /dev/null
DELETE FROM booking.bookings WHERE id = pg_temp.id('deleted');
SELECT public.matches((SELECT n FROM pg_temp.news() AS n),
                      'database .*: \{"status": \["pending", null\], "deleted": true, "payment_status": \["pending", null\]\}$',
                      'a row that is deleted leaves its record');
SELECT public.is((SELECT count(*) FROM booking.booking_changes AS c WHERE c.booking_id = pg_temp.id('deleted')), 2::bigint,
                 'from its beginning to its end');

-- The package's further sessions.
SELECT pg_temp.buy('monthly', 'monthly') \g /dev/null
SELECT pg_temp.pay('monthly') \g /dev/null
SELECT pg_temp.news() \g /dev/null
SELECT count(pg_temp.schedule('monthly', t.at)) FROM (VALUES ('2027-03-03 09:00 UTC'::timestamptz), ('2027-03-03 11:00 UTC')) AS t (at) \g /dev/null
SELECT public.is((SELECT array_agg(c.changes -> 'status' ORDER BY c.id) FROM booking.booking_changes AS c
                   WHERE c.id NOT IN (SELECT s.id FROM pg_temp.seen AS s)),
                 ARRAY['["paid", "scheduled"]', '[null, "scheduled"]']::jsonb[], 'each session has its record');
SELECT public.is((SELECT c.changed_at FROM booking.booking_changes AS c ORDER BY c.id DESC LIMIT 1)
                 BETWEEN booking.clock() - interval '1 minute' AND booking.clock(), true, 'with the time by our clock');

-- What fails leaves no record, and no actor to the next.
SAVEPOINT failed;
SELECT public.throws_ok($$ SELECT pg_temp.schedule('monthly', '2027-03-03 10:00 UTC') $$, 'BK105', NULL, 'a call fails');
SELECT pg_temp.news() \g /dev/null
UPDATE booking.bookings SET status = 'cancelled' WHERE id = pg_temp.id('free');
SELECT public.matches((SELECT n FROM pg_temp.news() AS n), '^database ', 'the next change is not put down to the visitor');
ROLLBACK TO SAVEPOINT failed;

-- Changed by nobody.
SELECT public.throws_ok(s.statement, 'BK218', 'the record of changes is not changed', s.statement)
  FROM (VALUES ('UPDATE booking.booking_changes SET actor = ''x'''), ('DELETE FROM booking.booking_changes'),
               ('TRUNCATE booking.booking_changes')) AS s (statement);
SELECT public.throws_ok(format('SET LOCAL ROLE %s; %s', r.role, s.statement), '42501', NULL, r.role || ': ' || s.statement)
  FROM (VALUES ('booking_member'), ('booking_service'), ('booking_admin')) AS r (role),
       (VALUES ('UPDATE booking.booking_changes SET actor = ''x'''), ('DELETE FROM booking.booking_changes'),
               ('INSERT INTO booking.booking_changes SELECT * FROM booking.booking_changes')) AS s (statement);
RESET ROLE;

-- Read by those concerned.
INSERT INTO booking.packages (organization_id, id, name) VALUES (2, 'ours', 'Ours');
SELECT booking.booking_create(2, pg_temp.wanted('{"packageId": "ours"}')) \g /dev/null
SET LOCAL ROLE booking_member;
SELECT set_config('request.jwt.claims', '{"sub": "staff-1"}', true) \g /dev/null
SELECT public.results_eq('SELECT DISTINCT c.organization_id FROM booking.booking_changes AS c', 'VALUES (1)',
                         'staff see the changes of their organization');
SELECT set_config('request.jwt.claims', '{"sub": "owner-2"}', true) \g /dev/null
SELECT public.results_eq('SELECT c.organization_id, count(*) FROM booking.booking_changes AS c GROUP BY 1',
                         'VALUES (2, 1::bigint)', 'and others of theirs');
SELECT set_config('request.jwt.claims', '', true) \g /dev/null
SELECT public.is_empty('SELECT * FROM booking.booking_changes', 'without a claim nobody sees any');
SET LOCAL ROLE booking_service;
SELECT public.is((SELECT count(DISTINCT c.organization_id) FROM booking.booking_changes AS c), 2::bigint,
                 'trusted servers see all');
SET LOCAL ROLE booking_public;
SELECT public.throws_ok('SELECT * FROM booking.booking_changes', '42501', NULL, 'visitors none');
SET LOCAL ROLE booking_customer;
SELECT public.throws_ok('SELECT * FROM booking.booking_changes', '42501', NULL, 'customers none');
RESET ROLE;

-- The triggers believe nothing.
SELECT public.throws_ok('SELECT ' || f.name || '()', '39P01', NULL, f.name || ' is no function to call')
  FROM (VALUES ('booking.record_changes'), ('booking.refuse_change'), ('booking.start_scheduling')) AS f (name);

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
