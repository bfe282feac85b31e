"""The server is shut down under load, in the fast and in the immediate way, and started again: nothing that was
acknowledged is lost, and booking goes on."""

import unittest

from load import LoadCase, wait_for_answers
from psql import LONG

TIMES = 10 if LONG else 2


class Restart(LoadCase):
    name = "restart"

    def restart(self, mode):
        def disturb(_dice, clients):
            for _ in range(TIMES):
                wait_for_answers(clients, "00000", len(clients))
                self.cluster.stop(mode)
                self.cluster.start()
            wait_for_answers(clients, "00000", len(clients))

        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, disturb)

    def test_fast(self):
        self.restart("fast")

    def test_immediate(self):
        self.restart("immediate")


if __name__ == "__main__":
    unittest.main()
