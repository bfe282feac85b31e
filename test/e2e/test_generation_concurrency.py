"""Eight sessions generate the same activity, and overlapping dates, at once: the rows of one run, no error, nothing
twice; and a second run changes nothing."""

import datetime
import json
import threading
import unittest

import oracle
from psql import LONG, UTC, DatabaseCase, Session, SqlError, clock_at, copy_out, quote

SESSIONS = 8
ROUNDS = 12 if LONG else 4
DAYS = 1096 if LONG else 120
NOW = datetime.datetime(2030, 1, 1, 12, 0, 30, tzinfo=UTC)
FIRST = datetime.date(2030, 1, 2)
ZONE = "Europe/Berlin"
SCHEDULE = {"operatingDays": list(oracle.DAYS), "startTime": "08:00", "endTime": "01:00", "slotInterval": 45}
LEVELS = ["read committed", "repeatable read", "serializable"]


class GenerationConcurrency(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.query("INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'Crowd')")
        cls.venue = cls.admin.value("INSERT INTO booking.venues (organization_id, name, timezone)"
                                    f" VALUES (1, 'V', '{ZONE}') RETURNING id")
        cls.sessions = []
        for _ in range(SESSIONS):
            session = Session(cls.database, [clock_at(NOW)])
            cls.addClassCleanup(session.close)
            cls.sessions.append(session)
        cls.admin.query(clock_at(NOW))

    def activity(self):
        return self.admin.value("INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)"
                                f" VALUES (1, '{self.venue}', 'A', 3, {quote(json.dumps(SCHEDULE))}) RETURNING id")

    def at_once(self, statements):
        """One statement a session, all at the same time; the answers, or the errors."""
        answers = [None] * len(statements)
        barrier = threading.Barrier(len(statements))

        def run(number):
            session = self.sessions[number]
            barrier.wait(60)
            try:
                answers[number] = int(session.value(statements[number]))
            except SqlError as error:
                answers[number] = error
        threads = [threading.Thread(target=run, args=(n,)) for n in range(len(statements))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def rows(self, activity):
        rows = [(int(s), int(e), datetime.date.fromisoformat(d)) for s, e, d in copy_out(
            self.database, "SELECT extract(epoch FROM start_time)::bigint, extract(epoch FROM end_time)::bigint,"
            f" local_date FROM booking.sessions WHERE activity_id = '{activity}'")]
        self.assertEqual(len(rows), len(set(rows)), "a session is there twice")
        return set(rows)

    def expected(self, first, days):
        return oracle.added(SCHEDULE, [], ZONE, first, days, int(NOW.timestamp()), set())

    def versions(self, activity):
        # A set, since unittest takes minutes to show how long lists differ.
        return set(self.admin.query(f"SELECT id, xmin::text, ctid::text FROM booking.sessions WHERE activity_id = '{activity}'"
                                " UNION ALL SELECT activity_id, xmin::text, ctid::text FROM booking.generation_watermarks"
                                f" WHERE activity_id = '{activity}'"))

    @staticmethod
    def generate(activity, first, days):
        return f"SELECT booking.generate_activity_sessions('{activity}', '{first}', {days})"

    def set_level(self, level):
        for session in self.sessions:
            session.query(f"SET default_transaction_isolation = '{level}'")

    def assert_second_run_changes_nothing(self, activity, first, days):
        versions = self.versions(activity)
        self.assertEqual(int(self.admin.value(self.generate(activity, first, days))), 0)
        self.assertEqual(int(self.admin.value(self.generate(activity, first + datetime.timedelta(3), days - 7))), 0)
        answers = self.at_once([self.generate(activity, first, days)] * SESSIONS)
        self.assertEqual(answers, [0] * SESSIONS)
        self.assertEqual(self.versions(activity), versions)

    def test_same_dates(self):
        self.set_level(LEVELS[0])
        for _ in range(ROUNDS):
            activity = self.activity()
            answers = self.at_once([self.generate(activity, FIRST, DAYS)] * SESSIONS)
            expected = self.expected(FIRST, DAYS)
            self.assertEqual(sorted(answers, key=str), sorted([0] * (SESSIONS - 1) + [len(expected)], key=str))
            self.assertEqual(self.rows(activity), expected)
            self.assert_second_run_changes_nothing(activity, FIRST, DAYS)
        self.assert_integrity()

    def ranges(self, number):
        """Overlapping, adjoining and distant dates, in another order each time; together FIRST to FIRST + DAYS - 1."""
        step = DAYS // SESSIONS
        parts = [(FIRST + datetime.timedelta(n * step), min(step + (n * 7 + number) % 20, DAYS - n * step))
                 for n in range(SESSIONS - 1)]
        parts.append((FIRST + datetime.timedelta((SESSIONS - 1) * step), DAYS - (SESSIONS - 1) * step))
        return parts[number % SESSIONS:] + parts[:number % SESSIONS]

    def test_overlapping_dates(self):
        self.set_level(LEVELS[0])
        for number in range(ROUNDS):
            activity = self.activity()
            answers = self.at_once([self.generate(activity, first, days) for first, days in self.ranges(number)])
            self.assertEqual([a for a in answers if not isinstance(a, int)], [])
            expected = self.expected(FIRST, DAYS)
            self.assertEqual(self.rows(activity), expected)
            self.assertEqual(sum(answers), len(expected))
            # The watermark knows one range of dates only; a run over all of them makes it know them all.
            self.assertEqual(int(self.admin.value(self.generate(activity, FIRST, DAYS))), 0)
            self.assert_second_run_changes_nothing(activity, FIRST, DAYS)
        self.assert_integrity()

    def test_other_levels(self):
        """A stale snapshot is told to try again, and then gets its sessions."""
        for level in LEVELS[1:]:
            self.set_level(level)
            for number in range(ROUNDS):
                with self.subTest(level=level, number=number):
                    activity = self.activity()
                    ranges = self.ranges(number) if number % 2 else [(FIRST, DAYS)] * SESSIONS
                    for session in self.sessions[::2]:  # their snapshot is from before all the others
                        session.query("BEGIN")
                        session.query("SELECT count(*) FROM booking.activities")
                    answers = self.at_once([self.generate(activity, first, days) for first, days in ranges])
                    for session in self.sessions[::2]:
                        session.query("COMMIT")
                    states = {a.sqlstate for a in answers if not isinstance(a, int)}
                    self.assertLessEqual(states, {"40001", "BK401"}, answers)
                    self.assertLessEqual(self.rows(activity), self.expected(FIRST, DAYS))
                    for first, days in ranges:
                        self.admin.value(self.generate(activity, first, days))
                    self.assertEqual(self.rows(activity), self.expected(FIRST, DAYS))
        self.set_level(LEVELS[0])
        self.assert_integrity()

    def test_all_activities(self):
        """generate_all_sessions and the job, beside single activities."""
        self.set_level(LEVELS[0])
        activities = [self.activity() for _ in range(6)]
        today = NOW.date()
        statements = ["SELECT booking.generate_all_sessions(30)"] * 2
        statements += [self.generate(a, today, 30) for a in activities]
        answers = self.at_once(statements)
        self.assertEqual([a for a in answers if not isinstance(a, int)], [])
        expected = self.expected(today, 30)
        for activity in activities:
            self.assertEqual(self.rows(activity), expected)
        self.assertEqual(int(self.admin.value("SELECT booking.generate_all_sessions(30)")), 0)
        self.assert_integrity()


if __name__ == "__main__":
    unittest.main()
