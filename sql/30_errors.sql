-- Every refusal as the user reads it, with its SQLSTATE; and nothing has changed afterwards.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
-- It is 1 June 2031, 08:00. Rows have chosen ids, so that messages can be shown.
SELECT ceil(extract(epoch FROM timestamptz '2031-06-01 08:00+00' - now())) AS offset \gset
SET pg_booking.clock_offset = :offset;
INSERT INTO booking.organizations (organization_id, name) VALUES (77, 'Errors');
INSERT INTO booking.venues (organization_id, id, name, timezone)
VALUES (77, '01900000-0000-8000-8000-00010000004d', 'Hall', 'Europe/Berlin');
INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, price_minor, schedule, party_size_min,
                                party_size_max, hold_seconds_max, hold_extensions_max)
VALUES (77, '01900000-0000-8000-8000-00020000004d', '01900000-0000-8000-8000-00010000004d', 'Tour', 10, 1500,
        '{"operatingDays": ["Monday"], "startTime": "09:00", "endTime": "10:00", "slotInterval": 30}', 2, 6, 1800, 1);
INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date, capacity_total,
                              remaining, status, timezone)
SELECT 77, s.id, '01900000-0000-8000-8000-00020000004d', s.start_time, s.start_time + interval '30 minutes',
       s.start_time::date, 10, s.remaining, s.status, 'Europe/Berlin'
  FROM (VALUES ('01900000-0000-8000-8000-00030000004d'::uuid, timestamptz '2031-06-02 09:00+00', 4, 'open'),
               ('01900000-0000-8000-8000-00040000004d', '2031-06-01 07:00+00', 10, 'open'),
               ('01900000-0000-8000-8000-00050000004d', '2031-06-02 10:00+00', 10, 'closed'),
               ('01900000-0000-8000-8000-00060000004d', '2031-06-02 11:00+00', 8, 'cancelled'),
               ('01900000-0000-8000-8000-00070000004d', '2031-06-02 12:00+00', 1, 'open'))
       AS s (id, start_time, remaining, status);
-- Holds: live, run out, cancelled, expired with no room left, in a cancelled session, extended once; the token of all
-- is 32 zero bytes.
INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email, status, created_at,
                                       expires_at, settled_at, extended_count, token_hash)
SELECT 77, r.id, r.session, r.party, 'ann@example.com', r.status, r.created, r.created + r.lasts,
       CASE WHEN r.status <> 'pending' THEN r.created END, r.extended, sha256('\x0000000000000000000000000000000000000000000000000000000000000000')
  FROM (VALUES ('01900000-0000-8000-8000-00110000004d'::uuid, '01900000-0000-8000-8000-00030000004d'::uuid, 3, 'pending',
                timestamptz '2031-06-01 07:50+00', interval '20 min', 0),
               ('01900000-0000-8000-8000-00120000004d', '01900000-0000-8000-8000-00070000004d', 5, 'pending',
                '2031-06-01 07:30+00', '10 min', 0),
               ('01900000-0000-8000-8000-00130000004d', '01900000-0000-8000-8000-00030000004d', 2, 'cancelled',
                '2031-06-01 07:30+00', '10 min', 0),
               ('01900000-0000-8000-8000-00140000004d', '01900000-0000-8000-8000-00070000004d', 6, 'expired',
                '2031-06-01 07:30+00', '10 min', 0),
               ('01900000-0000-8000-8000-00150000004d', '01900000-0000-8000-8000-00060000004d', 2, 'pending',
                '2031-06-01 07:55+00', '20 min', 0),
               ('01900000-0000-8000-8000-00160000004d', '01900000-0000-8000-8000-00030000004d', 3, 'pending',
                '2031-06-01 07:55+00', '20 min', 1),
               ('01900000-0000-8000-8000-00180000004d', '01900000-0000-8000-8000-00070000004d', 4, 'pending',
                '2031-06-01 07:55+00', '20 min', 0))
       AS r (id, session, party, status, created, lasts, extended);
SELECT booking_id IS NOT NULL AS booked FROM booking.confirm_reservation('01900000-0000-8000-8000-00180000004d');
-- Bookings of packages: not paid, paid, not paid in time, scheduled, cancelled. Their tokens begin with B to F and have
-- zeros behind.
INSERT INTO booking.packages (organization_id, id, name, activity_id)
VALUES (77, 'single', 'Single', '01900000-0000-8000-8000-00020000004d');
INSERT INTO booking.bookings (organization_id, id, booking_number, package_id, customer_email, status, payment_status,
                              currency, scheduled_start, scheduled_end, created_at, updated_at, expires_at, token_hash)
SELECT 77, format('01900000-0000-8000-8000-00%s0000004d', b.n)::uuid, b.status || b.n, 'single', 'ann@example.com',
       b.status, b.payment_status, 'EUR', b.scheduled, b.scheduled + interval '30 minutes', '2031-06-01 07:00+00',
       '2031-06-01 07:00+00', b.expires, sha256(decode(rpad(b.first_byte, 64, '0'), 'hex'))
  FROM (VALUES (21, '04', 'pending', 'pending', NULL::timestamptz, timestamptz '2031-06-02 07:00+00'),
               (22, '08', 'paid', 'paid', NULL, '2031-07-01 07:00+00'),
               (23, '0c', 'pending', 'pending', NULL, '2031-06-01 07:59+00'),
               (24, '10', 'scheduled', 'paid', '2031-06-03 09:00+00', '2031-07-01 07:00+00'),
               (25, '14', 'cancelled', 'refunded', NULL, '2031-07-01 07:00+00'))
       AS b (n, first_byte, status, payment_status, scheduled, expires);
SELECT * FROM booking.integrity_check();
CREATE TEMP VIEW everything AS
SELECT row_to_json(t)::text AS line FROM booking.organizations AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.venues AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.activities AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.schedule_exceptions AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.sessions AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.generation_watermarks AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.customers AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.slot_reservations AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.packages AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.booking_changes AS t UNION ALL
SELECT row_to_json(t)::text FROM booking.bookings AS t;
CREATE TEMP TABLE earlier AS TABLE everything;
\set session '01900000-0000-8000-8000-00030000004d'
\set live '01900000-0000-8000-8000-00110000004d'
\set token AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA

-- BK001
SELECT booking.reserve_slot(NULL, 2, 'ann@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot(:'session', NULL, 'ann@example.com');
SELECT booking.reserve_slot(:'session', 2, NULL);
SELECT booking.try_reserve_slot(:'session', 2, NULL);
SELECT booking.confirm_reservation(NULL);
SELECT booking.extend_reservation(NULL);
SELECT booking.cancel_reservation(NULL);
SELECT booking.check_slot_availability(NULL, 1);
SELECT booking.check_slot_availability(:'session', NULL);
SELECT * FROM booking.next_available_sessions(NULL, 1);
SELECT * FROM booking.next_available_sessions('01900000-0000-8000-8000-00020000004d', 1, NULL);
SELECT booking.generate_activity_sessions(NULL, '2031-06-01', 1);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', NULL, 1);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '2031-06-01', NULL);
SELECT booking.generate_all_sessions(NULL);
SELECT * FROM booking.get_upcoming_bookings(NULL);
SELECT booking.new_id(NULL);
SELECT booking.check_schedule(NULL);
SELECT booking.check_time_zone(NULL);

-- BK002
SELECT booking.reserve_slot(:'session', 0, 'ann@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot(:'session', -1, 'ann@example.com');
SELECT booking.reserve_slot(:'session', 1, 'ann@example.com');
SELECT booking.reserve_slot(:'session', 7, 'ann@example.com');
SELECT booking.reserve_slot(:'session', 2147483647, 'ann@example.com');
SELECT booking.check_slot_availability(:'session', 0);
SELECT * FROM booking.next_available_sessions('01900000-0000-8000-8000-00020000004d', -5);

-- BK003
SELECT booking.reserve_slot(:'session', 2, '');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot(:'session', 2, 'ann');
SELECT booking.reserve_slot(:'session', 2, 'ann@localhost');
SELECT booking.reserve_slot(:'session', 2, 'ann @example.com');
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com,bob@example.com');
SELECT booking.reserve_slot(:'session', 2, E'ann@example.com\nBcc: bob@example.com');
SELECT booking.reserve_slot(:'session', 2, repeat('ä', 200) || '@example.com');

-- BK004
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', NULL, 0);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', NULL, -1);
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', NULL, 1801);
SELECT booking.extend_reservation(:'live', :'token', 0);
SELECT booking.extend_reservation(:'live', :'token', 2147483647);

-- BK005
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', '');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', 'short');
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', repeat('x', 256));
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', 'with a space in it');
SELECT booking.reserve_slot(:'session', 2, 'ann@example.com', 'schlüssel-schlüssel');

-- BK006, when the schedule is written
UPDATE booking.activities SET schedule = '[]' WHERE organization_id = 77;
\echo SQLSTATE :LAST_ERROR_SQLSTATE
UPDATE booking.activities SET schedule = '"Monday"' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = 'null' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = '{}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"operatingDays": "Monday"}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"operatingDays": ["Monday", "Caturday"]}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"operatingDays": ["Monday", "Monday"]}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"operatingDays": [1]}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"startTime": "25:00"}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"startTime": "24:00"}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"startTime": 9}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"endTime": "24:01"}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"endTime": "9:00"}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule - 'endTime' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotInterval": 0}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotInterval": -30}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotInterval": 7.5}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotInterval": "30"}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotInterval": 61}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotInterval": 1441}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotInterval": 1e400}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"slotinterval": 30}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"customHours": []}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"customHours": {"Montag": {"startTime": "10:00", "endTime": "11:00"}}}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"customHours": {"Monday\nERROR: ": {"startTime": "10:00", "endTime": "11:00"}}}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"customHours": {"Monday": {"startTime": "10:00"}}}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"customHours": {"Monday": {"enabled": "no", "startTime": "10:00", "endTime": "11:00"}}}' WHERE organization_id = 77;
UPDATE booking.activities SET schedule = schedule || '{"customHours": {"Sunday": {"enabled": false, "startTime": "10:00", "endTime": "10:20"}}}' WHERE organization_id = 77;

-- BK007
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '2031-06-01', -1);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '2031-06-01', 1000000);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', 'infinity', 1);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '-infinity', 1);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '4713-01-01 BC', 1);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '1970-01-01', 1);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '2199-12-31', 2);
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '5874897-12-31', 3660);
SELECT booking.generate_all_sessions(3661);

-- BK008
UPDATE booking.venues SET timezone = 'Mars/Olympus_Mons' WHERE organization_id = 77;
\echo SQLSTATE :LAST_ERROR_SQLSTATE
UPDATE booking.venues SET timezone = '' WHERE organization_id = 77;
UPDATE booking.venues SET timezone = 'EST5EDT' WHERE organization_id = 77;
UPDATE booking.venues SET timezone = '+02' WHERE organization_id = 77;
UPDATE booking.venues SET timezone = '../../../etc/passwd' WHERE organization_id = 77;
UPDATE booking.venues SET timezone = 'Europe/Berlin/' WHERE organization_id = 77;

-- BK009
SELECT * FROM booking.get_upcoming_bookings(0);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT * FROM booking.get_upcoming_bookings(1001);
SELECT * FROM booking.next_available_sessions('01900000-0000-8000-8000-00020000004d', 2, -1);

-- BK010
SELECT booking.confirm_reservation(:'live', NULL, '   ');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.confirm_reservation(:'live', NULL, repeat('x', 201));
SELECT booking.confirm_reservation(:'live', NULL, E'Ann\nBcc: bob@example.com');
SELECT booking.confirm_reservation(:'live', NULL, 'Ann', 'call me');
SELECT booking.confirm_reservation(:'live', NULL, 'Ann', '1');

-- BK011
SELECT booking.new_id(0);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.new_id(-2147483648);

-- BK101 to BK103: of this organization, of none, and no id of ours at all
SELECT booking.reserve_slot('01900000-0000-8000-8000-00990000004d', 2, 'ann@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot('01900000-0000-8000-8000-000300007777', 2, 'ann@example.com');
SELECT booking.reserve_slot('00000000-0000-0000-0000-000000000000', 2, 'ann@example.com');
SELECT booking.check_slot_availability('ffffffff-ffff-ffff-ffff-ffffffffffff', 1);
SELECT outcome, refusal_message FROM booking.try_reserve_slot('00000000-0000-0000-0000-000000000000', 2, 'ann@example.com');
SELECT booking.confirm_reservation('01900000-0000-8000-8000-00990000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.confirm_reservation('01900000-0000-8000-8000-00990000004d', :'token');
SELECT booking.confirm_reservation('00000000-0000-0000-0000-000000000000');
SELECT booking.extend_reservation('01900000-0000-8000-8000-00990000004d', :'token');
SELECT booking.cancel_reservation('01900000-0000-8000-8000-00990000004d', :'token');
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00990000004d', '2031-06-01', 1);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT * FROM booking.next_available_sessions('01900000-0000-8000-8000-00990000004d', 1);

-- BK201 to BK204
SELECT booking.reserve_slot(:'session', 5, 'ann@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot('01900000-0000-8000-8000-00040000004d', 2, 'ann@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot('01900000-0000-8000-8000-00050000004d', 2, 'ann@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reserve_slot('01900000-0000-8000-8000-00060000004d', 2, 'ann@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.confirm_reservation('01900000-0000-8000-8000-00150000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.extend_reservation('01900000-0000-8000-8000-00150000004d', :'token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE

-- BK205 to BK207
SELECT booking.extend_reservation('01900000-0000-8000-8000-00120000004d', :'token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.extend_reservation('01900000-0000-8000-8000-00140000004d', :'token');
SELECT booking.extend_reservation('01900000-0000-8000-8000-00130000004d', :'token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.confirm_reservation('01900000-0000-8000-8000-00130000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.extend_reservation('01900000-0000-8000-8000-00180000004d', :'token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.cancel_reservation('01900000-0000-8000-8000-00180000004d', :'token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE

-- BK208
BEGIN;
SELECT expires_at IS NOT NULL AS held FROM booking.reserve_slot(:'session', 2, 'ann@example.com', 'a-key-of-16-or-more');
SAVEPOINT held;
SELECT booking.reserve_slot(:'session', 3, 'ann@example.com', 'a-key-of-16-or-more');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
ROLLBACK TO held;
SELECT booking.reserve_slot(:'session', 2, 'bob@example.com', 'a-key-of-16-or-more');
ROLLBACK TO held;
SELECT booking.reserve_slot('01900000-0000-8000-8000-00070000004d', 2, 'ann@example.com', 'a-key-of-16-or-more');
ROLLBACK TO held;
SELECT outcome FROM booking.try_reserve_slot(:'session', 2, 'ann@example.com', 'a-key-of-16-or-more', 60);
ROLLBACK;

-- BK209
SELECT booking.extend_reservation('01900000-0000-8000-8000-00160000004d', :'token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.extend_reservation(:'live', :'token', 1800);
\echo SQLSTATE :LAST_ERROR_SQLSTATE

-- BK210, BK211
SET ROLE booking_public;
SELECT booking.confirm_reservation(:'live', :'token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
RESET ROLE;
BEGIN;
-- A rival takes the seats that the run-out hold of five had.
SELECT expires_at IS NOT NULL AS held FROM booking.reserve_slot('01900000-0000-8000-8000-00070000004d', 5, 'bob@example.com');
SELECT booking.confirm_reservation('01900000-0000-8000-8000-00120000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
ROLLBACK;

-- BK212
UPDATE booking.bookings SET status = 'pending' WHERE organization_id = 77;
\echo SQLSTATE :LAST_ERROR_SQLSTATE
UPDATE booking.bookings SET payment_status = 'not_required' WHERE organization_id = 77;
UPDATE booking.slot_reservations SET status = 'pending', settled_at = NULL WHERE id = '01900000-0000-8000-8000-00130000004d';

-- BK213
BEGIN;
UPDATE booking.activities SET live_holds_per_email = 1 WHERE organization_id = 77;
SELECT booking.reserve_slot('01900000-0000-8000-8000-00030000004d', 2, 'Ann@Example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
ROLLBACK;

-- BK214: a fifth of ten seats
BEGIN;
UPDATE booking.activities SET unpaid_percent_max = 20 WHERE organization_id = 77;
SELECT expires_at IS NOT NULL AS held FROM booking.reserve_slot('01900000-0000-8000-8000-00030000004d', 2, 'bob@example.com');
SELECT outcome, refusal_message FROM booking.try_reserve_slot('01900000-0000-8000-8000-00030000004d', 2, 'cid@example.com');
SELECT booking.reserve_slot('01900000-0000-8000-8000-00030000004d', 2, 'cid@example.com');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
ROLLBACK;

-- BK219
BEGIN;
UPDATE booking.packages SET live_bookings_per_email = 1 WHERE organization_id = 77;
SELECT booking.booking_create(77, '{"packageId": "single", "customerName": "Dan", "customerEmail": "dan@example.com"}') IS NOT NULL AS bought;
SELECT booking.booking_create(77, '{"packageId": "single", "customerName": "Dan", "customerEmail": "Dan@example.com"}');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
ROLLBACK;

-- BK301
SELECT booking.extend_reservation(:'live', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.cancel_reservation(:'live', '');
SELECT booking.confirm_reservation(:'live', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB');

-- Packages: BK015, BK016, BK104, BK105, BK202 to BK204, BK210, BK215 to BK218, BK302.
CREATE FUNCTION pg_temp.at(first_letter text, start_time text, more jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('bookingToken', rpad(first_letter, 43, 'A') || '.77', 'startTime', start_time,
                              'endTime', (start_time::timestamptz + interval '30 minutes')) || more $$;
SET ROLE booking_public;
SELECT booking.booking_create(77, '{"packageId": "single", "customerName": "A", "customerEmail": "ann@example.com"}');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_create(77, '{"packageId": "double", "customerName": "Ann", "customerEmail": "ann@example.com"}');
SELECT booking.booking_create(77, '{"packageId": "single", "customerName": "Ann", "customerEmail": "ann"}');
SELECT booking.booking_create(77, '{"packageId": "single", "customerName": "Ann"}');
SELECT booking.booking_create(77, '[]');
SELECT booking.booking_status('AAAA');
SELECT booking.booking_status(repeat('A', 43) || '.77');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('C', '2031-06-02T09:00:00Z', '{"endTime": "soon"}'));
SELECT booking.booking_schedule(pg_temp.at('C', '2031-06-02T09:00:00Z', '{"timezone": "Mars/Olympus"}'));
SELECT booking.booking_schedule(pg_temp.at('C', '2031-06-02T09:15:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('C', '2031-06-01T07:00:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('C', '2031-06-02T10:00:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('C', '2031-06-02T11:00:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('B', '2031-06-02T09:00:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('D', '2031-06-02T09:00:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('E', '2031-06-02T09:00:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('F', '2031-06-02T09:00:00Z'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.booking_schedule(pg_temp.at('C', '2031-06-02T09:00:00Z', '{"bookingId": "01900000-0000-8000-8000-00210000004d"}'));
\echo SQLSTATE :LAST_ERROR_SQLSTATE
RESET ROLE;
SELECT booking.create_default_packages(77, 'euro', 5000, 18000, 48000);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
DELETE FROM booking.booking_changes;
\echo SQLSTATE :LAST_ERROR_SQLSTATE

-- BK017 to BK019, BK220 to BK226, BK310, BK311: bookings after they were made
BEGIN;
\set ON_ERROR_ROLLBACK on
UPDATE booking.bookings SET cancel_cutoff_seconds = 259200 WHERE id = '01900000-0000-8000-8000-00240000004d';
INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, schedule)
SELECT 77, '01900000-0000-8000-8000-00210000004d', a.venue_id, 'Other', 5, a.schedule
  FROM booking.activities AS a WHERE a.id = '01900000-0000-8000-8000-00020000004d';
UPDATE booking.sessions SET activity_id = '01900000-0000-8000-8000-00210000004d' WHERE id = '01900000-0000-8000-8000-00050000004d';
SELECT b.id AS booking FROM booking.bookings AS b WHERE b.reservation_id = '01900000-0000-8000-8000-00180000004d' \gset
SELECT booking.cancel_booking('01900000-0000-8000-8000-00220000004d', NULL, 'half');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.check_in('01900000-0000-8000-8000-00240000004d', 2);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.check_in('01900000-0000-8000-8000-00240000004d', 1, 'two words');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.cancel_booking('01900000-0000-8000-8000-00240000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.check_in('01900000-0000-8000-8000-00210000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.cancel_booking('01900000-0000-8000-8000-00220000004d', expected_version => 9);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.cancel_booking('01900000-0000-8000-8000-00220000004d', NULL, 'partial', 100);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reschedule_booking(:'booking', '01900000-0000-8000-8000-00050000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT status FROM booking.check_in('01900000-0000-8000-8000-00240000004d', 1, 'gate');
SELECT booking.check_in('01900000-0000-8000-8000-00240000004d', 1, 'door');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
UPDATE booking.bookings SET token_hash = NULL, package_booking_id = '01900000-0000-8000-8000-00220000004d'
 WHERE id = '01900000-0000-8000-8000-00240000004d';
SELECT booking.cancel_booking('01900000-0000-8000-8000-00220000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SET LOCAL ROLE booking_public;
SELECT booking.cancel_booking('01900000-0000-8000-8000-00220000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.cancel_booking('01900000-0000-8000-8000-00210000004d', NULL, 'full', booking_token => 'B' || repeat('A', 42) || '.77');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
\set ON_ERROR_ROLLBACK off
ROLLBACK;

-- BK020, BK204, BK222: sessions that staff change
SELECT booking.set_session_capacity(:'session', -1);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.set_session_capacity(:'session', 5, 9);
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.close_session(:'session', repeat('x', 501));
SELECT booking.open_session('01900000-0000-8000-8000-00060000004d');
-- BK021, BK106, BK227: decisions about payments
BEGIN;
\set ON_ERROR_ROLLBACK on
INSERT INTO booking.payments (organization_id, id, provider, provider_ref, status, created_at, updated_at)
VALUES (77, '01900000-0000-8000-8000-00310000004d', 'stripe', 'pi_1', 'pending', '2031-06-01 07:00+00', '2031-06-01 07:00+00');
SELECT booking.resolve_payment('01900000-0000-8000-8000-00310000004d', 'keep');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.resolve_payment('01900000-0000-8000-8000-00320000004d', 'refund');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.resolve_payment('01900000-0000-8000-8000-00310000004d', 'refund');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
\set ON_ERROR_ROLLBACK off
ROLLBACK;

-- BK015, BK103, BK107, BK301: what visitors' pages ask
SELECT booking.public_venue(77, 'nowhere1');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.public_embed(77, 'nowhere1', NULL);
SELECT booking.public_activity_sessions('01900000-0000-8000-8000-00990000004d');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.public_activity_sessions('01900000-0000-8000-8000-00020000004d', '2031-02-30');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.reservation_status(:'live', 'no token');
\echo SQLSTATE :LAST_ERROR_SQLSTATE

-- 42501: what a visitor may not
SET ROLE booking_public;
SELECT booking.confirm_reservation(:'live');
\echo SQLSTATE :LAST_ERROR_SQLSTATE
SELECT booking.confirm_reservation('01900000-0000-8000-8000-00990000004d');
SELECT booking.extend_reservation(:'live');
SELECT booking.cancel_reservation(:'live');
SELECT booking.release_expired_reservations();
SELECT booking.generate_activity_sessions('01900000-0000-8000-8000-00020000004d', '2031-06-01', 1);
SELECT * FROM booking.slot_reservations;
SELECT * FROM booking.bookings;
SELECT * FROM booking.customers;
SET pg_booking.clock_offset = 0;
RESET ROLE;

-- Constraints that speak for themselves.
\set VERBOSITY terse
UPDATE booking.sessions SET remaining = -1 WHERE id = :'session';
UPDATE booking.sessions SET remaining = 11 WHERE id = :'session';
UPDATE booking.activities SET capacity = 0 WHERE organization_id = 77;
UPDATE booking.activities SET unpaid_percent_max = 0 WHERE organization_id = 77;
UPDATE booking.activities SET unpaid_percent_max = 101 WHERE organization_id = 77;
UPDATE booking.activities SET price_minor = -1 WHERE organization_id = 77;
UPDATE booking.activities SET payment_url = 'javascript:alert(1)' WHERE organization_id = 77;
INSERT INTO booking.schedule_exceptions (organization_id, first_date, last_date) VALUES (77, '2031-06-01', '2031-06-01');
INSERT INTO booking.schedule_exceptions (organization_id, venue_id, first_date, last_date)
VALUES (77, '01900000-0000-8000-8000-00010000004d', '2031-06-02', '2031-06-01');
INSERT INTO booking.venues (organization_id, name, timezone) VALUES (NULL, 'Nowhere', 'UTC');
INSERT INTO booking.venues (organization_id, id, name, timezone) VALUES (77, '01900000-0000-8000-8000-00010000004e', 'Nowhere', 'UTC');
INSERT INTO booking.venues (organization_id, name, timezone) VALUES (7777, 'Nowhere', 'UTC');
SELECT booking.stamp_row();
SELECT booking.check_transition();
\set VERBOSITY default

-- Nothing has changed.
(TABLE earlier EXCEPT ALL TABLE everything) UNION ALL (TABLE everything EXCEPT ALL TABLE earlier);
SELECT * FROM booking.integrity_check();
SELECT booking.live_cpp_frames();

-- Every code has been shown, here or in 10_install; retry needs a rival (test/isolation).
SELECT sqlstate, name FROM booking.refusal_codes();
