"""Calls of providers: kill -9 between the provider's answer and our commit, answers that never come, two relays. Whatever
happens, the provider has made one page for each booking, and the booking has that page."""

import collections
import http.server
import json
import threading
import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import quote, wait_until

SECRET = "a-secret-of-the-stand-in"
BOOKINGS = 12


class Provider:
    """A payment service that takes our calls as they are: what is asked for again under its key is made once."""

    def __init__(self):
        self.lock = threading.Lock()
        self.requests = []  # (key, action)
        self.pages = {}  # by key
        self.expired = set()
        self.problems = []
        self.silent = 0  # so many requests are done, and not answered
        self.busy = 0  # so many are refused for a moment
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.provider = self
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, headers, call):
        """Status and facts; None for no answer."""
        with self.lock:
            key, request = headers["idempotency-key"], call["request"]
            if headers["authorization"] != f"Bearer {SECRET}" or len(key or "") != 43:
                self.problems.append(dict(headers))
            self.requests.append((key, call["action"]))
            if self.busy > 0:
                self.busy -= 1
                return 503, {}
            if call["action"] == "create_payment":
                number = len(self.pages)
                facts = self.pages.setdefault(key, {"provider_ref": f"page-{number}",
                                                    "url": f"https://pay.example/{number}", "request": request})
            else:
                self.expired.add(request["provider_ref"])
                facts = {"status": "expired"}
            if self.silent > 0:
                self.silent -= 1
                return None
            return 200, facts

    def count(self):
        with self.lock:
            return len(self.requests)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answer = self.server.provider.answer(self.headers, call)
        if answer is None:
            self.close_connection = True
            return
        body = json.dumps(answer[1]).encode()
        self.send_response(answer[0])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class RelayProviders(RelayCase):
    name = "relay_providers"

    def setUp(self):
        super().setUp()
        self.provider = Provider()
        self.addCleanup(self.provider.close)
        self.db = self.admin()
        self.db.query("INSERT INTO booking.packages (organization_id, id, name, price_minor, currency, payment_provider)"
                      f" VALUES ({self.organization}, 'single', 'One', 5000, 'EUR', 'custom')")

    def asking(self, config="", **environment):
        return self.relay(f"organization = {self.organization}\n{config}", CUSTOM_PROVIDER_URL=self.provider.url(),
                          CUSTOM_PROVIDER_SECRET=SECRET, NEXT_PUBLIC_APP_URL="https://site.example", **environment)

    def buy(self, name="Ada"):
        request = {"packageId": "single", "customerName": name, "customerEmail": f"{name.lower()}@example.org"}
        return json.loads(self.db.value(f"SELECT booking.booking_create({self.organization}, {quote(json.dumps(request))})"))

    def status(self, bought):
        return json.loads(self.db.value(f"SELECT booking.booking_status({quote(bought['bookingToken'])})"))

    def page(self, bought):
        return self.status(bought).get("paymentUrl")

    def wait_for_page(self, bought):
        wait_until(lambda: self.page(bought) is not None, "there is a page")

    def check_pages(self, bought):
        """One page a booking, however often it was asked for."""
        self.assertEqual(self.provider.problems, [])
        self.assertEqual(collections.Counter(page["url"] for page in self.provider.pages.values()),
                         collections.Counter(self.page(each) for each in bought))
        for page in self.provider.pages.values():
            self.assertEqual(page["request"]["amount_minor"], 5000)
        self.assertEqual(self.db.query("SELECT * FROM booking.integrity_check()"), [])

    def test_killed_between_answer_and_commit(self):
        bought = self.buy()
        in_the_way = self.admin()
        in_the_way.query("BEGIN")
        in_the_way.query(f"SELECT 1 FROM booking.bookings WHERE id = {quote(bought['bookingId'])} FOR UPDATE")
        first = self.asking()
        waiting = ("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                   " AND query LIKE '%relay_complete_call%'")
        wait_until(lambda: self.db.value(waiting) == "1", "the answer is about to be recorded")
        self.assertEqual(len(self.provider.pages), 1)
        first.kill()
        # Its backend, which waits for a lock, would notice it too late: the machine is gone, not the process alone.
        self.db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'booking-relay'")
        wait_until(lambda: self.db.value(waiting) == "0", "what it was about to record is gone")
        in_the_way.query("ROLLBACK")
        self.assertIsNone(self.page(bought), "nothing was recorded")
        second = self.asking()
        self.wait_for_page(bought)
        self.assertEqual(second.stop(), 0)
        self.assertEqual(len(self.provider.requests), 2, "asked for once more")
        self.assertEqual(len(set(self.provider.requests)), 1, "under the same key")
        self.check_pages([bought])

    def test_no_answer_and_no_time(self):
        self.provider.silent, self.provider.busy = 1, 1
        bought = self.buy()
        relay = self.asking()
        self.wait_for_page(bought)
        self.assertEqual(relay.stop(), 0)
        self.assertEqual(len(self.provider.requests), 3)
        self.check_pages([bought])

    def test_two_relays(self):
        relays = [self.asking("providers.max_in_flight = 2") for _ in range(2)]
        for relay in relays:
            relay.ready()
        bought = [self.buy(f"Guest{number}") for number in range(BOOKINGS)]
        for each in bought:
            self.wait_for_page(each)
        self.assertEqual(len(self.provider.requests), BOOKINGS, "asked for twice")
        self.check_pages(bought)
        # What is cancelled is closed.
        self.db.query(f"SELECT booking.booking_cancel({quote(json.dumps({'bookingToken': bought[0]['bookingToken']}))})")
        wait_until(lambda: self.provider.expired, "the page is closed")
        self.assertEqual([relay.stop() for relay in relays], [0, 0])
        for relay in relays:
            self.assertNotIn(SECRET, relay.log())

    def test_the_visitor_gets_the_page(self):
        relay = self.asking().ready()
        wait_until(lambda: relay.get("/functions/v1/booking-status?token=x")[0] != 503, "the gateway is there")
        request = {"packageId": "single", "customerName": "Ada", "customerEmail": "ada@example.org"}
        status, text = relay.post("/functions/v1/booking-create", request)
        self.assertEqual(status, 200, text)
        bought = json.loads(text)
        self.assertEqual((bought["requiresPayment"], "paymentPending" in bought), (True, False), text)
        self.assertEqual(bought["paymentUrl"], "https://pay.example/0")
        [page] = self.provider.pages.values()
        self.assertEqual(page["request"]["return_token"], bought["bookingToken"])
        self.assertEqual(relay.metric("booking_relay_provider_calls_total", 'result="done"'), 1)
        # One that is not answered does not keep the visitor for ever.
        self.provider.busy = 1000
        status, text = relay.post("/functions/v1/booking-create", {**request, "customerName": "Bob"})
        self.assertEqual((status, json.loads(text).get("paymentPending")), (200, True), text)
        self.assertEqual(relay.stop(), 0)


if __name__ == "__main__":
    unittest.main()
