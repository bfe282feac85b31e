-- Row-level security of the order of events: for trusted servers to look at.

ALTER TABLE booking.event_positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE booking.event_sequencer ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS trusted_all ON booking.event_positions;
CREATE POLICY trusted_all ON booking.event_positions TO booking_service, booking_admin USING (true) WITH CHECK (true);
DROP POLICY IF EXISTS trusted_all ON booking.event_sequencer;
CREATE POLICY trusted_all ON booking.event_sequencer TO booking_service, booking_admin USING (true) WITH CHECK (true);
