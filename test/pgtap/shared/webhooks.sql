-- Webhooks for the test files: two endpoints of the first organization, a relay, and what it does. Include it after
-- fixture.sql. The database of a test is a copy of its template, so it is adopted first.

SELECT booking.adopt(true) \g /dev/null

CREATE FUNCTION pg_temp.endpoint(new_name text, organization integer DEFAULT 1, events text[] DEFAULT '{booking.*}',
                                 options jsonb DEFAULT '{}', preset text DEFAULT 'standard') RETURNS uuid VOLATILE
    LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id, token)
    SELECT new_name, e.endpoint_id, e.secret
      FROM booking.create_webhook_endpoint(organization, new_name, 'https://' || new_name || '.example/hook', events,
                                           preset, options) AS e
    RETURNING id $$;

-- Events as they are written by whoever books: so many for the first organization, at once.
CREATE FUNCTION pg_temp.happen(count integer, kind text DEFAULT 'booking.updated', organization integer DEFAULT 1)
    RETURNS void VOLATILE LANGUAGE sql AS $$
    INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, facts, occurred_at)
    SELECT organization, booking.new_id(organization), kind, booking.new_id(organization), '{}', booking.clock()
      FROM generate_series(1, count) $$;

-- What the relay got, until it completes it.
CREATE TEMPORARY TABLE claimed AS SELECT * FROM booking.relay_claim('00000000-0000-4000-8000-000000000001', 1);

CREATE FUNCTION pg_temp.relay(number integer DEFAULT 1) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$
    SELECT format('00000000-0000-4000-8000-00000000000%s', number)::uuid $$;

CREATE FUNCTION pg_temp.claim(wanted integer DEFAULT 100, relay integer DEFAULT 1, lease integer DEFAULT 60)
    RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    got integer;
BEGIN
    INSERT INTO pg_temp.claimed SELECT * FROM booking.relay_claim(pg_temp.relay(relay), wanted, lease);
    GET DIAGNOSTICS got = ROW_COUNT;
    RETURN got;
END $$;

-- Answers all that is claimed, by one call, and forgets it.
CREATE FUNCTION pg_temp.answer(facts jsonb, relay integer DEFAULT 1) RETURNS integer VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    accepted integer;
BEGIN
    accepted := booking.relay_complete(pg_temp.relay(relay), COALESCE(
        (SELECT jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token) || facts)
           FROM pg_temp.claimed AS c), '[]'));
    DELETE FROM pg_temp.claimed;
    RETURN accepted;
END $$;

CREATE FUNCTION pg_temp.answer_with(status integer) RETURNS integer VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.answer(jsonb_build_object('http_status', status)) $$;

-- How deliveries stand: "pending:2 dead:1".
CREATE FUNCTION pg_temp.standing() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT COALESCE(string_agg(format('%s:%s', x.status, x.count), ' ' ORDER BY x.status), 'none')
      FROM (SELECT d.status, count(*) FROM booking.webhook_deliveries AS d GROUP BY d.status) AS x $$;

CREATE FUNCTION pg_temp.outcomes() RETURNS text STABLE LANGUAGE sql AS $$
    SELECT COALESCE(string_agg(format('%s:%s', x.outcome, x.count), ' ' ORDER BY x.outcome), 'none')
      FROM (SELECT a.outcome, count(*) FROM booking.webhook_attempts AS a GROUP BY a.outcome) AS x $$;

-- Forward, so much from where the clock stands.
CREATE FUNCTION pg_temp.wait(span interval) RETURNS void VOLATILE LANGUAGE sql AS $$
    SELECT pg_temp.set_clock(booking.clock() + span) $$;
