-- Row-level security of units: trusted servers see all, members what concerns their organizations.

ALTER TABLE booking.booking_units ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS trusted_all ON booking.booking_units;
CREATE POLICY trusted_all ON booking.booking_units TO booking_service, booking_admin USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS member_read ON booking.booking_units;
CREATE POLICY member_read ON booking.booking_units FOR SELECT TO booking_member
    USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                WHERE m.user_id = booking.current_user_id()));

ALTER TABLE booking.activity_units ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS trusted_all ON booking.activity_units;
CREATE POLICY trusted_all ON booking.activity_units TO booking_service, booking_admin USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS member_read ON booking.activity_units;
CREATE POLICY member_read ON booking.activity_units FOR SELECT TO booking_member
    USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                WHERE m.user_id = booking.current_user_id()));
DROP POLICY IF EXISTS owner_write ON booking.activity_units;
CREATE POLICY owner_write ON booking.activity_units TO booking_member
    USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                WHERE m.user_id = booking.current_user_id() AND m.role = 'owner'))
    WITH CHECK (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                     WHERE m.user_id = booking.current_user_id() AND m.role = 'owner'));
