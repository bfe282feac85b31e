// Signatures against the two official libraries, over bodies with random content.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { Relay, eventually, makeDatabase, receiver } from './harness.mjs';

let db, relay, inbox;

before(async () => {
  db = await makeDatabase('signatures');
  relay = await Relay.start(db.database);
  inbox = await receiver();
});

after(async () => {
  await relay?.stop();
  inbox?.close();
  await db?.drop();
});

const at = (path) => inbox.requests.filter((request) => request.url === path);
const arrived = (path, count) => eventually(`${count} at ${path}`, () => at(path).length >= count && at(path));

function verified(request, secret) {
  const official = new StandardWebhook(secret).verify(request.body, request.headers);
  const svix = new SvixWebhook(secret).verify(request.body, {
    'svix-id': request.headers['webhook-id'],
    'svix-timestamp': request.headers['webhook-timestamp'],
    'svix-signature': request.headers['webhook-signature'],
  });
  assert.deepEqual(official, svix);
  return official;
}

// Any character that text in PostgreSQL can have and that the event takes, all planes of Unicode included.
function randomText() {
  let text = '';
  const length = 1 + Math.floor(Math.random() * 60);
  for (let i = 0; i < length; ++i) {
    const plane = Math.random();
    const limit = plane < 0.5 ? 0x7f : plane < 0.7 ? 0x7ff : plane < 0.9 ? 0xffff : 0x10ffff;
    const code = 0x20 + Math.floor(Math.random() * (limit - 0x20));
    text += (code >= 0xd800 && code <= 0xdfff) || code === 0x7f ? '"\\' : String.fromCodePoint(code);
  }
  return text;
}

test('both libraries accept every signature, over 300 random bodies', async () => {
  const target = await db.endpoint('random', `${inbox.url}/random`);
  const sent = new Map();
  const values = [];
  for (let i = 0; i < 300; ++i) {
    const description = randomText();
    sent.set(`random-${i}`, description);
    values.push({ id: `random-${i}`, event_type: 'booking.updated', booking_id: db.booking, description });
  }
  const stored = await db.rows`SELECT e ->> 'id' AS id, booking.receive_booking_event(${db.organization}, e) ->> 'event_id' AS event
    FROM jsonb_array_elements(${values}::jsonb) AS e`;
  assert.equal(stored.length, 300);
  const requests = await arrived('/random', 300);
  const byEvent = new Map(stored.map((row) => [row.event, sent.get(row.id)]));
  for (const request of requests) {
    const body = verified(request, target.secret);
    assert.equal(request.headers['webhook-id'], body.event_id);
    assert.equal(body.event_type, 'booking.updated');
    assert.equal(body.description, byEvent.get(body.event_id));
    assert.equal(request.headers['webhook-event'], 'booking.updated');
    assert.equal(request.headers['webhook-attempt'], '1');
    assert.match(request.headers['user-agent'], /^booking-relay\/\d+\.\d+\.\d+$/);
    assert.equal(request.headers['content-type'], 'application/json');
  }
  assert.equal(new Set(requests.map((request) => request.headers['webhook-id'])).size, 300);
  await db.sql`SELECT booking.delete_webhook_endpoint(${target.id}::uuid)`;
});

test('neither accepts a body, an id or a time that was changed', async () => {
  const target = await db.endpoint('tampered', `${inbox.url}/tampered`);
  await db.test(target);
  const [request] = await arrived('/tampered', 1);
  verified(request, target.secret);
  assert.throws(() => verified({ ...request, body: request.body.replace('{', '{ ') }, target.secret));
  for (const name of ['webhook-id', 'webhook-timestamp']) {
    const headers = { ...request.headers, [name]: `${request.headers[name]}0` };
    assert.throws(() => verified({ ...request, headers }, target.secret));
  }
  assert.throws(() => verified(request, `whsec_${randomBytes(24).toString('base64')}`));
});

test('while a secret is replaced, both the old and the new one verify', async () => {
  const target = await db.endpoint('rotated', `${inbox.url}/rotated`);
  const next = await db.sql`SELECT booking.rotate_webhook_secret(${target.id}::uuid)`;
  await db.test(target);
  const [request] = await arrived('/rotated', 1);
  assert.notEqual(next, target.secret);
  assert.equal(request.headers['webhook-signature'].split(' ').length, 2);
  verified(request, target.secret);
  verified(request, next);
});

test('bearer, x-make-apikey and HMAC in hex and base64', async () => {
  const secret = 'a shared secret of the tests';
  for (const [encoding, prefix] of [['hex', 'sha256='], ['base64', '']]) {
    const target = await db.endpoint(`hmac ${encoding}`, `${inbox.url}/${encoding}`, {
      hmac_header: 'X-Hub-Signature-256', hmac_prefix: prefix, hmac_encoding: encoding,
    });
    for (const scheme of ['hmac', 'bearer', 'make_apikey']) {
      await db.sql`SELECT booking.rotate_webhook_secret(${target.id}::uuid, ${scheme}, ${`${secret} ${scheme}`.replaceAll(' ', '-')})`;
    }
    await db.test(target);
    const [request] = await arrived(`/${encoding}`, 1);
    const key = (scheme) => `${secret} ${scheme}`.replaceAll(' ', '-');
    const digest = createHmac('sha256', key('hmac')).update(request.body).digest(encoding);
    assert.equal(request.headers['x-hub-signature-256'], prefix + digest);
    assert.equal(request.headers.authorization, `Bearer ${key('bearer')}`);
    assert.equal(request.headers['x-make-apikey'], key('make_apikey'));
    verified(request, target.secret);
  }
});

test('a batch is one signed array, and each of its deliveries is logged', async () => {
  const target = await db.endpoint('batch', `${inbox.url}/batch`, { batch_max: 10, events: ['booking.rescheduled'] });
  const values = [...Array(25).keys()].map((i) => ({ id: `batch-${i}`, event_type: 'booking.rescheduled', booking_id: db.booking }));
  await db.sql`SELECT booking.receive_booking_event(${db.organization}, e) FROM jsonb_array_elements(${values}::jsonb) AS e`;
  const count = () => at('/batch').reduce((sum, request) => sum + JSON.parse(request.body).length, 0);
  await eventually('25 events', () => count() === 25);
  for (const request of at('/batch')) {
    assert.ok(Array.isArray(verified(request, target.secret)));
    assert.equal(request.headers['webhook-event'], 'booking.rescheduled');
  }
  assert.ok(at('/batch').length <= 4, `${at('/batch').length} requests`);
  await eventually('the log', async () => (await db.attempts(target)).filter((a) => a.outcome === 'delivered').length === 25);
});
