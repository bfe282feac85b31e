// Civil time to instants. The zone's rules come as a list of offsets, filled by whoever has time zone data (the server
// layer from the server's own, tests by hand), so that this code needs none and agrees with the server's answers.
#pragma once

#include <chrono>
#include <optional>
#include <span>

namespace pgbk::core {

// Offset from UTC that holds from an instant until the next span begins. Plain data: it is filled in server frames.
struct OffsetSpan {
    std::chrono::sys_seconds from;
    std::chrono::seconds offset;
};

class Zone {
public:
    // spans: ascending; the first one also holds for all time before it. Must not be empty and must outlive the Zone.
    explicit Zone(std::span<const OffsetSpan> spans) : spans_(spans) {}

    // The instant of a civil time: nothing in a gap (clocks skip it), the first of two in an overlap.
    std::optional<std::chrono::sys_seconds> instant_of(std::chrono::local_seconds civil) const;

private:
    std::span<const OffsetSpan> spans_;
};

} // namespace pgbk::core
