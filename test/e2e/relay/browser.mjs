// A real browser: Chromium, spoken to over a pipe in its DevTools protocol. Keys and clicks go the way that a user's do.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './harness.mjs';

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Browser {
  static async start(...options) {
    const browser = new Browser();
    browser.folder = mkdtempSync(join(tmpdir(), 'pgbk-browser-'));
    browser.child = spawn('chromium-headless-shell', [
      '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--no-first-run', `--user-data-dir=${browser.folder}`,
      '--disable-features=IsolateOrigins,site-per-process', '--force-color-profile=srgb', '--lang=en-US', ...options, 'about:blank',
    ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: browser.folder, TZ: 'UTC' } });
    running.add(browser.child);
    browser.ended = once(browser.child, 'exit').then(() => {
      running.delete(browser.child);
      rmSync(browser.folder, { recursive: true, force: true, maxRetries: 5 });
    });
    browser.calls = new Map();
    browser.pages = new Map();
    let rest = '';
    browser.child.stdio[4].setEncoding('utf8').on('data', (data) => {
      const messages = (rest + data).split('\0');
      rest = messages.pop();
      for (const message of messages) browser.receive(JSON.parse(message));
    });
    return browser;
  }

  receive({ id, result, error, method, params, sessionId }) {
    if (id) {
      const { resolve, reject, what } = this.calls.get(id);
      this.calls.delete(id);
      if (error) reject(new Error(`${what}: ${error.message}`));
      else resolve(result);
    } else {
      this.pages.get(sessionId)?.told(method, params);
    }
  }

  call(method, params = {}, sessionId = undefined) {
    const id = (this.last = (this.last ?? 0) + 1);
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`${method}: no answer within a minute`)), 60000);
      const ends = (end) => (value) => { clearTimeout(limit); end(value); };
      this.calls.set(id, { resolve: ends(resolve), reject: ends(reject), what: method });
      this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  async page(url, { width = 900, height = 900 } = {}) {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId, targetId);
    this.pages.set(sessionId, page);
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await page.call(`${domain}.enable`);
    await page.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
    await page.call('Emulation.setFocusEmulationEnabled', { enabled: true });
    if (url) await page.open(url);
    return page;
  }

  // A test that fails leaves its pages, and their streams are all that a browser has for one server.
  async closePages() {
    for (const page of [...this.pages.values()]) await page.close().catch(() => {});
  }

  async stop() {
    this.call('Browser.close').catch(() => {}); // takes its own children along
    await this.ended;
    for (const pipe of this.child.stdio) pipe?.destroy();
  }
}

const keys = {
  Tab: 9, Enter: 13, Escape: 27, Space: 32, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40,
};

class Page {
  constructor(browser, session, target) {
    Object.assign(this, { browser, session, target, contexts: new Map(), problems: [] });
  }

  call(method, params) {
    return this.browser.call(method, params, this.session);
  }

  told(method, params) {
    if (method === 'Runtime.executionContextCreated' && params.context.auxData?.isDefault) {
      this.contexts.set(params.context.auxData.frameId, params.context.id);
    } else if (method === 'Runtime.exceptionThrown') {
      this.problems.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
      this.problems.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    }
  }

  async open(url) {
    const { errorText } = await this.call('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await eventually(`${url} to be loaded`, () => this.evaluate(() => document.readyState === 'complete' && location.href !== 'about:blank'));
  }

  // The function in the page, or in its frame of this number, with what it returns.
  async evaluate(code, ...values) {
    return this.run(await this.context(), code, values);
  }

  async run(contextId, code, values) {
    const { result, exceptionDetails } = await this.call('Runtime.evaluate', {
      contextId, expression: `(${code})(...${JSON.stringify(values)})`, returnByValue: true, awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async context(frameNumber = -1) {
    const { frameTree } = await this.call('Page.getFrameTree');
    const { frame } = frameNumber < 0 ? frameTree : frameTree.childFrames?.[frameNumber] ?? {};
    return frame && this.contexts.get(frame.id);
  }

  // What can be asked of a page can be asked of its frame.
  frame(number = 0) {
    const within = async (code, ...values) => {
      const context = await this.context(number);
      return context === undefined ? undefined : this.run(context, code, values);
    };
    return { evaluate: within, until: (what, code, ...values) => until(within, what, code, values) };
  }

  until(what, code, ...values) {
    return until((...all) => this.evaluate(...all), what, code, values);
  }

  async press(key, modifiers = 0) {
    const code = keys[key];
    const text = { Enter: '\r', Space: ' ' }[key];
    const named = { key: key === 'Space' ? ' ' : key, code: key, windowsVirtualKeyCode: code, modifiers };
    await this.call('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', text, ...named });
    await this.call('Input.dispatchKeyEvent', { type: 'keyUp', ...named });
  }

  async type(text) {
    await this.call('Input.insertText', { text });
  }

  async screenshot() {
    return Buffer.from((await this.call('Page.captureScreenshot', { format: 'png' })).data, 'base64');
  }

  async close() {
    this.browser.pages.delete(this.session);
    await this.browser.call('Target.closeTarget', { targetId: this.target });
  }
}

// What is asked may not be there yet, or be gone with a page that is being left.
function until(evaluate, what, code, values) {
  return eventually(what, async () => {
    try {
      return await evaluate(code, ...values);
    } catch {
      return false;
    }
  });
}

// A web server of somebody's site.
export async function site(pages) {
  const server = http.createServer((request, response) => {
    const [path] = request.url.split('?');
    const body = pages[path];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': path.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(typeof body === 'function' ? body() : body ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => { server.closeAllConnections(); server.close(); },
  };
}
