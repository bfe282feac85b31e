"""What the tests of the notifier share: a server with the library preloaded, and listeners that count."""

import re
import threading
import unittest

from cluster import Cluster
from psql import Session, create_database, wait_until

HEARD = re.compile(r'Asynchronous notification "(\w+)" (?:with payload "(.*)" )?'
                   r'received from server process with PID (\d+)')
CHANGE = "UPDATE booking.venues SET name = 'V' || clock_timestamp() WHERE organization_id = 1"
COUNT = "SELECT count(*) FROM booking.booking_events"
SETUP = ("INSERT INTO booking.organizations (name) VALUES ('O')",
         "INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'V', 'UTC')")


class Listener(Session):
    """Has heard (channel, payload, process) of what was told by the time of its last look."""

    def __init__(self, database):
        super().__init__(database, ("LISTEN booking_events", "LISTEN booking_webhooks"))
        self.heard = []
        self.look()  # psql may have heard something with the answers before
        self.heard.clear()

    def look(self):
        for row in self.query("SELECT 1"):
            if (match := HEARD.match(row[0])) is not None:
                self.heard.append((match[1], match[2] or "", int(match[3])))
        return len(self.heard)

    def wait_for(self, count, channel="booking_events", deadline=60.0):
        """Returns what it heard on the channel when it is so much, and forgets it."""
        def found():
            self.look()
            return len([h for h in self.heard if h[0] == channel]) >= count
        wait_until(found, f"{count} notifications on {channel}: {self.heard}", deadline)
        heard = [h for h in self.heard if h[0] == channel]
        self.heard.clear()
        return heard


    def hear_all(self, writers, disturb=lambda: None):
        """Reads only when told, until it has seen what they write. Returns how often it was told."""
        told = 0
        with Session(writers.database) as reader:
            while int(reader.value(COUNT)) < writers.goal:
                told += len(self.wait_for(1, deadline=10.0))
                disturb()
        writers.join()
        assert writers.failures == [], writers.failures
        return told


class Status:
    def __init__(self, session):
        row = session.query("SELECT mode, worker_pid, commits, notifications, direct, homeless, last_error"
                            " FROM booking.notifier_status()")[0]
        self.mode, self.error = row[0], row[6]
        self.pid, self.commits, self.notifications, self.direct, self.homeless = (
            None if value is None else int(value) for value in row[1:6])


class NotifierCase(unittest.TestCase):
    name = "notifier"
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.name, "fsync = off", "shared_preload_libraries = 'pg_booking'", *cls.settings,
                              initdb=("--no-sync",))
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.start()
        cls.make(cls.name)

    @classmethod
    def make(cls, database):
        create_database(database)
        with Session(database) as admin:
            for sql in SETUP:
                admin.query(sql)

    def session(self, database=None, setup=()):
        session = Session(database or self.name, setup)
        self.addCleanup(session.close)
        return session

    def listener(self, database=None):
        listener = Listener(database or self.name)
        self.addCleanup(listener.close)
        return listener

    def notifiers(self, session):
        """Process numbers by database."""
        return {name: int(pid) for name, pid in session.query(
            "SELECT datname, pid FROM pg_stat_activity"
            " WHERE backend_type = 'pg_booking notifier' AND datname IS NOT NULL")}

    def notifier_of(self, session):
        """Its process number, once it is connected."""
        found = []

        def look():
            found[:] = [pid for pid in [Status(session).pid] if pid in self.notifiers(session).values()]
            return bool(found)
        wait_until(look, "there is a notifier")
        return found[0]

    def is_reachable(self):
        try:
            with Session("postgres"):
                return True
        except (ConnectionError, OSError):
            return False

    def assert_works(self, database=None, deadline=60.0):
        """A change is told by the notifier, without its ids."""
        listener, writer = self.listener(database), self.session(database)
        writer.query(CHANGE)
        [(_, payload, pid)] = listener.wait_for(1, deadline=deadline)[:1]
        self.assertEqual(payload, "")
        self.assertEqual(Status(writer).pid, pid)
        listener.close()
        writer.close()
        return pid


class Writers:
    """Threads that make so many events each, one a transaction."""

    def __init__(self, database, threads, events):
        with Session(database) as session:
            self.goal = int(session.value(COUNT)) + threads * events
        self.database, self.failures = database, []
        self.threads = [threading.Thread(target=self.run, args=(database, events)) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self, database, events):
        try:
            with Session(database) as session:
                for _ in range(events):
                    session.query(CHANGE)
        except Exception as error:  # pylint: disable=broad-except
            self.failures.append(error)

    def join(self):
        for thread in self.threads:
            thread.join()
