#include "realtime/realtime.hpp"

#include "main/log.hpp"
#include "realtime/socketio.hpp"
#include "realtime/sse.hpp"
#include "realtime/supabase.hpp"

#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::chrono::seconds goodbye_limit{2}; // for those who are connected when the relay stops

std::vector<std::string> known_origins(const Config& config) {
    auto origins = parse_origins(config.realtime_allowed_origins).value_or(std::vector<std::string>());
    if (!config.site_url.empty()) {
        origins.push_back(canonical_origin(url_origin(config.site_url)));
    }
    return origins;
}

Live::Settings live_settings(const Config& config) {
    Live::Settings settings;
    settings.ring = static_cast<std::size_t>(config.realtime_ring);
    settings.poll = std::chrono::milliseconds(config.realtime_poll_ms);
    settings.seats.interval = std::chrono::milliseconds(config.realtime_availability_ms);
    return settings;
}

Identities::Settings identity_settings(const Config& config) {
    Identities::Settings settings;
    settings.rules = {parse_token_keys(config.realtime_jwt_secret).value_or(std::vector<TokenKey>()),
                      config.realtime_jwt_audience, config.realtime_jwt_issuer};
    settings.remembered = std::chrono::seconds(config.realtime_recheck_seconds);
    return settings;
}

void complain(const std::string& what, const FeedError& error) {
    log(LogLevel::error, what, {{"sqlstate", error.sqlstate}, {"error", error.message}});
}

} // namespace

Realtime::Realtime(boost::asio::io_context& loop, Router& router, Metrics& metrics, const Config& config)
    : timers_(loop),
      admission_(metrics, {static_cast<std::size_t>(config.realtime_connections),
                           static_cast<std::size_t>(config.realtime_connections_per_address), known_origins(config)}),
      subscriptions_(static_cast<std::size_t>(config.realtime_subscriptions)),
      feed_(loop, metrics, config,
            {[this](const Kept& kept) { live_.reachable(kept); }, [this] { live_.unreachable(); },
             [this] { live_.wake(); },
             [this](const std::vector<std::string>& origins) { admission_.set_of_venues(origins); }}),
      identities_(feed_, metrics, identity_settings(config)),
      live_(feed_, timers_, metrics, identities_, live_settings(config), complain),
      rechecks_(live_, timers_, std::chrono::seconds(config.realtime_recheck_seconds)),
      common_{loop,
              metrics,
              {std::chrono::seconds(config.realtime_heartbeat_seconds),
               static_cast<std::size_t>(config.realtime_queue_limit),
               static_cast<std::size_t>(config.realtime_frame_limit)},
              admission_,
              subscriptions_,
              rechecks_} {
    add_socketio(router, live_, common_);
    add_sse(router, live_, common_);
    add_supabase(router, live_, common_);
}

void Realtime::start() {
    feed_.start();
    rechecks_.start();
}

// Those who are connected are told to go elsewhere; their cursors go with them.
void Realtime::stop(std::function<void()> done) {
    const auto ended = std::make_shared<bool>(false);
    const auto end = [this, ended, done = std::move(done)] {
        if (!std::exchange(*ended, true)) {
            live_.unreachable();
            feed_.stop(done);
        }
    };
    timers_.after(goodbye_limit, end);
    admission_.end_all(end);
}

} // namespace pgbk::relay
