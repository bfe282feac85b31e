"""PostgreSQL goes away under the relay, in every way, while deliveries flow: the relay comes back by itself, reports
what was answered meanwhile, and neither loses an event nor sends one twice."""

import threading
import time
import unittest

from relay import DRAINED, RelayCase  # before psql.py, which it finds
from psql import LONG, Session, SqlError, wait_until

TIMES = 10 if LONG else 1
IN_FLIGHT = 20


class Writer(threading.Thread):
    """Makes events until told to stop, over connections that may break."""

    def __init__(self, case):
        super().__init__()
        self.case = case
        self.over = threading.Event()
        self.failure = None

    def run(self):
        session = None
        try:
            while not self.over.is_set():
                try:
                    session = session or Session(self.case.name)
                    self.case.happen(session, 5)
                    self.over.wait(0.01)  # the relay is to keep up
                except (SqlError, ConnectionError, OSError):
                    if session is not None:
                        session.close()
                    session = None
                    self.over.wait(0.05)  # leave the processors to the server that is starting
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error
        finally:
            if session is not None:
                session.close()

    def stop(self):
        self.over.set()
        self.join()


class RelayServer(RelayCase):
    name = "relay_server"

    def wait_drained(self, relay=None):
        """A claim that was committed when its answer was lost leaves leases of which no relay knows. Their end is
        brought forward, once the relay has done all the rest."""
        if relay is not None:
            due = "SELECT count(*) FROM booking.webhook_deliveries WHERE status <> 'leased'"
            wait_until(lambda: self.value(due) == "0", "nothing is due", DRAINED)
            claims = self.claims(relay)
            wait_until(lambda: self.claims(relay) >= claims + 2, "it has got whatever it had claimed")
            for metric in ("booking_relay_requests_in_flight", "booking_relay_results_waiting"):
                wait_until(lambda metric=metric: relay.metric(metric) == 0, metric)
            with Session(self.name) as admin:
                orphans = admin.query("UPDATE booking.webhook_deliveries SET lease_until = booking.clock()"
                                      " WHERE status = 'leased' RETURNING id")
            if orphans:
                print(f"{len(orphans)} deliveries left to the end of their lease ... ", end="")
        super().wait_drained(relay)

    @staticmethod
    def claims(relay):
        """With a report, or alone."""
        return relay.metric("booking_relay_database_seconds_count", 'claim"')

    def restart(self, go_away):
        """First while it waits for answers, which come when there is no server to tell them to; then in full flow."""
        with Session(self.name) as admin:
            self.endpoint(admin, "crm", max_in_flight=100)
            relay = self.relay(f"outbound.max_in_flight = {IN_FLIGHT}\noutbound.poll_ms = 100").ready()
            self.receiver.hold("/crm")
            self.happen(admin, 2 * IN_FLIGHT)
            self.wait_for_requests(IN_FLIGHT)
        go_away()
        self.receiver.release("/crm")
        wait_until(lambda: relay.metric("booking_relay_results_waiting") >= IN_FLIGHT, "answers wait to be reported")
        status, reason = relay.get("/readyz")
        self.assertEqual(status, 503)
        self.assertIn("the database cannot be used", reason)
        self.cluster.start()
        self.wait_drained(relay)
        self.assertEqual(len(self.check_books()), 2 * IN_FLIGHT)
        self.assert_nothing_twice()
        with Session(self.name) as admin:
            self.assertEqual(admin.value("SELECT max(attempt) FROM booking.webhook_logs"
                                         f" WHERE organization_id = {self.organization}"), "1", "one attempt each")

        self.receiver.delay = 0.01
        writer = Writer(self)
        self.addCleanup(writer.stop)
        writer.start()
        for _ in range(TIMES):
            self.wait_for_requests(self.receiver.count() + 100)
            go_away()
            wait_until(lambda: relay.get("/readyz")[0] == 503, "the relay has noticed")
            self.cluster.start()
        self.wait_for_requests(self.receiver.count() + 100, deadline=120)
        writer.stop()
        self.assertIsNone(writer.failure)
        self.wait_drained(relay)
        self.check_books()
        self.assert_nothing_twice()
        self.assertEqual(relay.stop(), 0)

    def test_restart_fast(self):
        self.restart(lambda: self.cluster.stop("fast"))

    def test_restart_immediate(self):
        self.restart(lambda: self.cluster.stop("immediate"))

    def test_postmaster_killed(self):
        self.restart(self.cluster.kill_postmaster)

    def test_connection_lost_in_a_report(self):
        """Many answers are on their way to the database, in one call that claims what is next, when its connection goes."""
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=IN_FLIGHT)
        relay = self.relay(f"outbound.max_in_flight = {2 * IN_FLIGHT}").ready()
        self.receiver.hold("/crm")
        self.happen(admin, 3 * IN_FLIGHT)
        self.wait_for_requests(IN_FLIGHT)
        with Session(self.name, ("BEGIN", "LOCK TABLE booking.webhook_attempts IN EXCLUSIVE MODE")) as locker:
            self.receiver.release("/crm")
            wait_until(lambda: self.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == "1", "its report waits")
            self.assertEqual(self.value("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                                        " WHERE application_name = 'booking-relay' AND wait_event_type = 'Lock'"), "1")
            locker.query("COMMIT")
        self.wait_drained(relay)
        self.check_books()
        self.assert_nothing_twice()
        self.assertEqual(relay.stop(), 0)

    def test_claims_refused(self):
        """Answers are taken also while the database refuses every claim that comes with them."""
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=IN_FLIGHT)
        relay = self.relay(f"outbound.max_in_flight = {2 * IN_FLIGHT}\noutbound.poll_ms = 100").ready()
        self.receiver.hold("/crm")
        self.happen(admin, 3 * IN_FLIGHT)
        self.wait_for_requests(IN_FLIGHT)
        admin.query("CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN RAISE 'no leases today'; END $$")
        admin.query("CREATE TRIGGER refuse BEFORE UPDATE ON booking.webhook_deliveries"
                    " FOR EACH ROW WHEN (NEW.status = 'leased') EXECUTE FUNCTION public.refuse()")
        self.receiver.release("/crm")
        wait_until(lambda: admin.value("SELECT count(*) FROM booking.webhook_deliveries") == str(2 * IN_FLIGHT),
                   "the answers are taken")
        wait_until(lambda: relay.logged("claim failed"), "and claims are not")
        self.assertEqual(self.receiver.count(), IN_FLIGHT)
        admin.query("DROP TRIGGER refuse ON booking.webhook_deliveries")
        self.wait_drained(relay)
        self.check_books()
        self.assert_nothing_twice()
        self.assertEqual(relay.stop(), 0)

    def test_report_refused_after_leases(self):
        """The server is back after the leases have run out, and refuses one of the answers that came meanwhile: the
        others are taken before anything is claimed."""
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=IN_FLIGHT)
        relay = self.relay(f"outbound.max_in_flight = {IN_FLIGHT}\noutbound.poll_ms = 100").ready()
        self.receiver.hold("/crm")
        self.happen(admin, IN_FLIGHT)
        self.wait_for_requests(IN_FLIGHT)
        [(refused, event)] = admin.query("SELECT id, event_id FROM booking.webhook_deliveries ORDER BY id DESC LIMIT 1")
        admin.query("UPDATE booking.webhook_deliveries SET lease_until = booking.clock()")
        admin.query("CREATE FUNCTION public.refuse_one() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN RAISE 'not this one'; END $$")
        admin.query("CREATE TRIGGER refuse_one BEFORE DELETE ON booking.webhook_deliveries"
                    f" FOR EACH ROW WHEN (OLD.id = '{refused}') EXECUTE FUNCTION public.refuse_one()")
        self.cluster.stop()
        self.receiver.release("/crm")
        wait_until(lambda: relay.metric("booking_relay_results_waiting") == IN_FLIGHT, "answers wait to be reported")
        self.cluster.start()
        wait_until(lambda: self.value("SELECT count(*) FROM booking.webhook_deliveries") == "1", "the others are taken")
        self.assertTrue(relay.logged("results refused"))
        with Session(self.name) as again:
            again.query("DROP TRIGGER refuse_one ON booking.webhook_deliveries")
        self.wait_drained()
        self.check_books()
        self.assertEqual([webhook_id for webhook_id, times in self.receiver.ids().items() if times > 1
                          and webhook_id != event], [], "sent twice")
        self.assertEqual(relay.stop(), 0)

    def claim_without_attempt(self, admin, delivery):
        """Claims are as they were, but for this delivery's attempt, whose number is missing."""
        columns, result = admin.query(
            "SELECT string_agg(CASE name WHEN 'attempt' THEN"
            f" 'CASE WHEN delivery_id <> ''{delivery}'' THEN attempt END' ELSE name END, ', ' ORDER BY place),"
            " pg_get_function_result(oid) FROM pg_proc,"
            " LATERAL unnest(proargnames, proargmodes) WITH ORDINALITY AS a (name, mode, place)"
            " WHERE oid = 'booking.claimed'::regproc AND mode = 't' GROUP BY oid")[0]
        admin.query(f"CREATE OR REPLACE FUNCTION booking.relay_claim(uuid, integer, integer, uuid) RETURNS {result}"
                    f" LANGUAGE sql AS $$ SELECT {columns} FROM booking.claimed($1, $2, $3, $4) $$")
        admin.query("GRANT EXECUTE ON FUNCTION booking.relay_claim(uuid, integer, integer, uuid) TO booking_relay")

    def test_claim_not_understood(self):
        """One of the deliveries claimed with a report cannot be read: the report counts, the others are delivered, and
        that one when its lease has ended."""
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=IN_FLIGHT)
        relay_claim = "booking.relay_claim(uuid, integer, integer, uuid)"
        admin.query(f"ALTER FUNCTION {relay_claim} RENAME TO claimed")
        self.addCleanup(lambda: [admin.query(sql) for sql in (
            f"DROP FUNCTION {relay_claim}",
            "ALTER FUNCTION booking.claimed(uuid, integer, integer, uuid) RENAME TO relay_claim")])
        self.receiver.hold("/crm")
        self.happen(admin, 2 * IN_FLIGHT)
        unread = admin.value("SELECT id FROM booking.webhook_deliveries ORDER BY id DESC LIMIT 1")
        self.claim_without_attempt(admin, unread)
        relay = self.relay(f"outbound.max_in_flight = {IN_FLIGHT}\noutbound.poll_ms = 100").ready()
        self.wait_for_requests(IN_FLIGHT)
        self.receiver.release("/crm")
        wait_until(lambda: admin.query("SELECT id, status FROM booking.webhook_deliveries") == [(unread, "leased")],
                   "the others are delivered")
        self.assertEqual(relay.log().count("claimed deliveries cannot be read"), 1)
        self.assertEqual(self.receiver.count(), 2 * IN_FLIGHT - 1)
        self.claim_without_attempt(admin, "00000000-0000-0000-0000-000000000000")
        admin.query("UPDATE booking.webhook_deliveries SET lease_until = booking.clock()")
        self.wait_drained()
        self.check_books()
        self.assert_nothing_twice()
        self.assertEqual(admin.query("SELECT outcome, count(*) FROM booking.webhook_logs"
                                     f" WHERE organization_id = {self.organization} AND outcome = 'late' GROUP BY 1"),
                         [], "reported twice")
        self.assertEqual(relay.stop(), 0)

    @unittest.skipUnless(LONG, "the server is away for a minute and more")
    def test_away_for_long(self):
        """Relays come back one after the other, each with answers to report: none takes another for dead meanwhile."""
        with Session(self.name) as admin:
            self.endpoint(admin, "crm", max_in_flight=100)
            relays = [self.relay("outbound.max_in_flight = 5\noutbound.poll_ms = 100").ready() for _ in range(4)]
        losses = "booking_relay_database_losses_total"
        for _ in range(5):
            before = [relay.metric(losses) for relay in relays]
            self.receiver.hold("/crm")
            with Session(self.name) as admin:
                self.happen(admin, 40)
            wait_until(lambda: self.receiver.under_way["/crm"] == 20, "all of them wait for answers")
            self.cluster.stop()
            self.receiver.release("/crm")
            # Until the pauses between attempts to connect are the longest, and one of them has just begun.
            for relay, losses_before in zip(relays, before):
                wait_until(lambda relay=relay, least=losses_before + 8: relay.metric(losses) >= least, "many attempts")
                self.assertGreaterEqual(relay.metric("booking_relay_results_waiting"), 5)
            tried = relays[0].metric(losses)
            wait_until(lambda tried=tried: relays[0].metric(losses) > tried, "one attempt more")
            self.cluster.start()
            self.wait_drained()
            self.assert_nothing_twice()
        self.check_books()
        self.assertEqual([relay.stop() for relay in relays], [0] * 4)

    @unittest.skipUnless(LONG, "leases last 40 seconds or more")
    def test_away_for_longer_than_leases(self):
        """More answers than fit into one report: all are reported before leases that have run out are given anew."""
        number = 300
        with Session(self.name) as admin:
            self.endpoint(admin, "crm", max_in_flight=number)
            relay = self.relay(f"outbound.max_in_flight = {number}\noutbound.lease_seconds = 40").ready()
            self.receiver.hold("/crm")
            self.happen(admin, number)
            self.wait_for_requests(number)
        leased = time.monotonic()
        self.cluster.stop()
        self.receiver.release("/crm")
        wait_until(lambda: relay.metric("booking_relay_results_waiting") == number, "answers wait to be reported")
        wait_until(lambda: time.monotonic() > leased + 40, "the leases have run out")
        self.cluster.start()
        self.wait_drained(relay)
        self.check_books()
        self.assert_nothing_twice()
        self.assertEqual(relay.stop(), 0)

    def test_listener_terminated(self):
        """Nothing but a notification wakes this relay, so that it has to listen again, too."""
        admin = self.admin()
        self.endpoint(admin, "crm", max_in_flight=100)
        relay = self.relay(f"outbound.max_in_flight = {IN_FLIGHT}\noutbound.poll_ms = 60000").ready()
        terminate = ("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity"
                     " WHERE application_name = 'booking-relay'")

        self.receiver.hold("/crm")
        self.happen(admin, 2 * IN_FLIGHT)
        self.wait_for_requests(IN_FLIGHT)
        self.assertEqual(admin.value(terminate), "1")
        self.receiver.release("/crm")
        self.wait_drained()

        self.receiver.delay = 0.005
        writer = Writer(self)
        self.addCleanup(writer.stop)
        writer.start()
        terminated = 1
        for _ in range(10 * TIMES):
            self.wait_for_requests(self.receiver.count() + 30)
            terminated += int(admin.value(terminate))
            relay.ready()
        writer.stop()
        self.assertIsNone(writer.failure)
        self.wait_drained()

        heard = relay.metric("booking_relay_notifications_total")
        self.happen(admin, 1)
        self.wait_drained()
        self.assertGreater(relay.metric("booking_relay_notifications_total"), heard)
        self.check_books()
        self.assert_nothing_twice()
        self.assertGreaterEqual(terminated, 10 * TIMES)
        self.assertGreaterEqual(relay.metric("booking_relay_database_losses_total"), 10 * TIMES)
        self.assertEqual(relay.stop(), 0)


if __name__ == "__main__":
    unittest.main()
