#include "core/fair_share.hpp"

#include <algorithm>
#include <numeric>

namespace pgbk::core {

std::vector<int> fair_shares(int available, std::span<const int> wanted) {
    // From the least wanted to the most: each gets an equal part of what is left, at most what it wants.
    std::vector<std::size_t> order(wanted.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return wanted[a] < wanted[b]; });
    std::vector<int> shares(wanted.size(), 0);
    int left = std::max(available, 0);
    int others = static_cast<int>(wanted.size());
    for (const std::size_t i : order) {
        const int part = (left + others - 1) / others; // rounded up, so that the first get the remainder
        shares[i] = std::clamp(wanted[i], 0, part);
        left -= shares[i];
        --others;
    }
    return shares;
}

} // namespace pgbk::core
