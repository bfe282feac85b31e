-- When something may be booked: how late, how early, and not while it is blocked. And sessions that a schedule has left
-- behind.

ALTER TABLE booking.activities
    ADD COLUMN min_notice_seconds  integer NOT NULL DEFAULT 0,
    ADD COLUMN max_advance_seconds integer,
    ADD CONSTRAINT activities_min_notice_seconds_check CHECK (min_notice_seconds BETWEEN 0 AND 315360000),
    ADD CONSTRAINT activities_max_advance_seconds_check CHECK (
        max_advance_seconds > min_notice_seconds AND max_advance_seconds <= 315360000);
COMMENT ON COLUMN booking.activities.min_notice_seconds IS
    'How long before its start a session can last be booked by customers; staff may until it starts';
COMMENT ON COLUMN booking.activities.max_advance_seconds IS
    'How long before its start a session can first be booked by customers; NULL: as soon as it is there';

ALTER TABLE booking.sessions ADD COLUMN off_schedule boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN booking.sessions.off_schedule IS
    'It was sold when apply_schedule_change found that the schedule has no such session any more';

CREATE TABLE booking.blocked_periods (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    venue_id        uuid,
    activity_id     uuid,
    resource_id     uuid,
    starts_at       timestamptz NOT NULL,
    ends_at         timestamptz NOT NULL,
    reason          text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    CONSTRAINT blocked_periods_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT blocked_periods_venue_fkey FOREIGN KEY (organization_id, venue_id)
        REFERENCES booking.venues (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT blocked_periods_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT blocked_periods_resource_fkey FOREIGN KEY (organization_id, resource_id)
        REFERENCES booking.resources (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT blocked_periods_scope_check CHECK (num_nonnulls(venue_id, activity_id, resource_id) = 1),
    CONSTRAINT blocked_periods_times_check CHECK (ends_at > starts_at)
);
CREATE INDEX blocked_periods_ends_at_idx ON booking.blocked_periods (organization_id, ends_at);
COMMENT ON TABLE booking.blocked_periods IS
    'From when until when nothing takes place at a venue, of an activity, or with a resource; written by block_period and unblock_period';
COMMENT ON COLUMN booking.blocked_periods.reason IS 'Why; everybody may see it with the sessions that were closed for it';

CREATE TABLE booking.blocked_sessions (
    organization_id integer NOT NULL,
    session_id      uuid NOT NULL,
    period_id       uuid NOT NULL,
    CONSTRAINT blocked_sessions_pkey PRIMARY KEY (organization_id, session_id),
    CONSTRAINT blocked_sessions_session_fkey FOREIGN KEY (organization_id, session_id)
        REFERENCES booking.sessions (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT blocked_sessions_period_fkey FOREIGN KEY (organization_id, period_id)
        REFERENCES booking.blocked_periods (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX blocked_sessions_period_idx ON booking.blocked_sessions (organization_id, period_id);
COMMENT ON TABLE booking.blocked_sessions IS
    'Sessions that a blocked period has closed, and that open again with its end; not those that were closed before';
