// When a delivery is tried again: twelve attempts over three days, and how long an endpoint that asks for a pause gets
// one. The caller gives the randomness, so that these are functions.
#pragma once

#include <chrono>
#include <optional>

namespace pgbk::core {

constexpr int most_attempts = 12;

// From the given attempt, counted from 1, to the next: 5 s after the first, a day after the eleventh, times 0.8 to 1.2.
// Nothing after the last. random: from 0 to 1.
std::optional<std::chrono::milliseconds> retry_delay(int attempt, double random);

// The same for an endpoint that keeps refusing with one status: never sooner than half an hour.
std::optional<std::chrono::milliseconds> refused_delay(int attempt, double random);

constexpr std::chrono::hours longest_retry_after{6};

// How long an endpoint is left alone that said that it is too busy, for the times-th time in a row (from 1): 10 s,
// doubling to 10 min, or what it asked for if that is more, up to six hours.
std::chrono::milliseconds throttle_delay(int times, std::optional<std::chrono::seconds> retry_after);

} // namespace pgbk::core
