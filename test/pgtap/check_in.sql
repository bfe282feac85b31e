-- check_in, check_out, mark_no_show and their undoing, unit by unit; scans that come twice.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
\ir shared/packages.sql
SELECT public.plan(56);

CREATE FUNCTION pg_temp.scan(action text, name text, arguments text DEFAULT '') RETURNS text VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE format('SELECT format(''%%s %%s-%%s-%%s-%%s v%%s'', s.status, s.booked, s.checked_in, s.checked_out,'
                   '              s.no_show, s.version) FROM booking.%I(%L%s) AS s', action, pg_temp.id(name), arguments)
       INTO answer;
    RETURN answer;
END $$;

-- A party of three, unit by unit: booked-in-out-absent.
SELECT pg_temp.booked('ann', 'tour 9', 3) \g /dev/null
SELECT public.is(pg_temp.scan(c.action, 'ann', c.arguments), c.answer, c.what)
  FROM (VALUES
    ('check_in', ', 1, ''scan-a''', 'checked_in 2-1-0-0 v2', 'the first arrives'),
    ('check_in', ', 1, ''scan-a''', 'checked_in 2-1-0-0 v2', 'the same scan again changes nothing'),
    ('check_in', ', 2, ''scan-b''', 'checked_in 1-2-0-0 v3', 'the second arrives'),
    ('check_out', ', 1, ''scan-c''', 'checked_in 1-1-1-0 v4', 'the first leaves'),
    ('check_out', ', 1, ''scan-c''', 'checked_in 1-1-1-0 v4', 'the same scan again changes nothing'),
    ('check_out', ', 2', 'checked_in 1-0-2-0 v5', 'the second leaves; the third may still come'),
    ('undo_check_out', ', 2', 'checked_in 1-1-1-0 v6', 'it was a mistake'),
    ('undo_check_out', ', 2', 'checked_in 1-1-1-0 v6', 'and is so already'),
    ('check_out', ', 2', 'checked_in 1-0-2-0 v7', 'now it leaves')) AS c (action, arguments, answer, what);
SELECT pg_temp.set_clock('2027-03-03 09:30 UTC') \g /dev/null
SELECT public.is(pg_temp.scan(c.action, 'ann', c.arguments), c.answer, c.what)
  FROM (VALUES
    ('mark_no_show', ', 3', 'checked_out 0-0-2-1 v8', 'the third does not come'),
    ('mark_no_show', ', 3', 'checked_out 0-0-2-1 v8', 'which is so already'),
    ('undo_no_show', ', 3', 'checked_in 1-0-2-0 v9', 'or so it seemed'),
    ('mark_no_show', '', 'checked_out 0-0-2-1 v10', 'all that are not in'),
    ('check_in', '', 'checked_in 0-1-2-0 v11', 'who comes late is in all the same'),
    ('check_out', ', NULL, ''out''', 'checked_out 0-0-3-0 v12', 'all that are in leave'),
    ('check_out', ', NULL, ''out''', 'checked_out 0-0-3-0 v12', 'the same scan again'),
    ('undo_check_out', '', 'checked_in 0-3-0-0 v13', 'all are back'),
    ('undo_check_in', '', 'confirmed 3-0-0-0 v14', 'or have never been here'),
    ('undo_check_in', '', 'confirmed 3-0-0-0 v14', 'which is so already'),
    ('mark_no_show', '', 'no_show 0-0-0-3 v15', 'nobody came'),
    ('undo_no_show', ', 2', 'confirmed 1-0-0-2 v16', 'one may still come'),
    ('undo_no_show', '', 'confirmed 3-0-0-0 v17', 'all may'),
    ('check_in', ', NULL, ''scan-d''', 'checked_in 0-3-0-0 v18', 'one scan for the whole party'),
    ('check_in', ', NULL, ''scan-d''', 'checked_in 0-3-0-0 v18', 'repeated'),
    ('check_in', ', 2, ''scan-d''', 'checked_in 0-3-0-0 v18', 'for one of them')) AS c (action, arguments, answer, what);
SELECT public.results_eq(
    $$ SELECT u.unit, u.status, u.in_nonce, u.checked_in_at IS NULL, u.checked_out_at IS NULL, u.no_show_at IS NULL
         FROM booking.booking_units AS u WHERE u.booking_id = pg_temp.id('ann') ORDER BY u.unit $$,
    $$ SELECT n, 'checked_in', 'scan-d', false, true, true FROM generate_series(1, 3) AS n $$, 'the rows say so');
SELECT public.results_eq(
    $$ SELECT e.kind FROM booking.booking_events AS e
        WHERE e.booking_id = pg_temp.id('ann') AND e.kind LIKE 'booking.%' ORDER BY e.id LIMIT 6 $$,
    $$ VALUES ('booking.created'), ('booking.confirmed'), ('booking.checked_in'), ('booking.checked_out'),
              ('booking.checked_in'), ('booking.checked_out') $$, 'what it means for the booking is told');

-- Refused.
SELECT pg_temp.set_clock('2027-03-03 08:30 UTC') \g /dev/null
SELECT pg_temp.booked('bob', 'tour 11', 2), pg_temp.booked('off', 'tour 11', 1) \g /dev/null
SELECT booking.cancel_booking(pg_temp.id('off')) \g /dev/null
SELECT pg_temp.buy('pack', 'single') \g /dev/null
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(%L%s)', c.action, pg_temp.id(c.name), c.arguments)),
                 replace(c.answer, '@', COALESCE(pg_temp.id(c.name)::text, '@')), c.action || ': ' || c.answer)
  FROM (VALUES
    ('check_in', 'ann', ', 1, ''other''', 'BK226 -: booking @ was scanned before, by another scan'),
    ('check_in', 'ann', ', 1', 'BK226 -: booking @ was scanned before, by another scan'),
    ('check_in', 'ann', ', NULL, ''other''', 'BK226 -: booking @ was scanned before, by another scan'),
    ('check_in', 'ann', ', 4', 'BK018 unit: booking @ has units 1 to 3, not 4'),
    ('check_in', 'ann', ', 0', 'BK018 unit: booking @ has units 1 to 3, not 0'),
    ('check_out', 'ann', ', -1', 'BK018 unit: booking @ has units 1 to 3, not -1'),
    ('check_in', 'bob', ', 1, ''''', 'BK019 scan_nonce: scan_nonce must be 1 to 255 printable ASCII characters'),
    ('check_in', 'bob', ', 1, repeat(''n'', 256)',
     'BK019 scan_nonce: scan_nonce must be 1 to 255 printable ASCII characters'),
    ('check_out', 'bob', ', 1', 'BK221 -: what was asked for is not possible with a unit that is booked'),
    ('undo_check_out', 'bob', '', 'BK221 -: what was asked for is not possible with a unit that is booked'),
    ('mark_no_show', 'bob', '',
     'BK221 -: booking @ only begins at 2027-03-03 11:00:00+00, so nobody is missing yet'),
    ('mark_no_show', 'ann', ', 1',
     'BK221 -: booking @ only begins at 2027-03-03 09:00:00+00, so nobody is missing yet'),
    ('undo_no_show', 'ann', ', 1', 'BK221 -: what was asked for is not possible with a unit that is checked_in'),
    ('check_in', 'off', '', 'BK217 -: booking @ was cancelled'),
    ('undo_check_in', 'off', '', 'BK217 -: booking @ was cancelled'),
    ('check_in', 'pack', '', 'BK221 -: booking @ is pending: nobody can arrive before it has a time'),
    ('check_in', 'nothing', '', 'BK001 booking_id: booking_id must not be NULL')) AS c (action, name, arguments, answer)
 WHERE c.name <> 'nothing';
SELECT public.is(pg_temp.refused('SELECT booking.check_in(NULL)'), 'BK001 booking_id: booking_id must not be NULL',
                 'no id');
SELECT public.is(pg_temp.refused(format('SELECT booking.%s(%L, %s)', c.action, pg_temp.id('ann'), c.argument)),
                 replace(c.answer, '@', pg_temp.id('ann')::text), c.answer)
  FROM (VALUES
    ('reschedule_booking', quote_literal(pg_temp.id('tour 11')), 'BK221 -: booking @ is checked_in and cannot be moved'),
    ('change_party_size', '2', 'BK221 -: booking @ is checked_in and cannot be changed')) AS c (action, argument, answer);

-- Who may.
UPDATE booking.customers SET user_id = 'user-bob' WHERE email = 'bob@example.org';
SELECT public.is(pg_temp.refused_to(c.role, c.who, format('SELECT booking.%s(%L)', c.action, pg_temp.id('bob'))),
                 replace(c.answer, '@', pg_temp.id('bob')::text), c.what || ': ' || c.action)
  FROM (VALUES
    ('booking_public', NULL, 'check_in', '42501: permission denied for function check_in', 'a visitor'),
    ('booking_member', NULL, 'check_in', 'BK310: permission denied to act on a booking without its booking token',
     'a member without claims'),
    ('booking_member', 'owner-2', 'check_in', 'BK104: no booking has the id @', 'another organization'),
    ('booking_member', 'owner-2', 'check_out', 'BK104: no booking has the id @', 'another organization'),
    ('booking_member', 'owner-2', 'mark_no_show', 'BK104: no booking has the id @', 'another organization'),
    ('booking_member', 'owner-2', 'undo_check_in', 'BK104: no booking has the id @', 'another organization'),
    ('booking_member', 'staff-1', 'check_in', 'was not refused, and changed the books', 'staff'))
    AS c (role, who, action, answer, what);
-- Who is customer and member at once, as PostgREST's "authenticated" is, is staff only at home.
CREATE ROLE regress_authenticated NOLOGIN IN ROLE booking_customer, booking_member;
SELECT public.is(pg_temp.refused_to('regress_authenticated', 'user-bob',
                                    format('SELECT booking.check_out(%L)', pg_temp.id('bob'))),
                 'BK311: only staff check people in and out', 'a customer does not check himself out');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'seats add up');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
