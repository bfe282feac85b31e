#include "core/notify_pace.hpp"

#include <algorithm>

namespace pgbk::core {

namespace {

constexpr std::int64_t many = 2; // commits a millisecond

} // namespace

std::int64_t next_notify_pause(std::int64_t pause, std::int64_t least, std::uint64_t commits,
                               std::int64_t milliseconds) {
    const std::int64_t longest = least == 0 ? 0 : std::max(least, longest_notify_pause);
    const auto expected = static_cast<std::uint64_t>(many * std::max<std::int64_t>(milliseconds, 1));
    return commits >= expected ? std::clamp(2 * pause, least, longest) : least;
}

} // namespace pgbk::core
