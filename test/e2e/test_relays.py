"""Several relays at once: nothing is leased twice, limits hold over all of them, and whoever does something else to the
same endpoints meanwhile neither waits for long nor stops them."""

import json
import random
import threading
import time
import unittest
import uuid

from psql import LONG, DatabaseCase, SqlError, quote

EVENTS = 4000 if LONG else 800
RELAYS = 4
LIMITS = {"narrow": 2, "usual": 8, "wide": 100}
HAPPEN = ("INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, occurred_at)"
          " SELECT 1, booking.new_id(1), 'booking.updated', booking.new_id(1), booking.clock()"
          " FROM generate_series(1, {})")


class Relay:
    def __init__(self, session, ledger, seed):
        self.id = str(uuid.uuid4())
        self.session = session
        self.ledger = ledger
        self.dice = random.Random(seed)
        self.session.query(f"SELECT booking.relay_attach('{self.id}', 'here', '1.0')")

    def claim(self, wanted, lease=60):
        rows = self.session.query("SELECT delivery_id, lease_token, endpoint_name, request_id"
                                  f" FROM booking.relay_claim('{self.id}', {wanted}, {lease})")
        return rows

    def complete(self, results):
        return int(self.session.value(f"SELECT booking.relay_complete('{self.id}', {quote(json.dumps(results))})"))

    def work(self):
        """Until nothing is left: claims, sometimes gives back, sometimes fails."""
        idle_since = time.monotonic()
        while time.monotonic() - idle_since < 3:
            rows = self.claim(self.dice.randrange(1, 60))
            if not rows:
                time.sleep(0.002)
                continue
            idle_since = time.monotonic()
            self.ledger.take(self.id, rows)
            results = []
            for delivery, token, _, _ in rows:
                result = {"delivery_id": delivery, "lease_token": int(token)}
                fate = self.dice.random()
                if fate < 0.05:
                    result["returned"] = True
                else:
                    result["http_status"] = 200
                results.append(result)
            self.dice.shuffle(results)
            self.ledger.give(rows, results)
            self.ledger.count(len(results), self.complete(results))


class Ledger:
    """What is under way, as the relays know it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.under_way = {}
        self.most = {}
        self.delivered = {}
        self.problems = []
        self.refused = 0

    def take(self, relay, rows):
        with self.lock:
            for delivery, _, endpoint, _ in rows:
                if delivery in self.under_way:
                    self.problems.append(f"{delivery} leased twice")
                self.under_way[delivery] = (relay, endpoint)
            for endpoint in LIMITS:
                now = sum(1 for _, e in self.under_way.values() if e == endpoint)
                self.most[endpoint] = max(self.most.get(endpoint, 0), now)

    # Before the completion, whose end another relay may see before this one does.
    def give(self, rows, results):
        sent = {result["delivery_id"] for result in results if "http_status" in result}
        with self.lock:
            for delivery, _, endpoint, _ in rows:
                del self.under_way[delivery]
                if delivery in sent:
                    self.delivered.setdefault(endpoint, []).append(delivery)

    def count(self, reported, accepted):
        with self.lock:
            if reported != accepted:
                self.problems.append(f"{accepted} of {reported} accepted")


class Relays(DatabaseCase):
    def setUp(self):
        self.admin.query("TRUNCATE booking.webhook_endpoints, booking.webhook_deliveries, booking.webhook_attempts CASCADE")
        self.admin.query("DELETE FROM booking.organizations; INSERT INTO booking.organizations (organization_id, name)"
                         " VALUES (1, 'Hall')".replace("; ", " \\; "))

    def endpoint(self, name, **options):
        return self.admin.value("SELECT endpoint_id FROM booking.create_webhook_endpoint(1, "
                                f"{quote(name)}, 'https://{name}.example', options => {quote(json.dumps(options))})")

    def run_together(self, workers):
        errors = []

        def guarded(worker):
            try:
                worker()
            except Exception as error:  # pylint: disable=broad-except
                errors.append(repr(error))

        threads = [threading.Thread(target=guarded, args=(worker,)) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])

    def test_each_delivery_is_made_once_within_the_limits(self):
        for name, limit in LIMITS.items():
            self.endpoint(name, max_in_flight=limit)
        ledger = Ledger()
        relays = [Relay(self.session(), ledger, seed) for seed in range(RELAYS)]
        writer, owner = self.session(), self.session()

        def write():
            for _ in range(EVENTS // 20):
                writer.query(HAPPEN.format(20))

        def meddle():
            """Changes that take the same locks."""
            endpoint = owner.value("SELECT id FROM booking.webhook_endpoints WHERE name = 'usual'")
            for i in range(30):
                owner.query(f"SELECT booking.disable_webhook_endpoint('{endpoint}')" if i % 3 == 1 else
                            f"SELECT booking.rotate_webhook_secret('{endpoint}')" if i % 3 == 2 else
                            f"SELECT booking.retry_failed_webhooks(), booking.enable_webhook_endpoint('{endpoint}')")
                time.sleep(0.01)
            owner.query(f"SELECT booking.enable_webhook_endpoint('{endpoint}')")

        self.run_together([relay.work for relay in relays] + [write, meddle])
        self.assertEqual(ledger.problems, [])
        for endpoint, limit in LIMITS.items():
            self.assertLessEqual(ledger.most[endpoint], limit, endpoint)
        self.assertEqual(len(set(ledger.delivered["narrow"])), EVENTS)
        self.assertEqual(len(ledger.delivered["narrow"]), EVENTS)
        self.assertEqual(len(set(ledger.delivered["wide"])), EVENTS)
        self.assertEqual(self.admin.query("SELECT status, count(*) FROM booking.webhook_deliveries GROUP BY status"), [])
        self.assertEqual(self.admin.query("SELECT event_id FROM booking.webhook_attempts WHERE outcome <> 'delivered'"
                                          " UNION ALL SELECT min(event_id::text)::uuid FROM booking.webhook_attempts"
                                          " GROUP BY endpoint_id, event_id HAVING count(*) > 1"), [])

    def test_a_claim_that_finds_nothing_writes_nothing(self):
        self.endpoint("a")
        relay = Relay(self.session(), Ledger(), 0)
        other = Relay(self.session(), Ledger(), 0)
        relay.session.query(HAPPEN.format(3))
        self.assertEqual(len(relay.claim(10)), 3)
        relay.session.query("BEGIN")
        self.assertEqual(other.claim(10) + relay.claim(10), [])
        self.assertIsNone(relay.session.value("SELECT pg_current_xact_id_if_assigned()"))
        relay.session.query("COMMIT")

    def test_an_endpoint_that_somebody_has_locked_holds_up_no_other(self):
        locked, free = self.endpoint("locked"), self.endpoint("free")
        relay = Relay(self.session(), Ledger(), 0)
        relay.session.query(HAPPEN.format(5))
        owner = self.session()
        owner.query("BEGIN")
        owner.query(f"SELECT booking.rotate_webhook_secret('{locked}')")
        begin = time.monotonic()
        self.assertEqual({row[2] for row in relay.claim(100)}, {"free"})
        self.assertEqual(relay.claim(100), [])
        self.assertLess(time.monotonic() - begin, 1)
        # What is under way to it can be completed, however, if it has arrived.
        owner.query("COMMIT")
        rows = relay.claim(100)
        self.assertEqual({row[2] for row in rows}, {"locked"})
        owner.query("BEGIN")
        owner.query(f"SELECT booking.rotate_webhook_secret('{locked}')")
        self.assertEqual(relay.complete([{"delivery_id": r[0], "lease_token": int(r[1]), "http_status": 200} for r in rows]), 5)
        owner.query("ROLLBACK")
        self.assertIsNotNone(free)

    def test_a_relay_that_dies_is_replaced_and_one_that_comes_back_is_not(self):
        self.endpoint("a")
        dying, heir = (Relay(self.session(), Ledger(), 0) for _ in range(2))
        dying.session.query(HAPPEN.format(2))
        self.assertEqual(len(dying.claim(10)), 2)
        self.assertEqual(heir.claim(10), [])
        dying.session.close()
        deadline = time.monotonic() + 30
        heard = time.monotonic()
        rows = []
        while not rows and time.monotonic() < deadline:
            rows = heir.claim(10)
            time.sleep(0.1)
        self.assertEqual(len(rows), 2)
        self.assertGreater(time.monotonic() - heard, 4.5)
        # A new connection of the same relay, while the server still has the old one, and after it is gone.
        again = self.session(f"SELECT booking.relay_attach('{heir.id}', 'here', '1.0')")
        third = Relay(self.session(), Ledger(), 0)
        heir.session.close()
        time.sleep(0.5)
        self.assertEqual(third.claim(10), [])
        self.assertEqual(again.value("SELECT missing_since IS NULL FROM booking.relay_instances"
                                     f" WHERE relay_id = '{heir.id}'"), "t")

    def test_errors_show_no_secret(self):
        endpoint = self.endpoint("a")
        self.admin.query("CREATE OR REPLACE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS"
                         " $$ BEGIN RAISE EXCEPTION 'no'; END $$")
        self.admin.query("ALTER FUNCTION public.refuse() OWNER TO booking_owner")
        self.admin.query("CREATE TRIGGER refuse BEFORE INSERT ON booking.webhook_secrets FOR EACH ROW EXECUTE FUNCTION"
                         " public.refuse()")
        session = self.session("\\set VERBOSITY verbose")
        for statement in (f"SELECT booking.rotate_webhook_secret('{endpoint}', 'hmac', concat('TOPSEC', 'RET-0123456789'))",
                          f"SELECT booking.rotate_webhook_secret('{endpoint}', 'hmac', concat('TOPSEC', 'RET'))"):
            with self.assertRaises(SqlError) as raised:
                session.query(statement)
            self.assertNotIn("TOPSECRET", raised.exception.message)
        self.admin.query("DROP TRIGGER refuse ON booking.webhook_secrets")


if __name__ == "__main__":
    unittest.main()
