// JSON that no two readers can take for different things. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pgbk::relay {

// What is wrong with the text; empty if it is one JSON value of at most 32 levels, in UTF-8, without a name that comes
// twice in its object, and nothing but blanks around it.
std::string json_problem(std::string_view text);

} // namespace pgbk::relay
