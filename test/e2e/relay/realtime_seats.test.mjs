// Who looks at a session is told how many seats are left, whatever changes them, and nothing more often than is of use;
// whose token it is, the database says.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Relay, eventually, makeDatabase } from './harness.mjs';
import { token } from './visitors.mjs';

const secret = 'a-secret-of-thirty-two-bytes-or-more';
let db, relay, activity, venue, sessions;
const streams = [];

before(async () => {
  db = await makeDatabase('realtime_seats');
  venue = await db.sql`SELECT id FROM booking.venues`;
  activity = await db.sql`SELECT id FROM booking.activities`;
  sessions = (await db.rows`SELECT id FROM booking.sessions ORDER BY start_time`).map((row) => row.id);
  await db.sql`INSERT INTO booking.organization_members (organization_id, user_id, role) VALUES (${db.organization}, 'eve', 'staff')`;
  // Nobody but a notification wakes this relay.
  relay = await Relay.start(db.database, {
    environment: { SUPABASE_JWT_SECRET: `old-secret-of-more-than-thirty-two-bytes ${secret}` },
    config: 'realtime.poll_ms = 60000\nrealtime.availability_ms = 100\n',
  });
  await eventually('its position', async () => (await relay.metric('booking_relay_realtime_position')) !== undefined);
});

after(async () => {
  streams.forEach((stream) => stream.destroy());
  await relay?.stop();
  await db?.drop();
});

const encoded = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const jwt = (claims, options) => token(claims, { secret, ...options });

// An open stream: its events so far, as they come.
function listen(topics, shown) {
  return new Promise((resolve, reject) => {
    const headers = shown === undefined ? {} : { authorization: `Bearer ${shown}` };
    const request = http.get({ host: '127.0.0.1', port: relay.port, agent: false, path: `/events?topics=${topics}`, headers }, (response) => {
      streams.push(request);
      const events = [];
      let text = '';
      response.on('error', () => {});
      response.on('data', (data) => {
        const blocks = (text += data).split('\n\n');
        text = blocks.pop();
        for (const block of blocks) {
          const field = (name) => block.split('\n').find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trimStart();
          if (field('data')) events.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) });
        }
      });
      if (response.statusCode !== 200) response.on('end', () => resolve({ status: response.statusCode, text }));
      else resolve({ status: 200, events, of: (kind) => events.filter(({ event }) => event === kind) });
    });
    request.on('error', reject);
  });
}
const seats = (stream, session) => stream.of('session.availability')
  .filter(({ data }) => data.session_id === session).map(({ data }) => data.seats_available);
const hold = (session, number = 1) => db.sql`SELECT reservation_id FROM booking.reserve_slot(${session}, ${number}, 'bob@example.com')`;

test('seats are told when one begins to look, and when they change', async () => {
  const [session] = sessions;
  const stream = await listen(`session:${session}`);
  await eventually('the present', () => seats(stream, session).length === 1);
  const [present] = seats(stream, session);
  const reservation = await hold(session, 2);
  await eventually('the hold', () => seats(stream, session).at(-1) === present - 2);
  await db.sql`SELECT booking.cancel_reservation(${reservation})`;
  await eventually('the seats are free', () => seats(stream, session).at(-1) === present);
  const { id, data } = stream.of('session.availability').at(-1);
  assert.equal(id, undefined, 'state is no place in history');
  assert.deepEqual([data.organization_id, data.activity_id, data.venue_id, data.status], [db.organization, activity, venue, 'open']);
  assert.deepEqual(Object.keys(data).filter((name) => /email|name|changes|reservation/.test(name)), []);
});

test('of an activity and of a venue, those of the sessions to come', async () => {
  for (const topic of [`activity:${activity}`, `venue:${venue}`, `library:${venue}`]) {
    const stream = await listen(topic);
    await eventually(topic, () => sessions.every((session) => seats(stream, session).length >= 1));
  }
});

test('many changes are few messages', async () => {
  const [, session] = sessions;
  const stream = await listen(`session:${session}`);
  await eventually('the present', () => seats(stream, session).length === 1);
  const [present] = seats(stream, session);
  await db.sql`SELECT count(r.reservation_id) FROM generate_series(1, 40) AS n, LATERAL booking.reserve_slot(${session}::uuid, 1, n || '@example.com') AS r`;
  await eventually('all of them', () => seats(stream, session).at(-1) === present - 40);
  assert.ok(seats(stream, session).length <= 5, `${seats(stream, session)}`);
});

test('a hold that runs out frees its seat, though nothing happens', async () => {
  const [session] = sessions;
  const stream = await listen(`session:${session}`);
  await eventually('the present', () => seats(stream, session).length === 1);
  const [present] = seats(stream, session);
  const reservation = await hold(session);
  await eventually('the hold', () => seats(stream, session).at(-1) === present - 1);
  // Behind the back of all, and nobody is notified: it is looked at when another one comes, and then at its end.
  await db.sql`UPDATE booking.slot_reservations SET expires_at = now() + interval '1.5 seconds' WHERE id = ${reservation}`;
  await hold(session);
  await eventually('both', () => seats(stream, session).at(-1) === present - 2);
  // Sooner than everything that somebody looks at is looked at again.
  await eventually('one of them is over', () => seats(stream, session).at(-1) === present - 1, 6000);
});

test('a session of an activity that is not public is not told of', async () => {
  // Hidden from the beginning: those who watch the venue have not asked about it either.
  await db.sql`DO $$ DECLARE hidden booking.activities.id%TYPE; BEGIN
    INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
      SELECT organization_id, venue_id, 'Hidden', 10, schedule FROM booking.activities WHERE id = ${activity} RETURNING id INTO hidden;
    PERFORM booking.generate_activity_sessions(hidden, (now() + interval '1 day')::date, 1);
    UPDATE booking.activities SET status = 'inactive' WHERE id = hidden;
  END $$`;
  const hidden = await db.sql`SELECT id FROM booking.activities WHERE name = 'Hidden'`;
  const session = await db.sql`SELECT id FROM booking.sessions WHERE activity_id = ${hidden}`;
  const questions = async () => await relay.metric('booking_relay_database_seconds_count{call="relay_availability"}') ?? 0;
  const before = await questions();
  const stream = await listen(`session:${session},session:00000000-0000-4000-8000-000000000000`);
  await eventually('it was asked about', async () => await questions() > before);
  assert.equal(stream.of('session.availability').length, 0);
  await db.sql`UPDATE booking.activities SET status = 'active' WHERE id = ${hidden}`;
  await hold(session);
  await eventually('now it is', () => seats(stream, session).length >= 1);
});

test('who has which token is told what is theirs, and nobody else', async () => {
  const room = `organization:${db.organization}`;
  const member = await listen(room, jwt({ sub: 'eve' }));
  const server = await listen(room, jwt({ sub: 'backend', role: 'service_role' }));
  assert.deepEqual([member.status, server.status], [200, 200]);
  await db.emit();
  for (const stream of [member, server]) {
    await eventually('the event', () => stream.of('booking.updated').length === 1);
    assert.equal(stream.of('booking.updated')[0].data.row.customer_email, 'ada@example.com');
  }
  for (const shown of [undefined, jwt({ sub: 'bob' }), jwt({ role: 'owner', organizations: [db.organization] })]) {
    assert.notEqual((await listen(room, shown)).status, 200);
  }
});

test('a token that is not good is refused, and counted by what is wrong', async () => {
  const unsigned = `${encoded({ alg: 'none' })}.${encoded({ sub: 'eve', exp: 4e9 })}.`;
  for (const [cause, shown] of Object.entries({
    algorithm: unsigned,
    signature: jwt({ sub: 'eve' }, { secret: 'another-secret-of-thirty-two-bytes-at-least' }),
    expired: jwt({ sub: 'eve', exp: 1 }),
    malformed: 'nonsense',
    BK614: jwt({ sub: { not: 'a string' } }),
    '22P05': jwt({ sub: 'a\u0000b' }),
  })) {
    assert.equal((await listen('public', shown)).status, 401, cause);
    assert.equal(await relay.metric(`booking_relay_realtime_refused_tokens_total{cause="${cause}"}`), 1, cause);
  }
  assert.equal((await listen('public', jwt({ sub: 'eve' }, { secret: 'old-secret-of-more-than-thirty-two-bytes' }))).status, 200, 'rotated');
  assert.ok(!/nonsense|eyJ/.test(relay.log), 'no token is logged');
});
