#include "realtime/supabase/cursors.hpp"

#include <algorithm>

namespace pgbk::relay::supabase {

namespace {

// Of one client: of those beyond, only the least cursor matters.
constexpr std::size_t most_of_one = 8;

} // namespace

void Cursors::remember(const std::string& who, std::int64_t cursor, Time now) {
    forget_old(now);
    auto& theirs = by_who_[who];
    if (theirs.size() == most_of_one) {
        // The oldest goes; what it knew stays with the next as long as that is kept.
        const Place oldest = theirs.front();
        theirs.at(1)->cursor = std::min(theirs.at(1)->cursor, oldest->cursor);
        theirs.pop_front();
        order_.erase(oldest);
    }
    theirs.push_back(order_.insert(order_.end(), {who, cursor, now}));
    if (order_.size() > most_) {
        forget(order_.begin());
    }
}

std::optional<std::int64_t> Cursors::find(const std::string& who, Time now) {
    forget_old(now);
    const auto found = by_who_.find(who);
    if (found == by_who_.end()) {
        return std::nullopt;
    }
    const auto least = std::min_element(found->second.begin(), found->second.end(),
                                        [](Place left, Place right) { return left->cursor < right->cursor; });
    return (*least)->cursor;
}

void Cursors::forget_old(Time now) {
    while (!order_.empty() && now - order_.front().at > kept_for_) {
        forget(order_.begin());
    }
}

// The first in order is also the first of its owner.
void Cursors::forget(Place place) {
    const auto owner = by_who_.find(place->who);
    owner->second.pop_front();
    if (owner->second.empty()) {
        by_who_.erase(owner);
    }
    order_.erase(place);
}

} // namespace pgbk::relay::supabase
