// Holds that have run out: expired and their seats given back, one session's or many at once. A part of take and give.
#include "pg/arguments.hpp"
#include "pg/capacity.hpp"
#include "pg/session_resources.hpp"
#include "pg/subtransaction.hpp"
#include "pg/waitlist.hpp"

namespace pgbk::capacity {

// Expires the holds of "due" and gives their seats back. Rows are locked before anything is counted, and a row that a
// rival settled meanwhile is not counted. They are found again by where they lie, whatever the table's size: a plan is
// made once, and by their ids it would read the whole table for what may be thousands. One that a rival has moved just
// before it was locked waits for the next call. Whether a session is striped is decided once (target), since both
// places count and lanes are never removed. The row of a session that uses resources is locked even if its seats lie in
// lanes, before these. $1 organization, $2 clock, $3 number of this backend.
#define PGBK_EXPIRE_AND_GIVE_SQL                                                                                       \
    ", expired AS ("                                                                                                   \
    "    UPDATE booking.slot_reservations AS r"                                                                        \
    "       SET status = 'expired', settled_at = $2"                                                                   \
    "     WHERE r.organization_id = $1 AND r.ctid = ANY (ARRAY(SELECT d.place FROM due AS d))"                         \
    "       AND r.status = 'pending' AND r.expires_at <= $2"                                                           \
    " RETURNING r.session_id, r.party_size, CASE WHEN r.counted_unpaid THEN r.party_size ELSE 0 END AS unpaid,"        \
    "           r.waitlist_entry_id)"                                                                                  \
    ", freed AS ("                                                                                                     \
    "    SELECT e.session_id, sum(e.party_size)::integer AS seats, sum(e.unpaid)::integer AS unpaid"                   \
    "      FROM expired AS e GROUP BY e.session_id)"                                                                   \
    ", target AS MATERIALIZED ("                                                                                       \
    "    SELECT f.session_id, f.seats, f.unpaid, s.lane_count, s.uses_resources FROM freed AS f"                       \
    "      JOIN booking.sessions AS s ON s.organization_id = $1 AND s.id = f.session_id)"                              \
    ", quiet AS MATERIALIZED ("                                                                                        \
    "    SELECT s.id, t.seats, t.unpaid, t.lane_count FROM booking.sessions AS s"                                      \
    "      JOIN target AS t ON t.session_id = s.id"                                                                    \
    "     WHERE s.organization_id = $1 AND (t.lane_count = 0 OR t.uses_resources)"                                     \
    "     ORDER BY s.id FOR NO KEY UPDATE OF s)"                                                                       \
    ", to_session AS ("                                                                                                \
    "    UPDATE booking.sessions AS s"                                                                                 \
    "       SET remaining = s.remaining + GREATEST(q.seats - s.oversold_by, 0),"                                       \
    "           oversold_by = GREATEST(s.oversold_by - q.seats, 0), unpaid = s.unpaid - q.unpaid"                      \
    "      FROM quiet AS q WHERE s.organization_id = $1 AND s.id = q.id AND q.lane_count = 0"                          \
    " RETURNING s.id, s.lane_count > 0 AS is_watched, s.uses_resources)"                                               \
    ", striped AS MATERIALIZED ("                                                                                      \
    "    SELECT l.session_id, l.lane, t.seats, t.unpaid FROM booking.session_lanes AS l JOIN target AS t"              \
    "        ON l.organization_id = $1 AND l.session_id = t.session_id"                                                \
    "     WHERE t.lane_count > 0 AND l.lane = $3 % GREATEST(t.lane_count, 1)"                                          \
    "       AND (SELECT count(*) FROM quiet) >= 0"                                                                     \
    "     ORDER BY l.session_id FOR NO KEY UPDATE OF l)"                                                               \
    ", to_lane AS ("                                                                                                   \
    "    UPDATE booking.session_lanes AS l"                                                                            \
    "       SET remaining = l.remaining + CASE WHEN l.set_aside IS NULL THEN t.seats ELSE 0 END,"                      \
    "           set_aside = l.set_aside + t.seats, unpaid = l.unpaid - t.unpaid"                                       \
    "      FROM striped AS t"                                                                                          \
    "     WHERE l.organization_id = $1 AND l.session_id = t.session_id AND l.lane = t.lane"                            \
    " RETURNING l.session_id, l.set_aside IS NOT NULL AS is_watched)"                                                  \
    " SELECT count(*), array_agg(e.waitlist_entry_id) FILTER (WHERE e.waitlist_entry_id IS NOT NULL),"                 \
    "        (SELECT array_agg(x.id) FROM (SELECT q.id FROM to_session AS q WHERE q.is_watched UNION ALL"              \
    "                                      SELECT t.session_id FROM to_lane AS t WHERE t.is_watched) AS x),"           \
    "        (SELECT array_agg(x.id) FROM (SELECT t.session_id FROM target AS t WHERE t.uses_resources UNION"          \
    "                                      SELECT q.id FROM to_session AS q WHERE q.uses_resources) AS x (id))"

namespace {

// Who had been offered the holds that have just run out.
void end_offers(std::int32_t organization, const Rows& expired, TimestampTz clock) {
    static constinit Statement statement("UPDATE booking.waitlist_entries AS w SET status = 'expired', settled_at = $2"
                                         " WHERE w.organization_id = $1 AND w.id = ANY ($3) AND w.status = 'offered'");
    if (!expired.is_null(0, 2)) {
        statement.write({organization, Value::timestamp(clock), Value::array(UUIDARRAYOID, expired.datum(0, 2))});
    }
}

// Seats were given to lanes that set them aside, and the sessions were not locked before. Those that have begun to use
// resources since give them back too; one that others are working on is left to them.
void give_resources_begun_meanwhile(std::int32_t organization, Datum sessions) {
    static constinit Statement statement("SELECT s.id FROM booking.sessions AS s"
                                         " WHERE s.organization_id = $1 AND s.id = ANY ($2) AND s.uses_resources"
                                         " ORDER BY s.id FOR NO KEY UPDATE SKIP LOCKED");
    const Rows rows = statement.write({organization, Value::array(UUIDARRAYOID, sessions)});
    for (std::uint64_t row = 0; row < rows.count(); ++row) {
        give_resources_of_empty(organization, rows.uuid(row, 1));
    }
}

} // namespace

std::int64_t reclaim(const Seats& seats, TimestampTz clock) {
    static constinit Statement statement(
        "WITH due AS MATERIALIZED ("
        "    SELECT r.ctid AS place FROM booking.slot_reservations AS r"
        "     WHERE r.organization_id = $1 AND r.session_id = $4 AND r.status = 'pending' AND r.expires_at <= $2"
        "     ORDER BY r.id FOR NO KEY UPDATE SKIP LOCKED)" PGBK_EXPIRE_AND_GIVE_SQL " FROM expired AS e");
    const Rows rows = statement.write({seats.organization, Value::timestamp(clock), backend_number(), seats.session});
    end_offers(seats.organization, rows, clock);
    return rows.int8(0, 1);
}

void await_settlement(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement statement("SELECT 1 FROM booking.slot_reservations AS r"
                                         " WHERE r.organization_id = $1 AND r.session_id = $2 AND r.status = 'pending'"
                                         "   AND r.expires_at <= $3 ORDER BY r.id FOR NO KEY UPDATE");
    (void)in_subtransaction([&] {
        statement.write({organization, session, Value::timestamp(clock)});
        return false;
    });
}

std::int64_t expired_seats(std::int32_t organization, const core::Uuid& session, TimestampTz clock) {
    static constinit Statement statement("SELECT " PGBK_EXPIRED_SEATS_SQL("$1", "$2", "$3"));
    return statement.write({organization, session, Value::timestamp(clock)}).int8(0, 1);
}

Released release(std::int32_t organization, TimestampTz clock, std::int32_t limit, const HoldPlace& from) {
    // In the order of the sessions, also from batch to batch, so that two releases lock sessions in the same order; and
    // from where the last batch ended, since what it has expired is still in the index. Those that somebody waits for
    // come afterwards (serve_all_waitlists).
    static constinit Statement statement(
        "WITH due AS MATERIALIZED ("
        "    SELECT r.ctid AS place, r.session_id, r.expires_at FROM booking.slot_reservations AS r"
        "     WHERE r.organization_id = $1 AND r.status = 'pending' AND r.expires_at <= $2"
        "       AND (r.session_id, r.expires_at) >= ($5, $6)"
        "       AND r.session_id <> ALL (ARRAY(SELECT DISTINCT w.session_id FROM booking.waitlist_entries AS w"
        "                                       WHERE w.organization_id = $1 AND w.status = 'waiting'))"
        "     ORDER BY r.session_id, r.expires_at LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED)"
        ", edge AS MATERIALIZED ("
        "    SELECT d.session_id, d.expires_at FROM due AS d ORDER BY d.session_id, d.expires_at OFFSET $4 - "
        "1)" PGBK_EXPIRE_AND_GIVE_SQL ", (SELECT x.session_id FROM edge AS x), (SELECT x.expires_at FROM edge AS x)"
        " FROM expired AS e");
    const Rows rows = statement.write({organization, Value::timestamp(clock), backend_number(), limit, from.session,
                                       Value::timestamp(from.expires_at)});
    end_offers(organization, rows, clock);
    if (!rows.is_null(0, 3)) {
        serve_if_waited_for(organization, Value::array(UUIDARRAYOID, rows.datum(0, 3)), clock);
        give_resources_begun_meanwhile(organization, rows.datum(0, 3));
    }
    if (!rows.is_null(0, 4)) {
        give_resources_of_empty(organization, rows.datum(0, 4));
    }
    Released released{rows.int8(0, 1), std::nullopt};
    if (!rows.is_null(0, 5)) {
        released.last = HoldPlace{rows.uuid(0, 5), rows.timestamp(0, 6)};
    }
    return released;
}

} // namespace pgbk::capacity
