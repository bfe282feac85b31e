// Server-Sent Events: who is told what, that nothing is missed and nothing told to whom it is not meant for, and what
// the relay does with clients that are slow, late, too many or malformed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { jwtSecret, token } from './visitors.mjs';
import { Relay, eventually, raw, session, sleep, statusOf } from './harness.mjs';
import { buyer, openShop } from './shop.mjs';
import { EventStream } from './streams.mjs';

const page = 'https://page.example';
const start = (extra = '', options = {}) => Relay.start(db.database, {
  config: `realtime.queue_limit = 262144\nrealtime.allowed_origins = "${page}"\nrealtime.availability_ms = 50\nrealtime.poll_ms = 20000\n${extra}`,
  environment: { JWT_SECRET: jwtSecret }, ...options,
});

let db, relay, activity, other, streams;

before(async () => {
  db = await openShop('events');
  activity = db.activity;
  other = Number(await db.sql`INSERT INTO booking.organizations (name) VALUES ('Others') RETURNING organization_id`);
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${db.organization}, 'olga', 'owner'), (${other}, 'eve', 'owner')`;
  await db.sql`UPDATE booking.customers SET user_id = 'ada'`;
  relay = await start();
  streams = [];
  await eventually('the hub', async () => (await open('/events?topics=public')).status === 200);
});

after(async () => {
  streams?.forEach((stream) => stream.close());
  await relay?.stop();
  await db?.drop();
});

function stream(path, options = {}) {
  const made = new EventStream((options.relay ?? relay).port, path, options);
  streams.push(made);
  return made;
}

async function open(path, options) {
  const made = stream(path, options);
  await made.answered();
  return made;
}

const as = (user, claims = {}) => ({ headers: { Authorization: `Bearer ${token({ sub: user, ...claims })}` } });
let number = 0;
const rename = () => db.sql`UPDATE booking.activities SET name = ${`Court ${++number}`}`;
const renames = (count) =>
  db.sql`DO $$ BEGIN FOR i IN 1..${count} LOOP UPDATE booking.activities SET name = repeat('x', 180) || i; END LOOP; END $$`;
const noteBooking = () => db.sql`UPDATE booking.bookings SET notes = ${`Note ${++number}`} WHERE id = ${db.booking}`;
const last = async () => Number(await db.sql`SELECT last_seq FROM booking.relay_position()`);
const positions = async (after) => (await db.rows`SELECT seq FROM booking.event_positions WHERE seq > ${after} ORDER BY seq`).map(({ seq }) => seq);

test('the cursor comes at once, what happens as it happens', async () => {
  const told = await open('/events?topics=public');
  assert.match(told.head, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n/);
  assert.match(told.body, /^retry: \d+\nid: \d+\n\n$/);
  const { id } = told.blocks[0];
  assert.equal(Number(id), await last());
  const begun = Date.now();
  await rename();
  const event = await eventually('the event', () => told.named('activity.updated')[0]);
  assert.ok(Date.now() - begun < 15000, 'notified, not polled');
  assert.equal(Number(event.id), event.json.seq);
  assert.ok(Number(event.id) > Number(id));
  assert.equal(event.json.event_type, 'activity.updated');
  assert.equal(event.json.row.name, `Court ${number}`);
  assert.ok(event.json.description);
});

test('each sees what is theirs, and nobody else their data', async () => {
  const told = {
    visitor: await open(`/events?topics=public,booking:${db.booking},activity:${activity}`),
    ada: await open('/events', as('ada')),
    stranger: await open(`/events?topics=booking:${db.booking},court:${activity}`, as('bob')),
    olga: await open(`/events?access_token=${token({ sub: 'olga' })}`),
    eve: await open(`/events?topics=provider:${other},booking:${db.booking}`, as('eve')),
  };
  await noteBooking();
  await rename();
  const seen = await eventually('the member', () => told.olga.named('booking.updated')[0]);
  assert.equal(seen.json.row.customer_name, 'Ada');
  const own = await eventually('the customer', () => told.ada.named('booking.updated')[0]);
  assert.equal(own.id, seen.id);
  assert.ok(!('notes' in own.json.row), 'no notes of the staff');
  await eventually('the visitor', () => told.visitor.named('activity.updated')[0]);
  await eventually('the stranger', () => told.stranger.named('activity.updated')[0]);
  for (const name of ['visitor', 'stranger', 'eve']) {
    assert.deepEqual(told[name].named('booking.updated'), [], name);
    assert.ok(!/ada|Ada/.test(told[name].body), name);
  }
});

test('the token of a booking is enough for that booking', async () => {
  const made = JSON.parse(await db.sql`SELECT booking.booking_create(${db.organization}, ${buyer}::jsonb)`);
  const told = await open(`/events?token=${encodeURIComponent(made.bookingToken)}`);
  assert.equal(told.status, 200, told.text);
  await db.sql`UPDATE booking.bookings SET notes = 'x' WHERE id IN (${made.bookingId}, ${db.booking})`;
  const event = await eventually('its event', () => told.named('booking.updated')[0]);
  assert.equal(event.json.booking_id, made.bookingId);
  await noteBooking();
  const [before] = [told.events.length];
  await db.sql`UPDATE booking.bookings SET notes = 'y' WHERE id = ${made.bookingId}`;
  await eventually('the next', () => told.events.length > before);
  assert.ok(told.events.every(({ json }) => json.booking_id === made.bookingId));
  assert.equal((await stream(`/events?token=${made.bookingToken}x`).refusal()).status, 401);
});

test('what is refused is said before the stream begins, as JSON', async () => {
  const booking = `booking:${db.booking}`;
  const eleven = [...Array(11)].map((_, i) => `booking:00000000-0000-4000-8000-0000000000${10 + i}`).join();
  const cases = [
    ['/events', {}, 400, /topics/], ['/events?topics=', {}, 400, /topics/], ['/events?topics=bookings', {}, 400, /"bookings"/],
    ['/events?topics=public&since=x', {}, 400, /since/], [`/events?topics=${eleven}`, {}, 429, /10 topics/],
    [`/events?topics=organization:${db.organization}`, {}, 403, /organization/],
    [`/events?topics=organization:${db.organization}`, as('eve'), 403, /organization/],
    ['/events?topics=customer:ada', as('bob'), 403, /customer:ada/], ['/events?access_token=x&topics=public', {}, 401, /./],
    [`/events?topics=${booking}`, { headers: { Authorization: `Bearer ${token({ sub: 'olga' }, { secret: 'x'.repeat(40) })}` } }, 401, /./],
    [`/events?topics=${booking}`, { headers: { Authorization: `Bearer ${token({ sub: 'olga' }, { seconds: -100 })}` } }, 401, /expired/],
    [`/events?topics=${booking}`, { headers: { Authorization: `Bearer ${token({ sub: 'olga' }, { header: { alg: 'none' } })}` } }, 401, /./],
    ['/events?topics=public', { headers: { Authorization: 'Basic eDp5' } }, 400, /bearer/],
    ['/events?topics=public', { headers: { 'Content-Length': '5' } }, 400, /body/],
    ['/events?topics=public', { headers: { Origin: 'https://evil.example' } }, 403, /origin/],
  ];
  for (const [path, options, status, words] of cases) {
    const refused = await stream(path, options).refusal();
    assert.equal(refused.status, status, `${path} ${JSON.stringify(refused)}`);
    assert.match(refused.error, words);
  }
  assert.equal((await stream('/events?topics=public,ORGANIZATION:1', as('olga')).refusal()).status, 400);
  assert.ok(!relay.log.includes('access_token') && !relay.log.includes(token({ sub: 'olga' }).slice(0, 40)), 'no token in the log');
});

test('HEAD, HTTP/1.0, and pages of other origins', async () => {
  const head = await raw(relay, 'HEAD /events?topics=public HTTP/1.1\r\nHost: x\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n[^]*\r\n\r\n$/);
  const old = await open('/events?topics=public', { version: '1.0' });
  await rename();
  await eventually('the event', () => old.named('activity.updated')[0]);
  const shown = await open('/events?topics=public', { headers: { Origin: page } });
  assert.match(shown.head, new RegExp(`Access-Control-Allow-Origin: ${page}`));
  const wrong = stream('/events?topics=nonsense', { headers: { Origin: page } });
  await wrong.end();
  assert.match(wrong.head, new RegExp(`Access-Control-Allow-Origin: ${page}`), 'so that it can be read');
  const preflight = await relay.request({ method: 'OPTIONS', path: '/events', headers: { Origin: page, 'Access-Control-Request-Method': 'GET' } });
  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin']], [204, page]);
  assert.match(preflight.headers['access-control-allow-headers'], /authorization/);
  assert.equal((await relay.request({ method: 'POST', path: '/events' })).status, 405);
});

test('whoever comes back is told all of what was missed, in order, once', async () => {
  const first = await open('/events', as('olga'));
  await noteBooking();
  await eventually('the event', () => first.named('booking.updated')[0]);
  const { cursor } = first;
  first.close();
  // A transaction that began earlier and commits later gets its place later, and is not passed over.
  const late = session(db.database);
  await late.query(`BEGIN; UPDATE booking.bookings SET notes = 'late' WHERE id = '${db.booking}'`);
  await renames(20);
  await late.query('COMMIT');
  await late.end();
  await eventually('all have a place', async () => (await positions(cursor)).length === 21);
  const second = await open('/events?since=0', { headers: { ...as('olga').headers, 'Last-Event-ID': cursor } });
  await eventually('all', () => second.events.length === 21);
  assert.deepEqual(second.events.map(({ id }) => Number(id)), await positions(cursor), 'from Last-Event-ID, without a gap');
  assert.equal(second.blocks[0].id, cursor);
  const third = await open(`/events?since=${cursor}`, as('olga'));
  await eventually('all', () => third.events.length === 21);
  assert.deepEqual(third.events, second.events);
});

test('a cursor that is none, or of another database: reset, and on from there', async () => {
  for (const cursor of ['999999999', 'nonsense']) {
    const told = await open('/events?topics=public', { headers: { 'Last-Event-ID': cursor } });
    const reset = await eventually('reset', () => told.named('reset')[0]);
    assert.equal(Number(reset.id), await last());
    assert.ok(reset.json.reason);
    await rename();
    const event = await eventually('what happens then', () => told.named('activity.updated')[0]);
    assert.equal(Number(event.id), await last());
  }
});

test('seats are told without an id: they are not history', async () => {
  const told = await open(`/events?topics=activity:${activity}`);
  const now = await eventually('what is free now', () => told.named('session.availability')[0]);
  assert.equal(now.id, undefined);
  const { cursor } = told;
  const { session_id: id, seats_available: free } = now.json.row ?? now.json;
  await db.sql`SELECT booking.reserve_slot(${id}, 2, 'seats@example.com')`;
  await eventually('two fewer', () => told.named('session.availability')
    .some(({ json }) => (json.row ?? json).session_id === id && (json.row ?? json).seats_available === free - 2));
  assert.ok(Number(told.cursor) >= Number(cursor));
});

test('nothing is told after the token has expired', async () => {
  const expiring = { headers: { Authorization: `Bearer ${token({ sub: 'olga' }, { seconds: 2 })}` } };
  const told = await open('/events', expiring);
  assert.equal(told.status, 200, told.text);
  await noteBooking();
  await eventually('the event', () => told.named('booking.updated')[0]);
  await told.end();
  assert.equal(told.events.at(-1).event, 'expired');
  assert.equal(told.error, undefined);
  assert.equal((await stream('/events', expiring).refusal()).status, 401);
});

test('a member who is removed is told nothing more, and why', async () => {
  const soon = await start('realtime.recheck_seconds = 1');
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${db.organization}, 'sam', 'staff')`;
  const told = await open(`/events?topics=organization:${db.organization}`, { ...as('sam'), relay: soon });
  const owner = await open('/events', { ...as('olga'), relay: soon });
  await noteBooking();
  await eventually('the event', () => told.named('booking.updated')[0]);
  await db.sql`DELETE FROM booking.organization_members WHERE user_id = 'sam'`;
  await told.end();
  const end = told.events.at(-1);
  assert.deepEqual([end.event, end.json.reason], ['expired', `organization:${db.organization} is not for whoever has this token any more`]);
  await noteBooking();
  await eventually('others', () => owner.named('booking.updated').length === 2);
  assert.equal((await stream(`/events?topics=organization:${db.organization}`, { ...as('sam'), relay: soon }).refusal()).status, 403);
  assert.equal(owner.closed, false);
  await soon.stop();
});

test('a slow reader is closed, holds up nobody, and comes back for the rest', async () => {
  const others = await open('/events?topics=public');
  const slow = await open('/events?topics=public');
  slow.socket.pause();
  const { cursor } = others;
  const rows = 2000; // of more than a kilobyte: beyond the limit and what the systems between take
  for (let sent = 0; sent < rows; sent += 100) {
    await renames(100);
    await eventually('others are told', () => others.events.length >= sent + 100, 30000);
  }
  assert.deepEqual(others.events.map(({ id }) => Number(id)), await positions(cursor));
  slow.socket.resume();
  await slow.end();
  const got = slow.events.length;
  assert.ok(got < rows, `${got} of ${rows}`);
  let ids = slow.events.map(({ id }) => Number(id));
  const again = await open('/events?topics=public', { headers: { 'Last-Event-ID': slow.cursor } });
  await eventually('the rest', () => ids.length + again.events.length >= rows, 30000);
  ids = [...ids, ...again.events.map(({ id }) => Number(id))];
  assert.deepEqual(ids, await positions(cursor), 'each once');
});

test('the database is away: streams stay and miss nothing, new ones wait for it', async () => {
  const administer = (text) => execFileSync('psql', ['-XAtqc', text, 'postgres']);
  const told = await open('/events?topics=public');
  const { cursor } = told;
  await rename();
  administer(`ALTER DATABASE ${db.database} ALLOW_CONNECTIONS false`);
  administer(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${db.database}'`);
  await eventually('it is away', async () => (await relay.get('/readyz')).status === 503);
  const waiting = stream('/events', { headers: { ...as('olga', { nonce: 1 }).headers, 'Last-Event-ID': cursor } });
  assert.equal(told.closed, false);
  administer(`ALTER DATABASE ${db.database} ALLOW_CONNECTIONS true`);
  await rename();
  await waiting.answered();
  assert.equal(waiting.status, 200, waiting.text);
  for (const one of [told, waiting]) {
    await eventually('both events', () => one.named('activity.updated').length === 2);
    assert.deepEqual(one.events.map(({ id }) => Number(id)), await positions(cursor));
  }
});

test('kill -9: the next relay goes on where the client stands', async () => {
  const mine = await start();
  const told = stream('/events?topics=public', { relay: mine });
  await eventually('the hub', () => told.status === 200);
  await rename();
  await eventually('the event', () => told.named('activity.updated')[0]);
  await mine.stop('SIGKILL');
  await told.end();
  const { cursor } = told;
  await renames(5);
  const next = await start();
  const again = await open('/events?topics=public', { relay: next, headers: { 'Last-Event-ID': cursor } });
  await eventually('all', () => again.events.length === 5);
  assert.deepEqual(again.events.map(({ id }) => Number(id)), await positions(cursor));
  const begun = Date.now();
  assert.equal((await next.stop('SIGTERM')).code, 0, next.log);
  assert.ok(Date.now() - begun < 8000, 'it does not wait for those who listen');
  await again.end();
  assert.equal(again.error, undefined, 'the stream was ended, not torn off');
});

test('so many from one address, and so many in all', async () => {
  const few = await start('realtime.connections = 5\nrealtime.connections_per_address = 3\nhttp.trusted_proxies = "127.0.0.1"\nhttp.max_connections = 8\n');
  const from = (address) => ({ relay: few, headers: { 'X-Forwarded-For': address } });
  await eventually('the hub', async () => (await few.metric('booking_relay_realtime_position')) > 0);
  const first = [];
  for (let i = 0; i < 3; ++i) first.push(await open('/events?topics=public', from('192.0.2.1')));
  assert.equal((await stream('/events?topics=public', from('192.0.2.1')).refusal()).status, 429);
  for (let i = 0; i < 2; ++i) await open('/events?topics=public', from(`2001:db8::${i}`));
  const full = stream('/events?topics=public', from('192.0.2.9'));
  await full.end();
  assert.equal(full.text, '', 'no answer: a browser would not come back after an error');
  assert.equal(await few.metric('booking_relay_realtime_connections'), 5);
  assert.equal(await few.metric('booking_relay_realtime_refusals_total{reason="full"}'), 1);
  assert.ok(await few.metric('booking_relay_http_connections') <= 2, 'they do not count among those who wait for answers');
  assert.equal((await few.get('/healthz')).status, 200);
  first[0].close();
  await eventually('a place', async () => (await few.metric('booking_relay_realtime_connections')) === 4);
  await open('/events?topics=public', from('192.0.2.9'));
  await few.stop();
});

test('over TLS as well, to whoever reads slowly too', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'pgbk-events-'));
  const [certificate, key] = [join(directory, 'c.pem'), join(directory, 'k.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key,
    '-out', certificate, '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
  const secure = await start(`http.certificate_file = "${certificate}"\nhttp.key_file = "${key}"\n`, { ready: false });
  const told = stream('/events?topics=public', { relay: secure, secure: true });
  await told.answered();
  const { cursor } = told;
  told.socket.pause();
  await renames(40);
  await eventually('all have a place', async () => (await positions(cursor)).length === 40);
  told.socket.resume();
  await eventually('all', () => told.events.length === 40);
  assert.deepEqual(told.events.map(({ id }) => Number(id)), await positions(cursor));
  assert.equal((await secure.stop()).code, 0, secure.log);
  await told.end();
  assert.equal(told.error, undefined);
  rmSync(directory, { recursive: true });
});

test('whatever a client sends once its stream has begun is read by nobody', async () => {
  const told = await open('/events?topics=public');
  told.socket.write(`GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n${'x'.repeat(200000)}`);
  await rename();
  await eventually('the event', () => told.named('activity.updated')[0]);
  assert.ok(!told.body.includes('HTTP/1.1'));
  assert.equal(statusOf(await raw(relay, 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')), 200);
  const half = await open('/events?topics=public');
  half.socket.end(); // says no more: it is gone
  await half.end();
  await sleep(0);
});
