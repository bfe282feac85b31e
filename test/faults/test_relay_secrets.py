"""No secret in what others can read: the relay's output, its arguments, pg_stat_activity, and the server's log with all
of its statements; whatever goes well or wrong."""

import base64
import hashlib
import hmac
import json
import pathlib
import unittest

from relay import RelayCase  # before psql.py, which it finds
from psql import Session, quote, wait_until

WORD = "leak3d"  # every secret has it in it
MAKE, MAKE_AFTERWARDS = f"make-{WORD}-0123456789", f"make-afterwards-{WORD}-0123456789"
INBOUND, PASSWORD = f"inbound-{WORD}-0123456789", f"password-{WORD}"
MAKE_PATH = f"/make-{WORD}"  # of Make.com's webhooks the URL is a secret, too
# Of an endpoint; one of them is base64 when it is stored.
STANDARD = "whsec_" + base64.b64encode(f"standard-{WORD}-0123456789abcdef".encode()).decode()
OTHERS = {scheme: f"{scheme}-{WORD}-0123456789" for scheme in ("bearer", "make_apikey", "hmac")}
LOG_EVERYTHING = ("log_statement = 'all'", "log_min_duration_statement = 0", "log_connections = on",
                  "log_duration = on", "log_error_verbosity = verbose", "log_min_messages = debug1")
# What an administrator does with secrets is the administrator's to keep out of the log.
QUIET = ("SET log_statement = 'none'", "SET log_min_duration_statement = -1", "SET log_duration = off",
         "SET log_min_messages = fatal")


class RelaySecrets(RelayCase):
    name = "relay_secrets"
    settings = (*RelayCase.settings, *LOG_EVERYTHING)

    def admin(self):
        session = Session(self.name, QUIET)
        self.addCleanup(session.close)
        return session

    def start(self, organization=None, **environment):
        return self.relay(**{
            "BOOKING_ORGANIZATION": organization or self.organization, "SUPABASE_WEBHOOK_SECRET": INBOUND,
            "MAKE_WEBHOOK_URL": self.receiver.url(MAKE_PATH), "MAKE_WEBHOOK_SECRET": MAKE, "PGPASSWORD": PASSWORD,
            **environment})

    def gather(self, relay):
        """What can be seen of it now, besides its log."""
        arguments = pathlib.Path(f"/proc/{relay.process.pid}/cmdline").read_text(encoding="utf-8")
        self.assertIn("--config", arguments)
        self.seen.append(("arguments", arguments))
        for path in ("/healthz", "/readyz", "/metrics", "/api/webhooks/booking-events"):
            self.seen.append((path, relay.get(path)[1]))
        activity = self.value("SELECT COALESCE(string_agg(a::text, ' '), '') FROM pg_stat_activity AS a"
                              " WHERE application_name = 'booking-relay'")
        self.seen.append(("pg_stat_activity", activity or ""))

    def post(self, relay, token, body):
        status, text = relay.post("/api/webhooks/booking-events", body, authorization=f"Bearer {token}")
        self.seen.append(("answer to a post", text))
        return status

    def test_nothing_is_told(self):
        self.seen = []
        admin = self.admin()
        endpoints = {name: self.endpoint(admin, name, headers={"X-Key": f"header-{WORD}"})
                     for name in ("crm", "failing", "refused", "broken")}
        for name, endpoint in endpoints.items():
            for scheme, secret in {"standard": STANDARD, **OTHERS}.items():
                admin.query(f"SELECT booking.rotate_webhook_secret('{endpoint}', '{scheme}', {quote(secret)}, '0')")
            self.receiver.secrets["/" + name] = STANDARD
        self.receiver.secrets[MAKE_PATH] = None
        self.receiver.statuses["/failing"] = 500
        admin.query(f"UPDATE booking.webhook_endpoints SET url = 'http://user:{WORD}@127.0.0.1:1/{WORD}?k={WORD}'"
                    " WHERE name = 'refused'")
        admin.query(f"UPDATE booking.webhook_secrets SET secret = 'whsec_{WORD}!' WHERE scheme = 'standard'"
                    f" AND endpoint_id = '{endpoints['broken']}'")

        relay = self.start().ready()
        self.gather(relay)
        wait_until(lambda: self.value("SELECT count(*) FROM booking.webhook_endpoints WHERE name = 'make'") == "1",
                   "the endpoint of Make.com")
        admin.query("UPDATE booking.webhook_endpoints SET allowed_networks = '{127.0.0.0/8}' WHERE name = 'make'")
        self.happen(admin, 3)
        self.attempted(6, 5)
        self.gather(relay)
        event = {"id": "1", "event_type": "booking.updated", "booking_id": self.booking}
        self.assertEqual(self.post(relay, INBOUND, event), 200)
        self.assertEqual(self.post(relay, INBOUND, {"id": 1}), 400)
        self.assertEqual(self.post(relay, f"wrong-{WORD}", {"id": "1"}), 401)
        self.attempted(8, 5)
        # Connections break, and come back; the server restarts.
        admin.query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE application_name = 'booking-relay'")
        relay.ready()
        self.gather(relay)
        self.cluster.stop()
        wait_until(lambda: relay.get("/readyz")[0] == 503, "the relay has noticed")
        self.gather(relay)
        self.cluster.start()
        relay.ready()
        admin = self.admin()
        self.happen(admin, 1)
        self.attempted(10, 5)
        self.assertEqual(relay.stop(), 0)
        [key] = {request.headers["x-make-apikey"] for request in self.receiver.requests if request.path == MAKE_PATH}
        self.assertEqual(key, MAKE)

        # Another secret takes its place, and then come some things that are refused, by the database and by the relay.
        relay = self.start(MAKE_WEBHOOK_SECRET=MAKE_AFTERWARDS)
        keys = ("SELECT count(*) FROM booking.webhook_secrets AS s JOIN booking.webhook_endpoints AS e"
                " ON e.id = s.endpoint_id WHERE e.name = 'make'")
        wait_until(lambda: self.value(keys) == "2", "the new secret")
        self.assertEqual(relay.stop(), 0)
        for environment in ({"organization": "999999"}, {"MAKE_WEBHOOK_URL": f"http://user:{WORD}@[{WORD}/"}):
            relay = self.start(**environment).ready()
            wait_until(lambda relay=relay: relay.logged('the endpoint "make" was not set up'), "the refusal")
            self.gather(relay)
            self.assertEqual(relay.stop(), 0)
        for environment in ({"MAKE_WEBHOOK_URL": f"gopher://{WORD}/"}, {"SUPABASE_WEBHOOK_SECRET": WORD},
                            {"BOOKING_DATABASE_URL": f"postgres://user:{WORD}@[{WORD}"}, {"organization": WORD}):
            self.assertEqual(self.start(**environment).process.wait(60), 2)
        admin.close()
        self.search()

    def test_no_token_of_a_booking_is_told(self):
        """Nor who the buyer is, where all goes well."""
        with Session(self.name) as admin:
            admin.query(f"SELECT booking.create_default_packages({self.organization}, 'USD', 15000, 50000, 120000)")
        relay = self.relay(BOOKING_ORGANIZATION=self.organization).ready()
        buyer = {"packageId": "single", "customerName": f"Ada {WORD}", "customerEmail": f"{WORD}@example.com"}
        status = "/functions/v1/booking-status?token="
        wait_until(lambda: relay.get(status)[0] == 400, "the gateway is served")
        [(made, text), (unpaid, other)] = [relay.post("/functions/v1/booking-create", buyer) for _ in range(2)]
        self.assertEqual((made, unpaid), (200, 200), text + other)
        tokens = [json.loads(answer)["bookingToken"] for answer in (text, other)]
        self.assertEqual(relay.get(status + tokens[0])[0], 200)
        times = {"startTime": "2000-01-01T10:00:00Z", "endTime": "2000-01-01T11:00:00Z"}
        for token, answer in ((tokens[1], 402), (tokens[1] + "0", 404), (tokens[1][1:], 400)):
            self.assertEqual(relay.post("/functions/v1/booking-schedule", {"bookingToken": token, **times})[0], answer)
        self.assertEqual(relay.get(status + tokens[0][1:])[0], 400)
        metrics = relay.get("/metrics")[1]
        self.assertEqual(relay.stop(), 0)
        server_log = self.cluster.log.read_text(encoding="utf-8")
        for function in ("booking_create($1::integer, $2::jsonb)", "booking_schedule($1::jsonb)", "booking_status($1::text)"):
            self.assertIn(f"SELECT booking.{function}", server_log)
        for place, text in (("log of the relay", relay.log()), ("log of the server", server_log), ("metrics", metrics)):
            for secret in (WORD, *(token[1:20] for token in tokens)):
                at = text.find(secret)
                self.assertEqual(at, -1, f"{place}: {text[max(at - 300, 0):at + 100]}")

    def test_nothing_of_a_webhook_is_told(self):
        """Neither the secret by which it is signed, nor the signature, nor what is in it."""
        secret = f"source-{WORD}-0123456789"
        with Session(self.name, QUIET) as admin:
            admin.query(f"SELECT booking.create_webhook_source({self.organization}, 'shop', 'calcom', {quote(secret)})")
        relay = self.relay(BOOKING_ORGANIZATION=self.organization).ready()
        signatures = []

        def send(body, key=secret):
            signatures.append(hmac.new(key.encode(), json.dumps(body).encode(), hashlib.sha256).hexdigest())
            status, text = relay.post("/webhooks/shop", body, **{"x-cal-signature-256": signatures[-1]})
            self.assertNotIn(WORD, text)
            return status

        event = {"triggerEvent": "PING", "createdAt": "2026-01-01T00:00:00Z", "payload": {"title": WORD}}
        wait_until(lambda: send(event) == 200, "the source is known")
        self.assertEqual(send({"triggerEvent": "PING", "payload": f"{WORD}\0"}), 200, "kept, though it cannot be read")
        self.assertEqual(send([WORD]), 400)
        self.assertEqual(send(event, f"other-{WORD}"), 401)
        metrics = relay.get("/metrics")[1]
        self.assertEqual(relay.stop(), 0)
        server_log = self.cluster.log.read_text(encoding="utf-8")
        self.assertIn("SELECT booking.receive_webhook($1::uuid, $2::bytea, $3::jsonb)", server_log)
        for place, text in (("log of the relay", relay.log()), ("log of the server", server_log), ("metrics", metrics)):
            for word in (WORD, WORD.encode().hex(), *signatures):
                at = text.find(word)
                self.assertEqual(at, -1, f"{place}: {text[max(at - 300, 0):at + 100]}")

    def attempted(self, delivered, endpoints):
        """So many deliveries were made, and so many endpoints have at least one attempt."""
        for what, number in (("count(*) FILTER (WHERE outcome = 'delivered')", delivered),
                             ("count(DISTINCT endpoint_name)", endpoints)):
            sql = f"SELECT {what} FROM booking.webhook_logs WHERE http_status IS NOT NULL OR error_class IS NOT NULL"
            wait_until(lambda sql=sql, number=number: int(self.value(sql)) >= number, f"{what} is {number}")

    def search(self):
        self.assertIn('"level":"debug"', self.relays[0].log())
        for relay in self.relays:
            self.seen.append(("log of the relay", relay.log()))
        server_log = self.cluster.log.read_text(encoding="utf-8")
        for line in ("SELECT booking.relay_make_endpoint($1::integer, $2::text, $3::text)", "parameters: $1 = ",
                     "no organization has the number 999999"):
            self.assertTrue(line in server_log, f"the server logs what it could tell a secret in: {line}")
        self.seen.append(("log of the server", server_log))
        activity = [text for place, text in self.seen if place == "pg_stat_activity"]
        self.assertTrue(any("booking.relay_" in text for text in activity), activity)
        for place, text in self.seen:
            for secret in (WORD, STANDARD.removeprefix("whsec_")):
                at = text.find(secret)
                self.assertEqual(at, -1, f"{place}: {text[max(at - 300, 0):at + 100]}")


if __name__ == "__main__":
    unittest.main()
