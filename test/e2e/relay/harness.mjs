// What the tests share: a database of their own each, a relay, receivers. From the environment: PG* (a cluster with the
// extension; a superuser), PGBK_RELAY (the binary), PGBK_RELAY_TEMPLATE (a database with the extension installed).
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const binary = process.env.PGBK_RELAY;
export const inboundSecret = 'inbound-secret-of-the-tests';
const run = promisify(execFile);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A connection that stays open, with what it has begun; `end` closes it.
export function session(database) {
  const child = spawn('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  let asked = 0;
  child.stdout.on('data', (data) => { output += data; });
  // A test that fails before it has ended its session must not keep the process alive.
  for (const handle of [child, child.stdin, child.stdout]) handle.unref();
  return {
    query: async (text) => {
      const mark = `done ${++asked}\n`;
      const start = output.length;
      child.stdin.write(`${text};\n\\echo done ${asked}\n`);
      await eventually(text, () => output.endsWith(mark));
      return output.slice(start, -mark.length - 1);
    },
    end: () => { child.ref(); child.stdin.end(); return once(child, 'exit'); },
  };
}

// Asks until the answer is true enough, and returns it.
export async function eventually(what, ask, limit = 30000) {
  const end = Date.now() + limit;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${limit} ms`);
    await sleep(25);
  }
}

export function literal(value) {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

// A database with an organization and a booking; `sql` is a template: values become literals.
export async function makeDatabase(name) {
  const database = `relay_${name}`;
  await run('dropdb', ['--if-exists', '--force', database]);
  await run('createdb', ['-T', process.env.PGBK_RELAY_TEMPLATE, database]);
  const query = async (text) => {
    const { stdout } = await run('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', text], { maxBuffer: 1 << 28 });
    return stdout.replace(/\n$/, '');
  };
  const sql = (parts, ...values) => query(String.raw({ raw: parts }, ...values.map(literal)));
  const rows = async (parts, ...values) =>
    JSON.parse(await query(`SELECT COALESCE(json_agg(q), '[]') FROM (${String.raw({ raw: parts }, ...values.map(literal))}) AS q`));
  await sql`SELECT booking.adopt(false)`;
  const organization = Number(await sql`INSERT INTO booking.organizations (name) VALUES ('Relay tests') RETURNING organization_id`);
  const venue = await sql`INSERT INTO booking.venues (organization_id, name, timezone) VALUES (${organization}, 'Hall', 'UTC') RETURNING id`;
  const activity = await sql`INSERT INTO booking.activities (organization_id, venue_id, name, capacity, schedule)
    VALUES (${organization}, ${venue}, 'Court', 1000, ${{
      operatingDays: ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'],
      startTime: '09:00', endTime: '10:00', slotInterval: 60,
    }}) RETURNING id`;
  await sql`SELECT booking.generate_activity_sessions(${activity}, (now() + interval '1 day')::date, 2)`;
  const session = await sql`SELECT id FROM booking.sessions LIMIT 1`;
  const reservation = await sql`SELECT reservation_id FROM booking.reserve_slot(${session}, 1, 'ada@example.com')`;
  const booking = await sql`SELECT booking_id FROM booking.confirm_reservation(${reservation}, customer_name => 'Ada')`;

  // An endpoint that takes only what is named, so that the tests of one database do not meet.
  const endpoint = async (endpointName, url, { events = ['booking.updated'], preset = 'standard', ...options } = {}) => {
    const made = await rows`SELECT * FROM booking.create_webhook_endpoint(${organization}, ${endpointName}, 'https://example.com/',
      (SELECT array_agg(value) FROM jsonb_array_elements_text(${events}::jsonb)), ${preset},
      ${{ allowed_networks: ['127.0.0.0/8', '::1/128'], ...options }}::jsonb)`;
    // Behind the back of the checks: what the relay makes of a URL is its own business.
    await sql`UPDATE booking.webhook_endpoints SET url = ${url} WHERE id = ${made[0].endpoint_id}`;
    return { id: made[0].endpoint_id, secret: made[0].secret, name: endpointName };
  };
  let events = 0;
  const emit = async (fields = {}) =>
    JSON.parse(await sql`SELECT booking.receive_booking_event(${organization}, ${{
      id: `test-${process.pid}-${++events}`, event_type: 'booking.updated', booking_id: booking, ...fields,
    }}::jsonb)`).event_id;
  const test = (target) => sql`SELECT booking.test_webhook(${target.id}::uuid)`;
  const attempts = (target) => rows`SELECT * FROM booking.webhook_attempts WHERE endpoint_id = ${target.id} ORDER BY finished_at, id`;
  const drop = () => run('dropdb', ['--force', database]);
  return { database, organization, booking, sql, rows, endpoint, emit, test, attempts, drop };
}

// A login of the least rights: what the daemon must get by with.
export const relayUser = 'relay_e2e_relay';
export const serviceUser = 'relay_e2e_service';

export function databaseUrl(database, user = relayUser) {
  return `host=${process.env.PGHOST} port=${process.env.PGPORT} user=${user} dbname=${database}`;
}

export function relayEnvironment(database, extra = {}) {
  const environment = { PATH: process.env.PATH, HOME: process.env.HOME, BOOKING_DATABASE_URL: databaseUrl(database) };
  for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS']) {
    if (process.env[name]) environment[name] = process.env[name];
  }
  return { ...environment, ...extra };
}

// Runs the binary to its end.
export function command(args, environment) {
  return new Promise((resolve) => {
    execFile(binary, args, { env: environment, timeout: 90000 }, (error, stdout, stderr) =>
      resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Relay {
  static async start(database, { environment = {}, config = '', ready = true, port = 0 } = {}) {
    const relay = new Relay();
    relay.directory = mkdtempSync(join(tmpdir(), 'pgbk-relay-'));
    const file = join(relay.directory, 'relay.toml');
    writeFileSync(file, `log_level = "debug"\nhttp.port = ${port}\nhttp.address = "127.0.0.1"\nhttp.port_file = "${relay.directory}/port"\n${config}`);
    relay.child = spawn(binary, ['--config', file], { env: relayEnvironment(database, environment), stdio: ['ignore', 'inherit', 'pipe'] });
    running.add(relay.child);
    relay.log = '';
    relay.child.stderr.on('data', (data) => { relay.log += data; });
    relay.ended = once(relay.child, 'exit').then(([code, signal]) => {
      running.delete(relay.child);
      rmSync(relay.directory, { recursive: true, force: true });
      return { code, signal };
    });
    await eventually('the port', () => {
      if (relay.child.exitCode !== null) throw new Error(`the relay ended: ${relay.log}`);
      try {
        relay.port = Number(readFileSync(join(relay.directory, 'port'), 'ascii'));
      } catch {
        return false;
      }
      return relay.port > 0;
    });
    if (ready) await relay.isReady();
    return relay;
  }

  isReady() {
    return eventually('readiness', async () => (await this.get('/readyz')).status === 200);
  }

  get(path, options = {}) {
    return this.request({ method: 'GET', path, ...options });
  }

  request({ body, ...options }) {
    return new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port: this.port, agent: false, ...options }, (response) => {
        let text = '';
        response.on('data', (data) => { text += data; });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async metric(line) {
    const { text } = await this.get('/metrics');
    const found = text.split('\n').find((l) => l.startsWith(`${line} `));
    return found === undefined ? undefined : Number(found.slice(line.length + 1));
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    return this.ended;
  }
}

// Sends bytes and returns everything that comes back until the connection is closed.
export function raw(relay, bytes, { limit = 6000 } = {}) {
  return new Promise((resolve) => {
    let text = '';
    const socket = net.connect(relay.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (data) => { text += data; });
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
    setTimeout(() => socket.destroy(), limit).unref();
  });
}

export const statusOf = (text) => Number(text.split(' ')[1]);

// A receiver: keeps what comes, and answers as the test says.
export async function receiver(answer = (request, response) => response.end('ok'), { host = '127.0.0.1' } = {}) {
  const requests = [];
  const server = http.createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      requests.push({ headers: request.headers, method: request.method, url: request.url, body, at: Date.now() });
      answer(request, response, body);
    });
    request.on('error', () => {});
  });
  server.keepAliveTimeout = 60000;
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address();
  return {
    requests, port, url: `http://127.0.0.1:${port}`,
    close: () => { server.closeAllConnections(); server.close(); },
  };
}

export function makeTemplate() {
  const name = process.env.PGBK_RELAY_TEMPLATE;
  const psql = (database, text) => execFileSync('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', text], { stdio: ['ignore', 'pipe', 'pipe'] });
  execFileSync('dropdb', ['--if-exists', '--force', name]);
  execFileSync('createdb', [name]);
  psql(name, 'CREATE EXTENSION pg_booking CASCADE');
  psql(name, 'SELECT booking.install()');
  for (const [user, groups] of [[relayUser, 'booking_relay'], [serviceUser, 'booking_service, booking_relay']]) {
    psql(name, `DO $$ BEGIN CREATE ROLE ${user} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT ${groups} TO ${user}`);
  }
}
