"""The life of holds and bookings against a simple model: random calls by many clients at once on a few sessions, while
somebody else cuts and raises capacities, closes and opens sessions, releases holds, and lets who waits be served by one
rule or the other. Each client keeps to bookings of
its own and knows exactly what they must be like, also after the first session has begun; what all of them share, the
seats, is judged at the end and by integrity_check() at random moments in between."""

import collections
import itertools
import json
import random
import threading
import unittest

from psql import LONG, DatabaseCase, SqlError

CLIENTS, CREWS = 16, 8
OPERATIONS = 400 if LONG else 74  # of each client
SEEDS = range(5) if LONG else range(1)
SESSIONS, CAPACITY, STRIPED = 6, 24, 2  # the last two have lanes
PRICE = 1000
UNITS = {"adult": (1000, 1), "child": (500, 1), "family": (3000, 4)}  # price and seats; no child without an adult
RETRY = {"40001", "BK401"}
NO_ROOM = {"BK201", "BK203"}  # sold out, closed
WAITED_FOR = "BK240"  # others wait and come first
TAKEN = "BK270"  # the court


class Model:
    """One booking as it must be: nothing here knows how the extension does it."""

    def __init__(self, session, party, has_ledger=False):
        self.session, self.party = session, party
        self.has_ledger = has_ledger  # its payments are known one by one
        self.kept = 0
        self.given_up = 0  # of the price: kept for what is gone
        self.status = "confirmed"
        self.version = 1
        self.has_conflict = False  # money that nobody has decided about
        self.is_erased = False
        self.fill()
        self.paid = self.price()

    def fill(self):
        """Nothing has become of any unit."""
        self.units = {number: "booked" for number in range(1, self.party + 1)}
        self.nonces, self.cancelled, self.highest = {}, set(), self.party

    def price(self):
        return self.party * PRICE + self.given_up

    def by_terms(self, has_begun):
        """What a cancellation gives back by the terms."""
        owed = max(self.paid - self.price(), 0)
        return owed if has_begun else owed + max(self.paid - owed - self.given_up, 0)

    def keep(self, cheaper, has_begun):
        """Of what a change is to make cheaper: before the start all goes back, later what was paid of it is kept."""
        kept = max(cheaper - self.owed(), 0) if has_begun else 0
        self.given_up += kept
        return kept

    def derive(self):
        units = collections.Counter(self.units.values())
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
        return any(unit != "booked" for unit in self.units.values())

    def due(self):
        if self.status == "cancelled":
            return self.paid - self.kept
        return max(self.paid - self.price(), 0)

    def owed(self):
        return 0 if self.status == "cancelled" else max(self.price() - self.paid, 0)

    def changed(self, due_before):
        """A ledger is settled after the change, which makes a version of its own if something is due now or no more."""
        self.version += 1 + (self.has_ledger and (due_before > 0) != (self.due() > 0))


class UnitModel(Model):
    """One that is made of units: a ticket each, with its price."""

    def __init__(self, session, composition, has_ledger=False):
        self.tickets, self.cancelled = {}, set()
        self.recompose(composition)
        super().__init__(session, self.seats(), has_ledger)

    def fill(self):
        self.nonces, self.cancelled = {}, set()

    def seats(self):
        return sum(UNITS[unit][1] for unit in self.tickets.values())

    def price(self):
        return sum(UNITS[unit][0] for unit in self.tickets.values()) + self.given_up

    def composition(self):
        return dict(collections.Counter(self.tickets.values()))

    def recompose(self, wanted, has_begun=False):
        """The last tickets of a unit go; new ones have the next numbers, in the order of the units."""
        had, gone = self.composition(), set()
        for unit in UNITS:
            gone |= set(sorted(number for number, each in self.tickets.items() if each == unit)[wanted.get(unit, 0):])
        cheaper = sum(UNITS[unit][0] * (had.get(unit, 0) - wanted.get(unit, 0)) for unit in UNITS)
        if has_begun and self.keep(cheaper, has_begun):
            self.cancelled |= gone
        for number in gone:
            del self.tickets[number]
        for unit in UNITS:
            for _ in range(wanted.get(unit, 0) - collections.Counter(self.tickets.values())[unit]):
                self.tickets[max([0, *self.tickets, *self.cancelled]) + 1] = unit
        self.follow(self.cancelled)

    def follow(self, cancelled):
        self.party = self.seats()
        self.units = {number: "booked" for number in self.tickets}
        self.highest = max([*self.tickets, *cancelled])


class Client:
    def __init__(self, session, name, sessions, seed, world):
        self.session, self.name, self.sessions, self.world = session, name, sessions, world
        self.dice = random.Random(f"{seed} {name}")
        self.bookings, self.holds, self.entries = {}, [], []
        self.emails = {}  # of holds, each somebody else's
        self.count = 0
        self.late = False  # the first session has begun
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

    def expect(self, what, answer, wanted):
        assert answer == wanted, f"{self.name} {what}: {answer}, not {wanted}"

    def facts(self, model):
        """As every function on a booking answers."""
        return (model.status, str(self.sessions[model.session]), str(model.party), str(model.price()),
                str(model.due()), str(model.owed()), str(model.version))

    COLUMNS = "status, session_id, party_size, amount_cents, refund_due_minor, amount_due_minor, version"

    def reserve(self):
        self.count += 1
        session, party = self.dice.choice([0, self.dice.randrange(SESSIONS)]), self.dice.randrange(1, 5)
        email = f"{self.name}-{self.count}@example.com"
        answer = self.call("reserve", f"SELECT reservation_id FROM booking.reserve_slot('{self.sessions[session]}', "
                           f"{party}, '{email}')")
        if isinstance(answer, str):
            allowed = NO_ROOM | {"BK002", WAITED_FOR, TAKEN} | ({"BK202"} if self.late and session == 0 else set())
            assert answer in allowed, f"{self.name} reserve: {answer}"
            return None
        self.emails[answer[0]] = email
        return answer[0], session, party

    def book(self):
        hold = self.reserve()
        if hold is None:
            return
        if self.dice.random() < 0.3:
            self.holds.append(hold)
        elif self.dice.random() < 0.4:
            self.confirm_by_money(hold)
        else:
            self.confirm(hold)

    def join(self):
        self.count += 1
        session, party = self.dice.randrange(SESSIONS), self.dice.randrange(1, 5)
        answer = self.call("join", f"SELECT entry_id, waitlist_token FROM booking.join_waitlist('{self.sessions[session]}', "
                           f"{party}, '{self.name}-{self.count}@example.com')")
        if isinstance(answer, str):
            allowed = {"BK241", "BK203", "BK002"} | ({"BK202"} if self.late and session == 0 else set())
            assert answer in allowed, f"{self.name} join: {answer}"
        else:
            self.entries.append((*answer, session, party))
            self.emails[answer[0]] = f"{self.name}-{self.count}@example.com"

    def use_entry(self):
        """What was offered is a hold like others, with the token of the entry; nobody is offered anything twice."""
        at = self.dice.randrange(len(self.entries))
        entry, token, session, party = self.entries[at]
        status, hold = self.session.query("SELECT s ->> 'status', s ->> 'reservation_id'"
                                          f" FROM booking.waitlist_status('{entry}', '{token}') AS s")[0]
        self.answers["waits", status] += 1
        assert status in {"waiting", "offered", "expired", "closed"}, f"{self.name} waits: {status}"
        if status == "offered" and self.dice.random() < 0.7:
            del self.entries[at]
            self.emails[hold] = self.emails[entry]
            self.dice.choice([self.confirm, self.confirm_by_money, self.holds.append])((hold, session, party))
        elif status != "waiting" or self.dice.random() < 0.2:
            del self.entries[at]
            answer = self.call("leave", f"SELECT booking.leave_waitlist('{entry}', '{token}')")
            assert answer in {("t",), ("f",)}, f"{self.name} leave: {answer}"

    def model_of(self, hold, has_ledger=False):
        return Model(*hold[1:], has_ledger)

    def confirm(self, hold):
        """Whoever has travelled in time may have let it run out, and others may have its seats by now."""
        answer = self.call("confirm", f"SELECT booking_id FROM booking.confirm_reservation('{hold[0]}')")
        if answer != "BK211":
            assert not isinstance(answer, str), f"{self.name} confirm: {answer}"
            self.bookings[answer[0]] = self.model_of(hold)
            self.emails[answer[0]] = self.emails[hold[0]]

    def send(self, metadata, amount):
        self.count += 1
        body = json.dumps({
            "id": f"evt_{self.name}_{self.count}", "object": "event", "type": "payment_intent.succeeded", "created": 1,
            "data": {"object": {"id": f"pi_{self.name}_{self.count}", "amount_received": amount, "currency": "eur",
                                "metadata": metadata}}})
        return self.call("pay", f"SELECT booking.receive_webhook('{self.world.source}', convert_to('{body}', 'UTF8')) ->> 'status'")[0]

    def confirm_by_money(self, hold):
        price = self.model_of(hold).price()
        self.expect("pay a hold", self.send({"reservation_id": hold[0]}, price), "applied")
        rows = self.session.query(f"SELECT id FROM booking.bookings WHERE reservation_id = '{hold[0]}'")
        if rows:
            self.bookings[rows[0][0]] = self.model_of(hold, has_ledger=True)
            self.emails[rows[0][0]] = self.emails[hold[0]]
        else:
            self.answers["pay", "too late"] += 1
            self.expect("money that came too late", self.session.query(
                "SELECT f.status, f.amount_minor FROM booking.payments AS p JOIN booking.refunds AS f"
                " ON (f.organization_id, f.payment_id) = (p.organization_id, p.id)"
                f" WHERE p.reservation_id = '{hold[0]}'"), [("due", str(price))])

    def use_hold(self):
        hold = self.holds.pop(self.dice.randrange(len(self.holds)))
        action = self.dice.choice(["confirm", "money", "extend", "cancel", "erase"])
        if action == "confirm":
            self.confirm(hold)
        elif action == "money":
            self.confirm_by_money(hold)
        elif action == "cancel":
            answer = self.call("cancel hold", f"SELECT booking.cancel_reservation('{hold[0]}')")
            assert answer in {("t",), ("f",)}, f"{self.name} cancel hold: {answer}"
        elif action == "erase":
            answer = self.erased(hold[0])
            # Of an offer, the place on the list as well.
            assert answer[0] == "0" and answer[1] in ("1", "2") and answer[2] in ("0", "1"), f"{self.name} erase a hold: {answer}"
            self.expect("confirm what is erased", self.call("confirm", f"SELECT booking.confirm_reservation('{hold[0]}')"), "BK206")
        else:
            answer = self.call("extend", f"SELECT booking.extend_reservation('{hold[0]}') IS NOT NULL")
            assert answer in {("t",), "BK205"} or answer == "BK209", f"{self.name} extend: {answer}"
            self.holds.append(hold)

    def version_argument(self, model):
        """None, the right version or a wrong one; and whether it is wrong."""
        kind = self.dice.randrange(6)
        if kind == 0:
            return f", expected_version => {model.version + 7}", True
        return (f", expected_version => {model.version}" if kind < 3 else ""), False

    def has_begun(self, model):
        return self.late and model.session == 0

    def cancel(self, booking, model):
        argument, is_stale = self.version_argument(model)
        refund = self.dice.choice(["full", "none", "partial", "policy"])
        amount = self.dice.randrange(1, 7 * PRICE) if refund == "partial" else None
        override = self.dice.random() < 0.5
        answer = self.call("cancel", f"SELECT {self.COLUMNS} FROM booking.cancel_booking('{booking}', 'why', '{refund}'"
                           + (f", {amount}" if amount else "") + (", override => true" if override else "")
                           + argument + ")")
        if model.status == "cancelled":
            self.expect("cancel again", answer, self.facts(model))
        elif is_stale:
            self.expect("cancel", answer, "BK222")
        elif model.status != "confirmed":
            self.expect("cancel", answer, "BK221")
        elif self.has_begun(model) and not override:
            self.expect("cancel", answer, "BK220")
        elif amount and amount > model.paid:
            self.expect("cancel", answer, "BK223")
        else:
            back = {"full": model.paid, "none": 0, "partial": amount,
                    "policy": model.by_terms(self.has_begun(model))}[refund]
            due = model.due()
            model.kept, model.status = model.paid - back, "cancelled"
            model.changed(due)
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

    def within_reach(self, model):
        """Sessions of the same activity."""
        return range(len(self.sessions))

    def move(self, booking, model):
        to = self.dice.choice(self.within_reach(model))
        argument, is_stale = self.version_argument(model)
        answer = self.call("move", f"SELECT {self.COLUMNS} FROM booking.reschedule_booking('{booking}', "
                           f"'{self.sessions[to]}'{argument})")
        if self.is_refused(model, answer, "move"):
            return
        if to == model.session:
            self.expect("move nowhere", answer, self.facts(model))
        elif is_stale:
            self.expect("move", answer, "BK222")
        elif self.late and to == 0:
            assert answer in {"BK202", "BK203"}, f"{self.name} move into the past: {answer}"
        elif answer not in NO_ROOM | {TAKEN}:
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
        elif party > model.party and self.has_begun(model):
            assert answer in {"BK002", "BK202", "BK203"}, f"{self.name} grow after the start: {answer}"
        elif party < model.party or answer not in NO_ROOM | {"BK002"}:
            due = model.due()
            model.keep((model.party - party) * PRICE, self.has_begun(model))
            model.party = party
            model.changed(due)
            model.fill()
            self.expect("resize", answer, self.facts(model))

    def pay(self, booking, model):
        """Another payment: the price, just what is still to be paid, or neither."""
        owing = [item for item in self.bookings.items() if item[1].has_ledger and item[1].owed()]
        if owing:
            booking, model = self.dice.choice(owing)
        if not model.has_ledger:
            return
        price = model.price()
        rest = price - model.paid
        amount = self.dice.choice([rest if rest > 0 else 1, price, PRICE // 2])
        is_due = amount in (price, rest)
        self.expect("pay", self.send({"booking_id": booking}, amount), "applied" if is_due else "conflict")
        self.answers["pay", "the rest" if is_due and amount == rest else "the price" if is_due else "conflict"] += 1
        model.has_conflict = model.has_conflict or not is_due
        if is_due:
            due = model.due()
            model.paid += amount
            model.version += (due > 0) != (model.due() > 0)

    def erased(self, what):
        return self.call("erase", "SELECT bookings, reservations, released FROM booking.erase_customer(1, "
                         f"'{self.emails[what]}')")

    def erase(self, booking, model):
        """Not while the booking is to come (no session is over yet), nor while money is under way."""
        answer = self.erased(booking)
        if model.is_erased:
            self.expect("erase again", answer, ("0", "0", "0"))
        elif model.status in ("confirmed", "checked_in") or model.due() > 0 or model.has_conflict:
            self.expect("erase", answer, "BK250")
        else:
            model.is_erased, model.version, model.nonces = True, model.version + 1, {}
            assert answer in {("1", "1", "0"), ("1", "2", "0")}, f"{self.name} erase: {answer}"  # one that waited has a place, too

    SCANS = {"check_in": ({"booked", "no_show"}, "checked_in"), "check_out": ({"checked_in"}, "checked_out"),
             "mark_no_show": ({"booked"}, "no_show"), "undo_check_in": ({"checked_in"}, "booked"),
             "undo_check_out": ({"checked_out"}, "checked_in"), "undo_no_show": ({"no_show"}, "booked")}

    def scan(self, booking, model):
        action = self.dice.choice(list(self.SCANS) + ["mark_no_show"] * (4 if self.has_begun(model) else 0))
        unit = self.dice.randrange(0, model.highest + 2)  # counts from 1
        nonce = self.dice.choice(["gate", "door"]) if action == "check_in" else None
        answer = self.call(action, f"SELECT status, booked, checked_in, checked_out, no_show, version FROM booking."
                           f"{action}('{booking}', {unit}" + (f", '{nonce}'" if nonce else "") + ")")
        if model.status == "cancelled":
            self.expect(action, answer, "BK217")
            return
        if action == "mark_no_show" and not self.has_begun(model):
            self.expect(action, answer, "BK221")
            return
        if unit not in model.units:
            self.expect(action, answer, "BK221" if unit in model.cancelled else "BK018")
            return
        sources, target = self.SCANS[action]
        if model.units[unit] in sources:
            model.units[unit] = target
            if action == "check_in":
                model.nonces[unit] = nonce
            model.derive()
        elif model.units[unit] != target:
            self.expect(action, answer, "BK221")
            return
        elif action == "check_in" and model.nonces.get(unit) != nonce:
            self.expect(action, answer, "BK226")
            return
        counts = collections.Counter(model.units.values())
        self.expect(action, answer, (model.status, str(counts["booked"]), str(counts["checked_in"]),
                                     str(counts["checked_out"]), str(counts["no_show"]), str(model.version)))

    def live(self):
        for _ in range(OPERATIONS):
            self.late = self.dice.random() < 0.2
            self.session.query(f"SET pg_booking.clock_offset = {self.world.seconds_to_start if self.late else 0}")
            live = [item for item in self.bookings.items() if item[1].status != "cancelled"]
            owing = [item for item in live if item[1].has_ledger and item[1].owed()]
            if self.dice.random() < 0.1:
                self.join()
            elif self.entries and self.dice.random() < 0.2:
                self.use_entry()
            elif owing and self.dice.random() < 0.5:
                self.pay(*self.dice.choice(owing))
            elif not live or self.dice.random() < 0.2:
                self.book()
            elif self.holds and self.dice.random() < 0.3:
                self.use_hold()
            elif self.dice.random() < 0.05:
                over = [item for item in self.bookings.items() if item[1].status in ("cancelled", "checked_out", "no_show")]
                self.erase(*self.dice.choice(over if over and self.dice.random() < 0.7 else live))
            else:
                begun = [item for item in live if self.has_begun(item[1])]
                any_ = list(self.bookings.items()) if self.dice.random() < 0.1 else begun or live
                booking, model = self.dice.choice(any_)
                self.dice.choice(self.actions() + [self.scan] * (4 if begun else 0))(booking, model)

    def actions(self):
        return [self.cancel, self.move, self.move, self.resize, self.resize, self.scan, self.scan, self.pay]


class UnitClient(Client):
    """Who books adults, children and families."""

    def join(self):
        self.book()

    def compose(self):
        return {unit: count for unit in UNITS if (count := self.dice.choice([0, 0, 1, 1, 2]))}

    @staticmethod
    def items(composition):
        return json.dumps([{"unit": unit, "quantity": count} for unit, count in composition.items()])

    @staticmethod
    def is_lonely(composition):
        return "child" in composition and "adult" not in composition

    def reserve(self):
        self.count += 1
        session, composition = self.dice.randrange(SESSIONS), self.compose()
        answer = self.call("reserve units", f"SELECT reservation_id FROM booking.reserve_slot('{self.sessions[session]}', NULL,"
                           f" '{self.name}-{self.count}@example.com', NULL, NULL, '{self.items(composition)}')")
        if not isinstance(answer, str):
            self.emails[answer[0]] = f"{self.name}-{self.count}@example.com"
            return answer[0], session, composition
        if not composition or self.is_lonely(composition):
            self.expect("reserve units", answer, "BK263" if composition else "BK260")
        else:
            allowed = NO_ROOM | {"BK002", WAITED_FOR, TAKEN} | ({"BK202"} if self.late and session == 0 else set())
            assert answer in allowed, f"{self.name} reserve units: {answer}"
        return None

    def model_of(self, hold, has_ledger=False):
        return UnitModel(*hold[1:], has_ledger)

    def use_hold(self):
        if self.dice.random() < 0.4:
            super().use_hold()
            return
        at, composition = self.dice.randrange(len(self.holds)), self.compose()
        hold = self.holds[at]
        answer = self.call("change a hold", "SELECT price_minor FROM booking.update_reservation_units("
                           f"'{hold[0]}', '{self.items(composition)}')")
        if isinstance(answer, str):
            assert answer in {"BK205", "BK201", "BK002", "BK260" if not composition else "BK263"}, f"{self.name} change a hold: {answer}"
        else:
            self.holds[at] = (*hold[:2], composition)
            self.expect("price of a hold", answer[0], str(self.model_of(self.holds[at]).price()))

    def resize(self, booking, model):
        composition = self.dice.choice([self.compose(), model.composition()])
        argument, is_stale = self.version_argument(model)
        columns = self.COLUMNS.replace("party_size", "seats")
        answer = self.call("recompose", f"SELECT {columns} FROM booking.change_units('{booking}',"
                           f" '{self.items(composition)}'{argument})")
        if not composition:
            self.expect("recompose", answer, "BK260")
            return
        if self.is_refused(model, answer, "recompose"):
            return
        more = sum(UNITS[unit][1] * count for unit, count in composition.items()) - model.party
        if composition == model.composition():
            self.expect("recompose to the same", answer, self.facts(model))
        elif is_stale:
            self.expect("recompose", answer, "BK222")
        elif self.is_lonely(composition):
            self.expect("recompose", answer, "BK263")
        elif more > 0 and self.has_begun(model):
            assert answer in {"BK002", "BK202", "BK203"}, f"{self.name} grow after the start: {answer}"
        elif more <= 0 or answer not in NO_ROOM | {"BK002"}:
            due = model.due()
            model.recompose(composition, self.has_begun(model))
            model.changed(due)
            model.nonces = {}
            self.expect("recompose", answer, self.facts(model))

    def drop(self, booking, model):
        """Some of the tickets, which may have been cancelled before, or never been there."""
        numbers = self.dice.sample(range(1, model.highest + 1), min(2, model.highest))
        argument, is_stale = self.version_argument(model)
        refund, override = self.dice.choice(["full", "none", "policy"]), self.dice.random() < 0.5
        columns = self.COLUMNS.replace("party_size", "seats")
        answer = self.call("drop", f"SELECT {columns} FROM booking.cancel_units('{booking}', '{{{','.join(map(str, numbers))}}}',"
                           f" '{refund}', override => {override}{argument})")
        if self.is_refused(model, answer, "drop"):
            return
        live = [number for number in numbers if number in model.tickets]
        left = collections.Counter(unit for number, unit in model.tickets.items() if number not in live)
        if any(number not in model.tickets and number not in model.cancelled for number in numbers):
            self.expect("drop what is not there", answer, "BK018")
        elif not live:
            self.expect("drop again", answer, self.facts(model))
        elif is_stale:
            self.expect("drop", answer, "BK222")
        elif not left or self.is_lonely(left):
            self.expect("drop", answer, "BK263" if left else "BK221")
        elif self.has_begun(model) and not override:
            self.expect("drop", answer, "BK220")
        else:
            due = model.due()
            price = sum(UNITS[model.tickets[number]][0] for number in live)
            if refund == "policy":
                model.keep(price, self.has_begun(model))
            else:
                model.given_up += price if refund == "none" else 0
            for number in live:
                del model.tickets[number]
            model.cancelled |= set(live)
            model.follow(model.cancelled)
            model.changed(due)
            self.expect("drop", answer, self.facts(model))

    def actions(self):
        return [*super().actions(), self.drop, self.drop]


class Player(Client):
    """Plays on the court, by one of two activities: every other session is of the first."""

    def within_reach(self, model):
        return range(model.session % 2, len(self.sessions), 2)


class Manager(Client):
    """Who changes sessions, and releases holds."""

    def live(self):
        for _ in range(OPERATIONS):
            session = self.dice.choice(self.sessions[1:])  # the first one begins, for many of them
            action = self.dice.choice(["cut", "raise", "raise", "close", "open", "open", "open", "release", "serve"])
            if action in ("cut", "raise"):
                capacity = self.dice.randrange(CAPACITY // 2) if action == "cut" else CAPACITY + self.dice.randrange(9)
                answer = self.call(action, f"SELECT capacity_total, capacity_remaining, oversold_by"
                                   f" FROM booking.set_session_capacity('{session}', {capacity})")
                assert answer[0] == str(capacity) and "0" in answer[1:], f"{action} to {capacity}: {answer}"
            elif action == "release":
                self.call(action, "SELECT booking.release_expired_reservations()")
            elif action == "serve":
                policy = self.dice.choice(["fit", "strict"])
                self.call(action, f"UPDATE booking.activities SET waitlist_policy = '{policy}' RETURNING 1")
            else:
                self.call(action, f"SELECT booking.{action}_session('{session}')")
        for session in self.sessions:
            self.call("open", f"SELECT booking.open_session('{session}')")


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
        cls.admin.query("UPDATE booking.activities SET currency = 'EUR'")
        cls.admin.query("""
            INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, price_minor, currency, schedule)
            SELECT 1, booking.new_id(1), a.venue_id, 'Cruise', 5, 1, 'EUR', a.schedule FROM booking.activities AS a""")
        for (unit, (price, seats)), order in zip(UNITS.items(), itertools.count()):
            cls.admin.query(f"""
                INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor, pax_count,
                                                    accompanied_by, sort_order)
                SELECT 1, a.id, '{unit}', '{unit}', {price}, {seats}, '{"{adult}" if unit == "child" else "{}"}', {order}
                  FROM booking.activities AS a WHERE a.name = 'Cruise'""")
        cls.source = cls.admin.value("SELECT source_id FROM booking.create_webhook_source(1, 'stripe', 'stripe', 'whsec_of_the_provider')")

    def make_sessions(self, seed, activity="Tour"):
        ids = [row[0] for row in self.admin.query(f"""
            INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,
                                          capacity_total, remaining, timezone)
            SELECT 1, booking.new_id(1), a.id, t, t + interval '1 hour', t::date, {CAPACITY}, {CAPACITY}, 'UTC'
              FROM (SELECT x.id FROM booking.activities AS x WHERE x.name = '{activity}') AS a,
                   generate_series(1, {SESSIONS}) AS n,
                   LATERAL (SELECT date_trunc('day', now()) + make_interval(days => 10 + n, weeks => 10 * {seed})) AS d (t)
            RETURNING id""")]
        for session in ids[-STRIPED:]:
            self.admin.query(f"SELECT booking.set_session_lanes('{session}', 4)")
        return ids

    def erased_address(self, booking):
        return self.admin.value(f"SELECT 'erased-' || customer_id || '@erased.invalid' FROM booking.bookings WHERE id = '{booking}'")

    def look(self, until):
        """integrity_check() while everybody is at work."""
        with_rows = []
        dice = random.Random(1)
        session = self.session()
        while not until.wait(dice.random() / 2):
            with_rows += session.query(self.AT_ANY_TIME)
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
                self.seconds_to_start = int(self.admin.value(
                    f"SELECT ceil(extract(epoch FROM start_time - now())) + 900 FROM booking.sessions WHERE id = '{sessions[0]}'"))
                cruises = self.make_sessions(seed, "Cruise")
                clients = [Client(self.session(), f"client{seed}x{n}", sessions, seed, self) for n in range(CLIENTS)]
                clients += [UnitClient(self.session(), f"crew{seed}x{n}", cruises, seed, self) for n in range(CREWS)]
                manager = Manager(self.session(), "manager", [*sessions, *cruises], seed, self)
                self.run_clients([*clients, manager])
                self.admin.query("SELECT booking.release_expired_reservations()")
                self.assert_integrity()
                self.admin.query(f"SET pg_booking.clock_offset = {self.seconds_to_start + 10 * 86400}")  # all have run out and begun
                self.admin.query("SELECT booking.release_expired_reservations()")
                self.admin.query("RESET pg_booking.clock_offset")
                self.assert_integrity()
                taken = collections.Counter()
                for client in clients:
                    for booking, model in client.bookings.items():
                        self.assertEqual(
                            self.admin.query(f"SELECT status, session_id, party_size, version, customer_email FROM booking.bookings"
                                             f" WHERE id = '{booking}'"),
                            [(model.status, client.sessions[model.session], str(model.party), str(model.version),
                              self.erased_address(booking) if model.is_erased else client.emails[booking])])
                        if model.status != "cancelled":
                            taken[client.sessions[model.session]] += model.party
                for session in [*sessions, *cruises]:
                    self.assertEqual(self.admin.value(
                        "SELECT capacity_total - capacity_remaining + oversold_by FROM booking.activity_sessions"
                        f" WHERE id = '{session}'"), str(taken[session]))
                answers = sum((client.answers for client in [*clients, manager]), collections.Counter())
                missing = {("move", "ok"), ("resize", "ok"), ("cancel", "ok"), ("check_in", "ok"), ("cut", "ok"),
                           ("raise", "ok"), ("close", "ok"), ("open", "ok"), ("extend", "ok"), ("pay", "ok"),
                           ("pay", "the rest"), ("mark_no_show", "ok"), ("join", "ok"), ("leave", "ok"),
                           ("waits", "waiting"), ("waits", "offered"), ("waits", "closed"), ("erase", "ok"), ("erase", "BK250"),
                           ("reserve units", "ok"), ("change a hold", "ok"), ("recompose", "ok"), ("recompose", "BK263"), ("drop", "ok")} - set(answers)
                self.assertEqual(missing, set(), answers)
                self.assertTrue(NO_ROOM <= {state for what, state in answers if what in ("move", "reserve")}, answers)
                # Whoever reserves may meet too many rivals, or holds that others are just giving back; nobody meets a
                # deadlock, since all lock in one order.
                waits = set().union(*(client.waits for client in clients), manager.waits)
                self.assertEqual([wait for wait in waits if "others are just booking session" not in wait[1]
                                  and "are just being given back" not in wait[1]
                                  and "has just been offered seats" not in wait[1]
                                  and "has just joined the waiting list" not in wait[1]], [])

    COURT = """
        WITH pitch AS (
            INSERT INTO booking.resources (organization_id, id, venue_id, name)
            SELECT 1, booking.new_id(1), v.id, 'Court' FROM booking.venues AS v RETURNING id)
        , played AS (
            INSERT INTO booking.activities (organization_id, id, venue_id, name, capacity, price_minor, currency, schedule)
            SELECT 1, booking.new_id(1), a.venue_id, s.name, 5, 1000, 'EUR', a.schedule
              FROM booking.activities AS a, unnest(ARRAY['Tennis', 'Hockey']) AS s (name)
             WHERE a.name = 'Tour' RETURNING id, name)
        SELECT p.id, q.id FROM played AS p, pitch AS q ORDER BY p.name DESC"""
    BUFFERS = [(0, 20), (15, 0)]  # minutes before and after, of tennis and of hockey

    def make_court(self):
        """Sessions of an hour, every half of one, in turn of the two activities; one of each is striped."""
        activities = self.admin.query(self.COURT)
        for (activity, court), (before, after) in zip(activities, self.BUFFERS):
            self.admin.query(f"SELECT booking.use_resource('{activity}', '{court}', {before}, {after})")
        ids = []
        for n in range(SESSIONS):
            ids.append(self.admin.value(f"""
                INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date,
                                              capacity_total, remaining, timezone, uses_resources)
                SELECT 1, booking.new_id(1), '{activities[n % 2][0]}', t, t + interval '1 hour', t::date, {CAPACITY},
                       {CAPACITY}, 'UTC', true
                  FROM (SELECT date_trunc('day', now()) + interval '20 days 10 hours' + {n} * interval '30 minutes') AS d (t)
                RETURNING id"""))
        for session in ids[-STRIPED:]:
            self.admin.query(f"SELECT booking.set_session_lanes('{session}', 4)")
        return ids

    def assert_court_is_had_once(self, sessions):
        """By the sessions that have seats taken, and their times, whatever the extension has noted of the court."""
        played = [n for n, session in enumerate(sessions) if self.admin.value(
            "SELECT count(*) FROM booking.slot_reservations WHERE status IN ('pending', 'confirmed')"
            f" AND session_id = '{session}'") != "0"]
        times = [(30 * n - self.BUFFERS[n % 2][0], 30 * n + 60 + self.BUFFERS[n % 2][1]) for n in played]
        for (_, end), (start, _) in zip(times, times[1:]):
            self.assertLessEqual(end, start, f"sessions {played} are played")
        return played

    def test_two_activities_on_one_court(self):
        sessions = self.make_court()
        self.seconds_to_start = int(self.admin.value(
            f"SELECT ceil(extract(epoch FROM start_time - now())) + 900 FROM booking.sessions WHERE id = '{sessions[0]}'"))
        clients = [Player(self.session(), f"player{n}", sessions, 1, self) for n in range(CLIENTS // 2)]
        self.run_clients(clients)
        self.assert_integrity()
        self.admin.query(f"SET pg_booking.clock_offset = {self.seconds_to_start + 86400}")
        self.admin.query("SELECT booking.release_expired_reservations()")
        self.admin.query("RESET pg_booking.clock_offset")
        self.assert_integrity()
        self.assertNotEqual(self.assert_court_is_had_once(sessions), [])
        for client in clients:
            for booking, model in client.bookings.items():
                self.assertEqual(
                    self.admin.query(f"SELECT status, session_id, party_size, version FROM booking.bookings"
                                     f" WHERE id = '{booking}'"),
                    [(model.status, sessions[model.session], str(model.party), str(model.version))])
        answers = sum((client.answers for client in clients), collections.Counter())
        self.assertTrue({("reserve", "ok"), ("reserve", TAKEN), ("move", TAKEN), ("cancel", "ok")} <= set(answers), answers)


if __name__ == "__main__":
    unittest.main()
