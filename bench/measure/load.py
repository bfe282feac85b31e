"""The load generator, the statements that it runs, and rounds in which several of them take turns."""

import json
import os
import subprocess

from .cluster import DATABASE
from .rows import Failure

EXPECTED = ("00000", "BK201")  # held, or sold out


class Load:
    def __init__(self, options):
        self.options = options

    def start(self, statement, clients, seconds, *words, warmup=None):
        """Each connection has run the warm-up, else the statement itself, ten times before the clock starts: those of a
        pool have their plans."""
        if warmup:
            words += ("--warmup", warmup)
        return subprocess.Popen(
            [self.options.load, "--clients", str(clients), "--seconds", str(seconds), *map(str, words), statement],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PGDATABASE": DATABASE})

    def run(self, statement, clients, seconds=None, *words, warmup=None):
        return finish(self.start(statement, clients, seconds or self.options.seconds, *words, warmup=warmup))

    def warm_up(self, statement, clients, *words):
        self.run(statement, clients, self.options.warmup, *words)

    def interleave(self, statements, clients, *words, rounds=None, expected=EXPECTED):
        """How many a second, of rounds in which the statements take turns."""
        results = self.interleaved(statements, clients, *words, rounds=rounds, expected=expected)
        return {name: [result["per_second"] for result in of_name] for name, of_name in results.items()}

    def interleaved(self, statements, clients, *words, rounds=None, expected=EXPECTED):
        results = {name: [] for name in statements}
        for statement in statements.values():
            self.warm_up(statement, clients, *words)
        for _ in range(rounds or self.options.rounds):
            for name, statement in statements.items():
                results[name].append(answered(name, self.run(statement, clients, None, *words), expected))
        return results


def finish(process):
    output, errors = process.communicate()
    if process.returncode:
        raise Failure(f"the load generator: {errors.strip()}")
    return json.loads(output)


def answered(name, result, expected=EXPECTED):
    unexpected = {state: number for state, number in result["states"].items() if state not in expected}
    if unexpected:
        raise Failure(f"{name}: unexpected answers {unexpected}")
    return result


def per_second(name, result, expected=EXPECTED):
    return answered(name, result, expected)["per_second"]


# $1 is a number that no other execution gets, $2 a line of the list that the load generator was given.

def one(session):
    return f"'{session}'"


LISTED = "$2::uuid"


def ours(session):
    return f"SELECT * FROM booking.reserve_slot({session}, 1, 'c' || $1 || '@example.com')"


def naive(session):
    return f"SELECT * FROM naive.reserve_slot({session}, 1, 'c' || $1 || '@example.com')"


def bare(session):
    return ("INSERT INTO public.bare (organization_id, id, session_id, party_size, customer_email, status, created_at,"
            f" expires_at, token_hash) VALUES (1, booking.new_id(1), {session}, 1, 'c' || $1 || '@example.com',"
            " 'pending', now(), now() + interval '10 minutes', sha256($1::text::bytea)) RETURNING expires_at")


def all_ways(*sessions):
    """Reserves in each of the sessions, if it has a seat, and gives it back: so that each connection has the plans of all
    statements that it may need before the clock starts, as those of a pool have."""
    return ("SELECT CASE WHEN r.reservation_id IS NOT NULL THEN booking.cancel_reservation(r.reservation_id) END"
            f" FROM unnest('{{{','.join(sessions)}}}'::uuid[]) AS s,"
            " LATERAL booking.try_reserve_slot(s, 1, 'c' || $1 || '@example.com') AS r")
