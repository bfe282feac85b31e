"""psql as a client library: sessions over pipes, databases with the extension, and what the tests share.

The server is found through the PG* environment, the programs through PATH.
"""

import datetime
import math
import os
import re
import selectors
import subprocess
import time
import unittest

LONG = bool(os.environ.get("PGBK_LONG"))
UTC = datetime.timezone.utc
# Nothing but errors is said, and values look the same everywhere.
OPTIONS = "-c client_min_messages=error -c datestyle=ISO,YMD -c intervalstyle=postgres -c timezone=UTC"
SEPARATOR = "\x1f"
NULL = "\x02"
DEADLINE = 120.0  # seconds; an answer that takes longer is a failure, not a slow machine


class SqlError(Exception):
    def __init__(self, sqlstate, message, sql):
        super().__init__(f"{sqlstate}: {message}\n{sql[:500]}")
        self.sqlstate = sqlstate
        self.message = message


class Session:
    """One backend. query() waits for the answer; send() and receive() do it in two steps, so that others may run."""

    def __init__(self, database, setup=(), role=None):
        self._counter = 0
        self._buffer = b""
        self._sent = None
        self._process = subprocess.Popen(
            ["psql", "-XqAt", "-d", database, "-F", SEPARATOR, "-P", f"null={NULL}", "-v", "VERBOSITY=terse"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "PGOPTIONS": OPTIONS, "PSQLRC": "/dev/null", "LC_ALL": "C.UTF-8"})
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        try:
            self.pid = int(self.value("SELECT pg_backend_pid()"))
            if role is not None:
                self.query(f"SET ROLE {role}")
            for sql in setup:
                self.query(sql)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._selector.close()
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # psql ended before it had read everything
        self._process.stdout.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def send(self, sql):
        assert self._sent is None, "one statement at a time"
        self._counter += 1
        self._sent = sql
        self._process.stdin.write(f"{sql}\n;\n\\echo \x1d{self._counter} :SQLSTATE\n".encode())
        self._process.stdin.flush()

    def receive(self, deadline=DEADLINE):
        """Rows of the statement sent, as tuples of str or None. Raises SqlError."""
        sql, self._sent = self._sent, None
        mark = f"\x1d{self._counter} ".encode()
        until = time.monotonic() + deadline
        while True:
            at = self._buffer.find(mark)
            end = self._buffer.find(b"\n", at) if at >= 0 else -1
            if end >= 0:
                break
            if not self._selector.select(max(0.0, until - time.monotonic())):
                raise TimeoutError(f"no answer in {deadline} s: {sql[:500]}")
            chunk = os.read(self._process.stdout.fileno(), 1 << 20)
            if not chunk:
                raise ConnectionError(f"psql ended: {self._buffer.decode()}\n{sql[:500]}")
            self._buffer += chunk
        text, state = self._buffer[:at].decode(), self._buffer[at + len(mark):end].decode()
        self._buffer = self._buffer[end + 1:]
        lines = text.split("\n")[:-1]
        errors = [line for line in lines if re.match(r"(ERROR|FATAL|PANIC): ", line)]
        if state != "00000" or errors:
            raise SqlError(state, "\n".join(errors), sql)
        return [tuple(None if v == NULL else v for v in line.split(SEPARATOR)) for line in lines]

    def query(self, sql, deadline=DEADLINE):
        self.send(sql)
        return self.receive(deadline)

    def value(self, sql):
        rows = self.query(sql)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    def state(self, sql):
        """'00000', or the SQLSTATE of the error."""
        try:
            self.query(sql)
        except SqlError as error:
            return error.sqlstate
        return "00000"


def run(*arguments, stdin=None):
    """Runs a client program; returns its output, raises with its errors."""
    done = subprocess.run(arguments, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env={**os.environ, "PGOPTIONS": OPTIONS, "PSQLRC": "/dev/null", "LC_ALL": "C.UTF-8"})
    if done.returncode != 0:
        raise RuntimeError(f"{arguments} ended with {done.returncode}\n{done.stderr.decode()[-4000:]}")
    return done.stdout


def copy_out(database, sql):
    """The lines of COPY (sql) TO STDOUT, each split into its columns."""
    output = run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", f"COPY ({sql}) TO STDOUT")
    return [tuple(line.split("\t")) for line in output.decode().splitlines()]


def in_maintenance(sql):
    run("psql", "-Xqc", sql, "-d", "postgres")


def drop_database(name):
    in_maintenance(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def create_database(name, install=True):
    drop_database(name)
    in_maintenance(f'CREATE DATABASE "{name}"')
    if install:
        run("psql", "-Xqv", "ON_ERROR_STOP=1", "-d", name, "-c", "CREATE EXTENSION pg_booking",
            "-c", "SELECT count(*) FROM booking.install()")


def clock_at(wanted):
    """SET that makes it `wanted` (an aware datetime) by booking.clock(), or up to a second later."""
    offset = math.ceil((wanted - datetime.datetime.now(UTC)).total_seconds())
    return f"SET pg_booking.clock_offset = {offset}"


def quote(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


def wait_until(condition, what, deadline=60.0):
    until = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"not in {deadline} s: {what}")
        time.sleep(0.01)


class DatabaseCase(unittest.TestCase):
    """Each class has a fresh database with the extension."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.database = f"e2e_{cls.__module__.strip('_')}_{cls.__name__}_{os.getpid()}".lower()[:63]
        create_database(cls.database)
        cls.addClassCleanup(drop_database, cls.database)
        cls.admin = Session(cls.database)
        cls.addClassCleanup(cls.admin.close)

    def session(self, *setup, role=None):
        session = Session(self.database, setup, role)
        self.addCleanup(session.close)
        return session

    # What holds at every moment. Seats that were left to somebody who was just working on the session, and who then
    # failed, are offered to those who wait by the next release only.
    AT_ANY_TIME = "SELECT * FROM booking.integrity_check() WHERE invariant <> 'free_seats_are_offered'"

    def assert_integrity(self):
        self.assertEqual(self.admin.query("SELECT * FROM booking.integrity_check()"), [])
