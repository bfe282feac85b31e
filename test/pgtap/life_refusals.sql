-- Bad input for every function on a booking's life and on single sessions, table-driven: no id, an id that nothing has,
-- another organization's, a wrong state, a stale version, past the cutoff, amounts that are none. Nothing changes.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(197);

UPDATE booking.activities SET cancel_cutoff_seconds = 3600;
SELECT pg_temp.booked('live', 'massage 9', 2), pg_temp.booked('cancelled', 'massage 9', 1), pg_temp.booked('arrived', 'massage 9', 1),
       pg_temp.booked('foreign', 'hike 9', 1) \g /dev/null
SELECT pg_temp.paid('live', 5000) \g /dev/null
SELECT booking.cancel_booking(pg_temp.id('cancelled')), booking.check_in(pg_temp.id('arrived'), 1, 'scan') \g /dev/null
SELECT pg_temp.add_session('massage 11', 1, 'massage', '2027-03-03 11:00 UTC', 4) \g /dev/null
SELECT pg_temp.add_session('off', 1, 'massage', '2027-03-03 13:00 UTC', 4, 'cancelled') \g /dev/null
INSERT INTO pg_temp.named (name, id) VALUES ('unknown', booking.new_id(1)), ('unknown organization', booking.new_id(99)),
    ('not ours', 'f47ac10b-58cc-4372-a567-0e02b2c3d479'), ('nil', '00000000-0000-0000-0000-000000000000');

-- Functions on a booking: arguments after the id, with %1$L for a session.
CREATE TEMPORARY TABLE functions (name text, arguments text, is_versioned boolean, moves boolean);
INSERT INTO pg_temp.functions
VALUES ('cancel_booking', '', true, false), ('reschedule_booking', ', %1$L', true, true), ('change_party_size', ', 1', true, true),
       ('check_in', '', false, false), ('check_out', '', false, false), ('mark_no_show', '', false, false),
       ('undo_check_in', '', false, false), ('undo_check_out', '', false, false), ('undo_no_show', '', false, false);
CREATE FUNCTION pg_temp.call(f pg_temp.functions, booking text, more text DEFAULT '') RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('SELECT booking.%I(%L%s%s)', f.name, pg_temp.id(booking), format(f.arguments, pg_temp.id('massage 11')), more) $$;

SELECT public.is(pg_temp.refused(pg_temp.call(f, 'none')), 'BK001 booking_id: booking_id must not be NULL', f.name || ': no id')
  FROM pg_temp.functions AS f;
SELECT public.is(pg_temp.refused(pg_temp.call(f, i.name)), format('BK104 -: no booking has the id %s', pg_temp.id(i.name)), f.name || ': ' || i.name)
  FROM pg_temp.functions AS f, (VALUES ('unknown'), ('unknown organization'), ('not ours'), ('nil'), ('tour 9')) AS i (name);
SELECT public.is(pg_temp.refused_to(c.role, c.who, pg_temp.call(f, 'foreign')), format('BK104: no booking has the id %s', pg_temp.id('foreign')),
                 f.name || ': another organization''s booking, as ' || c.who)
  FROM pg_temp.functions AS f, (VALUES ('booking_member', 'owner-1'), ('booking_member', 'staff-1')) AS c (role, who);
SELECT public.is(pg_temp.refused(pg_temp.call(f, 'cancelled')), format('BK217 -: booking %s was cancelled', pg_temp.id('cancelled')), f.name || ': a cancelled one')
  FROM pg_temp.functions AS f WHERE f.name <> 'cancel_booking';
SELECT public.is(pg_temp.refused(pg_temp.call(f, 'arrived')), replace(c.answer, '@', pg_temp.id('arrived')::text), f.name || ': one who is in')
  FROM (VALUES ('cancel_booking', 'BK221 -: booking @ is checked_in and cannot be cancelled'),
               ('reschedule_booking', 'BK221 -: booking @ is checked_in and cannot be moved'),
               ('change_party_size', 'BK221 -: booking @ is checked_in and cannot be changed'),
               ('undo_no_show', 'BK221 -: what was asked for is not possible with a unit that is checked_in')) AS c (name, answer)
  JOIN pg_temp.functions AS f USING (name);
SELECT public.is(pg_temp.refused(pg_temp.call(f, 'live', format(', expected_version => %s', v))),
                 format('BK222 expected_version: booking %s has version 1, not %s', pg_temp.id('live'), v), f.name || ': stale version ' || v)
  FROM pg_temp.functions AS f, unnest(ARRAY[0, 2, -1, 9223372036854775807]) AS v WHERE f.is_versioned;
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(%L, %s)', f.name, pg_temp.id('live'), u)),
                 format('BK018 unit: booking %s has units 1 to 2, not %s', pg_temp.id('live'), u), f.name || ': unit ' || u)
  FROM pg_temp.functions AS f, unnest(ARRAY[-2147483648, -1, 0, 3]) AS u WHERE NOT f.is_versioned AND f.name <> 'mark_no_show';

-- Amounts.
SELECT public.is(pg_temp.refused(format('SELECT booking.cancel_booking(%L, refund => ''partial'', amount_minor => %s)', pg_temp.id('live'), c.amount)),
                 c.answer, 'cancel_booking: a refund of ' || c.amount)
  FROM (VALUES ('-1', 'BK017 amount_minor: amount_minor must be positive, got -1'), ('0', 'BK017 amount_minor: amount_minor must be positive, got 0'),
               ('5001', 'BK223 amount_minor: a refund of 5001 is more than the 5000 minor units that are there'),
               ('9223372036854775807', 'BK223 amount_minor: a refund of 9223372036854775807 is more than the 5000 minor units that are there'),
               ('-9223372036854775808', 'BK017 amount_minor: amount_minor must be positive, got -9223372036854775808'))
    AS c (amount, answer);
SELECT public.is(pg_temp.refused(format('SELECT booking.change_party_size(%L, %s)', pg_temp.id('live'), c.size)), c.answer, 'change_party_size: ' || c.size)
  FROM (VALUES ('0', 'BK002 party_size: party size must be positive, got 0'), ('-2147483648', 'BK002 party_size: party size must be positive, got -2147483648'),
               ('3', 'BK002 party_size: party of 3 cannot be booked here'), ('2147483647', 'BK002 party_size: party of 2147483647 cannot be booked here'))
    AS c (size, answer);

-- Past the cutoff, by the customer's token.
SELECT pg_temp.set_clock('2027-03-03 08:30 UTC') \g /dev/null
SELECT public.is(pg_temp.refused_to('booking_public', NULL, pg_temp.call(f, 'live', format(', booking_token => %L', pg_temp.token('live')))),
                 'BK220: it was possible to change the booking until 2027-03-03 08:00:00+00', f.name || ': past the cutoff')
  FROM pg_temp.functions AS f WHERE f.moves;
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.%s(%L)', c.name, c.request)),
                 'BK220: it was possible to change the booking until 2027-03-03 08:00:00+00', c.name || ': past the cutoff')
  FROM (SELECT x.name, jsonb_build_object('bookingToken', pg_temp.token('live'), 'bookingId', pg_temp.id('live')) || x.more
          FROM (VALUES ('booking_reschedule', jsonb_build_object('sessionId', pg_temp.id('massage 11'))), ('booking_change', '{"partySize": 1}')) AS x (name, more))
    AS c (name, request);
SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

-- The same with requests of buyers.
CREATE TEMPORARY TABLE requests (name text, more jsonb);
INSERT INTO pg_temp.requests
VALUES ('booking_cancel', '{}'), ('booking_reschedule', jsonb_build_object('sessionId', pg_temp.id('massage 11'))), ('booking_change', '{"partySize": 1}');
SELECT public.is(pg_temp.refused_to('booking_public', NULL, format('SELECT booking.%s(%L)', r.name, c.request || r.more)), replace(c.answer, '@', pg_temp.id('live')::text),
                 r.name || ': ' || c.what)
  FROM pg_temp.requests AS r, (VALUES
    ('{}'::jsonb, 'BK015: bookingToken is missing', 'no token'),
    (jsonb_build_object('bookingToken', pg_temp.token('live')), 'BK015: bookingId is missing', 'a hold''s token without the booking'),
    (jsonb_build_object('bookingToken', repeat('A', 43) || '.1'), 'BK104: no booking has this token', 'nobody''s token'),
    (jsonb_build_object('bookingToken', pg_temp.token('foreign'), 'bookingId', pg_temp.id('live')),
     'BK302: the booking token does not belong to booking @', 'another''s token'),
    (jsonb_build_object('bookingToken', pg_temp.token('live'), 'bookingId', pg_temp.id('live'), 'expectedVersion', 2),
     'BK222: booking @ has version 1, not 2', 'a stale version')) AS c (request, answer, what);
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(NULL)', r.name)), 'BK001 request: request must not be NULL', r.name || ': no request') FROM pg_temp.requests AS r;

-- Functions on a session.
CREATE TEMPORARY TABLE on_sessions (name text, arguments text);
INSERT INTO pg_temp.on_sessions VALUES ('set_session_capacity', ', 1'), ('close_session', ''), ('open_session', ''), ('set_session_lanes', ', 2');
SELECT public.is(pg_temp.refused(format('SELECT booking.%I(NULL%s)', f.name, f.arguments)), 'BK001 session_id: session_id must not be NULL', f.name || ': no id')
  FROM pg_temp.on_sessions AS f;
SELECT public.is(pg_temp.refused(format('SELECT booking.%I(%L%s)', f.name, pg_temp.id(i.name), f.arguments)),
                 format('BK101 -: no session has the id %s', pg_temp.id(i.name)), f.name || ': ' || i.name)
  FROM pg_temp.on_sessions AS f, (VALUES ('unknown'), ('unknown organization'), ('not ours'), ('nil'), ('live')) AS i (name);
SELECT public.matches(pg_temp.refused_to(c.role, c.who, format('SELECT booking.%I(%L%s)', f.name, pg_temp.id('hike 9'), f.arguments)),
                      '^42501: permission denied', f.name || ': another organization''s, as ' || c.role || ' ' || c.who)
  FROM pg_temp.on_sessions AS f, (VALUES ('booking_member', 'owner-1'), ('booking_customer', 'owner-2'), ('booking_public', 'owner-2')) AS c (role, who);
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(%L)', f.name, pg_temp.id('off'))),
                 format('BK204 -: session %s was cancelled', pg_temp.id('off')), f.name || ': one that was cancelled')
  FROM (VALUES ('close_session'), ('open_session')) AS f (name);
SELECT public.is(pg_temp.refused(format('SELECT booking.%s)', replace(c.call, '@', quote_literal(pg_temp.id('massage 9'))))), c.answer, c.call)
  FROM (VALUES
    ('set_session_capacity(@, NULL', 'BK001 capacity: capacity must not be NULL'),
    ('set_session_capacity(@, -1', 'BK020 capacity: capacity must be between 0 and 1000000, got -1'),
    ('set_session_capacity(@, 1000001', 'BK020 capacity: capacity must be between 0 and 1000000, got 1000001'),
    ('set_session_capacity(@, 1, 3', format('BK222 expected_capacity: session %s has a capacity of 4, not 3', pg_temp.id('massage 9'))),
    ('close_session(@, repeat(''x'', 501)', 'BK020 reason: reason must have at most 500 characters and no control characters'),
    ('close_session(@, E''\b''', 'BK020 reason: reason must have at most 500 characters and no control characters')) AS c (call, answer);

-- resolve_payment.
SELECT public.is(pg_temp.refused(format('SELECT booking.resolve_payment(%s)', c.arguments)), c.answer, 'resolve_payment ' || c.what)
  FROM (SELECT quote_literal(p.id) AS id FROM booking.payments AS p) AS p, LATERAL (VALUES
    ('NULL, ''accept''', 'BK001 payment_id: payment_id must not be NULL', 'no id'),
    (format('%L, ''refund''', pg_temp.id('unknown')), format('BK106 payment_id: no payment has the id %s', pg_temp.id('unknown')), 'unknown'),
    (p.id || ', ''keep''', 'BK021 decision: decision is not accept or refund: "keep"', 'no decision'),
    (p.id || ', ''refund''', format('BK227 -: payment %s was accepted', trim(p.id, '''')), 'one that was accepted')) AS c (arguments, answer, what);
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
