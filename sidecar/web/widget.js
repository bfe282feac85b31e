// The widget: a day, a time, a hold with its countdown, then payment or a free confirmation. What comes from the server is
// only ever shown as text.
import { BookingClient, addDays, daysOf, slotsOfDay, withAvailability } from './booking-client.js';
import { chooseLanguage, clockText, createLanguage } from './language.js';

const query = new URLSearchParams(location.search);
const client = new BookingClient({ base: location.origin });
const locale = chooseLanguage([query.get('lang') ?? '', ...navigator.languages]);
const byId = (id) => document.getElementById(id);
const debounce = 500;
const week = 7;

let language = createLanguage(locale);
const state = {
  venue: null, activities: [], activity: null, sessions: [], first: null, today: null, date: null, people: 1,
  session: null, hold: null, offset: 0, view: 'choose',
};

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// Said to all, and announced to those who do not see it.
function news(text, isBad = false) {
  byId('news').textContent = text;
  byId('news').classList.toggle('bad', isBad);
}

function failed(error) {
  news(language.say('failed', { why: error.message }), true);
}

// To the page around, and only to the origin that it says it has: no other is told.
function tellParent(message) {
  const origin = query.get('origin');
  if (window.parent !== window && origin) {
    try {
      window.parent.postMessage(message, origin);
    } catch {
      // it is no origin
    }
  }
}

function show(view) {
  state.view = view;
  for (const name of ['choose', 'details', 'held', 'done']) byId(name).hidden = name !== view;
  byId(`${view}-title`)?.focus();
}

function translate() {
  document.documentElement.lang = locale;
  document.title = language.say('title');
  for (const node of document.querySelectorAll('[data-text]')) node.textContent = language.say(node.dataset.text);
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', language.say(node.dataset.label));
}

// What is read

async function load() {
  if (query.get('widget') === 'calendar') {
    const { venue, activities } = await client.activities(query.get('key'));
    state.venue = venue;
    state.activities = activities;
    state.activity = activities.find(({ id }) => id === state.activity?.id) ?? activities[0] ?? null;
  }
  const id = state.activity?.id ?? query.get('activityId');
  if (id) await loadSessions(id);
  else showCatalogue();
}

let latest = 0;
async function loadSessions(id) {
  const turn = ++latest;
  const read = await client.sessions(id, state.first ? { from: state.first, to: addDays(state.first, week - 1) } : {});
  if (turn !== latest) return; // another day or activity was chosen meanwhile
  Object.assign(state, { venue: read.venue, activity: read.activity, sessions: read.sessions, first: read.from });
  state.today ??= read.from;
  if (!state.date || state.date < read.from || state.date > read.to) {
    state.date = [...daysOf(read.sessions, state.people).values()].find((day) => day.available > 0)?.date ?? read.from;
  }
  language = createLanguage(locale, { timeZone: read.venue.timezone });
  showCatalogue();
  listen();
}

let soon;
function reloadSoon() {
  clearTimeout(soon);
  soon = setTimeout(() => load().catch(failed), debounce);
}

let listening = null;
function listen() {
  const topic = `venue:${state.venue.id}`;
  if (listening?.topic === topic) return;
  listening?.end();
  listening = {
    topic,
    end: client.subscribe(topic, (event) => {
      if (event.event_type === 'session.availability') seatsChanged(event);
      else reloadSoon();
    }, {
      onStatus: ({ connected }) => {
        byId('widget').dataset.connected = connected;
        if (connected) reloadSoon(); // what changed between the last reading and now, nobody has told
      },
      onResync: reloadSoon,
    }),
  };
}

function seatsChanged(event) {
  const former = state.sessions;
  state.sessions = withAvailability(former, event);
  if (state.sessions === former) return;
  showDays();
  showSlots();
  const isChosen = state.view === 'details' && state.session?.id === event.session_id;
  if (isChosen && (event.seats_available < state.people || event.status !== 'open')) {
    state.session = null;
    show('choose');
    byId('days').querySelector('[tabindex="0"]')?.focus();
    news(language.say('taken'), true);
  }
}

// What is shown

function priceText() {
  const { price_minor: minor, currency, price_basis: basis, price_from_minor: least } = state.activity;
  if (least !== undefined) return language.say('from', { price: language.price(least, currency) });
  if (minor === 0) return language.say('free');
  return language.say(basis === 'seat' ? 'perSeat' : 'perSession', { price: language.price(minor, currency) });
}

function showCatalogue() {
  const { activity, venue, activities } = state;
  byId('name').textContent = activity?.name ?? venue?.name ?? '';
  byId('place').textContent = activity ? venue.name : '';
  byId('price').textContent = activity ? priceText() : '';
  byId('zone').textContent = language.say('zone', { zone: venue?.timezone?.replaceAll('_', ' ') ?? '' });
  byId('activity').replaceChildren(...activities.map(({ id, name }) =>
    element('option', { value: id, textContent: name, selected: id === activity?.id })));
  if (activity) {
    byId('people').min = activity.party_size_min;
    byId('people').max = activity.party_size_max ?? activity.capacity;
    state.people = Math.min(Math.max(state.people, activity.party_size_min), Number(byId('people').max));
    if (document.activeElement !== byId('people')) byId('people').value = state.people;
  }
  showDays();
  showSlots();
  byId('widget').setAttribute('aria-busy', 'false');
}

// What is redrawn keeps the focus where it was.
function redraw(box, children) {
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.id : null;
  box.replaceChildren(...children);
  if (focused) [...box.children].find((child) => child.dataset.id === focused)?.focus();
}

function showDays() {
  if (!state.first) return;
  const known = daysOf(state.sessions, state.people);
  byId('earlier').disabled = state.first <= state.today;
  redraw(byId('days'), Array.from({ length: week }, (_, i) => {
    const date = addDays(state.first, i);
    const isChosen = date === state.date;
    const day = element('button', { type: 'button', className: `date${known.get(date)?.available ? '' : ' none'}`, tabIndex: isChosen ? 0 : -1 },
      element('small', { textContent: language.weekday(date) }), element('b', { textContent: language.day(date) }),
      element('small', { className: 'month', textContent: language.month(date) }));
    day.dataset.id = date;
    day.setAttribute('role', 'radio');
    day.setAttribute('aria-checked', isChosen);
    day.setAttribute('aria-label', language.wholeDay(date));
    day.addEventListener('click', () => chooseDay(date));
    return day;
  }));
  byId('day').textContent = state.date ? language.wholeDay(state.date) : '';
}

function showSlots() {
  const slots = state.date ? slotsOfDay(state.sessions, state.date, state.people) : [];
  redraw(byId('slots'), slots.length === 0
    ? [element('p', { className: 'empty', textContent: language.say('none') })]
    : slots.map((slot) => {
      const left = slot.available ? language.say('left', { n: slot.seats_available }) : language.say('soldOut');
      const button = element('button', { type: 'button', className: 'slot', disabled: !slot.available },
        element('b', { textContent: language.time(slot.start_time) }), element('small', { textContent: left }));
      button.dataset.id = slot.id;
      if (language.isElsewhere(slot.start_time)) button.title = language.say('yourTime', { time: language.ownTime(slot.start_time) });
      button.addEventListener('click', () => chooseSlot(slot));
      return button;
    }));
}

function describe() {
  const { session, people, activity } = state;
  const text = `${language.wholeDay(session.local_date)}, ${language.time(session.start_time)} – ${language.time(session.end_time)}` +
    ` · ${activity.name} · ${language.say('people')}: ${people}`;
  for (const node of document.querySelectorAll('.chosen')) node.textContent = text;
}

// What is chosen

function chooseDay(date) {
  state.date = date;
  news('');
  showDays();
  showSlots();
}

async function turnWeek(by) {
  const first = addDays(state.first, by * week);
  state.first = first < state.today ? state.today : first;
  state.date = null;
  waiting();
  await loadSessions(state.activity.id);
}

function waiting() {
  byId('slots').replaceChildren(...Array.from({ length: 8 }, () => element('div', { className: 'waiting' })));
}

function chooseSlot(slot) {
  state.session = slot;
  describe();
  news('');
  show('details');
}

const newKey = () => crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

async function hold() {
  const email = byId('email');
  const problem = email.value.trim() === '' || !email.checkValidity() ? language.say('emailWrong') : '';
  byId('email-problem').textContent = problem;
  email.setAttribute('aria-invalid', problem !== '');
  if (problem) {
    email.focus();
    return;
  }
  byId('hold').disabled = true;
  try {
    const made = await client.hold(state.session.id, { partySize: state.people, email: email.value.trim(), idempotencyKey: newKey() });
    state.hold = made;
    state.offset = Date.parse(made.server_time) - Date.now();
    if (state.activity.price_minor > 0 || state.activity.units) state.hold = await askForPage(made);
    showHold();
  } catch (error) {
    if (error.field === 'email') byId('email-problem').textContent = error.message;
    else if (error.code === 'BK201') {
      show('choose');
      news(language.say('taken'), true);
      await load();
    } else failed(error);
  } finally {
    byId('hold').disabled = false;
  }
}

// What is known of the hold, and where it is paid. One that cannot be asked about is still held, and is asked about again.
async function askForPage(held) {
  const now = await client.pay(held).catch(() => client.holdStatus(held)).catch(() => ({ requires_payment: true, payment_failed: true }));
  return { ...held, ...now };
}

// A page that is not there yet is being made; one that could not be had can be asked for again; without a provider it is
// the venue's own business.
function showPayment() {
  const { hold: held, activity } = state;
  const price = held.price_minor > 0 ? language.price(held.price_minor, held.currency) : '';
  const isMissing = Boolean(held.requires_payment && !held.payment_url);
  byId('confirm').hidden = Boolean(held.requires_payment);
  byId('pay').hidden = !held.payment_url;
  if (held.payment_url) {
    byId('pay').href = held.payment_url;
    byId('pay').textContent = language.say('pay', { price });
  }
  byId('retry').hidden = !(isMissing && held.payment_failed);
  byId('payment').textContent = !held.requires_payment ? (activity.price_minor === 0 && !activity.units ? language.say('free') : '')
    : held.payment_url ? language.say('waiting') : held.payment_pending ? language.say('loading')
      : held.payment_failed ? language.say('noPage') : `${language.say('notPaidHere', { price })} ${held.reservation_id}`;
}

let ticking;
let said;
function showHold() {
  const { hold: held } = state;
  showPayment();
  tellParent({ type: 'booking:held', reservation_id: held.reservation_id, expires_at: held.expires_at });
  news('');
  said = Infinity;
  show('held');
  tick();
  clearInterval(ticking);
  ticking = setInterval(tick, 1000);
}

// The clock is seen; every minute of the last five is said.
function tick() {
  const left = Date.parse(state.hold.expires_at) - Date.now() - state.offset;
  byId('clock').textContent = clockText(left);
  byId('clock').classList.toggle('late', left < 60000);
  byId('clock').setAttribute('aria-label', language.say('timeLeft', { time: clockText(left) }));
  const minutes = Math.ceil(left / 60000);
  if (left > 0 && minutes <= 5 && minutes < said) {
    said = minutes;
    news(language.say('minutesLeft', { n: minutes }));
  }
  if (left <= 0) {
    endHold(language.say('ranOut'), true);
  } else if (state.hold.requires_payment && Math.ceil(left / 1000) % 3 === 0) {
    lookForPayment();
  }
}

async function lookForPayment() {
  const { hold: held } = state;
  const now = await client.holdStatus(held).catch(() => null);
  if (!now || state.hold !== held) return; // it was given back meanwhile, or another page was asked for
  if (now.booking_number) {
    showDone(now.booking_number);
  } else if (now.status === 'expired' || now.status === 'cancelled') {
    endHold(language.say('ranOut'), true);
  } else {
    for (const name of ['payment_url', 'payment_pending', 'payment_failed']) held[name] = now[name];
    showPayment();
  }
}

async function retry() {
  const { hold: held } = state;
  byId('retry').disabled = true;
  try {
    const now = await askForPage(held);
    if (state.hold !== held) return;
    state.hold = now;
    showPayment();
  } finally {
    byId('retry').disabled = false;
  }
}

function endHold(text, isBad) {
  clearInterval(ticking);
  const { hold: held } = state;
  state.hold = null;
  tellParent({ type: 'booking:ended', reservation_id: held.reservation_id });
  show('choose');
  byId('days').querySelector('[tabindex="0"]')?.focus();
  news(text, isBad);
  load().catch(failed);
}

async function giveUp() {
  await client.cancel(state.hold).catch(() => null); // it runs out by itself
  endHold(language.say('givenBack'), false);
}

async function confirm() {
  byId('confirm').disabled = true;
  try {
    const booked = await client.confirm(state.hold, { name: byId('customer').value.trim() || undefined });
    showDone(booked.booking_number);
  } catch (error) {
    failed(error);
  } finally {
    byId('confirm').disabled = false;
  }
}

function showDone(number) {
  clearInterval(ticking);
  byId('number').textContent = number;
  tellParent({ type: 'booking:confirmed', reservation_id: state.hold.reservation_id, booking_number: number });
  state.hold = null;
  news('');
  show('done');
}

// Arrows move within the days and within the times, as in one field of a form.
function arrows(box, choose) {
  box.addEventListener('keydown', (event) => {
    const items = [...box.querySelectorAll('button:not(:disabled)')];
    const at = items.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? items.length - 1 : at + step;
    if (at < 0 || !(next in items)) return;
    event.preventDefault();
    items[next].focus();
    if (choose) items[next].click();
  });
}

function start() {
  translate();
  byId('activity-field').hidden = query.get('widget') !== 'calendar'; // before anything is there that it would move
  waiting();
  byId('days').replaceChildren(...Array.from({ length: week }, () => element('div', { className: 'waiting' })));
  arrows(byId('days'), true);
  arrows(byId('slots'), false);
  const act = (id, event, action) => byId(id).addEventListener(event, () => { Promise.resolve(action()).catch(failed); });
  act('earlier', 'click', () => turnWeek(-1));
  act('later', 'click', () => turnWeek(1));
  act('activity', 'change', () => {
    state.activity = state.activities.find(({ id }) => id === byId('activity').value);
    state.date = null;
    waiting();
    return loadSessions(state.activity.id);
  });
  act('people', 'input', () => {
    const people = Number(byId('people').value);
    if (!byId('people').checkValidity() || !Number.isInteger(people) || people < 1) return;
    state.people = people;
    showDays();
    showSlots();
  });
  byId('form').addEventListener('submit', (event) => {
    event.preventDefault();
    hold();
  });
  document.querySelector('.back').addEventListener('click', () => {
    show('choose');
    byId('slots').querySelector(`[data-id="${state.session.id}"]`)?.focus();
  });
  act('give-up', 'click', giveUp);
  act('retry', 'click', retry);
  act('confirm', 'click', confirm);
  act('again', 'click', () => {
    show('choose');
    byId('days').querySelector('[tabindex="0"]')?.focus();
    return load();
  });
  new ResizeObserver(() => tellParent({ type: 'booking:height', height: byId('widget').offsetHeight })).observe(byId('widget'));
  load().catch((error) => {
    byId('slots').replaceChildren(element('p', { className: 'empty', textContent: language.say('failed', { why: error.message }) }));
    byId('widget').setAttribute('aria-busy', 'false');
  });
}

start();
