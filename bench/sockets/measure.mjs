// Fan-out of one event to many sockets, beside socket.io in the same run.
//
//   node measure.mjs BOOKING_RELAY SOCKETS_CLIENT [--quick] [--connections N]     PG* names the database; it is left dirty
//
// Prints its rows as JSON, for bench/measure; with --connections those of Socket.IO alone.
//
// Both servers hold the same Socket.IO connections, made by the same client, and send the same number of events of about
// the same size, one after another: the next one when everybody has the last. Ours does the same with its two other
// protocols. CPU is that of the server's process alone
// (for ours with all that it does for an event: reading it, its place in the order, its views), memory is what the
// process has grown by. Ours begins with COMMIT; socket.io is handed the payload on a pipe, without a database.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { setTimeout } from "node:timers/promises";
import pg from "pg";

const [relayBinary, clientBinary, ...options] = process.argv.slice(2);
const quick = options.includes("--quick");
const option = (name) => (options.includes(name) ? Number(options[options.indexOf(name) + 1]) : 0);
const connections = option("--connections") || (quick ? 2000 : 5000);
const rounds = quick ? 3 : 5;
const events = quick ? 20 : 50; // a round
const clockTick = 10; // ms; what /proc counts in

const cpu = (pid) => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * clockTick;
};
const resident = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]);

function lines(child) {
  const waiting = [], arrived = [];
  readline.createInterface({ input: child.stdout }).on("line", (line) => (waiting.shift() ?? ((l) => arrived.push(l)))(line));
  const ended = once(child, "exit").then(() => { throw new Error(`${child.spawnfile} has ended`); });
  ended.catch(() => {}); // after the last line it may
  return () => (arrived.length ? Promise.resolve(arrived.shift())
    : Promise.race([new Promise((resolve) => waiting.push(resolve)), ended]));
}

async function bookingRelay() {
  const client = new pg.Client({ host: process.env.PGHOST, port: Number(process.env.PGPORT) });
  await client.connect();
  await client.query("CREATE EXTENSION IF NOT EXISTS pg_booking");
  await client.query("SELECT count(*) FROM booking.install()");
  const one = async (sql, values) => Object.values((await client.query(sql, values)).rows[0])[0];
  const organization = await one("INSERT INTO booking.organizations (name) VALUES ('Bench') RETURNING organization_id");
  const venue = await one("INSERT INTO booking.venues (organization_id, name, timezone) VALUES ($1, 'Bench', 'UTC') RETURNING id", [organization]);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "pg_booking-bench-"));
  const config = path.join(directory, "relay.toml");
  fs.writeFileSync(config, `[http]\nport = 0\nport_file = "${directory}/port"\n[realtime]\nconnections = 20000\nconnections_per_address = 20000\n`);
  const relay = spawn("bash", ["-c", `ulimit -n hard; exec "$0" --config "$1"`, relayBinary, config], {
    env: { ...process.env, BOOKING_DATABASE_URL: `postgresql:///${process.env.PGDATABASE}?host=${process.env.PGHOST}&port=${process.env.PGPORT}&user=${process.env.PGUSER}` },
    stdio: ["ignore", "ignore", fs.openSync(path.join(directory, "log"), "w")],
  });
  const portFile = path.join(directory, "port");
  while (!fs.existsSync(portFile)) await setTimeout(10);
  const port = Number(fs.readFileSync(portFile, "utf8"));
  const knowsWhereItIs = async () => (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).includes("booking_relay_realtime_position");
  while (!(await knowsWhereItIs())) await setTimeout(10);
  let number = 0;
  return {
    pid: relay.pid,
    port,
    emit: () => client.query("UPDATE booking.venues SET name = 'Bench ' || $3::integer WHERE organization_id = $1 AND id = $2",
      [organization, venue, ++number]),
    stop: async () => {
      relay.kill("SIGTERM");
      await once(relay, "exit");
      fs.rmSync(directory, { recursive: true });
      await client.end();
    },
  };
}

async function socketIo(payload) {
  const server = spawn("bash", ["-c", `ulimit -n hard; exec node "$0"`, new URL("server.mjs", import.meta.url).pathname],
    { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, NODE_ENV: "production" } });
  const port = Number(await lines(server)());
  return {
    pid: server.pid,
    port,
    emit: async () => server.stdin.write(`${JSON.stringify(payload)}\n`),
    stop: async () => {
      server.kill("SIGTERM");
      await once(server, "exit");
    },
  };
}

async function measure(system, protocol) {
  const before = resident(system.pid);
  const crowd = spawn("bash", ["-c", `ulimit -n hard; exec "$0" "$@"`, clientBinary, system.port, connections, protocol],
    { stdio: ["pipe", "pipe", "inherit"] });
  const next = lines(crowd);
  if ((await next()) !== "ready") throw new Error("the connections were not made");
  const figures = { cpu: [], p50: [], p99: [], memory: [(resident(system.pid) - before) / connections] };
  const round = async () => {
    const start = cpu(system.pid), p50 = [], last = [];
    for (let i = 0; i < events; i++) {
      crowd.stdin.write("go\n");
      await system.emit();
      const result = JSON.parse(await next());
      if (result.received !== connections) throw new Error(`${result.received} of ${connections} were told`);
      p50.push(result.p50_ms);
      last.push(result.p99_ms);
    }
    return { cpu: ((cpu(system.pid) - start) * 1000) / (events * connections), p50: median(p50), p99: median(last) };
  };
  await round(); // warm
  for (let i = 0; i < rounds; i++) for (const [name, value] of Object.entries(await round())) figures[name].push(value);
  figures.memory.push((resident(system.pid) - before) / connections);
  crowd.stdin.end();
  await once(crowd, "exit");
  return figures;
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const protocols = { socketio: "Socket.IO", supabase: "Supabase Realtime", sse: "Server-Sent Events" };
const figures = {};
for (const protocol of option("--connections") ? ["socketio"] : Object.keys(protocols)) {
  const relay = await bookingRelay(); // a new one: what memory it has is what it needs
  figures[protocol] = await measure(relay, protocol);
  await relay.stop();
}
const venue = { id: crypto.randomUUID(), name: "Bench 1", organization_id: 1, timezone: "UTC", description: "x".repeat(300) };
const baseline = await socketIo(venue);
const theirs = await measure(baseline, "socketio");
await baseline.stop();

const crowd = `${connections.toLocaleString("en")} sockets`;
for (const [protocol, ours] of Object.entries(figures)) {
  const row = (goal, what, unit, name) => console.log(JSON.stringify({ row: { goal: protocol === "socketio" ? goal : "",
    what: `${what}, ${protocols[protocol]}`, unit, figures: { ours: ours[name], "socket.io": theirs[name] } } }));
  row("socket_cpu", `CPU a delivery, ${crowd}`, " µs", "cpu");
  row("", `an event to ${crowd}, half of them told`, " ms", "p50");
  row("", `an event to ${crowd}, 99 % of them told`, " ms", "p99");
  row("socket_memory", `memory a socket of ${crowd}, connected and after the rounds`, " KB", "memory");
}
