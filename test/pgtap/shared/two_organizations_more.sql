-- Rows of tables that came later, for both organizations; part of two_organizations.sql.

-- Calls of providers: Ada's has a page, Eve's has failed.
SELECT booking.relay_complete_call(pg_temp.relay(), c.call_id, c.lease_token,
           CASE WHEN c.request ->> 'customer_email' LIKE '%ada%' THEN jsonb_build_object(
                    'ending', 'done', 'http_status', 200, 'facts', jsonb_build_object(
                        'provider_ref', 'ref', 'url', 'https://pay.example/' || pg_temp.mark(c.organization_id, 'key')))
                ELSE jsonb_build_object('ending', 'refused', 'http_status', 400,
                                        'reason', pg_temp.mark(c.organization_id, 'staff')) END)
  FROM booking.relay_claim_calls(pg_temp.relay(), 10, 60, '{"1": ["custom"], "2": ["custom"]}') AS c \g /dev/null
INSERT INTO pg_temp.named (name, id)
SELECT 'failed call ' || c.organization_id, c.id FROM booking.provider_calls AS c WHERE c.status = 'failed';

-- A session that is sold out, for which both wait.
SELECT pg_temp.add_session('full ' || o, o, 'free ' || o, '2027-03-04 12:00 UTC', 1),
       pg_temp.hold('full hold ' || o, 'full ' || o, 1) FROM generate_series(1, 2) AS o \g /dev/null
INSERT INTO pg_temp.named (name, id, token)
SELECT format('%s waits %s', w, o), j.entry_id, j.waitlist_token
  FROM generate_series(1, 2) AS o, unnest('{ada,eve}'::text[]) AS w,
       LATERAL booking.join_waitlist(pg_temp.id('full ' || o), 1, pg_temp.email(o, w), NULL, pg_temp.mark(o, w)) AS j;

-- An activity that is sold by units, of which both hold some and have others, with tickets.
CREATE FUNCTION pg_temp.hold_units(new_name text, organization integer, whose text) RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id, token)
    SELECT new_name, r.reservation_id, r.hold_token
      FROM booking.reserve_slot(pg_temp.id('club night ' || organization), NULL, pg_temp.email(organization, whose), NULL,
                                NULL, '[{"unit": "adult", "quantity": 1}]') AS r
    RETURNING id $$;
CREATE FUNCTION pg_temp.furnish_units(organization integer) RETURNS void VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    whose text;
BEGIN
    INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity, price_minor, currency)
    SELECT organization, pg_temp.named_id('club', organization), a.venue_id, 'club ' || organization, a.schedule, 8, 100, 'EUR'
      FROM booking.activities AS a WHERE a.id = pg_temp.id('free ' || organization);
    INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor)
    VALUES (organization, pg_temp.id('club ' || organization), 'adult', 'Adult', 100);
    PERFORM pg_temp.add_session('club night ' || organization, organization, 'club ' || organization,
                                '2027-03-05 20:00 UTC', 8);
    FOREACH whose IN ARRAY '{ada,eve}'::text[] LOOP
        PERFORM pg_temp.hold_units(format('%s club hold %s', whose, organization), organization, whose),
                pg_temp.hold_units(format('%s club booked hold %s', whose, organization), organization, whose);
        INSERT INTO pg_temp.named (name, id, token)
        SELECT format('%s club %s', whose, organization), c.booking_id,
               pg_temp.token(format('%s club booked hold %s', whose, organization))
          FROM booking.confirm_reservation(pg_temp.id(format('%s club booked hold %s', whose, organization))) AS c;
        INSERT INTO pg_temp.named (name, token)
        SELECT format('%s ticket %s', whose, organization), t.ticket_code
          FROM booking.issue_tickets(pg_temp.id(format('%s club %s', whose, organization))) AS t;
    END LOOP;
END $$;
SELECT pg_temp.furnish_units(o) FROM generate_series(1, 2) AS o \g /dev/null

-- A hall that two activities share, of which a session is sold, and a time in which nothing takes place.
CREATE FUNCTION pg_temp.furnish_resources(organization integer) RETURNS void VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking.resources (organization_id, id, venue_id, name)
    VALUES (organization, pg_temp.named_id('hall', organization), pg_temp.id('venue ' || organization), 'Hall');
    INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity)
    SELECT organization, pg_temp.named_id('sport', organization), a.venue_id, 'sport ' || organization, a.schedule, 8
      FROM booking.activities AS a WHERE a.id = pg_temp.id('free ' || organization);
    PERFORM pg_temp.add_session(format('%s %s', s.name, organization), organization, 'sport ' || organization,
                                s.start_time::timestamptz, 8)
       FROM (VALUES ('match', '2027-03-06 12:00 UTC'), ('late match', '2027-03-07 12:00 UTC')) AS s (name, start_time);
    PERFORM booking.use_resource(pg_temp.id('sport ' || organization), pg_temp.id('hall ' || organization));
    PERFORM pg_temp.hold('eve match hold ' || organization, 'match ' || organization, 1, pg_temp.email(organization, 'eve'));
    INSERT INTO pg_temp.named (name, id)
    SELECT DISTINCT 'period ' || organization, b.period_id
      FROM booking.block_period(pg_temp.id('sport ' || organization), '2027-03-07', '2027-03-08') AS b;
END $$;
SELECT pg_temp.furnish_resources(o) FROM generate_series(1, 2) AS o \g /dev/null
