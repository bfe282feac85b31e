// The code of the seeds with the clients of Supabase as they are, of then and of now, against a real database: who is
// told what, tokens, and that nothing is lost while a client is away or the relay is killed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createClient as createCurrent } from 'supabase-js';
import { createClient as createOfSeeds } from 'supabase-js-seeds';
import WebSocket from 'ws';
import { Gate, jwtSecret, token } from './visitors.mjs';
import { Relay, eventually, makeDatabase, sleep } from './harness.mjs';

const versions = [['2.86.0', createOfSeeds], ['2.119.0', createCurrent]];
const ada = '5f3c0d0e-0000-4000-8000-00000000ada0';
const eve = '5f3c0d0e-0000-4000-8000-00000000eee0';
const config = 'realtime.availability_ms = 50\nrealtime.poll_ms = 200\nrealtime.subscriptions = 50\nrealtime.recheck_seconds = 1\n';
let db, relay, gate, court, session;

const startRelay = () => Relay.start(db.database, { environment: { SUPABASE_JWT_SECRET: jwtSecret }, config });

before(async () => {
  db = await makeDatabase('supabase');
  court = await db.sql`SELECT id FROM booking.activities`;
  session = await db.sql`SELECT id FROM booking.sessions ORDER BY start_time LIMIT 1`;
  await db.sql`UPDATE booking.customers SET user_id = ${ada} WHERE email = 'ada@example.com'`;
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${db.organization}, ${eve}, 'staff')`;
  relay = await startRelay();
  gate = await Gate.open(relay);
});

after(async () => {
  await Promise.all([...clients].map(disconnect));
  gate?.close();
  await relay?.stop();
  await db?.drop();
});

// A client as an application makes it; `realtime` are options of its own that it offers.
const clients = new Set();
function connect(create, { jwt, realtime = {}, key = 'anon-key', url = gate.url } = {}) {
  const client = create(url, key, {
    ...(jwt ? { accessToken: async () => jwt } : { auth: { persistSession: false, autoRefreshToken: false } }),
    realtime: { transport: WebSocket, ...realtime },
  });
  clients.add(client);
  return client;
}
const disconnect = async (client) => {
  clients.delete(client);
  await client.removeAllChannels();
  client.realtime.disconnect();
};

// Subscribes, and keeps what is told and what the channel's states were.
function listen(client, name, bindings, config) {
  const heard = { payloads: [], states: [], system: [] };
  heard.channel = client.channel(name, config);
  for (const binding of bindings) {
    heard.channel.on('postgres_changes', { schema: 'public', event: '*', ...binding }, (payload) => heard.payloads.push(payload));
  }
  heard.channel.on('system', {}, (payload) => heard.system.push(payload));
  heard.channel.subscribe((state, error) => heard.states.push(error ? `${state}: ${error.message}` : state));
  heard.subscribed = () => eventually(`${name}: ${heard.states}`, () => heard.states.includes('SUBSCRIBED'));
  heard.heard = (what, test) => eventually(`${what}, of ${JSON.stringify(heard.payloads.map((p) => [p.table, p.eventType, p.new.event_type]))}`, () => heard.payloads.find(test));
  return heard;
}

const change = (note) => db.sql`UPDATE booking.bookings SET notes = ${note} WHERE id = ${db.booking}`;
const signedIn = async (create, sub, options) => {
  const client = connect(create, { jwt: token({ sub }), ...options });
  await client.realtime.setAuth();
  return client;
};

for (const [version, create] of versions) {
  test(`${version}: a court's page learns that seats are gone, and nothing else`, async () => {
    const supabase = connect(create);
    const invalidated = [];
    // As it was written down, with an id that there is.
    const channel = supabase
      .channel('bookings:court_123')
      .on('postgres_changes', {
        event: '*',
        schema: 'public',
        table: 'bookings',
        filter: `court_id=eq.${court}`
      }, (payload) => {
        invalidated.push(payload);
      })
      .subscribe();
    await eventually('the state of the moment', () => invalidated.length > 0);
    const left = () => invalidated.filter((payload) => payload.new.session_id === session).at(-1)?.new.seats_available;
    await eventually('that of the session', () => left() !== undefined);
    const atFirst = left();
    await db.sql`SELECT booking.confirm_reservation((SELECT reservation_id FROM booking.reserve_slot(${session}, 2, 'bob@example.com')), customer_name => 'Bob')`;
    await eventually('two seats fewer', () => left() === atFirst - 2);
    const last = invalidated.at(-1);
    assert.equal(last.eventType, 'UPDATE');
    assert.equal(last.new.id, null);
    assert.equal(last.new.court_id, court);
    assert.equal(last.table, 'bookings');
    assert.doesNotMatch(JSON.stringify(invalidated), /example\.com|Bob|Ada|booking_number/);
    await supabase.removeChannel(channel);
    await disconnect(supabase);
  });

  test(`${version}: events by booking, by user and by provider`, async () => {
    const customer = await signedIn(create, ada);
    const provider = await signedIn(create, eve);
    const byBooking = listen(customer, `booking-events:${db.booking}`, [{ event: 'INSERT', table: 'booking_events', filter: `booking_id=eq.${db.booking}` }]);
    const byUser = listen(customer, `user-booking-events:${ada}`, [{ event: 'INSERT', table: 'booking_events', filter: `user_id=eq.${ada}` }]);
    const byProvider = listen(provider, `provider-booking-events:${db.organization}`, [{ event: 'INSERT', table: 'booking_events', filter: `provider_id=eq.${db.organization}` }]);
    const bookings = listen(provider, 'bookings', [{ table: 'bookings', filter: `user_id=eq.${ada}` }]);
    const all = [byBooking, byUser, byProvider];
    await Promise.all([...all, bookings].map((one) => one.subscribed()));
    await change(`for ${version}`);
    for (const one of all) {
      const { new: event } = await one.heard('booking.updated', (payload) => payload.new.event_type === 'booking.updated');
      assert.equal(event.booking_id, db.booking);
      assert.equal(event.client_id, ada);
      assert.equal(event.provider_id, db.organization);
      assert.equal(typeof event.description, 'string');
      assert.equal(event.facts.constructor, Object);
    }
    // A client of today may be told of the last minutes first.
    const updated = await bookings.heard('the row', (payload) => payload.new.notes === `for ${version}`);
    assert.equal(updated.eventType, 'UPDATE');
    assert.equal(updated.new.id, db.booking);
    assert.equal(updated.old.id, db.booking);
    assert.equal(updated.errors, null);
    assert.ok(Date.parse(updated.commit_timestamp) > 0);
    assert.doesNotMatch(JSON.stringify(byUser.payloads), new RegExp(`for ${version}`), 'what staff writes is not for customers');
    await Promise.all([disconnect(customer), disconnect(provider)]);
  });

  test(`${version}: a widget's activities and sessions`, async () => {
    const supabase = connect(create);
    const widget = listen(supabase, 'widget', [
      { table: 'activities', filter: `id=eq.${court}` },
      { table: 'activity_sessions', filter: `activity_id=eq.${court}` },
      { table: 'courts', event: 'UPDATE' },
    ]);
    await widget.subscribed();
    await db.sql`UPDATE booking.activities SET price_minor = price_minor + 100 WHERE id = ${court}`;
    const priced = await widget.heard('the price', (payload) => payload.table === 'activities' && payload.eventType === 'UPDATE');
    assert.equal(typeof priced.new.price_minor, 'number');
    await widget.heard('the same by its other name', (payload) => payload.table === 'courts');
    await db.sql`SELECT booking.reserve_slot(${session}, 1, 'bob@example.com')`;
    await widget.heard('the seats', (payload) => payload.table === 'activity_sessions' && payload.new.seats_available !== undefined);
    await disconnect(supabase);
  });

  test(`${version}: what is not theirs is refused, with the reason`, async () => {
    const visitor = connect(create, { realtime: { reconnectAfterMs: () => 60000 } });
    const wanted = [
      ['of somebody', { table: 'bookings', filter: `user_id=eq.${ada}` }],
      ['of an organization', { table: 'booking_events', filter: `provider_id=eq.${db.organization}` }],
      ['no table', { table: 'customers' }],
      ['no filter', { table: 'bookings', filter: `court_id=match.${court}` }],
    ];
    const reasons = [];
    for (const [name, binding] of wanted) {
      const channel = listen(visitor, name, [binding]);
      await eventually(name, () => channel.states.length > 0);
      reasons.push(channel.states[0]);
    }
    assert.match(reasons[0], /^CHANNEL_ERROR.*Unauthorized/);
    assert.match(reasons[1], /^CHANNEL_ERROR.*Unauthorized/);
    assert.match(reasons[2], /^CHANNEL_ERROR.*there is no table/);
    assert.match(reasons[3], /^CHANNEL_ERROR.*regular expressions/);
    const forger = connect(create, { jwt: token({ sub: eve }, { secret: 'another-secret-than-that-of-the-relay-0123' }), realtime: { reconnectAfterMs: () => 60000 } });
    await forger.realtime.setAuth();
    const forged = listen(forger, 'forged', [{ table: 'bookings', filter: `court_id=eq.${court}` }]);
    await eventually('the forged token', () => forged.states.length > 0);
    assert.match(forged.states[0], /^CHANNEL_ERROR.*Unauthorized/);
    await Promise.all([disconnect(visitor), disconnect(forger)]);
  });

  test(`${version}: tokens that are set later, and that expire`, async () => {
    const client = connect(create);
    await client.realtime.setAuth(token({ sub: ada }));
    const first = listen(client, 'mine', [{ table: 'bookings', filter: `user_id=eq.${ada}` }]);
    await first.subscribed();
    await change(`set by ${version}`);
    await first.heard('the change', (payload) => payload.new.id === db.booking);

    const short = await signedIn(create, ada, { jwt: token({ sub: ada }, { seconds: 2 }) });
    const second = listen(short, 'mine', [{ table: 'bookings', filter: `user_id=eq.${ada}` }]);
    await second.subscribed();
    await eventually('the end', () => second.states.includes('CLOSED'));
    assert.match(second.system.at(-1).message, /^Token has expired \d+ seconds ago$/);
    const atFirst = second.payloads.length;
    const told = first.payloads.length;
    await change(`after expiry, ${version}`);
    await eventually('that others are told', () => first.payloads.length > told);
    assert.equal(second.payloads.length, atFirst);
    await Promise.all([disconnect(client), disconnect(short)]);
  });

  // Of changes that follow one another, all are told, and in their order.
  test(`${version}: nothing is lost while the client is away, or the relay killed`, async () => {
    const user = await signedIn(create, ada, { realtime: { reconnectAfterMs: () => 200, heartbeatIntervalMs: 300 } });
    const visitor = connect(create, { realtime: { reconnectAfterMs: () => 200, heartbeatIntervalMs: 300 } });
    const mine = listen(user, 'mine', [{ event: 'INSERT', table: 'booking_events', filter: `user_id=eq.${ada}` }]);
    const page = listen(visitor, 'page', [{ event: 'INSERT', table: 'booking_events' }, { table: 'bookings', filter: `court_id=eq.${court}` }]);
    await Promise.all([mine.subscribed(), page.subscribed()]);
    const start = Number(await db.sql`SELECT last_seq FROM booking.relay_position()`);
    await change('before');
    await sleep(2000); // heartbeats: what the client has is known to the relay

    gate.cut();
    await change('while the client is away 1');
    await change('while the client is away 2');
    await db.sql`UPDATE booking.activities SET price_minor = price_minor + 100 WHERE id = ${court}`;
    gate.lead(relay);
    await mine.heard('what was missed', (payload) => payload.new.event_type === 'booking.updated' && payload.new.seq > start + 2);

    await change('just before the kill');
    await relay.stop('SIGKILL');
    gate.cut();
    await change('while there is no relay');
    await db.sql`UPDATE booking.activities SET price_minor = price_minor + 100 WHERE id = ${court}`;
    relay = await startRelay();
    gate.lead(relay);
    await change('last');
    const written = (await db.rows`SELECT p.seq, e.kind FROM booking.event_positions p JOIN booking.booking_events e ON e.id = p.event_id
      WHERE p.seq > ${start} ORDER BY p.seq`);
    const bookingEvents = () => written.filter(({ kind }) => kind.startsWith('booking.')).map(({ seq }) => seq);
    await eventually('positions', async () => {
      written.splice(0, written.length, ...await db.rows`SELECT p.seq, e.kind FROM booking.event_positions p JOIN booking.booking_events e ON e.id = p.event_id
        WHERE p.seq > ${start} ORDER BY p.seq`);
      return bookingEvents().length === 6;
    });
    const seqs = (channel) => [...new Set(channel.payloads.filter((p) => p.table === 'booking_events').map((p) => p.new.seq))].filter((seq) => seq > start);
    await eventually(`all of ${bookingEvents()}, had ${seqs(mine)}`, () => bookingEvents().every((seq) => seqs(mine).includes(seq)));
    assert.deepEqual(seqs(mine).filter((seq) => bookingEvents().includes(seq)), bookingEvents(), 'in order');
    const prices = written.filter(({ kind }) => kind === 'pricing.updated').map(({ seq }) => seq);
    assert.equal(prices.length, 2);
    await eventually(`all prices of ${prices}, had ${seqs(page)}`, () => prices.every((seq) => seqs(page).includes(seq)));
    await Promise.all([disconnect(user), disconnect(visitor)]);
  });
}

test('a member who is removed is told so, and nothing else', async () => {
  const [, [, create]] = versions;
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${db.organization}, 'tim', 'staff')`;
  const client = await signedIn(create, 'tim');
  const all = listen(client, 'all', [{ table: 'bookings', filter: `provider_id=eq.${db.organization}` }]);
  const room = listen(client, `organization:${db.organization}`, [], { config: { private: true } });
  await all.subscribed();
  await room.subscribed();
  await change('while tim is there');
  await all.heard('the change', (payload) => payload.new.id === db.booking);
  await db.sql`DELETE FROM booking.organization_members WHERE user_id = 'tim'`;
  await eventually('the end of both', () => [all, room].every(({ states }) => states.includes('CLOSED')));
  assert.match(all.system.at(-1).message, /^Unauthorized/);
  assert.match(room.system.at(-1).message, /^Unauthorized: this private channel/);
  await disconnect(client);
});

test('clients of both versions talk to each other, and see who is there', async () => {
  const [old, current] = versions.map(([, create]) => connect(create));
  const heard = [[], []];
  const ofRoom = (key) => ({ config: { broadcast: { self: false, ack: true }, presence: { key } } });
  const rooms = [old, current].map((client, i) => client.channel('room', ofRoom(`client-${i}`))
    .on('broadcast', { event: 'move' }, (message) => heard[i].push(message.payload))
    .on('presence', { event: 'sync' }, () => {}));
  await Promise.all(rooms.map((room) => new Promise((resolve) => room.subscribe((state) => state === 'SUBSCRIBED' && resolve()))));
  assert.equal(await rooms[0].send({ type: 'broadcast', event: 'move', payload: { x: 'ä1' } }), 'ok');
  assert.equal(await rooms[1].send({ type: 'broadcast', event: 'move', payload: { x: 2 } }), 'ok');
  await eventually('both', () => heard[0].length > 0 && heard[1].length > 0);
  assert.deepEqual(heard, [[{ x: 2 }], [{ x: 'ä1' }]]);
  assert.equal(await rooms[0].track({ at: 'court' }), 'ok');
  assert.equal(await rooms[1].track({ at: 'bar' }), 'ok');
  const present = (room) => Object.values(room.presenceState()).flat().map((meta) => meta.at).sort();
  await eventually('both present', () => rooms.every((room) => present(room).join() === 'bar,court'));
  await rooms[0].untrack();
  await eventually('one has left', () => present(rooms[1]).join() === 'bar');
  await disconnect(current);
  await eventually('the other too', () => present(rooms[0]).join() === '');
  const secret = old.channel('secret', { config: { private: true } });
  const states = [];
  secret.subscribe((state, error) => states.push(`${state} ${error?.message}`));
  await eventually('the answer', () => states.length > 0);
  assert.match(states[0], /CHANNEL_ERROR.*private channel needs a token/);
  await disconnect(old);
});

test('poisonous claims harm their owner only', async () => {
  const good = await signedIn(createCurrent, ada);
  const mine = listen(good, 'mine', [{ table: 'bookings', filter: `user_id=eq.${ada}` }]);
  await mine.subscribed();
  const poisons = [{ sub: 'null' }, { sub: 'x\'; SELECT 1/0' }, { sub: ['a'] }, { sub: { a: 1 } }, { sub: 1 }, { sub: null }, { sub: 'a'.repeat(3000) }];
  const bad = await Promise.all(poisons.map(async (claims) => {
    const client = connect(createCurrent, { jwt: token(claims), realtime: { reconnectAfterMs: () => 60000 } });
    await client.realtime.setAuth();
    return [client, listen(client, 'poison', [{ table: 'booking_events' }])];
  }));
  await Promise.all(bad.map(([, channel]) => eventually('an answer', () => channel.states.length > 0)));
  await change('in spite of poison');
  await mine.heard('the change', (payload) => payload.new.id === db.booking);
  for (const [client, channel] of bad) {
    assert.deepEqual(channel.payloads.filter((payload) => payload.new.booking_id), []);
    await disconnect(client);
  }
  await disconnect(good);
});

// A client as others may write it: what it sends and gets, without a library.
async function rawClient(path = '/realtime/v1/websocket?apikey=anon&vsn=2.0.0') {
  const socket = new WebSocket(`ws://127.0.0.1:${relay.port}${path}`);
  const client = { socket, messages: [], closed: undefined };
  socket.on('message', (data, isBinary) => client.messages.push(isBinary ? data : JSON.parse(data)));
  socket.on('close', (code) => { client.closed = code; });
  socket.on('error', () => {});
  client.send = (...message) => socket.send(JSON.stringify(message));
  client.join = async (topic, config = {}, ref = '1') => {
    client.send(ref, ref, topic, 'phx_join', { config });
    return eventually('the answer', () => client.messages.find((m) => m[1] === ref && m[3] === 'phx_reply'));
  };
  await eventually('the connection', () => socket.readyState === WebSocket.OPEN);
  return client;
}

test('paths, versions and messages that are none', async () => {
  for (const path of ['/realtime/v1/websocket?vsn=1.0.0', '/socket/websocket?vsn=2.0.0', '/realtime/v1/websocket']) {
    const client = await rawClient(path);
    const one = !path.includes('2.0.0');
    client.socket.send(JSON.stringify(one ? { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '1' } : [null, '1', 'phoenix', 'heartbeat', {}]));
    const [answer] = await eventually('the answer', () => client.messages.length > 0 && client.messages);
    assert.deepEqual(one ? answer.payload : answer[4], { status: 'ok', response: {} });
    client.socket.close();
  }
  for (const path of ['/realtime/v1/websocket?vsn=3.0.0', '/realtime/v1/websocket?vsn=']) {
    const refused = new WebSocket(`ws://127.0.0.1:${relay.port}${path}`);
    refused.on('error', () => {});
    const status = await new Promise((resolve) => refused.on('unexpected-response', (request, response) => resolve(response.statusCode)));
    assert.equal(status, 400);
    refused.terminate();
  }
  for (const bad of ['{', '[]', 'null', '[1,2,3,4,5]', Buffer.from([3, 1]), Buffer.from([9])]) {
    const client = await rawClient();
    client.socket.send(bad);
    await eventually(`the end of ${bad}`, () => client.closed === 1008);
  }
  const flood = await rawClient();
  for (let i = 0; i < 400; ++i) flood.send(null, String(i), 'phoenix', 'heartbeat', {});
  await eventually('the end of a flood', () => flood.closed === 1008);
});

test('who does not read is closed, and others are told all the same; and is told the rest later', async () => {
  const changes = { postgres_changes: [{ event: 'UPDATE', schema: 'public', table: 'bookings', filter: `organization_id=eq.${db.organization}` }] };
  const topic = 'realtime:busy';
  const member = async (ref = '1') => {
    const client = await rawClient();
    client.send(ref, ref, topic, 'phx_join', { config: changes, access_token: token({ sub: eve }) });
    const answer = await eventually('the answer', () => client.messages.find((m) => m[1] === ref && m[3] === 'phx_reply'));
    assert.equal(answer[4].status, 'ok');
    return client;
  };
  const told = (client) => client.messages.filter((m) => m[3] === 'postgres_changes' && m[4].data.record.notes?.startsWith('long')).length;
  const [slow, reader] = [await member(), await member()];
  slow.socket.pause();
  // More than the kernel's buffers and the relay's queue hold.
  const all = 240;
  for (let made = 8; made <= all; made += 8) {
    await db.sql`DO $$ BEGIN FOR i IN 1..8 LOOP
      UPDATE booking.bookings SET notes = 'long' || i || repeat('x', 80000) WHERE id = ${db.booking}; END LOOP; END $$`;
    await eventually(`all ${made} for the one who reads`, () => told(reader) === made);
  }
  slow.socket.resume();
  await eventually('the end of the slow one', () => slow.closed !== undefined);
  assert.ok(told(slow) < all);
  const again = await member('9');
  await eventually('the rest', () => told(again) === all, 30000);
  await change('short');
  for (const client of [again, reader]) client.socket.terminate();
});

test('neither tokens nor keys are in the log', async () => {
  assert.doesNotMatch(relay.log, /eyJ|anon-key|apikey=/);
});
