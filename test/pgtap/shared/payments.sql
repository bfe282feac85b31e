-- Sources of webhooks and what they send, for the tests of payments; after fixture.sql.

CREATE FUNCTION pg_temp.source(new_name text, new_scheme text, new_options jsonb DEFAULT '{}', organization integer DEFAULT 1)
    RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id, token)
    SELECT 'source ' || new_name, s.source_id, s.secret
      FROM booking.create_webhook_source(organization, new_name, new_scheme,
               CASE WHEN new_scheme IN ('stripe', 'airwallex') THEN 'whsec_of_the_provider' END, new_options) AS s
    RETURNING id $$;

-- A booking that waits for its payment; its token is kept under its name.
CREATE FUNCTION pg_temp.sale(new_name text, amount bigint DEFAULT 5000, booking_status text DEFAULT 'pending')
    RETURNS uuid VOLATILE LANGUAGE sql AS $$
    INSERT INTO pg_temp.named (name, id, token)
    VALUES (new_name, booking.new_id(1),
            rtrim(translate(encode(sha256(new_name::bytea), 'base64'), '+/', '-_'), '=') || '.1');
    INSERT INTO booking.bookings (organization_id, id, booking_number, customer_email, status, payment_status,
                                  amount_cents, currency, token_hash, expires_at)
    SELECT 1, n.id, upper(new_name), 'buyer@example.org', booking_status,
           CASE WHEN booking_status = 'pending' THEN 'pending' ELSE 'paid' END, amount, 'EUR',
           sha256(sha256(new_name::bytea)), booking.clock() + interval '1 day'
      FROM pg_temp.named AS n WHERE n.name = new_name
    RETURNING id $$;

CREATE FUNCTION pg_temp.send(source text, body text, headers jsonb DEFAULT '{}') RETURNS text VOLATILE LANGUAGE sql AS $$
    SELECT booking.receive_webhook(pg_temp.id('source ' || source), convert_to(body, 'UTF8'), headers) ->> 'status' $$;

-- Events. :booking, :hold and the like in an object stand for the token or the id of what has the name after the colon.
CREATE FUNCTION pg_temp.filled(object text) RETURNS text STABLE LANGUAGE plpgsql AS $$
DECLARE
    n record;
BEGIN
    FOR n IN SELECT * FROM pg_temp.named LOOP
        object := replace(replace(object, 'token:' || n.name || '"', COALESCE(n.token, '') || '"'),
                          'id:' || n.name || '"', n.id || '"');
    END LOOP;
    RETURN object;
END $$;

CREATE FUNCTION pg_temp.stripe(id text, type text, object text, more text DEFAULT '') RETURNS text VOLATILE
    LANGUAGE sql AS $$
    SELECT pg_temp.send('stripe', format('{"id": "%s", "object": "event", "type": "%s", "created": 1803895200, %s'
                                         ' "data": {"object": %s}}', id, type, more, pg_temp.filled(object))) $$;

CREATE FUNCTION pg_temp.airwallex(id text, name text, object text, source text DEFAULT 'airwallex') RETURNS text VOLATILE
    LANGUAGE sql AS $$
    SELECT pg_temp.send(source, format('{"id": "%s", "name": "%s", "account_id": "acct_1",'
                                       ' "created_at": "2027-03-01T12:00:00+0000", "data": {"object": %s}}',
                                       id, name, pg_temp.filled(object))) $$;

CREATE FUNCTION pg_temp.simple(id text, type text, data text, source text DEFAULT 'shop') RETURNS text VOLATILE
    LANGUAGE sql AS $$
    SELECT pg_temp.send(source, format('{"id": "%s", "type": "%s", "data": %s}', id, type, pg_temp.filled(data))) $$;

-- Where a booking stands: its three statuses.
CREATE FUNCTION pg_temp.standing(booking_name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT format('%s %s %s', b.status, b.payment_status, b.refund_status)
      FROM booking.bookings AS b WHERE b.id = pg_temp.id(booking_name) $$;

-- A payment: what of it has arrived and gone back, and what is due.
CREATE FUNCTION pg_temp.account(reference text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat(p.status, ' ', p.amount_minor, ' ', p.currency, ' -', p.refunded_minor,
                  CASE WHEN p.accepted THEN ' accepted' END,
                  (SELECT ' due ' || f.amount_minor FROM booking.refunds AS f
                    WHERE f.payment_id = p.id AND f.status = 'due'))
      FROM booking.payments AS p WHERE p.provider_ref = reference $$;

-- Why the latest event was not applied.
CREATE FUNCTION pg_temp.reason(external text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat(e.status, ': ', e.reason) FROM booking.payment_events AS e WHERE e.external_id = external $$;

-- Events about money since the last call.
CREATE TEMPORARY TABLE reported (id uuid PRIMARY KEY);
CREATE FUNCTION pg_temp.reports() RETURNS SETOF text VOLATILE LANGUAGE sql AS $$
    WITH fresh AS (INSERT INTO pg_temp.reported
                   SELECT e.id FROM booking.booking_events AS e
                    WHERE e.kind ~ '^(payment|refund|webhook)\.|^booking\.(paid|cancelled|scheduled|confirmed)$'
                      AND NOT EXISTS (SELECT 1 FROM pg_temp.reported AS r WHERE r.id = e.id) RETURNING id)
    SELECT e.kind FROM booking.booking_events AS e JOIN fresh AS f ON f.id = e.id ORDER BY e.kind $$;
