// booking-relay, on a database that gets what it needs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { until } from "./shared.mjs";

const relayBinary = process.argv[2];

export async function install(client) {
  await client.query("CREATE EXTENSION IF NOT EXISTS pg_booking");
  await client.query("SELECT count(*) FROM booking.install()");
}

// An organization with endpoints at these URLs; every event goes to all of them.
export async function organization(client, name, urls, maxInFlight) {
  const id = (await client.query("INSERT INTO booking.organizations (name) VALUES ($1) RETURNING organization_id", [name])).rows[0].organization_id;
  await client.query(
    "SELECT count(*) FROM unnest($2::text[]) WITH ORDINALITY AS u (url, n), booking.create_webhook_endpoint($1, 'bench ' || n, url, options => $3)",
    [id, urls, { allowed_networks: ["127.0.0.0/8"], max_in_flight: maxInFlight }]);
  const insert = `INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, facts, occurred_at)
                  SELECT ${id}, n.id, 'venue.updated', n.id, '{}', booking.clock()
                    FROM (SELECT booking.new_id(${id}) AS id FROM generate_series(1, $1)) AS n RETURNING id::text AS key`;
  return { id, enqueue: async (count) => (await client.query(insert, [count])).rows.map((row) => row.key) };
}

// Returns what stops it.
export async function startRelay(client) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "pg_booking-bench-"));
  const config = path.join(directory, "relay.toml");
  fs.writeFileSync(config, `[http]\nport = 0\nport_file = "${directory}/port"\n`);
  const relay = spawn(relayBinary, ["--config", config], {
    env: { ...process.env, BOOKING_DATABASE_URL: `postgresql:///${process.env.PGDATABASE}?host=${process.env.PGHOST}&port=${process.env.PGPORT}&user=${process.env.PGUSER}` },
    stdio: ["ignore", "ignore", fs.openSync(path.join(directory, "log"), "w")],
  });
  await until(() => client.query("SELECT (booking.relay_status() ->> 'relays')::integer AS n").then((r) => r.rows[0].n > 0));
  return async () => {
    relay.kill("SIGTERM");
    await once(relay, "exit");
    fs.rmSync(directory, { recursive: true });
  };
}
