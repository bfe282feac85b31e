// Webhooks whose request is slow, huge, malformed or ambiguous, and bodies that two readers could read differently:
// each of them signed rightly, so that nothing but the fault is what they are refused for.
// Alone: it counts time and memory of the whole.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Relay, eventually, makeDatabase, raw, sleep, statusOf } from './harness.mjs';
import { makeSource, post, senders, storedEvents } from './senders.mjs';

const connections = 300;
let db, relay, source;

before(async () => {
  db = await makeDatabase('webhooks_input');
  source = await makeSource(db, 'hmac', { options: {} });
  relay = await Relay.start(db.database, {
    config: `http.read_timeout_ms = 3000\nhttp.max_connections = ${connections}\ninbound.failures_per_minute = 1000000\n`,
    environment: { BOOKING_ORGANIZATION: String(db.organization) },
  });
  await eventually('to be taken', async () => (await post(relay, source, source.sender.body())).status === 200);
});

after(async () => {
  await relay?.stop();
  await db?.drop();
});

const path = '/webhooks/hmac';

// The head of a request with the signature for `body`, and lines of one's own.
async function head(body, lines) {
  const headers = await senders.hmac.sign(source.secret, body);
  return [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json',
    `x-hub-signature-256: ${headers['x-hub-signature-256']}`, ...lines, '', ''].join('\r\n');
}

const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

test('a body that no two readers read alike: 400', async () => {
  const events = await storedEvents(db, source);
  // An event of so many levels.
  const deep = (levels) => `{"id":"deep","type":"x","data":${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}}`;
  for (const body of ['', ' ', '{', 'null{}', '{}{}', '{"id":"1",}', '{"id":"1"} x', "{'id':'1'}", '{id:1}', '// x\n{}', '\ufeff{}', '{"n":NaN}', '{"n":01}',
    '{"id":"1","id":"2"}', '{"data":{"object":{"amount":1,"amount":100}}}', '{"amount":1,"\\u0061mount":2}', deep(33), deep(10000),
    '['.repeat(100000), '{"a":"\\ud800"}', '{"a":"\\x41"}', '{"a":"\n"}', Buffer.from('{"a":"\xff"}', 'latin1'),
    Buffer.from('{"a":"\xc0\x80"}', 'latin1'), Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1'), Buffer.from([0]), Buffer.from('{}\0', 'latin1')]) {
    const { status, json } = await post(relay, source, body);
    assert.equal(status, 400, `${String(body).slice(0, 60)}: ${json.error}`);
  }
  for (const body of ['[]', '"x"', '1', 'null', 'true']) { // the database's answer: an event is an object
    const { status, text } = await post(relay, source, body);
    assert.equal(status, 400, `${body}: ${text}`);
  }
  assert.equal(await storedEvents(db, source), events);
  assert.equal((await post(relay, source, deep(32))).status, 200);
});

test('JSON only, and nothing packed: 415', async () => {
  const body = source.sender.body();
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json+x', undefined]) {
    assert.equal((await post(relay, source, body, { headers: { 'content-type': type } })).status, 415, type);
  }
  for (const encoding of ['gzip', 'deflate', 'br', 'identity, gzip', 'gzip, gzip']) {
    const packed = gzipSync(body);
    assert.equal((await post(relay, source, packed, { headers: { 'content-encoding': encoding } })).status, 415, encoding);
  }
  assert.equal((await post(relay, source, body, { headers: { 'content-encoding': ['gzip', 'identity'] } })).status, 415);
  for (const headers of [{ 'content-type': 'application/json; charset=utf-8' }, { 'content-encoding': 'identity' }]) {
    assert.equal((await post(relay, source, source.sender.body(), { headers })).status, 200);
  }
});

test('too large: 413 before any of it is read, also in chunks', async () => {
  const size = 10 * 1024 * 1024;
  const start = Date.now();
  const announced = await raw(relay, await head('{}', [`Content-Length: ${size}`]), { limit: 2500 });
  assert.equal(statusOf(announced), 413);
  assert.match(announced, /larger than 1048576/);
  assert.ok(Date.now() - start < 2400, 'nobody waited for it');
  // No invitation either, for who asks first.
  const asked = await raw(relay, await head('{}', [`Content-Length: ${size}`, 'Expect: 100-continue']));
  assert.match(asked, /^HTTP\/1\.1 413/);
  const { status } = await post(relay, source, `"${'x'.repeat(1048574)}"`);
  assert.equal(status, 400, 'the largest that is read');
  assert.equal(statusOf(await raw(relay, await head('{}', ['Content-Length: 18446744073709551615']))), 413);
  assert.equal(statusOf(await raw(relay, await head('{}', ['Content-Length: 18446744073709551616']))), 400);
  // Without end: it is over when it is too much.
  const socket = net.connect(relay.port, '127.0.0.1');
  let answer = '';
  let sent = 0;
  socket.on('data', (data) => { answer += data; });
  socket.on('error', () => {});
  socket.write(await head('{}', ['Transfer-Encoding: chunked']));
  const piece = chunk('x'.repeat(65536));
  while (!socket.destroyed && answer === '' && sent < 64) {
    socket.write(piece);
    sent += 1;
    await sleep(2);
  }
  await eventually('the answer', () => answer !== '');
  assert.equal(statusOf(answer), 413);
  socket.destroy();
});

test('who is not signed is not even asked for a body', async () => {
  const unsigned = await raw(relay, `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`);
  assert.match(unsigned, /^HTTP\/1\.1 401/);
  const unknown = await raw(relay, `POST /webhooks/none HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`);
  assert.match(unknown, /^HTTP\/1\.1 404/);
});

test('who is too late, or guesses, is not even asked for a body, and learns nothing of the signature', async () => {
  const stripe = await makeSource(db, 'stripe', { name: 'too late' });
  const url = `/webhooks/${encodeURIComponent(stripe.name)}`;
  await eventually('the source', async () => (await post(relay, stripe, stripe.sender.body(), { path: url })).status === 200);
  const answers = [];
  for (const secret of [stripe.secret, stripe.sender.secret()]) {
    const signed = await stripe.sender.sign(secret, stripe.sender.body(), { at: Math.floor(Date.now() / 1000) - 3600 });
    answers.push(await raw(relay, `POST ${url} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n` +
      `stripe-signature: ${signed['stripe-signature']}\r\n\r\n`));
  }
  assert.equal(statusOf(answers[0]), 400, answers[0]);
  assert.equal(answers[0], answers[1]);
});

test('a wrong signature ends the connection', async () => {
  const body = source.sender.body();
  const guess = (await head(body, [`Content-Length: ${body.length}`])).replace(/sha256=../, (found) => (found === 'sha256=00' ? 'sha256=11' : 'sha256=00'));
  const answer = await raw(relay, `${guess}${body}GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 401/);
  assert.equal(answer.match(/HTTP\/1\.1/g).length, 1, answer);
});

test('an id that is missing is told to who has the secret', async () => {
  const github = await makeSource(db, 'hmac', { name: 'github' });
  await eventually('the source', async () => (await post(relay, github, github.sender.body())).status === 200);
  const body = github.sender.body();
  const without = { headers: { 'x-github-delivery': undefined } };
  const told = await post(relay, github, body, without);
  assert.equal(told.status, 400);
  assert.match(told.text, /x-github-delivery/);
  assert.equal((await post(relay, github, body, { ...without, secret: github.sender.secret() })).status, 401);
});

test('chunks are put together', async () => {
  const body = source.sender.body();
  const whole = await raw(relay, (await head(body, ['Transfer-Encoding: chunked', 'Connection: close'])) +
    chunk(body.slice(0, 10)) + chunk(body.slice(10)) + chunk(''));
  assert.equal(statusOf(whole), 200, whole);
});

test('where a request ends is never in doubt', async () => {
  const events = await storedEvents(db, source);
  const body = source.sender.body();
  const length = Buffer.byteLength(body);
  const smuggled = `POST ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  for (const [lines, rest] of [
    [[`Content-Length: ${length}`, 'Transfer-Encoding: chunked'], chunk(body) + chunk('')],
    [['Transfer-Encoding: chunked', `Content-Length: ${length}`], chunk(body) + chunk('')],
    [[`Content-Length: ${length}`, `Content-Length: ${length}`], body],
    [[`Content-Length: ${length}`, 'Content-Length: 1'], body],
    [[`Content-Length: ${length}, ${length}`], body],
    [[`Content-Length: +${length}`], body],
    [[`Content-Length: 0x${length.toString(16)}`], body],
    [[`Content-Length: -1`], body],
    [[`Content-Length : ${length}`], body],
    [['Transfer-Encoding: chunked, identity'], chunk(body) + chunk('')],
    [['Transfer-Encoding: x'], body],
    [['Transfer-Encoding: gzip, chunked'], chunk(body) + chunk('')],
    [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunk(body) + chunk('')],
    [['Transfer-Encoding:\x0bchunked'], chunk(body) + chunk('')],
    [['Transfer-Encoding: chunked'], `x${chunk(body)}`],
    [['Transfer-Encoding: chunked'], `-${chunk(body)}`],
    [['Transfer-Encoding: chunked'], `${length.toString(16)}\r\n${body}x\r\n0\r\n\r\n`],
    [['Transfer-Encoding: chunked'], `fffffffffffffffff\r\n${body}`],
    [[`Content-Length: ${length}`, ' folded: x'], body],
    [['Host: y', `Content-Length: ${length}`], body],
  ]) {
    const answer = await raw(relay, (await head(body, lines)) + rest + smuggled);
    assert.ok([400, 413].includes(statusOf(answer)), `${JSON.stringify(lines)} ${JSON.stringify(rest.slice(0, 20))}: ${answer}`);
    assert.equal(answer.match(/HTTP\/1\.1/g).length, 1, `one answer, and the end of the connection: ${answer}`);
  }
  assert.equal(await storedEvents(db, source), events);
  const huge = await raw(relay, `POST ${path} HTTP/1.1\r\nHost: x\r\nx-hub-signature-256: sha256=${'a'.repeat(100000)}\r\n\r\n`);
  assert.ok([400, 431].includes(statusOf(huge)), huge);
  assert.equal((await post(relay, source, source.sender.body())).status, 200, 'and all is well');
});

test('1,000 slow senders are bounded, and hold nobody up', async () => {
  // How long each of 40 takes, in order of that.
  const measure = async () => {
    const times = [];
    for (let i = 0; i < 40; ++i) {
      const body = source.sender.body();
      const start = performance.now();
      assert.equal((await post(relay, source, body)).status, 200);
      times.push(performance.now() - start);
      assert.ok(await relay.metric('booking_relay_http_connections') <= connections + 1);
    }
    return times.sort((a, b) => a - b);
  };
  const usual = await measure();
  const beginning = await head('{"slow":1}', ['Content-Length: 10']);
  const slow = [];
  for (let i = 0; i < 1000; ++i) {
    const socket = net.connect(relay.port, '127.0.0.1');
    socket.on('error', () => {});
    // Some have not even said what they want; the others are in the middle of their body.
    socket.write(i % 3 === 0 ? beginning.slice(0, 40) : `${beginning}{"s`);
    slow.push(socket);
    if (i % 50 === 49) await sleep(1); // let them in
  }
  const drip = setInterval(() => slow.forEach((socket) => socket.destroyed || socket.write(' ')), 500);
  try {
    await eventually('they are there', async () => await relay.metric('booking_relay_http_evictions_total') >= 1000 - connections);
    const times = await measure();
    // On a machine that is busy with other things, nothing is as fast.
    assert.ok(times[20] < Math.max(50, 3 * usual[20]), `half of them take longer than ${times[20]} ms, usually ${usual[20]} ms`);
    assert.ok(times[39] < Math.max(500, 3 * usual[39]), `the slowest takes ${times[39]} ms, usually ${usual[39]} ms`);
  } finally {
    clearInterval(drip);
  }
  await eventually('all are closed', () => { slow.forEach((socket) => socket.resume()); return slow.every((socket) => socket.destroyed); }, 10000);
  await eventually('nobody is left', async () => await relay.metric('booking_relay_http_connections') <= 2);
  const answer = await raw(relay, `${beginning}{"slow"`);
  assert.equal(statusOf(answer), 408);
});
