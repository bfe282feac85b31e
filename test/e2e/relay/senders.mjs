// Senders of webhooks, as the relay meets them. Where a sender has an official library, that signs.
import { createHmac, randomBytes } from 'node:crypto';
import { sign as githubSign } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';

const hmac = (secret, text, encoding = 'hex') => createHmac('sha256', secret).update(text).digest(encoding);
const seconds = () => Math.floor(Date.now() / 1000);
let events = 0;
export const newId = () => `evt_${process.pid}_${++events}`;

// scheme -> secret: what the sender shows, or lets one choose; header: where the signature is; body: an event about
// nothing that concerns us; sign: the headers for it, `at` seconds since 1970.
export const senders = {
  stripe: {
    secret: () => `whsec_${randomBytes(24).toString('hex')}`,
    header: 'stripe-signature',
    body: (id = newId()) => JSON.stringify({
      id, object: 'event', api_version: '2026-07-29.dahlia', created: seconds(), type: 'customer.created', livemode: false,
      pending_webhooks: 1, request: null, data: { object: { id: 'cus_1', object: 'customer' } },
    }),
    sign: (secret, payload, { at = seconds() } = {}) => ({
      'stripe-signature': new Stripe('sk_test_x').webhooks.generateTestHeaderString({ payload, secret, timestamp: at }),
    }),
  },
  airwallex: {
    secret: () => randomBytes(24).toString('hex'),
    header: 'x-signature',
    body: (id = newId()) => JSON.stringify({
      id, name: 'customer.created', account_id: 'acct_1', created_at: '2026-07-29T10:00:00+0000', data: { object: { id: 'cus_1' } },
    }),
    sign: (secret, payload, { at = Date.now() / 1000 } = {}) => {
      const timestamp = String(Math.floor(at * 1000));
      return { 'x-timestamp': timestamp, 'x-signature': hmac(secret, timestamp + payload) };
    },
  },
  calcom: {
    secret: () => randomBytes(24).toString('hex'),
    header: 'x-cal-signature-256',
    body: (id = newId()) => JSON.stringify({ triggerEvent: 'PING', createdAt: new Date().toISOString(), payload: { type: 'Test', title: id } }),
    sign: (secret, payload) => ({ 'x-cal-signature-256': hmac(secret, payload) }),
  },
  standard: {
    secret: () => `whsec_${randomBytes(24).toString('base64')}`,
    header: 'webhook-signature',
    body: (id = newId()) => JSON.stringify({ id, type: 'invoice.printed', data: {} }),
    sign: (secret, payload, { at = seconds(), id = `msg_${++events}` } = {}) => ({
      'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': new StandardWebhook(secret).sign(id, new Date(at * 1000), payload),
    }),
  },
  hmac: {
    secret: () => randomBytes(24).toString('hex'),
    header: 'x-hub-signature-256',
    options: { id_header: 'x-github-delivery' },
    body: (id = newId()) => JSON.stringify({ id, type: 'push', data: {} }),
    sign: async (secret, payload, { id = `delivery-${++events}` } = {}) => ({
      'x-github-delivery': id,
      // The library takes text only, and no empty one.
      'x-hub-signature-256': typeof payload === 'string' && payload !== '' ? await githubSign(secret, payload) : `sha256=${hmac(secret, payload)}`,
    }),
  },
};

// A source of that scheme in the database.
export async function makeSource(db, scheme, { name = scheme, secret = senders[scheme].secret(), options = senders[scheme].options ?? {} } = {}) {
  const id = await db.sql`SELECT source_id FROM booking.create_webhook_source(${db.organization}, ${name}, ${scheme}, ${secret}, ${options}::jsonb)`;
  return { id, name, scheme, secret, sender: senders[scheme] };
}

// Sends a body with the headers that belong to it; `headers` are put over them, undefined takes one away.
export async function post(relay, source, body, { headers = {}, path = `/webhooks/${source.name}`, secret = source.secret, signed = body, ...options } = {}) {
  const all = { 'content-type': 'application/json', ...await source.sender.sign(secret, signed, options), ...headers };
  for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
  const answer = await relay.request({ method: 'POST', path, headers: all, body, agent: options.agent ?? false });
  return { ...answer, json: answer.text === '' ? null : JSON.parse(answer.text) };
}

export const storedEvents = async (db, source) =>
  Number(await db.sql`SELECT count(*) FROM booking.payment_events WHERE organization_id = ${db.organization} AND source_id = ${source.id}`);
