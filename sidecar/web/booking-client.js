// What happens to bookings, told to web pages as it happens: one stream of Server-Sent Events from the relay, shared by all
// subscriptions of the page. No dependency; also for Node, where fetch takes the place of EventSource.
//
// Every subscription is told each event once. A stream that breaks off goes on where it ended; what cannot be replayed any
// more is said to onResync, so that the page asks for the present state instead.

export const eventKinds = Object.freeze([
  'booking.created', 'booking.paid', 'booking.scheduled', 'booking.confirmed', 'booking.updated', 'booking.rescheduled',
  'booking.cancelled', 'booking.checked_in', 'booking.checked_out', 'booking.no_show',
  'reservation.held', 'reservation.extended', 'reservation.updated', 'reservation.expired', 'reservation.cancelled',
  'payment.pending', 'payment.paid', 'payment.failed', 'payment.partially_refunded', 'payment.refunded',
  'payment.conflict', 'payment.unmatched', 'payment.disputed',
  'refund.due', 'refund.pending', 'refund.done', 'refund.failed',
  'venue.created', 'venue.updated', 'venue.deleted',
  'activity.created', 'activity.updated', 'activity.deleted', 'pricing.updated',
  'sessions.generated', 'sessions.updated', 'sessions.removed', 'customer.erased', 'webhook.failed',
  'session.availability',
]);

const controlKinds = ['reset', 'expired'];
const mostRemembered = 1000; // events that may come a second time while one stream takes over from another

// The lines of an event stream (WHATWG HTML, 9.2.6), for where there is no EventSource.
export function createEventParser({ onEvent, onId = () => {}, onRetry = () => {} }) {
  let rest = '';
  let afterReturn = false;
  let kind = '';
  let data = [];
  const line = (text) => {
    if (text === '') {
      if (data.length > 0 && data.join('\n') !== '') onEvent({ kind: kind || 'message', data: data.join('\n') });
      kind = '';
      data = [];
      return;
    }
    const colon = text.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') kind = value;
    else if (name === 'data') data.push(value);
    else if (name === 'id' && !value.includes('\0')) onId(value);
    else if (name === 'retry' && /^[0-9]+$/.test(value)) onRetry(Number(value));
  };
  return (chunk) => {
    let text = rest + (afterReturn && chunk.startsWith('\n') ? chunk.slice(1) : chunk);
    if (chunk !== '') afterReturn = text.endsWith('\r');
    for (;;) {
      const end = text.search(/[\r\n]/);
      if (end < 0) break;
      line(text.slice(0, end));
      text = text.slice(end + (text.startsWith('\r\n', end) ? 2 : 1));
    }
    rest = text;
  };
}

// Doubling, with jitter, so that not all pages come back at the same moment.
export function backoff(attempt, random = Math.random) {
  const most = Math.min(1000 * 2 ** attempt, 30000);
  return Math.round(most / 2 + random() * (most / 2));
}

export class BookingError extends Error {
  constructor(message, { status = 0, code, field, hint, retryAfter } = {}) {
    super(message);
    this.name = 'BookingError';
    Object.assign(this, { status, code, field, hint, retryAfter });
  }
}

async function refusalOf(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // not ours: a proxy's
  }
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  return new BookingError(body.error ?? `the server answered ${response.status}`,
    { status: response.status, code: body.code, field: body.field, hint: body.hint, retryAfter });
}

// One connection for all topics of those who have the same rights.
class Stream {
  constructor(client, key, rights, isExact) {
    this.client = client;
    this.key = key;
    this.rights = rights; // '' or 'access_token=...' or 'token=...'
    this.isExact = isExact; // all its listeners have the same topics
    this.listeners = new Set();
    this.source = null;
    this.old = null;
    this.topics = '';
    this.cursor = null;
    this.seen = new Set();
    this.attempt = 0;
    this.connected = false;
    this.refused = new Map(); // topic -> BookingError
  }

  add(listener) {
    this.listeners.add(listener);
    for (const topic of listener.topics) this.refused.delete(topic);
    this.plan(0);
    if (this.connected && listener.topics.every((topic) => this.topics.split(',').includes(topic))) {
      queueMicrotask(() => this.listeners.has(listener) && listener.onStatus?.({ connected: true }));
    }
  }

  remove(listener) {
    this.listeners.delete(listener);
    this.plan(0);
  }

  plan(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), delay);
  }

  wanted() {
    const topics = new Set();
    for (const listener of this.listeners) {
      for (const topic of listener.topics) {
        if (!this.refused.has(topic)) topics.add(topic);
      }
    }
    return [...topics].sort().join(',');
  }

  open() {
    const topics = this.wanted();
    if (topics === '') {
      this.close();
      this.client.forget(this);
      return;
    }
    if (this.source && topics === this.topics) return;
    const former = this.source;
    this.topics = topics;
    const started = () => {
      this.attempt = 0;
      // The former one has told all that happened before this one began; what is on its way may still arrive.
      if (former) setTimeout(() => former.close(), 1000);
      this.status(true);
    };
    const Source = this.client.options.EventSource;
    const { base, fetch, poll } = this.client.options;
    const query = (since) => `${base}/events?topics=${encodeURIComponent(topics)}${this.rights && `&${this.rights}`}` +
      (since === null ? '' : `&since=${encodeURIComponent(since)}`);
    // While one stream takes over from another it begins now; after a break, where the last one ended.
    const since = former ? null : this.cursor;
    const handlers = {
      started,
      event: (kind, data, id) => this.event(kind, data, id),
      broken: (isFinal) => this.broken(source, isFinal),
    };
    const source = Source ? eventSource(Source, query(since), handlers)
      : pollingSource(fetch, query, since, poll, handlers, (id) => { this.cursor = id; });
    this.source = source;
  }

  event(kind, text, id) {
    if (id) this.cursor = id;
    if (kind === 'reset') {
      for (const listener of this.listeners) listener.onResync?.();
      return;
    }
    if (kind === 'expired') {
      this.close();
      this.status(false);
      const error = new BookingError('the token has expired', { status: 401 });
      for (const listener of [...this.listeners]) {
        this.listeners.delete(listener);
        if (listener.renew) listener.renew();
        else tell(listener.onError, error);
      }
      return;
    }
    let event;
    try {
      event = JSON.parse(text);
    } catch {
      return;
    }
    if (event.id) {
      if (this.seen.has(event.id)) return;
      this.seen.add(event.id);
      if (this.seen.size > mostRemembered) this.seen.delete(this.seen.values().next().value);
    }
    event.event_type ??= kind;
    for (const listener of [...this.listeners]) {
      if (this.isExact || concerns(event, listener.topics)) tell(listener.callback, event);
    }
  }

  broken(source, isFinal) {
    if (source !== this.source) return;
    this.status(false);
    if (!isFinal) return;
    source.close();
    this.source = null;
    this.why().then((error) => {
      if (this.source || this.listeners.size === 0) return;
      const lost = this.cursor === null;
      this.status(false, error);
      this.plan(error?.retryAfter ? error.retryAfter * 1000 : backoff(this.attempt++));
      if (lost) for (const listener of this.listeners) listener.onResync?.();
    });
  }

  // A browser does not say why a stream was refused: ask, topic by topic, so that one that is refused harms only its owner.
  async why() {
    let last = null;
    for (const topic of this.topics.split(',')) {
      const error = await this.probe(topic);
      if (error && error.status >= 400 && error.status < 500 && error.status !== 429) {
        this.refused.set(topic, error);
        for (const listener of [...this.listeners]) {
          if (listener.topics.includes(topic)) {
            this.listeners.delete(listener);
            tell(listener.onError, error);
          }
        }
      } else {
        last = error ?? last;
      }
    }
    return last;
  }

  async probe(topic) {
    const { base, fetch } = this.client.options;
    const stop = new AbortController();
    try {
      const response = await fetch(`${base}/events?topics=${encodeURIComponent(topic)}${this.rights && `&${this.rights}`}`,
        { signal: stop.signal });
      const error = response.ok ? null : await refusalOf(response);
      stop.abort();
      return error;
    } catch (error) {
      return new BookingError(String(error.message ?? error));
    }
  }

  status(connected, error) {
    if (this.connected === connected && !error) return;
    this.connected = connected;
    for (const listener of this.listeners) tell(listener.onStatus, { connected, error });
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.topics = '';
    this.connected = false;
  }
}

// One whose callback throws is nobody else's trouble.
function tell(callback, value) {
  if (!callback) return;
  try {
    callback(value);
  } catch (error) {
    (globalThis.reportError ?? console.error)(error);
  }
}

function eventSource(Source, url, { started, event, broken }) {
  const source = new Source(url);
  source.onopen = started;
  source.onerror = () => broken(source.readyState === 2);
  for (const kind of [...eventKinds, ...controlKinds]) {
    source.addEventListener(kind, (message) => event(kind, message.data, message.lastEventId));
  }
  return { close: () => source.close() };
}

// Asks again and again for what has happened since: where there is no EventSource.
function pollingSource(fetch, query, first, pause, { started, event, broken }, keep) {
  let since = first;
  let closed = false;
  let timer;
  let stop;
  const round = async () => {
    stop = new AbortController();
    const parser = createEventParser({
      onId: (id) => { since = id; keep(id); },
      onEvent: ({ kind, data }) => event(kind, data, since),
    });
    let idle;
    try {
      const response = await fetch(query(since), { signal: stop.signal });
      if (!response.ok) {
        broken(true);
        return;
      }
      started();
      const text = new TextDecoder();
      for await (const chunk of response.body) {
        parser(text.decode(chunk, { stream: true }));
        clearTimeout(idle);
        idle = setTimeout(() => stop.abort(), pause / 2);
      }
    } catch (error) {
      if (!closed && error.name !== 'AbortError') broken(false);
    } finally {
      clearTimeout(idle);
      if (!closed) timer = setTimeout(round, pause);
    }
  };
  timer = setTimeout(round, 0);
  return { close: () => { closed = true; clearTimeout(timer); stop?.abort(); } };
}

// The field of an event that says whose it is. An event does not say to which customer it was told: streams of customers are
// not shared with other topics.
const topicFields = {
  booking: 'booking_id', session: 'session_id', activity: 'activity_id', venue: 'venue_id', organization: 'organization_id',
};
const words = { library: 'venue', court: 'activity', seat: 'session', sessions: 'session', provider: 'organization' };

// Whether an event of a stream with several topics is one of these.
export function concerns(event, topics) {
  return topics.some((topic) => {
    const colon = topic.indexOf(':');
    const word = topic.slice(0, colon < 0 ? topic.length : colon);
    const name = words[word] ?? word;
    if (name === 'public') return /^(venue|activity|pricing|sessions)\./.test(event.event_type ?? '');
    const id = topic.slice(colon + 1).toLowerCase();
    const field = topicFields[name];
    if (String(event[field] ?? '').toLowerCase() === id) return true;
    return name === 'session' && String(event.facts?.previous_session_id ?? '').toLowerCase() === id;
  });
}

let lastId = 0;

export class BookingClient {
  // base: the relay's address; by default where this module came from. token: a JWT, or what returns one.
  constructor(options = {}) {
    this.streams = new Map();
    this.subscriptions = new Map();
    this.options = {
      base: defaultBase(), token: '', poll: 5000,
      fetch: globalThis.fetch?.bind(globalThis), EventSource: globalThis.EventSource,
    };
    this.configure(options);
  }

  configure(options) {
    this.options = { ...this.options, ...options };
    this.options.base = String(this.options.base ?? '').replace(/\/+$/, '');
    return this;
  }

  // topics: 'booking:ID', 'venue:ID', 'activity:ID', 'session:ID', 'organization:NUMBER', 'customer:USER', 'public'.
  // Returns the function that ends the subscription.
  subscribe(topics, callback, { onStatus, onError, onResync, token = this.options.token, bookingToken } = {}) {
    const list = (Array.isArray(topics) ? topics : [topics]).map(String);
    const id = `${list.join(',')}#${++lastId}`;
    const listener = { topics: list, callback, onStatus, onError, onResync };
    let stream;
    const start = (jwt) => {
      const rights = bookingToken ? `token=${encodeURIComponent(bookingToken)}`
        : jwt ? `access_token=${encodeURIComponent(jwt)}` : '';
      const isExact = list.some((topic) => /^(customer|user|client|student):/.test(topic));
      const key = isExact ? `${rights} ${list}` : rights;
      stream = this.streams.get(key);
      if (!stream) this.streams.set(key, stream = new Stream(this, key, rights, isExact));
      stream.add(listener);
    };
    if (typeof token === 'function') {
      listener.renew = () => Promise.resolve().then(token)
        .then((jwt) => this.subscriptions.has(id) && start(jwt), (error) => tell(onError, error));
      listener.renew();
    } else {
      start(token);
    }
    const end = () => {
      if (this.subscriptions.delete(id)) stream?.remove(listener);
    };
    this.subscriptions.set(id, end);
    return end;
  }

  forget(stream) {
    if (this.streams.get(stream.key) === stream) this.streams.delete(stream.key);
  }

  // Requests

  async request(path, { method = 'GET', body, headers = {}, signal } = {}) {
    let response;
    try {
      response = await this.options.fetch(this.options.base + path, {
        method, signal,
        headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
        body: body ? JSON.stringify(body) : undefined,
      });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      throw new BookingError('the server cannot be reached');
    }
    if (!response.ok) throw await refusalOf(response);
    return response.json();
  }

  venue(embedKey, options) {
    return this.request(`/api/venues/${encodeURIComponent(embedKey)}`, options);
  }

  activities(embedKey, options) {
    return this.request(`/api/venues/${encodeURIComponent(embedKey)}/activities`, options);
  }

  sessions(activityId, { from, to, ...options } = {}) {
    const query = new URLSearchParams(Object.entries({ from, to }).filter(([, value]) => value));
    return this.request(`/api/activities/${encodeURIComponent(activityId)}/sessions${query.size ? `?${query}` : ''}`, options);
  }

  hold(sessionId, { partySize, unitItems, email, idempotencyKey }) {
    return this.request(`/api/sessions/${encodeURIComponent(sessionId)}/holds`,
      { method: 'POST', body: { party_size: partySize, unit_items: unitItems, email, idempotency_key: idempotencyKey } });
  }

  holdStatus({ reservation_id, hold_token }) {
    return this.request(`/api/holds/${encodeURIComponent(reservation_id)}`, { headers: { authorization: `Bearer ${hold_token}` } });
  }

  // Asks the provider of payments for the page, if there is one; the answer is that of holdStatus.
  pay({ reservation_id, hold_token }) {
    return this.request(`/api/holds/${encodeURIComponent(reservation_id)}/payment`, { method: 'POST', body: { hold_token } });
  }

  confirm({ reservation_id, hold_token }, { name, phone } = {}) {
    return this.request(`/api/holds/${encodeURIComponent(reservation_id)}/confirm`,
      { method: 'POST', body: { hold_token, customer_name: name, customer_phone: phone } });
  }

  cancel({ reservation_id, hold_token }) {
    return this.request(`/api/holds/${encodeURIComponent(reservation_id)}/cancel`, { method: 'POST', body: { hold_token } });
  }
}

function defaultBase() {
  try {
    const { origin, protocol } = new URL(import.meta.url);
    return /^https?:$/.test(protocol) ? origin : '';
  } catch {
    return '';
  }
}

// The client that the functions below use.
export const bookingClient = new BookingClient();

export function configureBookingClient(options) {
  return bookingClient.configure(options);
}

export function subscribeToBookingEvents(bookingId, callback, options) {
  return bookingClient.subscribe(`booking:${bookingId}`, callback, options);
}

export function subscribeToUserBookingEvents(userId, callback, options) {
  return bookingClient.subscribe(`customer:${userId}`, callback, options);
}

export function subscribeToProviderBookingEvents(providerId, callback, options) {
  return bookingClient.subscribe(`organization:${providerId}`, callback, options);
}

export const bookingSubscriptionManager = {
  getActiveSubscriptionCount: () => bookingClient.subscriptions.size,
  getActiveSubscriptions: () => [...bookingClient.subscriptions.keys()],
  unsubscribeAll: () => { for (const end of [...bookingClient.subscriptions.values()]) end(); },
};

// What a page makes of sessions. Dates are those of the venue, which the server says.

export function slotsOfDay(sessions, date, partySize = 1) {
  return sessions.filter((session) => session.local_date === date).map((session) => ({
    ...session,
    available: session.status === 'open' && session.seats_available >= partySize,
  }));
}

export function daysOf(sessions, partySize = 1) {
  const days = new Map();
  for (const session of sessions) {
    const day = days.get(session.local_date) ?? { date: session.local_date, sessions: 0, available: 0 };
    day.sessions += 1;
    if (session.status === 'open' && session.seats_available >= partySize) day.available += 1;
    days.set(session.local_date, day);
  }
  return days;
}

// The same list, with what a `session.availability` event says; the list itself where it says nothing new.
export function withAvailability(sessions, event) {
  if (event.event_type !== 'session.availability') return sessions;
  const at = sessions.findIndex((session) => session.id === event.session_id);
  if (at < 0) return sessions;
  const { seats_available, capacity_total, status } = event;
  const former = sessions[at];
  if (former.seats_available === seats_available && former.status === (status ?? former.status)) return sessions;
  const changed = [...sessions];
  changed[at] = { ...former, seats_available, capacity_total: capacity_total ?? former.capacity_total, status: status ?? former.status };
  return changed;
}

// Days of the calendar, as text: '2027-03-01' and so many days on.
export function addDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86400000).toISOString().slice(0, 10);
}
