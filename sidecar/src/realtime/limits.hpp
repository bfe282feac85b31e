// What the protocols for browsers have in common: limits, and who may connect.
#pragma once

#include "http/message.hpp"
#include "metrics/metrics.hpp"
#include "realtime/rechecks.hpp"
#include "realtime/subscriptions.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

struct Limits {
    std::chrono::seconds heartbeat{25};  // an idle WebSocket is pinged so often, and closed after twice that
    std::size_t queue_limit = 1'048'576; // bytes waiting for a reader, who is then closed
    std::size_t frame_limit = 65'536;    // bytes of a message that comes in
};

// Who may connect: pages of known origins, and so many from one address and in all.
class Admissions {
public:
    virtual ~Admissions() = default;

    // For Route::admit. A response: it is refused, and this is why.
    virtual std::optional<Response> refuse(const Request& request) = 0;

    // Takes a place, which is free again when what is returned is gone. `end` is called, once, when the relay stops:
    // the connection is to say goodbye, so that its client goes elsewhere.
    virtual std::shared_ptr<void> enter(const Request& request, std::function<void()> end) = 0;

    // Of the page that asks, for protocols that need CORS.
    virtual bool allows_origin(std::string_view origin) const = 0;
};

// For each protocol's add_...(Router&, Hub&, Common&). It lives as long as the routes do.
struct Common {
    boost::asio::io_context& loop;
    Metrics& metrics;
    Limits limits;
    Admissions& admissions;
    Subscriptions& subscriptions;
    Rechecks& rechecks;
};

} // namespace pgbk::relay
