"""Making the sessions of a month."""

from .cluster import check_integrity, fresh_database, milliseconds, psql, run_file
from .rows import Row

GENERATE = "SELECT booking.generate_all_sessions(31)"


def generate(load):
    """390,000 sessions of 1,000 activities, against COPY of the same rows into a table with the same keys: seconds. Then
    once more, when all of them are there."""
    figures = {"ours": [], "limit": []}
    again = {"ours": [], "limit": figures["limit"]}
    for _ in range(load.options.rounds):
        fresh_database()
        run_file("generate.sql", activities=load.options.pick(1000, 100))
        first, second = milliseconds(GENERATE, GENERATE)
        check_integrity()
        rows = int(psql("SELECT count(*) FROM booking.sessions"))
        file = psql("SHOW data_directory") + "/sessions.copy"
        _, copy = milliseconds(f"COPY booking.sessions TO '{file}'", f"COPY public.sessions FROM '{file}'")
        for values, ms in ((figures["ours"], first), (again["ours"], second), (figures["limit"], copy)):
            values.append(ms / 1000)
    yield Row(f"generate {rows:,} sessions; limit: COPY of the same rows, same keys", figures, "generate", " s")
    yield Row(f"generate {rows:,} sessions again, all being there; limit: the same COPY", again, "generate_again", " s")
