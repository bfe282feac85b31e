// The token flow over HTTP: what the buyer's page and curl do, as it was written down for the users of the flow; what is
// refused, with the field that is wrong; and that nothing is told to whom it is not meant for.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Relay, eventually } from './harness.mjs';
import { makeSource, newId, post } from './senders.mjs';
import { buyer, environmentOf, openShop, shopper } from './shop.mjs';

const run = promisify(execFile);
let shop, relay, url, source, create, schedule, status;

before(async () => {
  shop = await openShop('gateway');
  source = await makeSource(shop, 'airwallex', { name: 'payment-webhook', options: { refund_on_received: true } });
  relay = await Relay.start(shop.database, {
    environment: environmentOf(shop),
    config: 'gateway.create_per_minute = 100000\ngateway.schedule_per_minute = 100000\ngateway.status_per_minute = 100000\n',
  });
  url = `http://127.0.0.1:${relay.port}`;
  ({ create, schedule, status } = shopper(relay));
  await eventually('the database', async () => (await status('x')).status === 400);
});

after(async () => {
  await relay?.stop();
  await shop?.drop();
});

const token = /^[A-Za-z0-9_-]{43}\.[1-9][0-9]*$/;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const made = async (request) => {
  const answer = await create({ ...buyer, ...request });
  assert.equal(answer.status, 200, answer.text);
  return answer.body;
};
// The provider's event about the booking, signed by the provider.
const report = (bookingToken, { name = 'payment_intent.succeeded', object = { id: newId(), amount: 150.00 } } = {}) =>
  post(relay, source, JSON.stringify({ id: newId(), name, data: { object: { currency: 'USD', metadata: { booking_token: bookingToken }, ...object } } }),
    { path: '/functions/v1/payment-webhook' });
const pay = async (bookingToken) => {
  const { status: code, json } = await report(bookingToken);
  assert.deepEqual([code, json.status], [200, 'applied']);
};

// The lines of the instructions, with the address of this relay in place of the project's.
const shell = async (line) => {
  const { stdout } = await run('bash', ['-c', line.replaceAll('https://your-project.supabase.co', url)]);
  return JSON.parse(stdout);
};
const createLine = (packageId) => `
curl -X POST https://your-project.supabase.co/functions/v1/booking-create \\
  -H "Content-Type: application/json" \\
  -d '{
    "packageId": "${packageId}",
    "customerName": "Test User",
    "customerEmail": "test@example.com"
  }'`;

test('a free booking, by curl', async () => {
  const booking = await shell(createLine('discovery'));
  assert.match(booking.bookingToken, token);
  assert.match(booking.bookingId, uuid);
  assert.equal(booking.requiresPayment, false);
  assert.ok(Date.parse(booking.expiresAt) > Date.now());
  assert.equal((await status(booking.bookingToken)).body.status, 'paid');
});

test('a paid booking, by curl: created, looked at, paid, scheduled', async () => {
  const booking = await shell(createLine('single'));
  assert.equal(booking.requiresPayment, true);
  const look = () => shell(`curl "https://your-project.supabase.co/functions/v1/booking-status?token=${booking.bookingToken}"`);
  const before = await look();
  assert.deepEqual([before.id, before.status, before.paymentStatus, before.packageId, before.amountCents, before.currency],
    [booking.bookingId, 'pending', 'pending', 'single', 15000, 'USD']);
  assert.deepEqual([before.customerName, before.customerEmail], ['Test User', 'test@example.com']);
  await pay(booking.bookingToken);
  assert.equal((await look()).paymentStatus, 'paid');
  const scheduled = await shell(`
curl -X POST https://your-project.supabase.co/functions/v1/booking-schedule \\
  -H "Content-Type: application/json" \\
  -d '{
    "bookingToken": "${booking.bookingToken}",
    "startTime": "${shop.slots[0].start}",
    "endTime": "${shop.slots[0].end}"
  }'`);
  assert.equal(scheduled.success, true);
  assert.equal(Date.parse(scheduled.scheduledStart), Date.parse(shop.slots[0].start));
  assert.equal(Date.parse(scheduled.scheduledEnd), Date.parse(shop.slots[0].end));
  const scheduledStatus = await look();
  assert.equal(scheduledStatus.status, 'scheduled');
  assert.equal(Date.parse(scheduledStatus.scheduledStart), Date.parse(shop.slots[0].start));
});

// The three steps of the page, each with the names that its surroundings give it.
async function step1({ supabaseUrl, window, navigateTo }) {
  const response = await fetch(
    `${supabaseUrl}/functions/v1/booking-create`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        packageId: 'single',
        customerName: 'John Doe',
        customerEmail: 'john@example.com',
        notes: 'Looking forward to the session',
      })
    }
  );

  const { bookingToken, paymentUrl, requiresPayment } = await response.json();

  if (requiresPayment) {
    // Redirect to payment
    window.location.href = paymentUrl;
  } else {
    // Free session - go to scheduling
    navigateTo(`/schedule?token=${bookingToken}`);
  }
}

async function step2({ supabaseUrl, window, setBookingReady }) {
  const token = new URLSearchParams(window.location.search).get('token');

  // Check booking status
  const statusResponse = await fetch(
    `${supabaseUrl}/functions/v1/booking-status?token=${token}`
  );
  const booking = await statusResponse.json();

  if (booking.paymentStatus === 'paid') {
    // Show scheduling interface
    setBookingReady(true);
  }
}

async function step3({ supabaseUrl, token, selectedSlot }) {
  const scheduleResponse = await fetch(
    `${supabaseUrl}/functions/v1/booking-schedule`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        bookingToken: token,
        startTime: selectedSlot.start,
        endTime: selectedSlot.end,
        timezone: 'America/Vancouver',
      })
    }
  );

  const { meetingUrl, calBookingId } = await scheduleResponse.json();
  return { meetingUrl, calBookingId, ok: scheduleResponse.ok };
}

test('the page of the buyer, as it was written', async () => {
  await shop.sql`UPDATE booking.packages SET payment_url = 'https://pay.example/link?return=https://site.example/book?token={bookingToken}',
                                             meeting_url = 'https://meet.example/room' WHERE id = 'single'`;
  const window = { location: {} };
  await step1({ supabaseUrl: url, window, navigateTo: assert.fail });
  assert.match(window.location.href, /^https:\/\/pay\.example\/link\?return=https:\/\/site\.example\/book\?token=/);
  window.location.search = `${window.location.href.slice(window.location.href.lastIndexOf('?'))}&payment=success`;
  const bought = new URLSearchParams(window.location.search).get('token');
  let ready = false;
  const look = () => step2({ supabaseUrl: url, window, setBookingReady: (value) => { ready = value; } });
  await look();
  assert.equal(ready, false, 'the word "success" in the address pays nothing');
  await pay(bought);
  await look();
  assert.equal(ready, true);
  const done = await step3({ supabaseUrl: url, token: bought, selectedSlot: shop.slots[1] });
  assert.deepEqual([done.ok, done.meetingUrl], [true, 'https://meet.example/room']);
  await shop.sql`UPDATE booking.packages SET payment_url = NULL, meeting_url = NULL`;
});

test('the three events of a payment, by the names that the instructions give them', async () => {
  const { bookingToken } = await made({ packageId: 'single' });
  const stands = async () => { const { body } = await status(bookingToken); return [body.status, body.paymentStatus]; };
  const payment = { id: newId(), amount: 150.00 };
  await report(bookingToken, { name: 'payment.failed', object: payment });
  assert.deepEqual(await stands(), ['pending', 'failed']);
  await report(bookingToken, { name: 'payment.succeeded', object: payment });
  assert.deepEqual(await stands(), ['paid', 'paid']);
  await report(bookingToken, { name: 'payment.failed', object: payment });
  assert.deepEqual(await stands(), ['paid', 'paid'], 'paid it stays');
  await report(bookingToken, { name: 'refund.received', object: { ...payment, id: newId(), payment_intent_id: payment.id } });
  assert.deepEqual(await stands(), ['cancelled', 'refunded']);
  const wrong = await made({ packageId: 'single' });
  assert.equal((await report(wrong.bookingToken, { object: { id: newId(), amount: 0.01 } })).json.status, 'conflict');
  assert.equal((await status(wrong.bookingToken)).body.paymentStatus, 'pending', 'a cent buys nothing');
});

test('the commands of the README', async () => {
  const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
  const section = readme.slice(readme.indexOf('## A package, over HTTP'));
  const [first, look, choose, ...more] = section.slice(0, section.indexOf('\n## ', 3)).split(/\n {4}(?=curl )/).slice(1)
    .map((text) => text.split(/\n(?! {4})/)[0]);
  assert.equal(more.length, 0);
  const say = async (line, env) => JSON.parse((await run('bash', ['-c', line], { env: { ...process.env, RELAY: url, ...env } })).stdout);
  const booking = await say(first);
  await pay(booking.bookingToken);
  assert.equal((await say(look, { TOKEN: booking.bookingToken })).paymentStatus, 'paid');
  const [start, end] = choose.match(/\d{4}-\d\d-\d\dT[0-9:]+Z/g);
  const done = await say(choose.replace(start, shop.slots[1].start).replace(end, shop.slots[1].end), { TOKEN: booking.bookingToken });
  assert.equal(done.success, true);
});

test('each limit of the request, one below and one above: 400 with the field', async () => {
  const email = (length) => `${'a'.repeat(60)}@${'b'.repeat(61)}.${'c'.repeat(61)}.${'d'.repeat(length - 192)}.example`.slice(0, length - 8).concat('.example');
  const cases = [
    ['packageId', ['discovery', 'single', 'monthly', 'quarterly'], ['', 'Discovery', 'yearly', 7, null]],
    ['customerName', ['ab', 'é'.repeat(100)], ['', 'a', 'é'.repeat(101), null, 5, 'a\nb']],
    ['customerEmail', ['a@b.co', email(255)], ['', 'a', 'a@b', '@b.co', email(256), null, ['a@b.co'], 'a b@c.de']],
    ['customerPhone', ['+1 604 555 0100', null, undefined], ['no number', 5]],
    ['notes', ['x'.repeat(1000), 'é'.repeat(1000), '', null], ['x'.repeat(1001), 7]],
    ['metadata', [{}, { a: { b: [1] } }, null], ['text', [1], 5]],
    ['units', [null], [7, [], [{}], [{ unit: 'adult', quantity: 0 }], [{ unit: 'adult' }]]],
  ];
  for (const [field, good, bad] of cases) {
    for (const value of good) {
      const answer = await create({ ...buyer, [field]: value });
      assert.equal(answer.status, 200, `${field}: ${JSON.stringify(value)}: ${answer.text}`);
    }
    for (const value of bad) {
      const answer = await create({ ...buyer, [field]: value });
      assert.equal(answer.status, 400, `${field}: ${JSON.stringify(value)}: ${answer.text}`);
      assert.equal(answer.body.field, field, answer.text);
      assert.match(answer.body.code, /^BK(0\d\d|26\d)$/);
      assert.ok(answer.body.error.length > 5);
    }
    const { [field]: left, ...without } = { ...buyer, [field]: undefined };
    const answer = await create(without);
    assert.equal(answer.status, field in buyer ? 400 : 200, `without ${field}: ${answer.text}`);
  }
});

test('the same for the choice of a time', async () => {
  const { bookingToken } = await made({});
  const request = { bookingToken, startTime: shop.slots[0].start, endTime: shop.slots[0].end };
  const cases = [
    ['bookingToken', ['', 'x', bookingToken.slice(1), `${bookingToken}0`, ` ${bookingToken}`, null, 7, undefined]],
    ['startTime', ['', 'tomorrow', '2030-02-30T10:00:00Z', '2030-01-01', null, 5, undefined]],
    ['endTime', ['', 'later', '2030-13-01T10:00:00Z', null, 5, undefined]],
    ['timezone', ['no zone', 'x'.repeat(101), 5]],
    ['additionalNotes', ['x'.repeat(501), 5]],
  ];
  for (const [field, bad] of cases) {
    for (const value of bad) {
      const answer = await schedule({ ...request, [field]: value });
      const unknown = field === 'bookingToken' && answer.status === 404; // well formed, and nobody's
      assert.ok(answer.status === 400 || unknown, `${field}: ${JSON.stringify(value)}: ${answer.text}`);
      assert.ok(unknown || answer.body.field === field, answer.text);
    }
  }
  const good = await schedule({ ...request, additionalNotes: 'é'.repeat(500), timezone: 'America/Vancouver' });
  assert.equal(good.status, 200, good.text);
});

test('a token that is nobody\'s, another\'s, malformed, missing, of a booking that was not paid, or too late', async () => {
  const { bookingToken, bookingId } = await made({ packageId: 'single' });
  const slot = { startTime: shop.slots[0].start, endTime: shop.slots[0].end };
  const swapped = `${bookingToken.slice(0, 10)}${bookingToken[10] === 'A' ? 'B' : 'A'}${bookingToken.slice(11)}`;
  for (const unknown of [swapped, bookingToken.replace(/\.\d+$/, '.999')]) {
    for (const answer of [await status(unknown), await schedule({ bookingToken: unknown, ...slot })]) {
      assert.deepEqual([answer.status, answer.body.code], [404, 'BK104'], answer.text);
      assert.ok(!answer.text.includes(unknown));
    }
  }
  for (const malformed of ['x', '', bookingToken.slice(0, -2), `${bookingToken}.1`, "' OR 1=1 --", bookingToken.replace('.', '.0')]) {
    const answer = await status(malformed);
    assert.deepEqual([answer.status, answer.body.field], [400, 'token'], answer.text);
  }
  assert.deepEqual([(await status(undefined)).status, (await status(undefined)).body.field], [400, 'token']);
  const twice = await relay.get(`/functions/v1/booking-status?token=${bookingToken}&token=${bookingToken}`);
  assert.equal(twice.status, 400);
  const unpaid = await schedule({ bookingToken, ...slot });
  assert.deepEqual([unpaid.status, unpaid.body.code], [402, 'BK210'], unpaid.text);
  const other = await made({});
  const foreign = await schedule({ bookingToken: other.bookingToken, bookingId, ...slot });
  assert.deepEqual([foreign.status, foreign.body.code], [403, 'BK302'], foreign.text);
  await shop.sql`UPDATE booking.bookings SET expires_at = now() - interval '1 minute' WHERE id = ${bookingId}`;
  const late = await schedule({ bookingToken, ...slot });
  assert.deepEqual([late.status, late.body.code], [410, 'BK215'], late.text);
});

test('a time in the past, without a session, or twice', async () => {
  const { bookingToken } = await made({});
  const past = await schedule({ bookingToken, startTime: '2020-10-20T10:00:00Z', endTime: '2020-10-20T11:00:00Z' });
  assert.ok(past.status === 409 || past.status === 404, past.text);
  const none = await schedule({ bookingToken, startTime: shop.slots[0].start.replace('09:00', '09:07'), endTime: shop.slots[0].end });
  assert.deepEqual([none.status, none.body.code], [404, 'BK105'], none.text);
  const slot = (n) => ({ bookingToken, startTime: shop.slots[n].start, endTime: shop.slots[n].end });
  const [first, again, other] = [await schedule(slot(0)), await schedule(slot(0)), await schedule(slot(1))];
  assert.equal(first.status, 200, first.text);
  assert.deepEqual(again.body, first.body, 'who asks again gets the same answer');
  assert.deepEqual([other.status, other.body.code], [409, 'BK216'], other.text);
});

test('the token as bearer token, for those who keep it out of addresses', async () => {
  const { bookingToken, bookingId } = await made({});
  const bearer = { authorization: `Bearer ${bookingToken}` };
  assert.equal((await status(undefined, bearer)).body.id, bookingId);
  const other = await made({});
  assert.equal((await status(other.bookingToken, bearer)).body.id, other.bookingId, 'the address wins');
  assert.equal((await status(undefined, { authorization: `Basic ${bookingToken}` })).status, 400);
});

test('answers are kept by nobody, and HEAD tells no more than GET', async () => {
  const { bookingToken } = await made({});
  const answers = [await create(buyer), await status(bookingToken), await status('x'),
    await schedule({ bookingToken, startTime: shop.slots[0].start, endTime: shop.slots[0].end })];
  for (const { headers } of answers) {
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers.vary, 'Origin');
  }
  const head = await relay.request({ method: 'HEAD', path: `/functions/v1/booking-status?token=${bookingToken}` });
  assert.deepEqual([head.status, head.text], [200, '']);
});
