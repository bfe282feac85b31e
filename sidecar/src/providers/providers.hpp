// The room of providers: payments and appointments that are asked for by booking.relay_claim_calls.
#pragma once

#include "config/config.hpp"
#include "main/room.hpp"
#include "providers/calls.hpp"

namespace pgbk::relay {

class Providers : public Room {
public:
    Providers(boost::asio::io_context& loop, Metrics& metrics, const Config& config, const std::string& relay_id,
              std::vector<ProviderAccount> accounts);

    void start() override;
    void stop(std::function<void()> done) override;
    void wake() override;

private:
    Pool pool_;
    Sender sender_;
    ProviderCalls calls_;
    std::chrono::seconds drain_limit_;
};

} // namespace pgbk::relay
