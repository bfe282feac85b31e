// POST /webhooks/{source}: webhooks of payment providers, calendars and whoever else signs what he sends. Nothing of a
// request is believed, or read, before its signature is known to be right.
#pragma once

#include "config/config.hpp"
#include "db/pool.hpp"
#include "http/message.hpp"
#include "http/rate_limiter.hpp"
#include "inbound/claim.hpp"
#include "inbound/sources.hpp"
#include "metrics/metrics.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
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
    Webhooks(boost::asio::io_context& loop, Router& router, Metrics& metrics, RelayDatabase& database,
             const Config& config);

    void load_sources() { sources_.load(); }
    void detached() { sources_.detached(); }
    // How far the database's clock is ahead of ours, in seconds.
    void set_clock_offset(double offset) { clock_offset_ = offset; }
    // Takes nothing more; calls `done` once, later, when what has been taken is answered or has had its time.
    void stop(std::function<void()> done);

private:
    using Choose = std::function<std::string(const Request&)>; // the name or id of the source

    void add_route(Router& router, const std::string& path, const Choose& choose);
    void sources_changed();
    std::optional<Response> admit(const Request& request, const std::string& name);
    void receive(const Request& request, const std::string& name, const Respond& respond);
    void store(const std::shared_ptr<const Source>& source, const Claim& claim, const std::string& body,
               const Respond& respond);
    Response stored(const Source& source, const Answer& answer);
    Response not_stored(const Source& source, const Answer& answer);
    Response unauthorized(const Source& source, const Request& request);
    Response outside_window(const Source& source, const Request& request);
    std::optional<Response> held_up(const Request& request);
    void count(const Source& source, std::string_view result);

    Metrics& metrics_;
    int organization_; // whose sources are found by name; 0: by id only
    std::chrono::seconds drain_limit_;
    Sources sources_;
    RateLimiter failures_;
    Pool pool_;
    double clock_offset_ = 0;
    bool started_ = false;
    bool stopping_ = false;
};

} // namespace pgbk::relay
