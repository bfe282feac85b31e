"""A booking load that is disturbed: clients that note what was acknowledged to them, and the comparison with the books
afterwards."""

import calendar
import collections
import os
import random
import threading
import unittest

from cluster import Cluster
from psql import LONG, Session, SqlError, create_database, wait_until

CLIENTS = 64 if LONG else 12
# Answers by which a call has done nothing, and the connection goes on.
REFUSALS = ("BK201", "BK401", "BK205", "BK211", "40001")


class Client(threading.Thread):
    """Reserves, confirms and cancels until told to stop; notes what was acknowledged. A call whose connection was lost has
    an unknown outcome, and is noted as such. Of the seats a client keeps so many that all clients together leave few: then
    it only reserves and cancels, so that there is a load, and a shortage, for as long as it takes."""

    def __init__(self, database, name, session_id, seed, over, quota, refusals=REFUSALS, setup=()):
        super().__init__()
        self.quota = quota
        self.database, self.name, self.session_id, self.over = database, name, session_id, over
        self.refusals, self.setup = refusals, setup
        self.dice = random.Random(seed)
        self.held, self.confirmed, self.cancelled, self.unknown = {}, set(), set(), set()
        self.unanswered = set()  # addresses whose reserve_slot has an unknown outcome
        self.to_cancel = []  # reservations whose cancellation has an unknown outcome, to be repeated
        self.answers = collections.Counter()
        self.failure = None
        self.connection = None

    def run(self):
        try:
            number = 0
            while not self.over.is_set():
                number += 1
                try:
                    self.once(f"{self.name}-{number}@example.com")
                except ConnectionRefusedError:
                    self.over.wait(0.05)  # leave the processors to the server that is starting
                except ConnectionError:
                    pass
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def lose(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self.answers["lost"] += 1

    def call(self, sql):
        """Rows; None if refused; raises ConnectionError if the connection is lost."""
        if self.connection is None:
            try:
                self.connection = Session(self.database, self.setup)
            except (ConnectionError, SqlError, OSError):
                raise ConnectionRefusedError from None
        try:
            rows = self.connection.query(sql)
            self.answers["00000"] += 1
            return rows
        except SqlError as error:
            if error.sqlstate in self.refusals:
                self.answers[error.sqlstate] += 1
                return None
            self.lose()
            # 57P01 to 57P03: the server goes down or comes up; psql's own words for a lost connection have no state.
            raise ConnectionError(str(error)) from None
        except (ConnectionError, BrokenPipeError, OSError):
            self.lose()
            raise ConnectionError from None

    def once(self, email):
        if self.to_cancel:
            self.cancel(self.to_cancel.pop(0))
        party = self.dice.randrange(1, 7)
        try:
            rows = self.call("SELECT reservation_id FROM booking.reserve_slot("
                             f"'{self.session_id}', {party}, '{email}')")
        except ConnectionRefusedError:
            raise  # nothing was asked
        except ConnectionError:
            self.unanswered.add(email)
            raise
        if rows is None:
            return
        reservation = rows[0][0]
        self.held[reservation] = email
        kind = self.dice.choice(["confirm", "cancel", "cancel", "keep"]) if party <= self.quota else "cancel"
        if kind == "cancel":
            self.cancel(reservation)
            return
        self.quota -= party
        if kind == "confirm":
            self.confirm(reservation)

    def confirm(self, reservation):
        try:
            if self.call(f"SELECT * FROM booking.confirm_reservation('{reservation}')"):
                self.confirmed.add(reservation)
        except ConnectionError:
            self.unknown.add(reservation)
            raise

    def cancel(self, reservation):
        try:
            answer = self.call(f"SELECT booking.cancel_reservation('{reservation}')")
        except ConnectionError:
            self.unknown.add(reservation)
            self.to_cancel.append(reservation)
            raise
        if answer is None:
            self.to_cancel.append(reservation)
        else:
            self.cancelled.add(reservation)
            self.unknown.discard(reservation)

    def finish(self):
        """What the backend, if it is still there, has left of C++ frames."""
        if self.connection is None:
            return 0
        try:
            while self.connection.state("SET statement_timeout = 0") == "57014":
                pass  # setting it takes time, too
            return int(self.connection.value("SELECT booking.live_cpp_frames()"))
        except (ConnectionError, BrokenPipeError, OSError, SqlError):
            return 0  # it has gone meanwhile
        finally:
            self.connection.close()


class LoadCase(unittest.TestCase):
    """A database with sessions of so many seats, some without lanes and some with 16; each load gets one of its own."""

    name = "load"
    seats = 500
    refusals = REFUSALS

    @classmethod
    def setUpClass(cls):
        cls.make_cluster()
        create_database(cls.name)
        with Session(cls.name) as admin:
            admin.query(f"INSERT INTO booking.organizations (name) VALUES ('{cls.name}')")
            admin.query("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'V', 'UTC')")
            days = ", ".join(f'"{day}"' for day in calendar.day_name)
            admin.query("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, lanes, schedule)"
                        f" SELECT 1, v.id, 'lanes ' || n, {cls.seats}, n, '{{\"operatingDays\": [{days}],"
                        " \"startTime\": \"09:00\", \"endTime\": \"10:00\", \"slotInterval\": 60}'"
                        " FROM booking.venues AS v, (VALUES (0), (16)) AS l (n)")
            admin.query("SELECT booking.generate_activity_sessions(id, current_date + 1, 7) FROM booking.activities")

    @classmethod
    def make_cluster(cls):
        cls.cluster = Cluster(cls.name)
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.start()

    def backends(self):
        """Process numbers of the clients' backends. Between a kill and the restart the server may answer once more, or
        not at all: then there are none."""
        try:
            with Session(self.name) as session:
                return [int(pid) for pid, in session.query(
                    f"SELECT pid FROM pg_stat_activity WHERE datname = '{self.name}'"
                    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()")]
        except (ConnectionError, SqlError, OSError):
            return []

    def wait_for_load(self):
        found = []

        def look():
            found[:] = self.backends()
            return len(found) >= 3

        wait_until(look, "the load is there", 120)
        return found

    def is_reachable(self):
        try:
            with Session(self.name) as session:
                return session.value("SELECT 1") == "1"
        except (ConnectionError, SqlError, OSError):
            return False

    def setup_of(self, _number):
        """What a client does first on each connection."""
        return ()

    @staticmethod
    def fresh_session(admin, lanes):
        return admin.value("SELECT s.id FROM booking.sessions AS s JOIN booking.activities AS a ON a.id = s.activity_id"
                           f" WHERE a.name = 'lanes {lanes}' AND NOT EXISTS (SELECT 1"
                           "   FROM booking.slot_reservations AS r WHERE r.session_id = s.id)"
                           " ORDER BY s.start_time LIMIT 1")

    def under_load(self, lanes, disturb):
        """disturb(dice, clients) runs while the clients do; then the books are compared."""
        wait_until(self.is_reachable, "the server is back", 120)
        with Session(self.name) as admin:
            session_id = self.fresh_session(admin, lanes)
        over = threading.Event()
        clients = [Client(self.name, f"{self.id()}-{lanes}-{n}", session_id, n, over, self.seats * 9 // 10 // CLIENTS,
                          self.refusals, self.setup_of(n))
                   for n in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            disturb(random.Random(lanes), clients)
        finally:
            over.set()
            for client in clients:
                client.join()
        frames = [client.finish() for client in clients]
        for client in clients:
            self.assertIsNone(client.failure)
        self.assertEqual(sum(frames), 0, "an error has jumped over C++ frames")
        self.check(session_id, clients)

    def check(self, session_id, clients):
        wait_until(self.is_reachable, "the server is back", 120)
        with Session(self.name) as admin:
            self.assertEqual(admin.query("SELECT * FROM booking.integrity_check()"), [])
            taken = admin.value("SELECT COALESCE(sum(party_size), 0) FROM booking.slot_reservations"
                                f" WHERE session_id = '{session_id}' AND status IN ('pending', 'confirmed')")
            self.assertLessEqual(int(taken), self.seats)
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
                # A call that was refused, or that failed, has left nothing.
                made = {row[0] for row in admin.query("SELECT customer_email FROM booking.slot_reservations"
                                                      f" WHERE customer_email LIKE '{client.name}-%'")}
                self.assertLessEqual(made, set(client.held.values()) | client.unanswered)
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


def total(clients, answer):
    return sum(client.answers[answer] for client in clients)


def wait_for_answers(clients, answer, more, deadline=120.0):
    """Until the clients together have had so many more of these answers."""
    before = total(clients, answer)
    wait_until(lambda: total(clients, answer) >= before + more or any(c.failure for c in clients),
               f"{more} answers {answer}: {sum((c.answers for c in clients), collections.Counter())}", deadline)
