"""How much is measured: the whole, or the quick round through everything."""

import argparse
import dataclasses


@dataclasses.dataclass
class Options:
    load: str  # the load generators, and the relay
    sockets: str
    relay: str
    out: str  # where results.json, results.md and plots/ are written
    quick: bool
    names: list
    rounds: int
    seconds: float
    minutes: float

    @property
    def warmup(self):
        return self.seconds / 2

    def pick(self, whole, quick):
        return quick if self.quick else whole


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("names", nargs="*", help="measurements (default: all but the soak)")
    parser.add_argument("--quick", action="store_true", help="short rounds and small counts")
    parser.add_argument("--rounds", type=int, help="rounds of each statement (5; quick: 2)")
    parser.add_argument("--seconds", type=float, help="seconds of a round (2.5; quick: 0.3)")
    parser.add_argument("--minutes", type=float, default=20, help="minutes of the soak (20)")
    for name in ("load", "sockets", "relay", "out"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    given = parser.parse_intermixed_args(arguments)
    return Options(load=given.load, sockets=given.sockets, relay=given.relay, out=given.out, quick=given.quick,
                   names=given.names, rounds=given.rounds or (2 if given.quick else 5),
                   seconds=given.seconds or (0.3 if given.quick else 2.5), minutes=given.minutes)
