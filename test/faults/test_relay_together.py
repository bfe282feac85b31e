"""Relays that nobody kills send each event once, however many they are and whenever they stop; and an endpoint that
does not answer holds up no other."""

import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import LONG, Session, wait_until

EVENTS = 5_000 if LONG else 400
LIMIT = 12  # requests at once


class RelayTogether(RelayCase):
    name = "relay_together"

    def together(self, number):
        self.receiver.delay = 0.005
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=LIMIT)
        self.endpoint(admin, "shop", max_in_flight=100)
        relays = [self.relay("outbound.max_in_flight = 40").ready() for _ in range(number)]
        for _ in range(EVENTS // 20):
            self.happen(admin, 20)
        self.wait_drained()
        self.assertEqual([relay.stop() for relay in relays], [0] * number)
        self.assertEqual(len(self.check_books("/crm")), EVENTS)
        self.check_books("/shop")
        self.assert_nothing_twice("/crm")
        self.assert_nothing_twice("/shop")
        self.assertLessEqual(self.receiver.most_under_way["/crm"], LIMIT, "over all relays")
        at_work = admin.value("SELECT count(DISTINCT relay_id) FROM booking.webhook_attempts"
                              f" WHERE organization_id = {self.organization}")
        self.assertGreater(int(at_work), 1)

    def test_two(self):
        self.together(2)

    def test_four(self):
        self.together(4)

    def test_terminated_in_the_middle(self):
        """What is under way is finished and recorded, the rest is left to the next relay."""
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=100)
        first = self.relay("outbound.max_in_flight = 10").ready()
        self.receiver.hold("/crm")
        self.happen(admin, 60)
        self.wait_for_requests(10)
        first.signal(15)
        wait_until(lambda: first.logged("stopping"), "it has heard")
        self.receiver.release("/crm")
        self.assertEqual(first.process.wait(60), 0)
        self.assertEqual(self.receiver.count(), 10)
        self.assertEqual(admin.query("SELECT status, attempts, count(*) FROM booking.webhook_deliveries GROUP BY 1, 2"),
                         [("pending", "0", "50")])
        self.assertEqual(admin.query("SELECT outcome, count(*) FROM booking.webhook_attempts"
                                     f" WHERE organization_id = {self.organization} GROUP BY 1"), [("delivered", "10")])
        second = self.relay().ready()
        self.wait_drained(second)
        self.assertEqual(second.stop(), 0)
        self.check_books()
        self.assert_nothing_twice()

    def test_terminated_while_it_claims(self):
        """Leases that it gets when it is already stopping are given back, and do not count as attempts."""
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=100)
        self.happen(admin, 30)
        with Session(self.name, ("BEGIN", "LOCK TABLE booking.webhook_deliveries IN EXCLUSIVE MODE")) as locker:
            first = self.relay().ready()
            wait_until(lambda: self.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1", "its claim waits")
            first.signal(15)
            wait_until(lambda: first.logged("stopping"), "it has heard")
            locker.query("COMMIT")
            self.assertEqual(first.process.wait(60), 0)
        self.assertEqual(self.receiver.count(), 0)
        self.assertEqual(admin.query("SELECT status, attempts, lease_token, count(*) FROM booking.webhook_deliveries"
                                     " GROUP BY 1, 2, 3"), [("pending", "0", "1", "30")], "leased once, and given back")
        second = self.relay().ready()
        self.wait_drained(second)
        self.assertEqual(second.stop(), 0)
        self.check_books()
        self.assert_nothing_twice()

    def test_one_endpoint_hangs(self):
        """The order in which things happen at the receiver says it: none of the requests that hang was answered before
        the other endpoint had got everything."""
        admin = self.admin()
        self.endpoint(admin, "hangs", max_in_flight=16, timeout_ms=50_000)
        self.receiver.hold("/hangs")
        self.happen(admin, 10_000 if LONG else 500)  # before the other endpoint is there
        backlog = set(row[0] for row in admin.query("SELECT event_id FROM booking.webhook_deliveries"))
        relay = self.relay("outbound.max_in_flight = 20").ready()
        self.wait_for_requests(16, "/hangs")
        self.endpoint(admin, "crm")
        for _ in range(20):
            self.happen(admin, 5)
        self.wait_for_requests(100, "/crm")
        wait_until(lambda: self.receiver.under_way["/crm"] == 0, "it has answered")
        with self.receiver.lock:
            happened = list(self.receiver.happenings)
        self.assertEqual(happened[:16], [("arrived", "/hangs")] * 16)
        self.assertEqual(happened.count(("arrived", "/crm")), 100)
        self.assertEqual(set(happened[16:]), {("arrived", "/crm"), ("answered", "/crm")})
        self.assertEqual(relay.metric("booking_relay_requests_in_flight"), 16)

        self.receiver.release("/hangs")
        self.wait_drained(relay)
        self.assertEqual(relay.stop(), 0)
        self.check_books("/hangs")
        self.assertEqual(len(set(self.receiver.ids("/crm")) - backlog), 100)
        self.assert_nothing_twice("/hangs")
        self.assert_nothing_twice("/crm")


if __name__ == "__main__":
    unittest.main()
