// How deliveries a second and latency grow with the number of endpoints and with what waits already.
import { install, organization, startRelay } from "./booking_relay.mjs";
import { arrival, measureBurst, measurePaced, print, until } from "./shared.mjs";

const maxInFlight = 32;

// So many at once, to 1, 100 and 1,000 endpoints: fewer events, as each goes to all of them. Each endpoint has an address
// of its own, so that the relay needs a connection for each.
async function endpoints(client, port, { rounds, deliveries }) {
  const rows = [];
  for (const count of [1, 100, 1000]) {
    const urls = Array.from({ length: count }, (_, i) => `http://127.1.${Math.floor(i / 250)}.${(i % 250) + 1}:${port}/`);
    const target = await organization(client, `Growth ${count}`, urls, maxInFlight);
    const stop = await startRelay(client);
    const burst = () => measureBurst(client, target, Math.max(1, deliveries / count), count);
    await burst();
    const rates = [];
    for (let round = 0; round < rounds; round++) rates.push(await burst());
    await stop();
    rows.push({ what: `${count.toLocaleString("en")} endpoint${count > 1 ? "s" : ""}, ${Math.max(1, deliveries / count).toLocaleString("en")} events to each`, rates });
  }
  return rows;
}

// Many events wait for an endpoint that has asked for a pause: how long do others wait, and how fast is it once they go?
async function backlog(client, port, { waiting, paced, deliveries }) {
  const url = `http://127.0.0.1:${port}/`;
  const held = await organization(client, "Held", [url], maxInFlight);
  const other = await organization(client, "Other", [url], maxInFlight);
  await client.query("UPDATE booking.webhook_endpoint_states SET hold_until = booking.clock() + interval '1 day' WHERE organization_id = $1", [held.id]);
  await client.query("SET synchronous_commit = off");
  const step = 50_000;
  let keys = [];
  for (let left = waiting; left > 0; left -= step) {
    const made = await held.enqueue(Math.min(step, left));
    if (keys.length === 0) keys = made.slice(0, deliveries);
  }
  await client.query("SET synchronous_commit = on");
  await client.query("VACUUM ANALYZE booking.webhook_deliveries");
  const stop = await startRelay(client);
  // The relay also gives all these events their numbers and reads them for browsers: that is not what is measured here.
  const unnumbered = "SELECT (SELECT count(*) FROM booking.booking_events) - (SELECT count(*) FROM booking.event_positions) AS n";
  await until(() => client.query(unnumbered).then((r) => Number(r.rows[0].n) === 0), 300);
  await measureBurst(client, other, 100);
  const { p50, p99 } = await measurePaced(client, other, paced);
  const rate = await measureBurst(client, other, deliveries);
  const arrivals = keys.map((key) => arrival(key));
  const began = performance.now();
  await client.query("UPDATE booking.webhook_endpoint_states SET hold_until = NULL WHERE organization_id = $1", [held.id]);
  await client.query("NOTIFY booking_webhooks");
  const drained = keys.length / ((Math.max(...(await Promise.all(arrivals))) - began) / 1000);
  await stop();
  const size = waiting.toLocaleString("en");
  return [
    { what: `one endpoint, while ${size} events wait for another`, rates: [rate], p50, p99 },
    { what: `out of ${size} events that wait`, rates: [drained] },
  ];
}

export async function growth(client, port, options) {
  await install(client);
  for (const { what, rates, p50, p99 } of [...(await endpoints(client, port, options)), ...(await backlog(client, port, options))]) {
    print("", `webhook deliveries, ${what}`, "/s", { ours: rates });
    if (p50 !== undefined) {
      print("", `commit to webhook arrived, p50, ${what}`, " ms", { ours: [p50] });
      print("", `commit to webhook arrived, p99, ${what}`, " ms", { ours: [p99] });
    }
  }
}
