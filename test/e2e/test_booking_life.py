"""The life of bookings against a simple model: random calls by many clients at once on a few sessions. Each client keeps
to bookings of its own and knows exactly what they must be like; what all of them share, the seats, is judged at the end
and by integrity_check() at random moments in between."""

import collections
import random
import threading
import unittest

from psql import LONG, DatabaseCase, SqlError

CLIENTS = 16
OPERATIONS = 400 if LONG else 60  # of each client
SEEDS = range(5) if LONG else range(1)
SESSIONS, CAPACITY, STRIPED = 6, 24, 2  # the last two have lanes
PRICE = 1000
RETRY = {"40001", "BK401"}
OPEN = ("confirmed",)


class Model:
    """One booking as it must be: nothing here knows how the extension does it."""

    def __init__(self, session, party):
        self.session, self.party = session, party
        self.paid = party * PRICE
        self.kept = 0
        self.status = "confirmed"
        self.version = 1
        self.units = ["booked"] * party
        self.nonces = [None] * party

    def derive(self):
        units = collections.Counter(self.units)
        if units["checked_in"] or (units["checked_out"] and units["booked"]):
            self.status = "checked_in"
        elif units["checked_out"]:
            self.status = "checked_out"
        elif units["booked"]:
            self.status = "confirmed"
        else:
            self.status = "no_show"
        self.version += 1

    def has_absentees(self):
        return any(unit != "booked" for unit in self.units)

    def due(self):
        if self.status == "cancelled":
            return self.paid - self.kept
        return max(self.paid - self.party * PRICE, 0)

    def owed(self):
        return 0 if self.status == "cancelled" else max(self.party * PRICE - self.paid, 0)


class Client:
    def __init__(self, session, name, sessions, seed):
        self.session, self.name, self.sessions = session, name, sessions
        self.dice = random.Random(f"{seed} {name}")
        self.bookings = {}
        self.count = 0
        self.answers = collections.Counter()
        self.waits = set()  # what was told to try again, and why

    def call(self, what, sql):
        """The first row, or the SQLSTATE of a refusal; again as long as it is told to."""
        while True:
            try:
                rows = self.session.query(sql)
                self.answers[what, "ok"] += 1
                return rows[0]
            except SqlError as error:
                self.answers[what, error.sqlstate] += 1
                if error.sqlstate not in RETRY:
                    return error.sqlstate
                self.waits.add((what, error.message))

    def expect(self, what, answer, wanted, may_be_full=False):
        if may_be_full and answer == "BK201":
            return False
        assert answer == wanted, f"{self.name} {what}: {answer}, not {wanted}"
        return not isinstance(wanted, str)

    def facts(self, model):
        """As every function on a booking answers."""
        return (model.status, str(self.sessions[model.session]), str(model.party), str(model.party * PRICE),
                str(model.due()), str(model.owed()), str(model.version))

    COLUMNS = "status, session_id, party_size, amount_cents, refund_due_minor, amount_due_minor, version"

    def book(self):
        self.count += 1
        session, party = self.dice.randrange(SESSIONS), self.dice.randrange(1, 5)
        answer = self.call("reserve", f"SELECT reservation_id FROM booking.reserve_slot('{self.sessions[session]}', "
                           f"{party}, '{self.name}-{self.count}@example.com')")
        if answer == "BK201":
            return
        booking = self.call("confirm", f"SELECT booking_id FROM booking.confirm_reservation('{answer[0]}')")[0]
        self.bookings[booking] = Model(session, party)

    def version_argument(self, model):
        """None, the right version or a wrong one; and whether it is wrong."""
        kind = self.dice.randrange(6)
        if kind == 0:
            return f", expected_version => {model.version + 7}", True
        return (f", expected_version => {model.version}" if kind < 3 else ""), False

    def cancel(self, booking, model):
        argument, is_stale = self.version_argument(model)
        refund = self.dice.choice(["full", "none", "partial", "policy"])
        amount = self.dice.randrange(1, 7 * PRICE) if refund == "partial" else None
        answer = self.call("cancel", f"SELECT {self.COLUMNS} FROM booking.cancel_booking('{booking}', 'why', '{refund}'"
                           + (f", {amount}" if amount else "") + argument + ")")
        if model.status == "cancelled":
            self.expect("cancel again", answer, self.facts(model))
        elif is_stale:
            self.expect("cancel", answer, "BK222")
        elif model.status != "confirmed":
            self.expect("cancel", answer, "BK221")
        elif amount and amount > model.paid:
            self.expect("cancel", answer, "BK223")
        else:
            back = {"full": model.paid, "none": 0, "partial": amount, "policy": model.paid}[refund]
            model.kept, model.status, model.version = model.paid - back, "cancelled", model.version + 1
            self.expect("cancel", answer, self.facts(model))

    def is_refused(self, model, answer, what):
        """What move and resize have in common, before the version."""
        if model.status == "cancelled":
            self.expect(what, answer, "BK217")
        elif model.status != "confirmed" or model.has_absentees():
            self.expect(what, answer, "BK221")
        else:
            return False
        return True

    def move(self, booking, model):
        to = self.dice.randrange(SESSIONS)
        argument, is_stale = self.version_argument(model)
        answer = self.call("move", f"SELECT {self.COLUMNS} FROM booking.reschedule_booking('{booking}', "
                           f"'{self.sessions[to]}'{argument})")
        if self.is_refused(model, answer, "move"):
            return
        if to == model.session:
            self.expect("move nowhere", answer, self.facts(model))
        elif is_stale:
            self.expect("move", answer, "BK222")
        elif answer != "BK201":
            model.session, model.version = to, model.version + 1
            self.expect("move", answer, self.facts(model))

    def resize(self, booking, model):
        party = self.dice.randrange(0, 7)
        argument, is_stale = self.version_argument(model)
        columns = self.COLUMNS.replace("party_size", "seats")
        answer = self.call("resize", f"SELECT {columns} FROM booking.change_party_size('{booking}', {party}{argument})")
        if party == 0:
            self.expect("resize", answer, "BK002")
            return
        if self.is_refused(model, answer, "resize"):
            return
        if party == model.party:
            self.expect("resize to the same", answer, self.facts(model))
        elif is_stale:
            self.expect("resize", answer, "BK222")
        elif answer != "BK201" or party < model.party:
            model.party, model.version = party, model.version + 1
            model.units, model.nonces = ["booked"] * party, [None] * party
            self.expect("resize", answer, self.facts(model))

    SCANS = {"check_in": ({"booked", "no_show"}, "checked_in"), "check_out": ({"checked_in"}, "checked_out"),
             "mark_no_show": ({"booked"}, "no_show"), "undo_check_in": ({"checked_in"}, "booked"),
             "undo_check_out": ({"checked_out"}, "checked_in"), "undo_no_show": ({"no_show"}, "booked")}

    def scan(self, booking, model):
        action = self.dice.choice(list(self.SCANS))
        unit = self.dice.randrange(0, model.party + 2)  # counts from 1
        nonce = self.dice.choice(["gate", "door"]) if action == "check_in" else None
        answer = self.call(action, f"SELECT status, booked, checked_in, checked_out, no_show, version FROM booking."
                           f"{action}('{booking}', {unit}" + (f", '{nonce}'" if nonce else "") + ")")
        if model.status == "cancelled":
            self.expect(action, answer, "BK217")
            return
        if action == "mark_no_show":
            self.expect(action, answer, "BK221")  # nothing has begun
            return
        if not 1 <= unit <= model.party:
            self.expect(action, answer, "BK018")
            return
        sources, target = self.SCANS[action]
        at = unit - 1
        if model.units[at] in sources:
            model.units[at] = target
            if action == "check_in":
                model.nonces[at] = nonce
            model.derive()
        elif model.units[at] != target:
            self.expect(action, answer, "BK221")
            return
        elif action == "check_in" and model.nonces[at] != nonce:
            self.expect(action, answer, "BK226")
            return
        counts = collections.Counter(model.units)
        self.expect(action, answer, (model.status, str(counts["booked"]), str(counts["checked_in"]),
                                     str(counts["checked_out"]), str(counts["no_show"]), str(model.version)))

    def live(self):
        for _ in range(OPERATIONS):
            if not self.bookings or self.dice.random() < 0.2:
                self.book()
            else:
                booking, model = self.dice.choice(list(self.bookings.items()))
                self.dice.choice([self.cancel, self.move, self.move, self.resize, self.resize, self.scan, self.scan])(
                    booking, model)


class BookingLife(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.query("INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'One')")
        cls.admin.query("INSERT INTO booking.venues (organization_id, id, name, timezone)"
                        " VALUES (1, booking.new_id(1), 'Venue', 'UTC')")
        cls.admin.query("""
            INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, price_minor, schedule)
            SELECT 1, booking.new_id(1), v.id, 'Tour', 5, 1000,
                   '{"operatingDays": ["Monday"], "startTime": "09:00", "endTime": "10:00", "slotInterval": 60}'
              FROM booking.venues AS v""")

    def make_sessions(self, seed):
        ids = [row[0] for row in self.admin.query(f"""
            INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,
                                          capacity_total, remaining, timezone)
            SELECT 1, booking.new_id(1), a.id, t, t + interval '1 hour', t::date, {CAPACITY}, {CAPACITY}, 'UTC'
              FROM booking.activities AS a,
                   generate_series(1, {SESSIONS}) AS n,
                   LATERAL (SELECT date_trunc('day', now()) + make_interval(days => 10 + n, weeks => 10 * {seed})) AS d (t)
            RETURNING id""")]
        for session in ids[-STRIPED:]:
            self.admin.query(f"SELECT booking.set_session_lanes('{session}', 4)")
        return ids

    def look(self, until):
        """integrity_check() while everybody is at work."""
        with_rows = []
        dice = random.Random(1)
        session = self.session()
        while not until.wait(dice.random() / 2):
            with_rows += session.query("SELECT * FROM booking.integrity_check()")
        return with_rows

    def run_clients(self, clients):
        failures, over, seen = [], threading.Event(), []

        def work(client):
            try:
                client.live()
            except BaseException as failure:  # pylint: disable=broad-except
                failures.append(failure)
        threads = [threading.Thread(target=work, args=(client,)) for client in clients]
        watcher = threading.Thread(target=lambda: seen.extend(self.look(over)))
        for thread in [*threads, watcher]:
            thread.start()
        for thread in threads:
            thread.join()
        over.set()
        watcher.join()
        if failures:
            raise failures[0]
        self.assertEqual(seen, [], "the invariants hold at every moment")

    def test_random_lives(self):
        for seed in SEEDS:
            with self.subTest(seed=seed):
                sessions = self.make_sessions(seed)
                clients = [Client(self.session(), f"client{n}", sessions, seed) for n in range(CLIENTS)]
                self.run_clients(clients)
                self.assert_integrity()
                taken = collections.Counter()
                for client in clients:
                    for booking, model in client.bookings.items():
                        self.assertEqual(
                            self.admin.query(f"SELECT status, session_id, party_size, version FROM booking.bookings"
                                             f" WHERE id = '{booking}'"),
                            [(model.status, sessions[model.session], str(model.party), str(model.version))])
                        if model.status != "cancelled":
                            taken[sessions[model.session]] += model.party
                for session in sessions:
                    self.assertEqual(self.admin.value("SELECT capacity_total - capacity_remaining"
                                                      f" FROM booking.activity_sessions WHERE id = '{session}'"),
                                     str(taken[session]))
                    self.assertLessEqual(taken[session], CAPACITY)
                answers = sum((client.answers for client in clients), collections.Counter())
                self.assertTrue({("move", "ok"), ("resize", "ok"), ("cancel", "ok"), ("check_in", "ok"),
                                 ("move", "BK201")} <= set(answers), answers)
                # Whoever reserves may meet too many rivals; nobody meets a deadlock, since all lock in one order.
                waits = set().union(*(client.waits for client in clients))
                self.assertEqual([wait for wait in waits if "others are just booking session" not in wait[1]], [])


if __name__ == "__main__":
    unittest.main()
