// Nothing is lost, and nothing is sent twice without a crash: signals, kill -9, lost connections, several relays.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, beforeEach, test } from 'node:test';
import { Relay, eventually, literal, makeDatabase, receiver, sleep } from './harness.mjs';

const cycles = process.env.PGBK_LONG ? 20 : 4;
const burst = process.env.PGBK_LONG ? 10000 : 1500;

let db, inbox, delay;

before(async () => {
  db = await makeDatabase('lifecycle');
  inbox = await receiver((request, response) => setTimeout(() => response.end('ok'), delay));
});

after(async () => {
  inbox?.close();
  await db?.drop();
});

beforeEach(async () => {
  delay = 0;
  inbox.requests.length = 0;
  await db.sql`DELETE FROM booking.webhook_endpoints WHERE NOT EXISTS (SELECT 1 FROM booking.webhook_deliveries AS d WHERE d.endpoint_id = webhook_endpoints.id)`;
});

let number = 0;
const endpoint = (options = {}) => db.endpoint(`lifecycle ${++number}`, `${inbox.url}/${number}`, { max_in_flight: 50, ...options });

// Events by the hundred, in one statement.
async function emit(count) {
  const prefix = `lifecycle-${++number}`;
  const rows = await db.rows`SELECT booking.receive_booking_event(${db.organization}, jsonb_build_object('id', ${prefix} || '-' || n,
    'event_type', 'booking.updated', 'booking_id', ${db.booking}::text)) ->> 'event_id' AS id FROM generate_series(1, ${count}) AS n`;
  return rows.map((row) => row.id);
}

const ids = () => inbox.requests.map((request) => request.headers['webhook-id']);
const left = async (target) => Number(await db.sql`SELECT count(*) FROM booking.webhook_deliveries WHERE endpoint_id = ${target.id}`);
const remove = (target) => db.sql`SELECT booking.delete_webhook_endpoint(${target.id}::uuid)`;

test('commit to delivery takes milliseconds', async () => {
  const target = await endpoint();
  const relay = await Relay.start(db.database);
  const times = [];
  for (let i = 0; i < 40; ++i) {
    await db.test(target);
    await eventually('delivery', () => inbox.requests.length === i + 1);
    const [{ sent }] = await db.rows`SELECT extract(epoch FROM occurred_at) * 1000 AS sent FROM booking.booking_events WHERE id = ${ids()[i]}`;
    times.push(inbox.requests[i].at - sent);
  }
  times.sort((a, b) => a - b);
  assert.ok(times[20] < 250, `median ${times[20]} ms: notified, not polled`);
  await relay.stop();
  await remove(target);
});

test('SIGTERM: what is under way is finished and reported, the rest stays, exit 0', async () => {
  const target = await endpoint({ max_in_flight: 10 });
  delay = 700;
  const relay = await Relay.start(db.database);
  const sent = await emit(200);
  await eventually('requests', () => inbox.requests.length >= 10);
  const start = Date.now();
  const { code } = await relay.stop('SIGTERM');
  assert.equal(code, 0, relay.log);
  assert.ok(Date.now() - start < 10000, 'it does not take new ones');
  const attempts = await db.attempts(target);
  assert.equal(attempts.length, inbox.requests.length, 'all that was sent is in the log');
  assert.ok(attempts.every((attempt) => attempt.outcome === 'delivered'));
  assert.equal(await left(target), 200 - attempts.length);
  assert.equal(await db.sql`SELECT count(*) FROM booking.webhook_deliveries WHERE endpoint_id = ${target.id} AND (status <> 'pending' OR attempts > 0)`, '0');
  delay = 0;
  const next = await Relay.start(db.database);
  await eventually('the rest', async () => (await left(target)) === 0);
  assert.deepEqual(ids().sort(), sent.sort(), 'each exactly once');
  await next.stop('SIGINT');
  await remove(target);
});

test('a second signal ends it at once', async () => {
  const target = await endpoint();
  delay = 8000;
  const relay = await Relay.start(db.database);
  await emit(1);
  await eventually('the request', () => inbox.requests.length === 1);
  relay.child.kill('SIGTERM');
  await eventually('the first signal', () => relay.log.includes('"stopping"'));
  const start = Date.now();
  const { code } = await relay.stop('SIGTERM');
  assert.equal(code, 128 + 15);
  assert.ok(Date.now() - start < 6000);
  await remove(target);
});

test('drain_seconds is the limit: what is not answered by then is reported, exit 0', async () => {
  const target = await endpoint();
  delay = 8000;
  const relay = await Relay.start(db.database, { config: 'outbound.drain_seconds = 1\n' });
  await emit(1);
  await eventually('the request', () => inbox.requests.length === 1);
  const { code } = await relay.stop('SIGTERM');
  assert.equal(code, 0, relay.log);
  const [attempt] = await db.attempts(target);
  assert.equal(attempt.error_class, 'timeout');
  assert.match(attempt.error, /stopped/);
  await remove(target);
});

test(`kill -9 in the middle of ${burst} deliveries, ${cycles} times: none lost, resent under the same id`, async () => {
  const target = await endpoint();
  const sent = await emit(burst);
  for (let i = 0; i < cycles; ++i) {
    const count = inbox.requests.length;
    const relay = await Relay.start(db.database);
    await eventually('some more', () => inbox.requests.length > count + 20 + Math.random() * (burst / cycles / 3), 30000);
    await relay.stop('SIGKILL');
  }
  const relay = await Relay.start(db.database);
  await eventually('the rest', async () => (await left(target)) === 0, 120000);
  const seen = new Set(ids());
  assert.deepEqual(sent.filter((id) => !seen.has(id)), [], 'none lost');
  assert.equal(seen.size, burst);
  assert.ok(inbox.requests.length - burst <= 50 * cycles, `${inbox.requests.length - burst} sent twice, at most what was in flight`);
  await relay.stop();
  await remove(target);
});

test('what a killed relay had taken is taken over within seconds', async () => {
  const target = await endpoint();
  delay = 60000;
  const first = await Relay.start(db.database);
  const [id] = await emit(1);
  await eventually('the request', () => inbox.requests.length === 1);
  await first.stop('SIGKILL');
  delay = 0;
  const start = Date.now();
  const second = await Relay.start(db.database);
  await eventually('the same again', () => inbox.requests.length === 2, 40000);
  assert.ok(Date.now() - start < 40000, `${Date.now() - start} ms, not the minute of the lease`);
  assert.deepEqual(ids(), [id, id]);
  assert.equal(inbox.requests[1].headers['webhook-attempt'], '2');
  await second.stop();
  await remove(target);
});

test('connections are cut while it delivers: none lost, none sent twice', async () => {
  const target = await endpoint();
  delay = 20;
  const relay = await Relay.start(db.database);
  const sent = await emit(600);
  for (let i = 0; i < 5; ++i) {
    await sleep(150);
    execFileSync('psql', ['-XAtqc', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${literal(db.database)} AND application_name = 'booking-relay'`]);
    await eventually('attached again', async () => (await relay.get('/readyz')).status === 200);
  }
  await eventually('the rest', async () => (await left(target)) === 0, 60000);
  assert.deepEqual(ids().sort(), sent.sort(), 'results were kept and reported over the new connection');
  assert.ok((await relay.metric('booking_relay_database_losses_total{purpose="deliveries"}')) >= 5);
  await relay.stop();
  await remove(target);
});

test('notifications are lost: the clock finds what is due', async () => {
  const target = await endpoint();
  const relay = await Relay.start(db.database);
  await db.sql`SET pg_booking.notify = 'off'; SELECT booking.test_webhook(${target.id}::uuid)`;
  await eventually('delivery', () => inbox.requests.length === 1, 2500);
  await relay.stop();
  await remove(target);
});

for (const count of [2, 4]) {
  test(`${count} relays: each event once, within the endpoint's limit`, async () => {
    const target = await endpoint({ max_in_flight: 6 });
    let open = 0;
    let most = 0;
    const counting = await receiver((request, response) => {
      most = Math.max(most, ++open);
      setTimeout(() => { --open; response.end(); }, 5);
    });
    await db.sql`UPDATE booking.webhook_endpoints SET url = ${counting.url} WHERE id = ${target.id}`;
    const relays = await Promise.all([...Array(count)].map(() => Relay.start(db.database)));
    const sent = await emit(500);
    await eventually('all', async () => (await left(target)) === 0, 60000);
    assert.deepEqual(counting.requests.map((request) => request.headers['webhook-id']).sort(), sent.sort());
    assert.ok(most <= 6, `${most} at a time`);
    const codes = await Promise.all(relays.map((relay) => relay.stop()));
    assert.ok(codes.every(({ code }) => code === 0));
    counting.close();
    await remove(target);
  });
}

test('systemd is told: READY, WATCHDOG, STOPPING', async () => {
  // Node has no datagram sockets in the file system: a program that has receives for it.
  const path = `/tmp/pgbk-notify-${process.pid}`;
  const { spawn } = await import('node:child_process');
  const listener = spawn('python3', ['-uc', `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('bound')
while True: print(s.recv(1000).decode())`, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let heard = '';
  listener.stdout.on('data', (data) => { heard += data; });
  await eventually('the socket', () => heard.includes('bound'));
  const relay = await Relay.start(db.database, { environment: { NOTIFY_SOCKET: path, WATCHDOG_USEC: '300000' } });
  await eventually('READY and WATCHDOG', () => heard.includes('READY=1') && heard.match(/WATCHDOG=1/g)?.length >= 3);
  assert.equal((await relay.stop()).code, 0);
  await eventually('STOPPING', () => heard.includes('STOPPING=1'));
  listener.kill();
  execFileSync('rm', ['-f', path]);
});
