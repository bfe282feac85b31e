// Wrong input: a clear message, the documented exit code, no secret.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { command, databaseUrl, eventually, makeDatabase, receiver, Relay, relayEnvironment, serviceUser } from './harness.mjs';

let db, inbox, directory;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'pgbk-config-'));
  db = await makeDatabase('command_line');
  inbox = await receiver((request, response) => response.writeHead(request.url === '/500' ? 500 : 200).end('hello'));
});

after(async () => {
  inbox?.close();
  await db?.drop();
  rmSync(directory, { recursive: true, force: true });
});

const file = (text) => {
  const path = join(directory, 'relay.toml');
  writeFileSync(path, text);
  return path;
};

test('--version and --help', async () => {
  const version = await command(['--version'], {});
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^booking-relay \d+\.\d+\.\d+\n$/);
  const help = await command(['--help'], {});
  assert.equal(help.code, 0);
  for (const option of ['--config', '--check-config', '--check-database', '--test-webhook', '--version']) {
    assert.ok(help.stdout.includes(option), option);
  }
});

test('a wrong command line ends with 2', async () => {
  for (const args of [['--nonsense'], ['positional'], ['--config'], ['--test-webhook'], ['--check-config', '--test-webhook', 'x']]) {
    assert.equal((await command(args, {})).code, 2, args.join(' '));
  }
});

test('--check-config prints what is in force, without secrets', async () => {
  const { code, stdout, stderr } = await command(['--config', file('[http]\nport = 8080\n'), '--check-config'], {
    BOOKING_ORGANIZATION: '7',
    BOOKING_DATABASE_URL: 'postgresql://relay:hidden-1@db1,db2:5433/booking?sslmode=require&password=hidden-2',
    MAKE_WEBHOOK_URL: 'https://hook.eu1.make.com/hidden-3', MAKE_WEBHOOK_SECRET: 'hidden-4',
    SUPABASE_WEBHOOK_SECRET: 'hidden-5-hidden-5', NEXT_PUBLIC_APP_URL: 'https://app.example',
  });
  assert.equal(code, 0, stderr);
  assert.ok(!(stdout + stderr).includes('hidden'), stdout);
  assert.match(stdout, /^http\.port = 8080 {2}# .*relay\.toml:2$/m);
  assert.match(stdout, /^organization = 7 {2}# environment BOOKING_ORGANIZATION$/m);
  assert.match(stdout, /^make\.url = "https:\/\/hook\.eu1\.make\.com\/\*\*\*\*"/m);
  assert.match(stdout, /^inbound\.secret = "\*\*\*\*"/m);
  assert.match(stdout, /db1.*db2:5433$/m);
});

test('a wrong configuration ends with 2 and names its place', async () => {
  const path = join(directory, 'relay.toml');
  const cases = [
    ['[http]\nprot = 1\n', {}, `${path}:2: unknown key "http.prot"`],
    ['[outbund]\nproxy = ""\n', {}, `${path}:1: unknown table "outbund"`],
    ['http.port = 70000\n', {}, `${path}:1: http.port must be a number from 0 to 65535`],
    ['[http]\nport = = 1\n', {}, `${path}:2: `],
    ['', { BOOKING_ORGANIZATION: 'seven' }, 'environment BOOKING_ORGANIZATION: organization must be a number'],
    ['', { MAKE_WEBHOOK_URL: 'https://hook.eu1.make.com/hidden' }, 'environment MAKE_WEBHOOK_URL: make.url needs an organization'],
    ['', { SUPABASE_WEBHOOK_SECRET: 'hidden', BOOKING_ORGANIZATION: '1' }, 'must have 16 characters or more'],
    ['', { BOOKING_DATABASE_URL: 'postgresql://u:hidden%zz@h/d' }, 'database.url is no connection string of PostgreSQL'],
    ['', { BOOKING_DATABASE_URL: 'host=h password=very hidden' }, 'database.url is no connection string of PostgreSQL'],
    ['', { BOOKING_DATABASE_URL: 'host=a,b port=1,2,3' }, 'different numbers of hosts'],
  ];
  for (const [text, environment, message] of cases) {
    for (const args of [['--check-config'], []]) {
      const { code, stdout, stderr } = await command(['--config', file(text), ...args], environment);
      assert.equal(code, 2, message);
      assert.ok(stderr.includes(message), `${stderr} should have ${message}`);
      assert.ok(!(stdout + stderr).includes('hidden'), stderr);
    }
  }
  const missing = await command(['--config', '/nowhere/relay.toml'], {});
  assert.equal(missing.code, 2);
  assert.ok(missing.stderr.includes('/nowhere/relay.toml: cannot be read'));
});

test('--check-database: 0, 3 if it cannot be reached, 4 if it is not prepared', async () => {
  const good = await command(['--check-database'], relayEnvironment(db.database));
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^the database is the original; 0 deliveries pending/);
  for (const url of ['host=127.0.0.1 port=1 password=hidden', 'host=does-not-exist.invalid password=hidden',
    databaseUrl('no_such_database'), databaseUrl(db.database, 'no_such_role')]) {
    const { code, stderr } = await command(['--check-database'], { BOOKING_DATABASE_URL: url });
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^booking-relay: the database cannot be reached: /);
    assert.ok(!stderr.includes('hidden'));
  }
  const bare = await command(['--check-database'], { BOOKING_DATABASE_URL: databaseUrl('postgres') });
  assert.equal(bare.code, 4);
  assert.match(bare.stderr, /relay_status/);
  await db.sql`CREATE ROLE relay_e2e_nobody LOGIN`;
  try {
    const { code, stderr } = await command(['--check-database'], { BOOKING_DATABASE_URL: databaseUrl(db.database, 'relay_e2e_nobody') });
    assert.equal(code, 4);
    assert.match(stderr, /permission denied/);
  } finally {
    await db.sql`DROP ROLE relay_e2e_nobody`;
  }
});

test('a host that does not answer is left for the next one of the list', async () => {
  const silent = net.createServer(() => {});
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  try {
    const url = `host=127.0.0.1,does-not-exist.invalid,${process.env.PGHOST} port=${silent.address().port},1,${process.env.PGPORT} user=postgres dbname=${db.database}`;
    const { code, stdout, stderr } = await command(['--config', file('database.connect_timeout_ms = 500\n'), '--check-database'], { BOOKING_DATABASE_URL: url });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /the original/);
  } finally {
    silent.close();
  }
});

test('--test-webhook: success, response time and error; 0 or 1', async () => {
  const environment = relayEnvironment(db.database, {
    BOOKING_ORGANIZATION: String(db.organization), BOOKING_DATABASE_URL: databaseUrl(db.database, serviceUser),
  });
  await db.endpoint('good', `${inbox.url}/200`);
  await db.endpoint('bad', `${inbox.url}/500`);
  await db.endpoint('shut', 'http://127.0.0.1:1/');
  for (const beside of [false, true]) { // with a relay that runs, and may be faster
    const relay = beside && await Relay.start(db.database);
    try {
      const good = await command(['--test-webhook', 'good'], environment);
      assert.equal(good.code, 0, good.stderr);
      assert.match(good.stdout, /^success: true\nstatus: 200\nresponse time: \d+\.\d ms\n$/);
      const bad = await command(['--test-webhook', 'bad'], environment);
      assert.equal(bad.code, 1, bad.stderr);
      assert.match(bad.stdout, /^success: false\nstatus: 500\nresponse time: \d+\.\d ms\nerror: /);
      const shut = await command(['--test-webhook', 'shut'], environment);
      assert.equal(shut.code, 1, shut.stderr);
      assert.match(shut.stdout, /^success: false\n(response time: \d+\.\d ms\n)?error: Failed to connect/);
    } finally {
      await relay?.stop?.();
    }
  }
  const unknown = await command(['--test-webhook', 'nobody'], environment);
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /booking\.test_webhook: .*\(BK\d{3}\)/);
  assert.equal((await command(['--test-webhook', 'good'], relayEnvironment(db.database))).code, 2, 'whose endpoint?');
});

test('a port that is taken ends with 1', async () => {
  const { code, stderr } = await command(['--config', file(`http.address = "127.0.0.1"\nhttp.port = ${inbox.port}\n`)], relayEnvironment(db.database));
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`cannot listen on 127.0.0.1 port ${inbox.port}`));
});

test('MAKE_WEBHOOK_URL and MAKE_WEBHOOK_SECRET make the endpoint "make"', async () => {
  const relay = await Relay.start(db.database, {
    environment: {
      BOOKING_ORGANIZATION: String(db.organization), MAKE_WEBHOOK_URL: 'https://hook.eu1.make.com/abc', MAKE_WEBHOOK_SECRET: 'make-secret-of-the-tests',
    },
  });
  try {
    const [row] = await eventually('the endpoint', async () => {
      const rows = await db.rows`SELECT e.url, e.preset, s.scheme, s.secret FROM booking.webhook_endpoints AS e
        JOIN booking.webhook_secrets AS s ON s.endpoint_id = e.id WHERE e.name = 'make'`;
      return rows.length > 0 && rows;
    });
    assert.deepEqual(row, { url: 'https://hook.eu1.make.com/abc', preset: 'make', scheme: 'make_apikey', secret: 'make-secret-of-the-tests' });
    await db.sql`UPDATE booking.webhook_endpoints SET status = 'disabled' WHERE name = 'make'`;
  } finally {
    await relay.stop();
  }
});
