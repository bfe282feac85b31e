// POST /webhooks/{source}: webhooks of payment providers, calendars and whoever else signs what he sends. Nothing of a
// request is believed, or read, before its signature is known to be right.
#pragma once

#include "db/link.hpp"
#include "http/message.hpp"
#include "http/rate_limiter.hpp"
#include "inbound/claim.hpp"
#include "inbound/sources.hpp"
#include "metrics/metrics.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace pgbk::relay {

inline constexpr const char* webhooks_path = "/webhooks/{source}";
// Of the organization's source that has the route's name.
inline constexpr const char* payment_webhook_path = "/functions/v1/payment-webhook";
inline constexpr const char* payment_webhook_source = "payment-webhook";

class Webhooks {
public:
    // failures: how many each client may have. organization: whose sources are found by name; 0: by id only.
    Webhooks(Link& link, Metrics& metrics, const Sources& sources, RateLimiter& failures, int organization);

    void add_routes(Router& router);

private:
    using Choose = std::function<std::string(const Request&)>; // the name or id of the source

    void add_route(Router& router, const std::string& path, const Choose& choose);
    std::optional<Response> admit(const Request& request, const std::string& name);
    void receive(const Request& request, const std::string& name, const Respond& respond);
    void store(const std::shared_ptr<const Source>& source, const Claim& claim, const std::string& body,
               const Respond& respond);
    Response stored(const Source& source, const Answer& answer);
    Response not_stored(const Source& source, const Answer& answer);
    Response unauthorized(const Source& source, const Request& request);
    void count(const Source& source, std::string_view result);

    Link& link_;
    Metrics& metrics_;
    const Sources& sources_;
    RateLimiter& failures_;
    int organization_;
};

} // namespace pgbk::relay
