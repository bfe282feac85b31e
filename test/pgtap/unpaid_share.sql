-- The share of a session that may be held and not confirmed (activities.unpaid_percent_max): what counts, what no longer
-- does, and that nobody is refused while there is room. What many backends do at once is for the e2e tests.

BEGIN;
\ir shared/fixture.sql
SELECT public.plan(47);

-- Seats counted as unpaid: in the session's row, and in its lanes.
CREATE FUNCTION pg_temp.unpaid(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' | ', s.unpaid, (SELECT string_agg(l.unpaid::text, ' ' ORDER BY l.lane)
                                         FROM booking.session_lanes AS l WHERE l.session_id = s.id))
      FROM booking.sessions AS s WHERE s.id = pg_temp.id(session) $$;
CREATE FUNCTION pg_temp.unpaid_sum(session text) RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT s.unpaid + (SELECT COALESCE(sum(l.unpaid), 0) FROM booking.session_lanes AS l WHERE l.session_id = s.id)
      FROM booking.sessions AS s WHERE s.id = pg_temp.id(session) $$;
CREATE FUNCTION pg_temp.try(session text, party_size integer) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT r.outcome FROM booking.try_reserve_slot(pg_temp.id(session), party_size, 'rival@example.org') AS r $$;
CREATE FUNCTION pg_temp.limit_to(percent integer) RETURNS void VOLATILE LANGUAGE sql AS $$
    UPDATE booking.activities SET unpaid_percent_max = percent WHERE name = 'tour' $$;

-- The setting.
SELECT public.throws_ok(format('SELECT pg_temp.limit_to(%s)', n), '23514', NULL, n || ' percent is no limit')
  FROM unnest(ARRAY[0, -1, 101]) AS n;
SELECT public.is((SELECT count(a.unpaid_percent_max) FROM booking.activities AS a), 0::bigint, 'there is none by default');

-- Without it nothing is counted.
SELECT pg_temp.add_session('show', 1, 'tour', '2027-03-04 09:00 UTC', 20) \g /dev/null
SELECT pg_temp.hold('before', 'show', 3) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '0', 'without a limit nothing is counted');
SELECT public.is((SELECT r.counted_unpaid FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('before')), false,
                 'and the hold says so');

-- Half of 20 seats.
SELECT pg_temp.limit_to(50) \g /dev/null
SELECT pg_temp.hold('six', 'show', 6) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '6', 'a hold counts; one from before the limit does not');
SELECT pg_temp.books() AS books \gset
SELECT public.throws_ok(format('SELECT booking.reserve_slot(%L, 5, ''x@example.org'')', pg_temp.id('show')), 'BK214',
                        format('too many seats of session %s are held and not confirmed yet', pg_temp.id('show')),
                        'a hold beyond the share is refused');
SELECT public.throws_ok(
    format('SELECT booking.reserve_slot(%L, 5, ''x@example.org'', ''a-key-of-16-or-more'')', pg_temp.id('show')), 'BK214',
    NULL, 'also with a key');
SELECT public.is(pg_temp.try('show', 5), 'unpaid_limit', 'and in words');
SELECT public.is(pg_temp.books(), :'books', 'which changes nothing');
SELECT public.is(pg_temp.unpaid('show'), '6', 'nor the counter');
SELECT public.is(booking.check_slot_availability(pg_temp.id('show'), 5), true, 'the seats are there all the same');
SELECT public.throws_ok(format('SELECT booking.reserve_slot(%L, 12, ''x@example.org'')', pg_temp.id('show')), 'BK201', NULL,
                        'where the seats are short, that is what is said');
SELECT pg_temp.hold('four', 'show', 4) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '10', 'a hold within the share is not');
SELECT public.is(pg_temp.try('show', 1), 'unpaid_limit', 'down to the last seat of the share');

-- What no longer counts.
SELECT booking.confirm_reservation(pg_temp.id('six')) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '4', 'a confirmed hold no longer counts');
SELECT booking.confirm_reservation(pg_temp.id('six')) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '4', 'once, however often it is confirmed');
SELECT booking.cancel_reservation(pg_temp.id('four')) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('four')) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '0', 'nor does a cancelled one');
SELECT booking.cancel_reservation(pg_temp.id('before')) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '0', 'and one that never counted leaves the counter as it is');
SELECT public.lives_ok(
    format('SELECT booking.reserve_slot(%L, 5, ''x@example.org'', ''a-key-of-16-or-more'')', pg_temp.id('show')),
    'the key that was refused is still good');
SELECT pg_temp.hold('five', 'show', 5) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT pg_temp.hold('eight', 'show', 8) \g /dev/null
SELECT public.is(pg_temp.unpaid('show'), '8', 'holds that have run out are out of it, without the job');
SELECT public.lives_ok(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('five')), 'one of them is paid for late');
SELECT public.is(pg_temp.unpaid('show'), '8', 'and was not counted any more');
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.is(booking.release_expired_reservations(), 1, 'the job releases one');
SELECT public.is(pg_temp.unpaid('show'), '0', 'and its seats no longer count');
SELECT pg_temp.hold('late', 'show', 3) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:45 UTC') \g /dev/null
SELECT public.lives_ok(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('late')),
                       'one that has run out and is not released is paid for');
SELECT public.is(pg_temp.unpaid('show'), '0', 'and counts no longer');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'all of it adds up');

-- The limit changes while there are holds.
SELECT pg_temp.add_session('other', 1, 'tour', '2027-03-04 11:00 UTC', 20) \g /dev/null
SELECT pg_temp.hold('counted', 'other', 10) \g /dev/null
SELECT pg_temp.limit_to(40) \g /dev/null
SELECT public.is(pg_temp.try('other', 1), 'unpaid_limit', 'a lower limit is in force at once');
SELECT pg_temp.limit_to(NULL) \g /dev/null
SELECT pg_temp.hold('uncounted', 'other', 6) \g /dev/null
SELECT public.is(pg_temp.unpaid('other'), '10', 'without a limit nothing more is counted');
SELECT booking.cancel_reservation(pg_temp.id('counted')) \g /dev/null
SELECT public.is(pg_temp.unpaid('other'), '0', 'and what was is given back');
SELECT booking.cancel_reservation(pg_temp.id('uncounted')) \g /dev/null

-- A party larger than the share.
SELECT pg_temp.limit_to(10) \g /dev/null
SELECT pg_temp.hold('large', 'other', 7) \g /dev/null
SELECT public.is(pg_temp.try('other', 1), 'unpaid_limit', 'a larger party may have its seats, and then nobody else');
SELECT booking.confirm_reservation(pg_temp.id('large')) \g /dev/null
SELECT pg_temp.hold('small', 'other', 1) \g /dev/null
SELECT public.is(pg_temp.try('other', 3), 'unpaid_limit', 'if nobody else has any');
SELECT booking.cancel_reservation(pg_temp.id('small')) \g /dev/null

-- Lanes.
SELECT pg_temp.limit_to(50) \g /dev/null
SELECT pg_temp.hold('striped', 'other', 3) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('other'), 4) \g /dev/null
SELECT public.is(pg_temp.unpaid('other'), '0 | 1 1 1 0', 'striping spreads what is unpaid, too');
SELECT pg_temp.hold('one ' || n, 'other', 1) FROM generate_series(1, 7) AS n \g /dev/null
SELECT public.is(pg_temp.unpaid_sum('other'), 10::bigint, 'one by one the share is used up');
SELECT public.is(pg_temp.unpaid('other'), '0 | 3 3 2 2', 'each lane within its part of it');
SELECT public.is(pg_temp.try('other', 1), 'unpaid_limit', 'and no more');
SELECT booking.cancel_reservation(pg_temp.id('one ' || n)) FROM generate_series(1, 7) AS n \g /dev/null
SELECT public.is(pg_temp.unpaid_sum('other'), 3::bigint, 'cancelled holds make room again');
SELECT pg_temp.hold('gathered', 'other', 7) \g /dev/null
SELECT public.is(pg_temp.unpaid_sum('other'), 10::bigint, 'also for a party that no lane has room for');
SELECT booking.confirm_reservation(pg_temp.id('gathered')) \g /dev/null
SELECT public.is(pg_temp.unpaid_sum('other'), 3::bigint, 'which no longer counts once it is confirmed');
SELECT pg_temp.hold('run out', 'other', 3) \g /dev/null
SELECT public.is(pg_temp.unpaid_sum('other'), 6::bigint, 'until the seats are gone');
SELECT pg_temp.set_clock('2027-03-01 13:00 UTC') \g /dev/null
SELECT booking.release_expired_reservations() \g /dev/null
SELECT public.is(pg_temp.unpaid_sum('other'), 0::bigint, 'the job gives back in lanes, too');

-- Together with the other limit.
UPDATE booking.activities SET live_holds_per_email = 1 WHERE name = 'tour';
SELECT pg_temp.hold('mine', 'show', 1, 'bo@example.org') \g /dev/null
SELECT public.throws_ok(format('SELECT booking.reserve_slot(%L, 1, ''bo@example.org'')', pg_temp.id('show')), 'BK213', NULL,
                        'the other limit holds beside it');
SELECT public.is(pg_temp.unpaid('show'), '1', 'and its refusal counts nothing');

-- integrity_check() looks.
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
UPDATE booking.session_lanes SET unpaid = unpaid + 1 WHERE session_id = pg_temp.id('other') AND lane = 2;
SELECT public.bag_eq('SELECT i.invariant, i.object_id FROM booking.integrity_check() AS i',
                     $$ VALUES ('unpaid_adds_up', pg_temp.id('other')) $$, 'a seat too many is seen');
SELECT * FROM public.finish();
ROLLBACK;
