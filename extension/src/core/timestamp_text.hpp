// Instants in text, as other programs send them.
#pragma once

#include <string_view>

namespace pgbk::core {

// The shape of RFC 3339, with a space for the T too and without an offset: what the server reads as a time, but for
// dates that there are none.
bool looks_like_timestamp(std::string_view text);

} // namespace pgbk::core
