// May the caller do this? Asked before anything is written.
#pragma once

#include "pg/shell.hpp"
#include "pg/statement.hpp"

namespace pgbk {

// Trusted server code may act for every organization.
bool is_trusted(const Call& call);

// Superusers, the owner of the tables, members of booking_admin. Raises 42501 for all others.
void require_administrator(const Call& call, const char* action);

// Lets trusted callers pass, and members of the organization (by their claims). Raises 42501 for all others.
void require_member(const Call& call, std::int32_t organization, const char* action);

// Lets trusted callers pass, and owners of the organization (by their claims). Raises 42501 for all others.
void require_owner(const Call& call, std::int32_t organization, const char* action);

// Lets trusted callers pass, and members of booking_relay. Raises 42501 for all others.
void require_relay(const Call& call, const char* action);

// Raises 42501 unless trusted. instead: what the caller should do.
void require_trusted(const Call& call, const char* action, const char* instead);

// How the caller stands to an organization, by role and claims: as trusted code, as one of its owners or staff, as a
// member of others, or as nobody's.
enum class Standing : std::uint8_t { trusted, member, elsewhere, none };
Standing standing_in(const Call& call, std::int32_t organization);

// The claim "sub", if the caller's rights are those of a customer; nothing for others.
std::optional<std::string_view> claimed_customer(const Call& call);

// The organizations whose bookings the caller may see, as a parameter: an int4[] for a member, NULL for a trusted
// caller, who sees all. Raises 42501 for others.
Value visible_organizations(const Call& call);

// The same for what only owners may do: action is for the message.
Value owned_organizations(const Call& call, const char* action);

} // namespace pgbk
