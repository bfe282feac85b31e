"""Buyers of packages at the same time: the last seat is scheduled once, a token is spent once, a key makes one booking."""

import collections
import datetime
import json
import unittest

from psql import UTC, DatabaseCase, SqlError, clock_at, quote
from test_concurrent_booking import in_threads

CLIENTS = 16
NOW = datetime.datetime(2031, 6, 1, 8, tzinfo=UTC)
DAY = "2031-06-02"


class Packages(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.query(clock_at(NOW))
        cls.admin.query("INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'Studio')")
        cls.admin.query("INSERT INTO booking.venues (organization_id, id, name, timezone)"
                        " VALUES (1, booking.new_id(1), 'Hall', 'UTC')")
        cls.activity = cls.admin.value(
            "INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)"
            " SELECT 1, v.id, 'Yoga', 1, '{\"operatingDays\": [\"Monday\"], \"startTime\": \"00:00\","
            "                              \"endTime\": \"23:00\", \"slotInterval\": 60}' FROM booking.venues AS v RETURNING id")
        cls.admin.query(f"SELECT booking.create_default_packages(1, 'EUR', 5000, 18000, 48000, activity_id => '{cls.activity}')")
        cls.buyers = iter(range(1000000))
        cls.admin.query(f"SELECT booking.generate_activity_sessions('{cls.activity}', '{DAY}', 1)")

    def buy(self, package="discovery", **more):
        request = {"packageId": package, "customerName": "Ann", "customerEmail": f"ann{next(self.buyers)}@example.com", **more}
        token = self.admin.value(f"SELECT booking.booking_create(1, {quote(json.dumps(request))}) ->> 'bookingToken'")
        self.admin.query("UPDATE booking.bookings SET status = 'paid', payment_status = 'paid' WHERE status = 'pending'")
        return token

    def clients(self):
        return [self.session(clock_at(NOW), "SET ROLE booking_public") for _ in range(CLIENTS)]

    @staticmethod
    def schedule(session, token, hour):
        """The answer, or the SQLSTATE of a refusal; tries again as long as it is told to."""
        request = {"bookingToken": token, "startTime": f"{DAY}T{hour:02}:00:00Z", "endTime": f"{DAY}T{hour + 1:02}:00:00Z"}
        while True:
            try:
                return session.value(f"SELECT booking.booking_schedule({quote(json.dumps(request))})")
            except SqlError as error:
                if error.sqlstate != "BK401":
                    return error.sqlstate

    def all_at_once(self, calls):
        """The answers, counted."""
        answers = collections.Counter()
        in_threads(*[lambda call=call: answers.update([call()]) for call in calls])
        self.assert_integrity()
        return answers

    def session_at(self, hour, columns):
        return self.admin.query(f"SELECT {columns} FROM booking.activity_sessions AS s"
                                f" WHERE s.start_time = '{DAY} {hour:02}:00+00'")

    def test_one_wins_the_last_seat(self):
        tokens = [self.buy() for _ in range(CLIENTS)]
        answers = self.all_at_once([lambda s=session, t=token: self.schedule(s, t, 9)
                                    for session, token in zip(self.clients(), tokens)])
        self.assertEqual(answers.pop("BK201"), CLIENTS - 1, answers)
        self.assertEqual([json.loads(answer)["success"] for answer in answers], [True])
        self.assertEqual(self.session_at(9, "seats_available"), [("0",)])

    def test_one_wins_a_seat_whose_hold_has_run_out(self):
        early = self.session(clock_at(NOW - datetime.timedelta(hours=1)))
        early.query("SELECT booking.reserve_slot(s.id, 1, 'bob@example.com') FROM booking.sessions AS s"
                    f" WHERE s.start_time = '{DAY} 10:00+00'")
        tokens = [self.buy() for _ in range(CLIENTS)]
        answers = self.all_at_once([lambda s=session, t=token: self.schedule(s, t, 10)
                                    for session, token in zip(self.clients(), tokens)])
        self.assertEqual(answers.pop("BK201"), CLIENTS - 1, answers)
        self.assertEqual(list(answers.values()), [1], answers)

    def test_last_seats_of_lanes(self):
        self.admin.query("UPDATE booking.sessions SET capacity_total = 8, remaining = 8"
                         f" WHERE start_time = '{DAY} 11:00+00'")
        self.admin.query(f"SELECT booking.set_session_lanes(s.id, 8) FROM booking.sessions AS s"
                         f" WHERE s.start_time = '{DAY} 11:00+00'")
        tokens = [self.buy() for _ in range(CLIENTS)]
        answers = self.all_at_once([lambda s=session, t=token: self.schedule(s, t, 11)
                                    for session, token in zip(self.clients(), tokens)])
        self.assertEqual(answers.pop("BK201"), CLIENTS - 8, answers)
        self.assertEqual(list(answers.values()), [8], answers)

    def test_a_token_that_is_used_at_once_is_used_once(self):
        token = self.buy("single")
        answers = self.all_at_once([lambda s=session: self.schedule(s, token, 12) for session in self.clients()])
        self.assertEqual(list(answers.values()), [CLIENTS], "all get the same answer")
        self.assertEqual(self.session_at(12, "seats_available"), [("0",)])
        self.assertEqual(self.admin.query("SELECT count(*) FROM booking.bookings AS b"
                                          f" WHERE b.scheduled_start = '{DAY} 12:00+00'"), [("1",)])

    def test_as_many_times_as_were_bought(self):
        token = self.buy("monthly")
        answers = self.all_at_once([lambda s=session, h=hour: self.schedule(s, token, 13 + h % 8)
                                    for hour, session in enumerate(self.clients())])
        self.assertGreaterEqual(answers.pop("BK216"), CLIENTS - 8, answers)
        self.assertEqual(len(answers), 4, answers)
        status = json.loads(self.admin.value(f"SELECT booking.booking_status({quote(token)})"))
        self.assertEqual((status["sessionsIncluded"], status["sessionsScheduled"]), (4, 4))

    def test_one_key_is_one_booking(self):
        request = {"packageId": "single", "customerName": "Eve", "customerEmail": "eve@example.com",
                   "idempotencyKey": "key-of-sixteen-or-more"}
        answers = self.all_at_once([
            lambda s=session: s.value(f"SELECT booking.booking_create(1, {quote(json.dumps(request))})")
            for session in self.clients()])
        self.assertEqual(list(answers.values()), [CLIENTS])
        self.assertEqual(self.admin.value("SELECT count(*) FROM booking.bookings WHERE customer_email = 'eve@example.com'"), "1")

    def test_one_address_has_one_free_booking(self):
        request = {"packageId": "discovery", "customerName": "Dan", "customerEmail": "dan@example.com"}

        def buy(session):
            try:
                session.value(f"SELECT booking.booking_create(1, {quote(json.dumps(request))})")
                return "bought"
            except SqlError as error:
                return error.sqlstate
        answers = self.all_at_once([lambda s=session: buy(s) for session in self.clients()])
        self.assertEqual(answers, {"bought": 1, "BK219": CLIENTS - 1})


if __name__ == "__main__":
    unittest.main()
