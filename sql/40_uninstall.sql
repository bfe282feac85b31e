-- DROP EXTENSION takes the code, never a row; CREATE EXTENSION and install() bring the rest back.
CREATE TEMP TABLE rows_before (name text, rows bigint, sum numeric);
CREATE TEMP TABLE rows_after (LIKE rows_before);
CREATE PROCEDURE pg_temp.count_rows(target regclass) LANGUAGE plpgsql AS $$
DECLARE
    t regclass;
BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'booking'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition LOOP
        EXECUTE format('INSERT INTO %s SELECT %L, count(*), sum(hashtextextended(x::text, 0)::numeric) FROM %s AS x',
                       target, t, t);
    END LOOP;
END $$;
CALL pg_temp.count_rows('rows_before');
SELECT name FROM rows_before WHERE rows = 0 ORDER BY 1;

-- It does not go unnoticed: constraints, triggers, views and policies call its functions.
\set VERBOSITY sqlstate
DROP EXTENSION pg_booking;
\set VERBOSITY default
SET client_min_messages = warning;
DROP EXTENSION pg_booking CASCADE;
RESET client_min_messages;

SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'booking'::regnamespace OR p.probin LIKE '%pg_booking%';
SELECT t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'booking'::regnamespace AND NOT t.tgisinternal;
SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p', 'v')
   AND NOT c.relispartition ORDER BY 1;
CALL pg_temp.count_rows('rows_after');
TABLE rows_before EXCEPT TABLE rows_after;

-- Tables stay as closed as they were: row-level security is on, and nobody but the owner and trusted roles gets a row.
SELECT c.relname FROM pg_class AS c
 WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity;
SET ROLE booking_member;
SET request.jwt.claims = '{"sub": "walk-staff"}';
SELECT count(*) FROM booking.bookings;
SELECT count(*) FROM booking.customers;
RESET ROLE;

-- Back again.
CREATE EXTENSION pg_booking;
SELECT count(*) > 0 AS said_something FROM booking.install();
TRUNCATE rows_after;
CALL pg_temp.count_rows('rows_after');
TABLE rows_before EXCEPT TABLE rows_after;
SET ROLE booking_member;
SELECT count(*) FROM booking.bookings;
RESET ROLE;
RESET request.jwt.claims;
INSERT INTO booking.organizations (name) VALUES ('Again') RETURNING organization_id AS org \gset
INSERT INTO booking.venues (organization_id, name, timezone) VALUES (:org, 'Court', 'Europe/Berlin') RETURNING id AS venue \gset
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
VALUES (:org, :'venue', 'Padel', 4, '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
                                      "startTime": "08:00", "endTime": "20:00", "slotInterval": 90}')
RETURNING id AS activity \gset
SELECT booking.generate_activity_sessions(:'activity', current_date + 2, 3) AS created;
SELECT session_id AS session FROM booking.next_available_sessions(:'activity', 4, 1) \gset
SELECT reservation_id AS hold, hold_token AS token FROM booking.reserve_slot(:'session', 4, 'dan@example.com') \gset
SELECT status, payment_status FROM booking.confirm_reservation(:'hold', :'token');
SELECT outcome FROM booking.try_reserve_slot(:'session', 1, 'eve@example.com');
SELECT * FROM booking.integrity_check();
