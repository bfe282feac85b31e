// No secret in logs, arguments, error texts or pg_stat_activity.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Relay, databaseUrl, eventually, makeDatabase, receiver } from './harness.mjs';

// Every one of them has this word in it.
const word = 'leak3d';
let db, relay, inbox, seen;

before(async () => {
  db = await makeDatabase('secrets');
  inbox = await receiver((request, response) => response.writeHead(request.url.includes('500') ? 500 : 200).end('answer'));
  relay = await Relay.start(db.database, {
    config: '', environment: {
      BOOKING_ORGANIZATION: String(db.organization), SUPABASE_WEBHOOK_SECRET: `inbound-${word}-0123456789`,
      MAKE_WEBHOOK_URL: `https://127.0.0.1:1/${word}`, MAKE_WEBHOOK_SECRET: `make-${word}-0123456789`,
      BOOKING_DATABASE_URL: `${databaseUrl(db.database)} password=database-${word}`,
    },
  });
});

after(async () => {
  await relay?.stop('SIGKILL');
  inbox?.close();
  await db?.drop();
});

test('whatever goes well or wrong, no secret is told', async () => {
  const secrets = [];
  for (const [name, url] of [['fine', `${inbox.url}/${word}`], ['failing', `${inbox.url}/500/${word}?k=${word}`],
    ['refused', `http://user:${word}@127.0.0.1:1/${word}`], ['unknown', `http://does-not-exist.invalid/${word}`],
    ['blocked', `http://10.0.0.1/${word}`], ['no url', `http://127.0.0.1:99999/${word}`], ['no protocol', `gopher://${word}/`]]) {
    const target = await db.endpoint(name, url, { headers: { 'X-Key': `header-${word}` }, allowed_networks: name === 'blocked' ? [] : ['127.0.0.0/8'] });
    secrets.push(target.secret);
    for (const scheme of ['bearer', 'make_apikey', 'hmac']) {
      await db.sql`SELECT booking.rotate_webhook_secret(${target.id}::uuid, ${scheme}, ${`${scheme}-${word}-0123456789`})`;
    }
    await db.test(target);
    await eventually(`an attempt at ${name}`, async () => (await db.attempts(target)).length > 0);
  }
  // A secret of another kind than its scheme says, put there by hand.
  const broken = await db.endpoint('broken', inbox.url);
  await db.sql`UPDATE booking.webhook_secrets SET secret = ${`whsec_${word}!`} WHERE endpoint_id = ${broken.id}`;
  await db.test(broken);
  const [attempt] = await eventually('an attempt', async () => { const a = await db.attempts(broken); return a.length && a; });
  assert.equal(attempt.error_class, 'internal');

  for (const authorization of [`Bearer inbound-${word}-0123456789`, `Bearer wrong-${word}`]) {
    await relay.request({ method: 'POST', path: '/api/webhooks/booking-events', headers: { authorization, 'content-type': 'application/json' }, body: '{"id":1}' });
  }
  await db.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'booking-relay' AND datname = current_database()`;
  const activity = () => db.sql`SELECT string_agg(query, ' ') FROM pg_stat_activity WHERE application_name = 'booking-relay'`;
  await eventually('attached again', async () => (await activity()).includes('relay_'));

  seen = {
    arguments: readFileSync(`/proc/${relay.child.pid}/cmdline`, 'utf8'),
    log: relay.log,
    metrics: (await relay.get('/metrics')).text,
    status: (await relay.get('/api/webhooks/booking-events')).text + (await relay.get('/readyz')).text,
    activity: await activity(),
    attempts: JSON.stringify(await db.rows`SELECT error, error_class, response_headers, response_body, remote_address FROM booking.webhook_attempts`),
  };
  for (const [place, text] of Object.entries(seen)) {
    assert.ok(text.length > 0, place);
    assert.ok(!text.includes(word), `${place}: ${text.slice(Math.max(0, text.indexOf(word) - 200), text.indexOf(word) + 50)}`);
    for (const secret of secrets) assert.ok(!text.includes(secret.replace('whsec_', '')), place);
  }
  assert.match(seen.activity, /booking\.relay_/);
});

test('every line of the log is one JSON object with time, level and message', async () => {
  const lines = relay.log.trimEnd().split('\n');
  assert.ok(lines.length > 5);
  for (const line of lines) {
    const object = JSON.parse(line);
    assert.match(object.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.ok(['trace', 'debug', 'info', 'warn', 'error'].includes(object.level));
    assert.equal(typeof object.message, 'string');
  }
});
