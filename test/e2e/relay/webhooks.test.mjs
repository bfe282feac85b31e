// Webhooks that come in: what the senders' own libraries sign is taken, once; everything that is looser than the rules
// of the schemes is not, also where those libraries would.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { verify as githubVerify } from '@octokit/webhooks-methods';
import Stripe from 'stripe';
import { Relay, eventually, makeDatabase } from './harness.mjs';
import { makeSource, post, senders, storedEvents } from './senders.mjs';

const stripe = new Stripe('sk_test_x');
const schemes = Object.keys(senders);
const agent = new http.Agent({ keepAlive: true });
const sources = {};
const times = ['stripe-signature', 'x-timestamp', 'webhook-timestamp']; // where senders say when
let db, relay;

before(async () => {
  db = await makeDatabase('webhooks');
  for (const scheme of schemes) sources[scheme] = await makeSource(db, scheme);
  relay = await Relay.start(db.database, {
    config: 'inbound.failures_per_minute = 1000000\n', environment: { BOOKING_ORGANIZATION: String(db.organization) },
  });
  await eventually('the sources', async () => await relay.metric('booking_relay_webhook_sources') === schemes.length);
  await eventually('the connection', async () => (await relay.metric('booking_relay_database_connects_total{purpose="webhooks"}')) > 0);
});

after(async () => {
  agent.destroy();
  await relay?.stop();
  await db?.drop();
});

const now = () => Math.floor(Date.now() / 1000);
const result = (scheme, what) => `booking_relay_webhooks_total{scheme="${scheme}",result="${what}"}`;

for (const scheme of schemes) {
  test(`${scheme}: what is signed rightly is taken, and stored once however often it comes`, async () => {
    const source = sources[scheme];
    const body = source.sender.body();
    const id = 'the-same-one';
    const first = await post(relay, source, body, { id });
    assert.equal(first.status, 200, first.text);
    assert.equal(first.json.received, true);
    assert.notEqual(first.json.status, 'duplicate');
    assert.deepEqual(Object.keys(first.json), ['received', 'status']);
    assert.equal(await storedEvents(db, source), 1);
    const again = await Promise.all([...Array(50)].map(() => post(relay, source, body, { id })));
    assert.deepEqual(new Set(again.map((answer) => `${answer.status} ${answer.json.status}`)), new Set(['200 duplicate']));
    assert.equal(await storedEvents(db, source), 1);
    const byId = await post(relay, source, source.sender.body(), { path: `/webhooks/${source.id}` });
    assert.equal(byId.status, 200, byId.text);
    const other = await post(relay, source, source.sender.body(), { path: `/webhooks/${source.id.toUpperCase()}?x=1` });
    assert.equal(other.status, 200, other.text);
    assert.equal(await storedEvents(db, source), 3);
    assert.equal(await relay.metric(result(scheme, 'duplicate')), 50);
  });

  test(`${scheme}: a byte that is changed, anywhere, is noticed`, async () => {
    const source = sources[scheme];
    const events = await storedEvents(db, source);
    const body = `{"id":"tampered","at":"${scheme}"}`;
    const headers = await source.sender.sign(source.secret, body, { id: 'tampered' });
    const send = (bytes, changed) => relay.request({
      method: 'POST', path: `/webhooks/${scheme}`, headers: { 'content-type': 'application/json', ...headers, ...changed }, body: bytes, agent,
    });
    const refused = async (bytes, changed, what) => {
      const { status, text } = await send(bytes, changed);
      // Another time may be too far off, which is told before anything is said of the signature.
      const early = status === 400 && Object.keys(changed).some((name) => times.includes(name));
      if (early) {
        assert.equal(text, '{"error":"the timestamp is too far from now"}\n', what);
        return;
      }
      assert.equal(status, 401, what);
      assert.equal(text, '{"error":"the signature is missing or wrong"}\n', 'no detail');
    };
    for (let at = 0; at < body.length; ++at) {
      const bytes = Buffer.from(body);
      bytes[at] ^= 1 << (at % 8);
      await refused(bytes, {}, `byte ${at} of the body`);
      await refused(body.slice(0, at), {}, `the first ${at} bytes`);
    }
    await refused(`${body} `, {}, 'a byte more');
    for (const name of Object.keys(headers).filter((header) => header !== 'x-github-delivery')) { // which nobody signs
      for (let at = 0; at < headers[name].length; ++at) {
        const bytes = Buffer.from(headers[name]);
        bytes[at] ^= 1;
        await refused(body, { [name]: bytes.toString('latin1') }, `byte ${at} of ${name}`);
        await refused(body, { [name]: headers[name].slice(0, at) }, `the first ${at} bytes of ${name}`);
      }
    }
    assert.equal(await storedEvents(db, source), events, 'nothing of that is stored');
  });

  test(`${scheme}: each header once, the right secret, and no other source's`, async () => {
    const source = sources[scheme];
    const body = source.sender.body();
    const headers = await source.sender.sign(source.secret, body);
    for (const [name, value] of Object.entries(headers)) {
      for (const wrong of [undefined, '', [value, value], [value, 'x'], ['x', value], `${value}, ${value}`, 'x'.repeat(6000)]) {
        // Node leaves out a value that is an empty list, and sends one that is empty.
        const answer = await post(relay, source, body, { headers: { ...headers, [name]: wrong } });
        const unsigned = name === 'x-github-delivery' && typeof wrong === 'string' && wrong.startsWith(value);
        // Nobody signs the id: who has the secret is told that it is missing.
        const expected = name === 'x-github-delivery' ? 400 : 401;
        assert.equal(answer.status, unsigned ? 200 : expected, `${name}: ${wrong}`);
      }
    }
    assert.equal((await post(relay, source, body, { secret: source.sender.secret() })).status, 401);
    for (const other of schemes.filter((name) => name !== scheme)) {
      assert.equal((await post(relay, { ...source, name: other }, body)).status, 401, other);
    }
    assert.equal((await post(relay, source, source.sender.body())).status, 200);
  });
}

test('Stripe: looser than the rule, though its library takes it', async () => {
  const source = sources.stripe;
  const body = source.sender.body();
  const digest = (text) => createHmac('sha256', source.secret).update(`${text}.${body}`).digest('hex');
  const t = now();
  const good = digest(t);
  const wrong = 'a'.repeat(64);
  const libraryTakes = (header) => {
    try {
      stripe.webhooks.constructEvent(body, header, source.secret);
      return true;
    } catch {
      return false;
    }
  };
  const send = async (header) => (await post(relay, source, body, { headers: { 'stripe-signature': header } })).status;
  for (const header of [`t=${t},v1=${wrong},v1=${good}`, `t=${t},v1=${good},v0=${wrong}`, `t=${t},v1=${good.toUpperCase()}`]) {
    assert.equal(await send(header), 200, header);
  }
  let looser = 0;
  for (const header of [`t=1,t=${t},v1=${good}`, `t=${t},t=${t},v1=${good}`, `t=0${t},v1=${digest(t)}`, `t=0${t},v1=${digest(`0${t}`)}`,
    `t=${t}abc,v1=${good}`, `t=${t},v0=${good}`, `t=${t}, v1=${good}`, `t=${t},v1=${good},`, `v1=${good}`, `t=${t}`, `t=${t},v1=`,
    `t=${t},v1=${good.slice(1)}`, `t=${t},v1=${good},x`, `t=-${t},v1=${digest(-t)}`, `t=${t}.0,v1=${digest(`${t}.0`)}`]) {
    looser += libraryTakes(header);
    assert.equal(await send(header), 401, header);
  }
  assert.ok(looser >= 3, `the library takes ${looser} of them`);
  const future = t + 3600;
  assert.ok(libraryTakes(`t=${future},v1=${digest(future)}`), 'the library does');
  assert.equal(await send(`t=${future},v1=${digest(future)}`), 400);
});

test('Standard Webhooks: looser than the rule, though its library takes it', async () => {
  const source = sources.standard;
  const body = source.sender.body();
  const key = Buffer.from(source.secret.slice(6), 'base64');
  const sign = (id, timestamp) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  const t = String(now());
  let looser = 0;
  const send = async (id, timestamp, signature = sign(id, timestamp)) => {
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
    try {
      new StandardWebhook(source.secret).verify(body, headers);
      looser += 1;
    } catch { /* it is as strict */ }
    return (await post(relay, source, body, { headers })).status;
  };
  assert.equal(await send('msg_a', t, `v1a,${'A'.repeat(86)}== ${sign('x', t)} ${sign('msg_a', t)}`), 200);
  looser = 0;
  for (const [id, timestamp, signature] of [['msg_1', `${t}abc`], ['msg_1', `0${t}`], ['msg_1', `${t}.5`], ['msg.1', t], ['a', `b.${t}`],
    ['msg_1', t, `${sign('msg_1', t)},${sign('msg_1', t)}`], ['msg_1', t, sign('msg_1', t).replace('=', '')],
    ['msg_1', t, sign('msg_1', t).replace('v1,', 'v0,')], ['msg_1', t, `${sign('msg_1', t)}=`], ['msg_1', t, `x ${sign('msg_1', t)}`]]) {
    assert.equal(await send(id, timestamp, signature), 401, `${id} ${timestamp} ${signature}`);
  }
  assert.ok(looser >= 3, `the library takes ${looser} of them`);
});

test('Cal.com without a secret, GitHub in other spellings', async () => {
  const body = senders.calcom.body();
  for (const signature of ['no-secret-provided', `sha256=${createHmac('sha256', sources.calcom.secret).update(body).digest('hex')}`,
    createHmac('sha256', 'no-secret-provided').update(body).digest('hex'), createHmac('sha256', '').update(body).digest('hex')]) {
    const { status } = await post(relay, sources.calcom, body, { headers: { 'x-cal-signature-256': signature } });
    assert.equal(status, 401, signature);
  }
  const { secret } = sources.hmac;
  const push = senders.hmac.body();
  const digest = createHmac('sha256', secret).update(push).digest('hex');
  for (const signature of [digest, `SHA256=${digest}`, `sha256:${digest}`, `sha1=${createHmac('sha1', secret).update(push).digest('hex')}`,
    `sha256=${createHmac('sha256', secret).update(push).digest('base64')}`]) {
    const { status } = await post(relay, sources.hmac, push, { headers: { 'x-hub-signature-256': signature } });
    assert.equal(status, 401, signature);
  }
  assert.ok(await githubVerify(secret, push, `sha256=${digest}`));
  assert.equal((await post(relay, sources.hmac, push, { headers: { 'x-hub-signature-256': `sha256=${digest.toUpperCase()}` } })).status, 200);
});

test('a time that is too far off: 400, either way, whoever sends it', async () => {
  for (const scheme of ['stripe', 'airwallex', 'standard']) {
    const source = sources[scheme];
    const before_ = await relay.metric(result(scheme, 'outside_window')) ?? 0;
    for (const [offset, status] of [[-290, 200], [290, 200], [-310, 400], [310, 400], [-86400, 400], [3600, 400]]) {
      const answer = await post(relay, source, source.sender.body(), { at: now() + offset });
      assert.equal(answer.status, status, `${scheme} ${offset}: ${answer.text}`);
    }
    const forged = await post(relay, source, source.sender.body(), { at: now() - 310, secret: source.sender.secret() });
    assert.equal(forged.status, 400, scheme);
    assert.equal(await relay.metric(result(scheme, 'outside_window')), before_ + 5);
  }
});

test('sources are found by id, or by name in the organization; unknown ones: 404', async () => {
  const other = Number(await db.sql`INSERT INTO booking.organizations (name) VALUES ('Others') RETURNING organization_id`);
  const theirs = await makeSource({ ...db, organization: other }, 'airwallex', { name: 'theirs' });
  const body = theirs.sender.body();
  await eventually('their source', async () => (await post(relay, theirs, body, { path: `/webhooks/${theirs.id}` })).status === 200);
  assert.equal((await post(relay, theirs, body)).status, 404, 'the name is the other organization\'s');
  for (const path of ['/webhooks/none', '/webhooks/STRIPE', '/webhooks/stripe%20', '/webhooks/%20', `/webhooks/${theirs.id.replace(/.$/, 'x')}`,
    '/functions/v1/payment-webhook']) {
    const { status, text } = await post(relay, theirs, body, { path });
    assert.deepEqual([status, text], [404, '{"error":"there is no such source of webhooks"}\n'], path);
  }
  assert.equal((await post(relay, theirs, body, { path: '/webhooks/%' })).status, 400);
  assert.equal((await post(relay, theirs, body, { path: '/webhooks/%00' })).status, 400);
  assert.equal((await relay.get('/webhooks/stripe')).status, 405);

  const own = await makeSource(db, 'airwallex', { name: 'payment-webhook' });
  const send = () => post(relay, own, own.sender.body(), { path: '/functions/v1/payment-webhook' });
  await eventually('the route of the seed', async () => (await send()).status === 200);
  assert.equal((await post(relay, own, own.sender.body())).status, 200, 'and by its name');
});

test('wrong signatures are limited by address; right ones never are', async () => {
  const strict = await Relay.start(db.database, {
    config: 'inbound.failures_per_minute = 5\nhttp.trusted_proxies = "127.0.0.1"\n', environment: { BOOKING_ORGANIZATION: String(db.organization) },
  });
  try {
    const source = sources.standard;
    const from = (address, options = {}) => post(strict, source, source.sender.body(), { ...options, headers: { 'x-forwarded-for': address } });
    await eventually('its sources', async () => (await from('192.0.2.9')).status === 200);
    const statuses = [];
    let last;
    for (let i = 0; i < 8; ++i) {
      last = await from('192.0.2.1', { secret: source.sender.secret() });
      statuses.push(last.status);
    }
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429, 429, 429]);
    assert.ok(Number(last.headers['retry-after']) > 0);
    assert.equal((await from('192.0.2.1')).status, 200, 'whoever signs rightly is served all the same');
    assert.equal((await from('198.51.100.1, 192.0.2.1', { secret: source.sender.secret() })).status, 429, 'his word does not count');
    assert.equal((await from('192.0.2.2', { secret: source.sender.secret() })).status, 401, 'another one');
    assert.ok(!strict.log.includes(source.secret));
  } finally {
    await strict.stop();
  }
});
