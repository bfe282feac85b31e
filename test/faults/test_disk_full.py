"""The disk runs full in the middle of a booking load: that of the tables, that of the WAL, or both at once. Calls fail
cleanly and leave nothing half done, nothing acknowledged is lost, and booking goes on once there is room again.

The disk is made full by full_disk.cpp, as root and as anybody else: mounting one of its own takes rights that not
everybody has, and a limit to the size of files (ulimit -f) is another error than a full disk.
"""

import os
import pathlib
import subprocess
import unittest

from cluster import ROOT, Cluster, as_server
from load import REFUSALS, LoadCase, total, wait_for_answers
from psql import LONG, Session, SqlError, wait_until

FAULTS = pathlib.Path(os.environ["FAULTS_DIR"])
LIBRARY, LIST = FAULTS / "full_disk.so", FAULTS / "full_disk.list"
WAL, TABLESPACE = FAULTS / "disk-wal", FAULTS / "disk-tablespace"
TIMES = 5 if LONG else 1
FULL = "53100"


def fill(*directories):
    """At once for everybody: a half-written list would be another disk."""
    new = LIST.with_suffix(".new")
    new.write_text("".join(f"{directory}\n" for directory in directories), encoding="ascii")
    new.rename(LIST)


def make_room():
    LIST.unlink(missing_ok=True)


class DiskFull(LoadCase):
    name = "disk"
    seats = 2000
    refusals = (*REFUSALS, FULL)

    @classmethod
    def make_cluster(cls):
        subprocess.run([os.environ.get("CXX", "g++"), "-std=c++20", "-O1", "-shared", "-fPIC",
                        ROOT / "test/faults/full_disk.cpp", "-o", LIBRARY], check=True)
        LIBRARY.chmod(0o755)
        # Segments of 1 MB and no checkpoint that would recycle them: new WAL needs new space soon.
        cls.cluster = Cluster(cls.name, "checkpoint_timeout = 1h", "max_wal_size = 1GB",
                              initdb=("--waldir", str(WAL), "--wal-segsize=1"),
                              environment=(f"LD_PRELOAD={LIBRARY}", f"FULL_DISK_FILE={LIST}"))
        cls.addClassCleanup(cls.cluster.remove)
        cls.addClassCleanup(make_room)  # before that
        cls.cluster.start()
        as_server("mkdir", str(TABLESPACE))
        with Session("postgres") as admin:
            admin.query(f"CREATE TABLESPACE other LOCATION '{TABLESPACE}'")

    def setUp(self):
        self.addCleanup(make_room)

    def holds_in_the_tablespace(self):
        """Then it is the hold that cannot be written, after its seats were taken elsewhere."""
        def move(to):
            with Session(self.name) as admin:
                admin.query(f"ALTER TABLE booking.slot_reservations SET TABLESPACE {to}")

        move("other")
        self.addCleanup(move, "pg_default")
        self.addCleanup(make_room)  # before that

    def statements_fail(self, *directories):
        """The server stays up, and so do its connections."""
        def disturb(_dice, clients):
            for _ in range(TIMES):
                wait_for_answers(clients, "00000", len(clients))
                fill(*directories)
                wait_for_answers(clients, FULL, 2 * len(clients))
                with Session(self.name) as admin:
                    self.assertEqual(admin.query("SELECT * FROM booking.integrity_check()"), [])
                make_room()
                wait_for_answers(clients, "00000", 2 * len(clients))
            self.assertEqual(total(clients, "lost"), 0)

        for lanes in (0, 16):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, disturb)

    def test_data_directory(self):
        self.statements_fail(self.cluster.data)

    def test_tablespace(self):
        self.holds_in_the_tablespace()
        self.statements_fail(TABLESPACE)

    def panics_after(self, before):
        """Asks for the next segment of WAL, which may be one that was there already."""
        try:
            with Session("postgres") as admin:
                admin.query("SELECT pg_switch_wal()")
        except (ConnectionError, SqlError, OSError):
            pass  # that was it
        return self.panics() > before

    def panics(self):
        lines = self.cluster.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return sum("PANIC" in line and "No space left on device" in line for line in lines)

    def is_up(self):
        """Starts the server if it has given up."""
        if self.is_reachable():
            return True
        if not self.cluster.is_running():
            try:
                self.cluster.start()
            except subprocess.CalledProcessError:
                pass  # its processes are not all gone
        return False

    def test_wal(self):
        """The server goes down, since no commit can be promised any more."""
        def disturb_disks(*directories):
            def disturb(_dice, clients):
                for _ in range(TIMES):
                    wait_for_answers(clients, "00000", len(clients))
                    before = self.panics()
                    fill(*directories)
                    wait_until(lambda: self.panics_after(before), "the server gives up", 120)  # pylint: disable=cell-var-from-loop
                    make_room()
                    wait_until(self.is_up, "the server is back", 120)
                    wait_for_answers(clients, "00000", 2 * len(clients))
            return disturb

        for lanes, directories in ((0, [WAL]), (16, [WAL, self.cluster.data])):
            with self.subTest(lanes=lanes):
                self.under_load(lanes, disturb_disks(*directories))

    def counters(self, admin):
        return admin.query("SELECT id, remaining, NULL FROM booking.sessions UNION ALL"
                           " SELECT session_id, remaining, lane FROM booking.session_lanes ORDER BY 1, 3")

    def test_each_way_to_reserve(self):
        """A hold that cannot be written leaves the counters, and the backend, as they were."""
        self.holds_in_the_tablespace()
        for lanes in (0, 16):
            with self.subTest(lanes=lanes), Session(self.name) as admin:
                session_id = self.fresh_session(admin, lanes)
                admin.query("VACUUM FULL booking.slot_reservations")  # no page has room for more than some rows
                fill(TABLESPACE)

                def reserve(party, rest="", function="reserve_slot"):
                    return f"SELECT booking.{function}('{session_id}', {party}, 'x@example.com'{rest})"

                def state_at_the_end():
                    for _ in range(100):
                        if (state := admin.state(reserve(1))) != "00000":
                            return state
                    return None

                self.assertEqual(state_at_the_end(), FULL)
                before = self.counters(admin)
                ways = [reserve(1), reserve(1, f", 'a-key-of-16-or-more-{lanes}'"),
                        reserve(1, function="try_reserve_slot"),
                        reserve(self.seats // 8)]  # more than a lane has: gathered
                caught = ("DO $$ BEGIN {}; EXCEPTION WHEN disk_full THEN PERFORM 1; END $$"
                          .format(reserve(2).replace("SELECT", "PERFORM")))
                for way in ways:
                    self.assertEqual(admin.state(way), FULL, way)
                self.assertEqual(admin.state(caught), "00000")
                admin.query("SET pg_booking.clock_offset = 700")  # what is held has run out: reclaimed on the way
                self.assertEqual(admin.state(reserve(self.seats - 1)), FULL)
                admin.query("RESET pg_booking.clock_offset")
                self.assertEqual(self.counters(admin), before)
                self.assertEqual(admin.query("SELECT * FROM booking.integrity_check()"), [])
                self.assertEqual(admin.value("SELECT booking.live_cpp_frames()"), "0")
                make_room()
                for way in ways:
                    self.assertEqual(admin.state(way), "00000", way)
                self.assertEqual(admin.query("SELECT * FROM booking.integrity_check()"), [])


if __name__ == "__main__":
    unittest.main()
