// Webhooks and the database behind: sources change, secrets are rotated, the database goes away, also in the middle.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Relay, databaseUrl, eventually, makeDatabase, serviceUser, session } from './harness.mjs';
import { makeSource, post, senders, storedEvents } from './senders.mjs';

let db, relay;

before(async () => {
  db = await makeDatabase('webhooks_database');
  relay = await Relay.start(db.database, { environment: { BOOKING_ORGANIZATION: String(db.organization) } });
});

after(async () => {
  await relay?.stop();
  await db?.drop();
});

const administer = (text) => execFileSync('psql', ['-XAtqc', text, 'postgres']);
const breakConnections = () => administer(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
  WHERE datname = '${db.database}' AND application_name = 'booking-relay'`);
const fresh = (source, options) => post(relay, source, source.sender.body(), options);
const status = async (source, options) => (await fresh(source, options)).status;
const becomes = (source, wanted, options, limit) =>
  eventually(`${source.name}: ${wanted}`, async () => await status(source, options) === wanted, limit);

test('a source that is made is known at once, and the connections for events come with the first', async () => {
  assert.equal(await relay.metric('booking_relay_database_connects_total{purpose="webhooks"}'), undefined);
  const source = await makeSource(db, 'stripe', { name: 'first' });
  await becomes(source, 200, {}, 3000); // the next look at the status may be five seconds away
  await eventually('all of them', async () => await relay.metric('booking_relay_database_connects_total{purpose="webhooks"}') === 4);
});

test('rotation: the old secret and the new one, until the old one has run out', async () => {
  for (const scheme of ['stripe', 'standard']) {
    const source = await makeSource(db, scheme, { name: `rotated ${scheme}` });
    source.name = encodeURIComponent(source.name);
    await becomes(source, 200);
    const rotate = async (overlap) => {
      const secret = senders[scheme].secret();
      await db.sql`SELECT booking.rotate_source_secret(${source.id}::uuid, ${secret}, ${overlap}::interval)`;
      return secret;
    };
    const second = await rotate('1 hour');
    await becomes(source, 200, { secret: second });
    assert.equal(await status(source), 200, 'the old one is valid for an hour');
    // Stripe signs with each of them while both are valid.
    if (scheme === 'stripe') {
      const body = source.sender.body();
      const one = (await source.sender.sign(source.secret, body))['stripe-signature'];
      const two = (await source.sender.sign(senders.stripe.secret(), body))['stripe-signature'];
      const both = `${two},${one.slice(one.indexOf('v1='))}`;
      assert.equal((await post(relay, source, body, { headers: { 'stripe-signature': both } })).status, 200);
    }
    const third = await rotate('2 seconds');
    await becomes(source, 200, { secret: third });
    // No one tells the relay: it looks at its clock.
    await becomes(source, 401, { secret: second });
    assert.equal(await status(source, { secret: third }), 200);
    const fourth = await rotate('0');
    await becomes(source, 401, { secret: third });
    await becomes(source, 200, { secret: fourth }); // as soon as the relay's clock, too, says that it has begun
  }
});

test('sources are changed, disabled, enabled and deleted', async () => {
  const source = await makeSource(db, 'airwallex', { name: 'changing' });
  await becomes(source, 200);
  const late = { at: Date.now() / 1000 - 400 };
  assert.equal(await status(source, late), 400);
  await db.sql`SELECT booking.update_webhook_source(${source.id}::uuid, ${{ tolerance_seconds: 3600 }}::jsonb)`;
  await becomes(source, 200, late, 3000);
  await db.sql`SELECT booking.disable_webhook_source(${source.id}::uuid, 'for the test')`;
  await becomes(source, 404, {}, 3000);
  await db.sql`SELECT booking.enable_webhook_source(${source.id}::uuid)`;
  await becomes(source, 200, {}, 3000);
  // A change of which nobody told is seen at the next look.
  await db.sql`UPDATE booking.webhook_sources SET name = 'renamed' WHERE id = ${source.id}`;
  await becomes({ ...source, name: 'renamed' }, 200);
  await db.sql`SELECT booking.delete_webhook_source(${source.id}::uuid)`;
  await becomes(source, 404, { path: `/webhooks/${source.id}` }, 3000);
});

test('the connection breaks in the middle: 503, nothing is half done, and the next attempt is the first', async () => {
  const source = await makeSource(db, 'standard', { name: 'broken' });
  await becomes(source, 200);
  const before_ = await storedEvents(db, source);
  const body = source.sender.body();
  const locker = session(db.database);
  await locker.query('BEGIN');
  await locker.query('LOCK TABLE booking.payment_events IN ACCESS EXCLUSIVE MODE');
  const first = post(relay, source, body, { id: 'the-same' });
  await eventually('it waits', async () => Number(await locker.query('SELECT count(*) FROM pg_locks WHERE NOT granted')) > 0);
  breakConnections();
  const { status: answered, headers } = await first;
  assert.deepEqual([answered, headers['retry-after']], [503, '30']);
  await locker.query('COMMIT');
  await locker.end();
  assert.equal(await storedEvents(db, source), before_);
  const again = await eventually('it is taken', async () => {
    const answer = await post(relay, source, body, { id: 'the-same' });
    return answer.status === 200 && answer;
  });
  assert.notEqual(again.json.status, 'duplicate');
  assert.equal(await storedEvents(db, source), before_ + 1);
});

test('somebody else is in the way: 503, and nothing is half done', async () => {
  const source = await makeSource(db, 'hmac', { name: 'in the way' });
  source.name = encodeURIComponent(source.name);
  await becomes(source, 200);
  const before_ = await storedEvents(db, source);
  const locker = session(db.database);
  await locker.query('BEGIN');
  await locker.query('LOCK TABLE booking.payment_events IN ACCESS EXCLUSIVE MODE');
  const answer = await fresh(source);
  assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '30'], answer.text);
  assert.equal(answer.text, '{"error":"webhooks cannot be taken at the moment; send it again"}\n');
  await locker.query('COMMIT');
  await locker.end();
  assert.equal(await storedEvents(db, source), before_);
  await becomes(source, 200);
});

test('the database is away: 503 to come back, and who is not signed is told nothing', async () => {
  const source = await makeSource(db, 'calcom', { name: 'away' });
  await becomes(source, 200);
  administer(`ALTER DATABASE ${db.database} ALLOW_CONNECTIONS false`);
  try {
    breakConnections();
    const answer = await eventually('503', async () => {
      const sent = await fresh(source);
      return sent.status === 503 && sent;
    });
    assert.equal(answer.headers['retry-after'], '30');
    assert.equal(await status(source, { secret: source.sender.secret() }), 503, 'who might be right has to come back');
    assert.equal(await status(source, { headers: { 'x-cal-signature-256': 'no-secret-provided' } }), 401);
    assert.equal(await status(source, { path: '/webhooks/none' }), 404, 'sources stay known');
    const young = await Relay.start(db.database, { ready: false, environment: { BOOKING_ORGANIZATION: String(db.organization) } });
    try {
      const { status: unknown, headers } = await post(young, source, source.sender.body());
      assert.deepEqual([unknown, headers['retry-after']], [503, '30'], 'what it does not know yet may be there');
    } finally {
      await young.stop();
    }
  } finally {
    administer(`ALTER DATABASE ${db.database} ALLOW_CONNECTIONS true`);
  }
  await becomes(source, 200);
});

test('while secrets cannot be looked up, those that were known are trusted for half a minute only', async () => {
  const source = await makeSource(db, 'airwallex', { name: 'revoked' });
  await becomes(source, 200);
  await db.sql`REVOKE EXECUTE ON FUNCTION booking.relay_attach(uuid, text, text) FROM booking_relay`;
  try {
    breakConnections();
    await becomes(source, 200); // the connections of webhooks are back
    await db.sql`SELECT booking.rotate_source_secret(${source.id}::uuid, ${source.sender.secret()}, '0')`;
    await becomes(source, 503, {}, 60000);
  } finally {
    await db.sql`GRANT EXECUTE ON FUNCTION booking.relay_attach(uuid, text, text) TO booking_relay`;
  }
  await becomes(source, 401);
});

test('a connection that is not prepared is not used', async () => {
  const source = await makeSource(db, 'hmac', { name: 'unprepared', options: {} });
  const small = await Relay.start(db.database, {
    environment: { BOOKING_ORGANIZATION: String(db.organization), BOOKING_DATABASE_URL: databaseUrl(db.database, serviceUser) },
    config: 'inbound.connections = 1\ngateway.connections = 0\n',
  });
  const original = await db.sql`SELECT pg_get_functiondef('booking.relay_connect()'::regprocedure)`;
  const holder = session(db.database);
  const preparing = () => db.sql`SELECT string_agg(pid::text, ',' ORDER BY pid) FROM pg_stat_activity WHERE datname = current_database()
    AND wait_event = 'advisory' AND query LIKE '%relay_connect%' AND usename = ${serviceUser}`;
  try {
    await eventually('its source', async () => (await post(small, source, source.sender.body())).status === 200);
    const body = source.sender.body();
    const signed = Object.entries(await source.sender.sign(source.secret, body)).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    await holder.query('SELECT pg_advisory_lock(7150)');
    await db.sql`CREATE OR REPLACE FUNCTION booking.relay_connect() RETURNS void LANGUAGE plpgsql
                 AS ${"BEGIN PERFORM pg_advisory_lock(7150); RAISE 'no'; END"}`;
    // It is let in before the connection goes, and has sent its body when another one is being prepared.
    const socket = net.connect(small.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => { answer += data; });
    socket.write(`POST /webhooks/unprepared HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${signed}` +
      `Content-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
    await eventually('it is let in', () => answer.includes('100 Continue'));
    breakConnections();
    const waiting = await eventually('it is being prepared', preparing);
    socket.write(body);
    await eventually('the answer', () => answer.includes('HTTP/1.1 503'));
    // Others may have come: the relay of the other tests has lost its connections too.
    const still = new Set((await preparing()).split(','));
    assert.ok(waiting.split(',').every((pid) => still.has(pid)), 'nobody has waited for it');
  } finally {
    execFileSync('psql', ['-XAtqc', original, db.database]);
    await holder.end();
    await small.stop();
  }
});

test('SIGTERM: an event from outside that has been taken is answered; no parameter of it is logged', async () => {
  const secret = 'inbound-secret-of-this-test';
  const other = await Relay.start(db.database, { environment: { BOOKING_ORGANIZATION: String(db.organization), SUPABASE_WEBHOOK_SECRET: secret } });
  const send = (id) => other.request({
    method: 'POST', path: '/api/webhooks/booking-events', headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id, event_type: 'booking.updated', booking_id: db.booking }),
  });
  await eventually('its connection', async () => (await send('before')).status === 200);
  const original = await db.sql`SELECT pg_get_functiondef('booking.receive_booking_event(integer, jsonb)'::regprocedure)`;
  await db.sql`CREATE OR REPLACE FUNCTION booking.receive_booking_event(organization_id integer, event jsonb) RETURNS jsonb
               LANGUAGE sql AS ${"SELECT to_jsonb(current_setting('log_parameter_max_length'))"}`;
  const { text: logged } = await send('settings');
  execFileSync('psql', ['-XAtqc', original, db.database]);
  assert.equal(logged, '"0"\n');
  const locker = session(db.database);
  await locker.query('BEGIN');
  await locker.query('LOCK TABLE booking.booking_events IN ACCESS EXCLUSIVE MODE');
  const under = send('under-way');
  await eventually('it waits', async () => Number(await locker.query(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%receive_booking_event(%'")) > 0);
  const ended = other.stop();
  await eventually('it has heard', () => other.log.includes('"stopping"'));
  await locker.query('COMMIT');
  await locker.end();
  assert.equal((await under).status, 200);
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test('SIGTERM: what has been taken is answered, nothing more is taken, exit 0', async () => {
  const source = await makeSource(db, 'stripe', { name: 'leaving' });
  const other = await Relay.start(db.database, { environment: { BOOKING_ORGANIZATION: String(db.organization) } });
  await eventually('its source', async () => (await post(other, source, source.sender.body())).status === 200);
  const locker = session(db.database);
  await locker.query('BEGIN');
  await locker.query('LOCK TABLE booking.payment_events IN ACCESS EXCLUSIVE MODE');
  const before_ = post(other, source, source.sender.body());
  await eventually('it waits', async () => Number(await locker.query('SELECT count(*) FROM pg_locks WHERE NOT granted')) > 0);
  const ended = other.stop();
  await eventually('it has heard', () => other.log.includes('"stopping"'));
  await assert.rejects(post(other, source, source.sender.body()), 'nobody listens any more');
  await locker.query('COMMIT');
  await locker.end();
  const answer = await before_;
  assert.ok(answer.status === 200 && answer.json.status !== 'duplicate', answer.text);
  assert.deepEqual(await ended, { code: 0, signal: null });
});

test('neither secrets nor bodies are logged', async () => {
  const word = 'leak3d';
  const source = await makeSource(db, 'hmac', { name: 'quiet', secret: `secret-${word}-0123456789abcdef` });
  await becomes(source, 200);
  for (const body of [`{"id":"${word}-1","type":"x.${word}","data":{}}`, `{"a":"${word}`, `["${word}"]`]) {
    await post(relay, source, body);
    await post(relay, source, body, { secret: `wrong-${word}-0123456789abcdef` });
    await post(relay, source, body, { headers: { 'x-hub-signature-256': word } });
  }
  assert.ok(relay.log.includes('webhook with a wrong signature'));
  assert.ok(!relay.log.includes(word));
  const { text } = await relay.get('/metrics');
  assert.ok(!text.includes(word));
  const activity = await db.sql`SELECT string_agg(query, ' ') FROM pg_stat_activity WHERE application_name = 'booking-relay'`;
  assert.ok(!activity.includes(word));
});
