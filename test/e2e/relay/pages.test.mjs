// The hooks in a React page, and the demo page, in a real browser: what somebody does is seen by the others at once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { Browser, site } from './browser.mjs';
import { Relay, eventually, inboundSecret } from './harness.mjs';
import { environmentOf, openShop } from './shop.mjs';
import { jwtSecret, token } from './visitors.mjs';

let shop, relay, browser, app, demo, owner, student;

const jwt = (claims) => token({ aud: 'authenticated', ...claims });
const library = (name) => readFileSync(new URL(`node_modules/${name}`, import.meta.url), 'utf8');

// An application of somebody's, with what it shows in `view`.
const application = (body) => () => `<!doctype html><title>App</title><div id="app"></div>
<script src="/react.js"></script><script src="/react-dom.js"></script>
<script type="module">
import { bookingClient, bookingSubscriptionManager } from 'http://127.0.0.1:${relay.port}/booking-client.js';
import { createBookingHooks } from 'http://127.0.0.1:${relay.port}/booking-react.js';
const hooks = createBookingHooks(React);
const h = React.createElement;
window.manager = bookingSubscriptionManager;
bookingClient.configure({ token: new URLSearchParams(location.search).get('token') ?? '' });
function App() { ${body} }
window.root = ReactDOM.createRoot(document.getElementById('app'));
window.root.render(h(App));
</script>`;

before(async () => {
  shop = await openShop('pages');
  owner = jwt({ sub: 'owner-1' });
  student = jwt({ sub: 'student-1' });
  await shop.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${shop.organization}, 'owner-1', 'owner')`;
  await shop.sql`UPDATE booking.customers SET user_id = 'student-1' WHERE email = 'ada@example.com'`;
  app = await site({
    '/react.js': library('react/umd/react.development.js'), '/react-dom.js': library('react-dom/umd/react-dom.development.js'),
    '/court': application(`
      const { availability, isConnected } = hooks.useRealtimeAvailability('${shop.activity}');
      const { sessions, venue, loading } = hooks.useWidgetData({ embedKey: 'hall-key' });
      const { slots } = hooks.useAvailability({ sessions, partySize: 2 });
      return h('pre', { id: 'out' }, JSON.stringify({ availability, isConnected, venue: venue?.name, loading, slots: slots.map((slot) => [slot.id, slot.seats_available]) }));`),
    '/bookings': application(`
      const mine = hooks.useBookingEvents('${shop.booking}');
      const all = hooks.useRealtimeBookings(undefined, { organizationId: ${shop.organization} });
      const { clearEvents } = mine;
      window.clearEvents = clearEvents;
      return h('pre', { id: 'out' }, JSON.stringify([mine, all].map((state) => ({ ...state, events: state.events.map(({ event_type, description }) => [event_type, description]) }))));`),
    '/components': application(`return h('div', null, h(hooks.BookingEventMonitor, { bookingId: '${shop.booking}' }), h(hooks.UserEventMonitor, {}));`),
  });
  await shop.sql`UPDATE booking.venues SET embed_key = 'hall-key', allowed_origins = ARRAY[${app.origin}]`;
  relay = await Relay.start(shop.database, {
    environment: environmentOf(shop, { SUPABASE_JWT_SECRET: jwtSecret, SUPABASE_WEBHOOK_SECRET: inboundSecret }),
    config: 'realtime.availability_ms = 50\ngateway.catalogue_per_minute = 100000\n',
  });
  browser = await Browser.start();
  await eventually('the gateway', async () => (await relay.get('/api/venues/hall-key', { headers: { origin: app.origin } })).headers['access-control-allow-origin']);
  demo = `http://127.0.0.1:${relay.port}/demo/real-time-bookings`;
});

after(async () => {
  await browser?.stop();
  await relay?.stop();
  app?.close();
  await shop?.drop();
});

afterEach(() => browser.closePages());

const out = () => JSON.parse(document.getElementById('out')?.textContent ?? 'null');
const nextSession = () => shop.sql`SELECT id FROM booking.sessions WHERE activity_id = ${shop.activity} ORDER BY start_time OFFSET 1 LIMIT 1`;

test('seed 000: two browsers see the same availability; what one books the other sees', async () => {
  const [a, b] = [await browser.page(`${app.origin}/court`), await browser.page(`${app.origin}/court`)];
  const session = await nextSession();
  for (const page of [a, b]) {
    await page.until('the seats', (id) => {
      const state = JSON.parse(document.getElementById('out')?.textContent ?? '{}');
      return state.isConnected && !state.loading && state.availability[id] === 1000 && state.venue === 'Hall';
    }, session);
  }
  const made = await a.evaluate(async (base, id) => {
    const { bookingClient } = await import(`${base}/booking-client.js`);
    const hold = await bookingClient.hold(id, { partySize: 7, email: 'browser-a@example.com' });
    return bookingClient.confirm(hold, { name: 'A' });
  }, `http://127.0.0.1:${relay.port}`, session);
  assert.match(made.booking_number, /^[A-Z0-9]{8}$/);
  for (const page of [a, b]) {
    await page.until('the change', (id) => JSON.parse(document.getElementById('out').textContent).availability[id] === 993, session);
  }
  assert.deepEqual([...a.problems, ...b.problems], []);
  await a.close();
  await b.close();
});

test('hooks of bookings tell what happens, with the token’s rights', async () => {
  const page = await browser.page(`${app.origin}/bookings?token=${owner}`);
  await page.until('the streams', () => JSON.parse(document.getElementById('out')?.textContent ?? '[]').every?.(({ isConnected }) => isConnected));
  await shop.emit({ description: 'The first <b>thing</b>' });
  await page.until('the event', () => JSON.parse(document.getElementById('out').textContent)[0].events.length === 1);
  const [mine, all] = await page.evaluate(out);
  assert.deepEqual(mine.events, [['booking.updated', 'The first <b>thing</b>']]);
  assert.deepEqual([all.events, mine.error, Object.keys(mine).sort()], [mine.events, null, ['error', 'events', 'isConnected']]);
  assert.equal(await page.evaluate(() => window.manager.getActiveSubscriptionCount()), 2);
  await page.evaluate(() => window.clearEvents());
  await page.until('the list to be empty', () => JSON.parse(document.getElementById('out').textContent)[0].events.length === 0);
  await page.evaluate(() => window.root.unmount());
  await page.until('the end', () => window.manager.getActiveSubscriptionCount() === 0);
  await page.close();
});

test('who may not is told so', async () => {
  const page = await browser.page(`${app.origin}/bookings?token=${jwt({ sub: 'nobody' })}`);
  await page.until('the refusal', (number) => JSON.parse(document.getElementById('out')?.textContent ?? '[{}, {}]')[1].error === `organization:${number} is not for whoever has this token`, shop.organization);
  await page.close();
});

test('components show events as text', async () => {
  const page = await browser.page(`${app.origin}/components?token=${student}`);
  await page.until('the streams', () => document.querySelectorAll('.booking-events-on').length === 2);
  await shop.emit({ description: '<script>alert(1)</script>' });
  await page.until('the event', () => document.querySelectorAll('.booking-events-list li').length >= 1);
  assert.equal(await page.evaluate(() => document.querySelectorAll('#app script').length), 0);
  assert.deepEqual(page.problems, []);
  await page.close();
});

// The demo page, as owner and student.
async function openDemo(more = {}) {
  const address = new URLSearchParams({ key: 'hall-key', organization: shop.organization, token: owner, student, ...more });
  const page = await browser.page(`${demo}#${address}`, { width: 1400, height: 1000 });
  await page.until('the connections', () => ['owner-state', 'student-state'].every((id) => document.getElementById(id).textContent === 'Live'));
  return page;
}
const ownerLines = () => [...document.querySelectorAll('#owner-events b')].map((node) => node.textContent);

test('seed 004, test 1: the owner sees a new booking at once, with a notification and a badge', async () => {
  const page = await openDemo();
  assert.equal(await page.evaluate(() => location.hash), '', 'no token stays in the address');
  await page.frame().until('the widget', () => document.querySelectorAll('.slot').length > 0);
  const hold = await shop.sql`SELECT reservation_id FROM booking.reserve_slot(${await nextSession()}, 1, 'john@example.com')`;
  await shop.sql`SELECT booking.confirm_reservation(${hold}, customer_name => 'John <i>Doe</i>')`;
  // What comes after it has come: whatever is told of the booking being made has been told.
  await page.until('its confirmation', () => [...document.querySelectorAll('#owner-events b')].some((node) => node.textContent === 'booking.confirmed'));
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('#toasts .toast')].map((node) => node.textContent)), ['New booking from John <i>Doe</i>!']);
  assert.equal(await page.evaluate(() => document.getElementById('badge').textContent), '1 new');
  assert.match(await page.evaluate(() => document.title), /^\(1\) /);
  assert.equal(await page.evaluate(() => document.querySelectorAll('#owner-events i').length), 0);
  await page.evaluate(() => { const kind = document.getElementById('kind'); kind.value = 'payment'; kind.dispatchEvent(new Event('change')); });
  assert.deepEqual(await page.evaluate(ownerLines), []);
  await page.evaluate(() => { const kind = document.getElementById('kind'); kind.value = 'booking.created'; kind.dispatchEvent(new Event('change')); });
  assert.deepEqual(await page.evaluate(ownerLines), ['booking.created']);
  await page.close();
});

const studentSees = async (kind, cause, toast) => {
  const page = await openDemo();
  await cause();
  await page.until(kind, (wanted) => [...document.querySelectorAll('#student-events b')].some((node) => node.textContent === wanted), kind);
  if (toast) await page.until('the notification', (text) => document.getElementById('toasts').textContent.includes(text), toast);
  return page;
};

test('seed 004, test 2: the student sees a new price at once', async () => {
  const page = await studentSees('pricing.updated', () => shop.sql`UPDATE booking.activities SET price_minor = 7500 WHERE id = ${shop.activity}`, 'Pricing has been updated!');
  await page.frame().until('the price in the widget', () => document.getElementById('price').textContent === '$75.00 each');
  await shop.sql`UPDATE booking.activities SET price_minor = 0 WHERE id = ${shop.activity}`;
  await page.close();
});

test('seed 004, test 3: the student sees the check-in at once', async () => {
  const page = await studentSees('booking.checked_in', () => shop.sql`SELECT booking.check_in(${shop.booking})`, 'You have been checked in!');
  await page.close();
});

test('seed 004, test 4: the student sees a new library at once', async () => {
  const page = await studentSees('venue.created', () => shop.sql`INSERT INTO booking.venues (organization_id, name, timezone) VALUES (${shop.organization}, 'New <u>library</u>', 'UTC')`, 'New venue: New <u>library</u>');
  assert.equal(await page.evaluate(() => document.querySelectorAll('#student-events u').length), 0);
  await page.close();
});

test('seed 004, test 5: a connection that is lost comes back by itself, and nothing is missed', async () => {
  const page = await openDemo();
  await shop.emit({ description: 'before' });
  await page.until('the first', () => document.getElementById('owner-events').textContent.includes('before'));
  await page.call('Network.emulateNetworkConditions', { offline: true, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  const { port } = relay;
  await relay.stop();
  await page.until('the loss', () => document.getElementById('owner-state').textContent !== 'Live');
  await shop.emit({ description: 'meanwhile' });
  relay = await Relay.start(shop.database, {
    environment: environmentOf(shop, { SUPABASE_JWT_SECRET: jwtSecret, SUPABASE_WEBHOOK_SECRET: inboundSecret }), port, config: 'realtime.availability_ms = 50\n',
  });
  await page.call('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await page.until('the connection', () => document.getElementById('owner-state').textContent === 'Live');
  await page.until('what was missed', () => document.getElementById('owner-events').textContent.includes('meanwhile'));
  await page.close();
});

test('the demo tests webhooks and shows the health', async () => {
  const page = await openDemo();
  await page.until('the health', () => document.getElementById('health').textContent === 'Health: ready');
  const send = (key, booking) => {
    document.getElementById('secret').value = key;
    document.getElementById('booking').value = booking;
    document.getElementById('webhook').requestSubmit();
  };
  await page.evaluate(send, inboundSecret, shop.booking);
  await page.until('the result', () => document.getElementById('webhook-result').textContent.startsWith('PASS: stored'));
  await page.until('the event', () => document.getElementById('owner-events').textContent.includes('A test from the demo page'));
  await page.evaluate(send, 'wrong', shop.booking);
  await page.until('the refusal', () => document.getElementById('webhook-result').textContent.startsWith('FAIL: '));
  await page.close();
});
