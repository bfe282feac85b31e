"""Where there can be no notifier, writers notify themselves: no worker is free, all places are taken, pg_upgrade's
server, a library that was not preloaded. And on a standby there is none until it is promoted."""

import pathlib
import unittest

from cluster import Cluster, as_server
from notifier import CHANGE, SETUP, NotifierCase, Status
from psql import Session, create_database, wait_until


class Places(NotifierCase):
    name = "notifier_places"
    settings = ("max_worker_processes = 2", "max_logical_replication_workers = 0", "pg_booking.notify_databases = 2",
                "max_prepared_transactions = 1")

    def restart(self, *options):
        self.cluster.stop()
        self.cluster.start(*options)

    def assert_direct(self, database=None, writer=None):
        writer, listener = writer or self.session(database), self.listener(database)
        writer.query(CHANGE)
        [(_, payload, pid)] = listener.wait_for(1)
        self.assertEqual(pid, writer.pid)
        self.assertIn('"ids":["', payload)
        return writer

    def test_no_free_worker(self):
        self.restart("-c", "max_worker_processes=0")
        self.addCleanup(self.restart)
        writer = self.assert_direct()
        status = Status(writer)
        self.assertEqual((status.mode, status.pid, status.direct, status.error),
                         ("coalesced", None, 1, "no background worker is free"))
        self.assert_direct(writer=writer)  # in the pause, when the postmaster is not asked
        self.assertEqual(Status(writer).direct, 2)
        writer.query("BEGIN")
        writer.query(CHANGE)
        self.assertEqual(writer.state("PREPARE TRANSACTION 'p'"), "0A000")
        log = self.cluster.log.read_text(encoding="utf-8")
        self.assertIn("Raise max_worker_processes", log)

    def test_a_worker_becomes_free(self):
        """Two are in use by other databases; when one of these goes, its worker does."""
        self.restart("-c", "max_worker_processes=1")
        self.addCleanup(self.restart)
        self.make("notifier_first")
        self.assert_works("notifier_first")
        writer = self.assert_direct()
        with self.session("postgres") as admin:
            admin.query("DROP DATABASE notifier_first")
        listener = self.listener()

        def told_by_notifier():
            writer.query(CHANGE)
            return listener.wait_for(1)[0][1] == ""
        wait_until(told_by_notifier, "the worker is used")

    def test_all_places_are_taken(self):
        others = ("notifier_one", "notifier_two")
        writers = []
        for name in others:
            self.make(name)
            writers.append(self.session(name))
            writers[-1].query(CHANGE)
        third = self.assert_direct()
        status = Status(third)
        self.assertEqual((status.pid, status.direct, status.homeless > 0), (None, 0, True))
        # A place is given away when no writer is connected and there is nothing left to tell.
        with self.session("postgres") as admin:
            writers[0].close()
            admin.query("DROP DATABASE notifier_one")
        wait_until(lambda: third.query(CHANGE) == [] and Status(third).pid is not None, "there is a place")
        self.assert_works()
        writers[1].close()
        with self.session("postgres") as admin:
            admin.query("DROP DATABASE notifier_two")

    def test_binary_upgrade(self):
        self.restart("-b")
        self.addCleanup(self.restart)
        writer = self.assert_direct()
        self.assertEqual((Status(writer).mode, Status(writer).commits), ("direct", None))
        self.assertEqual(writer.state("SET pg_booking.notify = coalesced"), "22023")
        self.assertEqual(self.notifiers(writer), {})

    def test_not_preloaded(self):
        self.restart("-c", "shared_preload_libraries=")
        self.addCleanup(self.restart)
        writer = self.assert_direct()
        status = Status(writer)
        self.assertEqual((status.mode, status.pid, status.commits, status.notifications, status.direct, status.homeless),
                         ("direct", None, None, None, None, None))
        self.assertEqual(writer.state("SET pg_booking.notify = coalesced"), "22023")
        self.assertEqual(writer.state("ALTER DATABASE notifier_places SET pg_booking.notify = coalesced"), "00000",
                         "for the time when it is")
        with self.session() as later:
            self.assert_direct(writer=later)
        writer.query("ALTER DATABASE notifier_places RESET pg_booking.notify")

    def test_other_modes(self):
        listener = self.listener()
        writer = self.session(setup=("SET pg_booking.notify = off",))
        writer.query(CHANGE)
        writer.query("SET pg_booking.notify = direct")
        writer.query(CHANGE)
        self.assertEqual([(pid, '"ids"' in payload) for _, payload, pid in listener.wait_for(1)], [(writer.pid, True)])
        writer.query("RESET pg_booking.notify")
        self.assertEqual(writer.value("SHOW pg_booking.notify"), "coalesced")

    def test_standby_and_promotion(self):
        self.assert_works()
        primary = self.cluster
        standby = StandbyCluster(primary)
        self.addCleanup(primary.point_to)
        self.addCleanup(standby.remove)
        standby.start()
        with Session(self.name) as reader:
            self.assertEqual(reader.value("SELECT pg_is_in_recovery()"), "t")
            self.assertEqual(reader.state(CHANGE), "25006")
            self.assertEqual((Status(reader).mode, Status(reader).pid, Status(reader).commits), ("coalesced", None, 0))
            self.assertEqual(self.notifiers(reader), {})
            reader.query("SELECT pg_promote()")
        self.assert_works()


class StandbyCluster(Cluster):
    """A copy of the other one, in recovery; from now on it is the one that is talked to."""

    def __init__(self, primary):  # pylint: disable=super-init-not-called
        self.data = pathlib.Path(f"{primary.data}-standby")
        self.environment = ()
        self.log = self.data.with_suffix(".log")
        as_server("pg_basebackup", "-D", str(self.data), "-R", "-c", "fast", "--no-sync", "-h", primary.sockets, "-p",
                  "5432", "-U", "postgres")
        self.listen()


class NotPreloaded(unittest.TestCase):
    """The library is loaded by the first call: its settings are known from then on."""

    def test_settings(self):
        cluster = Cluster("notifier_late", "fsync = off", "pg_booking.notify = 'coalesced'", initdb=("--no-sync",))
        self.addCleanup(cluster.remove)
        cluster.start()
        create_database("notifier_late")
        with Session("notifier_late") as session:
            for sql in SETUP:
                session.query(sql)
            self.assertEqual(session.value("SHOW pg_booking.notify"), "direct")
            self.assertEqual(Status(session).mode, "direct")


if __name__ == "__main__":
    unittest.main()
