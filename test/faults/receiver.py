"""A webhook receiver in the process of the test: keeps every request in the order of arrival, verifies its signature,
and answers when the test says so."""

import base64
import collections
import hashlib
import hmac
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300

Request = collections.namedtuple("Request", "path webhook_id attempt body headers")


class Receiver:
    """`secrets` says by path what each endpoint signs with; `statuses`, by path, what it is answered if not 200."""

    def __init__(self, delay=0.0):
        self.delay = delay
        self.secrets = {}
        self.statuses = {}
        self.lock = threading.Lock()
        self.requests = []
        self.happenings = []  # ("arrived" or "answered", path), in their order
        self.problems = []
        self.under_way = collections.Counter()
        self.most_under_way = collections.Counter()
        self.gates = {}
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.receiver = self
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        for path in list(self.gates):
            self.release(path)
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def hold(self, path):
        """From now on requests to it are not answered until they are released."""
        self.gates[path] = threading.Event()

    def release(self, path):
        self.gates.pop(path).set()

    def count(self, path=None):
        with self.lock:
            return sum(1 for request in self.requests if path in (None, request.path))

    def ids(self, path=None):
        with self.lock:
            return collections.Counter(request.webhook_id for request in self.requests if path in (None, request.path))

    def arrived(self, request):
        with self.lock:
            problem = self.signature_problem(request)
            if problem is not None:
                self.problems.append(f"{request.path} {request.webhook_id}: {problem}")
            self.requests.append(request)
            self.happenings.append(("arrived", request.path))
            self.under_way[request.path] += 1
            self.most_under_way[request.path] = max(self.most_under_way[request.path], self.under_way[request.path])

    def answered(self, path):
        """Just before: the relay may have read the answer before we run again."""
        with self.lock:
            self.happenings.append(("answered", path))
            self.under_way[path] -= 1

    def signature_problem(self, request):
        """Standard Webhooks: HMAC-SHA256 over id.timestamp.body."""
        timestamp = request.headers.get("webhook-timestamp", "")
        if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
            return f"timestamp {timestamp!r}"
        if request.path not in self.secrets:
            return "nobody was told to send here"
        if self.secrets[request.path] is None:
            return None  # Make.com checks no signature
        key = base64.b64decode(self.secrets[request.path].removeprefix("whsec_"))
        signed = f"{request.webhook_id}.{timestamp}.".encode() + request.body
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = request.headers.get("webhook-signature", "")
        return None if any(hmac.compare_digest(wanted, one) for one in given.split(" ")) else f"signature {given!r}"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        pass  # a relay that is killed leaves its connections in the middle of things


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer in one packet

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass

    def do_POST(self):
        receiver = self.server.receiver
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        attempt = int(headers.get("webhook-attempt", 0))
        receiver.arrived(Request(self.path, headers.get("webhook-id"), attempt, body, headers))
        gate = receiver.gates.get(self.path)
        if gate is not None:
            gate.wait()
        elif receiver.delay:
            time.sleep(receiver.delay)  # the endpoint's work, not a wait for anything
        receiver.answered(self.path)
        self.send_response(receiver.statuses.get(self.path, 200))
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
        self.wfile.flush()
