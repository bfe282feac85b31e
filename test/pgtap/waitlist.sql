-- Waiting lists: who may join, in which order seats are offered, whatever gives them back, and when a list ends.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(172);

CREATE FUNCTION pg_temp.joins(new_name text, session text, party_size integer DEFAULT 1) RETURNS integer VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    place integer;
BEGIN
    WITH joined AS MATERIALIZED (
        SELECT j.* FROM booking.join_waitlist(pg_temp.id(session), party_size,
                                              replace(new_name, ' ', '-') || '@example.org') AS j),
    noted AS (INSERT INTO pg_temp.named (name, id, token) SELECT new_name, j.entry_id, j.waitlist_token FROM joined AS j)
    SELECT j."position" INTO place FROM joined AS j;
    RETURN place;
END $$;
CREATE FUNCTION pg_temp.leaves(who text) RETURNS boolean VOLATILE LANGUAGE sql AS $$
    SELECT booking.leave_waitlist(pg_temp.id(who), pg_temp.token(who)) $$;
CREATE FUNCTION pg_temp.tries(session text, party_size integer) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id(session), party_size, 'walk-in@example.org') AS t $$;
-- The list as staff see it: "name status", in order.
CREATE FUNCTION pg_temp.list(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(concat_ws(' ', n.name, q.status, q."position"), ', ' ORDER BY q.entry_id)
      FROM booking.waitlist_queue AS q JOIN pg_temp.named AS n ON n.id = q.entry_id
     WHERE q.session_id = pg_temp.id(session) $$;
-- Remaining, available, how many wait.
CREATE FUNCTION pg_temp.seats(session text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.capacity_remaining, s.seats_available, s.waiting)
      FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id(session) $$;
CREATE FUNCTION pg_temp.offer_of(who text) RETURNS uuid STABLE LANGUAGE sql AS $$
    SELECT w.reservation_id FROM booking.waitlist_entries AS w WHERE w.id = pg_temp.id(who) $$;
CREATE FUNCTION pg_temp.sound(description text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT public.is_empty('SELECT * FROM booking.integrity_check()', description) $$;
CREATE FUNCTION pg_temp.news(who text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(e.kind, ' ' ORDER BY e.id) FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id(who) $$;

SELECT pg_temp.add_session(s.name, 1, s.activity, s.start_time::timestamptz, s.capacity)
  FROM (VALUES ('plain', 'tour', '2027-03-04 09:00 UTC', 4), ('striped', 'tour', '2027-03-04 11:00 UTC', 4),
               ('strict', 'court', '2027-03-04 13:00 UTC', 6), ('soon', 'tour', '2027-03-01 12:30 UTC', 2),
               ('ends', 'tour', '2027-03-04 15:00 UTC', 2), ('cut', 'tour', '2027-03-04 17:00 UTC', 4),
               ('roles', 'tour', '2027-03-04 19:00 UTC', 2), ('more', 'tour', '2027-03-05 09:00 UTC', 4),
               ('other', 'tour', '2027-03-05 11:00 UTC', 4), ('past', 'tour', '2027-03-01 09:00 UTC', 4),
               ('late', 'tour', '2027-03-05 13:00 UTC', 1), ('paid', 'massage', '2027-03-05 15:00 UTC', 1))
    AS s (name, activity, start_time, capacity) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('striped'), 3) \g /dev/null
UPDATE booking.activities SET waitlist_policy = 'strict' WHERE id = pg_temp.id('court');
UPDATE booking.activities SET waitlist_entries_per_email = 100 WHERE id IN (pg_temp.id('tour'), pg_temp.id('court'));

-- The same story twice: in a session with one counter, and in one with lanes.
CREATE TEMPORARY TABLE story (session text);
INSERT INTO pg_temp.story VALUES ('plain'), ('striped');
SELECT count(pg_temp.booked(s.session || ' ' || n, s.session, 1)) FROM pg_temp.story AS s, generate_series(1, 3) AS n \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 1, %L)', pg_temp.id(s.session), 'a@example.org')),
                 format('BK241 -: session %s has 1 seats on sale', pg_temp.id(s.session)), s.session || ': whom a seat is left for has to reserve it') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.joins(s.session || ' pair', s.session, 2), 1, s.session || ': a pair, for which it is not enough, waits') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.seats(s.session), '1 1 1', s.session || ': what suffices for nobody who waits is on sale') FROM pg_temp.story AS s;
SELECT public.ok(booking.check_slot_availability(pg_temp.id(s.session), 1), s.session || ': so says the check') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 1), 'held', s.session || ': and is sold') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.joins(s.session || ' ' || w.name, s.session, w.size), w.place, s.session || ': ' || w.name || ' waits')
  FROM pg_temp.story AS s, (VALUES ('one', 1, 2), ('two', 2, 3), ('last', 1, 4)) AS w (name, size, place) ORDER BY s.session, w.place;
SELECT pg_temp.sound('nobody has lost a seat by waiting');
SELECT public.is(pg_temp.tries(s.session, 1), 'sold_out', s.session || ': nothing is left') FROM pg_temp.story AS s;
SELECT booking.cancel_booking(pg_temp.id(s.session || ' 1')) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.list(s.session), format('%1$s pair waiting 1, %1$s one offered, %1$s two waiting 2, %1$s last waiting 3', s.session),
                 s.session || ': case 18, a seat that comes back is held for the first whom it suffices for') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 1), 'sold_out', s.session || ': case 18, and nobody snatches it') FROM pg_temp.story AS s;
SELECT public.is((SELECT to_jsonb(r) - '{id,session_id,created_at}'::text[] FROM booking.slot_reservations AS r WHERE r.id = pg_temp.offer_of(s.session || ' one'))
                 @> jsonb_build_object('status', 'pending', 'party_size', 1, 'customer_email', s.session || '-one@example.org', 'waitlist_entry_id', pg_temp.id(s.session || ' one')),
                 true, s.session || ': it is a hold like others') FROM pg_temp.story AS s;
SELECT public.is((SELECT date_trunc('minute', r.expires_at) FROM booking.slot_reservations AS r WHERE r.id = pg_temp.offer_of(s.session || ' one')),
                 timestamptz '2027-03-01 13:00 UTC', s.session || ': for an hour') FROM pg_temp.story AS s;
SELECT public.is(booking.change_party_size(pg_temp.id(s.session || ' 2'), 1) IS NULL, false, s.session || ': nothing changes') FROM pg_temp.story AS s;
SELECT pg_temp.sound('the books are sound');

-- The offer is booked by the token of the entry, declined by it, or runs out: on it goes to the next.
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.offer_of(s.session || ' one'), pg_temp.token(s.session || ' one')) AS c), 'confirmed',
                 s.session || ': the waitlist token is the hold token of the offer') FROM pg_temp.story AS s;
SELECT public.is(booking.waitlist_status(pg_temp.id(s.session || ' one'), pg_temp.token(s.session || ' one')) ->> 'status', 'taken', s.session || ': taken') FROM pg_temp.story AS s;
SELECT booking.cancel_booking(pg_temp.id(s.session || ' 2')) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.list(s.session), format('%1$s pair waiting 1, %1$s one taken, %1$s two waiting 2, %1$s last offered', s.session), s.session || ': the next') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.refused(format('SELECT booking.extend_reservation(%L, %L)', pg_temp.offer_of(s.session || ' last'), pg_temp.token(s.session || ' last'))),
                 format('BK209 -: the hold %s was offered from the waiting list and is not extended', pg_temp.offer_of(s.session || ' last')),
                 s.session || ': an offer is not extended while others wait') FROM pg_temp.story AS s;
SELECT booking.cancel_booking(pg_temp.id(s.session || ' 3')) FROM pg_temp.story AS s \g /dev/null
SELECT public.is(pg_temp.seats(s.session), '1 1 2', s.session || ': one seat suffices for nobody') FROM pg_temp.story AS s;
SELECT public.is(booking.cancel_reservation(pg_temp.offer_of(s.session || ' last'), pg_temp.token(s.session || ' last')), true, s.session || ': who is offered a seat may decline it') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.list(s.session), format('%1$s pair offered, %1$s one taken, %1$s two waiting 1, %1$s last left', s.session),
                 s.session || ': the next has it together with what was left') FROM pg_temp.story AS s;
SELECT pg_temp.set_clock('2027-03-01 13:01 UTC') \g /dev/null
SELECT public.is(booking.waitlist_status(pg_temp.id(s.session || ' pair'), pg_temp.token(s.session || ' pair')) ->> 'status', 'expired', s.session || ': an offer runs out by the clock') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 2), 'sold_out', s.session || ': case 18, what has run out is not for whoever comes first') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.list(s.session), format('%1$s pair expired, %1$s one taken, %1$s two offered, %1$s last left', s.session),
                 s.session || ': but for the next, at once') FROM pg_temp.story AS s;
-- The walk-in's hold has run out as well.
SELECT public.is(pg_temp.seats(s.session), '1 1 0', s.session || ': nobody waits any more, and the rest is on sale') FROM pg_temp.story AS s;
SELECT pg_temp.sound('the books are sound');
SELECT pg_temp.set_clock('2027-03-01 14:02 UTC') \g /dev/null
SELECT public.is(booking.release_expired_reservations(1), 2, 'the job releases');
SELECT public.is(pg_temp.list(s.session), format('%1$s pair expired, %1$s one taken, %1$s two expired, %1$s last left', s.session), s.session || ': in vain') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.tries(s.session, 3), 'held', s.session || ': then all of it is on sale again') FROM pg_temp.story AS s;
SELECT public.is(pg_temp.news('plain pair'), 'waitlist.joined waitlist.offered waitlist.expired', 'each step is told');
SELECT public.is(pg_temp.news('plain one'), 'waitlist.joined waitlist.offered waitlist.taken', 'each step of each');
SELECT public.is(pg_temp.news('plain last'), 'waitlist.joined waitlist.offered waitlist.left', 'whatever it is');
SELECT public.is((SELECT e.facts - 'offer_until' FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id('plain pair') AND e.kind = 'waitlist.offered'),
                 jsonb_build_object('status', 'offered', 'previous_status', 'waiting', 'party_size', 2, 'reservation_id', pg_temp.offer_of('plain pair')),
                 'with the hold, and without a name');
SELECT public.is((SELECT f.customer_email FROM booking.full_events AS f WHERE f.subject_id = pg_temp.id('plain pair') AND f.event_type = 'waitlist.offered'),
                 'plain-pair@example.org', 'whom to tell is joined for webhooks');
SELECT public.is((SELECT p.body #>> '{client_info,email}' FROM booking.event_payloads AS p
                   WHERE p.event_id = (SELECT e.id FROM booking.booking_events AS e WHERE e.subject_id = pg_temp.id('plain pair') AND e.kind = 'waitlist.offered')),
                 'plain-pair@example.org', 'and is in what they get');
SELECT public.is((SELECT count(*) FROM booking.public_events AS p WHERE p.event_type LIKE 'waitlist.%'), 0::bigint, 'the public is told nothing');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- strict: all wait for the first.
SELECT pg_temp.booked('strict ' || n, 'strict', 1) FROM generate_series(1, 5) AS n \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 3, %L)', pg_temp.id('strict'), 'a@example.org')),
                 format('BK241 -: session %s has 1 seats on sale', pg_temp.id('strict')), 'strict: who would keep from others what is on sale does not wait');
SELECT pg_temp.booked('strict 6', 'strict', 1) \g /dev/null
SELECT public.is(pg_temp.joins('three', 'strict', 3), 1, 'strict: once there is nothing');
SELECT public.is(pg_temp.joins('single', 'strict', 1), 2, 'strict: and the next');
SELECT booking.cancel_booking(pg_temp.id('strict 1')) \g /dev/null
SELECT public.is(pg_temp.list('strict'), 'three waiting 1, single waiting 2', 'strict: one seat waits with the first');
SELECT public.is(pg_temp.seats('strict'), '1 0 2', 'strict: and is not on sale');
SELECT public.is(booking.check_slot_availability(pg_temp.id('strict'), 1), false, 'strict: so says the check');
SELECT public.is_empty(format('SELECT * FROM booking.next_available_sessions(%L, 1, 5) WHERE session_id = %L', pg_temp.id('court'), pg_temp.id('strict')), 'strict: and the search');
SELECT public.is(pg_temp.tries('strict', 1), 'others_are_waiting', 'strict: nobody else has it');
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 1, %L)', pg_temp.id('strict'), 'a@example.org')),
                 format('BK240 -: others wait for seats of session %s and are offered them first', pg_temp.id('strict')), 'strict: and is told why');
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 2)', pg_temp.id('strict 2'))),
                 format('BK201 -: session %s has not enough seats left: 1 are wanted', pg_temp.id('strict')), 'strict: nor does a party grow');
SELECT pg_temp.add_session('court 15', 1, 'court', '2027-03-04 15:00 UTC', 3), pg_temp.booked('elsewhere', 'court 15', 1) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('elsewhere'), pg_temp.id('strict'))),
                 format('BK201 -: session %s has not enough seats left: 1 are wanted', pg_temp.id('strict')), 'strict: nor is anybody moved there');
SELECT pg_temp.sound('the books are sound');
SELECT public.is(pg_temp.joins('fourth', 'strict', 1), 3, 'strict: whoever comes later waits, too');
SELECT public.is(pg_temp.leaves('three'), true, 'strict: the first leaves');
SELECT public.is(pg_temp.list('strict'), 'three left, single offered, fourth waiting 1', 'strict: and the next is first');
SELECT booking.reschedule_booking(pg_temp.id('strict 2'), pg_temp.id('court 15')) \g /dev/null
SELECT public.is(pg_temp.list('strict'), 'three left, single offered, fourth offered', 'who is moved away makes room');
SELECT public.is(pg_temp.leaves('three'), false, 'who has left has left');
SELECT pg_temp.sound('the books are sound');

-- A policy that is changed holds from the next run of the job on; so does what was left behind.
SELECT pg_temp.booked('other court ' || n, 'court 15', 1) FROM generate_series(1, 1) AS n \g /dev/null
SELECT pg_temp.joins('big', 'court 15', 2), pg_temp.joins('small', 'court 15', 1) \g /dev/null
SELECT booking.cancel_booking(pg_temp.id('other court 1')) \g /dev/null
SELECT public.is(pg_temp.list('court 15'), 'big waiting 1, small waiting 2', 'strict: nobody overtakes');
UPDATE booking.activities SET waitlist_policy = 'fit' WHERE id = pg_temp.id('court');
SELECT booking.release_expired_reservations(1) \g /dev/null
SELECT public.is(pg_temp.list('court 15'), 'big waiting 1, small offered', 'fit: now it may');
UPDATE booking.sessions SET capacity_total = 5 WHERE id = pg_temp.id('court 15');
UPDATE booking.session_lanes SET set_aside = 2 WHERE session_id = pg_temp.id('court 15');
SELECT booking.release_expired_reservations(1) \g /dev/null
SELECT public.is(pg_temp.list('court 15'), 'big offered, small offered', 'seats that were left behind are found');
UPDATE booking.activities SET waitlist_policy = 'strict' WHERE id = pg_temp.id('court');
SELECT pg_temp.sound('the books are sound');

-- Capacity, parties, lanes.
SELECT pg_temp.booked('cut ' || n, 'cut', 2) FROM generate_series(1, 2) AS n \g /dev/null
SELECT pg_temp.joins('cut a', 'cut', 2), pg_temp.joins('cut b', 'cut', 1), pg_temp.joins('cut c', 'cut', 2) \g /dev/null
SELECT booking.change_party_size(pg_temp.id('cut 1'), 1) \g /dev/null
SELECT public.is(pg_temp.list('cut'), 'cut a waiting 1, cut b offered, cut c waiting 2', 'a party that shrinks makes room');
SELECT booking.set_session_capacity(pg_temp.id('cut'), 3) \g /dev/null
SELECT public.is(pg_temp.leaves('cut b'), true, 'what was offered is declined by leaving');
SELECT public.is(pg_temp.list('cut'), 'cut a waiting 1, cut b left, cut c waiting 2', 'oversold: what comes back makes up for it first');
SELECT public.is((SELECT concat_ws(' ', c.capacity_total, c.capacity_remaining, c.seats_available, c.oversold_by) FROM booking.set_session_capacity(pg_temp.id('cut'), 8) AS c),
                 '8 1 1 0', 'a capacity that is raised is offered, and the rest is on sale');
SELECT public.is(pg_temp.list('cut'), 'cut a offered, cut b left, cut c offered', 'to all whom it suffices for');
SELECT pg_temp.joins('cut d', 'cut', 4), booking.set_session_lanes(pg_temp.id('cut'), 4) \g /dev/null
SELECT public.is(pg_temp.list('cut'), 'cut a offered, cut b left, cut c offered, cut d waiting 1', 'more lanes give nobody a seat');
SELECT pg_temp.sound('the books are sound');
SELECT public.is(pg_temp.tries('cut', 1), 'held', 'what suffices for nobody is had from many lanes, too');

-- The end of a list: its session begins, is closed, or cancelled by hand.
SELECT pg_temp.booked('soon ' || n, 'soon', 1) FROM generate_series(1, 2) AS n \g /dev/null
SELECT pg_temp.joins('soon a', 'soon', 1), pg_temp.joins('soon b', 'soon', 1) \g /dev/null
SELECT booking.cancel_booking(pg_temp.id('soon 1')) \g /dev/null
SELECT public.is((SELECT w.offer_until FROM booking.waitlist_entries AS w WHERE w.id = pg_temp.id('soon a')), timestamptz '2027-03-01 12:30 UTC',
                 'an offer ends with the beginning of the session');
SELECT pg_temp.set_clock('2027-03-01 12:31 UTC') \g /dev/null
SELECT public.is(booking.waitlist_status(pg_temp.id('soon b'), pg_temp.token('soon b')) - 'entry_id' - 'session_id', '{"status": "closed", "party_size": 1}', 'so does the list, by the clock');
SELECT booking.release_expired_reservations(1) \g /dev/null
SELECT public.is(pg_temp.list('soon'), 'soon a expired, soon b closed', 'and the cascade stops');
SELECT public.is(pg_temp.news('soon b'), 'waitlist.joined waitlist.closed', 'which is told');
SELECT public.is(pg_temp.seats('soon'), '1 1 0', 'nobody waits');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
SELECT pg_temp.booked('ends 1', 'ends', 2), pg_temp.booked('more 1', 'more', 4) \g /dev/null
SELECT pg_temp.joins('ends a', 'ends', 1), pg_temp.joins('more a', 'more', 1) \g /dev/null
SELECT booking.close_session(pg_temp.id('ends'), 'storm') \g /dev/null
UPDATE booking.sessions SET status = 'cancelled' WHERE id = pg_temp.id('more');
SELECT public.is(pg_temp.list('ends'), 'ends a closed', 'closed');
SELECT public.is(pg_temp.list('more'), 'more a closed', 'cancelled by hand');
SELECT booking.cancel_booking(pg_temp.id('ends 1')), booking.open_session(pg_temp.id('ends')) \g /dev/null
SELECT public.is(pg_temp.seats('ends'), '2 2 0', 'opened again, it is on sale');
SELECT public.is(pg_temp.tries('ends', 2), 'held', 'to everybody');
SELECT pg_temp.sound('the books are sound');

-- Money that comes late does not jump the queue; a hold that nobody has released yet is still the customer's.
UPDATE booking.activities SET waitlist_policy = 'strict' WHERE id = pg_temp.id('tour');
SELECT pg_temp.hold('slow', 'late', 1), pg_temp.joins('late a', 'late', 1) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT booking.release_expired_reservations(1) \g /dev/null
SELECT public.is(pg_temp.list('late'), 'late a offered', 'a hold that runs out is offered');
SELECT public.is(left(pg_temp.refused(format('SELECT booking.confirm_reservation(%L)', pg_temp.id('slow'))), 5), 'BK211', 'money that comes late comes too late');
SELECT pg_temp.joins('late b', 'late', 1), pg_temp.set_clock('2027-03-01 13:12 UTC') \g /dev/null
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.offer_of('late a'), pg_temp.token('late a')) AS c), 'confirmed',
                 'an offer that has run out and that nobody has released is taken');
SELECT booking.cancel_booking((SELECT b.id FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.offer_of('late a'))) \g /dev/null
SELECT public.is(pg_temp.list('late'), 'late a taken, late b offered', 'cancelled, it goes to the next');
SELECT pg_temp.set_clock('2027-03-01 14:13 UTC') \g /dev/null
SELECT booking.release_expired_reservations(1) \g /dev/null
SELECT public.is((SELECT c.status FROM booking.confirm_reservation(pg_temp.offer_of('late b')) AS c), 'confirmed', 'late, and there is room');
SELECT public.is(pg_temp.list('late'), 'late a taken, late b taken', 'then it was taken all the same');
SELECT public.is(pg_temp.refused(format('SELECT booking.leave_waitlist(%L, %L)', pg_temp.id('late b'), pg_temp.token('late b'))),
                 'BK207 -: the seats that were offered are booked already', 'and is left by cancelling the booking');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
UPDATE booking.activities SET waitlist_policy = 'fit' WHERE id = pg_temp.id('tour');

-- Where the price is not zero, the offer waits for the payment as every hold does.
SELECT pg_temp.hold('paid 1', 'paid', 1), pg_temp.joins('paid a', 'paid', 1) \g /dev/null
SELECT booking.cancel_reservation(pg_temp.id('paid 1')) \g /dev/null
SELECT public.is(booking.reservation_status(pg_temp.offer_of('paid a'), pg_temp.token('paid a')) ->> 'requires_payment', 'true', 'it has its price');
SELECT public.is(left(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.confirm_reservation(%L, %L)', pg_temp.offer_of('paid a'), pg_temp.token('paid a'))), 5), 'BK210', 'which is due first');

-- Hoarding, and repeated calls.
SELECT pg_temp.booked('other 1', 'other', 4), pg_temp.booked('roles 1', 'roles', 2) \g /dev/null
CREATE TEMPORARY TABLE first AS SELECT * FROM booking.join_waitlist(pg_temp.id('other'), 2, 'Ada@example.org', 'key-0123456789abcdef', 'Ada');
SELECT public.results_eq($$ SELECT * FROM booking.join_waitlist(pg_temp.id('other'), 2, 'Ada@example.org', 'key-0123456789abcdef', 'Ada') $$,
                         'SELECT * FROM pg_temp.first', 'case 19: the same key, the same entry and the same token');
SELECT public.is(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 1, %L, %L, %L)', pg_temp.id('other'), 'Ada@example.org', 'key-0123456789abcdef', 'Ada')),
                 'BK208 -: the idempotency key belongs to another request', 'case 19: and not for another request');
SELECT public.results_eq($$ SELECT * FROM booking.join_waitlist(pg_temp.id('other'), 2, 'ada@EXAMPLE.org') $$,
                         'SELECT f.entry_id, NULL::text, 1 FROM pg_temp.first AS f', 'the same address waits once, and who types it is not told the token');
SELECT public.is(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 1, %L)', pg_temp.id('other'), 'ada@example.org')),
                 'BK243 party_size: this e-mail address waits for the session already', 'nor with two parties');
UPDATE booking.activities SET waitlist_entries_per_email = 1 WHERE id = pg_temp.id('tour');
SELECT public.is(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 1, %L)', pg_temp.id('roles'), 'ADA@example.org')),
                 'BK243 -: this e-mail address is on 1 waiting lists already', 'case 20: one address waits for so many sessions only');
UPDATE booking.activities SET waitlist_policy = 'off' WHERE id = pg_temp.id('tour');
SELECT public.is(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 1, %L)', pg_temp.id('roles'), 'new@example.org')),
                 format('BK242 -: nobody may wait for session %s', pg_temp.id('roles')), 'off: nobody joins');
SELECT booking.cancel_booking(pg_temp.id('other 1')) \g /dev/null
SELECT public.is((SELECT q.status FROM booking.waitlist_queue AS q, pg_temp.first AS f WHERE q.entry_id = f.entry_id), 'offered', 'off: who waits is served');
UPDATE booking.activities SET waitlist_policy = 'fit' WHERE id = pg_temp.id('tour');

-- Bad input.
INSERT INTO pg_temp.named (name, id) VALUES ('unknown', booking.new_id(1)), ('foreign', 'f47ac10b-58cc-4372-a567-0e02b2c3d479');
SELECT pg_temp.add_session(s.name, 1, 'tour', '2027-03-06 09:00 UTC'::timestamptz + s.n * interval '2 hours', 2, s.name) FROM (VALUES ('closed', 1), ('cancelled', 2)) AS s (name, n) \g /dev/null
SELECT public.is(pg_temp.refused(replace(c.statement, '#', COALESCE(pg_temp.id(c.name)::text, '#'))), replace(c.answer, '#', COALESCE(pg_temp.id(c.name)::text, '#')), c.statement)
  FROM (VALUES
    ('roles', 'SELECT booking.join_waitlist(NULL, 1, ''a@b.de'')', 'BK001 session_id: session_id must not be NULL'),
    ('roles', 'SELECT booking.join_waitlist(''#'', NULL, ''a@b.de'')', 'BK001 party_size: party_size must not be NULL'),
    ('roles', 'SELECT booking.join_waitlist(''#'', 1, NULL)', 'BK001 email: email must not be NULL'),
    ('roles', 'SELECT booking.join_waitlist(''#'', 0, ''a@b.de'')', 'BK002 party_size: party size must be positive, got 0'),
    ('roles', 'SELECT booking.join_waitlist(''#'', 3, ''a@b.de'')', 'BK002 party_size: party of 3 cannot be booked here'),
    ('roles', 'SELECT booking.join_waitlist(''#'', 1, ''nobody'')', 'BK003 email: invalid e-mail address of 6 bytes'),
    ('roles', 'SELECT booking.join_waitlist(''#'', 1, ''a@b.de'', ''short'')', 'BK005 idempotency_key: invalid idempotency key of 5 bytes'),
    ('roles', 'SELECT booking.join_waitlist(''#'', 1, ''a@b.de'', NULL, ''  '')', 'BK010 customer_name: invalid customer name of 2 characters'),
    ('unknown', 'SELECT booking.join_waitlist(''#'', 1, ''a@b.de'')', 'BK101 -: no session has the id #'),
    ('foreign', 'SELECT booking.join_waitlist(''#'', 1, ''a@b.de'')', 'BK101 -: no session has the id #'),
    ('past', 'SELECT booking.join_waitlist(''#'', 1, ''a@b.de'')', 'BK202 -: session # started at 2027-03-01 09:00:00+00'),
    ('closed', 'SELECT booking.join_waitlist(''#'', 1, ''a@b.de'')', 'BK203 -: session # is closed for booking'),
    ('cancelled', 'SELECT booking.join_waitlist(''#'', 1, ''a@b.de'')', 'BK204 -: session # was cancelled'),
    ('roles', 'SELECT booking.leave_waitlist(NULL, NULL)', 'BK001 entry_id: entry_id must not be NULL'),
    ('unknown', 'SELECT booking.leave_waitlist(''#'')', 'BK115 -: no entry of a waiting list has the id #'),
    ('foreign', 'SELECT booking.leave_waitlist(''#'', ''x'')', 'BK115 -: no entry of a waiting list has the id #'),
    ('plain pair', 'SELECT booking.leave_waitlist(''#'', ''x'')', 'BK303 -: the waitlist token does not belong to entry #'),
    ('roles', 'SELECT booking.waitlist_status(NULL, ''x'')', 'BK001 entry_id: entry_id must not be NULL'),
    ('plain pair', 'SELECT booking.waitlist_status(''#'', NULL)', 'BK001 waitlist_token: waitlist_token must not be NULL'),
    ('plain pair', 'SELECT booking.waitlist_status(''#'', ''x'')', 'BK303 -: the waitlist token does not belong to entry #'),
    ('unknown', 'SELECT booking.waitlist_status(''#'', ''x'')', 'BK115 -: no entry of a waiting list has the id #'))
    AS c (name, statement, answer);

-- Roles. Visitors act by their token alone; members for their organizations; nobody writes the table.
SELECT pg_temp.joins('roles a', 'roles', 1), pg_temp.joins('roles b', 'roles', 1) \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.leave_waitlist(%L)', pg_temp.id('roles a'))),
                 '42501: permission denied to take somebody off a waiting list without the waitlist token', 'visitors need the token');
SELECT public.is(left(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.leave_waitlist(%L, %L)', pg_temp.id('roles a'), pg_temp.token('roles b'))), 5),
                 'BK303', 'of the entry');
SELECT public.is(left(pg_temp.refused_to(r.role, r.who, r.statement), 5), '42501', format('%s, as %s: %s', r.role, r.who, r.statement))
  FROM (VALUES ('booking_public', NULL, 'SELECT * FROM booking.waitlist_entries'),
               ('booking_public', NULL, 'SELECT * FROM booking.waitlist_queue'),
               ('booking_member', 'owner-1', 'UPDATE booking.waitlist_entries SET status = ''left'''),
               ('booking_service', NULL, 'DELETE FROM booking.waitlist_entries'),
               ('booking_relay', NULL, 'SELECT * FROM booking.waitlist_entries')) AS r (role, who, statement);
SELECT public.is(left(pg_temp.refused_to('booking_member', 'owner-2', format('SELECT booking.leave_waitlist(%L)', pg_temp.id('roles a'))), 5), '42501', 'members of others may not');
INSERT INTO booking.customers (organization_id, id, user_id, email) VALUES (1, booking.new_id(1), 'ada', 'roles-b@example.org');
CREATE FUNCTION pg_temp.seen_by(role text, who text, statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    PERFORM set_config('request.jwt.claims', json_build_object('sub', who)::text, true);
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE statement INTO answer;
    RESET ROLE;
    PERFORM set_config('request.jwt.claims', '', true);
    RETURN answer;
END $$;
SELECT public.is(pg_temp.seen_by('booking_member', 'staff-1', format('SELECT string_agg(q.customer_email, '' '' ORDER BY q.entry_id) FROM booking.waitlist_queue AS q WHERE q.session_id = %L', pg_temp.id('roles'))),
                 'roles-a@example.org roles-b@example.org', 'staff see the list');
SELECT public.is(pg_temp.seen_by('booking_member', 'owner-2', 'SELECT count(*) FROM booking.waitlist_queue'), '0', 'of their organization');
SELECT public.is(pg_temp.seen_by('booking_customer', 'ada', 'SELECT string_agg(w.customer_email, '' '') FROM booking.waitlist_entries AS w'), 'roles-b@example.org', 'customers see their own');
SELECT public.is(pg_temp.seen_by('booking_customer', 'ada', 'SELECT string_agg(e.event_type, '' '') FROM booking.customer_events AS e'), 'waitlist.joined', 'and what happens to it');
SELECT public.is(pg_temp.seen_by('booking_member', 'staff-1', format('SELECT booking.leave_waitlist(%L)', pg_temp.id('roles a'))), 'true', 'staff may take somebody off');
SELECT public.is(pg_temp.seen_by('booking_public', '', format('SELECT booking.waitlist_status(%L, %L) ->> ''position''', pg_temp.id('roles b'), pg_temp.token('roles b'))), '1', 'a visitor sees the own place');
SELECT public.is(pg_temp.seen_by('booking_public', '', format('SELECT booking.leave_waitlist(%L, %L)', pg_temp.id('roles b'), pg_temp.token('roles b'))), 'true', 'and leaves');

-- What integrity_check sees: each is made wrong by hand.
SELECT pg_temp.joins('roles c', 'roles', 1) \g /dev/null
CREATE FUNCTION pg_temp.sees(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    BEGIN
        EXECUTE statement;
        SELECT string_agg(DISTINCT i.invariant, ' ' ORDER BY i.invariant) INTO answer FROM booking.integrity_check() AS i;
        RAISE EXCEPTION USING ERRCODE = 'XX999';
    EXCEPTION WHEN SQLSTATE 'XX999' THEN
        RETURN answer;
    END;
END $$;
SELECT public.is(pg_temp.sees(replace(replace(c.statement, '@c', pg_temp.id('roles c')::text), '@', pg_temp.id('roles')::text)), c.invariant, c.statement)
  FROM (VALUES
    ('UPDATE booking.sessions SET waiting = 2 WHERE id = ''@''', 'waiting_is_counted'),
    ('UPDATE booking.sessions SET kept_for_waitlist = true WHERE waiting = 0', 'waiting_is_counted'),
    ('UPDATE booking.session_lanes SET set_aside = NULL WHERE session_id = ''@''', 'waiting_comes_first'),
    ('UPDATE booking.session_lanes SET set_aside = 1 WHERE session_id = ''@''', 'free_seats_are_offered seats_add_up'),
    ('ALTER TABLE booking.sessions DISABLE TRIGGER sessions_updated; UPDATE booking.sessions SET status = ''closed'' WHERE id = ''@''', 'waiting_has_open_session'),
    ('UPDATE booking.slot_reservations SET waitlist_entry_id = NULL WHERE waitlist_entry_id IS NOT NULL AND status = ''pending''', 'offer_is_held'),
    ('UPDATE booking.waitlist_entries SET status = ''left'', settled_at = now() WHERE status = ''offered''', 'offer_is_held'),
    ('UPDATE booking.slot_reservations SET waitlist_entry_id = booking.new_id(1) WHERE waitlist_entry_id IS NULL AND status = ''expired''', 'offered_hold_has_entry'))
    AS c (statement, invariant);
SELECT public.is(pg_temp.refused('UPDATE booking.waitlist_entries SET status = ''offered'', settled_at = NULL, reservation_id = id, offer_until = now() WHERE status = ''left'' AND reservation_id IS NULL'),
                 'BK212 -: status may not change from "left" to "offered"', 'what has ended does not begin again');
SELECT pg_temp.sound('the books are sound');

-- A party for which the session has become too small keeps nothing from others, also where all wait for the first.
SELECT pg_temp.add_session('shrunk', 1, 'court', '2027-03-05 17:00 UTC', 4) \g /dev/null
SELECT pg_temp.booked('shrunk all', 'shrunk', 4), pg_temp.joins('shrunk four', 'shrunk', 4) \g /dev/null
SELECT booking.set_session_capacity(pg_temp.id('shrunk'), 3), booking.cancel_booking(pg_temp.id('shrunk all')) \g /dev/null
SELECT public.is(pg_temp.seats('shrunk'), '3 3 1', 'strict: what never suffices for the first is on sale');
SELECT public.is(pg_temp.tries('shrunk', 1), 'held', 'strict: and is sold');
SELECT pg_temp.sound('strict: with a first who cannot be served');
SELECT booking.set_session_capacity(pg_temp.id('shrunk'), 4) \g /dev/null
SELECT public.is(pg_temp.tries('shrunk', 1), 'others_are_waiting', 'strict: until it could suffice again');
SELECT pg_temp.sound('strict: and is kept');

SELECT * FROM public.finish();
ROLLBACK;
