"""Somebody keeps a row locked in an open transaction: others wait no longer than they were told to, say that it is worth
trying again, and leave nothing behind. So do calls that are cancelled, run out of time, or lose their backend."""

import time
import unittest

from load import REFUSALS, LoadCase, total
from psql import LONG, DatabaseCase, Session, SqlError, wait_until

# The holder never lets go before there is an answer, so an answer shows that the wait was bounded; that it was bounded by
# the short limit shows where the other one is long.
SHORT, BOUND = "100ms", 60.0
LONG_WAIT = "10min"
CANCELS, TERMINATIONS = (2000, 300) if LONG else (60, 12)


class Locks(DatabaseCase):
    """Each test has a session without lanes and one with four, each with a hold that is live, one to be confirmed, and
    one that has run out."""

    def setUp(self):
        self.admin.query("TRUNCATE booking.organizations CASCADE")
        self.admin.query("TRUNCATE booking.slot_reservations, booking.bookings, booking.customers CASCADE")
        self.admin.query("INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'Locks')")
        self.admin.query("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'V', 'UTC')")
        self.admin.query("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, lanes, schedule)"
                         " SELECT 1, id, 'lanes ' || n, 40, n, '{\"operatingDays\": [\"Monday\"],"
                         " \"startTime\": \"09:00\", \"endTime\": \"10:00\", \"slotInterval\": 60}'"
                         " FROM booking.venues, (VALUES (0), (4)) AS l (n)")
        self.admin.query("SELECT booking.generate_activity_sessions(id, current_date + 1, 7) FROM booking.activities")
        self.sessions = {int(lanes): id for lanes, id in self.admin.query(
            "SELECT lane_count, id FROM booking.sessions")}
        self.live, self.run_out = {}, {}
        self.admin.query("SET pg_booking.clock_offset = -700")
        for lanes, session in self.sessions.items():
            self.run_out[lanes] = self.hold(session)
        self.admin.query("RESET pg_booking.clock_offset")
        for lanes, session in self.sessions.items():
            self.live[lanes] = self.hold(session)
        self.holder = self.session()
        self.caller = self.session(f"SET pg_booking.lock_timeout = '{SHORT}'")

    def tearDown(self):
        self.assertEqual(self.caller.value("SELECT booking.live_cpp_frames()"), "0")
        self.assert_integrity()

    def hold(self, session):
        return self.admin.value(f"SELECT reservation_id FROM booking.reserve_slot('{session}', 2, 'a@example.com')")

    def lock(self, table, condition):
        self.holder.query("BEGIN")
        rows = self.holder.query(f"SELECT 1 FROM booking.{table} WHERE {condition} FOR UPDATE")
        self.assertGreater(len(rows), 0)

    def unlock(self):
        self.holder.query("ROLLBACK")

    def calls(self, lanes):
        return {"reserve": f"SELECT * FROM booking.reserve_slot('{self.sessions[lanes]}', 1, 'b@example.com')",
                "try": f"SELECT * FROM booking.try_reserve_slot('{self.sessions[lanes]}', 1, 'b@example.com')",
                "confirm": f"SELECT * FROM booking.confirm_reservation('{self.live[lanes]}')",
                "extend": f"SELECT booking.extend_reservation('{self.live[lanes]}')",
                "cancel": f"SELECT booking.cancel_reservation('{self.live[lanes]}')",
                "release": "SELECT booking.release_expired_reservations()"}

    def answers(self, calls):
        """The state of each, as a call of its own that changes nothing in the end."""
        states = {}
        for name, call in calls.items():
            self.caller.query("BEGIN")
            start = time.monotonic()
            states[name] = self.caller.state(call)
            self.assertLess(time.monotonic() - start, BOUND, name)
            self.caller.query("ROLLBACK")
        return states

    def assert_in_the_way(self, lanes, in_the_way):
        """Of all calls exactly these are told to try again, within bounds, and all succeed once the lock is gone."""
        calls = self.calls(lanes)
        self.assertEqual(self.answers(calls), {name: "BK401" if name in in_the_way else "00000" for name in calls})
        self.assert_integrity()
        self.unlock()
        self.assertEqual(self.answers(calls), dict.fromkeys(calls, "00000"))

    def test_session_locked(self):
        """Its row is its counter: what changes the counter waits for it."""
        self.lock("sessions", f"id = '{self.sessions[0]}'")
        self.assert_in_the_way(0, {"reserve", "try", "cancel", "release"})

    def test_session_with_lanes_locked(self):
        self.lock("sessions", f"id = '{self.sessions[4]}'")
        self.assert_in_the_way(4, set())

    def test_all_lanes_locked(self):
        self.lock("session_lanes", f"session_id = '{self.sessions[4]}'")
        self.assert_in_the_way(4, {"reserve", "try", "cancel", "release"})

    def test_one_lane_locked(self):
        """It is in the way of those backends at most whose own lane it is; others do not notice."""
        calls = {name: call for name, call in self.calls(4).items() if name not in ("cancel", "release")}
        self.answers(calls)
        in_the_way = []
        for lane in range(4):
            self.lock("session_lanes", f"session_id = '{self.sessions[4]}' AND lane = {lane}")
            states = self.answers(calls)
            self.assertEqual((states["confirm"], states["extend"]), ("00000", "00000"))
            if "BK401" in states.values():
                in_the_way.append(lane)
            else:
                self.assertEqual(set(states.values()), {"00000"})
            self.unlock()
        self.assertLessEqual(len(in_the_way), 1)
        self.assertEqual(self.answers(calls), dict.fromkeys(calls, "00000"))

    def test_reservation_locked(self):
        for lanes in (0, 4):
            with self.subTest(lanes=lanes):
                self.lock("slot_reservations", f"id = '{self.live[lanes]}'")
                self.assert_in_the_way(lanes, {"confirm", "extend", "cancel"})

    def test_court_taken_in_another_transaction(self):
        """Whether it is taken is not decided yet: who wants it too waits no longer than for a row."""
        self.admin.query("INSERT INTO booking.resources (organization_id, venue_id, id, name)"
                         " SELECT 1, id, booking.new_id(1), 'Court' FROM booking.venues")
        self.admin.query("SELECT booking.cancel_reservation(id) FROM booking.slot_reservations")
        self.admin.query("SELECT booking.use_resource(a.id, q.id) FROM booking.activities AS a, booking.resources AS q")
        for taken, wanted in ((0, 4), (4, 0)):
            with self.subTest(lanes=wanted):
                self.holder.query("BEGIN")
                self.holder.query(self.calls(taken)["reserve"])
                want = {name: call for name, call in self.calls(wanted).items() if name in ("reserve", "try")}
                self.assertEqual(self.answers(want), dict.fromkeys(want, "BK401"))
                self.unlock()
                self.assertEqual(self.answers(want), dict.fromkeys(want, "00000"))
                self.holder.query(self.calls(taken)["reserve"])
                self.assertEqual(self.answers(want), {"reserve": "BK270", "try": "00000"})
                self.admin.query("SELECT booking.cancel_reservation(id) FROM booking.slot_reservations")

    def test_release_skips(self):
        self.lock("slot_reservations", f"id = '{self.run_out[0]}'")
        self.assertEqual(self.caller.value("SELECT booking.release_expired_reservations()"), "1")
        self.unlock()
        self.assertEqual(self.caller.value("SELECT booking.release_expired_reservations()"), "1")

    def test_run_out_hold_locked(self):
        """Its seats are wanted, and somebody is settling it."""
        for lanes in (0, 4):
            with self.subTest(lanes=lanes):
                self.lock("slot_reservations", f"id = '{self.run_out[lanes]}'")
                want = {"reserve": f"SELECT * FROM booking.reserve_slot('{self.sessions[lanes]}', 38, 'b@example.com')"}
                self.assertEqual(self.answers(want), {"reserve": "BK401"})
                self.unlock()
                self.assertEqual(self.answers(want), {"reserve": "00000"})

    def test_job_goes_on(self):
        """release_job notes the organization that it could not release, and does the others."""
        self.admin.query("INSERT INTO booking.organizations (organization_id, name) VALUES (2, 'Other')")
        self.admin.query("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (2, 'V', 'UTC')")
        self.admin.query("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)"
                         " SELECT 2, v.id, 'other', 4, a.schedule FROM booking.venues AS v, booking.activities AS a"
                         " WHERE v.organization_id = 2 LIMIT 1")
        self.admin.query("SELECT booking.generate_activity_sessions(id, current_date + 1, 7) FROM booking.activities"
                         " WHERE organization_id = 2")
        self.admin.query("SET pg_booking.clock_offset = -700")
        self.hold(self.admin.value("SELECT id FROM booking.sessions WHERE organization_id = 2"))
        self.admin.query("RESET pg_booking.clock_offset")
        self.lock("sessions", f"id = '{self.sessions[0]}'")
        self.caller.query("CALL booking.release_job()")
        self.unlock()
        self.assertEqual(self.admin.query("SELECT organization_id, result, error_sqlstate FROM booking.job_runs"
                                          " ORDER BY organization_id"), [("1", None, "BK401"), ("2", "1", None)])
        self.assertEqual(self.caller.value("SELECT booking.release_expired_reservations()"), "2")

    def test_whose_limit_counts(self):
        """The shorter one of pg_booking.lock_timeout and the caller's lock_timeout, which stays as it was."""
        self.lock("sessions", f"id = '{self.sessions[0]}'")
        reserve = self.calls(0)["reserve"]
        for ours, callers in ((LONG_WAIT, SHORT), ("0", SHORT), (SHORT, LONG_WAIT), (SHORT, "0")):
            with self.subTest(ours=ours, callers=callers):
                self.caller.query(f"SET pg_booking.lock_timeout = '{ours}'")
                self.caller.query(f"SET lock_timeout = '{callers}'")
                self.assertEqual(self.answers({"reserve": reserve}), {"reserve": "BK401"})
                self.assertEqual(self.caller.value("SHOW lock_timeout"), callers)
                self.caller.query(f"DO $$ BEGIN PERFORM booking.reserve_slot('{self.sessions[0]}', 1, 'b@example.com');"
                                  " EXCEPTION WHEN SQLSTATE 'BK401' THEN PERFORM 1; END $$")
                self.assertEqual(self.caller.value("SHOW lock_timeout"), callers)
        # statement_timeout is the caller's own affair, and no reason to try again.
        self.caller.query(f"SET statement_timeout = '{SHORT}'")
        self.caller.query(f"SET pg_booking.lock_timeout = '{LONG_WAIT}'")
        self.assertEqual(self.answers({"reserve": reserve}), {"reserve": "57014"})
        self.caller.query("RESET statement_timeout")
        self.unlock()
        self.assertEqual(self.answers({"reserve": reserve}), {"reserve": "00000"})

    def test_default_limit(self):
        self.assertEqual(self.admin.value("SHOW pg_booking.lock_timeout"), "3s")

    def test_holder_commits(self):
        """Whoever waited long enough goes on with what the holder has left."""
        waiting = self.session(f"SET pg_booking.lock_timeout = '{LONG_WAIT}'")
        self.holder.query("BEGIN")
        self.holder.query(f"SELECT booking.reserve_slot('{self.sessions[0]}', 35, 'c@example.com')")
        waiting.send(f"SELECT outcome FROM booking.try_reserve_slot('{self.sessions[0]}', 2, 'd@example.com')")
        wait_until(lambda: self.admin.query(f"SELECT 1 FROM pg_stat_activity WHERE pid = {waiting.pid}"
                                            " AND wait_event_type = 'Lock'"), "it waits")
        self.holder.query("COMMIT")
        # 40 seats, 2 and 2 held before, 35 now: one is left, and two that have run out.
        self.assertEqual(waiting.receive(), [("held",)])


class Interrupted(LoadCase):
    """Reserving, confirming and cancelling without end, while calls are cancelled, run out of time or are killed by
    pg_terminate_backend()."""

    name = "interrupted"
    refusals = (*REFUSALS, "57014")
    limited = False

    def setup_of(self, number):
        return (f"SET statement_timeout = '{2 ** (number % 8)}ms'",) if self.limited else ()

    @classmethod
    def make_cluster(cls):
        """The server of the other tests will do."""

    def interrupt(self, function, reached):
        """Calls the function for one after the other of the backends that are in the middle of something."""
        def disturb(dice, clients):
            before = {answer: total(clients, answer) for answer in ("57014", "lost")}
            with Session(self.name) as admin:
                def once():
                    pids = admin.query("SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                                       " AND state = 'active' AND pid <> pg_backend_pid()")
                    if pids:
                        admin.query(f"SELECT {function}({dice.choice(pids)[0]})")
                    return reached({answer: total(clients, answer) - n for answer, n in before.items()})

                wait_until(once, function, 120)
        return disturb

    def test_cancelled(self):
        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, self.interrupt("pg_cancel_backend", lambda n: n["57014"] >= CANCELS))

    def test_terminated(self):
        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, self.interrupt("pg_terminate_backend", lambda n: n["lost"] >= TERMINATIONS))

    def test_out_of_time(self):
        """One client's time is enough for some of its calls, another's for most."""
        def disturb(_dice, clients):
            wait_until(lambda: total(clients, "57014") >= CANCELS, "calls run out of time", 120)

        self.limited = True
        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, disturb)


if __name__ == "__main__":
    unittest.main()
