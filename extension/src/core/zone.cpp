#include "core/zone.hpp"

#include <algorithm>

namespace pgbk::core {

std::optional<std::chrono::sys_seconds> Zone::instant_of(std::chrono::local_seconds civil) const {
    using std::chrono::sys_seconds;
    // No offset is larger than a day and a bit, so only spans that hold near the civil time read as UTC can matter.
    constexpr std::chrono::hours reach{28};
    const sys_seconds about{civil.time_since_epoch()};
    auto span = std::upper_bound(spans_.begin(), spans_.end(), about - reach,
                                 [](sys_seconds at, const OffsetSpan& s) { return at < s.from; });
    if (span != spans_.begin()) {
        --span;
    }
    // Spans are in order of time, so the first hit is the first occurrence.
    for (; span != spans_.end() && (span == spans_.begin() || span->from <= about + reach); ++span) {
        const sys_seconds instant = about - span->offset;
        const auto next = std::next(span);
        const bool begun = span == spans_.begin() || instant >= span->from;
        const bool over = next != spans_.end() && instant >= next->from;
        if (begun && !over) {
            return instant;
        }
    }
    return std::nullopt;
}

} // namespace pgbk::core
