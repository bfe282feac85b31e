"""A copy of the database, made by dump and restore, with everything in place: nothing happens in it by itself, a relay
that is attached to it sends nothing and says why, until somebody adopts it."""

import pathlib
import subprocess
import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import Session, create_database, drop_database, in_maintenance, run, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DELIVERED, PENDING = 10, 7
OBSTACLE = "copy: held until booking.adopt()"
LISTEN = ("LISTEN booking_events", "LISTEN booking_webhooks")
TRIGGERS = ("SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal"
            " AND tgrelid::regclass::text LIKE 'booking.%' ORDER BY tgrelid::regclass::text, tgname")


class RelayCopy(RelayCase):
    name = "relay_copy"

    def contents(self, session):
        tables = [row[0] for row in session.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'booking'::regnamespace AND relkind = 'r' ORDER BY 1")]
        self.assertIn("webhook_deliveries", tables)
        return {t: session.value(f"SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM booking.{t} AS x")
                for t in tables}

    def restore(self, admin, name):
        """From a dump of everything, while somebody listens."""
        dump = self.cluster.data.with_suffix(".dump")
        run("pg_dump", "-Fc", "-f", str(dump), self.name)
        create_database(name, install=False)
        with Session(name, LISTEN) as listener, Session(name) as copy:
            subprocess.run([ROOT / "scripts/restore", dump, name], check=True, capture_output=True,
                           stdin=subprocess.DEVNULL)
            self.assertEqual(listener.query("SELECT 1"), [("1",)], "somebody was notified")
            self.assertEqual(self.contents(copy), self.contents(admin), "a trigger has fired")
            self.assertEqual(copy.query(TRIGGERS), admin.query(TRIGGERS))

    def hold(self, name):
        """A relay of the copy, which has looked again and again for what is due, and sent nothing."""
        before = self.receiver.count()
        relay = self.relay("outbound.poll_ms = 50", database=name)
        wait_until(lambda: OBSTACLE in relay.get("/readyz")[1], "the relay knows a copy")
        self.assertEqual(relay.get("/readyz")[0], 503)
        wait_until(lambda: relay.metric("booking_relay_database_seconds_count", 'call="claim"') >= 20, "it has looked")
        self.assertEqual(self.receiver.count(), before, "it has sent something")
        return relay

    @staticmethod
    def wait_sent(copy):
        wait_until(lambda: copy.value("SELECT count(*) FROM booking.webhook_deliveries"
                                      " WHERE status IN ('pending', 'leased')") == "0", "the copy has sent it")

    def test_a_copy(self):
        admin = self.admin()
        self.endpoint(admin, "crm")
        relay = self.relay().ready()
        delivered = self.happen(admin, DELIVERED)
        self.wait_drained(relay)
        relay.stop()
        pending = self.happen(admin, PENDING)
        self.restore(admin, "restored")
        self.addCleanup(drop_database, "restored")
        in_maintenance("CREATE DATABASE cloned TEMPLATE restored")
        self.addCleanup(drop_database, "cloned")

        # What is due is due from here.
        relay = self.hold("restored")
        with Session("restored") as copy:
            copy.query("SELECT booking.adopt(true)")
            self.wait_sent(copy)
        self.assertEqual(set(self.receiver.ids()), {*delivered, *pending})
        self.assert_nothing_twice()
        wait_until(relay.is_ready, "the relay knows that it may send")
        self.assertEqual(relay.stop(), 0)

        # Only what happens from now on.
        relay = self.hold("cloned")
        with Session("cloned", LISTEN) as copy:
            copy.query("SELECT booking.adopt(false)")
            given_up = copy.query("SELECT event_id, status, error FROM booking.webhook_logs WHERE http_status IS NULL")
            self.assertEqual({event for event, _, _ in given_up}, set(pending))
            self.assertEqual({status for _, status, _ in given_up}, {"dead"})
            for _, _, reason in given_up:
                self.assertIn("was pending when this copy of the database was adopted", reason)
            self.assertGreater(len(self.happen(copy, 1)), 1, "its event, and notifications of it")
            self.wait_sent(copy)
            [new] = copy.query("SELECT event_id FROM booking.webhook_logs WHERE status = 'delivered'"
                               " ORDER BY id DESC LIMIT 1")
        self.assertEqual(set(self.receiver.ids()), {*delivered, *pending, *new})
        self.assert_nothing_twice()
        self.assertEqual(relay.stop(), 0)
        self.assertEqual(self.receiver.problems, [])


if __name__ == "__main__":
    unittest.main()
