#include "realtime/identity.hpp"

#include "core/uuid_text.hpp"

#include <charconv>

namespace pgbk::relay {

namespace {

constexpr std::string_view organization_prefix = "organization:";
constexpr std::string_view customer_prefix = "customer:";
constexpr std::string_view booking_prefix = "booking:";

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

bool Identity::may_talk_in(std::string_view room) const {
    if (!room.starts_with(booking_prefix)) {
        return may_join(room);
    }
    const auto text = room.substr(booking_prefix.size());
    const auto id = core::parse_uuid(text);
    const auto organization = id ? core::organization_of(*id) : std::nullopt;
    return service || (!booking.empty() && text == booking) || (organization && organizations.contains(*organization));
}

std::vector<std::string> Identity::own_rooms() const {
    std::vector<std::string> rooms;
    if (!user.empty()) {
        rooms.push_back(std::string(customer_prefix) + user);
    }
    if (!booking.empty()) {
        rooms.push_back(std::string(booking_prefix) + booking);
    }
    for (const auto& [organization, role] : organizations) {
        rooms.push_back(std::string(organization_prefix) + std::to_string(organization));
    }
    return rooms;
}

} // namespace pgbk::relay
