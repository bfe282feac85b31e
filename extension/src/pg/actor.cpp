#include "pg/actor.hpp"

#include "pg/owner.hpp"

namespace pgbk {

namespace {

// A claim says who somebody is only to those whose rights come from claims: anybody may write into the setting.
const char* claimed_person(Oid role) {
    return has_role(role, "booking_customer") || has_role(role, "booking_member") ? claimed_user_id() : nullptr;
}

} // namespace

std::string_view actor_kind_name(ActorKind kind) {
    switch (kind) {
    case ActorKind::user:
        return "user";
    case ActorKind::visitor:
        return "visitor";
    case ActorKind::webhook:
        return "webhook";
    case ActorKind::database:
        return "database";
    }
    return "database";
}

Actor current_actor() {
    struct Names {
        const char* role;
        const char* person; // nullptr if nobody is claimed
        const char* login;
    };
    const ActorScope* const scope = ActorScope::innermost();
    const bool is_webhook = scope != nullptr && scope->kind() == ActorKind::webhook;
    const Names names = server([&] {
        const Oid role = GetOuterUserId();
        return Names{GetUserNameFromId(role, false), is_webhook ? nullptr : claimed_person(role),
                     GetUserNameFromId(GetSessionUserId(), false)};
    });
    if (names.person != nullptr) {
        return {ActorKind::user, names.person, names.role};
    }
    if (scope != nullptr) {
        return {scope->kind(), scope->name(), names.role};
    }
    return {ActorKind::database, names.login, names.role};
}

} // namespace pgbk
