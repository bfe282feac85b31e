"""generate_activity_sessions against an oracle of its own (oracle.py): zones, clock changes, midnight, odd intervals."""

import datetime
import json
import random
import unittest

import oracle
from psql import LONG, UTC, DatabaseCase, clock_at, copy_out, quote

EVERY_DAY = list(oracle.DAYS)


def schedule(start, end, interval, days=None, **custom):
    document = {"operatingDays": EVERY_DAY if days is None else days, "startTime": start, "endTime": end,
                "slotInterval": interval}
    if custom:
        document["customHours"] = custom
    return document


def hours(start, end, **more):
    return {"startTime": start, "endTime": end, **more}


# Name -> schedule. The hours of clock changes are in all but the first.
SCHEDULES = {
    "day_50": schedule("09:00", "17:00", 50, EVERY_DAY[:5]),
    "night_45": schedule("22:00", "04:00", 45),
    "early_7": schedule("00:10", "03:30", 7, ["Friday", "Saturday", "Sunday", "Monday"]),
    "late_25": schedule("23:00", "03:10", 25, ["Wednesday", "Saturday", "Sunday"]),
    "all_day_90": schedule("00:00", "24:00", 90, ["Thursday", "Friday", "Saturday", "Sunday"]),
    "round_the_clock_1440": schedule("06:00", "06:00", 1440),
    "midnight_to_midnight_1440": schedule("00:00", "00:00", 1440),
    "long_1439": schedule("02:30", "02:29", 1439),
    "custom": schedule("08:15", "11:50", 35, ["Monday", "Tuesday", "Saturday", "Sunday"],
                       Saturday=hours("21:00", "03:05", enabled=True), Sunday=hours("01:30", "04:00"),
                       Tuesday=hours("10:00", "20:00", enabled=False), Friday=hours("00:00", "24:00", enabled=True)),
}

# Zone, year the three years begin with, what is special there.
PLACES = [
    ("America/Vancouver", 2029, "an hour at two in the morning"),
    ("Europe/Berlin", 2023, "the same, at two and three"),
    ("Australia/Lord_Howe", 2025, "half an hour, south of the equator"),
    ("Asia/Kathmandu", 1985, "from +5:30 to +5:45 in 1986"),
    ("America/Sao_Paulo", 2016, "the gap is at midnight"),
    ("Africa/Casablanca", 2026, "four changes a year, by the moon"),
    ("Pacific/Apia", 2010, "a date that never was: 2011-12-30"),
    ("UTC", 2026, "no change"),
    ("Europe/Berlin", 2150, "beyond the table of changes"),
    ("Africa/Monrovia", 1971, "44 minutes and 30 seconds until 1972"),
]
MORE_PLACES = [
    ("America/St_Johns", 2005, "a minute past midnight"), ("Antarctica/Troll", 2024, "two hours"),
    ("Europe/Dublin", 2026, "winter is the daylight saving"), ("America/Nuuk", 2022, "another zone from 2023"),
    ("Pacific/Kwajalein", 1992, "a date that never was: 1993-08-21"), ("Asia/Pyongyang", 2014, "half an hour, and back"),
    ("Africa/Cairo", 2023, "midnight"), ("America/Asuncion", 2023, "midnight, for good in 2024"),
    ("Asia/Tehran", 2020, "midnight"), ("America/Caracas", 2006, "half an hour, and back"),
    ("America/Havana", 2026, "gap at midnight, overlap at one"), ("Antarctica/Casey", 2009, "three hours"),
    ("America/New_York", 2036, "around 2038"), ("Asia/Gaza", 2040, "by the moon"), ("Etc/GMT-14", 2026, "far east"),
    ("Etc/GMT+12", 2026, "far west"), ("Asia/Ho_Chi_Minh", 1974, "an hour for good in 1975"),
]
ALWAYS = ["night_45", "all_day_90", "custom"]  # three of the schedules everywhere, all of them in the long form
THREE_YEARS = 3 * 365 + 1


class Generation(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.organization = int(cls.admin.value(
            "INSERT INTO booking.organizations (name) VALUES ('Oracle') RETURNING organization_id"))
        cls.venues = {}

    def new_venue(self, zone):
        return self.admin.value("INSERT INTO booking.venues (organization_id, name, timezone)"
                                f" VALUES ({self.organization}, 'V', {quote(zone)}) RETURNING id")

    def venue(self, zone):
        if zone not in self.venues:
            self.venues[zone] = self.new_venue(zone)
        return self.venues[zone]

    def activity(self, venue, document):
        return self.admin.value(
            "INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)"
            f" VALUES ({self.organization}, '{venue}', 'A', 3, {quote(json.dumps(document))}) RETURNING id")

    def set_clock(self, wanted):
        self.admin.query(clock_at(wanted))

    def generate(self, activity, first, days):
        return int(self.admin.value(f"SELECT booking.generate_activity_sessions('{activity}', '{first}', {days})"))

    def rows(self, activity):
        """All sessions as a list of (start, end, local_date); the list shows duplicates."""
        return [(int(start), int(end), datetime.date.fromisoformat(date)) for start, end, date in copy_out(
            self.database, "SELECT extract(epoch FROM start_time)::bigint, extract(epoch FROM end_time)::bigint,"
            f" local_date FROM booking.sessions WHERE activity_id = '{activity}'")]

    def assert_sessions(self, activity, expected, what):
        rows = self.rows(activity)
        actual = set(rows)
        if len(rows) != len(actual) or actual != expected:
            def show(sessions):
                return [(str(datetime.datetime.fromtimestamp(s, UTC)), (e - s) // 60, str(d))
                        for s, e, d in sorted(sessions)[:5]]
            self.fail(f"{what}: {len(rows)} rows, {len(actual)} different, {len(expected)} expected;"
                      f" missing {show(expected - actual)}, unexpected {show(actual - expected)}")

    def test_three_years(self):
        sessions = 0
        for number, (zone, year, what) in enumerate(PLACES + (MORE_PLACES if LONG else [])):
            others = [name for name in SCHEDULES if name not in ALWAYS]
            names = SCHEDULES if LONG else [ALWAYS[number % len(ALWAYS)], others[number % len(others)]]
            first = datetime.date(year, 1, 1)
            self.set_clock(datetime.datetime(min(year, 2090) - 1, 12, 1, tzinfo=UTC))
            for name in names:
                with self.subTest(zone=zone, year=year, what=what, schedule=name):
                    activity = self.activity(self.venue(zone), SCHEDULES[name])
                    expected = oracle.added(SCHEDULES[name], [], zone, first, THREE_YEARS, 0, set())
                    self.assertEqual(self.generate(activity, first, THREE_YEARS), len(expected))
                    self.assert_sessions(activity, expected, (zone, year, name))
                    sessions += len(expected)
        self.assertGreater(sessions, 100000)
        self.assert_integrity()

    def test_clock_changes_by_hand(self):
        """The oracle itself is right about what anybody can look up."""
        def on(zone, date, document):
            return sorted((datetime.datetime.fromtimestamp(s, UTC).strftime("%H:%M"), (e - s) // 60)
                          for s, e, _ in oracle.added(document, [], zone, date, 1, 0, set()))
        two_to_four = schedule("01:00", "04:00", 30)
        spring, autumn = datetime.date(2024, 3, 31), datetime.date(2024, 10, 27)
        # 02:00 and 02:30 do not exist; the rest is an hour nearer.
        self.assertEqual(on("Europe/Berlin", spring, two_to_four),
                         [("00:00", 30), ("00:30", 30), ("01:00", 30), ("01:30", 30)])
        # 02:00 and 02:30 are there twice and taken once; then there is an hour without a slot.
        self.assertEqual(on("Europe/Berlin", autumn, two_to_four),
                         [("00:00", 30), ("00:30", 30), ("02:00", 30), ("02:30", 30), ("23:00", 30), ("23:30", 30)])
        self.assertEqual(on("Pacific/Apia", datetime.date(2011, 12, 30), schedule("00:00", "24:00", 60)), [])
        self.assertEqual(len(on("UTC", spring, schedule("00:00", "24:00", 60))), 24)
        self.assertEqual(len(on("America/Sao_Paulo", datetime.date(2017, 10, 15), schedule("00:00", "24:00", 30))), 46)

    def test_slots_across_a_gap(self):
        """When the clocks go forward a slot ends where the next one begins if that leaves it three quarters of its length;
        if not, the next one is left out. Nothing overlaps."""
        self.set_clock(datetime.datetime(2026, 3, 1, tzinfo=UTC))
        sunday = datetime.date(2026, 3, 29)
        for interval, minutes in ((90, [90] * 15), (240, [180] + [240] * 5), (1440, [23 * 60]), (60, [60] * 23)):
            activity = self.activity(self.venue("Europe/Berlin"), schedule("00:00", "24:00", interval))
            self.generate(activity, sunday - datetime.timedelta(1), 3)
            rows = sorted(row for row in self.rows(activity) if row[2] == sunday)
            self.assertEqual([(end - start) // 60 for start, end, _ in rows], minutes)

    def test_slots_across_an_overlap(self):
        """When they go back an hour is left over: slots are as long as ever, and the next one begins later."""
        self.set_clock(datetime.datetime(2026, 10, 1, tzinfo=UTC))
        sunday = datetime.date(2026, 10, 25)
        for interval, gaps in ((60, [0, 0, 60] + [0] * 20), (1440, [])):
            activity = self.activity(self.venue("Europe/Berlin"), schedule("00:00", "24:00", interval))
            self.generate(activity, sunday, 1)
            rows = sorted(self.rows(activity))
            self.assertEqual({(end - start) // 60 for start, end, _ in rows}, {interval})
            self.assertEqual([(late[0] - early[1]) // 60 for early, late in zip(rows, rows[1:])], gaps)

    def test_past_starts_are_not_made(self):
        document = schedule("20:00", "04:00", 20)
        for zone in ("America/Vancouver", "Asia/Kathmandu", "Pacific/Apia"):
            activity = self.activity(self.venue(zone), document)
            now = datetime.datetime(2030, 5, 17, 13, 34, 30, tzinfo=UTC)
            self.set_clock(now)
            first = datetime.date(2030, 5, 15)
            expected = oracle.added(document, [], zone, first, 5, int(now.timestamp()), set())
            self.assertEqual(self.generate(activity, first, 5), len(expected))
            self.assert_sessions(activity, expected, zone)
            self.assertLess(len(expected), 5 * 24)

    def exception(self, scope, of, owner, first, last, window):
        start, end = window if window is not None else (None, None)
        self.admin.query(
            f"INSERT INTO booking.schedule_exceptions (organization_id, {of}_id, first_date, last_date, closed,"
            f" start_time, end_time) VALUES ({self.organization}, '{owner}', '{first}', '{last}',"
            f" {window is None}, {quote(start)}, {quote(end)})")
        scope.append({"of": of, "first": first, "last": last, "hours": window})

    def test_exceptions(self):
        zone, document = "America/Vancouver", SCHEDULES["custom"]
        venue = self.new_venue(zone)
        activity, other = self.activity(venue, document), self.activity(venue, SCHEDULES["night_45"])
        def day(month, number):
            return datetime.date(2031, month, number)
        both, own = [], []
        self.exception(both, "venue", venue, day(2, 1), day(2, 9), None)
        self.exception(both, "venue", venue, day(3, 1), day(3, 31), ("06:00", "09:00"))
        self.exception(both, "venue", venue, day(3, 8), day(3, 9), ("23:00", "05:00"))    # a second window
        self.exception(both, "venue", venue, day(4, 1), day(4, 1), ("00:00", "24:00"))
        self.exception(both, "venue", venue, day(4, 20), day(4, 20), ("10:00", "10:20"))  # no slot fits
        self.exception(own, "activity", activity, day(2, 5), day(2, 5), ("12:00", "15:00"))  # open all the same
        self.exception(own, "activity", activity, day(3, 20), day(3, 20), None)
        self.exception(own, "activity", activity, day(3, 25), day(3, 26), ("18:00", "22:00"))
        self.exception(own, "activity", activity, day(3, 26), day(3, 26), None)           # closed wins
        self.set_clock(datetime.datetime(2031, 1, 1, 8, tzinfo=UTC))
        first = day(1, 2)
        for target, schedule_there, exceptions in ((activity, document, both + own),
                                                   (other, SCHEDULES["night_45"], both)):
            expected = oracle.added(schedule_there, exceptions, zone, first, 150, 0, set())
            self.generate(target, first, 150)
            self.assert_sessions(target, expected, exceptions)

    def random_schedule(self, dice):
        def clock_time(last_minute):
            minute = dice.choice([dice.randrange(0, 1440), 15 * dice.randrange(0, 96), 0]) % (last_minute + 1)
            return f"{minute // 60:02}:{minute % 60:02}"
        def window(interval):
            while True:
                start, end = clock_time(1439), dice.choice([clock_time(1439), "24:00"])
                first, last = oracle._window(start, end)
                if last - first >= interval:
                    return start, end
        interval = dice.choice([7, 15, 25, 30, 45, 50, 60, 90, 120, 180, 720, 1440, dice.randrange(20, 1441)])
        start, end = window(interval)
        document = schedule(start, end, interval, dice.sample(EVERY_DAY, dice.randrange(1, 8)))
        for name in dice.sample(EVERY_DAY, dice.randrange(0, 4)):
            document.setdefault("customHours", {})[name] = hours(*window(interval))
            if dice.random() < 0.7:
                document["customHours"][name]["enabled"] = dice.random() < 0.6
        return document, window

    def one_random_history(self, seed):
        """Runs of overlapping ranges, with the schedule and the exceptions changed in between: existing ones win."""
        dice = random.Random(seed)
        zone, year, _ = dice.choice(PLACES + MORE_PLACES)
        venue = self.new_venue(zone)
        document, window = self.random_schedule(dice)
        activity = self.activity(venue, document)
        start = datetime.date(year, 1, 1) + datetime.timedelta(dice.randrange(0, 800))
        clock = datetime.datetime(min(year, 2090), 1, 1, 0, 0, 30, tzinfo=UTC) - datetime.timedelta(20)
        exceptions, expected, log = [], set(), [zone, document]
        for _ in range(dice.randrange(2, 7)):
            change = dice.random()
            if change < 0.25:
                document, window = self.random_schedule(dice)
                self.admin.query(f"UPDATE booking.activities SET schedule = {quote(json.dumps(document))}"
                                 f" WHERE id = '{activity}'")
                log.append(document)
            elif change < 0.55:
                first = start + datetime.timedelta(dice.randrange(-30, 200))
                last = first + datetime.timedelta(dice.choice([0, 0, 1, 6, 40]))
                of = dice.choice(["venue", "activity"])
                self.exception(exceptions, of, venue if of == "venue" else activity, first, last,
                               None if dice.random() < 0.4 else window(1))
                log.append(exceptions[-1])
            if dice.random() < 0.3 and year < 2090:  # the clock goes into the range
                clock = max(clock, datetime.datetime.combine(start, datetime.time(12, 34, 30, tzinfo=UTC))
                            + datetime.timedelta(dice.randrange(0, 60), 3600 * dice.randrange(0, 24)))
            self.set_clock(clock)
            first = start + datetime.timedelta(dice.randrange(-30, 120))
            days = dice.choice([0, 1, 2, 30, 100])
            log.append((str(clock), str(first), days))
            new = oracle.added(document, exceptions, zone, first, days, int(clock.timestamp()), expected)
            self.assertEqual(self.generate(activity, first, days), len(new), (seed, log))
            expected |= new
        self.assert_sessions(activity, expected, (seed, log))
        return len(expected)

    def test_random_histories(self):
        sessions = 0
        for seed in range(1000 if LONG else 60):
            with self.subTest(seed=seed):
                sessions += self.one_random_history(seed)
        self.assertGreater(sessions, 1000)
        self.assert_integrity()


if __name__ == "__main__":
    unittest.main()
