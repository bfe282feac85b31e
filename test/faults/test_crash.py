"""kill -9 of backends and of the postmaster under load: nothing oversold, nothing lost that was acknowledged, and every
seat accounted for, with lanes and without."""

import os
import random
import signal
import threading
import unittest

from cluster import Cluster
from psql import LONG, Session, SqlError, create_database, wait_until

SEATS, CLIENTS = 500, 64 if LONG else 12
KILLS = 40 if LONG else 6
DATABASE = "crash"


class Client(threading.Thread):
    """Reserves, confirms and cancels until told to stop, or until nothing is left; notes what was acknowledged. A call
    whose connection was lost has an unknown outcome, and is noted as such."""

    def __init__(self, name, session_id, seed, over):
        super().__init__()
        self.name, self.session_id, self.over = name, session_id, over
        self.dice = random.Random(seed)
        self.held, self.confirmed, self.cancelled, self.unknown = {}, set(), set(), set()
        self.failure = None
        self.connection = None

    def run(self):
        try:
            number = 0
            while not self.over.is_set():
                number += 1
                self.once(f"{self.name}-{number}@example.com")
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def call(self, sql):
        """Rows; None if refused; raises ConnectionError if the connection is lost."""
        if self.connection is None:
            try:
                self.connection = Session(DATABASE)
            except (ConnectionError, SqlError, OSError):
                raise ConnectionError from None
        try:
            return self.connection.query(sql)
        except SqlError as error:
            if error.sqlstate in ("BK201", "BK401", "BK205", "BK211", "40001"):
                return None
            self.connection.close()
            self.connection = None
            # 57P01 to 57P03: the server goes down or comes up; psql's own words for a lost connection have no state.
            raise ConnectionError(str(error)) from None
        except (ConnectionError, BrokenPipeError, OSError):
            self.connection.close()
            self.connection = None
            raise ConnectionError from None

    def once(self, email):
        try:
            rows = self.call("SELECT reservation_id FROM booking.reserve_slot("
                             f"'{self.session_id}', {self.dice.randrange(1, 7)}, '{email}')")
        except ConnectionError:
            return
        if rows is None:
            return
        reservation = rows[0][0]
        self.held[reservation] = email
        kind = self.dice.choice(["confirm", "cancel", "cancel", "keep"])
        try:
            if kind == "confirm" and self.call(f"SELECT * FROM booking.confirm_reservation('{reservation}')"):
                self.confirmed.add(reservation)
            elif kind == "cancel" and self.call(f"SELECT booking.cancel_reservation('{reservation}')"):
                self.cancelled.add(reservation)
        except ConnectionError:
            self.unknown.add(reservation)


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster("crash")
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.start()
        create_database(DATABASE)
        with Session(DATABASE) as admin:
            admin.query("INSERT INTO booking.organizations (name) VALUES ('Crash')")
            admin.query("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'V', 'UTC')")
            admin.query("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, lanes, schedule)"
                        " SELECT 1, v.id, 'lanes ' || n, 500, n, '{\"operatingDays\": [\"Monday\"], \"startTime\":"
                        " \"09:00\", \"endTime\": \"10:00\", \"slotInterval\": 60}'"
                        " FROM booking.venues AS v, (VALUES (0), (16)) AS l (n)")
            admin.query("SELECT booking.generate_activity_sessions(id, current_date + 1, 7) FROM booking.activities")

    def kill_backends(self, dice, over):
        """One at a time; the postmaster then restarts all of them, which is the harder case."""
        for _ in range(KILLS):
            victims = self.wait_for_load()
            try:
                os.kill(dice.choice(victims), signal.SIGKILL)
            except ProcessLookupError:
                pass
        over.set()

    def wait_for_load(self):
        """Process numbers of backends, once there are some. Between a kill and the restart the server may answer once
        more, or not at all."""
        found = []

        def look():
            try:
                with Session(DATABASE) as session:
                    found[:] = [int(pid) for pid, in session.query(
                        "SELECT pid FROM pg_stat_activity"
                        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")]
            except (ConnectionError, SqlError, OSError):
                found.clear()
            return len(found) >= 3

        wait_until(look, "the load is there", 120)
        return found

    def under_load(self, lanes, disturb):
        wait_until(self.is_reachable, "the server is back", 120)
        with Session(DATABASE) as admin:
            session_id = admin.value("SELECT s.id FROM booking.sessions AS s JOIN booking.activities AS a"
                                     f" ON a.id = s.activity_id WHERE a.name = 'lanes {lanes}'")
        over = threading.Event()
        clients = [Client(f"c{lanes}-{n}-{id(over)}", session_id, n, over) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            disturb(random.Random(lanes), over)
        finally:
            over.set()
            for client in clients:
                client.join()
        for client in clients:
            if client.connection is not None:
                client.connection.close()
            self.assertIsNone(client.failure)
        self.check(session_id, clients)

    def check(self, session_id, clients):
        wait_until(self.is_reachable, "the server is back", 120)
        with Session(DATABASE) as admin:
            self.assertEqual(admin.query("SELECT * FROM booking.integrity_check()"), [])
            taken = admin.value("SELECT COALESCE(sum(party_size), 0) FROM booking.slot_reservations"
                                f" WHERE session_id = '{session_id}' AND status IN ('pending', 'confirmed')")
            self.assertLessEqual(int(taken), SEATS)
            rows = dict(admin.query("SELECT id, status FROM booking.slot_reservations"))
            booked = {row[0] for row in admin.query("SELECT reservation_id FROM booking.bookings")}
            for client in clients:
                self.assertLessEqual(set(client.held), set(rows), "an acknowledged hold is lost")
                for reservation in client.held:
                    if reservation in client.confirmed:
                        self.assertEqual((rows[reservation], reservation in booked), ("confirmed", True))
                    elif reservation in client.cancelled:
                        self.assertEqual(rows[reservation], "cancelled")
                    elif reservation not in client.unknown:
                        self.assertEqual(rows[reservation], "pending")
            self.assertGreater(sum(len(client.held) for client in clients), 0, "there was no load")
            self.sell_the_rest(admin, session_id)

    def sell_the_rest(self, admin, session_id):
        for party in (6, 5, 4, 3, 2, 1):
            while admin.value("SELECT outcome FROM booking.try_reserve_slot("
                              f"'{session_id}', {party}, 'rest@example.com')") == "held":
                pass
        self.assertEqual(admin.value(f"SELECT seats_available FROM booking.activity_sessions WHERE id = '{session_id}'"),
                         "0", "sold to the last seat")
        self.assertEqual(admin.query("SELECT * FROM booking.integrity_check()"), [])
        # Empty again, for the next test.
        admin.query("SELECT booking.cancel_reservation(id) FROM booking.slot_reservations WHERE status = 'pending'")

    def is_reachable(self):
        try:
            with Session(DATABASE) as session:
                return session.value("SELECT 1") == "1"
        except (ConnectionError, SqlError, OSError):
            return False

    def test_backends_killed(self):
        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, self.kill_backends)

    def test_postmaster_killed(self):
        def disturb(_dice, over):
            self.wait_for_load()
            self.cluster.kill_postmaster()
            over.set()
            self.cluster.start()

        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, disturb)


if __name__ == "__main__":
    unittest.main()
