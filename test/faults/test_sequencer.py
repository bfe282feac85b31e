"""The places of events, whatever their transactions do: commit out of order, very late, in two phases, in part or not at
all, while several sequencers are at it, while they are killed. Afterwards every committed event has one place, there is
no gap, and what happened to a booking is in its order."""

import os
import random
import signal
import subprocess
import tempfile
import time
import unittest

from cluster import Cluster  # before psql.py, which it finds
from psql import LONG, Session, SqlError, create_database, drop_database, in_maintenance, wait_until

NAME = "sequencer"
BOOKINGS, WRITERS, SEQUENCERS = 4, 3, 3
TRANSACTIONS = 2000 if LONG else 100
PASSED_BY = 5000 if LONG else 500
KILLS = 20 if LONG else 2
SETUP = f"""
INSERT INTO booking.organizations (name) VALUES ('Ann''s'), ('Bob''s');
INSERT INTO booking.venues (organization_id, name, timezone)
SELECT o.organization_id, 'Hall ' || n, 'UTC' FROM booking.organizations AS o, generate_series(1, {WRITERS}) AS n;
INSERT INTO booking.bookings (organization_id, id, booking_number, customer_email, status, payment_status, currency)
SELECT 1 + n % 2, booking.new_id(1 + n % 2), 'B' || n, 'a@b.de', 'pending', 'pending', 'EUR'
  FROM generate_series(0, {BOOKINGS - 1}) AS n;
"""
CHANGE = "UPDATE booking.bookings SET party_size = party_size + 1 WHERE booking_number = 'B{}'"
RENAME = "UPDATE booking.venues SET name = name || '.' WHERE name LIKE 'Hall {}%'"
PASS = "SELECT sequenced, last_seq, busy FROM booking.relay_sequence({})"


def transactions(dice, writer):
    """What a writer does, as a script. It locks one booking at a time, and venues that nobody else writes to."""
    for number in range(TRANSACTIONS):
        change = CHANGE.format(dice.randrange(BOOKINGS))
        rename = RENAME.format(writer)
        kind = dice.randrange(6)
        if kind < 2:
            yield f"{change};"
        elif kind == 2:
            yield f"BEGIN; {rename}; {change}; ROLLBACK;"
        elif kind == 3:
            yield f"BEGIN; SAVEPOINT a; {rename}; ROLLBACK TO a; {change}; SAVEPOINT b; {rename}; RELEASE b; COMMIT;"
        elif kind == 4:
            yield (f"BEGIN; {rename}; {change}; PREPARE TRANSACTION '{writer}-{number}'; SELECT pg_backend_pid();"
                   f" {dice.choice(['COMMIT', 'COMMIT', 'ROLLBACK'])} PREPARED '{writer}-{number}';")
        else:
            yield f"BEGIN; {rename}; {rename}; {change}; COMMIT;"


class Sequencer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(NAME, "max_prepared_transactions = 50")
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.start()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def setUp(self):
        create_database(NAME)
        self.admin = self.session()
        # Without NOTIFY, whose lock would put the commits of writers in order.
        in_maintenance(f"ALTER DATABASE {NAME} SET pg_booking.notify = off")
        for statement in SETUP.split(";\n"):
            if statement.strip():
                self.admin.query(statement)

    def session(self, *setup, database=NAME):
        session = Session(database, setup)
        self.addCleanup(session.close)
        return session

    def start(self, lines, name):
        """A client that runs a script; it ends when the server does."""
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        process = subprocess.Popen(["psql", "-Xqv", "ON_ERROR_STOP=1", "-d", NAME, "-f", path], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_load(self, seed):
        writers = [self.start(transactions(random.Random(seed * 100 + n), n + 1), f"writer{n}") for n in range(WRITERS)]
        sequencers = [self.start([PASS.format(1 + n * 10) + ";"] * TRANSACTIONS * 20, f"sequencer{n}")
                      for n in range(SEQUENCERS)]
        return writers, sequencers

    def drain(self, session, most=1000):
        while session.query(PASS.format(most))[0][0] != "0":
            pass

    def assert_sound(self, session):
        self.assertEqual(session.query("SELECT * FROM booking.integrity_check()"), [])
        self.assertEqual(session.query(
            "SELECT e.kind, e.facts FROM booking.booking_events AS e LEFT JOIN booking.event_positions AS p"
            " ON p.organization_id = e.organization_id AND p.event_id = e.id WHERE p.seq IS NULL"), [], "without a place")
        [(count, first, last)] = session.query("SELECT count(*), min(seq), max(seq) FROM booking.event_positions")
        self.assertEqual((first, last), ("1", count))
        self.assertEqual(session.query("SELECT count(*) FROM booking.booking_events"), [(count,)])
        self.assertEqual(session.query(
            "SELECT x.* FROM (SELECT e.booking_id, p.seq, (e.facts ->> 'party_size')::integer AS now,"
            "         lag((e.facts ->> 'party_size')::integer) OVER (PARTITION BY e.booking_id ORDER BY p.seq) AS before"
            "    FROM booking.event_positions AS p JOIN booking.booking_events AS e"
            "      ON e.organization_id = p.organization_id AND e.id = p.event_id"
            "   WHERE e.booking_id IS NOT NULL AND e.facts ? 'party_size') AS x WHERE x.now <> x.before + 1"), [],
            "the history of a booking is out of order")

    def seq_of(self, where):
        return [int(seq) for seq, in self.admin.query(
            "SELECT p.seq FROM booking.event_positions AS p JOIN booking.booking_events AS e"
            f" ON e.organization_id = p.organization_id AND e.id = p.event_id WHERE {where} ORDER BY 1")]

    def test_who_commits_late_comes_late(self):
        self.drain(self.admin)
        early, late = self.session(), self.session()
        early.query("BEGIN")
        early.query(CHANGE.format(0))
        late.query(CHANGE.format(1))
        self.assertEqual(self.admin.query(PASS.format(10))[0][0], "1")
        self.assertEqual(self.admin.query(PASS.format(10))[0][0], "0")
        early.query("COMMIT")
        self.assertEqual(self.admin.query(PASS.format(10))[0][0], "1")
        last = [kind for kind, in self.admin.query(
            "SELECT b.booking_number FROM booking.relay_events((SELECT last_seq - 2 FROM booking.relay_position()), 2) AS x"
            " JOIN booking.bookings AS b ON b.id = x.booking_id ORDER BY x.seq")]
        self.assertEqual(last, ["B1", "B0"])
        self.assert_sound(self.admin)

    def test_a_transaction_ends_while_the_window_is_known(self):
        """Between finding out who has ended and numbering, a long transaction ends, and who waited for its booking."""
        self.drain(self.admin)
        first, second, others, maker, sequencer = (self.session() for _ in range(5))
        first.query("BEGIN")
        first.query(CHANGE.format(0))
        time.sleep(0.5)  # more than the slack of a window
        for _ in range(2):
            others.query(CHANGE.format(1))
            self.assertEqual(self.admin.query(PASS.format(10))[0][0], "1")
        maker.query("BEGIN")
        maker.query("LOCK TABLE ONLY booking.booking_events_default IN ACCESS EXCLUSIVE MODE")  # as when a day is made
        others.query(CHANGE.format(1))
        sequencer.send(PASS.format(10))
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = {}"
        wait_until(lambda: self.admin.value(waits.format(sequencer.pid)) == "1", "the pass waits")
        second.send(CHANGE.format(0))
        wait_until(lambda: self.admin.value(waits.format(second.pid)) == "1", "it waits for the booking")
        first.query("COMMIT")
        second.receive()
        maker.query("COMMIT")
        sequencer.receive()
        self.drain(self.admin)
        self.assert_sound(self.admin)

    def test_thousands_pass_a_long_transaction(self):
        self.drain(self.admin)
        long = self.session()
        long.query("BEGIN")
        long.query(RENAME.format(1))
        long.query("SAVEPOINT a")
        long.query(CHANGE.format(0))
        prepared = self.session()
        prepared.query("BEGIN")
        prepared.query(CHANGE.format(1))
        prepared.query("PREPARE TRANSACTION 'long'")
        prepared.close()
        crowd = self.start([CHANGE.format(2) + ";"] * PASSED_BY, "crowd")
        while crowd.poll() is None:
            self.admin.query(PASS.format(100))
        self.assertEqual(crowd.returncode, 0, crowd.stderr.read())
        self.drain(self.admin)
        self.assertGreater(len(self.seq_of("kind = 'booking.updated'")), PASSED_BY - 1)
        # Nobody has ended: not even a look is taken.
        [(state,)] = self.admin.query("SELECT md5(s::text) FROM booking.event_sequencer AS s")
        self.assertEqual(self.admin.query(PASS.format(100))[0][0], "0")
        self.assertEqual(self.admin.value("SELECT md5(s::text) FROM booking.event_sequencer AS s"), state)
        long.query("COMMIT")
        self.assertEqual(self.admin.query(PASS.format(100))[0][0], "3", "two venues and a booking")
        self.admin.query("COMMIT PREPARED 'long'")
        self.assertEqual(self.admin.query(PASS.format(100))[0][0], "1")
        self.assert_sound(self.admin)

    def test_one_at_a_time(self):
        first, second = self.session(), self.session()
        first.query("BEGIN")
        [(sequenced, last, busy)] = first.query(PASS.format(3))
        self.assertEqual((sequenced, last, busy), ("3", "3", "f"))
        self.assertEqual(second.query(PASS.format(3)), [("0", "0", "t")], "without waiting, and without its numbers")
        first.query("ROLLBACK")
        self.assertEqual(second.query(PASS.format(3)), [("3", "3", "f")], "which nobody has seen")
        second.query("BEGIN ISOLATION LEVEL REPEATABLE READ")
        second.query("SELECT 1")
        self.assertEqual(first.query(PASS.format(3))[0][1], "6")
        self.assertEqual(second.state(PASS.format(3)), "BK401", "a snapshot from before that")
        second.query("ROLLBACK")
        # A transaction that goes on after it has numbered events.
        first.query("BEGIN")
        first.query(PASS.format(1000))
        first.query(CHANGE.format(0))
        first.query("COMMIT")
        self.assertEqual(second.query(PASS.format(1000))[0][0], "1", "what it has written then is found")
        self.assert_sound(self.admin)

    def test_all_at_once(self):
        writers, sequencers = self.start_load(1)
        for process in writers:
            process.wait()
            self.assertEqual(process.returncode, 0, process.stderr.read())
        given = int(self.admin.value("SELECT count(*) FROM booking.event_positions"))
        self.assertGreater(given, TRANSACTIONS, "they were at it meanwhile")
        for process in sequencers:
            process.kill()
            process.wait()
        wait_until(lambda: self.admin.query(PASS.format(1))[0][2] == "f", "the last pass is over")
        self.drain(self.admin)
        self.assert_sound(self.admin)

    def test_killed(self):
        """kill -9 of the backend that numbers: the server restarts, and everybody with it."""
        count = "SELECT count(*) FROM booking.event_positions"
        for kill in range(KILLS):
            processes = [process for kind in self.start_load(10 + kill) for process in kind]
            given = int(self.admin.value(count))
            wait_until(lambda: int(self.admin.value(count)) > given + 20, "they are at it")
            pid = None
            while pid is None:
                rows = self.admin.query("SELECT pid FROM pg_stat_activity WHERE state = 'active'"
                                        " AND query LIKE '%relay_sequence%' AND pid <> pg_backend_pid() LIMIT 1")
                pid = int(rows[0][0]) if rows else None
            os.kill(pid, signal.SIGKILL)
            for process in processes:
                process.wait()
            self.reconnect()
            for prepared, in self.admin.query("SELECT gid FROM pg_prepared_xacts"):
                self.admin.query(f"COMMIT PREPARED '{prepared}'")
            self.drain(self.admin)
            self.assert_sound(self.admin)

    def reconnect(self):
        self.admin.close()

        def connected():
            try:
                self.admin = self.session()
                return True
            except (ConnectionError, SqlError, OSError):
                return False

        wait_until(connected, "the server is back")

    def test_told_only_what_is_on_disk(self):
        """Also where commits do not wait for that: a number that is lost in a crash would be given again."""
        session = self.session("SET synchronous_commit = off")
        for _ in range(20):
            session.query(CHANGE.format(0))
            written = session.value("SELECT pg_current_wal_insert_lsn()")
            session.query(PASS.format(1000))
            self.assertEqual(session.value(f"SELECT pg_current_wal_flush_lsn() > '{written}'"), "t")

    def test_a_copy_goes_on_with_its_own(self):
        self.drain(self.admin)
        before = self.seq_of("true")
        self.admin.close()
        in_maintenance(f"CREATE DATABASE {NAME}_copy TEMPLATE {NAME}")
        self.addCleanup(drop_database, f"{NAME}_copy")
        self.admin = self.session(database=f"{NAME}_copy")
        self.assertEqual(self.seq_of("true"), before, "places are rows like others")
        self.admin.query(CHANGE.format(0))
        self.assertEqual(self.admin.query(PASS.format(1000)), [("1", str(len(before) + 1), "f")])
        self.assert_sound(self.admin)


if __name__ == "__main__":
    unittest.main()
