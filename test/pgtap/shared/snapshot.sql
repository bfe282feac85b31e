-- pg_temp.snapshot(): everything that install() is answerable for, one line an object, without oids, so that two
-- states of the database can be compared.

CREATE FUNCTION pg_temp.acl_lines(what text, acl aclitem[]) RETURNS SETOF text STABLE LANGUAGE sql AS $$
    SELECT format('acl %s: %s may %s%s', what, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END,
                  a.privilege_type, CASE WHEN a.is_grantable THEN ' and grant it' END)
      FROM aclexplode(acl) AS a $$;

CREATE FUNCTION pg_temp.snapshot() RETURNS SETOF text STABLE LANGUAGE sql AS $$
    SELECT format('policy %s on %s: %s %s to %s using %s check %s', p.policyname, p.tablename, p.permissive, p.cmd,
                  p.roles, p.qual, p.with_check)
      FROM pg_policies AS p WHERE p.schemaname = 'booking'
     UNION ALL
    SELECT format('trigger %s %s', t.tgenabled, pg_get_triggerdef(t.oid))
      FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'booking'::regnamespace AND NOT t.tgisinternal
     UNION ALL
    SELECT format('constraint %s on %s: %s%s', k.conname, k.conrelid::regclass, pg_get_constraintdef(k.oid),
                  CASE WHEN NOT k.convalidated THEN ' NOT VALID' END)
      FROM pg_constraint AS k WHERE k.connamespace = 'booking'::regnamespace
     UNION ALL
    SELECT format('index %s', i.indexdef) FROM pg_indexes AS i WHERE i.schemaname = 'booking'
     UNION ALL
    SELECT format('relation %s %s: owner %s, rls %s %s, options %s, view %s', c.relkind, c.oid::regclass,
                  c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
                  CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END)
      FROM pg_class AS c WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind <> 'i'
     UNION ALL
    SELECT format('column %s.%s: %s %s default %s', a.attrelid::regclass, a.attname, a.atttypid::regtype,
                  a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attribute AS a
      JOIN pg_class AS c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'booking'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
     UNION ALL
    SELECT l FROM pg_class AS c, pg_temp.acl_lines(c.oid::regclass::text, c.relacl) AS l
     WHERE c.relnamespace = 'booking'::regnamespace
     UNION ALL
    SELECT l FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid,
                  pg_temp.acl_lines(c.oid::regclass || '.' || a.attname, a.attacl) AS l
     WHERE c.relnamespace = 'booking'::regnamespace
     UNION ALL
    SELECT l FROM pg_proc AS p, pg_temp.acl_lines(p.oid::regprocedure::text, p.proacl) AS l
     WHERE p.pronamespace = 'booking'::regnamespace
     UNION ALL
    SELECT l FROM pg_namespace AS n, pg_temp.acl_lines('schema', n.nspacl) AS l WHERE n.nspname = 'booking'
     UNION ALL
    SELECT format('schema owner %s', n.nspowner::regrole) FROM pg_namespace AS n WHERE n.nspname = 'booking'
     UNION ALL
    SELECT format('comment on %s.%s: %s', c.oid::regclass, d.objsubid, d.description)
      FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
     WHERE c.relnamespace = 'booking'::regnamespace
     UNION ALL
    SELECT format('role %s in %s', m.member::regrole, m.roleid::regrole) FROM pg_auth_members AS m
     WHERE m.roleid::regrole::text LIKE 'booking%'
     UNION ALL
    SELECT format('migration %s %s', m.version, m.name) FROM booking.schema_migrations AS m $$;
