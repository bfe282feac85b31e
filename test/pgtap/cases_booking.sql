-- Cases that break naive booking systems, by the numbers of docs/cases.md: those about holds, seats, times and people.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(55);

-- 2, for one backend after the other; side by side in confirm_release.spec.
SELECT pg_temp.hold('raced', 'tour 9', 2) \g /dev/null
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('raced')) \g /dev/null
SELECT public.is(booking.release_expired_reservations(), 0, 'case 2, confirm races release: what was confirmed is not released');
SELECT public.is(pg_temp.seats_left('tour 9'), 2, 'case 2: its seats stay taken');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- 6: caps of extension.
SELECT pg_temp.hold('extended', 'tour 9', 1) \g /dev/null
UPDATE booking.activities SET hold_extensions_max = 1, hold_seconds_max = 1200 WHERE id = pg_temp.id('tour');
SELECT public.is(pg_temp.refused(format('SELECT booking.extend_reservation(%L, NULL, 1201)', pg_temp.id('extended'))),
                 'BK004 -: hold of 1201 seconds is out of range', 'case 6, hold extension: not beyond the cap in all');
SELECT public.lives_ok(format('SELECT booking.extend_reservation(%L)', pg_temp.id('extended')), 'case 6: once');
SELECT public.is(pg_temp.refused(format('SELECT booking.extend_reservation(%L)', pg_temp.id('extended'))),
                 format('BK209 -: the hold %s was extended 1 times already', pg_temp.id('extended')), 'case 6: not more often than allowed');
SELECT pg_temp.set_clock('2027-03-01 12:30 UTC') \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.extend_reservation(%L)', pg_temp.id('extended'))),
                 format('BK205 -: the hold %s ran out at %s', pg_temp.id('extended'),
                        (SELECT r.expires_at FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('extended'))),
                 'case 6: nor once it has run out, released or not');

-- 7: party size, with units that keep their numbers.
SELECT pg_temp.booked('party', 'tour 11', 2) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 5)', pg_temp.id('party'))),
                 'BK002 party_size: party of 5 cannot be booked here', 'case 7, party size: not more than there is');
SELECT public.is((SELECT concat_ws(' ', c.seats, c.booking_number = b.booking_number)
                    FROM booking.change_party_size(pg_temp.id('party'), 4) AS c JOIN booking.bookings AS b ON b.id = c.id), '4 t', 'case 7: it grows');
SELECT public.is(pg_temp.seats_left('tour 11'), 0, 'case 7: by seats that are taken');
SELECT booking.check_in(pg_temp.id('party'), 2, 'scan-2') \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 1)', pg_temp.id('party'))),
                 format('BK221 -: booking %s is checked_in and cannot be changed', pg_temp.id('party')), 'case 7: not under those who are in');
SELECT booking.undo_check_in(pg_temp.id('party')) \g /dev/null
SELECT booking.change_party_size(pg_temp.id('party'), 2) \g /dev/null
SELECT public.is(pg_temp.seats_left('tour 11'), 2, 'case 7: shrinking gives them back at once');

-- 8: reschedule, also into the same session; both sessions change or none does.
SELECT pg_temp.booked('full', 'tour 9', 2) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('party'), pg_temp.id('tour 9'))),
                 format('BK201 -: session %s has not enough seats left: 2 are wanted', pg_temp.id('tour 9')), 'case 8, reschedule: into a full session nothing changes');
SELECT booking.cancel_booking(pg_temp.id('full')) \g /dev/null
SELECT booking.reschedule_booking(pg_temp.id('party'), pg_temp.id('tour 9')) \g /dev/null
SELECT public.is(concat(pg_temp.seats_left('tour 9'), pg_temp.seats_left('tour 11')), '04', 'case 8: the old place is free in the same moment');
SELECT public.is((SELECT row(r.version, r.session_id)::text FROM booking.reschedule_booking(pg_temp.id('party'), pg_temp.id('tour 9')) AS r),
                 (SELECT row(b.version, b.session_id)::text FROM booking.bookings AS b WHERE b.id = pg_temp.id('party')), 'case 8: where it is already it stays');

-- 9: the terms of the purchase.
UPDATE booking.activities SET cancel_cutoff_seconds = 3600, cancel_refund_percent = 50 WHERE id = pg_temp.id('massage');
SELECT pg_temp.booked('terms', 'massage 9', 2) \g /dev/null
UPDATE booking.activities SET cancel_cutoff_seconds = 864000, cancel_refund_percent = 0 WHERE id = pg_temp.id('massage');
SELECT public.is((SELECT concat_ws(' ', p.cutoff_at, p.refund_percent, p.seat_price_minor) FROM booking.booking_policies AS p WHERE p.booking_id = pg_temp.id('terms')),
                 '2027-03-03 08:00:00+00 50 2500', 'case 9, cancel cutoff: later terms do not apply backwards');
SELECT pg_temp.set_clock('2027-03-03 08:30 UTC') \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.reschedule_booking(%L, %L, booking_token => %L)',
                                    pg_temp.id('terms'), pg_temp.id('massage 9'), pg_temp.token('terms'))), 'was not refused', 'case 9: what changes nothing is free');
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.change_party_size(%L, 1, booking_token => %L)',
                                    pg_temp.id('terms'), pg_temp.token('terms'))),
                 'BK220: it was possible to change the booking until 2027-03-03 08:00:00+00', 'case 9: after the cutoff the customer may not');
SELECT public.is((SELECT concat_ws(' ', c.status, c.refund_due_minor) FROM booking.cancel_booking(pg_temp.id('terms'), refund => 'full', override => true) AS c),
                 'cancelled 5000', 'case 9: staff may, in full');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- 10: the night in which an hour is missing, and the one in which it comes twice. 11: past midnight.
CREATE FUNCTION pg_temp.made(new_name text, start_time text, end_time text, venue text, day date) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_temp.named (name, id) VALUES (new_name, booking.new_id(booking.organization_of(pg_temp.id(venue))));
    INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity)
    SELECT booking.organization_of(n.id), n.id, pg_temp.id(venue), new_name, jsonb_build_object('operatingDays', jsonb_build_array(to_char(day, 'FMDay')),
           'startTime', start_time, 'endTime', end_time, 'slotInterval', 60), 4 FROM pg_temp.named AS n WHERE n.name = new_name;
    PERFORM booking.generate_activity_sessions(pg_temp.id(new_name), day, 1);
    RETURN (SELECT string_agg(to_char(s.start_time, 'DD HH24:MI') || to_char(s.local_date, ' (DD)'), ', ' ORDER BY s.start_time)
              FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id(new_name));
END $$;
SELECT public.is(pg_temp.made('gap', '01:00', '04:00', 'venue', '2027-03-28'), '28 00:00 (28), 28 01:00 (28)', 'case 10, DST: the hour that is missing has no session');
SELECT public.is(pg_temp.made('overlap', '01:00', '04:00', 'venue', '2027-10-31'), '30 23:00 (31), 31 00:00 (31), 31 02:00 (31)',
                 'case 10: the hour that comes twice has one, the first');
SELECT public.is(pg_temp.made('night', '22:00', '01:00', 'venue', '2027-06-05'), '05 20:00 (05), 05 21:00 (05), 05 22:00 (05)',
                 'case 11, past midnight: the sessions belong to the day they begin on');

-- 12: a schedule that is edited leaves sessions alone that were made, sold or not.
SELECT pg_temp.add_session('sold', 1, 'tour', '2027-03-08 08:00 UTC', 4) \g /dev/null
SELECT pg_temp.booked('keeps', 'sold', 1) \g /dev/null
UPDATE booking.activities SET schedule = schedule || '{"startTime": "15:00", "endTime": "16:00"}' WHERE id = pg_temp.id('tour');
SELECT booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-08', 1) \g /dev/null
SELECT public.results_eq($$ SELECT s.start_time FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id('tour') AND s.local_date = '2027-03-08' ORDER BY 1 $$,
                         $$ VALUES (timestamptz '2027-03-08 08:00+00'), ('2027-03-08 14:00+00') $$,
                         'case 12, schedule edited: what was made stays, what is made from now on follows it');
SELECT public.throws_ok(format('DELETE FROM booking.activities WHERE id = %L', pg_temp.id('tour')), '23503', NULL, 'case 12: and what has sessions is not deleted');

-- 13: capacity cut below sold; the whole story is in session_changes.sql.
SELECT public.is((SELECT concat_ws(' ', c.capacity_remaining, c.oversold_by) FROM booking.set_session_capacity(pg_temp.id('tour 9'), 1) AS c), '0 3',
                 'case 13, capacity cut below sold: never fails, and says by how much');
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('tour 9'), 1, 'x@example.org') AS t), 'sold_out', 'case 13: nothing more is sold');
SELECT booking.cancel_booking(pg_temp.id('party')) \g /dev/null
SELECT public.is((SELECT concat_ws(' ', s.capacity_remaining, s.oversold_by) FROM booking.activity_sessions AS s WHERE s.id = pg_temp.id('tour 9')), '0 1',
                 'case 13: what comes back makes up for it first');

-- 14: another time zone of the venue is for sessions to come.
UPDATE booking.venues SET timezone = 'America/New_York' WHERE id = pg_temp.id('venue');
SELECT booking.generate_activity_sessions(pg_temp.id('tour'), '2027-03-08', 8) \g /dev/null
SELECT public.results_eq($$ SELECT s.start_time, s.timezone FROM booking.sessions AS s WHERE s.activity_id = pg_temp.id('tour') AND s.local_date >= '2027-03-08' ORDER BY 1 $$,
    $$ VALUES (timestamptz '2027-03-08 08:00+00', 'UTC'), ('2027-03-08 14:00+00', 'Europe/Berlin'), ('2027-03-08 20:00+00', 'America/New_York'),
              ('2027-03-15 19:00+00', 'America/New_York') $$, 'case 14, venue''s zone changed: each session keeps the zone it was made in');
SELECT public.is((SELECT b.scheduled_start FROM booking.bookings AS b WHERE b.id = pg_temp.id('keeps')), '2027-03-08 08:00 UTC', 'case 14: no booking moves');

-- 23: numbers for people, tokens for access.
SELECT pg_temp.hold('number ' || n, 'hike 9', 1) FROM generate_series(1, 3) AS n \g /dev/null
SELECT booking.confirm_reservation(pg_temp.id('number ' || n)) FROM generate_series(1, 3) AS n \g /dev/null
SELECT public.ok(bool_and(b.booking_number ~ '^[ACDEFGHJKMNPQRTVWXY34679]{8}$'), 'case 23, booking numbers: short, without letters that look alike') FROM booking.bookings AS b;
SELECT public.is(count(DISTINCT b.booking_number), count(*), 'case 23: none twice') FROM booking.bookings AS b;
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.cancel_booking(%L, booking_token => %L)', b.id, b.booking_number)),
                 format('BK302: the booking token does not belong to booking %s', b.id), 'case 23: they grant nothing')
  FROM booking.bookings AS b WHERE b.reservation_id = pg_temp.id('number 1');
SELECT public.is((SELECT count(*) FROM booking.slot_reservations AS r WHERE r.token_hash = convert_to(pg_temp.token('number 1'), 'UTF8')
                     OR r::text LIKE '%' || pg_temp.token('number 1') || '%'), 0::bigint, 'case 23: of the token there is only a hash');

-- 24: who came, unit by unit; the whole story is in check_in.sql.
SELECT pg_temp.booked('group', 'tour 11', 3) \g /dev/null
CREATE FUNCTION pg_temp.after(call text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE 'SELECT concat_ws('' '', c.status, c.booked, c.checked_in, c.checked_out, c.no_show) FROM ' || call || ' AS c' INTO answer;
    RETURN answer;
END $$;
SELECT public.is(pg_temp.after(format('booking.check_in(%L, 1, ''scan-1'')', pg_temp.id('group'))), 'checked_in 2 1 0 0', 'case 24, partial check-in: one of three is in');
SELECT public.is(pg_temp.after(format('booking.check_in(%L, 1, ''scan-1'')', pg_temp.id('group'))), 'checked_in 2 1 0 0', 'case 24: the same scan again changes nothing');
SELECT public.is(pg_temp.refused(format('SELECT booking.check_in(%L, 1, ''scan-2'')', pg_temp.id('group'))),
                 format('BK226 -: booking %s was scanned before, by another scan', pg_temp.id('group')), 'case 24: a copied ticket is refused');
SELECT public.is(pg_temp.refused(format('SELECT booking.mark_no_show(%L, 2)', pg_temp.id('group'))),
                 format('BK221 -: booking %s only begins at 2027-03-03 11:00:00+00, so nobody is missing yet', pg_temp.id('group')), 'case 24: nobody is missing before it begins');
SELECT pg_temp.set_clock('2027-03-03 11:30 UTC') \g /dev/null
SELECT public.is(pg_temp.after(format('booking.check_out(%L, 1)', pg_temp.id('group'))), 'checked_in 2 0 1 0', 'case 24: one has left');
SELECT public.is(pg_temp.after(format('booking.mark_no_show(%L)', pg_temp.id('group'))), 'checked_out 0 0 1 2', 'case 24, no-show: the others did not come');
SELECT public.is(pg_temp.after(format('booking.undo_no_show(%L, 2)', pg_temp.id('group'))), 'checked_in 1 0 1 1', 'case 24: which is reversible');
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- 26: seats in several lanes are found before anybody is told that there are none.
SELECT pg_temp.add_session('scattered', 1, 'tour', '2027-03-05 09:00 UTC', 9) \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('scattered'), 3) \g /dev/null
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('scattered'), 9, 'all@example.org') AS t), 'held',
                 'case 26, false sold-out: seats are gathered from all lanes');

-- 27: one take for all: whatever sells, a closed or full session is refused in the same statement that takes.
SELECT pg_temp.booked('elsewhere', 'tour 11', 1) \g /dev/null
SELECT public.is(pg_temp.refused(format(c.statement, pg_temp.id(c.subject), pg_temp.id('scattered'))), c.answer, 'case 27, check and write are one: ' || c.what)
  FROM (VALUES ('SELECT booking.reschedule_booking(%L, %L)', 'elsewhere', format('BK201 -: session %s has not enough seats left: 1 are wanted', pg_temp.id('scattered')), 'reschedule'),
               ('SELECT booking.reserve_slot(%2$L, 1, ''x@example.org'')', 'elsewhere', format('BK201 -: session %s has not enough seats left for a party of 1', pg_temp.id('scattered')), 'reserve'))
    AS c (statement, subject, answer, what);
SELECT public.throws_ok(format('UPDATE booking.session_lanes SET remaining = -1 WHERE session_id = %L', pg_temp.id('scattered')), '23514', NULL,
                        'case 27: and the table itself allows no less than nothing');

-- 28: who waits, waits for a time, and who finds it sold out does not wait at all (isolation specs; test_locks.py).
SELECT public.is(current_setting('pg_booking.lock_timeout'), '3s', 'case 28, lock waits: bounded');

-- 30: the check before is advice; what counts is the booking.
SELECT public.is(booking.check_slot_availability(pg_temp.id('court 9'), 4), true, 'case 30, the check before lies: there is room');
SELECT pg_temp.hold('first', 'court 9', 1) \g /dev/null
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('court 9'), 4, 'x@example.org') AS t), 'sold_out', 'case 30: the booking decides');
SELECT public.is((SELECT r.expires_at - r.created_at FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id('first')), interval '10 minutes',
                 'case 30: and times are the server''s');

-- 18: who waits is next, and nobody snatches the seat (waitlist.sql has all of it).
SELECT pg_temp.add_session('wanted', 1, 'tour', '2027-03-06 09:00 UTC', 1), pg_temp.add_session('rationed', 1, 'court', '2027-03-06 09:00 UTC', 10) \g /dev/null
UPDATE booking.activities SET waitlist_entries_per_email = 1 WHERE id = pg_temp.id('tour');
SELECT pg_temp.booked('lucky', 'wanted', 1) \g /dev/null
SELECT booking.join_waitlist(pg_temp.id('wanted'), 1, 'patient@example.org') \g /dev/null
SELECT booking.cancel_booking(pg_temp.id('lucky')) \g /dev/null
SELECT public.is((SELECT format('%s for %s', r.status, r.customer_email) FROM booking.slot_reservations AS r WHERE r.session_id = pg_temp.id('wanted') AND r.waitlist_entry_id IS NOT NULL),
                 'pending for patient@example.org', 'case 18, waiting list: a seat that comes back is held for who waits');
SELECT public.is((SELECT t.outcome FROM booking.try_reserve_slot(pg_temp.id('wanted'), 1, 'x@example.org') AS t), 'sold_out', 'case 18: and not to be had by others');

-- 19: a key and its request.
SELECT public.is((SELECT count(DISTINCT r::text) FROM generate_series(1, 3) AS n, booking.reserve_slot(pg_temp.id('rationed'), 1 + 0 * n, 'key@example.org', 'key-0123456789abcdef') AS r),
                 1::bigint, 'case 19, idempotency keys: the same answer again, the token included');
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 2, ''key@example.org'', ''key-0123456789abcdef'')', pg_temp.id('rationed'))),
                 'BK208 -: the idempotency key belongs to another request', 'case 19: not for another request');

-- 20: what one address may have, and what of a session may be unpaid.
UPDATE booking.activities SET live_holds_per_email = 2, unpaid_percent_max = 40 WHERE id = pg_temp.id('court');
SELECT pg_temp.hold('hoard ' || n, 'rationed', 1, 'hoard@example.org') FROM generate_series(1, 2) AS n \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 1, ''HOARD@example.org'')', pg_temp.id('rationed'))),
                 'BK213 -: this e-mail address has 2 live holds already', 'case 20, hoarding: so many holds for an address');
SELECT public.is(left(pg_temp.refused(format('SELECT booking.reserve_slot(%L, 3, ''other@example.org'')', pg_temp.id('rationed'))), 5), 'BK214',
                 'case 20: so much of a session unpaid');
SELECT public.is(left(pg_temp.refused(format('SELECT booking.join_waitlist(%L, 1, ''patient@example.org'')', pg_temp.id('tour 11'))), 5), 'BK243',
                 'case 20: so many waiting lists for an address');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT * FROM public.finish();
ROLLBACK;
