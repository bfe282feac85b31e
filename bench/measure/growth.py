"""What becomes of the speed when there is more of everything: sessions, events, sockets."""

from . import cluster
from .cluster import check_integrity, fresh_database, milliseconds, psql, session_of
from .load import LISTED, one, ours
from .relay import run_node
from .reserving import CLIENTS, session_list
from .rows import Failure, Note, Row, Series

DRAWN = 200_000  # sessions that are asked for, at most


def growth_sessions(load):
    """1,000 to 10,000,000 sessions, each hold and each question for one drawn at random; then the holds expire."""
    sizes = [10 ** n for n in load.options.pick((3, 4, 5, 6, 7), (3, 4, 5))]
    fresh_database()
    activities = ("(SELECT a.id FROM booking.activities AS a WHERE a.organization_id = 1"
                  " AND a.name = 'many ' || 1 + $1 % {})")
    lines = {"reserve_slot": [], "check_slot_availability": [], "next_available_sessions": [], "holds released": []}
    for size in sizes:
        cluster.run_file("many_sessions.sql", activities=size // 1000, naive="false")
        with session_list(min(size, DRAWN), "many %") as file:
            figures = load.interleave({
                "check_slot_availability": f"SELECT booking.check_slot_availability({LISTED}, 1)",
                "next_available_sessions":
                    f"SELECT * FROM booking.next_available_sessions({activities.format(size // 1000)}, 4, 10)",
                "reserve_slot": ours(LISTED)}, CLIENTS, "--list", file.name, rounds=load.options.pick(3, 1))
        for name, values in figures.items():
            lines[name].append(values)
        lines["holds released"].append([release_all()])
        check_integrity()
    yield from grown("sessions", sizes, lines)


def release_all():
    """Holds released a second, when all of them have expired."""
    held = int(psql("SELECT count(*) FROM booking.slot_reservations WHERE status = 'pending'"))
    *_, ms = milliseconds("SET pg_booking.clock_offset = 100000", "SELECT booking.release_expired_reservations()")
    if psql("SELECT count(*) FROM booking.slot_reservations WHERE status = 'pending' AND session_id IN"
            " (SELECT s.id FROM booking.sessions AS s WHERE s.capacity_total = 60)") != "0":
        raise Failure("holds that have expired were not released")
    return held / ms * 1000


def grown(kind, sizes, lines):
    for name, rounds in lines.items():
        yield Row(f"{name}, {sizes[-1]:,} {kind} there, against {sizes[0]:,}",
                  {"ours": rounds[-1], f"{sizes[0]:,}": rounds[0]})
    medians = {name: [Row(name, {"ours": values}).median() for values in rounds] for name, rounds in lines.items()}
    yield Series(f"growth_{kind}", f"With more {kind}", kind, "per second", sizes, medians, logarithmic=True)


def growth_events(load):
    """10,000 to 10,000,000 events that have a number: reserving with one more event each, a pass of the sequencer for
    1,000 new events, and a page of 1,000 for the relay."""
    sizes = [10 ** n for n in load.options.pick((4, 5, 6, 7), (3, 4, 5))]
    fresh_database()
    cluster.run_file("many_sessions.sql", activities=1, naive="false")
    hot = one(session_of("hot"))
    lines = {"reserve_slot": [], "events numbered": [], "events read by a relay": []}
    for size in sizes:
        there = int(psql("SELECT count(*) FROM booking.booking_events"))
        add_events(size - there)
        number_all()
        psql("VACUUM ANALYZE")
        passes, pages = [], []
        for _ in range(load.options.rounds):
            add_events(1000)
            passes.append(1000 / milliseconds("SELECT * FROM booking.relay_sequence(1000)")[0] * 1000)
            last = int(psql("SELECT max(seq) FROM booking.event_positions"))
            pages.append(1000 / milliseconds(f"SELECT * FROM booking.relay_events({last - 1000}, 1000)")[0] * 1000)
        lines["events numbered"].append(passes)
        lines["events read by a relay"].append(pages)
        lines["reserve_slot"].append(
            load.interleave({"ours": ours(hot)}, CLIENTS, rounds=load.options.pick(3, 1))["ours"])
        check_integrity()
    yield from grown("events", sizes, lines)
    yield Note(f"Of {sizes[-1]:,} events: " + psql(
        "SELECT format('%s for booking_events with its indexes, %s for event_positions',"
        " pg_size_pretty(sum(pg_total_relation_size(relid)) FILTER (WHERE relid::regclass::text LIKE '%booking_events%')),"
        " pg_size_pretty(pg_total_relation_size('booking.event_positions')))"
        " FROM pg_partition_tree('booking.booking_events')"))


def add_events(count):
    """As they are after a hold, but without the webhooks' trigger, which would look at all of them at once."""
    if count > 0:
        psql("SET session_replication_role = replica; INSERT INTO booking.booking_events (organization_id, id, kind,"
             " subject_id, session_id, facts, occurred_at) SELECT 1, booking.new_id(1), 'reservation.held', s.id, s.id,"
             " jsonb_build_object('party_size', 1), booking.clock()"
             " FROM (SELECT id FROM booking.sessions WHERE organization_id = 1 AND capacity_total = 60 LIMIT 1) AS s,"
             f" generate_series(1, {count})")


def number_all():
    while psql("SELECT sequenced FROM booking.relay_sequence(100000)") != "0":
        pass


def growth_sockets(load):
    """100 to 10,000 sockets: CPU a delivery."""
    counts = load.options.pick((100, 1000, 5000, 10000), (100, 1000))
    lines = {"booking-relay": [], "socket.io": []}
    for count in counts:
        rows = run_node(load.options, "sockets", load.options.sockets, "--connections", str(count), quick=True)
        cpu = next(row for row in list(rows) if row.goal == "socket_cpu")
        lines["booking-relay"].append(cpu.median("ours"))
        lines["socket.io"].append(cpu.median("socket.io"))
        yield Row(f"CPU a delivery, {count:,} sockets", cpu.figures, unit=" µs")
    yield Series("growth_sockets", "CPU a delivery, by the number of sockets", "sockets", "µs", list(counts), lines)
