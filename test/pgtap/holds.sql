-- Holds: seats taken for some minutes, extended, cancelled, expired. What confirmation makes of them: confirm.sql.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(67);

UPDATE booking.activities SET hold_seconds = 300, hold_seconds_max = 1200, hold_extensions_max = 2
 WHERE id = pg_temp.id('court');

CREATE FUNCTION pg_temp.status(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT r.status FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id(name) $$;
CREATE FUNCTION pg_temp.sound(description text) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up: ' || description) $$;

-- Reserve.
SELECT pg_temp.hold('first', 'tour 9', 3, 'First@Example.org') \g /dev/null
SELECT public.is(pg_temp.seats_left('tour 9'), 1, 'the seats are gone at once');
SELECT public.is(
    (SELECT format('%s %s %s %s %s', r.organization_id, r.party_size, r.customer_email, r.status,
                   r.expires_at - r.created_at)
       FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('first')),
    '1 3 First@Example.org pending 00:10:00', 'the hold is written as asked for, ten minutes long');
SELECT public.is(booking.organization_of(pg_temp.id('first')), 1, 'its id carries the organization');
SELECT public.matches(pg_temp.token('first'), '^[A-Za-z0-9_-]{43}$', 'the token has 256 bits');
SELECT public.is(
    (SELECT r.token_hash FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('first')),
    sha256(decode(translate(pg_temp.token('first'), '-_', '+/') || '=', 'base64')), 'only its hash is stored');
SELECT booking.reserve_slot(pg_temp.id('court 9'), 1, l.name, NULL, l.seconds)
  FROM (VALUES ('default@example.org', NULL), ('shortest@example.org', 1), ('longest@example.org', 1200))
    AS l (name, seconds) \g /dev/null
SELECT public.bag_eq(
    $$ SELECT r.customer_email, extract(epoch FROM r.expires_at - r.created_at)::integer
         FROM booking.slot_reservations AS r WHERE r.session_id = pg_temp.id('court 9') $$,
    $$ VALUES ('default@example.org', 300), ('shortest@example.org', 1), ('longest@example.org', 1200) $$,
    'the activity may have another length, the caller may ask for any up to its longest');
SELECT public.throws_ok(
    format($$ SELECT booking.reserve_slot(pg_temp.id('court 9'), 1, 'c@example.org', NULL, %s) $$, l.seconds), 'BK004',
    format('hold of %s seconds is out of range', l.seconds), format('not for %s', l.seconds))
  FROM (VALUES (0), (-1), (1201), (2147483647), (-2147483648)) AS l (seconds);
SELECT public.throws_ok($$ SELECT pg_temp.hold('big', 'tour 9', 2) $$, 'BK201',
                        format('session %s has not enough seats left for a party of 2', pg_temp.id('tour 9')),
                        'two do not fit where one seat is left');
SELECT public.results_eq(
    $$ SELECT t.outcome, t.reservation_id, t.expires_at, t.hold_token, t.refusal_sqlstate, t.refusal_message
         FROM booking.try_reserve_slot(pg_temp.id('tour 9'), 2, 'two@example.org') AS t $$,
    $$ VALUES ('sold_out', NULL::uuid, NULL::timestamptz, NULL::text, 'BK201',
               format('session %s has not enough seats left for a party of 2', pg_temp.id('tour 9'))) $$,
    'try_reserve_slot says the same in a row');
SELECT public.ok(t.outcome = 'held' AND t.reservation_id IS NOT NULL AND t.expires_at > booking.clock()
                 AND t.hold_token IS NOT NULL AND num_nonnulls(t.refusal_sqlstate, t.refusal_message) = 0,
                 'and holds where there is room')
  FROM booking.try_reserve_slot(pg_temp.id('tour 9'), 1, 'one@example.org') AS t;
SELECT public.is(pg_temp.seats_left('tour 9'), 0, 'now it is full');
SELECT public.ok(NOT booking.check_slot_availability(pg_temp.id('tour 9'), 1), 'check_slot_availability says so');
SELECT public.is((SELECT array_agg(n.session_id) FROM booking.next_available_sessions(pg_temp.id('tour'), 1) AS n),
                 ARRAY[pg_temp.id('tour 11')], 'next_available_sessions leaves it out');
SELECT pg_temp.sound('reserve');

-- Expiry, before anything has released it.
SELECT pg_temp.set_clock('2027-03-01 12:09 UTC') \g /dev/null
SELECT public.throws_ok($$ SELECT pg_temp.hold('early', 'tour 9', 1) $$, 'BK201', NULL,
                        'after nine minutes it is held');
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT public.is(
    (SELECT format('%s %s %s', s.capacity_total, s.capacity_remaining, s.seats_available)
       FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id('tour 9')),
    '4 0 4', 'after eleven the seats are available, though not given back');
SELECT public.ok(booking.check_slot_availability(pg_temp.id('tour 9'), 4), 'check_slot_availability counts them');
SELECT public.is((SELECT n.seats_available FROM booking.next_available_sessions(pg_temp.id('tour'), 4) AS n
                   WHERE n.session_id = pg_temp.id('tour 9')), 4, 'so does next_available_sessions');
SELECT public.is(booking.expired_hold_seats(1, pg_temp.id('tour 9')), 4, 'expired_hold_seats tells them');
SELECT pg_temp.sound('expired, not released');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('first')) $$, 'BK205', NULL,
                        'an expired hold is not extended');
SELECT pg_temp.hold('rival', 'tour 9', 4) \g /dev/null
SELECT public.is(pg_temp.status('first'), 'expired', 'a rival in need of the seats expires it');
SELECT public.is(pg_temp.seats_left('tour 9'), 0, 'and has its seats');
SELECT public.is(booking.cancel_reservation(pg_temp.id('first')), false,
                 'to cancel an expired hold gives nothing back');
SELECT public.is(pg_temp.seats_left('tour 9'), 0, 'indeed');
SELECT pg_temp.sound('reclaimed');

-- Release, as the job does it.
SELECT pg_temp.hold('other organization', 'hike 9', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:40 UTC') \g /dev/null
SELECT public.is(booking.release_expired_reservations(2), 1, 'release of one organization');
SELECT public.is(pg_temp.seats_left('hike 9'), 4, 'its seats are back');
SELECT public.is(pg_temp.seats_left('tour 9'), 0, 'those of the other are not');
SELECT public.is(booking.release_expired_reservations(), 4, 'release of all: the rest');
SELECT public.is(booking.release_expired_reservations(), 0, 'nothing is left to release');
SELECT public.is(booking.release_expired_reservations(NULL), 0, 'NULL means all organizations');
SELECT public.is(booking.release_expired_reservations(99), 0, 'an organization that does not exist has no holds');
SELECT public.is(format('%s %s', pg_temp.seats_left('tour 9'), pg_temp.seats_left('court 9')), '4 4',
                 'all seats are back');
SELECT public.is((SELECT count(*) FROM booking.slot_reservations AS r
                   WHERE r.status <> 'expired' OR r.settled_at IS NULL), 0::bigint, 'all holds are settled');
SELECT pg_temp.sound('released');

-- Extend.
SELECT pg_temp.hold('long', 'court 9', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:44 UTC') \g /dev/null
SELECT public.is(date_trunc('minute', booking.extend_reservation(pg_temp.id('long'))),
                 '2027-03-01 12:49 UTC'::timestamptz, 'an extension lasts from now for the length of the activity');
SELECT public.is(date_trunc('minute', booking.extend_reservation(pg_temp.id('long'), NULL, 1)),
                 '2027-03-01 12:49 UTC'::timestamptz, 'and is never shorter than the hold was');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('long')) $$, 'BK209',
                        format('the hold %s was extended 2 times already', pg_temp.id('long')), 'two are allowed');
SELECT pg_temp.hold('longer', 'court 9', 1) \g /dev/null
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('longer'), NULL, 1201) $$, 'BK004',
                        'hold of 1201 seconds is out of range', 'an extension keeps to the bounds of a hold');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('longer'), NULL, 0) $$, 'BK004',
                        'hold of 0 seconds is out of range', 'above and below');
SELECT pg_temp.set_clock('2027-03-01 12:48 UTC') \g /dev/null
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('longer'), NULL, 1100) $$, 'BK209',
                        format('the hold %s would last longer than allowed', pg_temp.id('longer')),
                        'no hold lasts longer than its activity allows, counted from its beginning');
SELECT pg_temp.sound('extended');

-- Cancel.
SELECT public.is(booking.cancel_reservation(pg_temp.id('longer')), true, 'cancel gives the seats back');
SELECT public.is(booking.cancel_reservation(pg_temp.id('longer')), false, 'once');
SELECT public.is(pg_temp.seats_left('court 9'), 3, 'only once');
SELECT public.throws_ok($$ SELECT booking.extend_reservation(pg_temp.id('longer')) $$, 'BK206', NULL,
                        'a cancelled hold is not extended');
SELECT public.is(booking.cancel_reservation(pg_temp.id('long'), pg_temp.token('long')), true, 'cancel by token');
SELECT pg_temp.sound('cancelled');

-- Idempotency keys.
CREATE TEMPORARY TABLE replies AS
SELECT n.n, r.*
  FROM (VALUES (1, 400), (2, 400)) AS n (n, seconds),
       LATERAL booking.reserve_slot(pg_temp.id('tour 9'), 2, 'key@example.org', 'key-0123456789abcdef', n.seconds) AS r;
SELECT public.is((SELECT count(DISTINCT (r.reservation_id, r.expires_at, r.hold_token)) FROM pg_temp.replies AS r),
                 1::bigint, 'the same key and request get the same answer, token included');
SELECT public.is(pg_temp.seats_left('tour 9'), 2, 'and seats once');
SELECT public.is((SELECT t.hold_token FROM booking.try_reserve_slot(pg_temp.id('tour 9'), 2, 'key@example.org',
                                                                    'key-0123456789abcdef', 400) AS t),
                 (SELECT r.hold_token FROM pg_temp.replies AS r WHERE r.n = 1), 'from try_reserve_slot as well');
SELECT public.throws_ok(
    format($$ SELECT booking.reserve_slot(pg_temp.id(%L), %s, %L, 'key-0123456789abcdef', %s) $$, c.session, c.size,
           c.email, c.seconds), 'BK208', 'the idempotency key belongs to another request', 'another ' || c.what)
  FROM (VALUES ('session', 'tour 11', 2, 'key@example.org', '400'), ('party', 'tour 9', 1, 'key@example.org', '400'),
               ('address', 'tour 9', 2, 'kay@example.org', '400'), ('length', 'tour 9', 2, 'key@example.org', '401'),
               ('length, left out', 'tour 9', 2, 'key@example.org', 'NULL')) AS c (what, session, size, email, seconds);
SELECT public.is((SELECT count(*) FROM booking.reserve_slot(pg_temp.id('hike 9'), 2, 'key@example.org',
                                                            'key-0123456789abcdef', 400) AS r
                   WHERE r.reservation_id NOT IN (SELECT x.reservation_id FROM pg_temp.replies AS x)), 1::bigint,
                 'keys of two organizations are two keys');
SELECT booking.cancel_reservation(r.reservation_id, r.hold_token) FROM pg_temp.replies AS r WHERE r.n = 1 \g /dev/null
SELECT public.is((SELECT r.reservation_id FROM booking.reserve_slot(pg_temp.id('tour 9'), 2, 'key@example.org',
                                                                    'key-0123456789abcdef', 400) AS r),
                 (SELECT r.reservation_id FROM pg_temp.replies AS r WHERE r.n = 1),
                 'the answer stays the same when the hold is over');
SELECT public.is(pg_temp.seats_left('tour 9'), 4, 'and takes no seats again');

-- Nowhere in the books is a token or a key to be found.
SELECT public.is_empty(
    $$ SELECT r.id FROM booking.slot_reservations AS r, pg_temp.replies AS x, pg_temp.named AS n
        WHERE strpos(to_jsonb(r)::text, COALESCE(n.token, x.hold_token)) > 0
           OR strpos(to_jsonb(r)::text, x.hold_token) > 0 OR strpos(to_jsonb(r)::text, 'key-0123456789abcdef') > 0
           OR strpos(to_jsonb(r)::text,
                     encode(decode(translate(x.hold_token, '-_', '+/') || '=', 'base64'), 'hex')) > 0 $$,
    'neither tokens nor keys are stored');
SELECT pg_temp.sound('idempotency keys');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
