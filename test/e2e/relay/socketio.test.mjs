// The pages of the seeds with socket.io-client as it is, against a real database: who is told what, over each transport,
// and that nothing is lost and nothing told twice while a page is away, the relay is killed, or a token runs out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { Gate, jwtSecret, token } from './visitors.mjs';
import { Relay, eventually, makeDatabase } from './harness.mjs';

const config = 'realtime.availability_ms = 50\nrealtime.poll_ms = 200\nrealtime.recheck_seconds = 1\n';
const seeds = ['websocket', 'polling'];
let db, relay, gate, session;

const startRelay = () => Relay.start(db.database, { environment: { SUPABASE_JWT_SECRET: jwtSecret }, config });

before(async () => {
  db = await makeDatabase('socketio');
  session = await db.sql`SELECT id FROM booking.sessions ORDER BY start_time LIMIT 1`;
  await db.sql`UPDATE booking.customers SET user_id = 'ada' WHERE email = 'ada@example.com'`;
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role)
    VALUES (${db.organization}, 'olga', 'owner'), (${db.organization}, 'sam', 'staff')`;
  const other = Number(await db.sql`INSERT INTO booking.organizations (name) VALUES ('Others') RETURNING organization_id`);
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${other}, 'eve', 'owner')`;
  relay = await startRelay();
  gate = await Gate.open(relay);
});

after(async () => {
  for (const page of pages) page.socket.disconnect();
  gate?.close();
  await relay?.stop();
  await db?.drop();
});

// What happens.
async function book(name = 'John Doe') {
  const hold = await db.sql`SELECT reservation_id FROM booking.reserve_slot(${session}, 1, 'ada@example.com')`;
  return db.sql`SELECT booking_id FROM booking.confirm_reservation(${hold}, customer_name => ${name})`;
}
const setStatus = (booking, status) => db.sql`UPDATE booking.bookings SET status = ${status} WHERE id = ${booking}`;
const rename = (name) => db.sql`UPDATE booking.venues SET name = ${name} WHERE organization_id = ${db.organization}`;
const venueId = () => db.sql`SELECT id FROM booking.venues WHERE organization_id = ${db.organization} ORDER BY created_at LIMIT 1`;
// Many events at once, told to members.
const happen = (prefix, count) => db.sql`SELECT count(booking.receive_booking_event(${db.organization}, jsonb_build_object(
  'id', ${prefix} || n, 'event_type', 'booking.updated', 'booking_id', ${db.booking}::text, 'description', ${prefix} || n)))
  FROM generate_series(1, ${count}) AS n`;

// A page keeps what it hears, without the cursors that nobody listens for.
const pages = [];
function open(options = {}, url = gate.url) {
  const socket = io(url, { transports: ['websocket'], reconnectionDelay: 50, reconnectionDelayMax: 200, forceNew: true, ...options });
  return watch(socket);
}
function watch(socket) {
  const page = { socket, heard: [], errors: [], ends: [], connects: 0 };
  socket.onAny((event, ...args) => { if (event !== '_cursor') page.heard.push([event, ...args]); });
  socket.on('_cursor', () => { page.caughtUp = true; });
  socket.on('connect', () => { page.connects += 1; page.recovered = socket.recovered; page.caughtUp = false; });
  socket.on('connect_error', (error) => page.errors.push(error));
  socket.on('disconnect', (reason) => page.ends.push(reason));
  page.of = (event) => page.heard.filter(([name]) => name === event).map(([, payload]) => payload);
  page.names = () => page.of('library:updated').map((library) => library.name);
  page.connected = () => eventually('connection', () => socket.connected);
  page.join = async (...args) => {
    await page.connected();
    return socket.timeout(5000).emitWithAck(...args);
  };
  pages.push(page);
  return page;
}
const owner = (options = {}) => open({ auth: { token: token({ sub: 'olga' }) }, ...options });

// The seeds' hook as they have it; what stands in for React, the browser and Vite is here.
let localStorage = { getItem: () => null };
const useRef = (current) => ({ current });
let unmount;
const useEffect = (effect) => { unmount = effect(); };
function useSocket(role = 'student') {
  const SOCKET_URL = gate.url;
  const console = { log: () => {}, error: () => {} };
  const socketRef = useRef(null);

  useEffect(() => {
    // Connect to WebSocket server
    socketRef.current = io(SOCKET_URL, {
      transports: ['websocket', 'polling'],
      auth: {
        token: localStorage.getItem('studyspot_token'),
      },
    });

    const socket = socketRef.current;

    socket.on('connect', () => {
      console.log('WebSocket connected:', socket.id);
      socket.emit('join:role', role);
    });

    socket.on('disconnect', () => {
      console.log('WebSocket disconnected');
    });

    socket.on('connect_error', (error) => {
      console.error('WebSocket error:', error);
    });

    return () => {
      socket.disconnect();
    };
  }, [role]);

  return socketRef.current;
}

test('the hooks of the seeds hear the ten events, each what is theirs', async () => {
  const mounted = [];
  const use = (role, jwt) => {
    localStorage = { getItem: () => jwt };
    const page = watch(useSocket(role));
    mounted.push(unmount);
    return page;
  };
  const student = use('student', token({ sub: 'ada' }));
  const portal = use('library_owner', token({ sub: 'olga' }));
  const staff = use('staff', token({ sub: 'sam' }));
  const visitor = use('student', null);
  const stranger = use('library_owner', token({ sub: 'eve' }));
  await Promise.all([student, portal, staff, visitor, stranger].map((page) => page.connected()));
  // All have joined when they hear of this; eve hears of nothing but her own.
  await rename('Reading room');
  await eventually('library:updated', () => [student, portal, staff, visitor].every((page) => page.names().includes('Reading room')));

  const booking = await book();
  await eventually('booking:created', () => [portal, staff, student].every((page) => page.of('booking:created').some((b) => b.id === booking)));
  const created = portal.of('booking:created').find((b) => b.id === booking);
  const venue = await venueId();
  assert.equal(created.studentName, 'John Doe');
  assert.equal(created.status, 'confirmed');
  assert.equal(created.libraryId, venue);
  assert.equal(created.seatId, session);

  for (const [status, event] of [['checked_in', 'booking:checkin'], ['checked_out', 'booking:checkout']]) {
    await setStatus(booking, status);
    await eventually(event, () => student.of(event).some((data) => data.bookingId === booking && data.status === status));
    await eventually(event, () => portal.of(event).length === 1);
  }
  await db.sql`UPDATE booking.bookings SET notes = 'window seat' WHERE id = ${booking}`;
  await eventually('booking:updated', () => [portal, student].every((page) => page.of('booking:updated').some((b) => b.id === booking)));
  const cancelled = await book();
  await setStatus(cancelled, 'cancelled');
  await eventually('booking:cancelled', () => [portal, student].every((page) => page.of('booking:cancelled').some(({ id }) => id === cancelled)));

  const branch = await db.sql`INSERT INTO booking.venues (organization_id, name, timezone) VALUES (${db.organization}, 'Branch', 'UTC') RETURNING id`;
  await eventually('library:created', () => [student, visitor, portal].every((page) => page.of('library:created').some((l) => l.id === branch && l.name === 'Branch')));
  await db.sql`DELETE FROM booking.venues WHERE organization_id = ${db.organization} AND id = ${branch}`;
  await eventually('library:deleted', () => [student, visitor].every((page) => page.of('library:deleted').some((l) => l.id === branch)));
  await db.sql`UPDATE booking.activities SET price_minor = 7550 WHERE organization_id = ${db.organization}`;
  await eventually('pricing:updated', () => [student, visitor].every((page) => page.of('pricing:updated').some(
    ({ libraryId, pricing }) => libraryId === venue && pricing.price === 75.5)));

  const seats = (page) => page.of('seat:availability').filter(({ seatId }) => seatId === session);
  await visitor.join('join:library', venue);
  await eventually('the seats there are', () => seats(visitor).some(({ available }) => available === true));
  const before = seats(visitor).at(-1).seatsAvailable;
  await book();
  await eventually('one seat less', () => seats(visitor).at(-1).seatsAvailable === before - 1);

  const kinds = (page) => new Set(page.heard.map(([event]) => event.split(':')[0]));
  assert.deepEqual([...kinds(visitor)].filter((kind) => !['library', 'pricing', 'seat', 'activity', 'sessions'].includes(kind)), []);
  assert.doesNotMatch(JSON.stringify(visitor.heard), /John|ada|example\.com|window seat/i);
  assert.doesNotMatch(JSON.stringify(student.heard), /window seat/);
  assert.deepEqual(stranger.heard, []);
  mounted.forEach((end) => end());
  await eventually('the end', () => mounted.length === 5 && !student.socket.connected && !visitor.socket.connected);
  assert.deepEqual(student.ends, ['io client disconnect']);
});

for (const transports of [['websocket'], ['polling'], ['polling', 'websocket'], seeds]) {
  test(`over ${transports.join(' and then ')}: events, acknowledgements, the end`, async () => {
    const page = owner({ transports });
    assert.deepEqual(await page.join('join:role', 'library_owner'), { ok: true });
    assert.equal(page.socket.recovered, false);
    if (transports.length === 2) await eventually('websocket', () => page.socket.io.engine.transport.name === 'websocket');
    else assert.equal(page.socket.io.engine.transport.name, transports[0]);
    const name = `by ${transports}`;
    const booking = await book(name);
    await eventually('booking:created', () => page.of('booking:created').some((b) => b.id === booking && b.studentName === name));
    const [, , seq] = page.heard.find(([event]) => event === 'booking:created');
    assert.match(seq, /^[1-9][0-9]*$/);
    page.socket.disconnect();
    assert.deepEqual(page.ends, ['io client disconnect']);
  });
}

test('nothing is lost and nothing told twice when the relay is killed, whatever the transport', async () => {
  const start = await db.sql`SELECT COALESCE(max(seq), 0) FROM booking.event_positions`;
  const happened = async () => (await db.rows`SELECT p.event_id FROM booking.event_positions AS p JOIN booking.booking_events AS e
    ON e.organization_id = p.organization_id AND e.id = p.event_id
    WHERE p.seq > ${start} AND e.kind = 'venue.updated' ORDER BY p.seq`).map((row) => row.event_id);
  const heard = (page) => page.of('library:updated').map(({ event }) => event.id);
  const away = [seeds, ['polling'], ['polling', 'websocket']].map((transports) => {
    const page = owner({ transports });
    page.socket.on('connect', () => {
      page.socket.emit('join:role', 'library_owner');
      page.socket.emit('join:role', 'student'); // what both have is told once
    });
    return page;
  });
  const quiet = open(); // has heard of nothing when it is cut off
  quiet.socket.on('connect', () => quiet.socket.emit('join:role', 'student'));
  const all = [...away, quiet];
  await Promise.all(all.map((page) => page.join('join:role', 'student')));
  const rounds = process.env.PGBK_LONG ? 6 : 2;
  let count = 0;
  const tell = () => rename(`Hall ${++count}`);
  for (let round = 0; round < rounds; ++round) {
    if (round % 2 === 0) {
      gate.cut();
      await relay.stop('SIGKILL');
    } else {
      await relay.stop();
      gate.cut();
    }
    for (let i = 0; i < 3; ++i) await tell();
    relay = await startRelay();
    gate.lead(relay);
    await eventually('all that was missed', () => all.every((page) => heard(page).length >= count));
    await eventually('their new place', () => all.every((page) => page.caughtUp));
    await tell();
    await eventually('what happens while all is well', () => all.every((page) => heard(page).length >= count));
  }
  const told = await happened();
  assert.equal(told.length, count);
  for (const page of all) {
    assert.deepEqual(heard(page), told);
    assert.equal(page.recovered, true);
    assert.equal(page.connects, rounds + 1);
    assert.deepEqual(page.of('reset'), []);
    page.socket.disconnect();
  }
});

test('a role that the token has not is refused, and says why', async () => {
  const page = open({ auth: { token: token({ sub: 'ada', app_metadata: { role: 'library_owner' }, organizations: [db.organization] }) } });
  const refused = await page.join('join:role', 'library_owner');
  assert.equal(refused.ok, false);
  assert.match(refused.error, /owns no organization/);
  page.socket.emit('join:role', 'staff');
  await eventually('refused', () => page.of('refused').some(({ event, error }) => event === 'join:role' && /no staff/.test(error)));
  assert.equal((await page.join('join:organization', db.organization)).ok, false);
  const visitor = open();
  assert.equal((await visitor.join('join:role', 'library_owner')).ok, false);
  const venue = await venueId();
  assert.deepEqual(await visitor.join('join:library', venue), { ok: true });
  await setStatus(await book(), 'cancelled');
  await rename('After the refusals');
  // It is told to the venue after the bookings: what they would have heard of those, they would have heard before.
  await eventually('library:updated', () => visitor.names().includes('After the refusals'));
  assert.deepEqual(visitor.of('booking:created'), []);
  assert.deepEqual(page.of('booking:created'), []);
  page.socket.disconnect();
  visitor.socket.disconnect();
});

test('a member who is removed leaves, and is told so', async () => {
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${db.organization}, 'tim', 'staff')`;
  const page = open({ auth: { token: token({ sub: 'tim' }) } });
  assert.deepEqual(await page.join('join:role', 'staff'), { ok: true });
  await db.sql`DELETE FROM booking.organization_members WHERE user_id = 'tim'`;
  await eventually('refused', () => page.of('refused').some(({ event, error }) => event === 'role:staff' && /any more/.test(error)));
  const told = page.of('booking:created').length;
  assert.deepEqual(await page.join('join:library', await venueId()), { ok: true });
  await book();
  await rename('After the removal');
  await eventually('library:updated', () => page.names().includes('After the removal'));
  assert.equal(page.of('booking:created').length, told);
  page.socket.disconnect();
});

test('tokens that are no good are refused, and harm nobody else', async () => {
  const good = owner();
  await good.join('join:role', 'library_owner');
  const bad = [token({ sub: 'ada' }, { seconds: -10 }), token({ sub: 'ada' }, { secret: 'another-secret-that-is-as-long-as-it-has-to-be' }),
    token({ sub: 7 }), token({ sub: { a: 1 } }), token({ sub: 'a'.repeat(5000) }), 'rubbish', 'a.b.c', `${token({ sub: 'ada' })}x`,
    token({ sub: 'olga' }, { header: { alg: 'none' } })];
  for (const jwt of bad) {
    const page = open({ auth: { token: jwt } });
    await eventually('connect_error', () => page.errors.length > 0);
    assert.equal(page.errors[0].data?.code, 401, page.errors[0].message);
    assert.equal(page.socket.active, false);
    page.socket.disconnect();
  }
  assert.match((await new Promise((resolve) => { open({ auth: { token: bad[0] } }).socket.on('connect_error', resolve); })).message, /expired/);
  const booking = await book();
  await eventually('booking:created', () => good.of('booking:created').some((b) => b.id === booking));
  good.socket.disconnect();
});

test('a token that runs out ends the connection; with a new one nothing is lost', async () => {
  const fixed = owner({ auth: { token: token({ sub: 'olga' }, { seconds: 2 }) } });
  let calls = 0;
  const renewing = owner({ auth: (tell) => tell({ token: token({ sub: 'olga' }, { seconds: ++calls === 1 ? 2 : 3600 }) }) });
  const pushing = owner({ auth: { token: token({ sub: 'olga' }, { seconds: 2 }) } });
  for (const page of [fixed, renewing, pushing]) page.socket.on('connect', () => page.socket.emit('join:role', 'library_owner'));
  await Promise.all([fixed, renewing, pushing].map((page) => page.join('join:role', 'library_owner')));
  assert.deepEqual(await pushing.join('auth:token', token({ sub: 'olga' })), { ok: true });
  assert.equal((await pushing.join('auth:token', token({ sub: 'eve' }))).ok, false);
  await eventually('the end of the token', () => fixed.errors.length > 0);
  assert.match(fixed.errors[0].message, /expired/);
  const booking = await book();
  await eventually('booking:created', () => [renewing, pushing].every((page) => page.of('booking:created').some((b) => b.id === booking)));
  await eventually('its return', () => renewing.connects === 2);
  assert.equal(renewing.recovered, true);
  assert.deepEqual(fixed.of('booking:created'), []);
  assert.equal(pushing.connects, 1);
  for (const page of [fixed, renewing, pushing]) page.socket.disconnect();
});

test('one who does not read is dropped, comes back, and has missed nothing; others do not wait for it', async () => {
  const url = `http://127.0.0.1:${relay.port}`; // nothing in between that reads
  const slow = open({ auth: { token: token({ sub: 'olga' }) } }, url);
  const quick = owner();
  for (const page of [slow, quick]) page.socket.on('connect', () => page.socket.emit('join:role', 'staff'));
  await Promise.all([slow, quick].map((page) => page.join('join:role', 'staff')));
  const wire = slow.socket.io.engine.transport.ws._socket;
  wire.pause();
  const told = [];
  const heard = (page) => page.of('booking:updated').map(({ event }) => event.description).filter((d) => d?.startsWith('slow '));
  for (let part = 0; part < 8; ++part) { // megabytes, of which the quick one takes each before there is the next
    await happen(`slow ${part} `, 400);
    told.push(...Array.from({ length: 400 }, (_, i) => `slow ${part} ${i + 1}`));
    await eventually('the quick one', () => heard(quick).length === told.length);
  }
  wire.resume();
  await eventually('the slow one', () => heard(slow).length >= told.length);
  assert.deepEqual(heard(quick), told);
  assert.deepEqual(heard(slow), told);
  assert.ok(slow.ends.length > 0, 'it was dropped');
  assert.equal(quick.ends.length, 0);
  slow.socket.disconnect();
  quick.socket.disconnect();
});

test('a booking is seen by its token; another namespace is not there', async () => {
  const admin = watch(io(`${gate.url}/admin`, { transports: ['websocket'], forceNew: true }));
  await eventually('connect_error', () => admin.errors.length > 0);
  assert.equal(admin.errors[0].message, 'Invalid namespace');
  admin.socket.disconnect();
  const page = open();
  const refused = await page.join('join:booking', 'A'.repeat(43));
  assert.equal(refused.ok, false);
  assert.deepEqual(await page.join('join:booking', db.booking), { ok: true }); // an id opens nothing
  await happen('seen ', 1);
  await rename('After what is not for visitors');
  await page.join('join:role', 'student');
  await rename('Seen');
  await eventually('library:updated', () => page.names().includes('Seen'));
  assert.deepEqual(page.of('booking:updated'), []);
  page.socket.disconnect();
});
