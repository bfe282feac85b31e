// The role that owns the tables, and the roles a caller may have.
#pragma once

#include "pg/guard.hpp"

namespace pgbk {

// Server frames.

// Owner of booking.sessions, which install() makes the owner of everything; InvalidOid if there is none.
Oid owner_of_tables();

// Trusted server code: superusers, the owner, members of booking_service or booking_admin.
bool is_trusted(Oid caller, Oid owner);

// Member of the role, if the role exists.
bool has_role(Oid caller, const char* role);

// The claim "sub" of request.jwt.claims, in the current memory context; nullptr without one. Raises what the server
// raises for malformed JSON: a broken claim must not pass for an absent one.
char* claimed_user_id();

} // namespace pgbk
