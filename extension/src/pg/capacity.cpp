#include "pg/capacity.hpp"

#include "core/refusal.hpp"

namespace pgbk::capacity {

bool take(const Seats& seats, TimestampTz clock) {
    static constinit Statement statement(PGBK_TAKE_SQL " RETURNING 1");
    return !statement.write({seats.organization, seats.session, seats.count, Value::timestamp(clock)}).empty();
}

void give(const Seats& seats) {
    static constinit Statement statement(PGBK_GIVE_SQL("$3") " WHERE s.organization_id = $1 AND s.id = $2 RETURNING 1");
    if (statement.write({seats.organization, seats.session, seats.count}).empty()) {
        throw core::Refusal(core::RefusalKind::session_not_found, "the session of these seats is gone", {},
                            "Run SELECT * FROM booking.integrity_check();");
    }
}

// The rows are locked before anything is counted, and a row that a rival settled meanwhile is not counted.
#define PGBK_EXPIRE_AND_GIVE_SQL                                                                                       \
    ", expired AS ("                                                                                                   \
    "    UPDATE booking.slot_reservations AS r"                                                                        \
    "       SET status = 'expired', settled_at = $2"                                                                   \
    "      FROM due"                                                                                                   \
    "     WHERE r.organization_id = $1 AND r.id = due.id AND r.status = 'pending'"                                     \
    " RETURNING r.session_id, r.party_size)"                                                                           \
    ", freed AS ("                                                                                                     \
    "    SELECT e.session_id, sum(e.party_size)::integer AS seats FROM expired AS e GROUP BY e.session_id)"            \
    ", locked AS MATERIALIZED ("                                                                                       \
    "    SELECT x.id FROM booking.sessions AS x"                                                                       \
    "     WHERE x.organization_id = $1 AND x.id IN (SELECT f.session_id FROM freed AS f)"                              \
    "     ORDER BY x.id FOR NO KEY UPDATE)"                                                                            \
    ", given AS (" PGBK_GIVE_SQL("f.seats") "      FROM freed AS f JOIN locked AS l ON l.id = f.session_id"            \
                                            "     WHERE s.organization_id = $1 AND s.id = f.session_id"                \
                                            " RETURNING f.seats)"

std::int64_t reclaim(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement statement(
        "WITH due AS MATERIALIZED ("
        "    SELECT r.id FROM booking.slot_reservations AS r"
        "     WHERE r.organization_id = $1 AND r.session_id = $3 AND r.status = 'pending' AND r.expires_at <= $2"
        "     ORDER BY r.id FOR NO KEY UPDATE)" PGBK_EXPIRE_AND_GIVE_SQL
        " SELECT COALESCE(sum(g.seats), 0)::bigint FROM given AS g");
    return statement.write({organization, Value::timestamp(clock), session}).int8(0, 1);
}

std::int64_t release(std::int32_t organization, TimestampTz clock, std::int32_t limit) {
    static constinit Statement statement(
        "WITH due AS MATERIALIZED ("
        "    SELECT r.id FROM booking.slot_reservations AS r"
        "     WHERE r.organization_id = $1 AND r.status = 'pending' AND r.expires_at <= $2"
        "     ORDER BY r.id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED)" PGBK_EXPIRE_AND_GIVE_SQL
        " SELECT count(*) FROM expired");
    return statement.write({organization, Value::timestamp(clock), limit}).int8(0, 1);
}

} // namespace pgbk::capacity
