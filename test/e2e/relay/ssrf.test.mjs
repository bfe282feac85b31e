// Addresses that are not public, in every spelling: blocked, unless the endpoint was allowed them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Relay, eventually, makeDatabase, receiver } from './harness.mjs';

let db, relay, inbox;
let number = 0;

before(async () => {
  db = await makeDatabase('ssrf');
  relay = await Relay.start(db.database);
  inbox = await receiver();
});

after(async () => {
  await relay?.stop();
  inbox?.close();
  await db?.drop();
});

async function attemptAt(url, allowed) {
  const target = await db.endpoint(`ssrf ${++number}`, url, { allowed_networks: allowed });
  await db.test(target);
  const [attempt] = await eventually(`an attempt at ${url}`, async () => {
    const attempts = await db.attempts(target);
    return attempts.length > 0 && attempts;
  });
  const left = await db.sql`SELECT status FROM booking.webhook_deliveries WHERE endpoint_id = ${target.id}`;
  return { ...attempt, left };
}

const spellings = (port) => [
  `http://127.0.0.1:${port}/`, `http://127.1:${port}/`, `http://127.0.1:${port}/`, `http://2130706433:${port}/`,
  `http://0x7f.0.0.1:${port}/`, `http://0x7f000001:${port}/`, `http://0177.0.0.1:${port}/`, `http://017700000001:${port}/`,
  `http://localhost:${port}/`, `http://LOCALHOST:${port}/`,
  `http://0:${port}/`, `http://0.0.0.0:${port}/`, `http://[::1]:${port}/`, `http://[::]:${port}/`,
  `http://[0:0:0:0:0:0:0:1]:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, `http://[::ffff:7f00:1]:${port}/`,
  `http://[::127.0.0.1]:${port}/`, `http://user:password@127.0.0.1:${port}/`, `http://public.example@127.0.0.1:${port}/`,
  `http://127.0.0.1:${port}#@public.example/`, `http://127.0.0.1:${port}?@public.example/`, `HTTP://127.0.0.1:${port}/`,
  'http://169.254.169.254/latest/meta-data/', 'http://2852039166/', 'http://0xa9fea9fe/', 'http://0251.0376.0251.0376/',
  'http://[::ffff:169.254.169.254]/', 'http://[fd00:ec2::254]/', 'http://169.254.170.2/', 'http://10.0.0.1/',
  'http://172.16.0.1/', 'http://192.168.0.1/', 'http://100.64.0.1/', 'http://192.0.0.192/', 'http://198.18.0.1/',
  'http://224.0.0.1/', 'http://255.255.255.255/', 'http://240.0.0.1/', 'http://[fe80::1]/', 'http://[fc00::1]/',
  'http://[64:ff9b::7f00:1]/', 'http://[64:ff9b:1::7f00:1]/', 'http://[2002:7f00:1::]/', 'http://[2001:0:7f00:1::]/',
  'http://[2001:db8::1]/', 'http://[ff02::1]/', 'http://[100::1]/',
];

test('every spelling of a private address is blocked, before a connection is made', async () => {
  const urls = spellings(inbox.port);
  const attempts = await Promise.all(urls.map((url) => attemptAt(url, [])));
  attempts.forEach((attempt, i) => {
    assert.equal(attempt.error_class, 'blocked', `${urls[i]}: ${attempt.error_class} ${attempt.error}`);
    assert.equal(attempt.outcome, 'blocked', urls[i]);
    assert.equal(attempt.left, 'blocked', urls[i]);
    assert.equal(attempt.http_status, null);
  });
  assert.equal(inbox.requests.length, 0);
});

test('other protocols are blocked', async () => {
  for (const url of ['file:///etc/passwd', `gopher://127.0.0.1:${inbox.port}/_x`, 'ftp://127.0.0.1/', 'dict://127.0.0.1/', 'http://', 'nonsense']) {
    const attempt = await attemptAt(url, ['127.0.0.0/8']);
    assert.equal(attempt.error_class, 'blocked', `${url}: ${attempt.error_class} ${attempt.error}`);
  }
});

test('what an endpoint is allowed, and not a bit more', async () => {
  assert.equal((await attemptAt(`http://127.0.0.1:${inbox.port}/`, ['127.0.0.0/8'])).outcome, 'delivered');
  assert.equal((await attemptAt(`http://[::ffff:127.0.0.1]:${inbox.port}/`, ['127.0.0.1/32'])).outcome, 'delivered');
  assert.equal((await attemptAt(`http://127.0.0.1:${inbox.port}/`, ['127.0.0.2/31'])).error_class, 'blocked');
  assert.equal((await attemptAt(`http://127.0.0.1:${inbox.port}/`, ['10.0.0.0/8', '::1/128'])).error_class, 'blocked');
});

test('a connection that was opened for an endpoint that may is not used for one that may not', async () => {
  const before = inbox.requests.length;
  assert.equal((await attemptAt(`http://127.0.0.1:${inbox.port}/`, ['127.0.0.0/8'])).outcome, 'delivered');
  assert.equal((await attemptAt(`http://127.0.0.1:${inbox.port}/`, [])).error_class, 'blocked');
  assert.equal((await attemptAt(`http://127.0.0.1:${inbox.port}/`, ['127.0.0.0/8'])).outcome, 'delivered');
  assert.equal(inbox.requests.length, before + 2);
});

test('a proxy of the environment is not used', async () => {
  const proxied = await Relay.start(db.database, {
    environment: { http_proxy: inbox.url, HTTP_PROXY: inbox.url, ALL_PROXY: inbox.url, all_proxy: inbox.url },
  });
  await relay.stop();
  try {
    const before = inbox.requests.length;
    assert.equal((await attemptAt('http://127.0.0.1:1/', ['127.0.0.0/8'])).error_class, 'connect');
    assert.equal(inbox.requests.length, before);
  } finally {
    await proxied.stop();
    relay = await Relay.start(db.database);
  }
});

test('a proxy that is configured is', async () => {
  await relay.stop();
  const proxied = await Relay.start(db.database, { config: `outbound.proxy = "${inbox.url}"\n` });
  try {
    const attempt = await attemptAt('http://far.example/hook', []);
    assert.equal(attempt.outcome, 'delivered');
    assert.equal(inbox.requests.at(-1).url, 'http://far.example/hook');
  } finally {
    await proxied.stop();
    relay = await Relay.start(db.database);
  }
});
