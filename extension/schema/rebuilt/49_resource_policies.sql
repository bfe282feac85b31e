-- Row-level security of resources and blocked periods: trusted servers see all, members what concerns their
-- organizations; owners change resources, functions the rest.

ALTER TABLE booking.resources ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.activity_resources ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.resource_allocations ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.blocked_periods ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.blocked_sessions ENABLE ROW LEVEL SECURITY;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['resources', 'activity_resources', 'resource_allocations', 'blocked_periods',
                                'blocked_sessions'] LOOP
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

DROP POLICY IF EXISTS owner_write ON booking.resources;
CREATE POLICY owner_write ON booking.resources TO booking_member
    USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                WHERE m.user_id = booking.current_user_id() AND m.role = 'owner'))
    WITH CHECK (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                     WHERE m.user_id = booking.current_user_id() AND m.role = 'owner'));
