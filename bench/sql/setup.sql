-- What is measured: ours, the limit (a bare INSERT of the same row with the same indexes and checks), and the seeds' own
-- design in PL/pgSQL (FOR UPDATE on the session, pg_notify in the transaction).
SET client_min_messages = warning;
CREATE EXTENSION pg_booking;
SELECT count(*) FROM booking.install();
INSERT INTO booking.organizations (name) VALUES ('Bench');
INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'Bench', 'UTC');
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, lanes, schedule)
SELECT 1, v.id, n.name, n.capacity, n.lanes,
       '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
         "startTime": "09:00", "endTime": "10:00", "slotInterval": 60}'
  FROM booking.venues AS v,
       (VALUES ('hot', 1000000, 64), ('hot without lanes', 1000000, 0), ('sold out', 64, NULL), ('500 seats', 500, NULL),
               ('500 seats without lanes', 500, 0), ('one seat a lane', 200, 200)) AS n (name, capacity, lanes);
SELECT sum(booking.generate_activity_sessions(id, current_date + 1,
                                              CASE WHEN name LIKE '500%' THEN 200 ELSE 1 END)) FROM booking.activities;

CREATE TABLE public.bare (LIKE booking.slot_reservations INCLUDING ALL);

CREATE SCHEMA naive;
CREATE TABLE naive.activity_sessions (
    id uuid PRIMARY KEY, start_time timestamptz NOT NULL, capacity_total integer NOT NULL,
    capacity_remaining integer NOT NULL CHECK (capacity_remaining >= 0));
CREATE TABLE naive.slot_reservations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), session_id uuid NOT NULL REFERENCES naive.activity_sessions,
    party_size integer NOT NULL, customer_email text NOT NULL, status text NOT NULL DEFAULT 'pending',
    expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ON naive.slot_reservations (session_id, expires_at) WHERE status = 'pending';
CREATE INDEX ON naive.slot_reservations (lower(customer_email)) WHERE status = 'pending';
CREATE TABLE naive.booking_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_type text NOT NULL, reservation_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE FUNCTION naive.reserve_slot(p_session uuid, p_party integer, p_email text,
                                   OUT reservation_id uuid, OUT expires_at timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
    free integer;
BEGIN
    SELECT s.capacity_remaining INTO free FROM naive.activity_sessions AS s WHERE s.id = p_session FOR UPDATE;
    IF free IS NULL OR free < p_party THEN
        RAISE EXCEPTION 'sold out' USING ERRCODE = 'BK201';
    END IF;
    UPDATE naive.activity_sessions AS s SET capacity_remaining = s.capacity_remaining - p_party WHERE s.id = p_session;
    INSERT INTO naive.slot_reservations AS r (session_id, party_size, customer_email, expires_at)
    VALUES (p_session, p_party, p_email, now() + interval '10 minutes') RETURNING r.id, r.expires_at
      INTO reservation_id, expires_at;
    INSERT INTO naive.booking_events (event_type, reservation_id) VALUES ('reservation.held', reservation_id);
    PERFORM pg_notify('booking_events', reservation_id::text);
END
$$;
INSERT INTO naive.activity_sessions
SELECT s.id, s.start_time, s.capacity_total, s.capacity_total FROM booking.sessions AS s;

-- The limit of a refusal: the same error, after one SELECT.
CREATE FUNCTION public.refuse_after_select(p_session uuid, p_party integer, p_email text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    free integer;
BEGIN
    SELECT s.remaining INTO free FROM booking.sessions AS s
     WHERE s.organization_id = 1 AND s.id = p_session AND s.status = 'open';
    RAISE EXCEPTION 'session % has not enough seats left for a party of %', p_session, p_party
          USING ERRCODE = 'BK201', DETAIL = 'Seats available: 0.', HINT = 'Choose another session.';
END
$$;
-- Sell the session of which refusals are measured.
SELECT count(*) FROM booking.sessions AS s
  JOIN booking.activities AS a ON a.id = s.activity_id AND a.name = 'sold out'
 CROSS JOIN LATERAL booking.reserve_slot(s.id, 64, 'all@example.com', hold_seconds => 3600) AS r;
VACUUM ANALYZE;
