"""scripts/restore: every row as it was, no trigger fired, and nothing acts in the copy before it is adopted; as superuser
and as the owner of the tables."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from psql import OPTIONS, DatabaseCase, Session, drop_database, in_maintenance, run

ROOT = pathlib.Path(__file__).resolve().parents[2]
OWNER = "regress_restore_owner"


class Restore(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.query("INSERT INTO booking.organizations (name) VALUES ('Copy')")
        cls.admin.query("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'V', 'Europe/Berlin')")
        cls.admin.query("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)"
                        " SELECT 1, v.id, 'A ' || n, n, '{\"operatingDays\": [\"Monday\", \"Tuesday\"], \"startTime\":"
                        " \"09:00\", \"endTime\": \"12:00\", \"slotInterval\": 60}'"
                        " FROM booking.venues AS v, (VALUES (8), (80)) AS c (n)")
        cls.admin.query("SELECT booking.generate_activity_sessions(id, current_date + 1, 14) FROM booking.activities")
        cls.admin.query("SELECT r.reservation_id FROM booking.sessions AS s,"
                        " LATERAL booking.reserve_slot(s.id, 2, 'x@example.com', NULL, 1) AS r")
        cls.admin.query("SELECT booking.confirm_reservation(id, NULL, 'Ann') FROM booking.slot_reservations LIMIT 5")
        # What a user may have of the own.
        cls.admin.query("ALTER TABLE booking.bookings ADD COLUMN shoe_size integer DEFAULT 42")
        cls.admin.query("CREATE TABLE public.fired (n integer)")
        cls.admin.query("GRANT ALL ON public.fired TO PUBLIC")
        cls.admin.query("GRANT CREATE ON SCHEMA public TO booking_owner")
        cls.admin.query("CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS"
                        " 'BEGIN INSERT INTO public.fired VALUES (1); RETURN NULL; END'")
        cls.admin.query("CREATE TRIGGER mine AFTER INSERT OR UPDATE ON booking.bookings FOR EACH ROW"
                        " EXECUTE FUNCTION public.fire()")
        cls.admin.query("CREATE POLICY mine ON booking.bookings FOR SELECT TO booking_member USING (shoe_size = 1)")
        cls.admin.query("CREATE VIEW booking.my_view AS SELECT id, shoe_size FROM booking.bookings")
        cls.admin.query("ALTER VIEW booking.my_view OWNER TO booking_owner")
        in_maintenance(f"DROP ROLE IF EXISTS {OWNER}")
        in_maintenance(f"CREATE ROLE {OWNER} LOGIN IN ROLE booking_owner")
        cls.addClassCleanup(in_maintenance, f"DROP ROLE {OWNER}")
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def copy(self, name):
        database = f"{self.database[:50]}_{name}"
        drop_database(database)
        in_maintenance(f'CREATE DATABASE "{database}"')
        self.addCleanup(drop_database, database)
        return database

    def contents(self, session):
        tables = [row[0] for row in session.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'booking'::regnamespace AND relkind = 'r' ORDER BY 1")]
        self.assertIn("session_lanes", tables)
        return {t: session.value(f"SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM booking.{t} AS x")
                for t in tables}

    def restore(self, *arguments, user=None):
        environment = {**os.environ, "PGOPTIONS": OPTIONS}
        if user is not None:
            environment["PGUSER"] = user
        done = subprocess.run([ROOT / "scripts/restore", *arguments], capture_output=True, text=True, check=False,
                              env=environment, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("this database is a copy", done.stdout)

    def check_copy(self, database, has_trigger):
        copy = Session(database)
        self.addCleanup(copy.close)
        self.assertEqual(self.contents(copy), self.contents(self.admin))
        self.assertEqual(copy.value("SELECT count(*) FROM booking.my_view WHERE shoe_size = 42"), "5")
        self.assertEqual(copy.value("SELECT count(*) FROM pg_policies WHERE policyname = 'mine'"), "1")
        if has_trigger:
            self.assertEqual(copy.value("SELECT count(*) FROM public.fired"),
                             self.admin.value("SELECT count(*) FROM public.fired"), "a trigger fired")
        self.assertEqual(copy.value("SELECT booking.is_original()"), "f")
        # Holds are due, and yet the job leaves them: the original will release its own.
        copy.query("SET pg_booking.clock_offset = 60")
        pending = "SELECT count(*) FROM booking.slot_reservations WHERE status = 'pending'"
        due = copy.value(pending)
        self.assertGreater(int(due), 0)
        copy.query("CALL booking.release_job()")
        self.assertEqual(copy.value(pending), due)
        copy.query("SELECT booking.adopt(false)")
        copy.query("CALL booking.release_job()")
        self.assertEqual(copy.value(pending), "0")
        session = copy.value("SELECT id FROM booking.sessions WHERE lane_count > 0 LIMIT 1")
        self.assertEqual(len(copy.query(f"SELECT * FROM booking.reserve_slot('{session}', 5, 'new@example.com')")), 1)
        self.assertEqual(copy.query("SELECT * FROM booking.integrity_check()"), [])

    def test_as_superuser(self):
        dump = os.path.join(self.folder.name, "superuser.dump")
        run("pg_dump", "-Fc", "-f", dump, self.database)
        database = self.copy("s")
        self.restore(dump, database)
        self.check_copy(database, True)

    def test_as_owner(self):
        dump = os.path.join(self.folder.name, "owner.dump")
        run("pg_dump", "-U", OWNER, "--role=booking_owner", "-n", "booking", "-Fc", "-f", dump, self.database)
        database = self.copy("o")
        with Session(database) as admin:
            admin.query("CREATE EXTENSION pg_booking")
            admin.query("SELECT booking.install_roles()")
            # The user's own trigger function lives in public, which this dump leaves out.
            admin.query("CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        self.restore("--role", "booking_owner", dump, database, user=OWNER)
        with Session(database) as admin:
            admin.query("SELECT booking.install()")
        self.check_copy(database, False)

    def test_wrong_use(self):
        for arguments, status in (((), 2), (("a",), 2), (("--role",), 2), (("/nonexistent.dump", self.copy("w")), 1)):
            done = subprocess.run([ROOT / "scripts/restore", *arguments], capture_output=True, check=False,
                                  stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, status, (arguments, done.stderr))


if __name__ == "__main__":
    unittest.main()
