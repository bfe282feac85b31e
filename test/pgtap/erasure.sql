-- erase_customer: a word is planted in every column that may hold something personal; afterwards no column of any table
-- has it, and what was sold, paid and counted is what it was.

BEGIN;
\ir shared/fixture.sql
\ir shared/life.sql
SELECT public.plan(18);

-- Where the word is, as table and column.
CREATE FUNCTION pg_temp.found(word text) RETURNS TABLE (place text) STABLE LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT k.relname, a.attname, a.atttypid = 'bytea'::regtype AS is_bytes
               FROM pg_class AS k JOIN pg_attribute AS a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
              WHERE k.relnamespace = 'booking'::regnamespace AND k.relkind IN ('r', 'p') AND NOT k.relispartition LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %L FROM booking.%I AS x WHERE %s ~* %L LIMIT 1', c.relname || '.' || c.attname, c.relname,
            format(CASE WHEN c.is_bytes THEN 'encode(x.%I, ''escape'')' ELSE 'x.%I::text' END, c.attname), word);
    END LOOP;
END $$;
-- What must not change: sums, counts, times, states.
CREATE FUNCTION pg_temp.sold() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat_ws(' | ',
        (SELECT string_agg(concat_ws(' ', b.booking_number, b.customer_id, b.session_id, b.status, b.payment_status,
                                     b.refund_status, b.amount_cents, b.currency, b.party_size, b.scheduled_start,
                                     b.created_at), ', ' ORDER BY b.id) FROM booking.bookings AS b),
        (SELECT string_agg(concat_ws(' ', p.provider_ref, p.status, p.amount_minor, p.refunded_minor, p.booking_id,
                                     p.accepted), ', ' ORDER BY p.id) FROM booking.payments AS p),
        (SELECT string_agg(concat_ws(' ', f.provider_ref, f.status, f.amount_minor), ', ' ORDER BY f.id)
           FROM booking.refunds AS f),
        (SELECT string_agg(concat_ws(' ', u.booking_id, u.unit, u.status, u.checked_in_at), ', ' ORDER BY u.unit)
           FROM booking.booking_units AS u),
        (SELECT string_agg(concat_ws(' ', e.external_id, e.status, encode(e.body_hash, 'hex'), e.payment_id), ', '
                           ORDER BY e.id) FROM booking.payment_events AS e),
        (SELECT string_agg(concat_ws(' ', c.action, c.provider, c.booking_id, c.request ->> 'amount_minor', c.outcome ->> 'status'), ', '
                           ORDER BY c.id) FROM booking.provider_calls AS c),
        (SELECT count(*) FROM booking.slot_reservations), (SELECT count(*) FROM booking.waitlist_entries), (SELECT count(*) FROM booking.customers),
        (SELECT count(*) FROM booking.webhook_attempts),
        (SELECT string_agg(t::text, ', ') FROM booking.get_weekly_bookings_trend() AS t)) $$;
CREATE FUNCTION pg_temp.erased(statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE 'SELECT concat_ws('' '', x.bookings, x.reservations, x.released, x.mentions > 0) FROM ' || statement || ' AS x'
       INTO answer;
    RETURN answer;
END $$;
CREATE FUNCTION pg_temp.erasures() RETURNS bigint STABLE LANGUAGE sql AS $$
    SELECT count(*) FROM booking.booking_events AS e WHERE e.kind = 'customer.erased' $$;

-- The list of columns is whole: whoever adds one that can hold words says what becomes of it.
CREATE TEMPORARY TABLE wordy AS
SELECT k.relname::text AS table_name, a.attname::text AS column_name
  FROM pg_class AS k JOIN pg_attribute AS a ON a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_type AS t ON t.oid = a.atttypid
 WHERE k.relnamespace = 'booking'::regnamespace AND k.relkind IN ('r', 'p') AND NOT k.relispartition
   AND t.typname NOT IN ('bool', 'int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'uuid', 'date', 'time', 'timestamp',
                         'timestamptz', 'interval', 'tstzrange', 'daterange');
SELECT public.is_empty('SELECT w.table_name, w.column_name FROM pg_temp.wordy AS w
                        EXCEPT SELECT p.table_name, p.column_name FROM booking.personal_data() AS p',
                       'each column that can hold words is declared');
SELECT public.is_empty('SELECT p.table_name, p.column_name FROM booking.personal_data() AS p
                        EXCEPT SELECT w.table_name, w.column_name FROM pg_temp.wordy AS w', 'and each declared one is there');

-- Anna Marker has been on a tour, and on another that she has cancelled; she holds seats of one to come. Bob has come, too.
SELECT booking.create_webhook_endpoint(1, 'crm', 'https://crm.example.org/') \g /dev/null
SELECT booking.create_webhook_source(1, 'shop', 'hmac', NULL, '{"header": "x-signature"}') \g /dev/null
SELECT pg_temp.add_session('later', 1, 'tour', '2027-03-20 09:00 UTC', 4) \g /dev/null
CREATE FUNCTION pg_temp.books_as(new_name text, session text, email text) RETURNS uuid VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.hold(new_name || ' hold', session, 1, email);
    INSERT INTO pg_temp.named (name, id)
    SELECT new_name, c.booking_id FROM booking.confirm_reservation(pg_temp.id(new_name || ' hold'),
        customer_name => 'Anna Marker', customer_phone => '+49 30 5550 1234') AS c;
    RETURN pg_temp.id(new_name);
END $$;
SELECT pg_temp.books_as('past', 'tour 9', 'Anna.Marker@example.org'),
       pg_temp.books_as('cancelled', 'tour 11', 'anna.marker@example.org'), pg_temp.booked('bob', 'tour 9', 2) \g /dev/null
SELECT booking.cancel_booking(pg_temp.id('cancelled'), 'marker: she said so') \g /dev/null
SELECT booking.check_in(pg_temp.id('past'), 1, 'marker-scan-0001') \g /dev/null
UPDATE booking.customers SET user_id = 'marker-account', updated_at = now() WHERE lower(email) = 'anna.marker@example.org';
INSERT INTO pg_temp.named (name, id) SELECT 'anna', c.id FROM booking.customers AS c WHERE c.user_id = 'marker-account';
-- Before it is over she is needed.
SELECT public.is(pg_temp.refused(format('SELECT booking.erase_customer(%L)', pg_temp.id('anna'))),
                 'BK250 -: the customer cannot be erased yet: 1 booking is still to come',
                 'case 21: who is still to come is not erased');
SELECT booking.check_out(pg_temp.id('past'), 1, 'marker-scan-0002') \g /dev/null
SELECT pg_temp.hold('live', 'later', 3, 'ANNA.marker@example.org') \g /dev/null
SELECT pg_temp.paid('past', 5000) \g /dev/null
INSERT INTO booking.refunds (organization_id, id, payment_id, provider, provider_ref, status, amount_minor, currency, was_done,
                             created_at, updated_at)
SELECT 1, booking.new_id(1), p.id, 'stripe', 're_1', 'done', 1000, 'EUR', true, booking.clock(), booking.clock()
  FROM booking.payments AS p;
INSERT INTO booking.payment_events (organization_id, id, source_id, external_id, event_type, received_at, body, body_hash, status,
                                    payment_id)
SELECT 1, booking.new_id(1), s.id, 'evt_1', 'payment.succeeded', booking.clock(), '{"name": "by its payment: marker"}'::bytea, '\x01'::bytea,
       'applied', p.id FROM booking.webhook_sources AS s, booking.payments AS p
 UNION ALL
SELECT 1, booking.new_id(1), s.id, x.id, 'payment.succeeded', booking.clock(), convert_to(x.body, 'UTF8'), '\x02'::bytea, 'ignored', NULL
  FROM booking.webhook_sources AS s, (VALUES ('evt_2', '{"to": "anna.marker\u0040example.org"}'),
                                             ('evt_3', 'to=Anna.Marker%40example.org')) AS x (id, body);
INSERT INTO booking.webhook_attempts (organization_id, id, delivery_id, endpoint_id, event_id, event_type, occurred_at, batch_id,
                                      attempt, outcome, finished_at, response_body, response_headers)
SELECT 1, booking.new_id(1), booking.new_id(1), w.id, e.id, e.kind, e.occurred_at, pg_temp.id('past'), 1, 'delivered',
       booking.clock(), 'got marker', '{"x-echo": "marker"}'::jsonb
  FROM booking.booking_events AS e, booking.webhook_endpoints AS w WHERE e.booking_id = pg_temp.id('past')
 UNION ALL -- another's, once in one request with hers, once by itself
SELECT 1, booking.new_id(1), booking.new_id(1), w.id, e.id, e.kind, e.occurred_at, b.id, 1, 'delivered', booking.clock(), b.said,
       '{"x-id": "7"}'::jsonb
  FROM booking.booking_events AS e, booking.webhook_endpoints AS w,
       (VALUES (pg_temp.id('past'), 'got marker'), (NULL, 'got Bob, not Anna Marker')) AS b (id, said)
 WHERE e.booking_id = pg_temp.id('bob') AND e.kind = 'booking.created';
INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, error_sqlstate, error_message)
VALUES (1, booking.new_id(1), 'release', now(), now(), '23514', E'failing row contains (\nanna.marker@example.org, 4)');
INSERT INTO booking.blocked_periods (organization_id, id, venue_id, starts_at, ends_at, reason, created_at)
VALUES (1, booking.new_id(1), pg_temp.id('venue'), '2027-05-02', '2027-05-03', 'Party of Anna Marker', now());
INSERT INTO booking.schedule_exceptions (organization_id, id, venue_id, first_date, last_date, reason)
VALUES (1, booking.new_id(1), pg_temp.id('venue'), '2027-05-01', '2027-05-01', 'Party of Anna  Marker, tel. 49-30-5550-1234');
INSERT INTO booking.webhook_deliveries (organization_id, id, endpoint_id, event_id, event_type, occurred_at, status,
                                        next_attempt_at, expires_at, reason, created_at)
SELECT 1, booking.new_id(1), w.id, booking.new_id(1), 'booking.paid', now(), 'blocked', now(), now(), '(Anna Marker) is too much', now()
  FROM booking.webhook_endpoints AS w;
INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, booking_id, facts, occurred_at)
SELECT 1, booking.new_id(1), 'booking.updated', pg_temp.id(x.name), pg_temp.id(x.name), x.facts::jsonb, booking.clock()
  FROM (VALUES ('past', '{"description": "marker called", "status": "paid"}'),
               ('bob', '{"description": "sat beside \"Anna Marker\"", "status": "paid"}')) AS x (name, facts);
INSERT INTO booking.provider_calls (organization_id, id, provider, action, booking_id, reservation_id, request, idempotency_key, status,
                                    next_attempt_at, expires_at, outcome, reason, created_at, finished_at)
SELECT 1, booking.new_id(1), 'calcom', 'create_booking', x.booking_id, x.reservation_id, x.request::jsonb, 'key ' || x.status,
       x.status, now(), now(), x.outcome::jsonb, 'marker was told so', now(), now()
  FROM (VALUES (pg_temp.id('past'), NULL, 'done', '{"start": "2027-03-03", "timezone": "Europe/Marker", "amount_minor": 7}', '{"uid": "marker", "status": "paid"}'),
               (NULL, pg_temp.id('past hold'), 'failed', '{"reason": "marker"}', NULL))
    AS x (booking_id, reservation_id, status, request, outcome);
ALTER TABLE booking.provider_calls DROP CONSTRAINT provider_calls_token_check;
UPDATE booking.provider_calls SET return_token = 'marker';
INSERT INTO booking.waitlist_entries (organization_id, id, session_id, customer_email, customer_name, party_size, status, created_at,
                                      settled_at, token_hash, token_salt, idempotency_hash, request_hash)
SELECT 1, booking.new_id(1), pg_temp.id('tour 11'), 'Anna.Marker@example.org', 'Anna Marker', 1, 'left', booking.clock(), booking.clock(),
       '', 'marker', 'marker', 'marker';
ALTER TABLE booking.booking_changes DISABLE TRIGGER refuse_change;
UPDATE booking.booking_changes SET actor_kind = 'user', actor = 'marker-account' WHERE booking_id = pg_temp.id('past');
ALTER TABLE booking.booking_changes ENABLE TRIGGER refuse_change;
UPDATE booking.bookings
   SET notes = 'marker', additional_notes = 'marker', cancel_reason = 'marker', metadata = '{"a": "marker"}',
       meeting_url = 'https://marker.example.org', cal_booking_id = 'marker', cal_uid = 'marker', appointments = '{"marker": {}}',
       timezone = 'Europe/Marker', needs_reschedule = true, calendar_refusal = 'marker', token_salt = 'marker', idempotency_hash = 'marker', request_hash = 'marker'
 WHERE id = pg_temp.id('past');
UPDATE booking.bookings SET notes = 'comes with Anna Marker', metadata = '{"friends": ["anna.marker@example.org"]}'
 WHERE id = pg_temp.id('bob');
UPDATE booking.slot_reservations SET token_salt = 'marker', idempotency_hash = 'marker', request_hash = 'marker'
 WHERE id = pg_temp.id('past hold');
UPDATE booking.payment_events SET headers = '{"x-signature": "marker"}', reason = 'nobody knows anna.marker@example.org'
 WHERE external_id = 'evt_1';
UPDATE booking.payments SET refunded_minor = 1000, conflict = 'paid by Anna Marker', status = 'conflict', decision = 'refund', decided_by = 'owner-1',
       decided_at = now(), accepted = false;
UPDATE booking.refunds SET reason = 'Anna Marker is right';
UPDATE booking.sessions SET closed_reason = 'all of it for Anna Marker!' WHERE id = pg_temp.id('tour 11');
UPDATE booking.webhook_attempts SET error = 'no answer about anna.marker@example.org';
UPDATE booking.webhook_endpoints SET status = 'disabled', disabled_reason = 'wrote to Anna.Marker@example.org';
UPDATE booking.webhook_sources SET status = 'disabled', disabled_reason = 'wrote to Anna.Marker@example.org';

SELECT public.set_eq('SELECT place FROM pg_temp.found(''marker|5550.?1234'')',
                     $$ SELECT p.table_name || '.' || p.column_name FROM booking.personal_data() AS p WHERE p.treatment <> 'kept' $$,
                     'case 21: the word is in every column that is said to hold something personal');

SELECT pg_temp.set_clock('2027-03-19 12:00 UTC') \g /dev/null
UPDATE booking.slot_reservations SET expires_at = booking.clock() + interval '1 hour' WHERE id = pg_temp.id('live');
CREATE TEMPORARY TABLE before AS SELECT pg_temp.sold() AS sold, count(*) AS changes FROM booking.booking_changes;
SELECT public.is(pg_temp.erased(format('booking.erase_customer(%L)', pg_temp.id('anna'))), '2 4 1 t',
                 'case 21: two bookings, their holds, a live one, a place on a list, and words of others');
SELECT public.is_empty('SELECT place FROM pg_temp.found(''marker|5550.?1234'')', 'case 21: the word is nowhere any more');
SELECT public.is(pg_temp.sold(), (SELECT b.sold FROM pg_temp.before AS b), 'case 21: what was sold, paid and counted is what it was');
SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'the books are sound');
SELECT public.is((SELECT concat_ws(' ', a.seats_available, r.status) FROM booking.activity_sessions AS a, booking.slot_reservations AS r
                   WHERE a.id = pg_temp.id('later') AND r.id = pg_temp.id('live')), '4 cancelled', 'the live hold is let go');
SELECT public.is((SELECT string_agg(n.actor, ', ' ORDER BY n.actor)
                    FROM (SELECT DISTINCT h.actor FROM booking.booking_changes AS h WHERE h.booking_id = pg_temp.id('past')) AS n),
                 'erased, ' || session_user, 'the record says who changed it, but for who was erased');
SELECT public.throws_ok('UPDATE booking.booking_changes SET actor = ''erased''', 'BK218', NULL, 'and is closed again');

-- What others are told: ids, and what the rows hold now.
SELECT public.is(
    (SELECT e.facts FROM booking.booking_events AS e WHERE e.kind = 'customer.erased' AND e.subject_id = pg_temp.id('anna')),
    jsonb_build_object('booking_ids', (SELECT jsonb_agg(b.id ORDER BY b.id) FROM booking.bookings AS b WHERE b.customer_id = pg_temp.id('anna')),
                       'reservation_ids', (SELECT jsonb_agg(n.id ORDER BY n.id) FROM pg_temp.named AS n
                                            WHERE n.name IN ('past hold', 'cancelled hold', 'live')),
                       'waitlist_entry_ids', (SELECT jsonb_agg(w.id) FROM booking.waitlist_entries AS w)),
    'an event says who it was, by ids only');
SELECT public.is_empty($$ SELECT p.body FROM booking.event_payloads AS p WHERE p.body::text ~* 'marker' $$,
                       'nothing that is delivered from now on, or again, says more');
SELECT public.is((SELECT concat_ws(' ', b.customer_email, b.notes, b.metadata, e.facts ->> 'description')
                    FROM booking.bookings AS b JOIN booking.booking_events AS e ON e.booking_id = b.id AND e.facts ? 'description'
                   WHERE b.id = pg_temp.id('bob')),
                 'bob@example.org comes with [erased] {"friends": ["[erased]"]} sat beside "[erased]"',
                 'what is of others stays, but for the mention');

-- Again, and anew.
CREATE TEMPORARY TABLE after AS SELECT pg_temp.erasures() AS events, pg_temp.all_books() AS books;
SELECT public.is(pg_temp.erased(format('booking.erase_customer(%L)', pg_temp.id('anna'))), '0 0 0 f', 'once more changes nothing');
SELECT public.is(pg_temp.erased($$booking.erase_customer(1, 'anna.marker@example.org')$$), '0 0 0 f', 'nor by the address');
SELECT public.is((SELECT (a.events, a.books)::text FROM pg_temp.after AS a), (pg_temp.erasures(), pg_temp.all_books())::text,
                 'and nothing is told');
SELECT pg_temp.books_as('anew', 'later', 'anna.marker@example.org') \g /dev/null
SELECT public.isnt((SELECT b.customer_id FROM booking.bookings AS b WHERE b.id = pg_temp.id('anew')), pg_temp.id('anna'),
                   'who books again is somebody new');
SELECT * FROM public.finish();
ROLLBACK;
