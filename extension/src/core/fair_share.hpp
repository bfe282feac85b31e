// Who gets how much of what is too little for all.
#pragma once

#include <span>
#include <vector>

namespace pgbk::core {

// Parts of `available`, none more than was wanted. Those who want little get it; the others share the rest alike, and
// what cannot be split goes to the first of them.
std::vector<int> fair_shares(int available, std::span<const int> wanted);

} // namespace pgbk::core
