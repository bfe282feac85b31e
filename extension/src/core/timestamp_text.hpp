// Instants in text, as other programs send them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbk::core {

// The shape of RFC 3339, with a space for the T too and without an offset: what the server reads as a time, but for
// dates that there are none.
bool looks_like_timestamp(std::string_view text);

// The instant of a date and time with its offset from UTC, exactly as RFC 3339 spells it (2026-11-21T10:00:00Z,
// 2026-11-21T11:00:00.5+01:00), in microseconds since 1970. Nothing for what is none: no offset, a day or hour that
// there is not, a leap second.
std::optional<std::int64_t> parse_instant(std::string_view text);

} // namespace pgbk::core
