-- Appointments that we make at a calendar: asked for, agreed to or refused, moved and called off in both directions, and
-- looked up where a webhook got lost.

BEGIN;
\ir shared/fixture.sql
\ir shared/packages.sql
\ir shared/payments.sql
SELECT public.plan(76);

CREATE FUNCTION pg_temp.relay() RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
    SELECT '00000000-0000-4000-8000-000000000001'::uuid $$;
SELECT booking.adopt(true) \g /dev/null
SELECT booking.relay_attach(pg_temp.relay(), 'here', '1.0') \g /dev/null
SELECT pg_temp.source('calendar', 'calcom') \g /dev/null
UPDATE booking.packages SET calendar_provider = 'calcom', calendar_event_type = '124' WHERE organization_id = 1 AND id = 'call';
INSERT INTO booking.packages (organization_id, id, name, price_minor, currency, sessions_included, calendar_provider)
VALUES (1, 'pair', 'Two calls', 0, 'EUR', 2, 'calcom');
UPDATE booking.packages SET live_bookings_per_email = 100 WHERE price_minor = 0;

CREATE TEMPORARY TABLE claimed AS
    SELECT * FROM booking.relay_claim_calls(pg_temp.relay(), 1, 60, '{}') WITH NO DATA;
-- What the calendar is asked for, as far as it is due.
CREATE FUNCTION pg_temp.claim() RETURNS text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM pg_temp.claimed;
    INSERT INTO pg_temp.claimed
    SELECT * FROM booking.relay_claim_calls(pg_temp.relay(), 10, 60, '{"1": ["calcom"]}');
    RETURN (SELECT string_agg(concat_ws(' ', c.action, c.request ->> 'uid', substr(c.request ->> 'start', 9, 8)), ', '
                              ORDER BY c.call_id) FROM pg_temp.claimed AS c);
END $$;
CREATE FUNCTION pg_temp.answer(result jsonb) RETURNS boolean VOLATILE LANGUAGE sql AS $$
    SELECT bool_and(booking.relay_complete_call(pg_temp.relay(), c.call_id, c.lease_token, result))
      FROM pg_temp.claimed AS c $$;
-- What the calendar says of an appointment on a day of March at some hour, an hour long.
CREATE FUNCTION pg_temp.fact(uid text, status text, day_hour text, at text DEFAULT '11:00', old_uid text DEFAULT '')
    RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_build_object('uid', uid, 'id', '17', 'status', status, 'start', format('2027-03-%sT%s:00:00.000Z', left(day_hour, 2),
               right(day_hour, 2)), 'end', format('2027-03-%sT%s:30:00Z', left(day_hour, 2), right(day_hour, 2)),
               'meeting_url', 'https://meet.example/' || uid, 'at', format('2027-03-01T%s:00Z', at), 'old_uid', old_uid) $$;
CREATE FUNCTION pg_temp.agree(VARIADIC facts jsonb[]) RETURNS boolean VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.answer(jsonb_build_object('ending', 'done', 'http_status', 201, 'facts', jsonb_build_object(
               'status', facts[cardinality(facts)] ->> 'status', 'appointments', to_jsonb(facts)))) $$;
CREATE FUNCTION pg_temp.refuse(reason text DEFAULT 'slot_taken') RETURNS boolean VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.answer(jsonb_build_object('ending', 'refused', 'http_status', 400, 'reason', reason)) $$;
CREATE FUNCTION pg_temp.tell(trigger text, uid text, day_hour text, at text, more jsonb DEFAULT '{}') RETURNS text
    VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.send('calendar', jsonb_build_object('triggerEvent', trigger, 'createdAt', format('2027-03-01T%s:00Z', at),
        'payload', jsonb_build_object('uid', uid, 'bookingId', 17,
            'startTime', format('2027-03-%sT%s:00:00Z', left(day_hour, 2), right(day_hour, 2)),
            'endTime', format('2027-03-%sT%s:30:00Z', left(day_hour, 2), right(day_hour, 2)),
            'metadata', jsonb_build_object('videoCallUrl', 'https://meet.example/' || uid)) || more)::text) $$;
CREATE FUNCTION pg_temp.stands(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' ', b.status, b.cal_uid, b.calendar_status, to_char(b.scheduled_start, 'DD HH24'),
                     'wanted ' || to_char(b.wanted_start, 'DD HH24'),
                     CASE WHEN b.needs_reschedule THEN 'needs another: ' || b.calendar_refusal END)
      FROM booking.bookings AS b WHERE b.id = pg_temp.id(name) $$;
CREATE FUNCTION pg_temp.calls(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(c.action || ' ' || c.status, ', ' ORDER BY c.id) FROM booking.provider_calls AS c
     WHERE c.booking_id = pg_temp.id(name) $$;
CREATE FUNCTION pg_temp.book(name text, day_hour text, package text DEFAULT 'call') RETURNS jsonb VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.buy(name, package);
    SELECT pg_temp.schedule(name, format('2027-03-%s %s:00+00', left(day_hour, 2), right(day_hour, 2))::timestamptz) $$;
CREATE FUNCTION pg_temp.move(name text, day_hour text, version bigint DEFAULT NULL) RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT r.status FROM booking.reschedule_appointment(pg_temp.id(name),
        format('2027-03-%s %s:00+00', left(day_hour, 2), right(day_hour, 2))::timestamptz,
        format('2027-03-%s %s:30+00', left(day_hour, 2), right(day_hour, 2))::timestamptz, version, pg_temp.token(name)) AS r $$;
CREATE FUNCTION pg_temp.told(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT string_agg(e.kind, ' ' ORDER BY e.id) FROM booking.booking_events AS e
     WHERE e.booking_id = pg_temp.id(name) AND e.kind <> 'booking.created' $$;
CREATE FUNCTION pg_temp.traces(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('version %s, %s changes, %s events', b.version,
                  (SELECT count(*) FROM booking.booking_changes AS c WHERE c.booking_id = b.id),
                  (SELECT count(*) FROM booking.booking_events AS e WHERE e.booking_id = b.id))
      FROM booking.bookings AS b WHERE b.id = pg_temp.id(name) $$;

-- Asked for, and agreed to.
SELECT public.is(pg_temp.book('a', '1010') - 'bookingId', '{"success": true, "status": "paid", "calendarStatus": "asked",
    "meetingUrl": "https://meet.example/room", "scheduledStart": "2027-03-10T10:00:00.000Z",
    "scheduledEnd": "2027-03-10T11:00:00.000Z"}', 'the calendar is asked');
SELECT public.is(pg_temp.stands('a'), 'paid wanted 10 10', 'nothing is scheduled before it has agreed');
SELECT public.is(pg_temp.status('a') ->> 'requestedStart', '2027-03-10T10:00:00.000Z', 'booking_status says what is wanted');
SELECT public.is(pg_temp.schedule('a', '2027-03-10 10:00+00') ->> 'calendarStatus', 'asked', 'the same again, the same answer');
SELECT public.is(pg_temp.refused('SELECT pg_temp.schedule(''a'', ''2027-03-11 10:00+00'')'),
                 'BK216 -: the booking is scheduled already', 'another time has to be asked for otherwise');
SELECT public.is(pg_temp.claim(), 'create_booking 10T10:00', 'it was asked once');
SELECT public.results_eq(
    $$ SELECT c.request - 'metadata', c.request -> 'metadata' ->> 'booking_id' = pg_temp.id('a')::text FROM pg_temp.claimed AS c $$,
    $$ VALUES ('{"package_id": "call", "event_type": "124", "start": "2027-03-10T10:00:00.000Z",
                 "end": "2027-03-10T11:00:00.000Z", "customer_email": "ada@example.org", "customer_name": "Ada"}'::jsonb, true) $$,
    'with the person''s name, which is joined then');
SELECT public.ok(pg_temp.agree(pg_temp.fact('u1', 'accepted', '1010')), 'it agrees');
SELECT public.is(pg_temp.stands('a'), 'scheduled u1 accepted 10 10', 'now it is scheduled');
SELECT public.is(pg_temp.schedule('a', '2027-03-10 10:00+00') - 'bookingId', '{"success": true, "status": "scheduled",
    "calendarStatus": "accepted", "calUid": "u1", "calBookingId": 17, "meetingUrl": "https://meet.example/u1",
    "scheduledStart": "2027-03-10T10:00:00.000Z", "scheduledEnd": "2027-03-10T10:30:00.000Z"}', 'and the answer has it all');
SELECT public.is(pg_temp.told('a'), 'booking.paid booking.updated booking.scheduled booking.updated', 'told once, and where it is');

-- Its own webhook changes nothing, nor does it again.
SELECT pg_temp.traces('a') AS before \gset
SELECT public.is(pg_temp.tell('BOOKING_CREATED', 'u1', '1010', '11:01'), 'applied', 'the webhook of what we made');
SELECT public.is(pg_temp.tell('BOOKING_CREATED', 'u1', '1010', '11:01'), 'duplicate', 'again');
SELECT public.is(pg_temp.traces('a'), :'before', 'leaves no trace');
SELECT public.is(pg_temp.calls('a'), 'create_booking done', 'and asks for nothing');

-- Moved by us.
SELECT public.is(pg_temp.move('a', '1112'), 'scheduled', 'another time is wanted');
SELECT public.is(pg_temp.stands('a'), 'scheduled u1 accepted 10 10 wanted 11 12', 'until it agrees, the old one stands');
SELECT public.is(pg_temp.move('a', '1112', 1), 'scheduled', 'the same again, whatever the version');
SELECT public.is(pg_temp.claim(), 'reschedule_booking u1 11T12:00', 'asked once');
SELECT public.is(pg_temp.tell('BOOKING_RESCHEDULED', 'u2', '1112', '11:10', '{"rescheduleUid": "u1"}'), 'applied',
                 'the webhook is faster than our answer');
SELECT public.is(pg_temp.stands('a'), 'scheduled u2 accepted 11 12', 'it is moved');
SELECT pg_temp.traces('a') AS before \gset
SELECT pg_temp.agree(pg_temp.fact('u2', 'accepted', '1112', '11:09', 'u1')) \g /dev/null
SELECT public.is(pg_temp.traces('a') || ', ' || pg_temp.calls('a'), :'before' || ', create_booking done, reschedule_booking done',
                 'the answer says nothing new');
SELECT pg_temp.move('a', '1212') \g /dev/null
SELECT public.is(pg_temp.move('a', '1112'), 'scheduled', 'a wish is taken back');
SELECT public.is(pg_temp.stands('a') || ', ' || pg_temp.calls('a'),
                 'scheduled u2 accepted 11 12, create_booking done, reschedule_booking done, reschedule_booking abandoned',
                 'before anybody was asked');

-- Moved and called off there.
SELECT public.is(pg_temp.tell('BOOKING_RESCHEDULED', 'u3', '1309', '11:20', '{"rescheduleUid": "u2"}'), 'applied', 'moved there');
SELECT public.is(pg_temp.stands('a'), 'scheduled u3 accepted 13 09', 'reaches us');
SELECT public.is(pg_temp.tell('BOOKING_CANCELLED', 'u2', '1112', '11:20'), 'stale', 'that the old one is off means nothing');
SELECT public.is(pg_temp.tell('BOOKING_CANCELLED', 'u3', '1309', '11:30'), 'applied', 'called off there');
SELECT public.is(pg_temp.stands('a'), 'cancelled u3 cancelled 13 09', 'reaches us');
SELECT public.is(pg_temp.claim(), NULL, 'and nobody is told what he has done himself');

-- Called off by us.
SELECT pg_temp.book('b', '1010') \g /dev/null
SELECT pg_temp.claim(), pg_temp.agree(pg_temp.fact('v1', 'accepted', '1010')) \g /dev/null
SELECT FROM booking.cancel_booking(pg_temp.id('b')) \g /dev/null
SELECT public.is(pg_temp.claim(), 'cancel_booking v1', 'cancelled here, it is called off there');
SELECT public.is(pg_temp.tell('BOOKING_CANCELLED', 'v1', '1010', '11:40'), 'stale', 'its webhook changes nothing');
SELECT public.ok(pg_temp.agree(pg_temp.fact('v1', 'cancelled', '1010', '11:40')), 'done');
SELECT public.is(left(pg_temp.stands('b'), 9) || ', ' || pg_temp.calls('b'), 'cancelled, create_booking done, cancel_booking done',
                 'once');
SELECT public.is(pg_temp.tell('BOOKING_CREATED', 'v1', '1010', '11:01'), 'stale', 'a webhook that comes late');
SELECT public.is(pg_temp.claim(), NULL, 'does not bring it back');
SELECT public.is(pg_temp.tell('BOOKING_RESCHEDULED', 'v2', '1410', '11:50', '{"rescheduleUid": "v1"}'), 'stale',
                 'somebody moves there what is cancelled here');
SELECT public.is(pg_temp.claim(), 'cancel_booking v2', 'it is called off, too');
SELECT pg_temp.refuse('rejected: Too late') \g /dev/null
SELECT public.is(pg_temp.told('b'), 'booking.paid booking.updated booking.scheduled booking.updated booking.cancelled provider_call.failed',
                 'that this was refused is told');

-- Cancelled by others than cancel_booking, and while the calendar is being asked.
SELECT pg_temp.book('c', '1010'), pg_temp.claim() \g /dev/null
UPDATE booking.bookings AS b SET status = 'cancelled' WHERE b.id = pg_temp.id('c');
SELECT public.is(pg_temp.calls('c'), 'create_booking running', 'what is under way is waited for');
SELECT pg_temp.agree(pg_temp.fact('w1', 'accepted', '1010')) \g /dev/null
SELECT public.is(left(pg_temp.stands('c'), 9) || ', ' || pg_temp.claim(), 'cancelled, cancel_booking w1', 'and called off when it is there');
SELECT pg_temp.agree(pg_temp.fact('w1', 'cancelled', '1010', '11:05')) \g /dev/null
SELECT pg_temp.book('d', '1010') \g /dev/null
SELECT FROM booking.cancel_booking(pg_temp.id('d')) \g /dev/null
SELECT public.is(pg_temp.calls('d') || COALESCE(pg_temp.claim(), ', nothing'), 'create_booking abandoned, nothing',
                 'what nobody has begun is given up');

-- Another time while it is being asked.
SELECT pg_temp.book('e', '1010'), pg_temp.claim() \g /dev/null
SELECT public.is(pg_temp.move('e', '1011'), 'paid', 'another time before the first is answered');
SELECT pg_temp.agree(pg_temp.fact('x1', 'accepted', '1010')) \g /dev/null
SELECT public.is(pg_temp.stands('e') || ', ' || pg_temp.claim(),
                 'scheduled x1 accepted 10 10 wanted 10 11, reschedule_booking x1 10T11:00', 'is asked for then');

-- Refused.
SELECT pg_temp.refuse() \g /dev/null
SELECT public.is(pg_temp.stands('e'), 'scheduled x1 accepted 10 10 needs another: slot_taken', 'a move that is refused: the old time stays');
SELECT public.is(pg_temp.status('e') -> 'needsReschedule', 'true', 'whoever has the token sees it');
SELECT public.is(pg_temp.move('e', '1012'), 'scheduled', 'another');
SELECT pg_temp.claim(), pg_temp.agree(pg_temp.fact('x2', 'accepted', '1012', '11:06', 'x1')) \g /dev/null
SELECT public.is(pg_temp.stands('e'), 'scheduled x2 accepted 10 12', 'is had');
SELECT pg_temp.book('f', '1010'), pg_temp.claim() \g /dev/null
UPDATE booking.bookings AS b SET expires_at = booking.clock() + interval '1 minute' WHERE b.id = pg_temp.id('f');
SELECT pg_temp.refuse() \g /dev/null
SELECT public.is(pg_temp.stands('f'), 'paid needs another: slot_taken', 'slot taken: the booking needs another time');
SELECT public.ok((SELECT b.expires_at > booking.clock() + interval '6 days' FROM booking.bookings AS b WHERE b.id = pg_temp.id('f')),
                 'and has a week for it');
SELECT public.is(pg_temp.told('f'), 'booking.paid booking.updated provider_call.failed booking.needs_reschedule', 'which is told');
SELECT public.results_eq($$ SELECT e.facts - 'wanted_start', e.facts ? 'wanted_start' FROM booking.booking_events AS e
                             WHERE e.kind = 'booking.needs_reschedule' AND e.booking_id = pg_temp.id('f') $$,
                         $$ VALUES ('{"reason": "slot_taken"}'::jsonb, true) $$, 'with the reason');
SELECT public.is(pg_temp.schedule('f', '2027-03-10 12:00+00') ->> 'calendarStatus', 'asked', 'the next try');
SELECT pg_temp.claim(), pg_temp.agree(pg_temp.fact('y1', 'requested', '1012')) \g /dev/null
SELECT public.is(pg_temp.stands('f'), 'paid y1 requested 10 12 wanted 10 12', 'the host has to confirm it');
SELECT public.is(pg_temp.tell('BOOKING_REJECTED', 'y1', '1012', '11:30'), 'applied', 'and does not');
SELECT public.is(pg_temp.stands('f'), 'paid y1 rejected needs another: rejected', 'another once more');
SELECT pg_temp.schedule('f', '2027-03-10 13:00+00'), pg_temp.claim(),
       pg_temp.agree(pg_temp.fact('y2', 'requested', '1013')) \g /dev/null
SELECT public.is(pg_temp.tell('BOOKING_CREATED', 'y2', '1013', '11:40'), 'applied', 'confirmed at last');
SELECT public.is(pg_temp.stands('f') || COALESCE(pg_temp.claim(), ''), 'scheduled y2 accepted 10 13', 'scheduled');

-- Somebody there is faster.
SELECT pg_temp.move('f', '1014'), pg_temp.claim() \g /dev/null
SELECT pg_temp.agree(pg_temp.fact('y2', 'cancelled', '1013', '11:50'), pg_temp.fact('y3', 'accepted', '1509', '11:50', 'y2')) \g /dev/null
SELECT public.is(pg_temp.stands('f') || COALESCE(pg_temp.claim(), ''), 'scheduled y3 accepted 15 09 needs another: moved_meanwhile',
                 'a move that has become needless is not made; people decide');

-- Several sessions.
SELECT pg_temp.book('p', '1010', 'pair') \g /dev/null
SELECT pg_temp.schedule('p', '2027-03-11 10:00+00') \g /dev/null
SELECT public.is(pg_temp.refused('SELECT pg_temp.schedule(''p'', ''2027-03-12 10:00+00'')'),
                 'BK216 -: all 2 sessions of the booking are scheduled already', 'what is asked for is used');
INSERT INTO pg_temp.named (name, id) SELECT 'p2', b.id FROM booking.bookings AS b WHERE b.package_booking_id = pg_temp.id('p');
SELECT public.is(pg_temp.refused(format('SELECT * FROM booking.cancel_booking(%L)', pg_temp.id('p'))) ~ '^BK224', true,
                 'and has to be cancelled first');
SELECT public.is(pg_temp.claim(), 'create_booking 10T10:00, create_booking 11T10:00', 'each is asked for by itself');
SELECT booking.relay_complete_call(pg_temp.relay(), c.call_id, c.lease_token, CASE WHEN c.request ->> 'start' LIKE '%-10T%'
           THEN jsonb_build_object('ending', 'done', 'facts', jsonb_build_object('status', 'accepted', 'appointments',
                    jsonb_build_array(pg_temp.fact('q1', 'accepted', '1010'))))
           ELSE '{"ending": "refused", "reason": "slot_taken"}' END) FROM pg_temp.claimed AS c \g /dev/null
SELECT public.is(pg_temp.stands('p') || ', ' || pg_temp.stands('p2'), 'scheduled q1 accepted 10 10, paid needs another: slot_taken',
                 'one is agreed to, one is not');
SELECT public.is(pg_temp.status('p') ->> 'sessionsScheduled' || (pg_temp.status('p') ->> 'needsReschedule'), '1true', 'which the token shows');
SELECT pg_temp.schedule('p', '2027-03-12 10:00+00') \g /dev/null
SELECT public.is(pg_temp.stands('p2'), 'paid wanted 12 10', 'the same session gets another time');

-- An answer that nobody could keep, and one that means nothing.
SELECT public.is((SELECT c.uncertain FROM booking.provider_calls AS c WHERE c.booking_id = pg_temp.id('p2') AND c.status = 'pending'),
                 false, 'a new call was never made');
SELECT pg_temp.claim() \g /dev/null
SELECT public.is(pg_temp.tell('BOOKING_CREATED', 'q2', '1210', '11:15', jsonb_build_object('metadata', jsonb_build_object(
                     'booking_call', (SELECT c.idempotency_key FROM pg_temp.claimed AS c)))), 'applied',
                 'the webhook knows the call before we know the answer');
SELECT public.is(pg_temp.stands('p2'), 'scheduled q2 accepted 12 10', 'by its key, which nobody else knows');
SELECT pg_temp.answer('{"ending": "done", "facts": {"status": "accepted", "appointments": [{"uid": "q2"}]}}') \g /dev/null
SELECT public.is(pg_temp.stands('p2') || COALESCE(pg_temp.claim(), ''), 'scheduled q2 accepted 12 10', 'an answer with nothing in it');

-- A webhook that was lost.
SELECT pg_temp.set_clock('2027-03-01 12:11 UTC') \g /dev/null
SELECT public.ok(pg_temp.claim() LIKE '%look_up_booking q1%', 'ten minutes later it is asked how it stands');
DELETE FROM pg_temp.claimed AS c WHERE c.request ->> 'uid' <> 'q1';
SELECT pg_temp.agree(pg_temp.fact('q1', 'cancelled', '1010', '12:05'), pg_temp.fact('q3', 'accepted', '1610', '12:05', 'q1')) \g /dev/null
SELECT public.is(pg_temp.stands('p'), 'scheduled q3 accepted 16 10', 'it was moved meanwhile');
SELECT public.results_eq($$ SELECT date_trunc('minute', c.check_at) FROM booking.provider_calls AS c
                             WHERE c.booking_id = pg_temp.id('p') AND c.action = 'create_booking' $$,
                         $$ VALUES ('2027-03-01 18:11+00'::timestamptz) $$, 'and is asked again in six hours');

-- What is refused.
SELECT public.is(pg_temp.refused(format('SELECT * FROM booking.reschedule_appointment(%L, %L, %L, 1)', pg_temp.id('p'),
                 '2027-03-17 10:00+00', '2027-03-17 11:00+00')) ~ '^BK222', true, 'a version that is not there any more');
SELECT public.is(pg_temp.refused(format('SELECT * FROM booking.reschedule_appointment(%L, %L, %L)', pg_temp.id('a'),
                 '2027-03-17 10:00+00', '2027-03-17 11:00+00')) ~ '^BK217', true, 'one that was cancelled');
SELECT public.is(pg_temp.refused(format('SELECT * FROM booking.reschedule_appointment(%L, %L, %L)', pg_temp.id('p'),
                 '2027-03-01 10:00+00', '2027-03-01 11:00+00')) ~ '^BK202', true, 'a time that is over');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are in order');

SELECT * FROM public.finish();
ROLLBACK;
