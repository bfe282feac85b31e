#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pgbk::relay {

// Retry-After as seconds from now: a number of seconds, or one of the three date forms of RFC 9110 5.6.7. A date in the
// past is 0, what is too far off for the database's integer is its largest. Nothing if it is neither.
std::optional<std::int64_t> parse_retry_after(std::string_view value, std::int64_t now_unix);

} // namespace pgbk::relay
