-- What the jobs did, one row an organization and run.

CREATE TABLE booking.job_runs (
    organization_id integer NOT NULL,
    id              uuid NOT NULL,
    job             text NOT NULL,
    started_at      timestamptz NOT NULL,
    finished_at     timestamptz NOT NULL,
    result          integer,
    error_sqlstate  text,
    error_message   text,
    CONSTRAINT job_runs_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT job_runs_outcome_check CHECK ((result IS NULL) = (error_sqlstate IS NOT NULL))
);
CREATE INDEX job_runs_started_at_idx ON booking.job_runs (organization_id, job, started_at);
COMMENT ON TABLE booking.job_runs IS
    'Runs of generate_job and release_job; a run of release_job that found nothing is not recorded';
COMMENT ON COLUMN booking.job_runs.result IS 'Sessions made or holds released; NULL if the run failed';
