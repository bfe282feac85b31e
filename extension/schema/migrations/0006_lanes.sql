-- Busy sessions: the counter of one session spread over several rows, so that rivals do not queue for one lock.
-- And a limit to hoarding.

ALTER TABLE booking.activities
    ADD COLUMN lanes integer,
    ADD COLUMN live_holds_per_email integer,
    ADD CONSTRAINT activities_lanes_check CHECK (lanes BETWEEN 0 AND 256),
    ADD CONSTRAINT activities_live_holds_per_email_check CHECK (live_holds_per_email >= 1);
COMMENT ON COLUMN booking.activities.lanes IS
    'Lanes of each session that is generated from now on; 0: none; NULL: capacity / 8, 64 at most, from capacity 64 up';
COMMENT ON COLUMN booking.activities.live_holds_per_email IS
    'How many live holds one e-mail address may have in the organization when it reserves here; NULL: any number, and the fastest way to reserve';

CREATE TABLE booking.session_lanes (
    organization_id integer NOT NULL,
    session_id      uuid NOT NULL,
    lane            smallint NOT NULL,
    remaining       integer NOT NULL,
    CONSTRAINT session_lanes_pkey PRIMARY KEY (organization_id, session_id, lane),
    CONSTRAINT session_lanes_session_fkey FOREIGN KEY (organization_id, session_id)
        REFERENCES booking.sessions (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT session_lanes_remaining_check CHECK (remaining >= 0)
) WITH (fillfactor = 50);
COMMENT ON TABLE booking.session_lanes IS
    'Parts of the seat counter of a busy session: its free seats are those of its row and of all its lanes';
COMMENT ON COLUMN booking.session_lanes.remaining IS
    'Seats of this part that are neither booked nor held; changed by take and give of the extension only';
COMMENT ON COLUMN booking.sessions.lane_count IS
    '0: this row is the counter; otherwise the counter is spread over that many rows of session_lanes';

CREATE INDEX slot_reservations_email_idx ON booking.slot_reservations (organization_id, lower(customer_email))
    WHERE status = 'pending';
