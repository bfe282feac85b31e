-- Row-level security of former prices: trusted servers and members read them, a trigger writes them.

ALTER TABLE booking.activity_prices ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS trusted_all ON booking.activity_prices;
CREATE POLICY trusted_all ON booking.activity_prices TO booking_service, booking_admin USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS member_read ON booking.activity_prices;
CREATE POLICY member_read ON booking.activity_prices FOR SELECT TO booking_member
    USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                WHERE m.user_id = booking.current_user_id()));
