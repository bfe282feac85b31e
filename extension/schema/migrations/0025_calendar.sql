-- Appointments that we make at a calendar elsewhere: what was asked for and has not been agreed to yet.

ALTER TABLE booking.bookings
    ADD COLUMN wanted_start     timestamptz,
    ADD COLUMN wanted_end       timestamptz,
    ADD COLUMN needs_reschedule boolean NOT NULL DEFAULT false,
    ADD COLUMN calendar_refusal text,
    ADD CONSTRAINT bookings_wanted_check CHECK (
        num_nonnulls(wanted_start, wanted_end) IN (0, 2)
        AND (wanted_start IS NULL OR wanted_end > wanted_start AND session_id IS NULL)),
    ADD CONSTRAINT bookings_calendar_refusal_check CHECK (calendar_refusal IS NULL OR needs_reschedule);
COMMENT ON COLUMN booking.bookings.wanted_start IS
    'The time that the calendar is being asked for, as long as it has not answered; NULL: what is known is what was wanted';
COMMENT ON COLUMN booking.bookings.wanted_end IS 'Its end as it was asked for; the calendar may say otherwise';
COMMENT ON COLUMN booking.bookings.needs_reschedule IS
    'The calendar has refused the time that was chosen, and another has to be';
COMMENT ON COLUMN booking.bookings.calendar_refusal IS
    'Why: slot_taken, not_found, moved_meanwhile, rejected and the provider''s words, or why it could not be asked';
