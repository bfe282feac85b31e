-- What can be booked: venues, activities with their schedules, exceptions to them, packages.

CREATE TABLE booking.venues (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    name            text NOT NULL,
    embed_key       text NOT NULL,
    timezone        text NOT NULL,
    allowed_origins text[] NOT NULL DEFAULT '{}',
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT venues_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT venues_embed_key_key UNIQUE (organization_id, embed_key),
    CONSTRAINT venues_organization_fkey FOREIGN KEY (organization_id)
        REFERENCES booking.organizations (organization_id),
    CONSTRAINT venues_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
    CONSTRAINT venues_embed_key_check CHECK (embed_key ~ '^[A-Za-z0-9_-]{8,64}$')
);
COMMENT ON TABLE booking.venues IS 'A place with its own civil time';
COMMENT ON COLUMN booking.venues.embed_key IS
    'Public key of the venue''s calendar; when left out it is made of the venue''s id, so that it is unique everywhere';
COMMENT ON COLUMN booking.venues.timezone IS 'IANA name; schedules of the venue are in this civil time';
COMMENT ON COLUMN booking.venues.allowed_origins IS 'Web origins that may embed the venue''s pages';

CREATE TABLE booking.activities (
    organization_id     integer NOT NULL,
    id                  uuid NOT NULL,
    venue_id            uuid NOT NULL,
    name                text NOT NULL,
    status              text NOT NULL DEFAULT 'active',
    schedule            jsonb NOT NULL,
    capacity            integer NOT NULL,
    price_minor         bigint NOT NULL DEFAULT 0,
    price_basis         text NOT NULL DEFAULT 'seat',
    currency            text NOT NULL DEFAULT 'USD',
    stripe_price_id     text,
    hold_seconds        integer NOT NULL DEFAULT 600,
    hold_seconds_max    integer NOT NULL DEFAULT 3600,
    hold_extensions_max integer NOT NULL DEFAULT 3,
    party_size_min      integer NOT NULL DEFAULT 1,
    party_size_max      integer,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT activities_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT activities_venue_fkey FOREIGN KEY (organization_id, venue_id)
        REFERENCES booking.venues (organization_id, id),
    CONSTRAINT activities_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
    CONSTRAINT activities_status_check CHECK (status IN ('active', 'inactive')),
    CONSTRAINT activities_capacity_check CHECK (capacity BETWEEN 1 AND 1000000),
    CONSTRAINT activities_price_minor_check CHECK (price_minor BETWEEN 0 AND 1000000000000),
    CONSTRAINT activities_price_basis_check CHECK (price_basis IN ('seat', 'session')),
    CONSTRAINT activities_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT activities_hold_seconds_check CHECK (hold_seconds BETWEEN 1 AND hold_seconds_max),
    CONSTRAINT activities_hold_seconds_max_check CHECK (hold_seconds_max <= 604800),
    CONSTRAINT activities_hold_extensions_max_check CHECK (hold_extensions_max BETWEEN 0 AND 1000),
    CONSTRAINT activities_party_size_check CHECK (party_size_min >= 1 AND party_size_max >= party_size_min)
);
CREATE INDEX activities_venue_idx ON booking.activities (organization_id, venue_id);
COMMENT ON TABLE booking.activities IS 'Something that takes place by a schedule and can be booked: a court, a tour, a class';
COMMENT ON COLUMN booking.activities.schedule IS
    'operatingDays, startTime, endTime, slotInterval in minutes, customHours; validated when written';
COMMENT ON COLUMN booking.activities.capacity IS 'Seats of each session that is generated from now on';
COMMENT ON COLUMN booking.activities.price_minor IS 'Price in minor units of the currency (cents, yen); 0 is free of charge';
COMMENT ON COLUMN booking.activities.price_basis IS 'seat: the price is for each seat; session: for the booking, whatever the party';
COMMENT ON COLUMN booking.activities.hold_seconds IS 'How long a hold lasts unless the caller asks for another length';
COMMENT ON COLUMN booking.activities.hold_seconds_max IS 'The longest life of a hold from its creation, extensions included';
COMMENT ON COLUMN booking.activities.party_size_max IS 'Largest party; NULL: whatever the session seats';

CREATE TABLE booking.schedule_exceptions (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    venue_id        uuid,
    activity_id     uuid,
    first_date      date NOT NULL,
    last_date       date NOT NULL,
    closed          boolean NOT NULL DEFAULT true,
    start_time      time(0),
    end_time        time(0),
    reason          text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schedule_exceptions_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT schedule_exceptions_venue_fkey FOREIGN KEY (organization_id, venue_id)
        REFERENCES booking.venues (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT schedule_exceptions_activity_fkey FOREIGN KEY (organization_id, activity_id)
        REFERENCES booking.activities (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT schedule_exceptions_scope_check CHECK (num_nonnulls(venue_id, activity_id) = 1),
    CONSTRAINT schedule_exceptions_dates_check CHECK (
        last_date >= first_date AND first_date >= '1970-01-01' AND last_date < '2200-01-01'),
    CONSTRAINT schedule_exceptions_hours_check CHECK (
        CASE WHEN closed THEN num_nonnulls(start_time, end_time) = 0
             ELSE num_nonnulls(start_time, end_time) = 2
                  AND date_part('second', start_time) = 0 AND date_part('second', end_time) = 0
                  AND start_time < '24:00' END)
);
CREATE INDEX schedule_exceptions_venue_idx ON booking.schedule_exceptions (organization_id, venue_id);
CREATE INDEX schedule_exceptions_activity_idx ON booking.schedule_exceptions (organization_id, activity_id);
COMMENT ON TABLE booking.schedule_exceptions IS
    'Dates of a venue or of one activity that are closed or have other hours; the activity''s own win over the venue''s';
COMMENT ON COLUMN booking.schedule_exceptions.end_time IS 'Civil time; at or before start_time it is on the next day';

CREATE TABLE booking.packages (
    organization_id   integer NOT NULL,
    id                text NOT NULL,
    name              text NOT NULL,
    price_minor       bigint NOT NULL DEFAULT 0,
    currency          text NOT NULL DEFAULT 'USD',
    sessions_included integer NOT NULL DEFAULT 1,
    active            boolean NOT NULL DEFAULT true,
    created_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT packages_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT packages_organization_fkey FOREIGN KEY (organization_id)
        REFERENCES booking.organizations (organization_id),
    CONSTRAINT packages_id_check CHECK (id ~ '^[a-z0-9_-]{1,64}$'),
    CONSTRAINT packages_price_minor_check CHECK (price_minor BETWEEN 0 AND 1000000000000),
    CONSTRAINT packages_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT packages_sessions_included_check CHECK (sessions_included >= 1)
);
COMMENT ON TABLE booking.packages IS 'What is sold before a time is chosen: a discovery call, a single session, a month of sessions';
COMMENT ON COLUMN booking.packages.id IS 'The packageId of the public API: discovery, single, monthly, quarterly, or your own';
