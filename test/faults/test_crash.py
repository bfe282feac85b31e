"""kill -9 of backends and of the postmaster under load: nothing oversold, nothing lost that was acknowledged, and every
seat accounted for, with lanes and without."""

import os
import signal
import unittest

from load import LoadCase
from psql import LONG

KILLS = 40 if LONG else 6


class Crash(LoadCase):
    name = "crash"

    def test_backends_killed(self):
        """One at a time; the postmaster then restarts all of them, which is the harder case."""
        def disturb(dice, _clients):
            for _ in range(KILLS):
                victims = self.wait_for_load()
                try:
                    os.kill(dice.choice(victims), signal.SIGKILL)
                except ProcessLookupError:
                    pass

        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, disturb)

    def test_postmaster_killed(self):
        def disturb(_dice, _clients):
            self.wait_for_load()
            self.cluster.kill_postmaster()
            self.cluster.start()

        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, disturb)


if __name__ == "__main__":
    unittest.main()
