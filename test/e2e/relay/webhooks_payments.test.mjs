// What signed webhooks do: holds and bookings are paid, failed and refunded, once however often and in whatever order
// the events come.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Relay, eventually, makeDatabase, session } from './harness.mjs';
import { makeSource, newId, post } from './senders.mjs';

const price = 2500; // cents
const agent = new http.Agent({ keepAlive: true, maxSockets: 1000 });
let db, relay, stripe, airwallex, activity;

before(async () => {
  db = await makeDatabase('webhooks_payments');
  await db.sql`UPDATE booking.activities SET price_minor = ${price}, currency = 'EUR' WHERE organization_id = ${db.organization}`;
  activity = await db.sql`SELECT id FROM booking.activities WHERE organization_id = ${db.organization}`;
  stripe = await makeSource(db, 'stripe');
  airwallex = await makeSource(db, 'airwallex');
  relay = await Relay.start(db.database, {
    config: 'http.max_connections = 1100\n', environment: { BOOKING_ORGANIZATION: String(db.organization) },
  });
  await eventually('to be taken', async () => (await post(relay, airwallex, airwallex.sender.body())).status === 200);
});

after(async () => {
  agent.destroy();
  await relay?.stop();
  await db?.drop();
});

let guests = 0;
const hold = () => db.sql`SELECT r.reservation_id FROM booking.next_available_sessions(${activity}, 1, 1, now()) AS s,
  booking.reserve_slot(s.session_id, 1, ${`guest-${++guests}@example.com`}) AS r`;

const intent = (reservation, { id = newId(), name = 'payment_intent.succeeded', amount = price / 100, currency = 'EUR', ref = `int_${reservation}` } = {}) =>
  JSON.stringify({
    id, name, account_id: 'acct_1', created_at: new Date().toISOString(),
    data: { object: { id: ref, request_id: 'r', amount, currency, captured_amount: amount, status: 'SUCCEEDED', metadata: { reservation_id: reservation } } },
  });

const refund = (reservation, { id = newId(), name = 'refund.settled', amount = price / 100 } = {}) => JSON.stringify({
  id, name, account_id: 'acct_1', created_at: new Date().toISOString(),
  data: { object: { id: `rfd_${reservation}`, payment_intent_id: `int_${reservation}`, amount, currency: 'EUR', status: 'SETTLED' } },
});

const checkout = (reservation, { id = newId(), amount = price } = {}) => JSON.stringify({
  id, object: 'event', api_version: '2026-07-29.dahlia', created: Math.floor(Date.now() / 1000), type: 'checkout.session.completed',
  livemode: false, pending_webhooks: 1, request: null,
  data: { object: { id: `cs_${reservation}`, object: 'checkout.session', metadata: { reservation_id: reservation }, payment_status: 'paid',
    status: 'complete', payment_intent: `pi_${reservation}`, amount_total: amount, currency: 'eur' } },
});

const outcome = async (source, body) => {
  const { status, json, text } = await post(relay, source, body, { agent });
  assert.equal(status, 200, text);
  return json.status;
};
const bookings = (reservation) => db.rows`SELECT status, payment_status FROM booking.bookings
  WHERE organization_id = ${db.organization} AND reservation_id = ${reservation}`;
const payments = async (reservation) => Number(await db.sql`SELECT count(*) FROM booking.payments
  WHERE organization_id = ${db.organization} AND provider_ref LIKE ${`%${reservation}`}`);
const sound = async () => assert.equal(await db.sql`SELECT count(*) FROM booking.integrity_check()`, '0');

test('a hold is paid by each of the two, and the event that comes again has no effect', async () => {
  for (const [source, body] of [[stripe, checkout], [airwallex, intent]]) {
    const reservation = await hold();
    const event = body(reservation);
    assert.equal(await outcome(source, event), 'applied');
    assert.deepEqual(await bookings(reservation), [{ status: 'confirmed', payment_status: 'paid' }]);
    assert.equal(await outcome(source, event), 'duplicate');
    await outcome(source, body(reservation)); // the same said in another event
    assert.deepEqual(await bookings(reservation), [{ status: 'confirmed', payment_status: 'paid' }]);
    assert.equal(await payments(reservation), 1);
  }
  await sound();
});

test('1,000 at once of the same event: one effect', async () => {
  const reservation = await hold();
  const event = intent(reservation);
  const outcomes = await Promise.all([...Array(1000)].map(() => outcome(airwallex, event)));
  assert.deepEqual(outcomes.sort().slice(0, 2), ['applied', 'duplicate']);
  assert.equal(outcomes.filter((status) => status === 'duplicate').length, 999);
  assert.deepEqual(await bookings(reservation), [{ status: 'confirmed', payment_status: 'paid' }]);
  assert.equal(await payments(reservation), 1);
  await sound();
});

test('an event that was tampered with has none', async () => {
  const reservation = await hold();
  const real = intent(reservation, { amount: 0.01 });
  const forged = intent(reservation);
  const { status } = await post(relay, airwallex, forged, { signed: real });
  assert.equal(status, 401);
  assert.deepEqual(await bookings(reservation), []);
});

test('another amount or currency is a conflict: never paid', async () => {
  for (const change of [{ amount: price / 100 - 0.01 }, { currency: 'USD' }, { amount: 25.001 }]) {
    const reservation = await hold();
    assert.equal(await outcome(airwallex, intent(reservation, change)), 'conflict', JSON.stringify(change));
    assert.deepEqual((await bookings(reservation)).filter((booking) => booking.payment_status === 'paid'), []);
  }
  await sound();
});

test('numbers and characters that few can read do no harm', async () => {
  const reservation = await hold();
  const amount = (text) => intent(reservation, { ref: newId() }).replaceAll(':25', `:${text}`);
  for (const body of [amount('1e400'), amount('-25'), amount('0'), amount('1e-9'), amount('99999999999999999999999'), amount('"much"'), amount('null'),
    intent(reservation, { currency: '\u0000' }), intent(reservation, { currency: '€' }), intent('\u0000'), intent('x'.repeat(100000))]) {
    const { status, text } = await post(relay, airwallex, body, { agent });
    assert.ok([200, 400].includes(status), `${status} for ${body.slice(0, 200)}: ${text}`);
    assert.deepEqual(await bookings(reservation), [], body.slice(0, 200));
  }
  assert.equal(await outcome(airwallex, intent(reservation)), 'applied');
  await sound();
});

test('the refund comes before the payment: refunded in the end', async () => {
  const orders = [(r) => [refund(r), intent(r)], (r) => [intent(r), refund(r)]];
  const ends = [];
  for (const order of orders) {
    const reservation = await hold();
    for (const event of order(reservation)) await outcome(airwallex, event);
    ends.push(await db.rows`SELECT status, refunded_minor FROM booking.payments
      WHERE organization_id = ${db.organization} AND provider_ref = ${`int_${reservation}`}`);
  }
  assert.deepEqual(ends[0], ends[1]);
  assert.equal(ends[0].length, 1);
  assert.equal(ends[0][0].status, 'refunded');
  await sound();
});

test('an event that has to wait for a lock keeps no other one waiting', async () => {
  const [held, free] = [await hold(), await hold()];
  const locker = session(db.database);
  await locker.query('BEGIN');
  await locker.query(`SELECT 1 FROM booking.slot_reservations WHERE organization_id = ${db.organization} AND id = '${held}' FOR UPDATE`);
  const waiting = post(relay, airwallex, intent(held), { agent });
  await eventually('it waits', async () => Number(await locker.query('SELECT count(*) FROM pg_locks WHERE NOT granted')) > 0);
  assert.equal(await outcome(airwallex, intent(free)), 'applied');
  assert.deepEqual(await bookings(held), []);
  await locker.query('COMMIT');
  await locker.end();
  const first = await waiting; // or it had no more patience, and its sender comes back
  assert.ok([200, 503].includes(first.status), first.text);
  if (first.status === 503) assert.equal(await outcome(airwallex, intent(held)), 'applied');
  assert.equal((await bookings(held))[0].payment_status, 'paid');
  await sound();
});
