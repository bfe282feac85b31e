// What a relay reports of a call of a provider, read and checked; and when a call is tried again.
#pragma once

#include "core/json.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace pgbk::core {

enum class CallEnding : unsigned char {
    done,
    retry,    // this attempt has done nothing
    refused,  // it cannot be done, now or later
    returned, // it was not attempted
};

struct CallResult {
    CallEnding ending = CallEnding::done;
    bool uncertain = false; // of all but done: an attempt may have reached the provider, with an unknown outcome
    std::optional<int> http_status;
    std::optional<std::chrono::seconds> retry_after;
    std::string_view reason;
    const JsonNode* facts = nullptr; // of done: an object
};

// {"ending", "facts", "uncertain", "http_status", "retry_after_seconds", "reason"}. Throws Refusal invalid_relay_call
// with the JSON path of what is wrong.
CallResult read_call_result(const JsonNode& document);

// From the given attempt, counted from 1, to the next: somebody waits for the link, so that the first come soon. 1 s
// after the first, then 3 s, 10 s, 30 s, 2 min, 10 min, 30 min, and an hour for ever, times 0.8 to 1.2; or what the
// provider has asked for if that is more, up to six hours. random: from 0 to 1.
std::chrono::milliseconds call_retry_delay(int attempt, std::optional<std::chrono::seconds> retry_after, double random);

// How long after the times-th look (from 0) at what was made the next one comes: 10 min, doubling to six hours.
std::chrono::seconds check_delay(int times);

} // namespace pgbk::core
