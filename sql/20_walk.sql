-- The main job: a venue and its schedule, sessions, a seat held, a rival refused, a booking, the dashboard.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
-- It is Thursday, 4 January 2024, half a minute past 12:00 at the venue. In the past, since the rules of a zone change
-- from one release of the time zone data to the next.
SELECT ceil(extract(epoch FROM timestamptz '2024-01-04 12:00:30 America/Vancouver' - now())) AS noon \gset
SET pg_booking.clock_offset = :noon;
SELECT date_trunc('hour', booking.clock()) AS clock;

INSERT INTO booking.organizations (name) VALUES ('Walk') RETURNING organization_id AS org \gset
INSERT INTO booking.venues (organization_id, name, timezone) VALUES (:org, 'Rink', 'America/Vancouver')
    RETURNING id AS venue \gset
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, price_minor, currency, schedule)
VALUES (:org, :'venue', 'Curling', 8, 2500, 'CAD', '{
    "operatingDays": ["Monday", "Wednesday", "Thursday", "Friday", "Saturday"],
    "startTime": "09:00", "endTime": "12:00", "slotInterval": 50,
    "customHours": {"Saturday": {"enabled": true, "startTime": "22:00", "endTime": "00:30"},
                    "Sunday": {"enabled": true, "startTime": "10:00", "endTime": "23:00"},
                    "Monday": {"enabled": false, "startTime": "10:00", "endTime": "23:00"}}}')
    RETURNING id AS activity \gset
INSERT INTO booking.schedule_exceptions (organization_id, venue_id, first_date, last_date, reason)
VALUES (:org, :'venue', '2024-01-10', '2024-01-11', 'Ice repair');
INSERT INTO booking.schedule_exceptions (organization_id, activity_id, first_date, last_date, closed, start_time, end_time)
VALUES (:org, :'activity', '2024-01-11', '2024-01-11', false, '18:00', '19:40');
INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (:org, 'walk-staff', 'staff');

SELECT booking.generate_activity_sessions(:'activity', '2024-01-04', 10) AS created;
SELECT booking.generate_activity_sessions(:'activity', '2024-01-04', 10) AS created_again;
SELECT local_date, to_char(start_time AT TIME ZONE timezone, 'Dy HH24:MI') AS starts,
       to_char(end_time AT TIME ZONE timezone, 'Dy HH24:MI') AS ends, capacity_total, capacity_remaining, seats_available,
       status
  FROM booking.activity_sessions WHERE activity_id = :'activity' ORDER BY start_time;

-- The public asks and holds.
SET ROLE booking_public;
SELECT start_time, seats_available, session_id AS session
  FROM booking.next_available_sessions(:'activity', 6, 1) \gset
SELECT :'start_time' AS start_time, :seats_available AS seats_available;
SELECT booking.check_slot_availability(:'session', 6) AS room_for_6, booking.check_slot_availability(:'session', 9) AS room_for_9;
SELECT reservation_id AS hold, hold_token AS token, round(extract(epoch FROM expires_at - booking.clock())) AS seconds
  FROM booking.reserve_slot(:'session', 6, 'ada@example.com') \gset
SELECT :seconds AS seconds, length(:'token') AS token_length;
SELECT capacity_remaining, seats_available FROM booking.activity_sessions WHERE id = :'session';

-- A rival is refused; three seats are too many, two are there.
SELECT outcome, reservation_id, refusal_sqlstate FROM booking.try_reserve_slot(:'session', 3, 'bob@example.com');
SELECT outcome FROM booking.try_reserve_slot(:'session', 2, 'bob@example.com');
-- It has a price, so the visitor cannot confirm, with or without the token.
\set VERBOSITY sqlstate
SELECT booking.confirm_reservation(:'hold', :'token');
SELECT booking.confirm_reservation(:'hold');
\set VERBOSITY default
SELECT extract(epoch FROM booking.extend_reservation(:'hold', :'token', 1200) - booking.clock()) BETWEEN 1190 AND 1200 AS extended;
RESET ROLE;

-- The server confirms after payment; a repetition gives the same booking.
SET ROLE booking_service;
SELECT booking_id AS booking, booking_number AS number, status, payment_status
  FROM booking.confirm_reservation(:'hold', NULL, 'Ada', '+1 604 555 0100') \gset
SELECT :'status' AS status, :'payment_status' AS payment_status, :'number' ~ '^[ACDEFGHJKMNPQRTVWXY34679]{8}$' AS readable;
SELECT booking_id = :'booking' AS same_booking FROM booking.confirm_reservation(:'hold');
SELECT party_size, amount_cents, total_amount, currency, status, payment_status, refund_status, customer_name,
       customer_email, scheduled_start, scheduled_end, version
  FROM booking.bookings WHERE organization_id = :org;
SELECT email, name, phone, user_id FROM booking.customers WHERE organization_id = :org;

-- Bob's hold runs out: free at once, released by the job.
SELECT :noon + 700 AS later \gset
RESET ROLE;
SET pg_booking.clock_offset = :later;
SELECT capacity_remaining, seats_available FROM booking.activity_sessions WHERE id = :'session';
SELECT booking.release_expired_reservations() AS released;
SELECT booking.release_expired_reservations() AS released_again;
SELECT capacity_remaining, seats_available FROM booking.activity_sessions WHERE id = :'session';
SELECT status, settled_at IS NOT NULL AS settled FROM booking.slot_reservations WHERE organization_id = :org ORDER BY id;

-- A hold is cancelled: seats back.
SELECT reservation_id AS second, hold_token AS second_token FROM booking.reserve_slot(:'session', 1, 'cy@example.com', 'key-of-16-or-more', 60) \gset
SELECT reservation_id = :'second' AS same_hold, hold_token = :'second_token' AS same_token
  FROM booking.reserve_slot(:'session', 1, 'cy@example.com', 'key-of-16-or-more', 60);
SELECT booking.cancel_reservation(:'second', :'second_token') AS cancelled;
SELECT booking.cancel_reservation(:'second', :'second_token') AS cancelled_again;

-- The dashboard, as a member sees it.
SET ROLE booking_member;
SET request.jwt.claims = '{"sub": "walk-staff"}';
SELECT activity_name, customer_name, party_size, status, payment_status, scheduled_start FROM booking.get_upcoming_bookings();
SELECT * FROM booking.get_weekly_bookings_trend();
SET request.jwt.claims = '{"sub": "walk-stranger"}';
SELECT * FROM booking.get_upcoming_bookings();
RESET ROLE;
RESET request.jwt.claims;

-- The jobs.
CALL booking.generate_job(12);
CALL booking.release_job();
SELECT job, result, error_sqlstate FROM booking.job_runs WHERE organization_id = :org ORDER BY id;
SELECT count(*), max(local_date) FROM booking.sessions WHERE activity_id = :'activity';

SELECT * FROM booking.integrity_check();
