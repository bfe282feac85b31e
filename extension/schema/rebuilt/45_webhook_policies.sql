-- Row-level security of webhooks: members read what concerns their organizations; what is written is written by
-- functions. Nothing opens webhook_secrets, not even to the trusted: what a relay needs it gets with a claim.

ALTER TABLE booking.webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.webhook_endpoint_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.webhook_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.webhook_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.webhook_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.webhook_attempts_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.received_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.relay_instances ENABLE ROW LEVEL SECURITY;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['webhook_endpoints', 'webhook_endpoint_states', 'webhook_deliveries',
                                'webhook_attempts', 'received_events', 'relay_instances'] LOOP
        EXECUTE pg_catalog.format('DROP POLICY IF EXISTS trusted_all ON booking.%I', name);
        EXECUTE pg_catalog.format('CREATE POLICY trusted_all ON booking.%I TO booking_service, booking_admin '
                                  'USING (true) WITH CHECK (true)', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['webhook_endpoints', 'webhook_endpoint_states', 'webhook_deliveries',
                                'webhook_attempts'] LOOP
        EXECUTE pg_catalog.format('DROP POLICY IF EXISTS member_read ON booking.%I', name);
        EXECUTE pg_catalog.format(
            'CREATE POLICY member_read ON booking.%I FOR SELECT TO booking_member '
            'USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m '
            '                            WHERE m.user_id = booking.current_user_id()))', name);
    END LOOP;
END
$$;
