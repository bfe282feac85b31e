// What stand-ins of providers share: a server that notes what is asked, does it, and misbehaves where a test says so.
import { once } from 'node:events';
import http from 'node:http';

const behaviours = {
  // Does what is asked, and the answer is lost.
  lost: (response) => response.socket.destroy(),
  garbage: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('<html>it works'),
  huge: (response, { status, body }) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...body, padding: 'x'.repeat(3 << 20) }));
  },
  // The head, the first bytes, and nothing more.
  slow: (response, { status }) => response.writeHead(status, { 'content-type': 'application/json' }).write('{"id":'),
  silent: () => {},
  cut: (response, { status, body }) => {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length });
    response.write(text.slice(0, text.length / 2), () => response.socket.destroy());
  },
};

// handle: of a request, { status, body, headers }; what is wrong with the request it throws, and the test sees it.
export async function provider(handle) {
  const requests = [];
  const problems = [];
  const plans = [];
  const server = http.createServer((incoming, response) => {
    const chunks = [];
    incoming.on('error', () => {});
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.on('end', () => {
      const url = new URL(incoming.url, 'http://stand-in');
      const request = {
        method: incoming.method, path: url.pathname, query: url.searchParams, headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'), at: Date.now(),
      };
      requests.push(request);
      const at = plans.findIndex((plan) => plan.when(request));
      const plan = at < 0 ? undefined : plans.splice(at, 1)[0].how;
      if (typeof plan === 'object') { // instead of doing anything
        response.writeHead(plan.status, { 'content-type': 'application/json', ...plan.headers }).end(plan.body ?? '{}');
        return;
      }
      let answer;
      try {
        answer = handle(request, plan);
      } catch (error) {
        problems.push(`${request.method} ${incoming.url}: ${error.message}`);
        answer = { status: 400, body: { error: { type: 'invalid_request_error', message: error.message }, code: 'validation_error', message: error.message } };
      }
      if (plan in behaviours) {
        behaviours[plan](response, answer);
        return;
      }
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(JSON.stringify(answer.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    requests, problems,
    url: `http://127.0.0.1:${server.address().port}`,
    // The next request of which `when` is true is answered like this.
    misbehave: (how, when = () => true) => plans.push({ how, when }),
    planned: () => plans.length,
    forget: () => plans.splice(0),
    close: () => { server.closeAllConnections(); server.close(); },
  };
}

export const unixNow = () => Math.floor(Date.now() / 1000);
