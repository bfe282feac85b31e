"""A server of a test's own, to be killed: in FAULTS_DIR, its socket in a short path, no TCP."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/e2e"))  # psql.py


def as_server(*command):
    user = os.environ.get("SERVER_USER")
    prefix = ["runuser", "-u", user, "--"] if user else []
    return subprocess.run([*prefix, *command], cwd="/", check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Cluster:
    """Points PGHOST at itself, so that psql.py talks to it."""

    def __init__(self, name, *settings, initdb=(), environment=()):
        self.data = pathlib.Path(os.environ["FAULTS_DIR"]) / name
        self.environment = environment  # of the server: NAME=VALUE
        self.log = self.data.with_suffix(".log")
        as_server("initdb", "-D", str(self.data), "-E", "UTF8", "--locale=C.UTF-8", "--auth=trust", "-U", "postgres",
                  *initdb)
        self.configure("listen_addresses = ''", "timezone = 'UTC'", "shared_preload_libraries = ''",
                       "max_connections = 150", "log_min_messages = log", *settings)
        self.listen()

    def configure(self, *lines):
        as_server("sh", "-c", f"printf '%s\\n' \"$@\" >> '{self.data}/postgresql.conf'", "sh", *lines)

    def listen(self):
        """In a directory of its own."""
        self.sockets = tempfile.mkdtemp(prefix="pgbk")
        if os.environ.get("SERVER_USER"):
            shutil.chown(self.sockets, os.environ["SERVER_USER"])
        self.configure(f"unix_socket_directories = '{self.sockets}'")
        self.point_to()

    def point_to(self):
        os.environ.update(PGHOST=self.sockets, PGPORT="5432", PGUSER="postgres")

    def start(self, *options):
        """With options for the postmaster."""
        as_server("env", *self.environment, "pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60",
                  *(["-o", " ".join(options)] if options else []), "start")

    def is_running(self):
        try:
            as_server("pg_ctl", "-D", str(self.data), "status")
            return True
        except subprocess.CalledProcessError:
            return False

    def stop(self, mode="fast"):
        as_server("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")

    def remove(self):
        try:
            self.stop()
        except subprocess.CalledProcessError:
            pass  # it is down
        shutil.rmtree(self.sockets, ignore_errors=True)

    def postmaster(self):
        return int((self.data / "postmaster.pid").read_text(encoding="ascii").split()[0])

    def kill_postmaster(self):
        """kill -9, as the machine's out-of-memory killer would; its children notice and end."""
        children = self.children()
        os.kill(self.postmaster(), signal.SIGKILL)
        for pid in children:
            while os.path.exists(f"/proc/{pid}"):
                pass  # shared memory is in use until the last one is gone
        (self.data / "postmaster.pid").unlink()

    def children(self):
        output = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.postmaster())], check=False,
                                capture_output=True, text=True).stdout
        return [int(pid) for pid in output.split()]
