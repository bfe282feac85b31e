// The circuit breaker of an endpoint: one that fails and fails is left alone for a while, then probed with a single
// request. What waits meanwhile uses up no attempts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbk::core {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

enum class CircuitState : std::uint8_t { closed, open, half_open };

std::string_view circuit_word(CircuitState state);
CircuitState circuit_of(std::string_view word); // closed for an unknown word

struct Circuit {
    CircuitState state = CircuitState::closed;
    std::optional<Instant> open_until;    // while open
    int opened = 0;                       // times in a row, without a success between them
    int consecutive_failures = 0;         //
    std::optional<Instant> failing_since; // the first failure after the last success
    // Five minutes from a failure on, and the answers in them; nothing is counted where nothing fails.
    std::optional<Instant> window_from;
    int window_total = 0;
    int window_failed = 0;

    bool operator==(const Circuit&) const = default;
};

// How many more requests may be sent where in_flight of at most `limit` are under way: all that is left of the limit
// while closed, none while open, then one.
int room(const Circuit& circuit, Instant now, int in_flight, int limit);

// Requests are about to be sent: a circuit whose time has come is half open.
void begin_probe(Circuit& circuit, Instant now);

void count_success(Circuit& circuit, Instant now);
void count_failure(Circuit& circuit, Instant now);

// Nothing but failures for five days.
bool has_failed_too_long(const Circuit& circuit, Instant now);

} // namespace pgbk::core
