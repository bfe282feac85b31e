-- Every role against every table and view: what it may write, which rows it sees, and whose words stand in them. Each
-- relation has a line here; one without makes the test fail, and so does a table without rows of both organizations.

BEGIN;
\ir shared/fixture.sql
\ir shared/payments.sql
\ir shared/webhooks.sql
\ir shared/two_organizations.sql
SELECT public.plan(17);

-- What is seen: by visitors, customers, members, trusted servers. '' nothing, since there is no right to look; else all,
-- the organization's (the own organization's rows), own (some rows of it), none (a right, and no row).
-- What is changed, in the letters a insert, w update, d delete: by owners, trusted servers. Staff change nothing.
CREATE TEMPORARY TABLE expected (
    relation text PRIMARY KEY, visitor text, customer text, member text, trusted text, owner_writes text, server_writes text);
INSERT INTO pg_temp.expected
VALUES ('activities', '', '', 'organization', 'all', 'awd', 'awd'),
       ('activity_prices', '', '', 'organization', 'all', '', ''),
       ('activity_resources', '', '', 'organization', 'all', '', ''),
       ('activity_sessions', 'all', 'all', 'all', 'all', '', ''),
       ('activity_units', '', '', 'organization', 'all', 'awd', 'awd'),
       ('blocked_periods', '', '', 'organization', 'all', '', ''),
       ('blocked_sessions', '', '', 'organization', 'all', '', ''),
       ('booking_changes', '', '', 'organization', 'all', '', ''),
       ('booking_events', '', '', 'organization', 'all', '', ''),
       ('booking_policies', '', '', 'organization', 'all', '', ''),
       ('booking_units', '', '', 'organization', 'all', '', ''),
       ('bookings', '', '', 'organization', 'all', '', ''),
       ('customer_bookings', '', 'own', '', '', '', ''),
       ('customer_events', '', 'own', '', '', '', ''),
       ('customers', '', 'own', 'organization', 'all', '', 'awd'),
       ('event_payloads', '', '', '', '', '', ''),
       ('event_positions', '', '', '', 'all', '', ''),
       ('event_sequencer', '', '', '', 'all', '', ''),
       ('full_events', '', '', '', 'all', '', ''),
       ('generation_watermarks', '', '', '', 'all', '', ''),
       ('installation', '', '', '', 'all', '', ''),
       ('job_runs', '', '', 'organization', 'all', '', 'a'),
       ('organization_members', '', '', 'own', 'all', '', 'awd'),
       ('organizations', '', '', 'organization', 'all', '', 'awd'),
       ('owner_events', '', '', 'organization', 'all', '', ''),
       ('packages', '', '', 'organization', 'all', 'awd', 'awd'),
       ('payment_events', '', '', 'organization', 'all', '', ''),
       ('payments', '', '', 'organization', 'all', '', ''),
       ('provider_call_log', '', '', 'organization', 'all', '', ''),
       ('provider_calls', '', '', 'organization', 'all', '', ''),
       ('public_activities', 'all', 'all', 'all', 'all', '', ''),
       ('public_activity_units', 'all', 'all', 'all', 'all', '', ''),
       ('public_events', 'all', 'all', 'all', 'all', '', ''),
       ('public_venues', 'all', 'all', 'all', 'all', '', ''),
       ('received_events', '', '', '', 'all', '', ''),
       ('refunds', '', '', 'organization', 'all', '', ''),
       ('relay_instances', '', '', '', 'all', '', ''),
       ('resource_allocations', '', '', 'organization', 'all', '', ''),
       ('resources', '', '', 'organization', 'all', 'awd', 'awd'),
       ('schedule_exceptions', '', '', 'organization', 'all', 'awd', 'awd'),
       ('schema_migrations', '', '', '', 'all', '', ''),
       ('session_lanes', 'all', 'all', 'all', 'all', '', ''),
       ('sessions', 'all', 'all', 'all', 'all', 'w', 'w'),
       ('slot_reservations', '', 'own', 'organization', 'all', '', ''),
       ('user_organizations', '', '', 'own', 'all', '', ''),
       ('venues', '', '', 'organization', 'all', 'awd', 'awd'),
       ('waitlist_entries', '', 'own', 'organization', 'all', '', ''),
       ('waitlist_queue', '', '', 'organization', 'all', '', ''),
       ('webhook_attempts', '', '', 'organization', 'all', '', ''),
       ('webhook_deliveries', '', '', 'organization', 'all', '', ''),
       ('webhook_endpoint_states', '', '', 'organization', 'all', '', ''),
       ('webhook_endpoints', '', '', 'organization', 'all', '', ''),
       ('webhook_logs', '', '', 'organization', 'all', '', ''),
       ('webhook_secrets', '', '', '', '', '', ''),
       ('webhook_source_secrets', '', '', '', '', '', ''),
       ('webhook_sources', '', '', 'organization', 'all', '', ''),
       ('webhook_stats', '', '', 'organization', 'all', '', '');

-- All there is, partitions aside, which are read through their parents; own: the column that says whose a row is.
CREATE TEMPORARY TABLE relations AS
SELECT c.oid, c.relname::text AS name, c.relkind IN ('r', 'p') AS is_table, bool_or(a.attname = 'organization_id') OR
       c.relname = 'user_organizations' AS is_of_organizations,
       CASE c.relname WHEN 'user_organizations' THEN 'org_id' ELSE 'organization_id' END AS organization_column,
       0::bigint AS rows_1, 0::bigint AS rows_2
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
 GROUP BY c.oid, c.relname, c.relkind;
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT * FROM pg_temp.relations WHERE is_of_organizations LOOP
        EXECUTE format('UPDATE pg_temp.relations SET (rows_1, rows_2) = (
                            SELECT count(*) FILTER (WHERE x.%1$I = 1), count(*) FILTER (WHERE x.%1$I = 2)
                              FROM booking.%2$I AS x) WHERE name = %2$L', r.organization_column, r.name);
    END LOOP;
END $$;

SELECT public.bag_eq('SELECT r.name FROM pg_temp.relations AS r', 'SELECT e.relation FROM pg_temp.expected AS e',
                     'every table and view has a line in the matrix, and every line its table or view');
SELECT public.bag_eq(
    $$ SELECT r.name FROM pg_temp.relations AS r WHERE NOT r.is_of_organizations $$,
    $$ VALUES ('event_sequencer'), ('installation'), ('relay_instances'), ('schema_migrations') $$,
    'what is of no organization has nothing of anybody');
SELECT public.is_empty(
    $$ SELECT r.name, r.rows_1, r.rows_2 FROM pg_temp.relations AS r
        WHERE r.is_of_organizations AND r.name NOT LIKE 'customer\_%' AND LEAST(r.rows_1, r.rows_2) = 0 $$,
    'every table and view shows rows of both organizations to one who may see all');
SELECT public.is_empty(
    $$ SELECT c.oid::regclass FROM pg_class AS c
        WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity $$,
    'every table has row-level security');
-- What is planted is there to be found.
SELECT public.is_empty(
    $$ SELECT p.organization, p.whose, p.class FROM pg_temp.planted AS p
        WHERE p.class = 'person'
          AND NOT EXISTS (SELECT 1 FROM booking.bookings AS b WHERE strpos(b::text, p.text) > 0)
           OR p.class = 'hash'
          AND NOT EXISTS (SELECT 1 FROM booking.bookings AS b WHERE strpos(b::text, p.text) > 0)
          AND NOT EXISTS (SELECT 1 FROM booking.slot_reservations AS b WHERE strpos(b::text, p.text) > 0)
          AND NOT EXISTS (SELECT 1 FROM booking.waitlist_entries AS b WHERE strpos(b::text, p.text) > 0)
          AND NOT EXISTS (SELECT 1 FROM booking.booking_units AS b WHERE strpos(b::text, p.text) > 0)
           OR p.class = 'staff'
          AND NOT EXISTS (SELECT 1 FROM booking.booking_events AS b WHERE strpos(b::text, p.text) > 0) $$,
    'persons, hashes and notes are where they can be looked for');

-- What each persona sees.

CREATE TEMPORARY TABLE seen (persona text, relation text, sees text, leaks text);
GRANT INSERT ON pg_temp.seen TO PUBLIC;
-- Rows of the own organization and of others, and all that can be read of them, as one text.
CREATE FUNCTION pg_temp.look(persona pg_temp.personas, relation pg_temp.relations) RETURNS void VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    columns text;
    total_1 bigint;
    total_2 bigint;
    content text;
    sees text;
BEGIN
    PERFORM pg_temp.become(persona.role, persona.claims);
    BEGIN
        SELECT string_agg(format('x.%I', a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute AS a
         WHERE a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped
           AND has_column_privilege(relation.oid, a.attnum, 'SELECT');
        -- Without a right to a single column, as one who tries.
        EXECUTE format('SELECT %s, count(*) FILTER (WHERE NOT %2$s), string_agg(ROW(%3$s)::text, E''\n'') FROM booking.%4$I AS x',
                       CASE WHEN relation.is_of_organizations
                            THEN format('count(*) FILTER (WHERE x.%I = 1)', relation.organization_column) ELSE 'count(*)' END,
                       CASE WHEN relation.is_of_organizations
                            THEN format('x.%I = 1', relation.organization_column) ELSE 'true' END,
                       COALESCE(columns, 'x.*'), relation.name) INTO total_1, total_2, content;
        sees := CASE WHEN total_1 + total_2 = 0 THEN 'none'
                     WHEN NOT relation.is_of_organizations OR (total_1, total_2) = (relation.rows_1, relation.rows_2)
                         THEN 'all'
                     WHEN persona.organization = 1 AND total_2 = 0
                         THEN CASE total_1 WHEN relation.rows_1 THEN 'organization' ELSE 'own' END
                     WHEN persona.organization = 2 AND total_1 = 0
                         THEN CASE total_2 WHEN relation.rows_2 THEN 'organization' ELSE 'own' END
                     ELSE format('%s of 1, %s of 2', total_1, total_2) END;
    EXCEPTION WHEN insufficient_privilege THEN
        sees := '';
    END;
    INSERT INTO pg_temp.seen VALUES (persona.name, relation.name, sees, pg_temp.leaks(persona, content));
    PERFORM pg_temp.become_superuser();
END $$;
SELECT count(pg_temp.look(p, r)) FROM pg_temp.personas AS p CROSS JOIN pg_temp.relations AS r \g /dev/null

-- What a persona should see. A role that is customer and member in one sees what either does; where only the one that it
-- is not may look, it may look, and there is nothing.
CREATE FUNCTION pg_temp.should_see(kind text, e pg_temp.expected) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE
           WHEN kind = 'visitor' THEN e.visitor
           WHEN kind = 'customer' THEN e.customer
           WHEN kind = 'user' THEN COALESCE(NULLIF(e.customer, ''), CASE e.member WHEN '' THEN '' ELSE 'none' END)
           WHEN kind IN ('staff', 'owner') THEN e.member
           WHEN kind IN ('trusted', 'administrator') THEN e.trusted
           WHEN kind = 'nobody''s customer' THEN CASE e.customer WHEN 'own' THEN 'none' ELSE e.customer END
           WHEN kind = 'nobody''s member' THEN CASE WHEN e.member IN ('own', 'organization') THEN 'none' ELSE e.member END
           WHEN kind = 'nobody''s user' THEN CASE WHEN 'all' IN (e.customer, e.member) THEN 'all'
                                                  WHEN e.customer || e.member = '' THEN '' ELSE 'none' END
           ELSE '' END $$;
SELECT public.is_empty(
    $$ SELECT s.persona, s.relation, s.sees, 'and not' AS and_not, x.should
         FROM pg_temp.seen AS s
         JOIN pg_temp.personas AS p ON p.name = s.persona
         JOIN pg_temp.expected AS e ON e.relation = s.relation
        CROSS JOIN LATERAL (
              -- As member, authenticated may also look where only customers have something, and the other way about.
              SELECT CASE WHEN p.role = 'authenticated' AND p.kind IN ('staff', 'owner') AND e.member = '' AND e.customer <> ''
                          THEN 'none'
                          -- The view asks with the reader's rights, and customers have some on the table below it.
                          WHEN p.kind = 'user' AND e.relation = 'waitlist_queue' THEN 'own' ELSE pg_temp.should_see(p.kind, e) END AS should) AS x
        WHERE s.sees <> x.should $$,
    'everybody sees of every table and view what the matrix says');
SELECT public.is((SELECT count(*) FROM pg_temp.seen),
                 (SELECT count(*) FROM pg_temp.personas) * (SELECT count(*) FROM pg_temp.expected),
                 'and everybody was asked of everything');
SELECT public.is_empty($$ SELECT s.persona, s.relation, s.leaks FROM pg_temp.seen AS s WHERE s.leaks IS NOT NULL $$,
                       'and in no column a word that is not theirs to see');
-- The search finds what is to be found.
SELECT public.isnt(pg_temp.leaks(p, (SELECT string_agg(b::text, '') FROM booking.bookings AS b)), NULL,
                   'all bookings would leak to: ' || p.name)
  FROM pg_temp.personas AS p WHERE p.name IN ('visitor', 'customer 1', 'owner 2');

SELECT public.is_empty(
    $$ SELECT c.oid::regclass, p.name FROM pg_class AS c CROSS JOIN pg_temp.personas AS p
        WHERE c.relnamespace = 'booking'::regnamespace
          AND (c.relispartition AND c.relkind IN ('r', 'p') AND has_table_privilege(p.role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
               OR c.relkind = 'S' AND has_sequence_privilege(p.role, c.oid, 'USAGE, SELECT, UPDATE')
               AND p.kind NOT IN ('trusted', 'administrator')) $$,
    'nobody reaches a partition by itself, and no visitor a sequence');

-- What each persona may change, by right.
SELECT public.is_empty(
    $$ SELECT p.name, e.relation, x.may, 'and not' AS and_not, x.should
         FROM pg_temp.personas AS p CROSS JOIN pg_temp.expected AS e
        CROSS JOIN LATERAL (
              SELECT CASE WHEN p.kind IN ('trusted', 'administrator') THEN e.server_writes
                          WHEN p.role IN ('booking_member', 'authenticated') THEN e.owner_writes ELSE '' END AS should,
                     (SELECT COALESCE(string_agg(w.letter, '' ORDER BY w.place), '')
                        FROM (VALUES ('INSERT', 'a', 1), ('UPDATE', 'w', 2), ('DELETE', 'd', 3)) AS w (name, letter, place)
                       WHERE CASE w.name WHEN 'DELETE' THEN has_table_privilege(p.role, 'booking.' || e.relation, w.name)
                                         ELSE has_any_column_privilege(p.role, 'booking.' || e.relation, w.name) END)
                     AS may) AS x
        WHERE x.may <> x.should $$,
    'nobody has a right to change more than the matrix says');

-- And whose rows: by a superuser's leave no trigger and no foreign key stands in the way of what the policies let pass.
CREATE TEMPORARY TABLE written (persona text, relation text, command text, organization integer, outcome text);
CREATE FUNCTION pg_temp.outcome(persona pg_temp.personas, statement text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
    answer text;
BEGIN
    BEGIN
        PERFORM pg_temp.become(persona.role, persona.claims);
        EXECUTE statement;
        GET DIAGNOSTICS changed = ROW_COUNT;
        RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = CASE changed WHEN 0 THEN 'nothing' ELSE 'done' END;
    EXCEPTION
        WHEN SQLSTATE 'ZZ000' THEN answer := SQLERRM;
        WHEN insufficient_privilege THEN answer := 'nothing';
        WHEN unique_violation THEN answer := 'done'; -- the policy is asked before
    END;
    PERFORM pg_temp.become_superuser();
    RETURN answer;
END $$;
CREATE FUNCTION pg_temp.write_to(relation text, letters text, organization integer) RETURNS void VOLATILE
    LANGUAGE plpgsql AS $$
DECLARE
    writable text;
    columns text;
    one_row jsonb;
    p pg_temp.personas;
BEGIN
    EXECUTE format('SELECT to_jsonb(x) FROM booking.%I AS x WHERE x.organization_id = %s LIMIT 1', relation, organization)
       INTO one_row;
    SELECT a.attname INTO writable FROM pg_attribute AS a
     WHERE a.attrelid = ('booking.' || relation)::regclass AND a.attnum > 0
       AND has_column_privilege('booking_member', a.attrelid, a.attnum, 'UPDATE')
     ORDER BY a.attname <> 'status' LIMIT 1;
    -- Those that may be given a value.
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute AS a
     WHERE a.attrelid = ('booking.' || relation)::regclass AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' AND a.attidentity <> 'a';
    FOR p IN SELECT * FROM pg_temp.personas AS q WHERE q.kind IN ('owner', 'staff', 'user', 'nobody''s member', 'nobody''s user') LOOP
        IF strpos(letters, 'a') > 0 THEN
            INSERT INTO pg_temp.written VALUES (p.name, relation, 'insert', organization, pg_temp.outcome(p, format(
                'INSERT INTO booking.%I (%s) SELECT %2$s FROM jsonb_populate_record(NULL::booking.%1$I, %3$L)', relation,
                columns, one_row)));
        END IF;
        -- Own rows that are given away: the new row has to be the owner's too.
        IF strpos(letters, 'a') > 0 AND strpos(letters, 'w') > 0 THEN
            INSERT INTO pg_temp.written VALUES (p.name, relation, 'give to', organization, pg_temp.outcome(p, format(
                'UPDATE booking.%I SET organization_id = %s', relation, organization)));
        END IF;
        IF strpos(letters, 'w') > 0 THEN
            INSERT INTO pg_temp.written VALUES (p.name, relation, 'update', organization, pg_temp.outcome(p, format(
                'UPDATE booking.%I SET %I = %2$I WHERE organization_id = %3$s', relation, writable, organization)));
        END IF;
        IF strpos(letters, 'd') > 0 THEN
            INSERT INTO pg_temp.written VALUES (p.name, relation, 'delete', organization, pg_temp.outcome(p, format(
                'DELETE FROM booking.%I WHERE organization_id = %s', relation, organization)));
        END IF;
    END LOOP;
END $$;
SET LOCAL session_replication_role = replica;
SELECT pg_temp.write_to(e.relation, e.owner_writes, o)
  FROM pg_temp.expected AS e, generate_series(1, 2) AS o WHERE e.owner_writes ~ '[awd]' \g /dev/null
SET LOCAL session_replication_role = origin;
SELECT public.is_empty(
    $$ SELECT w.persona, w.command, w.relation, w.organization, w.outcome FROM pg_temp.written AS w
         JOIN pg_temp.personas AS p ON p.name = w.persona
        WHERE (w.outcome = 'done') <> (p.kind = 'owner' AND p.organization = w.organization) $$,
    'rows are changed by owners of their organization, and by no other user');
SELECT public.bag_eq(
    $$ SELECT w.relation, string_agg(DISTINCT w.command, ' ' ORDER BY w.command) FROM pg_temp.written AS w GROUP BY w.relation $$,
    $$ SELECT e.relation, CASE WHEN e.owner_writes = 'w' THEN 'update' ELSE 'delete give to insert update' END
         FROM pg_temp.expected AS e WHERE e.owner_writes <> '' $$,
    'and all that owners may do was tried');

-- Claims that are none show nothing that is anybody's.
CREATE FUNCTION pg_temp.sees_with(claims text, relation text) RETURNS text VOLATILE LANGUAGE plpgsql AS $$
DECLARE
    total bigint;
BEGIN
    PERFORM pg_temp.become('authenticated', claims);
    EXECUTE format('SELECT count(*) FROM booking.%I', relation) INTO total;
    PERFORM pg_temp.become_superuser();
    RETURN CASE total WHEN 0 THEN 'nothing' ELSE 'something' END;
EXCEPTION WHEN invalid_text_representation THEN
    RETURN 'refused';
END $$;
SELECT public.is_empty(
    $$ SELECT c.claims, e.relation, x.seen
         FROM (VALUES ('{', 'refused'), ('owner-1', 'refused'), ('{"sub": "owner-1"', 'refused'), ('{"sub": "owner-1"}}', 'refused'),
                      ('[]', 'nothing'), ('"owner-1"', 'nothing'), ('["sub", "owner-1"]', 'nothing'),
                      ('{"sub": null}', 'nothing'), ('{"sub": ["owner-1"]}', 'nothing'), ('{"sub": ""}', 'nothing'),
                      ('{"Sub": "owner-1"}', 'nothing'), ('{"sub": "OWNER-1"}', 'nothing'), ('{"sub": "owner-1 "}', 'nothing'),
                      ('{"sub": "%"}', 'nothing'), ('{"sub": "x'' OR true --"}', 'nothing'),
                      ('{"role": "service_role", "organization_id": 1}', 'nothing'),
                      ('{"sub": "stranger", "app_metadata": {"sub": "owner-1"}}', 'nothing')) AS c (claims, answer)
        CROSS JOIN pg_temp.expected AS e
        CROSS JOIN LATERAL pg_temp.sees_with(c.claims, e.relation) AS x (seen)
        WHERE e.customer || e.member <> '' AND 'all' NOT IN (e.customer, e.member)
          AND NOT e.relation IN ('webhook_endpoints', 'payment_events', 'provider_calls') -- of single columns
          AND x.seen <> c.answer $$,
    'claims that are not what they should be are refused, or are nobody''s');

SELECT public.is(booking.live_cpp_frames(), 0, 'no C++ frame was jumped over');
SELECT * FROM public.finish();
ROLLBACK;
