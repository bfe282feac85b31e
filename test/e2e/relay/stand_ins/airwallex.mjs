// A stand-in of Airwallex: logins and payment links as its API describes them. It makes a link for each request to make
// one, whatever the request_id: nothing else is documented.
import assert from 'node:assert/strict';
import { newId } from '../senders.mjs';
import { provider, unixNow } from './provider.mjs';

export const keys = { clientId: 'client-of-the-stand-in', apiKey: 'api-key-of-the-stand-in' };
const timeOf = (seconds) => new Date(seconds * 1000).toISOString().replace('.000Z', '+0000');
const invalid = (message) => ({ status: 400, body: { code: 'invalid_status_for_operation', message } });

export async function airwallexStandIn() {
  const links = new Map();
  const intents = new Map();
  const tokens = new Map(); // token -> until when
  let count = 0;
  let lifetime = 1800;

  function login({ method, headers, body }) {
    assert.equal(method, 'POST');
    assert.equal(body, '');
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(headers.authorization, undefined);
    if (headers['x-client-id'] !== keys.clientId || headers['x-api-key'] !== keys.apiKey) {
      return { status: 401, body: { code: 'credentials_invalid', message: 'UNAUTHORIZED' } };
    }
    const token = `token-${process.pid}-${++count}`;
    tokens.set(token, unixNow() + lifetime);
    return { status: 201, body: { token, expires_at: timeOf(tokens.get(token)) } };
  }

  function create(body) {
    const wanted = JSON.parse(body);
    assert.deepEqual(Object.keys(wanted).filter((name) => !['request_id', 'reusable', 'title', 'amount', 'currency', 'metadata',
      'reference', 'expires_at', 'return_url'].includes(name)), []);
    assert.match(wanted.request_id, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(wanted.reusable, false);
    assert.ok(typeof wanted.title === 'string' && wanted.title !== '');
    assert.ok(typeof wanted.amount === 'number' && wanted.amount > 0);
    assert.match(wanted.currency, /^[A-Z]{3}$/);
    assert.ok(Date.parse(wanted.expires_at) > Date.now(), 'expires_at is over');
    assert.match(wanted.return_url, /^https?:\/\//);
    const id = `link-${process.pid}-${++count}`;
    const { request_id: _, ...link } = wanted;
    links.set(id, { ...link, id, url: `https://pay.airwallex.test/${id}`, active: true, status: 'UNPAID',
      successful_payment_intent_count: 0, created: unixNow(), expires_at: timeOf(Date.parse(wanted.expires_at) / 1000) });
    return { status: 201, body: links.get(id) };
  }

  function list(query) {
    const from = Date.parse(query.get('from_created_at')) / 1000;
    assert.ok(from > 0, 'from_created_at is no time');
    const [page, size] = [Number(query.get('page_num')), Number(query.get('page_size'))];
    const all = [...links.values()].reverse().filter(({ created }) => created >= from);
    return { status: 200, body: { items: all.slice(page * size, (page + 1) * size), has_more: all.length > (page + 1) * size } };
  }

  function deactivate(link) {
    if (link.status === 'PAID' || !link.active) return invalid('the link is not active');
    link.active = false;
    return { status: 200, body: link };
  }

  const server = await provider((request) => {
    const { method, path, query, headers, body } = request;
    if (path === '/api/v1/authentication/login') return login(request);
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
    if (!(tokens.get(token) > unixNow())) return { status: 401, body: { code: 'unauthorized', message: 'Access denied, authentication failed' } };
    assert.equal(headers['content-type'], method === 'POST' ? 'application/json' : undefined);
    if (path === '/api/v1/pa/payment_links/create') return create(body);
    if (path === '/api/v1/pa/payment_links') return list(query);
    const [, intent] = /^\/api\/v1\/pa\/payment_intents\/([\w-]+)$/.exec(path) ?? [];
    if (intent) return { status: 200, body: intents.get(intent) };
    const [, id, action] = /^\/api\/v1\/pa\/payment_links\/([\w-]+)(\/deactivate)?$/.exec(path) ?? [];
    assert.ok(links.has(id), `unknown path ${path}`);
    assert.equal(method, action ? 'POST' : 'GET');
    return action ? deactivate(links.get(id)) : { status: 200, body: links.get(id) };
  });

  return {
    ...server, links, tokens,
    // Tokens that are given from now on are good for so many seconds.
    lastFor: (seconds) => { lifetime = seconds; },
    of: (id) => [...links.values()].filter(({ metadata }) => metadata.booking_id === id || metadata.reservation_id === id),
    logins: () => server.requests.filter(({ path }) => path.endsWith('/login')).length,
    // The buyer pays; the events that Airwallex sends for it.
    pay: (link) => {
      const intent = { id: `int_${link.id}`, request_id: 'r', amount: link.amount, captured_amount: link.amount, currency: link.currency,
        merchant_order_id: link.reference, status: 'SUCCEEDED', metadata: link.metadata };
      intents.set(intent.id, intent);
      Object.assign(link, { status: 'PAID', active: false, successful_payment_intent_count: 1, latest_successful_payment_intent_id: intent.id });
      const event = (name, object) => JSON.stringify({ id: newId(), name, account_id: 'acct_1', created_at: timeOf(unixNow()), data: { object } });
      return [event('payment_intent.succeeded', intent), event('payment_link.paid', link)];
    },
  };
}
