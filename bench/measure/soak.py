"""Twenty minutes of everything at once, autovacuum on, for part of it with a snapshot that somebody holds open."""

import contextlib
import statistics
import threading

from . import cluster
from .cluster import OpenSnapshot, check_integrity, fresh_database, psql, session_of
from .load import EXPECTED, LISTED, answered, finish, one
from .reserving import session_list
from .rows import Failure, Note, Row, Series

SLICES = 80
SNAPSHOT = range(32, 48)  # of them; two fifths of the time before it, two fifths after it

HOLD = f"SELECT * FROM booking.reserve_slot({LISTED}, 1, 'c' || $1 || '@example.com', hold_seconds => 20)"
SELL_AND_CANCEL = ("SELECT c.status FROM booking.reserve_slot({}, 1, 'c' || $1 || '@example.com') AS r,"
                   " booking.confirm_reservation(r.reservation_id) AS b, booking.cancel_booking(b.booking_id) AS c")
CLIENTS = {"hold": 16, "sell and cancel": 4, "refuse": 4, "ask": 4}
COUNTERS = ("sessions", "session_lanes")
HISTORY = ("slot_reservations", "bookings", "booking_events")


class Releasing:
    """Releases what has expired all the time, as the job does each minute."""

    def __enter__(self):
        self.over, self.failed = threading.Event(), ""
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.over.wait(1):
            try:
                psql("CALL booking.release_job()")
            except Failure as failure:
                self.failed = str(failure)
                return

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def soak(load):
    """Holds that expire, sales that are cancelled, refusals and questions; holds/s at the end against the start."""
    fresh_database()
    cluster.run_file("soak.sql")
    refused = one(session_of("sold out"))
    statements = {"hold": HOLD, "sell and cancel": SELL_AND_CANCEL.format(LISTED),
                  "refuse": f"SELECT * FROM booking.reserve_slot({refused}, 1, 'c' || $1 || '@example.com')",
                  "ask": f"SELECT booking.check_slot_availability({LISTED}, 2)"}
    seconds = load.options.minutes * 60 / SLICES
    rates, sizes = {name: [] for name in statements}, {table: [] for table in COUNTERS + HISTORY}
    with session_list(10_000, "soak %") as file, Releasing() as releasing, contextlib.ExitStack() as snapshot:
        for number in range(SLICES):
            if number == SNAPSHOT.start:
                snapshot.enter_context(OpenSnapshot())
            elif number == SNAPSHOT.stop:
                snapshot.close()
            for name, result in slice_of(load, statements, seconds, file.name).items():
                rates[name].append(result["per_second"])
            for table, of_table in sizes.items():
                of_table.append(size_of(table))
            if releasing.failed:
                raise Failure(releasing.failed)
    yield from report(load.options.minutes, rates, sizes)
    check_integrity()


def slice_of(load, statements, seconds, sessions):
    running = {name: load.start(statement, CLIENTS[name], seconds, "--list", sessions)
               for name, statement in statements.items()}
    results = {name: finish(process) for name, process in running.items()}
    return {name: answered(name, result, (*EXPECTED, "BK401")) for name, result in results.items()}


def size_of(table):
    """In MB, with its indexes and partitions."""
    partitions = f"SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('booking.{table}')"
    return int(psql(f"SELECT pg_total_relation_size('booking.{table}') + COALESCE(({partitions}), 0)")) / 2 ** 20


def report(minutes, rates, sizes):
    times = [round((number + 1) * minutes / SLICES, 3) for number in range(SLICES)]
    marks = [(times[SNAPSHOT.start - 1], times[SNAPSHOT.stop - 1], "a snapshot is open")]
    start, end = rates["hold"][SLICES // 10:SNAPSHOT.start], rates["hold"][SNAPSHOT.stop + SLICES // 10:]
    yield Row(f"soak of {minutes:g} minutes, holds/s after an open snapshot was closed against before it",
              {"ours": end, "start": start}, "soak")
    during = rates["hold"][SNAPSHOT.start:SNAPSHOT.stop]
    yield Note(f"Soak of {minutes:g} minutes, medians of slices: {statistics.median(start):,.0f} holds/s before a"
               f" snapshot was held open, {statistics.median(during):,.0f} while it was, {statistics.median(end):,.0f} after it;"
               " beside them " + ", ".join(f"{name} {statistics.median(values):,.0f}/s" for name, values in rates.items()
                                           if name != "hold") + ".")
    yield Series("soak_rate", f"Soak: {sum(CLIENTS.values())} clients", "minutes", "per second", times,
                 {name: values for name, values in rates.items() if name != "ask"}, marks=marks)
    for name, title, tables in (("soak_counters", "the tables that count seats", COUNTERS),
                                ("soak_history", "what is kept of each hold and sale", HISTORY)):
        yield Series(name, f"Soak: {title}, with indexes", "minutes", "MB", times,
                     {table: sizes[table] for table in tables}, marks=marks)
    yield Note("Sizes in MB along the soak, with indexes: " + "; ".join(
        f"{table} {', '.join(f'{size:.4g}' for size in sizes[table][SLICES // 10 - 1::SLICES // 10])}"
        for table in sizes) + ".")
