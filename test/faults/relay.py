"""booking-relay as a process of a test, and what the tests of it share: a server, a database with a booking, a
receiver, and the comparison of what has arrived with what is in the books."""

import collections
import http.client
import json
import os
import pathlib
import signal
import subprocess
import unittest

from cluster import Cluster
from psql import LONG, Session, SqlError, create_database, quote, wait_until
from receiver import Receiver

LOGIN = "fault_relay"  # of the least rights
DRAINED = 180.0  # a claim whose answer was lost waits for the end of its lease, which is 40 s or more
# As many events as are wanted, of one booking, in one statement.
HAPPEN = ("INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, session_id, booking_id, facts,"
          "       occurred_at)"
          " SELECT b.organization_id, booking.new_id(b.organization_id), 'booking.updated', b.id, b.session_id, b.id,"
          "        jsonb_build_object('number', n), booking.clock()"
          "   FROM booking.bookings AS b, generate_series(1, {number}) AS n WHERE b.id = '{booking}' RETURNING id")


class Relay:
    """Started at once; ready() waits until it is attached. Its directory stays, to look at."""

    numbers = collections.Counter()

    def __init__(self, database, config="", realtime=False, **environment):
        self.numbers[database] += 1
        self.directory = pathlib.Path(os.environ["FAULTS_DIR"]) / f"{database}-relay-{self.numbers[database]}"
        self.directory.mkdir()
        self.port_file = self.directory / "port"
        file = self.directory / "booking-relay.toml"
        if not realtime:  # its connections would be counted, and broken, with those for deliveries
            config = f"realtime.connections = 0\n{config}"
        file.write_text(f'log_level = "debug"\nhttp.address = "127.0.0.1"\nhttp.port = 0\n'
                        f'http.port_file = "{self.port_file}"\n{config}\n', encoding="utf-8")
        url = f"host={os.environ['PGHOST']} port={os.environ['PGPORT']} user={LOGIN} dbname={database}"
        inherited = {name: value for name, value in os.environ.items()
                     if not name.startswith(("PG", "BOOKING_", "MAKE_", "SUPABASE_"))}
        with open(self.directory / "log", "wb") as log:
            # It ends with this process, whatever ends this process.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", os.environ["PGBK_RELAY"], "--config", str(file)],
                env={**inherited, "BOOKING_DATABASE_URL": url, **environment}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)

    def log(self):
        return (self.directory / "log").read_text(encoding="utf-8")

    def logged(self, message):
        return any(json.loads(line)["message"] == message for line in self.log().split("\n")[:-1])

    def get(self, path):
        """Status and text; None while it does not answer."""
        try:
            port = int(self.port_file.read_text(encoding="ascii"))
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return None, ""

    def post(self, path, body, **headers):
        """Status and text of what JSON sent there is answered with."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.port_file.read_text(encoding="ascii")), timeout=10)
        try:
            connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **headers})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the relay ended with {self.process.returncode}\n{self.log()[-4000:]}")
        return self.get("/readyz")[0] == 200

    def ready(self):
        wait_until(self.is_ready, "the relay is ready")
        return self

    def metric(self, name, label=""):
        """The sum of its samples, of those with the label if one is given."""
        return sum(float(line.rsplit(" ", 1)[1]) for line in self.get("/metrics")[1].split("\n")
                   if line.startswith((f"{name} ", f"{name}{{")) and label in line)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """As systemd does; its exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.process.wait(60)


class RelayCase(unittest.TestCase):
    name = "relay"
    # Nobody pulls the plug: what is written is there after kill -9, and recovery need not wait for the disk.
    settings = () if LONG else ("fsync = off",)
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.name, *cls.settings, initdb=("--no-sync",))
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.start()
        create_database(cls.name)
        with Session(cls.name) as admin:
            admin.query(f"CREATE ROLE {LOGIN} LOGIN IN ROLE booking_relay")

    def setUp(self):
        self.relays = []
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.addCleanup(self.end_relays)
        with Session(self.name) as admin:
            self.organization = admin.value("INSERT INTO booking.organizations (name) VALUES ('Hall')"
                                            " RETURNING organization_id")
            self.booking = make_booking(admin, self.organization)

    def end_relays(self):
        for relay in self.relays:
            if relay.process.poll() is None:
                relay.kill()

    def relay(self, config="", database=None, realtime=False, **environment):
        relay = Relay(database or self.name, config, realtime, **environment)
        self.relays.append(relay)
        return relay

    def admin(self):
        session = Session(self.name)
        self.addCleanup(session.close)
        return session

    def endpoint(self, admin, name, **options):
        """On loopback, for events of bookings; its id."""
        options = {"allowed_networks": ["127.0.0.0/8"], **options}
        [(endpoint, secret)] = admin.query(
            f"SELECT * FROM booking.create_webhook_endpoint({self.organization}, {quote(name)},"
            f" {quote(self.receiver.url('/' + name))}, '{{booking.*}}', options => {quote(json.dumps(options))})")
        self.receiver.secrets["/" + name] = secret
        return endpoint

    def happen(self, admin, number):
        return [row[0] for row in admin.query(HAPPEN.format(number=number, booking=self.booking))]

    def value(self, sql):
        """Of a session of its own; None while there is no server."""
        try:
            with Session(self.name) as session:
                return session.value(sql)
        except (ConnectionError, OSError, SqlError):
            return None

    def wait_drained(self, relay=None):
        def drained():
            if relay is not None and relay.process.poll() is not None:
                raise AssertionError(f"the relay ended with {relay.process.returncode}\n{relay.log()[-4000:]}")
            return self.value("SELECT count(*) FROM booking.webhook_deliveries") == "0"
        wait_until(drained, "every delivery is made", DRAINED)

    def wait_for_requests(self, number, path=None, deadline=60.0):
        wait_until(lambda: self.receiver.count(path) >= number, f"{number} requests", deadline)

    def check_books(self, path="/crm"):
        """Every event of the endpoint has arrived, signed, with the same body each time, and is logged as delivered."""
        self.assertEqual(self.receiver.problems, [])
        bodies = {}
        for request in self.receiver.requests:
            event = json.loads(request.body)
            self.assertEqual(event["id"], request.webhook_id)
            self.assertEqual(bodies.setdefault((request.path, request.webhook_id), request.body), request.body)
        with Session(self.name) as admin:
            events = {row[0] for row in admin.query(
                "SELECT id FROM booking.booking_events WHERE kind = 'booking.updated'"
                f" AND organization_id = {self.organization}")}
            self.assertEqual(set(self.receiver.ids(path)), events)
            self.assertEqual(admin.query("SELECT status, count(*) FROM booking.webhook_deliveries GROUP BY status"), [])
            delivered = collections.Counter(row[0] for row in admin.query(
                "SELECT event_id FROM booking.webhook_logs WHERE outcome = 'delivered'"
                f" AND organization_id = {self.organization} AND endpoint_name = {quote(path[1:])}"))
            self.assertEqual(delivered, collections.Counter(events))
            self.assertEqual(admin.query("SELECT outcome, count(*) FROM booking.webhook_logs"
                                         f" WHERE organization_id = {self.organization}"
                                         " AND outcome NOT IN ('delivered', 'lost', 'late') GROUP BY 1"), [])
        return events

    def assert_nothing_twice(self, path=None):
        twice = {webhook_id: times for webhook_id, times in self.receiver.ids(path).items() if times > 1}
        self.assertEqual(twice, {}, "sent twice")


def make_booking(admin, organization):
    """One that events can be about; there is no endpoint yet that would hear of it."""
    venue = admin.value("INSERT INTO booking.venues (organization_id, name, timezone)"
                        f" VALUES ({organization}, 'V', 'UTC') RETURNING id")
    days = json.dumps(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"])
    activity = admin.value("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)"
                           f" VALUES ({organization}, '{venue}', 'A', 8, '{{\"operatingDays\": {days},"
                           " \"startTime\": \"09:00\", \"endTime\": \"10:00\", \"slotInterval\": 60}') RETURNING id")
    admin.query(f"SELECT booking.generate_activity_sessions('{activity}', current_date + 1, 2)")
    reservation = admin.value("SELECT r.reservation_id FROM booking.sessions AS s,"
                              " LATERAL booking.reserve_slot(s.id, 2, 'ada@example.com') AS r"
                              f" WHERE s.activity_id = '{activity}' LIMIT 1")
    return admin.value(f"SELECT booking_id FROM booking.confirm_reservation('{reservation}', customer_name => 'Ada')")
