-- reschedule_booking and change_party_size: moved, grown, shrunk; refused with nothing changed.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/packages.sql
\ir shared/payments.sql
SELECT public.plan(105);

CREATE FUNCTION pg_temp.moved(name text, session text, arguments text DEFAULT '') RETURNS text VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', (SELECT n.name FROM pg_temp.named AS n WHERE n.id = m.session_id),'
                   '                 m.scheduled_start, m.status, m.version)'
                   '  FROM booking.reschedule_booking(%L, %L%s) AS m', pg_temp.id(name), pg_temp.id(session), arguments)
       INTO answer;
    RETURN answer;
END $$;
CREATE FUNCTION pg_temp.resized(name text, party_size integer, arguments text DEFAULT '') RETURNS text VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', m.seats, m.amount_cents, m.payment_status, m.refund_status,'
                   '                 m.refund_due_minor, m.amount_due_minor, m.version)'
                   '  FROM booking.change_party_size(%L, %s%s) AS m', pg_temp.id(name), party_size, arguments)
       INTO answer;
    RETURN answer;
END $$;

-- What the provider says: so much has gone back, so much more has arrived.
SELECT pg_temp.source('stripe', 'stripe') \g /dev/null
CREATE FUNCTION pg_temp.gone_back(reference text, amount bigint) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.stripe('evt_' || amount, 'charge.refunded',
                          format('{"id": "ch_1", "object": "charge", "payment_intent": "%s", "amount": 10000,'
                                 ' "amount_refunded": %s, "currency": "eur"}', reference, amount)) $$;
CREATE FUNCTION pg_temp.arrived(booking text, amount bigint, reference text) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.stripe('evt_' || reference, 'payment_intent.succeeded',
                          format('{"id": "%s", "object": "payment_intent", "amount_received": %s, "currency": "eur",'
                                 ' "metadata": {"booking_id": "%s"}}', reference, amount, pg_temp.id(booking))) $$;

SELECT pg_temp.add_session(s.name, 1, s.activity, s.start_time::timestamptz, s.capacity, s.status)
  FROM (VALUES ('closed', 'tour', '2027-03-04 09:00 UTC', 4, 'closed'),
               ('called off', 'tour', '2027-03-04 11:00 UTC', 4, 'cancelled'),
               ('over', 'tour', '2027-03-01 09:00 UTC', 4, 'open'), ('small', 'tour', '2027-03-04 13:00 UTC', 1, 'open'),
               ('massage 11', 'massage', '2027-03-03 11:00 UTC', 4, 'open'),
               ('massage 13', 'massage', '2027-03-03 13:00 UTC', 4, 'open'),
               ('massage 15', 'massage', '2027-03-03 15:00 UTC', 30, 'open'),
               ('striped', 'tour', '2027-03-04 15:00 UTC', 4, 'open')) AS s (name, activity, start_time, capacity, status)
    \g /dev/null
SELECT booking.set_session_lanes(pg_temp.id('striped'), 2) \g /dev/null
UPDATE booking.activities SET cancel_cutoff_seconds = 86400 WHERE id = pg_temp.id('tour');

-- Moved, and still the same booking.
SELECT pg_temp.booked('ann', 'tour 9', 3) \g /dev/null
CREATE TEMPORARY TABLE before AS SELECT b.* FROM booking.bookings AS b WHERE b.id = pg_temp.id('ann');
SET LOCAL ROLE booking_public;
SELECT public.is(pg_temp.moved('ann', 'tour 11', format(', 1, %L', pg_temp.token('ann'))),
                 'tour 11 2027-03-03 11:00:00+00 confirmed 2', 'the customer moves it with the token');
RESET ROLE;
SELECT public.is(concat(pg_temp.seats_left('tour 9'), pg_temp.seats_left('tour 11')), '41', 'with its seats');
SELECT public.ok((SELECT b.booking_number = o.booking_number AND b.reservation_id = o.reservation_id
                         AND b.created_at = o.created_at AND b.scheduled_end = '2027-03-03 12:00 UTC'
                    FROM booking.bookings AS b JOIN pg_temp.before AS o USING (id)), 'it keeps its number');
SELECT public.results_eq(
    $$ SELECT e.facts - 'session_id' FROM booking.booking_events AS e
        WHERE e.booking_id = pg_temp.id('ann') AND e.kind NOT IN ('booking.created', 'booking.confirmed') $$,
    $$ SELECT jsonb_build_object('scheduled_start', '2027-03-03T11:00:00+00:00'::timestamptz,
                                 'scheduled_end', '2027-03-03T12:00:00+00:00'::timestamptz,
                                 'previous_start', '2027-03-03T09:00:00+00:00'::timestamptz,
                                 'previous_session_id', pg_temp.id('tour 9')) $$, 'it is told, once');
SELECT public.is((SELECT c.changes -> 'session_id' FROM booking.booking_changes AS c
                   WHERE c.booking_id = pg_temp.id('ann') ORDER BY c.id DESC LIMIT 1),
                 jsonb_build_array(pg_temp.id('tour 9'), pg_temp.id('tour 11')), 'and on record');
CREATE TEMPORARY TABLE then_ AS SELECT pg_temp.all_books() AS books;
SELECT public.is(pg_temp.moved('ann', 'tour 11', ', 1'), 'tour 11 2027-03-03 11:00:00+00 confirmed 2',
                 'repeated, it answers the same');
SELECT public.is((SELECT pg_temp.all_books()), (SELECT t.books FROM pg_temp.then_ AS t), 'and changes nothing');
SELECT public.is(pg_temp.moved('ann', s.name, format(', %s', s.version)), s.answer, 'to ' || s.name)
  FROM (VALUES ('striped', 2, 'striped 2027-03-04 15:00:00+00 confirmed 3'),
               ('tour 9', 3, 'tour 9 2027-03-03 09:00:00+00 confirmed 4')) AS s (name, version, answer);
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up, in lanes as well');
SELECT public.results_eq($$ SELECT c.booking_id FROM booking.confirm_reservation(pg_temp.id('ann hold')) AS c $$,
                         $$ SELECT pg_temp.id('ann') $$, 'the hold still leads to it');

-- Where it cannot go.
SELECT pg_temp.booked('bob', 'tour 11', 2) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('ann'), s.id)),
                 replace(s.answer, '@', COALESCE(s.id::text, '@')), s.what)
  FROM (VALUES
    (pg_temp.id('tour 11'), 'BK201 -: session @ has not enough seats left: 3 are wanted', 'a session that is full'),
    (pg_temp.id('small'), 'BK201 -: session @ has not enough seats left: 3 are wanted', 'one that is too small'),
    (pg_temp.id('closed'), 'BK203 -: session @ is closed for booking', 'one that is closed'),
    (pg_temp.id('called off'), 'BK204 -: session @ was cancelled', 'one that is called off'),
    (pg_temp.id('over'), 'BK202 -: session @ started at 2027-03-01 09:00:00+00', 'one that is over'),
    (pg_temp.id('massage 9'), 'BK225 -: session @ is not of the activity that was booked', 'another activity'),
    (pg_temp.id('hike 9'), 'BK101 -: no session has the id @', 'another organization''s session'),
    ('01900000-0000-8000-8000-00ff00000001', 'BK101 -: no session has the id @', 'an id that nothing has'),
    (NULL, 'BK001 new_session_id: new_session_id must not be NULL', 'no session')) AS s (id, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L, 1)', pg_temp.id('ann'),
                                        pg_temp.id('small'))),
                 format('BK222 expected_version: booking %s has version 4, not 1', pg_temp.id('ann')), 'a stale version');

-- Grown and shrunk; a price by the seat changes with it.
SELECT pg_temp.booked('ledger', 'massage 9', 1), pg_temp.booked('word', 'massage 9', 1) \g /dev/null
SELECT pg_temp.booked('whole', 'court 9', 1) \g /dev/null
SELECT pg_temp.paid('ledger', 2500) \g /dev/null
SELECT public.is(pg_temp.resized(c.name, c.seats), c.answer, c.what)
  FROM (VALUES
    ('ledger', 2, '2 5000 paid none 0 2500 2', 'one seat more is to be paid'),
    ('ledger', 1, '1 2500 paid none 0 0 3', 'and no longer, if it goes'),
    ('word', 2, '2 5000 paid none 0 2500 2', 'without a ledger the same'),
    ('word', 1, '1 2500 paid none 0 0 3', 'there and back'),
    ('whole', 4, '4 4000 paid none 0 0 2', 'a price by the session stays'),
    ('bob', 1, '1 0 not_required none 0 0 2', 'nothing stays nothing')) AS c (name, seats, answer, what);
SELECT pg_temp.booked('two', 'massage 11', 2), pg_temp.booked('two words', 'massage 11', 2) \g /dev/null
UPDATE booking.bookings SET seat_price_minor = 2500, amount_cents = 5000
 WHERE id IN (pg_temp.id('two'), pg_temp.id('two words'));
SELECT pg_temp.paid('two', 5000, 'pi_2') \g /dev/null
SELECT public.is(pg_temp.resized('two', 1), '1 2500 paid due 2500 0 3', 'a seat less is due back');
SELECT public.is(pg_temp.dues('two'), 'due 2500', 'so says the ledger');
SELECT public.is(pg_temp.resized('two', 2), '2 5000 paid none 0 0 5', 'and no longer, once it is taken again');
SELECT public.is(pg_temp.dues('two'), 'none', 'so says the ledger');
SELECT public.is(pg_temp.resized('two words', 1), '1 2500 paid due 2500 0 2', 'without a ledger the same');
SELECT public.is(pg_temp.resized('two words', 2), '2 5000 paid none 0 0 3', 'there and back');
SELECT pg_temp.resized('two words', 1) \g /dev/null
SELECT public.is((SELECT concat_ws(' ', c.status, c.refund_status, c.refund_due_minor)
                    FROM booking.cancel_booking(pg_temp.id('two words'), NULL, 'full') AS c), 'cancelled due 5000',
                 'cancelled then, all that was paid is due');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up');

-- What is added costs what it costs now, and what was added last goes first.
UPDATE booking.activities SET party_size_max = 5 WHERE id = pg_temp.id('massage');
SELECT pg_temp.booked('early', 'massage 13', 2) \g /dev/null
UPDATE booking.activities SET price_minor = 9900 WHERE id = pg_temp.id('massage');
SELECT public.is(pg_temp.resized('early', c.seats), c.answer, c.what)
  FROM (VALUES
    (3, '3 14900 paid none 0 9900 2', 'a third seat costs what it costs now'),
    (4, '4 24800 paid none 0 19800 3', 'so does a fourth'),
    (2, '2 5000 paid none 0 0 4', 'back to what was bought'),
    (3, '3 14900 paid none 0 9900 5', 'and once more')) AS c (seats, answer, what);
UPDATE booking.activities SET price_minor = 500 WHERE id = pg_temp.id('massage');
SELECT public.is(pg_temp.resized('early', c.seats), c.answer, c.what)
  FROM (VALUES
    (4, '4 15400 paid none 0 10400 6', 'a cheaper one'),
    (3, '3 14900 paid none 0 9900 7', 'goes first'),
    (1, '1 2500 paid due 2500 0 8', 'then the dear one, and one that was paid')) AS c (seats, answer, what);
SELECT public.is((SELECT b.added_seats FROM booking.bookings AS b WHERE b.id = pg_temp.id('early')), NULL,
                 'nothing is left of it');
UPDATE booking.activities SET currency = 'USD' WHERE id = pg_temp.id('massage');
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 2)', pg_temp.id('early'))),
                 format('BK221 -: booking %s is in EUR, and what the activity sells now costs USD', pg_temp.id('early')),
                 'money of another kind is not added');
UPDATE booking.activities SET currency = 'EUR', price_basis = 'session' WHERE id = pg_temp.id('massage');
SELECT public.is(pg_temp.resized('early', 2), '2 5000 paid none 0 0 9',
                 'without a price by the seat it is that of the purchase');
UPDATE booking.activities SET price_basis = 'seat', price_minor = 2500 WHERE id = pg_temp.id('massage');
SELECT pg_temp.booked('free', 'tour 11', 1) \g /dev/null
UPDATE booking.activities SET price_minor = 700 WHERE id = pg_temp.id('tour');
SELECT public.is(pg_temp.resized('free', c.seats), c.answer, c.what)
  FROM (VALUES (2, '2 700 pending none 0 700 2', 'what was free may come to cost something'),
               (1, '1 0 not_required none 0 0 3', 'and be free again')) AS c (seats, answer, what);
SELECT pg_temp.resized('free', 2), pg_temp.arrived('free', 700, 'fee') \g /dev/null
SELECT public.is((SELECT concat_ws(' ', b.payment_status, p.accepted) FROM booking.bookings AS b JOIN booking.payments AS p
                      ON p.booking_id = b.id WHERE b.id = pg_temp.id('free')), 'paid t', 'or be paid');
SELECT booking.cancel_booking(pg_temp.id('free')) \g /dev/null
UPDATE booking.activities SET price_minor = 0 WHERE id = pg_temp.id('tour');

-- What is taken away is refunded by the terms of the purchase: whoever makes it less and cancels then gets no more than
-- who cancels at once.
UPDATE booking.activities SET cancel_refund_percent = 50, cancel_cutoff_seconds = 86400 WHERE id = pg_temp.id('massage');
SELECT pg_temp.booked(n, 'massage 15', 5), pg_temp.paid(n, 12500, n)
  FROM unnest(ARRAY['at once', 'by steps', 'staff']) AS n \g /dev/null
SELECT pg_temp.booked('by word', 'massage 15', 5) \g /dev/null
SELECT public.is((SELECT c.refund_due_minor FROM booking.cancel_booking(pg_temp.id('at once')) AS c), 6250::bigint,
                 'all at once');
SET LOCAL ROLE booking_public;
SELECT public.is(pg_temp.resized('by steps', 1, format(', booking_token => %L', pg_temp.token('by steps'))),
                 '1 7500 paid due 5000 0 3', 'half of four seats goes back, half is kept');
RESET ROLE;
SELECT public.is(pg_temp.dues('by steps'), 'due 5000', 'so says the ledger');
SELECT public.is(pg_temp.resized('by word', c.seats), c.answer, c.what)
  FROM (VALUES (3, '3 10000 paid due 2500 0 2', 'without a ledger the same'),
               (1, '1 7500 paid due 5000 0 3', 'step by step'),
               (3, '3 12500 paid none 0 0 4', 'what is added is paid with what is due back'),
               (1, '1 10000 paid due 2500 0 5', 'half of which is kept, then')) AS c (seats, answer, what);
SELECT public.is((SELECT concat_ws(' ', b.refund_status, b.refund_due_minor)
                    FROM booking.cancel_booking(pg_temp.id(c.name)) AS b), c.answer, c.name || ': and half of the last')
  FROM (VALUES ('by steps', 'due 6250'), ('by word', 'due 3750')) AS c (name, answer);
SELECT public.is(pg_temp.resized('staff', c.seats, c.arguments), c.answer, c.what)
  FROM (VALUES (4, ', NULL, NULL, ''full''', '4 10000 paid due 2500 0 3', 'staff give all of it back'),
               (3, ', refund => ''none''', '3 10000 paid due 2500 0 4', 'or nothing'),
               (2, ', refund => ''partial'', amount_minor => 2000', '2 8000 paid due 4500 0 5', 'or a part'))
    AS c (seats, arguments, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 1%s)', pg_temp.id('staff'), c.more)),
                 c.answer, c.what)
  FROM (VALUES
    (', refund => ''partial'', amount_minor => 2501',
     'BK223 amount_minor: a refund of 2501 is more than the 2500 minor units that are there', 'no more than its price'),
    (', refund => ''much''', 'BK017 refund: refund must be policy, full, partial or none, got "much"',
     'no refund of that name')) AS c (more, answer, what);
SELECT public.is(pg_temp.refused_to('booking_public', NULL,
                                    format('SELECT booking.change_party_size(%L, 1, refund => ''full'', booking_token => %L)',
                                           pg_temp.id('staff'), pg_temp.token('staff'))),
                 'BK311: only staff decide on a refund or ignore the cutoff', 'which is not for customers');
SELECT public.is((SELECT concat_ws(' ', c.refund_status, c.refund_due_minor)
                    FROM booking.cancel_booking(pg_temp.id('staff')) AS c), 'due 7000',
                 'what was due, and half of what is left');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up');
SELECT pg_temp.booked('unpaid', 'massage 15', 4), pg_temp.paid('unpaid', 10000, 'unpaid') \g /dev/null
SELECT public.is(pg_temp.resized('unpaid', c.seats), c.answer, c.what)
  FROM (VALUES (5, '5 12500 paid none 0 2500 2', 'one that is not paid yet'),
               (4, '4 10000 paid none 0 0 3', 'is given up for nothing'),
               (5, '5 12500 paid none 0 2500 4', 'with one that is'),
               (3, '3 8750 paid due 1250 0 6', 'half of that is kept')) AS c (seats, answer, what);

-- What staff wish is about what was paid: nobody is charged for a seat that is gone and was never paid.
SELECT pg_temp.booked(n, 'massage 15', 3), pg_temp.paid(n, 7500, n), pg_temp.resized(n, 5)
  FROM unnest(ARRAY['two unpaid', 'two more']) AS n \g /dev/null
SELECT public.is(pg_temp.resized(c.name, 2, c.wish), c.answer, c.what)
  FROM (VALUES ('two unpaid', ', refund => ''none''', '2 7500 paid none 0 0 3', 'the one that was paid is kept'),
               ('two more', ', refund => ''partial'', amount_minor => 1000', '2 6500 paid due 1000 0 4', 'or goes back in part'))
    AS c (name, wish, answer, what);
SELECT pg_temp.booked('guest', 'tour 11', 1) \g /dev/null
UPDATE booking.activities SET price_minor = 700 WHERE id = pg_temp.id('tour');
SELECT public.is(pg_temp.resized('guest', c.seats, c.wish), c.answer, c.what)
  FROM (VALUES (3, '', '3 1400 pending none 0 1400 2', 'two that nobody has paid'),
               (2, ', refund => ''none''', '2 700 pending none 0 700 3', 'one is gone, and costs nothing')) AS c (seats, wish, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 1, refund => ''partial'', amount_minor => 1)', pg_temp.id('guest'))),
                 'BK223 amount_minor: a refund of 1 is more than the 0 minor units that are there', 'nor is anything to be given back');
SELECT booking.cancel_booking(pg_temp.id('guest')) \g /dev/null
UPDATE booking.activities SET price_minor = 0 WHERE id = pg_temp.id('tour');

-- What has gone back is not there to pay for what is added then.
SELECT pg_temp.booked('again', 'massage 15', 4), pg_temp.arrived('again', 10000, 'first') \g /dev/null
SELECT public.is(pg_temp.resized('again', 2, ', refund => ''full'''), '2 5000 paid due 5000 0 3', 'two seats go');
SELECT pg_temp.gone_back('first', 5000) \g /dev/null
SELECT public.is(pg_temp.resized('again', 3), '3 7500 partially_refunded done 0 2500 6',
                 'who wants one of them again pays for it');
SELECT pg_temp.gone_back('first', 5100) \g /dev/null
SELECT public.is(pg_temp.resized('again', 4), '4 10000 partially_refunded done 0 5000 7',
                 'but not for what was given besides');
SELECT pg_temp.arrived('again', 5000, 'rest') \g /dev/null
SELECT public.is((SELECT concat_ws(' ', p.status, p.accepted) FROM booking.payments AS p WHERE p.provider_ref = 'rest'),
                 'paid t', 'just that is accepted');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up');

-- Not any party.
UPDATE booking.activities SET party_size_max = 2 WHERE id = pg_temp.id('massage');
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, %s)', pg_temp.id(c.name), c.seats)),
                 c.answer, c.what)
  FROM (VALUES
    ('ann', '5', 'BK002 party_size: party of 5 cannot be booked here', 'a party larger than the session'),
    ('ledger', '3', 'BK002 party_size: party of 3 cannot be booked here', 'than the activity takes'),
    ('ann', '0', 'BK002 party_size: party size must be positive, got 0', 'no party'),
    ('ann', '-1', 'BK002 party_size: party size must be positive, got -1', 'less than that'),
    ('ann', 'NULL', 'BK001 party_size: party_size must not be NULL', 'none at all'))
    AS c (name, seats, answer, what);
SELECT pg_temp.booked('rival', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 4)', pg_temp.id('ann'))),
                 format('BK201 -: session %s has not enough seats left: 1 are wanted', pg_temp.id('tour 9')),
                 'more than there is room for');
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 2, 3)', pg_temp.id('ann'))),
                 format('BK222 expected_version: booking %s has version 4, not 3', pg_temp.id('ann')), 'a stale version');
UPDATE booking.sessions SET status = 'closed' WHERE id = pg_temp.id('tour 11');
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 2)', pg_temp.id('bob'))),
                 format('BK203 -: session %s is closed for booking', pg_temp.id('tour 11')), 'more of a closed session');
SELECT pg_temp.buy('pack', 'monthly'), pg_temp.buy('call', 'call') \g /dev/null
SELECT pg_temp.pay('pack'), pg_temp.schedule('call', '2027-03-09 09:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 2)', pg_temp.id('pack'))),
                 format('BK221 -: booking %s is paid and cannot be changed', pg_temp.id('pack')), 'one without a time');
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('pack'), pg_temp.id('small'))),
                 format('BK221 -: booking %s is paid and cannot be moved', pg_temp.id('pack')), 'nor is it moved');
SELECT public.is(pg_temp.refused(format('SELECT booking.reschedule_booking(%L, %L)', pg_temp.id('call'), pg_temp.id('small'))),
                 format('BK221 -: booking %s has no session of ours and cannot be moved', pg_temp.id('call')),
                 'nor an appointment that is kept elsewhere');
SELECT pg_temp.schedule('pack', '2027-03-04 13:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, 2)', pg_temp.id('pack'))),
                 format('BK221 -: booking %s is of a package, which says for how many it is', pg_temp.id('pack')),
                 'nor the party of a package');
SELECT public.is(pg_temp.moved('pack', 'striped', format(', booking_token => %L', pg_temp.token('pack'))),
                 'striped 2027-03-04 15:00:00+00 scheduled 3', 'which may be moved');

-- Who may, and until when.
SELECT public.is(pg_temp.refused_to(c.role, c.who, format('SELECT booking.%s(%L, %s)', f.name, pg_temp.id('ann'), f.argument)),
                 replace(c.answer, '@', pg_temp.id('ann')::text), f.name || ': ' || c.what)
  FROM (VALUES ('reschedule_booking', quote_literal(pg_temp.id('striped'))), ('change_party_size', '2'))
    AS f (name, argument),
       (VALUES
    ('booking_public', NULL, 'BK310: permission denied to act on a booking without its booking token', 'a visitor'),
    ('booking_member', 'owner-2', 'BK104: no booking has the id @', 'another organization')) AS c (role, who, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(%L, %s, booking_token => %L)', f.name, pg_temp.id('ann'),
                                        f.argument, pg_temp.token('bob'))),
                 format('BK302 booking_token: the booking token does not belong to booking %s', pg_temp.id('ann')),
                 f.name || ': a token of another')
  FROM (VALUES ('reschedule_booking', quote_literal(pg_temp.id('striped'))), ('change_party_size', '2'))
    AS f (name, argument);
SELECT pg_temp.set_clock('2027-03-02 09:00:30 UTC') \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_public', NULL,
                                    format('SELECT booking.%s(%L, %s, booking_token => %L)', f.name, pg_temp.id('ann'),
                                           f.argument, pg_temp.token('ann'))),
                 'BK220: it was possible to change the booking until 2027-03-02 09:00:00+00', f.name || ': too late')
  FROM (VALUES ('reschedule_booking', quote_literal(pg_temp.id('striped'))), ('change_party_size', '2'))
    AS f (name, argument);
SELECT public.is(pg_temp.refused_to('booking_member', 'staff-1',
                                    format('SELECT booking.change_party_size(%L, 2)', pg_temp.id('ann'))),
                 'was not refused, and changed the books', 'staff may');
SELECT booking.cancel_booking(pg_temp.id('ann'), override => true) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(%L, %s)', f.name, pg_temp.id('ann'), f.argument)),
                 format('BK217 -: booking %s was cancelled', pg_temp.id('ann')), f.name || ': cancelled')
  FROM (VALUES ('reschedule_booking', quote_literal(pg_temp.id('striped'))), ('change_party_size', '2'))
    AS f (name, argument);
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
