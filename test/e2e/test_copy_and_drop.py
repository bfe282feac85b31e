"""A dump restored elsewhere, and DROP EXTENSION CASCADE: every row is there, the user's own column, view, policy and
trigger too, nothing fires, and booking goes on."""

import os
import re
import tempfile
import unittest

from psql import DatabaseCase, Session, create_database, drop_database, in_maintenance, run

READER = f"e2e_reader_{os.getpid()}"
KEY = "the-key-of-ann-0123456789"

# What a user adds. The trigger notes every row it sees, so that a restore that fires it is found out.
OWN_OBJECTS = f"""
ALTER TABLE booking.bookings ADD COLUMN loyalty_points integer NOT NULL DEFAULT 3;
ALTER TABLE booking.sessions ADD COLUMN remark text;
CREATE VIEW public.own_bookings AS SELECT booking_number, loyalty_points FROM booking.bookings;
CREATE VIEW public.own_calendar AS SELECT start_time, seats_available FROM booking.activity_sessions;
GRANT USAGE ON SCHEMA booking TO {READER};
GRANT SELECT ON booking.bookings, public.own_bookings TO {READER};
CREATE POLICY own_policy ON booking.bookings FOR SELECT TO {READER} USING (loyalty_points >= 3);
CREATE POLICY own_claim ON booking.packages FOR SELECT TO {READER} USING (name = booking.current_user_id());
CREATE INDEX own_index ON booking.bookings (loyalty_points);
CREATE TABLE public.notes (id bigint GENERATED ALWAYS AS IDENTITY, kind text, noted_at timestamptz DEFAULT now());
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.notes (kind) VALUES (TG_TABLE_NAME || ' ' || TG_OP);
    RETURN NULL;
END $$;
GRANT SELECT, INSERT ON public.notes TO booking_owner;
CREATE TRIGGER own_trigger AFTER INSERT OR UPDATE ON booking.bookings FOR EACH ROW EXECUTE FUNCTION public.note();
CREATE TRIGGER own_trigger AFTER INSERT OR UPDATE ON booking.slot_reservations
    FOR EACH ROW EXECUTE FUNCTION public.note();
"""

DATA = """
INSERT INTO booking.organizations (name, status) VALUES ('Ann''s', 'active'), ('Bob''s', 'suspended'), ('Zoë', 'active');
INSERT INTO booking.organization_members (organization_id, user_id, role)
SELECT organization_id, 'member-' || organization_id, 'owner' FROM booking.organizations;
INSERT INTO booking.venues (organization_id, name, timezone, allowed_origins)
SELECT organization_id, 'Venue of ' || name, 'Europe/Berlin', '{https://example.com}' FROM booking.organizations;
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, price_minor, currency, party_size_max, schedule)
SELECT v.organization_id, v.id, 'Activity ' || n, 10 + n, 100 * n, 'EUR', 8,
       '{"operatingDays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
         "startTime": "09:00", "endTime": "21:00", "slotInterval": 60,
         "customHours": {"Sunday": {"enabled": true, "startTime": "10:00", "endTime": "12:00"}}}'
  FROM booking.venues AS v, generate_series(0, 2) AS n;
INSERT INTO booking.schedule_exceptions (organization_id, venue_id, first_date, last_date, reason)
SELECT organization_id, id, '2051-05-01', '2051-05-03', E'a\\ttab, a \\\\ and a\\nnewline' FROM booking.venues;
INSERT INTO booking.schedule_exceptions (organization_id, activity_id, first_date, last_date, closed, start_time, end_time)
SELECT organization_id, id, '2051-06-01', '2051-06-01', false, '20:00', '02:00' FROM booking.activities;
INSERT INTO booking.packages (organization_id, id, name, price_minor)
SELECT organization_id, 'monthly', 'A month', 9900 FROM booking.organizations;
CALL booking.generate_job(20);
"""


class CopyAndDrop(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(in_maintenance, f"DROP ROLE IF EXISTS {READER}")
        in_maintenance(f"DROP ROLE IF EXISTS {READER}")
        in_maintenance(f"CREATE ROLE {READER}")
        super().setUpClass()

    def setUp(self):
        create_database(self.database)
        self.original = self.session()
        for script in (OWN_OBJECTS, DATA):
            self.run_script(script)
        # Holds of every fate, and bookings.
        self.free = self.original.value(
            "SELECT s.id FROM booking.sessions AS s JOIN booking.activities AS a ON a.id = s.activity_id"
            " WHERE a.price_minor = 0 AND s.organization_id = 1 AND s.start_time > now() + interval '3 days'"
            " ORDER BY s.start_time LIMIT 1")
        self.reservation, self.token = self.original.query(
            f"SELECT reservation_id, hold_token FROM booking.reserve_slot('{self.free}', 2, 'ann@example.com', '{KEY}',"
            " 3600)")[0]
        self.original.query(
            "SELECT booking.confirm_reservation(r.reservation_id, NULL, 'Zoë \\ ' || r.n) FROM (SELECT t.n, (SELECT x.reservation_id"
            "  FROM booking.reserve_slot(t.id, 1 + t.n % 3, 'c' || t.n || '@example.com') AS x) FROM ("
            "  SELECT s.id, (row_number() OVER (ORDER BY s.id))::integer AS n FROM booking.sessions AS s"
            "   WHERE s.start_time > now() + interval '1 day' LIMIT 60) AS t OFFSET 0) AS r")
        self.original.query("SELECT booking.cancel_reservation(x.reservation_id)"
                            f" FROM booking.reserve_slot('{self.free}', 1, 'gone@example.com') AS x")
        self.due = self.original.value("SELECT reservation_id FROM booking.reserve_slot("
                                       f"'{self.free}', 3, 'late@example.com', NULL, 1)")
        self.original.query("SET pg_booking.clock_offset = 60")
        self.original.query("SELECT booking.release_expired_reservations()")
        self.original.query("RESET pg_booking.clock_offset")
        self.pending = self.original.value("SELECT reservation_id FROM booking.reserve_slot("
                                           f"'{self.free}', 1, 'slow@example.com', NULL, 5)")
        self.original.query("UPDATE booking.bookings SET loyalty_points = party_size, status = 'checked_in',"
                            " notes = E'a\\ttab, a \\\\ and a\\nnewline'"
                            " WHERE party_size = 3")
        self.original.query("UPDATE booking.sessions SET remark = 'mine' WHERE local_date > now()")

    def run_script(self, script):
        run("psql", "-Xqv", "ON_ERROR_STOP=1", "-d", self.database, stdin=script.encode())

    def rows(self, session):
        """Count and checksum of each table."""
        tables = [name for name, in session.query(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid ="
            " c.relnamespace WHERE n.nspname IN ('booking', 'public') AND c.relkind = 'r' ORDER BY 1")]
        return {table: session.query(f"SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM {table} AS t")
                for table in tables}

    def catalogue(self, session):
        """Everything in the two schemas as text, with owners and rights."""
        return set(session.query(r"""
SELECT kind, name, translate(what, E'\n', ' ') FROM (
SELECT 'relation' AS kind, c.oid::regclass::text AS name, concat_ws(' ', c.relkind, pg_get_userbyid(c.relowner), c.relrowsecurity,
       (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(c.relacl) AS a), c.reloptions::text) AS what
  FROM pg_class AS c WHERE c.relnamespace IN ('booking'::regnamespace, 'public'::regnamespace) AND c.relkind IN ('r', 'v', 'S')
UNION ALL SELECT 'column', format('%s.%s', a.attrelid::regclass, a.attname),
       concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
  FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE c.relnamespace IN ('booking'::regnamespace, 'public'::regnamespace) AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT 'view', c.oid::regclass::text, pg_get_viewdef(c.oid) FROM pg_class AS c
 WHERE c.relnamespace IN ('booking'::regnamespace, 'public'::regnamespace) AND c.relkind = 'v'
UNION ALL SELECT 'constraint', c.conrelid::regclass::text || '.' || c.conname, pg_get_constraintdef(c.oid) || c.convalidated::text
  FROM pg_constraint AS c WHERE c.connamespace IN ('booking'::regnamespace, 'public'::regnamespace)
UNION ALL SELECT 'index', i.indexname::text, i.indexdef FROM pg_indexes AS i WHERE i.schemaname IN ('booking', 'public')
UNION ALL SELECT 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, translate(pg_get_triggerdef(t.oid), '()', '') || t.tgenabled::text -- (a OR b) OR c comes back as a OR b OR c
  FROM pg_trigger AS t WHERE NOT t.tgisinternal
UNION ALL SELECT 'policy', p.tablename || '.' || p.policyname, row_to_json(p)::text FROM pg_policies AS p
UNION ALL SELECT 'function', p.oid::regprocedure::text, concat_ws(' ', pg_get_userbyid(p.proowner),
       (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(p.proacl) AS a))
  FROM pg_proc AS p WHERE p.pronamespace IN ('booking'::regnamespace, 'public'::regnamespace)
UNION ALL SELECT 'schema', n.nspname::text, concat_ws(' ', pg_get_userbyid(n.nspowner),
       (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(n.nspacl) AS a))
  FROM pg_namespace AS n WHERE n.nspname = 'booking'
UNION ALL SELECT 'comment', d.objoid::regclass::text || '.' || d.objsubid, d.description FROM pg_description AS d
  JOIN pg_class AS c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass WHERE c.relnamespace = 'booking'::regnamespace
UNION ALL SELECT 'extension', e.extname::text, concat_ws(' ', e.extversion, e.extnamespace::regnamespace) FROM pg_extension AS e
) AS x"""))

    def assert_booking_goes_on(self, session):
        notes = int(session.value("SELECT count(*) FROM public.notes"))
        self.assertEqual(session.query("SELECT * FROM booking.integrity_check()"), [])
        # The same request has the same answer, token included; with the token the visitor confirms.
        self.assertEqual(session.query(
            f"SELECT reservation_id, hold_token FROM booking.reserve_slot('{self.free}', 2, 'ann@example.com', '{KEY}',"
            " 3600)"), [(self.reservation, self.token)])
        session.query("SET ROLE booking_public")
        self.assertEqual(session.query("SELECT status, payment_status FROM booking.confirm_reservation("
                                       f"'{self.reservation}', '{self.token}')"), [("confirmed", "not_required")])
        session.query("RESET ROLE")
        self.assertEqual(session.value(f"SELECT status FROM booking.confirm_reservation('{self.due}')"), "confirmed")
        session.query("SET pg_booking.clock_offset = 60")
        self.assertEqual(session.value("SELECT booking.release_expired_reservations()"), "1")
        session.query("RESET pg_booking.clock_offset")
        self.assertGreater(int(session.value("SELECT count(*) FROM public.notes")), notes, "the user's trigger works")
        # The watermarks are there: nothing is generated twice, and the next day is.
        session.query("BEGIN")
        self.assertEqual(session.value("SELECT booking.generate_all_sessions(20)"), "0")
        self.assertGreater(int(session.value("SELECT booking.generate_all_sessions(22)")), 0)
        session.query("ROLLBACK")
        self.assertEqual(session.state("UPDATE booking.activities SET schedule = '{}'"), "BK006")
        self.assertEqual(session.state("UPDATE booking.bookings SET status = 'pending'"), "BK212")
        self.assertEqual(session.value("INSERT INTO booking.organizations (name) VALUES ('New')"
                                       " RETURNING organization_id"), "4")
        session.query("DELETE FROM booking.organizations WHERE organization_id = 4")
        # Rights are as before: a member sees the own organization, the user's own policy holds.
        session.query("SET ROLE booking_member")
        session.query("""SET request.jwt.claims = '{"sub": "member-1"}'""")
        self.assertEqual(session.query("SELECT DISTINCT organization_id FROM booking.bookings"), [("1",)])
        session.query("RESET ROLE")
        session.query("RESET request.jwt.claims")
        session.query(f"SET ROLE {READER}")
        self.assertEqual(session.query("SELECT DISTINCT loyalty_points FROM booking.bookings"), [("3",)])
        session.query("RESET ROLE")
        self.assertEqual(session.query("SELECT * FROM booking.integrity_check()"), [])

    def restore(self, how, target, directory):
        dump = os.path.join(directory, "dump")
        if how == "plain":
            run("pg_dump", "-f", dump, self.database)
            run("psql", "-Xqv", "ON_ERROR_STOP=1", "-d", target, "-f", dump)
        else:
            run("pg_dump", "-Fc", "-f", dump, self.database)
            run("pg_restore", "--exit-on-error", *(["-1"] if how == "custom, one transaction" else ["-j2"]),
                "-d", target, dump)

    def test_dump_and_restore(self):
        rows, catalogue = self.rows(self.original), self.catalogue(self.original)
        for table in ("bookings", "customers", "slot_reservations", "sessions", "job_runs", "packages",
                      "schedule_exceptions", "generation_watermarks"):
            self.assertGreater(int(rows[f"booking.{table}"][0][0]), 0, table)
        self.assertEqual(
            {status for status, in self.original.query("SELECT DISTINCT status FROM booking.slot_reservations")},
            {"pending", "confirmed", "expired", "cancelled"})
        for how in ("plain", "custom", "custom, one transaction"):
            with self.subTest(how=how), tempfile.TemporaryDirectory() as directory:
                copy = f"{self.database}_copy"[-63:]
                create_database(copy, install=False)
                try:
                    self.restore(how, copy, directory)
                    with Session(copy) as session:
                        self.assertEqual(self.rows(session), rows)
                        self.assertEqual(self.catalogue(session) ^ catalogue, set())
                        self.assert_booking_goes_on(session)
                        # install() finds everything in place.
                        earlier = self.catalogue(session)
                        session.query("SELECT booking.install()")
                        self.assertEqual(self.catalogue(session) ^ earlier, set())
                finally:
                    drop_database(copy)
        # And the original has not noticed.
        self.assertEqual(self.rows(self.original), rows)
        self.assert_booking_goes_on(self.original)

    def test_drop_extension_and_back(self):
        rows, catalogue = self.rows(self.original), self.catalogue(self.original)
        self.assertEqual(self.original.state("DROP EXTENSION pg_booking"), "2BP01")
        self.original.query("DROP EXTENSION pg_booking CASCADE")
        self.assertEqual(self.rows(self.original), rows)
        # The user's own, where it does not call our functions; what does goes with them.
        own = {(kind, name) for kind, name, _ in self.catalogue(self.original)}
        for kept in (("column", "booking.bookings.loyalty_points"), ("column", "booking.sessions.remark"),
                     ("view", "own_bookings"), ("policy", "bookings.own_policy"),
                     ("trigger", "booking.bookings.own_trigger"), ("index", "own_index")):
            self.assertIn(kept, own)
        gone = {(kind, name) for kind, name, _ in catalogue} - own
        self.assertEqual({(kind, name) for kind, name in gone if "own_" in name},
                         {("relation", "own_calendar"), ("view", "own_calendar"), ("column", "own_calendar.start_time"),
                          ("column", "own_calendar.seats_available"), ("policy", "packages.own_claim")})
        self.assertEqual([name for kind, name in gone if kind == "column"
                          and not re.search("own_calendar|activity_sessions|event_payloads|customer_bookings|(customer|full|owner|public)_events", name)], [], "no column of a table is taken")
        self.assertEqual([name for kind, name in own if kind == "function" and not name.startswith("note")], [])
        # The user's own sessions of other backends go on reading.
        self.assertEqual(self.original.state("SELECT count(*) FROM booking.bookings"), "00000")

        self.original.query("CREATE EXTENSION pg_booking")
        self.original.query("SELECT booking.install()")
        self.assertEqual(self.rows(self.original), rows)
        back = self.catalogue(self.original)
        self.assertEqual({(kind, name) for kind, name, _ in catalogue ^ back if "own_" not in name}, set(),
                         sorted(row for row in catalogue ^ back if "own_" not in row[1]))
        self.assert_booking_goes_on(self.original)

    def test_drop_in_one_backend_while_another_has_plans(self):
        """A backend with kept plans and the library loaded gets clear errors, then goes on."""
        other = self.session()
        reserve = f"SELECT outcome FROM booking.try_reserve_slot('{self.free}', 1, 'other@example.com')"
        self.assertEqual(other.value(reserve), "held")
        self.original.query("DROP EXTENSION pg_booking CASCADE")
        self.assertEqual(other.state(reserve), "42883")
        self.original.query("CREATE EXTENSION pg_booking")
        self.original.query("SELECT booking.install()")
        self.assertEqual(other.value(reserve), "held")
        self.assertEqual(other.query("SELECT * FROM booking.integrity_check()"), [])


if __name__ == "__main__":
    unittest.main()
