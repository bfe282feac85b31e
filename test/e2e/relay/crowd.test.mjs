// A crowd that watches while seats are sold: everybody is told everything once and in order, and ends with the number of
// seats that are really left; nothing is oversold meanwhile.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { Relay, eventually, makeDatabase, session } from './harness.mjs';

const size = process.env.PGBK_LONG ? 5000 : 300;
const buyers = 4;
const rounds = process.env.PGBK_LONG ? 50 : 10; // each buyer holds, confirms and now and then cancels

class Watcher {
  constructor(port, path) {
    this.told = [];
    this.seats = undefined;
    this.unread = '';
    this.socket = net.connect(port, '127.0.0.1', () => this.socket.write(`GET ${path} HTTP/1.1\r\nHost: relay\r\n\r\n`));
    this.socket.setEncoding('utf8').on('data', (data) => this.read(data));
    this.socket.on('error', (error) => { this.error = error; });
    this.socket.on('close', () => { this.closed = true; });
  }

  read(data) {
    const blocks = (this.unread + data).split('\n\n');
    this.unread = blocks.pop();
    for (const block of blocks) {
      this.open ||= /^id: \d+$/m.test(block);
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const body = /^data: (.*)$/m.exec(block)?.[1];
      if (event === 'venue.updated') this.told.push(JSON.parse(body).seq);
      if (event === 'session.availability') this.seats = JSON.parse(body).seats_available;
    }
  }
}

test(`${size} watchers while seats are sold`, async () => {
  const db = await makeDatabase('crowd');
  const relay = await Relay.start(db.database, {
    config: 'realtime.connections_per_address = 10000\nrealtime.availability_ms = 100\n',
  });
  const watchers = [];
  try {
    const id = await db.sql`SELECT id FROM booking.sessions ORDER BY start_time DESC LIMIT 1`;
    for (let i = 0; i < size; i += 100) {
      const come = Array.from({ length: 100 }, () => new Watcher(relay.port, `/events?topics=public,session:${id}`));
      watchers.push(...come);
      await eventually('their streams', () => come.every((w) => w.open), 30_000);
    }
    assert.equal(await relay.metric('booking_relay_realtime_connections'), size);

    const sell = async (number) => {
      const buyer = session(db.database);
      for (let i = 0; i < rounds; i++) {
        await buyer.query(`SELECT booking.confirm_reservation(reservation_id)
                             FROM booking.reserve_slot('${id}', 2, 'buyer${number}-${i}@example.com')`);
        await buyer.query(`UPDATE booking.venues SET name = 'Hall ${number}-${i}'`);
        if (i % 5 === 4) {
          await buyer.query(`SELECT booking.cancel_reservation(reservation_id)
                               FROM booking.reserve_slot('${id}', 1, 'other${number}-${i}@example.com')`);
        }
      }
      await buyer.end();
    };
    await Promise.all(Array.from({ length: buyers }, (_, number) => sell(number)));

    const left = Number(await db.sql`SELECT seats_available FROM booking.activity_sessions WHERE id = ${id}`);
    assert.equal(left, 1000 - buyers * rounds * 2);
    const seqs = await eventually('the places of all', async () => {
      const rows = await db.rows`SELECT p.seq FROM booking.event_positions AS p
        JOIN booking.booking_events AS e ON e.id = p.event_id WHERE e.kind = 'venue.updated' ORDER BY p.seq`;
      return rows.length === buyers * rounds && rows.map(({ seq }) => seq);
    });
    await eventually('all to be told', () => watchers.every((w) => w.told.length >= seqs.length && w.seats === left), 60_000);
    for (const watcher of watchers) {
      assert.deepEqual(watcher.told, seqs);
      assert.equal(watcher.error ?? watcher.closed, undefined);
    }
    assert.equal(await db.sql`SELECT count(*) FROM booking.integrity_check()`, '0');
  } finally {
    watchers.forEach((w) => w.socket.destroy());
    await relay.stop();
    await db.drop();
  }
});
