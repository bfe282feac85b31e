"""A webhook receiver for the quickstart: verifies each delivery and prints it, one line a request.

    receiver.py PORT_FILE SECRET_FILE        listens on loopback, writes its port to PORT_FILE

POST /hook answers 200, or what PUT /answer said last. GET /wait?accepted=N or ?refused=N answers once so many requests
were answered with 2xx, or with anything else. The secret is read anew for each request, so that it can be written after
the endpoint was made.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT_FILE, SECRET_FILE = map(pathlib.Path, sys.argv[1:3])
TOLERANCE_SECONDS = 300
LONGEST_WAIT_SECONDS = 60


class State:
    """What the receiver answers and has seen, for all threads."""

    def __init__(self):
        self.changed = threading.Condition()
        self.answer = 200
        self.seen = {"accepted": 0, "refused": 0}


STATE = State()


def is_signed(headers, body):
    """Standard Webhooks: HMAC-SHA256 over id.timestamp.body with the decoded secret, compared in constant time."""
    identifier, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(SECRET_FILE.read_text().strip().removeprefix("whsec_"))
    digest = hmac.new(key, f"{identifier}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(wanted, given) for given in headers.get("webhook-signature", "").split(" "))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, text=""):
        body = text.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def do_POST(self):
        body = self.body()
        signed = is_signed(self.headers, body)
        event = json.loads(body)
        with STATE.changed:
            status = STATE.answer if signed else 401
            self.reply(status)
            print(f"{event['event_type']:20} attempt {self.headers['webhook-attempt']}  "
                  f"signature {'verified' if signed else 'WRONG'}  answered {status}  {event['description']}", flush=True)
            STATE.seen["accepted" if status < 300 else "refused"] += 1
            STATE.changed.notify_all()

    def do_PUT(self):
        answer = int(self.body())
        with STATE.changed:
            STATE.answer = answer
        self.reply(204)

    def do_GET(self):
        [(which, number)] = urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query)
        with STATE.changed:
            came = STATE.changed.wait_for(lambda: STATE.seen[which] >= int(number), LONGEST_WAIT_SECONDS)
            self.reply(200 if came else 504, f"{STATE.seen[which]} {which}\n")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
unfinished = PORT_FILE.with_suffix(".new")
unfinished.write_text(f"{server.server_port}\n")
os.replace(unfinished, PORT_FILE)
server.serve_forever()
