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
        """The SQL of the README, as it stands there, in an empty installation."""
        sql = re.search(r"```sql\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL).group(1)
        output = run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.database, stdin=sql.encode()).decode()
        self.assertRegex(output.splitlines()[-1], r"\|[A-Z0-9]{8}\|confirmed\|not_required$")
        self.assertEqual(self.admin.value("SELECT seats_available FROM booking.activity_sessions"
                                          " WHERE capacity_remaining < capacity_total"), "2")
        self.assert_integrity()

    def test_monitoring_queries(self):
        """The queries that people monitor bookings with run as they are, with the schema on the search path."""
        session = self.session("SET search_path = booking")
        for query in ("SELECT id, customer_name, customer_email, package_id, status, payment_status, created_at"
                      " FROM bookings ORDER BY created_at DESC LIMIT 50",
                      "SELECT * FROM bookings WHERE payment_status = 'pending' AND status = 'pending'"
                      " AND created_at > now() - INTERVAL '24 hours'",
                      "SELECT * FROM bookings WHERE status = 'scheduled' AND scheduled_start::date = CURRENT_DATE"):
            self.assertEqual(session.state(query), "00000", query)

    def test_every_code_is_explained(self):
        text = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
        for state, name in self.admin.query("SELECT sqlstate, name FROM booking.refusal_codes()"):
            self.assertIn(f"| {state} | {name} |", text)


if __name__ == "__main__":
    unittest.main()
