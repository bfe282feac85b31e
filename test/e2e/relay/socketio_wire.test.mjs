// Engine.IO and Socket.IO as bytes: what no official client sends, and what its pages rely on in the answers.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { once } from 'node:events';
import WebSocket from 'ws';
import { Relay, eventually, makeDatabase, raw, statusOf } from './harness.mjs';

const origin = 'https://pages.example';
const path = '/socket.io/?EIO=4&transport=polling';
let db, relay;

before(async () => {
  db = await makeDatabase('socketio_wire');
  relay = await Relay.start(db.database, {
    config: `realtime.allowed_origins = "${origin}"\nrealtime.frame_limit = 4096\nrealtime.connections_per_address = 40\n`,
  });
  // Until it has read where history stands it sends its clients away, and they come back by themselves.
  await eventually('a connection', async () => {
    const ws = socket();
    await ws.says('0{');
    ws.send('40');
    const began = await Promise.race([ws.ended.then(() => false), ws.says('42["_cursor"').catch(() => false)]);
    ws.terminate();
    return began;
  });
});

after(async () => {
  await relay?.stop();
  await db?.drop();
});

const get = (query = '', headers = {}) => relay.get(`${path}${query}`, { headers });
const post = (sid, body, headers = {}) => relay.request({ method: 'POST', path: `${path}&sid=${sid}`, headers: { 'content-type': 'text/plain;charset=UTF-8', ...headers }, body });
const begin = async (headers) => JSON.parse((await get('', headers)).text.slice(1)).sid;
const packets = (text) => text.split('\x1e');

function socket(query = '', options = {}) {
  const ws = new WebSocket(`ws://127.0.0.1:${relay.port}/socket.io/?EIO=4&transport=websocket${query}`, options);
  ws.heard = [];
  ws.on('message', (data, binary) => ws.heard.push(binary ? data : String(data)));
  ws.on('error', (error) => { ws.failure = error.message; });
  ws.ended = once(ws, 'close').catch(() => {});
  ws.says = (packet) => eventually(packet, () => ws.heard.some((heard) => heard.startsWith?.(packet)), 5000);
  return ws;
}
async function connected() {
  const ws = socket();
  await ws.says('0{');
  ws.send('40');
  await ws.says('42["_cursor"');
  return ws;
}

test('refusals have the numbers that clients know', async () => {
  const refused = async (method, target, code, headers = {}) => {
    const answer = await relay.request({ method, path: `/socket.io/${target}`, headers });
    assert.equal(answer.status, code === 4 ? 403 : 400, `${target}: ${answer.text}`);
    assert.equal(JSON.parse(answer.text).code, code, target);
  };
  await refused('GET', '?EIO=4', 0);
  await refused('GET', '?EIO=4&transport=flash', 0);
  await refused('GET', '?EIO=4&transport=polling&transport=polling', 0);
  await refused('GET', '?EIO=4&transport=polling&sid=nobody', 1);
  await refused('POST', '?EIO=4&transport=polling', 2);
  await refused('GET', '?EIO=4&transport=websocket', 3);
  await refused('GET', '?EIO=4&transport=polling', 4, { origin: 'https://evil.example' });
  await refused('GET', '?EIO=3&transport=polling', 5);
  await refused('GET', '?transport=polling', 5);
  const foreign = socket('', { origin: 'https://evil.example' });
  await foreign.ended;
  assert.match(foreign.failure, /403/);
  const stale = socket('&sid=nobody');
  await stale.ended;
  assert.match(stale.failure, /400/);
});

test('pages of known origins may read the answers, with credentials; others may not', async () => {
  const opened = await get('', { origin });
  assert.equal(opened.headers['access-control-allow-origin'], origin);
  assert.equal(opened.headers['access-control-allow-credentials'], 'true');
  assert.equal(opened.headers.vary, 'Origin');
  assert.equal(opened.headers['cache-control'], 'no-store');
  assert.equal(opened.headers['content-type'], 'text/plain; charset=UTF-8');
  const { sid } = JSON.parse(opened.text.slice(1));
  assert.equal((await post(sid, '40', { origin })).headers['access-control-allow-credentials'], 'true');
  assert.equal((await get(`&sid=${sid}`, { origin })).headers['access-control-allow-origin'], origin);
  const refused = await get('&sid=nobody', { origin });
  assert.equal(refused.headers['access-control-allow-origin'], origin);
  const foreign = await get('', { origin: 'https://evil.example' });
  assert.equal(foreign.headers['access-control-allow-origin'], undefined);
  const preflight = await relay.request({ method: 'OPTIONS', path, headers: { origin, 'access-control-request-method': 'POST' } });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers['access-control-allow-methods'], /POST/);
  assert.equal(preflight.headers['access-control-allow-credentials'], 'true');
});

test('a session by polling: open, connect, join, close', async () => {
  const opened = await get();
  const hello = JSON.parse(opened.text.slice(1));
  assert.deepEqual(Object.keys(hello).sort(), ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
  assert.deepEqual({ ...hello, sid: '' }, { sid: '', upgrades: ['websocket'], pingInterval: 25000, pingTimeout: 20000, maxPayload: 4096 });
  assert.equal((await post(hello.sid, '40{"token":null}\x1e40/admin,')).text, 'ok');
  const [connect, cursor, admin] = packets((await get(`&sid=${hello.sid}`)).text);
  assert.deepEqual(Object.keys(JSON.parse(connect.slice(2))), ['sid', 'pid']);
  assert.match(cursor, /^42\["_cursor","[0-9]+"\]$/);
  assert.equal(admin, '44/admin,{"message":"Invalid namespace"}');
  const waiting = get(`&sid=${hello.sid}`);
  await post(hello.sid, '420["join:role","student"]');
  assert.equal((await waiting).text, '430[{"ok":true}]');
  const last = get(`&sid=${hello.sid}`);
  await eventually('the end', async () => (await post(hello.sid, '1')).status === 200);
  assert.equal((await last).text, '6');
  assert.equal((await get(`&sid=${hello.sid}`)).status, 400);
});

test('two requests at once, and one that is given up, end a session', async () => {
  const sid = await begin();
  const first = get(`&sid=${sid}`);
  const second = eventually('the second', async () => {
    const answer = await get(`&sid=${sid}`);
    return answer.status === 400 && answer;
  });
  assert.equal((await first).text, '1');
  assert.equal((await second).status, 400);
  const other = await begin();
  const gone = net.connect(relay.port, '127.0.0.1');
  gone.write(`GET ${path}&sid=${other} HTTP/1.1\r\nHost: relay\r\n\r\n`);
  await once(gone, 'ready');
  gone.destroy();
  await eventually('its end', async () => (await post(other, '3')).status === 400);
});

test('going over to a WebSocket: probe, noop, and no way back', async () => {
  const sid = await begin();
  const waiting = get(`&sid=${sid}`);
  const ws = socket(`&sid=${sid}`);
  await once(ws, 'open');
  ws.send('2probe');
  await ws.says('3probe');
  assert.equal((await waiting).text, '6');
  ws.send('5');
  ws.send('40');
  await ws.says('40{');
  assert.equal(JSON.parse((await get(`&sid=${sid}`)).text).code, 3);
  assert.equal(JSON.parse((await post(sid, '3')).text).code, 3);
  const second = socket(`&sid=${sid}`);
  await second.ended;
  assert.match(second.failure, /400/);
  ws.send('420["nonsense"]');
  await ws.says('430[{"ok":false');
  ws.close();
});

test('what is malformed ends its own connection and no other', async () => {
  const witness = await connected();
  for (const rubbish of ['', 'abc', '7', '4', '4x', '42', '42{}', '42[]', '42[1]', '4999', '40', '41{}', '44{}', '43[]', '42["a"]x',
    `42${'['.repeat(100)}`, '42/admin,["a"]', '4511-["a"]', '450-["a"]', '45["a"]', '451-["a"]!', '0{}', '2', '5',
    `42["a","${'x'.repeat(5000)}"]`, Buffer.from([1, 2, 3])]) {
    const ws = await connected();
    ws.send(rubbish);
    await ws.ended;
  }
  for (const body of ['', 'abc', 'b!', '4\x1e', '\x1e', Buffer.from([0x34, 0xff]), 'x'.repeat(4096), '3\x1e'.repeat(300)]) {
    const sid = await begin();
    assert.equal((await post(sid, body)).status, 400, JSON.stringify(String(body.slice(0, 10))));
    assert.equal((await get(`&sid=${sid}`)).status, 400);
  }
  assert.equal((await post(await begin(), '4'.repeat(4097))).status, 413);
  assert.equal(statusOf(await raw(relay, 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n')), 426);
  witness.send('420["join:role","student"]');
  await witness.says('430[{"ok":true}]');
  witness.close();
});

test('binary data is taken off the wire and refused', async () => {
  const ws = await connected();
  ws.send('451-7["join:library",{"_placeholder":true,"num":0}]');
  ws.send(Buffer.from([1, 2, 3]));
  await ws.says('437[{"ok":false,"error":"binary data is not taken"}]');
  ws.close();
});

test('so many from one address, polling and not, and not one more', async () => {
  const sockets = [];
  let refused = 0;
  for (let i = 0; i < 60 && refused === 0; ++i) {
    if (i % 2) {
      const { status } = await get();
      refused = status === 200 ? 0 : status;
    } else {
      const ws = socket();
      sockets.push(ws);
      await Promise.race([once(ws, 'open').catch(() => {}), ws.ended]);
      refused = ws.failure ? Number(/[0-9]{3}/.exec(ws.failure)) : 0;
    }
  }
  assert.equal(refused, 429);
  sockets.forEach((ws) => ws.terminate());
  await eventually('a place that is free again', async () => (await get()).status === 200);
});

test('SIGTERM ends the connections, and the relay does not wait for requests that wait', async () => {
  const sid = await begin();
  const waiting = get(`&sid=${sid}`).catch(() => undefined);
  const ws = socket();
  await ws.says('0{');
  const { code } = await relay.stop();
  assert.equal(code, 0);
  await ws.ended;
  await waiting;
  relay = undefined;
});
