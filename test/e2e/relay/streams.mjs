// Server-Sent Events as the tests read them: bytes of a socket, so that what goes over the wire can be looked at.
import net from 'node:net';
import tls from 'node:tls';
import { eventually } from './harness.mjs';

// The fields of one block; comments are left out.
function parse(block) {
  const event = {};
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w*): ?(.*)$/.exec(line);
    if (name) event[name] = value;
  }
  if (event.data) event.json = JSON.parse(event.data);
  return event;
}

export class EventStream {
  constructor(port, path, { headers = {}, method = 'GET', version = '1.1', secure = false } = {}) {
    this.text = '';
    this.parsed = [];
    this.closed = false;
    this.socket = secure ? tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }) : net.connect(port, '127.0.0.1');
    const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');
    this.socket.write(`${method} ${path} HTTP/${version}\r\nHost: relay\r\n${fields}\r\n`);
    this.socket.on('data', (data) => { this.text += data; });
    this.socket.on('error', (error) => { this.error = error; });
    this.socket.on('close', () => { this.closed = true; });
  }

  get status() {
    return Number(this.text.split(' ')[1]);
  }

  get head() {
    return this.text.slice(0, this.text.indexOf('\r\n\r\n'));
  }

  get body() {
    return this.text.slice(this.head.length + 4);
  }

  get blocks() {
    const { text } = this;
    if (!text.includes('\r\n\r\n')) return [];
    this.at ??= this.head.length + 4;
    for (let end; (end = text.indexOf('\n\n', this.at)) >= 0; this.at = end + 2) this.parsed.push(parse(text.slice(this.at, end)));
    return this.parsed;
  }

  // What has a name: what happened, resets, expiry.
  get events() {
    return this.blocks.filter((block) => block.event);
  }

  named(name) {
    return this.events.filter((event) => event.event === name);
  }

  get cursor() {
    return this.blocks.findLast((block) => block.id !== undefined)?.id;
  }

  answered() {
    return eventually('the answer', () => this.text.includes('\r\n\r\n') && (this.status !== 200 || this.blocks.length > 0));
  }

  end() {
    return eventually('the end', () => this.closed);
  }

  // The error, as JSON.
  async refusal() {
    await this.end();
    return { status: this.status, ...JSON.parse(this.body || '{}') };
  }

  close() {
    this.socket.destroy();
  }
}
