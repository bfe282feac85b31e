-- What the extension is made of, label by label, and the rules that its tables keep. The lists are complete on
-- purpose: whoever adds a function or a table says here what it is.

BEGIN;
SET LOCAL search_path = public, pg_catalog;
SELECT public.plan(29);

CREATE TEMPORARY VIEW routines AS
SELECT p.*, p.oid::regprocedure::text AS routine
  FROM pg_proc AS p
  JOIN pg_depend AS d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
 WHERE e.extname = 'pg_booking';

-- Kind (function, procedure), volatility, parallel label, strictness. A writer that were STRICT would answer NULL to a
-- NULL, where a refusal is due; one that were STABLE would not see its own writes.
SELECT public.bag_eq(
    $$ SELECT routine, concat(prokind, provolatile, proparallel), proisstrict FROM pg_temp.routines $$,
    $$ VALUES ('booking.adopt(boolean)', 'fvu', false),
              ('booking.booking_create(integer,jsonb)', 'fvu', false),
              ('booking.booking_schedule(jsonb)', 'fvu', false),
              ('booking.booking_status(text)', 'fsu', false),
              ('booking.public_venue(integer,text)', 'fsu', false),
              ('booking.public_venue_activities(integer,text)', 'fsu', false),
              ('booking.public_activity_sessions(uuid,text,text)', 'fsu', false),
              ('booking.public_embed(integer,text,uuid)', 'fsu', false),
              ('booking.reservation_status(uuid,text)', 'fsu', false),
              ('booking.request_payment(uuid,text)', 'fvu', false),
              ('booking.retry_provider_call(uuid)', 'fvu', false),
              ('booking.cleanup_provider_calls(integer)', 'fvu', false),
              ('booking.relay_claim_calls(uuid,integer,integer,jsonb)', 'fvu', false),
              ('booking.relay_complete_call(uuid,uuid,bigint,jsonb)', 'fvu', false),
              ('booking.end_payment_calls()', 'fvu', false),
              ('booking.create_default_packages(integer,text,bigint,bigint,bigint,integer,integer,uuid)', 'fvu', false),
              ('booking.start_scheduling()', 'fvu', false),
              ('booking.record_changes()', 'fvu', false),
              ('booking.record_prices()', 'fvu', false),
              ('booking.refuse_change()', 'fvu', false),
              ('booking.cancel_booking(uuid,text,text,bigint,boolean,bigint,text)', 'fvu', false),
              ('booking.change_party_size(uuid,integer,bigint,text,text,bigint)', 'fvu', false),
              ('booking.reschedule_appointment(uuid,timestamp with time zone,timestamp with time zone,bigint,text)', 'fvu', false),
              ('booking.call_off_appointments()', 'fvu', false),
              ('booking.reschedule_booking(uuid,uuid,bigint,text)', 'fvu', false),
              ('booking.check_in(uuid,integer,text)', 'fvu', false),
              ('booking.check_out(uuid,integer,text)', 'fvu', false),
              ('booking.mark_no_show(uuid,integer)', 'fvu', false),
              ('booking.undo_check_in(uuid,integer)', 'fvu', false),
              ('booking.undo_check_out(uuid,integer)', 'fvu', false),
              ('booking.undo_no_show(uuid,integer)', 'fvu', false),
              ('booking.cancel_reservation(uuid,text)', 'fvu', false),
              ('booking.canonical_event_filter(text)', 'fis', false),
              ('booking.check_schedule(jsonb)', 'fis', false),
              ('booking.check_slot_availability(uuid,integer)', 'fsu', false),
              ('booking.check_time_zone(text)', 'fss', false),
              ('booking.check_transition()', 'fvu', false),
              ('booking.clock()', 'fss', false),
              ('booking.confirm_reservation(uuid,text,text,text)', 'fvu', false),
              ('booking.current_user_id()', 'fss', false),
              ('booking.event_audience(text)', 'fis', false),
              ('booking.event_description(text,text)', 'fis', false),
              ('booking.event_kinds()', 'fis', false),
              ('booking.expired_hold_seats(integer,uuid)', 'fsu', false),
              ('booking.resource_taken(integer,uuid)', 'fsu', false),
              ('booking.extend_reservation(uuid,text,integer)', 'fvu', false),
              ('booking.generate_activity_sessions(uuid,date,integer)', 'fvu', false),
              ('booking.use_resource(uuid,uuid,integer,integer)', 'fvu', false),
              ('booking.stop_using_resource(uuid,uuid)', 'fvu', false),
              ('booking.block_period(uuid,timestamp with time zone,timestamp with time zone,text)', 'fvu', false),
              ('booking.unblock_period(uuid)', 'fvu', false),
              ('booking.apply_schedule_change(uuid,boolean)', 'fvu', false),
              ('booking.set_venue_timezone(uuid,text,boolean)', 'fvu', false),
              ('booking.generate_all_sessions(integer)', 'fvu', false),
              ('booking.generate_job(integer)', 'pvu', false),
              ('booking.get_upcoming_bookings(integer)', 'fsu', false),
              ('booking.get_weekly_bookings_trend()', 'fsu', false),
              ('booking.install(name)', 'fvu', false),
              ('booking.install_roles(name)', 'fvu', false),
              ('booking.integrity_check()', 'fsu', false),
              ('booking.is_original()', 'fsu', false),
              ('booking.live_cpp_frames()', 'fvu', false),
              ('booking.maintain_event_partitions(integer,integer)', 'fvu', false),
              ('booking.notifier_status()', 'fvu', false),
              ('booking.personal_data()', 'fis', false),
              ('booking.erase_customer(uuid)', 'fvu', false), ('booking.erase_customer(integer,text)', 'fvu', false),
              ('booking.set_retention(integer,integer,integer,integer,integer)', 'fvu', false),
              ('booking.apply_retention(integer,text,uuid,integer)', 'fvu', false), ('booking.retention_job()', 'pvu', false),
              ('booking.maintain_job(integer,integer)', 'pvu', false),
              ('booking.new_id(integer)', 'fvu', false),
              ('booking.next_available_sessions(uuid,integer,integer,timestamp with time zone)', 'fsu', false),
              ('booking.organization_of(uuid)', 'fis', true),
              ('booking.record_events()', 'fvu', false),
              ('booking.refusal_codes()', 'fis', false),
              ('booking.renew_rules_version()', 'fvu', false),
              ('booking.release_expired_reservations()', 'fvu', false),
              ('booking.release_expired_reservations(integer)', 'fvu', false),
              ('booking.release_job()', 'pvu', false),
              ('booking.reserve_slot(uuid,integer,text,text,integer)', 'fvu', false),
              ('booking.join_waitlist(uuid,integer,text,text,text)', 'fvu', false),
              ('booking.leave_waitlist(uuid,text)', 'fvu', false), ('booking.waitlist_status(uuid,text)', 'fsu', false),
              ('booking.set_session_lanes(uuid,integer)', 'fvu', false),
              ('booking.set_session_capacity(uuid,integer,integer)', 'fvu', false),
              ('booking.close_session(uuid,text)', 'fvu', false), ('booking.open_session(uuid)', 'fvu', false),
              ('booking.booking_cancel(jsonb)', 'fvu', false), ('booking.booking_reschedule(jsonb)', 'fvu', false),
              ('booking.booking_change(jsonb)', 'fvu', false),
              ('booking.reserve_slot(uuid,integer,text,text,integer,jsonb)', 'fvu', false),
              ('booking.try_reserve_slot(uuid,integer,text,text,integer,jsonb)', 'fvu', false),
              ('booking.quote_units(uuid,jsonb)', 'fsu', false),
              ('booking.update_reservation_units(uuid,jsonb,text)', 'fvu', false),
              ('booking.change_units(uuid,jsonb,bigint,text,text,bigint)', 'fvu', false),
              ('booking.cancel_units(uuid,integer[],text,bigint,boolean,bigint,text)', 'fvu', false),
              ('booking.issue_tickets(uuid,text,boolean)', 'fvu', false),
              ('booking.scan_ticket(text,text,text)', 'fvu', false), ('booking.note_units()', 'fvu', false),
              ('booking.stamp_row()', 'fvu', false),
              ('booking.state_transitions()', 'fis', false),
              ('booking.try_reserve_slot(uuid,integer,text,text,integer)', 'fvu', false),
              ('booking.cancel_unpaid_bookings(integer)', 'fvu', false),
              ('booking.cleanup_payment_events(integer)', 'fvu', false),
              ('booking.create_webhook_source(integer,text,text,text,jsonb)', 'fvu', false),
              ('booking.delete_webhook_source(uuid)', 'fvu', false),
              ('booking.disable_webhook_source(uuid,text)', 'fvu', false),
              ('booking.enable_webhook_source(uuid)', 'fvu', false),
              ('booking.payment_job()', 'pvu', false),
              ('booking.receive_webhook(uuid,bytea,jsonb)', 'fvu', false),
              ('booking.relay_sources()', 'fsu', false),
              ('booking.retry_payment_events(integer,integer)', 'fvu', false),
              ('booking.resolve_payment(uuid,text,uuid)', 'fvu', false),
              ('booking.rotate_source_secret(uuid,text,interval)', 'fvu', false),
              ('booking.update_webhook_source(uuid,jsonb)', 'fvu', false),
              ('booking.cleanup_webhook_logs(integer)', 'fvu', false),
              ('booking.create_webhook_endpoint(integer,text,text,text[],text,jsonb)', 'fvu', false),
              ('booking.delete_webhook_endpoint(uuid)', 'fvu', false),
              ('booking.disable_webhook_endpoint(uuid,text)', 'fvu', false),
              ('booking.enable_webhook_endpoint(uuid)', 'fvu', false),
              ('booking.manually_trigger_webhook(text,uuid)', 'fvu', false),
              ('booking.receive_booking_event(integer,jsonb)', 'fvu', false),
              ('booking.relay_attach(uuid,text,text)', 'fvu', false),
              ('booking.relay_claim(uuid,integer,integer,uuid)', 'fvu', false),
              ('booking.relay_complete(uuid,jsonb)', 'fvu', false),
              ('booking.relay_connect()', 'fvu', false),
              ('booking.relay_availability(uuid[])', 'fsu', false),
              ('booking.relay_booking(text)', 'fsu', false),
              ('booking.relay_delivery(uuid)', 'fsu', false),
              ('booking.relay_events(bigint,integer)', 'fsu', false),
              ('booking.relay_identity(jsonb)', 'fsu', false),
              ('booking.relay_position()', 'fsu', false),
              ('booking.relay_sequence(integer)', 'fvu', false),
              ('booking.relay_make_endpoint(integer,text,text)', 'fvu', false),
              ('booking.relay_origins()', 'fsu', false),
              ('booking.relay_status()', 'fsu', false),
              ('booking.replay_webhook_event(uuid,uuid)', 'fvu', false),
              ('booking.replay_webhook_events(uuid,timestamp with time zone,timestamp with time zone,text[],boolean,integer)', 'fvu', false),
              ('booking.retry_failed_webhooks(integer)', 'fvu', false),
              ('booking.rotate_webhook_secret(uuid,text,text,interval)', 'fvu', false),
              ('booking.test_webhook(integer,text)', 'fvu', false),
              ('booking.test_webhook(uuid)', 'fvu', false),
              ('booking.trigger_booking_event_webhook()', 'fvu', false),
              ('booking.update_webhook_endpoint(uuid,jsonb)', 'fvu', false),
              ('booking.validate_webhook_config(integer)', 'fsu', false) $$,
    'every routine has the labels that are written down here');

SELECT public.is_empty($$ SELECT routine FROM pg_temp.routines WHERE prosecdef $$, 'no routine is SECURITY DEFINER');
SELECT public.is_empty($$ SELECT routine FROM pg_temp.routines WHERE proleakproof $$, 'no routine says LEAKPROOF');
SELECT public.is_empty($$ SELECT routine FROM pg_temp.routines WHERE proconfig IS NOT NULL $$,
                       'no routine has a SET clause: jobs COMMIT, functions pin their own settings');
SELECT public.is_empty(
    $$ SELECT routine FROM pg_temp.routines AS r,
              LATERAL aclexplode(COALESCE(r.proacl, acldefault('f', r.proowner))) AS a WHERE a.grantee = 0 $$,
    'no routine may be called by PUBLIC');
SELECT public.is_empty(
    $$ SELECT routine FROM pg_temp.routines AS r, LATERAL aclexplode(r.proacl) AS a
        WHERE a.is_grantable AND a.grantee <> r.proowner $$,
    'no right on a routine may be passed on');
SELECT public.is_empty(
    $$ SELECT routine FROM pg_temp.routines AS r WHERE COALESCE(obj_description(r.oid, 'pg_proc'), '') = '' $$,
    'every routine has a COMMENT');
SELECT public.is_empty(
    $$ SELECT routine FROM pg_temp.routines AS r JOIN pg_language AS l ON l.oid = r.prolang
        WHERE NOT (l.lanname = 'c' AND r.prosrc ~ '^pgbk_[a-z_]+$' AND r.probin = '$libdir/pg_booking')
          AND NOT (l.lanname = 'plpgsql' AND r.prokind = 'p') $$,
    'functions are C, named pgbk_ in the library; only procedures are PL/pgSQL');
SELECT public.is_empty(
    $$ SELECT r.routine FROM pg_temp.routines AS r
        WHERE EXISTS (SELECT 1 FROM regexp_matches(obj_description(r.oid, 'pg_proc'), 'BK\d{3}', 'g') AS m
                       WHERE m[1] NOT IN (SELECT c.sqlstate FROM booking.refusal_codes() AS c)) $$,
    'comments name only SQLSTATEs that exist');

SELECT public.is_empty(
    $$ SELECT pg_describe_object(d.classid, d.objid, d.objsubid)
         FROM pg_depend AS d JOIN pg_extension AS e ON e.oid = d.refobjid
        WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'pg_booking'
          AND d.classid <> 'pg_proc'::regclass $$,
    'routines are all that the extension has: no table, view, type or schema goes with it');

-- The codes.
SELECT public.is_empty(
    $$ SELECT c.sqlstate FROM booking.refusal_codes() AS c WHERE c.sqlstate !~ '^BK[0-9]{3}$' OR c.meaning = '' $$,
    'refusals have SQLSTATEs of class BK and a meaning');
SELECT public.is_empty(
    $$ SELECT c.sqlstate FROM booking.refusal_codes() AS c GROUP BY c.sqlstate HAVING count(*) > 1
        UNION ALL SELECT c.name FROM booking.refusal_codes() AS c GROUP BY c.name HAVING count(*) > 1 $$,
    'no two refusals share a code or a name');

-- Tables and views. Daily partitions stand as one.
SELECT public.bag_eq(
    $$ SELECT DISTINCT regexp_replace(c.relname, '_\d{8}$', '_DAY') AS name,
              format('%s of %s, rls %s, forced %s', c.relkind, c.relowner::regrole, c.relrowsecurity,
                     c.relforcerowsecurity) AS properties
         FROM pg_class AS c WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind NOT IN ('i', 'I') $$,
    $$ SELECT n AS name, 'r of booking_owner, rls t, forced f' AS properties
         FROM unnest(ARRAY['activities', 'activity_prices', 'activity_units', 'booking_changes', 'booking_events_DAY', 'booking_events_default', 'booking_units', 'bookings', 'customers',
                           'event_positions', 'event_sequencer', 'generation_watermarks', 'installation', 'job_runs', 'organization_members', 'organizations', 'packages', 'schedule_exceptions',
                           'received_events', 'relay_instances', 'schema_migrations',
                           'session_lanes', 'sessions', 'slot_reservations', 'venues', 'waitlist_entries', 'webhook_attempts_DAY',
                           'webhook_attempts_default', 'webhook_deliveries', 'webhook_endpoint_states',
                           'webhook_endpoints', 'webhook_secrets', 'payment_events', 'payments', 'provider_calls', 'refunds',
                           'webhook_source_secrets', 'webhook_sources', 'resources', 'activity_resources',
                           'resource_allocations', 'blocked_periods', 'blocked_sessions']) AS n
        UNION ALL
       SELECT n, 'v of booking_owner, rls f, forced f'
         FROM unnest(ARRAY['activity_sessions', 'booking_policies', 'waitlist_queue', 'customer_bookings', 'customer_events', 'event_payloads', 'full_events', 'owner_events', 'provider_call_log', 'public_activities', 'public_activity_units',
                           'public_events', 'public_venues', 'user_organizations', 'webhook_logs', 'webhook_stats']) AS n
        UNION ALL
       SELECT n, 'p of booking_owner, rls t, forced f' FROM unnest(ARRAY['booking_events', 'webhook_attempts']) AS n
        UNION ALL
       SELECT n, 'S of booking_owner, rls f, forced f'
         FROM unnest(ARRAY['organizations_organization_id_seq', 'resources_number_seq']) AS n $$,
    'tables and views belong to booking_owner, tables with row-level security that is not forced');
SELECT public.is_empty(
    $$ SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p', 'v')
          AND COALESCE(obj_description(c.oid, 'pg_class'), '') = '' $$,
    'every table and view has a COMMENT');
SELECT public.is_empty(
    $$ SELECT p.tablename, p.policyname FROM pg_policies AS p
        WHERE p.schemaname = 'booking' AND 'public' = ANY (p.roles) $$,
    'no policy is for PUBLIC');
SELECT public.is_empty(
    $$ SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind = 'v'
          AND (c.reloptions && ARRAY['security_invoker=true', 'security_barrier=true']) IS NOT TRUE $$,
    'a view asks with the rights of its reader, or is a security barrier');
SELECT public.is_empty(
    $$ SELECT c.relname, a.privilege_type FROM pg_class AS c, LATERAL aclexplode(c.relacl) AS a
        WHERE c.relnamespace = 'booking'::regnamespace AND a.grantee = 0 $$,
    'no right on a table or view is for PUBLIC');
SELECT public.is_empty(
    $$ SELECT a.privilege_type FROM pg_namespace AS n, LATERAL aclexplode(n.nspacl) AS a
        WHERE n.nspname = 'booking' AND (a.grantee = 0 OR a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner) $$,
    'the schema is not for PUBLIC, and nobody but the owner creates in it');

-- organization_id comes first, so that everything can be distributed by it. schema_migrations, installation,
-- relay_instances and event_sequencer are not data of an organization.
SELECT public.is_empty(
    $$ SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind = 'r'
          AND NOT EXISTS (SELECT 1 FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary) $$,
    'every table has a primary key');
SELECT public.is_empty(
    $$ SELECT i.indexrelid::regclass
         FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
         LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE c.relnamespace = 'booking'::regnamespace AND i.indisunique AND c.relname NOT IN ('schema_migrations', 'installation', 'relay_instances', 'event_sequencer')
          AND a.attname IS DISTINCT FROM 'organization_id' $$,
    'organization_id is the first column of every primary key, unique constraint and unique index');
SELECT public.is_empty(
    $$ SELECT k.conname FROM pg_constraint AS k
         JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
         JOIN pg_attribute AS f ON f.attrelid = k.confrelid AND f.attnum = k.confkey[1]
        WHERE k.connamespace = 'booking'::regnamespace AND k.contype = 'f'
          AND (a.attname <> 'organization_id' OR f.attname <> 'organization_id') $$,
    'organization_id is the first column of every foreign key, on both sides');
SELECT public.is_empty(
    $$ SELECT k.conname FROM pg_constraint AS k
        WHERE k.conrelid = ANY (ARRAY['booking.slot_reservations', 'booking.bookings']::regclass[])
          AND k.confrelid = ANY (ARRAY['booking.sessions', 'booking.organizations']::regclass[]) $$,
    'no foreign key leads from reservations or bookings to the session or organization');
SELECT public.is_empty(
    $$ SELECT a.attrelid::regclass FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind = 'r' AND c.relname NOT IN ('schema_migrations', 'installation', 'relay_instances', 'event_sequencer')
        GROUP BY a.attrelid HAVING bool_or(a.attname = 'organization_id' AND a.attnotnull
                                           AND a.atttypid = 'integer'::regtype) IS NOT TRUE $$,
    'every table has organization_id integer NOT NULL');

-- Types of columns: known ones only, so that a numeric price or a timestamp without zone cannot slip in.
SELECT public.bag_eq(
    $$ SELECT DISTINCT a.atttypid::regtype::text FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 $$,
    $$ VALUES ('bigint'), ('boolean'), ('bytea'), ('cidr[]'), ('date'), ('double precision'), ('integer'), ('interval'),
              ('jsonb'), ('numeric'), ('smallint'), ('text'), ('text[]'), ('time without time zone'), ('timestamp with time zone'),
              ('tstzrange'), ('uuid') $$,
    'columns are of the types that are agreed on');
SELECT public.bag_eq(
    $$ SELECT a.attrelid::regclass || '.' || a.attname
         FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
          AND (a.atttypid = 'bigint'::regtype
               OR a.attname ~ '(price|amount|cents|_minor)' AND a.attname !~ 'price_(id|basis)|^amounts$') $$,
    $$ VALUES ('booking.activities.price_minor'), ('booking.activity_prices.price_minor'), ('booking.activity_units.price_minor'), ('booking.booking_units.price_minor'), ('booking.booking_units.kept_minor'), ('booking.packages.price_minor'), ('booking.bookings.amount_cents'), ('booking.bookings.seat_price_minor'),
              ('booking.bookings.paid_minor'), ('booking.bookings.kept_minor'), ('booking.bookings.given_up_minor'), ('booking.bookings.returned_minor'),
              ('booking.bookings.total_amount'), ('booking.bookings.version'), ('booking.installation.system_identifier'),
              ('booking.installation.database_oid'), ('booking.event_positions.seq'), ('booking.event_sequencer.last_seq'),
              ('booking.event_sequencer.system_identifier'), ('booking.event_sequencer.database_oid'),
              ('booking.event_sequencer.own_xid'), ('booking.webhook_deliveries.lease_token'),
              ('booking.provider_calls.lease_token'),
              ('booking.payments.amount_minor'), ('booking.payments.refunded_minor'),
              ('booking.payments.reported_refunded_minor'), ('booking.refunds.amount_minor'),
              ('booking.resources.number'), ('booking.resource_allocations.resource_number') $$,
    'money, versions, numbers of events and of resources, and what identifies a database or transaction, are bigint');
SELECT public.is_empty(
    $$ SELECT a.attrelid::regclass, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
          AND (a.attname ~ '(_at|scheduled_(start|end))$' AND a.atttypid <> 'timestamptz'::regtype
               OR a.atttypid = 'time'::regtype AND c.relname <> 'schedule_exceptions') $$,
    'instants are timestamptz; civil times are in exceptions only');
SELECT public.is_empty(
    $$ SELECT t.typname FROM pg_type AS t
        WHERE t.typnamespace = 'booking'::regnamespace AND t.typtype IN ('e', 'd', 'r') $$,
    'no enum, domain or range type');
SELECT public.is_empty(
    $$ SELECT k.conname FROM pg_constraint AS k
        WHERE k.connamespace = 'booking'::regnamespace AND k.contype = 'c' AND k.conname ~ '_check\d+$' $$,
    'every check has a name of its own');
SELECT public.is_empty(
    $$ SELECT t.table_name, t.column_name, w.word
         FROM booking.state_transitions() AS t, LATERAL (VALUES (t.from_status), (t.to_status)) AS w (word)
        WHERE NOT EXISTS (SELECT 1 FROM pg_constraint AS k
                           WHERE k.conrelid = ('booking.' || t.table_name)::regclass
                             AND k.conname = format('%s_%s_check', t.table_name, t.column_name)
                             AND strpos(pg_get_constraintdef(k.oid), quote_literal(w.word)) > 0)
          AND w.word IS NOT NULL $$,
    'the table of transitions and the checks know the same words');

SELECT * FROM public.finish();
ROLLBACK;
