"""Browsers are told everything, once and in order, whatever ends or goes away in the middle: the relay, its connections,
PostgreSQL. Written against Server-Sent Events, the plainest of the protocols: a reader that keeps its cursor."""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import threading
import time
import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import LONG, Session, wait_until

SECRET = "a-secret-of-thirty-two-bytes-or-more"
TIMES = 10 if LONG else 2
NOTIFIED_ONLY = "realtime.poll_ms = 60000"


def token(subject, seconds=3600):
    def encoded(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    text = ".".join(encoded(json.dumps(part).encode()) for part in (
        {"alg": "HS256", "typ": "JWT"}, {"sub": subject, "exp": time.time() + seconds}))
    return text + "." + encoded(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest())


class Reader(threading.Thread):
    """As a browser does: reads, and comes back with the id of the last event that it has got. The relay may be another
    one each time: it goes to whichever is the test's present one."""

    def __init__(self, case, topics, subject):
        super().__init__(daemon=True)
        self.case = case
        self.topics = topics
        self.headers = {"Authorization": f"Bearer {token(subject)}"}
        self.cursor = None
        self.events = []  # (seq, body)
        self.resets = 0
        self.connected = 0
        self.over = threading.Event()
        self.socket = None
        self.start()

    def run(self):
        while not self.over.is_set():
            try:
                self.read()
            except (OSError, ValueError, AttributeError, http.client.HTTPException):
                pass  # it has ended in the middle, or is not there yet
            self.over.wait(0.02)

    def read(self):
        port = int(self.case.present.port_file.read_text(encoding="ascii"))
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = dict(self.headers)
        if self.cursor is not None:
            headers["Last-Event-ID"] = self.cursor
        connection.connect()
        self.socket = connection.sock
        connection.request("GET", f"/events?topics={self.topics}", headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise OSError(answer.read())
        self.connected += 1
        fields = {}
        for line in answer:
            name, _, value = line.decode().rstrip("\r\n").partition(":")
            if name:
                fields[name] = value.removeprefix(" ")
                continue
            if not line.strip():
                self.take(fields)
                fields = {}

    def take(self, fields):
        self.cursor = fields.get("id", self.cursor)
        self.resets += fields.get("event") == "reset"
        if fields.get("data") and fields.get("id"):
            self.events.append((int(fields["id"]), json.loads(fields["data"])))

    def stop(self):
        self.over.set()


class RelayRealtime(RelayCase):
    name = "relay_realtime"
    present = None  # the relay that readers go to

    def setUp(self):
        super().setUp()
        with Session(self.name) as admin:
            admin.query("INSERT INTO booking.organization_members (organization_id, user_id, role)"
                        f" VALUES ({self.organization}, 'eve', 'owner')")

    def start(self, config=""):
        self.present = self.relay(config, realtime=True, JWT_SECRET=SECRET).ready()
        wait_until(lambda: self.present.metric("booking_relay_realtime_position") > 0, "it knows where it is")
        return self.present

    def reader(self):
        reader = Reader(self, f"organization:{self.organization}", "eve")
        self.addCleanup(reader.stop)
        wait_until(lambda: reader.connected > 0, "it is connected")
        return reader

    def expected(self):
        """What has happened, by number, of those events that this test has made."""
        with Session(self.name) as admin:
            return [(int(seq), event) for seq, event in admin.query(
                "SELECT p.seq, p.event_id FROM booking.event_positions AS p JOIN booking.booking_events AS e"
                "    ON e.organization_id = p.organization_id AND e.id = p.event_id"
                f" WHERE p.organization_id = {self.organization} AND e.kind = 'booking.updated' ORDER BY p.seq")]

    def check(self, reader, number):
        """Everything has arrived, once each, in order."""
        def told():
            return [(seq, body["id"]) for seq, body in list(reader.events) if body["event_type"] == "booking.updated"]
        wait_until(lambda: len(told()) >= number, f"{number} events")
        expected = self.expected()
        self.assertEqual(len(expected), number)
        self.assertEqual(told(), expected)
        self.assertEqual(reader.resets, 0)

    def test_relay_killed(self):
        """While events come; the ones who reconnect are served by a relay that has just started."""
        self.start()
        readers = [self.reader() for _ in range(3)]
        admin = self.admin()
        number = 0
        for _ in range(TIMES):
            self.happen(admin, 40)
            self.present.kill()
            self.happen(admin, 40)
            number += 80
            self.start()
            wait_until(lambda: all(len(reader.events) >= number for reader in readers), "all of them are told")
        for reader in readers:
            self.check(reader, number)

    def test_from_the_table(self):
        """A ring that is far too small: what was missed is read page by page, while more happens."""
        self.start("realtime.ring = 5")
        reader = self.reader()
        admin = self.admin()
        self.happen(admin, 10)
        self.check(reader, 10)
        self.present.kill()
        self.happen(admin, 1200)
        self.start("realtime.ring = 5")
        for _ in range(20):
            self.happen(admin, 10)
        self.check(reader, 1410)
        self.assertGreater(self.present.metric("booking_relay_realtime_resumptions_total", 'source="table"'), 0)

    def test_server_restarted(self):
        """Clients stay connected, and are told what they missed when the relay is back at the server."""
        self.start(NOTIFIED_ONLY)
        reader = self.reader()
        number = 0
        for mode in ("fast", "immediate") * (TIMES // 2):
            with Session(self.name) as admin:
                self.happen(admin, 30)
            self.cluster.stop(mode)
            wait_until(lambda: self.present.get("/readyz")[0] == 503, "the relay has noticed")
            self.cluster.start()
            with Session(self.name) as admin:
                self.happen(admin, 30)
            number += 60
            self.check(reader, number)
        self.assertEqual(reader.connected, 1)

    def test_connections_broken(self):
        self.start(NOTIFIED_ONLY)
        reader = self.reader()
        admin = self.admin()
        for _ in range(5):
            self.happen(admin, 10)
            admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name = 'booking-relay'")
            self.happen(admin, 10)
        self.check(reader, 100)

    def test_commits_out_of_order(self):
        """What was begun first is committed last, and what was begun in between is rolled back."""
        self.start()
        reader = self.reader()
        admin = self.admin()
        late, never = self.admin(), self.admin()
        late.query("BEGIN")
        self.happen(late, 5)
        never.query("BEGIN")
        self.happen(never, 5)
        self.happen(admin, 20)
        self.check(reader, 20)
        late.query("COMMIT")
        self.check(reader, 25)
        never.query("ROLLBACK")
        self.happen(admin, 5)
        self.check(reader, 30)

    def test_several_relays(self):
        """One of them numbers, all of them tell, and a reader may go from one to another."""
        relays = [self.start(), self.start()]
        reader = self.reader()
        admin = self.admin()
        number = 0
        for turn in range(2 * TIMES):
            self.present = relays[turn % 2]
            self.happen(admin, 20)
            number += 20
            self.check(reader, number)
            connected = reader.connected
            reader.socket.shutdown(socket.SHUT_RDWR)
            wait_until(lambda before=connected: reader.connected > before, "it has gone to the other one")


if __name__ == "__main__":
    unittest.main()
