// Payments at Stripe and Airwallex, from the booking to the webhook, with stand-ins that misbehave: one page for each
// booking whatever happens, closed when nothing is to be paid any more, and no money lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Relay, eventually, session as connect } from './harness.mjs';
import { makeSource, post as deliver } from './senders.mjs';
import { buyer, environmentOf, openShop, shopper } from './shop.mjs';
import { airwallexStandIn, keys } from './stand_ins/airwallex.mjs';
import { secretKey, stripeStandIn } from './stand_ins/stripe.mjs';

const site = 'https://shop.example';
let shop, relay, stripe, airwallex, sources, create, status, post, secondRelay;
const logs = [];

const environment = () => ({
  ...environmentOf(shop, { NEXT_PUBLIC_APP_URL: site }), STRIPE_SECRET_KEY: secretKey, STRIPE_BASE_URL: stripe.url,
  AIRWALLEX_CLIENT_ID: keys.clientId, AIRWALLEX_API_KEY: keys.apiKey, AIRWALLEX_BASE_URL: `${airwallex.url}/`,
});
const config = 'providers.poll_ms = 50\nproviders.timeout_ms = 1000\ngateway.create_per_minute = 100000\ngateway.status_per_minute = 100000\n'
  + 'gateway.hold_per_minute = 100000\n';
const noWait = 'gateway.payment_wait_ms = 0\n';

before(async () => {
  shop = await openShop('providers_payments');
  stripe = await stripeStandIn({ price_right: { unit_amount: 120000, currency: 'usd' }, price_wrong: { unit_amount: 100, currency: 'usd' } });
  airwallex = await airwallexStandIn();
  await shop.sql`UPDATE booking.packages SET payment_provider = CASE id WHEN 'monthly' THEN 'airwallex' ELSE 'stripe' END,
    stripe_price_id = CASE id WHEN 'quarterly' THEN 'price_right' END`;
  await shop.sql`UPDATE booking.activities SET price_minor = 2500, price_basis = 'seat', currency = 'EUR', payment_provider = 'stripe'`;
  sources = { stripe: await makeSource(shop, 'stripe'), airwallex: await makeSource(shop, 'airwallex') };
  relay = await Relay.start(shop.database, { environment: environment(), config: config + noWait });
  ({ create, status, post } = shopper(relay));
  await eventually('the database', async () => (await status('x')).status === 400);
});

after(async () => {
  for (const each of [relay, secondRelay]) await each?.stop();
  for (const each of [stripe, airwallex]) each?.close();
  await shop?.drop();
});

let buyers = 0;
const mail = () => `buyer-${++buyers}@example.com`;
const buy = async (packageId, customerEmail = mail()) => {
  const { status: code, body, text } = await create({ ...buyer, packageId, customerEmail });
  assert.equal(code, 200, text);
  assert.equal(body.requiresPayment, true);
  return { ...body, customerEmail };
};
// Nobody wants to wait for the pauses between attempts.
const hurry = () => shop.sql`UPDATE booking.provider_calls SET next_attempt_at = booking.clock() WHERE status = 'pending' AND next_attempt_at > booking.clock()`;
const stands = async ({ bookingToken }) => (await status(bookingToken)).body;
const page = (bought) => eventually('a page', async () => { await hurry(); return (await stands(bought)).paymentUrl; });
const look = (subject) => shop.sql`UPDATE booking.provider_calls SET check_at = booking.clock() - interval '1 s'
  WHERE action = 'create_payment' AND status = 'done' AND ${subject} IN (booking_id::text, reservation_id::text)`;
const settled = () => eventually('no call under way', async () => {
  await hurry();
  return await shop.sql`SELECT count(*) FROM booking.provider_calls WHERE status IN ('pending', 'running')` === '0';
});
const payments = (id) => shop.rows`SELECT status, amount_minor, provider_ref FROM booking.payments WHERE ${id} IN (booking_id::text, reservation_id::text)`;
const send = async (source, event) => {
  const { status: code, json, text } = await deliver(relay, source, event);
  assert.equal(code, 200, text);
  return json.status;
};
const sound = async () => {
  assert.deepEqual([...stripe.problems, ...airwallex.problems], []);
  assert.equal(await shop.sql`SELECT count(*) FROM booking.integrity_check()`, '0');
};
const hold = async (party = 1) => {
  const [made] = await shop.rows`SELECT r.reservation_id, r.hold_token FROM booking.next_available_sessions(${shop.activity}, 1, 1, now()) AS s,
    booking.reserve_slot(s.session_id, ${party}::integer, ${mail()}) AS r`;
  const call = (what) => relay.request({ method: 'POST', path: `/api/holds/${made.reservation_id}/${what}`,
    headers: { 'content-type': 'application/json' }, body: JSON.stringify({ hold_token: made.hold_token }) });
  const url = () => shop.sql`SELECT booking.reservation_status(${made.reservation_id}, ${made.hold_token}) ->> 'payment_url'`;
  return { id: made.reservation_id, call, page: () => eventually('a page', async () => { await hurry(); return url(); }) };
};

test('from the booking to the payment, at each provider: what we write is what its webhook brings back', async () => {
  for (const [packageId, standIn, source, amount] of [['single', stripe, sources.stripe, 15000], ['monthly', airwallex, sources.airwallex, 50000]]) {
    const bought = await buy(packageId);
    const url = await page(bought);
    const [open, ...others] = standIn.of(bought.bookingId);
    assert.deepEqual([url, others], [open.url, []]);
    assert.equal(open.success_url ?? open.return_url, `${site}/book?token=${bought.bookingToken}&payment=success`);
    const [first, second] = standIn.pay(open);
    assert.equal(await send(source, first), 'applied');
    assert.equal((await stands(bought)).paymentStatus, 'paid');
    assert.equal(await send(source, first), 'duplicate');
    await send(source, second);
    assert.deepEqual((await payments(bought.bookingId)).map((payment) => [payment.status, payment.amount_minor]), [['paid', amount]]);
    assert.equal((await stands(bought)).paymentUrl, undefined);
    await settled();
  }
  assert.deepEqual([...stripe.sessions.values()].map(({ customer_email: email, amount_total: total, currency }) => [email, total, currency]),
    [['buyer-1@example.com', 15000, 'usd']]);
  assert.deepEqual([...airwallex.links.values()].map(({ amount, currency }) => [amount, currency]), [[500, 'USD']]);
  await sound();
});

test('the price at Stripe is charged if it is ours, and no page with another one stays open', async () => {
  const right = await buy('quarterly');
  await page(right);
  assert.equal(stripe.of(right.bookingId)[0].amount_total, 120000);
  await shop.sql`UPDATE booking.packages SET stripe_price_id = 'price_wrong' WHERE id = 'quarterly'`;
  const wrong = await buy('quarterly');
  await settled();
  assert.deepEqual(await shop.rows`SELECT status, reason FROM booking.provider_calls WHERE booking_id = ${wrong.bookingId}`,
    [{ status: 'failed', reason: 'the page asks for 100 usd, not for the price' }]);
  assert.deepEqual(stripe.of(wrong.bookingId).map((each) => each.status), ['expired']);
  await sound();
});

test('whatever happens to the answer: Stripe has made one page, and the booking has it', async () => {
  const emails = new Map();
  const named = (email) => (request) => request.method === 'POST' && request.body.includes(encodeURIComponent(email));
  for (const how of ['lost', 'garbage', 'huge', 'slow', 'silent', 'cut', 'remembered 500', { status: 500 }, { status: 503 },
    { status: 409, body: '{"error":{"type":"idempotency_error"}}' }, { status: 307, headers: { location: '/elsewhere' } },
    { status: 429, headers: { 'retry-after': '1' } }]) {
    const email = mail();
    stripe.misbehave(how, named(email));
    emails.set(email, JSON.stringify(how));
  }
  const bought = await Promise.all([...emails.keys()].map((email) => buy('single', email)));
  for (const each of bought) {
    const url = await page(each);
    const open = stripe.of(each.bookingId);
    assert.equal(open.length, 1, emails.get(each.customerEmail));
    assert.equal(url, open[0].url, emails.get(each.customerEmail));
  }
  assert.equal(stripe.planned(), 0);
  assert.deepEqual(stripe.requests.filter(({ path }) => path === '/elsewhere'), []);
  await sound();
});

test('an address that Stripe does not take is left out, also where the answer is lost', async () => {
  for (const how of [undefined, 'lost']) {
    const email = `buyer-${++buyers}@invalid.example`;
    if (how) stripe.misbehave(how, (request) => request.method === 'POST' && !request.body.includes('customer_email'));
    const bought = await buy('single', email);
    const url = await page(bought);
    assert.deepEqual(stripe.of(bought.bookingId).map((each) => [each.url, each.customer_email]), [[url, null]]);
  }
  await sound();
});

test('and Airwallex one link, although it would make another for each request', async () => {
  const isMaking = ({ path }) => path.endsWith('/create');
  const ways = ['lost', 'garbage', 'huge', 'slow', 'cut', { status: 500 }, { status: 409 }, { status: 429, headers: { 'retry-after': '1' } }, { status: 302, headers: { location: '/elsewhere' } }];
  for (const how of ways) airwallex.misbehave(how, isMaking);
  const bought = await Promise.all(ways.map(() => buy('monthly')));
  for (const each of bought) {
    const url = await page(each);
    assert.deepEqual(airwallex.of(each.bookingId).map((link) => link.url), [url]);
  }
  assert.equal(airwallex.planned(), 0);
  await sound();
});

test('one login for many calls; a token that is refused, or over, leads to just one more', async () => {
  const before_ = airwallex.logins();
  await Promise.all([...Array(5)].map(async () => page(await buy('monthly'))));
  assert.equal(airwallex.logins(), before_, 'the token is kept');
  airwallex.tokens.clear();
  await Promise.all([...Array(5)].map(async () => page(await buy('monthly'))));
  assert.equal(airwallex.logins(), before_ + 1);
  airwallex.lastFor(60); // a minute before its end a token is over: good for the call that has asked for it, and no other
  airwallex.tokens.clear();
  await page(await buy('monthly'));
  airwallex.lastFor(1800);
  await page(await buy('monthly'));
  assert.equal(airwallex.logins(), before_ + 3);
  assert.equal(await relay.metric('booking_relay_provider_logins_total{provider="airwallex",result="failed"}'), undefined);
  await sound();
});

test('a hold that goes closes its page', async () => {
  const held = await hold(2);
  const asked = await held.call('payment');
  assert.equal(asked.status, 200, asked.text);
  assert.equal(JSON.parse(asked.text).requires_payment, true);
  await held.call('payment'); // once more, and no second page
  const url = await held.page();
  const [open, ...others] = stripe.of(held.id);
  assert.deepEqual([open.url, open.amount_total, others], [url, 5000, []]);
  assert.ok(open.expires_at - Date.now() / 1000 <= 42 * 60, 'it would not stay open for long');
  await held.call('cancel');
  await settled();
  assert.equal(open.status, 'expired');
  await send(sources.stripe, stripe.lapse(open)); // which Stripe tells us, too
  assert.deepEqual((await payments(held.id)).map((payment) => payment.status), ['failed']);

  await shop.sql`UPDATE booking.activities SET payment_provider = 'airwallex'`;
  const other = await hold();
  await other.call('payment');
  await other.page();
  assert.equal(airwallex.of(other.id)[0].amount, 25);
  await shop.sql`UPDATE booking.slot_reservations SET expires_at = booking.clock() - interval '1 s' WHERE id = ${other.id}`;
  await shop.sql`SELECT booking.release_expired_reservations()`;
  await settled();
  assert.equal(airwallex.of(other.id)[0].active, false);
  await shop.sql`UPDATE booking.activities SET payment_provider = 'stripe'`;
  await sound();
});

test('paid at the last moment, while the hold goes: the late payment is found, and goes the way of all', async () => {
  const [kept, lost] = [await hold(), await hold()];
  const events = [];
  for (const held of [kept, lost]) {
    await held.call('payment');
    await held.page();
    events.push(stripe.pay(stripe.of(held.id)[0])[0]);
  }
  await shop.sql`UPDATE booking.slot_reservations SET expires_at = booking.clock() - interval '1 s' WHERE id = ${kept.id}`;
  await shop.sql`SELECT booking.release_expired_reservations()`;
  await lost.call('cancel');
  await settled();
  // One that has run out is confirmed if there is room; one that was cancelled is not, and the money is due.
  assert.deepEqual(await shop.rows`SELECT payment_status FROM booking.bookings WHERE reservation_id = ${kept.id}`, [{ payment_status: 'paid' }]);
  assert.deepEqual(await shop.rows`SELECT status FROM booking.bookings WHERE reservation_id = ${lost.id}`, []);
  assert.deepEqual(await shop.rows`SELECT f.status, f.amount_minor FROM booking.refunds AS f JOIN booking.payments AS p ON p.id = f.payment_id
    WHERE p.reservation_id = ${lost.id}`, [{ status: 'due', amount_minor: 2500 }]);
  for (const event of events) await send(sources.stripe, event);
  for (const held of [kept, lost]) assert.equal((await payments(held.id)).length, 1);
  await sound();
});

test('a webhook that never comes: the provider is asked, and one that comes later has no second effect', async () => {
  for (const [packageId, standIn, source] of [['single', stripe, sources.stripe], ['monthly', airwallex, sources.airwallex]]) {
    const bought = await buy(packageId);
    await page(bought);
    await look(bought.bookingId);
    await settled();
    assert.equal((await stands(bought)).paymentStatus, 'pending', 'nothing is invented');
    const events = standIn.pay(standIn.of(bought.bookingId)[0]);
    await look(bought.bookingId);
    await eventually('it is paid', async () => (await stands(bought)).paymentStatus === 'paid');
    for (const event of events) await send(source, event);
    assert.equal((await payments(bought.bookingId)).length, 1);
    assert.equal(await shop.sql`SELECT count(*) FROM booking.refunds AS f JOIN booking.payments AS p ON p.id = f.payment_id WHERE p.booking_id = ${bought.bookingId}`, '0');
    assert.equal(await shop.sql`SELECT count(*) FROM booking.provider_calls WHERE booking_id = ${bought.bookingId} AND check_at IS NOT NULL`, '0');
  }
  await sound();
});

test('a page whose time was up is replaced as long as the booking waits', async () => {
  const bought = await buy('single');
  const first = await page(bought);
  const told = stripe.lapse(stripe.of(bought.bookingId)[0]);
  await look(bought.bookingId);
  await settled();
  const second = await page(bought);
  assert.notEqual(second, first);
  assert.deepEqual(stripe.of(bought.bookingId).map((each) => each.status), ['expired', 'open']);
  assert.equal((await stands(bought)).paymentStatus, 'pending');
  await send(sources.stripe, told);
  await send(sources.stripe, stripe.pay(stripe.of(bought.bookingId)[1])[0]);
  assert.equal((await stands(bought)).paymentStatus, 'paid');
  await sound();
});

test('kill -9 between the answer and our commit: no second page', async () => {
  await settled();
  relay.child.kill('SIGSTOP');
  const request = (packageId) => shop.sql`SELECT booking.booking_create(${shop.organization}, ${{ ...buyer, packageId, customerEmail: mail() }}::jsonb)`.then(JSON.parse);
  const bought = [await request('single'), await request('monthly')];
  const locker = connect(shop.database);
  await locker.query('BEGIN');
  for (const { bookingId } of bought) await locker.query(`SELECT 1 FROM booking.bookings WHERE organization_id = ${shop.organization} AND id = '${bookingId}' FOR UPDATE`);
  relay.child.kill('SIGCONT');
  await eventually('both are made', () => stripe.of(bought[0].bookingId).length === 1 && airwallex.of(bought[1].bookingId).length === 1);
  await eventually('an answer is about to be recorded', async () =>
    Number(await shop.sql`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%relay_complete_call%'`) > 0);
  logs.push(relay);
  relay.child.kill('SIGKILL');
  await relay.ended;
  await shop.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%relay_complete_call%' AND pid <> pg_backend_pid()`;
  await locker.query('ROLLBACK');
  await locker.end();
  secondRelay = await Relay.start(shop.database, { environment: environment(), config });
  const stand = async ({ bookingToken }) => JSON.parse(await shop.sql`SELECT booking.booking_status(${bookingToken})`);
  for (const [index, standIn] of [stripe, airwallex].entries()) {
    const url = await eventually('the page', async () => { await hurry(); return (await stand(bought[index])).paymentUrl; }, 30000);
    assert.deepEqual(standIn.of(bought[index].bookingId).map((each) => each.url), [url]);
  }
  await sound();
});

test('a provider that does not answer leaves places to another; a stop in the middle makes no second page', async () => {
  await secondRelay.stop();
  logs.push(secondRelay);
  const patient = `${config.replace('timeout_ms = 1000', 'timeout_ms = 15000')}outbound.drain_seconds = 1\n${noWait}`;
  const stopped = await Relay.start(shop.database, { environment: environment(), config: patient });
  logs.push(stopped);
  const order = shopper(stopped).create;
  const buyThere = (packageId) => eventually('an answer', async () => {
    const answer = await order({ ...buyer, packageId, customerEmail: mail() });
    return answer.status === 200 && answer.body;
  });
  for (let i = 0; i < 20; ++i) stripe.misbehave('silent', ({ path }) => path === '/v1/checkout/sessions');
  const slow = await Promise.all([...Array(20)].map(() => buyThere('single')));
  const asked = () => slow.filter(({ bookingId }) => stripe.of(bookingId).length > 0).length;
  await eventually('calls that hang', () => asked() >= 8);
  airwallex.misbehave('silent', ({ path }) => path.endsWith('/create'));
  const other = await buyThere('monthly');
  await eventually('Airwallex is asked', () => airwallex.of(other.bookingId).length === 1, 5000);
  assert.ok(asked() < 20 && stripe.planned() > 0, 'while Stripe is as slow as before');
  assert.equal(await stopped.stop(), 0);
  stripe.forget();
  assert.equal(await shop.sql`SELECT bool_and(uncertain) FROM booking.provider_calls WHERE booking_id = ${other.bookingId}`, 't');

  secondRelay = await Relay.start(shop.database, { environment: environment(), config });
  const stand = async ({ bookingToken }) => JSON.parse(await shop.sql`SELECT booking.booking_status(${bookingToken})`);
  for (const [bought, standIn] of [...slow.map((each) => [each, stripe]), [other, airwallex]]) {
    const url = await eventually('the page', async () => { await hurry(); return (await stand(bought)).paymentUrl; });
    assert.deepEqual(standIn.of(bought.bookingId).map((each) => each.url), [url]);
  }
  await sound();
});

test('the answer to booking-create has the page already, if its provider is quick', async () => {
  const { body } = await eventually('an answer', async () => {
    const answer = await shopper(secondRelay).create({ ...buyer, packageId: 'single', customerEmail: mail() });
    return answer.status === 200 && answer;
  });
  assert.deepEqual([body.paymentUrl, body.paymentPending], [stripe.of(body.bookingId)[0].url, undefined]);
  await sound();
});

test('no log has a secret in it', () => {
  const text = [...logs, secondRelay].map(({ log }) => log).join('');
  assert.ok(text.includes('a provider was called'));
  for (const secret of [secretKey, keys.apiKey, ...airwallex.tokens.keys(), '@example.com', 'payment=success']) {
    assert.ok(!text.includes(secret), secret);
  }
});
