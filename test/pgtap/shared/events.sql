-- What statements tell, for the test files about events; after fixture.sql.

CREATE TEMPORARY TABLE seen AS SELECT e.id FROM booking.booking_events AS e;

-- Ids by their names, and without the time at which a hold ends, so that facts can be compared.
CREATE FUNCTION pg_temp.with_names(value text) RETURNS text STABLE LANGUAGE plpgsql AS $$
DECLARE
    n record;
BEGIN
    FOR n IN SELECT x.name, x.id FROM pg_temp.named AS x LOOP
        value := replace(value, n.id::text, '<' || n.name || '>');
    END LOOP;
    RETURN regexp_replace(value, '"expires_at": "[^"]*"', '"expires_at": <then>');
END $$;

-- The events that a statement makes, in the order of their ids: kind and facts.
CREATE FUNCTION pg_temp.news(statement text) RETURNS SETOF text VOLATILE LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN QUERY
    WITH fresh AS (INSERT INTO pg_temp.seen (id)
                   SELECT e.id FROM booking.booking_events AS e
                    WHERE NOT EXISTS (SELECT 1 FROM pg_temp.seen AS s WHERE s.id = e.id) RETURNING id)
    SELECT pg_temp.with_names(format('%s %s', e.kind, e.facts))
      FROM booking.booking_events AS e JOIN fresh AS f ON f.id = e.id ORDER BY e.id;
END $$;
