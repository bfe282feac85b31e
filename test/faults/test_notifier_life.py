"""The notifier comes and goes: it is terminated or killed, has nothing to do, or somebody wants its database."""

import os
import signal
import unittest

from notifier import CHANGE, COUNT, NotifierCase, Status, Writers
from psql import LONG, Session, drop_database, wait_until

EVENTS = 500 if LONG else 60


class NotifierLife(NotifierCase):
    name = "notifier_life"
    settings = ("max_worker_processes = 12", "pg_booking.notify_idle_seconds = 1")

    def test_terminated_under_load(self):
        listener, admin = self.listener(), self.session("postgres")
        victims = set()

        def disturb():
            for pid in self.notifiers(admin).values():
                if len(victims) < 5 and pid not in victims:
                    victims.add(pid)
                    admin.query(f"SELECT pg_terminate_backend({pid})")

        listener.hear_all(Writers(self.name, 4, EVENTS), disturb)
        self.assertGreater(len(victims), 0)

    def test_terminated_before_a_commit(self):
        """Nobody writes after it: the postmaster starts it again."""
        writer, listener, admin = self.session(), self.listener(), self.session()
        writer.query("BEGIN")
        writer.query(CHANGE)
        pid = self.notifier_of(admin)
        admin.query(f"SELECT pg_terminate_backend({pid})")
        wait_until(lambda: pid not in self.notifiers(admin).values(), "it has ended")
        writer.query("COMMIT")
        [(_, _, other)] = listener.wait_for(1, deadline=10.0)
        self.assertNotEqual(other, pid)

    def test_terminated_while_it_tells(self):
        """It waits for the lock of NOTIFY, which somebody has whose commit no other server confirms."""
        writer, listener, admin, holder = (self.session(), self.listener(), self.session(), self.session())
        writer.query("SET synchronous_commit = local")
        pid = self.assert_works()
        self.change("synchronous_standby_names", "'nobody'")
        self.addCleanup(self.change, "synchronous_standby_names", "DEFAULT")
        activity = f"SELECT state, wait_event FROM pg_stat_activity WHERE pid = {holder.pid}"
        asked = 0

        def is_held():
            nonlocal asked
            [(state, wait)] = admin.query(activity)
            if state == "idle":  # before the server has noticed the setting
                if asked:
                    holder.receive()
                holder.send("NOTIFY something\\; SELECT pg_logical_emit_message(true, 'a', 'b')")
                asked += 1
            return wait == "SyncRep"
        wait_until(is_held, "the lock is taken")
        listener.look()
        listener.heard.clear()
        writer.query(CHANGE)
        wait_until(lambda: admin.value(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = {pid}") == "1",
                   "the notifier waits for it")
        admin.query(f"SELECT pg_terminate_backend({pid})")
        wait_until(lambda: pid not in self.notifiers(admin).values(), "it has ended")
        admin.query(f"SELECT pg_cancel_backend({holder.pid})")
        holder.receive()
        self.assertNotEqual(listener.wait_for(1, deadline=10.0)[0][2], pid)

    def test_killed(self):
        """The server starts all of its processes anew; listeners come back and read."""
        pid = self.assert_works()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not os.path.exists(f"/proc/{pid}") and self.is_reachable(), "the server is back")
        with self.session() as admin:
            self.assertEqual(Status(admin).commits, 0)
        self.assertNotEqual(self.assert_works(), pid)

    def test_leaves_and_comes_back(self):
        pid = self.assert_works()
        with self.session() as admin:
            wait_until(lambda: self.notifiers(admin) == {}, "it has left")
            self.assertIsNone(Status(admin).pid)
        self.assertNotEqual(self.assert_works(), pid)

    def test_does_not_leave_before_a_commit(self):
        """The other database's notifier, which came later, is the clock."""
        self.make("notifier_clock")
        self.addCleanup(drop_database, "notifier_clock")
        writer, listener, admin = self.session(), self.listener(), self.session()
        writer.query("BEGIN")
        writer.query(CHANGE)
        pid = self.notifier_of(admin)
        for _ in range(2):
            self.assert_works("notifier_clock")
            wait_until(lambda: "notifier_clock" not in self.notifiers(admin), "the other has left")
        writer.query("COMMIT")
        self.assertEqual(listener.wait_for(1, deadline=10.0)[0][2], pid)

    def wanted(self, statement, database="notifier_wanted", role="postgres"):
        """Runs it while the notifier is there, and nobody else."""
        if not self.exists(database):
            self.make(database)
        pid = self.assert_works(database)
        with self.session("postgres") as admin:
            self.assertEqual(self.notifiers(admin).get(database), pid)
            admin.query(f"SET ROLE {role}")
            admin.query(statement)
            admin.query("RESET ROLE")
            self.assertNotIn(database, self.notifiers(admin))
            self.assertEqual(admin.value("SELECT count(*) FROM pg_stat_activity WHERE datname = 'notifier_wanted'"), "0")

    def exists(self, database):
        with self.session("postgres") as admin:
            return admin.value(f"SELECT count(*) FROM pg_database WHERE datname = '{database}'") == "1"

    def test_database_is_wanted(self):
        self.set_idle("60")
        self.addCleanup(self.set_idle, "1")
        for name in ("notifier_copy", "notifier_wanted", "notifier_renamed"):
            self.addCleanup(drop_database, name)
        self.assert_works()  # a notifier of another database absorbs the barriers
        self.wanted("CREATE DATABASE notifier_copy TEMPLATE notifier_wanted")
        self.assert_works("notifier_wanted")
        self.assert_works("notifier_copy")
        self.wanted("ALTER DATABASE notifier_wanted RENAME TO notifier_renamed")
        self.wanted("DROP DATABASE notifier_wanted")
        self.wanted("DROP DATABASE notifier_wanted WITH (FORCE)")
        self.wanted("DROP DATABASE notifier_copy", "notifier_copy")
        self.assertNotIn("does not exist", "".join(line for line in self.cluster.log.read_text("utf-8").splitlines()
                                                   if "FATAL" in line), "none tries to come back")

    def test_template_is_wanted(self):
        """Whoever may make databases may copy what is marked as a template, and no more."""
        self.set_idle("60")
        self.addCleanup(self.set_idle, "1")
        for name in ("notifier_copy", "notifier_wanted"):
            self.addCleanup(drop_database, name)
        self.make("notifier_wanted")
        with self.session("postgres") as admin:
            admin.query("CREATE ROLE maker CREATEDB")
            admin.query("CREATE ROLE other")
            admin.query("ALTER DATABASE notifier_wanted IS_TEMPLATE true")
        self.wanted("CREATE DATABASE notifier_copy TEMPLATE notifier_wanted", role="maker")
        pid = self.assert_works("notifier_wanted")
        with self.session("postgres") as admin:
            admin.query("SET ROLE other")
            self.assertEqual(admin.state("CREATE DATABASE notifier_more TEMPLATE notifier_wanted"), "42501")
            admin.query("SET ROLE maker")
            self.assertEqual(admin.state("DROP DATABASE notifier_wanted"), "42501")
            admin.query("RESET ROLE")
            admin.query("ALTER DATABASE notifier_wanted IS_TEMPLATE false")
        self.assertEqual(self.assert_works("notifier_wanted"), pid)

    def test_wanted_by_somebody_who_may_not(self):
        pid = self.assert_works()
        with self.session("postgres") as admin:
            admin.query("CREATE ROLE nobody")
            admin.query("SET ROLE nobody")
            self.assertEqual(admin.state(f"DROP DATABASE {self.name}"), "42501")
        self.assertEqual(self.assert_works(), pid)

    def test_wanted_in_vain(self):
        """A session stays. Until the notifier is back, writers notify themselves."""
        self.assert_works()
        writer, listener = self.session(), self.listener()
        with self.session("postgres") as admin:
            admin.send(f"CREATE DATABASE notifier_vain TEMPLATE {self.name}")
            wait_until(lambda: Status(writer).pid is None, "it has left")
            before = Status(writer).direct
            writer.query(CHANGE)
            [(_, payload, pid)] = listener.wait_for(1)
            self.assertIn("organization_id", payload)
            self.assertEqual((pid, Status(writer).direct), (writer.pid, before + 1))
            with self.assertRaises(Exception):
                admin.receive()

        def told_by_notifier():
            writer.query(CHANGE)
            return listener.wait_for(1)[0][1] == ""
        wait_until(told_by_notifier, "it is back")

    def set_idle(self, seconds):
        self.change("pg_booking.notify_idle_seconds", seconds)

    def change(self, name, value):
        with self.session("postgres") as admin:
            admin.query(f"ALTER SYSTEM SET {name} = {value}")
            admin.query("SELECT pg_reload_conf()")

    def test_postmaster_stops(self):
        self.assert_works()
        with Session(self.name) as admin:
            before = admin.value(COUNT)
        for mode in ("fast", "immediate"):
            self.cluster.stop(mode)
            self.cluster.start()
            with self.session() as admin:
                self.assertGreaterEqual(int(admin.value(COUNT)), int(before))
            self.assert_works()


if __name__ == "__main__":
    unittest.main()
