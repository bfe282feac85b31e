-- Packages of organization 1, and short words for what buyers do. After fixture.sql.

SELECT booking.create_default_packages(1, 'EUR', 5000, 18000, 48000, 3, 12, pg_temp.id('tour')) \g /dev/null
INSERT INTO booking.packages (organization_id, id, name, price_minor, currency, payment_url, meeting_url)
VALUES (1, 'call', 'A call, kept by a calendar elsewhere', 0, 'EUR', NULL, 'https://meet.example/room'),
       (1, 'link', 'Paid by a link', 100, 'JPY', 'https://pay.example/?ref={bookingId}&t={bookingToken}', NULL);
INSERT INTO booking.packages (organization_id, id, name, active) VALUES (1, 'gone', 'No longer sold', false);
INSERT INTO booking.packages (organization_id, id, name) VALUES (2, 'theirs', 'Of another organization');
-- Most tests buy what is free more than once for the same person.
UPDATE booking.packages SET live_bookings_per_email = 100 WHERE price_minor = 0;

-- A request with some members changed; one that is set to null is left out.
CREATE FUNCTION pg_temp.wanted(changes jsonb DEFAULT '{}') RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls('{"packageId": "discovery", "customerName": "Ada", "customerEmail": "ada@example.org"}'
                             || changes) $$;

-- Buys and remembers the booking under a name.
CREATE FUNCTION pg_temp.buy(new_name text, package text, changes jsonb DEFAULT '{}') RETURNS jsonb VOLATILE
    LANGUAGE sql AS $$
    WITH bought AS MATERIALIZED (
        SELECT booking.booking_create(1, pg_temp.wanted(changes || jsonb_build_object('packageId', package))) AS answer),
    kept AS (INSERT INTO pg_temp.named (name, id, token)
             SELECT new_name, (b.answer ->> 'bookingId')::uuid, b.answer ->> 'bookingToken' FROM bought AS b)
    SELECT b.answer FROM bought AS b $$;

-- As the payment's webhook does it.
CREATE FUNCTION pg_temp.pay(bought text) RETURNS void VOLATILE LANGUAGE sql AS $$
    UPDATE booking.bookings AS b SET status = 'paid', payment_status = 'paid'
     WHERE b.organization_id = 1 AND b.id = pg_temp.id(bought) $$;

CREATE FUNCTION pg_temp.time_request(bought text, at timestamptz, changes jsonb DEFAULT '{}') RETURNS jsonb STABLE
    LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
               'bookingToken', pg_temp.token(bought),
               'startTime', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
               'endTime', to_char((at + interval '1 hour') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) || changes) $$;

CREATE FUNCTION pg_temp.schedule(bought text, at timestamptz, changes jsonb DEFAULT '{}') RETURNS jsonb VOLATILE
    LANGUAGE sql AS $$ SELECT booking.booking_schedule(pg_temp.time_request(bought, at, changes)) $$;

CREATE FUNCTION pg_temp.status(bought text) RETURNS jsonb VOLATILE LANGUAGE sql AS $$
    SELECT booking.booking_status(pg_temp.token(bought)) $$;
