-- An activity that is sold by units, with two sessions of ten seats, and short words for what is held and booked of it.
-- After fixture.sql.

CREATE FUNCTION pg_temp.add_unit(activity text, code text, price bigint, seats integer DEFAULT 1,
                                 more jsonb DEFAULT '{}') RETURNS void VOLATILE LANGUAGE sql AS $$
    INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor, pax_count, min_quantity,
                                        max_quantity, accompanied_by, sort_order, active)
    VALUES (1, pg_temp.id(activity), code, initcap(code), price, seats, COALESCE((more ->> 'least')::integer, 1),
            (more ->> 'most')::integer,
            ARRAY(SELECT jsonb_array_elements_text(more -> 'with')), COALESCE((more ->> 'order')::integer, 9),
            COALESCE((more ->> 'active')::boolean, true)) $$;

INSERT INTO pg_temp.named (name, id) VALUES ('cruise', booking.new_id(1)) \g /dev/null
INSERT INTO booking.activities (organization_id, id, venue_id, name, schedule, capacity, price_minor, currency,
                                cancel_refund_percent, cancel_cutoff_seconds)
SELECT 1, pg_temp.id('cruise'), a.venue_id, 'cruise', a.schedule, 10, 0, 'EUR', 50, 86400
  FROM booking.activities AS a WHERE a.id = pg_temp.id('tour') \g /dev/null
SELECT pg_temp.add_unit('cruise', 'adult', 3000, 1, '{"order": 1, "most": 6}'),
       pg_temp.add_unit('cruise', 'child', 1500, 1, '{"with": ["adult", "senior"]}'),
       pg_temp.add_unit('cruise', 'senior', 2500, 1, '{"least": 2}'),
       pg_temp.add_unit('cruise', 'infant', 0, 0, '{"with": ["adult"]}'),
       pg_temp.add_unit('cruise', 'family', 8000, 4),
       pg_temp.add_unit('cruise', 'student', 2000, 1, '{"active": false}') \g /dev/null
SELECT pg_temp.add_session('cruise 9', 1, 'cruise', '2027-03-05 09:00 UTC', 10),
       pg_temp.add_session('cruise 14', 1, 'cruise', '2027-03-05 14:00 UTC', 10) \g /dev/null

-- {"adult": 2} as a list of unit items.
CREATE FUNCTION pg_temp.items(units jsonb) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_object('unit', u.key, 'quantity', u.value)) FROM jsonb_each(units) AS u $$;

CREATE FUNCTION pg_temp.hold_units(new_name text, session text, units jsonb) RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id, token)
    SELECT new_name, r.reservation_id, r.hold_token
      FROM booking.reserve_slot(pg_temp.id(session), NULL, replace(new_name, ' ', '-') || '@example.org', NULL, NULL,
                                pg_temp.items(units)) AS r
    RETURNING id $$;

CREATE FUNCTION pg_temp.booked_units(new_name text, session text, units jsonb) RETURNS uuid VOLATILE
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.hold_units(new_name || ' hold', session, units);
    INSERT INTO pg_temp.named (name, id, token)
    SELECT new_name, c.booking_id, pg_temp.token(new_name || ' hold')
      FROM booking.confirm_reservation(pg_temp.id(new_name || ' hold')) AS c;
    RETURN pg_temp.id(new_name);
END $$;

-- "2 adult 3000x1, 1 infant 0x0"
CREATE FUNCTION pg_temp.composition(unit_items jsonb) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT string_agg(format('%s %s %sx%s', x.item ->> 'quantity', x.item ->> 'unit', x.item ->> 'price_minor',
                             x.item ->> 'pax_count'), ', ' ORDER BY x.n)
      FROM jsonb_array_elements(unit_items) WITH ORDINALITY AS x (item, n) $$;

CREATE FUNCTION pg_temp.held(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s: %s', r.party_size, COALESCE(pg_temp.composition(r.unit_items), 'seats'))
      FROM booking.slot_reservations AS r WHERE r.id = pg_temp.id(name) $$;

-- "3 seats for 7500: 1 adult booked, 2 child cancelled"
CREATE FUNCTION pg_temp.tickets(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s seats for %s: %s', b.party_size, b.amount_cents,
                  (SELECT string_agg(format('%s %s %s', u.unit, u.unit_code, u.status), ', ' ORDER BY u.unit)
                     FROM booking.booking_units AS u WHERE u.booking_id = b.id))
      FROM booking.bookings AS b WHERE b.id = pg_temp.id(name) $$;
