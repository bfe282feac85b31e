"""Reading the calendar while seats are being sold."""

from . import cluster
from .cluster import check_integrity, fresh_database, psql
from .load import LISTED, answered, finish, ours
from .reserving import session_list
from .rows import Row

READERS, SELLERS = 32, 8
VENUE = "(SELECT v.id FROM booking.venues AS v WHERE v.organization_id = 1 AND v.name = 'Calendar')"
READS = {
    "one session's availability": f"SELECT booking.check_slot_availability({LISTED}, 2)",
    "the next 10 sessions with 4 free seats": "SELECT * FROM booking.next_available_sessions({activity}, 4, 10)",
    "a week of one activity, as its page shows it":
        "SELECT booking.public_activity_sessions({activity}, (current_date + 1)::text, (current_date + 7)::text)",
    "a week of a venue with 50 activities, 4,900 sessions":
        "SELECT s.id, s.activity_id, s.start_time, s.end_time, s.status, s.seats_available"
        "  FROM booking.activities AS a"
        "  JOIN booking.activity_sessions AS s ON s.organization_id = a.organization_id AND s.activity_id = a.id"
        f" WHERE a.organization_id = 1 AND a.venue_id = {VENUE}"
        "   AND s.start_time >= current_date + 1 AND s.start_time < current_date + 8",
}
PRIMARY_KEY = f"SELECT s.* FROM booking.sessions AS s WHERE s.organization_id = 1 AND s.id = {LISTED}"


def calendar_reads(load):
    """32 clients read while 8 others sell; limit: a SELECT of a session by its primary key, beside the same sellers."""
    fresh_database()
    cluster.run_file("calendar.sql")
    activity = psql("SELECT id FROM booking.activities WHERE organization_id = 1 AND name = 'calendar 1'")
    statements = {"limit": PRIMARY_KEY, **{what: sql.format(activity=f"'{activity}'") for what, sql in READS.items()}}
    with session_list(100_000, "calendar %") as file:
        results = while_selling(load, statements, file.name)
    for what in READS:
        for figure, unit, said in (("per_second", "/s", ""), ("p50_ms", " ms", ", p50"), ("p99_ms", " ms", ", p99")):
            yield Row(f"calendar, {what}, {READERS} clients{said}; limit: primary key",
                      {"ours": [result[figure] for result in results[what]],
                       "limit": [result[figure] for result in results["limit"]]}, unit=unit)
    check_integrity()


def while_selling(load, statements, sessions):
    """Rounds in which the statements take turns; in each of them seats are sold, of all sessions alike."""
    results = {name: [] for name in statements}
    seconds = load.options.seconds
    for round_ in range(-1, load.options.rounds):
        for name, statement in statements.items():
            # Nobody is warmed up on each connection: of a list that takes long that would be most of the time.
            sellers = load.start(ours(LISTED), SELLERS, seconds, "--list", sessions, warmup="SELECT 1")
            result = answered(name, load.run(statement, READERS, seconds, "--list", sessions, warmup="SELECT 1"),
                              ("00000",))
            answered("reserve_slot", finish(sellers))
            if round_ >= 0:  # before that: warm
                results[name].append(result)
    return results
