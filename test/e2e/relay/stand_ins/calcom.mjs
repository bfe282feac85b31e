// A stand-in of Cal.com: bookings of API v2 as it describes them, one at a time for each event type, and the webhooks
// that it sends for them, once. What we send is checked to the last field.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { provider } from './provider.mjs';

export const apiKey = 'cal_live_KeyOfTheStandIn';
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const refused = (status, message) => ({ status, body: { status: 'error', timestamp: new Date().toISOString(), error: { code: 'BadRequestException', message } } });

function checkHead({ method, headers, body }) {
  assert.equal(headers.authorization, `Bearer ${apiKey}`);
  assert.equal(headers['cal-api-version'], '2024-08-13');
  assert.equal(headers.accept, 'application/json');
  assert.equal(headers['content-type'], method === 'POST' ? 'application/json' : undefined);
  assert.equal(headers.cookie, undefined);
  if (method === 'GET') assert.equal(body, '');
}

const checkKeys = (object, required, optional = []) => {
  const names = Object.keys(object);
  for (const name of required) assert.ok(names.includes(name), `${name} is missing`);
  for (const name of names) assert.ok(required.includes(name) || optional.includes(name), `unknown field ${name}`);
};

// types: the event types that there are, by id, with their length in minutes; pending: theirs have to be confirmed.
export async function calcomStandIn(types, { pending = [], taken = 400 } = {}) {
  const bookings = new Map();
  const webhooks = []; // not yet sent
  let count = 0;

  const live = ({ status }) => status === 'accepted' || status === 'pending';
  const now = () => new Date().toISOString();
  const event = (triggerEvent, booking, more = {}) => webhooks.push({
    uid: booking.uid, body: JSON.stringify({
      triggerEvent, createdAt: now(), payload: {
        type: '30min', title: booking.title, startTime: booking.start, endTime: booking.end, attendees: booking.attendees, uid: booking.uid,
        bookingId: booking.id, location: booking.location, eventTypeId: booking.eventTypeId, metadata: { ...booking.metadata, videoCallUrl: booking.location },
        status: booking.status.toUpperCase(), ...more,
      },
    }),
  });

  function add(eventTypeId, start, attendee, metadata, rescheduledFromUid) {
    const minutes = types[eventTypeId];
    assert.ok(minutes, `event type ${eventTypeId}`);
    const begin = Date.parse(start);
    const isFree = ![...bookings.values()].some((other) => live(other) && other.uid !== rescheduledFromUid && other.eventTypeId === eventTypeId
      && Date.parse(other.start) < begin + minutes * 60000 && Date.parse(other.end) > begin);
    if (!isFree) return undefined;
    const uid = randomUUID();
    const at = now();
    const booking = {
      id: ++count, uid, title: 'Between us', description: '', hosts: [{ id: 1, name: 'Host', email: 'host@example.com', timeZone: 'UTC' }],
      status: pending.includes(eventTypeId) ? 'pending' : 'accepted', start: new Date(begin).toISOString(), end: new Date(begin + minutes * 60000).toISOString(),
      duration: minutes, eventTypeId, eventType: { id: eventTypeId, slug: '30min' }, meetingUrl: `https://app.cal.test/video/${uid}`, location: `https://app.cal.test/video/${uid}`,
      absentHost: false, createdAt: at, updatedAt: at, metadata, icsUid: `${uid}@cal.test`, attendees: [{ ...attendee, absent: false }], bookingFieldsResponses: {},
      ...(rescheduledFromUid ? { rescheduledFromUid } : {}),
    };
    bookings.set(uid, booking);
    return booking;
  }

  function create({ body: text }) {
    const body = JSON.parse(text);
    checkKeys(body, ['start', 'eventTypeId', 'attendee', 'metadata'], ['bookingFieldsResponses']);
    checkKeys(body.attendee, ['name', 'email', 'timeZone'], ['language']);
    checkKeys(body.metadata, ['booking_id', 'booking_number', 'booking_call']);
    if (body.bookingFieldsResponses) checkKeys(body.bookingFieldsResponses, ['notes']);
    assert.match(body.start, iso);
    assert.ok(Number.isInteger(body.eventTypeId));
    assert.ok(body.attendee.name.length > 0 && /^[^@\s]+@[^@\s]+$/.test(body.attendee.email));
    new Intl.DateTimeFormat('en', { timeZone: body.attendee.timeZone });
    assert.ok(body.attendee.language === undefined || ['de', 'en', 'fr'].includes(body.attendee.language));
    for (const value of Object.values(body.metadata)) assert.ok(typeof value === 'string' && value.length <= 500);
    assert.match(body.metadata.booking_call, /^[A-Za-z0-9_-]{43}$/);
    const booking = add(body.eventTypeId, body.start, body.attendee, body.metadata);
    if (!booking) return refused(taken, 'User either already has booking at this time or is not available');
    event(booking.status === 'pending' ? 'BOOKING_REQUESTED' : 'BOOKING_CREATED', booking);
    return { status: 201, body: { status: 'success', data: { ...booking } } };
  }

  function reschedule(old, start) {
    if (!live(old)) return refused(400, `Can't reschedule booking with uid=${old.uid} because it is cancelled`);
    const booking = add(old.eventTypeId, start, old.attendees[0], old.metadata, old.uid);
    if (!booking) return refused(taken, 'User either already has booking at this time or is not available');
    Object.assign(old, { status: 'cancelled', updatedAt: now(), rescheduledToUid: booking.uid });
    event('BOOKING_RESCHEDULED', booking, { rescheduleUid: old.uid, rescheduleId: old.id });
    return { status: 201, body: { status: 'success', data: { ...booking } } };
  }

  function cancel(booking, reason) {
    if (!live(booking)) return refused(400, `Booking with uid=${booking.uid} is already cancelled`);
    Object.assign(booking, { status: 'cancelled', updatedAt: now(), cancellationReason: reason });
    event('BOOKING_CANCELLED', booking, { cancellationReason: reason });
    return { status: 200, body: { status: 'success', data: { ...booking } } };
  }

  function list(query) {
    assert.deepEqual([...query.keys()].sort(), ['attendeeEmail', 'eventTypeId', 'sortCreated', 'take']);
    const data = [...bookings.values()].reverse().filter((each) => each.attendees[0].email === query.get('attendeeEmail') && each.eventTypeId === Number(query.get('eventTypeId')));
    return { status: 200, body: { status: 'success', data: data.slice(0, Number(query.get('take'))), pagination: { totalItems: data.length } } };
  }

  const server = await provider((request) => {
    checkHead(request);
    const { method, path, query } = request;
    if (path === '/v2/bookings') return method === 'POST' ? create(request) : list(query);
    const [, uid, action] = /^\/v2\/bookings\/([^/]+)(\/cancel|\/reschedule)?$/.exec(path) ?? [];
    assert.ok(uid, `unknown path ${path}`);
    assert.equal([...query].length, 0);
    const booking = bookings.get(decodeURIComponent(uid));
    if (!booking) return refused(404, `Booking with uid=${uid} was not found in the database`);
    if (!action) return { status: 200, body: { status: 'success', data: { ...booking } } };
    assert.equal(method, 'POST');
    const body = JSON.parse(request.body);
    checkKeys(body, [action === '/cancel' ? 'cancellationReason' : 'start']);
    if (action === '/cancel') return cancel(booking, body.cancellationReason);
    assert.match(body.start, iso);
    return reschedule(booking, body.start);
  });

  return {
    ...server, bookings, webhooks,
    of: (id) => [...bookings.values()].filter(({ metadata }) => metadata.booking_id === id),
    standing: (id) => [...bookings.values()].filter((each) => each.metadata.booking_id === id && live(each)),
    // What a person does in Cal.com's own pages.
    occupy: (eventTypeId, start) => add(eventTypeId, start, { name: 'Somebody', email: 'somebody@example.com', timeZone: 'UTC' }, {}),
    move: (booking, start) => assert.equal(reschedule(booking, start).status, 201),
    callOff: (booking) => assert.equal(cancel(booking, 'The host is ill').status, 200),
    confirm: (booking) => {
      Object.assign(booking, { status: 'accepted', updatedAt: now() });
      event('BOOKING_CREATED', booking);
    },
  };
}
