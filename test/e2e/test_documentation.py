"""What the documentation says is what the code does."""

import os
import pathlib
import re
import subprocess
import unittest

from psql import DatabaseCase, run

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Documentation(DatabaseCase):
    def test_reference_is_up_to_date(self):
        done = subprocess.run([ROOT / "scripts/reference", "--check"], capture_output=True, text=True, check=False,
                              env={**os.environ, "PGDATABASE": self.database})
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr)

    def test_readme_books_a_seat(self):
        """The SQL of the README, as it stands there, in an empty installation: a seat, units, a webhook, packages."""
        blocks = re.findall(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        sql = "\\echo =====\n".join(blocks)
        output = run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.database, stdin=sql.encode()).decode()
        seat, units, webhook, packages = output.split("=====\n")
        self.assertRegex(seat.splitlines()[-1], r"\|[A-Z0-9]{8}\|confirmed\|not_required$")
        self.assertRegex(units, r"^t\|t\n\d+\n4000\n[0-9a-f-]{36}\n$")
        self.assertRegex(webhook, r"\|whsec_[A-Za-z0-9+/=]+\n$")
        self.assertRegex(packages, r"^4\n[0-9a-f-]{36}\n$")
        self.assertEqual(self.admin.query("SELECT capacity_total, seats_available FROM booking.activity_sessions"
                                          " WHERE capacity_remaining < capacity_total ORDER BY 1"), [("4", "2"), ("8", "5")])
        self.assert_integrity()

    def test_monitoring_queries(self):
        """The queries that people monitor bookings with run as they are, with the schema on the search path."""
        page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
        section = re.search(r"\n## Bookings of packages\n(.*?)\n## ", page, re.DOTALL).group(1)
        queries = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
        self.assertEqual(len(queries), 4)
        for number in (91, 92):
            self.admin.query(f"INSERT INTO booking.organizations (organization_id, name) VALUES ({number}, 'Org')")
            self.admin.query(f"SELECT booking.create_default_packages({number}, 'EUR', 1, 2, 3)")
            for package in ("single", "discovery"):
                self.admin.query(f"SELECT booking.booking_create({number}, '{{\"packageId\": \"{package}\","
                                 " \"customerName\": \"Ann\", \"customerEmail\": \"ann@example.com\"}')")
        self.admin.query("UPDATE booking.bookings SET status = 'scheduled', scheduled_start = date_trunc('day', now()),"
                         " scheduled_end = date_trunc('day', now()) + interval '1 hour' WHERE package_id = 'discovery'")
        self.admin.query("INSERT INTO booking.organization_members (organization_id, user_id) VALUES (91, 'ann')")
        for role, rows in (("postgres", [4, 2, 2, 6]), ("booking_service", [4, 2, 2, 6]), ("booking_member", [2, 1, 1, 3])):
            session = self.session("SET search_path = booking", "SET request.jwt.claims = '{\"sub\": \"ann\"}'", role=role)
            self.assertEqual([len(session.query(" ".join(query.split()))) for query in queries], rows, role)

    def test_every_code_is_explained(self):
        text = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
        for state, name in self.admin.query("SELECT sqlstate, name FROM booking.refusal_codes()"):
            self.assertIn(f"| {state} | {name} |", text)


if __name__ == "__main__":
    unittest.main()
