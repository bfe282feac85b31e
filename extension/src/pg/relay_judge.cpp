#include "pg/relay_judge.hpp"

#include "pg/digest.hpp"

namespace pgbk {

namespace {

using core::Outcome;
using core::RelayResult;

} // namespace

Key key_of(const RelayResult& result) {
    return {core::organization_of(result.delivery).value_or(0), result.delivery};
}

bool is_success(const RelayResult& result) {
    return !result.returned && core::classify(result.facts, false) == Outcome::delivered;
}

Judge::Judge(std::map<Key, EndpointState> states, std::map<Key, Delivery> deliveries, TimestampTz now)
    : deliveries_(std::move(deliveries)), states_(std::move(states)), before_(states_), now_(now) {}

void Judge::judge(const RelayResult& result, std::int32_t position) {
    const auto found = deliveries_.find(key_of(result));
    if (found == deliveries_.end()) {
        if (!result.returned) {
            unknown_.emplace_back(position, key_of(result));
        }
        return;
    }
    Delivery& delivery = found->second;
    const bool in_time = delivery.status == "leased" && delivery.lease_token == result.lease_token;
    if (result.returned) {
        if (in_time) {
            give_back(found->first, delivery);
        }
    } else if (is_success(result)) {
        // Also with a lease that was lost: it has arrived, and is not sent again.
        deliver(found->first, delivery, position, in_time);
    } else if (in_time) {
        fail(found->first, delivery, result, position);
    } else {
        note(position, found->first, delivery, "late", std::nullopt);
    }
}

std::vector<EndpointState> Judge::changed_states() const {
    std::vector<EndpointState> changed;
    for (const auto& [key, state] : states_) {
        if (!(state == before_.at(key))) {
            changed.push_back(state);
        }
    }
    return changed;
}

void Judge::note(std::int32_t position, const Key& key, const Delivery& delivery, std::string_view outcome,
                 std::optional<TimestampTz> next) {
    writes.attempts.push_back({position, key, delivery, outcome, next});
}

void Judge::give_back(const Key& key, Delivery& delivery) {
    delivery.attempts = std::max(delivery.attempts - 1, 0);
    delivery.next_attempt_at = now_;
    delivery.leaves_batch = delivery.attempts == 0 && delivery.throttled == 0; // never sent
    settle(key, delivery, is_active(delivery) ? "pending" : "parked", {});
    given_back = true;
}

void Judge::deliver(const Key& key, Delivery& delivery, std::int32_t position, bool in_time) {
    const core::Instant now = to_instant(now_);
    if (EndpointState* const state = state_of(delivery); state != nullptr && first_of_request(key, delivery)) {
        core::count_success(state->circuit, now);
        if (!state->hold_until.has_value() || *state->hold_until <= now) {
            state->hold_until.reset();
            state->throttled_times = 0;
        }
    }
    note(position, key, delivery, "delivered", std::nullopt);
    writes.deleted.push_back(key);
    accepted += in_time ? 1 : 0;
    deliveries_.erase(key); // a second result of it is late
}

// One answer to a batch is one answer, with one next attempt for all of it.
bool Judge::first_of_request(const Key& key, const Delivery& delivery) {
    return seen_.insert({key.first, delivery.batch.value_or(key.second)}).second;
}

void Judge::fail(const Key& key, Delivery& delivery, const RelayResult& result, std::int32_t position) {
    EndpointState* const state = state_of(delivery);
    const Key request{key.first, delivery.batch.value_or(key.second)};
    if (state == nullptr) {
        return; // the endpoint was deleted meanwhile
    }
    if (seen_.insert(request).second) {
        decisions_[request] = decide(delivery, result, *state);
        count(decisions_[request], *state, delivery);
    }
    const core::Decision& decision = decisions_[request];
    delivery.last_http_status = result.facts.http_status;
    delivery.same_status_times = decision.same_status_times;
    std::optional<TimestampTz> next;
    if (decision.delay.has_value()) {
        next = now_ + std::chrono::duration_cast<std::chrono::microseconds>(*decision.delay).count();
        delivery.next_attempt_at = *next;
    }
    if (decision.outcome == Outcome::throttled) {
        delivery.attempts = std::max(delivery.attempts - 1, 0);
        ++delivery.throttled;
    }
    note(position, key, delivery, core::outcome_word(decision.outcome), next);
    switch (decision.outcome) {
    case Outcome::dead:
        settle(key, delivery, "dead", "no attempt is left, or it is too old");
        break;
    case Outcome::blocked:
        if (delivery.batch.has_value() && result.facts.error == core::ErrorClass::too_large) {
            // Each of them alone may be small enough.
            delivery.leaves_batch = true;
            delivery.next_attempt_at = now_;
            settle(key, delivery, is_active(delivery) ? "pending" : "parked", {});
            break;
        }
        settle(key, delivery, "blocked", result.error_text.empty() ? "it may not be sent" : result.error_text);
        break;
    default:
        settle(key, delivery, is_active(delivery) ? "pending" : "parked",
               is_active(delivery) ? std::string_view() : "the endpoint is disabled");
    }
}

core::Decision Judge::decide(const Delivery& delivery, const RelayResult& result, const EndpointState& state) const {
    const core::Instant now = to_instant(now_);
    core::History history;
    history.attempt = delivery.attempts;
    history.last_status = delivery.last_http_status.value_or(0);
    history.same_status_times = delivery.same_status_times;
    // What is in flight when the endpoint asks for a pause hears the same: that is one time, not many.
    const bool held = state.hold_until.has_value() && *state.hold_until > now;
    history.throttled = std::max(state.throttled_times - (held ? 1 : 0), 0);
    history.expires = to_instant(delivery.expires_at);
    return core::decide(result.facts, history, delivery.is_make, now, random_fraction());
}

void Judge::count(const core::Decision& decision, EndpointState& state, const Delivery& delivery) {
    const core::Instant now = to_instant(now_);
    switch (decision.outcome) {
    case Outcome::throttled: {
        const bool held = state.hold_until.has_value() && *state.hold_until > now;
        state.throttled_times += held ? 0 : 1;
        const core::Instant until = now + *decision.delay;
        state.hold_until = held ? std::max(*state.hold_until, until) : until;
        break;
    }
    case Outcome::retry:
    case Outcome::dead:
        core::count_failure(state.circuit, now);
        if (core::has_failed_too_long(state.circuit, now)) {
            disabled.try_emplace(delivery.endpoint, "every attempt of five days has failed");
        }
        break;
    case Outcome::gone:
        disabled.try_emplace(delivery.endpoint, "the endpoint answered 410 Gone");
        break;
    default:
        break;
    }
}

bool Judge::is_active(const Delivery& delivery) const {
    return delivery.endpoint_active && disabled.find(delivery.endpoint) == disabled.end();
}

void Judge::settle(const Key& key, Delivery& delivery, std::string_view status, std::string_view reason) {
    delivery.new_status = status;
    delivery.reason = reason;
    writes.changed.emplace_back(key, delivery);
    ++accepted;
    delivery.status = status; // a second result of it is late
}

EndpointState* Judge::state_of(const Delivery& delivery) {
    const auto found = states_.find(delivery.endpoint);
    return found == states_.end() ? nullptr : &found->second;
}

} // namespace pgbk
