// The widget in a real browser, in a frame of another site's page, against the real relay and database.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Browser, site } from './browser.mjs';
import { Relay, eventually } from './harness.mjs';
import { environmentOf, openShop } from './shop.mjs';
import { secretKey, stripeStandIn } from './stand_ins/stripe.mjs';

const hostile = '<script>document.title = "broken"</script>';
let shop, relay, browser, home, stranger, quick, priced, provided, stripe;

const page = (attributes) => () => `<!doctype html><title>A site</title><h1>Above</h1>
<div style="min-height: 37rem"><script async src="http://127.0.0.1:${relay.port}/embed.js" ${attributes}></script></div><p id="below">Below</p>
<script>window.told = []; for (const kind of ['booking:held', 'booking:confirmed', 'booking:ended']) addEventListener(kind, (event) => told.push([kind, event.detail]));</script>`;

before(async () => {
  shop = await openShop('widget');
  const pages = {
    '/calendar': page('data-widget="calendar" data-key="hall-key" data-lang="en"'),
    '/single': page(`data-widget="singlegame" data-activity="${shop.activity}" data-lang="de"`),
    '/quick': () => page(`data-widget="singlegame" data-activity="${quick}" data-lang="en"`)(),
    '/priced': () => page(`data-widget="singlegame" data-activity="${priced}" data-lang="en"`)(),
    '/provided': () => page(`data-widget="singlegame" data-activity="${provided}" data-lang="en"`)(),
  };
  home = await site(pages);
  stranger = await site(pages);
  await shop.sql`UPDATE booking.venues SET name = ${hostile}, embed_key = 'hall-key', allowed_origins = ARRAY[${home.origin}]`;
  await shop.sql`UPDATE booking.activities SET capacity = 3`;
  await shop.sql`UPDATE booking.sessions SET capacity_total = 3, remaining = 3, lane_count = 0`;
  await shop.sql`DELETE FROM booking.session_lanes`;
  const add = (name, more) => shop.sql`INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule, hold_seconds, price_minor, payment_url)
    SELECT organization_id, venue_id, ${name}, 2, schedule, ${more.seconds}, ${more.price}, ${more.url ?? null} FROM booking.activities WHERE name = 'Court' RETURNING id`;
  quick = await add('Quick', { seconds: 3, price: 0 });
  priced = await add('Priced', { seconds: 600, price: 2500, url: 'https://pay.example/?hold={reservationId}' });
  provided = await add('Provided', { seconds: 600, price: 2500 });
  await shop.sql`UPDATE booking.activities SET payment_provider = 'stripe' WHERE id = ${provided}`;
  for (const activity of [quick, priced, provided]) await shop.sql`SELECT booking.generate_activity_sessions(${activity}, (now() + interval '1 day')::date, 2)`;
  stripe = await stripeStandIn();
  relay = await Relay.start(shop.database, {
    environment: environmentOf(shop, { STRIPE_SECRET_KEY: secretKey, STRIPE_BASE_URL: stripe.url, NEXT_PUBLIC_APP_URL: 'https://shop.example' }),
    config: 'realtime.availability_ms = 50\nproviders.poll_ms = 50\n',
  });
  browser = await Browser.start();
  await eventually('the widget', async () => (await relay.get('/embed?widget=calendar&key=hall-key')).status === 200);
});

after(async () => {
  await browser?.stop();
  await relay?.stop();
  stripe?.close();
  home?.close();
  stranger?.close();
  await shop?.drop();
});

afterEach(() => browser.closePages());

const isReady = () => document.querySelectorAll('.slot').length > 0 && document.getElementById('widget').dataset.connected === 'true';
const open = async (path, options) => {
  const opened = await browser.page(home.origin + path, options);
  const widget = opened.frame();
  await widget.until('the slots', isReady);
  return { opened, widget };
};
const slots = () => [...document.querySelectorAll('.slot')].map((slot) => `${slot.innerText.replaceAll('\n', ' ')}${slot.disabled ? ' (closed)' : ''}`);

test('both widgets are shown in a frame of an allowed origin, in the language of the page', async () => {
  const calendar = await open('/calendar');
  assert.deepEqual(await calendar.widget.evaluate(slots), ['9:00 AM 3 places left']);
  assert.deepEqual(await calendar.widget.evaluate(() => [...document.querySelectorAll('#activity option')].map((option) => option.textContent)), ['Court', 'Priced', 'Provided', 'Quick']);
  assert.equal(await calendar.widget.evaluate(() => document.querySelectorAll('.date').length), 7);
  assert.equal(await calendar.opened.evaluate(() => document.querySelector('iframe').title), 'Book a time');
  const single = await open('/single');
  assert.deepEqual(await single.widget.evaluate(slots), ['9:00 noch 3 Plätze']);
  assert.equal(await single.widget.evaluate(() => document.documentElement.lang), 'de');
  assert.deepEqual([...calendar.opened.problems, ...single.opened.problems], []);
  await calendar.opened.close();
  await single.opened.close();
});

test('a page of another origin does not get it', async () => {
  const opened = await browser.page(`${stranger.origin}/calendar`);
  await opened.until('the frame', () => document.querySelector('iframe'));
  await eventually('the refusal', () => opened.problems.some((problem) => /frame-ancestors/.test(problem)));
  assert.ok(!await opened.frame().evaluate(() => document.getElementById('widget') !== null));
  await opened.close();
});

test('names are text', async () => {
  const { opened, widget } = await open('/single');
  assert.equal(await widget.evaluate(() => document.getElementById('place').textContent), hostile);
  assert.equal(await widget.evaluate(() => document.querySelectorAll('#place *').length), 0);
  assert.equal(await widget.evaluate(() => document.title), 'Termin buchen');
  await opened.close();
});

test('nothing moves while it loads, in the frame or around it', async () => {
  for (const [width, height] of [[900, 900], [360, 740]]) {
    const { opened, widget } = await open('/calendar', { width, height });
    // How much has moved, and what.
    const shift = () => new Promise((resolve) => {
      let sum = 0;
      const moved = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          sum += entry.value;
          for (const { node, previousRect, currentRect } of entry.sources) moved.push([node?.id || node?.nodeName, previousRect, currentRect]);
        }
      }).observe({ type: 'layout-shift', buffered: true });
      requestAnimationFrame(() => setTimeout(() => resolve([sum, JSON.stringify(moved)]), 50));
    });
    const [around, within] = [await opened.evaluate(shift), await widget.evaluate(shift)];
    assert.equal(around[0], 0, `${width} wide: ${around[1]}`);
    assert.ok(within[0] < 0.1, `${width} wide: ${within}`); // what Web Vitals call good; it is 0, but for moments of a busy machine
    assert.ok(await widget.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the frame');
    await opened.close();
  }
});

test('a time that is sold elsewhere closes without reload', async () => {
  const { opened, widget } = await open('/single');
  await widget.evaluate(() => { window.mark = 'not reloaded'; });
  const first = await shop.sql`SELECT id FROM booking.sessions WHERE activity_id = ${shop.activity} ORDER BY start_time LIMIT 1`;
  const hold = await shop.sql`SELECT reservation_id FROM booking.reserve_slot(${first}, 3, 'elsewhere@example.com')`;
  await widget.until('it to close', () => document.querySelector('.slot').disabled);
  assert.deepEqual(await widget.evaluate(slots), ['9:00 Ausgebucht (closed)']);
  await shop.sql`SELECT booking.cancel_reservation(${hold})`;
  await widget.until('it to open', () => !document.querySelector('.slot').disabled);
  assert.equal(await widget.evaluate(() => window.mark), 'not reloaded');
  await opened.close();
});

// Presses Tab until the element has the focus.
async function tabTo(opened, widget, selector) {
  for (let i = 0; i < 40; ++i) {
    if (await widget.evaluate((wanted) => document.hasFocus() && document.activeElement.matches(wanted), selector)) return;
    await opened.press('Tab');
  }
  throw new Error(`the Tab key does not lead to ${selector}`);
}

test('the whole way with the keyboard only, to the booking number', async () => {
  const { opened, widget } = await open('/calendar');
  await tabTo(opened, widget, '.date');
  const date = () => document.querySelector('.date[aria-checked="true"]').dataset.id;
  const before = await widget.evaluate(date);
  await opened.press('ArrowRight');
  assert.equal(await widget.evaluate(() => document.activeElement.getAttribute('aria-checked')), 'true');
  assert.ok(await widget.evaluate(date) > before);
  await opened.press('ArrowLeft');
  await tabTo(opened, widget, '.slot');
  await opened.press('Enter');
  await widget.until('the form', () => document.activeElement.id === 'details-title');
  await tabTo(opened, widget, '#customer');
  await opened.type('Grace <b>Hopper</b>');
  await tabTo(opened, widget, '#email');
  await opened.press('Enter');
  assert.notEqual(await widget.evaluate(() => document.getElementById('email-problem').textContent), '', 'without an address it goes no further');
  await opened.type('grace@example.com');
  await tabTo(opened, widget, '#hold');
  await opened.press('Enter');
  await widget.until('the hold', () => document.activeElement.id === 'held-title');
  assert.match(await widget.evaluate(() => document.getElementById('clock').textContent), /^(10:00|9:5\d)$/);
  await tabTo(opened, widget, '#confirm');
  await opened.press('Space');
  await widget.until('the booking', () => document.activeElement.id === 'done-title');
  const number = await widget.evaluate(() => document.getElementById('number').textContent);
  assert.equal(await shop.sql`SELECT customer_name FROM booking.bookings WHERE booking_number = ${number}`, 'Grace <b>Hopper</b>');
  const told = await opened.evaluate(() => window.told);
  assert.deepEqual(told.map(([kind]) => kind), ['booking:held', 'booking:confirmed']);
  assert.equal(told[1][1].booking_number, number);
  assert.deepEqual(opened.problems, []);
  await opened.close();
});

test('the end of the countdown frees the time', async () => {
  const { opened, widget } = await open('/quick');
  await widget.evaluate(() => {
    document.querySelector('.slot').click();
    document.getElementById('email').value = 'slow@example.com';
    document.getElementById('hold').click();
  });
  await widget.until('the hold', () => !document.getElementById('held').hidden);
  assert.equal(await shop.sql`SELECT count(*) FROM booking.slot_reservations WHERE customer_email = 'slow@example.com' AND expires_at > now()`, '1');
  await widget.until('its end', () => !document.getElementById('choose').hidden && /run out/.test(document.getElementById('news').textContent));
  await widget.until('the seat', () => document.querySelector('.slot')?.innerText.includes('2 places'));
  await opened.close();
});

test('what has a price is paid by the venue’s link, and booked when the payment is', async () => {
  const { opened, widget } = await open('/priced');
  assert.equal(await widget.evaluate(() => document.getElementById('price').textContent), '$25.00 each');
  await widget.evaluate(() => {
    document.querySelector('.slot').click();
    document.getElementById('email').value = 'payer@example.com';
    document.getElementById('hold').click();
  });
  await widget.until('the hold', () => !document.getElementById('held').hidden);
  const hold = await shop.sql`SELECT id FROM booking.slot_reservations WHERE customer_email = 'payer@example.com'`;
  assert.deepEqual(await widget.evaluate(() => {
    const link = document.getElementById('pay');
    return [link.hidden, link.href, link.textContent, link.rel, document.getElementById('confirm').hidden];
  }), [false, `https://pay.example/?hold=${hold}`, 'Pay $25.00', 'noopener', true]);
  await shop.sql`SELECT booking.confirm_reservation(${hold})`; // as the application does after the payment
  await widget.until('the number', () => /^[A-Z0-9]{8}$/.test(document.getElementById('number').textContent));
  await opened.close();
});

const holdOf = (email) => shop.sql`SELECT id FROM booking.slot_reservations WHERE customer_email = ${email}`;
const hold = async (widget, email) => {
  await widget.evaluate((address) => {
    document.querySelector('.slot').click();
    document.getElementById('email').value = address;
    document.getElementById('hold').click();
  }, email);
  await widget.until('the hold', () => !document.getElementById('held').hidden);
};

test('what a provider takes the money for is paid at its page, which the widget asks for', async () => {
  const { opened, widget } = await open('/provided');
  await hold(widget, 'card@example.com');
  await widget.until('the page', () => !document.getElementById('pay').hidden);
  const [page] = stripe.sessions.values();
  assert.deepEqual(await widget.evaluate(() => {
    const link = document.getElementById('pay');
    return [link.href, link.textContent, link.target, document.getElementById('confirm').hidden, document.getElementById('retry').hidden];
  }), [page.url, 'Pay $25.00', '_blank', true, true]);
  const reservation = await holdOf('card@example.com');
  assert.equal(page.metadata.reservation_id, reservation);
  await shop.sql`SELECT booking.confirm_reservation(${reservation})`; // as the provider's webhook does
  await widget.until('the number', () => /^[A-Z0-9]{8}$/.test(document.getElementById('number').textContent));
  await opened.close();
});

test('a page that cannot be had is asked for again by whoever wants to pay', async () => {
  const { opened, widget } = await open('/provided');
  stripe.misbehave({ status: 400, body: '{"error": {"type": "invalid_request_error", "message": "No such currency"}}' }, ({ method }) => method === 'POST');
  await hold(widget, 'patient@example.com');
  await widget.until('the trouble', () => !document.getElementById('retry').hidden);
  assert.match(await widget.evaluate(() => document.getElementById('payment').textContent), /cannot be reached/);
  const reservation = await holdOf('patient@example.com');
  await shop.sql`UPDATE booking.provider_calls SET finished_at = finished_at - interval '1 minute' WHERE reservation_id = ${reservation}`;
  await widget.evaluate(() => document.getElementById('retry').click());
  await widget.until('the page', () => !document.getElementById('pay').hidden && document.getElementById('retry').hidden);
  assert.equal([...stripe.sessions.values()].filter(({ metadata }) => metadata.reservation_id === reservation).length, 1);
  await shop.sql`SELECT booking.cancel_reservation(${reservation})`;
  await widget.until('the end', () => !document.getElementById('choose').hidden);
  await opened.close();
});
