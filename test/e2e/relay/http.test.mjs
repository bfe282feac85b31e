// The relay's own server: its routes, and what it does with input that is slow, huge, malformed or ambiguous.
// Alone: it counts time and memory of the whole.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Relay, eventually, inboundSecret, makeDatabase, raw, receiver, sleep, statusOf } from './harness.mjs';

const path = '/api/webhooks/booking-events';
let db, relay, inbox, target;

before(async () => {
  db = await makeDatabase('http');
  inbox = await receiver();
  target = await db.endpoint('all', `${inbox.url}/all`);
  relay = await Relay.start(db.database, {
    config: 'http.read_timeout_ms = 2000\nhttp.body_limit = 65536\nhttp.max_connections = 200\n',
    environment: { BOOKING_ORGANIZATION: String(db.organization), SUPABASE_WEBHOOK_SECRET: inboundSecret, VITE_SITE_URL: 'https://site.example' },
  });
});

after(async () => {
  await relay?.stop();
  inbox?.close();
  await db?.drop();
});

const authorized = { authorization: `Bearer ${inboundSecret}`, 'content-type': 'application/json' };
const post = (body, headers = authorized) =>
  relay.request({ method: 'POST', path, headers, body: typeof body === 'string' ? body : JSON.stringify(body) });

test('health, readiness, metrics', async () => {
  assert.deepEqual([(await relay.get('/healthz')).status, (await relay.get('/healthz')).text], [200, 'ok\n']);
  assert.deepEqual([(await relay.get('/readyz')).status, (await relay.get('/readyz')).text], [200, 'ready\n']);
  const { status, headers, text } = await relay.get('/metrics');
  assert.equal(status, 200);
  assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
  for (const line of text.trimEnd().split('\n')) {
    assert.match(line, /^(# (HELP|TYPE) booking_relay_\w+ .+|booking_relay_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [-+0-9.eE]+)$/);
  }
  const head = await relay.request({ method: 'HEAD', path: '/readyz' });
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', '6']);
  assert.equal((await relay.get('/readyz?verbose')).status, 200);
});

test('unknown paths and methods', async () => {
  assert.equal((await relay.get('/')).status, 404);
  assert.equal((await relay.get('/healthz/')).status, 404);
  const wrong = await relay.request({ method: 'DELETE', path });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.allow, 'POST, GET, HEAD');
});

test('GET tells how it stands, without a token and without a secret', async () => {
  const { status, text } = await relay.get(path);
  assert.equal(status, 200);
  const json = JSON.parse(text);
  assert.equal(json.status, 'ready');
  assert.equal(json.app_url, 'https://site.example');
  assert.deepEqual(json.configured, { SUPABASE_WEBHOOK_SECRET: true, MAKE_WEBHOOK_URL: false, MAKE_WEBHOOK_SECRET: false });
  assert.ok(!text.includes(inboundSecret));
});

test('an event is stored and sent on, once however often it comes', async () => {
  const event = { id: 'outside-1', event_type: 'booking.updated', booking_id: db.booking, description: 'from outside' };
  const first = await post(event);
  assert.equal(first.status, 200, first.text);
  assert.equal(JSON.parse(first.text).status, 'stored');
  const again = await Promise.all([...Array(10)].map(() => post(event)));
  assert.deepEqual(new Set(again.map((r) => `${r.status} ${JSON.parse(r.text).status}`)), new Set(['200 duplicate']));
  await eventually('the delivery', () => inbox.requests.length > 0);
  await sleep(300);
  assert.equal(inbox.requests.length, 1);
  assert.equal(JSON.parse(inbox.requests[0].body).description, 'from outside');
  const supabase = await post({ type: 'INSERT', table: 'booking_events', schema: 'public', record: { ...event, id: 'outside-2' } });
  assert.equal(supabase.status, 200, supabase.text);
});

test('without the token, nothing: 401', async () => {
  for (const authorization of [undefined, '', 'Bearer', 'Bearer ', `Bearer ${inboundSecret}x`, `Bearer ${inboundSecret.slice(1)}`,
    `Basic ${inboundSecret}`, inboundSecret, `Bearer ${inboundSecret.toUpperCase()}`]) {
    const { status, text, headers } = await post('{}', { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) });
    assert.equal(status, 401, authorization);
    assert.equal(headers['www-authenticate'], 'Bearer');
    assert.ok(!text.includes(inboundSecret));
  }
});

test('a bad event: 400 with what is wrong', async () => {
  for (const body of ['', '{', '[]', '"x"', 'null', '{}', '{"event_type":"booking.updated"}', '{"a":"\\u0000"}', '{"a":"\ud800"}', `${'['.repeat(10000)}${']'.repeat(10000)}`,
    JSON.stringify({ id: 'x', event_type: 'no.such_kind', booking_id: db.booking }),
    JSON.stringify({ id: 'x', event_type: 'booking.updated', booking_id: 'no uuid' })]) {
    const { status, text } = await post(body);
    assert.equal(status, 400, `${body.slice(0, 60)}: ${text}`);
    assert.ok(JSON.parse(text).error.length > 5);
  }
});

test('JSON only, and nothing packed: 415', async () => {
  for (const headers of [{ 'content-type': 'text/plain' }, { 'content-type': 'application/x-www-form-urlencoded' }, { 'content-type': '' },
    { 'content-encoding': 'gzip' }]) {
    assert.equal((await post('{}', { ...authorized, ...headers })).status, 415, JSON.stringify(headers));
  }
  assert.equal((await post('{', { ...authorized, 'content-type': 'application/json; charset=utf-8' })).status, 400);
});

test('too large: 413, before it is read; 431 for headers', async () => {
  assert.equal((await post('x'.repeat(65537))).status, 413);
  const announced = await raw(relay, `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${inboundSecret}\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`);
  assert.equal(statusOf(announced), 413);
  const chunked = await raw(relay, `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${inboundSecret}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${'4000\r\n'}${'x'.repeat(0x4000)}\r\n`.concat(`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(5)));
  assert.equal(statusOf(chunked), 413);
  assert.equal(statusOf(await raw(relay, `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(9000)}\r\n\r\n`)), 431);
  assert.ok([400, 431].includes(statusOf(await raw(relay, `GET /healthz HTTP/1.1\r\nHost: x\r\n${[...Array(300).keys()].map((i) => `X-${i}: y\r\n`).join('')}\r\n`))));
  const extension = await raw(relay, `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${inboundSecret}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(100000)}\r\n`);
  assert.ok(extension === '' || [400, 413, 431].includes(statusOf(extension)), extension);
});

test('what two readers could understand differently is refused, and the connection closed', async () => {
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${inboundSecret}\r\nContent-Type: application/json\r\n`;
  const cases = [
    `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: gzip\r\nContent-Length: 0\r\n\r\n`,
    `${head}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n`,
    `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Content-Length: 0\r\nContent-Length: 5\r\n\r\n`,
    `${head}Content-Length: 0, 0\r\n\r\n`,
    `${head}Content-Length: -1\r\n\r\n`,
    `${head}Content-Length: +0\r\n\r\n`,
    `${head}Content-Length: 0x0\r\n\r\n`,
    `${head}Content-Length : 0\r\n\r\n`,
    `${head}Content-Length: 0\r\nHost: y\r\n\r\n`,
    `${head}Authorization: Bearer other\r\nContent-Length: 0\r\n\r\n`,
    'GET /healthz HTTP/1.1\r\n\r\n',
    'GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n',
    'GET /healthz HTTP/1.1\nHost: x\n\n',
    'GET /heal\0thz HTTP/1.1\r\nHost: x\r\n\r\n',
    'nonsense\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ];
  for (const bytes of cases) {
    const answer = await raw(relay, bytes + smuggled);
    assert.ok(answer === '' || statusOf(answer) === 400, `${JSON.stringify(bytes)}: ${answer}`);
    assert.ok(!answer.includes('404'), `what followed was read: ${JSON.stringify(bytes)}`);
  }
  assert.equal((await relay.get('/healthz')).status, 200);
});

test('one connection, several requests', async () => {
  const answers = await raw(relay, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.equal(answers.match(/^HTTP\/1\.1 200 OK/gm).length, 3);
  const one = await raw(relay, 'GET /healthz HTTP/1.0\r\n\r\n');
  assert.equal(statusOf(one), 200);
});

test('100-continue is answered where the body is wanted', async () => {
  const head = (token) => `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`;
  assert.match(await raw(relay, `${head(inboundSecret)}{}`), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400/);
  assert.match(await raw(relay, head('wrong')), /^HTTP\/1\.1 401/);
});

test('slow readers of every kind are closed, and nobody waits for them', async () => {
  const slow = [];
  for (let i = 0; i < 400; ++i) {
    const socket = net.connect(relay.port, '127.0.0.1');
    socket.on('error', () => {});
    if (i % 2 === 0) socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const drip = setInterval(() => socket.write('x'), 300);
    socket.on('close', () => clearInterval(drip));
    slow.push(socket);
  }
  await sleep(300);
  for (let i = 0; i < 20; ++i) {
    const start = Date.now();
    assert.equal((await relay.get('/healthz')).status, 200);
    assert.ok(Date.now() - start < 1900, `${Date.now() - start} ms`);
  }
  assert.ok(await relay.metric('booking_relay_http_connections') <= 201);
  await eventually('all closed', () => slow.every((socket) => socket.destroyed), 6000);
  const start = Date.now();
  const body = await raw(relay, `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${inboundSecret}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
  assert.equal(statusOf(body), 408);
  assert.ok(Date.now() - start < 10000);
});

test('the database is away: 503 to come back, ready again afterwards', async () => {
  const administer = (text) => execFileSync('psql', ['-XAtqc', text, 'postgres']);
  administer('ALTER DATABASE relay_http ALLOW_CONNECTIONS false');
  administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'relay_http'");
  await eventually('not ready', async () => (await relay.get('/readyz')).status === 503);
  assert.match((await relay.get('/readyz')).text, /^the database cannot be used: /);
  assert.equal((await relay.get('/healthz')).status, 200);
  assert.equal(await relay.metric('booking_relay_ready'), 0);
  assert.equal(await relay.metric('booking_relay_queue{state="pending"}'), undefined);
  const event = { id: 'outside-3', event_type: 'booking.updated', booking_id: db.booking };
  const refused = await post(event);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '5');
  administer('ALTER DATABASE relay_http ALLOW_CONNECTIONS true');
  await relay.isReady();
  await eventually('the event', async () => (await post(event)).status === 200);
});

test('a copy of the database is not ready, and sends nothing', async () => {
  await relay.stop();
  execFileSync('createdb', ['-T', 'relay_http', 'relay_http_copy']);
  const count = inbox.requests.length;
  const copy = await Relay.start('relay_http_copy', { ready: false });
  try {
    await eventually('the reason', async () => (await copy.get('/readyz')).text === 'copy: held until booking.adopt()\n');
    assert.equal((await copy.get('/readyz')).status, 503);
    execFileSync('psql', ['-XAtqc', `SELECT booking.test_webhook('${target.id}'::uuid)`, 'relay_http_copy']);
    await sleep(1500);
    assert.equal(inbox.requests.length, count);
    execFileSync('psql', ['-XAtqc', 'SELECT booking.adopt(true)', 'relay_http_copy']);
    await copy.isReady();
    await eventually('the delivery', () => inbox.requests.length > count);
  } finally {
    await copy.stop();
    execFileSync('dropdb', ['--force', 'relay_http_copy']);
  }
});

test('TLS by certificate and key', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pgbk-certificates-'));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', `${directory}/key.pem`, '-out', `${directory}/cert.pem`], { stdio: 'ignore' });
  const secure = await Relay.start(db.database, {
    ready: false, config: `http.certificate_file = "${directory}/cert.pem"\nhttp.key_file = "${directory}/key.pem"\nhttp.read_timeout_ms = 1000\n`,
  });
  try {
    const get = (options) => new Promise((resolve, reject) => {
      https.get({ host: '127.0.0.1', port: secure.port, path: '/healthz', servername: 'localhost', ca: readFileSync(`${directory}/cert.pem`), agent: false, ...options },
        (response) => { response.resume(); response.on('end', () => resolve(response.statusCode)); }).on('error', reject);
    });
    assert.equal(await get({}), 200);
    await assert.rejects(get({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
    const idle = net.connect(secure.port, '127.0.0.1');
    idle.on('error', () => {});
    await eventually('the one that does not greet is closed', () => { idle.resume(); return idle.destroyed; }, 4000);
  } finally {
    await secure.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
