// Commit to webhook arrived, and deliveries a second, beside graphile-worker and pg-boss in the same run; and how ours grow.
//
//   node measure.mjs BOOKING_RELAY [--quick] [--growth]   PG* names the database; it gets what it needs and is left dirty
//
// Prints rows as JSON, for bench/measure; with --growth those of growth.mjs.
//
// One process is producer and receiver, so there is one clock. The receiver answers 200 at once. Both sides are given
// work by one INSERT in a transaction of its own (paced) or by one INSERT of many rows (burst). graphile-worker runs one
// task that POSTs with keep-alive, plain and with its batching; booking-relay signs each delivery, checks the address
// and logs each attempt.
import { run as runWorker, runMigrations } from "graphile-worker";
import { install, organization, startRelay } from "./booking_relay.mjs";
import { growth } from "./growth.mjs";
import { pgBoss } from "./pg_boss.mjs";
import { poster } from "./post.mjs";
import { connect, measureBurst, measurePaced, print, receiver } from "./shared.mjs";

const quick = process.argv.includes("--quick");
const rounds = quick ? 3 : 5;
const paced = { count: quick ? 200 : 500, perSecond: 100 };
const burst = quick ? 1000 : 5000;
const waiting = quick ? 50_000 : 1_000_000;
const concurrency = 32;

// Ours: an event is inserted, its endpoint gets it.
async function bookingRelay(client, url) {
  await install(client);
  const { enqueue } = await organization(client, "Bench", [url], concurrency);
  return { enqueue, stop: await startRelay(client) };
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

async function besideOthers(client, url) {
  const systems = {
    ours: () => bookingRelay(client, url),
    "graphile-worker": () => graphileWorker(client, url, false),
    "graphile-worker, batched": () => graphileWorker(client, url, true),
    "pg-boss": () => pgBoss(client, url, concurrency),
  };
  const figures = { p50: {}, p99: {}, rate: {} };
  const note = (kind, name, value) => (figures[kind][name] ??= []).push(value);
  for (const [name, start] of Object.entries(systems)) {
    const system = await start();
    await measureBurst(client, system, burst); // connections, plans and caches are warm
    for (let round = 0; round < rounds; round++) {
      if (!system.polls) {
        const { p50, p99 } = await measurePaced(client, system, paced);
        note("p50", name, p50);
        note("p99", name, p99);
      }
      note("rate", name, await measureBurst(client, system, burst));
    }
    await system.stop();
  }
  print("webhook_p50", `commit to webhook arrived, p50, ${paced.perSecond} events/s, loopback`, " ms", figures.p50);
  print("webhook_p99", `commit to webhook arrived, p99, ${paced.perSecond} events/s, loopback`, " ms", figures.p99);
  print("webhook_rate", `webhook deliveries, ${burst.toLocaleString("en")} events at once, every attempt logged`, "/s", figures.rate);
}

const server = await receiver();
const port = server.address().port;
const client = await connect();
if (process.argv.includes("--growth")) await growth(client, port, { rounds, deliveries: burst, waiting, paced });
else await besideOthers(client, `http://127.0.0.1:${port}/`);
await client.end();
server.close();
server.closeAllConnections();
