// Commit to webhook arrived, and deliveries a second, beside graphile-worker in the same run; and how both grow.
//
//   node measure.mjs BOOKING_RELAY [--quick]        PG* names the database; it gets what it needs and is left dirty
//
// One process is producer and receiver, so there is one clock. The receiver answers 200 at once. Both sides are given
// work by one INSERT in a transaction of its own (paced) or by one INSERT of many rows (burst). graphile-worker runs one
// task that POSTs with keep-alive, plain and with its batching; booking-relay signs each delivery, checks the address
// and logs each attempt.
import fs from "node:fs";
import http from "node:http";
import { run as runWorker, runMigrations } from "graphile-worker";
import { install, organization, startRelay } from "./booking_relay.mjs";
import { growth } from "./growth.mjs";
import { connect, measureBurst, measurePaced, median, receiver, spread } from "./shared.mjs";

const quick = process.argv.includes("--quick");
const rounds = quick ? 3 : 5;
const paced = { count: quick ? 200 : 1000, perSecond: 100 };
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
  const target = new URL(url);
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  const post = (payload) => new Promise((resolve, reject) => {
    const request = http.request({ host: target.hostname, port: target.port, method: "POST", agent, headers: { "content-type": "application/json" } }, (response) => {
      response.resume();
      response.on("end", resolve);
    });
    request.on("error", reject);
    request.end(JSON.stringify(payload));
  });
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
      agent.destroy();
    },
  };
}

async function main() {
  const server = await receiver();
  const url = `http://127.0.0.1:${server.address().port}/`;
  const client = await connect();
  const systems = {
    "booking-relay": () => bookingRelay(client, url),
    "graphile-worker": () => graphileWorker(client, url, false),
    "graphile-worker, batched": () => graphileWorker(client, url, true),
  };
  const figures = Object.fromEntries(Object.keys(systems).map((name) => [name, { p50: [], p99: [], rate: [] }]));
  for (const [name, start] of Object.entries(systems)) {
    const system = await start();
    await measureBurst(client, system, burst); // connections, plans and caches are warm
    for (let round = 0; round < rounds; round++) {
      const { p50, p99 } = await measurePaced(client, system, paced);
      figures[name].p50.push(p50);
      figures[name].p99.push(p99);
      figures[name].rate.push(await measureBurst(client, system, burst));
    }
    await system.stop();
  }
  const ratio = median(figures["booking-relay"].rate) / median(figures["graphile-worker, batched"].rate);
  const grown = await growth(client, server.address().port, { rounds, deliveries: burst, waiting, paced });
  const report = [
    "| system | commit to arrival p50, ms | p99, ms | deliveries/s in a burst |",
    "| --- | --- | --- | --- |",
    ...Object.entries(figures).map(([name, { p50, p99, rate }]) => `| ${name} | ${spread(p50, 2)} | ${spread(p99, 2)} | ${spread(rate, 0)} |`),
    "",
    `Medians of ${rounds} rounds (least to most): ${paced.count} events at ${paced.perSecond}/s, then ${burst} at once.`,
    `Deliveries/s against graphile-worker batched: ${ratio.toFixed(2)} (goal 1.5). Latency goals: p50 < 2 ms, p99 < 8 ms.`,
    "",
    grown,
  ].join("\n");
  console.log(report);
  if (!quick) fs.writeFileSync(new URL("results.md", import.meta.url), `# Webhooks, measured by bench/run\n\n${report}\n`);
  await client.end();
  server.close();
  server.closeAllConnections();
}

await main();
