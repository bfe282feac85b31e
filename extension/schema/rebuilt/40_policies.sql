-- Row-level security: on every table, never forced (FORCE would stop pg_dump by the owner). The trusted roles see all;
-- members see their organizations, by the claim "sub" of request.jwt.claims; customers see their own rows. Nothing
-- opens holds, customers or bookings to the public: visitors act through functions, with their token.

ALTER TABLE booking.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.organization_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.venues ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.activities ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.schedule_exceptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.packages ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.session_lanes ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.generation_watermarks ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.slot_reservations ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.bookings ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.job_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.schema_migrations ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.installation ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.booking_events ENABLE ROW LEVEL SECURITY;
-- The daily ones are made with it. Without a policy of their own, partitions are read through their parent only.
ALTER TABLE booking.booking_events_default ENABLE ROW LEVEL SECURITY;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['organizations', 'organization_members', 'venues', 'activities', 'schedule_exceptions',
                                'packages', 'sessions', 'session_lanes', 'generation_watermarks', 'customers', 'slot_reservations',
                                'bookings', 'job_runs', 'schema_migrations', 'installation', 'booking_events'] LOOP
        EXECUTE pg_catalog.format('DROP POLICY IF EXISTS trusted_all ON booking.%I', name);
        EXECUTE pg_catalog.format('CREATE POLICY trusted_all ON booking.%I TO booking_service, booking_admin '
                                  'USING (true) WITH CHECK (true)', name);
    END LOOP;

    -- What every member may read of the own organizations.
    FOREACH name IN ARRAY ARRAY['organizations', 'venues', 'activities', 'schedule_exceptions', 'packages', 'sessions',
                                'customers', 'slot_reservations', 'bookings', 'job_runs', 'booking_events'] LOOP
        EXECUTE pg_catalog.format('DROP POLICY IF EXISTS member_read ON booking.%I', name);
        EXECUTE pg_catalog.format(
            'CREATE POLICY member_read ON booking.%I FOR SELECT TO booking_member '
            'USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m '
            '                            WHERE m.user_id = booking.current_user_id()))', name);
    END LOOP;

    -- What an owner of an organization may change.
    FOREACH name IN ARRAY ARRAY['venues', 'activities', 'schedule_exceptions', 'packages', 'sessions'] LOOP
        EXECUTE pg_catalog.format('DROP POLICY IF EXISTS owner_write ON booking.%I', name);
        EXECUTE pg_catalog.format(
            'CREATE POLICY owner_write ON booking.%I TO booking_member '
            'USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m '
            '                            WHERE m.user_id = booking.current_user_id() AND m.role = ''owner'')) '
            'WITH CHECK (organization_id IN (SELECT m.organization_id FROM booking.organization_members m '
            '                                 WHERE m.user_id = booking.current_user_id() AND m.role = ''owner''))',
            name);
    END LOOP;
END
$$;

DROP POLICY IF EXISTS member_read_own ON booking.organization_members;
CREATE POLICY member_read_own ON booking.organization_members FOR SELECT TO booking_member
    USING (user_id = booking.current_user_id());

DROP POLICY IF EXISTS public_read ON booking.sessions;
CREATE POLICY public_read ON booking.sessions FOR SELECT TO booking_public USING (true);
DROP POLICY IF EXISTS public_read ON booking.session_lanes;
CREATE POLICY public_read ON booking.session_lanes FOR SELECT TO booking_public USING (true);

DROP POLICY IF EXISTS customer_read_own ON booking.customers;
CREATE POLICY customer_read_own ON booking.customers FOR SELECT TO booking_customer
    USING (user_id = booking.current_user_id());
DROP POLICY IF EXISTS customer_read_own ON booking.slot_reservations;
CREATE POLICY customer_read_own ON booking.slot_reservations FOR SELECT TO booking_customer
    USING ((organization_id, lower(customer_email)) IN (SELECT c.organization_id, lower(c.email)
                                                          FROM booking.customers c
                                                         WHERE c.user_id = booking.current_user_id()));

-- Customers read customer_bookings and customer_events: the rows of the tables have what staff have written.
DROP POLICY IF EXISTS customer_read_own ON booking.bookings;
DROP POLICY IF EXISTS customer_read_own ON booking.booking_events;
