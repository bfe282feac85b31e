// What an attempt to deliver means: the relay reports what it saw, and this decides. Only facts come in and a decision
// goes out; nothing is looked up.
#pragma once

#include "core/circuit.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbk::core {

enum class ErrorClass : std::uint8_t { dns, connect, tls, timeout, reset, protocol, blocked, too_large, internal };

std::optional<ErrorClass> error_class_of(std::string_view word);
std::string_view error_class_word(ErrorClass error);

// What the relay saw. At least one of status and error is there; the status line decides, whatever happened after it.
struct AttemptFacts {
    std::optional<int> http_status;
    std::optional<ErrorClass> error;
    std::string_view body;
    std::optional<std::chrono::seconds> retry_after;
};

enum class Outcome : std::uint8_t { delivered, retry, throttled, dead, blocked, gone };

std::string_view outcome_word(Outcome outcome);

// What the answer means by itself: never dead, since that is a matter of how often it was tried.
Outcome classify(const AttemptFacts& facts, bool is_make);

// What happened to the delivery before.
struct History {
    int attempt = 1;           // the one that is judged, counted from 1
    int last_status = 0;       // of the attempt before, 0: none
    int same_status_times = 0; // in a row
    int throttled = 0;         // times in a row, before this answer, that the endpoint asked for a pause
    Instant expires;           // nothing is tried after that
};

struct Decision {
    Outcome outcome = Outcome::delivered;
    std::optional<std::chrono::milliseconds> delay; // until the next attempt, for retry and throttled
    int same_status_times = 0;
};

// random: from 0 to 1.
Decision decide(const AttemptFacts& facts, const History& history, bool is_make, Instant now, double random);

} // namespace pgbk::core
