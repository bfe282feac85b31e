"""Runs the measurements that bench/run names and writes results.md.

Every figure is a ratio against a baseline of the same run on the same machine: rounds of ours, the limit and the naive
design take turns, and medians are compared. After each measurement integrity_check() must find nothing.
"""

import datetime
import json
import os
import platform
import statistics
import subprocess
import sys

LOAD, HERE = sys.argv[1], sys.argv[2]
QUICK = "--quick" in sys.argv
NAMES = [a for a in sys.argv[3:] if not a.startswith("--")]
ROUNDS, SECONDS, WARMUP = (3, 3, 1) if QUICK else (5, 8, 3)
DATABASE = "bench"
DELAYS = {"native": 0, "2 ms": 2000}


def psql(sql, database=DATABASE):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql],
                          check=True, capture_output=True, text=True)
    return done.stdout.strip()


def load(statement, clients, seconds=SECONDS, *options):
    done = subprocess.run([LOAD, "--clients", str(clients), "--seconds", str(seconds), *options, statement],
                          check=True, capture_output=True, text=True, env={**os.environ, "PGDATABASE": DATABASE})
    return json.loads(done.stdout)


def set_commit_delay(microseconds):
    psql(f"ALTER SYSTEM SET commit_delay = {microseconds}")
    psql("ALTER SYSTEM SET commit_siblings = 0")
    psql("SELECT pg_reload_conf()")


def fresh_database():
    psql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", "postgres")
    psql(f"CREATE DATABASE {DATABASE}", "postgres")
    subprocess.run(["psql", "-Xq", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-d", DATABASE,
                    "-f", f"{HERE}/sql/setup.sql"], check=True)
    notify("off")  # measured on its own


def check_integrity():
    broken = psql("SELECT count(*) FROM booking.integrity_check()")
    if broken != "0":
        sys.exit(f"integrity_check() found {broken} rows")


def session_of(activity, offset=0):
    return psql(f"SELECT s.id FROM booking.sessions AS s JOIN booking.activities AS a ON a.id = s.activity_id"
                f" WHERE a.name = '{activity}' ORDER BY s.start_time OFFSET {offset} LIMIT 1")


def ours(session):
    return f"SELECT * FROM booking.reserve_slot('{session}', 1, 'c' || $1 || '@example.com')"


def naive(session):
    return f"SELECT * FROM naive.reserve_slot('{session}', 1, 'c' || $1 || '@example.com')"


def bare(session):
    return ("INSERT INTO public.bare (organization_id, id, session_id, party_size, customer_email, status, created_at,"
            f" expires_at, token_hash) VALUES (1, booking.new_id(1), '{session}', 1, 'c' || $1 || '@example.com',"
            " 'pending', now(), now() + interval '10 minutes', sha256($1::text::bytea)) RETURNING expires_at")


def all_ways(*sessions):
    """Reserves in each of the sessions, if it has a seat, and gives it back: so that each connection has the plans of all
    statements that it may need before the clock starts, as those of a pool have."""
    return ("SELECT CASE WHEN r.reservation_id IS NOT NULL THEN booking.cancel_reservation(r.reservation_id) END"
            f" FROM unnest('{{{','.join(sessions)}}}'::uuid[]) AS s,"
            " LATERAL booking.try_reserve_slot(s, 1, 'c' || $1 || '@example.com') AS r")


class Row:
    """One line of the table: figures of ours and of the baselines, in units per second unless said otherwise."""

    def __init__(self, what, figures, goal, unit="/s"):
        self.what, self.figures, self.goal, self.unit = what, figures, goal, unit

    def ratio(self, name):
        return statistics.median(self.figures["ours"]) / statistics.median(self.figures[name])

    def text(self):
        cells = []
        for name in ("ours", "limit", "naive"):
            values = self.figures.get(name)
            cells.append("" if not values else
                         f"{statistics.median(values):,.4g} ({min(values):,.4g}-{max(values):,.4g}){self.unit}")
        ratios = [f"{self.ratio(n):.2f} × {n}" for n in ("limit", "naive") if n in self.figures]
        goal, met = self.goal(self)
        return f"| {self.what} | {cells[0]} | {cells[1]} | {cells[2]} | {', '.join(ratios)} | {goal} | {met} |"


def at_least(name, share):
    return lambda row: (f"≥ {share} × {name}", "met" if row.ratio(name) >= share else "**not met**")


def at_most(name, share):
    return lambda row: (f"≤ {share} × {name}", "met" if row.ratio(name) <= share else "**not met**")


def all_of(*goals):
    def judge(row):
        results = [goal(row) for goal in goals]
        return (" and ".join(text for text, _ in results),
                "met" if all(met == "met" for _, met in results) else "**not met**")
    return judge


def no_goal(_row):
    return "", ""


def interleave(statements, clients):
    """Medians of rounds in which the statements take turns."""
    figures = {name: [] for name in statements}
    for name, statement in statements.items():
        load(statement, clients, WARMUP)
    for _ in range(ROUNDS):
        for name, statement in statements.items():
            figures[name].append(succeeding(name, load(statement, clients)))
    return figures


def succeeding(name, result):
    """So many a second, if all were held or sold out."""
    unexpected = {s: n for s, n in result["states"].items() if s not in ("00000", "BK201")}
    if unexpected:
        sys.exit(f"{name}: unexpected answers {unexpected}")
    return result["per_second"]


def events(on):
    psql(f"UPDATE booking.organizations SET reservation_events = {on}")


def notify(mode):
    """For connections to come: load() makes new ones each time."""
    psql(f"ALTER DATABASE {DATABASE} SET pg_booking.notify = '{mode}'")


def hot_session():
    """Reserving on one hot session, 32 clients: with events and without them."""
    for delay, microseconds in DELAYS.items():
        fresh_database()
        set_commit_delay(microseconds)
        session = session_of("hot")
        figures = interleave({"limit": bare(session), "ours": ours(session), "naive": naive(session)}, 32)
        goal = all_of(at_least("limit", 0.8), at_least("naive", 20)) if microseconds else at_least("limit", 0.5)
        yield Row(f"reserve, one hot session, 64 lanes, 32 clients, {delay} commit, events on", figures, goal)
        others = {"limit": figures["limit"]}
        events(False)
        yield Row("the same, events off", {**interleave({"ours": ours(session)}, 32), **others}, no_goal)
        events(True)
        plain = session_of("hot without lanes")
        yield Row("the same, events on, without lanes", {**interleave({"ours": ours(plain)}, 32), **others}, no_goal)
        multixacts(session)
        check_integrity()


def notifying():
    """Reserving on one hot session, 32 clients, events on, and somebody who listens: NOTIFY by the notifier or by each
    writer, against none. Rounds are short and many, since with a commit latency they differ by a third."""
    for delay, microseconds in DELAYS.items():
        fresh_database()
        set_commit_delay(microseconds)
        statement = ours(session_of("hot"))
        figures = {mode: [] for mode in ("off", "coalesced", "direct")}
        told = {mode: 0 for mode in figures}

        def run(mode, seconds):
            notify(mode)
            result = load(statement, 32, seconds, "--listen", "booking_events")
            told[mode] += result["notifications"]
            return succeeding(mode, result)

        for mode in figures:
            run(mode, WARMUP)
        for number in range(3 * ROUNDS):
            modes = ["off", "coalesced"] + (["direct"] if number % 3 == 0 else [])
            for mode in modes if number % 2 == 0 else reversed(modes):
                figures[mode].append(run(mode, SECONDS / 2))
        NOTES.append(f"Notifier, {delay} commit: " + psql(
            "SELECT format('%s notifications for %s commits, %s transactions notified directly', notifications, commits,"
            " direct) FROM booking.notifier_status()") + f"; told of them: {told}.")
        limit = {"limit": figures["off"]}
        yield Row(f"reserve, one hot session, 32 clients, {delay} commit, NOTIFY coalesced; limit: without NOTIFY",
                  {"ours": figures["coalesced"], **limit}, at_least("limit", 0.95))
        yield Row("the same, NOTIFY in each transaction", {"ours": figures["direct"], **limit}, no_goal)
        check_integrity()


def multixact_counters():
    """The next multixact id, and the next place among the members of all."""
    psql("CHECKPOINT")  # the control file says how it was then
    return [int(n) for n in psql("SELECT next_multixact_id, next_multi_offset FROM pg_control_checkpoint()").split("|")]


def multixacts(session):
    """Rows that several lock at once cost multixacts, which have to be vacuumed away: ours makes none. What a foreign key
    from holds to their session would make is shown beside it, and that they are seen if there are any."""
    def growth(*work):
        before = multixact_counters()
        for step in work:
            step()
        return [now - then for now, then in zip(multixact_counters(), before)]

    def confirm():
        psql("SELECT count(*) FROM (SELECT id FROM booking.slot_reservations WHERE status = 'pending' LIMIT 200) AS r,"
             " LATERAL booking.confirm_reservation(r.id)")

    ids, members = growth(lambda: load(ours(session), 32, WARMUP), confirm)
    psql("CREATE TABLE IF NOT EXISTS public.referring (LIKE public.bare INCLUDING ALL,"
         " FOREIGN KEY (organization_id, session_id) REFERENCES booking.sessions (organization_id, id))")
    control = growth(lambda: load(bare(session).replace("public.bare", "public.referring"), 32, WARMUP))
    NOTES.append(f"Multixacts made by {WARMUP} s of reserving on one session at 32 clients and 200 confirmations: {ids},"
                 f" with {members} members; by as much bare INSERT with a foreign key to the session: {control[0]:,}, with"
                 f" {control[1]:,} members.")
    if (ids, members) != (0, 0) or 0 in control:
        sys.exit(NOTES[-1])


def sold_out():
    """500 seats until sold out, 64 clients, 2 ms commit: seconds from the first hold to the last."""
    fresh_database()
    set_commit_delay(2000)
    hot = session_of("hot")
    limit = [500 / load(bare(hot), 64, SECONDS, "--warmup", bare(hot))["per_second"] for _ in range(ROUNDS)]
    figures = {"ours": [], "limit": limit, "naive": []}
    without = []
    for number in range(ROUNDS * 2):
        for activity, statement, seconds in (("500 seats", ours, figures["ours"]),
                                             ("500 seats without lanes", ours, without),
                                             ("500 seats", naive, figures["naive"])):
            session = session_of(activity, number)
            hot = session_of("hot" if activity == "500 seats" else "hot without lanes")
            warmup = naive(hot) if statement is naive else all_ways(hot, session_of("one seat a lane"),
                                                                    session_of("sold out"))
            result = load(statement(session), 64, 60, "--until", "BK201", "--warmup", warmup)
            if result["states"].get("00000") != 500:
                sys.exit(f"sold {result['states']} of 500 seats")
            table = "booking" if statement is ours else "naive"
            seconds.append(float(psql(f"SELECT extract(epoch FROM max(created_at) - min(created_at))"
                                      f" FROM {table}.slot_reservations WHERE session_id = '{session}'")))
    yield Row("500 seats, 64 clients, 2 ms commit, until sold out", figures, at_most("limit", 2), " s")
    yield Row("the same without lanes", {"ours": without, "limit": limit}, no_goal, " s")
    check_integrity()


def refusals():
    """Refusing when sold out, 32 clients."""
    fresh_database()
    set_commit_delay(0)
    session = session_of("sold out")
    yield Row("refusals when sold out, 32 clients",
              interleave({"limit": f"SELECT public.refuse_after_select('{session}', 1, 'c' || $1 || '@example.com')",
                          "ours": ours(session)}, 32), at_least("limit", 0.8))
    check_integrity()


def release():
    """Releasing 100,000 expired holds, against one bare UPDATE of as many rows: seconds."""
    count = 20000 if QUICK else 100000
    figures = {"ours": [], "limit": []}
    for _ in range(ROUNDS):
        fresh_database()
        psql(f"""INSERT INTO booking.slot_reservations (organization_id, id, session_id, party_size, customer_email,
                     status, created_at, expires_at, token_hash)
                 SELECT 1, booking.new_id(1), s.id, 1, 'c' || n || '@example.com', 'pending', now() - interval '1 hour',
                        now() - interval '30 minutes', sha256(n::text::bytea)
                   FROM generate_series(1, {count}) AS n
                   JOIN (SELECT id, row_number() OVER () - 1 AS i, count(*) OVER () AS of FROM booking.sessions
                          WHERE capacity_total = 500) AS s ON s.i = n % s.of""")
        psql("UPDATE booking.sessions SET capacity_total = 1000000 WHERE capacity_total = 500")
        psql("INSERT INTO public.bare SELECT * FROM booking.slot_reservations")
        psql("VACUUM ANALYZE")
        for name, sql in (("limit", "UPDATE public.bare SET status = 'expired', settled_at = now()"
                                    " WHERE status = 'pending' AND expires_at <= now()"),
                          ("ours", "SELECT booking.release_expired_reservations()")):
            start = datetime.datetime.now()
            psql(sql)
            figures[name].append((datetime.datetime.now() - start).total_seconds())
    yield Row(f"release of {count:,} expired holds", figures, at_most("limit", 1.5), " s")


def open_snapshot():
    """Reserving on one hot session while another session holds a snapshot open, as a running pg_dump does."""
    fresh_database()
    set_commit_delay(2000)
    for activity in ("hot", "hot without lanes"):
        session = session_of(activity)
        load(ours(session), 32, WARMUP)
        before = load(ours(session), 32)["per_second"]
        holder = subprocess.Popen(["psql", "-Xq", "-d", DATABASE], stdin=subprocess.PIPE, text=True)
        holder.stdin.write("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM booking.organizations \\g /dev/null\n")
        holder.stdin.flush()
        while psql("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'") == "0":
            pass
        during = [load(ours(session), 32)["per_second"] for _ in range(ROUNDS)]
        holder.communicate("COMMIT;\n")
        load(ours(session), 32, WARMUP)
        after = load(ours(session), 32)["per_second"]
        NOTES.append(f"Open snapshot, {activity}: {before:,.0f} holds/s before, then in rounds of {SECONDS} s "
                     f"{', '.join(f'{x:,.0f}' for x in during)}; {after:,.0f} after it was closed.")
    check_integrity()
    return []


NOTES = []
MEASUREMENTS = {f.__name__: f for f in (hot_session, notifying, sold_out, refusals, release, open_snapshot)}


def main():
    unknown = [name for name in NAMES if name not in MEASUREMENTS]
    if unknown:
        sys.exit(f"unknown measurement {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    lines = []
    for name in NAMES or MEASUREMENTS:
        for row in MEASUREMENTS[name]():
            lines.append(row.text())
            print(lines[-1], flush=True)
    for note in NOTES:
        print(note)
    if NAMES or QUICK:
        return
    version = psql("SELECT split_part(version(), ' ', 2)", "postgres")
    with open(f"{HERE}/results.md", "w", encoding="utf-8") as out:
        out.write(f"""# Measurements

Written by `bench/run` on {datetime.date.today()}: PostgreSQL {version}, {os.cpu_count()} cores, {platform.machine()},
fsync and synchronous_commit on. Medians of {ROUNDS} rounds of {SECONDS} s that took turns, least and most in brackets.
The load generator runs on the same cores; contention on the rightmost pages of indexes does not show on so few.
"2 ms commit" is `commit_delay = 2000, commit_siblings = 0`: a cloud disk, or a synchronous replica. The limit is a bare
INSERT of the same row with the same indexes and checks (for refusals the same error after one SELECT, for the release
one bare UPDATE); naive is the design of a counter row locked by FOR UPDATE and pg_notify in the transaction.

| what | ours | limit | naive | ratio | goal | |
| --- | --- | --- | --- | --- | --- | --- |
""")
        out.write("\n".join(lines) + "\n")
        if NOTES:
            out.write("\n" + "\n".join(f"- {note}" for note in NOTES) + "\n")


if __name__ == "__main__":
    main()
