// Who changes bookings, for the audit trail (booking_changes).
//
// An entry point that acts for somebody who has no role of his own says so for as long as it runs:
//
//     const ActorScope scope(ActorKind::webhook, source_name);
//
// Nobody else can: there is no setting for it. Without a scope the actor is the person that the claims name, where the
// caller's role is one for people, and else the database user.
#pragma once

#include "pg/guard.hpp"

namespace pgbk {

enum class ActorKind : std::uint8_t { user, visitor, webhook, database };

// As stored: user, visitor, webhook, database.
std::string_view actor_kind_name(ActorKind kind);

// Nests; the innermost counts, also for the triggers of its statements. Plain data may not outlive it: name is
// borrowed.
class ActorScope {
public:
    explicit ActorScope(ActorKind kind, std::string_view name = {}) : kind_(kind), name_(name), outer_(innermost_) {
        innermost_ = this;
    }
    ~ActorScope() { innermost_ = outer_; }
    ActorScope(const ActorScope&) = delete;
    ActorScope& operator=(const ActorScope&) = delete;

    ActorKind kind() const { return kind_; }
    std::string_view name() const { return name_; }
    static const ActorScope* innermost() { return innermost_; }

private:
    ActorKind kind_;
    std::string_view name_;
    const ActorScope* outer_;

    static inline const ActorScope* innermost_ = nullptr;
};

struct Actor {
    ActorKind kind;
    std::string_view name; // claim "sub", "token", the name of the webhook's source, the login
    std::string_view role; // of the database: what SET ROLE made it, not what a function has switched to
};

// The names live as long as the current memory context, or the scope.
Actor current_actor();

} // namespace pgbk
