-- Bookings that consist of units: tickets and their codes, other units, some of them cancelled, and what becomes of the
-- money.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/units.sql
SELECT public.plan(137);

CREATE FUNCTION pg_temp.changed(name text, units jsonb, arguments text DEFAULT '') RETURNS text VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', c.seats, c.amount_cents, c.payment_status, c.refund_status,'
                   '                 c.refund_due_minor, c.amount_due_minor, c.version)'
                   '  FROM booking.change_units(%L, %L%s) AS c', pg_temp.id(name), pg_temp.items(units), arguments)
       INTO answer;
    RETURN answer;
END $$;
CREATE FUNCTION pg_temp.dropped(name text, units integer[], arguments text DEFAULT '') RETURNS text VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', c.seats, c.amount_cents, c.payment_status, c.refund_status,'
                   '                 c.refund_due_minor, c.amount_due_minor, c.version)'
                   '  FROM booking.cancel_units(%L, %L%s) AS c', pg_temp.id(name), units, arguments)
       INTO answer;
    RETURN answer;
END $$;

-- Confirmed: a ticket for each.
SELECT pg_temp.booked_units('ann', 'cruise 9', '{"adult": 2, "child": 1, "infant": 1}') \g /dev/null
SELECT public.is(pg_temp.tickets('ann'),
                 '3 seats for 7500: 1 adult booked, 2 adult booked, 3 child booked, 4 infant booked', 'a ticket each');
SELECT public.is((SELECT array_agg(u.price_minor ORDER BY u.unit) FROM booking.booking_units AS u WHERE u.booking_id = pg_temp.id('ann')),
                 '{3000,3000,1500,0}', 'with its share of the price');
SELECT public.is((SELECT b.seat_price_minor FROM booking.bookings AS b WHERE b.id = pg_temp.id('ann')), NULL, 'and none by the seat');
SELECT public.is((SELECT e.facts -> 'units' FROM booking.booking_events AS e
                   WHERE e.kind = 'booking.created' AND e.booking_id = pg_temp.id('ann')),
                 '{"adult": 2, "child": 1, "infant": 1}', 'the event says how many');
CREATE TEMPORARY TABLE then_ AS SELECT pg_temp.all_books() AS books;
SELECT booking.confirm_reservation(pg_temp.id('ann hold')) \g /dev/null
SELECT public.is((SELECT pg_temp.all_books()), (SELECT t.books FROM pg_temp.then_ AS t), 'confirmed again, nothing happens');
SELECT pg_temp.booked('plain', 'tour 9', 2) \g /dev/null
SELECT public.is((SELECT e.facts ? 'units' FROM booking.booking_events AS e
                   WHERE e.kind = 'booking.created' AND e.booking_id = pg_temp.id('plain')), false, 'seats are not units');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');

-- Codes: for the holder of the token always the same, for others once.
CREATE TEMPORARY TABLE codes (who text, unit integer, code text);
CREATE FUNCTION pg_temp.issued(who_for text, name text, token text, renew boolean DEFAULT false) RETURNS text VOLATILE
    LANGUAGE sql AS $$
    WITH issued AS (INSERT INTO pg_temp.codes SELECT who_for, t.unit, t.ticket_code
                      FROM booking.issue_tickets(pg_temp.id(name), token, renew) AS t RETURNING unit, code)
    SELECT string_agg(format('%s%s', i.unit, CASE WHEN i.code IS NULL THEN '-' ELSE '+' END), ' ' ORDER BY i.unit) FROM issued AS i $$;
CREATE FUNCTION pg_temp.same_codes(a text, b text) RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT bool_and(x.code = y.code) FROM pg_temp.codes AS x JOIN pg_temp.codes AS y ON y.unit = x.unit AND y.who = b WHERE x.who = a $$;
GRANT ALL ON pg_temp.codes TO PUBLIC;
SET LOCAL ROLE booking_public;
SELECT public.is(pg_temp.issued('first', 'ann', pg_temp.token('ann')), '1+ 2+ 3+ 4+', 'the holder gets them');
SELECT public.is(pg_temp.issued('again', 'ann', pg_temp.token('ann')), '1+ 2+ 3+ 4+', 'and again');
RESET ROLE;
SELECT public.ok(pg_temp.same_codes('first', 'again'), 'the same');
SELECT public.ok((SELECT count(DISTINCT c.code) = 4 AND bool_and(c.code ~ '^[A-Za-z0-9_-]{43}\.1$') FROM pg_temp.codes AS c), 'each its own');
SELECT public.is((SELECT count(*)::integer FROM booking.booking_units AS u JOIN pg_temp.codes AS c
                      ON u::text LIKE '%' || split_part(c.code, '.', 1) || '%'), 0, 'no code is stored');
SELECT public.is(pg_temp.issued('staff', 'ann', NULL), '1- 2- 3- 4-', 'staff cannot see them');
SELECT public.is((SELECT string_agg(format('%s %s %s', t.title, t.price_minor, t.pax_count), ', ' ORDER BY t.unit)
                    FROM booking.issue_tickets(pg_temp.id('ann')) AS t), 'Adult 3000 1, Adult 3000 1, Child 1500 1, Infant 0 0', 'what they are for');
SELECT public.is(pg_temp.issued('renewed', 'ann', NULL, true), '1+ 2+ 3+ 4+', 'but make new ones');
SELECT public.is(pg_temp.issued('lost', 'ann', pg_temp.token('ann')), '1- 2- 3- 4-', 'which the holder has not');
SELECT public.is(pg_temp.issued('back', 'ann', pg_temp.token('ann'), true), '1+ 2+ 3+ 4+', 'until he makes his own');
SELECT public.ok(NOT pg_temp.same_codes('first', 'back'), 'which are new');
SELECT public.is(pg_temp.issued('seats', 'plain', pg_temp.token('plain')), '1+ 2+', 'seats have tickets too');
SELECT public.is(pg_temp.refused(format('SELECT * FROM booking.issue_tickets(%L%s)', c.id, c.more)), replace(c.answer, '@', COALESCE(c.id::text, '@')), c.what)
  FROM (VALUES (pg_temp.id('ann'), ', ''wrong''', 'BK302 booking_token: the booking token does not belong to booking @', 'a wrong token'),
               (pg_temp.id('ann'), ', NULL, NULL', 'BK001 renew: renew must not be NULL', 'neither yes nor no'),
               (booking.new_id(1), '', 'BK104 -: no booking has the id @', 'no booking'),
               (NULL, '', 'BK001 booking_id: booking_id must not be NULL', 'no id')) AS c (id, more, answer, what);
SELECT public.is(pg_temp.refused_to(c.role, c.who, format('SELECT booking.issue_tickets(%L)', pg_temp.id('ann'))), replace(c.answer, '@', pg_temp.id('ann')::text), c.what)
  FROM (VALUES ('booking_public', NULL, 'BK310: permission denied to act on a booking without its booking token', 'a visitor'),
               ('booking_member', 'owner-2', 'BK104: no booking has the id @', 'another organization'),
               ('booking_member', 'staff-1', 'was not refused', 'staff')) AS c (role, who, answer, what);

-- Scanned.
CREATE FUNCTION pg_temp.code(who_for text, wanted integer) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT c.code FROM pg_temp.codes AS c WHERE c.who = who_for AND c.unit = wanted $$;
CREATE FUNCTION pg_temp.scanned(code text, arguments text DEFAULT '') RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', s.unit, s.unit_code, s.status, s.booked, s.checked_in, s.checked_out, s.no_show, s.version)'
                   '  FROM booking.scan_ticket(%L%s) AS s', code, arguments) INTO answer;
    RETURN answer;
END $$;
SELECT public.is(pg_temp.scanned(pg_temp.code('back', 3), ', ''check_in'', ''gate'''), '3 child checked_in 3 1 0 0 2', 'the child is in');
SELECT public.is(pg_temp.scanned(pg_temp.code('back', 3), ', ''check_in'', ''gate'''), '3 child checked_in 3 1 0 0 2', 'once');
SELECT public.is(pg_temp.scanned(pg_temp.code('back', 3), ', ''check_out'''), '3 child checked_in 3 0 1 0 3', 'and out');
SELECT public.is(pg_temp.scanned(pg_temp.code('seats', 2)), '2 checked_in 1 1 0 0 2', 'a seat has no unit');
SELECT public.is(pg_temp.refused(format('SELECT booking.scan_ticket(%L%s)', c.code, c.more)), c.answer, c.what)
  FROM (VALUES (pg_temp.code('first', 1), '', 'BK265 ticket_code: no ticket has this code', 'one that was replaced'),
               ('x', '', 'BK265 ticket_code: no ticket has this code', 'no code'),
               (left(pg_temp.code('back', 1), 44) || '2', '', 'BK265 ticket_code: no ticket has this code', 'another organization''s'),
               (NULL, '', 'BK001 ticket_code: ticket_code must not be NULL', 'nothing'),
               (pg_temp.code('back', 1), ', NULL', 'BK001 action: action must not be NULL', 'no action'),
               (pg_temp.code('back', 1), ', ''eject''', 'BK019 action: action must be check_in or check_out, got "eject"', 'another action'),
               (pg_temp.code('back', 1), ', ''check_in'', '' ''', 'BK019 scan_nonce: scan_nonce must be 1 to 255 printable ASCII characters', 'no nonce'),
               (pg_temp.code('back', 1), ', ''check_out''', 'BK221 -: what was asked for is not possible with a unit that is booked', 'out before in'))
    AS c (code, more, answer, what);
SELECT public.is(pg_temp.refused_to('booking_member', 'owner-2', format('SELECT booking.scan_ticket(%L)', pg_temp.code('back', 1))),
                 format('BK104: no booking has the id %s', pg_temp.id('ann')), 'staff of another organization');
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.scan_ticket(%L)', pg_temp.code('back', 1))),
                 '42501: permission denied for function scan_ticket', 'a visitor');
SELECT public.is(pg_temp.refused(format('SELECT booking.check_in(%L, 5)', pg_temp.id('ann'))),
                 format('BK018 unit: booking %s has units 1 to 4, not 5', pg_temp.id('ann')), 'no fifth');
SELECT public.is((SELECT concat_ws(' ', c.status, c.booked, c.checked_in, c.checked_out) FROM booking.check_in(pg_temp.id('ann')) AS c),
                 'checked_in 0 3 1', 'all that are left');
SELECT public.is(pg_temp.refused(format('SELECT booking.change_units(%L, %L)', pg_temp.id('ann'), pg_temp.items('{"adult": 1}'))),
                 format('BK221 -: booking %s is checked_in and cannot be changed', pg_temp.id('ann')), 'who is here does not change');

-- Other units. What stays keeps its price, what is added costs what it costs now, and half of what is given up is kept.
SELECT pg_temp.booked_units('bob', 'cruise 9', '{"adult": 2, "child": 1}') \g /dev/null
SELECT pg_temp.paid('bob', 7500) \g /dev/null
UPDATE booking.activity_units SET price_minor = price_minor + 500;
SELECT pg_temp.issued('bob', 'bob', pg_temp.token('bob')) \g /dev/null
SELECT public.is(pg_temp.changed('bob', '{"adult": 3, "child": 1}', ', 1'), '4 11000 paid none 0 3500 2', 'another adult, at its price of now');
SELECT public.is(pg_temp.tickets('bob'), '4 seats for 11000: 1 adult booked, 2 adult booked, 3 child booked, 4 adult booked', 'has a ticket');
SELECT public.is((SELECT pg_temp.composition(b.unit_items) FROM booking.bookings AS b WHERE b.id = pg_temp.id('bob')),
                 '2 adult 3000x1, 1 adult 3500x1, 1 child 1500x1', 'and a line of its own');
SELECT public.is((SELECT e.facts FROM booking.booking_events AS e
                   WHERE e.kind = 'booking.updated' AND e.booking_id = pg_temp.id('bob')),
                 '{"units": {"adult": 3, "child": 1}, "party_size": 4, "amount_cents": 11000}', 'it is told');
SELECT public.is((SELECT jsonb_array_length(c.changes #> '{unit_items,1}') FROM booking.booking_changes AS c
                   WHERE c.booking_id = pg_temp.id('bob') ORDER BY c.id DESC LIMIT 1), 3, 'and on record');
SELECT public.is(pg_temp.changed('bob', '{"adult": 3, "child": 1}', ', 1'), '4 11000 paid none 0 3500 2', 'repeated, the same');
SELECT public.is(pg_temp.changed('bob', '{"adult": 2, "child": 1}'), '3 7500 paid none 0 0 3', 'what was not paid goes for nothing');
SELECT public.is(pg_temp.changed('bob', '{"adult": 3, "child": 1}'), '4 11000 paid none 0 3500 4', 'once more');
SELECT public.is(pg_temp.changed('bob', '{"adult": 1, "child": 1, "infant": 1}'), '2 6250 paid due 1250 0 6',
                 'fewer, and one that is new: of what is paid and costs less, half goes back');
SELECT public.is(pg_temp.dues('bob'), 'due 1250', 'so says the ledger');
SELECT public.is(pg_temp.tickets('bob'), '2 seats for 6250: 1 adult booked, 2 adult cancelled, 3 child booked, 4 adult cancelled, 5 infant booked',
                 'the last ones go, and stay on record for what is kept');
SELECT public.is(pg_temp.issued('bob later', 'bob', pg_temp.token('bob')), '1+ 3+ 5+', 'who stays');
SELECT public.is((SELECT a.code = b.code FROM pg_temp.codes AS a, pg_temp.codes AS b WHERE (a.who, a.unit, b.who, b.unit) = ('bob', 1, 'bob later', 1)),
                 true, 'keeps the ticket');
SELECT public.is(pg_temp.changed('bob', '{"adult": 2, "child": 1}'), '3 9250 paid none 0 1750 8', 'instead of the infant an adult');
SELECT public.is(pg_temp.seats_left('cruise 9'), 4, 'with their seats');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');

-- Whoever makes it less and cancels then gets no more than who cancels at once, unless staff say so.
SELECT pg_temp.add_session('cruise 20', 1, 'cruise', '2027-03-05 20:00 UTC', 30) \g /dev/null
SELECT pg_temp.booked_units(n, 'cruise 20', '{"adult": 5}'), pg_temp.paid(n, 17500, n) FROM unnest(ARRAY['at once', 'in two', 'by staff']) AS n \g /dev/null
SELECT public.is((SELECT c.refund_due_minor FROM booking.cancel_booking(pg_temp.id('at once')) AS c), 8750::bigint, 'all at once');
SET LOCAL ROLE booking_public;
SELECT public.is(pg_temp.changed('in two', '{"adult": 1}', format(', booking_token => %L', pg_temp.token('in two'))), '1 10500 paid due 7000 0 3', 'four of five');
RESET ROLE;
SELECT public.is((SELECT c.refund_due_minor FROM booking.cancel_booking(pg_temp.id('in two')) AS c), 8750::bigint, 'and the fifth');
SELECT public.is(pg_temp.changed('by staff', '{"adult": 4}', ', NULL, NULL, ''full'''), '4 14000 paid due 3500 0 3', 'staff give all of it back');
SELECT public.is(pg_temp.changed('by staff', '{"adult": 3}', ', refund => ''none'''), '3 14000 paid due 3500 0 4', 'or nothing');
SELECT public.is((SELECT concat_ws(' ', c.seats, c.amount_cents) FROM booking.change_party_size(pg_temp.id('by staff'), 2, refund => 'partial', amount_minor => 3000) AS c),
                 '2 11000', 'or a part');
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.change_units(%L, %L, NULL, %L, ''full'')', pg_temp.id('by staff'), '[{"unit": "adult"}]', pg_temp.token('by staff'))),
                 'BK311: only staff decide on a refund or ignore the cutoff', 'which is not for customers');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');
SELECT pg_temp.booked('number', 'cruise 14', 2) \g /dev/null
SELECT public.is((SELECT concat_ws(' ', c.seats, c.amount_cents) FROM booking.change_party_size(pg_temp.id('number'), 3) AS c), '3 10500', 'a number is enough where there is one unit');
SELECT public.is(pg_temp.tickets('number'), '3 seats for 10500: 1 adult booked, 2 adult booked, 3 adult booked', 'with tickets');
SELECT public.is(pg_temp.refused(c.call), c.answer, c.what)
  FROM (VALUES
    (format('SELECT booking.change_party_size(%L, 2)', pg_temp.id('bob')), format('BK221 -: booking %s is of several units, for which a number says too little', pg_temp.id('bob')), 'a number of several'),
    (format('SELECT booking.change_party_size(%L, 7)', pg_temp.id('number')), 'BK262 unit_items: 7 of unit "adult" cannot be booked at once', 'too large a number'),
    (format('SELECT booking.change_units(%L, %L)', pg_temp.id('plain'), '[{"unit": "adult"}]'), format('BK221 -: booking %s is checked_in and cannot be changed', pg_temp.id('plain')), 'seats'),
    (format('SELECT booking.change_units(%L, %L)', pg_temp.id('bob'), '[{"unit": "child"}]'), 'BK263 unit_items: unit "child" cannot be booked without unit adult or senior', 'a child alone'),
    (format('SELECT booking.change_units(%L, %L)', pg_temp.id('bob'), '[{"unit": "student"}]'), 'BK261 unit_items: the activity no longer sells unit "student"', 'what is not sold'),
    (format('SELECT booking.change_units(%L, %L)', pg_temp.id('bob'), '[{"unit": "family", "quantity": 2}]'), format('BK201 -: session %s has not enough seats left: 5 are wanted', pg_temp.id('cruise 9')), 'too many'),
    (format('SELECT booking.change_units(%L, %L)', pg_temp.id('bob'), '[{"unit": "family", "quantity": 3}]'), 'BK002 party_size: party of 12 cannot be booked here', 'more than the session'),
    (format('SELECT booking.change_units(%L, %L, 1)', pg_temp.id('bob'), '[{"unit": "adult"}]'), format('BK222 expected_version: booking %s has version 8, not 1', pg_temp.id('bob')), 'a stale version'),
    (format('SELECT booking.change_units(%L, %L, booking_token => %L)', pg_temp.id('bob'), '[{"unit": "adult"}]', pg_temp.token('ann')), format('BK302 booking_token: the booking token does not belong to booking %s', pg_temp.id('bob')), 'a wrong token'),
    (format('SELECT booking.change_units(%L, NULL)', pg_temp.id('bob')), 'BK001 unit_items: unit_items must not be NULL', 'nothing'),
    (format('SELECT booking.change_units(NULL, %L)', '[{"unit": "adult"}]'), 'BK001 booking_id: booking_id must not be NULL', 'no id'),
    (format('SELECT booking.change_units(%L, 7::text::jsonb)', pg_temp.id('bob')), 'BK260 unit_items: unit_items must be a list', 'no list')) AS c (call, answer, what);
SELECT pg_temp.booked('seats', 'tour 9', 2) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.change_units(%L, %L)', pg_temp.id('seats'), '[{"unit": "adult"}]')),
                 format('BK221 -: booking %s is of seats and not of units', pg_temp.id('seats')), 'seats have no units');
UPDATE booking.activities SET currency = 'USD' WHERE name = 'cruise';
SELECT public.is(pg_temp.refused(format('SELECT booking.change_units(%L, %L)', pg_temp.id('bob'), '[{"unit": "adult"}, {"unit": "infant"}]')),
                 format('BK221 -: booking %s is in EUR, and what the activity sells now costs USD', pg_temp.id('bob')), 'another currency');
UPDATE booking.activities SET currency = 'EUR' WHERE name = 'cruise';
SELECT public.is((SELECT b.answer - 'bookingNumber' - 'scheduledStart' - 'scheduledEnd' - 'bookingId' - 'sessionId'
                    FROM booking.booking_change(jsonb_build_object('bookingToken', pg_temp.token('bob'), 'bookingId', pg_temp.id('bob'),
                         'unitItems', pg_temp.items('{"adult": 2}'))) AS b (answer)),
                 '{"status": "confirmed", "success": true, "version": 9, "currency": "EUR", "partySize": 2, "amountCents": 7750,
                   "refundStatus": "none", "amountDueCents": 250, "paymentStatus": "paid", "refundDueCents": 0}', 'by the buyer, as jsonb');
SELECT public.is(pg_temp.refused(format('SELECT booking.booking_change(%L)', jsonb_build_object('bookingToken', pg_temp.token('bob'), 'bookingId', pg_temp.id('bob')) || c.more::jsonb)), c.answer, c.what)
  FROM (VALUES ('{"unitItems": 7}', 'BK260 unitItems: unitItems must be a list', 'no list of the buyer''s'),
               ('{"unitItems": [{"unit": "adult"}], "partySize": 1}', 'BK015 partySize: partySize must be left out where there are unitItems', 'both'),
               ('{"unitItems": [{}]}', 'BK260 unitItems: unitItems[0].unit is missing', 'no unit')) AS c (more, answer, what);

-- Moved with all of them.
SELECT booking.reschedule_booking(pg_temp.id('bob'), pg_temp.id('cruise 14')) \g /dev/null
SELECT public.is(pg_temp.tickets('bob'), '2 seats for 7750: 1 adult booked, 2 adult cancelled, 4 adult cancelled, 5 adult booked', 'the price stays');
SELECT pg_temp.booked_units('kids', 'cruise 9', '{"senior": 2, "child": 1}') \g /dev/null
DELETE FROM booking.activity_units WHERE code = 'senior';
SELECT public.is((SELECT r.session_id FROM booking.reschedule_booking(pg_temp.id('kids'), pg_temp.id('cruise 14')) AS r), pg_temp.id('cruise 14'),
                 'also with units that are gone');
UPDATE booking.activity_units SET accompanied_by = '{adult}' WHERE code = 'child';
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('kids'), pg_temp.id('cruise 9'))),
                 'BK263 unit_items: unit "child" cannot be booked without unit adult', 'not against the rules');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');

-- Some of them cancelled: half of the price goes back, by the terms.
SELECT pg_temp.booked_units('cid', 'cruise 9', '{"adult": 3, "child": 1}'), pg_temp.booked_units('word', 'cruise 9', '{"adult": 2}') \g /dev/null
SELECT pg_temp.paid('cid', 12500, 'pi_cid') \g /dev/null
SELECT pg_temp.issued('cid', 'cid', NULL) \g /dev/null
SET LOCAL ROLE booking_public;
SELECT public.is(pg_temp.dropped('cid', '{2,4}', format(', expected_version => 1, booking_token => %L', pg_temp.token('cid'))),
                 '2 9750 paid due 2750 0 3', 'half goes back, half is kept');
RESET ROLE;
SELECT public.is(pg_temp.tickets('cid'), '2 seats for 9750: 1 adult booked, 2 adult cancelled, 3 adult booked, 4 child cancelled', 'they stay on record');
SELECT public.is((SELECT array_agg(u.kept_minor ORDER BY u.unit) FROM booking.booking_units AS u WHERE u.booking_id = pg_temp.id('cid')),
                 '{NULL,1750,NULL,1000}', 'with what is kept for them');
SELECT public.is(pg_temp.dues('cid'), 'due 2750', 'so says the ledger');
SELECT public.is(pg_temp.dropped('cid', '{4,2}', ', expected_version => 1'), '2 9750 paid due 2750 0 3', 'repeated, nothing changes');
SELECT public.is(pg_temp.refused(format('SELECT booking.scan_ticket(%L)', pg_temp.code('cid', 2))), 'BK265 ticket_code: no ticket has this code', 'the ticket is void');
SELECT public.is(pg_temp.refused(format('SELECT booking.check_in(%L, 2)', pg_temp.id('cid'))), 'BK221 -: what was asked for is not possible with a unit that is cancelled', 'by number as well');
SELECT public.is(pg_temp.changed('cid', '{"adult": 3}'), '3 13250 paid none 0 750 5', 'one more');
SELECT public.is(pg_temp.tickets('cid'), '3 seats for 13250: 1 adult booked, 2 adult cancelled, 3 adult booked, 4 child cancelled, 5 adult booked', 'has a new number');
SELECT public.is(pg_temp.dropped('cid', '{5}', ', ''full'''), '2 9750 paid due 2750 0 7', 'staff give all of it back');
SELECT public.is(pg_temp.dropped('word', '{1}', ', ''none'''), '1 7000 paid none 0 0 2', 'or nothing');
SELECT public.is(pg_temp.changed('word', '{"adult": 3}'), '3 14000 paid none 0 7000 3', 'and so on');
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_units(%L, ''{2}'', ''partial'', 500)', pg_temp.id('word'))),
                 'BK223 amount_minor: a refund of 500 is more than the 0 minor units that are there', 'nothing goes back of what was never paid');
SELECT public.is(pg_temp.dropped('word', '{2}', ', ''none'''), '2 10500 paid none 0 3500 4', 'and nothing of it is kept');
SELECT public.is(pg_temp.changed('word', '{"adult": 1}', ', refund => ''none'''), '1 7000 paid none 0 0 5', 'nor of another such');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');
SELECT public.is((SELECT concat_ws(' ', c.status, c.refund_status, c.refund_due_minor) FROM booking.cancel_booking(pg_temp.id('cid')) AS c),
                 'cancelled due 6250', 'cancelled then: what was owed, and half of what is left');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'everything adds up');

-- Not any of them.
SELECT pg_temp.booked_units('dan', 'cruise 9', '{"adult": 2, "child": 1}') \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_units(%L, %s)', pg_temp.id('dan'), c.call)), replace(c.answer, '@', pg_temp.id('dan')::text), c.what)
  FROM (VALUES
    ('''{1,2,3}''', 'BK221 -: these are all units of booking @ that are left', 'all of them'),
    ('''{1,2}''', 'BK263 unit_items: unit "child" cannot be booked without unit adult', 'the child''s company'),
    ('''{4}''', 'BK018 units: booking @ has no unit 4', 'one that is not there'),
    ('''{0,1}''', 'BK018 units: booking @ has no unit 0', 'before the first'),
    ('''{}''', 'BK018 units: units must name at least one unit of the booking', 'none'),
    ('''{NULL}''', 'BK001 units: units must not have a NULL in it', 'nothing'),
    ('NULL', 'BK001 units: units must not be NULL', 'no list'),
    ('''{1}'', ''much''', 'BK017 refund: refund must be policy, full, partial or none, got "much"', 'no refund of that name'),
    ('''{1}'', ''partial'', 3501', 'BK223 amount_minor: a refund of 3501 is more than the 3500 minor units that are there', 'more than its price'),
    ('''{1}'', override => NULL', 'BK001 override: override must not be NULL', 'neither yes nor no'),
    ('''{1}'', expected_version => 9', 'BK222 expected_version: booking @ has version 1, not 9', 'a stale version')) AS c (call, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_units(%L, ''{1}'')', pg_temp.id('seats'))),
                 format('BK221 -: booking %s is of seats and not of units', pg_temp.id('seats')), 'seats have no units');
SELECT public.is(pg_temp.refused_to(c.role, c.who, format('SELECT booking.cancel_units(%L, ''{1}''%s)', pg_temp.id('dan'), c.more)), replace(c.answer, '@', pg_temp.id('dan')::text), c.what)
  FROM (VALUES ('booking_public', NULL, '', 'BK310: permission denied to act on a booking without its booking token', 'a visitor'),
               ('booking_public', NULL, format(', ''full'', booking_token => %L', pg_temp.token('dan')), 'BK311: only staff decide on a refund or ignore the cutoff', 'the customer''s own wish'),
               ('booking_member', 'owner-2', '', 'BK104: no booking has the id @', 'another organization')) AS c (role, who, more, answer, what);
SELECT pg_temp.set_clock('2027-03-04 10:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.%s(%L, %s, booking_token => %L)', f.name, pg_temp.id('dan'), f.argument, pg_temp.token('dan'))),
                 f.answer, f.name || ': too late')
  FROM (VALUES ('cancel_units', '''{1}''', 'BK220: it is too late to cancel the booking'),
               ('change_units', quote_literal('[{"unit": "adult"}]'), 'BK220: it was possible to change the booking until 2027-03-04 09:00:00+00')) AS f (name, argument, answer);
SELECT public.is(pg_temp.dropped('dan', '{1}', ', override => true'), '2 9000 paid none 0 0 2', 'staff may, and keep the money');
SELECT booking.cancel_booking(pg_temp.id('dan'), override => true) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(%L, %s)', f.name, pg_temp.id('dan'), f.argument)), format('BK217 -: booking %s was cancelled', pg_temp.id('dan')), f.name || ': cancelled')
  FROM (VALUES ('cancel_units', '''{2}'''), ('change_units', quote_literal('[{"unit": "adult"}]')), ('issue_tickets', 'NULL')) AS f (name, argument);

-- What somebody else writes is seen.
SELECT public.results_eq(format($$ WITH meddled AS (%s RETURNING 1) SELECT count(*) > 0 FROM meddled $$, m.change), 'VALUES (true)', m.change)
  FROM (VALUES (format('UPDATE booking.booking_units SET pax_count = 2 WHERE booking_id = %L AND unit = 1', pg_temp.id('bob'))),
               (format('UPDATE booking.booking_units SET unit_code = NULL, price_minor = NULL WHERE booking_id = %L AND unit = 1', pg_temp.id('number'))),
               (format('UPDATE booking.bookings SET amount_cents = 1 WHERE id = %L', pg_temp.id('word'))),
               (format('UPDATE booking.slot_reservations SET unit_items = NULL WHERE id = %L', pg_temp.id('kids hold'))),
               (format('UPDATE booking.slot_reservations SET unit_items = jsonb_set(unit_items, ''{0,pax_count}'', ''9'') WHERE id = %L', pg_temp.id('ann hold')))) AS m (change);
SELECT public.is((SELECT string_agg(format('%s %s', c.count, c.invariant), ', ' ORDER BY c.invariant COLLATE "C")
                    FROM (SELECT i.invariant, count(*) FROM booking.integrity_check() AS i GROUP BY i.invariant) AS c),
                 '2 booking_has_units_of_its_hold, 1 hold_has_seats_of_its_units, 1 seats_have_no_units, '
                 '3 tickets_are_what_was_booked', 'what does not agree is found');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
