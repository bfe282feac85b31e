// What the tests of the gateway share: an organization that sells packages, and requests as its buyers send them.
import { makeDatabase } from './harness.mjs';

export const buyer = { packageId: 'discovery', customerName: 'Test User', customerEmail: 'test@example.com' };

// A database whose organization sells the four packages, for sessions of an activity; `slots` are free ones.
export async function openShop(name) {
  const db = await makeDatabase(name);
  const activity = await db.sql`SELECT id FROM booking.activities`;
  await db.sql`SELECT booking.create_default_packages(${db.organization}, 'USD', 15000, 50000, 120000, activity_id => ${activity})`;
  await db.sql`UPDATE booking.packages SET live_bookings_per_email = 1000`; // the tests share a buyer
  const slots = (await db.rows`SELECT to_char(start_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS start,
                                      to_char(end_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "end"
                                 FROM booking.sessions ORDER BY start_time`);
  const booking = (id) => db.rows`SELECT * FROM booking.bookings WHERE id = ${id}`.then(([row]) => row);
  return { ...db, activity, slots, bookingRow: booking };
}

export const environmentOf = (shop, more = {}) => ({ BOOKING_ORGANIZATION: String(shop.organization), ...more });

// Requests to a relay, with answers as { status, headers, text, body }.
export function shopper(relay) {
  const parsed = (answer) => {
    const json = answer.headers['content-type'] === 'application/json' && answer.text !== '';
    return { ...answer, body: json ? JSON.parse(answer.text) : undefined };
  };
  const post = async (function_, body, headers = {}) => parsed(await relay.request({
    method: 'POST', path: `/functions/v1/${function_}`, headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  }));
  return {
    parsed,
    post,
    create: (body, headers) => post('booking-create', body, headers),
    schedule: (body, headers) => post('booking-schedule', body, headers),
    status: async (token, headers) =>
      parsed(await relay.get(`/functions/v1/booking-status${token === undefined ? '' : `?token=${encodeURIComponent(token)}`}`, { headers })),
  };
}
