-- What several activities share: one court on which two sports are played, one room, one guide.
--
-- A session of an activity that uses resources is sold while none of them is taken by another session. It takes them
-- with its first seat and gives them back with its last; what keeps two sessions apart is the exclusion constraint.

CREATE TABLE booking.resources (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    venue_id        uuid NOT NULL,
    name            text NOT NULL,
    number          bigint GENERATED ALWAYS AS IDENTITY,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT resources_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT resources_number_key UNIQUE (organization_id, id, number),
    CONSTRAINT resources_venue_fkey FOREIGN KEY (organization_id, venue_id)
        REFERENCES booking.venues (organization_id, id),
    CONSTRAINT resources_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200)
);
CREATE INDEX resources_venue_idx ON booking.resources (organization_id, venue_id);
COMMENT ON TABLE booking.resources IS
    'What sessions of several activities share and only one can have at a time: a court, a room, a guide';
COMMENT ON COLUMN booking.resources.name IS 'Told to whoever is refused because it is taken';
COMMENT ON COLUMN booking.resources.number IS
    'The same as id in a type of which PostgreSQL''s own range types can make an exclusion constraint';

CREATE TABLE booking.activity_resources (
    organization_id       integer NOT NULL,
    activity_id           uuid NOT NULL,
    resource_id           uuid NOT NULL,
    buffer_before_minutes integer NOT NULL DEFAULT 0,
    buffer_after_minutes  integer NOT NULL DEFAULT 0,
    CONSTRAINT activity_resources_pkey PRIMARY KEY (organization_id, activity_id, resource_id),
    CONSTRAINT activity_resources_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT activity_resources_resource_fkey FOREIGN KEY (organization_id, resource_id)
        REFERENCES booking.resources (organization_id, id),
    CONSTRAINT activity_resources_buffer_before_check CHECK (buffer_before_minutes BETWEEN 0 AND 1440),
    CONSTRAINT activity_resources_buffer_after_check CHECK (buffer_after_minutes BETWEEN 0 AND 1440)
);
CREATE INDEX activity_resources_resource_idx ON booking.activity_resources (organization_id, resource_id);
COMMENT ON TABLE booking.activity_resources IS
    'Which activity needs which resources; written by use_resource and stop_using_resource';
COMMENT ON COLUMN booking.activity_resources.buffer_before_minutes IS
    'How long before each session of the activity nobody else may have the resource';
COMMENT ON COLUMN booking.activity_resources.buffer_after_minutes IS
    'The same after it: to clean, to change the net, to walk back';

-- Range types over numbers are all it takes, so that no other extension has to be installed.
CREATE TABLE booking.resource_allocations (
    organization_id integer NOT NULL,
    session_id      uuid NOT NULL,
    resource_id     uuid NOT NULL,
    resource_number bigint NOT NULL,
    during          tstzrange NOT NULL,
    CONSTRAINT resource_allocations_pkey PRIMARY KEY (organization_id, session_id, resource_id),
    CONSTRAINT resource_allocations_session_fkey FOREIGN KEY (organization_id, session_id)
        REFERENCES booking.sessions (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT resource_allocations_resource_fkey FOREIGN KEY (organization_id, resource_id, resource_number)
        REFERENCES booking.resources (organization_id, id, number),
    CONSTRAINT resource_allocations_excl EXCLUDE USING gist (
        int4range(organization_id, organization_id, '[]') WITH &&,
        int8range(resource_number, resource_number, '[]') WITH &&,
        during WITH &&)
);
COMMENT ON TABLE booking.resource_allocations IS
    'Which session has which resource: those with seats that are held or sold, and no others';
COMMENT ON COLUMN booking.resource_allocations.during IS 'From when until when, buffers included';

-- In the row that a sale reads anyway, so that nobody else pays for it.
ALTER TABLE booking.sessions ADD COLUMN uses_resources boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN booking.sessions.uses_resources IS
    'Whether its activity needs resources: then it is sold only by who takes them for it, and seats in its lanes are set aside; kept by functions';
