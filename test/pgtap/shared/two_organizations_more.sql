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
