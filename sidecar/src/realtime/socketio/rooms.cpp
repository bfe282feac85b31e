#include "realtime/socketio/rooms.hpp"

#include "core/event_kinds.hpp"
#include "core/uuid_text.hpp"
#include "text/ascii.hpp"

#include <algorithm>
#include <array>

namespace pgbk::relay::socketio {

namespace {

enum class Role { customer, staff, owner };

struct RoleWord {
    std::string_view word;
    Role role;
};

constexpr std::array role_words{
    RoleWord{"student", Role::customer}, RoleWord{"client", Role::customer},     RoleWord{"customer", Role::customer},
    RoleWord{"user", Role::customer},    RoleWord{"staff", Role::staff},         RoleWord{"member", Role::staff},
    RoleWord{"owner", Role::owner},      RoleWord{"library_owner", Role::owner}, RoleWord{"venue_owner", Role::owner},
    RoleWord{"provider", Role::owner},
};

constexpr std::array things{std::string_view("venue"), std::string_view("activity"), std::string_view("session"),
                            std::string_view("booking"), std::string_view("organization")};

Wish customer_wish(const Identity& identity) {
    Wish wish{"role:customer", {"public"}, {}, true};
    if (!identity.user.empty()) {
        wish.rooms.push_back("customer:" + identity.user);
    }
    if (!identity.booking.empty()) {
        wish.rooms.push_back("booking:" + identity.booking);
    }
    return wish;
}

// Of the token's organizations, whatever the client calls itself.
Wish member_wish(const Identity& identity, bool owner) {
    Wish wish{owner ? "role:owner" : "role:staff", {}, {}, true};
    for (const auto& [organization, role] : identity.organizations) {
        if (!owner || role == "owner") {
            wish.rooms.push_back("organization:" + std::to_string(organization));
        }
    }
    if (!wish.rooms.empty()) {
        return wish;
    }
    if (identity.service) {
        wish.refusal = "a trusted server names the organization: join:organization";
    } else if (identity.user.empty()) {
        wish.refusal = "a token is needed for that: without one there is the role student only";
    } else {
        wish.refusal = owner ? "the user of this token owns no organization" : "the user of this token is no staff";
    }
    return wish;
}

Wish role_wish(std::string_view word, const Identity& identity) {
    const auto* const row =
        std::find_if(role_words.begin(), role_words.end(), [&](const RoleWord& r) { return r.word == word; });
    if (row == role_words.end()) {
        return {{}, {}, "there is no such role; there are student, staff and library_owner", true};
    }
    return row->role == Role::customer ? customer_wish(identity) : member_wish(identity, row->role == Role::owner);
}

bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 10 && text.find_first_not_of("0123456789") == std::string_view::npos &&
           text.front() != '0';
}

} // namespace

std::optional<Wish> wish_of(std::string_view thing, std::string_view argument, const Identity& identity) {
    if (thing == "role") {
        return role_wish(argument, identity);
    }
    std::string_view word = core::canonical_word(thing);
    word = word == "sessions" ? "session" : word;
    if (std::find(things.begin(), things.end(), word) == things.end()) {
        return std::nullopt;
    }
    const bool organization = word == "organization";
    Wish wish;
    wish.key = std::string(word) + ":" + lower_case(argument);
    wish.rooms = {wish.key};
    if (organization ? !is_number(argument) : !core::parse_uuid(argument).has_value()) {
        wish.refusal = organization ? "that is no number of an organization" : "that is no id";
    } else if (!identity.may_join(wish.key)) {
        wish.refusal = "your token does not let you join that";
    }
    return wish;
}

} // namespace pgbk::relay::socketio
