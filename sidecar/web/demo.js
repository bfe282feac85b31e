// The demo page: what an owner and a student are told, side by side, as it happens.
import { BookingClient, bookingClient, bookingSubscriptionManager, eventKinds } from './booking-client.js';
import { subjectOf } from './booking-react.js';
import { createLanguage } from './language.js';

const byId = (id) => document.getElementById(id);
const mostEvents = 500;
const settings = ['key', 'organization', 'owner-token', 'student-token'];
const inAddress = { key: 'key', organization: 'organization', 'owner-token': 'token', 'student-token': 'student' };
const client = new BookingClient({ base: location.origin });
bookingClient.configure({ base: location.origin });

const state = { events: [], unread: 0, sound: false, ends: [], audio: null };

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function line(event, isNew) {
  const time = event.occurred_at ? new Date(event.occurred_at) : new Date();
  const item = element('li', { className: isNew ? 'new' : '' },
    element('b', { textContent: event.event_type }),
    element('time', { dateTime: time.toISOString(), textContent: time.toLocaleTimeString() }),
    element('span', { textContent: describe(event) }));
  return item;
}

function describe(event) {
  if (event.event_type === 'session.availability') return `${event.seats_available} of ${event.capacity_total} seats are free`;
  const { customer_name: name, price_minor: price, currency } = event.row ?? {};
  const isPrice = event.event_type === 'pricing.updated' && price !== undefined;
  return [event.description, name, isPrice ? createLanguage('en').price(price, currency) : null].filter(Boolean).join(' · ');
}

function passes(event) {
  const kind = byId('kind').value;
  const search = byId('search').value.trim().toLowerCase();
  return (!kind || event.event_type === kind || event.event_type.startsWith(`${kind}.`)) &&
    (!search || `${event.event_type} ${describe(event)} ${event.booking_id ?? ''}`.toLowerCase().includes(search));
}

function showEvents(isNew = false) {
  const shown = state.events.filter(passes);
  byId('owner-events').replaceChildren(...shown.map((event, i) => line(event, isNew && i === 0)));
  byId('shown').textContent = shown.length;
  byId('total').textContent = state.events.length;
}

function toast(text) {
  const note = element('div', { className: 'toast', textContent: text });
  byId('toasts').append(note);
  setTimeout(() => note.remove(), 5000);
}

// A short tone: nothing to download.
function beep() {
  if (!state.sound) return;
  state.audio ??= new AudioContext();
  const tone = state.audio.createOscillator();
  const volume = state.audio.createGain();
  const now = state.audio.currentTime;
  tone.frequency.setValueAtTime(880, now);
  volume.gain.setValueAtTime(0.12, now);
  volume.gain.exponentialRampToValueAtTime(0.001, now + 0.25);
  tone.connect(volume).connect(state.audio.destination);
  tone.start(now);
  tone.stop(now + 0.25);
}

function badge(count) {
  state.unread = count;
  byId('badge').hidden = count === 0;
  byId('badge').textContent = `${count} new`;
  document.title = count === 0 ? 'Real-time bookings' : `(${count}) Real-time bookings`;
}

function ownerEvent(event) {
  state.events = [event, ...state.events].slice(0, mostEvents);
  showEvents(true);
  if (event.booking_id) byId('booking').value ||= event.booking_id;
  if (event.event_type === 'booking.created') {
    const name = event.row?.customer_name;
    toast(name ? `New booking from ${name}!` : event.description);
    beep();
    badge(state.unread + 1);
  } else if (event.event_type === 'booking.cancelled') {
    toast('A booking has been cancelled');
  }
}

function studentEvent(event) {
  const list = byId('student-events');
  list.prepend(line(event, true));
  while (list.children.length > 50) list.lastChild.remove();
  const notes = { 'pricing.updated': 'Pricing has been updated!', 'booking.checked_in': 'You have been checked in!', 'booking.updated': 'Booking updated!' };
  if (event.event_type === 'venue.created') toast(`New venue: ${event.row?.name ?? ''}`);
  else if (notes[event.event_type]) toast(notes[event.event_type]);
}

function follow(topics, callback, place, token) {
  const pill = byId(place);
  const say = (text, on) => {
    pill.textContent = text;
    pill.className = `pill ${on ? 'on' : 'off'}`;
  };
  say('Connecting…', false);
  state.ends.push(bookingClient.subscribe(topics, callback, {
    token,
    onStatus: ({ connected, error }) => say(connected ? 'Live' : error?.message ?? 'Reconnecting…', connected),
    onError: (error) => say(error.message, false),
    onResync: () => toast('Some events were missed while the connection was away.'),
  }));
  count();
}

function count() {
  byId('count').textContent = bookingSubscriptionManager.getActiveSubscriptionCount();
}

async function connect() {
  bookingSubscriptionManager.unsubscribeAll();
  const [key, organization, owner, student] = settings.map((name) => byId(name).value.trim());
  for (const name of settings) sessionStorage.setItem(`demo ${name}`, byId(name).value.trim());
  if (organization && owner) follow([`organization:${organization}`], ownerEvent, 'owner-state', owner);
  const subject = subjectOf(student);
  if (subject) follow([`customer:${subject}`], studentEvent, 'student-state', student);
  if (key) {
    const frame = element('iframe', { title: 'The booking widget', src: `/embed?widget=calendar&key=${encodeURIComponent(key)}` });
    byId('frame').replaceChildren(frame);
    try {
      const venue = await client.venue(key);
      follow([`venue:${venue.id}`, 'public'], studentEvent, 'student-state');
    } catch (error) {
      byId('frame').replaceChildren(element('p', { className: 'empty', textContent: error.message }));
    }
  }
  count();
}

async function health() {
  const pill = byId('health');
  const say = (text, isGood) => {
    pill.textContent = `Health: ${text}`;
    pill.className = `pill ${isGood ? 'on' : 'off'}`;
  };
  try {
    const { status, ...details } = await client.request('/api/webhooks/booking-events');
    say(status, status === 'ready');
    pill.title = JSON.stringify(details, null, 2);
  } catch (error) {
    say(error.message, false);
  }
}

async function testWebhook() {
  const result = byId('webhook-result');
  result.textContent = 'Sending…';
  const start = performance.now();
  try {
    const answer = await client.request('/api/webhooks/booking-events', {
      method: 'POST', headers: { authorization: `Bearer ${byId('secret').value}` },
      body: { id: `demo-${Date.now()}`, event_type: 'booking.updated', booking_id: byId('booking').value.trim(), description: 'A test from the demo page' },
    });
    result.textContent = `PASS: ${answer.status} in ${Math.round(performance.now() - start)} ms`;
  } catch (error) {
    result.textContent = `FAIL: ${error.message}`;
  }
}

function exportEvents() {
  const file = new Blob([JSON.stringify(state.events.filter(passes), null, 2)], { type: 'application/json' });
  const link = element('a', { href: URL.createObjectURL(file), download: 'booking-events.json' });
  link.click();
  URL.revokeObjectURL(link.href);
}

function start() {
  const address = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(null, '', location.pathname); // tokens do not stay in the history
  for (const name of settings) byId(name).value = address.get(inAddress[name]) ?? sessionStorage.getItem(`demo ${name}`) ?? '';
  for (const kind of new Set(eventKinds.flatMap((name) => [name.split('.')[0], name]))) {
    if (kind !== 'session' && kind !== 'session.availability') byId('kind').append(element('option', { value: kind, textContent: kind.includes('.') ? kind : `${kind}.*` }));
  }
  byId('kind').addEventListener('change', () => showEvents());
  byId('search').addEventListener('input', () => showEvents());
  byId('clear').addEventListener('click', () => { state.events = []; showEvents(); badge(0); });
  byId('export').addEventListener('click', exportEvents);
  byId('unsubscribe').addEventListener('click', () => {
    bookingSubscriptionManager.unsubscribeAll();
    for (const place of ['owner-state', 'student-state']) { byId(place).textContent = 'Not connected'; byId(place).className = 'pill'; }
    count();
  });
  byId('sound').addEventListener('click', () => {
    state.sound = !state.sound;
    byId('sound').textContent = `Sound: ${state.sound ? 'on' : 'off'}`;
    byId('sound').setAttribute('aria-pressed', state.sound);
    beep();
  });
  const toggle = (open) => { byId('setup').hidden = !open; byId('setup-open').setAttribute('aria-expanded', open); };
  byId('setup-open').addEventListener('click', () => toggle(byId('setup').hidden));
  byId('setup').addEventListener('submit', (event) => { event.preventDefault(); toggle(false); connect(); });
  byId('webhook').addEventListener('submit', (event) => { event.preventDefault(); testWebhook(); });
  addEventListener('focus', () => badge(0));
  toggle(!byId('key').value && !byId('owner-token').value);
  health();
  setInterval(health, 15000);
  connect();
}

start();
