// What the tests of realtime share: tokens as an application's sign-in makes them, and a way to the relay that can be
// cut and that leads to another relay later.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

export const jwtSecret = 'jwt-secret-of-the-tests-of-realtime-0123456789';

// A JWT, for an hour unless the claims say otherwise.
export function token(claims, { secret = jwtSecret, seconds = 3600, header = { alg: 'HS256', typ: 'JWT' } } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${part(header)}.${part({ role: 'authenticated', iat: now, exp: now + seconds, ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

export class Gate {
  static async open(relay) {
    const gate = new Gate();
    gate.relay = relay;
    gate.sockets = new Set();
    gate.server = net.createServer((near) => {
      if (!gate.relay) {
        near.destroy();
        return;
      }
      const far = net.connect(gate.relay.port, '127.0.0.1');
      gate.sockets.add([near, far]);
      for (const [from, to] of [[near, far], [far, near]]) {
        from.on('data', (data) => to.write(data));
        from.on('close', () => to.destroy());
        from.on('error', () => {});
      }
    });
    gate.server.listen(0, '127.0.0.1');
    await once(gate.server, 'listening');
    gate.port = gate.server.address().port;
    gate.url = `http://127.0.0.1:${gate.port}`;
    return gate;
  }

  // No way through, and for the client nothing at the other end.
  cut() {
    this.relay = undefined;
    for (const pair of this.sockets) pair.forEach((socket) => socket.destroy());
    this.sockets.clear();
  }

  lead(relay) {
    this.relay = relay;
  }

  close() {
    this.cut();
    this.server.close();
  }
}
