-- What is sold: one row a session. The row is also its seat counter, so it is kept narrow, with room on the page for
-- the new version (HOT), and no index names a column that a booking changes.

CREATE TABLE booking.sessions (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    activity_id     uuid NOT NULL,
    start_time      timestamptz NOT NULL,
    end_time        timestamptz NOT NULL,
    local_date      date NOT NULL,
    capacity_total  integer NOT NULL,
    remaining       integer NOT NULL,
    oversold_by     integer NOT NULL DEFAULT 0,
    lane_count      smallint NOT NULL DEFAULT 0,
    status          text NOT NULL DEFAULT 'open',
    timezone        text NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT sessions_activity_start_key UNIQUE (organization_id, activity_id, start_time),
    CONSTRAINT sessions_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id),
    CONSTRAINT sessions_end_time_check CHECK (end_time > start_time),
    CONSTRAINT sessions_remaining_check CHECK (remaining >= 0 AND remaining <= capacity_total),
    CONSTRAINT sessions_oversold_by_check CHECK (oversold_by >= 0),
    CONSTRAINT sessions_lane_count_check CHECK (lane_count >= 0),
    CONSTRAINT sessions_status_check CHECK (status IN ('open', 'closed', 'cancelled'))
) WITH (fillfactor = 80);
COMMENT ON TABLE booking.sessions IS
    'A time at which an activity takes place, and its seat counter; read it through the view activity_sessions';
COMMENT ON COLUMN booking.sessions.local_date IS 'The operating day at the venue; a slot past midnight belongs to the day before';
COMMENT ON COLUMN booking.sessions.remaining IS
    'Seats neither booked nor held; changed by take and give of the extension only';
COMMENT ON COLUMN booking.sessions.oversold_by IS 'Seats sold beyond capacity_total after the capacity was cut';
COMMENT ON COLUMN booking.sessions.lane_count IS '0: this row is the counter';
COMMENT ON COLUMN booking.sessions.status IS 'open; closed: nothing more is sold; cancelled: it does not take place';
COMMENT ON COLUMN booking.sessions.timezone IS 'The venue''s zone when the session was made';

CREATE TABLE booking.generation_watermarks (
    organization_id integer NOT NULL,
    activity_id     uuid NOT NULL,
    fingerprint     bytea NOT NULL,
    first_date      date NOT NULL,
    last_date       date NOT NULL,
    CONSTRAINT generation_watermarks_pkey PRIMARY KEY (organization_id, activity_id),
    CONSTRAINT generation_watermarks_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT generation_watermarks_dates_check CHECK (last_date >= first_date)
);
COMMENT ON TABLE booking.generation_watermarks IS
    'Dates for which an activity''s sessions are generated; a later run makes only the dates beyond';
COMMENT ON COLUMN booking.generation_watermarks.fingerprint IS
    'SHA-256 of schedule, zone and exceptions; when it differs the dates are looked at again';
