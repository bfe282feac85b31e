#include "pg/session_status.hpp"

#include "core/refusal.hpp"
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"

namespace pgbk {

SessionState lock_session_state(std::int32_t organization, const core::Uuid& session) {
    static constinit Statement statement("SELECT s.status, s.capacity_total FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = $2 FOR NO KEY UPDATE");
    const Rows rows = statement.write({organization, session});
    if (rows.empty()) {
        refuse_unknown_session(session);
    }
    return {rows.bytes(0, 1), rows.int4(0, 2)};
}

bool set_session_status(std::int32_t organization, const core::Uuid& session, std::string_view status,
                        std::string_view reason) {
    static constinit Statement statement("UPDATE booking.sessions AS s SET status = $3, closed_reason = $4"
                                         " WHERE s.organization_id = $1 AND s.id = $2");
    static constinit Statement of_no_period("DELETE FROM booking.blocked_sessions AS b"
                                            " WHERE b.organization_id = $1 AND b.session_id = $2");
    const SessionState before = lock_session_state(organization, session);
    if (before.status == "cancelled") {
        throw core::Refusal(core::RefusalKind::session_cancelled, "session " + uuid_text(session) + " was cancelled");
    }
    if (before.status == status) {
        return false;
    }
    statement.write({organization, session, status, reason});
    capacity::set_for_sale(organization, session);
    if (status == "open") {
        of_no_period.write({organization, session});
    }
    return true;
}

} // namespace pgbk
