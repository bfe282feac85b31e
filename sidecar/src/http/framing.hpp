// Where a request ends, and for whom it is: what two readers of the same bytes could understand differently. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pgbk::relay {

// What is wrong with the head of a request that the HTTP library has let pass; empty if nothing is. Version: 10 or 11.
std::string framing_problem(int version, const std::vector<std::pair<std::string, std::string>>& fields);

} // namespace pgbk::relay
