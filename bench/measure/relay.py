"""What the relay does, measured by the programs in bench/webhooks and bench/sockets: each prints its results as lines of
JSON, {"row": …}, {"series": …} or {"note": …} with the fields that rows.py gives them."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import threading

from . import cluster
from .rows import Failure, from_json


def webhooks(load):
    """Commit to webhook arrived, and deliveries a second, beside graphile-worker and pg-boss."""
    yield from run_node(load.options, "webhooks")


def growth_endpoints(load):
    """Deliveries a second to 1, 100 and 1,000 endpoints, and beside 1,000,000 events that wait."""
    yield from run_node(load.options, "webhooks", "--growth")


def sockets(load):
    """Fan-out of an event to thousands of sockets, beside socket.io."""
    yield from run_node(load.options, "sockets", load.options.sockets)


def run_node(options, name, *words, quick=False):
    database = f"bench_{name}"
    cluster.set_commit_delay(0)
    cluster.psql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", "postgres")
    cluster.psql(f"CREATE DATABASE {database}", "postgres")
    if quick or options.quick:
        words += ("--quick",)
    program = subprocess.Popen(
        ["node", cluster.BENCH / name / "measure.mjs", options.relay, *words], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PGDATABASE": database}, start_new_session=True)
    end = functools.partial(end_group, program)
    patience = threading.Timer(900, end)
    patience.start()
    try:
        for line in program.stdout:
            if line.startswith('{"'):  # libraries may have something to say
                yield from_json(json.loads(line))
        program.wait()
    finally:
        patience.cancel()
        end()
    if program.returncode:
        raise Failure(f"bench/{name}/measure.mjs ended with status {program.returncode}")
    cluster.check_integrity(database)


def end_group(program):
    """With the servers that it has started, if it could not do that itself."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
