// A stand-in of Stripe: Checkout sessions as its API describes them, with keys that remember answers, errors too. What
// we send is checked to the last field.
import assert from 'node:assert/strict';
import { newId } from '../senders.mjs';
import { provider, unixNow } from './provider.mjs';

export const secretKey = 'sk_test_51KeyOfTheStandIn';
const version = '2026-07-29.dahlia';

const fields = new Set([
  'mode', 'success_url', 'cancel_url', 'client_reference_id', 'customer_email', 'expires_at',
  'metadata[booking_id]', 'metadata[reservation_id]', 'metadata[payment_call]',
  'payment_intent_data[metadata][booking_id]', 'payment_intent_data[metadata][reservation_id]', 'payment_intent_data[metadata][payment_call]',
  'line_items[0][price]', 'line_items[0][quantity]', 'line_items[0][price_data][currency]',
  'line_items[0][price_data][unit_amount]', 'line_items[0][price_data][product_data][name]',
]);

function checkHead({ method, headers }) {
  assert.equal(headers.authorization, `Bearer ${secretKey}`);
  assert.equal(headers['stripe-version'], version);
  assert.equal(headers['content-type'], method === 'POST' ? 'application/x-www-form-urlencoded' : undefined);
  assert.equal(headers.cookie, undefined);
}

const metadataOf = (form, prefix) => Object.fromEntries([...form].filter(([name]) => name.startsWith(`${prefix}[`) && name.endsWith(']'))
  .map(([name, value]) => [name.slice(prefix.length + 1, -1), value]));

// prices: id -> { unit_amount, currency }, those of the dashboard.
export async function stripeStandIn(prices = {}) {
  const sessions = new Map();
  const answers = new Map(); // by idempotency key
  let count = 0;

  function makeSession(form) {
    const now = unixNow();
    for (const [name, value] of form) {
      assert.ok(fields.has(name), `unknown parameter ${name}`);
      assert.notEqual(value, '', `empty ${name}`);
      assert.equal(form.getAll(name).length, 1, `${name} comes twice`);
    }
    assert.equal(form.get('mode'), 'payment');
    for (const name of ['success_url', 'cancel_url']) assert.ok(/^https?:\/\//.test(form.get(name) ?? ''), name);
    assert.ok((form.get('client_reference_id') ?? '').length <= 200);
    const expiresAt = Number(form.get('expires_at'));
    assert.ok(expiresAt >= now + 1800 && expiresAt <= now + 86400, `expires_at has to be half an hour to a day ahead, not ${expiresAt - now} s`);
    const metadata = metadataOf(form, 'metadata');
    assert.deepEqual(metadataOf(form, 'payment_intent_data[metadata]'), metadata);
    const price = form.has('line_items[0][price]') ? prices[form.get('line_items[0][price]')] : {
      unit_amount: Number(form.get('line_items[0][price_data][unit_amount]')), currency: form.get('line_items[0][price_data][currency]'),
    };
    assert.ok(price, 'No such price');
    assert.ok(Number.isInteger(price.unit_amount) && price.unit_amount > 0 && /^[a-z]{3}$/.test(price.currency));
    const id = `cs_test_${process.pid}_${++count}`;
    const session = {
      id, object: 'checkout.session', amount_total: price.unit_amount * Number(form.get('line_items[0][quantity]')),
      cancel_url: form.get('cancel_url'), client_reference_id: form.get('client_reference_id'), created: now, currency: price.currency,
      customer_email: form.get('customer_email'), expires_at: expiresAt, livemode: false, metadata, mode: 'payment',
      payment_intent: null, payment_status: 'unpaid', status: 'open', success_url: form.get('success_url'),
      url: `https://checkout.stripe.test/c/pay/${id}`,
    };
    sessions.set(id, session);
    return { status: 200, body: { ...session } };
  }

  // The first answer under a key is the answer; one that another request was for is an error.
  function create(request, plan) {
    checkHead(request);
    const key = request.headers['idempotency-key'];
    assert.match(key, /^[A-Za-z0-9_-]{43}(-2)?$/);
    const known = answers.get(key);
    if (known) {
      if (known.request !== request.body) {
        return { status: 400, body: { error: { type: 'idempotency_error', message: 'Keys for idempotent requests can only be used with the same parameters' } } };
      }
      return { ...known.answer, headers: { 'idempotent-replayed': 'true' } };
    }
    const answer = plan === 'remembered 500' ? { status: 500, body: { error: { type: 'api_error', message: 'An unknown error occurred' } } }
      : makeSession(new URLSearchParams(request.body));
    answers.set(key, { request: request.body, answer });
    return answer;
  }

  const shown = (session, query) => ({
    ...session, payment_intent: session.payment_intent !== null && query.get('expand[]') === 'payment_intent'
      ? { id: session.payment_intent, object: 'payment_intent', status: session.payment_status === 'paid' ? 'succeeded' : 'processing' } : session.payment_intent,
  });

  function list(query) {
    const all = [...sessions.values()].reverse().filter((session) => session.created >= Number(query.get('created[gte]')));
    const from = query.has('starting_after') ? all.findIndex(({ id }) => id === query.get('starting_after')) + 1 : 0;
    const data = all.slice(from, from + Number(query.get('limit')));
    return { status: 200, body: { object: 'list', data, has_more: from + data.length < all.length } };
  }

  function expire(session) {
    if (session.status !== 'open') {
      return { status: 400, body: { error: { type: 'invalid_request_error',
        message: `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${session.status}\`.` } } };
    }
    Object.assign(session, { status: 'expired', url: null });
    return { status: 200, body: { ...session } };
  }

  const server = await provider((request, plan) => {
    const { method, path, query } = request;
    if (path === '/v1/checkout/sessions' && method === 'POST') return create(request, plan);
    checkHead(request);
    assert.equal(request.headers['idempotency-key'], undefined);
    if (path === '/v1/checkout/sessions') return list(query);
    const [, id, action] = /^\/v1\/checkout\/sessions\/(\w+)(\/expire)?$/.exec(path) ?? [];
    assert.ok(id, `unknown path ${path}`);
    const session = sessions.get(id);
    if (!session) return { status: 404, body: { error: { type: 'invalid_request_error', code: 'resource_missing', message: `No such checkout.session: ${id}` } } };
    assert.equal(method, action ? 'POST' : 'GET');
    return action ? expire(session) : { status: 200, body: shown(session, query) };
  });

  const event = (type, object) => JSON.stringify({
    id: newId(), object: 'event', api_version: version, created: unixNow(), type, livemode: false, pending_webhooks: 1, request: null, data: { object },
  });
  return {
    ...server, sessions,
    of: (id) => [...sessions.values()].filter(({ metadata }) => metadata.booking_id === id || metadata.reservation_id === id),
    // The buyer pays; the events that Stripe sends for it.
    pay: (session) => {
      Object.assign(session, { status: 'complete', payment_status: 'paid', payment_intent: `pi_${session.id}`, url: null });
      return [event('checkout.session.completed', { ...session }), event('payment_intent.succeeded', {
        id: session.payment_intent, object: 'payment_intent', amount: session.amount_total, amount_received: session.amount_total,
        currency: session.currency, status: 'succeeded', metadata: session.metadata,
      })];
    },
    // Its time has come.
    lapse: (session) => {
      Object.assign(session, { status: 'expired', url: null });
      return event('checkout.session.expired', { ...session });
    },
  };
}
