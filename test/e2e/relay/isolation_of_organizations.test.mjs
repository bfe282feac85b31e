// Two organizations in one database, behind one relay: whatever happens in the first, with names and addresses that can be
// searched for, reaches its own people and none of the other's, by any protocol, route or webhook; and a visitor without a
// token receives no e-mail address in any byte.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { jwtSecret, token } from './visitors.mjs';
import { Relay, eventually, raw, receiver } from './harness.mjs';
import { makeSource, post as deliver } from './senders.mjs';
import { environmentOf, openShop, shopper } from './shop.mjs';
import { EventStream } from './streams.mjs';

// What is the first organization's, wherever it is written; and any address at all.
const ours = /zqours/i;
const address = /[\w.+-]+(@|%40|\\u0040)[\w-]+\.\w/i;
const ada = 'ada.zqours@private.example';
const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

let db, relay, shop, source, hooks, other, place, clients;

before(async () => {
  db = await openShop('isolation');
  const theirs = Number(await db.sql`INSERT INTO booking.organizations (name) VALUES ('Others') RETURNING organization_id`);
  const venue = await db.sql`INSERT INTO booking.venues (organization_id, name, timezone) VALUES (${theirs}, 'Elsewhere', 'UTC') RETURNING id`;
  const activity = await db.sql`INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
    VALUES (${theirs}, ${venue}, 'Chess', 10, ${{ operatingDays: days, startTime: '09:00', endTime: '10:00', slotInterval: 60 }}) RETURNING id`;
  await db.sql`SELECT booking.generate_activity_sessions(${activity}, (now() + interval '1 day')::date, 2)`;
  other = { organization: theirs, venue, activity, session: await db.sql`SELECT id FROM booking.sessions WHERE activity_id = ${activity} LIMIT 1` };
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role)
    VALUES (${db.organization}, 'olga', 'owner'), (${theirs}, 'eve', 'owner'), (${theirs}, 'sam', 'staff')`;
  place = {
    venue: await db.sql`SELECT id FROM booking.venues WHERE organization_id = ${db.organization}`,
    key: await db.sql`SELECT embed_key FROM booking.venues WHERE organization_id = ${db.organization}`,
    session: await db.sql`SELECT id FROM booking.sessions WHERE organization_id = ${db.organization} LIMIT 1`,
  };
  // Somebody with an account at each, and the same address at both.
  for (const [organization, user, session] of [[db.organization, 'ada', place.session], [theirs, 'bob', other.session]]) {
    await db.sql`SELECT booking.confirm_reservation((SELECT reservation_id FROM booking.reserve_slot(${session}, 1, ${ada})))`;
    await db.sql`UPDATE booking.customers SET user_id = ${user} WHERE organization_id = ${organization} AND email = ${ada}`;
  }
  const inbox = await receiver();
  hooks = { inbox, paths: (path) => inbox.requests.filter(({ url }) => url === path) };
  for (const [organization, path] of [[db.organization, '/ours'], [theirs, '/theirs']]) {
    const hook = await db.sql`SELECT endpoint_id FROM booking.create_webhook_endpoint(${organization}, 'hook', 'https://example.com/', '{*}', 'standard',
      ${{ allowed_networks: ['127.0.0.0/8', '::1/128'] }}::jsonb)`;
    await db.sql`UPDATE booking.webhook_endpoints SET url = ${inbox.url + path} WHERE id = ${hook}`;
  }
  source = await makeSource(db, 'airwallex');
  relay = await Relay.start(db.database, {
    environment: environmentOf(db, { SUPABASE_JWT_SECRET: jwtSecret }),
    config: 'realtime.availability_ms = 50\nrealtime.poll_ms = 200\nrealtime.subscriptions = 50\n',
  });
  shop = shopper(relay);
  await eventually('the gateway', async () => (await shop.status('x')).status === 400);
  await eventually('the hub', async () => {
    const probe = new EventStream(relay.port, '/events?topics=public');
    await probe.answered();
    probe.close();
    return probe.status === 200;
  });
});

after(async () => {
  clients?.forEach((client) => client.close());
  hooks?.inbox.close();
  await relay?.stop();
  await db?.drop();
});

// Everybody asks for everything of the first organization by its ids, and for what is their own. Each client has what it
// received as bytes, to be searched.
const rooms = () => [`venue:${place.venue}`, `activity:${db.activity}`, `session:${place.session}`, `booking:${db.booking}`];

async function listenByEvents(jwt, own) {
  const topics = ['public', ...rooms(), ...own].join();
  const stream = new EventStream(relay.port, `/events?topics=${topics}`, jwt ? { headers: { Authorization: `Bearer ${jwt}` } } : {});
  await stream.answered();
  assert.equal(stream.status, 200, stream.text);
  return { received: () => stream.text, close: () => stream.close() };
}

function socket(path) {
  const ws = new WebSocket(`ws://127.0.0.1:${relay.port}${path}`);
  let text = '';
  ws.on('message', (data) => { text += `${data}\n`; });
  ws.on('error', () => {});
  const client = { ws, received: () => text, close: () => ws.terminate() };
  client.says = (what) => eventually(`${what} in ${text.slice(0, 500)}`, () => text.includes(what));
  return client;
}

async function listenBySocketIo(jwt, own) {
  const client = socket('/socket.io/?EIO=4&transport=websocket');
  await client.says('0{');
  client.ws.send(`40${jwt ? JSON.stringify({ token: jwt }) : ''}`);
  await client.says('40{');
  const joins = [...rooms(), ...own].map((room) => room.split(/:(.*)/s)).map(([word, id]) => [`join:${word}`, id]);
  const wanted = [['join:role', 'student'], ['join:role', 'owner'], ...joins];
  wanted.forEach((join, number) => client.ws.send(`42${number}${JSON.stringify(join)}`));
  await Promise.all(wanted.map((join, number) => client.says(`43${number}[`)));
  return client;
}

// Channel by channel, since one refused subscription refuses its channel.
async function listenBySupabase(jwt, own) {
  const client = socket('/realtime/v1/websocket?apikey=anon&vsn=2.0.0');
  await eventually('the connection', () => client.ws.readyState === WebSocket.OPEN);
  const of = (table, filter) => ({ event: '*', schema: 'public', table, ...(filter ? { filter } : {}) });
  const wanted = [of('*'), of('booking_events'), of('bookings', `court_id=eq.${db.activity}`), of('bookings', `id=eq.${db.booking}`),
    of('booking_events', `booking_id=eq.${db.booking}`), of('slot_reservations', `session_id=eq.${place.session}`),
    of('bookings', `provider_id=eq.${db.organization}`), of('bookings', 'user_id=eq.ada'), of('venues'), of('bookings', own)];
  const join = async (ref, topic, config) => {
    client.ws.send(JSON.stringify([ref, ref, `realtime:${topic}`, 'phx_join', { config, ...(jwt ? { access_token: jwt } : {}) }]));
    await client.says(`["${ref}","${ref}","realtime:${topic}","phx_reply"`);
  };
  await Promise.all(wanted.map((binding, number) => join(`${number}`, `c${number}`, { postgres_changes: [binding] })));
  // Talk between clients, in rooms that have the names of the other's.
  const topics = [`organization:${db.organization}`, 'customer:ada', `booking:${db.booking}`];
  await Promise.all(topics.map((topic, number) => join(`p${number}`, topic, { private: true })));
  return client;
}

const protocols = { events: listenByEvents, socketio: listenBySocketIo, supabase: listenBySupabase };
const people = {
  visitor: { own: [], filter: undefined },
  stranger: { jwt: { sub: 'stranger' }, own: [], filter: 'user_id=eq.stranger' },
  'their customer': { jwt: { sub: 'bob' }, own: ['customer:bob'], filter: 'user_id=eq.bob' },
  'their staff': { jwt: { sub: 'sam' }, own: () => [`organization:${other.organization}`], filter: () => `provider_id=eq.${other.organization}` },
  'their owner, who says more of himself': {
    jwt: { sub: 'eve', organization_id: 1, organizations: [1], app_metadata: { role: 'service_role' } },
    own: () => [`organization:${other.organization}`], filter: () => `provider_id=eq.${other.organization}`,
  },
  'our owner': { jwt: { sub: 'olga' }, own: () => [`organization:${db.organization}`], filter: () => `provider_id=eq.${db.organization}` },
  'our customer': { jwt: { sub: 'ada' }, own: ['customer:ada'], filter: 'user_id=eq.ada' },
};
const value = (given) => (typeof given === 'function' ? given() : given);

// Everything that can happen to a booking, a hold, money and a customer of the first organization.
async function happen() {
  const person = { customerName: 'Zqours Ada', customerEmail: ada, customerPhone: '+49 555 1', packageId: 'single' };
  const bought = await shop.create(person);
  assert.equal(bought.status, 200, bought.text);
  const hold = shop.parsed(await relay.request({
    method: 'POST', path: `/api/sessions/${place.session}/holds`, headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ party_size: 1, email: ada }),
  }));
  assert.equal(hold.status, 200, hold.text);
  const { reservation_id: id, hold_token: secret } = hold.body;
  await db.sql`SELECT booking.extend_reservation(${id}, ${secret})`;
  const confirmed = await db.sql`SELECT booking_id FROM booking.confirm_reservation(${id}, NULL, 'Zqours Ada', '+49 555 2')`;
  await db.sql`UPDATE booking.bookings SET notes = 'zqours note', cancel_reason = 'zqours reason' WHERE id IN (${db.booking}, ${confirmed})`;
  await db.sql`UPDATE booking.customers SET name = 'Zqours Changed' WHERE organization_id = ${db.organization} AND email = ${ada}`;
  await db.sql`SELECT booking.check_in(${confirmed})`;
  await db.sql`SELECT booking.receive_booking_event(${db.organization}, ${{ id: 'zqours-1', event_type: 'booking.updated', booking_id: db.booking, description: 'zqours outside' }}::jsonb)`;
  await db.sql`SELECT booking.cancel_booking(${db.booking}, 'zqours again')`;
  const paid = JSON.stringify({
    id: 'evt_1', name: 'payment_intent.succeeded', account_id: 'acct_1', created_at: new Date().toISOString(),
    data: { object: { id: 'int_zqours', request_id: 'r', amount: 150, currency: 'USD', captured_amount: 150, status: 'SUCCEEDED', metadata: { booking_id: bought.body.bookingId }, customer: { email: ada } } },
  });
  assert.equal((await deliver(relay, source, paid)).status, 200);
  const unmatched = paid.replace('evt_1', 'evt_2').replace('int_zqours', 'int_zqours_2').replace(bought.body.bookingId, '00000000-0000-4000-8000-000000000000');
  assert.equal((await deliver(relay, source, unmatched)).status, 200);
  return { token: bought.body.bookingToken, booking: bought.body.bookingId, hold: id, holdToken: secret };
}

test('what happens in one organization is told to its people, and to nobody else by any protocol', async () => {
  const told = await Promise.all(Object.entries(people).flatMap(([name, { jwt, own, filter }]) =>
    Object.entries(protocols).map(async ([protocol, listen]) => ({
      name, protocol, ...await listen(jwt && token(jwt), value(protocol === 'supabase' ? filter : own)),
    }))));
  clients = told;
  const of = (wanted) => told.filter(({ name }) => name === wanted);
  const before = Number(await db.sql`SELECT last_seq FROM booking.relay_position()`);
  const bought = await happen();
  // The last that happens is told to everybody: whoever has heard of it was told all that was before it.
  await db.sql`UPDATE booking.venues SET name = 'The end of it' WHERE organization_id = ${db.organization}`;
  await db.sql`UPDATE booking.venues SET name = 'The end of it' WHERE organization_id = ${other.organization}`;
  for (const { name, protocol, received } of told) {
    await eventually(`the end, ${name} by ${protocol}: ${received().slice(-300)}`, () => received().includes('The end of it'));
  }
  const kinds = Number(await db.sql`SELECT count(DISTINCT e.kind) FROM booking.event_positions p JOIN booking.booking_events e ON e.id = p.event_id
    WHERE p.seq > ${before} AND e.organization_id = ${db.organization} AND booking.event_audience(e.kind) = 'owner'`);
  assert.ok(kinds >= 10, `many things happened: ${kinds}`);

  for (const { protocol, received } of of('our owner')) assert.match(received(), /zqours note/, `${protocol}: members are told`);
  for (const { protocol, received } of of('our customer')) {
    assert.match(received(), /Zqours/, `${protocol}: the customer is told`);
    assert.doesNotMatch(received(), /zqours (note|reason|outside|again)/, `${protocol}: and not what staff has written`);
  }
  for (const { name, protocol, received } of told.filter((one) => !one.name.startsWith('our '))) {
    // The customer at both has the address here too; the own booking is the other organization's.
    const seen = name.startsWith('their') ? received().replaceAll(ada, '') : received();
    assert.doesNotMatch(seen, ours, `${name} by ${protocol}`);
    for (const secret of [bought.token, bought.booking, bought.hold, bought.holdToken]) {
      assert.ok(!seen.includes(secret), `${name} by ${protocol}: ${secret}`);
    }
  }
  for (const { protocol, received } of [...of('visitor'), ...of('stranger')]) assert.doesNotMatch(received(), address, protocol);
});

test('rooms and channels of others are refused, whatever they are called', async () => {
  const joined = (name) => clients.find((client) => client.name === name && client.protocol === 'supabase').received();
  for (const name of Object.keys(people).filter((one) => !one.startsWith('our '))) {
    for (const number of [0, 1, 2]) {
      assert.match(joined(name), new RegExp(`\\["p${number}","p${number}","[^"]*","phx_reply",\\{[^\\n]*"status":"error"`), `${name}, p${number}`);
    }
  }
  assert.match(joined('our owner'), /\["p0","p0","[^"]*","phx_reply",\{[^\n]*"status":"ok"/);
  assert.match(joined('our owner'), /\["p2","p2","[^"]*","phx_reply",\{[^\n]*"status":"ok"/);
  assert.match(joined('our customer'), /\["p1","p1","[^"]*","phx_reply",\{[^\n]*"status":"ok"/);
  for (const jwt of [undefined, token({ sub: 'eve' }), token({ sub: 'bob' })]) {
    for (const topic of [`organization:${db.organization}`, 'customer:ada', `public,provider:${db.organization}`]) {
      const stream = new EventStream(relay.port, `/events?topics=${topic}`, jwt ? { headers: { Authorization: `Bearer ${jwt}` } } : {});
      const { status } = await stream.refusal();
      assert.ok(status === 401 || status === 403, `${topic}: ${status}`);
    }
  }
});

test('no route tells of others, with a token or without', async () => {
  const bookings = await db.rows`SELECT id, reservation_id FROM booking.bookings WHERE organization_id = ${db.organization}`;
  const theirs = (await shop.create({ customerName: 'Their Own', customerEmail: 'own@their.example', packageId: 'single' })).body.bookingToken
    .replace(/\d+$/, String(other.organization)); // a token with the number of the other organization on it
  const paths = [
    `/api/venues/${place.key}`, `/api/venues/${place.key}/activities`, `/api/activities/${db.activity}/sessions`,
    `/embed?venue=${place.key}`, '/demo/real-time-bookings', '/api/webhooks/booking-events', '/healthz', '/readyz',
    `/functions/v1/booking-status?token=${theirs}`, `/functions/v1/booking-status?token=${bookings[0].id}`, '/functions/v1/booking-status',
    ...bookings.filter((one) => one.reservation_id).map((one) => `/api/holds/${one.reservation_id}`),
    `/api/activities/${bookings[0].id}/sessions`, `/api/venues/${bookings[0].id}`, `/events?topics=booking:${bookings[0].id}x`,
  ];
  const changes = ['cancel', 'reschedule', 'change', 'schedule'].map((word) => [`/functions/v1/booking-${word}`,
    { bookingToken: theirs, bookingId: bookings[0].id, sessionId: place.session, partySize: 2, startTime: db.slots[0].start, endTime: db.slots[0].end }]);
  const holds = bookings.filter((one) => one.reservation_id).flatMap((one) => ['confirm', 'cancel'].map((word) =>
    [`/api/holds/${one.reservation_id}/${word}`, { hold_token: 'A'.repeat(43) }]));
  const all = () => db.sql`SELECT md5(string_agg(b::text, '' ORDER BY b.id)) FROM booking.bookings AS b WHERE b.organization_id = ${db.organization}`;
  const books = await all();
  for (const sub of [undefined, 'stranger', 'bob', 'eve']) {
    const headers = sub ? { authorization: `Bearer ${token({ sub })}` } : {};
    for (const path of paths) {
      const text = await raw(relay, `GET ${path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n${sub ? `Authorization: ${headers.authorization}\r\n` : ''}\r\n`);
      assert.match(text, /^HTTP\/1\.1 [234]/, path);
      assert.doesNotMatch(text, ours, `${sub ?? 'a visitor'}: ${path}`);
      // The files of the pages have examples in them.
      if (!path.startsWith('/demo')) assert.doesNotMatch(text, address, `${sub ?? 'a visitor'}: ${path}`);
    }
    for (const [path, body] of [...changes, ...holds]) {
      const answer = await relay.request({ method: 'POST', path, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
      assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status} ${answer.text}`);
      assert.doesNotMatch(answer.text, ours, path);
      assert.doesNotMatch(answer.text, address, path);
    }
  }
  assert.equal(await all(), books, 'and nothing has changed');
});

test('webhooks go to the endpoints of their organization', async () => {
  const waiting = () => db.sql`SELECT count(*) FROM booking.webhook_deliveries WHERE status IN ('pending', 'leased')`;
  await eventually('all deliveries', async () => (await waiting()) === '0');
  assert.ok(hooks.paths('/ours').some(({ body }) => /zqours note/.test(body)), 'ours has what happened');
  const theirs = hooks.paths('/theirs');
  assert.ok(theirs.length > 0, 'theirs has its own');
  for (const { body, headers } of theirs) {
    assert.equal(JSON.parse(body).provider_info.id, other.organization);
    assert.doesNotMatch(body.replaceAll(ada, '') + JSON.stringify(headers), ours);
  }
});
