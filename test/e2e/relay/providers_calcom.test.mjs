// Appointments at Cal.com, with a stand-in that misbehaves: what is chosen here is made there, once, whatever happens to
// the answers; what is moved or called off on either side is so on both; and no time that is taken loses a customer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Relay, eventually, session as connect } from './harness.mjs';
import { makeSource, post as deliver } from './senders.mjs';
import { buyer, environmentOf, openShop, shopper } from './shop.mjs';
import { apiKey, calcomStandIn } from './stand_ins/calcom.mjs';

const types = { 123: 30, 125: 60, 777: 45 };
let shop, relay, calcom, source, create, schedule, status, post, secondRelay;
const logs = [];

const environment = () => ({
  ...environmentOf(shop), CAL_API_KEY: apiKey, CAL_BASE_URL: calcom.url, CAL_DISCOVERY_EVENT_TYPE_ID: '123', CAL_MONTHLY_EVENT_TYPE_ID: '125',
});
const config = 'providers.poll_ms = 50\nproviders.timeout_ms = 1000\ngateway.create_per_minute = 100000\ngateway.status_per_minute = 100000\n'
  + 'gateway.schedule_per_minute = 100000\ngateway.change_per_minute = 100000\n';

before(async () => {
  shop = await openShop('providers_calcom');
  calcom = await calcomStandIn(types, { pending: [777] });
  await shop.sql`UPDATE booking.packages SET activity_id = NULL, calendar_provider = 'calcom', price_minor = 0,
    calendar_event_type = CASE id WHEN 'quarterly' THEN '777' END`;
  source = await makeSource(shop, 'calcom');
  relay = await Relay.start(shop.database, { environment: environment(), config });
  ({ create, schedule, status, post } = shopper(relay));
  await eventually('the database', async () => (await status('x')).status === 400);
});

after(async () => {
  for (const each of [relay, secondRelay]) await each?.stop();
  calcom?.close();
  await shop?.drop();
});

// Half hours from a week ahead on, no two alike.
let slots = 0;
const slot = () => {
  const start = new Date(Math.ceil(Date.now() / 3600000) * 3600000 + 7 * 86400000 + ++slots * 2 * 3600000);
  return { startTime: start.toISOString(), endTime: new Date(start.getTime() + 30 * 60000).toISOString() };
};
let buyers = 0;
const mail = () => `guest-${++buyers}@example.com`;
const buy = async (packageId = 'discovery', customerEmail = mail()) => {
  const { status: code, body, text } = await create({ ...buyer, packageId, customerEmail, metadata: { language: 'de' } });
  assert.equal(code, 200, text);
  return { ...body, customerEmail };
};
const choose = async (bought, time, more = {}) => {
  const { status: code, body, text } = await schedule({ bookingToken: bought.bookingToken, ...time, timezone: 'America/Vancouver', ...more });
  assert.equal(code, 200, text);
  return body;
};
const change = async (what, bought, more = {}) => {
  const { status: code, body, text } = await post(`booking-${what}`, { bookingToken: bought.bookingToken, ...more });
  assert.equal(code, 200, text);
  return body;
};
// Nobody wants to wait for the pauses between attempts.
const hurry = () => shop.sql`UPDATE booking.provider_calls SET next_attempt_at = booking.clock() WHERE status = 'pending' AND next_attempt_at > booking.clock()`;
const settled = () => eventually('no call under way', async () => {
  await hurry();
  return await shop.sql`SELECT count(*) FROM booking.provider_calls WHERE status IN ('pending', 'running')` === '0';
});
const stands = async ({ bookingToken }) => JSON.parse(await shop.sql`SELECT booking.booking_status(${bookingToken})`);
const scheduled = (bought) => eventually('it is scheduled', async () => {
  await hurry();
  const now = await stands(bought);
  return now.status === 'scheduled' && !now.requestedStart && now;
});
const send = async (body) => {
  const { status: code, json, text } = await deliver(relay, source, body);
  assert.equal(code, 200, text);
  return json.status;
};
// All that Cal.com has to tell, in the order in which it happened or the other way round.
const tell = async ({ reversed = false } = {}) => {
  const all = calcom.webhooks.splice(0);
  const statuses = [];
  for (const { body } of reversed ? all.reverse() : all) statuses.push(await send(body));
  return statuses;
};
const asked = (method = 'POST') => calcom.requests.filter((request) => request.method === method).length;
const look = (id) => shop.sql`UPDATE booking.provider_calls SET check_at = booking.clock() - interval '1 s' WHERE booking_id::text = ${id} AND check_at IS NOT NULL`;
const traces = (id) => shop.sql`SELECT concat_ws(' ', b.version, (SELECT count(*) FROM booking.booking_events AS e WHERE e.booking_id = b.id),
  (SELECT count(*) FROM booking.booking_changes AS c WHERE c.booking_id = b.id)) FROM booking.bookings AS b WHERE b.id::text = ${id}`;
const sound = async () => {
  assert.deepEqual(calcom.problems, []);
  assert.equal(await shop.sql`SELECT count(*) FROM booking.integrity_check()`, '0');
};

test('from the time that is chosen to the appointment, and its own webhook changes nothing', async () => {
  const bought = await buy();
  const time = slot();
  const answer = await choose(bought, time, { additionalNotes: 'By the window, "please"' });
  assert.equal(answer.scheduledStart, time.startTime);
  const now = await scheduled(bought);
  const [made, ...others] = calcom.of(bought.bookingId);
  assert.deepEqual(others, []);
  assert.deepEqual([now.scheduledStart, now.scheduledEnd, now.meetingUrl, now.calBookingId], [made.start, made.end, made.location, String(made.id)]);
  assert.deepEqual(made.attendees[0], { name: buyer.customerName, email: bought.customerEmail, timeZone: 'America/Vancouver', language: 'de', absent: false });
  assert.equal(JSON.parse(calcom.requests.findLast(({ method }) => method === 'POST').body).bookingFieldsResponses.notes, 'By the window, "please"');
  const again = await choose(bought, time);
  assert.deepEqual([again.calUid, again.calBookingId, again.status], [made.uid, made.id, 'scheduled']);
  const before_ = [await traces(bought.bookingId), asked()];
  assert.deepEqual(await tell(), ['applied']);
  await settled();
  assert.deepEqual([await traces(bought.bookingId), asked()], before_);
  await sound();
});

test('moved and cancelled here, it is so there, and nothing comes back', async () => {
  const bought = await buy();
  await choose(bought, slot());
  await scheduled(bought);
  const later = slot();
  const moved = await change('reschedule', bought, later);
  assert.equal(moved.requestedStart, later.startTime);
  await eventually('it is moved', async () => (await stands(bought)).scheduledStart === later.startTime);
  assert.deepEqual(calcom.standing(bought.bookingId).map(({ start }) => start), [later.startTime]);
  const before_ = asked();
  assert.deepEqual(await tell({ reversed: true }), ['applied', 'stale']);
  await change('cancel', bought);
  await settled();
  assert.deepEqual(calcom.standing(bought.bookingId), []);
  assert.deepEqual(await tell(), ['stale']);
  await settled();
  assert.equal((await stands(bought)).status, 'cancelled');
  assert.equal(asked(), before_ + 1);
  await sound();
});

test('moved and called off there, it is so here, whatever the order of the webhooks, and nobody is asked', async () => {
  for (const reversed of [false, true]) {
    const bought = await buy();
    await choose(bought, slot());
    await scheduled(bought);
    const [made] = calcom.of(bought.bookingId);
    const { startTime } = slot();
    calcom.move(made, startTime);
    const [moved] = calcom.standing(bought.bookingId);
    const before_ = asked();
    await tell({ reversed });
    assert.equal((await stands(bought)).scheduledStart, startTime);
    calcom.callOff(moved);
    const [{ body }] = calcom.webhooks;
    assert.deepEqual([...await tell(), await send(body)], ['applied', 'duplicate']);
    assert.equal((await stands(bought)).status, 'cancelled');
    await settled();
    assert.equal(asked(), before_);
  }
  await sound();
});

test('a time that is taken: the booking needs another, and gets it', async () => {
  for (const how of [undefined, { status: 409 }]) {
    const bought = await buy();
    const time = slot();
    calcom.occupy(123, time.startTime);
    if (how) calcom.misbehave(how, ({ method }) => method === 'POST');
    await choose(bought, time);
    const refused = await eventually('the refusal', async () => { await hurry(); const now = await stands(bought); return now.needsReschedule && now; });
    assert.deepEqual([refused.status, refused.requestedStart, refused.scheduledStart], ['paid', undefined, undefined]);
    assert.equal(await shop.sql`SELECT calendar_refusal FROM booking.bookings WHERE id = ${bought.bookingId}`, 'slot_taken');
    assert.deepEqual(calcom.of(bought.bookingId), []);
    const free = slot();
    await choose(bought, free);
    const now = await scheduled(bought);
    assert.deepEqual([now.scheduledStart, now.needsReschedule], [free.startTime, undefined]);
    calcom.occupy(123, slot().startTime);
    await change('reschedule', bought, { startTime: time.startTime, endTime: time.endTime });
    await eventually('the other refusal', async () => { await hurry(); return (await stands(bought)).needsReschedule; });
    assert.equal((await stands(bought)).scheduledStart, free.startTime, 'the old time stays');
    assert.equal(calcom.standing(bought.bookingId).length, 1);
  }
  await tell();
  await sound();
});

test('a host who has to confirm, and does not', async () => {
  const [kept, lost] = [await buy('quarterly'), await buy('quarterly')];
  for (const bought of [kept, lost]) await choose(bought, slot());
  await settled();
  assert.equal((await stands(kept)).status, 'paid');
  const [wanted] = calcom.standing(kept.bookingId);
  calcom.confirm(wanted);
  const [declined] = calcom.standing(lost.bookingId);
  Object.assign(declined, { status: 'rejected', updatedAt: new Date().toISOString() });
  await tell();
  assert.equal((await stands(kept)).status, 'scheduled');
  await look(lost.bookingId);
  await eventually('it is looked up', async () => (await stands(lost)).needsReschedule);
  await sound();
});

test('each session of a package is an appointment of its own', async () => {
  const bought = await buy('monthly');
  const times = [slot(), slot(), slot()];
  for (const time of times) await choose(bought, time);
  await settled();
  assert.equal((await stands(bought)).sessionsScheduled, 3);
  const further = await shop.rows`SELECT id, scheduled_start FROM booking.bookings WHERE package_booking_id = ${bought.bookingId} ORDER BY scheduled_start`;
  assert.deepEqual([...calcom.of(bought.bookingId), ...further.flatMap(({ id }) => calcom.of(id))].map(({ start }) => start).sort(), times.map(({ startTime }) => startTime));
  await tell();
  await sound();
});

test('whatever happens to the answer: there is one appointment', async () => {
  const ways = ['lost', 'garbage', 'huge', 'slow', 'silent', 'cut', { status: 500 }, { status: 503 }, { status: 408 },
    { status: 307, headers: { location: '/elsewhere' } }, { status: 429, headers: { 'retry-after': '1' } }];
  const bought = await Promise.all(ways.map(() => buy()));
  for (const [index, how] of ways.entries()) {
    calcom.misbehave(how, ({ method, body }) => method === 'POST' && body.includes(bought[index].customerEmail));
  }
  const times = ways.map(() => slot());
  await Promise.all(bought.map((each, index) => choose(each, times[index])));
  // What is looked for is not taken for missing because the answer to that is none either.
  calcom.misbehave({ status: 500 }, ({ method }) => method === 'GET');
  calcom.misbehave('garbage', ({ method }) => method === 'GET');
  for (const [index, each] of bought.entries()) {
    await eventually(`${JSON.stringify(ways[index])}: ${each.bookingId}`, async () => { await hurry(); return (await stands(each)).status === 'scheduled'; });
    assert.equal(calcom.of(each.bookingId).length, 1, JSON.stringify(ways[index]));
  }
  assert.equal(calcom.planned(), 0);
  assert.deepEqual(calcom.requests.filter(({ path }) => path === '/elsewhere'), []);

  for (const how of ['lost', 'garbage', 'silent', { status: 500 }]) {
    const each = bought.shift();
    const { startTime, endTime } = slot();
    calcom.misbehave(how, ({ path }) => path.endsWith('/reschedule'));
    await change('reschedule', each, { startTime, endTime });
    await eventually('it is moved', async () => { await hurry(); return (await stands(each)).scheduledStart === startTime; });
    calcom.misbehave(how, ({ path }) => path.endsWith('/cancel'));
    await change('cancel', each);
    await settled();
    assert.deepEqual(calcom.standing(each.bookingId), []);
  }
  assert.equal(calcom.planned(), 0);
  await tell();
  await settled();
  await sound();
});

test('webhooks that came while the database was away are lost, and it is asked instead', async () => {
  const [moved, off] = [await buy(), await buy()];
  for (const bought of [moved, off]) await choose(bought, slot());
  for (const bought of [moved, off]) await scheduled(bought);
  await tell();
  const { startTime } = slot();
  calcom.move(calcom.standing(moved.bookingId)[0], startTime);
  calcom.callOff(calcom.standing(off.bookingId)[0]);
  const administer = (text) => execFileSync('psql', ['-XAtqc', text, 'postgres']);
  administer(`ALTER DATABASE ${shop.database} ALLOW_CONNECTIONS false`);
  try {
    administer(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '${shop.database}' AND application_name = 'booking-relay'`);
    for (const { body } of calcom.webhooks.splice(0)) assert.ok((await deliver(relay, source, body)).status >= 500);
  } finally {
    administer(`ALTER DATABASE ${shop.database} ALLOW_CONNECTIONS true`);
  }
  assert.equal((await stands(off)).status, 'scheduled', 'nothing has come');
  for (const bought of [moved, off]) await look(bought.bookingId);
  await eventually('the one is moved', async () => { await hurry(); return (await stands(moved)).scheduledStart === startTime; });
  await eventually('the other is cancelled', async () => { await hurry(); return (await stands(off)).status === 'cancelled'; });
  await settled();
  await sound();
});

test('kill -9 between the answer and our commit: no second appointment', async () => {
  await settled();
  relay.child.kill('SIGSTOP');
  const made = JSON.parse(await shop.sql`SELECT booking.booking_create(${shop.organization}, ${{ ...buyer, customerEmail: mail() }}::jsonb)`);
  await shop.sql`SELECT booking.booking_schedule(${{ bookingToken: made.bookingToken, ...slot() }}::jsonb)`;
  const locker = connect(shop.database);
  await locker.query('BEGIN');
  await locker.query(`SELECT 1 FROM booking.bookings WHERE organization_id = ${shop.organization} AND id = '${made.bookingId}' FOR UPDATE`);
  relay.child.kill('SIGCONT');
  await eventually('it is made', () => calcom.of(made.bookingId).length === 1);
  await eventually('the answer is about to be recorded', async () =>
    Number(await shop.sql`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%relay_complete_call%'`) > 0);
  logs.push(relay);
  relay.child.kill('SIGKILL');
  await relay.ended;
  await shop.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%relay_complete_call%' AND pid <> pg_backend_pid()`;
  await locker.query('ROLLBACK');
  await locker.end();
  secondRelay = await Relay.start(shop.database, { environment: environment(), config });
  await eventually('it is known', async () => { await hurry(); return (await stands(made)).status === 'scheduled'; }, 30000);
  assert.equal(calcom.of(made.bookingId).length, 1);
  await sound();
});

test('no log has a secret in it, or a person', () => {
  const text = [...logs, secondRelay].map(({ log }) => log).join('');
  assert.ok(text.includes('a provider was called'));
  for (const secret of [apiKey, '@example.com', buyer.customerName]) assert.ok(!text.includes(secret), secret);
});
