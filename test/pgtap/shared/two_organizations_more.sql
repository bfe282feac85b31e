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
