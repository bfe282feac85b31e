// The loop of provider calls: claim what is due, send what its provider asks for, report what has come of it. Woken by
// notification, by a finished call and by the clock. A call is under way here for as long as its lease lasts; what is
// not reported by then, somebody else finds out.
#pragma once

#include "core/rate_limit.hpp"
#include "db/pool.hpp"
#include "metrics/metrics.hpp"
#include "outbound/sender.hpp"
#include "providers/attempt.hpp"

#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace pgbk::relay {

class ProviderCalls {
public:
    struct Settings {
        std::string relay_id;
        int max_in_flight = 0; // of all accounts
        std::chrono::seconds lease{};
        std::chrono::milliseconds poll{};
        std::chrono::milliseconds timeout{};
        std::chrono::seconds drain{};
    };

    ProviderCalls(boost::asio::io_context& loop, Pool& pool, Sender& sender, Metrics& metrics,
                  std::vector<ProviderAccount> accounts, Settings settings);

    void start();
    void wake(); // something may be due
    void stop(std::function<void()> done);

private:
    using Clock = std::chrono::steady_clock;

    struct Account {
        ProviderAccount keys;
        const Provider* provider = nullptr;
        core::RateLimit limit{};
        core::Bucket bucket;
        Clock::time_point held_until{};
        std::string access_token;
        double token_until = 0; // Unix seconds
        bool logging_in = false;
        std::deque<std::function<void()>> waiting; // for a token of the bucket, or for the login
        std::unique_ptr<boost::asio::steady_timer> timer;
    };
    struct Running {
        std::unique_ptr<Attempt> attempt;
        Account* account = nullptr;
        Clock::time_point lease_end;
        Clock::time_point started;
        bool over = false;
    };
    using RunningCall = std::shared_ptr<Running>;

    void pump();
    void claim(int wanted, const std::string& accounts);
    void take(const Answer& answer, Clock::time_point claimed_at);
    Account* account_of(int organization, std::string_view provider);
    struct Ready {
        std::vector<const ProviderAccount*> accounts;
        int wanted = 0; // so many that no account gets more than its share
    };
    Ready ready_accounts() const;
    int share_of_account() const;

    void run(const RunningCall& call, Attempt::Next next);
    void when_allowed(Account& account, std::function<void()> then);
    void serve_waiting(Account& account);
    void send(const RunningCall& call, const ProviderRequest& request);
    void log_in(const RunningCall& call);
    void login_answered(const RunningCall& call, const ProviderAnswer& answer);
    bool lease_suffices(const RunningCall& call) const;
    void finish(const RunningCall& call);
    void report(const RunningCall& call, const std::string& text);
    void settled();
    void wait_to_poll();
    void check_stopped();

    boost::asio::io_context& loop_;
    Pool& pool_;
    Sender& sender_;
    Metrics& metrics_;
    Settings settings_;
    std::vector<std::unique_ptr<Account>> accounts_;
    std::vector<RunningCall> running_;
    boost::asio::steady_timer poll_;
    boost::asio::steady_timer drain_;
    bool claiming_ = false;
    bool wanted_ = false;
    bool stopping_ = false;
    std::function<void()> stopped_; // to be called, once
};

// What the answer of the network is to a provider.
ProviderAnswer provider_answer(const Facts& facts);

} // namespace pgbk::relay
