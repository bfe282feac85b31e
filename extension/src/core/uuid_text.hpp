// Uuids in text.
#pragma once

#include "core/identifier.hpp"

#include <string_view>

namespace pgbk::core {

// 8-4-4-4-12 hexadecimal digits in either case, and nothing else.
std::optional<Uuid> parse_uuid(std::string_view text);

} // namespace pgbk::core
