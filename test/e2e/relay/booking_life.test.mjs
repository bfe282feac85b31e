// What a buyer does to a booking over HTTP, by its token: cancels it, moves it, changes the party. What is refused, with
// the field that is wrong; that the same request again gets the same answer; and that nobody else's booking is touched.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Relay, eventually } from './harness.mjs';
import { buyer, environmentOf, openShop, shopper } from './shop.mjs';

const origin = 'https://venue.example';
let shop, relay, slots, create, schedule, status, post, cancel, move, change;

before(async () => {
  shop = await openShop('booking_life');
  await shop.sql`UPDATE booking.venues SET allowed_origins = ARRAY[${origin}]`;
  await shop.sql`UPDATE booking.activities SET price_minor = 2500, price_basis = 'seat', currency = 'USD', cancel_cutoff_seconds = 3600`;
  await shop.sql`
    INSERT INTO booking.sessions (organization_id, id, activity_id, start_time, end_time, local_date, capacity_total, remaining, timezone)
    SELECT a.organization_id, booking.new_id(a.organization_id), a.id, t, t + interval '1 hour', t::date, 8, 8, 'UTC'
      FROM booking.activities AS a, generate_series(1, 12) AS n,
           LATERAL (SELECT (date_trunc('day', booking.clock(), 'UTC') + make_interval(days => 400 + n, hours => 9))) AS d (t)`;
  slots = await shop.rows`
    SELECT id, to_char(start_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS start,
              to_char(end_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "end"
      FROM booking.sessions WHERE capacity_total = 8 ORDER BY start_time`;
  relay = await Relay.start(shop.database, {
    environment: environmentOf(shop),
    config: ['create', 'schedule', 'status', 'change'].map((name) => `gateway.${name}_per_minute = 100000\n`).join(''),
  });
  ({ create, schedule, status, post } = shopper(relay));
  [cancel, move, change] = ['cancel', 'reschedule', 'change'].map((name) => (body, headers) => post(`booking-${name}`, body, headers));
  await eventually('the database', async () => (await status('x')).status === 400);
});

after(async () => {
  await relay?.stop();
  await shop?.drop();
});

const seatsAt = (slot) => shop.sql`SELECT capacity_remaining FROM booking.activity_sessions WHERE id = ${slot.id}`.then(Number);
// A package that is free of charge, scheduled.
async function scheduled(slot) {
  const { body: { bookingToken, bookingId } } = await create(buyer);
  const answer = await schedule({ bookingToken, startTime: slot.start, endTime: slot.end });
  assert.equal(answer.status, 200, answer.text);
  return { bookingToken, bookingId };
}
// A party with a hold's token, paid for: two seats for 50.00.
async function reserved(slot, party = 2) {
  const [hold] = await shop.rows`SELECT r.reservation_id, r.hold_token FROM booking.reserve_slot(${slot.id}, ${party}::integer, 'ada@example.com') AS r`;
  const bookingId = await shop.sql`SELECT c.booking_id FROM booking.confirm_reservation(${hold.reservation_id}) AS c`;
  return { bookingToken: hold.hold_token, bookingId };
}

test('moved: the same booking at another time, once however often it is asked for', async () => {
  const [from, to] = slots;
  const booking = await scheduled(from);
  const before_ = [await seatsAt(from), await seatsAt(to)];
  const request = { ...booking, sessionId: to.id };
  const first = await move(request);
  assert.equal(first.status, 200, first.text);
  assert.deepEqual([first.body.success, first.body.bookingId, first.body.status, first.body.sessionId, first.body.amountCents],
    [true, booking.bookingId, 'scheduled', request.sessionId, 0]);
  assert.equal(Date.parse(first.body.scheduledStart), Date.parse(to.start));
  const again = await move({ ...request, expectedVersion: 1 });
  assert.deepEqual([again.status, again.body], [200, first.body]);
  assert.deepEqual([await seatsAt(from), await seatsAt(to)], [before_[0] + 1, before_[1] - 1]);
  const { body } = await status(booking.bookingToken);
  assert.equal(Date.parse(body.scheduledStart), Date.parse(to.start), 'booking-status knows it');
});

test('a party that grows owes the difference, one that shrinks gets it back', async () => {
  const booking = await reserved(slots[2]);
  const larger = await change({ ...booking, partySize: 3 });
  assert.equal(larger.status, 200, larger.text);
  assert.deepEqual([larger.body.partySize, larger.body.amountCents, larger.body.amountDueCents, larger.body.refundDueCents], [3, 7500, 2500, 0]);
  assert.deepEqual((await change({ ...booking, partySize: 3, expectedVersion: 1 })).body, larger.body, 'so it is already');
  const smaller = await change({ ...booking, partySize: 1, expectedVersion: larger.body.version });
  assert.deepEqual([smaller.body.partySize, smaller.body.amountDueCents, smaller.body.refundStatus, smaller.body.refundDueCents], [1, 0, 'due', 2500]);
});

test('cancelled: the money is due by the terms of the purchase, and the seats are free', async () => {
  const slot = slots[3];
  const seats = await seatsAt(slot);
  const booking = await reserved(slot);
  const answer = await cancel({ ...booking, reason: 'ill' });
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.body.status, answer.body.refundStatus, answer.body.refundDueCents], ['cancelled', 'due', 5000]);
  assert.deepEqual((await cancel(booking)).body, answer.body, 'who asks again gets the same answer');
  assert.equal(await seatsAt(slot), seats);
  const { cancel_reason: reason } = await shop.bookingRow(booking.bookingId);
  assert.equal(reason, 'ill');
  const late = await move({ ...booking, sessionId: slots[4].id });
  assert.deepEqual([late.status, late.body.code], [409, 'BK217'], late.text);
  const token = await scheduled(slots[5]);
  assert.equal((await cancel({ bookingToken: token.bookingToken })).body.bookingId, token.bookingId, 'a booking\'s own token names it');
});

test('each member that is wrong: 400 with the field', async () => {
  const booking = await reserved(slots[6], 1);
  const good = { cancel: booking, reschedule: { ...booking, sessionId: slots[7].id }, change: { ...booking, partySize: 2 } };
  const common = [
    ['bookingToken', ['', 'x', `${booking.bookingToken}0`, null, 7, undefined]],
    ['bookingId', ['x', 7, undefined, null]], // a hold's token does not say which booking
    ['expectedVersion', ['1', 0, -1, 1.5, 1e30, true, [1]]],
  ];
  const own = {
    cancel: [['reason', ['x'.repeat(501), 7, 'a\u0007b']]],
    reschedule: [['sessionId', ['', 'x', 7, null, undefined]]],
    change: [['partySize', [0, -1, 1.5, '2', null, undefined, 3e9]]],
  };
  for (const name of Object.keys(good)) {
    for (const [field, values] of [...common, ...own[name]]) {
      for (const value of values) {
        const answer = await post(`booking-${name}`, { ...good[name], [field]: value });
        assert.deepEqual([answer.status, answer.body.field, answer.body.code], [400, field, 'BK015'], `${name} ${field}: ${answer.text}`);
        assert.ok(!answer.text.includes(booking.bookingToken), 'no token is told');
      }
    }
    for (const body of ['', '[]', '{', '"x"']) {
      assert.equal((await post(`booking-${name}`, body)).status, 400);
    }
  }
  const { version } = await shop.bookingRow(booking.bookingId);
  assert.equal(version, 1, 'and nothing has changed');
});

test('not another\'s, not what is not there, not too late, not an older version, not without room', async () => {
  const [slot, other, small] = [slots[8], slots[9], slots[10]];
  const [mine, theirs] = [await reserved(slot, 1), await reserved(slot, 1)];
  const sessionId = other.id;
  await shop.sql`SELECT booking.set_session_capacity(${small.id}, 0)`;
  const refused = async (ask, body, wanted) => {
    const answer = await ask(body);
    assert.deepEqual([answer.status, answer.body.code], wanted, answer.text);
  };
  for (const [ask, more] of [[cancel, {}], [move, { sessionId }], [change, { partySize: 2 }]]) {
    await refused(ask, { ...mine, bookingId: theirs.bookingId, ...more }, [403, 'BK302']);
    await refused(ask, { ...mine, bookingId: '01900000-0000-8000-8000-00ff00000001', ...more }, [404, 'BK104']);
    await refused(ask, { bookingToken: `${'A'.repeat(43)}.${shop.organization}`, ...more }, [404, 'BK104']);
    await refused(ask, { ...mine, expectedVersion: 7, ...more }, [409, 'BK222']);
  }
  await refused(move, { ...mine, sessionId: '01900000-0000-8000-8000-00ff00000001' }, [404, 'BK101']);
  await refused(move, { ...mine, sessionId: small.id }, [409, 'BK201']);
  await shop.sql`SELECT booking.close_session(${sessionId}, 'storm')`;
  await refused(move, { ...mine, sessionId }, [409, 'BK203']);
  await shop.sql`UPDATE booking.bookings SET cancel_cutoff_seconds = 315360000 WHERE id = ${mine.bookingId}`;
  await refused(move, { ...mine, sessionId: slots[11].id }, [409, 'BK220']);
  await refused(change, { ...mine, partySize: 2 }, [409, 'BK220']);
  await refused(cancel, mine, [409, 'BK220']);
});

test('limits by address, origins, methods: as of the other routes', async () => {
  const strict = await Relay.start(shop.database, { environment: environmentOf(shop), config: 'gateway.change_per_minute = 3\n' });
  try {
    const { post: ask, status: look } = shopper(strict);
    await eventually('the database', async () => (await look('x')).status === 400);
    for (const name of ['cancel', 'reschedule', 'change']) {
      const answers = await Promise.all(Array.from({ length: 9 }, () => ask(`booking-${name}`, {})));
      const statuses = answers.map((answer) => answer.status);
      assert.ok(statuses.includes(400) && statuses.includes(429), `${name}: ${statuses}`);
      assert.ok(Number(answers.find((answer) => answer.status === 429).headers['retry-after']) >= 1);
    }
  } finally {
    await strict.stop();
  }
  for (const name of ['cancel', 'reschedule', 'change']) {
    const path = `/functions/v1/booking-${name}`;
    const get = await relay.get(path);
    assert.deepEqual([get.status, get.headers.allow], [405, 'POST, OPTIONS']);
    const answer = await eventually('the venue\'s origin', async () => {
      const given = await post(`booking-${name}`, {}, { origin });
      return given.headers['access-control-allow-origin'] && given;
    });
    assert.deepEqual([answer.headers['access-control-allow-origin'], answer.headers['cache-control']], [origin, 'no-store']);
    assert.equal((await post(`booking-${name}`, {}, { origin: 'https://evil.example' })).headers['access-control-allow-origin'], undefined);
    const preflight = await relay.request({ method: 'OPTIONS', path, headers: { origin, 'access-control-request-method': 'POST' } });
    assert.equal(preflight.headers['access-control-allow-origin'], origin);
    assert.equal((await post(`booking-${name}`, {}, { 'content-type': 'text/plain' })).status, 415);
  }
});

test('what the relay\'s role gets for it is a visitor\'s right, and no more', async () => {
  const rights = await shop.rows`
    SELECT p.proname, has_function_privilege('booking_public', p.oid, 'EXECUTE') AS visitor,
           has_function_privilege('booking_gateway', p.oid, 'EXECUTE') AS gateway
      FROM pg_proc AS p WHERE p.proname IN ('booking_cancel', 'booking_reschedule', 'booking_change') ORDER BY 1`;
  assert.deepEqual(rights.map(({ visitor, gateway }) => [visitor, gateway]), Array(3).fill([true, false]));
});

test('every seat and cent is accounted for', async () => {
  assert.deepEqual(await shop.rows`SELECT * FROM booking.integrity_check()`, []);
});
