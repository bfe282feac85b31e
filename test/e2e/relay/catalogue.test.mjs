// What visitors' web pages ask: the catalogue, holds, and the files that they load.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Relay, eventually, raw } from './harness.mjs';
import { environmentOf, openShop, shopper } from './shop.mjs';

const origin = 'https://site.example';
let shop, relay, ask, paid;

before(async () => {
  shop = await openShop('catalogue');
  await shop.sql`UPDATE booking.venues SET embed_key = 'hall-key', allowed_origins = ARRAY[${origin}]`;
  paid = await shop.sql`INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule, price_minor, payment_url)
    SELECT organization_id, venue_id, 'Paid', 4, schedule, 2500, 'https://pay.example/?hold={reservationId}' FROM booking.activities RETURNING id`;
  await shop.sql`SELECT booking.generate_activity_sessions(${paid}, (now() + interval '1 day')::date, 2)`;
  relay = await Relay.start(shop.database, {
    environment: environmentOf(shop), config: 'gateway.catalogue_per_minute = 100000\ngateway.hold_per_minute = 100000\n',
  });
  const { parsed } = shopper(relay);
  ask = async (path, { method = 'GET', body, headers = {} } = {}) => parsed(await relay.request({
    method, path, body: body && JSON.stringify(body), headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
  }));
  await eventually('the database', async () => (await ask('/api/venues/hall-key')).status === 200);
});

after(async () => {
  await relay?.stop();
  await shop?.drop();
});

const post = (path, body, headers) => ask(path, { method: 'POST', body, headers });
const sessionsOf = async (activity) => (await ask(`/api/activities/${activity}/sessions`)).body.sessions;

test('a venue, its activities, their sessions', async () => {
  const venue = await ask('/api/venues/hall-key');
  assert.deepEqual([venue.body.name, venue.body.timezone], ['Hall', 'UTC']);
  const { body } = await ask('/api/venues/hall-key/activities');
  assert.deepEqual(body.activities.map(({ name, price_minor }) => [name, price_minor]), [['Court', 0], ['Paid', 2500]]);
  assert.deepEqual(body.venue, venue.body);
  const list = await ask(`/api/activities/${shop.activity}/sessions`);
  assert.equal(list.body.activity.name, 'Court');
  assert.equal(list.body.sessions.length, 2);
  const [{ local_date: day }] = list.body.sessions;
  const one = await ask(`/api/activities/${shop.activity}/sessions?from=${day}&to=${day}`);
  assert.deepEqual(one.body.sessions, [list.body.sessions[0]]);
});

test('nothing of it is private', async () => {
  const all = await Promise.all(['/api/venues/hall-key', '/api/venues/hall-key/activities', `/api/activities/${shop.activity}/sessions`].map((path) => ask(path)));
  for (const { text } of all) assert.doesNotMatch(text, /ada@example|Ada|payment_url|stripe|hold_seconds|schedule/);
});

test('what has not changed is not sent again; what has, is', async () => {
  for (const [path, caching] of [['/api/venues/hall-key', 'public, max-age=60'], ['/api/venues/hall-key/activities', 'public, max-age=60'],
    [`/api/activities/${shop.activity}/sessions`, 'public, no-cache']]) {
    const first = await ask(path);
    assert.equal(first.headers['cache-control'], caching);
    const again = await ask(path, { headers: { 'if-none-match': `"x", W/${first.headers.etag}` } });
    assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', first.headers.etag]);
  }
  const path = `/api/activities/${shop.activity}/sessions`;
  const { headers: { etag }, body } = await ask(path);
  await post(`/api/sessions/${body.sessions[0].id}/holds`, { party_size: 1, email: 'tag@example.com' });
  const changed = await ask(path, { headers: { 'if-none-match': etag } });
  assert.deepEqual([changed.status, changed.body.sessions[0].seats_available], [200, body.sessions[0].seats_available - 1]);
});

test('what is wrong is named', async () => {
  const none = '00000000-0000-8000-8000-000000000000';
  for (const [path, status, field, code] of [
    ['/api/venues/unknown1', 404, undefined, 'BK107'], [`/api/activities/${none}/sessions`, 404, undefined, 'BK103'],
    ['/api/activities/7/sessions', 400, 'id', 'BK015'], [`/api/activities/${shop.activity}/sessions?from=soon`, 400, 'from', 'BK015'],
    [`/api/activities/${shop.activity}/sessions?from=2027-01-02&to=2027-01-01`, 400, 'to', 'BK015'],
    [`/api/activities/${shop.activity}/sessions?from=2027-01-02&to=2099-01-01`, 400, 'to', 'BK015'],
    ['/embed', 400, 'widget', 'BK015'], ['/embed?widget=calendar', 400, 'key', 'BK015'],
    ['/embed?widget=singlegame&activityId=7', 400, 'activityId', 'BK015'], ['/embed?widget=calendar&key=unknown1', 404, undefined, 'BK107'],
  ]) {
    const answer = await ask(path);
    assert.deepEqual([answer.status, answer.body.field, answer.body.code], [status, field, code], `${path}: ${answer.text}`);
  }
  const [{ id }] = await sessionsOf(shop.activity);
  for (const [body, field] of [[{ email: 'a@b.example' }, 'party_size'], [{ party_size: '2', email: 'a@b.example' }, 'party_size'],
    [{ party_size: 1 }, 'email'], [{ party_size: 1, email: 'nobody' }, 'email'], [{ party_size: 0, email: 'a@b.example' }, 'party_size'],
    [{ party_size: 1, email: 'a@b.example', idempotency_key: 'short' }, 'idempotency_key']]) {
    const answer = await post(`/api/sessions/${id}/holds`, body);
    assert.deepEqual([answer.status, answer.body.field], [400, field], JSON.stringify(body));
  }
  assert.equal((await post('/api/sessions/7/holds', { party_size: 1, email: 'a@b.example' })).body.field, 'id');
  assert.equal((await post(`/api/sessions/${id}/holds`, { party_size: 1e9, email: 'a@b.example' })).status, 400);
});

test('a free time is held, looked at, confirmed', async () => {
  const [{ id, seats_available: free }] = await sessionsOf(shop.activity);
  const request = { party_size: 2, email: 'guest@example.com', idempotency_key: 'a-key-of-16-characters' };
  const { body: hold, status, headers } = await post(`/api/sessions/${id}/holds`, request);
  assert.deepEqual([status, headers['cache-control']], [200, 'no-store']);
  const life = (Date.parse(hold.expires_at) - Date.parse(hold.server_time)) / 1000;
  assert.ok(life > 590 && life <= 600, String(life));
  assert.equal((await sessionsOf(shop.activity))[0].seats_available, free - 2);
  assert.equal((await post(`/api/sessions/${id}/holds`, request)).body.reservation_id, hold.reservation_id, 'the same request, the same hold');
  const look = () => ask(`/api/holds/${hold.reservation_id}`, { headers: { authorization: `Bearer ${hold.hold_token}` } });
  assert.deepEqual([(await look()).body.status, (await look()).body.requires_payment], ['pending', false]);
  const confirmed = await post(`/api/holds/${hold.reservation_id}/confirm`, { hold_token: hold.hold_token, customer_name: '<script>alert(1)</script>' });
  assert.match(confirmed.body.booking_number, /^[A-Z0-9]{8}$/);
  assert.equal((await look()).body.booking_number, confirmed.body.booking_number);
  assert.equal(await shop.sql`SELECT customer_name FROM booking.bookings WHERE id = ${confirmed.body.booking_id}`, '<script>alert(1)</script>', 'kept as it was given');
});

test('a hold that is given back is free again', async () => {
  const [, { id, seats_available: free }] = await sessionsOf(shop.activity);
  const { body: hold } = await post(`/api/sessions/${id}/holds`, { party_size: 3, email: 'back@example.com' });
  const cancel = () => post(`/api/holds/${hold.reservation_id}/cancel`, { hold_token: hold.hold_token });
  assert.deepEqual([(await cancel()).body.cancelled, (await cancel()).body.cancelled], [true, false]);
  assert.equal((await sessionsOf(shop.activity))[1].seats_available, free);
});

test('what has a price is paid before it is confirmed', async () => {
  const [{ id }] = await sessionsOf(paid);
  const { body: hold } = await post(`/api/sessions/${id}/holds`, { party_size: 2, email: 'payer@example.com' });
  const stands = await ask(`/api/holds/${hold.reservation_id}`, { headers: { authorization: `Bearer ${hold.hold_token}` } });
  assert.deepEqual([stands.body.requires_payment, stands.body.price_minor, stands.body.payment_url],
    [true, 5000, `https://pay.example/?hold=${hold.reservation_id}`]);
  const refused = await post(`/api/holds/${hold.reservation_id}/confirm`, { hold_token: hold.hold_token });
  assert.deepEqual([refused.status, refused.body.code], [402, 'BK210']);
});

test('who finds no seats waits for them', async () => {
  const [{ id: session_id }] = await sessionsOf(paid);
  const free = (await sessionsOf(paid))[0].seats_available;
  const { body: rest } = await post(`/api/sessions/${session_id}/holds`, { party_size: free, email: 'rest@example.com' });
  const wish = { session_id, party_size: free, email: 'waits@example.com', idempotency_key: 'another-key-of-16-characters', customer_name: 'Ada' };
  const { body: entry, status, headers } = await post('/functions/v1/waitlist-join', wish);
  assert.deepEqual([status, headers['cache-control'], entry.position], [200, 'no-store', 1]);
  assert.deepEqual((await post('/functions/v1/waitlist-join', wish)).body, entry, 'the same request, the same place');
  const bearer = { authorization: `Bearer ${entry.waitlist_token}` };
  const look = () => ask(`/functions/v1/waitlist-status?entry_id=${entry.entry_id}`, { headers: bearer });
  assert.deepEqual((await look()).body, { entry_id: entry.entry_id, session_id, party_size: free, status: 'waiting', position: 1 });
  await post(`/api/holds/${rest.reservation_id}/cancel`, { hold_token: rest.hold_token });
  const { body: offered } = await look();
  assert.equal(offered.status, 'offered');
  assert.equal((await sessionsOf(paid))[0].seats_available, 0, 'nobody else sees them');
  const { body: hold } = await ask(`/api/holds/${offered.reservation_id}`, { headers: bearer });
  assert.deepEqual([hold.status, hold.expires_at, hold.payment_url],
    ['pending', offered.offer_until, `https://pay.example/?hold=${offered.reservation_id}`], 'the offer is a hold like others, with the token of the entry');
  const leave = (token) => post('/functions/v1/waitlist-leave', { entry_id: entry.entry_id, waitlist_token: token });
  assert.deepEqual([(await leave(rest.hold_token)).body.code, (await leave(rest.hold_token)).status], ['BK303', 403]);
  assert.deepEqual([(await leave(entry.waitlist_token)).body, (await leave(entry.waitlist_token)).body], [{ left: true }, { left: false }]);
  assert.equal((await sessionsOf(paid))[0].seats_available, free);
  for (const [path, body, code, field] of [
    ['join', { ...wish, idempotency_key: null }, 'BK241'], ['join', { ...wish, session_id: '7' }, 'BK015', 'session_id'],
    ['join', { ...wish, party_size: '2' }, 'BK015', 'party_size'], ['join', { session_id, party_size: 1 }, 'BK015', 'email'],
    ['join', { session_id, party_size: 1, email: 'nobody' }, 'BK003', 'email'], ['leave', { waitlist_token: 'x' }, 'BK015', 'entry_id'],
    ['leave', { entry_id: entry.entry_id }, 'BK015', 'waitlist_token'],
  ]) {
    const answer = await post(`/functions/v1/waitlist-${path}`, body);
    assert.deepEqual([answer.body.code, answer.body.field], [code, field], answer.text);
  }
  assert.equal((await ask('/functions/v1/waitlist-status', { headers: bearer })).body.field, 'entry_id');
  assert.equal((await ask('/functions/v1/waitlist-status?entry_id=7', { headers: bearer })).body.field, 'entry_id');
  assert.equal((await ask(`/functions/v1/waitlist-status?entry_id=${entry.entry_id}`)).body.field, 'waitlist_token');
});

test('a party of units is held, and costs what the server says', async () => {
  await shop.sql`INSERT INTO booking.activity_units (organization_id, activity_id, code, title, price_minor, pax_count, accompanied_by, sort_order)
    SELECT a.organization_id, a.id, u.code, u.code, u.price, u.seats, u.company::text[], u.place
      FROM booking.activities AS a, (VALUES ('family', 6000, 3, '{}', 1), ('child', 1000, 1, '{family}', 2)) AS u (code, price, seats, company, place)
     WHERE a.id = ${paid}`;
  const { body: { activities } } = await ask('/api/venues/hall-key/activities', { headers: { 'cache-control': 'no-cache' } });
  assert.deepEqual(activities.map(({ name, price_from_minor: least, units }) => [name, least, units?.map(({ code }) => code)]),
    [['Court', undefined, undefined], ['Paid', 1000, ['family', 'child']]]);
  const [, { id }] = await sessionsOf(paid);
  const email = 'clan@example.com';
  const { body: hold } = await post(`/api/sessions/${id}/holds`, { unit_items: [{ unit: 'family' }, { unit: 'child', quantity: 1 }], email });
  const { body: stands } = await ask(`/api/holds/${hold.reservation_id}`, { headers: { authorization: `Bearer ${hold.hold_token}` } });
  assert.deepEqual([stands.party_size, stands.price_minor, stands.unit_items.length], [4, 7000, 2]);
  for (const [body, field, code] of [[{ unit_items: 'family' }, 'unit_items', 'BK015'], [{ unit_items: [] }, 'unit_items', 'BK260'],
    [{ unit_items: [{ unit: 'family', price_minor: 1 }] }, 'unit_items', 'BK260'], [{ unit_items: [{ unit: 'dog' }] }, 'unit_items', 'BK261'],
    [{ unit_items: [{ unit: 'child' }] }, 'unit_items', 'BK263'], [{ unit_items: [{ unit: 'family' }], party_size: 2 }, 'party_size', 'BK002'], [{}, 'party_size', 'BK015']]) {
    const { status, body: answer } = await post(`/api/sessions/${id}/holds`, { email, ...body });
    assert.deepEqual([status, answer.field, answer.code], [400, field, code], JSON.stringify(body));
  }
  const soldOut = await post(`/api/sessions/${id}/holds`, { unit_items: [{ unit: 'family' }], email });
  assert.deepEqual([soldOut.status, soldOut.body.code], [409, 'BK201']);
  await shop.sql`DELETE FROM booking.activity_units`;
});

test('a hold is its owner’s', async () => {
  const [, { id }] = await sessionsOf(shop.activity);
  const { body: hold } = await post(`/api/sessions/${id}/holds`, { party_size: 1, email: 'mine@example.com' });
  const other = (await post(`/api/sessions/${id}/holds`, { party_size: 1, email: 'other@example.com' })).body.hold_token;
  for (const answer of [
    await post(`/api/holds/${hold.reservation_id}/confirm`, { hold_token: other }), await post(`/api/holds/${hold.reservation_id}/cancel`, { hold_token: other }),
    await ask(`/api/holds/${hold.reservation_id}`, { headers: { authorization: `Bearer ${other}` } }),
  ]) assert.deepEqual([answer.status, answer.body.code], [403, 'BK301']);
  assert.deepEqual((await post(`/api/holds/${hold.reservation_id}/confirm`, {})).body.field, 'hold_token');
  assert.equal((await ask(`/api/holds/${hold.reservation_id}`)).status, 400, 'a token is needed');
  assert.doesNotMatch(relay.log, new RegExp(other));
});

test('pages of the venue’s origins may read it, others may not', async () => {
  for (const path of ['/api/venues/hall-key', `/api/activities/${shop.activity}/sessions`]) {
    const ours = await ask(path, { headers: { origin } });
    assert.deepEqual([ours.headers['access-control-allow-origin'], ours.headers.vary], [origin, 'Origin']);
    const theirs = await ask(path, { headers: { origin: 'https://evil.example' } });
    assert.deepEqual([theirs.headers['access-control-allow-origin'], theirs.headers.vary], [undefined, 'Origin']);
    const still = await ask(path, { headers: { origin, 'if-none-match': ours.headers.etag } });
    assert.deepEqual([still.status, still.headers['access-control-allow-origin']], [304, origin]);
  }
  const preflight = (from) => ask(`/api/sessions/${shop.activity}/holds`, { method: 'OPTIONS', headers: { origin: from } });
  assert.deepEqual([(await preflight(origin)).status, (await preflight('https://evil.example')).status], [204, 403]);
});

test('the widget is shown in frames of the venue’s origins', async () => {
  for (const path of ['/embed?widget=calendar&key=hall-key', `/embed?widget=singlegame&activityId=${shop.activity}`]) {
    const { status, headers, text } = await ask(path);
    assert.deepEqual([status, headers['content-type'], headers['x-frame-options']], [200, 'text/html; charset=utf-8', undefined]);
    assert.match(headers['content-security-policy'], /; frame-ancestors 'self' https:\/\/site\.example$/);
    assert.match(headers['content-security-policy'], /^default-src 'none'; script-src 'self'; style-src 'self';/);
    for (const [, file] of text.matchAll(/(?:src|href)="([^"]+)"/g)) {
      const loaded = await ask(file);
      assert.deepEqual([loaded.status, loaded.headers['cache-control'], loaded.headers['x-content-type-options']],
        [200, 'public, max-age=31536000, immutable', 'nosniff'], file);
      for (const [, name] of loaded.text.matchAll(/from '\.\/([^']+)'/g)) {
        assert.equal((await ask(file.replace(/[^/]+$/, name))).status, 200, name);
      }
    }
  }
  assert.equal((await ask('/embed?widget=calendar&key=unknown1')).headers['x-frame-options'], 'DENY');
});

test('the demo is shown in no frame', async () => {
  const { status, headers } = await ask('/demo/real-time-bookings');
  assert.equal(status, 200);
  assert.match(headers['content-security-policy'], /frame-ancestors 'none'/);
  assert.equal(headers['x-frame-options'], 'DENY');
});

test('files that other sites load are kept for five minutes', async () => {
  for (const [path, type] of [['/embed.js', 'text/javascript; charset=utf-8'], ['/booking-client.js', 'text/javascript; charset=utf-8'],
    ['/booking-react.js', 'text/javascript; charset=utf-8'], ['/booking-client.d.ts', 'text/plain; charset=utf-8']]) {
    const { status, headers } = await ask(path);
    assert.deepEqual([status, headers['content-type'], headers['cache-control'], headers['access-control-allow-origin']],
      [200, type, 'public, max-age=300', '*']);
    assert.equal((await ask(path, { headers: { 'if-none-match': headers.etag } })).status, 304);
  }
});

test('no path leads out of the files', async () => {
  const [, version] = (await ask('/demo/real-time-bookings')).text.match(/\/assets\/([^/]+)\//);
  for (const path of [`/assets/${version}/../../etc/passwd`, `/assets/${version}/..%2f..%2fetc%2fpasswd`, `/assets/${version}/%2e%2e/x`,
    `/assets/${version}/embed.html`, '/assets/0/widget.js', `/assets/${version}/`, '/assets//widget.js', '/embed.js/']) {
    const text = await raw(relay, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.match(text, /^HTTP\/1\.1 40[04] /, path);
    assert.doesNotMatch(text, /root:/);
  }
});

test('who asks too often waits', async () => {
  const slow = await Relay.start(shop.database, { environment: environmentOf(shop), config: 'gateway.catalogue_per_minute = 3\ngateway.hold_per_minute = 2\n' });
  try {
    const get = () => slow.get('/api/venues/hall-key');
    await eventually('the database', async () => (await slow.get('/functions/v1/booking-status?token=x')).status === 400);
    const answers = [await get(), await get(), await get(), await get()];
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 429]);
    assert.ok(Number(answers[3].headers['retry-after']) > 0);
    const hold = () => slow.request({ method: 'POST', path: '/api/sessions/7/holds', headers: { 'content-type': 'application/json' }, body: '{}' });
    assert.deepEqual([(await hold()).status, (await hold()).status, (await hold()).status], [400, 400, 429]);
  } finally {
    await slow.stop();
  }
});
