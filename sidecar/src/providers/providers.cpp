#include "providers/providers.hpp"

#include "main/parts.hpp"

#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::size_t most_waiting = 2'000; // reports and one claim

} // namespace

Providers::Providers(boost::asio::io_context& loop, Metrics& metrics, const Config& config, const std::string& relay_id,
                     std::vector<ProviderAccount> accounts)
    : pool_(loop, metrics,
            {read_dsn(config.database_url),
             link_settings(config, "providers"),
             1,
             most_waiting,
             {{"SELECT booking.relay_connect()"}},
             [this] { calls_.wake(); }}),
      sender_(loop, sender_settings(config)),
      calls_(loop, pool_, sender_, metrics, std::move(accounts),
             {relay_id, config.providers_max_in_flight, std::chrono::seconds(config.providers_lease_seconds),
              std::chrono::milliseconds(config.providers_poll_ms),
              std::chrono::milliseconds(config.providers_timeout_ms),
              std::chrono::seconds(config.outbound_drain_seconds)}),
      drain_limit_(config.outbound_drain_seconds) {}

void Providers::start() {
    pool_.start();
    calls_.start();
}

void Providers::stop(std::function<void()> done) {
    calls_.stop([this, done = std::move(done)] { pool_.stop(drain_limit_, done); });
}

void Providers::wake() {
    calls_.wake();
}

} // namespace pgbk::relay
