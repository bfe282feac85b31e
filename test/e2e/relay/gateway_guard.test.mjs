// What stands around the token flow: limits by address, origins of pages, the rights of its calls, a database that is
// away, and that no token is told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { Relay, eventually } from './harness.mjs';
import { buyer, environmentOf, openShop, shopper } from './shop.mjs';

const unlimited = 'gateway.create_per_minute = 100000\ngateway.schedule_per_minute = 100000\ngateway.status_per_minute = 100000\n';
const [createPath, schedulePath, statusPath] = ['create', 'schedule', 'status'].map((name) => `/functions/v1/booking-${name}`);
let shop, relay, create, schedule, status, post;

// Another function in the place of booking_status, until the function that is returned puts it back.
async function instead(language, body) {
  const original = await shop.sql`SELECT pg_get_functiondef('booking.booking_status(text)'::regprocedure)`;
  await shop.sql`CREATE OR REPLACE FUNCTION booking.booking_status(token text) RETURNS jsonb
                 LANGUAGE ${language} AS ${body}`;
  return () => execFileSync('psql', ['-XAtqc', original, shop.database]);
}

before(async () => {
  shop = await openShop('gateway_guard');
  await shop.sql`UPDATE booking.venues SET allowed_origins = '{https://venue.example,http://localhost:5173}'`;
  relay = await Relay.start(shop.database, {
    environment: environmentOf(shop), config: `${unlimited}gateway.allowed_origins = "https://configured.example"\n`,
  });
  ({ create, schedule, status, post } = shopper(relay));
  await eventually('the database', async () => (await status('x')).status === 400);
});

after(async () => {
  await relay?.stop();
  await shop?.drop();
});

test('wrong methods, types and bodies', async () => {
  for (const [method, path, allow] of [['GET', createPath, 'POST, OPTIONS'], ['PUT', schedulePath, 'POST, OPTIONS'],
    ['POST', statusPath, 'GET, HEAD, OPTIONS'], ['DELETE', statusPath, 'GET, HEAD, OPTIONS']]) {
    const answer = await relay.request({ method, path });
    assert.deepEqual([answer.status, answer.headers.allow], [405, allow], path);
  }
  for (const headers of [{ 'content-type': 'text/plain' }, { 'content-type': '' }, { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-encoding': 'gzip' }]) {
    assert.equal((await create(buyer, headers)).status, 415, JSON.stringify(headers));
  }
  for (const body of ['', '{', '[]', ' [{}]', '{} x', '{"packageId":"single","packageId":"discovery"}', '"x"', 'null', '7', '{"a":"\ud800"}', '{"a":"\\ud800"}', `${'['.repeat(5000)}${']'.repeat(5000)}`,
    JSON.stringify({ ...buyer, notes: 'a\0b' })]) {
    for (const name of ['booking-create', 'booking-schedule']) {
      const answer = await post(name, body);
      assert.equal(answer.status, 400, `${body.slice(0, 40)}: ${answer.text}`);
      assert.ok(answer.body.error.length > 5, answer.text);
    }
  }
  assert.equal((await create({ ...buyer, metadata: { x: 'x'.repeat(64 * 1024) } })).status, 413);
  assert.equal((await relay.get(`${statusPath}?token=%zz`)).status, 400);
  assert.equal((await relay.get(`${statusPath}/`)).status, 404);
});

test('ten bookings a minute from one address, then 429 with Retry-After; another address is served', async () => {
  const proxied = await Relay.start(shop.database, { environment: environmentOf(shop), config: 'http.trusted_proxies = "127.0.0.0/8"\n' });
  try {
    const { create: order, status: look } = shopper(proxied);
    const from = (address) => ({ 'x-forwarded-for': address });
    await eventually('the database', async () => (await look('x', from('198.51.100.1'))).status === 400);
    const answers = [];
    for (let i = 0; i < 14; ++i) answers.push(await order(buyer, from('192.0.2.1')));
    const served = answers.filter((answer) => answer.status === 200);
    assert.ok(served.length >= 10 && served.length <= 11, `${served.length} served`); // a slow machine earns one more
    const refused = answers.at(-1);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 6);
    assert.ok(refused.body.error.length > 5);
    assert.equal((await order(buyer, from('192.0.2.2'))).status, 200);
    assert.equal((await order(buyer, from('192.0.2.1, 127.0.0.1'))).status, 429, 'a proxy of ours behind the other');
    assert.equal((await order(buyer, from('203.0.113.5, 192.0.2.1'))).status, 429, 'what the client wrote itself counts for nothing');
    assert.equal((await look(served[0].body.bookingToken, from('192.0.2.1'))).status, 200, 'each route counts apart');
    // An IPv6 customer has a /64 and not one address.
    let passed = 0;
    for (let i = 0; i < 14; ++i) passed += (await order(buyer, from(`2001:db8::${i + 1}`))).status === 200 ? 1 : 0;
    assert.ok(passed >= 10 && passed <= 11, `${passed} passed`);
    assert.equal((await order(buyer, from('2001:db8:0:1::1'))).status, 200);
    let looks = 0;
    for (let i = 0; i < 70; ++i) looks += (await look('x', from('192.0.2.9'))).status === 400 ? 1 : 0;
    assert.ok(looks >= 60 && looks < 70, `${looks} of 70`);
    assert.ok(await proxied.metric(`booking_relay_http_requests_total{route="${createPath}",method="POST",status="429"}`) >= 5);
    // Who waits as long as told is served.
    const wait = Number((await order(buyer, from('192.0.2.1'))).headers['retry-after']);
    await eventually('the next one', async () => (await order(buyer, from('192.0.2.1'))).status === 200, (wait + 1) * 1000);
  } finally {
    await proxied.stop();
  }
});

test('without a trusted proxy, X-Forwarded-For is nothing', async () => {
  const open = await Relay.start(shop.database, { environment: environmentOf(shop), config: 'gateway.create_per_minute = 3\n' });
  try {
    const { create: order, status: look } = shopper(open);
    await eventually('the database', async () => (await look('x')).status === 400);
    const statuses = [];
    for (let i = 0; i < 6; ++i) statuses.push((await order(buyer, { 'x-forwarded-for': `192.0.2.${i}` })).status);
    assert.deepEqual(statuses, [200, 200, 200, 429, 429, 429]);
  } finally {
    await open.stop();
  }
});

test('pages of allowed origins may read answers, others may not', async () => {
  for (const origin of ['https://venue.example', 'http://localhost:5173', 'https://configured.example']) {
    const answer = await eventually(`${origin} is known`, async () => {
      const given = await create(buyer, { origin });
      return given.headers['access-control-allow-origin'] && given;
    });
    assert.equal(answer.headers['access-control-allow-origin'], origin);
    assert.equal(answer.headers['access-control-expose-headers'], 'Retry-After');
    assert.equal((await create({}, { origin })).headers['access-control-allow-origin'], origin, 'refusals too');
    assert.equal((await create(buyer, { origin, 'content-type': 'text/plain' })).headers['access-control-allow-origin'], origin);
  }
  for (const origin of ['https://evil.example', 'http://venue.example', 'https://venue.example:8443', 'https://venue.example.evil.org',
    'https://evil.org/https://venue.example', 'https://VENUE.example', 'null', '*', 'https://venue.example, https://evil.example']) {
    const answer = await create(buyer, { origin });
    assert.equal(answer.status, 200, 'who is no browser does not care');
    assert.equal(answer.headers['access-control-allow-origin'], undefined, origin);
    assert.equal(answer.headers.vary, 'Origin');
  }
  assert.equal((await create(buyer)).headers['access-control-allow-origin'], undefined);
  await shop.sql`UPDATE booking.venues SET allowed_origins = '{https://new.example}'`;
  await eventually('the venue\'s change', async () =>
    (await status('x', { origin: 'https://new.example' })).headers['access-control-allow-origin'] === 'https://new.example');
  assert.equal((await status('x', { origin: 'https://venue.example' })).headers['access-control-allow-origin'], undefined);
  await shop.sql`UPDATE booking.venues SET allowed_origins = '{https://venue.example,http://localhost:5173}'`;
});

test('preflights', async () => {
  const ask = (path, method, origin) => relay.request({ method: 'OPTIONS', path, headers: {
    origin, 'access-control-request-method': method, 'access-control-request-headers': 'content-type',
  } });
  for (const [path, method] of [[createPath, 'POST'], [schedulePath, 'POST'], [statusPath, 'GET']]) {
    const yes = await ask(path, method, 'https://configured.example');
    assert.deepEqual([yes.status, yes.text], [204, '']);
    assert.equal(yes.headers['access-control-allow-origin'], 'https://configured.example');
    assert.equal(yes.headers['access-control-allow-methods'], `${method}, OPTIONS`);
    assert.ok(yes.headers['access-control-allow-headers'].split(', ').includes('content-type'));
    assert.ok(Number(yes.headers['access-control-max-age']) > 0);
    assert.equal(yes.headers.vary, 'Origin');
    assert.equal(yes.headers['access-control-allow-credentials'], undefined);
    const no = await ask(path, method, 'https://evil.example');
    assert.equal(no.status, 403);
    assert.equal(no.headers['access-control-allow-origin'], undefined);
    assert.equal(no.headers['access-control-allow-methods'], undefined);
  }
  const plain = await relay.request({ method: 'OPTIONS', path: statusPath });
  assert.deepEqual([plain.status, plain.headers.allow], [204, 'GET, OPTIONS']);
});

test('calls are made as booking_public, whatever bearer token comes along, and nothing of it stays', async () => {
  const restore = await instead('sql', `
    SELECT jsonb_build_object('role', current_user, 'login', session_user, 'claims', current_setting('request.jwt.claims', true),
                              'schema', current_setting('search_path'), 'may_see', has_table_privilege('booking.bookings', 'SELECT'),
                              'logged', current_setting('log_parameter_max_length'))`);
  try {
    const forged = `eyJhbGciOiJub25lIn0.${Buffer.from('{"role":"booking_admin","sub":"x"}').toString('base64url')}.`;
    for (const headers of [{}, { authorization: `Bearer ${forged}` }, { authorization: `Bearer ${forged}`, apikey: forged }]) {
      const { body } = await status('x', headers);
      assert.deepEqual([body.role, body.login, body.may_see], ['booking_public', 'relay_e2e_relay', false]);
      assert.deepEqual(JSON.parse(body.claims), { role: 'booking_public' });
      assert.equal(body.logged, '0');
    }
    assert.equal((await create(buyer, { authorization: `Bearer ${forged}` })).status, 200);
  } finally {
    restore();
  }
});

test('whatever the database says becomes HTTP, and a fault is not told', async () => {
  const restore = await instead('plpgsql', `BEGIN
    RAISE EXCEPTION 'what happened' USING ERRCODE = token, COLUMN = 'thatField', DETAIL = 'inside', HINT = 'do this'; END`);
  try {
    for (const [code, expected] of [['BK015', 400], ['22P02', 400], ['BK210', 402], ['BK302', 403], ['42501', 403], ['BK104', 404],
      ['BK201', 409], ['BK216', 409], ['BK205', 410], ['BK215', 410], ['BK401', 503], ['40001', 503], ['57014', 503], ['53300', 503],
      ['XX000', 500], ['BK901', 500], ['P0001', 500]]) {
      const answer = await status(code);
      assert.equal(answer.status, expected, `${code}: ${answer.text}`);
      assert.equal(answer.body.code, code);
      assert.ok(!answer.text.includes('inside'), 'details are for those who may see the database');
      if (expected < 500) {
        assert.deepEqual(answer.body, { error: 'what happened', code, field: 'thatField', hint: 'do this' });
      } else if (code !== 'BK401') {
        assert.ok(!/what happened|thatField|do this/.test(answer.text), answer.text);
      }
      assert.equal(answer.headers['retry-after'] !== undefined, expected === 503, code);
    }
    assert.equal((await create(buyer)).status, 200, 'the connections have survived it');
  } finally {
    restore();
  }
});

test('e-mail and name are seen with the token only', async () => {
  const secret = { ...buyer, customerName: 'Ada Hidden', customerEmail: 'ada.hidden@example.com' };
  const { body } = await create(secret);
  assert.ok((await status(body.bookingToken)).text.includes('ada.hidden@example.com'));
  const again = await create(secret);
  const answers = [await status(body.bookingToken.replace(/^.{5}/, 'AAAAA')), await status(undefined), again,
    await create({ ...secret, packageId: 'x' }), await relay.get('/metrics'), await relay.get('/readyz')];
  for (const answer of answers) assert.ok(!/hidden/i.test(answer.text), answer.text);
  assert.notEqual(again.body.bookingToken, body.bookingToken);
  const publicly = await shop.rows`SELECT rolname FROM pg_roles WHERE rolname IN ('booking_public', 'booking_relay')
                                    AND has_any_column_privilege(rolname, 'booking.bookings', 'SELECT')`;
  assert.deepEqual(publicly, []);
});

test('the database is away: 503 to come back, and served again afterwards', async () => {
  const administer = (text) => execFileSync('psql', ['-XAtqc', text, 'postgres']);
  const { body } = await create(buyer);
  administer('ALTER DATABASE relay_gateway_guard ALLOW_CONNECTIONS false');
  try {
    administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'relay_gateway_guard'");
    const refused = await eventually('the loss', async () => { const answer = await create(buyer); return answer.status === 503 && answer; });
    assert.ok(Number(refused.headers['retry-after']) > 0);
    assert.ok(refused.body.error.length > 5);
    assert.equal((await status(body.bookingToken)).status, 503);
  } finally {
    administer('ALTER DATABASE relay_gateway_guard ALLOW_CONNECTIONS true');
  }
  await eventually('the recovery', async () => (await status(body.bookingToken)).status === 200);
  assert.equal((await create(buyer)).status, 200);
});

test('a call that is under way when the relay is stopped is answered', async () => {
  const ending = await Relay.start(shop.database, { environment: environmentOf(shop), config: unlimited });
  const { create: order, status: look } = shopper(ending);
  await eventually('the database', async () => (await look('x')).status === 400);
  const blocker = shop.sql`BEGIN; LOCK TABLE booking.bookings IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(1.5); COMMIT`;
  const waits = () => shop.sql`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%booking_create%'`;
  const ordered = eventually('the lock', async () =>
    Number(await shop.sql`SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'booking.bookings'::regclass AND granted`) > 0)
    .then(() => order(buyer));
  await eventually('a call that waits', async () => Number(await waits()) > 0);
  const stopped = ending.stop();
  assert.equal((await ordered).status, 200);
  assert.equal((await stopped).code, 0);
  await blocker;
});

test('no token in any log, metric, argument or activity', async () => {
  const { body } = await create(buyer);
  const { bookingToken } = body;
  await status(bookingToken);
  await status(`${bookingToken}x`);
  await schedule({ bookingToken, startTime: 'x', endTime: 'y' });
  await schedule({ bookingToken, startTime: shop.slots[0].start, endTime: shop.slots[0].end });
  await relay.get(`${statusPath}/?token=${bookingToken}`);
  await relay.request({ method: 'DELETE', path: `${statusPath}?token=${bookingToken}` });
  const seen = {
    log: relay.log,
    metrics: (await relay.get('/metrics')).text,
    activity: await shop.sql`SELECT string_agg(query, ' ') FROM pg_stat_activity WHERE application_name = 'booking-relay'`,
  };
  for (const [place, text] of Object.entries(seen)) {
    assert.ok(text.length > 0, place);
    assert.ok(!text.includes(bookingToken.slice(0, 20)), place);
  }
  assert.ok(seen.activity.includes('booking_'), 'the calls are among them');
  assert.ok(!seen.log.includes('origins cannot be read'), 'between calls, the connections are the relay\'s');
  assert.match(seen.metrics, /booking_relay_http_requests_total\{route="\/functions\/v1\/booking-status",method="GET",status="200"\} \d+/);
  assert.match(seen.metrics, /booking_relay_database_seconds_count\{call="booking_create"\} \d+/);
});

test('without connections, or without an organization, there are no such routes', async () => {
  for (const [environment, config] of [[environmentOf(shop), 'gateway.connections = 0\n'], [{}, '']]) {
    const without = await Relay.start(shop.database, { environment, config });
    try {
      assert.equal((await shopper(without).create(buyer)).status, 404);
      assert.equal((await without.get('/healthz')).status, 200);
    } finally {
      await without.stop();
    }
  }
});
