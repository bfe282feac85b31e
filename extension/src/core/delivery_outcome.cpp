#include "core/delivery_outcome.hpp"

#include "core/retry_schedule.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

constexpr std::array<std::string_view, 9> error_words{"dns",      "connect", "tls",       "timeout", "reset",
                                                      "protocol", "blocked", "too_large", "internal"};

// Refusals that come from a deployment (401, 404 while it is being replaced) pass; those that repeat do not.
constexpr int patience = 3;

bool is_other_4xx(int status) {
    return status >= 400 && status < 500 && status != 408 && status != 425;
}

// Make.com says so with 400 and this body when its queue is full.
bool says_queue_is_full(std::string_view body) {
    constexpr std::string_view words = "Queue is full";
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
    return body.substr(0, words.size()) == words;
}

} // namespace

std::optional<ErrorClass> error_class_of(std::string_view word) {
    for (std::size_t i = 0; i < error_words.size(); ++i) {
        if (error_words.at(i) == word) {
            return static_cast<ErrorClass>(i);
        }
    }
    return std::nullopt;
}

std::string_view error_class_word(ErrorClass error) {
    return error_words.at(static_cast<std::size_t>(error));
}

std::string_view outcome_word(Outcome outcome) {
    switch (outcome) {
    case Outcome::delivered:
        return "delivered";
    case Outcome::retry:
        return "retry";
    case Outcome::throttled:
        return "throttled";
    case Outcome::dead:
        return "dead";
    case Outcome::blocked:
        return "blocked";
    case Outcome::gone:
        return "gone";
    }
    return "retry";
}

Outcome classify(const AttemptFacts& facts, bool is_make) {
    if (!facts.http_status.has_value()) {
        const bool never = facts.error == ErrorClass::blocked || facts.error == ErrorClass::too_large;
        return never ? Outcome::blocked : Outcome::retry;
    }
    const int status = *facts.http_status;
    if (status >= 200 && status < 300) {
        return Outcome::delivered;
    }
    if (status == 410) {
        return Outcome::gone;
    }
    const bool too_busy = status == 429 || (status == 503 && facts.retry_after.has_value()) ||
                          (is_make && status == 400 && says_queue_is_full(facts.body));
    return too_busy ? Outcome::throttled : Outcome::retry;
}

Decision decide(const AttemptFacts& facts, const History& history, bool is_make, Instant now, double random) {
    Decision decision;
    decision.outcome = classify(facts, is_make);
    if (facts.http_status.has_value()) {
        decision.same_status_times = *facts.http_status == history.last_status ? history.same_status_times + 1 : 1;
    }
    if (decision.outcome == Outcome::throttled) {
        decision.delay = throttle_delay(history.throttled + 1, facts.retry_after);
    } else if (decision.outcome == Outcome::retry) {
        const bool keeps_refusing =
            facts.http_status.has_value() && is_other_4xx(*facts.http_status) && decision.same_status_times >= patience;
        decision.delay = keeps_refusing ? refused_delay(history.attempt, random) : retry_delay(history.attempt, random);
    } else {
        return decision;
    }
    if (!decision.delay.has_value() || now + *decision.delay > history.expires) {
        decision.outcome = Outcome::dead;
        decision.delay.reset();
    }
    return decision;
}

} // namespace pgbk::core
