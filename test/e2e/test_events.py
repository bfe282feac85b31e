"""Events leave their transaction: NOTIFY as psql receives it, partitions while others write, concurrent writers."""

import json
import tempfile
import unittest

from psql import DatabaseCase, run, wait_until

SETUP = """
INSERT INTO booking.organizations (name) VALUES ('Ann''s'), ('Bob''s');
INSERT INTO booking.venues (organization_id, name, timezone) SELECT organization_id, 'Hall', 'UTC' FROM booking.organizations;
INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
SELECT organization_id, id, 'Padel', 4, '{"operatingDays": ["Monday"], "startTime": "08:00", "endTime": "20:00", "slotInterval": 60}'
  FROM booking.venues;
SELECT booking.generate_all_sessions(14);
"""
MANY = ("INSERT INTO booking.bookings (organization_id, id, booking_number, customer_email, status, payment_status, currency)"
        " SELECT {organization}, booking.new_id({organization}), '{name}' || n, 'a@b.de', 'pending', 'pending', 'EUR'"
        " FROM generate_series(1, {count}) AS n;")
LONGEST = 8000


class Events(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run("psql", "-Xqv", "ON_ERROR_STOP=1", "-d", cls.database, stdin=SETUP.encode())
        # What a writer tells itself. Notifiers are tested where they can be killed (test/faults).
        cls.admin.query(f"ALTER DATABASE {cls.database} SET pg_booking.notify = direct")

    def notifications(self, script):
        """What a listener in another backend gets of the script: the payloads as text."""
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            # psql looks for notifications when it has run a statement of its own.
            output = run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", self.database, "-c", "LISTEN booking_events",
                         "-c", f"\\! psql -XqAt -v ON_ERROR_STOP=1 -d {self.database} -f {file.name} >/dev/null",
                         "-c", "SELECT 1").decode()
        mark = 'Asynchronous notification "booking_events" with payload "'
        return [line[len(mark):line.rindex('" received from')] for line in output.splitlines() if line.startswith(mark)]

    def events(self, where):
        return [id for id, in self.admin.query(f"SELECT id FROM booking.booking_events WHERE {where} ORDER BY id")]

    def test_a_statement_notifies_once_with_its_ids(self):
        payloads = self.notifications(MANY.format(organization=1, name="few", count=3))
        ids = self.events("booking_id IN (SELECT id FROM booking.bookings WHERE booking_number LIKE 'few%')")
        self.assertEqual(len(ids), 3)
        self.assertEqual([json.loads(p) for p in payloads], [{"organization_id": 1, "ids": ids}])

    def test_ids_that_do_not_fit_are_left_out(self):
        for count, complete in ((204, True), (205, False), (10000, False)):
            with self.subTest(count=count):
                payloads = self.notifications(MANY.format(organization=1, name=f"many{count}_", count=count))
                ids = self.events("booking_id IN (SELECT id FROM booking.bookings"
                                  f" WHERE booking_number LIKE 'many{count}\\_%')")
                self.assertEqual(len(ids), count)
                self.assertEqual(len(payloads), 1)
                self.assertLess(len(payloads[0]), LONGEST)
                payload = json.loads(payloads[0])
                self.assertEqual(payload.get("more", False), not complete)
                self.assertEqual(payload["ids"], ids[:len(payload["ids"])])
                self.assertGreater(len(payload["ids"]), 200)

    def test_organizations_have_messages_of_their_own(self):
        payloads = self.notifications("UPDATE booking.venues SET name = name || '!';")
        self.assertEqual({json.loads(p)["organization_id"]: len(json.loads(p)["ids"]) for p in payloads}, {1: 1, 2: 1})
        self.assertEqual(len(payloads), 2)

    def test_many_sessions_are_one_message(self):
        payloads = self.notifications("UPDATE booking.sessions SET status = 'closed' WHERE organization_id = 1;"
                                      "UPDATE booking.sessions SET status = 'open' WHERE organization_id = 1;")
        self.assertEqual([json.loads(p) for p in payloads], [{"organization_id": 1, "ids": [], "more": True}] * 2)
        self.assertGreater(len(self.events("kind = 'sessions.updated'")), 2)

    def test_silence(self):
        before = len(self.events("true"))
        self.assertEqual(self.notifications("BEGIN; UPDATE booking.venues SET name = 'x'; ROLLBACK;"), [])
        self.assertEqual(self.notifications("UPDATE booking.venues SET name = name;"), [])
        self.assertEqual(self.notifications("UPDATE booking.sessions SET remaining = remaining;"), [])
        self.assertEqual(len(self.events("true")), before)
        self.assertEqual(self.notifications("SET pg_booking.notify = off; UPDATE booking.venues SET name = name || '?';"), [])
        self.assertEqual(len(self.events("true")), before + 2, "off, the events are written all the same")

    def test_the_functions_notify(self):
        payloads = self.notifications("SELECT booking.confirm_reservation(r.reservation_id) FROM booking.sessions AS s,"
                                      " booking.reserve_slot(s.id, 1, 'a@b.de') AS r"
                                      " WHERE s.start_time = (SELECT max(start_time) FROM booking.sessions) AND s.organization_id = 2;")
        kinds = [self.admin.value(f"SELECT kind FROM booking.booking_events WHERE id = '{id}'")
                 for payload in payloads for id in json.loads(payload)["ids"]]
        self.assertEqual(kinds, ["reservation.held", "booking.created", "booking.confirmed"])
        self.assert_integrity()

    def test_partitions_come_and_go_while_others_write(self):
        maintain = "SELECT created, dropped, skipped FROM booking.maintain_event_partitions({}, {})"
        writer = self.session()
        writer.query("BEGIN")
        writer.query("UPDATE booking.venues SET name = name || '.'")
        self.assertEqual(self.admin.query(maintain.format(9, 90)), [("2", "0", "0")], "a writer holds nobody up")
        writer.query("UPDATE booking.venues SET name = name || '.'")

        # An old day: nobody waits for its end while a writer is at work, and nothing is lost by that.
        self.admin.query("INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, occurred_at)"
                         " VALUES (1, '018d0000-0000-8000-8000-000000000001', 'venue.updated',"
                         "         '018d0000-0000-8000-8000-000000000001', now())")
        self.assertEqual(self.admin.query(maintain.format(9, 36500)), [("1", "0", "0")])
        self.assertEqual(self.admin.query(maintain.format(9, 90)), [("0", "0", "1")])
        writer.query("COMMIT")
        self.assertEqual(self.admin.query(maintain.format(9, 90)), [("0", "1", "0")], "with the next run it goes")

    def test_two_runs_at_once_make_each_partition_once(self):
        first, second = self.session(), self.session()
        first.query("BEGIN")
        made = int(first.value("SELECT created FROM booking.maintain_event_partitions(20)"))
        self.assertGreater(made, 0)
        second.send("SELECT created, skipped FROM booking.maintain_event_partitions(20)")
        wait_until(lambda: self.admin.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'") == "1",
                   "the second run waits")
        first.query("COMMIT")
        self.assertEqual(second.receive(), [("0", "0")])

    def test_an_event_of_each_change_of_concurrent_writers(self):
        session = self.admin.value("SELECT id FROM booking.sessions WHERE organization_id = 1 ORDER BY start_time DESC LIMIT 1")
        clients = [self.session() for _ in range(4)]
        for client in clients:
            client.send(f"SELECT outcome, reservation_id FROM booking.sessions AS s, generate_series(1, 3) AS n,"
                        f" LATERAL booking.try_reserve_slot(s.id, 1, 'a' || n || '@b.de') WHERE s.id = '{session}'")
        held = [id for client in clients for outcome, id in client.receive() if outcome == "held"]
        self.assertEqual(len(held), 4)
        told = [subject for subject, in self.admin.query(
            f"SELECT subject_id FROM booking.booking_events WHERE kind = 'reservation.held' AND session_id = '{session}'")]
        self.assertEqual(sorted(told), sorted(held))


if __name__ == "__main__":
    unittest.main()
