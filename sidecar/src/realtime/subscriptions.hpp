// How many things somebody is subscribed to: a user over all of their connections, a visitor on each. Pure.
#pragma once

#include "realtime/identity.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

namespace pgbk::relay {

class Subscriptions {
public:
    // Counted as long as it is kept.
    using Slot = std::shared_ptr<void>;

    explicit Subscriptions(std::size_t limit) : limit_(limit) {}

    // One more. on_connection: what this connection has already; nothing if there are too many. Trusted servers have no
    // limit.
    Slot take(const Identity& identity, std::size_t on_connection);

    std::size_t limit() const { return limit_; }
    std::size_t users() const { return of_users_->size(); }

private:
    using Counts = std::unordered_map<std::string, std::size_t>;

    std::size_t limit_;
    std::shared_ptr<Counts> of_users_ = std::make_shared<Counts>();
};

} // namespace pgbk::relay
