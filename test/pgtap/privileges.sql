-- Who may touch what: the whole matrix of roles against tables, views and routines. What the policies and functions
-- then let through is tested in rows.sql and visitors.sql.

BEGIN;
SET LOCAL client_min_messages = 'warning';
SELECT public.plan(10);

CREATE ROLE regress_nobody NOLOGIN;
CREATE TEMPORARY TABLE roles (letter text, role regrole);
INSERT INTO pg_temp.roles (letter, role)
VALUES ('p', 'booking_public'), ('c', 'booking_customer'), ('m', 'booking_member'), ('s', 'booking_service'),
       ('r', 'booking_relay'), ('a', 'booking_admin'), ('n', 'regress_nobody');

-- Rights on tables and views, in the letters that psql shows: r select, a insert, w update, d delete, D truncate,
-- x references, t trigger. A role that is not named has none.
SELECT public.bag_eq(
    $$ SELECT DISTINCT regexp_replace(c.relname, '_\d{8}$', '_DAY') AS relation,
              COALESCE(string_agg(g.letter || '=' || g.rights, ' ' ORDER BY strpos('pcmsran', g.letter)), 'none')
         FROM pg_class AS c
         LEFT JOIN LATERAL (
              SELECT r.letter, string_agg(p.letter, '' ORDER BY p.place) AS rights
                FROM pg_temp.roles AS r
               CROSS JOIN (VALUES ('SELECT', 'r', 1), ('INSERT', 'a', 2), ('UPDATE', 'w', 3), ('DELETE', 'd', 4),
                                  ('TRUNCATE', 'D', 5), ('REFERENCES', 'x', 6), ('TRIGGER', 't', 7))
                  AS p (name, letter, place)
               WHERE has_table_privilege(r.role::oid, c.oid, p.name)
               GROUP BY r.letter) AS g ON true
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p', 'v')
        GROUP BY c.relname $$,
    $$ VALUES ('activities', 'm=rawd s=rawd a=rawd'),
              ('activity_prices', 'm=r s=r a=r'),
              ('activity_units', 'm=rawd s=rawd a=rawd'),
              ('activity_sessions', 'p=r c=r m=r s=r a=r'),
              ('booking_events', 'm=r s=r a=r'),
              ('booking_events_DAY', 'none'),
              ('booking_events_default', 'none'),
              ('booking_changes', 'm=r s=r a=r'),
              ('booking_units', 'm=r s=r a=r'),
              ('bookings', 'm=r s=r a=r'), ('booking_policies', 'm=r s=r a=r'),
              ('customer_bookings', 'c=r'), ('customer_events', 'c=r'),
              ('customers', 'c=r m=r s=rawd a=rawd'),
              ('event_payloads', 'none'),
              ('event_positions', 's=r a=r'),
              ('event_sequencer', 's=r a=r'),
              ('full_events', 's=r a=r'),
              ('generation_watermarks', 's=r a=r'),
              ('installation', 's=r a=r'),
              ('job_runs', 'm=r s=ra a=ra'),
              ('organization_members', 'm=r s=rawd a=rawd'),
              ('organizations', 'm=r s=rawd a=rawd'),
              ('owner_events', 'm=r s=r a=r'),
              ('payment_events', 's=r a=r'),
              ('payments', 'm=r s=r a=r'),
              ('provider_call_log', 'm=r s=r a=r'),
              ('provider_calls', 'none'),
              ('refunds', 'm=r s=r a=r'),
              ('webhook_source_secrets', 'none'),
              ('webhook_sources', 'm=r s=r a=r'),
              ('packages', 'm=rawd s=rawd a=rawd'),
              ('public_activities', 'p=r c=r m=r s=r a=r'),
              ('public_activity_units', 'p=r c=r m=r s=r a=r'),
              ('resources', 'm=rawd s=rawd a=rawd'),
              ('activity_resources', 'm=r s=r a=r'), ('resource_allocations', 'm=r s=r a=r'),
              ('blocked_periods', 'm=r s=r a=r'), ('blocked_sessions', 'm=r s=r a=r'),
              ('public_events', 'p=r c=r m=r s=r a=r'),
              ('public_venues', 'p=r c=r m=r s=r a=r'),
              ('received_events', 's=r a=r'),
              ('relay_instances', 's=r a=r'),
              ('schedule_exceptions', 'm=rawd s=rawd a=rawd'),
              ('schema_migrations', 's=r a=r'),
              ('session_lanes', 'p=r c=r m=r s=r a=r'),
              ('sessions', 'p=r c=r m=r s=r a=r'),
              ('slot_reservations', 'c=r m=r s=r a=r'),
              ('user_organizations', 'm=r s=r a=r'),
              ('venues', 'm=rawd s=rawd a=rawd'),
              ('waitlist_entries', 'c=r m=r s=r a=r'), ('waitlist_queue', 'm=r s=r a=r'),
              ('webhook_attempts', 'm=r s=r a=r'),
              ('webhook_attempts_DAY', 'none'),
              ('webhook_attempts_default', 'none'),
              ('webhook_deliveries', 'm=r s=r a=r'),
              ('webhook_endpoint_states', 'm=r s=r a=r'),
              ('webhook_endpoints', 'none'),
              ('webhook_logs', 'm=r s=r a=r'),
              ('webhook_secrets', 'none'),
              ('webhook_stats', 'm=r s=r a=r') $$,
    'rights on tables and views, by role');

-- Holds, bookings and seat counters are written by functions only. Rights on single columns come on top of the above.
SELECT public.bag_eq(
    $$ SELECT c.relname::text, a.attname::text, x.grantee::regrole::text, x.privilege_type
         FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid, LATERAL aclexplode(a.attacl) AS x
        WHERE c.relnamespace = 'booking'::regnamespace $$,
    $$ SELECT 'sessions' AS relation, 'status' AS name, r AS role, 'UPDATE' AS privilege FROM unnest(ARRAY['booking_member', 'booking_service']) AS r
        UNION ALL
       SELECT 'webhook_endpoints', a.attname::text, r, 'SELECT'
         FROM pg_attribute AS a, unnest(ARRAY['booking_member', 'booking_service']) AS r
        WHERE a.attrelid = 'booking.webhook_endpoints'::regclass AND a.attnum > 0 AND a.attname <> 'headers'
        UNION ALL
       SELECT 'payment_events', a.attname::text, 'booking_member', 'SELECT' FROM pg_attribute AS a
        WHERE a.attrelid = 'booking.payment_events'::regclass AND a.attnum > 0
          AND a.attname NOT IN ('headers', 'body', 'body_hash', 'other_body_hash')
        UNION ALL
       SELECT 'provider_calls', a.attname::text, r, 'SELECT'
         FROM pg_attribute AS a, unnest(ARRAY['booking_member', 'booking_service']) AS r
        WHERE a.attrelid = 'booking.provider_calls'::regclass AND a.attnum > 0
          AND a.attname NOT IN ('request', 'outcome', 'return_token', 'idempotency_key', 'lease_until', 'lease_owner',
                                'lease_token') $$,
    'of single columns only the status of a session may be changed, and all of a webhook but its headers be read, of'
    ' what came in all but its bytes, and of calls of providers nothing that was said or answered');

SELECT public.bag_eq(
    $$ SELECT p.oid::regprocedure::text,
              string_agg(CASE WHEN has_function_privilege(r.role::oid, p.oid, 'EXECUTE') THEN r.letter ELSE '-' END, ''
                         ORDER BY strpos('pcmsran', r.letter))
         FROM pg_proc AS p CROSS JOIN pg_temp.roles AS r
        WHERE p.pronamespace = 'booking'::regnamespace GROUP BY p.oid $$,
    $$ VALUES ('booking.check_schedule(jsonb)', 'pcmsra-'),
              ('booking.check_time_zone(text)', 'pcmsra-'),
              ('booking.clock()', 'pcmsra-'),
              ('booking.current_user_id()', 'pcmsra-'),
              ('booking.canonical_event_filter(text)', 'pcmsra-'),
              ('booking.event_audience(text)', 'pcmsra-'),
              ('booking.event_description(text,text)', 'pcmsra-'),
              ('booking.event_kinds()', 'pcmsra-'),
              ('booking.expired_hold_seats(integer,uuid)', 'pcmsra-'),
              ('booking.resource_taken(integer,uuid)', 'pcmsra-'),
              ('booking.new_id(integer)', 'pcmsra-'),
              ('booking.organization_of(uuid)', 'pcmsra-'),
              ('booking.refusal_codes()', 'pcmsra-'),
              ('booking.state_transitions()', 'pcmsra-'),
              ('booking.booking_create(integer,jsonb)', 'pcms-a-'),
              ('booking.booking_schedule(jsonb)', 'pcms-a-'),
              ('booking.booking_status(text)', 'pcms-a-'),
              ('booking.public_venue(integer,text)', 'pcms-a-'),
              ('booking.public_venue_activities(integer,text)', 'pcms-a-'),
              ('booking.public_activity_sessions(uuid,text,text)', 'pcms-a-'),
              ('booking.public_embed(integer,text,uuid)', 'pcms-a-'),
              ('booking.reservation_status(uuid,text)', 'pcms-a-'),
              ('booking.request_payment(uuid,text)', 'pcms-a-'),
              ('booking.cancel_booking(uuid,text,text,bigint,boolean,bigint,text)', 'pcms-a-'),
              ('booking.change_party_size(uuid,integer,bigint,text,text,bigint)', 'pcms-a-'),
              ('booking.reschedule_appointment(uuid,timestamp with time zone,timestamp with time zone,bigint,text)', 'pcms-a-'),
              ('booking.reschedule_booking(uuid,uuid,bigint,text)', 'pcms-a-'),
              ('booking.cancel_reservation(uuid,text)', 'pcms-a-'),
              ('booking.check_slot_availability(uuid,integer)', 'pcms-a-'),
              ('booking.confirm_reservation(uuid,text,text,text)', 'pcms-a-'),
              ('booking.extend_reservation(uuid,text,integer)', 'pcms-a-'),
              ('booking.next_available_sessions(uuid,integer,integer,timestamp with time zone)', 'pcms-a-'),
              ('booking.reserve_slot(uuid,integer,text,text,integer)', 'pcms-a-'),
              ('booking.try_reserve_slot(uuid,integer,text,text,integer)', 'pcms-a-'),
              ('booking.reserve_slot(uuid,integer,text,text,integer,jsonb)', 'pcms-a-'),
              ('booking.try_reserve_slot(uuid,integer,text,text,integer,jsonb)', 'pcms-a-'),
              ('booking.quote_units(uuid,jsonb)', 'pcms-a-'),
              ('booking.update_reservation_units(uuid,jsonb,text)', 'pcms-a-'),
              ('booking.change_units(uuid,jsonb,bigint,text,text,bigint)', 'pcms-a-'),
              ('booking.cancel_units(uuid,integer[],text,bigint,boolean,bigint,text)', 'pcms-a-'),
              ('booking.issue_tickets(uuid,text,boolean)', 'pcms-a-'),
              ('booking.scan_ticket(text,text,text)', '--ms-a-'),
              ('booking.note_units()', '-------'),
              ('booking.generate_activity_sessions(uuid,date,integer)', '--ms-a-'),
              ('booking.use_resource(uuid,uuid,integer,integer)', '--ms-a-'),
              ('booking.stop_using_resource(uuid,uuid)', '--ms-a-'),
              ('booking.block_period(uuid,timestamp with time zone,timestamp with time zone,text)', '--ms-a-'),
              ('booking.unblock_period(uuid)', '--ms-a-'),
              ('booking.apply_schedule_change(uuid,boolean)', '--ms-a-'),
              ('booking.set_venue_timezone(uuid,text,boolean)', '--ms-a-'),
              ('booking.get_upcoming_bookings(integer)', '--ms-a-'),
              ('booking.get_weekly_bookings_trend()', '--ms-a-'),
              ('booking.join_waitlist(uuid,integer,text,text,text)', 'pcms-a-'),
              ('booking.leave_waitlist(uuid,text)', 'pcms-a-'), ('booking.waitlist_status(uuid,text)', 'pcms-a-'),
              ('booking.set_session_lanes(uuid,integer)', '--ms-a-'),
              ('booking.set_session_capacity(uuid,integer,integer)', '--ms-a-'),
              ('booking.close_session(uuid,text)', '--ms-a-'), ('booking.open_session(uuid)', '--ms-a-'),
              ('booking.booking_cancel(jsonb)', 'pcms-a-'), ('booking.booking_reschedule(jsonb)', 'pcms-a-'),
              ('booking.booking_change(jsonb)', 'pcms-a-'),
              ('booking.check_in(uuid,integer,text)', '--ms-a-'),
              ('booking.check_out(uuid,integer,text)', '--ms-a-'),
              ('booking.mark_no_show(uuid,integer)', '--ms-a-'),
              ('booking.undo_check_in(uuid,integer)', '--ms-a-'),
              ('booking.undo_check_out(uuid,integer)', '--ms-a-'),
              ('booking.undo_no_show(uuid,integer)', '--ms-a-'),
              ('booking.create_default_packages(integer,text,bigint,bigint,bigint,integer,integer,uuid)', '--ms-a-'),
              ('booking.create_webhook_endpoint(integer,text,text,text[],text,jsonb)', '--ms-a-'),
              ('booking.delete_webhook_endpoint(uuid)', '--ms-a-'),
              ('booking.disable_webhook_endpoint(uuid,text)', '--ms-a-'),
              ('booking.enable_webhook_endpoint(uuid)', '--ms-a-'),
              ('booking.manually_trigger_webhook(text,uuid)', '--ms-a-'),
              ('booking.replay_webhook_event(uuid,uuid)', '--ms-a-'),
              ('booking.replay_webhook_events(uuid,timestamp with time zone,timestamp with time zone,text[],boolean,integer)', '--ms-a-'),
              ('booking.retry_failed_webhooks(integer)', '--ms-a-'),
              ('booking.rotate_webhook_secret(uuid,text,text,interval)', '--ms-a-'),
              ('booking.test_webhook(integer,text)', '--ms-a-'),
              ('booking.test_webhook(uuid)', '--ms-a-'),
              ('booking.update_webhook_endpoint(uuid,jsonb)', '--ms-a-'),
              ('booking.validate_webhook_config(integer)', '--ms-a-'),
              ('booking.create_webhook_source(integer,text,text,text,jsonb)', '--ms-a-'),
              ('booking.delete_webhook_source(uuid)', '--ms-a-'),
              ('booking.disable_webhook_source(uuid,text)', '--ms-a-'),
              ('booking.enable_webhook_source(uuid)', '--ms-a-'),
              ('booking.resolve_payment(uuid,text,uuid)', '--ms-a-'),
              ('booking.retry_provider_call(uuid)', '--ms-a-'),
              ('booking.cleanup_provider_calls(integer)', '---s-a-'),
              ('booking.relay_claim_calls(uuid,integer,integer,jsonb)', '----r--'),
              ('booking.relay_complete_call(uuid,uuid,bigint,jsonb)', '----r--'),
              ('booking.end_payment_calls()', '-------'),
              ('booking.rotate_source_secret(uuid,text,interval)', '--ms-a-'),
              ('booking.update_webhook_source(uuid,jsonb)', '--ms-a-'),
              ('booking.cancel_unpaid_bookings(integer)', '---s-a-'),
              ('booking.cleanup_payment_events(integer)', '---s-a-'),
              ('booking.payment_job()', '---s-a-'),
              ('booking.retry_payment_events(integer,integer)', '---s-a-'),
              ('booking.receive_webhook(uuid,bytea,jsonb)', '----r--'),
              ('booking.relay_sources()', '----r--'),
              ('booking.receive_booking_event(integer,jsonb)', '----r--'),
              ('booking.relay_attach(uuid,text,text)', '----r--'),
              ('booking.relay_availability(uuid[])', '----r--'),
              ('booking.relay_booking(text)', '----r--'),
              ('booking.relay_events(bigint,integer)', '----r--'),
              ('booking.relay_identity(jsonb)', '----r--'),
              ('booking.relay_position()', '----r--'),
              ('booking.relay_sequence(integer)', '----r--'),
              ('booking.relay_claim(uuid,integer,integer,uuid)', '----r--'),
              ('booking.relay_complete(uuid,jsonb)', '----r--'),
              ('booking.relay_connect()', '----r--'),
              ('booking.relay_delivery(uuid)', '----r--'),
              ('booking.relay_make_endpoint(integer,text,text)', '----r--'),
              ('booking.relay_origins()', '----r--'),
              ('booking.relay_status()', '----r--'),
              ('booking.notifier_status()', '---sra-'),
              ('booking.cleanup_webhook_logs(integer)', '---s-a-'),
              ('booking.trigger_booking_event_webhook()', '-------'),
              ('booking.generate_all_sessions(integer)', '---s-a-'),
              ('booking.generate_job(integer)', '---s-a-'),
              ('booking.integrity_check()', '---s-a-'),
              ('booking.is_original()', '---s-a-'),
              ('booking.maintain_event_partitions(integer,integer)', '---s-a-'),
              ('booking.personal_data()', 'pcmsra-'),
              ('booking.erase_customer(uuid)', '--ms-a-'), ('booking.erase_customer(integer,text)', '--ms-a-'),
              ('booking.set_retention(integer,integer,integer,integer,integer)', '--ms-a-'),
              ('booking.apply_retention(integer,text,uuid,integer)', '---s-a-'), ('booking.retention_job()', '---s-a-'),
              ('booking.maintain_job(integer,integer)', '---s-a-'),
              ('booking.release_expired_reservations()', '---s-a-'),
              ('booking.release_expired_reservations(integer)', '---s-a-'),
              ('booking.release_job()', '---s-a-'),
              ('booking.adopt(boolean)', '-----a-'),
              ('booking.live_cpp_frames()', '-----a-'),
              ('booking.check_transition()', '-------'),
              ('booking.install(name)', '-------'),
              ('booking.install_roles(name)', '-------'),
              ('booking.record_changes()', '-------'),
              ('booking.record_prices()', '-------'),
              ('booking.record_events()', '-------'),
              ('booking.refuse_change()', '-------'),
              ('booking.renew_rules_version()', '-------'),
              ('booking.start_scheduling()', '-------'),
              ('booking.call_off_appointments()', '-------'),
              ('booking.stamp_row()', '-------') $$,
    'rights on routines, by role');

SELECT public.bag_eq(
    $$ SELECT r.letter, concat(CASE WHEN has_schema_privilege(r.role::oid, 'booking', 'USAGE') THEN 'U' END,
                               CASE WHEN has_schema_privilege(r.role::oid, 'booking', 'CREATE') THEN 'C' END)
         FROM pg_temp.roles AS r $$,
    $$ VALUES ('p', 'U'), ('c', 'U'), ('m', 'U'), ('s', 'U'), ('r', 'U'), ('a', 'U'), ('n', '') $$,
    'all roles use the schema, none creates in it');

-- The policies, role by role.
SELECT public.bag_eq(
    $$ SELECT p.policyname::text, p.cmd, p.roles::text, string_agg(p.tablename, ' ' ORDER BY p.tablename COLLATE "C")
         FROM pg_policies AS p WHERE p.schemaname = 'booking' AND p.permissive = 'PERMISSIVE'
        GROUP BY p.policyname, p.cmd, p.roles $$,
    $$ VALUES ('trusted_all', 'ALL', '{booking_admin,booking_service}',
               'activities activity_prices activity_resources activity_units blocked_periods blocked_sessions booking_changes booking_events'
               ' booking_units bookings customers event_positions event_sequencer generation_watermarks installation job_runs'
               ' organization_members organizations packages payment_events payments provider_calls received_events refunds'
               ' relay_instances resource_allocations resources schedule_exceptions schema_migrations session_lanes sessions slot_reservations venues'
               ' waitlist_entries webhook_attempts webhook_deliveries webhook_endpoint_states webhook_endpoints webhook_sources'),
              ('member_read', 'SELECT', '{booking_member}',
               'activities activity_prices activity_resources activity_units blocked_periods blocked_sessions booking_changes booking_events'
               ' booking_units bookings customers job_runs organizations packages'
               ' payment_events payments provider_calls refunds resource_allocations resources schedule_exceptions sessions slot_reservations venues waitlist_entries webhook_attempts'
               ' webhook_deliveries webhook_endpoint_states webhook_endpoints webhook_sources'),
              ('member_read_own', 'SELECT', '{booking_member}', 'organization_members'),
              ('owner_write', 'ALL', '{booking_member}', 'activities activity_units packages resources schedule_exceptions sessions venues'),
              ('customer_read_own', 'SELECT', '{booking_customer}',
               'customers slot_reservations waitlist_entries'),
              ('public_read', 'SELECT', '{booking_public}', 'session_lanes sessions') $$,
    'policies by name, command, role and table');
SELECT public.is_empty(
    $$ SELECT p.tablename, p.policyname FROM pg_policies AS p
        WHERE p.schemaname = 'booking' AND p.policyname <> 'trusted_all' AND p.policyname <> 'public_read'
          AND p.qual NOT LIKE '%booking.current_user_id()%' $$,
    'every policy but those of trusted roles and of sessions asks for the claimed user');
SELECT public.is_empty(
    $$ SELECT p.tablename FROM pg_policies AS p WHERE p.schemaname = 'booking' AND p.policyname = 'owner_write'
          AND (p.qual IS DISTINCT FROM p.with_check OR p.qual NOT LIKE '%owner%') $$,
    'what an owner may not change, an owner may not make either');

-- A role without any right is stopped at the door.
SET LOCAL ROLE regress_nobody;
SELECT public.throws_ok('SELECT * FROM booking.public_venues', '42501', 'permission denied for schema booking',
                        'nobody reads a view');
SELECT public.throws_ok('SELECT booking.clock()', '42501', 'permission denied for schema booking',
                        'nobody calls a function');
RESET ROLE;
SET LOCAL ROLE booking_relay;
SELECT public.throws_ok('SELECT * FROM booking.bookings', '42501', 'permission denied for table bookings',
                        'the relay reads no table');
RESET ROLE;

SELECT * FROM public.finish();
ROLLBACK;
