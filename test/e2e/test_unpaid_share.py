"""Many clients at once want more of a session than its activity allows to be held and not confirmed: never is more held,
and nobody is refused while there is room."""

import random
import threading
import unittest

from psql import LONG, DatabaseCase, Session, SqlError

CLIENTS = 32 if LONG else 12
ROUNDS = 400 if LONG else 40  # calls of each client while holds come and go
CAPACITY, PERCENT, SHARE = 120, 30, 36


class UnpaidShare(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.query("INSERT INTO booking.organizations (name) VALUES ('Share')")
        cls.admin.query("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'V', 'UTC')")
        cls.admin.query("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, lanes,"
                        "                                unpaid_percent_max, schedule)"
                        f" SELECT 1, v.id, 'lanes ' || n, {CAPACITY}, n, {PERCENT}, '{{\"operatingDays\": [\"Monday\"],"
                        " \"startTime\": \"09:00\", \"endTime\": \"13:00\", \"slotInterval\": 60}'"
                        " FROM booking.venues AS v, (VALUES (0), (1), (8), (16)) AS l (n)")
        cls.admin.query("SELECT booking.generate_activity_sessions(id, current_date + 1, 7) FROM booking.activities")
        cls.lanes = (0, 1, 8, 16)

    def fresh_session(self, lanes):
        return self.admin.value("SELECT s.id FROM booking.sessions AS s JOIN booking.activities AS a"
                                f" ON a.id = s.activity_id WHERE a.name = 'lanes {lanes}' AND NOT EXISTS (SELECT 1"
                                "    FROM booking.slot_reservations AS r WHERE r.session_id = s.id)"
                                " ORDER BY s.start_time LIMIT 1")

    def held(self, session):
        return int(self.admin.value("SELECT COALESCE(sum(party_size), 0) FROM booking.slot_reservations"
                                    f" WHERE session_id = '{session}' AND status = 'pending'"))

    def run_clients(self, session, client):
        """Runs client(connection, dice) in each of them; meanwhile looks at how much is held. Returns the most seen."""
        failures = []

        def body(number):
            try:
                with Session(self.database) as connection:
                    client(connection, random.Random(number))
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=body, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        most = 0
        while any(thread.is_alive() for thread in threads):
            most = max(most, self.held(session))
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return max(most, self.held(session))

    @staticmethod
    def try_reserve(connection, session, party):
        """The outcome and the id. A call that met others too often is made again, as its answer says."""
        while True:
            try:
                outcome = connection.query("SELECT outcome, reservation_id FROM booking.try_reserve_slot("
                                           f"'{session}', {party}, 'a@example.com')")[0]
            except SqlError as error:
                if error.sqlstate != "BK401":
                    raise
                continue
            if outcome[0] != "retry":
                return outcome

    def test_hoarders(self):
        """Nobody confirms anything: the share is held in the end, to the last seat, and nothing beyond it ever."""
        for lanes in self.lanes:
            with self.subTest(lanes=lanes):
                session = self.fresh_session(lanes)

                def client(connection, dice):
                    for party in (dice.randrange(2, 5), 3, 2, 1):
                        while self.try_reserve(connection, session, party)[0] == "held":
                            pass

                self.assertEqual(self.run_clients(session, client), SHARE)
                self.assertEqual(self.try_reserve(self.admin, session, 1)[0], "unpaid_limit")
                self.assert_integrity()

    def test_coming_and_going(self):
        """Holds are confirmed and cancelled by whoever, so what is counted in a lane drifts; the sum does not."""
        for lanes in self.lanes:
            with self.subTest(lanes=lanes):
                session = self.fresh_session(lanes)
                confirmed, lock = [0], threading.Lock()

                def client(connection, dice):
                    for _ in range(ROUNDS):
                        party = dice.randrange(1, 5)
                        outcome, reservation = self.try_reserve(connection, session, party)
                        self.assertIn(outcome, ("held", "unpaid_limit"))
                        if outcome != "held":
                            continue
                        with lock:
                            confirms = confirmed[0] + party <= CAPACITY // 2
                            confirmed[0] += party if confirms else 0
                        if confirms:
                            connection.query(f"SELECT booking.confirm_reservation('{reservation}')")
                        elif dice.random() < 0.9:
                            connection.query(f"SELECT booking.cancel_reservation('{reservation}')")

                self.assertLessEqual(self.run_clients(session, client), SHARE)
                self.assert_integrity()
                for party in (8, 3, 2, 1):
                    while self.try_reserve(self.admin, session, party)[0] == "held":
                        pass
                self.assertEqual(self.held(session), SHARE)
                self.admin.query("SELECT booking.cancel_reservation(id) FROM booking.slot_reservations"
                                 f" WHERE session_id = '{session}' AND status = 'pending'")
                self.assertEqual(self.admin.value("SELECT s.unpaid + COALESCE(sum(l.unpaid), 0) FROM booking.sessions AS s"
                                                  " LEFT JOIN booking.session_lanes AS l ON l.session_id = s.id"
                                                  f" WHERE s.id = '{session}' GROUP BY s.id, s.organization_id, s.unpaid"),
                                 "0")
                self.assert_integrity()


if __name__ == "__main__":
    unittest.main()
