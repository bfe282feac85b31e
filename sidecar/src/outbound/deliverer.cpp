#include "outbound/deliverer.hpp"

#include "main/log.hpp"
#include "outbound/facts.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace pgbk::relay {

namespace {

constexpr std::size_t most_results_a_call = 256;
constexpr std::chrono::seconds time_to_report{5};

double seconds(std::chrono::system_clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

} // namespace

Deliverer::Deliverer(boost::asio::io_context& loop, RelayDatabase& database, Sender& sender, Metrics& metrics,
                     Settings settings)
    : loop_(loop),
      database_(database),
      sender_(sender),
      metrics_(metrics),
      settings_(settings),
      poll_(loop),
      pause_(loop),
      drain_(loop),
      batch_limit_(most_results_a_call) {
    count();
}

void Deliverer::attached() {
    attached_ = true;
    catching_up_ = true;
    wanted_ = true;
    wait_to_poll();
    pump();
}

void Deliverer::detached() {
    attached_ = false;
    poll_.cancel();
    check_stopped();
}

void Deliverer::wake() {
    wanted_ = true;
    pump();
}

void Deliverer::wait_to_poll() {
    poll_.expires_after(settings_.poll);
    poll_.async_wait([this](boost::system::error_code error) {
        if (!error && attached_ && !stopping_) {
            wait_to_poll();
            wake();
        }
    });
}

void Deliverer::pump() {
    if (!attached_) {
        return;
    }
    const bool reports = may_report();
    // What is reported makes room, here and at its endpoint.
    wanted_ = wanted_ || reports;
    if (catching_up_ && !completing_) {
        const bool is_last_report = reports && results_to_report(results_, batch_limit_) == results_.size();
        catching_up_ = !(is_last_report && !apart_) && !may_claim_beside(results_, std::chrono::steady_clock::now());
    }
    if (reports && !apart_ && may_claim()) {
        turn();
    } else if (reports) {
        complete();
    }
    if (may_claim() && !completing_) { // behind a report, it would be done also if that one is refused
        claim();
    }
    check_stopped();
}

bool Deliverer::may_report() const {
    return !results_.empty() && !completing_ && !pausing_;
}

bool Deliverer::may_claim() const {
    return wanted_ && !claiming_ && !stopping_ && !catching_up_ && room() > 0;
}

int Deliverer::room() const {
    return std::min(settings_.max_in_flight - requests_in_flight_, settings_.claim_limit);
}

// Reports and claims by one call. What comes in meanwhile goes with the next one.
void Deliverer::turn() {
    claiming_ = true;
    completing_ = true;
    wanted_ = false;
    const std::vector<Result> batch = take_batch();
    const int wanted = room();
    const auto claimed_at = std::chrono::steady_clock::now();
    database_.complete_and_claim(batch, wanted, settings_.lease,
                                 [this, wanted, claimed_at, kept = std::deque<Result>(batch.begin(), batch.end())](
                                     std::optional<Turn> done, const Answer& answer) {
                                     claiming_ = false;
                                     completing_ = false;
                                     if (done) {
                                         accept(kept.size(), done->accepted);
                                         claimed(std::move(done->rows), wanted, claimed_at);
                                     } else {
                                         turn_failed(kept, answer);
                                     }
                                     check_stopped();
                                 });
    count();
}

void Deliverer::turn_failed(std::deque<Result> batch, const Answer& answer) {
    wanted_ = true;
    put_back(std::move(batch));
    if (!answer.lost) { // otherwise both are done again after reconnecting
        apart_ = true;
        catching_up_ = true;
        pump();
    }
}

void Deliverer::claim() {
    claiming_ = true;
    wanted_ = false;
    const int wanted = room();
    const auto claimed_at = std::chrono::steady_clock::now(); // the lease begins later, if anything
    database_.claim(
        wanted, settings_.lease, std::nullopt,
        [this, wanted, claimed_at](std::optional<std::vector<ClaimedRow>> rows, const Answer& answer) {
            claiming_ = false;
            if (rows) {
                claimed(std::move(*rows), wanted, claimed_at);
            } else if (!answer.lost) { // the clock tries again
                log(LogLevel::error, "claim failed", {{"sqlstate", answer.sqlstate}, {"error", answer.error}});
            }
            check_stopped();
        });
}

void Deliverer::claimed(std::vector<ClaimedRow> rows, int wanted, SteadyTime claimed_at) {
    wanted_ = wanted_ || rows.size() >= static_cast<std::size_t>(wanted);
    dispatch(std::move(rows), claimed_at);
    pump();
}

std::size_t Deliverer::dispatch(std::vector<ClaimedRow> rows, SteadyTime claimed_at) {
    const SteadyTime lease_end = claimed_at + settings_.lease;
    auto dispatches = group_into_dispatches(std::move(rows));
    for (auto& next : dispatches) {
        next.timeout = timeout_within(next.timeout, settings_.lease);
        if (stopping_ || !lease_suffices(next.timeout, lease_end - std::chrono::steady_clock::now())) {
            give_back(next, lease_end);
            continue;
        }
        ++requests_in_flight_;
        Dispatch known; // what is needed to tell of it, without its body and secrets
        known.leases = next.leases;
        known.request_id = next.request_id;
        known.endpoint_name = next.endpoint_name;
        known.event_type = next.event_type;
        known.attempt = next.attempt;
        known.occurred_at = next.occurred_at;
        sender_.send(std::move(next),
                     [this, known = std::move(known), lease_end](const std::shared_ptr<const Facts>& facts) {
                         sent(known, lease_end, facts);
                     });
    }
    count();
    return dispatches.size();
}

void Deliverer::give_back(const Dispatch& dispatch, SteadyTime lease_end) {
    ++requests_;
    for (const auto& lease : dispatch.leases) {
        results_.push_back({lease, nullptr, lease_end, 0, requests_});
    }
    metrics_.add("booking_relay_deliveries_returned_total", {}, static_cast<double>(dispatch.leases.size()));
}

void Deliverer::sent(const Dispatch& dispatch, SteadyTime lease_end, const std::shared_ptr<const Facts>& facts) {
    --requests_in_flight_;
    ++requests_;
    for (const auto& lease : dispatch.leases) {
        results_.push_back({lease, facts, lease_end, 0, requests_});
    }
    const std::string result = result_class(*facts);
    metrics_.add("booking_relay_deliveries_total", {{"result", result}}, static_cast<double>(dispatch.leases.size()));
    if (facts->total_ms) {
        metrics_.observe("booking_relay_response_seconds", *facts->total_ms / 1000);
    }
    if (dispatch.attempt == 1) {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        metrics_.observe("booking_relay_event_latency_seconds", std::max(0.0, seconds(now) - dispatch.occurred_at));
    }
    const LogLevel level = result == "2xx" ? LogLevel::debug : LogLevel::info;
    if (logs(level)) {
        log(level, result == "2xx" ? "delivered" : "not delivered",
            {{"endpoint", dispatch.endpoint_name},
             {"event", dispatch.event_type},
             {"webhook_id", dispatch.request_id},
             {"delivery_id", dispatch.leases.front().delivery_id},
             {"deliveries", dispatch.leases.size()},
             {"attempt", dispatch.attempt},
             {"result", result},
             {"http_status", facts->http_status.value_or(0)},
             {"total_ms", std::lround(facts->total_ms.value_or(0))},
             {"error", facts->error}});
    }
    count();
    pump();
}

// Taken off, and put back if they cannot be reported.
std::vector<Result> Deliverer::take_batch() {
    const auto end = results_.begin() + static_cast<std::ptrdiff_t>(results_to_report(results_, batch_limit_));
    std::vector<Result> batch(std::make_move_iterator(results_.begin()), std::make_move_iterator(end));
    results_.erase(results_.begin(), end);
    return batch;
}

void Deliverer::complete() {
    completing_ = true;
    const std::vector<Result> batch = take_batch();
    database_.complete(batch,
                       [this, kept = std::deque<Result>(batch.begin(), batch.end())](
                           std::optional<int> accepted, const Answer& answer) { completed(kept, accepted, answer); });
    count();
}

void Deliverer::completed(std::deque<Result> batch, std::optional<int> accepted, const Answer& answer) {
    completing_ = false;
    if (accepted) {
        apart_ = false;
        accept(batch.size(), *accepted);
        pump();
    } else if (answer.lost) { // reported again after reconnecting; whether it was taken already does not matter
        put_back(std::move(batch));
    } else {
        refused(std::move(batch), answer);
    }
    check_stopped();
}

void Deliverer::accept(std::size_t reported, int accepted) {
    batch_limit_ = std::min(batch_limit_ * 2, most_results_a_call);
    if (static_cast<std::size_t>(accepted) < reported) {
        log(LogLevel::warn, "some results came too late: their leases had run out",
            {{"results", reported}, {"accepted", accepted}});
    }
}

void Deliverer::refused(std::deque<Result> batch, const Answer& answer) {
    log(LogLevel::error, "results refused",
        {{"results", batch.size()}, {"sqlstate", answer.sqlstate}, {"error", answer.error}});
    // If one request's are to blame, smaller reports get the others through.
    const bool alone = batch.front().request == batch.back().request;
    batch_limit_ = std::max<std::size_t>(batch.size() / 2, 1);
    for (auto& result : batch) {
        ++result.tries;
        result.alone = result.alone || alone;
    }
    catching_up_ = true;
    if (alone) {
        const Result& first = batch.front();
        const bool hopeless =
            first.tries >= tries_before_giving_up && std::chrono::steady_clock::now() > first.lease_end;
        if (!hopeless) { // last, so that they do not hold up the others
            results_.insert(results_.end(), std::make_move_iterator(batch.begin()),
                            std::make_move_iterator(batch.end()));
        } else {
            log(LogLevel::error, "result given up: its lease has run out",
                {{"delivery_id", first.lease.delivery_id}, {"deliveries", batch.size()}});
        }
    } else {
        put_back(std::move(batch));
    }
    pausing_ = true;
    pause_.expires_after(std::chrono::milliseconds(alone ? 500 : 100));
    pause_.async_wait([this](boost::system::error_code error) {
        pausing_ = false;
        if (!error) {
            pump();
        }
    });
    pump(); // what could not be claimed behind this report
}

void Deliverer::put_back(std::deque<Result> batch) {
    results_.insert(results_.begin(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
    count();
}

void Deliverer::count() {
    metrics_.set("booking_relay_requests_in_flight", static_cast<double>(sender_.in_flight()));
    metrics_.set("booking_relay_results_waiting", static_cast<double>(results_.size()));
}

void Deliverer::stop(std::function<void(std::size_t)> finished) {
    stopping_ = true;
    finished_ = std::move(finished);
    poll_.cancel();
    drain_.expires_after(settings_.drain);
    drain_.async_wait([this](boost::system::error_code error) {
        if (error || !finished_) {
            return;
        }
        sender_.abort_all("the relay was stopped before the answer came");
        drain_.expires_after(time_to_report);
        drain_.async_wait([this](boost::system::error_code late) {
            if (!late && finished_) {
                std::exchange(finished_, nullptr)(results_.size());
            }
        });
    });
    pump();
    check_stopped();
}

void Deliverer::check_stopped() {
    if (!finished_ || requests_in_flight_ > 0 || !results_.empty() || claiming_ || completing_) {
        return;
    }
    drain_.cancel();
    // Later: the caller may be in the middle of something that `finished` takes apart.
    boost::asio::post(loop_, [finished = std::exchange(finished_, nullptr)] { finished(0); });
}

} // namespace pgbk::relay
