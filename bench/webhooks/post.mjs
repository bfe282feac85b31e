// POSTs with keep-alive, as the handlers of the other systems do.
import http from "node:http";

export function poster(url, concurrency) {
  const target = new URL(url);
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  return {
    post: (payload) => new Promise((resolve, reject) => {
      const request = http.request({ host: target.hostname, port: target.port, method: "POST", agent, headers: { "content-type": "application/json" } }, (response) => {
        response.resume();
        response.on("end", resolve);
      });
      request.on("error", reject);
      request.end(JSON.stringify(payload));
    }),
    close: () => agent.destroy(),
  };
}
