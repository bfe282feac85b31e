// Where a web page comes from. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgbk::relay {

// As browsers write it: scheme, host and port, in lower case and without a default port. Empty for what is no origin of
// a web page: other schemes, paths, user names, "null", "*".
std::string canonical_origin(std::string_view text);

// With commas between them; nothing if one of them is none.
std::optional<std::vector<std::string>> parse_origins(std::string_view text);

} // namespace pgbk::relay
