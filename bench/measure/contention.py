"""What many do at once to the same rows: the last seats, refusals, notifications, and an open snapshot beside them."""

from . import cluster
from .cluster import DELAYS, OpenSnapshot, check_integrity, fresh_database, psql, session_of
from .load import EXPECTED, all_ways, answered, bare, naive, one, ours, per_second
from .rows import Failure, Note, Row


def notifying(load):
    """Reserving on one hot session, 32 clients, events on, and somebody who listens: NOTIFY by the notifier or by each
    writer, against none. Rounds are short and many, since with a commit latency they differ by a third."""
    for delay, microseconds in DELAYS.items():
        fresh_database(microseconds)
        figures, told = told_in_rounds(load, ours(one(session_of("hot"))))
        limit = {"limit": figures["off"]}
        yield Row(f"reserve, one hot session, 32 clients, {delay} commit, NOTIFY coalesced; limit: without NOTIFY",
                  {"ours": figures["coalesced"], **limit}, "notify_2ms" if microseconds else "notify_native")
        yield Row(f"reserve, one hot session, 32 clients, {delay} commit, NOTIFY in each transaction; limit: without",
                  {"ours": figures["direct"], **limit})
        yield Note(f"Notifier, {delay} commit: " + psql(
            "SELECT format('%s notifications for %s commits, %s transactions notified directly', notifications, commits,"
            " direct) FROM booking.notifier_status()") + f"; told of them: {told}.")
        check_integrity()


def told_in_rounds(load, statement):
    """Holds a second, and how often the listener was told, by the mode of NOTIFY."""
    figures = {mode: [] for mode in ("off", "coalesced", "direct")}
    told = {mode: 0 for mode in figures}

    def run(mode):
        cluster.notify(mode)
        result = answered(mode, load.run(statement, 32, load.options.seconds / 2, "--listen", "booking_events"))
        told[mode] += result["notifications"]
        return result["per_second"]

    for mode in figures:  # warm
        run(mode)
    for number in range(3 * load.options.rounds):
        modes = ["off", "coalesced"] + (["direct"] if number % 3 == 0 else [])
        for mode in modes if number % 2 == 0 else reversed(modes):
            figures[mode].append(run(mode))
    return figures, told


def sold_out(load):
    """500 seats until sold out, 64 clients, 2 ms commit: seconds from the first hold to the last."""
    fresh_database(2000)
    hot = one(session_of("hot"))
    limit = [500 / per_second("limit", load.run(bare(hot), 64))
             for _ in range(load.options.rounds)]
    figures = {"ours": [], "limit": limit, "naive": []}
    without = []
    for number in range(load.options.rounds * 2):
        for activity, statement, seconds in (("500 seats", ours, figures["ours"]),
                                             ("500 seats without lanes", ours, without),
                                             ("500 seats", naive, figures["naive"])):
            seconds.append(sell(load, statement, activity, number))
    yield Row("500 seats, 64 clients, 2 ms commit, until sold out", figures, "sold_out", " s")
    yield Row("500 seats without lanes, 64 clients, 2 ms commit, until sold out", {"ours": without, "limit": limit}, unit=" s")
    check_integrity()


def sell(load, statement, activity, number):
    session = session_of(activity, number)
    hot = session_of("hot" if activity == "500 seats" else "hot without lanes")
    warmup = naive(one(hot)) if statement is naive else all_ways(hot, session_of("one seat a lane"),
                                                                 session_of("sold out"))
    result = answered(activity, load.run(statement(one(session)), 64, 60, "--until", "BK201", warmup=warmup),
                      (*EXPECTED, "BK401"))  # the last lanes are fought for: sold by then, or to be tried again
    if result["states"].get("00000") != 500:
        raise Failure(f"sold {result['states']} of 500 seats")
    table = "booking" if statement is ours else "naive"
    return float(psql("SELECT extract(epoch FROM max(created_at) - min(created_at))"
                      f" FROM {table}.slot_reservations WHERE session_id = '{session}'"))


def refusals(load):
    """Refusing when sold out, 32 clients."""
    fresh_database()
    session = session_of("sold out")
    yield Row("refusals when sold out, 32 clients; limit: the same error raised after one SELECT", load.interleave(
        {"limit": f"SELECT public.refuse_after_select('{session}', 1, 'c' || $1 || '@example.com')",
         "ours": ours(one(session))}, 32, expected=("BK201",)), "refusals")
    check_integrity()


def open_snapshot(load):
    """Reserving on one hot session while another session holds a snapshot open, as a running pg_dump does."""
    fresh_database(2000)
    for activity in ("hot", "hot without lanes"):
        statement = ours(one(session_of(activity)))
        load.warm_up(statement, 32)
        before = per_second(activity, load.run(statement, 32))
        with OpenSnapshot():
            during = [per_second(activity, load.run(statement, 32)) for _ in range(load.options.rounds)]
        load.warm_up(statement, 32)
        after = per_second(activity, load.run(statement, 32))
        yield Note(f"Open snapshot, {activity}: {before:,.0f} holds/s before, then in rounds of {load.options.seconds} s "
                   f"{', '.join(f'{x:,.0f}' for x in during)}; {after:,.0f} after it was closed.")
    check_integrity()
