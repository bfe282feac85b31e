"""Reserving: on one hot session and on many, by the number of clients, and by the number of lanes."""

import tempfile

from . import cluster
from .cluster import DELAYS, check_integrity, fresh_database, psql, session_of
from .load import LISTED, bare, naive, one, ours
from .rows import Failure, Note, Row, Series

CLIENTS = 32


def hot_session(load):
    """One hot session with lanes, events on; beside it without events, and without lanes."""
    for delay, microseconds in DELAYS.items():
        fresh_database(microseconds)
        hot, plain = session_of("hot"), session_of("hot without lanes")
        figures = load.interleave({"limit": bare(one(hot)), "ours": ours(one(hot)), "naive": naive(one(hot)),
                                   "plain": ours(one(plain))}, CLIENTS)
        limit = {"limit": figures["limit"]}
        yield Row(f"reserve, one hot session, 64 lanes, {CLIENTS} clients, {delay} commit, events on",
                  {"ours": figures["ours"], **limit, "naive": figures["naive"]},
                  "hot_2ms" if microseconds else "hot_native")
        yield Row(f"reserve, one hot session without lanes, {CLIENTS} clients, {delay} commit, events on",
                  {"ours": figures["plain"], **limit})
        cluster.events(False)
        yield Row(f"reserve, one hot session, 64 lanes, {CLIENTS} clients, {delay} commit, events off",
                  {**load.interleave({"ours": ours(one(hot))}, CLIENTS), **limit})
        cluster.events(True)
        yield from multixacts(load, hot)
        check_integrity()


def multixacts(load, session):
    """Rows that several lock at once cost multixacts, which have to be vacuumed away: ours makes none. What a foreign key
    from holds to their session would make is shown beside it, and that they are seen if there are any."""
    def growth(*work):
        before = cluster.multixact_counters()
        for step in work:
            step()
        return [now - then for now, then in zip(cluster.multixact_counters(), before)]

    def confirm():
        psql("SELECT count(*) FROM (SELECT id FROM booking.slot_reservations WHERE status = 'pending' LIMIT 200) AS r,"
             " LATERAL booking.confirm_reservation(r.id)")

    ids, members = growth(lambda: load.warm_up(ours(one(session)), CLIENTS), confirm)
    psql("CREATE TABLE IF NOT EXISTS public.referring (LIKE public.bare INCLUDING ALL,"
         " FOREIGN KEY (organization_id, session_id) REFERENCES booking.sessions (organization_id, id))")
    control = growth(lambda: load.warm_up(bare(one(session)).replace("public.bare", "public.referring"), CLIENTS))
    text = (f"Multixacts made by {load.options.warmup} s of reserving on one session at {CLIENTS} clients and 200"
            f" confirmations: {ids}, with {members} members; by as much bare INSERT with a foreign key to the session:"
            f" {control[0]:,}, with {control[1]:,} members.")
    if (ids, members) != (0, 0) or 0 in control:
        raise Failure(text)
    yield Note(text)


def many_sessions(load):
    """Each hold in a session drawn at random."""
    sessions = load.options.pick(100_000, 10_000)
    for delay, microseconds in DELAYS.items():
        fresh_database(microseconds)
        cluster.run_file("many_sessions.sql", activities=sessions // 1000, naive="true")
        with session_list(sessions, "many %") as file:
            figures = load.interleave({"limit": bare(LISTED), "ours": ours(LISTED), "naive": naive(LISTED)}, CLIENTS,
                                      "--list", file.name)
        yield Row(f"reserve, {sessions:,} sessions, {CLIENTS} clients, {delay} commit, events on", figures,
                  "many_2ms" if microseconds else "many_native")
        check_integrity()


def session_list(most, activities):
    """A file with the ids of so many sessions of the activities, drawn at random."""
    file = tempfile.NamedTemporaryFile("w", suffix=".sessions")
    print(psql("SELECT s.id FROM booking.sessions AS s JOIN booking.activities AS a ON a.organization_id = 1"
               f" AND a.id = s.activity_id AND a.name LIKE '{activities}' WHERE s.organization_id = 1"
               f" ORDER BY random() LIMIT {most}"), file=file, flush=True)
    return file


def clients(load):
    """One hot session, by the number of clients."""
    counts = (1, 8, 32, 64)
    for delay, microseconds in DELAYS.items():
        fresh_database(microseconds)
        hot = one(session_of("hot"))
        lines = {"bare INSERT": [], "reserve_slot": [], "naive": []}
        for count in counts:
            figures = load.interleave({"limit": bare(hot), "ours": ours(hot), "naive": naive(hot)}, count,
                                      rounds=load.options.pick(3, 1))
            row = Row(f"reserve, one hot session, {count} client{'s'[:count - 1]}, {delay} commit", figures)
            yield row
            for line, name in zip(lines.values(), ("limit", "ours", "naive")):
                line.append(row.median(name))
        yield Series(f"clients_{delay.replace(' ', '')}", f"Holds on one hot session, {delay} commit",
                     "clients", "per second", list(counts), lines)
        check_integrity()


def lanes(load):
    """One hot session, by the number of its lanes."""
    counts = (0, 8, 16, 32, 64, 128)
    lines = {}
    for delay, microseconds in DELAYS.items():
        fresh_database(microseconds)
        cluster.run_file("lanes.sql")
        sessions = {f"{count} lanes": session_of(f"{count} lanes") for count in counts}
        statements = {"limit": bare(one(sessions["64 lanes"]))}
        statements |= {name: ours(one(session)) for name, session in sessions.items()}
        figures = load.interleave(statements, CLIENTS, rounds=load.options.pick(3, 1))
        rows = [Row(f"reserve, one hot session, {name}, {CLIENTS} clients, {delay} commit",
                    {"ours": figures[name], "limit": figures["limit"]}) for name in sessions]
        yield from rows
        lines[f"{delay} commit"] = [row.median() for row in rows]
        check_integrity()
    yield Series("lanes", f"Holds on one hot session, {CLIENTS} clients", "lanes", "per second", list(counts), lines)
