#include "main/rooms.hpp"

#include <boost/asio/post.hpp>

#ifdef PGBK_GATEWAY
#include "gateway/gateway.hpp"
#endif
#ifdef PGBK_PROVIDERS
#include "providers/accounts.hpp"
#include "providers/providers.hpp"
#endif
#ifdef PGBK_REALTIME
#include "realtime/realtime.hpp"
#endif

namespace pgbk::relay {

Rooms::Rooms(boost::asio::io_context& loop, [[maybe_unused]] Router& router, [[maybe_unused]] Metrics& metrics,
             [[maybe_unused]] const Config& config, [[maybe_unused]] const std::string& relay_id)
    : loop_(loop) {
#ifdef PGBK_GATEWAY
    if (config.organization > 0 && config.gateway_connections > 0) {
        rooms_.push_back(std::make_unique<Gateway>(loop, router, metrics, config));
    }
#endif
#ifdef PGBK_PROVIDERS
    if (auto accounts = provider_accounts(config); !accounts.empty() && config.providers_max_in_flight > 0) {
        rooms_.push_back(std::make_unique<Providers>(loop, metrics, config, relay_id, std::move(accounts)));
    }
#endif
#ifdef PGBK_REALTIME
    if (config.realtime_connections > 0) {
        rooms_.push_back(std::make_unique<Realtime>(loop, router, metrics, config));
    }
#endif
}

void Rooms::start() {
    for (const auto& room : rooms_) {
        room->start();
    }
}

void Rooms::wake() {
    for (const auto& room : rooms_) {
        room->wake();
    }
}

void Rooms::stop(const std::function<void()>& done) {
    if (rooms_.empty()) {
        boost::asio::post(loop_, done);
        return;
    }
    const auto left = std::make_shared<std::size_t>(rooms_.size());
    for (const auto& room : rooms_) {
        room->stop([left, done] {
            if (--*left == 0) {
                done();
            }
        });
    }
}

} // namespace pgbk::relay
