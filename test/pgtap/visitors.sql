-- What each kind of caller may do through the functions: visitors by the hold token, members by their claims in their
-- own organizations, trusted servers everywhere.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(82);

CREATE ROLE regress_visitor NOLOGIN IN ROLE booking_public;
CREATE ROLE regress_member NOLOGIN IN ROLE booking_member;
CREATE ROLE regress_server NOLOGIN IN ROLE booking_service;
-- As Supabase's authenticated: customer and member in one, by what the claims say.
CREATE ROLE regress_person NOLOGIN IN ROLE booking_customer, booking_member;

CREATE FUNCTION pg_temp.claim(sub text) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT set_config('request.jwt.claims', CASE WHEN sub IS NULL THEN '' ELSE json_build_object('sub', sub)::text END,
                      true) $$;
-- 'done', or the SQLSTATE by which a statement was refused under these claims.
CREATE FUNCTION pg_temp.answer(claims text, statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.jwt.claims', claims, true);
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

-- By id alone, a visitor may nothing, and learns nothing: a wrong id is answered like a right one.
SET LOCAL ROLE regress_visitor;
SELECT pg_temp.hold('free', 'tour 9', 2) \g /dev/null
SELECT pg_temp.hold('priced', 'massage 9', 2) \g /dev/null
RESET ROLE;
INSERT INTO pg_temp.named (name, token)
SELECT 'hash', translate(rtrim(encode(r.token_hash, 'base64'), '='), '+/', '-_')
  FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('free');
CREATE TEMPORARY TABLE before AS SELECT pg_temp.books() AS books;
GRANT SELECT ON pg_temp.before TO PUBLIC;
SET LOCAL ROLE regress_visitor;
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('free')) $$, '42501',
                        'permission denied to confirm a reservation without its hold token',
                        'a visitor does not confirm by id');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('free')) $$, '42501',
                        'permission denied to extend a reservation without its hold token', 'nor extend');
SELECT public.throws_ok($$ SELECT booking.cancel_reservation(pg_temp.id('free')) $$, '42501',
                        'permission denied to cancel a reservation without its hold token', 'nor cancel');
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(booking.new_id(1)) $$, '42501',
                        'permission denied to confirm a reservation without its hold token',
                        'an id that does not exist gets the same answer: confirm');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(booking.new_id(77)) $$, '42501',
                        'permission denied to extend a reservation without its hold token', 'extend');
SELECT public.throws_ok($$ SELECT booking.cancel_reservation(gen_random_uuid()) $$, '42501',
                        'permission denied to cancel a reservation without its hold token', 'cancel');
SELECT pg_temp.claim('owner-1') \g /dev/null
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('free')) $$, '42501', NULL,
                        'a claim without the role of a member is worth nothing');
SELECT pg_temp.claim(NULL) \g /dev/null

-- With a token that is not the one.
SELECT public.throws_ok(format($$ SELECT booking.confirm_reservation(pg_temp.id('free'), %L) $$, t.token), 'BK301',
                        format('the hold token does not belong to reservation %s', pg_temp.id('free')),
                        'a wrong token confirms nothing: ' || t.what)
  FROM (VALUES ('empty', ''), ('malformed', 'x'), ('of another hold', pg_temp.token('priced')),
               ('one character off', CASE left(pg_temp.token('free'), 1) WHEN 'A' THEN 'B' ELSE 'A' END
                                     || right(pg_temp.token('free'), 42)),
               ('in upper case', upper(pg_temp.token('free'))),
               ('with a blank behind', pg_temp.token('free') || ' '),
               ('the hash that is stored', pg_temp.token('hash')))
    AS t (what, token);
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('free'), pg_temp.token('priced')) $$, 'BK301',
                        NULL, 'a wrong token extends nothing');
SELECT public.throws_ok($$ SELECT booking.cancel_reservation(pg_temp.id('free'), pg_temp.token('priced')) $$, 'BK301',
                        NULL, 'a wrong token cancels nothing');
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('priced'), pg_temp.token('priced')) $$,
                        'BK210', format('reservation %s costs 5000 minor units of EUR', pg_temp.id('priced')),
                        'where a price is set, the right token does not confirm');
RESET ROLE;
SELECT public.is(pg_temp.books(), (SELECT b.books FROM pg_temp.before AS b), 'all this has changed nothing');

-- With the token.
SET LOCAL ROLE regress_visitor;
SELECT public.ok(booking.extend_reservation(pg_temp.id('free'), pg_temp.token('free'), 900)
                 > booking.clock() + interval '14 minutes', 'a visitor extends with the token');
SELECT public.is((SELECT c.status || ' ' || c.payment_status
                    FROM booking.confirm_reservation(pg_temp.id('free'), pg_temp.token('free')) AS c),
                 'confirmed not_required', 'and confirms, free of charge');
SELECT public.ok(booking.cancel_reservation(pg_temp.id('priced'), pg_temp.token('priced')),
                 'and cancels, whatever the price');
SELECT public.ok(booking.check_slot_availability(pg_temp.id('massage 9'), 2), 'and asks for free seats');
SELECT public.is((SELECT count(*) FROM booking.next_available_sessions(pg_temp.id('tour'), 1)), 2::bigint,
                 'and for the next sessions');
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('massage 9'), 2, 'v@example.org') AS t),
                 'held', 'and tries to reserve');
SELECT public.throws_ok('SELECT * FROM booking.get_upcoming_bookings()', '42501', NULL, 'but sees no list of bookings');
SELECT public.throws_ok('SELECT booking.release_expired_reservations()', '42501', NULL, 'and runs no job');
RESET ROLE;

-- EXECUTE that somebody granted to the public by mistake opens nothing: the functions look at the caller themselves.
SAVEPOINT granted;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA booking TO booking_public;
SET LOCAL ROLE regress_visitor;
SELECT public.throws_ok(s.statement, '42501', NULL, 'granted by mistake: ' || s.statement)
  FROM (VALUES ('SELECT * FROM booking.get_upcoming_bookings()'), ('SELECT * FROM booking.get_weekly_bookings_trend()'),
               ('SELECT * FROM booking.integrity_check()'), ('SELECT booking.release_expired_reservations()'),
               ('SELECT booking.release_expired_reservations(1)'), ('SELECT booking.generate_all_sessions(1)'),
               ('SELECT booking.generate_activity_sessions(pg_temp.id(''tour''), ''2027-03-08'', 1)'),
               ('SELECT booking.install()'))
    AS s (statement);
RESET ROLE;
ROLLBACK TO SAVEPOINT granted;

-- Members, by their claims.
SELECT pg_temp.hold('ours', 'massage 9', 1) \g /dev/null
SELECT pg_temp.hold('theirs', 'hike 9', 1) \g /dev/null
SET LOCAL ROLE regress_member;
SELECT pg_temp.claim('staff-1') \g /dev/null
SELECT public.ok(booking.extend_reservation(pg_temp.id('ours')) IS NOT NULL,
                 'staff extend a hold of their organization');
SELECT public.is((SELECT c.payment_status FROM booking.confirm_reservation(pg_temp.id('ours')) AS c), 'paid',
                 'and confirm it: they were paid at the desk');
SELECT public.is(booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-08', 1), 1,
                 'and generate sessions of their organization');
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('theirs')) $$, '42501', NULL,
                        'they do not confirm a hold of another organization');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('theirs')) $$, '42501', NULL, 'nor extend it');
SELECT public.throws_ok($$ SELECT booking.cancel_reservation(pg_temp.id('theirs')) $$, '42501', NULL, 'nor cancel it');
SELECT public.throws_ok($$ SELECT booking.generate_activity_sessions(pg_temp.id('hike'), '2027-03-08', 1) $$, '42501',
                        NULL, 'nor generate its sessions');
SELECT public.throws_ok($$ SELECT booking.release_expired_reservations(1) $$, '42501', NULL,
                        'nor run the job of all organizations');
SELECT public.bag_eq('SELECT DISTINCT b.organization_id FROM booking.get_upcoming_bookings() AS b', 'VALUES (1)',
                     'they see the bookings of their organization');
SELECT pg_temp.claim('owner-2') \g /dev/null
SELECT public.is_empty('SELECT * FROM booking.get_upcoming_bookings()', 'another organization does not see them');
SELECT public.is((SELECT sum(t.bookings) FROM booking.get_weekly_bookings_trend() AS t), 0::numeric,
                 'nor counts them');
SELECT pg_temp.claim('stranger') \g /dev/null
SELECT public.throws_ok('SELECT * FROM booking.get_upcoming_bookings()', '42501', NULL,
                        'a member of no organization is refused');
SELECT pg_temp.claim(NULL) \g /dev/null
SELECT public.throws_ok($$ SELECT booking.cancel_reservation(pg_temp.id('theirs')) $$, '42501', NULL,
                        'the role of a member without a claim is worth nothing');
RESET ROLE;

SET LOCAL ROLE regress_person;
SELECT pg_temp.claim('owner-2') \g /dev/null
SELECT public.ok(booking.cancel_reservation(pg_temp.id('theirs')),
                 'a role that is customer and member acts by its claim');
SELECT public.throws_ok($$ SELECT booking.confirm_reservation(pg_temp.id('ours')) $$, '42501', NULL,
                        'and not beyond it');
RESET ROLE;

-- Claims that are not what they should be: an error, or nobody; never somebody.
SET LOCAL ROLE regress_member;
SELECT public.is(pg_temp.answer('{"sub": "owner-1"}', 'SELECT * FROM booking.get_upcoming_bookings()'), 'done',
                 'claims as they should be');
SELECT public.is(pg_temp.answer(c.claims, s.statement), c.answer, format('claims %s: %s', c.claims, s.statement))
  FROM (VALUES ('{', '22P02'), ('owner-1', '22P02'), ('{"sub": "owner-1"', '22P02'), ('', '42501'), ('[]', '42501'),
               ('"owner-1"', '42501'), ('["sub", "owner-1"]', '42501'), ('{"sub": null}', '42501'),
               ('{"sub": 1}', '42501'), ('{"sub": ["owner-1"]}', '42501'), ('{"sub": ""}', '42501'),
               ('{"Sub": "owner-1"}', '42501'), ('{"sub": "OWNER-1"}', '42501'),
               ('{"sub": "x'' OR true --"}', '42501')) AS c (claims, answer),
       (VALUES ('SELECT * FROM booking.get_upcoming_bookings()'),
               ('SELECT booking.confirm_reservation(pg_temp.id(''ours''))')) AS s (statement);
RESET ROLE;
SELECT pg_temp.claim(NULL) \g /dev/null

-- A trusted server: everywhere, by id, also with the token of a visitor whose payment it has seen.
SET LOCAL ROLE regress_server;
SELECT pg_temp.hold('paid', 'massage 9', 1) \g /dev/null
SELECT public.is((SELECT c.payment_status
                    FROM booking.confirm_reservation(pg_temp.id('paid'), pg_temp.token('paid')) AS c), 'paid',
                 'a trusted server confirms what has a price, by token too');
SELECT public.is((SELECT count(*) FROM booking.get_upcoming_bookings()), 3::bigint, 'and sees all bookings');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
RESET ROLE;

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
