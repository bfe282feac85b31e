"""Payments are reported by webhooks while the relay, backends and the whole server are killed with -9, again and again:
every event that was answered with 200 is in the inbox and has had its effect, once; and none of those that were not is
half done."""

import hashlib
import hmac
import http.client
import json
import os
import queue
import signal
import threading
import time
import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import LONG, Session, SqlError, quote, wait_until

EVENTS, KILLS = (3_000, 12) if LONG else (600, 4)
POSTERS = 8
PRICE = 2_500  # cents
SECRET = "airwallex-secret-of-the-fault-tests"
UNANSWERED = (OSError, http.client.HTTPException)
BACKEND = ("SELECT (SELECT pid FROM pg_stat_activity WHERE application_name = 'booking-relay' AND state = 'active'"
           "         AND query LIKE '%receive_webhook%' LIMIT 1)")


class Poster(threading.Thread):
    """Sends events like their sender would: until each is answered with 200, and then never again."""

    def __init__(self, case, events):
        super().__init__()
        self.case = case
        self.events = events
        self.acknowledged = {}  # event -> what it was answered
        self.refused = set()  # statuses
        self.failure = None
        self.connection = None

    def run(self):
        try:
            while True:
                event, body = self.events.get_nowait()
                while event not in self.acknowledged:
                    self.send(event, body)
        except queue.Empty:
            pass
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def send(self, event, body):
        timestamp = str(int(time.time() * 1000))
        signature = hmac.new(SECRET.encode(), (timestamp + body).encode(), hashlib.sha256).hexdigest()
        try:
            if self.connection is None:
                port = int(self.case.current.port_file.read_text(encoding="ascii"))
                self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            self.connection.request("POST", "/webhooks/airwallex", body, {
                "content-type": "application/json", "x-timestamp": timestamp, "x-signature": signature})
            answer = self.connection.getresponse()
            text = answer.read().decode()
            if answer.status == 200:
                self.acknowledged[event] = json.loads(text)["status"]
                return
            self.refused.add(answer.status)
        except UNANSWERED:
            if self.connection is not None:
                self.connection.close()
            self.connection = None
        time.sleep(0.02)  # leave the processors to whom is starting


class RelayWebhooks(RelayCase):
    name = "relay_webhooks"

    def setUp(self):
        super().setUp()
        admin = self.admin()
        activity = admin.value(f"SELECT id FROM booking.activities WHERE organization_id = {self.organization}")
        admin.query(f"UPDATE booking.activities SET price_minor = {PRICE}, currency = 'EUR', capacity = {EVENTS + 8}"
                    f" WHERE organization_id = {self.organization} AND id = '{activity}'")
        admin.query(f"SELECT booking.generate_activity_sessions('{activity}', current_date + 10, 1)")
        admin.query(f"SELECT booking.create_webhook_source({self.organization}, 'airwallex', 'airwallex',"
                    f" {quote(SECRET)})")
        self.holds = [row[0] for row in admin.query(
            "SELECT r.reservation_id FROM booking.sessions AS s, generate_series(1, {0}) AS n,"
            " LATERAL booking.reserve_slot(s.id, 1, 'guest-' || n || '@example.com') AS r"
            " WHERE s.activity_id = '{1}' AND s.capacity_total >= {0}".format(EVENTS, activity))]
        self.assertEqual(len(self.holds), EVENTS)
        self.current = self.start()

    def start(self):
        return self.relay(BOOKING_ORGANIZATION=str(self.organization))

    @staticmethod
    def event_of(hold):
        return json.dumps({"id": f"evt_{hold}", "name": "payment_intent.succeeded", "account_id": "acct_1", "data": {
            "object": {"id": f"int_{hold}", "amount": PRICE / 100, "currency": "EUR", "status": "SUCCEEDED",
                       "metadata": {"reservation_id": hold}}}})

    def acknowledged(self):
        return sum(len(poster.acknowledged) for poster in self.posters)

    def kill_relay(self):
        self.current.kill()
        self.current = self.start()

    def kill_backend(self):
        """In the middle of its work, where a lock holds it up; with it goes every other one, and the server recovers."""
        def killed():
            pid = self.value(BACKEND)
            if pid is not None:
                os.kill(int(pid), signal.SIGKILL)
            return pid is not None
        with Session(self.name) as holder:
            holder.query("BEGIN")
            holder.query("LOCK TABLE booking.payments IN EXCLUSIVE MODE")
            wait_until(killed, "a backend that receives")

    def kill_server(self):
        self.cluster.kill_postmaster()
        self.cluster.start()

    def check(self, admin):
        acknowledged = {event for poster in self.posters for event in poster.acknowledged}
        self.assertEqual(acknowledged, {f"evt_{hold}" for hold in self.holds})
        of_organization = f"organization_id = {self.organization}"
        inbox = admin.query(f"SELECT external_id, status FROM booking.payment_events WHERE {of_organization}")
        self.assertEqual(sorted(inbox), sorted((event, "applied") for event in acknowledged))
        self.assertEqual(
            admin.query("SELECT status, amount_minor, count(*) FROM booking.payments"
                        f" WHERE {of_organization} GROUP BY 1, 2"), [("paid", str(PRICE), str(EVENTS))])
        self.assertEqual(
            admin.query("SELECT b.payment_status, count(*), count(DISTINCT b.reservation_id) FROM booking.bookings AS b"
                        f" WHERE b.{of_organization} AND b.id <> '{self.booking}' GROUP BY 1"),
            [("paid", str(EVENTS), str(EVENTS))])
        self.assertEqual(admin.query("SELECT * FROM booking.integrity_check()"), [])

    def test_killed_again_and_again(self):
        events = queue.Queue()
        for hold in self.holds:
            events.put((f"evt_{hold}", self.event_of(hold)))
        self.current.ready()
        self.posters = [Poster(self, events) for _ in range(POSTERS)]
        for poster in self.posters:
            poster.start()
            self.addCleanup(poster.join)
        kills = [self.kill_relay, self.kill_backend, self.kill_relay, self.kill_server]
        for i in range(KILLS):
            least = EVENTS * (i + 1) // (KILLS + 2)
            wait_until(lambda least=least: self.acknowledged() >= least, f"{least} events are taken", 120)
            kills[i % len(kills)]()
        for poster in self.posters:
            poster.join(180)
            self.assertFalse(poster.is_alive())
            self.assertIsNone(poster.failure)
            self.assertLessEqual(poster.refused, {503}, "try again, and nothing else")
        answers = [answer for poster in self.posters for answer in poster.acknowledged.values()]
        again = answers.count("duplicate")
        self.assertEqual(answers.count("applied") + again, EVENTS)
        print(f"{again} were committed when their answer was lost ... ", end="")
        wait_until(lambda: self.value("SELECT 1") == "1", "the server")
        with Session(self.name) as admin:
            self.check(admin)
        self.current.ready()
        self.assertEqual(self.current.stop(), 0)


if __name__ == "__main__":
    unittest.main()
