"""A copy of the database, made by dump and restore, with everything in place: nothing happens in it by itself, a relay
that is attached to it sends nothing and says why, until somebody adopts it."""

import pathlib
import subprocess
import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import Session, create_database, drop_database, run, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
DELIVERED, PENDING = 10, 7
OBSTACLE = "copy: held until booking.adopt()"


class RelayCopy(RelayCase):
    name = "relay_copy"

    def contents(self, session):
        tables = [row[0] for row in session.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'booking'::regnamespace AND relkind = 'r' ORDER BY 1")]
        self.assertIn("webhook_deliveries", tables)
        return {t: session.value(f"SELECT md5(string_agg(x::text, '|' ORDER BY x::text)) FROM booking.{t} AS x")
                for t in tables}

    def in_a_copy(self, name, deliver_pending):
        """Returns the events that were pending, and the relay and a session of the copy once it is adopted."""
        admin = self.admin()
        endpoint = self.endpoint(admin, "crm")
        self.addCleanup(admin.query, f"SELECT booking.delete_webhook_endpoint('{endpoint}')")
        relay = self.relay().ready()
        self.happen(admin, DELIVERED)
        self.wait_drained(relay)
        relay.stop()
        pending = self.happen(admin, PENDING)
        dump = self.cluster.data.with_suffix(f".{name}.dump")
        run("pg_dump", "-Fc", "-f", str(dump), self.name)

        create_database(name, install=False)
        self.addCleanup(drop_database, name)
        listener = Session(name, ("LISTEN booking_events", "LISTEN booking_webhooks"))
        self.addCleanup(listener.close)
        subprocess.run([ROOT / "scripts/restore", dump, name], check=True, capture_output=True, stdin=subprocess.DEVNULL)
        self.assertEqual(listener.query("SELECT 1"), [("1",)], "nobody is notified")
        copy = Session(name)
        self.addCleanup(copy.close)
        self.assertEqual(self.contents(copy), self.contents(admin), "no trigger has fired")
        triggers = ("SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal"
                    " AND tgrelid::regclass::text LIKE 'booking.%' ORDER BY 1::text, 2")
        self.assertEqual(copy.query(triggers), admin.query(triggers))

        relay = self.relay("outbound.poll_ms = 50", database=name)
        wait_until(lambda: OBSTACLE in relay.get("/readyz")[1], "the relay knows a copy")
        self.assertEqual(relay.get("/readyz")[0], 503)
        wait_until(lambda: relay.metric("booking_relay_database_seconds_count", 'call="claim"') >= 20, "it has looked")
        self.assertEqual(self.receiver.count(), DELIVERED, "and found nothing")
        self.assertEqual(copy.value("SELECT count(*) FROM booking.webhook_deliveries WHERE status = 'pending'"), str(PENDING))

        copy.query(f"SELECT booking.adopt({deliver_pending})")
        wait_until(relay.is_ready, "the relay knows that it may send")
        return pending, relay, copy, listener

    def wait_copy_sent(self, copy):
        wait_until(lambda: copy.value("SELECT count(*) FROM booking.webhook_deliveries"
                                      " WHERE status IN ('pending', 'leased')") == "0", "the copy has sent it")

    def test_adopted_with_what_is_pending(self):
        pending, relay, copy, _ = self.in_a_copy("relay_copy_true", "true")
        self.wait_copy_sent(copy)
        self.assertEqual(set(list(self.receiver.ids())[DELIVERED:]), set(pending))
        self.assert_nothing_twice()
        self.assertEqual(self.receiver.problems, [])
        self.assertEqual(relay.stop(), 0)

    def test_adopted_without_what_is_pending(self):
        pending, relay, copy, listener = self.in_a_copy("relay_copy_false", "false")
        logs = dict(copy.query("SELECT event_id, status || ': ' || error FROM booking.webhook_logs"
                               " WHERE attempt = 0 AND http_status IS NULL"))
        self.assertEqual(set(logs), set(pending))
        for said in logs.values():
            self.assertIn("dead: was pending when this copy of the database was adopted", said)
        [new] = self.happen(copy, 1)
        self.wait_copy_sent(copy)
        self.assertEqual(list(self.receiver.ids())[DELIVERED:], [new], "what happens from now on is sent")
        self.assertNotEqual(listener.query("SELECT 1"), [("1",)], "and notified")
        self.assertEqual(copy.value("SELECT count(*) FROM booking.webhook_deliveries WHERE status = 'dead'"), str(PENDING))
        self.assertEqual(self.receiver.problems, [])
        self.assertEqual(relay.stop(), 0)


if __name__ == "__main__":
    unittest.main()
