-- Jobs for pg_cron. Procedures with the rights of the caller and without SET, so that they may COMMIT after each
-- organization: a broken one neither stops nor undoes the others. Operators are named with their schema, since the
-- caller's search_path applies here.

CREATE PROCEDURE booking.generate_job(days_ahead integer DEFAULT 30)
LANGUAGE plpgsql AS $$
DECLARE
    organization integer;
    activity record;
    started pg_catalog.timestamptz;
    created integer;
BEGIN
    IF NOT booking.is_original() THEN
        RAISE LOG 'pg_booking: this database is a copy, its jobs are held; see booking.adopt()';
        RETURN;
    END IF;
    FOR organization IN SELECT o.organization_id FROM booking.organizations AS o
                         WHERE o.status OPERATOR(pg_catalog.=) 'active' LOOP
        started := pg_catalog.clock_timestamp();
        created := 0;
        FOR activity IN
            SELECT a.id, v.timezone
              FROM booking.activities AS a
              JOIN booking.venues AS v ON v.organization_id OPERATOR(pg_catalog.=) a.organization_id
                                      AND v.id OPERATOR(pg_catalog.=) a.venue_id
             WHERE a.organization_id OPERATOR(pg_catalog.=) organization
               AND a.status OPERATOR(pg_catalog.=) 'active' LOOP
            BEGIN
                created := created OPERATOR(pg_catalog.+)
                           booking.generate_activity_sessions(
                               activity.id,
                               pg_catalog.timezone(activity.timezone, booking.clock())::pg_catalog.date,
                               days_ahead);
            EXCEPTION WHEN OTHERS THEN
                INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, error_sqlstate,
                                              error_message)
                VALUES (organization, booking.new_id(organization), 'generate', started,
                        pg_catalog.clock_timestamp(), SQLSTATE,
                        pg_catalog.format('activity %s: %s', activity.id, SQLERRM));
            END;
        END LOOP;
        INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, result)
        VALUES (organization, booking.new_id(organization), 'generate', started, pg_catalog.clock_timestamp(), created);
        COMMIT;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE booking.generate_job(integer) IS
    'Makes the sessions of all active activities from each venue''s today; commits after each organization and writes job_runs';

CREATE PROCEDURE booking.release_job()
LANGUAGE plpgsql AS $$
DECLARE
    organization integer;
    started pg_catalog.timestamptz;
    released integer;
BEGIN
    IF NOT booking.is_original() THEN
        RAISE LOG 'pg_booking: this database is a copy, its jobs are held; see booking.adopt()';
        RETURN;
    END IF;
    FOR organization IN SELECT o.organization_id FROM booking.organizations AS o LOOP
        started := pg_catalog.clock_timestamp();
        BEGIN
            released := booking.release_expired_reservations(organization);
            IF released OPERATOR(pg_catalog.>) 0 THEN
                INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, result)
                VALUES (organization, booking.new_id(organization), 'release', started, pg_catalog.clock_timestamp(),
                        released);
            END IF;
        EXCEPTION WHEN OTHERS THEN
            INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, error_sqlstate,
                                          error_message)
            VALUES (organization, booking.new_id(organization), 'release', started, pg_catalog.clock_timestamp(),
                    SQLSTATE, SQLERRM);
        END;
        COMMIT;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE booking.release_job() IS
    'Releases expired holds; commits after each organization and writes job_runs where there was something to do';

-- A transaction an event, since each locks what it is about.
CREATE PROCEDURE booking.payment_job()
LANGUAGE plpgsql AS $$
DECLARE
    organization integer;
    started pg_catalog.timestamptz;
    tried integer;
BEGIN
    IF NOT booking.is_original() THEN
        RAISE LOG 'pg_booking: this database is a copy, its jobs are held; see booking.adopt()';
        RETURN;
    END IF;
    FOR organization IN SELECT o.organization_id FROM booking.organizations AS o LOOP
        started := pg_catalog.clock_timestamp();
        tried := 0;
        LOOP
            BEGIN
                EXIT WHEN booking.retry_payment_events(organization, 1) OPERATOR(pg_catalog.=) 0;
                tried := tried OPERATOR(pg_catalog.+) 1;
            EXCEPTION WHEN OTHERS THEN
                INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, error_sqlstate,
                                              error_message)
                VALUES (organization, booking.new_id(organization), 'payment', started, pg_catalog.clock_timestamp(),
                        SQLSTATE, SQLERRM);
                EXIT;
            END;
            COMMIT;
        END LOOP;
        IF tried OPERATOR(pg_catalog.>) 0 THEN
            INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, result)
            VALUES (organization, booking.new_id(organization), 'payment', started, pg_catalog.clock_timestamp(),
                    tried);
        END IF;
        COMMIT;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE booking.payment_job() IS
    'Applies again what sources have sent and could not be applied yet; commits after each event and writes job_runs where there was something to do';

-- Not one organization's: a failure is pg_cron's to record (cron.job_run_details).
CREATE PROCEDURE booking.maintain_job(keep_days integer DEFAULT 90, keep_log_days integer DEFAULT 30)
LANGUAGE plpgsql AS $$
DECLARE
    done record;
BEGIN
    IF NOT booking.is_original() THEN
        RAISE LOG 'pg_booking: this database is a copy, its jobs are held; see booking.adopt()';
        RETURN;
    END IF;
    done := booking.maintain_event_partitions(keep_days => maintain_job.keep_days);
    COMMIT;
    IF done.skipped OPERATOR(pg_catalog.>) 0 THEN
        RAISE WARNING 'pg_booking: % partitions of booking_events were in use; the next run takes them', done.skipped;
    END IF;
    PERFORM booking.cleanup_webhook_logs(keep_log_days);
    COMMIT;
    PERFORM booking.cleanup_payment_events(LEAST(GREATEST(keep_days, 30), 3650));
    COMMIT;
    PERFORM booking.cleanup_provider_calls(LEAST(GREATEST(keep_days, 1), 3650));
    COMMIT;
    PERFORM booking.cancel_unpaid_bookings();
    COMMIT;
END
$$;
COMMENT ON PROCEDURE booking.maintain_job(integer, integer) IS
    'What is due once a day whatever the organization: partitions of booking_events, made ahead and dropped when old, cleanup_webhook_logs, cleanup_payment_events, cleanup_provider_calls, and cancel_unpaid_bookings';

-- A page of one subject a transaction. What goes wrong with one subject neither stops the others nor undoes what was done.
CREATE PROCEDURE booking.retention_job()
LANGUAGE plpgsql AS $$
DECLARE
    organization integer;
    of_subject pg_catalog.text;
    last_id pg_catalog.uuid;
    page record;
    started pg_catalog.timestamptz;
    total integer;
BEGIN
    IF NOT booking.is_original() THEN
        RAISE LOG 'pg_booking: this database is a copy, its jobs are held; see booking.adopt()';
        RETURN;
    END IF;
    FOR organization IN SELECT o.organization_id FROM booking.organizations AS o LOOP
        started := pg_catalog.clock_timestamp();
        total := 0;
        FOREACH of_subject IN ARRAY '{inbox,deliveries,holds,bookings,customers}'::pg_catalog.text[] LOOP
            last_id := NULL;
            LOOP
                BEGIN
                    page := booking.apply_retention(organization, of_subject, last_id);
                    total := total OPERATOR(pg_catalog.+) page.changed;
                    last_id := page.next;
                EXCEPTION WHEN OTHERS THEN
                    INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, error_sqlstate,
                                                  error_message)
                    VALUES (organization, booking.new_id(organization), 'retention', started,
                            pg_catalog.clock_timestamp(), SQLSTATE, pg_catalog.format('%s: %s', of_subject, SQLERRM));
                    last_id := NULL;
                END;
                COMMIT;
                EXIT WHEN last_id IS NULL;
            END LOOP;
        END LOOP;
        IF total OPERATOR(pg_catalog.>) 0 THEN
            INSERT INTO booking.job_runs (organization_id, id, job, started_at, finished_at, result)
            VALUES (organization, booking.new_id(organization), 'retention', started, pg_catalog.clock_timestamp(),
                    total);
        END IF;
        COMMIT;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE booking.retention_job() IS
    'Erases what organizations have kept as long as set_retention says; commits after each thousand rows looked at and writes job_runs where there was something to do';
