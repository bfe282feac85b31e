// EventSource as a browser has it (Chromium): what a page is told, and that it misses nothing when the relay is killed
// and another takes its place.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Gate, jwtSecret, token } from './visitors.mjs';
import { Relay, eventually, makeDatabase } from './harness.mjs';

// Says everything it sees to the server that it comes from.
const page = `<!doctype html><meta charset="utf-8"><script>
  const say = (what) => fetch('/said', { method: 'POST', body: JSON.stringify(what) });
  const source = new EventSource(new URLSearchParams(location.search).get('source'));
  source.onopen = () => say({ state: 'open' });
  source.onerror = () => say({ state: source.readyState === EventSource.CLOSED ? 'closed' : 'retrying' });
  source.onmessage = (event) => say({ message: event.data });
  for (const name of ['activity.updated', 'booking.updated', 'reset', 'expired']) {
    source.addEventListener(name, (event) => say({ name, id: Number(event.lastEventId), data: JSON.parse(event.data) }));
  }
</script>`;

let db, relay, gate, site, said;

before(async () => {
  db = await makeDatabase('browser');
  await db.sql`UPDATE booking.customers SET user_id = 'ada'`;
  site = http.createServer(async (request, response) => {
    if (request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      said.push(JSON.parse(body));
    }
    response.setHeader('content-type', 'text/html');
    response.end(request.url.startsWith('/page') ? page : '');
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  relay = await start();
  gate = await Gate.open(relay);
  await eventually('the hub', async () => (await relay.metric('booking_relay_realtime_position')) > 0);
});

after(async () => {
  gate?.close();
  site?.closeAllConnections();
  site?.close();
  await relay?.stop();
  await db?.drop();
});

const start = () => Relay.start(db.database, {
  config: `realtime.allowed_origins = "http://127.0.0.1:${site.address().port}"\n`, environment: { JWT_SECRET: jwtSecret },
});

// It ends with us: what it listens to is a pipe of ours.
async function visit(path, look, origin = `http://127.0.0.1:${site.address().port}`) {
  said = [];
  const profile = mkdtempSync(join(tmpdir(), 'pgbk-browser-'));
  const sandbox = process.getuid() === 0 ? ['--no-sandbox'] : []; // it refuses root one
  const browser = spawn('chromium-headless-shell', [...sandbox, '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage',
    `--user-data-dir=${profile}`, '--remote-debugging-pipe', `${origin}/page?source=${encodeURIComponent(gate.url + path)}`],
  { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: profile } });
  const ended = once(browser, 'exit');
  try {
    await look();
  } finally {
    for (const pipe of [browser.stdio[3], browser.stdio[4]]) pipe.destroy();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

const states = (name) => said.filter(({ state }) => state === name).length;
const events = () => said.filter(({ name }) => name);
let number = 0;
const rename = () => db.sql`UPDATE booking.activities SET name = ${`Court ${++number}`}`;

test('a page is told, and told all of it when the relay was killed meanwhile', async () => {
  const first = Number(await db.sql`SELECT last_seq FROM booking.relay_position()`);
  await visit('/events?topics=public', async () => {
    await eventually('the stream', () => states('open') === 1, 30000);
    // Killed before anything has happened: the cursor of the beginning is what it comes back with.
    gate.cut();
    await relay.stop('SIGKILL');
    await rename();
    relay = await start();
    gate.lead(relay);
    await eventually('what it has missed', () => events().length === 1, 30000);
    gate.cut();
    await relay.stop('SIGKILL');
    await db.sql`DO $$ BEGIN FOR i IN 1..20 LOOP UPDATE booking.activities SET name = 'Hall ' || i; END LOOP; END $$`;
    await eventually('it tries', () => states('retrying') >= 2, 30000);
    relay = await start();
    gate.lead(relay);
    await eventually('the rest', () => events().length >= 21, 30000);
    await rename();
    await eventually('what happens then', () => events().length >= 22);
    const rows = await db.rows`SELECT seq FROM booking.event_positions WHERE seq > ${first} ORDER BY seq`;
    assert.deepEqual(events().map(({ id }) => id).sort((a, b) => a - b), rows.map(({ seq }) => seq), 'each once');
    assert.equal(events().at(-1).data.row.name, `Court ${number}`);
    assert.deepEqual(said.filter(({ message }) => message !== undefined), [], 'the cursor is no message');
    assert.equal(states('closed'), 0);
  });
});

test('with a token, until it expires', async () => {
  const jwt = token({ sub: 'ada' }, { seconds: 4 });
  await visit(`/events?access_token=${jwt}`, async () => {
    await eventually('the stream', () => states('open') === 1, 30000);
    await db.sql`UPDATE booking.bookings SET notes = 'x' WHERE id = ${db.booking}`;
    await eventually('the event', () => events().some(({ name }) => name === 'booking.updated'));
    await eventually('expiry', () => events().some(({ name }) => name === 'expired'));
    await eventually('the end: 401, and nothing more', () => states('closed') === 1);
  });
});

test('a page of another origin is told nothing, and does not ask again', async () => {
  await visit('/events?topics=public', async () => {
    await eventually('the end', () => states('closed') === 1, 30000);
    assert.equal(states('open'), 0);
  }, `http://localhost:${site.address().port}`);
});
