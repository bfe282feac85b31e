// How far apart notifications are: as close as may be while few are written, so that who listens is told at once, and
// further where there are many, since each costs as much as a small commit and stands for all that came before it.
#pragma once

#include <cstdint>

namespace pgbk::core {

inline constexpr std::int64_t longest_notify_pause = 16; // ms, unless more was asked for

// Milliseconds to wait before the next one: pause was the last wait, and commits are what came in the time since the
// notification before. least: what was asked for; 0: not to wait, however many there are.
std::int64_t next_notify_pause(std::int64_t pause, std::int64_t least, std::uint64_t commits,
                               std::int64_t milliseconds);

} // namespace pgbk::core
