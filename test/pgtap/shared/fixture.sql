-- Two organizations for the test files, which include this in their own transaction. The clock stands at Monday
-- 2027-03-01 12:00 UTC whenever the tests run; ids are found by a name, since their order means nothing.

SET timezone = 'UTC';
SET datestyle = 'ISO';
SET client_min_messages = 'warning';

CREATE TEMPORARY TABLE named (name text PRIMARY KEY, id uuid, token text);
GRANT SELECT, INSERT ON pg_temp.named TO PUBLIC;

CREATE FUNCTION pg_temp.id(wanted text) RETURNS uuid STABLE SET search_path = pg_catalog
    LANGUAGE sql AS $$ SELECT n.id FROM pg_temp.named AS n WHERE n.name = wanted $$;

CREATE FUNCTION pg_temp.token(wanted text) RETURNS text STABLE SET search_path = pg_catalog
    LANGUAGE sql AS $$ SELECT n.token FROM pg_temp.named AS n WHERE n.name = wanted $$;

-- The clock of holds only goes forward by what the test itself takes, some seconds at most.
CREATE FUNCTION pg_temp.set_clock(at timestamptz) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT set_config('pg_booking.clock_offset', ceil(extract(epoch FROM at - clock_timestamp()))::text, false) $$;

CREATE FUNCTION pg_temp.hold(new_name text, session text, party_size integer,
                             email text DEFAULT 'guest@example.org') RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id, token)
    SELECT new_name, r.reservation_id, r.hold_token
      FROM booking.reserve_slot(pg_temp.id(session), party_size, email) AS r
    RETURNING id $$;

CREATE FUNCTION pg_temp.seats_left(session text) RETURNS integer STABLE LANGUAGE sql AS $$
    SELECT s.remaining FROM booking.sessions AS s WHERE s.id = pg_temp.id(session) $$;

-- One line that changes when anything of the books changes: for "refused, and nothing changed".
CREATE FUNCTION pg_temp.books() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('seats %s of %s, reservations %s, bookings %s, customers %s, sessions %s',
                  (SELECT sum(s.remaining) FROM booking.sessions AS s),
                  (SELECT sum(s.capacity_total) FROM booking.sessions AS s),
                  (SELECT string_agg(x.n, ' ' ORDER BY x.n)
                     FROM (SELECT format('%s:%s:%s', r.status, count(*), max(r.expires_at)) AS n
                             FROM booking.slot_reservations AS r GROUP BY r.status) AS x),
                  (SELECT count(*) FROM booking.bookings),
                  (SELECT count(*) FROM booking.customers),
                  (SELECT count(*) FROM booking.sessions)) $$;

CREATE FUNCTION pg_temp.add_session(new_name text, organization integer, activity text, start_time timestamptz,
                                    capacity integer, status text DEFAULT 'open') RETURNS uuid VOLATILE
    LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id) VALUES (new_name, booking.new_id(organization));
    INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date, capacity_total,
                                  remaining, timezone, status)
    VALUES (organization, pg_temp.id(new_name), pg_temp.id(activity), start_time, start_time + interval '1 hour',
            start_time::date, capacity, capacity, 'UTC', status)
    RETURNING id $$;

\ir refusals.sql

SELECT pg_temp.set_clock('2027-03-01 12:00 UTC') \g /dev/null

INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'Riverside'), (2, 'Hillside');
ALTER TABLE booking.organizations ALTER COLUMN organization_id RESTART WITH 3;
INSERT INTO booking.organization_members (organization_id, user_id, role)
VALUES (1, 'owner-1', 'owner'), (1, 'staff-1', 'staff'), (2, 'owner-2', 'owner');

INSERT INTO pg_temp.named (name, id)
SELECT n.name, booking.new_id(n.organization)
  FROM (VALUES ('venue', 1), ('tour', 1), ('massage', 1), ('court', 1), ('far venue', 2), ('hike', 2))
    AS n (name, organization);

INSERT INTO booking.venues (organization_id, id, name, timezone)
VALUES (1, pg_temp.id('venue'), 'Boathouse', 'Europe/Berlin'),
       (2, pg_temp.id('far venue'), 'Cabin', 'America/New_York');

-- Free of charge; priced by the seat; priced by the session.
INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity, price_minor, price_basis,
                                currency, party_size_max)
SELECT a.organization_id, pg_temp.id(a.name), pg_temp.id(a.venue), a.name,
       '{"operatingDays": ["Monday"], "startTime": "09:00", "endTime": "10:00", "slotInterval": 60}', 4, a.price,
       a.basis, 'EUR', a.largest
  FROM (VALUES (1, 'tour', 'venue', 0, 'seat', NULL), (1, 'massage', 'venue', 2500, 'seat', 2),
               (1, 'court', 'venue', 4000, 'session', NULL), (2, 'hike', 'far venue', 0, 'seat', NULL))
    AS a (organization_id, name, venue, price, basis, largest);

SELECT count(pg_temp.add_session(s.name, s.organization, s.activity, s.start_time::timestamptz, 4))
  FROM (VALUES ('tour 9', 1, 'tour', '2027-03-03 09:00 UTC'), ('tour 11', 1, 'tour', '2027-03-03 11:00 UTC'),
               ('massage 9', 1, 'massage', '2027-03-03 09:00 UTC'), ('court 9', 1, 'court', '2027-03-03 09:00 UTC'),
               ('hike 9', 2, 'hike', '2027-03-03 14:00 UTC'))
    AS s (name, organization, activity, start_time) \g /dev/null
