-- Every role against every function: each is called with what belongs to the other organization, or to somebody else, and
-- refuses, or answers with nothing and changes nothing. Each function has lines here; one without makes the test fail.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
\ir shared/webhooks.sql
\ir shared/two_organizations.sql
SELECT public.plan(13);

-- What a function is:
--   plain    computes, or says what everybody may know; has nothing of anybody
--   public   tells everybody of the catalogue and of free seats, and changes nothing
--   sale     everybody may buy, or hold seats, anywhere
--   token    for whoever has the token, and for members of the organization
--   member   for members of the organization
--   trusted  for trusted servers and administrators, of all organizations
--   relay    for the relay
--   internal for triggers and superusers
-- call: with things of organization :o; without one where a kind has nothing to call.
CREATE TEMPORARY TABLE expected (function text, kind text, call text);
INSERT INTO pg_temp.expected
VALUES ('booking.new_id(integer)', 'plain', NULL),
       ('booking.organization_of(uuid)', 'plain', NULL),
       ('booking.check_schedule(jsonb)', 'plain', NULL),
       ('booking.check_time_zone(text)', 'plain', NULL),
       ('booking.clock()', 'plain', NULL),
       ('booking.current_user_id()', 'plain', NULL),
       ('booking.refusal_codes()', 'plain', NULL),
       ('booking.state_transitions()', 'plain', NULL),
       ('booking.event_kinds()', 'plain', NULL),
       ('booking.event_audience(text)', 'plain', NULL),
       ('booking.event_description(text,text)', 'plain', NULL),
       ('booking.canonical_event_filter(text)', 'plain', NULL),

       ('booking.expired_hold_seats(integer,uuid)', 'public', 'booking.expired_hold_seats(:o, pg_temp.id(''noon :o''))'),
       ('booking.check_slot_availability(uuid,integer)', 'public', 'booking.check_slot_availability(pg_temp.id(''noon :o''), 1)'),
       ('booking.next_available_sessions(uuid,integer,integer,timestamp with time zone)', 'public',
        'booking.next_available_sessions(pg_temp.id(''free :o''), 1)'),
       ('booking.public_venue(integer,text)', 'public', 'booking.public_venue(:o, pg_temp.token(''venue key :o''))'),
       ('booking.public_venue_activities(integer,text)', 'public',
        'booking.public_venue_activities(:o, pg_temp.token(''venue key :o''))'),
       ('booking.public_activity_sessions(uuid,text,text)', 'public',
        'booking.public_activity_sessions(pg_temp.id(''free :o''), ''2027-03-03'', ''2027-03-04'')'),
       ('booking.public_embed(integer,text,uuid)', 'public', 'booking.public_embed(:o, NULL, pg_temp.id(''free :o''))'),

       ('booking.reserve_slot(uuid,integer,text,text,integer)', 'sale',
        'booking.reserve_slot(pg_temp.id(''noon :o''), 1, pg_temp.email(:o, ''ada''))'),
       ('booking.try_reserve_slot(uuid,integer,text,text,integer)', 'sale',
        'booking.try_reserve_slot(pg_temp.id(''evening :o''), 1, pg_temp.email(:o, ''ada''))'),
       ('booking.booking_create(integer,jsonb)', 'sale',
        'booking.booking_create(:o, jsonb_build_object(''packageId'', ''month'', ''customerName'', ''Visitor'', ''customerEmail'','
        ' pg_temp.email(:o, ''ada'')))'),

       ('booking.extend_reservation(uuid,text,integer)', 'token', 'booking.extend_reservation(pg_temp.id(''eve hold :o''))'),
       ('booking.cancel_reservation(uuid,text)', 'token', 'booking.cancel_reservation(pg_temp.id(''eve hold :o''))'),
       ('booking.confirm_reservation(uuid,text,text,text)', 'token', 'booking.confirm_reservation(pg_temp.id(''eve hold :o''))'),
       ('booking.reservation_status(uuid,text)', 'token',
        'booking.reservation_status(pg_temp.id(''eve hold :o''), pg_temp.token(''ada hold :o''))'),
       ('booking.cancel_booking(uuid,text,text,bigint,boolean,bigint,text)', 'token',
        'booking.cancel_booking(pg_temp.id(''eve gift :o''))'),
       ('booking.change_party_size(uuid,integer,bigint,text,text,bigint)', 'token',
        'booking.change_party_size(pg_temp.id(''eve booking :o''), 1)'),
       ('booking.reschedule_booking(uuid,uuid,bigint,text)', 'token',
        'booking.reschedule_booking(pg_temp.id(''eve booking :o''), pg_temp.id(''noon :o''))'),
       ('booking.booking_status(text)', 'token', 'booking.booking_status(pg_temp.forged(''eve gift :o''))'),
       ('booking.booking_schedule(jsonb)', 'token',
        'booking.booking_schedule(jsonb_build_object(''bookingToken'', pg_temp.forged(''eve gift :o''), ''startTime'','
        ' ''2027-03-03T12:00:00Z'', ''endTime'', ''2027-03-03T13:00:00Z''))'),
       ('booking.booking_cancel(jsonb)', 'token',
        'booking.booking_cancel(jsonb_build_object(''bookingToken'', pg_temp.forged(''eve gift :o'')))'),
       ('booking.booking_reschedule(jsonb)', 'token',
        'booking.booking_reschedule(jsonb_build_object(''bookingToken'', pg_temp.token(''eve gift :n''), ''bookingId'','
        ' pg_temp.id(''eve booking :o''), ''sessionId'', pg_temp.id(''evening :o'')))'),
       ('booking.booking_change(jsonb)', 'token',
        'booking.booking_change(jsonb_build_object(''bookingToken'', pg_temp.token(''eve gift :n''), ''bookingId'','
        ' pg_temp.id(''eve booking :o''), ''partySize'', 2))'),
       -- The right token of the other organization's hold or booking of the same person is of no use for this one.
       ('booking.cancel_reservation(uuid,text)', 'token',
        'booking.cancel_reservation(pg_temp.id(''eve hold :o''), pg_temp.token(''eve hold :n''))'),
       ('booking.confirm_reservation(uuid,text,text,text)', 'token',
        'booking.confirm_reservation(pg_temp.id(''eve hold :o''), pg_temp.token(''ada hold :o''))'),
       ('booking.extend_reservation(uuid,text,integer)', 'token',
        'booking.extend_reservation(pg_temp.id(''eve hold :o''), pg_temp.token(''ada hold :o''))'),
       ('booking.reservation_status(uuid,text)', 'token',
        'booking.reservation_status(pg_temp.id(''eve hold :o''), pg_temp.token(''eve hold :n''))'),
       ('booking.cancel_booking(uuid,text,text,bigint,boolean,bigint,text)', 'token',
        'booking.cancel_booking(pg_temp.id(''eve gift :o''), override => true, booking_token => pg_temp.token(''ada gift :o''))'),
       ('booking.reschedule_booking(uuid,uuid,bigint,text)', 'token',
        'booking.reschedule_booking(pg_temp.id(''eve booking :o''), pg_temp.id(''evening :o''), NULL, pg_temp.token(''eve booking :n''))'),
       ('booking.change_party_size(uuid,integer,bigint,text,text,bigint)', 'token',
        'booking.change_party_size(pg_temp.id(''eve booking :o''), 2, NULL, pg_temp.token(''eve booking :n''))'),

       ('booking.generate_activity_sessions(uuid,date,integer)', 'member',
        'booking.generate_activity_sessions(pg_temp.id(''free :o''), ''2027-03-22'', 7)'),
       ('booking.set_session_lanes(uuid,integer)', 'member', 'booking.set_session_lanes(pg_temp.id(''noon :o''), 2)'),
       ('booking.set_session_capacity(uuid,integer,integer)', 'member',
        'booking.set_session_capacity(pg_temp.id(''noon :o''), 9)'),
       ('booking.close_session(uuid,text)', 'member', 'booking.close_session(pg_temp.id(''noon :o''), ''x'')'),
       ('booking.open_session(uuid)', 'member', 'booking.open_session(pg_temp.id(''noon :o''))'),
       ('booking.get_upcoming_bookings(integer)', 'member',
        '(SELECT * FROM booking.get_upcoming_bookings(1000) AS u WHERE u.organization_id = :o)'),
       ('booking.get_weekly_bookings_trend()', 'member', '(SELECT * FROM booking.get_weekly_bookings_trend() AS t WHERE t.bookings > pg_temp.bookings_of(:n))'),
       ('booking.check_in(uuid,integer,text)', 'member', 'booking.check_in(pg_temp.id(''eve booking :o''), 1)'),
       ('booking.check_out(uuid,integer,text)', 'member', 'booking.check_out(pg_temp.id(''eve booking :o''), 1)'),
       ('booking.mark_no_show(uuid,integer)', 'member', 'booking.mark_no_show(pg_temp.id(''eve booking :o''), 1)'),
       ('booking.undo_check_in(uuid,integer)', 'member', 'booking.undo_check_in(pg_temp.id(''eve booking :o''), 1)'),
       ('booking.undo_check_out(uuid,integer)', 'member', 'booking.undo_check_out(pg_temp.id(''eve booking :o''), 1)'),
       ('booking.undo_no_show(uuid,integer)', 'member', 'booking.undo_no_show(pg_temp.id(''eve booking :o''), 1)'),
       ('booking.create_default_packages(integer,text,bigint,bigint,bigint,integer,integer,uuid)', 'member',
        'booking.create_default_packages(:o, ''EUR'', 1, 2, 3)'),
       ('booking.create_webhook_endpoint(integer,text,text,text[],text,jsonb)', 'member',
        'booking.create_webhook_endpoint(:o, ''new'', ''https://new.example/'')'),
       ('booking.update_webhook_endpoint(uuid,jsonb)', 'member',
        'booking.update_webhook_endpoint(pg_temp.id(''hook :o''), ''{"name": "x"}'')'),
       ('booking.enable_webhook_endpoint(uuid)', 'member', 'booking.enable_webhook_endpoint(pg_temp.id(''hook :o''))'),
       ('booking.disable_webhook_endpoint(uuid,text)', 'member', 'booking.disable_webhook_endpoint(pg_temp.id(''hook :o''))'),
       ('booking.delete_webhook_endpoint(uuid)', 'member', 'booking.delete_webhook_endpoint(pg_temp.id(''hook :o''))'),
       ('booking.rotate_webhook_secret(uuid,text,text,interval)', 'member',
        'booking.rotate_webhook_secret(pg_temp.id(''hook :o''))'),
       ('booking.test_webhook(uuid)', 'member', 'booking.test_webhook(pg_temp.id(''hook :o''))'),
       ('booking.test_webhook(integer,text)', 'member', 'booking.test_webhook(:o, pg_temp.mark(:o, ''staff''))'),
       ('booking.retry_failed_webhooks(integer)', 'member', 'pg_temp.retried_of(:o)'),
       ('booking.manually_trigger_webhook(text,uuid)', 'member',
        'booking.manually_trigger_webhook(''bookings'', pg_temp.id(''ada booking :o''))'),
       ('booking.manually_trigger_webhook(text,uuid)', 'member',
        'booking.manually_trigger_webhook(''booking_events'', pg_temp.id(''event :o''))'),
       ('booking.replay_webhook_event(uuid,uuid)', 'member', 'booking.replay_webhook_event(pg_temp.id(''event :o''))'),
       ('booking.replay_webhook_event(uuid,uuid)', 'member',
        'booking.replay_webhook_event(pg_temp.id(''event :o''), pg_temp.id(''hook :o''))'),
       ('booking.replay_webhook_events(uuid,timestamp with time zone,timestamp with time zone,text[],boolean,integer)', 'member',
        'booking.replay_webhook_events(pg_temp.id(''hook :o''), ''2027-02-01'', ''2027-04-01'', ''{*}'')'),
       ('booking.validate_webhook_config(integer)', 'member', 'booking.validate_webhook_config(:o)'),
       ('booking.create_webhook_source(integer,text,text,text,jsonb)', 'member',
        'booking.create_webhook_source(:o, ''new'', ''hmac'')'),
       ('booking.update_webhook_source(uuid,jsonb)', 'member',
        'booking.update_webhook_source(pg_temp.id(''source :o''), ''{"name": "x"}'')'),
       ('booking.enable_webhook_source(uuid)', 'member', 'booking.enable_webhook_source(pg_temp.id(''source :o''))'),
       ('booking.disable_webhook_source(uuid,text)', 'member', 'booking.disable_webhook_source(pg_temp.id(''source :o''))'),
       ('booking.delete_webhook_source(uuid)', 'member', 'booking.delete_webhook_source(pg_temp.id(''source :o''))'),
       ('booking.rotate_source_secret(uuid,text,interval)', 'member',
        'booking.rotate_source_secret(pg_temp.id(''source :o''))'),
       ('booking.resolve_payment(uuid,text,uuid)', 'member',
        'booking.resolve_payment(pg_temp.id(''payment :o''), ''accept'', pg_temp.id(''eve month :o''))'),
       ('booking.resolve_payment(uuid,text,uuid)', 'member',
        'booking.resolve_payment(pg_temp.id(''payment :o''), ''refund'')'),

       ('booking.generate_all_sessions(integer)', 'trusted', 'booking.generate_all_sessions(30)'),
       ('booking.release_expired_reservations()', 'trusted', 'booking.release_expired_reservations()'),
       ('booking.release_expired_reservations(integer)', 'trusted', 'booking.release_expired_reservations(:o)'),
       ('booking.integrity_check()', 'trusted', 'booking.integrity_check()'),
       ('booking.is_original()', 'trusted', NULL),
       ('booking.maintain_event_partitions(integer,integer)', 'trusted', 'booking.maintain_event_partitions()'),
       ('booking.cleanup_webhook_logs(integer)', 'trusted', 'booking.cleanup_webhook_logs(30)'),
       ('booking.retry_payment_events(integer,integer)', 'trusted', 'booking.retry_payment_events(:o)'),
       ('booking.cleanup_payment_events(integer)', 'trusted', 'booking.cleanup_payment_events(90)'),
       ('booking.cancel_unpaid_bookings(integer)', 'trusted', 'booking.cancel_unpaid_bookings(:o)'),
       ('booking.notifier_status()', 'trusted', NULL),
       ('booking.adopt(boolean)', 'trusted', 'booking.adopt(true)'),
       ('booking.live_cpp_frames()', 'trusted', NULL),
       -- Procedures go on with the functions above, as who has called them.
       ('booking.generate_job(integer)', 'trusted', NULL),
       ('booking.release_job()', 'trusted', NULL),
       ('booking.payment_job()', 'trusted', NULL),
       ('booking.maintain_job(integer,integer)', 'trusted', NULL),

       ('booking.relay_attach(uuid,text,text)', 'relay', 'booking.relay_attach(pg_temp.relay(2), ''h'', ''1'')'),
       ('booking.relay_connect()', 'relay', 'booking.relay_connect()'),
       ('booking.relay_claim(uuid,integer,integer,uuid)', 'relay', 'booking.relay_claim(pg_temp.relay(), 10)'),
       ('booking.relay_complete(uuid,jsonb)', 'relay', 'booking.relay_complete(pg_temp.relay(), ''[]'')'),
       ('booking.relay_delivery(uuid)', 'relay', 'booking.relay_delivery(pg_temp.id(''delivery :o''))'),
       ('booking.relay_status()', 'relay', 'booking.relay_status()'),
       ('booking.relay_make_endpoint(integer,text,text)', 'relay',
        'booking.relay_make_endpoint(:o, ''https://make.example/'', NULL)'),
       ('booking.receive_booking_event(integer,jsonb)', 'relay',
        'booking.receive_booking_event(:o, ''{"id": "new", "event_type": "booking.updated"}'')'),
       ('booking.relay_origins()', 'relay', 'booking.relay_origins()'),
       ('booking.relay_sources()', 'relay', 'booking.relay_sources()'),
       ('booking.receive_webhook(uuid,bytea,jsonb)', 'relay', 'booking.receive_webhook(pg_temp.id(''source :o''), ''{}'')'),
       ('booking.relay_sequence(integer)', 'relay', 'booking.relay_sequence(10)'),
       ('booking.relay_events(bigint,integer)', 'relay', 'booking.relay_events(0, 1000)'),
       ('booking.relay_position()', 'relay', 'booking.relay_position()'),
       ('booking.relay_availability(uuid[])', 'relay', 'booking.relay_availability(ARRAY[pg_temp.id(''noon :o'')])'),
       ('booking.relay_identity(jsonb)', 'relay', 'booking.relay_identity(''{"sub": "owner-:o"}'')'),
       ('booking.relay_booking(text)', 'relay', 'booking.relay_booking(pg_temp.token(''eve gift :o''))'),

       ('booking.install(name)', 'internal', NULL), ('booking.install_roles(name)', 'internal', NULL),
       ('booking.check_transition()', 'internal', NULL), ('booking.record_changes()', 'internal', NULL),
       ('booking.record_prices()', 'internal', NULL), ('booking.record_events()', 'internal', NULL),
       ('booking.refuse_change()', 'internal', NULL), ('booking.renew_rules_version()', 'internal', NULL),
       ('booking.start_scheduling()', 'internal', NULL), ('booking.stamp_row()', 'internal', NULL),
       ('booking.trigger_booking_event_webhook()', 'internal', NULL);
\ir shared/role_matrix_more.sql

-- What the calls need besides.
INSERT INTO pg_temp.named (name, token)
SELECT 'venue key ' || v.organization_id, v.embed_key FROM booking.venues AS v
 WHERE v.id IN (pg_temp.id('venue 1'), pg_temp.id('venue 2'));
INSERT INTO pg_temp.named (name, id)
SELECT 'event ' || o, (SELECT b.id FROM booking.booking_events AS b WHERE b.booking_id = pg_temp.id('ada booking ' || o) LIMIT 1)
  FROM generate_series(1, 2) AS o;
-- The token of a booking under the number of the other organization, and a token that is right but for a letter.
CREATE FUNCTION pg_temp.forged(name text) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE left(t, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(t, 2) FROM pg_temp.token(name) AS t $$;
CREATE FUNCTION pg_temp.bookings_of(organization integer) RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS $$
    SELECT count(*) FROM booking.bookings AS b WHERE b.organization_id = bookings_of.organization $$;
-- Whether deliveries of the organization were started again.
CREATE FUNCTION pg_temp.started(organization integer) RETURNS bigint STABLE SECURITY DEFINER LANGUAGE sql AS $$
    SELECT sum(d.retries_by_hand) FROM booking.webhook_deliveries AS d WHERE d.organization_id = started.organization $$;
CREATE FUNCTION pg_temp.retried_of(organization integer) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    before bigint := pg_temp.started(organization);
BEGIN
    PERFORM booking.retry_failed_webhooks(10);
    RETURN pg_temp.started(organization) <> before;
END $$;

SELECT public.bag_eq(
    $$ SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.pronamespace = 'booking'::regnamespace $$,
    $$ SELECT DISTINCT e.function FROM pg_temp.expected AS e $$,
    'every function has a line in the matrix, and every line its function');
SELECT public.is_empty(
    $$ SELECT e.function FROM pg_temp.expected AS e WHERE e.kind IN ('public', 'sale', 'token', 'member') AND e.call IS NULL $$,
    'and every function that people may call is called');
SELECT public.is_empty(
    $$ SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'booking'::regnamespace AND p.prosecdef $$,
    'no function is SECURITY DEFINER');
-- Who may execute what, by kind.
SELECT public.is_empty(
    $$ SELECT e.function, q.name FROM (SELECT DISTINCT x.function, x.kind FROM pg_temp.expected AS x) AS e
        CROSS JOIN pg_temp.personas AS q
        WHERE has_function_privilege(q.role, e.function, 'EXECUTE') AND has_schema_privilege(q.role, 'booking', 'USAGE')
              <> (q.kind <> 'nobody')
           OR has_function_privilege(q.role, e.function, 'EXECUTE') <>
              CASE WHEN q.kind IN ('nobody', 'gateway') THEN false
                   WHEN e.function = 'booking.notifier_status()' THEN q.kind IN ('trusted', 'administrator', 'relay')
                   WHEN e.function IN ('booking.adopt(boolean)', 'booking.live_cpp_frames()') THEN q.kind = 'administrator'
                   ELSE CASE e.kind
                        WHEN 'plain' THEN true
                        WHEN 'relay' THEN q.kind = 'relay'
                        WHEN 'internal' THEN false
                        WHEN 'trusted' THEN q.kind IN ('trusted', 'administrator')
                        WHEN 'member' THEN q.kind IN ('trusted', 'administrator') OR q.role IN ('booking_member', 'authenticated')
                        WHEN 'public' THEN q.kind <> 'relay' OR e.function IN ('booking.expired_hold_seats(integer,uuid)', 'booking.resource_taken(integer,uuid)')
                        ELSE q.kind <> 'relay' END END $$,
    'everybody may execute what the matrix says');

-- All of the books, so that whoever has changed anything is found out.
DO $$
BEGIN
    EXECUTE (SELECT format('CREATE FUNCTION pg_temp.everything() RETURNS text STABLE SECURITY DEFINER LANGUAGE plpgsql AS
                            %L', 'BEGIN RETURN md5(concat(' || string_agg(format(
                            '(SELECT string_agg(x::text, ''|'' ORDER BY x::text) FROM booking.%I AS x)', c.relname), ', ')
                            || ')); END')
               FROM pg_class AS c
              WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition);
END $$;

-- Calls as a persona, takes back what it did, and says what came of it: 'SQLSTATE: ...' or 'answered' with what, and
-- whether that is nothing, what it leaks, and whether anything was changed.
CREATE TYPE pg_temp.answer AS (state text, message text, says_nothing boolean, changed boolean, leaks text);
CREATE TEMPORARY TABLE at_first AS SELECT pg_temp.everything() AS books;
CREATE FUNCTION pg_temp.has_changed() RETURNS boolean STABLE SECURITY DEFINER LANGUAGE sql AS $$
    SELECT pg_temp.everything() <> f.books FROM pg_temp.at_first AS f $$;
CREATE FUNCTION pg_temp.try(persona pg_temp.personas, call text) RETURNS pg_temp.answer VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    result pg_temp.answer;
    content text;
    detail text;
    hint text;
BEGIN
    BEGIN
        PERFORM pg_temp.become(persona.role, persona.claims);
        EXECUTE format('SELECT string_agg(r::text, '' '') FROM %s AS r', call) INTO content;
        PERFORM pg_temp.become_superuser();
        result := ('answered', content, COALESCE(content, '') ~ '^[(]?(f|0|,)*[)]?$|^false$', pg_temp.has_changed(),
                   pg_temp.leaks(persona, content));
        RAISE EXCEPTION USING ERRCODE = 'ZZ000';
    EXCEPTION
        WHEN SQLSTATE 'ZZ000' THEN NULL;
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
            result := (SQLSTATE, SQLERRM, true, false, pg_temp.leaks(persona, concat_ws(' ', SQLERRM, detail, hint)));
    END;
    PERFORM pg_temp.become_superuser();
    RETURN result;
END $$;
CREATE FUNCTION pg_temp.of(call text, own integer, other integer) RETURNS text IMMUTABLE
    LANGUAGE sql AS $$ SELECT replace(replace(call, ':o', other::text), ':n', own::text) $$;

-- Everybody who is not of organization 2: visitors, customers, also one of its own, who is not Eve, and the members of 1.
CREATE TEMPORARY TABLE tried AS
SELECT e.function, e.kind, p.name, t.*
  FROM pg_temp.expected AS e, pg_temp.personas AS p, LATERAL pg_temp.try(p, pg_temp.of(e.call, 1, 2)) AS t
 WHERE e.kind IN ('public', 'sale', 'token', 'member')
   AND p.role IN ('booking_public', 'booking_customer', 'booking_member', 'authenticated', 'anon')
   AND (p.kind NOT IN ('owner', 'staff') OR p.organization = 1);

SELECT public.is_empty(
    $$ SELECT t.name, t.function, t.state, t.message FROM pg_temp.tried AS t
        WHERE t.kind IN ('token', 'member') AND NOT (t.state ~ '^(42501|BK1..|BK3..|BK245|BK606|BK607|BK608|BK702|BK704)$'
                                                     OR t.state = 'answered' AND t.says_nothing
                                                        -- It is asked what became of the other's: the own are tried again.
                                                        AND (NOT t.changed OR t.function = 'booking.retry_failed_webhooks(integer)')) $$,
    'what is the other organization''s is refused, as if it did not exist, or answered with nothing');
SELECT public.is_empty(
    $$ SELECT t.name, t.function, t.state, t.message, t.changed FROM pg_temp.tried AS t
        WHERE t.kind = 'public' AND (t.state <> 'answered' OR t.changed) $$,
    'everybody is told of the catalogue, and changes nothing by asking');
SELECT public.is_empty(
    $$ SELECT t.name, t.function, t.state, t.message, t.changed FROM pg_temp.tried AS t
        WHERE t.kind = 'sale' AND NOT (t.state = 'answered' AND t.changed) $$,
    'everybody buys anywhere');
SELECT public.is_empty(
    $$ SELECT t.name, t.function, t.leaks, t.message FROM pg_temp.tried AS t WHERE t.leaks IS NOT NULL $$,
    'and no answer and no refusal has a word that is not theirs to see');

-- That the calls are right: to those whose it is they do something, or refuse for another reason.
SELECT public.is_empty(
    $$ SELECT e.function, e.call, t.state, t.message
         FROM pg_temp.expected AS e, pg_temp.personas AS p, LATERAL pg_temp.try(p, pg_temp.of(e.call, 1, 2)) AS t
        WHERE e.kind = 'member' AND p.name = 'owner 2'
          AND (t.state ~ '^(42|BK0|BK1|BK3|22|P0)' OR t.state = 'answered' AND t.says_nothing AND NOT t.changed
               AND e.function NOT IN ('booking.open_session(uuid)', 'booking.enable_webhook_endpoint(uuid)', 'booking.enable_webhook_source(uuid)',
                                      'booking.get_weekly_bookings_trend()')) $$,
    'the same calls by an owner of the organization are not refused for want of a right');

-- EXECUTE that somebody has granted by mistake opens nothing: the functions look at who calls.
SAVEPOINT granted;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA booking TO booking_public, booking_gateway;
SELECT public.is_empty(
    $$ SELECT p.name, e.function, t.state, t.message, t.leaks
         FROM pg_temp.expected AS e, pg_temp.personas AS p, LATERAL pg_temp.try(p, pg_temp.of(e.call, 1, 2)) AS t
        WHERE (e.kind IN ('trusted', 'relay') AND p.name IN ('visitor', 'anon', 'gateway', 'customer 1', 'owner 1', 'authenticated owner 1')
               OR e.kind IN ('trusted', 'member') AND p.kind IN ('relay', 'gateway'))
          AND e.call IS NOT NULL
          AND NOT (t.state ~ '^(42501|BK1..|BK3..)$' OR t.state = 'answered' AND t.says_nothing AND NOT t.changed) $$,
    'granted by mistake, functions for servers and relays refuse everybody else');
ROLLBACK TO SAVEPOINT granted;

-- The relay has its functions and nothing else.
SELECT public.is_empty(
    $$ SELECT p.name, e.function, t.state, t.message
         FROM pg_temp.expected AS e, pg_temp.personas AS p, LATERAL pg_temp.try(p, pg_temp.of(e.call, 1, 2)) AS t
        WHERE e.kind IN ('public', 'sale', 'token', 'member', 'trusted') AND e.call IS NOT NULL
          AND p.kind IN ('relay', 'gateway', 'nobody') AND e.function NOT IN ('booking.expired_hold_seats(integer,uuid)', 'booking.resource_taken(integer,uuid)')
          AND t.state <> '42501' $$,
    'as themselves, the relay and the gateway call nothing that is for callers, whatever they claim');

SELECT public.is_empty('SELECT * FROM booking.integrity_check()', 'every seat is accounted for');
SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
