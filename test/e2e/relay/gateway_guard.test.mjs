// What stands around the token flow: limits by address, origins of pages, the rights of its calls, a database that is
// away, and that no token is told.
// Alone: it counts time and memory of the whole.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { Relay, eventually, raw, session, sleep } from './harness.mjs';
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
    // So many at once; as many are served as the bucket holds, and what it has earned meanwhile.
    const burst = async (number, rate, ask, wanted) => {
      const begin = performance.now();
      const answers = await Promise.all(Array.from({ length: number }, (_, i) => ask(i)));
      const served = answers.filter((answer) => answer.status === wanted);
      const most = rate + Math.ceil((performance.now() - begin) / 60000 * rate);
      assert.ok(served.length >= Math.min(rate, number) && served.length <= most, `${served.length} of ${number} served`);
      return { served, refused: answers.filter((answer) => answer.status === 429) };
    };
    const someRefused = async (headers) =>
      (await Promise.all(Array.from({ length: 14 }, () => order(buyer, headers)))).some((answer) => answer.status === 429);
    const { served, refused: [refused] } = await burst(14, 10, () => order(buyer, from('192.0.2.1')), 200);
    assert.equal(refused.status, 429);
    assert.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 6);
    assert.ok(refused.body.error.length > 5);
    assert.equal((await order(buyer, from('192.0.2.2'))).status, 200);
    assert.ok(await someRefused(from('192.0.2.1, 127.0.0.1')), 'a proxy of ours behind the other');
    assert.ok(await someRefused(from('203.0.113.5, 192.0.2.1')), 'what the client wrote itself counts for nothing');
    assert.equal((await look(served[0].body.bookingToken, from('192.0.2.1'))).status, 200, 'each route counts apart');
    // An IPv6 customer has a /64 and not one address.
    await burst(14, 10, (i) => order(buyer, from(`2001:db8::${i + 1}`)), 200);
    assert.equal((await order(buyer, from('2001:db8:0:1::1'))).status, 200);
    await burst(70, 60, () => look('x', from('192.0.2.9')), 400);
    assert.ok(await proxied.metric(`booking_relay_http_requests_total{route="${createPath}",method="POST",status="429"}`) >= 3);
    // Who waits is served.
    await eventually('the next one', async () => (await order(buyer, from('192.0.2.1'))).status === 200);
  } finally {
    await proxied.stop();
  }
});

test('without a trusted proxy, X-Forwarded-For is nothing', async () => {
  const open = await Relay.start(shop.database, { environment: environmentOf(shop), config: 'gateway.create_per_minute = 3\n' });
  try {
    const { create: order, status: look } = shopper(open);
    await eventually('the database', async () => (await look('x')).status === 400);
    const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => order(buyer, { 'x-forwarded-for': `192.0.2.${i}` })));
    const statuses = answers.map((answer) => answer.status);
    assert.ok(statuses.includes(200) && statuses.includes(429), String(statuses)); // from one address, all of them
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

test('pages may read what the server itself answers at these paths', async () => {
  const origin = 'https://configured.example';
  const large = JSON.stringify({ ...buyer, notes: 'x'.repeat(70000) });
  for (const [method, path, body, wanted] of [['POST', createPath, large, 413], ['GET', createPath, undefined, 405], ['PUT', statusPath, '{}', 405],
    ['GET', `${statusPath}?token=%zz`, undefined, 400]]) {
    for (const [from, allowed] of [[origin, origin], ['https://evil.example', undefined]]) {
      const answer = await relay.request({ method, path, body, headers: { origin: from, 'content-type': 'application/json' } });
      assert.deepEqual([answer.status, answer.headers['access-control-allow-origin'], answer.headers.vary], [wanted, allowed, 'Origin'], `${method} ${path}`);
    }
  }
  const elsewhere = await relay.request({ method: 'PUT', path: '/healthz', headers: { origin } });
  assert.deepEqual([elsewhere.status, elsewhere.headers['access-control-allow-origin']], [405, undefined]);
});

test('an answer without content has neither length nor type', async () => {
  const answer = await raw(relay, `OPTIONS ${createPath} HTTP/1.1\r\nHost: x\r\nOrigin: https://configured.example\r\nConnection: close\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 204 /);
  assert.doesNotMatch(answer, /content-(length|type):/i);
});

test('a connection that is not prepared is not used', async () => {
  const small = await Relay.start(shop.database, { environment: environmentOf(shop), config: `${unlimited}gateway.connections = 1\n` });
  const original = await shop.sql`SELECT pg_get_functiondef('booking.relay_connect()'::regprocedure)`;
  const lock = 7150;
  const holder = session(shop.database);
  try {
    const { status: look } = shopper(small);
    await eventually('the database', async () => (await look('x')).status === 400);
    const body = JSON.stringify(buyer);
    const count = () => shop.sql`SELECT count(*) FROM booking.bookings`.then(Number);
    const made = await count();
    const socket = net.connect(small.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => { answer += data; });
    // It has been let in when it is told to go on; meanwhile the connection goes, and another one is being prepared.
    socket.write(`POST ${createPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
    await eventually('it is let in', () => answer.includes('100 Continue'));
    await holder.query(`SELECT pg_advisory_lock(${lock})`);
    await shop.sql`CREATE OR REPLACE FUNCTION booking.relay_connect() RETURNS void LANGUAGE plpgsql
                   AS ${`BEGIN PERFORM pg_advisory_lock(${lock}); RAISE 'no'; END`}`;
    await shop.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'booking-relay'`;
    await eventually('it is being prepared', async () => Number(await shop.sql`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'advisory' AND query LIKE '%relay_connect%' AND application_name = 'booking-relay'`) >= 1);
    await eventually('the loss is known', async () => (await look('x')).status === 503);
    socket.write(body);
    await eventually('the answer', () => answer.includes('HTTP/1.1 503'));
    assert.equal(await count(), made);
  } finally {
    execFileSync('psql', ['-XAtqc', original, shop.database]);
    await holder.end();
    await small.stop();
  }
  await eventually('all is well', async () => (await status('x')).status === 400);
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
      if (expected < 500 && code.startsWith('BK')) {
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

// Holds the table of bookings until the function that is returned lets it go.
async function lockBookings() {
  const psql = spawn('psql', ['-XAtq', shop.database], { stdio: ['pipe', 'pipe', 'inherit'] });
  psql.stdin.write('BEGIN; LOCK TABLE booking.bookings; SELECT 1;\n');
  await once(psql.stdout, 'data');
  return async () => { psql.stdin.end('COMMIT;\n'); await once(psql, 'exit'); };
}
const callsThatWait = () => shop.sql`SELECT count(*) FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%booking_create(%'`.then(Number);

test('a call that is under way when the relay is stopped is answered', async () => {
  const ending = await Relay.start(shop.database, { environment: environmentOf(shop), config: unlimited });
  const { create: order, status: look } = shopper(ending);
  await eventually('the database', async () => (await look('x')).status === 400);
  const release = await lockBookings();
  const ordered = order(buyer);
  await eventually('a call that waits', async () => await callsThatWait() > 0);
  const stopped = ending.stop();
  await eventually('the word', () => ending.log.includes('"message":"stopping"'));
  await release();
  assert.equal((await ordered).status, 200);
  assert.equal((await stopped).code, 0);
});

test('when too many wait, the next are told to come again, and nobody who waits is forgotten', async () => {
  const small = await Relay.start(shop.database, { environment: environmentOf(shop), config: `${unlimited}gateway.connections = 1\n` });
  try {
    const { create: order, status: look } = shopper(small);
    await eventually('the database', async () => (await look('x')).status === 400);
    const release = await lockBookings();
    const waiting = Array.from({ length: 64 }, () => order(buyer));
    const refused = await eventually('a refusal', async () => { const answer = await Promise.race([look('x'), sleep(50)]); return answer?.status === 503 && answer; });
    assert.equal(refused.headers['retry-after'], '1');
    await release();
    const statuses = (await Promise.all(waiting)).map((answer) => answer.status);
    assert.ok(statuses.filter((code) => code === 200).length >= 32, String(statuses));
    assert.ok(statuses.every((code) => code === 200 || code === 503));
  } finally {
    await small.stop();
  }
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
