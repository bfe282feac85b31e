"""Runs the measurements that bench/run names; each that fails is said, and the rest goes on.

Every figure is a ratio against a baseline of the same run on the same machine: rounds of ours, the limit and the naive
design take turns, and medians are compared. After each measurement integrity_check() must find nothing.
"""

import subprocess
import sys
import traceback

from . import calendar_reads, contention, generate, growth, options, release, relay, report, reserving, results, soak
from .load import Load
from .rows import Failure, Note, Row

MEASUREMENTS = {function.__name__: function for function in (
    reserving.hot_session, reserving.many_sessions, reserving.clients, reserving.lanes, contention.notifying,
    contention.sold_out, contention.refusals, generate.generate, release.release, contention.open_snapshot,
    calendar_reads.calendar_reads, relay.webhooks, relay.sockets, growth.growth_sessions,
    growth.growth_events, relay.growth_endpoints, growth.growth_sockets, soak.soak)}
BY_NAME_ONLY = ("soak",)  # it takes as long as it is told to


def chosen(names):
    unknown = [name for name in names if name not in MEASUREMENTS]
    if unknown:
        sys.exit(f"unknown measurement {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    return names or [name for name in MEASUREMENTS if name not in BY_NAME_ONLY]


def measure(name, load):
    result = results.Result.begin()
    print(f"{name}: {' '.join(MEASUREMENTS[name].__doc__.split())}", flush=True)
    try:
        for item in MEASUREMENTS[name](load):
            result.add(item)
            if isinstance(item, Row):
                print(f"  {report.row_text(item)}", flush=True)
            elif isinstance(item, Note):
                print(f"  {item.text}", flush=True)
    except (Failure, OSError, subprocess.CalledProcessError) as error:
        result.failed = str(error)
    except Exception as error:  # pylint: disable=broad-exception-caught # a fault of ours costs one measurement, not all
        result.failed = repr(error)
        traceback.print_exc()
    if result.failed:
        print(f"  failed: {result.failed}", flush=True)
    result.end()
    return result


def main():
    given = options.parse(sys.argv[1:])
    names = chosen(given.names)
    book = results.Book(given.out, report.machine())
    for name in names:
        book.put(name, measure(name, Load(given)))
        book.write(MEASUREMENTS)  # after each, so that nothing is lost
    missing = report.missing_goals(book.measured, names)
    for name in missing:
        print(f"no row for the goal {name}: {report.GOALS[name].what}")
    failed = [name for name in names if book.measured[name].failed]
    if failed:
        print(f"failed: {', '.join(failed)}")
    print(f"written to {book.directory}/results.md")
    sys.exit(1 if failed or missing else 0)


if __name__ == "__main__":
    main()
