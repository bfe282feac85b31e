#include "pg/time_zone.hpp"

#include "core/refusal.hpp"
#include "core/validation.hpp"

namespace pgbk {

pg_tz* find_time_zone(std::string_view name) {
    pg_tz* zone = nullptr;
    if (core::looks_like_time_zone_name(name)) {
        zone = server([&] {
            pg_tz* const found = pg_tzset(pnstrdup(name.data(), name.size()));
            return found != nullptr && pg_tz_acceptable(found) ? found : nullptr;
        });
    }
    if (zone == nullptr) {
        throw core::Refusal(core::RefusalKind::invalid_time_zone, "unknown time zone " + core::quoted(name), {},
                            "Use an IANA name such as Europe/Berlin; pg_timezone_names lists those known here.",
                            "timezone");
    }
    return zone;
}

std::span<const core::OffsetSpan> offset_spans(pg_tz* zone, std::chrono::sys_seconds from,
                                               std::chrono::sys_seconds to) {
    using std::chrono::seconds;
    using std::chrono::sys_seconds;
    return server([&] {
        int capacity = 64;
        int count = 0;
        auto* spans = static_cast<core::OffsetSpan*>(palloc(sizeof(core::OffsetSpan) * static_cast<Size>(capacity)));
        pg_time_t at = from.time_since_epoch().count();
        sys_seconds span_start = from;
        for (;;) {
            long int before = 0;
            long int after = 0;
            int before_is_dst = 0;
            int after_is_dst = 0;
            pg_time_t boundary = 0;
            const int found =
                pg_next_dst_boundary(&at, &before, &before_is_dst, &boundary, &after, &after_is_dst, zone);
            if (found < 0) {
                elog(ERROR, "could not read the rules of a time zone");
            }
            if (count == capacity) {
                capacity *= 2;
                spans = static_cast<core::OffsetSpan*>(
                    repalloc(spans, sizeof(core::OffsetSpan) * static_cast<Size>(capacity)));
            }
            spans[count++] = {span_start, seconds(before)};
            if (found == 0 || boundary > to.time_since_epoch().count()) {
                return std::span<const core::OffsetSpan>(spans, static_cast<std::size_t>(count));
            }
            span_start = sys_seconds(seconds(boundary));
            at = boundary; // the offset before the next boundary is the one that begins here
        }
    });
}

} // namespace pgbk
