-- Row-level security of calls of providers: members see those of their organizations; functions write them.

ALTER TABLE booking.provider_calls ENABLE ROW LEVEL SECURITY;

DROP POLICY IF EXISTS trusted_all ON booking.provider_calls;
CREATE POLICY trusted_all ON booking.provider_calls TO booking_service, booking_admin
    USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS member_read ON booking.provider_calls;
CREATE POLICY member_read ON booking.provider_calls FOR SELECT TO booking_member
    USING (organization_id IN (SELECT m.organization_id FROM booking.organization_members m
                                WHERE m.user_id = booking.current_user_id()));
