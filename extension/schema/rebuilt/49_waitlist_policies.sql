-- Row-level security of waiting lists: trusted servers see all, members their organizations', customers their own.
-- Visitors act through functions, with their token.

ALTER TABLE booking.waitlist_entries ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS trusted_all ON booking.waitlist_entries;
CREATE POLICY trusted_all ON booking.waitlist_entries TO booking_service, booking_admin USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS member_read ON booking.waitlist_entries;
CREATE POLICY member_read ON booking.waitlist_entries FOR SELECT TO booking_member
    USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                WHERE m.user_id = booking.current_user_id()));
DROP POLICY IF EXISTS customer_read_own ON booking.waitlist_entries;
CREATE POLICY customer_read_own ON booking.waitlist_entries FOR SELECT TO booking_customer
    USING ((organization_id, lower(customer_email)) IN (SELECT c.organization_id, lower(c.email)
                                                          FROM booking.customers c
                                                         WHERE c.user_id = booking.current_user_id()));
