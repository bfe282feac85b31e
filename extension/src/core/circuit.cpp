#include "core/circuit.hpp"

#include <algorithm>

namespace pgbk::core {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int failures_in_a_row = 5;
constexpr minutes window{5};
constexpr int window_least = 10;
constexpr int window_percent = 70;
constexpr seconds first_open{30};
constexpr seconds longest_open = minutes(10);
constexpr hours longest_failing{120};

void count_in_window(Circuit& circuit, Instant now, bool failed) {
    if (circuit.window_from.has_value() && now - *circuit.window_from >= window) {
        circuit.window_from.reset();
    }
    if (!circuit.window_from.has_value()) {
        circuit.window_total = 0;
        circuit.window_failed = 0;
        if (!failed) {
            return;
        }
        circuit.window_from = now;
    }
    ++circuit.window_total;
    circuit.window_failed += failed ? 1 : 0;
}

bool window_is_bad(const Circuit& circuit) {
    return circuit.window_total >= window_least && circuit.window_failed * 100 >= circuit.window_total * window_percent;
}

void open(Circuit& circuit, Instant now) {
    const int doublings = std::min(circuit.opened, 5); // 30 s * 2^5 is beyond the longest
    circuit.state = CircuitState::open;
    circuit.open_until = now + std::min(first_open * (1 << doublings), longest_open);
    circuit.opened = doublings + 1;
}

} // namespace

std::string_view circuit_word(CircuitState state) {
    switch (state) {
    case CircuitState::closed:
        return "closed";
    case CircuitState::open:
        return "open";
    case CircuitState::half_open:
        return "half_open";
    }
    return "closed";
}

CircuitState circuit_of(std::string_view word) {
    if (word == "open") {
        return CircuitState::open;
    }
    return word == "half_open" ? CircuitState::half_open : CircuitState::closed;
}

int room(const Circuit& circuit, Instant now, int in_flight, int limit) {
    const int left = std::max(limit - in_flight, 0);
    switch (circuit.state) {
    case CircuitState::closed:
        return left;
    case CircuitState::open:
        return circuit.open_until.has_value() && now < *circuit.open_until ? 0 : std::min(left, 1);
    case CircuitState::half_open:
        // A probe that was lost, with its relay, is followed by another.
        return in_flight == 0 ? std::min(left, 1) : 0;
    }
    return 0;
}

void begin_probe(Circuit& circuit, Instant now) {
    if (circuit.state == CircuitState::open && (!circuit.open_until.has_value() || now >= *circuit.open_until)) {
        circuit.state = CircuitState::half_open;
        circuit.open_until.reset();
    }
}

void count_success(Circuit& circuit, Instant now) {
    circuit.consecutive_failures = 0;
    circuit.failing_since.reset();
    if (circuit.state == CircuitState::closed) {
        count_in_window(circuit, now, false);
        return;
    }
    // The window that opened the circuit is history: one failure more would open it again.
    circuit = Circuit{};
}

void count_failure(Circuit& circuit, Instant now) {
    ++circuit.consecutive_failures;
    if (!circuit.failing_since.has_value()) {
        circuit.failing_since = now;
    }
    switch (circuit.state) {
    case CircuitState::closed:
        count_in_window(circuit, now, true);
        if (circuit.consecutive_failures >= failures_in_a_row || window_is_bad(circuit)) {
            open(circuit, now);
        }
        return;
    case CircuitState::half_open:
        open(circuit, now);
        return;
    case CircuitState::open:
        return; // sent before it opened
    }
}

bool has_failed_too_long(const Circuit& circuit, Instant now) {
    return circuit.failing_since.has_value() && now - *circuit.failing_since >= longest_failing;
}

} // namespace pgbk::core
