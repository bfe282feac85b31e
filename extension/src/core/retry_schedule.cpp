#include "core/retry_schedule.hpp"

#include <algorithm>
#include <array>

namespace pgbk::core {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes refused_step{30};

constexpr std::array<seconds, most_attempts - 1> steps{seconds(5),   seconds(30), minutes(2), minutes(10),
                                                       refused_step, hours(2),    hours(5),   hours(10),
                                                       hours(14),    hours(20),   hours(24)};

milliseconds spread(seconds step, double random) {
    // Deliveries that failed together shall not come back together.
    const double factor = 0.8 + 0.4 * std::clamp(random, 0.0, 1.0);
    return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(milliseconds(step).count()) * factor));
}

std::optional<seconds> step_after(int attempt) {
    if (attempt >= most_attempts) {
        return std::nullopt;
    }
    return steps.at(static_cast<std::size_t>(std::max(attempt, 1) - 1));
}

} // namespace

std::optional<milliseconds> retry_delay(int attempt, double random) {
    const auto step = step_after(attempt);
    return step.has_value() ? std::optional(spread(*step, random)) : std::nullopt;
}

std::optional<milliseconds> refused_delay(int attempt, double random) {
    const auto step = step_after(attempt);
    return step.has_value() ? std::optional(spread(std::max<seconds>(*step, refused_step), random)) : std::nullopt;
}

milliseconds throttle_delay(int times, std::optional<seconds> retry_after) {
    constexpr seconds first{10};
    constexpr seconds longest = minutes(10);
    const int doublings = std::clamp(times - 1, 0, 6); // 10 s * 2^6 is beyond the longest
    const seconds own = std::min(first * (1 << doublings), longest);
    const seconds asked = std::min<seconds>(retry_after.value_or(seconds(0)), longest_retry_after);
    return std::max(own, asked);
}

} // namespace pgbk::core
