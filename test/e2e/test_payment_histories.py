"""The history of a payment in any order and with any repetition ends in the same state: of the booking, the payment, its
refunds and the seats. What state that is, is said by a model of its own, which sees the history in one piece."""

import base64
import datetime
import hashlib
import itertools
import json
import random
import threading
import unittest

from psql import LONG, UTC, DatabaseCase, SqlError, clock_at, quote

SEEDS = range(400) if LONG else range(40)  # histories
ORDERS = 6 if LONG else 3                  # of each
REPLAYS = 1000 if LONG else 100
CLIENTS = 20 if LONG else 10
SEATS = 4
START = datetime.datetime(2027, 3, 1, 12, tzinfo=UTC)
SCHEMES = {"stripe": "stripe", "airwallex": "airwallex", "simple": "hmac"}


def make_session(session):
    """An organization with an activity of 50.00 EUR a party; returns the function that makes a new session of it."""
    session.query("INSERT INTO booking.organizations (organization_id, name) VALUES (1, 'Histories')")
    session.query("INSERT INTO booking.venues (organization_id, name, timezone) VALUES (1, 'Hall', 'UTC')")
    session.query("INSERT INTO booking.activities (organization_id, venue_id, name, schedule, capacity, price_minor,"
                  " price_basis, currency) SELECT 1, v.id, 'Tour', '{\"operatingDays\": [\"Monday\"], \"startTime\":"
                  " \"09:00\", \"endTime\": \"10:00\", \"slotInterval\": 60}', 4, 5000, 'session', 'EUR'"
                  " FROM booking.venues AS v")
    activity = session.value("SELECT id FROM booking.activities")
    count = iter(range(1, 1000000))

    def new_session():
        start = START + datetime.timedelta(days=1, hours=2 * next(count))
        return session.value(
            "INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,"
            " capacity_total, remaining, timezone)"
            f" VALUES (1, booking.new_id(1), '{activity}', '{start.isoformat()}', '{start.isoformat()}'::timestamptz +"
            f" interval '1 hour', '{start.date()}', {SEATS}, {SEATS}, 'UTC') RETURNING id")
    return new_session


class Event:
    """What a provider says: kind, and what it is about, for the model; and its body for each of them."""

    def __init__(self, kind, intent, amount=0, refund=None):
        self.kind, self.intent, self.amount, self.refund = kind, intent, amount, refund

    def stripe(self, metadata):
        intent = {"id": self.intent, "currency": "eur", "metadata": metadata}
        child = {"payment_intent": self.intent, "currency": "eur"}
        return {
            "unpaid": ("checkout.session.completed", dict(child, id="cs_" + self.intent, payment_status="unpaid",
                                                          amount_total=self.amount, metadata=metadata)),
            "checkout": ("checkout.session.completed", dict(child, id="cs_" + self.intent, payment_status="paid",
                                                            amount_total=self.amount, metadata=metadata)),
            "waiting": ("payment_intent.processing", intent),
            "failed": ("payment_intent.payment_failed", intent),
            "given up": ("payment_intent.canceled", intent),
            "paid": ("payment_intent.succeeded", dict(intent, amount_received=self.amount)),
            "refund pending": ("refund.created", dict(child, id=self.refund, amount=self.amount, status="pending")),
            "refund done": ("refund.updated", dict(child, id=self.refund, amount=self.amount, status="succeeded")),
            "refund failed": ("refund.failed", dict(child, id=self.refund, amount=self.amount, status="failed")),
            "refunded": ("charge.refunded", dict(child, id="ch_" + self.intent, amount_refunded=self.amount)),
        }[self.kind]

    def airwallex(self, metadata):
        intent = {"id": self.intent, "currency": "EUR", "metadata": metadata}
        refund = {"id": self.refund, "payment_intent_id": self.intent, "currency": "EUR", "amount": self.amount / 100}
        return {
            "waiting": ("payment_intent.pending", intent),
            "failed": ("payment_intent.payment_failed", intent),
            "given up": ("payment_intent.cancelled", intent),
            "paid": ("payment_intent.succeeded", dict(intent, amount=self.amount / 100)),
            "refund pending": ("refund.received", refund),
            "refund done": ("refund.settled", refund),
            "refund failed": ("refund.failed", refund),
        }[self.kind]

    def simple(self, metadata):
        payment = {"id": self.intent, "currency": "EUR", "metadata": metadata}
        refund = {"id": self.refund, "payment_id": self.intent, "currency": "EUR", "amount": f"{self.amount / 100:.2f}"}
        return {
            "waiting": ("payment.processing", payment),
            "failed": ("payment.failed", payment),
            "given up": ("payment.cancelled", payment),
            "paid": ("payment.succeeded", dict(payment, amount_minor=self.amount)),
            "refund pending": ("refund.processing", refund),
            "refund done": ("refund.received", refund),
            "refund failed": ("refund.failed", refund),
        }[self.kind]

    def body(self, provider, number, metadata):
        kind, thing = getattr(self, provider)(metadata)
        name = {"stripe": "type", "airwallex": "name", "simple": "event"}[provider]
        return json.dumps({"id": f"evt_{number}_{self.intent}", name: kind, "data": {"object": thing}})


def history(dice, provider, label):
    """A payment's life, as one provider may tell it, in the order in which it happened."""
    price, events = 5000, []
    intents = [f"{label}_{n}" for n in range(dice.choice([1, 1, 2]))]
    paid = dice.random() < 0.85
    for intent in intents:
        for _ in range(dice.randrange(3)):
            events.append(Event(dice.choice(["waiting", "failed", "given up"]), intent))
    intent = intents[-1]
    if not paid:
        return price, events or [Event("waiting", intent)]
    amount = price if dice.random() < 0.85 else dice.choice([price - 1, price + 1, 1])
    if provider == "stripe":
        events += [Event(dice.choice(["unpaid", "checkout"]), intent, amount)]
    events.append(Event("paid", intent, amount))
    left, told = amount, 0
    for n in range(dice.randrange(4)):
        part = left if dice.random() < 0.4 else dice.randint(1, left)
        refund = f"re_{intent}_{n}"
        events.append(Event("refund pending", intent, part, refund))
        if dice.random() < 0.3:
            events.append(Event("refund failed", intent, part, refund))
            continue
        events.append(Event("refund done", intent, part, refund))
        left, told = left - part, told + part
        if provider == "stripe" and dice.random() < 0.5:
            events.append(Event("refunded", intent, told))
        if dice.random() < 0.15:  # the bank sends it back
            events.append(Event("refund failed", intent, part, refund))
            left, told = left + part, told - part
        if left == 0:
            break
    return price, events


def model(price, events, is_hold):
    """Where a whole history leads, from what it says altogether."""
    payments = {}
    for event in events:
        payment = payments.setdefault(event.intent, {"paid": 0, "failed": False, "told": 0, "refunds": {}})
        if event.kind in ("failed", "given up"):
            payment["failed"] = True
        elif event.kind in ("paid", "checkout"):
            payment["paid"] = event.amount
        elif event.kind == "refunded":
            payment["told"] = max(payment["told"], event.amount)
        elif event.kind.startswith("refund "):
            states = payment["refunds"].setdefault(event.refund, (event.amount, set()))[1]
            states.add(event.kind.removeprefix("refund "))
    lines, booking, back, whole, under_way, failures = [], None, 0, False, 0, 0
    for intent, payment in sorted(payments.items()):
        final = {ref: (amount, "failed" if "failed" in states else "done" if "done" in states else "pending")
                 for ref, (amount, states) in payment["refunds"].items()}
        total = {state: sum(amount for amount, is_now in final.values() if is_now == state)
                 for state in ("pending", "done", "failed")}
        gone = total["done"]  # each of them has told of itself; sums of the provider say nothing new
        if payment["paid"] == 0:
            status = "failed" if payment["failed"] else "pending"
        elif payment["paid"] != price:
            status = "conflict"
        else:
            status = "refunded" if gone == price else "partially_refunded" if gone else "paid"
            booking, back = status, gone
            ever_done = sum(amount for amount, states in payment["refunds"].values() if "done" in states)
            whole = ever_done >= price or any(amount == price for amount, _ in final.values())
            under_way, failures = min(total["pending"], price - gone), total["failed"]
        lines.append(("payment", intent, status, str(payment["paid"]), str(gone)))
        lines += [("refund", ref, state, str(amount), "") for ref, (amount, state) in sorted(final.items())]
    owed = price - back if whole else 0
    if booking is None:
        failed = any(payment["failed"] for payment in payments.values())
        standing = ("none", "", "") if is_hold else ("pending", "failed" if failed else "pending", "none")
    else:
        refund = ("pending" if under_way else "failed" if failures > back or (owed and failures)
                  else "due" if owed else "done" if back else "none")
        standing = ("cancelled" if whole else "confirmed" if is_hold else "paid", booking, refund)
    if owed - under_way > 0:
        lines.append(("due", "", "", str(owed - under_way), ""))
    holds_seats = is_hold and (booking is None or not whole)
    return sorted(lines), standing, SEATS - 2 if holds_seats else SEATS


class PaymentCase(DatabaseCase):
    """A source of each kind, and what its events come to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin.query(clock_at(START))
        cls.new_session = staticmethod(make_session(cls.admin))
        cls.sources = {
            provider: cls.admin.value(f"SELECT source_id FROM booking.create_webhook_source(1, '{provider}', '{scheme}',"
                                      " 'whsec_of_the_provider')")
            for provider, scheme in SCHEMES.items()}

    def receive(self, provider, body, session=None):
        return json.loads((session or self.admin).value(
            f"SELECT booking.receive_webhook('{self.sources[provider]}', convert_to({quote(body)}, 'UTF8'), '{{}}')"))

    def new_sale(self, label, price):
        token = hashlib.sha256(label.encode()).digest()
        self.admin.query(
            "INSERT INTO booking.bookings (organization_id, id, booking_number, customer_email, status, payment_status,"
            f" amount_cents, currency, token_hash, expires_at) VALUES (1, booking.new_id(1), '{label}', 'a@example.org',"
            f" 'pending', 'pending', {price}, 'EUR', '\\x{hashlib.sha256(token).hexdigest()}', '2030-01-01')")
        return {"booking_token": base64.urlsafe_b64encode(token).decode().rstrip("=") + ".1"}

    def new_hold(self, session_id):
        return self.admin.value(f"SELECT reservation_id FROM booking.reserve_slot('{session_id}', 2, 'a@example.org')")

    def outcome(self, label, reservation, session_id):
        payments = self.admin.query(
            "SELECT 'payment', provider_ref, status, amount_minor, refunded_minor FROM booking.payments"
            f" WHERE provider_ref LIKE '{label}\\_%'"
            " UNION ALL SELECT CASE f.status WHEN 'due' THEN 'due' ELSE 'refund' END, COALESCE(f.provider_ref, ''),"
            "  CASE f.status WHEN 'due' THEN '' ELSE f.status END, f.amount_minor, NULL"
            " FROM booking.refunds AS f JOIN booking.payments AS p ON p.id = f.payment_id"
            f" WHERE p.provider_ref LIKE '{label}\\_%'")
        lines = sorted(tuple(value or "" for value in row) for row in payments)
        bookings = self.admin.query(
            "SELECT status, payment_status, refund_status FROM booking.bookings WHERE "
            + (f"booking_number = '{label}'" if reservation is None else f"reservation_id = '{reservation}'"))
        seats = SEATS if session_id is None else int(self.admin.value(
            f"SELECT remaining FROM booking.sessions WHERE id = '{session_id}'"))
        return lines, bookings[0] if bookings else ("none", "", ""), seats

    def play(self, seed, provider, is_hold, order, dice):
        """One history in one order; returns where it led, and what the model says."""
        label = f"{provider}{'h' if is_hold else 'b'}{seed}x{order}"
        price, events = history(random.Random(f"{seed} {provider} {is_hold}"), provider, label)
        session_id = self.new_session() if is_hold else None
        reservation = self.new_hold(session_id) if is_hold else None
        metadata = {"reservation_id": reservation} if is_hold else self.new_sale(label, price)
        bodies = [event.body(provider, number, metadata) for number, event in enumerate(events)]
        if order > 0:
            bodies += [dice.choice(bodies) for _ in range(dice.randrange(len(bodies) + 1))]
            # The same under other ids, as where a sender forgets what it has sent.
            bodies += [body.replace("evt_", "again_") for body in bodies if dice.random() < 0.1]
            dice.shuffle(bodies)
        for body in bodies:
            self.receive(provider, body)
        return self.outcome(label, reservation, session_id), model(price, events, is_hold), bodies


class Histories(PaymentCase):
    def test_any_order_and_repetition_ends_in_the_same_state(self):
        standings = set()
        for seed in SEEDS:
            dice = random.Random(seed)
            for provider in SCHEMES:
                for is_hold in (False, True):
                    for order in range(ORDERS):
                        outcome, expected, bodies = self.play(seed, provider, is_hold, order, dice)
                        self.assertEqual(outcome, expected, f"seed {seed}\n" + "\n".join(bodies))
                        standings.add((is_hold,) + outcome[1])
            if seed % 20 == 0:
                self.assert_integrity()
        self.assert_integrity()
        self.assertEqual(self.admin.query("SELECT DISTINCT status FROM booking.payment_events"
                                          " WHERE status NOT IN ('applied', 'conflict', 'failed')"), [])
        # The histories were worth it: all ends were reached.
        self.assertGreaterEqual(len(standings), 16, standings)

    def test_two_payments_and_the_refund_of_one(self):
        """The booking lives on the payment that came first: it goes with that one, and stays without the other."""
        for number, order in enumerate(itertools.permutations(["A", "B", "refund"])):
            for refunded in "AB":
                label = f"two{number}{refunded}"
                metadata = self.new_sale(label, 5000)
                for step, name in enumerate(order):
                    event = (Event("refund done", f"{label}_{refunded}", 5000, f"re_{label}") if name == "refund"
                             else Event("paid", f"{label}_{name}", 5000))
                    self.receive("simple", event.body("simple", step, metadata))
                first = next(name for name in order if name != "refund")
                expected = (("cancelled", "partially_refunded", "due") if refunded == first
                            else ("paid", "paid", "done"))
                lines, standing, _ = self.outcome(label, None, None)
                self.assertEqual(standing, expected, (order, refunded))
                dues = [line[3] for line in lines if line[0] == "due"]
                self.assertEqual(dues, ["5000"] if refunded == first else [], (order, refunded))
        self.assert_integrity()

    def test_several_amounts_of_one_payment(self):
        ends = set()
        for is_hold in (False, True):
            steps = [Event("paid", "", 5000), Event("paid", "", 6000), Event("refund done", "", 500, "")]
            for number, order in enumerate(itertools.permutations(steps)):
                label = f"several{number}{is_hold}"
                session_id = self.new_session() if is_hold else None
                reservation = self.new_hold(session_id) if is_hold else None
                metadata = {"reservation_id": reservation} if is_hold else self.new_sale(label, 5000)
                for step, event in enumerate(order):
                    event = Event(event.kind, f"{label}_0", event.amount, f"re_{label}")
                    self.receive("simple", event.body("simple", step, metadata))
                lines, standing, seats = self.outcome(label, reservation, session_id)
                ends.add((is_hold, standing, seats, tuple((line[0],) + line[2:] for line in lines)))
        self.assertEqual(ends, {
            (is_hold, ("confirmed" if is_hold else "paid", "paid", "due"), SEATS - 2 if is_hold else SEATS,
             (("due", "", "500", ""), ("payment", "partially_refunded", "6000", "500"),
              ("refund", "done", "500", ""))) for is_hold in (False, True)})
        self.assert_integrity()

    def test_what_failed_because_of_the_order_is_applied_by_the_job(self):
        label = "job"
        metadata = self.new_sale(label, 5000)
        self.assertEqual(self.receive("stripe", Event("refunded", "job_0", 5000).body("stripe", 1, {}))["status"], "failed")
        self.assertEqual(self.receive("stripe", Event("paid", "job_0", 5000).body("stripe", 2, metadata))["status"],
                         "applied")
        # Later than all that the other tests have left to be applied again.
        with self.session(clock_at(START + datetime.timedelta(hours=2))) as later:
            later.query("CALL booking.payment_job()")
        self.assertEqual(self.admin.query("SELECT status, attempts FROM booking.payment_events"
                                          " WHERE external_id = 'evt_1_job_0'"), [("applied", "2")])
        self.assertEqual(self.admin.query("SELECT external_id FROM booking.payment_events WHERE status = 'failed'"), [])
        self.assert_integrity()
        self.assertEqual(self.outcome(label, None, None)[1], ("cancelled", "refunded", "done"))


class Replays(PaymentCase):
    """At the same time."""

    def in_threads(self, work):
        failures = []
        barrier = threading.Barrier(CLIENTS)

        def run(number):
            try:
                with self.session(clock_at(START), "SET ROLE booking_relay") as session:
                    barrier.wait(60)
                    work(session, number)
            except BaseException as failure:  # pylint: disable=broad-except
                failures.append(failure)
        threads = [threading.Thread(target=run, args=(number,)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def test_a_rival_that_cannot_be_seen_is_no_failure(self):
        """From REPEATABLE READ on, the row of a payment that was made meanwhile is in the way, and not to be seen."""
        for number, level in enumerate(("REPEATABLE READ", "SERIALIZABLE")):
            intent = f"unseen_{number}"
            metadata = self.new_sale(intent, 5000)
            paid = [Event("paid", intent, 5000).body("simple", n, metadata) for n in (1, 2)]
            call = (f"SELECT booking.receive_webhook('{self.sources['simple']}',"
                    f" convert_to({quote(paid[1])}, 'UTF8'), '{{}}') ->> 'status'")
            with self.session(clock_at(START), "SET ROLE booking_relay") as late:
                late.query(f"BEGIN ISOLATION LEVEL {level}")
                late.query("SELECT 1")
                self.assertEqual(self.receive("simple", paid[0])["status"], "applied")
                with self.assertRaises(SqlError) as refused:
                    late.query(call)
                self.assertIn(refused.exception.sqlstate, ("BK401", "40001"))
                late.query("ROLLBACK")
                self.assertEqual(late.value(call), "applied")
        self.assert_integrity()

    def test_one_event_a_thousand_times_at_once_has_one_effect(self):
        session_id = self.new_session()
        reservation = self.new_hold(session_id)
        body = Event("paid", "replay_0", 5000).body("simple", 1, {"reservation_id": reservation})
        answers = []

        def work(session, _):
            for _ in range(REPLAYS // CLIENTS):
                answers.append(self.receive("simple", body, session)["status"])
        self.in_threads(work)
        self.assertEqual(sorted(answers), ["applied"] + ["duplicate"] * (REPLAYS - 1))
        self.assertEqual(self.outcome("replay", reservation, session_id),
                         ([("payment", "replay_0", "paid", "5000", "0")], ("confirmed", "paid", "none"), SEATS - 2))
        self.assertEqual(self.admin.value("SELECT count(*) FROM booking.payment_events"
                                          " WHERE external_id = 'evt_1_replay_0'"), "1")
        self.assert_integrity()

    def test_all_events_of_a_payment_at_once(self):
        """By many clients, each in an order of its own, under ids of its own: nobody is told to try again for ever."""
        for seed in range(20 if LONG else 4):
            for is_hold in (False, True):
                label = f"together{seed}{'h' if is_hold else 'b'}"
                price, events = history(random.Random(seed), "stripe", label)
                session_id = self.new_session() if is_hold else None
                reservation = self.new_hold(session_id) if is_hold else None
                metadata = {"reservation_id": reservation} if is_hold else self.new_sale(label, price)

                def work(session, number):
                    mine = list(events)
                    random.Random(f"{seed} {number}").shuffle(mine)
                    for index, event in enumerate(mine):
                        body = event.body("stripe", f"{number}_{index}", metadata)
                        for _ in range(10):
                            try:
                                self.receive("stripe", body, session)
                                break
                            except SqlError as error:
                                if error.sqlstate != "BK401":
                                    raise
                        else:
                            raise AssertionError("always in the way")
                self.in_threads(work)
                self.assertEqual(self.outcome(label, reservation, session_id), model(price, events, is_hold), label)
        self.assert_integrity()


if __name__ == "__main__":
    unittest.main()
