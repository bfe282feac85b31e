#include "pg/access.hpp"

#include "pg/arguments.hpp"
#include "pg/array.hpp"
#include "pg/owner.hpp"

namespace pgbk {

namespace {

[[noreturn]] void deny(const char* action, const char* hint) {
    server([&] {
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to %s", action),
                        errhint("%s", hint)));
    });
    pg_unreachable();
}

constexpr const char* member_hint =
    "Call as a member of booking_service, or as a member of booking_member with your user id as claim \"sub\" in "
    "request.jwt.claims.";

constexpr const char* owner_hint = "Call as a member of booking_service, or as an owner of the organization: a member "
                                   "of booking_member with your user "
                                   "id as claim \"sub\" in request.jwt.claims.";

// The organizations the claimed user acts for; empty without a claim or without the role booking_member.
Rows memberships(const Call& call, bool only_as_owner) {
    const char* const user =
        server([&]() -> const char* { return has_role(call.caller, "booking_member") ? claimed_user_id() : nullptr; });
    if (user == nullptr) {
        return {};
    }
    static constinit Statement statement("SELECT m.organization_id FROM booking.organization_members AS m"
                                         " WHERE m.user_id = $1 AND (m.role = 'owner' OR NOT $2)");
    return statement.read({std::string_view(user), only_as_owner});
}

bool is_among(const Rows& rows, std::int32_t organization) {
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        if (rows.int4(row, 1) == organization) {
            return true;
        }
    }
    return false;
}

// Denies unless trusted or a member of the organization, as owner if so asked.
void require_membership(const Call& call, std::int32_t organization, bool as_owner, const char* action,
                        const char* hint) {
    if (is_trusted(call)) {
        return;
    }
    if (!is_among(memberships(call, as_owner), organization)) {
        deny(action, hint);
    }
}

// The same for all organizations at once.
Value organizations_of(const Call& call, bool as_owner, const char* action, const char* hint) {
    if (is_trusted(call)) {
        return Value::null(INT4ARRAYOID);
    }
    const Rows rows = memberships(call, as_owner);
    if (rows.empty()) {
        deny(action, hint);
    }
    std::vector<std::int32_t> numbers;
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        numbers.push_back(rows.int4(row, 1));
    }
    return int4_array(numbers);
}

} // namespace

bool is_trusted(const Call& call) {
    return server([&] { return is_trusted(call.caller, call.owner); });
}

void require_trusted(const Call& call, const char* action, const char* instead) {
    if (!is_trusted(call)) {
        deny(action, instead);
    }
}

void require_administrator(const Call& call, const char* action) {
    const bool may = server([&] {
        return superuser_arg(call.caller) || has_privs_of_role(call.caller, call.owner) ||
               has_role(call.caller, "booking_admin");
    });
    if (!may) {
        deny(action, "Call as a member of booking_admin.");
    }
}

void require_member(const Call& call, std::int32_t organization, const char* action) {
    require_membership(call, organization, false, action, member_hint);
}

void require_owner(const Call& call, std::int32_t organization, const char* action) {
    require_membership(call, organization, true, action, owner_hint);
}

void require_relay(const Call& call, const char* action) {
    if (!server([&] { return is_trusted(call.caller, call.owner) || has_role(call.caller, "booking_relay"); })) {
        deny(action, "Call as a member of booking_relay.");
    }
}

Standing standing_in(const Call& call, std::int32_t organization) {
    if (is_trusted(call)) {
        return Standing::trusted;
    }
    const Rows rows = memberships(call, false);
    if (is_among(rows, organization)) {
        return Standing::member;
    }
    return rows.empty() ? Standing::none : Standing::elsewhere;
}

std::optional<std::string_view> claimed_customer(const Call& call) {
    const char* const user = server(
        [&]() -> const char* { return has_role(call.caller, "booking_customer") ? claimed_user_id() : nullptr; });
    return user == nullptr ? std::nullopt : std::optional<std::string_view>(user);
}

Value visible_organizations(const Call& call) {
    return organizations_of(call, false, "see bookings", member_hint);
}

Value owned_organizations(const Call& call, const char* action) {
    return organizations_of(call, true, action, owner_hint);
}

} // namespace pgbk
