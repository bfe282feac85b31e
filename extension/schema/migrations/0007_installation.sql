-- A copy is not the original: which database these rows belong to.

CREATE TABLE booking.installation (
    singleton         boolean NOT NULL DEFAULT true,
    system_identifier bigint NOT NULL,
    database_oid      bigint NOT NULL,
    adopted_at        timestamptz NOT NULL DEFAULT now(),
    deliver_from      timestamptz NOT NULL DEFAULT '-infinity',
    CONSTRAINT installation_pkey PRIMARY KEY (singleton),
    CONSTRAINT installation_singleton_check CHECK (singleton)
);
COMMENT ON TABLE booking.installation IS
    'The database that may act on these rows: in a copy, jobs and deliveries are held until booking.adopt()';
COMMENT ON COLUMN booking.installation.system_identifier IS 'Of the cluster, as pg_control_system() shows it';
COMMENT ON COLUMN booking.installation.deliver_from IS
    'What happened before is not delivered any more, since the original has delivered it or will';
