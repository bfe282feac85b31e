// Commit to webhook arrived, and deliveries a second, beside graphile-worker and pg-boss in the same run.
//
//   node measure.mjs BOOKING_RELAY [--quick] [--json]   PG* names the database; it gets what it needs and is left dirty
//
// One process is producer and receiver, so there is one clock. The receiver answers 200 at once. Both sides are given
// work by one INSERT in a transaction of its own (paced) or by one INSERT of many rows (burst). graphile-worker runs one
// task that POSTs with keep-alive, plain and with its batching; booking-relay signs each delivery, checks the address
// and logs each attempt.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { run as runWorker, runMigrations } from "graphile-worker";
import pg from "pg";
import { pgBoss } from "./pg_boss.mjs";
import { poster } from "./post.mjs";

const relayBinary = process.argv[2];
const quick = process.argv.includes("--quick");
const rounds = quick ? 3 : 5;
const paced = { count: quick ? 200 : 1000, perSecond: 100 };
const burst = quick ? 1000 : 5000;
const concurrency = 32;

// Arrivals by key, for whoever waits for them.
const waiting = new Map();
function arrival(key) {
  return new Promise((resolve) => waiting.set(key, resolve));
}

function receiver() {
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const now = performance.now();
      response.writeHead(200).end();
      const key = JSON.parse(Buffer.concat(chunks)).event_id;
      waiting.get(key)?.(now);
      waiting.delete(key);
    });
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function connect() {
  const client = new pg.Client({ host: process.env.PGHOST, port: Number(process.env.PGPORT) });
  await client.connect();
  return client;
}

// Ours: an event is inserted, its endpoint gets it.
async function bookingRelay(client, url) {
  await client.query("CREATE EXTENSION IF NOT EXISTS pg_booking");
  await client.query("SELECT count(*) FROM booking.install()");
  const organization = (await client.query("INSERT INTO booking.organizations (name) VALUES ('Bench') RETURNING organization_id")).rows[0].organization_id;
  await client.query("SELECT * FROM booking.create_webhook_endpoint($1, 'bench', $2, options => $3)",
    [organization, url, { allowed_networks: ["127.0.0.0/8"], max_in_flight: concurrency }]);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "pg_booking-bench-"));
  const config = path.join(directory, "relay.toml");
  fs.writeFileSync(config, `[http]\nport = 0\nport_file = "${directory}/port"\n`);
  const relay = spawn(relayBinary, ["--config", config], {
    env: { ...process.env, BOOKING_DATABASE_URL: `postgresql:///${process.env.PGDATABASE}?host=${process.env.PGHOST}&port=${process.env.PGPORT}&user=${process.env.PGUSER}` },
    stdio: ["ignore", "ignore", fs.openSync(path.join(directory, "log"), "w")],
  });
  await until(() => client.query("SELECT (booking.relay_status() ->> 'relays')::integer AS n").then((r) => r.rows[0].n > 0));
  const insert = `INSERT INTO booking.booking_events (organization_id, id, kind, subject_id, facts, occurred_at)
                  SELECT ${organization}, n.id, 'venue.updated', n.id, '{}', booking.clock()
                    FROM (SELECT booking.new_id(${organization}) AS id FROM generate_series(1, $1)) AS n RETURNING id::text AS key`;
  return {
    enqueue: async (count) => (await client.query(insert, [count])).rows.map((row) => row.key),
    stop: async () => {
      relay.kill("SIGTERM");
      await once(relay, "exit");
      fs.rmSync(directory, { recursive: true });
    },
  };
}

async function graphileWorker(client, url, batching) {
  const connectionString = `postgresql:///${process.env.PGDATABASE}?host=${process.env.PGHOST}&port=${process.env.PGPORT}&user=${process.env.PGUSER}`;
  const { post, close } = poster(url, concurrency);
  const preset = { worker: { connectionString, concurrentJobs: concurrency, maxPoolSize: concurrency + 2,
    ...(batching ? { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {}) } };
  const logger = { debug() {}, info() {}, warn() {}, error: console.error, scope() { return logger; } };
  const options = { preset, taskList: { post }, noHandleSignals: true, logger: undefined };
  process.env.GRAPHILE_LOGGER_DEBUG = "";
  await runMigrations({ preset });
  const silent = console.info;
  console.info = () => {};
  const runner = await runWorker(options);
  const insert = `SELECT k.key, graphile_worker.add_job('post', json_build_object('event_id', k.key)) IS NOT NULL
                    FROM (SELECT gen_random_uuid()::text AS key FROM generate_series(1, $1)) AS k`;
  return {
    enqueue: async (count) => (await client.query(insert, [count])).rows.map((row) => row.key),
    stop: async () => {
      await runner.stop();
      console.info = silent;
      close();
    },
  };
}

async function until(condition) {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("not ready within 20 s");
  }
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

// Milliseconds from just before COMMIT is sent to the arrival, one event at a time at a steady rate.
async function measurePaced(client, system) {
  const arrivals = [];
  const start = performance.now();
  for (let i = 0; i < paced.count; i++) {
    const due = start + (i * 1000) / paced.perSecond;
    if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    await client.query("BEGIN");
    const [key] = await system.enqueue(1);
    const arrived = arrival(key);
    const committed = performance.now();
    await client.query("COMMIT");
    arrivals.push(arrived.then((at) => at - committed));
  }
  const latencies = await Promise.all(arrivals);
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}

// Deliveries a second of many events committed at once.
async function measureBurst(client, system) {
  await client.query("BEGIN");
  const keys = await system.enqueue(burst);
  const arrivals = keys.map(arrival);
  const committed = performance.now();
  await client.query("COMMIT");
  return burst / ((Math.max(...(await Promise.all(arrivals))) - committed) / 1000);
}

const median = (values) => quantile(values, 0.5);
const spread = (values, digits) => values.length && `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)})`;

// Lines for bench/measure, which makes the one table of them.
function printRows(figures) {
  const row = (goal, what, unit, name) => console.log(JSON.stringify({ row: { goal, what, unit,
    figures: Object.fromEntries(Object.entries(figures).filter(([, values]) => values[name].length)
      .map(([system, values]) => [system === "booking-relay" ? "ours" : system, values[name]])) } }));
  row("webhook_p50", `commit to webhook arrived, p50, ${paced.perSecond} events/s, loopback`, " ms", "p50");
  row("webhook_p99", `commit to webhook arrived, p99, ${paced.perSecond} events/s, loopback`, " ms", "p99");
  row("webhook_rate", `webhook deliveries, ${burst.toLocaleString("en")} events at once, every attempt logged`, "/s", "rate");
}

async function main() {
  const server = await receiver();
  const url = `http://127.0.0.1:${server.address().port}/`;
  const client = await connect();
  const systems = {
    "booking-relay": () => bookingRelay(client, url),
    "graphile-worker": () => graphileWorker(client, url, false),
    "graphile-worker, batched": () => graphileWorker(client, url, true),
    "pg-boss": () => pgBoss(client, url, concurrency),
  };
  const figures = Object.fromEntries(Object.keys(systems).map((name) => [name, { p50: [], p99: [], rate: [] }]));
  for (const [name, start] of Object.entries(systems)) {
    const system = await start();
    await measureBurst(client, system); // connections, plans and caches are warm
    for (let round = 0; round < rounds; round++) {
      if (!system.polls) {
        const { p50, p99 } = await measurePaced(client, system);
        figures[name].p50.push(p50);
        figures[name].p99.push(p99);
      }
      figures[name].rate.push(await measureBurst(client, system));
    }
    await system.stop();
  }
  const ratio = median(figures["booking-relay"].rate) / median(figures["graphile-worker, batched"].rate);
  const report = [
    "| system | commit to arrival p50, ms | p99, ms | deliveries/s in a burst |",
    "| --- | --- | --- | --- |",
    ...Object.entries(figures).map(([name, { p50, p99, rate }]) => `| ${name} | ${spread(p50, 2)} | ${spread(p99, 2)} | ${spread(rate, 0)} |`),
    "",
    `Medians of ${rounds} rounds (least to most): ${paced.count} events at ${paced.perSecond}/s, then ${burst} at once.`,
    `Deliveries/s against graphile-worker batched: ${ratio.toFixed(2)} (goal 1.5). Latency goals: p50 < 2 ms, p99 < 8 ms.`,
  ].join("\n");
  if (process.argv.includes("--json")) printRows(figures);
  else console.log(report);
  await client.end();
  server.close();
  server.closeAllConnections();
}

await main();
