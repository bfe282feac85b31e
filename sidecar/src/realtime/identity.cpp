#include "realtime/identity.hpp"

#include <charconv>

namespace pgbk::relay {

namespace {

constexpr std::string_view organization_prefix = "organization:";
constexpr std::string_view customer_prefix = "customer:";

std::optional<int> organization_of(std::string_view room) {
    const auto digits = room.substr(organization_prefix.size());
    int number = 0;
    const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return error == std::errc() && at == digits.data() + digits.size() ? std::optional(number) : std::nullopt;
}

} // namespace

std::optional<View> Identity::view_of(const Event& event) const {
    const auto shown = [&](View view) { return event.body(view) != nullptr; };
    if ((service || organizations.contains(event.organization)) && shown(View::member)) {
        return View::member;
    }
    // The customer of the event, or whoever has shown the token of the booking: its holder, whatever the account.
    const bool concerned = (!user.empty() && user == event.customer) || (!booking.empty() && booking == event.booking);
    if (concerned && shown(View::customer)) {
        return View::customer;
    }
    return shown(View::everybody) ? std::optional(View::everybody) : std::nullopt;
}

bool Identity::may_join(std::string_view room) const {
    if (room.starts_with(organization_prefix)) {
        const auto number = organization_of(room);
        return number && (service || organizations.contains(*number));
    }
    if (room.starts_with(customer_prefix)) {
        return service || (!user.empty() && room.substr(customer_prefix.size()) == user);
    }
    return true;
}

std::vector<std::string> Identity::own_rooms() const {
    std::vector<std::string> rooms;
    if (!user.empty()) {
        rooms.push_back(std::string(customer_prefix) + user);
    }
    if (!booking.empty()) {
        rooms.push_back("booking:" + booking);
    }
    for (const auto& [organization, role] : organizations) {
        rooms.push_back(std::string(organization_prefix) + std::to_string(organization));
    }
    return rooms;
}

} // namespace pgbk::relay
