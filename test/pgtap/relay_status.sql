-- relay_status is asked every few seconds by every relay: it reads no table of deliveries as a whole, and counts so far.

BEGIN;
\ir shared/fixture.sql
\ir shared/webhooks.sql
SELECT public.plan(6);
SELECT pg_temp.endpoint('crm', 1, '{*}'), pg_temp.endpoint('off', 1, '{*}') \g /dev/null
DELETE FROM booking.webhook_deliveries;
UPDATE booking.webhook_endpoints SET status = 'disabled' WHERE id = pg_temp.id('off');

CREATE FUNCTION pg_temp.backlog(endpoint text, status text, due_in interval, count integer) RETURNS void VOLATILE LANGUAGE sql AS $$
    INSERT INTO booking.webhook_deliveries (organization_id, id, endpoint_id, event_id, event_type, occurred_at, status,
                                            next_attempt_at, expires_at, lease_until, created_at)
    SELECT 1, booking.new_id(1), pg_temp.id(endpoint), booking.new_id(1), 'booking.paid', booking.clock(), status,
           booking.clock() + due_in, booking.clock() + interval '1 day',
           CASE status WHEN 'leased' THEN booking.clock() + interval '1 minute' END, booking.clock()
      FROM generate_series(1, count) $$;
CREATE FUNCTION pg_temp.status() RETURNS jsonb VOLATILE LANGUAGE sql AS $$
    SELECT s - '{original,relays,oldest_due_seconds}'::text[] FROM booking.relay_status() AS s $$;
CREATE FUNCTION pg_temp.scans() RETURNS bigint VOLATILE LANGUAGE sql AS $$
    SELECT t.seq_scan FROM pg_stat_xact_all_tables AS t WHERE t.relid = 'booking.webhook_deliveries'::regclass $$;

SELECT public.is(pg_temp.status(), '{"due": 0, "dead": 0, "leased": 0, "parked": 0, "blocked": 0, "pending": 0,
                 "endpoints": {"held": 0, "open": 0, "active": 1, "disabled": 1}}', 'nothing');
SELECT pg_temp.backlog('crm', 'pending', '-10 seconds', 3), pg_temp.backlog('crm', 'pending', '1 hour', 2),
       pg_temp.backlog('off', 'pending', '-1 hour', 4), pg_temp.backlog('crm', 'leased', '0', 5), pg_temp.backlog('crm', 'dead', '0', 6),
       pg_temp.backlog('crm', 'blocked', '0', 7), pg_temp.backlog('off', 'parked', '0', 8) \g /dev/null
SELECT public.is(pg_temp.status(), '{"due": 3, "dead": 6, "leased": 5, "parked": 8, "blocked": 7, "pending": 9,
                 "endpoints": {"held": 0, "open": 0, "active": 1, "disabled": 1}}', 'each where it is');
SELECT public.ok((booking.relay_status() ->> 'oldest_due_seconds')::numeric BETWEEN 10 AND 60, 'what is overdue is not that of a disabled endpoint');

SELECT pg_temp.backlog('crm', 'dead', '0', 10000), pg_temp.backlog('crm', 'pending', '-5 seconds', 10000) \g /dev/null
SELECT pg_temp.scans() AS scans \gset
SELECT public.is(pg_temp.status(), '{"due": 9996, "dead": 10000, "leased": 5, "parked": 8, "blocked": 7, "pending": 10000,
                 "endpoints": {"held": 0, "open": 0, "active": 1, "disabled": 1}}', 'ten thousand are counted, and no more');
SELECT public.is(pg_temp.scans()::text, :'scans', 'by indexes');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
