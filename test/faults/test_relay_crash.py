"""kill -9 of relays: nothing is lost, what is sent again was under way and is the same, and other relays take over."""

import collections
import random
import time
import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import LONG, wait_until

DELIVERIES, KILLS = (10_000, 20) if LONG else (1_000, 3)
IN_FLIGHT = 40


class RelayCrash(RelayCase):
    name = "relay_crash"

    def wait_until_gone(self):
        """A report that was on its way may still be taken: until its backend has noticed."""
        backends = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'booking-relay'"
        wait_until(lambda: self.value(backends) == "0", "the backends of the relay are gone")

    def test_killed_again_and_again(self):
        self.receiver.delay = 0.02
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=100)  # what a dead relay has leaves room for the next one
        self.happen(admin, DELIVERIES)
        dice = random.Random(KILLS)
        leases = set()  # (event, lease) that were under way when their relay was killed
        for kill in range(KILLS):
            relay = self.relay(f"outbound.max_in_flight = {IN_FLIGHT}").ready()
            least = DELIVERIES * kill // KILLS
            self.wait_for_requests(dice.randrange(least + 1, least + DELIVERIES // KILLS // 2))
            relay.kill()
            self.wait_until_gone()
            leases.update(admin.query("SELECT event_id, lease_token FROM booking.webhook_deliveries"
                                      " WHERE status = 'leased'"))
        relay = self.relay()
        self.wait_drained(relay)
        self.assertEqual(relay.stop(), 0)

        events = self.check_books()
        self.assertEqual(len(events), DELIVERIES)
        under_way = collections.Counter(event for event, _ in leases)
        self.assertGreater(sum(under_way.values()), 0, "no kill came in the middle")
        again = collections.Counter({event: times - 1 for event, times in self.receiver.ids().items() if times > 1})
        self.assertEqual(again - under_way, collections.Counter(), "sent again without need")
        self.assertGreater(sum(again.values()), 0, "nothing was sent again: the kills came too late")
        lost = admin.value("SELECT count(*) FROM booking.webhook_logs WHERE outcome = 'lost'"
                           f" AND organization_id = {self.organization}")
        self.assertEqual(int(lost), len(leases), "a lease that was lost is in the log")

    def take_over(self, relays):
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=30)
        first = self.relay("outbound.max_in_flight = 20").ready()
        self.receiver.hold("/crm")
        self.happen(admin, 50)
        self.wait_for_requests(20)
        taken = self.receiver.ids()
        others = [self.relay().ready() for _ in range(relays - 1)]
        self.wait_for_requests(30)
        first.kill()
        killed = time.monotonic()
        self.receiver.release("/crm")
        wait_until(lambda: all(self.receiver.ids()[event] == 2 for event in taken), "the others have taken over")
        print(f"{time.monotonic() - killed:.1f} s after one of {relays} was killed ... ", end="")
        self.wait_drained()
        self.assertEqual([relay.stop() for relay in others], [0] * len(others))
        self.assertEqual(len(self.check_books()), 50)
        self.assertEqual(+(self.receiver.ids() - collections.Counter(self.check_books())), taken,
                         "once more is what the dead one had, and nothing else")
        self.assertEqual({request.attempt for request in self.receiver.requests[50:]}, {2})

    @unittest.skipUnless(LONG, "as with four")
    def test_one_of_two_killed(self):
        self.take_over(2)

    def test_one_of_four_killed(self):
        self.take_over(4)


if __name__ == "__main__":
    unittest.main()
