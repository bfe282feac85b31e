#include "providers/calls.hpp"

#include "main/log.hpp"
#include "providers/accounts.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace pgbk::relay {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::chrono::seconds time_to_report{5};
constexpr std::chrono::milliseconds report_pause{500};
constexpr int most_shares = 4;      // into which the places for calls are divided
constexpr double login_margin = 60; // seconds before its end a login counts as over

constexpr const char* claim_sql =
    "SELECT call_id, lease_token, organization_id, provider, action, request::text, idempotency_key, uncertain,"
    "       attempt, extract(epoch FROM booking.clock())"
    "  FROM booking.relay_claim_calls($1::uuid, $2::integer, $3::integer, $4::jsonb)";
constexpr const char* complete_sql = "SELECT booking.relay_complete_call($1::uuid, $2::uuid, $3::bigint, $4::jsonb)";

double unix_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Of the clock that nobody sets: when the other goes back, an account would stand still until it has caught up.
core::Instant instant_now() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return core::Instant(std::chrono::duration_cast<core::Instant::duration>(now));
}

// Not that of a moment, as a deadlock is, or of somebody who has to correct something.
bool is_about_data(std::string_view sqlstate) {
    return sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate.starts_with("54") ||
           sqlstate.starts_with("BK");
}

ProviderCall read_call(const Answer& answer, int row) {
    ProviderCall call;
    call.id = answer.text(row, 0);
    call.lease_token = answer.text(row, 1);
    call.organization = std::stoi(answer.text(row, 2));
    call.provider = answer.text(row, 3);
    call.action = answer.text(row, 4);
    call.request = json::parse(answer.text(row, 5)).as_object();
    call.idempotency_key = answer.text(row, 6);
    call.uncertain = answer.text(row, 7) == "t";
    call.attempt = std::stoi(answer.text(row, 8));
    call.now = std::stod(answer.text(row, 9));
    return call;
}

} // namespace

ProviderAnswer provider_answer(const Facts& facts) {
    ProviderAnswer answer;
    answer.status = facts.http_status.value_or(0);
    answer.headers = facts.response_headers;
    answer.body = facts.response_body;
    answer.complete = facts.http_status.has_value() && !facts.response_truncated && facts.error.empty();
    answer.sent = !facts.remote_address.empty();
    answer.error = facts.error_class.empty() ? facts.error : facts.error_class + ": " + facts.error;
    if (facts.retry_after_seconds) {
        answer.retry_after = std::chrono::seconds(*facts.retry_after_seconds);
    }
    return answer;
}

ProviderCalls::ProviderCalls(asio::io_context& loop, Pool& pool, Sender& sender, Metrics& metrics,
                             std::vector<ProviderAccount> accounts, Settings settings)
    : loop_(loop),
      pool_(pool),
      sender_(sender),
      metrics_(metrics),
      settings_(std::move(settings)),
      poll_(loop),
      drain_(loop) {
    for (auto& keys : accounts) {
        auto account = std::make_unique<Account>();
        account->provider = find_provider(keys.provider);
        if (account->provider == nullptr) {
            continue;
        }
        const ProviderRate rate = account->provider->rate();
        account->limit = {rate.per_second, rate.burst};
        account->keys = std::move(keys);
        account->timer = std::make_unique<asio::steady_timer>(loop);
        accounts_.push_back(std::move(account));
    }
}

void ProviderCalls::start() {
    wait_to_poll();
}

void ProviderCalls::wake() {
    wanted_ = true;
    pump();
}

void ProviderCalls::wait_to_poll() {
    poll_.expires_after(settings_.poll);
    poll_.async_wait([this](boost::system::error_code error) {
        if (!error && !stopping_) {
            wait_to_poll();
            wake();
        }
    });
}

// Of the places for calls: a provider that answers slowly, or not at all, leaves some to the others.
int ProviderCalls::share_of_account() const {
    return std::max(1, settings_.max_in_flight / std::clamp(static_cast<int>(accounts_.size()), 1, most_shares));
}

// Accounts that may be asked something now, and how much.
ProviderCalls::Ready ProviderCalls::ready_accounts() const {
    Ready ready;
    const auto now = Clock::now();
    int tokens = 0;
    int least_room = settings_.max_in_flight - static_cast<int>(running_.size());
    for (const auto& account : accounts_) {
        const int left = core::tokens_left(account->bucket, account->limit, instant_now());
        const auto under_way = std::count_if(running_.begin(), running_.end(),
                                             [&](const RunningCall& call) { return call->account == account.get(); });
        const int room = share_of_account() - static_cast<int>(under_way);
        if (account->held_until <= now && account->waiting.empty() && left > 0 && room > 0) {
            ready.accounts.push_back(&account->keys);
            tokens += left;
            least_room = std::min(least_room, room);
        }
    }
    ready.wanted = std::min(least_room, tokens);
    return ready;
}

void ProviderCalls::pump() {
    if (!wanted_ || claiming_ || stopping_ || !pool_.is_up()) {
        return;
    }
    const Ready ready = ready_accounts();
    if (ready.accounts.empty() || ready.wanted <= 0) {
        return; // a call that ends, or the clock, asks again
    }
    wanted_ = false;
    claim(ready.wanted, accounts_json(ready.accounts));
}

void ProviderCalls::claim(int wanted, const std::string& accounts) {
    claiming_ = true;
    const auto claimed_at = Clock::now(); // the lease begins later, if anything
    const std::string lease = std::to_string(settings_.lease.count());
    pool_.call({{claim_sql, {settings_.relay_id, std::to_string(wanted), lease, accounts}}},
               [this, wanted, claimed_at](const Answer& answer) {
                   claiming_ = false;
                   if (answer.ok()) {
                       wanted_ = wanted_ || answer.count() >= wanted;
                       take(answer, claimed_at);
                       pump();
                   } else if (!answer.lost) {
                       metrics_.add("booking_relay_database_errors_total",
                                    {{"call", "claim_calls"}, {"sqlstate", answer.sqlstate}});
                       log(LogLevel::error, "calls of providers cannot be claimed",
                           {{"sqlstate", answer.sqlstate}, {"error", answer.error}});
                   }
                   check_stopped();
               });
}

void ProviderCalls::take(const Answer& answer, Clock::time_point claimed_at) {
    for (int row = 0; row < answer.count(); ++row) {
        ProviderCall known = read_call(answer, row);
        Account* const account = account_of(known.organization, known.provider);
        if (account == nullptr) {
            continue; // not asked for
        }
        auto call = std::make_shared<Running>();
        call->attempt = std::make_unique<Attempt>(*account->provider, std::move(known), account->keys);
        call->account = account;
        call->lease_end = claimed_at + settings_.lease;
        call->started = Clock::now();
        running_.push_back(call);
        if (stopping_) {
            report(call, R"({"ending":"returned","uncertain":)" +
                             std::string(call->attempt->call().uncertain ? "true" : "false") + "}");
            continue;
        }
        const bool logged_in = account->token_until - login_margin > unix_now();
        run(call, call->attempt->begin(logged_in ? account->access_token : std::string()));
    }
    metrics_.set("booking_relay_provider_calls_in_flight", static_cast<double>(running_.size()));
}

ProviderCalls::Account* ProviderCalls::account_of(int organization, std::string_view provider) {
    for (const auto& account : accounts_) {
        if (account->keys.organization == organization && account->keys.provider == provider) {
            return account.get();
        }
    }
    return nullptr;
}

void ProviderCalls::run(const RunningCall& call, Attempt::Next next) {
    if (const auto* const request = std::get_if<ProviderRequest>(&next)) {
        when_allowed(*call->account, [this, call, request = *request] { send(call, request); });
    } else if (std::holds_alternative<Attempt::LogIn>(next)) {
        log_in(call);
    } else {
        finish(call);
    }
}

// In the order in which they come, as the rate allows.
void ProviderCalls::when_allowed(Account& account, std::function<void()> then) {
    account.waiting.push_back(std::move(then));
    serve_waiting(account);
}

void ProviderCalls::serve_waiting(Account& account) {
    while (!account.waiting.empty() && !account.logging_in) {
        const auto now = instant_now();
        if (core::tokens_left(account.bucket, account.limit, now) == 0) {
            account.timer->expires_after(
                std::max(core::until_next(account.bucket, account.limit, now), std::chrono::seconds(1)));
            account.timer->async_wait([this, &account](boost::system::error_code error) {
                if (!error) {
                    serve_waiting(account);
                    pump();
                }
            });
            return;
        }
        core::spend(account.bucket, account.limit, now, 1);
        auto next = std::move(account.waiting.front());
        account.waiting.pop_front();
        next();
    }
}

bool ProviderCalls::lease_suffices(const RunningCall& call) const {
    return Clock::now() + settings_.timeout + time_to_report <= call->lease_end;
}

void ProviderCalls::send(const RunningCall& call, const ProviderRequest& request) {
    if (call->over) {
        return;
    }
    if (!lease_suffices(call) || stopping_) {
        call->attempt->interrupt(stopping_ ? "the relay is being stopped" : "it has taken too long");
        finish(call);
        return;
    }
    Sender::ApiRequest out{
        request.method, call->account->keys.base_url + request.path, {}, request.body, settings_.timeout};
    for (const auto& [name, value] : request.headers) {
        out.headers.push_back(name + ": " + value);
    }
    sender_.send(std::move(out), [this, call](const std::shared_ptr<const Facts>& facts) {
        if (facts->total_ms) {
            metrics_.observe("booking_relay_provider_seconds", *facts->total_ms / 1000,
                             {{"provider", call->account->keys.provider}});
        }
        if (!call->over) {
            run(call, call->attempt->answered(provider_answer(*facts)));
        }
    });
}

// One login at a time: who comes meanwhile gets what it brings.
void ProviderCalls::log_in(const RunningCall& call) {
    Account& account = *call->account;
    const bool is_known = !account.access_token.empty() && account.token_until - login_margin > unix_now();
    if (account.logging_in) {
        account.waiting.push_back([this, call] { log_in(call); });
        return;
    }
    if (is_known && account.access_token != call->attempt->refused_token()) {
        run(call, call->attempt->logged_in(account.access_token));
        return;
    }
    if (const auto rest = account.held_until - Clock::now(); rest > Clock::duration::zero()) {
        // Who has waited for a login that was refused does not ask for it, too.
        run(call,
            call->attempt->login_failed({"the account is left alone", std::chrono::ceil<std::chrono::seconds>(rest)}));
        return;
    }
    account.access_token.clear();
    const auto request = account.provider->login(account.keys);
    if (!request) {
        run(call, call->attempt->login_failed({"the provider has no login"}));
        return;
    }
    when_allowed(account, [this, call, request = *request] {
        if (call->over) {
            return;
        }
        if (!lease_suffices(call) || stopping_) {
            call->attempt->interrupt("there was no time to log in");
            finish(call);
            return;
        }
        call->account->logging_in = true;
        Sender::ApiRequest out{
            request.method, call->account->keys.base_url + request.path, {}, request.body, settings_.timeout};
        for (const auto& [name, value] : request.headers) {
            out.headers.push_back(name + ": " + value);
        }
        sender_.send(std::move(out), [this, call](const std::shared_ptr<const Facts>& facts) {
            login_answered(call, provider_answer(*facts));
        });
    });
}

void ProviderCalls::login_answered(const RunningCall& call, const ProviderAnswer& answer) {
    Account& account = *call->account;
    account.logging_in = false;
    ProviderLoginResult result = Retry{"the relay does not know what to make of the login"};
    try {
        result = account.provider->read_login(answer);
    } catch (const std::exception&) { // no secret of the answer gets into a log
        log(LogLevel::error, "a login cannot be read", {{"provider", account.keys.provider}});
    }
    metrics_.add("booking_relay_provider_logins_total",
                 {{"provider", account.keys.provider},
                  {"result", std::holds_alternative<ProviderLogin>(result) ? "done" : "failed"}});
    if (auto* const login = std::get_if<ProviderLogin>(&result)) {
        account.access_token = login->access_token;
        account.token_until = login->valid_until;
        run(call, call->attempt->logged_in(account.access_token));
    } else {
        run(call, call->attempt->login_failed(std::get<Retry>(result)));
    }
    serve_waiting(account);
}

void ProviderCalls::finish(const RunningCall& call) {
    if (call->over) {
        return;
    }
    call->over = true;
    const Attempt& attempt = *call->attempt;
    if (const auto hold = attempt.hold()) {
        const auto until = Clock::now() + std::min<std::chrono::seconds>(*hold, std::chrono::hours(6));
        call->account->held_until = std::max(call->account->held_until, until);
    }
    const std::string& provider = call->account->keys.provider;
    metrics_.add("booking_relay_provider_calls_total",
                 {{"provider", provider}, {"action", attempt.call().action}, {"result", attempt.ending()}});
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - call->started);
    log(attempt.is_done() ? LogLevel::debug : LogLevel::warn,
        attempt.is_done() ? "a provider was called" : "a call of a provider was not done",
        {{"provider", provider},
         {"action", attempt.call().action},
         {"call_id", attempt.call().id},
         {"organization", attempt.call().organization},
         {"attempt", attempt.call().attempt},
         {"result", attempt.ending()},
         {"took_ms", took.count()},
         {"reason", attempt.reason()}});
    report(call, attempt.report());
}

// Again and again until the database has said something, or the lease has run out.
void ProviderCalls::report(const RunningCall& call, const std::string& text) {
    call->over = true;
    const ProviderCall& known = call->attempt->call();
    pool_.call({{complete_sql, {settings_.relay_id, known.id, known.lease_token, text}}}, [this, call,
                                                                                           text](const Answer& answer) {
        if (answer.ok() || Clock::now() > call->lease_end) {
            if (!answer.ok() || answer.text(0, 0) != "t") {
                log(LogLevel::warn, "the result of a call came too late: its lease had run out",
                    {{"call_id", call->attempt->call().id}});
            }
            running_.erase(std::remove(running_.begin(), running_.end(), call), running_.end());
            settled();
            return;
        }
        std::string next = text;
        if (!answer.lost) {
            if (is_about_data(answer.sqlstate)) { // and will be said again; what cannot be stored is not the end
                next = call->attempt->report_without_facts();
            }
            metrics_.add("booking_relay_database_errors_total",
                         {{"call", "complete_call"}, {"sqlstate", answer.sqlstate}});
            log(LogLevel::error, "the result of a call was refused",
                {{"call_id", call->attempt->call().id}, {"sqlstate", answer.sqlstate}, {"error", answer.error}});
        }
        auto timer = std::make_shared<asio::steady_timer>(loop_, report_pause);
        timer->async_wait([this, call, next, timer](boost::system::error_code) { report(call, next); });
    });
}

void ProviderCalls::settled() {
    metrics_.set("booking_relay_provider_calls_in_flight", static_cast<double>(running_.size()));
    wake(); // there is room, and perhaps another call of the same booking
    check_stopped();
}

void ProviderCalls::stop(std::function<void()> done) {
    stopping_ = true;
    stopped_ = std::move(done);
    poll_.cancel();
    for (const auto& account : accounts_) { // they end now that they may not be sent
        account->timer->cancel();
        for (auto& then : std::exchange(account->waiting, {})) {
            then();
        }
    }
    drain_.expires_after(settings_.drain);
    drain_.async_wait([this](boost::system::error_code error) {
        if (error || !stopped_) {
            return;
        }
        sender_.abort_all("the relay was stopped before the answer came");
        drain_.expires_after(time_to_report);
        drain_.async_wait([this](boost::system::error_code late) {
            if (!late && stopped_) {
                std::exchange(stopped_, nullptr)();
            }
        });
    });
    check_stopped();
}

void ProviderCalls::check_stopped() {
    if (!stopped_ || !running_.empty() || claiming_) {
        return;
    }
    drain_.cancel();
    asio::post(loop_, std::exchange(stopped_, nullptr));
}

} // namespace pgbk::relay
