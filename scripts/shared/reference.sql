-- Writes docs/reference.md from the catalogue of a database in which pg_booking is installed, so that the reference
-- cannot say anything else than the code. Run by scripts/reference with psql -XAt.
SET timezone = 'UTC';
SET search_path = pg_catalog;

SELECT '# Reference

Written by `scripts/reference` from the comments in the catalogue; do not edit.

## Functions
';
SELECT format(E'### %s%s\n\n%s\n\n%s\n',
              p.proname,
              CASE p.prokind WHEN 'p' THEN ' (procedure)' ELSE '' END,
              format(E'```sql\n%s booking.%s(%s)%s\n```',
                     CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, p.proname,
                     pg_get_function_arguments(p.oid),
                     COALESCE(' → ' || pg_get_function_result(p.oid), '')),
              COALESCE(obj_description(p.oid, 'pg_proc'), '') || '.')
  FROM pg_proc AS p
  JOIN pg_depend AS d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
  JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'pg_booking'
 ORDER BY p.proname COLLATE "C", pg_get_function_identity_arguments(p.oid) COLLATE "C";

SELECT '## Tables and views
';
SELECT format(E'### %s\n\n%s.\n\n| column | type | |\n| --- | --- | --- |\n%s\n',
              c.relname, obj_description(c.oid, 'pg_class'),
              string_agg(format('| %s | %s%s | %s |', a.attname, format_type(a.atttypid, a.atttypmod),
                                CASE WHEN a.attnotnull THEN '' WHEN c.relkind = 'v' THEN '' ELSE ', may be NULL' END,
                                COALESCE(col_description(c.oid, a.attnum), '')), E'\n' ORDER BY a.attnum))
  FROM pg_class AS c
  JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'booking'
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
 GROUP BY c.oid, c.relname
 ORDER BY c.relname COLLATE "C";

SELECT '## Settings

| setting | default | who | |
| --- | --- | --- | --- |';
SELECT format('| %s | %s%s | %s | %s %s |', name, boot_val, COALESCE(' ' || unit, ''),
              CASE context WHEN 'superuser' THEN 'superusers' WHEN 'user' THEN 'everybody'
                           WHEN 'sighup' THEN 'the configuration' ELSE 'the configuration, at the start' END,
              short_desc, extra_desc)
  FROM pg_settings WHERE name LIKE 'pg\_booking.%' ORDER BY name COLLATE "C";

SELECT '
## Errors

Each refusal has an SQLSTATE of its own; the word is the outcome of `try_reserve_slot`. Rights that a role lacks are
42501, as everywhere in PostgreSQL; 40001 is a serialization failure of the caller''s isolation level.

| SQLSTATE | outcome | meaning |
| --- | --- | --- |';
SELECT format('| %s | %s | %s |', sqlstate, name, meaning) FROM booking.refusal_codes() ORDER BY sqlstate COLLATE "C";

SELECT '
## Personal data

What becomes of each column that can hold words when a person is erased ([privacy.md](privacy.md)).

| column | | why |
| --- | --- | --- |';
SELECT format('| %s.%s | %s | %s |', table_name, column_name, treatment, why) FROM booking.personal_data();

SELECT '
## States

Every legal change; a trigger refuses all others with BK212.
';
SELECT format(E'### %s.%s\n\n```mermaid\nstateDiagram-v2\n%s\n```\n\n| from | to | when |\n| --- | --- | --- |\n%s\n',
              t.table_name, t.column_name,
              string_agg(format('    %s --> %s', COALESCE(t.from_status, '[*]'), t.to_status), E'\n' ORDER BY t.ordinality),
              string_agg(format('| %s | %s | %s |', COALESCE(t.from_status, '(new)'), t.to_status, t.reason), E'\n'
                         ORDER BY t.ordinality))
  FROM booking.state_transitions() WITH ORDINALITY AS t
 GROUP BY t.table_name, t.column_name
 ORDER BY min(t.ordinality);
