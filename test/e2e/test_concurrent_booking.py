"""Many clients, one session of 500 seats: never oversold, no acknowledged hold or booking lost, sold to the last seat,
at each isolation level; a deadlock never in transactions of one call."""

import collections
import itertools
import random
import threading
import unittest

from psql import LONG, DatabaseCase, SqlError, quote

CLIENTS = 64 if LONG else 16
OPERATIONS = 9600 if LONG else 640  # of all clients, before the sale's end
SEEDS = range(5) if LONG else range(1)
SEATS = 500
LEVELS = ["read committed", "repeatable read", "serializable"]
LATE = "SET pg_booking.clock_offset = 120"  # for such a client, short holds have run out
LATER = "SET pg_booking.clock_offset = 3600"  # and here all of them
SHORT, LONG_HOLD = 60, 1800
RETRY = {"40001", "BK401"}


def in_threads(*works):
    """Runs them all, starting together; raises the first failure."""
    failures = []
    barrier = threading.Barrier(len(works))

    def run(work):
        try:
            barrier.wait(60)
            work()
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Client:
    """Books, and remembers what it was told."""

    def __init__(self, session, name, seats_of, seed, operations):
        self.session, self.name, self.seats_of, self.operations = session, name, seats_of, operations
        self.dice = random.Random(f"{seed} {name}")
        self.count = 0
        self.holds = {}      # reservation -> (seats, length of the hold), as acknowledged
        self.fate = {}       # reservation -> status that an answer has promised
        self.bookings = {}   # reservation -> booking
        self.states = collections.Counter()  # SQLSTATE -> how often
        self.messages = set()                # of those that say: try again

    def call(self, what, sql, allowed):
        """The answer, or the SQLSTATE of a refusal; tries again as long as it is told to."""
        while True:
            try:
                return self.session.query(sql)
            except SqlError as error:
                self.states[f"{what} {error.sqlstate}"] += 1
                if error.sqlstate in RETRY:
                    self.messages.add(error.message)
                elif error.sqlstate in allowed:
                    return error.sqlstate
                else:
                    raise

    def reserve(self, party, length):
        self.count += 1
        answer = self.call("reserve", "SELECT reservation_id, hold_token FROM booking.reserve_slot("
                           f"'{self.seats_of}', {party}, '{self.name}-{self.count}@example.com', NULL, {length})",
                           {"BK201"})
        if answer == "BK201":
            return None
        reservation = answer[0][0]
        self.holds[reservation] = (party, length)
        return reservation

    def confirm(self, reservation):
        may_be_late = self.holds[reservation][1] == SHORT
        answer = self.call("confirm", "SELECT booking_id, booking_number FROM booking.confirm_reservation("
                           f"'{reservation}')", {"BK211"} if may_be_late else set())
        if answer != "BK211":
            self.fate[reservation] = "confirmed"
            self.bookings[reservation] = answer[0]

    def cancel(self, reservation):
        may_be_late = self.holds[reservation][1] == SHORT
        answer = self.call("cancel", f"SELECT booking.cancel_reservation('{reservation}')", set())
        assert answer == [("t",)] or may_be_late, answer
        self.fate[reservation] = "cancelled" if answer == [("t",)] else "expired"

    def extend(self, reservation):
        may_be_late = self.holds[reservation][1] == SHORT
        self.call("extend", f"SELECT booking.extend_reservation('{reservation}', NULL, 60)",
                  {"BK205"} if may_be_late else set())

    def storm(self):
        open_holds = []
        for _ in range(self.operations):
            if open_holds and self.dice.random() < 0.4:
                reservation = open_holds.pop(self.dice.randrange(len(open_holds)))
                self.dice.choice([self.confirm, self.cancel, self.cancel, self.cancel, self.extend,
                                  lambda _: None])(reservation)
            else:
                reservation = self.reserve(self.dice.randrange(1, 7), self.dice.choice([SHORT, LONG_HOLD]))
                if reservation is not None:
                    open_holds.append(reservation)
        # No long hold stays, so that all seats can be sold in the end.
        for reservation in open_holds:
            if self.holds[reservation][1] == LONG_HOLD:
                self.dice.choice([self.confirm, self.cancel])(reservation)
        for reservation in list(self.holds):
            if self.holds[reservation][1] == LONG_HOLD and reservation not in self.fate:
                self.confirm(reservation)

    def buy_what_is_left(self):
        self.session.query(LATER)
        party = 6
        while party > 0:
            reservation = self.reserve(min(party, self.dice.randrange(1, 7)), LONG_HOLD)
            if reservation is None:
                party -= 1
            else:
                self.confirm(reservation)


class ConcurrentBooking(DatabaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.query("INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'Rush')")
        venue = cls.admin.value("INSERT INTO booking.venues (organization_id, name, timezone)"
                                " VALUES (1, 'Arena', 'Europe/Berlin') RETURNING id")
        cls.activity = cls.admin.value(
            "INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule, hold_seconds_max,"
            f" hold_extensions_max) VALUES (1, '{venue}', 'Concert', {SEATS}, '{{\"operatingDays\": [\"Monday\"],"
            " \"startTime\": \"20:00\", \"endTime\": \"22:00\", \"slotInterval\": 120}', 3600, 100) RETURNING id")
        cls.hours = 0

    def new_session(self, seats=SEATS):
        type(self).hours += 1
        return self.admin.value(
            "INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,"
            f" capacity_total, remaining, timezone) SELECT 1, booking.new_id(1), '{self.activity}', t.at,"
            f" t.at + interval '30 minutes', t.at::date, {seats}, {seats}, 'Europe/Berlin'"
            f" FROM (SELECT date_trunc('hour', now()) + interval '{10 + self.hours} hours') AS t (at) RETURNING id")

    def client_session(self, level, *more):
        # Nobody gives up waiting, and a deadlock is found soon.
        return self.session("SET pg_booking.lock_timeout = 0", "SET deadlock_timeout = '20ms'",
                            f"SET default_transaction_isolation = '{level}'", *more)

    def deadlocks(self):
        self.admin.query("SELECT pg_stat_clear_snapshot()")
        return int(self.admin.value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))

    def watch(self, seats_of, session, over):
        """While the others work: every snapshot adds up."""
        looks = 0
        while not over.is_set() or looks == 0:
            rows = session.query(self.AT_ANY_TIME)
            assert rows == [], rows
            taken = session.value("SELECT COALESCE(sum(party_size), 0) FROM booking.slot_reservations"
                                  f" WHERE session_id = '{seats_of}' AND status IN ('pending', 'confirmed')")
            assert int(taken) <= SEATS, taken
            looks += 1
            over.wait(0.02)  # leaves the processors to the others

    def release(self, level, over, session):
        while not over.is_set():
            try:
                session.query("SELECT booking.release_expired_reservations()")
                over.wait(0.005)
            except SqlError as error:
                if error.sqlstate not in RETRY:
                    raise
                self.release_states.append((level, error.sqlstate, error.message))

    def together(self, works, *until_over):
        over = threading.Event()
        left = [len(works)]
        lock = threading.Lock()

        def count_down(work):
            try:
                work()
            finally:
                with lock:
                    left[0] -= 1
                    if left[0] == 0:
                        over.set()
        in_threads(*[lambda w=work: count_down(w) for work in works], *[lambda w=work: w(over) for work in until_over])

    def assert_ledger(self, seats_of, clients):
        """What the clients were told is what is there."""
        rows = {i: (status, int(party)) for i, status, party in self.admin.query(
            f"SELECT id, status, party_size FROM booking.slot_reservations WHERE session_id = '{seats_of}'")}
        bookings = {r: (i, number, int(party)) for r, i, number, party in self.admin.query(
            "SELECT reservation_id, id, booking_number, party_size FROM booking.bookings"
            f" WHERE session_id = '{seats_of}'")}
        told = {r: seats for client in clients for r, (seats, _) in client.holds.items()}
        self.assertEqual({(r, party) for r, (_, party) in rows.items()}, set(told.items()))
        for client in clients:
            for reservation, status in client.fate.items():
                self.assertEqual(rows[reservation][0], status, (client.name, reservation))
            for reservation, (booking, number) in client.bookings.items():
                self.assertEqual(bookings[reservation], (booking, number, client.holds[reservation][0]))
        self.assertEqual(set(bookings), {r for r, (status, _) in rows.items() if status == "confirmed"})
        return sum(party for _, _, party in bookings.values())

    def one_sale(self, level, seed, lanes):
        seats_of = self.new_session()
        if lanes:
            self.admin.query(f"SELECT booking.set_session_lanes('{seats_of}', {lanes})")
        count = CLIENTS if LONG or level == LEVELS[0] else CLIENTS // 2
        clients = [Client(self.client_session(level, *([LATE] if n % 8 == 0 else [])), f"{level[:4]}{seed}-{n}",
                          seats_of, seed, OPERATIONS // count) for n in range(count)]
        watcher, job = self.session(), self.client_session(level, LATE)
        deadlocks = self.deadlocks()
        for stage in ("storm", "buy_what_is_left"):
            self.together([getattr(client, stage) for client in clients],
                          lambda over: self.watch(seats_of, watcher, over),
                          lambda over: self.release(level, over, job))
            if stage == "storm":
                stormy = sum((client.states for client in clients), collections.Counter())
        states = sum((client.states for client in clients), collections.Counter())
        sold = self.assert_ledger(seats_of, clients)
        self.assertEqual(sold, SEATS, states)
        self.assertEqual(self.admin.query("SELECT capacity_remaining, seats_available, oversold_by"
                                          f" FROM booking.activity_sessions WHERE id = '{seats_of}'"),
                         [("0", "0", "0")])
        self.assert_integrity()
        # The storm was one: everything that can happen has happened.
        fates = collections.Counter(f for client in clients for f in client.fate.values())
        for fate in ("confirmed", "cancelled"):
            self.assertGreater(fates[fate], 10, fates)
        if level == LEVELS[0]:  # at the others most refusals are serialization failures
            self.assertGreater(stormy["reserve BK201"], 0, stormy)
        for session in [client.session for client in clients] + [watcher, job]:
            session.close()
        return self.deadlocks() - deadlocks, states, {m for client in clients for m in client.messages}

    def test_one_session_of_500_seats(self):
        for level in LEVELS:
            for seed, lanes in itertools.product(SEEDS, (0, 16)):
                with self.subTest(level=level, seed=seed, lanes=lanes):
                    self.release_states = []
                    deadlocks, states, messages = self.one_sale(level, seed, lanes)
                    report = (dict(states), messages, self.release_states)
                    print(f"\n{level}, {seed}: {dict(states)} {messages}", end=" ")
                    self.assertEqual(deadlocks, 0, report)
                    if level == "read committed":
                        # Whoever waited for a counter in vain does not wait for holds that others are giving back, and
                        # says so at once; nothing else is a reason to try again.
                        self.assertLessEqual({s for s in states if s.split()[1] in RETRY},
                                             {"reserve BK401", "confirm BK401"}, report)
                        self.assertEqual([m for m in messages if not m.startswith(("ERROR:  others are just booking",
                                          "ERROR:  seats of expired holds are just being given back"))], [], report)
                        self.assertEqual(self.release_states, [], report)

    def test_two_calls_in_opposite_order(self):
        """A transaction of two calls has both seats or none, whatever order the others take them in."""
        for level in LEVELS:
            with self.subTest(level=level):
                pair = [self.new_session(), self.new_session()]
                held = [0] * CLIENTS

                def book(number, session, pair=pair, held=held):
                    dice = random.Random(number)
                    for turn in range(15):
                        first, second = dice.sample(pair, 2)
                        party = dice.randrange(1, 4)
                        try:
                            session.query("BEGIN")
                            for seats_of in (first, second):
                                session.query("SELECT booking.reserve_slot("
                                              f"'{seats_of}', {party}, 'two-{number}-{turn}@example.com')")
                            session.query("COMMIT")
                            held[number] += party
                        except SqlError as error:
                            session.query("ROLLBACK")
                            assert error.sqlstate in RETRY | {"BK201"}, error
                sessions = [self.client_session(level) for _ in range(CLIENTS)]
                in_threads(*[lambda n=n, s=s: book(n, s) for n, s in enumerate(sessions)])
                for seats_of in pair:
                    taken = self.admin.value("SELECT sum(party_size) FROM booking.slot_reservations"
                                             f" WHERE session_id = '{seats_of}'")
                    self.assertEqual(int(taken), sum(held))
                self.assertGreater(sum(held), 0)
                self.assert_integrity()
                for session in sessions:
                    session.close()

    def one_queue(self, level, lanes):
        """All seats are sold; some join, some cancel, some hope for luck, and the job releases."""
        seats, clients = 36, 3
        seats_of = self.new_session(seats)
        if lanes:
            self.admin.query(f"SELECT booking.set_session_lanes('{seats_of}', {lanes})")
        bookings = [self.admin.value(
            "SELECT booking_id FROM booking.confirm_reservation((SELECT reservation_id FROM booking.reserve_slot("
            f"'{seats_of}', 1, '{level[:4]}{lanes}-{n}@example.com')))") for n in range(seats)]
        answers = collections.Counter()

        def ask(what, session, sql, allowed):
            while True:
                try:
                    answers[what, session.value(sql) is not None] += 1
                    return
                except SqlError as error:
                    answers[what, error.sqlstate] += 1
                    assert error.sqlstate in allowed | RETRY, error
                    assert level != LEVELS[0] or "deadlock" not in error.message, error
                    if error.sqlstate not in RETRY:
                        return

        def join(number, session):
            for turn in range(10):
                ask("join", session, f"SELECT entry_id FROM booking.join_waitlist('{seats_of}', 1,"
                    f" 'w{level[:4]}{lanes}-{number}-{turn}@example.com')", {"BK241"})

        def cancel(number, session):
            for booking in bookings[number::clients][:8]:
                ask("cancel", session, f"SELECT status FROM booking.cancel_booking('{booking}')", set())

        def walk_in(number, session):
            for turn in range(10):
                ask("reserve", session, f"SELECT reservation_id FROM booking.reserve_slot('{seats_of}', 1,"
                    f" 'l{level[:4]}{lanes}-{number}-{turn}@example.com')", {"BK201"})
        sessions = [[self.client_session(level) for _ in range(clients)] for _ in range(3)]
        job = self.client_session(level)
        self.release_states = []
        join("first", sessions[0][0])
        self.together([lambda w=work, n=n, s=s: w(n, s) for work, some in zip((join, cancel, walk_in), sessions)
                       for n, s in enumerate(some)], lambda over: self.release(level, over, job))
        self.admin.query("SELECT booking.release_expired_reservations()")
        self.assert_integrity()
        offered, waiting, out_of_order = self.admin.query(
            "SELECT count(w.reservation_id), count(*) FILTER (WHERE w.status = 'waiting'),"
            "       count(*) FILTER (WHERE w.reservation_id < w.before)"
            "  FROM (SELECT e.*, max(e.reservation_id::text) OVER (ORDER BY e.id ROWS BETWEEN UNBOUNDED PRECEDING"
            "                    AND 1 PRECEDING)::uuid AS before"
            f"         FROM booking.waitlist_entries AS e WHERE e.session_id = '{seats_of}') AS w")[0]
        lucky = answers["reserve", True]
        free = int(self.admin.value(f"SELECT capacity_remaining FROM booking.activity_sessions WHERE id = '{seats_of}'"))
        self.assertEqual(int(offered) + lucky + free, 24, answers)  # all that were cancelled
        self.assertTrue(free == 0 or waiting == "0", answers)
        self.assertEqual(int(offered) + int(waiting), answers["join", True])
        self.assertGreaterEqual(int(offered), 10, answers)
        self.assertEqual(out_of_order, "0", "who came first was served first")
        for session in [*itertools.chain(*sessions), job]:
            session.close()

    def test_some_wait(self):
        for level, lanes in ((LEVELS[0], 0), (LEVELS[0], 6), (LEVELS[1], 6)):
            with self.subTest(level=level, lanes=lanes):
                self.one_queue(level, lanes)

    def test_one_court(self):
        """Two activities, one court, and everybody wants it: never both, and nobody is told of a constraint."""
        court = self.admin.value("INSERT INTO booking.resources (organization_id, id, venue_id, name)"
                                 " SELECT 1, booking.new_id(1), v.id, 'Court' FROM booking.venues AS v RETURNING id")
        ours, other = [self.admin.value(
            "INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, schedule)"
            f" SELECT 1, booking.new_id(1), a.venue_id, '{name}', a.capacity, a.schedule"
            f" FROM booking.activities AS a WHERE a.id = '{self.activity}' RETURNING id") for name in ("Opera", "Circus")]
        for level in LEVELS:
            with self.subTest(level=level):
                opera = self.new_session(8)
                self.admin.query(f"UPDATE booking.sessions SET activity_id = '{ours}' WHERE id = '{opera}'")
                circus = self.admin.value(
                    "INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,"
                    f" capacity_total, remaining, timezone) SELECT 1, booking.new_id(1), '{other}', s.start_time - interval '15 minutes',"
                    f" s.start_time, s.local_date, 8, 8, s.timezone FROM booking.sessions AS s WHERE s.id = '{opera}' RETURNING id")
                for activity, before in ((ours, 10), (other, 0)):
                    self.admin.query(f"SELECT booking.use_resource('{activity}', '{court}', {before})")
                self.admin.query(f"SELECT booking.set_session_lanes('{circus}', 2)")
                states = collections.Counter()

                def play(number, session, states=states, wanted=(opera, circus), level=level):
                    for turn in range(OPERATIONS // 80):
                        try:
                            hold = session.value("SELECT reservation_id FROM booking.reserve_slot("
                                                 f"'{wanted[number % 2]}', 2, 'court-{level[:4]}-{number}-{turn}@example.com')")
                            states["held"] += 1
                        except SqlError as error:
                            states[error.sqlstate] += 1
                            assert error.sqlstate in RETRY | {"BK201", "BK270"}, error
                            continue
                        while True:
                            try:
                                session.query(f"SELECT booking.cancel_reservation('{hold}')")
                                break
                            except SqlError as error:
                                assert error.sqlstate in RETRY, error

                def watch(over, session, wanted=(opera, circus)):
                    while not over.is_set():
                        had = session.value("SELECT count(DISTINCT session_id) FROM booking.slot_reservations WHERE"
                                            f" status = 'pending' AND session_id IN ('{wanted[0]}', '{wanted[1]}')")
                        assert had in {"0", "1"}, had
                        assert session.query("SELECT * FROM booking.integrity_check()") == []
                        over.wait(0.005)
                watcher = self.session()
                sessions = [self.client_session(level) for _ in range(8)]
                self.together([lambda n=n, s=s: play(n, s) for n, s in enumerate(sessions)],
                              lambda over: watch(over, watcher))
                self.assertTrue({"held", "BK270"} <= set(states), states)
                self.assertEqual(self.admin.query("SELECT * FROM booking.resource_allocations"), [])
                for activity in (ours, other):
                    self.admin.query(f"SELECT booking.stop_using_resource('{activity}', '{court}')")

    def test_same_key_from_several_clients(self):
        """Clients that repeat each other's requests get the same answers, and one hold is made for each."""
        for level in LEVELS:
            with self.subTest(level=level):
                seats_of = self.new_session()
                answers = collections.defaultdict(list)
                keys = [f"{level}-key-{n:03}".replace(" ", "-") for n in range(20)]

                def ask(number, session, seats_of=seats_of, answers=answers, keys=keys):
                    for key in keys:
                        while True:
                            try:
                                answer, = session.query(
                                    "SELECT reservation_id, expires_at, hold_token FROM booking.reserve_slot("
                                    f"'{seats_of}', 2, '{key}@example.com', {quote(key)})")
                                break
                            except SqlError as error:
                                assert level != LEVELS[0] and error.sqlstate in RETRY, error
                        answers[key].append(answer)
                sessions = [self.client_session(level) for _ in range(8)]
                in_threads(*[lambda n=n, s=s: ask(n, s) for n, s in enumerate(sessions)])
                self.assertEqual({key: (len(a), len(set(a))) for key, a in answers.items()},
                                 {key: (8, 1) for key in keys})
                self.assertEqual(len({a[0][0] for a in answers.values()}), len(keys))
                self.assertEqual(self.admin.value(f"SELECT remaining FROM booking.sessions WHERE id = '{seats_of}'"),
                                 str(SEATS - 2 * len(keys)))
                self.assert_integrity()
                for session in sessions:
                    session.close()

    def test_confirmed_by_all_at_once(self):
        """Eight confirm the same holds, two run the job that takes them for expired: a booking each."""
        for level in LEVELS:
            with self.subTest(level=level):
                seats_of = self.new_session()
                holds = [self.admin.value("SELECT reservation_id FROM booking.reserve_slot("
                                          f"'{seats_of}', 3, '{level[:4]}-{n}@example.com', NULL, {SHORT})")
                         for n in range(30)]
                answers = collections.defaultdict(set)

                def confirm(session, holds=holds, answers=answers):
                    for hold in holds:
                        while True:
                            try:
                                answers[hold].add(session.query("SELECT booking_id, booking_number"
                                                                f" FROM booking.confirm_reservation('{hold}')")[0])
                                break
                            except SqlError as error:
                                assert level != LEVELS[0] and error.sqlstate in RETRY, error
                self.release_states = []
                sessions = [self.client_session(level) for _ in range(8)]
                jobs = [self.client_session(level, LATE) for _ in range(2)]
                self.together([lambda s=s: confirm(s) for s in sessions],
                              *[lambda over, s=s: self.release(level, over, s) for s in jobs])
                self.assertEqual({hold: len(a) for hold, a in answers.items()}, {hold: 1 for hold in holds})
                self.assertEqual(self.admin.query("SELECT count(*), sum(party_size) FROM booking.bookings"
                                                  f" WHERE session_id = '{seats_of}'"), [("30", "90")])
                self.assert_integrity()
                for session in sessions + jobs:
                    session.close()


if __name__ == "__main__":
    unittest.main()
