-- Row-level security of payments: members read what concerns their organizations; what is written is written by
-- functions. Nothing opens webhook_source_secrets, not even to the trusted.

ALTER TABLE booking.webhook_sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.webhook_source_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.payments ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.refunds ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.payment_events ENABLE ROW LEVEL SECURITY;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['webhook_sources', 'payments', 'refunds', 'payment_events'] LOOP
        EXECUTE pg_catalog.format('DROP POLICY IF EXISTS trusted_all ON booking.%I', name);
        EXECUTE pg_catalog.format('CREATE POLICY trusted_all ON booking.%I TO booking_service, booking_admin '
                                  'USING (true) WITH CHECK (true)', name);
        EXECUTE pg_catalog.format('DROP POLICY IF EXISTS member_read ON booking.%I', name);
        EXECUTE pg_catalog.format(
            'CREATE POLICY member_read ON booking.%I FOR SELECT TO booking_member '
            'USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m '
            '                            WHERE m.user_id = booking.current_user_id()))', name);
    END LOOP;
END
$$;
