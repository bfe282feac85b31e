#include "realtime/subscriptions.hpp"

#include <utility>

namespace pgbk::relay {

namespace {

// Slots may outlive the counter: the connections that hold them end when the loop does.
class UserSlot {
public:
    UserSlot(std::shared_ptr<std::unordered_map<std::string, std::size_t>> counts, std::string user)
        : counts_(std::move(counts)), user_(std::move(user)) {}

    ~UserSlot() {
        const auto found = counts_->find(user_);
        if (--found->second == 0) {
            counts_->erase(found);
        }
    }

    UserSlot(const UserSlot&) = delete;
    UserSlot& operator=(const UserSlot&) = delete;

private:
    std::shared_ptr<std::unordered_map<std::string, std::size_t>> counts_;
    std::string user_;
};

} // namespace

Subscriptions::Slot Subscriptions::take(const Identity& identity, std::size_t on_connection) {
    if (identity.service) {
        return std::make_shared<char>();
    }
    if (identity.user.empty()) {
        return on_connection < limit_ ? std::make_shared<char>() : nullptr;
    }
    auto& count = (*of_users_)[identity.user];
    if (count >= limit_) {
        return nullptr;
    }
    ++count;
    return std::make_shared<UserSlot>(of_users_, identity.user);
}

} // namespace pgbk::relay
