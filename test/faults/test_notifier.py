"""The notifier does what it is for: whoever listens, and reads when told, misses nothing, and writers do not wait."""

import unittest

from notifier import CHANGE, NotifierCase, Status, Writers
from psql import LONG, SqlError, wait_until

EVENTS = 500 if LONG else 60


class Notifier(NotifierCase):
    settings = ("max_prepared_transactions = 5", "max_worker_processes = 12")

    def setUp(self):
        self.admin = self.session()

    def set(self, name, value):
        self.addCleanup(self.change, name, "DEFAULT")
        self.change(name, value)

    def change(self, name, value):
        with self.session("postgres") as admin:
            admin.query(f"ALTER SYSTEM SET {name} = {value}")
            admin.query("SELECT pg_reload_conf()")

    def test_nothing_is_missed(self):
        listener = self.listener()
        pid = self.assert_works()
        before = Status(self.admin)
        told = listener.hear_all(Writers(self.name, 4, EVENTS))
        after = Status(self.admin)
        self.assertEqual(after.commits - before.commits, 4 * EVENTS)
        self.assertLessEqual(told, after.notifications - before.notifications + 1)
        self.assertLessEqual(after.notifications - before.notifications, 4 * EVENTS)
        self.assertEqual((after.direct, after.pid), (before.direct, pid))

    def test_many_commits_are_one_notification(self):
        self.set("pg_booking.notify_interval_ms", "1000")
        for _ in range(2):
            self.assert_works()  # with the second it has read the setting
        before = Status(self.admin)
        self.listener().hear_all(Writers(self.name, 4, EVENTS))
        after = Status(self.admin)
        self.assertLess((after.notifications - before.notifications) * 4, after.commits - before.commits)

    def test_only_what_is_committed(self):
        self.assert_works()
        before = Status(self.admin)
        self.admin.query("BEGIN")
        self.admin.query(CHANGE)
        self.admin.query("ROLLBACK")
        self.admin.query("UPDATE booking.venues SET name = name")  # changes nothing
        self.assertEqual((Status(self.admin).commits, Status(self.admin).direct), (before.commits, before.direct))

    def test_each_channel(self):
        listener = self.listener()
        self.admin.query("SELECT booking.create_webhook_endpoint(1, 'each', 'https://example.com/', '{booking.*}')")
        self.admin.query("SELECT booking.test_webhook(1, 'each')")
        [(_, payload, pid), *_] = listener.wait_for(1, "booking_webhooks")
        self.assertEqual((payload, pid), ("", self.notifier_of(self.admin)))

    def test_writers_do_not_wait_for_each_other(self):
        """One that notifies directly keeps the server's lock while it waits for a standby that does not exist."""
        self.assert_works()
        self.admin.query("SELECT booking.create_webhook_endpoint(1, 'wait', 'https://example.com/', '{venue.*}')")
        listener = self.listener()
        self.set("synchronous_standby_names", "'nobody'")
        blocker = self.session(setup=("SET pg_booking.notify = direct",))
        writer = self.session(setup=("SET synchronous_commit = local",))
        direct = self.session(setup=("SET synchronous_commit = local", "SET pg_booking.notify = direct",
                                     "SET lock_timeout = '200ms'", "SET pg_booking.lock_timeout = 0"))
        blocker.send("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'other', 'UTC')")
        wait_until(lambda: self.admin.value(f"SELECT wait_event FROM pg_stat_activity WHERE pid = {blocker.pid}")
                   == "SyncRep", "the first has committed, but for the standby")
        with self.assertRaises(SqlError) as caught:
            direct.query(CHANGE)
        self.assertEqual(caught.exception.sqlstate, "55P03", "the lock is there")
        writer.query("SET lock_timeout = '200ms'")
        writer.query(CHANGE)  # makes deliveries, too
        self.change("synchronous_standby_names", "DEFAULT")
        blocker.receive()
        listener.wait_for(2)

    def test_two_databases(self):
        self.make("notifier_two")
        other = self.listener("notifier_two")
        first, second = self.assert_works(), self.assert_works("notifier_two")
        self.assertNotEqual(first, second)
        self.assertEqual(self.notifiers(self.admin), {self.name: first, "notifier_two": second})
        other.wait_for(1)
        self.assert_works()
        self.assert_works("notifier_two")
        self.assertEqual({pid for _, _, pid in other.wait_for(1)}, {second}, "nothing of the other database")

    def test_prepared_transactions(self):
        for committed_by in ("the same", "another", "one that notifies directly"):
            with self.subTest(committed_by=committed_by):
                writer, listener = self.session(), self.listener()
                writer.query("BEGIN")
                writer.query(CHANGE)
                writer.query("PREPARE TRANSACTION 'p'")
                wait_until(lambda: listener.look() == 0, "nothing is told")  # pylint: disable=cell-var-from-loop
                before = Status(self.admin)
                if committed_by != "the same":
                    writer.close()
                    writer = self.session(
                        setup=("SET pg_booking.notify = direct",) if "directly" in committed_by else ())
                writer.query("COMMIT PREPARED 'p'")
                listener.wait_for(1, deadline=10.0)
                self.assertEqual(Status(self.admin).commits - before.commits, 0 if "directly" in committed_by else 1)

    def test_prepared_transactions_survive_a_restart(self):
        with self.session() as writer:
            writer.query("BEGIN")
            writer.query(CHANGE)
            writer.query("PREPARE TRANSACTION 'p'")
        self.admin.close()
        self.cluster.stop("immediate")
        self.cluster.start()
        listener, writer = self.listener(), self.session()
        writer.query("COMMIT PREPARED 'p'")
        listener.wait_for(1, deadline=10.0)
        self.assertEqual(Status(writer).commits, 1)
        self.assertEqual(writer.state("COMMIT PREPARED 'nobody''s'"), "42704")
        self.assertEqual(Status(writer).commits, 1)

    def test_extension_dropped_and_made_anew(self):
        self.make("notifier_drop")
        pid = self.assert_works("notifier_drop")
        admin = self.session("notifier_drop")
        admin.query("DROP EXTENSION pg_booking CASCADE")
        self.assertEqual(self.notifiers(admin).get("notifier_drop"), pid)
        admin.query("CREATE EXTENSION pg_booking")
        admin.query("SELECT booking.install()")
        self.assertEqual(self.assert_works("notifier_drop"), pid)


if __name__ == "__main__":
    unittest.main()
