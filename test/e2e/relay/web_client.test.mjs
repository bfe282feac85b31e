// What of the pages' scripts needs neither a browser nor a relay: the event stream's lines, subscriptions, texts, times.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

// Modules by their place: the folder has no package.json that would say so to Node.
const folder = mkdtempSync(join(tmpdir(), 'pgbk-web-'));
writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
for (const name of ['booking-client.js', 'booking-react.js', 'language.js']) {
  copyFileSync(new URL(`../../../sidecar/web/${name}`, import.meta.url), join(folder, name));
}
const load = (name) => import(pathToFileURL(join(folder, name)));
const client = await load('booking-client.js');
const { chooseLanguage, clockText, createLanguage, languages, minorDigits } = await load('language.js');
const { subjectOf } = await load('booking-react.js');
after(() => rmSync(folder, { recursive: true }));

function parsed(chunks) {
  const seen = { events: [], ids: [], retry: null };
  const feed = client.createEventParser({
    onEvent: (event) => seen.events.push(event), onId: (id) => seen.ids.push(id), onRetry: (ms) => { seen.retry = ms; },
  });
  chunks.forEach(feed);
  return seen;
}

const stream = 'retry: 2000\nid: 7\ndata:\n\n:hb\nid: 8\r\nevent: booking.created\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata:x\r\revent: lost\ndata: y';

test('an event stream is read as browsers read it', () => {
  assert.deepEqual(parsed([stream]), {
    events: [{ kind: 'booking.created', data: '{"a":\n1}' }, { kind: 'message', data: 'x' }], ids: ['7', '8'], retry: 2000,
  });
});

test('wherever it is cut', () => {
  const whole = parsed([stream]);
  for (let at = 0; at <= stream.length; ++at) {
    assert.deepEqual(parsed([stream.slice(0, at), stream.slice(at)]), whole, `at ${at}`);
  }
  assert.deepEqual(parsed([...stream]), whole, 'into characters');
});

test('a stream that fails is tried again later and later, not by all at once', () => {
  assert.deepEqual([0, 1, 5, 50].map((n) => client.backoff(n, () => 0)), [500, 1000, 15000, 15000]);
  assert.deepEqual([0, 1, 5, 50].map((n) => client.backoff(n, () => 1)), [1000, 2000, 30000, 30000]);
});

test('an event is told to those whose topic it is', () => {
  const event = { event_type: 'booking.created', booking_id: 'B', organization_id: 3, activity_id: 'A', facts: { previous_session_id: 'old' } };
  for (const topic of ['booking:B', 'booking:b', 'organization:3', 'provider:3', 'court:A', 'session:old', 'seat:OLD']) {
    assert.ok(client.concerns(event, ['booking:other', topic]), topic);
  }
  for (const topic of ['booking:C', 'organization:33', 'venue:A', 'public', 'session:B']) assert.ok(!client.concerns(event, [topic]), topic);
  assert.ok(client.concerns({ event_type: 'pricing.updated' }, ['public']));
});

// A browser's EventSource, whose server is the test.
class FakeSource {
  static all = [];
  constructor(url) {
    this.url = new URL(url, 'http://x');
    this.handlers = {};
    this.readyState = 0;
    FakeSource.all.push(this);
  }
  addEventListener(kind, handler) { this.handlers[kind] = handler; }
  open() { this.readyState = 1; this.onopen(); }
  tell(event) { this.handlers[event.event_type]({ data: JSON.stringify(event), lastEventId: String(event.seq ?? '') }); }
  fail() { this.readyState = 2; this.onerror(); }
  close() { this.readyState = 2; this.closed = true; }
  get topics() { return this.url.searchParams.get('topics'); }
}
// What the client puts off is done within a few turns of the loop, on a busy machine as well.
const until = async (met) => {
  for (let i = 0; i < 2000 && !met(); ++i) await new Promise((resolve) => setTimeout(resolve, 5));
};
const streams = (count) => until(() => FakeSource.all.length >= count);
const made = (options = {}) => {
  FakeSource.all = [];
  return new client.BookingClient({ base: 'http://x', EventSource: FakeSource, ...options });
};

test('subscriptions share one stream, and each is told what it asked for, once', async () => {
  const bookings = made();
  const told = [[], []];
  const ends = [bookings.subscribe('booking:1', (event) => told[0].push(event.id)), bookings.subscribe('venue:2', (event) => told[1].push(event.id))];
  await streams(1);
  assert.equal(FakeSource.all.length, 1);
  const [first] = FakeSource.all;
  assert.equal(first.topics, 'booking:1,venue:2');
  first.open();
  const event = { id: 'e1', seq: 1, event_type: 'booking.created', booking_id: '1', venue_id: '2' };
  first.tell(event);
  first.tell(event);
  assert.deepEqual(told, [['e1'], ['e1']]);
  ends[1]();
  await streams(2);
  const [, second] = FakeSource.all;
  assert.equal(second.topics, 'booking:1');
  assert.equal(second.url.searchParams.get('since'), null, 'what has been before is not asked for');
  assert.ok(!first.closed, 'the former one stays until the new one tells');
  first.tell({ ...event, id: 'e2', seq: 2 });
  second.open();
  second.tell({ ...event, id: 'e2', seq: 2 });
  assert.deepEqual(told, [['e1', 'e2'], ['e1']]);
  ends[0]();
  await until(() => second.closed);
  assert.ok(second.closed);
  assert.equal(bookings.subscriptions.size, 0);
});

test('a callback that throws is nobody else’s trouble', async () => {
  const bookings = made();
  const told = [];
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  bookings.subscribe('booking:1', () => { throw new Error('mine'); });
  bookings.subscribe('booking:1', (event) => told.push(event.id));
  await streams(1);
  FakeSource.all[0].open();
  FakeSource.all[0].tell({ id: 'e', seq: 1, event_type: 'booking.paid', booking_id: '1' });
  assert.deepEqual(told, ['e']);
  assert.deepEqual(reported, ['mine']);
  bookings.subscriptions.forEach((end) => end());
});

test('a topic that is refused harms only its owner, who is told why', async () => {
  const answers = { 'booking:1': [200, {}], 'organization:9': [403, { error: 'organization:9 is not for whoever has this token' }] };
  const fetch = async (url) => {
    const [status, body] = answers[new URL(url).searchParams.get('topics')];
    return new Response(JSON.stringify(body), { status });
  };
  const bookings = made({ fetch });
  const errors = [];
  const told = [];
  bookings.subscribe('organization:9', () => {}, { onError: (error) => errors.push([error.status, error.message]) });
  bookings.subscribe('booking:1', (event) => told.push(event.id));
  await streams(1);
  FakeSource.all[0].fail();
  await streams(2);
  assert.deepEqual(errors, [[403, 'organization:9 is not for whoever has this token']]);
  const second = FakeSource.all[1];
  assert.equal(second.topics, 'booking:1');
  second.open();
  second.tell({ id: 'e', seq: 1, event_type: 'booking.paid', booking_id: '1' });
  assert.deepEqual(told, ['e']);
  bookings.subscriptions.forEach((end) => end());
});

test('a stream that ends goes on where it was; what cannot be is said', async () => {
  const bookings = made({ fetch: async () => new Response('{}') });
  let resyncs = 0;
  const status = [];
  bookings.subscribe('booking:1', () => {}, { onResync: () => ++resyncs, onStatus: ({ connected }) => status.push(connected) });
  await streams(1);
  FakeSource.all[0].open();
  FakeSource.all[0].tell({ id: 'e', seq: 41, event_type: 'booking.paid', booking_id: '1' });
  FakeSource.all[0].fail();
  await streams(2);
  assert.equal(FakeSource.all[1].url.searchParams.get('since'), '41');
  assert.equal(resyncs, 0);
  FakeSource.all[1].open();
  FakeSource.all[1].handlers.reset({ data: '{}', lastEventId: '99' });
  assert.equal(resyncs, 1);
  assert.deepEqual(status, [true, false, true]);
  bookings.subscriptions.forEach((end) => end());
});

test('a token that has run out is asked for anew, where it can be', async () => {
  const bookings = made();
  let asked = 0;
  const errors = [];
  bookings.subscribe('booking:1', () => {}, { token: () => `jwt${++asked}` });
  bookings.subscribe('booking:2', () => {}, { token: 'fixed', onError: (error) => errors.push(error.message) });
  await streams(2);
  assert.deepEqual(FakeSource.all.map(({ url }) => url.searchParams.get('access_token')).sort(), ['fixed', 'jwt1']);
  for (const source of [...FakeSource.all]) source.handlers.expired({ data: '{}', lastEventId: '' });
  await streams(3);
  assert.equal(FakeSource.all[2].url.searchParams.get('access_token'), 'jwt2');
  assert.deepEqual(errors, ['the token has expired']);
  bookings.subscriptions.forEach((end) => end());
});

test('without EventSource it asks again and again, from where it was', async () => {
  const urls = [];
  const fetch = async (url, { signal }) => {
    urls.push(new URL(url).searchParams.get('since'));
    const text = `id: ${urls.length}\ndata:\n\nid: ${urls.length * 10}\nevent: booking.paid\ndata: {"id": "e${urls.length}", "booking_id": "1"}\n\n`;
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    return new Response(body);
  };
  const bookings = made({ EventSource: undefined, fetch, poll: 20 });
  const told = [];
  bookings.subscribe('booking:1', (event) => told.push(event.id));
  await until(() => told.length >= 3);
  bookings.subscriptions.forEach((end) => end());
  assert.deepEqual(told.slice(0, 3), ['e1', 'e2', 'e3']);
  assert.deepEqual(urls.slice(0, 3), [null, '10', '20']);
});

test('the manager knows what is subscribed to, and ends it', async () => {
  const { bookingSubscriptionManager: manager } = client;
  client.configureBookingClient({ base: 'http://x', EventSource: FakeSource });
  client.subscribeToBookingEvents('1', () => {});
  client.subscribeToUserBookingEvents('u', () => {});
  const end = client.subscribeToProviderBookingEvents(7, () => {});
  assert.equal(manager.getActiveSubscriptionCount(), 3);
  assert.deepEqual(manager.getActiveSubscriptions().map((id) => id.split('#')[0]), ['booking:1', 'customer:u', 'organization:7']);
  end();
  end();
  assert.equal(manager.getActiveSubscriptionCount(), 2);
  manager.unsubscribeAll();
  assert.equal(manager.getActiveSubscriptionCount(), 0);
});

test('requests are refused with what is wrong', async () => {
  const bookings = made({ fetch: async () => new Response('{"error": "email is missing", "field": "email", "code": "BK015"}', { status: 400, headers: { 'retry-after': '3' } }) });
  await assert.rejects(bookings.hold('s', {}), (error) => error instanceof client.BookingError && error.field === 'email' && error.retryAfter === 3);
  const away = made({ fetch: async () => { throw new TypeError('fetch failed'); } });
  await assert.rejects(away.venue('k'), /cannot be reached/);
  const odd = made({ fetch: async () => new Response('<html>', { status: 502 }) });
  await assert.rejects(odd.venue('k'), /502/);
});

const session = (id, date, seats, status = 'open') => ({ id, local_date: date, seats_available: seats, capacity_total: 4, status });

test('sessions become days and slots', () => {
  const sessions = [session('a', '2027-03-01', 2), session('b', '2027-03-01', 0), session('c', '2027-03-02', 4, 'closed')];
  assert.deepEqual(client.slotsOfDay(sessions, '2027-03-01', 2).map(({ id, available }) => [id, available]), [['a', true], ['b', false]]);
  assert.deepEqual([...client.daysOf(sessions, 3).values()].map(({ date, sessions: n, available }) => [date, n, available]), [['2027-03-01', 2, 0], ['2027-03-02', 1, 0]]);
  const event = { event_type: 'session.availability', session_id: 'a', seats_available: 1, capacity_total: 4, status: 'open' };
  const changed = client.withAvailability(sessions, event);
  assert.deepEqual([changed[0].seats_available, sessions[0].seats_available], [1, 2]);
  assert.equal(client.withAvailability(changed, event), changed, 'nothing new');
  assert.equal(client.withAvailability(sessions, { ...event, session_id: 'x' }), sessions, 'not shown');
  assert.deepEqual([client.addDays('2027-02-28', 1), client.addDays('2028-03-01', -1), client.addDays('2027-12-31', 1)], ['2027-03-01', '2028-02-29', '2028-01-01']);
});

test('texts are whole in every language, and plurals are the language’s', () => {
  const english = createLanguage('en', { timeZone: 'Europe/Berlin', ownZone: 'UTC' });
  assert.equal(english.say('left', { n: 1 }), '1 place left');
  assert.equal(english.say('left', { n: 1200 }), '1,200 places left');
  const names = ['title', 'hold', 'confirm', 'number', 'ranOut', 'taken', 'left', 'minutesLeft', 'offline', 'zone'];
  for (const tag of languages) {
    const language = createLanguage(tag, {});
    for (const name of names) {
      const text = language.say(name, { n: 2, zone: 'Z' });
      assert.ok(text && !text.includes('{'), `${tag} ${name}`);
      if (tag !== 'en' && name !== 'number') assert.notEqual(text, english.say(name, { n: 2, zone: 'Z' }), `${tag} ${name}`);
    }
  }
  assert.equal(createLanguage('de').say('failed', { why: '<b>$&</b>' }), 'Das hat nicht geklappt: <b>$&</b>');
});

test('a language is the first wished that there is', () => {
  assert.equal(chooseLanguage(['', 'tlh', 'DE-ch', 'fr']), 'de-CH');
  assert.equal(chooseLanguage(['nonsense!', 'ja']), 'en');
});

test('times are the venue’s, with the visitor’s beside where they differ', () => {
  const language = createLanguage('en-GB', { timeZone: 'Europe/Berlin', ownZone: 'America/New_York' });
  const instant = '2027-03-28T00:30:00.000Z'; // an hour before the clocks change there
  assert.equal(language.time(instant), '1:30');
  assert.match(language.ownTime(instant), /20:30/);
  assert.ok(language.isElsewhere(instant));
  assert.ok(!createLanguage('en-GB', { timeZone: 'Europe/Berlin', ownZone: 'Europe/Paris' }).isElsewhere(instant));
  assert.equal(language.wholeDay('2027-03-28'), 'Sunday 28 March');
});

test('prices have the digits of their currency', () => {
  const language = createLanguage('en');
  assert.deepEqual([language.price(2550, 'EUR'), language.price(2550, 'JPY'), language.price(2550, 'KWD')].map((text) => text.replace(/[^0-9.,]/g, '')), ['25.50', '2,550', '2.550']);
  assert.equal(minorDigits('JPY'), 0);
});

test('the countdown ends at zero, not before', () => {
  assert.deepEqual([600000, 59001, 60000, 1, 0, -5].map(clockText), ['10:00', '1:00', '1:00', '0:01', '0:00', '0:00']);
});

test('whose token it is', () => {
  const jwt = (payload) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.x`;
  assert.equal(subjectOf(jwt({ sub: 'zoë-~?>' })), 'zoë-~?>');
  for (const bad of [undefined, '', 'a.b', jwt({}), jwt({ sub: 7 })]) assert.equal(subjectOf(bad), undefined);
});
