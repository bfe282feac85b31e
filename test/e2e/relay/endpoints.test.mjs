// What endpoints do, and what is made of it: the relay's facts, the database's decision.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Relay, eventually, makeDatabase, receiver, sleep } from './harness.mjs';

let db, relay, inbox, directory, certificate;
const closing = [];

const answers = {
  '/200': (request, response) => response.end('fine'),
  '/204': (request, response) => response.writeHead(204).end(),
  '/301': (request, response) => response.writeHead(301, { location: `${inbox.url}/private` }).end(),
  '/400-full': (request, response) => response.writeHead(400).end('Queue is full'),
  '/400': (request, response) => response.writeHead(400).end('no'),
  '/401': (request, response) => response.writeHead(401, { 'www-authenticate': 'Bearer realm="hidden"', 'set-cookie': 'hidden=1' }).end(),
  '/410': (request, response) => response.writeHead(410).end(),
  '/429': (request, response) => response.writeHead(429, { 'retry-after': '7' }).end(),
  '/503': (request, response) => response.writeHead(503, { 'retry-after': new Date(Date.now() + 30000).toUTCString() }).end(),
  '/503-plain': (request, response) => response.writeHead(503).end(),
  '/500': (request, response) => response.writeHead(500, { 'x-request-id': 'abc-1' }).end('oops'),
  '/hang': () => {},
  '/10mb': (request, response) => response.end(Buffer.alloc(10 << 20, 'x')),
  '/binary': (request, response) => response.end(Buffer.from([0x61, 0, 0xff, 0xc3, 0xa4, 0xed, 0xa0, 0x80, 0x62])),
  '/gzip': (request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50 << 20))),
  '/slow-body': (request, response) => {
    response.writeHead(200).write('first');
    const timer = setInterval(() => response.write('.'), 200);
    response.on('close', () => clearInterval(timer));
  },
  '/continue': (request, response) => {
    response.writeContinue();
    response.end('after 100');
  },
};

// Answers with bytes of its own choice, or does something else to the connection.
async function rawReceiver(talk) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => talk(socket));
  });
  closing.push(() => server.close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'pgbk-certificates-'));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost', '-keyout', `${directory}/key.pem`, '-out', `${directory}/cert.pem`], { stdio: 'ignore' });
  certificate = { key: readFileSync(`${directory}/key.pem`), cert: readFileSync(`${directory}/cert.pem`) };
  db = await makeDatabase('endpoints');
  inbox = await receiver((request, response) => (answers[request.url.split('?')[0]] ?? answers['/200'])(request, response));
  relay = await Relay.start(db.database);
});

after(async () => {
  await relay?.stop();
  inbox?.close();
  closing.forEach((close) => close());
  await db?.drop();
  rmSync(directory, { recursive: true, force: true });
});

// Sends one event to a new endpoint and returns the log's row of its first attempt.
let number = 0;
async function attemptAt(url, options = {}) {
  const target = await db.endpoint(`endpoint ${++number}`, url.startsWith('/') ? inbox.url + url : url, { events: ['booking.checked_in'], ...options });
  await db.test(target);
  const [attempt] = await eventually(`an attempt at ${url}`, async () => {
    const attempts = await db.attempts(target);
    return attempts.length > 0 && attempts;
  });
  return { ...attempt, target };
}

const expected = [
  // url, what the log must say, options
  ['/200', { outcome: 'delivered', http_status: 200, error_class: null, response_body: 'fine' }],
  ['/204', { outcome: 'delivered', http_status: 204, response_body: '' }],
  ['/continue', { outcome: 'delivered', http_status: 200, response_body: 'after 100' }],
  ['/400', { outcome: 'retry', http_status: 400 }],
  ['/400-full', { outcome: 'throttled', http_status: 400, response_body: 'Queue is full' }, { preset: 'make' }],
  ['/400-full', { outcome: 'retry', http_status: 400 }],
  ['/401', { outcome: 'retry', http_status: 401 }],
  ['/429', { outcome: 'throttled', http_status: 429, retry_after_seconds: 7 }],
  ['/503-plain', { outcome: 'retry', http_status: 503, retry_after_seconds: null }],
  ['/500', { outcome: 'retry', http_status: 500, response_body: 'oops' }],
  ['/hang', { outcome: 'retry', http_status: null, error_class: 'timeout' }, { timeout_ms: 500 }],
  ['http://does-not-exist.invalid/', { outcome: 'retry', http_status: null, error_class: 'dns' }],
  ['http://127.0.0.1:1/', { outcome: 'retry', http_status: null, error_class: 'connect' }],
  ['/binary', { outcome: 'delivered', response_body: 'a\ufffd\ufffdä\ufffd\ufffd\ufffdb' }],
];

for (const [url, row, options] of expected) {
  test(`${url}${options ? ` ${JSON.stringify(options)}` : ''}: ${row.outcome}`, async () => {
    const attempt = await attemptAt(url, options);
    for (const [column, value] of Object.entries(row)) {
      assert.equal(attempt[column], value, column);
    }
    assert.ok(attempt.total_ms >= 0);
    if (row.http_status) {
      assert.equal(attempt.remote_address, '127.0.0.1');
      assert.ok(attempt.first_byte_ms <= attempt.total_ms);
    }
  });
}

test('301 to a private address: a failure, and nobody goes there', async () => {
  const attempt = await attemptAt('/301');
  assert.equal(attempt.outcome, 'retry');
  assert.equal(attempt.http_status, 301);
  assert.equal(attempt.response_headers.location, `${inbox.url}/private`);
  await sleep(200);
  assert.ok(!inbox.requests.some((request) => request.url === '/private'));
});

test('410: the endpoint is disabled, and what waits for it parked', async () => {
  const attempt = await attemptAt('/410');
  assert.equal(attempt.outcome, 'gone');
  assert.equal(await db.sql`SELECT status FROM booking.webhook_endpoints WHERE id = ${attempt.target.id}`, 'disabled');
  assert.equal(await db.sql`SELECT string_agg(status, ',') FROM booking.webhook_deliveries WHERE endpoint_id = ${attempt.target.id}`, 'parked');
});

test('503 with Retry-After as a date: the endpoint is held until then', async () => {
  const attempt = await attemptAt('/503');
  assert.equal(attempt.outcome, 'throttled');
  assert.ok(attempt.retry_after_seconds >= 27 && attempt.retry_after_seconds <= 30, attempt.retry_after_seconds);
  const seconds = Number(await db.sql`SELECT extract(epoch FROM hold_until - now()) FROM booking.webhook_endpoint_states WHERE endpoint_id = ${attempt.target.id}`);
  assert.ok(seconds > 20 && seconds <= 31, seconds);
});

test('a response of 10 MB: its status counts, its beginning is kept, the transfer is stopped', async () => {
  const attempt = await attemptAt('/10mb');
  assert.equal(attempt.outcome, 'delivered');
  assert.equal(attempt.response_truncated, true);
  assert.equal(attempt.response_body, 'x'.repeat(8192));
});

test('a gzip bomb is not unpacked', async () => {
  const attempt = await attemptAt('/gzip');
  assert.equal(attempt.outcome, 'delivered');
  assert.ok(Buffer.byteLength(attempt.response_body) <= 8192);
});

test('200 and then a byte now and then: the status counts when the time is up', async () => {
  const attempt = await attemptAt('/slow-body', { timeout_ms: 1500 });
  assert.equal(attempt.outcome, 'delivered');
  assert.equal(attempt.http_status, 200);
  assert.equal(attempt.error_class, null);
  assert.equal(attempt.response_truncated, true);
  assert.ok(attempt.total_ms > 1400 && attempt.total_ms < 4000, attempt.total_ms);
});

test('headers without end: too many of them, or too slow', async () => {
  const flood = await attemptAt(await rawReceiver((socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    for (let i = 0; i < 40; ++i) socket.write(`X-Flood-${i}: ${'x'.repeat(4000)}\r\n`);
    socket.write('\r\n');
  }));
  assert.equal(flood.outcome, 'retry');
  assert.equal(flood.error_class, 'protocol');
  assert.equal(flood.http_status, null);
  const loris = await attemptAt(await rawReceiver((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
    const timer = setInterval(() => socket.write('x'), 100);
    socket.on('close', () => clearInterval(timer));
  }), { timeout_ms: 1000 });
  assert.equal(loris.outcome, 'retry');
  assert.equal(loris.error_class, 'timeout');
});

test('reset, closed without an answer, and answers that are no HTTP', async () => {
  const cases = [
    ['reset', (socket) => socket.resetAndDestroy()],
    ['reset', (socket) => socket.end()],
    ['reset', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le')],
    ['protocol', (socket) => socket.end('<html>this is HTTP/0.9</html>')],
    ['protocol', (socket) => socket.end('SSH-2.0-OpenSSH_9.2p1\r\n')],
  ];
  for (const [errorClass, talk] of cases) {
    const attempt = await attemptAt(await rawReceiver(talk));
    assert.equal(attempt.outcome, 'retry');
    assert.equal(attempt.error_class, errorClass, `${talk}: ${attempt.error}`);
  }
});

test('a body that breaks off: the status counts', async () => {
  const attempt = await attemptAt(await rawReceiver((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this')));
  assert.equal(attempt.outcome, 'delivered');
  assert.equal(attempt.response_body, 'only this');
  assert.equal(attempt.response_truncated, true);
});

test('TLS that does not hold: unknown authority, other host, no TLS at all', async () => {
  const server = https.createServer(certificate, (request, response) => response.end());
  closing.push(() => server.close());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const url of [`https://localhost:${server.address().port}/`, `https://127.0.0.1:${inbox.port}/`]) {
    const attempt = await attemptAt(url);
    assert.equal(attempt.outcome, 'retry');
    assert.equal(attempt.error_class, 'tls', attempt.error);
  }
});

test('TLS with an authority that is known: HTTP/2 where it is offered, and one connection for many', async () => {
  const other = await makeDatabase('tls');
  const mine = await Relay.start(other.database, { config: `outbound.ca_file = "${directory}/cert.pem"\n` });
  let sessions = 0;
  const versions = [];
  const server = http2.createSecureServer({ ...certificate, allowHTTP1: true }, (request, response) => {
    versions.push(request.httpVersion);
    request.resume();
    request.on('end', () => response.end());
  });
  server.on('session', () => { ++sessions; });
  server.on('sessionError', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const target = await other.endpoint('h2', `https://localhost:${server.address().port}/`);
    for (let i = 0; i < 5; ++i) {
      await other.test(target);
      await eventually('delivery', async () => (await other.attempts(target)).length === i + 1);
    }
    assert.deepEqual(new Set((await other.attempts(target)).map((a) => a.outcome)), new Set(['delivered']));
    assert.deepEqual(new Set(versions), new Set(['2.0']));
    assert.equal(sessions, 1);
    const wrongHost = await other.endpoint('wrong host', `https://127.0.0.1:${server.address().port}/`);
    await other.test(wrongHost);
    const [attempt] = await eventually('an attempt', async () => { const a = await other.attempts(wrongHost); return a.length && a; });
    assert.equal(attempt.error_class, 'tls');
  } finally {
    await mine.stop();
    server.close();
    await other.drop();
  }
});

test('of the headers of an answer, only harmless ones are kept', async () => {
  const failed = await attemptAt('/401');
  assert.ok(!JSON.stringify(failed.response_headers).includes('hidden'));
  const traced = await attemptAt('/500');
  assert.equal(traced.response_headers['x-request-id'], 'abc-1');
});

test('endpoints that hang do not hold up the others', async () => {
  for (let i = 0; i < 5; ++i) {
    await db.endpoint(`hanging ${i}`, `${inbox.url}/hang`, { timeout_ms: 20000, events: ['booking.no_show'] });
  }
  for (let i = 0; i < 20; ++i) await db.emit({ event_type: 'booking.no_show' });
  await eventually('hanging requests', async () => (await relay.metric('booking_relay_requests_in_flight')) >= 40);
  const target = await db.endpoint('quick', `${inbox.url}/quick`);
  for (let i = 0; i < 20; ++i) {
    const before = inbox.requests.filter((request) => request.url === '/quick').length;
    const start = Date.now();
    await db.test(target);
    await eventually('the quick one', () => inbox.requests.filter((request) => request.url === '/quick').length > before);
    assert.ok(Date.now() - start < 10000, `${Date.now() - start} ms, and the others hang for 20 s`);
  }
});

// The resolver of the C library, slow for one name.
test('a name server that does not answer holds up nobody', async () => {
  writeFileSync(join(directory, 'slow.c'), `
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <netdb.h>
    #include <string.h>
    #include <unistd.h>
    int getaddrinfo(const char *n, const char *s, const struct addrinfo *h, struct addrinfo **r) {
      static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
      if (!real) real = dlsym(RTLD_NEXT, "getaddrinfo");
      if (n && strcmp(n, "slow.test") == 0) { sleep(8); return EAI_AGAIN; }
      return real(n, s, h, r);
    }`);
  execFileSync('cc', ['-shared', '-fPIC', '-o', join(directory, 'slow.so'), join(directory, 'slow.c'), '-ldl']);
  const other = await makeDatabase('dns');
  const mine = await Relay.start(other.database, {
    config: 'outbound.connect_timeout_ms = 1000\n',
    // Under the address sanitizer, which otherwise wants to be the first library.
    environment: { LD_PRELOAD: join(directory, 'slow.so'), ASAN_OPTIONS: 'verify_asan_link_order=0' },
  });
  try {
    const slow = await other.endpoint('slow', 'http://slow.test/');
    const quick = await other.endpoint('quick', `${inbox.url}/beside-slow`);
    await other.test(slow);
    const start = Date.now();
    let longest = 0;
    while (Date.now() - start < 3000) {
      const at = Date.now();
      await mine.get('/healthz');
      longest = Math.max(longest, Date.now() - at);
    }
    await other.test(quick);
    await eventually('the quick one', () => inbox.requests.some((request) => request.url === '/beside-slow'), 5000);
    const [attempt] = await other.attempts(slow);
    assert.equal(attempt.error_class, 'timeout');
    assert.ok(attempt.total_ms < 6000, attempt.total_ms);
    assert.ok(longest < 5000, `the loop stood still for ${longest} ms`);
  } finally {
    await mine.stop('SIGKILL');
    await other.drop();
  }
});
