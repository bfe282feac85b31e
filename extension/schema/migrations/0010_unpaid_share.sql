-- A second limit to hoarding: how much of a session may be held and not paid for at once.
--
-- Kept where the seats are, by the same statements that take them and give them back, so that nobody queues for a
-- counter of it and no holds are counted. Holds that were made while the activity had no limit are not part of it: the
-- hold says so itself, hence the counters stay right when a limit is set, changed or taken away.

ALTER TABLE booking.activities
    ADD COLUMN unpaid_percent_max integer,
    ADD CONSTRAINT activities_unpaid_percent_max_check CHECK (unpaid_percent_max BETWEEN 1 AND 100);
COMMENT ON COLUMN booking.activities.unpaid_percent_max IS
    'How many percent of a session''s seats live holds may take, until they are confirmed; a single party that is larger may, when there is no other; NULL: all of them, and the fastest way to reserve';

ALTER TABLE booking.sessions ADD COLUMN unpaid integer NOT NULL DEFAULT 0;
ALTER TABLE booking.session_lanes ADD COLUMN unpaid integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN booking.sessions.unpaid IS
    'Seats in pending holds that count towards activities.unpaid_percent_max; those of the lanes are added, and where seats came from another place than they went to this may be negative';
COMMENT ON COLUMN booking.session_lanes.unpaid IS
    'Seats in pending holds that count towards activities.unpaid_percent_max; the sum over all lanes and the session''s row is what counts';

ALTER TABLE booking.slot_reservations ADD COLUMN counted_unpaid boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN booking.slot_reservations.counted_unpaid IS
    'Whether its seats, while it is pending, are part of sessions.unpaid or session_lanes.unpaid';
