-- cancel_booking: by the terms of the purchase, by staff, refused with nothing changed.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/packages.sql
SELECT public.plan(57);

UPDATE booking.activities SET cancel_cutoff_seconds = 86400, cancel_refund_percent = 50
 WHERE id IN (pg_temp.id('massage'), pg_temp.id('tour'));

CREATE FUNCTION pg_temp.cancelled(name text, arguments text DEFAULT '') RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT concat_ws('' '', c.status, c.payment_status, c.refund_status, c.refund_due_minor,'
                   '                 c.amount_due_minor, c.version)'
                   '  FROM booking.cancel_booking(%L%s) AS c', pg_temp.id(name), arguments) INTO answer;
    RETURN answer;
END $$;

-- By the terms, which are those of the purchase.
SELECT pg_temp.booked('ann', 'massage 9', 2) \g /dev/null
UPDATE booking.activities SET cancel_cutoff_seconds = 0, cancel_refund_percent = 100 WHERE id = pg_temp.id('massage');
SELECT public.is((SELECT concat_ws(' ', b.cancel_cutoff_seconds, b.cancel_refund_percent, b.seat_price_minor)
                    FROM booking.bookings AS b WHERE b.id = pg_temp.id('ann')), '86400 50 2500',
                 'a booking keeps the terms of its purchase');
SELECT pg_temp.paid('ann', 5000) \g /dev/null
SELECT public.is(pg_temp.seats_left('massage 9'), 2, 'two of four seats are taken');
SET LOCAL ROLE booking_public;
SELECT public.is(pg_temp.cancelled('ann', format(', ''Ill'', booking_token => %L', pg_temp.token('ann'))),
                 'cancelled paid due 2500 0 3', 'the customer cancels with the token, and half is due back');
RESET ROLE;
SELECT public.is(pg_temp.dues('ann'), 'due 2500', 'so says the ledger');
SELECT public.is(pg_temp.seats_left('massage 9'), 4, 'the seats are free again');
SELECT public.is((SELECT concat_ws(' ', b.kept_minor, b.cancel_reason, b.cancelled_at = b.updated_at, r.status)
                    FROM booking.bookings AS b JOIN booking.slot_reservations AS r
                      ON r.organization_id = b.organization_id AND r.id = b.reservation_id
                   WHERE b.id = pg_temp.id('ann')), '2500 Ill f cancelled', 'what is kept, why and when');
SELECT public.bag_eq(
    $$ SELECT e.kind FROM booking.booking_events AS e WHERE e.booking_id = pg_temp.id('ann') $$,
    $$ VALUES ('booking.created'), ('booking.confirmed'), ('booking.cancelled'), ('refund.due') $$, 'and it is told');
SELECT public.is((SELECT concat_ws(' ', c.actor_kind, c.actor, c.changes -> 'status') FROM booking.booking_changes AS c
                   WHERE c.booking_id = pg_temp.id('ann') ORDER BY c.id OFFSET 1 LIMIT 1),
                 'visitor token ["confirmed", "cancelled"]', 'by whom is on record');
CREATE TEMPORARY TABLE then_ AS SELECT pg_temp.all_books() AS books;
SELECT public.is(pg_temp.cancelled('ann', ', ''Once more'', ''full'', expected_version => 1'),
                 'cancelled paid due 2500 0 3', 'repeated, whatever is asked for, it answers the same');
SELECT public.is((SELECT pg_temp.all_books()), (SELECT t.books FROM pg_temp.then_ AS t), 'and changes nothing');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up');

-- What staff decide.
SELECT pg_temp.booked(n, 'massage 9', 1), pg_temp.paid(n, 2500, n)
  FROM unnest(ARRAY['full', 'part', 'kept', 'more']) AS n \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L%s)', pg_temp.id('part'), c.arguments)),
                 replace(c.answer, '@', pg_temp.id('part')::text), c.answer)
  FROM (VALUES
    (', NULL, ''half''', 'BK017 refund: refund must be policy, full, partial or none, got "half"'),
    (', NULL, ''partial''', 'BK017 amount_minor: amount_minor belongs to a partial refund, and to no other'),
    (', NULL, ''full'', 1', 'BK017 amount_minor: amount_minor belongs to a partial refund, and to no other'),
    (', NULL, NULL, 1', 'BK017 amount_minor: amount_minor belongs to a partial refund, and to no other'),
    (', NULL, ''partial'', 0', 'BK017 amount_minor: amount_minor must be positive, got 0'),
    (', NULL, ''partial'', -1', 'BK017 amount_minor: amount_minor must be positive, got -1'),
    (', repeat(''r'', 501)', 'BK017 reason: reason must have at most 500 characters and no control characters'),
    (', NULL, ''partial'', 2501',
     'BK223 amount_minor: a refund of 2501 is more than the 2500 minor units that are there'),
    (', expected_version => 2', 'BK222 expected_version: booking @ has version 1, not 2'),
    (', override => NULL', 'BK001 override: override must not be NULL')) AS c (arguments, answer);
SELECT public.is(pg_temp.refused('SELECT booking.cancel_booking(NULL)'),
                 'BK001 booking_id: booking_id must not be NULL', 'without an id');
SELECT public.is(pg_temp.cancelled('full', ', NULL, ''full'', expected_version => 1'), 'cancelled paid due 2500 0 3',
                 'all');
SELECT public.is(pg_temp.cancelled('part', ', repeat(''r'', 500), ''partial'', 2500'), 'cancelled paid due 2500 0 3',
                 'a part of all there is');
SELECT public.is(pg_temp.cancelled('kept', ', NULL, ''none'''), 'cancelled paid none 0 0 2', 'nothing');
INSERT INTO booking.refunds (organization_id, id, payment_id, provider, provider_ref, status, amount_minor, currency,
                             was_done, created_at, updated_at)
SELECT 1, booking.new_id(1), p.id, 'stripe', 're_1', x.status, x.amount, 'EUR', x.status = 'done', booking.clock(),
       booking.clock()
  FROM booking.payments AS p, (VALUES ('pending', 1000)) AS x (status, amount) WHERE p.provider_ref = 'more';
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L, NULL, ''partial'', 1501)',
                                        pg_temp.id('more'))),
                 'BK223 amount_minor: a refund of 1501 is more than the 1500 minor units that are there',
                 'what is on its way back is not there');
SELECT public.is(pg_temp.cancelled('more', ', NULL, ''partial'', 1500'), 'cancelled paid pending 0 0 3',
                 'the rest is due beside what is on its way');
SELECT public.is(pg_temp.dues('more'), 'pending 1000, due 1500', 'so says the ledger');

-- Paid by the word of trusted code, without a ledger.
SELECT pg_temp.booked('word', 'massage 9', 2) \g /dev/null
SELECT public.is(pg_temp.cancelled('word', ', NULL, ''partial'', 1200'), 'cancelled paid due 1200 0 2',
                 'money without a ledger is due as well');
SELECT pg_temp.booked('smaller', 'massage 9', 2) \g /dev/null
SELECT booking.change_party_size(pg_temp.id('smaller'), 1) \g /dev/null
SELECT public.is(pg_temp.cancelled('smaller', ', NULL, ''none'''), 'cancelled paid none 0 0 3',
                 'what a smaller party had made due is kept, too, and not waited for');
SELECT pg_temp.booked('returned', 'massage 9', 2) \g /dev/null
SELECT booking.change_party_size(pg_temp.id('returned'), 1, refund => 'full') \g /dev/null
UPDATE booking.bookings SET refund_status = 'done' WHERE id = pg_temp.id('returned');
SELECT public.is(pg_temp.cancelled('returned', ', NULL, ''full'''), 'cancelled paid due 2500 0 3',
                 'what has gone back for a smaller party is not due again');
UPDATE booking.bookings SET refund_status = 'done' WHERE id = pg_temp.id('returned');
SELECT public.is(pg_temp.cancelled('returned'), 'cancelled paid done 0 0 3', 'and once all has, nothing is');
SELECT pg_temp.booked('free', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.cancelled('free', ', NULL, ''full'''), 'cancelled not_required none 0 0 2',
                 'where nothing was paid, nothing is due');

-- Who may.
SELECT pg_temp.booked('eve', 'tour 9', 2) \g /dev/null
SELECT pg_temp.booked('bob', 'tour 9', 1) \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L, booking_token => %L)', pg_temp.id('eve'), t)),
                 format('BK302 booking_token: the booking token does not belong to booking %s', pg_temp.id('eve')), what)
  FROM (VALUES (pg_temp.token('bob'), 'the token of another booking'), ('', 'no token at all'),
               (left(pg_temp.token('eve'), 42) || 'AA', 'a token that is too long'),
               (pg_temp.token('eve') || '.2', 'the token of another organization')) AS c (t, what);
SELECT public.is(pg_temp.refused_to(c.role, c.who, format('SELECT booking.cancel_booking(%L%s)', pg_temp.id('eve'), c.more)),
                 replace(c.answer, '@', pg_temp.id('eve')::text), c.what)
  FROM (VALUES
    ('booking_public', NULL, '', 'BK310: permission denied to act on a booking without its booking token',
     'a visitor without a token'),
    ('booking_public', 'staff-1', '', 'BK310: permission denied to act on a booking without its booking token',
     'a visitor who claims to be staff'),
    ('booking_member', NULL, '', 'BK310: permission denied to act on a booking without its booking token',
     'a member without claims'),
    ('booking_member', 'owner-2', '', 'BK104: no booking has the id @', 'an owner of another organization'),
    ('booking_customer', 'somebody', '', 'BK104: no booking has the id @', 'another customer'),
    ('booking_public', NULL, format(', NULL, ''full'', booking_token => %L', pg_temp.token('eve')),
     'BK311: only staff decide on a refund or ignore the cutoff', 'a visitor who names the refund'),
    ('booking_public', NULL, format(', override => true, booking_token => %L', pg_temp.token('eve')),
     'BK311: only staff decide on a refund or ignore the cutoff', 'a visitor who ignores the cutoff'))
    AS c (role, who, more, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L)', i)),
                 format('BK104 -: no booking has the id %s', i), 'an id that nothing has')
  FROM (VALUES (booking.new_id(1)), (booking.new_id(77)), ('00000000-0000-0000-0000-000000000000')) AS c (i);

-- Past the cutoff, which is a day before.
SELECT pg_temp.set_clock('2027-03-02 09:00:30 UTC') \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_public', NULL,
                                    format('SELECT booking.cancel_booking(%L, booking_token => %L)', pg_temp.id('eve'),
                                           pg_temp.token('eve'))),
                 'BK220: it is too late to cancel the booking', 'the customer is too late');
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L)', pg_temp.id('eve'))),
                 'BK220 -: it is too late to cancel the booking', 'staff have to say that they mean it');
SELECT public.is(pg_temp.cancelled('eve', ', override => true'), 'cancelled not_required none 0 0 2', 'and then may');
UPDATE booking.customers SET user_id = 'user-bob' WHERE email = 'bob@example.org';
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_customer', 'user-bob',
                                    format('SELECT booking.cancel_booking(%L)', pg_temp.id('bob'))),
                 'was not refused, and changed the books', 'a customer with an account needs no token');

-- What is over, or under way, is not cancelled.
SELECT pg_temp.booked('here', 'tour 11', 1) \g /dev/null
UPDATE booking.bookings SET status = 'checked_in' WHERE id = pg_temp.id('here');
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L)', pg_temp.id('here'))),
                 format('BK221 -: booking %s is checked_in and cannot be cancelled', pg_temp.id('here')),
                 'nobody cancels who is there');

-- Packages: the further sessions first, and what was used is not given back.
UPDATE booking.packages SET cancel_refund_percent = 50 WHERE id = 'monthly';
SELECT pg_temp.buy('pack', 'monthly') \g /dev/null
SELECT pg_temp.pay('pack'), pg_temp.paid('pack', 18000, 'pack') \g /dev/null
SELECT pg_temp.schedule('pack', '2027-03-03 09:00 UTC'), pg_temp.schedule('pack', '2027-03-03 11:00 UTC') \g /dev/null
INSERT INTO pg_temp.named (name, id)
SELECT 'second', b.id FROM booking.bookings AS b WHERE b.package_booking_id = pg_temp.id('pack');
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L)', pg_temp.id('pack'))),
                 format('BK224 -: booking %s has bought 1 further sessions that are still booked', pg_temp.id('pack')),
                 'first the sessions that are still booked');
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L, booking_token => %L)', pg_temp.id('second'),
                                        pg_temp.token('pack'))),
                 'was not refused, and changed the books', 'the token of the purchase is good for each session');
SELECT pg_temp.schedule('pack', '2027-03-03 11:00 UTC') \g /dev/null
UPDATE booking.bookings SET status = 'no_show'
 WHERE package_booking_id = pg_temp.id('pack') AND status = 'scheduled';
SELECT public.is(pg_temp.cancelled('pack', format(', booking_token => %L', pg_temp.token('pack'))),
                 'cancelled paid due 6000 0 4', 'half of the money for two of three sessions');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
