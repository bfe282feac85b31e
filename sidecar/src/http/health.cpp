#include "http/health.hpp"

namespace pgbk::relay {

namespace {

Response text_response(int status, std::string text) {
    return {status, std::move(text), "text/plain; charset=utf-8"};
}

} // namespace

void add_health(Router& router, Metrics& metrics, const std::function<std::string()>& obstacle) {
    // It answers, so it is alive: what it waits for is nothing that a restart would cure.
    router.add({"GET", "/healthz", nullptr,
                [](const Request&, const Respond& respond) { respond(text_response(200, "ok\n")); }});
    router.add({"GET", "/readyz", nullptr, [obstacle](const Request&, const Respond& respond) {
                    const std::string reason = obstacle();
                    respond(reason.empty() ? text_response(200, "ready\n") : text_response(503, reason + "\n"));
                }});
    router.add({"GET", "/metrics", nullptr, [&metrics, obstacle](const Request&, const Respond& respond) {
                    metrics.set("booking_relay_ready", obstacle().empty() ? 1 : 0);
                    respond({200, metrics.text(), "text/plain; version=0.0.4; charset=utf-8"});
                }});
}

} // namespace pgbk::relay
