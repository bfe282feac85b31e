#include "pg/sale_window.hpp"

#include "core/refusal.hpp"
#include "pg/arguments.hpp"

namespace pgbk {

using core::Refusal;
using core::RefusalKind;

void check_sale_window(const core::Uuid& session, const SaleWindow& window, TimestampTz clock) {
    if (clock > window.closes_at) {
        throw Refusal(RefusalKind::too_late_to_book,
                      "session " + uuid_text(session) + " could be booked until " + timestamp_text(window.closes_at),
                      {}, "Choose a later session, or ask the staff.");
    }
    if (clock < window.opens_at) {
        throw Refusal(RefusalKind::too_early_to_book,
                      "session " + uuid_text(session) + " can be booked from " + timestamp_text(window.opens_at), {},
                      "Come back then, or choose an earlier session.");
    }
}

void check_sale_window(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement statement(
        "SELECT " PGBK_OPENS_AT_SQL ", " PGBK_CLOSES_AT_SQL "  FROM booking.sessions AS s"
        "  JOIN booking.activities AS a ON a.organization_id = $1 AND a.id = s.activity_id"
        " WHERE s.organization_id = $1 AND s.id = $2");
    const Rows rows = statement.write({organization, session});
    if (rows.empty()) {
        refuse_unknown_session(session);
    }
    check_sale_window(session, {rows.timestamp(0, 1), rows.timestamp(0, 2)}, clock);
}

} // namespace pgbk
