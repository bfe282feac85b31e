// WebSocket below the protocols that use it: handshakes, frames that break the rules, clients that are half gone, and
// what a connection costs.
// Alone: it counts time and memory of the whole.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { Relay, eventually, makeDatabase, raw, statusOf } from './harness.mjs';

const page = 'https://page.example';
const paths = ['/realtime/v1/websocket?vsn=1.0.0', '/socket.io/?EIO=4&transport=websocket'];
const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const asks = { Host: 'x', Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key };
let db, relay;

before(async () => {
  db = await makeDatabase('websocket');
  relay = await Relay.start(db.database, {
    config: `realtime.allowed_origins = "${page}"\nrealtime.frame_limit = 1024\nrealtime.heartbeat_seconds = 2\nrealtime.connections_per_address = 2000\n`,
  });
  await eventually('the hub', async () => (await relay.metric('booking_relay_realtime_position')) > 0);
});

after(async () => {
  await relay?.stop();
  await db?.drop();
});

const head = (path, fields, version = '1.1') =>
  `GET ${path} HTTP/${version}\r\n${Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;

// A client's frame; `length` is how it is written, however long the payload is.
function frame(first, payload = '', { length = payload.length, masked = true } = {}) {
  const data = Buffer.from(payload, 'latin1');
  const mask = randomBytes(4);
  const size = length < 126 ? Buffer.from([length]) : Buffer.alloc(length <= 0xffff ? 3 : 9);
  if (length >= 126) {
    size[0] = length <= 0xffff ? 126 : 127;
    if (length <= 0xffff) size.writeUInt16BE(length, 1); else size.writeBigUInt64BE(BigInt(length), 1);
  }
  if (!masked) return Buffer.concat([Buffer.from([first]), size, data]);
  size[0] |= 0x80;
  return Buffer.concat([Buffer.from([first]), size, mask, data.map((byte, i) => byte ^ mask[i % 4])]);
}

// The server's frames: whole, unmasked, short.
class Client {
  constructor(path, fields = {}) {
    this.bytes = Buffer.alloc(0);
    this.closed = false;
    this.socket = net.connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (data) => { this.bytes = Buffer.concat([this.bytes, data]); });
    this.socket.on('error', () => {});
    this.socket.on('end', () => this.socket.end());
    this.socket.on('close', () => { this.closed = true; });
    this.socket.write(head(path, { ...asks, ...fields }));
  }

  get frames() {
    const found = [];
    let at = this.bytes.indexOf('\r\n\r\n') + 4;
    while (at >= 4 && at + 2 <= this.bytes.length) {
      const long = this.bytes[at + 1] === 126;
      const size = long ? this.bytes.readUInt16BE(at + 2) : this.bytes[at + 1];
      const start = at + (long ? 4 : 2);
      found.push({ opcode: this.bytes[at] & 0x0f, payload: this.bytes.subarray(start, start + size) });
      at = start + size;
    }
    return found;
  }

  async heard(opcode) {
    return eventually(`a frame ${opcode}`, () => this.frames.find((one) => one.opcode === opcode), 8000);
  }

  // The code with which the server closes.
  async code() {
    return (await this.heard(8)).payload.readUInt16BE(0);
  }

  gone() {
    return eventually('the end', () => this.closed, 14000);
  }
}

let silent; // from the beginning on: it takes a while until they are missed

test('half-open: some who do not answer any more', async () => {
  silent = paths.map((path) => new Client(path));
  for (const client of silent) await eventually('101', () => String(client.bytes).startsWith('HTTP/1.1 101'));
});

test('a handshake is accepted as it is, without what else was offered', async () => {
  for (const path of paths) {
    const client = new Client(path, {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits', 'Sec-WebSocket-Protocol': 'chat', Origin: page,
    });
    await eventually('101', () => client.bytes.includes('\r\n\r\n'));
    const answer = String(client.bytes).split('\r\n\r\n')[0];
    assert.match(answer, /^HTTP\/1\.1 101 .*\r\n[^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    assert.doesNotMatch(answer, /extensions|protocol:/i);
    client.socket.destroy();
  }
});

test('what is no handshake is refused, and says why', async () => {
  const refused = async (fields, version) => raw(relay, head(paths[0], { ...asks, ...fields }, version));
  assert.match(await refused({ 'Sec-WebSocket-Version': '8' }), /^HTTP\/1\.1 426 [^]*Sec-WebSocket-Version: 13\r\n/);
  assert.equal(statusOf(await refused({ 'Sec-WebSocket-Key': 'short' })), 400);
  assert.equal(statusOf(await refused({ Upgrade: 'h2c' })), 426);
  assert.equal(statusOf(await refused({ Connection: 'close' })), 426);
  assert.equal(statusOf(await refused({}, '1.0')), 426);
  assert.equal(statusOf(await refused({ Origin: 'https://evil.example' })), 403);
  assert.equal(statusOf(await refused({ 'Content-Length': '3' })), 400);
});

test('whoever breaks the rules is told which, and closed', async () => {
  const cases = [
    ['unmasked', frame(0x81, 'x', { masked: false }), 1002],
    ['reserved bit', frame(0xc1, 'x'), 1002],
    ['unknown opcode', frame(0x83, 'x'), 1002],
    ['fragmented ping', frame(0x09, 'x'), 1002],
    ['long ping', frame(0x89, 'x'.repeat(126)), 1002],
    ['nothing to continue', frame(0x80, 'x'), 1002],
    ['not continued', Buffer.concat([frame(0x01, 'x'), frame(0x81, 'y')]), 1002],
    ['a close code of nobody', frame(0x88, '\x03\xee'), 1002],
    ['an endless message', frame(0x81, 'x', { length: 2 ** 40 }), 1009],
    ['too large', frame(0x81, 'x'.repeat(1025)), 1009],
    ['too large in pieces', Buffer.concat([frame(0x01, 'x'.repeat(1000)), frame(0x80, 'x'.repeat(25))]), 1009],
    ['no UTF-8', frame(0x81, '\xff'), 1007],
    ['no UTF-8 over two frames', Buffer.concat([frame(0x01, '\xc3'), frame(0x80, '\x28')]), 1007],
  ];
  for (const path of paths) {
    await Promise.all(cases.map(async ([what, bytes, code]) => {
      const client = new Client(path);
      client.socket.write(bytes);
      assert.equal(await client.code(), code, `${path} ${what}`);
      client.socket.write('x'.repeat(100000)); // more of it changes nothing
      await client.gone();
    }));
  }
  assert.equal((await relay.get('/healthz')).status, 200);
});

test('pings are answered in the middle of a message, byte by byte too, and a goodbye is returned', async () => {
  for (const path of paths) {
    const client = new Client(path);
    await eventually('101', () => client.bytes.includes('\r\n\r\n'));
    client.socket.setNoDelay(true);
    for (const byte of frame(0x01, '').subarray()) client.socket.write(Buffer.from([byte]));
    for (const byte of frame(0x89, 'are you there')) client.socket.write(Buffer.from([byte]));
    assert.equal(String((await client.heard(10)).payload), 'are you there');
    client.socket.write(frame(0x88, '\x0b\xb8bye'));
    assert.equal(await client.code(), 3000);
    await client.gone();
  }
});

test('over TLS, with an official client', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pgbk-websocket-'));
  const [certificate, secret] = [join(directory, 'c.pem'), join(directory, 'k.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', secret,
    '-out', certificate, '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
  const secure = await Relay.start(db.database, { config: `http.certificate_file = "${certificate}"\nhttp.key_file = "${secret}"\n`, ready: false });
  const ws = new WebSocket(`wss://127.0.0.1:${secure.port}${paths[1]}`, { rejectUnauthorized: false });
  const heard = [];
  let code;
  ws.on('message', (data) => heard.push(String(data)));
  ws.on('close', (closed) => { code = closed; });
  await eventually('the open packet', () => heard.some((packet) => packet.startsWith('0{')));
  let pong = false;
  ws.on('pong', () => { pong = true; });
  ws.ping();
  await eventually('pong', () => pong);
  assert.equal((await secure.stop()).code, 0, secure.log);
  await eventually('a goodbye', () => code !== undefined);
  assert.ok([1000, 1001].includes(code), `${code}`);
  rmSync(directory, { recursive: true });
});

test('answers to pings that nobody reads are counted with what they cost', async () => {
  const client = new Client(paths[0]);
  await eventually('101', () => client.bytes.includes('\r\n\r\n'));
  client.socket.pause();
  const many = Buffer.concat(Array(20_000).fill(frame(0x89)));
  for (let i = 0; i < 20 && !client.closed; i++) client.socket.write(many); // of the answers the bytes alone are 800 kB
  await eventually('the end', () => (client.closed || void client.socket.write(frame(0x89))), 8000);
});

test('who listens costs little', { skip: process.env.ASAN_OPTIONS && 'memory is not what it is' }, async () => {
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${relay.child.pid}/status`, 'ascii'))[1]);
  const count = 1000;
  const begin = async (path) => {
    const clients = [...Array(count)].map(() => new Client(path));
    await eventually('all', () => clients.every((client) => client.bytes.includes('\r\n\r\n')), 30000);
    return clients;
  };
  const end = async (clients) => {
    clients.forEach((client) => client.socket.destroy());
    await eventually('none', async () => (await relay.metric('booking_relay_realtime_connections')) <= silent.length, 30000);
  };
  await end(await begin('/events?topics=public')); // what is needed once
  for (const path of ['/events?topics=public', ...paths]) {
    const before = memory();
    const clients = await begin(path);
    const each = (memory() - before) / count;
    await end(clients);
    assert.ok(each <= 10, `${path}: ${each} KiB each`);
  }
});

test('half-open: they are found out', async () => {
  for (const client of silent) await client.gone();
  await eventually('their places', async () => (await relay.metric('booking_relay_realtime_connections')) === 0);
});
