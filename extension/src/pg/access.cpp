#include "pg/access.hpp"

#include "pg/arguments.hpp"
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

// The organizations the claimed user acts for; empty without a claim or without the role booking_member.
Rows memberships(const Call& call) {
    const char* const user =
        server([&]() -> const char* { return has_role(call.caller, "booking_member") ? claimed_user_id() : nullptr; });
    if (user == nullptr) {
        return {};
    }
    static constinit Statement statement(
        "SELECT m.organization_id FROM booking.organization_members AS m WHERE m.user_id = $1");
    return statement.read({std::string_view(user)});
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
    if (is_trusted(call)) {
        return;
    }
    const Rows rows = memberships(call);
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        if (rows.int4(row, 1) == organization) {
            return;
        }
    }
    deny(action, member_hint);
}

Value visible_organizations(const Call& call) {
    if (is_trusted(call)) {
        return Value::null(INT4ARRAYOID);
    }
    const Rows rows = memberships(call);
    if (rows.empty()) {
        deny("see bookings", member_hint);
    }
    return Value::array(INT4ARRAYOID, server([&] {
                            auto* const numbers = static_cast<Datum*>(palloc(sizeof(Datum) * rows.count()));
                            for (std::uint64_t row = 0; row < rows.count(); ++row) {
                                numbers[row] = Int32GetDatum(rows.int4(row, 1));
                            }
                            return PointerGetDatum(construct_array(numbers, static_cast<int>(rows.count()), INT4OID,
                                                                   sizeof(std::int32_t), true, TYPALIGN_INT));
                        }));
}

} // namespace pgbk
