"""The private cluster that bench/run has started, and the database that is made anew for a measurement."""

import os
import pathlib
import subprocess

from .rows import Failure

BENCH = pathlib.Path(__file__).resolve().parents[1]
DATABASE = "bench"
DELAYS = {"native": 0, "2 ms": 2000}  # microseconds of commit_delay


def psql(sql, database=DATABASE):
    done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(done.stderr.strip())
    return done.stdout.strip()


def milliseconds(*statements):
    """How long each of them takes, one after another in one connection."""
    done = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", DATABASE], text=True, capture_output=True,
                          input="\\timing on\n\\o /dev/null\n" + ";\n".join(statements) + ";\n", check=False)
    if done.returncode:
        raise Failure(done.stderr.strip())
    return [float(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("Time: ")]


def set_commit_delay(microseconds):
    psql(f"ALTER SYSTEM SET commit_delay = {microseconds}", "postgres")
    psql("ALTER SYSTEM SET commit_siblings = 0", "postgres")
    psql("SELECT pg_reload_conf()", "postgres")


def fresh_database(microseconds=0):
    set_commit_delay(microseconds)
    psql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", "postgres")
    psql(f"CREATE DATABASE {DATABASE}", "postgres")
    run_file("setup.sql")
    notify("off")  # measured on its own


def run_file(name, **variables):
    subprocess.run(["psql", "-Xq", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-d", DATABASE, "-f", BENCH / "sql" / name,
                    *(word for key, value in variables.items() for word in ("-v", f"{key}={value}"))], check=True)


def check_integrity(database=DATABASE):
    broken = psql("SELECT count(*) FROM booking.integrity_check()", database)
    if broken != "0":
        raise Failure(f"integrity_check() found {broken} rows")


def session_of(activity, offset=0):
    return psql(f"SELECT s.id FROM booking.sessions AS s JOIN booking.activities AS a ON a.id = s.activity_id"
                f" WHERE a.name = '{activity}' ORDER BY s.start_time OFFSET {offset} LIMIT 1")


def events(on):
    psql(f"UPDATE booking.organizations SET reservation_events = {on}")


def notify(mode):
    """For connections to come: load() makes new ones each time."""
    psql(f"ALTER DATABASE {DATABASE} SET pg_booking.notify = '{mode}'")


class OpenSnapshot:
    """A session that holds a snapshot open, as a running pg_dump does."""

    def __enter__(self):
        self.holder = subprocess.Popen(["psql", "-XqAt", "-d", DATABASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       text=True)
        print("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM booking.organizations;",
              file=self.holder.stdin, flush=True)
        self.holder.stdout.readline()  # once it answers, it has its snapshot
        return self

    def __exit__(self, *_):
        self.holder.communicate("COMMIT;\n")


def multixact_counters():
    """The next multixact id, and the next place among the members of all."""
    psql("CHECKPOINT")  # the control file says how it was then
    return [int(n) for n in psql("SELECT next_multixact_id, next_multi_offset FROM pg_control_checkpoint()").split("|")]
