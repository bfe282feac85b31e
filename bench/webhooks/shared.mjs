// What the measurements of webhooks share: who receives, and what becomes of figures.
import http from "node:http";
import pg from "pg";

// Who waits for events, by their ids, and how many times each is still to arrive.
const waiting = new Map();
export function arrival(key, times = 1) {
  return new Promise((resolve) => waiting.set(key, { times, resolve }));
}

// Listens on all of 127.0.0.0/8, so that endpoints can have addresses of their own. Answers 200 at once.
export function receiver() {
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const now = performance.now();
      response.writeHead(200).end();
      const key = JSON.parse(Buffer.concat(chunks)).event_id;
      const wanted = waiting.get(key);
      if (wanted && --wanted.times === 0) {
        waiting.delete(key);
        wanted.resolve(now);
      }
    });
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) => server.listen(0, "0.0.0.0", () => resolve(server)));
}

export async function connect() {
  const client = new pg.Client({ host: process.env.PGHOST, port: Number(process.env.PGPORT) });
  await client.connect();
  return client;
}

export async function until(condition, seconds = 20) {
  const deadline = performance.now() + seconds * 1000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not ready within ${seconds} s`);
  }
}

export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

// A row of the one table that bench/measure makes.
export function print(goal, what, unit, figures) {
  console.log(JSON.stringify({ row: { goal, what, unit, figures } }));
}

// Milliseconds from just before COMMIT is sent to the arrival, one event at a time at a steady rate.
export async function measurePaced(client, system, { count, perSecond }) {
  const arrivals = [];
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const due = start + (i * 1000) / perSecond;
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

// Deliveries a second of many events committed at once, each of which is to arrive so many times.
export async function measureBurst(client, system, count, times = 1) {
  await client.query("BEGIN");
  const keys = await system.enqueue(count);
  const arrivals = keys.map((key) => arrival(key, times));
  const committed = performance.now();
  await client.query("COMMIT");
  return (count * times) / ((Math.max(...(await Promise.all(arrivals))) - committed) / 1000);
}
